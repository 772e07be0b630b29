// Ask the large model of snippets/gpt2.py, and watch it choose each token and where it looks.
import * as engine from "./engine.js";
import { tokenizer } from "./bpe.js";
import { writer } from "./text.js";

const INTRO = {
  "zh-TW": "這個模型只讀過關於各國首都、電話國碼與區域的英文句子。照例子的形式問它一個國家，一次寫一個詞元，看它在哪些答案之間猶豫、每一頭注意力看著哪裡。問它沒讀過的事，它照樣回答：這就是幻覺。",
  en: "This model has only read English sentences about the capitals, telephone codes and regions of countries. Ask it about a country in the form of the example, one token at a time, and see between which answers it hesitates and where each head of its attention looks. Asked about what it never read, it answers all the same; that is hallucination.",
};

// Keys and values of all tokens so far are kept, so that each new token costs one column.
function decoder(model) {
  const w = engine.part(model, "model.");
  const { heads } = model.facts;
  const [context] = w["place.weight"].shape;
  const layers = Object.keys(w).filter((name) => /^blocks\.\d+\.qkv\.weight$/.test(name)).length;
  const blocks = Array.from({ length: layers }, (_, layer) => engine.part(w, `blocks.${layer}.`));
  const nothing = () => blocks.map(() => ({}));
  let [kept, fed, looks] = [nothing(), [], []];

  function feed(id) {
    if (fed.length === context) { // full: begin again with the second half
      const half = fed.slice(context / 2);
      [kept, fed] = [nothing(), []];
      half.forEach(feed);
    }
    let x = engine.add(engine.embedding([id], w["token.weight"]), engine.row(w["place.weight"], fed.length));
    fed.push(id);
    for (const [layer, b] of blocks.entries()) {
      [x, looks[layer]] = engine.selfAttention(x, b, heads, true, kept[layer]);
      x = engine.feedForward(x, b);
    }
    return engine.linear(engine.layerNorm(x, w["norm.weight"], w["norm.bias"]), w["token.weight"]);
  }

  return { feed, layers, heads, looks: (layer, head) => [...engine.row(looks[layer], head).data] };
}

export const forward = {
  logits(model, ids) { // after each token (T, V)
    const { feed } = decoder(model);
    return ids.map((id) => feed(id)).reduce((all, one) => engine.concat(all, one));
  },
};

export function start(root, model, language) {
  const { encode, decode } = tokenizer(model.facts.vocabulary);
  let at = decoder(model);
  writer(root, language, {
    intro: INTRO[language] ?? INTRO.en,
    example: model.facts.example,
    encode: (text) => ({ ids: encode(`\n${text.trim()}`), unknown: "" }),
    word: (id) => decode([id]),
    reset: () => (at = decoder(model)),
    feed: (id) => at.feed(id),
    looks: (layer, head) => at.looks(layer, head),
    layers: at.layers,
    heads: at.heads,
  });
}
