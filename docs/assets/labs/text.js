// A language model at work: the reader begins, the model goes on, and shows what it hesitates between.
import * as engine from "./engine.js";
import { bars, breathe, percent } from "./ui.js";

const WORDS = {
  "zh-TW": {
    begin: "開頭",
    go: "接下去",
    stop: "停",
    one: "只寫一個",
    temperature: "溫度",
    output: "模型寫的",
    next: "下一個的機率",
    looks: "最後一個詞元看著哪裡",
    head: (layer, head) => `第 ${layer} 層，第 ${head} 頭`,
    unknown: (signs) => `模型沒看過，略過了：${signs}`,
    empty: "請先寫幾個字",
  },
  en: {
    begin: "Beginning",
    go: "Go on",
    stop: "Stop",
    one: "One step",
    temperature: "Temperature",
    output: "Written by the model",
    next: "Probabilities of the next",
    looks: "Where the last token looks",
    head: (layer, head) => `layer ${layer}, head ${head}`,
    unknown: (signs) => `Never seen by the model and left out: ${signs}`,
    empty: "Write something first",
  },
};

const [MOST, SHOWN] = [400, 8]; // tokens written at a stretch, probabilities shown

// model: {intro, example, encode(text) -> {ids, unknown}, word(id) -> text, reset(),
//         feed(id) -> logits of the next token (1, V), layers, heads,
//         looks(layer, head) -> weights over all tokens fed so far; shade(), optional, 0 to 1}
export function writer(root, language, model) {
  const say = WORDS[language] ?? WORDS.en;
  const attends = Boolean(model.looks);
  root.innerHTML = `
    <p></p>
    <label>${say.begin}<textarea rows="2" spellcheck="false" autocomplete="off"></textarea></label>
    <p class="yl-panel__tools">
      <button type="button" class="yl-button" data-go>${say.go}</button>
      <button type="button" class="yl-button" data-one>${say.one}</button>
      <button type="button" class="yl-button" data-stop disabled>${say.stop}</button>
      <label>${say.temperature} <input type="range" min="0.1" max="1.5" step="0.1" value="0.8" autocomplete="off"> <output>0.8</output></label>
    </p>
    <p role="status"></p>
    <div class="yl-text" role="region" aria-label="${say.output}" tabindex="0"></div>
    <div class="yl-lab__row">
      <div><strong>${say.next}</strong><ol data-next></ol></div>
      ${attends ? `<div><strong>${say.looks}</strong> <label><select autocomplete="off" aria-label="${say.looks}"></select></label><div class="yl-looks" data-looks></div></div>` : ""}
    </div>`;
  const [editor, output, status, next] = ["textarea", ".yl-text", "[role=status]", "[data-next]"].map((at) => root.querySelector(at));
  const [go, one, stop, slider] = ["[data-go]", "[data-one]", "[data-stop]", "input"].map((at) => root.querySelector(at));
  root.querySelector("p").textContent = model.intro;
  editor.value = model.example;
  let [given, tokens, logits, running] = [null, [], null, false];

  const temperature = () => Number(slider.value);

  function write(id, own) {
    logits = model.feed(id);
    tokens.push(id);
    const piece = document.createElement(own ? "mark" : "span");
    piece.textContent = model.word(id);
    if (model.shade) piece.style.setProperty("--yl-shade", model.shade().toFixed(3));
    output.append(piece);
    output.scrollTop = output.scrollHeight;
  }

  function begin() {
    const { ids, unknown } = model.encode(editor.value);
    status.textContent = unknown ? say.unknown(unknown) : ids.length ? "" : say.empty;
    given = editor.value;
    tokens = [];
    output.replaceChildren();
    model.reset();
    for (const id of ids) write(id, false);
    return ids.length > 0;
  }

  function show() {
    if (!logits) return;
    const p = engine.softmax(logits, temperature()).data;
    const best = [...p.keys()].sort((a, b) => p[b] - p[a]).slice(0, SHOWN);
    bars(next, best.map((id) => `${JSON.stringify(model.word(id)).slice(1, -1)}  ${percent(p[id])}`), best.map((id) => p[id]));
    if (attends) showLooks();
  }

  function showLooks() {
    const [layer, head] = root.querySelector("select").value.split(" ").map(Number);
    const weights = model.looks(layer, head);
    const first = tokens.length - weights.length;
    root.querySelector("[data-looks]").replaceChildren(...weights.map((weight, n) => {
      const piece = document.createElement("span");
      piece.textContent = model.word(tokens[first + n]);
      piece.style.setProperty("--yl-shade", weight.toFixed(3));
      piece.title = percent(weight);
      return piece;
    }));
  }

  async function run(count) {
    if (editor.value !== given && !begin()) return;
    running = true;
    [go.disabled, one.disabled, stop.disabled] = [true, true, false];
    for (let n = 0; n < count && running && root.isConnected; n++) {
      write(engine.sample(engine.softmax(logits, temperature())), true);
      if (n % 4 === 0) {
        show();
        await breathe();
      }
    }
    show();
    running = false;
    [go.disabled, one.disabled, stop.disabled] = [false, false, true];
  }

  if (attends) {
    const select = root.querySelector("select");
    for (let layer = 0; layer < model.layers; layer++) for (let head = 0; head < model.heads; head++) {
      select.append(new Option(say.head(layer + 1, head + 1), `${layer} ${head}`));
    }
    select.addEventListener("change", () => tokens.length && showLooks());
  }
  go.addEventListener("click", () => run(MOST));
  one.addEventListener("click", () => run(1));
  stop.addEventListener("click", () => (running = false));
  slider.addEventListener("input", () => {
    root.querySelector("output").textContent = slider.value;
    show();
  });
  editor.addEventListener("change", () => begin() && show());
  begin();
  show();
}
