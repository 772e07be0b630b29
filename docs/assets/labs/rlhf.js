// The stages of RLHF from snippets/rlhf.py: one prompt, a reply from each; and a reader who ranks.
import * as engine from "./engine.js";

const WORDS = {
  "zh-TW": {
    intro: "選四個詞當開頭，看各階段的模型怎麼接下去；後面是獎勵模型給的分數。模型只認得影評裡最常見的一千個英文詞。",
    prompt: "開頭（四個詞）",
    other: "換一個開頭",
    reply: "接下去",
    unknown: (word) => `模型不認得「${word}」`,
    four: "請給剛好四個詞",
    stages: { pretrained: "預訓練", sft: "SFT", ppo: "PPO", ppo_ptx: "PPO-ptx", ppo_free: "PPO，沒有 KL 懲罰" },
    table: ["模型", "接下去的話", "獎勵"],
    rank: "換你當評審：兩個回答來自不同階段，你喜歡哪一個？",
    better: (stages, p, agrees) => `你選的是 ${stages[0]}，另一個是 ${stages[1]}。獎勵模型認為你選的較好的機率是 ${p} %，${agrees ? "與你一致" : "與你相反"}。`,
  },
  en: {
    intro: "Choose four words to begin with and see how the model of each stage goes on; beside it stands the score of the reward model. The models know the thousand most frequent words of film reviews only.",
    prompt: "Beginning (four words)",
    other: "Another beginning",
    reply: "Go on",
    unknown: (word) => `The models do not know “${word}”`,
    four: "Please give exactly four words",
    stages: { pretrained: "pre-trained", sft: "SFT", ppo: "PPO", ppo_ptx: "PPO-ptx", ppo_free: "PPO without KL penalty" },
    table: ["Model", "Reply", "Reward"],
    rank: "Now you are the judge. The two replies come from different stages; which do you like better?",
    better: (stages, p, agrees) => `You chose ${stages[0]}; the other was ${stages[1]}. The reward model puts the probability that yours is better at ${p} % and ${agrees ? "agrees" : "disagrees"} with you.`,
  },
};

const REPLY = 8; // words

// Reads word by word, and says after each what the head makes of the state so far.
function reader(model, name, head) {
  const w = engine.part(model, `${name}.`);
  const gru = engine.part(w, "gru.");
  let state = engine.tensor([1, gru.weight_hh_l0.shape[1]]);
  return (word) => {
    state = engine.gruStep(engine.embedding([word], w["embedding.weight"]), state, gru);
    return engine.linear(state, w[`${head}.weight`], w[`${head}.bias`]);
  };
}

const last = (feed, words) => words.map((word) => feed(word)).at(-1);

export const forward = {
  logits: (model, stage, words) => last(reader(model, stage, "head"), words), // of the next word
  reward: (model, words) => last(reader(model, "reward", "score"), words),
};

function reply(model, stage, prompt) {
  const feed = reader(model, stage, "head");
  let logits = last(feed, prompt);
  return Array.from({ length: REPLY }, () => {
    const word = engine.sample(engine.softmax(logits));
    logits = feed(word);
    return word;
  });
}

export function start(root, model, language) {
  const say = WORDS[language] ?? WORDS.en;
  const { vocabulary, prompts } = model.facts;
  const number = new Map(vocabulary.map((word, n) => [word, n]));
  const stages = Object.keys(say.stages);
  root.innerHTML = `
    <p>${say.intro}</p>
    <p class="yl-panel__tools">
      <label>${say.prompt} <input type="text" autocomplete="off" autocapitalize="off" spellcheck="false"></label>
      <button type="button" class="yl-button" data-other>${say.other}</button>
      <button type="button" class="yl-button" data-reply>${say.reply}</button>
    </p>
    <p role="status"></p>
    <div class="yl-scroll" tabindex="0" role="region" aria-label="${say.table[1]}"><table><thead><tr>${say.table.map((head) => `<th scope="col">${head}</th>`).join("")}</tr></thead><tbody></tbody></table></div>
    <p>${say.rank}</p>
    <div class="yl-question"><ul data-pair></ul></div>
    <p role="status" data-verdict></p>`;
  const [input, status, body, pair, verdict] = ["input", "[role=status]", "tbody", "[data-pair]", "[data-verdict]"].map((at) => root.querySelector(at));
  const text = (words) => words.map((word) => vocabulary[word]).join(" ");
  let chosen = 0;

  function words() {
    const given = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    const strange = given.find((word) => !number.has(word));
    status.textContent = strange ? say.unknown(strange) : given.length === 4 ? "" : say.four;
    return status.textContent ? null : given.map((word) => number.get(word));
  }

  function go() {
    const prompt = words();
    if (!prompt) return;
    body.replaceChildren(...stages.map((stage) => {
      const said = reply(model, stage, prompt);
      const row = document.createElement("tr");
      const cells = [say.stages[stage], text(said), forward.reward(model, [...prompt, ...said]).data[0].toFixed(2)];
      row.append(...cells.map((content) => Object.assign(document.createElement("td"), { textContent: content })));
      return row;
    }));
    ask(prompt);
  }

  function ask(prompt) {
    verdict.textContent = "";
    const two = [...stages].sort(() => Math.random() - 0.5).slice(0, 2);
    const replies = two.map((stage) => reply(model, stage, prompt));
    const scores = replies.map((said) => forward.reward(model, [...prompt, ...said]).data[0]);
    pair.replaceChildren(...replies.map((said, n) => {
      const item = document.createElement("li");
      const button = Object.assign(document.createElement("button"), { type: "button", className: "yl-button yl-answer", textContent: text([...prompt, ...said]) });
      button.addEventListener("click", () => {
        const p = 1 / (1 + Math.exp(scores[1 - n] - scores[n])); // eq. (1): sigma(r_w - r_l)
        verdict.textContent = say.better([say.stages[two[n]], say.stages[two[1 - n]]], Math.round(100 * p), p > 0.5);
        for (const other of pair.querySelectorAll("button")) other.disabled = true;
      });
      item.append(button);
      return item;
    }));
  }

  function other() {
    input.value = prompts[chosen++ % prompts.length];
    go();
  }

  root.querySelector("[data-other]").addEventListener("click", other);
  root.querySelector("[data-reply]").addEventListener("click", go);
  input.addEventListener("keydown", (event) => event.key === "Enter" && go());
  other();
}
