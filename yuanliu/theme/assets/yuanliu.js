// The theme makes a <nav> for the copy button of every code block; a page has one landmark of a
// kind, so these become plain groups as they appear.
new MutationObserver(() => {
  for (const nav of document.querySelectorAll("nav.md-code__nav:not([role])")) {
    nav.setAttribute("role", "group");
  }
}).observe(document.documentElement, { childList: true, subtree: true });
