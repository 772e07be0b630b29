// Draw a digit: LeNet-5 and the MLP of snippets/lenet.py read it, side by side.
import * as engine from "./engine.js";
import { bars, onDraw, percent, pixels } from "./ui.js";

const WORDS = {
  "zh-TW": {
    intro: "在大格子裡寫一個數字。它會像 MNIST 的影像那樣縮放、置中，成為小格子裡兩個網路看到的樣子；LeNet-5 與 MLP 的參數一樣多，長條是它們認為各個數字的機率。把它移開幾格，看誰先認錯。",
    canvas: "畫數字的格子",
    seen: "網路看到的",
    clear: "擦掉",
    example: "放一個測試用的數字",
    shift: "移一格：",
    moves: { left: "左", right: "右", up: "上", down: "下" },
    guess: (name, digit, p) => `${name}：${digit}（${p}）`,
  },
  en: {
    intro: "Write a digit in the large box. It is scaled and centred like the images of MNIST and becomes what the two networks see, in the small box. LeNet-5 and the MLP have as many parameters; the bars are the probability that each gives to every digit. Shift it by some pixels and see which of them fails first.",
    canvas: "Box to draw a digit in",
    seen: "What the networks see",
    clear: "Clear",
    example: "Show a test digit",
    shift: "Shift by a pixel:",
    moves: { left: "left", right: "right", up: "up", down: "down" },
    guess: (name, digit, p) => `${name}: ${digit} (${p})`,
  },
};

const SIZE = 32; // pixels of the networks' input, and of the drawing
const BOX = 20; // MNIST's digits are scaled to fit this box
const DIGITS = [..."0123456789"];

// The forward passes, as in the snippet; x is (1, 32, 32).

const squash = (a) => engine.map(a, (value) => 1.7159 * Math.tanh((2 / 3) * value));

function subsample(x, weights) {
  const pooled = engine.avgPool(x, 2);
  const maps = pooled.shape[0];
  const size = pooled.data.length / maps;
  return engine.tensor(pooled.shape, pooled.data.map((value, i) => {
    const map = Math.floor(i / size);
    return value * weights.data[map] + weights.data[maps + map];
  }));
}

export function lenet(model, x) {
  const w = engine.part(model, "lenet.");
  const wired = engine.tensor(w["c3.weight"].shape, w["c3.weight"].data.map((value, i) => value * w.table.data[Math.floor(i / 25)]));
  x = squash(engine.conv2d(x, w["c1.weight"], w["c1.bias"])); // (6, 28, 28)
  x = squash(subsample(x, w.s2)); // (6, 14, 14)
  x = squash(engine.conv2d(x, wired, w["c3.bias"])); // (16, 10, 10)
  x = squash(subsample(x, w.s4)); // (16, 5, 5)
  x = squash(engine.conv2d(x, w["c5.weight"], w["c5.bias"])); // (120, 1, 1)
  x = squash(engine.linear(engine.tensor([1, 120], x.data), w["f6.weight"], w["f6.bias"]));
  return engine.linear(x, w["output.weight"], w["output.bias"]); // (1, 10)
}

export function mlp(model, x) {
  const w = engine.part(model, "mlp.");
  const hidden = engine.tanh(engine.linear(engine.tensor([1, SIZE * SIZE], x.data), w["1.weight"], w["1.bias"]));
  return engine.linear(hidden, w["3.weight"], w["3.bias"]);
}

export const forward = { lenet, mlp };

// As MNIST was made: the ink scaled to fit a box, its centre of mass put in the middle.
export function centre(ink) {
  const places = [...ink.keys()].filter((i) => ink[i] > 0.1);
  if (!places.length) return ink;
  const [rows, columns] = [places.map((i) => Math.floor(i / SIZE)), places.map((i) => i % SIZE)];
  const extent = Math.max(Math.max(...rows) - Math.min(...rows), Math.max(...columns) - Math.min(...columns)) + 1;
  const total = places.reduce((sum, i) => sum + ink[i], 0);
  const mean = (at) => places.reduce((sum, i, n) => sum + ink[i] * (at[n] + 0.5), 0) / total;
  const [row, column, zoom] = [mean(rows), mean(columns), extent / BOX];
  return ink.map((_, i) => {
    const y = (Math.floor(i / SIZE) + 0.5 - SIZE / 2) * zoom + row;
    const x = ((i % SIZE) + 0.5 - SIZE / 2) * zoom + column;
    return between(ink, y - 0.5, x - 0.5);
  });
}

function between(ink, y, x) { // bilinear
  const at = (row, column) => (row < 0 || column < 0 || row >= SIZE || column >= SIZE ? 0 : ink[row * SIZE + column]);
  const [top, left] = [Math.floor(y), Math.floor(x)];
  const [dy, dx] = [y - top, x - left];
  return (1 - dy) * ((1 - dx) * at(top, left) + dx * at(top, left + 1)) + dy * ((1 - dx) * at(top + 1, left) + dx * at(top + 1, left + 1));
}

export function shift(ink, down, right) {
  return ink.map((_, i) => {
    const [row, column] = [Math.floor(i / SIZE) - down, (i % SIZE) - right];
    return row < 0 || column < 0 || row >= SIZE || column >= SIZE ? 0 : ink[row * SIZE + column];
  });
}

export function start(root, model, language) {
  const say = WORDS[language] ?? WORDS.en;
  root.innerHTML = `
    <p>${say.intro}</p>
    <div class="yl-lab__row">
      <canvas width="256" height="256" role="img" aria-label="${say.canvas}" data-draw></canvas>
      <figure><canvas width="128" height="128" role="img" aria-label="${say.seen}" data-seen></canvas><figcaption>${say.seen}</figcaption></figure>
      <div><strong>LeNet-5</strong><ol data-bars="LeNet-5" aria-hidden="true"></ol></div>
      <div><strong>MLP</strong><ol data-bars="MLP" aria-hidden="true"></ol></div>
    </div>
    <p class="yl-panel__tools">
      <button type="button" class="yl-button" data-clear>${say.clear}</button>
      <button type="button" class="yl-button" data-example>${say.example}</button>
      <span>${say.shift}</span>
      ${Object.entries(say.moves).map(([way, word]) => `<button type="button" class="yl-button" data-move="${way}">${word}</button>`).join("")}
    </p>
    <p role="status"></p>`;
  const canvas = root.querySelector("[data-draw]");
  const ink = new Float32Array(SIZE * SIZE); // 0 is paper, 1 is ink
  const { background, scale } = model.facts;
  let [down, right, example] = [0, 0, -1];

  function show() {
    const seen = shift(centre(ink), down, right);
    pixels(canvas, ink, SIZE);
    pixels(root.querySelector("[data-seen]"), seen, SIZE);
    const x = engine.tensor([1, SIZE, SIZE], seen.map((value) => (value - background) / scale));
    const blank = ink.every((value) => value < 0.1);
    const told = Object.entries({ "LeNet-5": lenet, MLP: mlp }).map(([name, read]) => {
      const p = engine.softmax(read(model, x));
      const best = engine.argmax(p);
      bars(root.querySelector(`[data-bars="${name}"]`), DIGITS, blank ? DIGITS.map(() => 0) : [...p.data], !blank);
      return say.guess(name, best, percent(p.data[best]));
    });
    root.querySelector("[role=status]").textContent = blank ? "" : told.join("　");
  }

  onDraw(canvas, (x, y) => {
    for (let row = 0; row < SIZE; row++) for (let column = 0; column < SIZE; column++) {
      const distance = Math.hypot(column + 0.5 - x * SIZE, row + 0.5 - y * SIZE);
      ink[row * SIZE + column] = Math.max(ink[row * SIZE + column], Math.min(1, Math.max(0, 1.9 - distance)));
    }
    show();
  });
  root.querySelector("[data-clear]").addEventListener("click", () => {
    ink.fill(0);
    [down, right] = [0, 0];
    show();
  });
  root.querySelector("[data-example]").addEventListener("click", () => {
    const { shape, data } = model.examples; // (N, 1, 32, 32), as the networks get them
    example = (example + 1) % shape[0];
    [down, right] = [0, 0];
    ink.set(data.subarray(example * ink.length, (example + 1) * ink.length).map((value) => Math.min(1, Math.max(0, value * scale + background))));
    show();
  });
  const moves = { left: [0, -1], right: [0, 1], up: [-1, 0], down: [1, 0] };
  for (const button of root.querySelectorAll("[data-move]")) {
    button.addEventListener("click", () => {
      const [by, across] = moves[button.dataset.move];
      [down, right] = [down + by, right + across];
      show();
    });
  }
  show();
}
