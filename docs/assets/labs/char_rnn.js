// Type, and the LSTMs of snippets/char_rnn.py go on, character by character.
import * as engine from "./engine.js";
import { writer } from "./text.js";

const WORDS = {
  "zh-TW": {
    text: "模型讀過的",
    texts: { english: "莎士比亞的兩齣劇", tang: "兩千首七言唐詩" },
    english: "寫一段英文當開頭，LSTM 一個字元接一個字元寫下去。溫度低就照最有把握的寫，溫度高就大膽。底色是隨行的長度變化的那個細胞。",
    tang: "寫幾個字當開頭，或只留空行，LSTM 寫下去：句子多半恰好七個字。底色是數著句子走到哪裡的那個細胞。",
  },
  en: {
    text: "The model has read",
    texts: { english: "two plays of Shakespeare", tang: "two thousand Tang poems" },
    english: "Begin in English, and the LSTM goes on, character by character. At a low temperature it writes what it is surest of, at a high one it dares more. The shade is the cell that follows the length of the line.",
    tang: "Begin with some Chinese characters, and the LSTM goes on; most lines come out with exactly seven. The shade is the cell that follows the place in the line.",
  },
};

const EXAMPLE = { english: "ROSALIND.\n", tang: "春風" };

function reader(model, text) {
  const w = engine.part(model, `${text}.`);
  const lstm = engine.part(w, "lstm.");
  const width = lstm.weight_hh_l0.shape[1];
  let state = [engine.tensor([1, width]), engine.tensor([1, width])];
  return {
    feed(id) {
      state = engine.lstmStep(engine.embedding([id], w["embedding.weight"]), state, lstm);
      return engine.linear(state[0], w["output.weight"], w["output.bias"]);
    },
    cell: (at) => Math.tanh(state[1].data[at]),
  };
}

export const forward = {
  logits(model, text, ids) { // after each character (T, V), from an empty state
    const { feed } = reader(model, text);
    return ids.map((id) => feed(id)).reduce((all, one) => engine.concat(all, one));
  },
};

export function start(root, model, language) {
  const say = WORDS[language] ?? WORDS.en;
  root.innerHTML = `
    <p><label>${say.text} <select autocomplete="off">${Object.entries(say.texts).map(([text, name]) => `<option value="${text}">${name}</option>`).join("")}</select></label></p>
    <div></div>`;
  const [select, place] = ["select", "div"].map((at) => root.querySelector(at));

  function open() {
    const text = select.value;
    const [signs, cell] = [[...model.facts.signs[text]], model.facts.cells[text]];
    let at = reader(model, text);
    const fresh = document.createElement("div"); // what ran in the old one stops
    place.replaceChildren(fresh);
    writer(fresh, language, {
      intro: say[text],
      example: EXAMPLE[text],
      encode(given) {
        const all = ["\n", ...given.replace(/\r/g, "")];
        return {
          ids: all.map((sign) => signs.indexOf(sign)).filter((id) => id >= 0),
          unknown: [...new Set(all.filter((sign) => !signs.includes(sign)))].join(" "),
        };
      },
      word: (id) => signs[id],
      reset: () => (at = reader(model, text)),
      feed: (id) => at.feed(id),
      shade: () => (at.cell(cell) + 1) / 2,
    });
  }

  select.addEventListener("change", open);
  open();
}
