// ConvNetJS lives on: a network trained in the page, its decision boundary drawn as it learns.
// No weights are loaded; the network and its backpropagation are written out below.
import { spot } from "./ui.js";

const WORDS = {
  "zh-TW": {
    intro: "這個網路在你的瀏覽器裡從頭訓練：兩個輸入、兩個隱藏層、兩類的輸出。底色是它目前的判斷。點一下畫面，加一個選定顏色的點；把隱藏單元減到 1，看邊界變回直線。",
    plane: "平面上的點與網路的判斷",
    data: "資料",
    sets: { circle: "圓與環", spiral: "螺旋", xor: "四個角落", own: "空白，自己點" },
    hidden: "隱藏單元",
    kind: "非線性",
    rate: "學習率",
    add: "點出",
    classes: ["橘色", "藍色"],
    run: "訓練",
    pause: "暫停",
    again: "重新開始",
    told: (step, loss, error) => `第 ${step} 步，損失 ${loss}，錯誤率 ${error}`,
  },
  en: {
    intro: "This network is trained from scratch in your browser: two inputs, two hidden layers, two classes. The colour of the ground is what it thinks now. Click to add a point of the chosen colour; take the hidden units down to 1 and see the boundary become a line again.",
    plane: "Points in the plane, and what the network thinks",
    data: "Data",
    sets: { circle: "disc and ring", spiral: "spiral", xor: "four corners", own: "none, click your own" },
    hidden: "Hidden units",
    kind: "Nonlinearity",
    rate: "Learning rate",
    add: "A click adds",
    classes: ["orange", "blue"],
    run: "Train",
    pause: "Pause",
    again: "Start again",
    told: (step, loss, error) => `Step ${step}, loss ${loss}, error ${error}`,
  },
};

// The network: layers {w (out, in), b (out)}; all but the last are followed by the nonlinearity.

const BENDS = {
  tanh: { f: Math.tanh, slope: (y) => 1 - y * y },
  relu: { f: (a) => Math.max(a, 0), slope: (y) => (y > 0 ? 1 : 0) },
};

export function network(sizes, random = Math.random) {
  return sizes.slice(1).map((out, n) => ({
    w: Array.from({ length: out }, () => Array.from({ length: sizes[n] }, () => (2 * random() - 1) * Math.sqrt(3 / sizes[n]))),
    b: Array(out).fill(0),
  }));
}

// Activations of every layer, the input first, the logits last.
function activations(layers, bend, x) {
  return layers.reduce((all, { w, b }, n) => {
    const sums = w.map((row, o) => row.reduce((sum, weight, i) => sum + weight * all[n][i], b[o]));
    return [...all, n < layers.length - 1 ? sums.map(BENDS[bend].f) : sums];
  }, [x]);
}

function softmax(logits) {
  const top = Math.max(...logits);
  const powers = logits.map((a) => Math.exp(a - top));
  const sum = powers.reduce((a, b) => a + b);
  return powers.map((p) => p / sum);
}

export const predict = (layers, bend, x) => softmax(activations(layers, bend, x).at(-1));

// Mean cross-entropy of points {x, y}, and its gradient by every weight: backpropagation.
export function gradients(layers, bend, points) {
  const sums = layers.map(({ w, b }) => ({ w: w.map((row) => row.map(() => 0)), b: b.map(() => 0) }));
  let loss = 0;
  for (const { x, y } of points) {
    const all = activations(layers, bend, x);
    const p = softmax(all.at(-1));
    loss -= Math.log(p[y]) / points.length;
    let force = p.map((value, o) => (value - (o === y ? 1 : 0)) / points.length); // d loss / d logits
    for (let n = layers.length - 1; n >= 0; n--) {
      const { w } = layers[n];
      force.forEach((pull, o) => {
        sums[n].b[o] += pull;
        all[n].forEach((value, i) => (sums[n].w[o][i] += pull * value));
      });
      if (n) force = all[n].map((value, i) => BENDS[bend].slope(value) * force.reduce((sum, pull, o) => sum + pull * w[o][i], 0));
    }
  }
  return { loss, sums };
}

// Momentum, as ConvNetJS has it.
function learn(layers, speeds, { sums }, rate, momentum = 0.9) {
  layers.forEach(({ w, b }, n) => {
    w.forEach((row, o) => {
      row.forEach((_, i) => (row[i] += speeds[n].w[o][i] = momentum * speeds[n].w[o][i] - rate * sums[n].w[o][i]));
      b[o] += speeds[n].b[o] = momentum * speeds[n].b[o] - rate * sums[n].b[o];
    });
  });
}

const still = (layers) => layers.map(({ w, b }) => ({ w: w.map((row) => row.map(() => 0)), b: b.map(() => 0) }));

const noise = (size) => (Math.random() + Math.random() + Math.random() - 1.5) * size;

const SETS = {
  own: () => [],
  circle: () => Array.from({ length: 120 }, (_, n) => {
    const [angle, y] = [Math.random() * 2 * Math.PI, n % 2];
    const radius = y ? 0.75 + noise(0.15) : 0.4 * Math.sqrt(Math.random());
    return { x: [radius * Math.cos(angle), radius * Math.sin(angle)], y };
  }),
  spiral: () => Array.from({ length: 120 }, (_, n) => {
    const [t, y] = [Math.floor(n / 2) / 60, n % 2];
    const angle = 4.5 * t + y * Math.PI + noise(0.15);
    return { x: [(0.1 + 0.8 * t) * Math.cos(angle), (0.1 + 0.8 * t) * Math.sin(angle)], y };
  }),
  xor: () => Array.from({ length: 120 }, () => {
    const x = [2 * Math.random() - 1, 2 * Math.random() - 1].map((value) => value + Math.sign(value) * 0.06);
    return { x, y: x[0] * x[1] > 0 ? 1 : 0 };
  }),
};

const [CELLS, STEPS] = [40, 8]; // squares of the ground in a row, steps of training a frame
const GROUND = [[242, 166, 90], [110, 160, 220]];
const POINT = ["#b45309", "#1d4ed8"];

export function start(root, model, language) {
  const say = WORDS[language] ?? WORDS.en;
  const options = (words) => Object.entries(words).map(([value, word]) => `<option value="${value}">${word}</option>`).join("");
  root.innerHTML = `
    <p>${say.intro}</p>
    <canvas width="360" height="360" role="img" aria-label="${say.plane}" data-draw></canvas>
    <p class="yl-panel__tools">
      <button type="button" class="yl-button" data-run aria-pressed="false">${say.run}</button>
      <button type="button" class="yl-button" data-again>${say.again}</button>
      <label>${say.data} <select name="data" autocomplete="off">${options(say.sets)}</select></label>
      <label>${say.hidden} <select name="hidden" autocomplete="off">${options({ 1: 1, 2: 2, 4: 4, 8: 8, 16: 16 })}</select></label>
      <label>${say.kind} <select name="kind" autocomplete="off">${options({ tanh: "tanh", relu: "ReLU" })}</select></label>
      <label>${say.rate} <select name="rate" autocomplete="off">${options({ 0.01: 0.01, 0.03: 0.03, 0.1: 0.1, 0.3: 0.3 })}</select></label>
      <label>${say.add} <select name="class" autocomplete="off">${options(say.classes)}</select></label>
    </p>
    <p role="status"></p>`;
  const canvas = root.querySelector("canvas");
  const run = root.querySelector("[data-run]");
  const chosen = Object.fromEntries([...root.querySelectorAll("select")].map((select) => [select.name, select]));
  Object.assign(chosen.hidden, { value: "8" });
  Object.assign(chosen.rate, { value: "0.1" });
  let [points, layers, speeds, step, going] = [[], [], [], 0, false];

  function restart() {
    layers = network([2, Number(chosen.hidden.value), Number(chosen.hidden.value), 2]);
    speeds = still(layers);
    step = 0;
    show();
  }

  function show(loss) {
    const context = canvas.getContext("2d");
    const size = canvas.width / CELLS;
    const place = (value) => ((value + 1.1) / 2.2) * canvas.width;
    for (let i = 0; i < CELLS; i++) for (let j = 0; j < CELLS; j++) {
      const at = (n) => ((n + 0.5) / CELLS) * 2.2 - 1.1;
      const [, p] = predict(layers, chosen.kind.value, [at(j), at(i)]);
      const mixed = GROUND[0].map((value, c) => Math.round(value * (1 - p) + GROUND[1][c] * p));
      context.fillStyle = `rgb(${mixed})`;
      context.fillRect(j * size, i * size, size + 1, size + 1);
    }
    for (const { x, y } of points) {
      context.beginPath();
      context.arc(place(x[0]), place(x[1]), 5, 0, 2 * Math.PI);
      context.fillStyle = POINT[y];
      context.fill();
      context.strokeStyle = "#fff";
      context.stroke();
    }
    if (loss === undefined) return;
    const wrong = points.filter(({ x, y }) => predict(layers, chosen.kind.value, x)[y] < 0.5).length;
    root.querySelector("[role=status]").textContent = say.told(step, loss.toFixed(3), `${Math.round((100 * wrong) / points.length)} %`);
  }

  function frame() {
    if (!going || !root.isConnected) return;
    if (points.length) {
      let found;
      for (let n = 0; n < STEPS; n++) {
        found = gradients(layers, chosen.kind.value, points);
        learn(layers, speeds, found, Number(chosen.rate.value));
        step += 1;
      }
      show(found.loss);
    }
    setTimeout(frame, 30);
  }

  canvas.addEventListener("pointerdown", (event) => {
    const x = spot(canvas, event).map((value) => value * 2.2 - 1.1);
    points.push({ x, y: Number(chosen.class.value) });
    show();
  });
  run.addEventListener("click", () => {
    going = !going;
    run.setAttribute("aria-pressed", going);
    run.textContent = going ? say.pause : say.run;
    frame();
  });
  root.querySelector("[data-again]").addEventListener("click", restart);
  chosen.data.addEventListener("change", () => {
    points = SETS[chosen.data.value]();
    restart();
  });
  for (const name of ["hidden", "kind"]) chosen[name].addEventListener("change", restart);
  points = SETS[chosen.data.value]();
  restart();
}
