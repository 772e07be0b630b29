// What the pages do beyond being read: progress and bookmarks, self-test questions, the list's
// filter and its citations, the start of live models, an
// offline copy. Everything is kept in this browser; nothing is sent anywhere.

const base = new URL("..", document.currentScript.src); // the site's root
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const one = (selector, root = document) => root.querySelector(selector);
const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);

function download(name, text, type) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

// Progress: {read: [id], bookmarks: [id], last: {title, url}}; url is relative to the root.

const KEY = `yuanliu ${base.pathname}`;

function isProgress(value) {
  const ids = (list) => Array.isArray(list) && list.every((id) => /^[a-z0-9-]{1,64}$/.test(id));
  return Boolean(value) && ids(value.read) && ids(value.bookmarks);
}

function load() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY));
    if (isProgress(kept)) return kept;
  } catch {} // storage is forbidden, or what is there is not ours
  return { read: [], bookmarks: [], last: null };
}

function save(progress) {
  try {
    localStorage.setItem(KEY, JSON.stringify(progress));
  } catch {} // storage is full or forbidden: the page works on, without a memory
  showProgress(progress);
}

function toggle(kind, id) {
  const progress = load();
  const had = progress[kind].includes(id);
  progress[kind] = had ? progress[kind].filter((other) => other !== id) : [...progress[kind], id];
  save(progress);
}

function showProgress(progress) {
  const read = new Set(progress.read);
  for (const item of all("[data-entry]")) {
    const id = item.dataset.entry;
    item.classList.toggle("yl-is-read", read.has(id));
    for (const button of all("[data-keep]", item)) {
      button.setAttribute("aria-pressed", progress[button.dataset.keep].includes(id));
    }
    if (item.matches(".yl-node")) {
      item.setAttribute("aria-label", item.textContent.trim() + (read.has(id) ? " ✓" : ""));
    }
  }
  const panel = one("[data-progress]");
  if (!panel) return;
  const titles = new Map(all(".yl-card[data-entry] .yl-card__title").map((link) =>
    [link.parentElement.dataset.entry, link]));
  const bar = one("progress", panel);
  bar.value = [...titles.keys()].filter((id) => read.has(id)).length;
  one("[data-progress-text]", panel).textContent =
    fill(panel.dataset.count, { read: bar.value, total: bar.max });
  const last = titles.get(progress.last);
  one("[data-place]", panel).hidden = !last;
  if (last) Object.assign(one("[data-place] a", panel), { href: last.href, textContent: last.textContent });
  const marked = progress.bookmarks.map((id) => titles.get(id)).filter(Boolean);
  one("[data-bookmarks]", panel).hidden = !marked.length;
  one("[data-bookmarks] span", panel).replaceChildren(...marked.flatMap((link, number) => {
    const copy = link.cloneNode(true);
    copy.className = "";
    return number ? [" · ", copy] : [copy];
  }));
}

function keepProgress() {
  const here = one(".yl-keep");
  if (here) {
    for (const button of all("[data-keep]", here)) {
      button.addEventListener("click", () => toggle(button.dataset.keep, here.dataset.entry));
    }
    save({ ...load(), last: here.dataset.entry });
  } else {
    showProgress(load());
  }
  addEventListener("storage", () => showProgress(load())); // another tab changed it
  const panel = one("[data-progress]");
  if (!panel) return;
  one("[data-keep-export]").addEventListener("click", () =>
    download("yuanliu-progress.json", JSON.stringify(load(), null, 2), "application/json"));
  one("[data-keep-import]").addEventListener("change", async ({ target }) => {
    const status = one("[data-keep-status]");
    status.textContent = "";
    try {
      const given = JSON.parse(await target.files[0].text());
      if (!isProgress(given)) throw new TypeError("not a progress file");
      save({ read: given.read, bookmarks: given.bookmarks, last: String(given.last) });
    } catch {
      status.textContent = panel.dataset.badFile;
    }
    target.value = "";
  });
  const clear = one("[data-keep-clear]");
  clear.addEventListener("click", () => {
    if (confirm(clear.dataset.ask)) save({ read: [], bookmarks: [], last: null });
  });
}

// Questions: the chosen answer shows whether it is right, and the explanation opens.

function askQuestions() {
  for (const answer of all(".yl-answer")) {
    answer.addEventListener("click", () => {
      const question = answer.closest(".yl-question");
      for (const other of all(".yl-answer", question)) delete other.dataset.chosen;
      answer.dataset.chosen = answer.dataset.right;
      one("details", question).open = true;
    });
  }
}

// The list of all works: a filter whose state is in the address, and citations of the chosen.
// (The theme keeps ?q= for its own search.)

function filterWorks() {
  const form = one("[data-filter]");
  if (!form) return;
  const works = all("[data-works] > li");
  const tools = one("[data-cite]");
  const fits = {
    words: (work, text) => text.toLowerCase().split(/\s+/).every((word) =>
      `${work.textContent} ${work.dataset.text}`.toLowerCase().includes(word)),
    minutes: (work, most) => Number(work.dataset.minutes) <= Number(most),
    tag: (work, tag) => work.dataset.tag.split(" ").includes(tag),
  };
  const same = (name) => (work, value) => work.dataset[name] === value;

  function apply() {
    const wanted = [...new FormData(form)].filter(([, value]) => value.trim());
    for (const work of works) {
      work.hidden = !wanted.every(([name, value]) => (fits[name] ?? same(name))(work, value.trim()));
    }
    const n = works.filter((work) => !work.hidden).length;
    one("[data-filter-count]").textContent = fill(form.dataset.count, { n, total: works.length });
    const query = new URLSearchParams(wanted).toString();
    history.replaceState(history.state, "", location.pathname + (query && `?${query}`));
  }

  for (const [name, value] of new URLSearchParams(location.search)) {
    if (form.elements[name]) form.elements[name].value = value;
  }
  form.addEventListener("input", apply);
  form.addEventListener("reset", () => setTimeout(apply));
  form.addEventListener("submit", (event) => event.preventDefault());
  apply();

  const shown = () => works.filter((work) => !work.hidden);
  one("[data-select-all]").addEventListener("change", ({ target }) => {
    for (const work of shown()) one("input", work).checked = target.checked;
  });
  for (const button of all("[data-cite-form]")) {
    button.addEventListener("click", async () => {
      const form = button.dataset.citeForm;
      const chosen = works.filter((work) => one("input", work).checked);
      const citations = await (await fetch(tools.dataset.cite)).json();
      const texts = (chosen.length ? chosen : shown()).map((work) => citations[work.dataset.entry][form]);
      const text = form.endsWith(".json")
        ? JSON.stringify(texts.flatMap((text) => JSON.parse(text)), null, 2)
        : texts.join("\n");
      download(`yuanliu${form}`, text, "text/plain");
    });
  }
}

// The offline copy: every page of this language with its pictures, kept when the reader asks.
// A copy is named after what the site holds, so a newer site is told apart from the one kept.

async function offerOffline() {
  const button = one("[data-offline]");
  if (!button || !("serviceWorker" in navigator) || !isSecureContext) return;
  const status = one("[data-offline-status]");
  const { version, bytes, files } = await (await fetch(button.dataset.offline)).json();
  const name = `${KEY} ${button.dataset.language} ${version}`;
  button.textContent = fill(button.dataset.label, { size: (bytes / 1e6).toFixed(1) });
  button.hidden = false;
  if (await caches.has(name)) status.textContent = button.dataset.done;
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      await navigator.serviceWorker.register(new URL("sw.js", base));
      const part = await caches.open(`${name} part`);
      let done = 0;
      const waiting = [...files];
      await Promise.all(Array.from({ length: 6 }, async () => {
        while (waiting.length) {
          await part.add(new URL(waiting.pop(), base));
          status.textContent = `${Math.round((100 * ++done) / files.length)} %`;
        }
      }));
      const kept = await caches.open(name);
      for (const request of await part.keys()) await kept.put(request, await part.match(request));
      for (const old of await caches.keys()) {
        if (old.startsWith(`${KEY} ${button.dataset.language} `) && old !== name) await caches.delete(old);
      }
      status.textContent = button.dataset.done;
    } catch (error) {
      status.textContent = `${button.dataset.failed} ${error.message}`;
    }
    button.disabled = false;
  });
}

// The words of all pages are fetched when the search is entered, before anything is typed there;
// its worker then takes them from the browser's cache, or asks again if this failed.

function fetchWordsEarly() {
  const field = one("[data-md-component=search-query]");
  field?.addEventListener("focus", () => {
    const worker = new URL(JSON.parse(one("#__config").textContent).search, location);
    fetch(new URL(worker.searchParams.get("words"), worker)).catch(console.error);
  }, { once: true });
}

// Labs: a model and the module that plays with it are loaded when the reader asks, not before.

function startLabs() {
  for (const lab of all("[data-lab]")) {
    const button = one("[data-lab-start]", lab);
    button.addEventListener("click", async () => {
      button.disabled = true;
      const folder = new URL("assets/labs/", base);
      try {
        const [engine, { start }] = await Promise.all([
          import(new URL("engine.js", folder)),
          import(new URL(`${lab.dataset.lab}.js`, folder)),
        ]);
        const model = lab.dataset.model ? await engine.load(new URL(lab.dataset.model, base)) : null;
        const root = one("[data-lab-root]", lab);
        await start(root, model, document.documentElement.lang);
        button.parentElement.hidden = true;
        root.focus({ preventScroll: true });
      } catch (error) {
        button.disabled = false;
        one("[role=status]", lab).textContent = `${lab.dataset.failed} ${error.message}`;
      }
    });
  }
}

// The theme makes a <nav> without a name for the copy button of every code block; landmarks of
// one kind need different names, so each gets its own as it appears.

let codeBlocks = 0;
new MutationObserver(() => {
  for (const nav of all("nav.md-code__nav:not([aria-label])")) {
    codeBlocks += 1;
    nav.setAttribute("aria-label", `${one("button", nav)?.title ?? ""} ${codeBlocks}`);
  }
}).observe(document.documentElement, { childList: true, subtree: true });

document.documentElement.classList.add("yl-script");
keepProgress();
askQuestions();
filterWorks();
startLabs();
fetchWordsEarly();
offerOffline();
