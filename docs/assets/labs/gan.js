// Walk between two latent points of the digits' GAN in snippets/gan.py.
import * as engine from "./engine.js";
import { percent, pixels } from "./ui.js";

const WORDS = {
  "zh-TW": {
    intro: "G 把 16 個亂數變成一張 14×14 的數字。A 與 B 是兩組亂數，滑桿從 A 走到 B：中間的每一張都沒有人畫過。D 說的是它認為這張是真跡的機率。",
    between: "從 A 到 B",
    a: "換一個 A",
    b: "換一個 B",
    image: "G 畫出來的數字",
    strip: "從 A 到 B 的九步",
    belief: (p) => `D：${p} 像真的`,
  },
  en: {
    intro: "G turns 16 random numbers into a digit of 14×14 pixels. A and B are two sets of them, and the slider goes from A to B; nobody ever drew what lies between. D tells how probable it finds that the picture is real.",
    between: "From A to B",
    a: "Another A",
    b: "Another B",
    image: "The digit that G draws",
    strip: "Nine steps from A to B",
    belief: (p) => `D: ${p} real`,
  },
};

const [NOISE, SIZE, STEPS] = [16, 14, 9];

export const forward = {
  G(model, z) { // (N, 16) to (N, 196)
    const w = engine.part(model, "G.");
    for (const [dense, norm] of [[0, 1], [3, 4]]) {
      z = engine.linear(z, w[`${dense}.weight`], w[`${dense}.bias`]);
      z = engine.batchNorm(z, w[`${norm}.weight`], w[`${norm}.bias`], w[`${norm}.running_mean`], w[`${norm}.running_var`]);
      z = engine.relu(z);
    }
    return engine.sigmoid(engine.linear(z, w["6.weight"], w["6.bias"]));
  },
  D(model, x) { // (N, 196) to logits (N, 1)
    const w = engine.part(model, "D.");
    for (const dense of [0, 3]) {
      x = engine.map(engine.linear(x, w[`${dense}.weight`], w[`${dense}.bias`]), (a) => (a > 0 ? a : 0.2 * a));
    }
    return engine.linear(x, w["6.weight"], w["6.bias"]);
  },
};

function normal() { // Box and Muller
  return Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
}

export function start(root, model, language) {
  const say = WORDS[language] ?? WORDS.en;
  root.innerHTML = `
    <p>${say.intro}</p>
    <div class="yl-lab__row"><canvas width="196" height="196" role="img" aria-label="${say.image}" data-one></canvas></div>
    <p><label>${say.between} <input type="range" min="0" max="1" step="0.01" value="0" autocomplete="off"></label> <span role="status"></span></p>
    <canvas width="${STEPS * 56}" height="56" role="img" aria-label="${say.strip}" data-strip></canvas>
    <p class="yl-panel__tools">
      <button type="button" class="yl-button" data-new="0">${say.a}</button>
      <button type="button" class="yl-button" data-new="1">${say.b}</button>
    </p>`;
  const [canvas, strip, slider] = ["[data-one]", "[data-strip]", "input"].map((at) => root.querySelector(at));
  const fresh = () => engine.tensor([1, NOISE], Float32Array.from({ length: NOISE }, normal));
  const ends = [fresh(), fresh()];

  // On the sphere, where normal noise lies; a straight line would pass too near to zero.
  function between(t) {
    const [a, b] = ends.map((end) => end.data);
    const length = (z) => Math.hypot(...z);
    const cosine = a.reduce((sum, value, i) => sum + value * b[i], 0) / (length(a) * length(b));
    const angle = Math.acos(Math.min(1, Math.max(-1, cosine)));
    const [u, v] = [Math.sin((1 - t) * angle) / Math.sin(angle), Math.sin(t * angle) / Math.sin(angle)];
    return engine.tensor([1, NOISE], a.map((value, i) => u * value + v * b[i]));
  }

  function belief(x) { // averaged over the noise that D is used to
    const { blur } = model.facts;
    const tries = Array.from({ length: 20 }, () => engine.sigmoid(forward.D(model, engine.map(x, (value) => value + blur * normal()))).data[0]);
    return tries.reduce((a, b) => a + b, 0) / tries.length;
  }

  function show() {
    const x = forward.G(model, between(Number(slider.value)));
    pixels(canvas, x.data, SIZE);
    root.querySelector("[role=status]").textContent = say.belief(percent(belief(x)));
  }

  function showAll() {
    const one = document.createElement("canvas");
    one.width = one.height = 56;
    for (let n = 0; n < STEPS; n++) {
      pixels(one, forward.G(model, between(n / (STEPS - 1))).data, SIZE);
      strip.getContext("2d").drawImage(one, n * 56, 0);
    }
    show();
  }

  slider.addEventListener("input", show);
  for (const button of root.querySelectorAll("[data-new]")) {
    button.addEventListener("click", () => {
      ends[button.dataset.new] = fresh();
      slider.value = button.dataset.new;
      showAll();
    });
  }
  showAll();
}
