// Byte-pair encoding in the page: the tokenizer of snippets/bpe.py, and a text cut into its tokens.

const WORDS = {
  "zh-TW": {
    intro: "寫什麼都行，看它被切成哪些詞元。詞彙表是本頁那次執行從英文影評學來的，所以英文一個詞常常就是一個詞元，中文卻要一個位元組一個位元組地拼。",
    text: "文字",
    example: "The tokenizer was trained on film reviews. 中文怎麼辦？🙂",
    tokens: "詞元與編號",
    told: (tokens, bytes, words) => `${tokens} 個詞元，${bytes} 個位元組，${words} 個以空白分開的詞`,
  },
  en: {
    intro: "Write anything and see which tokens it is cut into. The vocabulary is what the run of this page learnt from English film reviews; an English word is often one token, while Chinese has to be spelt byte by byte.",
    text: "Text",
    example: "The tokenizer was trained on film reviews. 中文怎麼辦？🙂",
    tokens: "Tokens and their numbers",
    told: (tokens, bytes, words) => `${tokens} tokens, ${bytes} bytes, ${words} words between spaces`,
  },
};

// Bytes are written as strings of characters 0 to 255, one a byte.
const PATTERN = /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu;
const toBytes = (text) => Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join("");

export function tokenizer(vocabulary) {
  const number = new Map(vocabulary.map((token, n) => [token, n]));

  function merged(piece) { // the pair with the lowest number first, until none can be merged
    const parts = [...piece];
    while (parts.length > 1) {
      let [best, at] = [Infinity, -1];
      for (let i = 0; i + 1 < parts.length; i++) {
        const rank = number.get(parts[i] + parts[i + 1]) ?? Infinity;
        if (rank < best) [best, at] = [rank, i];
      }
      if (at < 0) break;
      parts.splice(at, 2, parts[at] + parts[at + 1]);
    }
    return parts;
  }

  return {
    encode: (text) => (text.match(PATTERN) ?? []).flatMap((piece) => merged(toBytes(piece)).map((token) => number.get(token))),
    // A token may end in the middle of a character, so text is decoded for many tokens together.
    decode: (ids) => new TextDecoder().decode(Uint8Array.from(ids.map((id) => vocabulary[id]).join(""), (char) => char.charCodeAt(0))),
  };
}

export const forward = { encode: (vocabulary, text) => tokenizer(vocabulary).encode(text) };

export function start(root, model, language) {
  const say = WORDS[language] ?? WORDS.en;
  const { encode, decode } = tokenizer(model.facts.vocabulary);
  root.innerHTML = `
    <p>${say.intro}</p>
    <label>${say.text}<textarea rows="3" spellcheck="false" autocomplete="off"></textarea></label>
    <p role="status"></p>
    <ol class="yl-tokens" aria-label="${say.tokens}"></ol>`;
  const [editor, list] = ["textarea", "ol"].map((at) => root.querySelector(at));

  function show() {
    const ids = encode(editor.value);
    const bytes = new TextEncoder().encode(editor.value).length;
    const words = editor.value.split(/\s+/).filter(Boolean).length;
    root.querySelector("[role=status]").textContent = say.told(ids.length, bytes, words);
    list.replaceChildren(...ids.map((id) => {
      const item = document.createElement("li");
      const text = decode([id]);
      item.textContent = text.includes("\ufffd") ? [...model.facts.vocabulary[id]].map((byte) => byte.charCodeAt(0).toString(16)).join(" ") : text;
      item.append(Object.assign(document.createElement("small"), { textContent: id }));
      return item;
    }));
  }

  editor.value = say.example;
  editor.addEventListener("input", show);
  show();
}
