// The theme's search takes in the words of all pages as soon as a page opens. Here they wait until
// the reader types: this worker stands in the place of the theme's own, and starts that, with the
// words, at the first query. Both files are named in this worker's address.

const SETTINGS = 0, READY = 1, QUERY = 2, RESULT = 3; // the theme's messages
const given = new URL(location).searchParams;
const tell = (type, data) => dispatchEvent(new MessageEvent("message", { data: { type, data } }));
let settings; // of the search, but for the words
let query; // what was asked last while the words were on their way
let started;

addEventListener("message", wait);

function wait(message) {
  message.stopImmediatePropagation();
  const { type, data } = message.data;
  if (type === SETTINGS) {
    settings = data;
    postMessage({ type: READY });
    return;
  }
  query = data;
  if (query) ask();
  else postMessage({ type: RESULT, data: { items: [] } });
}

function ask() {
  const asked = query;
  started ??= start().catch((error) => {
    console.error(error);
    started = null; // the next query tries again, and so does one that came meanwhile
    if (query && query !== asked) ask();
  });
}

async function start() {
  const answer = await fetch(new URL(given.get("words"), location));
  if (!answer.ok) throw new Error(`${answer.url}: ${answer.status} ${answer.statusText}`);
  const docs = await answer.json();
  importScripts(new URL(given.get("theme"), location)); // its listener comes after ours
  removeEventListener("message", wait);
  const post = postMessage;
  self.postMessage = (message) => { // the theme's first says that it has read the words
    self.postMessage = post;
    tell(QUERY, query);
  };
  tell(SETTINGS, { ...settings, docs });
}
