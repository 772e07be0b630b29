// Hold a part of an image fast, and let the RBM of snippets/rbm.py imagine the rest.
import * as engine from "./engine.js";
import { onDraw, pixels } from "./ui.js";

const WORDS = {
  "zh-TW": {
    intro: "黑白相間的抽樣（Gibbs sampling）：由看得見的像素抽出 64 個隱藏單元，再由隱藏單元抽回像素，一次又一次。固定住一部分像素，看它怎麼補上其餘的；什麼都不固定，看它做夢。也可以直接在圖上畫。",
    image: "像素，固定的部分加框",
    hidden: "64 個隱藏單元的機率",
    hold: "固定",
    parts: { none: "什麼都不固定", top: "上半", left: "左半", all: "畫過的地方" },
    example: "放一個測試用的數字",
    step: "抽一次",
    run: "連續抽樣",
    pause: "停",
    clear: "擦掉",
    count: (n) => `抽了 ${n} 次`,
  },
  en: {
    intro: "Gibbs sampling, to and fro: from the visible pixels sample 64 hidden units, from the hidden units sample pixels again, and so on. Hold a part of the pixels fast and see how the rest is filled in; hold nothing, and see it dream. You can draw on the picture too.",
    image: "Pixels; the part that is held has a frame",
    hidden: "Probabilities of the 64 hidden units",
    hold: "Hold",
    parts: { none: "nothing", top: "the upper half", left: "the left half", all: "what is drawn" },
    example: "Show a test digit",
    step: "Sample once",
    run: "Go on sampling",
    pause: "Pause",
    clear: "Clear",
    count: (n) => `Sampled ${n} times`,
  },
};

const SIZE = 28;

const transpose = ({ shape: [rows, columns], data }) =>
  engine.tensor([columns, rows], Float32Array.from({ length: data.length }, (_, i) => data[(i % rows) * columns + Math.floor(i / rows)]));

// p(h = 1 | v) = sigmoid(c + W'v) and p(v = 1 | h) = sigmoid(b + Wh); W is (784, 64).
export const forward = {
  hidden: ({ W, c, turned = transpose(W) }, v) => engine.sigmoid(engine.linear(v, turned, c)),
  visible: ({ W, b }, h) => engine.sigmoid(engine.linear(h, W, b)),
};

const bernoulli = (p) => engine.map(p, (value) => (Math.random() < value ? 1 : 0));

export function start(root, model, language) {
  const say = WORDS[language] ?? WORDS.en;
  root.innerHTML = `
    <p>${say.intro}</p>
    <div class="yl-lab__row">
      <figure><canvas width="280" height="280" role="img" aria-label="${say.image}" data-draw></canvas><figcaption>${say.image}</figcaption></figure>
      <figure><canvas width="128" height="128" role="img" aria-label="${say.hidden}" data-hidden></canvas><figcaption>${say.hidden}</figcaption></figure>
    </div>
    <p class="yl-panel__tools">
      <label>${say.hold} <select autocomplete="off">${Object.entries(say.parts).map(([part, word]) => `<option value="${part}"${part === "top" ? " selected" : ""}>${word}</option>`).join("")}</select></label>
      <button type="button" class="yl-button" data-example>${say.example}</button>
      <button type="button" class="yl-button" data-step>${say.step}</button>
      <button type="button" class="yl-button" data-run aria-pressed="false">${say.run}</button>
      <button type="button" class="yl-button" data-clear>${say.clear}</button>
    </p>
    <p role="status"></p>`;
  const [canvas, select, run] = ["[data-draw]", "select", "[data-run]"].map((at) => root.querySelector(at));
  const rbm = { ...model, turned: transpose(model.W) }; // once for all samples
  const given = new Float32Array(SIZE * SIZE); // what the reader drew or chose
  let shown = given.slice(); // probabilities of the pixels
  let visible = given.slice(); // their sampled states
  let [count, example, timer] = [0, -1, 0];

  const held = (i) => ({
    none: false,
    top: Math.floor(i / SIZE) < SIZE / 2,
    left: i % SIZE < SIZE / 2,
    all: given[i] > 0.5,
  })[select.value];

  function show(hidden) {
    pixels(canvas, shown, SIZE);
    if (hidden) pixels(root.querySelector("[data-hidden]"), hidden.data, 8);
    const context = canvas.getContext("2d");
    context.strokeStyle = "#c2410c";
    context.lineWidth = 3;
    if (select.value === "top") context.strokeRect(1, 1, 278, 139);
    if (select.value === "left") context.strokeRect(1, 1, 139, 278);
    root.querySelector("[role=status]").textContent = say.count(count);
  }

  function sample() {
    const p = forward.hidden(rbm, engine.tensor([1, SIZE * SIZE], visible));
    shown = forward.visible(rbm, bernoulli(p)).data.map((value, i) => (held(i) ? given[i] : value));
    visible = bernoulli(engine.tensor([1, SIZE * SIZE], shown)).data;
    count += 1;
    show(p);
  }

  function restart() {
    count = 0;
    shown = given.slice();
    visible = given.slice();
    show(forward.hidden(rbm, engine.tensor([1, SIZE * SIZE], visible)));
  }

  onDraw(canvas, (x, y) => {
    given.forEach((_, i) => {
      if (Math.hypot((i % SIZE) + 0.5 - x * SIZE, Math.floor(i / SIZE) + 0.5 - y * SIZE) < 1.3) given[i] = shown[i] = visible[i] = 1;
    });
    show();
  });
  select.addEventListener("change", restart);
  root.querySelector("[data-step]").addEventListener("click", sample);
  root.querySelector("[data-clear]").addEventListener("click", () => {
    given.fill(0);
    restart();
  });
  root.querySelector("[data-example]").addEventListener("click", () => {
    example = (example + 1) % model.examples.shape[0];
    given.set(model.examples.data.subarray(example * given.length, (example + 1) * given.length));
    restart();
  });
  run.addEventListener("click", () => {
    const going = run.getAttribute("aria-pressed") === "true";
    run.setAttribute("aria-pressed", !going);
    run.textContent = going ? say.run : say.pause;
    clearInterval(timer);
    if (!going) timer = setInterval(() => (root.isConnected ? sample() : clearInterval(timer)), 120);
  });
  root.querySelector("[data-example]").click();
}
