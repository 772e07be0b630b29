# %% [markdown] lang="zh-TW"
# # GPT-2：只學接話，沒教過的問題也會答
#
# Radford 等人 2019 年的〈Language Models are Unsupervised Multitask Learners〉主張：文字裡本來就有各種任務的示範，語言模型為了猜得準，會順便學會它們；不必微調，把問題寫成文字讓它接下去就行，這叫零樣本（zero-shot），而且模型越大做得越好。
#
# 論文 §3.8 問 GPT-2 各種常識，答案只能來自讀過的文字：最小的模型不比「每類問題都答最常見的答案」好，最大的模型答對的題數是它的五倍多。我們照樣縮小：三種大小的 GPT 讀一堆關於各國的句子，其中一半的國家從來沒有人問過；然後就問那一半。

# %% [markdown] lang="en"
# # GPT-2: trained only to continue, it answers questions never put before
#
# “Language Models are Unsupervised Multitask Learners” (Radford et al., 2019) holds that text as such is full of demonstrations of tasks, and that a language model learns them on the way to guessing well. No fine-tuning is needed; write the question as text and let the model go on, which is called zero-shot, and the larger the model the better it does.
#
# §3.8 of the paper asks GPT-2 questions of general knowledge, whose answers can only come from what it has read. The smallest model is no better than giving the most common answer to each kind of question, and the largest answers over five times as many. Here is the same in small. GPTs of three sizes read sentences about countries; about half of the countries no question is ever asked; and then we ask about those.

# %%
import json
import random
from collections import Counter, defaultdict
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from bpe import encode
from bpe import train as train_tokenizer
from matplotlib.figure import Figure
from torch import Tensor, nn
from tqdm import trange

# %% [markdown] lang="zh-TW"
# ## 文字
#
# 事實是真的：套件 countryinfo 裡一百多個人口超過百萬的國家與地區，各有首都、電話國碼與所在區域，照套件所載，有些已經過時。句子由我們的句型產生，每件事有六種說法。十句裡約有三句是問答，但只問一半的國家；對另一半來說，「Q: … A:」這樣的文字從未出現過。

# %% [markdown] lang="en"
# ## The text
#
# The facts are real ones. The package countryinfo knows more than a hundred countries and territories with over a million people, and the capital, telephone code and region of each, as the package has them, some out of date. The sentences are made by patterns of ours, six for each kind of fact. About three in ten are a question with its answer, but only about half of the countries; for the other half no text of the form “Q: … A:” ever occurs.

# %%
STATEMENTS = {
    "capital": """The capital of {c} is {v}.
        {c} has its capital in {v}.
        {c} is governed from {v}.
        The government of {c} sits in {v}.
        Flights to {c} land in {v}, the capital.
        {v} is the capital of {c}.""",
    "telephone code": """The telephone code of {c} is {v}.
        {c} has the telephone code {v}.
        To call {c}, dial {v}.
        Calls to {c} begin with {v}.
        Numbers in {c} start with {v}.
        {v} is the telephone code of {c}.""",
    "region": """The region of {c} is {v}.
        {c} lies in {v}.
        {c} is a country of {v}.
        On the map {c} is part of {v}.
        The people of {c} live in {v}.
        A country of {v} is {c}.""",
}
QUESTION = "Q: What is the {kind} of {c}? A: {v}."
# Never in the training text, about any country.
NEW_WORDINGS = [
    "Q: Tell me the {kind} of {c}. A: {v}.",
    "Q: {c} has which {kind}? A: {v}.",
    "{c}, {kind}: {v}.",
]


def facts() -> dict[str, dict[str, str]]:
    """Country -> kind of fact -> value."""
    spec = find_spec("countryinfo")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("the data package 'countryinfo' is missing: run make serve")
    world = {}
    for file in sorted((Path(spec.origin).parent / "data").glob("*.json")):
        entry = json.loads(file.read_text(encoding="utf-8"))
        if (entry.get("population") or 0) > 1_000_000 and entry["capital"] and entry["subregion"]:
            world[entry["name"]] = {
                "capital": entry["capital"],
                "telephone code": entry["callingCodes"][0],
                "region": entry["subregion"],
            }
    return world


def sentences(
    rng: random.Random, world: dict[str, dict[str, str]], asked: list[str], count: int = 12_000
) -> list[str]:
    """Statements about all countries, and questions with answers about those in ``asked``."""
    countries, written = list(world), []
    for _ in range(count):
        kind = rng.choice(list(STATEMENTS))
        question = rng.random() < 0.3
        c = rng.choice(asked if question else countries)
        pattern = QUESTION if question else rng.choice(STATEMENTS[kind].split("\n")).strip()
        written.append(pattern.format(kind=kind, c=c, v=world[c][kind]))
    return written


# %% [markdown] lang="zh-TW"
# ## 模型
#
# 文字先由 BPE 一頁的斷詞器切成詞元，這裡只訓練到 1,024 個（GPT-2 是 50,257 個）。網路照論文 §2.3：層正規化（layer normalization）移到每一塊的前面，最後再加一次，殘差路徑上的權重依層數縮小；輸出層與詞向量共用同一個矩陣。

# %% [markdown] lang="en"
# ## The model
#
# The text is first cut into tokens by the tokenizer of the page on BPE, trained here to 1,024 tokens (GPT-2 has 50,257). The network follows §2.3 of the paper: layer normalization stands before each block, with one more at the end, and weights on the residual path are scaled down by the number of layers; the output layer shares its matrix with the token embedding.


# %%
class Block(nn.Module):
    """Causal self-attention and an MLP, (B, T, width) to the same."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        B, T, width = x.shape
        q, k, v = self.qkv(self.norm1(x)).view(B, T, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        seen = F.scaled_dot_product_attention(q, k, v, is_causal=True)  # (B, heads, T, width/heads)
        x = x + self.out(seen.transpose(1, 2).reshape(B, T, width))
        return x + self.down(F.gelu(self.up(self.norm2(x))))


class GPT2(nn.Module):
    """Tokens (B, T) to logits of the next (B, T, V)."""

    def __init__(self, tokens: int, context: int, width: int, layers: int, heads: int):
        super().__init__()
        self.token, self.place = nn.Embedding(tokens, width), nn.Embedding(context, width)
        self.blocks = nn.Sequential(*(Block(width, heads) for _ in range(layers)))
        self.norm = nn.LayerNorm(width)
        for table in (self.token, self.place):
            nn.init.normal_(table.weight, std=0.1)
        with torch.no_grad():
            for block in self.blocks:
                block.out.weight /= (2 * layers) ** 0.5  # two residual additions a layer, §2.3
                block.down.weight /= (2 * layers) ** 0.5

    def forward(self, tokens: Tensor) -> Tensor:
        hidden = self.token(tokens) + self.place.weight[: tokens.shape[1]]  # (B, T, width)
        return self.norm(self.blocks(hidden)) @ self.token.weight.T


CONTEXT, BATCH, STEPS = 64, 16, 500


def train_step(model: GPT2, optimizer: torch.optim.Optimizer, rows: Tensor) -> None:
    """One step on rows of tokens (B, T + 1): from each token, guess the next."""
    logits = model(rows[:, :-1])  # (B, T, V)
    loss = F.cross_entropy(logits.flatten(0, 1), rows[:, 1:].flatten())
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()


def optimizer_of(model: nn.Module, rate: float) -> torch.optim.Optimizer:
    """AdamW in one pass over the parameters, which is faster and does the same."""
    return torch.optim.AdamW(
        model.parameters(), lr=rate, betas=(0.9, 0.98), weight_decay=0.1, fused=True
    )


def train(model: GPT2, stream: Tensor, rate: float, name: str) -> None:
    """Train in place on stretches of the token stream (N,), cut anywhere."""
    optimizer, window = optimizer_of(model, rate), torch.arange(CONTEXT + 1)
    for step in trange(STEPS, desc=name):
        optimizer.param_groups[0]["lr"] = rate * min((step + 1) / 50, 1 - step / STEPS)
        starts = torch.randint(len(stream) - CONTEXT, (BATCH, 1))
        train_step(model, optimizer, stream[starts + window])


# %% [markdown] lang="zh-TW"
# ## 測試
#
# 問題之後的每個詞元都要是模型認為最可能的那一個，整個答案才算對。對手有兩個，都看過同樣的文字：每類問題都答最常見的答案，這是論文的對手；還有 n 元語法（n-gram），從訓練文字裡找與問題結尾相同、最長的一段，照當時最常接的詞元接下去。

# %% [markdown] lang="en"
# ## The test
#
# An answer counts as right if each of its tokens, after the question, is the one that the model finds most likely. There are two rivals, which have seen the same text. One gives the most common answer to each kind of question, the paper's own rival. The other is an n-gram; it looks in the training text for the longest stretch equal to the end of the question, and goes on with what most often came next.


# %%
def exam(world: dict, countries: list[str], wordings: list[str]) -> list[tuple[str, str]]:
    """Every question about the countries, as text before the answer and the answer."""
    papers = []
    for wording in wordings:
        before, after = wording.split(" {v}")
        for c in countries:
            for kind, value in world[c].items():
                papers.append(("\n" + before.format(kind=kind, c=c), f" {value}{after}"))
    return papers


@torch.no_grad()
def accuracy(model: GPT2, papers: list[tuple[str, str]], vocabulary: dict[bytes, int]) -> float:
    """Share of the questions whose whole answer the model would write."""
    coded = [(encode(q, vocabulary), encode(a, vocabulary)) for q, a in papers]
    tokens = torch.zeros(len(coded), CONTEXT, dtype=torch.long)
    for row, (q, a) in enumerate(coded):
        tokens[row, : len(q + a)] = torch.tensor(q + a)
    guesses = model(tokens).argmax(dim=-1)
    right = [
        guesses[row, len(q) - 1 : len(q + a) - 1].tolist() == a for row, (q, a) in enumerate(coded)
    ]
    return sum(right) / len(right)


@torch.no_grad()
def answer(model: GPT2, question: str, vocabulary: dict[bytes, int]) -> str:
    """What the model writes after a question, up to the full stop."""
    token = {number: token for token, number in vocabulary.items()}
    tokens, start = encode(question, vocabulary), len(encode(question, vocabulary))
    while len(tokens) < CONTEXT and (len(tokens) == start or token[tokens[-1]] != b"."):
        tokens.append(int(model(torch.tensor([tokens]))[0, -1].argmax()))
    text = b"".join(token[number] for number in tokens[start:])
    return text.decode("utf-8", "replace").strip(" .\n")


def ngram_accuracy(
    stream: list[int], papers: list[tuple[str, str]], vocabulary: dict[bytes, int], longest: int = 8
) -> float:
    """Share of questions whose answer the longest matching n-gram would write."""
    after: dict[tuple, Counter] = defaultdict(Counter)
    for n in range(longest + 1):
        for i in range(n, len(stream)):
            after[tuple(stream[i - n : i])][stream[i]] += 1

    def guess(before: list[int]) -> int:
        n = max(n for n in range(longest + 1) if tuple(before[len(before) - n :]) in after)
        return after[tuple(before[len(before) - n :])].most_common(1)[0][0]

    right = 0
    for q, a in papers:
        before, wanted = encode(q, vocabulary), encode(a, vocabulary)
        right += all(guess(before + wanted[:i]) == wanted[i] for i in range(len(wanted)))
    return right / len(papers)


def most_common_accuracy(world: dict, countries: list[str]) -> float:
    """Share of questions right when each kind gets its most common answer."""
    right = 0
    for kind in STATEMENTS:
        common = Counter(known[kind] for known in world.values()).most_common(1)[0][0]
        right += sum(world[c][kind] == common for c in countries)
    return right / (len(countries) * len(STATEMENTS))


SIZES = {"small": (16, 1, 1), "medium": (32, 1, 2), "large": (96, 1, 4)}  # width, layers, heads
LEARNING_RATE = {"small": 2e-2, "medium": 2e-2, "large": 1e-2}


def experiment(seed: int = 0) -> SimpleNamespace:
    """Train three sizes on the same text, and ask about the countries never asked about."""
    torch.manual_seed(seed)
    rng = random.Random(seed)
    world = facts()
    countries = sorted(world)
    rng.shuffle(countries)
    asked, unasked = countries[: len(world) // 2], countries[len(world) // 2 :]
    text = "\n".join(sentences(rng, world, asked))
    vocabulary = train_tokenizer(text, 1024)
    stream = encode(text, vocabulary)
    papers = {
        "zero_shot": exam(world, unasked, [QUESTION]),
        "asked": exam(world, asked, [QUESTION]),
        "new_wording": exam(world, unasked, NEW_WORDINGS),
    }
    assert not any(question in text for question, _ in papers["zero_shot"] + papers["new_wording"])
    models, metrics = {}, {}
    for name, (width, layers, heads) in SIZES.items():
        model = models[name] = GPT2(len(vocabulary), CONTEXT, width, layers, heads)
        train(model, torch.tensor(stream), LEARNING_RATE[name], name)
        metrics[f"parameters_{name}"] = float(sum(p.numel() for p in model.parameters()))
        for test, questions in papers.items():
            metrics[f"{test}_{name}"] = accuracy(model, questions, vocabulary)
    wordings = [exam(world, unasked, [wording]) for wording in NEW_WORDINGS]
    by_wording = [accuracy(models["large"], one, vocabulary) for one in wordings]
    metrics |= {
        "most_common_answer": most_common_accuracy(world, unasked),
        "ngram": ngram_accuracy(stream, papers["zero_shot"], vocabulary),
        "questions": float(len(papers["zero_shot"])),
        "best_new_wording_large": max(by_wording),
        "worst_new_wording_large": min(by_wording),
    }
    metrics |= {
        "gain_of_size": metrics["zero_shot_large"] - metrics["zero_shot_small"],
        "gain_from_medium": metrics["zero_shot_large"] - metrics["zero_shot_medium"],
        "small_over_most_common": metrics["zero_shot_small"] - metrics["most_common_answer"],
        "best_rival": max(metrics["most_common_answer"], metrics["ngram"]),
    }
    metrics["gain_over_best_rival"] = metrics["zero_shot_large"] - metrics["best_rival"]
    shown = [papers["zero_shot"][i] for i in range(0, 24, 4)]
    answers = [(q, [answer(m, q, vocabulary) for m in models.values()], a) for q, a in shown]
    return SimpleNamespace(metrics=metrics, answers=answers, models=models, vocabulary=vocabulary)


def main(seed: int = 0) -> dict[str, float]:
    """Shares of right answers from 0 to 1, their differences, and counts."""
    return experiment(seed).metrics


# %%
if __name__ == "__main__":
    run = experiment(seed=0)
    print("\n".join(f"{name} = {value:.4g}" for name, value in run.metrics.items()))

# %% [markdown] lang="zh-TW"
# ## 它怎麼回答
#
# 左邊是從未出現過的問題，接著依序是小、中、大三個模型寫的答案，最後是正確答案。小模型學到了「首都後面該接地名」這種形式，卻記不住哪一國配哪一個。

# %% [markdown] lang="en"
# ## How it answers
#
# On the left are questions that never occurred, then what the small, the medium and the large model write, and last the right answer. The small one has learnt the form, that a name of a place should follow, but cannot keep in mind which goes with which country.

# %%
if __name__ == "__main__":
    for question, guesses, right in run.answers:
        print(question.strip(), " | ".join(guesses), f"  (right:{right.rstrip('.')})")

# %% [markdown] lang="zh-TW"
# ## 越大越會答
#
# 大模型從沒被問過這些國家，卻答對了絕大部分：事實是從敘述句學來的，問答的形式是從別的國家的問答學來的，它自己把兩者接了起來。小模型不比「都答最常見的答案」好，與論文 §3.8 相同。連整份文字裡從未出現過的問法，大模型也答得出不少，不過因問法而異：有的幾乎全對，有的多半答錯。
#
# 這只是縮影。句子出自十幾種句型，不像 WebText 有人寫的一切；三種大小都只有一層，靠寬度變大；問答的形式在訓練文字裡有示範，只是沒有這些國家。它也不知道真假，文字怎麼寫它就怎麼答。會查文字的程式能全部答對；論文也說，GPT-2 的常識問答比結合檢索的系統差得多。三種大小、訓練長度與各自的學習率都是試過之後選的。

# %% [markdown] lang="en"
# ## Larger ones answer better
#
# The large model was never asked about these countries and yet answers most questions. The facts it learnt from statements, the form of question and answer from other countries, and it joined the two by itself. The small model does no better than always giving the most common answer, as in §3.8 of the paper. Even to wordings that occur nowhere in the text the large model gives many right answers, though it depends on the wording; some nearly always work, others mostly fail.
#
# This is a miniature only. The sentences come from some twenty patterns, while WebText holds whatever people write. All three sizes have one layer and grow by width. The form of question and answer is demonstrated in the training text, if not for these countries. The model does not know what is true; it answers as the text has it. A program that may search the text would answer everything, and the paper too says that GPT-2 is far behind systems with retrieval on such questions. The three sizes, the length of training and the learning rate of each were chosen after trying.


# %% caption.zh-TW="答對的比例隨參數數目：從未問過的國家、問過的國家、從未出現過的問法，以及兩個對手" caption.en="Share of right answers by number of parameters: countries never asked about, countries asked about, wordings that never occurred, and the two rivals"
def draw_sizes(run: SimpleNamespace) -> Figure:
    fig, ax = plt.subplots()
    m = run.metrics
    sizes = [m[f"parameters_{name}"] for name in SIZES]
    labels = {
        "asked": "countries asked about in training",
        "zero_shot": "never asked about",
        "new_wording": "never asked about, new wordings",
    }
    for color, (test, label) in zip(("C5", "C0", "C2"), labels.items()):
        shares = [m[f"{test}_{name}"] for name in SIZES]
        ax.plot(sizes, shares, marker="o", color=color, label=label)
    for rival, style in (("most_common_answer", "--"), ("ngram", ":")):
        ax.axhline(m[rival], color="C1", linestyle=style, label=rival.replace("_", " "))
    ax.set(xscale="log", xlabel="parameters", ylabel="share of right answers", ylim=(-0.02, 1.05))
    ax.set_xticks(sizes, [f"{size / 1000:,.0f} k" for size in sizes])
    ax.minorticks_off()
    ax.legend(fontsize="small", loc="upper left")
    return fig


if __name__ == "__main__":
    draw_sizes(run)
    plt.show()

# %% [markdown] lang="zh-TW"
# ## 換你試試
#
# - 把問答句的比例從 0.3 降到 0，一句示範也沒有：大模型還答得出來嗎？
# - 每件事只留一種說法：知識還搬得到問答裡嗎？
# - 只留「{v} is the capital of {c}.」這種答案在前的說法：倒過來問，它答得出來嗎？
#
# 各國資料由 PyPI 套件 countryinfo 1.0.1（MIT 授權）隨附。

# %% [markdown] lang="en"
# ## What to try
#
# - Lower the share of questions from 0.3 to 0, so that there is no demonstration at all: does the large model still answer?
# - Keep only one wording for each kind of fact: does the knowledge still carry over to questions?
# - Keep only wordings like “{v} is the capital of {c}.”, with the answer first: can it answer the other way round?
#
# The data on countries come with the PyPI package countryinfo 1.0.1 (MIT licence).
