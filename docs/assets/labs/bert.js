// Fill a blank: BERT of snippets/bert.py sees both sides of it, its rival only the left.
import * as engine from "./engine.js";
import { bars, percent } from "./ui.js";

const WORDS = {
  "zh-TW": {
    intro: "寫一句不超過十一個詞的英文，空格寫成 _。兩個模型大小、資料與步數都相同：BERT 看得到空格兩邊，對手只看左邊。改改空格右邊的字，看誰會跟著改。它們只認得影評裡最常見的一千個詞。",
    sentence: "有一個空格的句子",
    fill: "填空",
    models: { bert: "BERT，看兩邊", left: "只看左邊" },
    unknown: (words) => `模型不認得：${words}`,
    blank: "請寫剛好一個 _",
    long: "太長了，最多十一個詞與標點",
    told: (name, word, p) => `${name}：${word}（${p}）`,
  },
  en: {
    intro: "Write an English sentence of at most eleven words with a blank written as _. Both models have the same size, data and number of steps; BERT sees both sides of the blank, its rival the left side only. Change what stands right of the blank and see who follows. They know the thousand most frequent words of film reviews only.",
    sentence: "A sentence with one blank",
    fill: "Fill it in",
    models: { bert: "BERT, both sides", left: "left side only" },
    unknown: (words) => `Unknown to the models: ${words}`,
    blank: "Please write exactly one _",
    long: "Too long; at most eleven words and marks",
    told: (name, word, p) => `${name}: ${word} (${p})`,
  },
};

const [MASK, CLS, SHOWN] = [1, 2, 8];

// Hidden states T_i of a sentence (T, width); with causal a place sees only what is to its left.
function hidden(w, ids, causal, heads) {
  let x = engine.add(engine.embedding(ids, w["token.weight"]), engine.embedding([...ids.keys()], w["place.weight"]));
  for (let layer = 0; `blocks.${layer}.qkv.weight` in w; layer++) {
    const b = engine.part(w, `blocks.${layer}.`);
    [x] = engine.selfAttention(x, b, heads, causal);
    x = engine.feedForward(x, b, "mlp.0", "mlp.2");
  }
  return engine.layerNorm(x, w["norm.weight"], w["norm.bias"]);
}

export const forward = {
  // Logits of every word in the blank (1, V); ids (T) has the mask there.
  fill(model, name, ids, blank) {
    const w = engine.part(model, `${name}.`);
    const both = name === "bert";
    const states = hidden(w, ids, !both, model.facts.heads);
    const state = engine.row(states, both ? blank : blank - 1); // from the left: what predicts it
    return engine.linear(state, w["token.weight"], w.bias);
  },
};

export function start(root, model, language) {
  const say = WORDS[language] ?? WORDS.en;
  const { meaning, length } = model.facts;
  const number = new Map(meaning.map((word, n) => [word, n]));
  root.innerHTML = `
    <p>${say.intro}</p>
    <p class="yl-panel__tools">
      <label>${say.sentence} <input type="text" size="36" autocomplete="off" autocapitalize="off" spellcheck="false"></label>
      <button type="button" class="yl-button" data-fill>${say.fill}</button>
    </p>
    <p role="status"></p>
    <div class="yl-lab__row">${Object.entries(say.models).map(([name, title]) => `<div><strong>${title}</strong><ol data-words="${name}"></ol></div>`).join("")}</div>`;
  const [input, status] = ["input", "[role=status]"].map((at) => root.querySelector(at));
  input.value = "i _ this movie , it was terrible .";

  function read() {
    const words = input.value.toLowerCase().match(/[a-z']+|[.,!?;]|_/g) ?? [];
    const strange = words.filter((word) => word !== "_" && !number.has(word));
    if (strange.length) return say.unknown(strange.join(" "));
    if (words.filter((word) => word === "_").length !== 1) return say.blank;
    if (words.length >= length) return say.long;
    return [CLS, ...words.map((word) => (word === "_" ? MASK : number.get(word)))];
  }

  function show() {
    const ids = read();
    if (typeof ids === "string") {
      status.textContent = ids;
      return;
    }
    status.textContent = Object.entries(say.models).map(([name, title]) => {
      const logits = forward.fill(model, name, ids, ids.indexOf(MASK));
      const p = engine.softmax(logits).data;
      const best = [...p.keys()].filter((id) => id > CLS).sort((a, b) => p[b] - p[a]).slice(0, SHOWN);
      bars(root.querySelector(`[data-words="${name}"]`), best.map((id) => `${meaning[id]}  ${percent(p[id])}`), best.map((id) => p[id]));
      return say.told(title, meaning[best[0]], percent(p[best[0]]));
    }).join("　");
  }

  root.querySelector("[data-fill]").addEventListener("click", show);
  input.addEventListener("keydown", (event) => event.key === "Enter" && show());
  show();
}
