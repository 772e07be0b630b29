// Type, and the LSTM of snippets/char_rnn.py goes on, character by character.
import * as engine from "./engine.js";
import { writer } from "./text.js";

const INTRO = {
  "zh-TW": "寫一段英文當開頭，LSTM 一個字元接一個字元寫下去。溫度低就照最有把握的寫，溫度高就大膽。",
  en: "Begin in English, and the LSTM goes on, character by character. At a low temperature it writes what it is surest of, at a high one it dares more.",
};

export const forward = {
  // The logits after each of the characters (T, V), from an empty state.
  logits(model, ids) {
    const feed = reader(model);
    return ids.map((id) => feed(id)).reduce((all, one) => engine.concat(all, one));
  },
};

function reader(model) {
  const w = engine.part(model, "model.");
  const lstm = engine.part(w, "lstm.");
  const width = lstm.weight_hh_l0.shape[1];
  let state = [engine.tensor([1, width]), engine.tensor([1, width])];
  return (id) => {
    state = engine.lstmStep(engine.embedding([id], w["embedding.weight"]), state, lstm);
    return engine.linear(state[0], w["output.weight"], w["output.bias"]);
  };
}

export function start(root, model, language) {
  const signs = model.facts.signs;
  let feed = reader(model);
  writer(root, language, {
    intro: INTRO[language] ?? INTRO.en,
    example: "KING HENRY:\nMy lord, ",
    encode(text) {
      const all = [...text.replace(/\r/g, "")];
      return {
        ids: all.map((sign) => signs.indexOf(sign)).filter((id) => id >= 0),
        unknown: [...new Set(all.filter((sign) => !signs.includes(sign)))].join(" "),
      };
    },
    word: (id) => signs[id],
    reset: () => (feed = reader(model)),
    feed: (id) => feed(id),
  });
}
