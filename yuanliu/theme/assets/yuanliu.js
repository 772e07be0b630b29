// The theme makes a <nav> without a name for the copy button of every code block; landmarks of
// one kind need different names, so each gets its own as it appears.
let codeBlocks = 0;
new MutationObserver(() => {
  for (const nav of document.querySelectorAll("nav.md-code__nav:not([aria-label])")) {
    codeBlocks += 1;
    nav.setAttribute("aria-label", `${nav.querySelector("button")?.title ?? ""} ${codeBlocks}`);
  }
}).observe(document.documentElement, { childList: true, subtree: true });
