# %% [markdown] lang="zh-TW"
# # ChatGPT：同一個問題，三個階段的回答
#
# ChatGPT 在 2022 年 11 月 30 日公開，沒有論文，只有一篇短文〈ChatGPT: Optimizing Language Models for Dialogue〉（後來改題 Introducing ChatGPT）。文中說它是 InstructGPT 的手足模型，方法相同，只有蒐集資料的方式稍有不同：訓練者一人分飾使用者與助理，寫下整段對話，再混入改寫成對話格式的 InstructGPT 資料；比較用的回答，則取自訓練者與模型的對話。模型多大、資料多少，文中都沒說。
#
# RLHF 本身另有一頁，這裡看對話添了什麼。縮小版的助理聽使用者介紹身邊的人，然後回答「我的醫生是誰」；說過的要記得，沒說過的要承認不知道。同樣的對話分別交給預訓練、SFT（監督式微調）與 PPO 之後的模型，由裁判評分。

# %% [markdown] lang="en"
# # ChatGPT: the same question at three stages
#
# ChatGPT was opened on 30 November 2022 without a paper, only with a short post, “ChatGPT: Optimizing Language Models for Dialogue” (later retitled Introducing ChatGPT). It calls ChatGPT a sibling of InstructGPT, made with the same methods and slightly different data. Trainers wrote whole dialogues in which they played both the user and the assistant, mixed with the InstructGPT data turned into dialogues; the replies to compare came from conversations of trainers with the model. How large the model is and how much data it saw, the post does not say.
#
# RLHF itself has a page of its own; this one is about what dialogue adds. The assistant in miniature hears about the people whom the user knows and is then asked who the user's doctor is. What was said it should remember, and what was not said it should admit not to know. The same conversations go to the model after pre-training, after SFT (supervised fine-tuning) and after PPO, and a judge scores the replies.

# %%
import random
from copy import deepcopy
from types import SimpleNamespace

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from matplotlib.figure import Figure
from torch import Tensor, nn
from tqdm import trange

# %% [markdown] lang="zh-TW"
# ## 第零步的資料：純文字
#
# 純文字像一封信：介紹三個人，反覆提起，偶爾發問。問題後面有一半接著答案，另一半接著別的句子，所以讀這種文字長大的模型不一定會回答。短的文字在左邊補 `<pad>`。

# %% [markdown] lang="en"
# ## Data for step zero: plain text
#
# The plain text is like a letter. It introduces three people, comes back to them again and again, and now and then asks a question. Half of the questions are followed by their answer and half by some other sentence, so that a model raised on such text does not always answer. Short texts are filled up with `<pad>` on the left.

# %%
PEOPLE = "sister brother teacher doctor boss neighbour cousin aunt uncle friend".split()
NAMES = "anna ben carl dora emma finn gina hugo iris jack kate liam mia noah olga paul rosa sam tina walt".split()
THANKS = ["i see .", "thank you .", "how nice ."]
PAD, USER, BOT, END = range(4)
GRAMMAR = "my your is who and ? . i do not know no idea see thank you how nice".split()
WORDS = ["<pad>", "<user>", "<assistant>", "<end>", *GRAMMAR, *PEOPLE, *NAMES]
INDEX = {word: number for number, word in enumerate(WORDS)}
PROMPT, REPLY = 29, 9  # the longest of each, in tokens


def encode(text: str) -> list[int]:
    return [INDEX[word] for word in text.split()]


def tell(whose: str, person: str, name: str) -> str:
    return f"{whose} {person} is {name} ."


def unknown(whose: str, person: str) -> str:
    return f"i do not know {whose} {person} ."


def plain_text(rng: random.Random) -> list[int]:
    """A text of 24 to 39 tokens, filled up to 39."""
    whose, people, length = rng.choice(["my", "your"]), rng.sample(PEOPLE, 6), PROMPT + REPLY + 1
    names = dict(zip(people[:3], rng.sample(NAMES, 3)))
    text = [tell(whose, *pair) for pair in names.items()]
    while len(encode(" ".join(text))) < length:
        if rng.random() < 0.7:
            text.append(tell(whose, *rng.choice(list(names.items()))))
            continue
        person = rng.choice(people)
        text.append(f"who is {whose} {person} ?")
        if rng.random() < 0.5:
            known = person in names
            text.append(tell(whose, person, names[person]) if known else unknown(whose, person))
    tokens = encode(" ".join(text))[: rng.randint(24, length)]
    return [PAD] * (length - len(tokens)) + tokens


# %% [markdown] lang="zh-TW"
# ## 第一步的資料：不完美的示範
#
# 對話以 `<user>`、`<assistant>` 標出輪到誰說話，助理說完以 `<end>` 結束。六成的對話在第二輪發問，答案常在前一輪；四成是追問，例如 and my boss ?，不看前文就不知道在問什麼。被問到的人有一半從未提過。
#
# 寫示範的人並不完美：提過的人，8% 推說不知道，8% 亂答；沒提過的人，一半老實說不知道，一半照樣說出一個名字。後者正是那篇短文列出的限制：理想的答案取決於模型知道什麼，示範的人卻照自己知道的來寫。三成的回答只有一個名字，不成句子。這些比例是我們定的。

# %% [markdown] lang="en"
# ## Data for step one: imperfect demonstrations
#
# The tokens `<user>` and `<assistant>` tell whose turn it is, and the assistant ends with `<end>`. In six of ten conversations the question comes in the second turn, and its answer often in the first; the other four have a follow-up such as "and my boss ?", which means nothing without what came before. Half of the people asked for were never mentioned.
#
# Those who write demonstrations are not perfect. Of people who were mentioned they claim in 8 % of cases not to know, and in 8 % give any name; of people who were not, half of the demonstrations honestly say so and half give a name all the same. The last is a limitation which the post itself names: the ideal answer depends on what the model knows, and a demonstrator writes what the demonstrator knows. Three answers in ten are a bare name and no sentence. We set these shares.


# %%
def demonstrate(person: str, names: dict[str, str], rng: random.Random) -> str:
    name, luck = names.get(person), rng.random()
    if luck < (0.08 if name else 0.5):
        return unknown("your", person) if rng.random() < 0.7 else "no idea ."
    if name is None or luck < 0.16:
        name = rng.choice(NAMES)
    return tell("your", person, name) if rng.random() < 0.7 else f"{name} ."


def conversation(rng: random.Random) -> SimpleNamespace:
    """``tokens`` (38), ``learn``: which of them the assistant says, and the question's facts."""
    people, known, follow_up = rng.sample(PEOPLE, 4), rng.random() < 0.5, rng.random() < 0.4
    names = dict(zip(people[: 2 if follow_up else 3], rng.sample(NAMES, 3)))
    facts = [tell("my", *pair) for pair in names.items()]
    if follow_up:
        first, asked = people[0], people[1] if known else people[3]
        answer = rng.choice([tell("your", first, names[first]), f"{names[first]} ."])
        opening = f"{' '.join(rng.sample(facts, 2))} who is my {first} ?"
        turns = [opening, answer, f"and my {asked} ?"]
    else:
        asked = rng.choice(people[:3]) if known else people[3]
        turns = [" ".join(facts[:2]), rng.choice(THANKS), f"{facts[2]} who is my {asked} ?"]
    pieces = [[USER, *encode(turns[0])], [BOT, *encode(turns[1]), END], [USER, *encode(turns[2])]]
    prompt = [*(token for piece in pieces for token in piece), BOT]
    reply = [*encode(demonstrate(asked, names, rng)), END]
    left, right = [PAD] * (PROMPT - len(prompt)), [PAD] * (REPLY - len(reply))
    spoken = [False] * (len(left) + len(pieces[0]) + 1) + [True] * (len(pieces[1]) - 1)
    spoken += [False] * (PROMPT - len(spoken)) + [True] * len(reply) + [False] * len(right)
    return SimpleNamespace(
        tokens=left + prompt + reply + right,
        learn=spoken,
        person=INDEX[asked],
        name=INDEX[names[asked]] if known else None,
        earlier=follow_up or asked != people[2],
        follow_up=follow_up,
    )


# %% [markdown] lang="zh-TW"
# ## 裁判：真正的偏好
#
# 裁判先看內容，再看形式。答對、或沒聽過而承認不知道，得 1 分；聽過卻推說不知道，0 分；其餘（說錯、編造、答非所問）-1 分。回答提到被問的人並且好好結束，再加 0.5。模型看不到這些規則，只看得到排序；而且排序的人會疏忽，每十個回答有一個拿到別的回答的分數。

# %% [markdown] lang="en"
# ## The judge: the true preference
#
# The judge looks at content first and form second. A right answer, or admitting not to know what was never said, scores 1; not to know what was said scores 0; all else (wrong, invented, beside the point) scores -1. A reply that names the person asked for and comes to its end gets 0.5 more. The models never see these rules, only rankings, and whoever ranks is careless at times: one reply in ten gets the score of some other.

# %%
NAMED = set(range(INDEX[NAMES[0]], len(WORDS)))


def judge(reply: list[int], case: SimpleNamespace) -> tuple[str, float]:
    """right, honest, evasive or wrong; and the score."""
    said = set(reply[: reply.index(END)] if END in reply else reply)
    if said & NAMED:
        kind = "right" if said & NAMED == {case.name} else "wrong"
    elif said & {INDEX["know"], INDEX["idea"]}:
        kind = "evasive" if case.name else "honest"
    else:
        kind = "wrong"
    score = {"right": 1.0, "honest": 1.0, "evasive": 0.0, "wrong": -1.0}[kind]
    return kind, score + 0.5 * (END in reply and case.person in said)


# %% [markdown] lang="zh-TW"
# ## 模型：小小的 GPT
#
# 兩層的解碼器 Transformer，有兩處不同於 GPT。順序不由位置編碼表示，而由一層只看四個詞元的卷積；注意力的鍵（key）取自前一個詞元，一開始又與查詢（query）相同。於是它天生會找：「剛寫的這幾個詞，前文出現在哪裡？後面接著什麼？」這正是 Olsson 等人（2022）在大模型裡找到的歸納頭（induction head），大模型自己會長出來；我們試過讓它自己長，同樣的時間裡有的種子學得會，有的學不會。產生文字時，看過的鍵與值（value）留著不重算。

# %% [markdown] lang="en"
# ## The model: a very small GPT
#
# A decoder Transformer of two layers, which differs from GPT in two points. Order is given by a convolution over four tokens and not by position embeddings; and the keys of attention are those of the token before, and begin equal to the queries. So by nature it asks where the words just written occurred before, and what came next. This is the induction head that Olsson et al. (2022) found in large models, where it grows by itself. We tried to let it grow here, and in the same time some seeds learnt it and others did not. While the model writes, the keys and values of what it has read are kept.


# %%
class Block(nn.Module):
    """Causal self-attention and an MLP, (B, L, width) to the same."""

    def __init__(self, width: int, heads: int = 4):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.mlp = nn.Sequential(
            nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width)
        )
        with torch.no_grad():
            q, k, _ = self.qkv.weight.chunk(3)
            k.copy_(q.mul_(3))

    def forward(self, x: Tensor, kept: list[Tensor]) -> Tensor:
        B, L, width = x.shape
        q, k, v = self.qkv(self.norm1(x)).view(B, L, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        if kept:
            k, v = torch.cat([kept[0], k], dim=2), torch.cat([kept[1], v], dim=2)
        kept[:] = k, v
        k = F.pad(k, (0, 0, 1, -1))  # each key is that of the token before
        seen = F.scaled_dot_product_attention(q, k, v, is_causal=L > 1)  # (B, heads, L, d)
        x = x + self.out(seen.transpose(1, 2).reshape(B, L, width))
        return x + self.mlp(self.norm2(x))


class GPT(nn.Module):
    """Tokens (B, L) to hidden states (B, L, width); ``head`` makes logits, ``value`` a number."""

    def __init__(self, width: int = 64, layers: int = 2):
        super().__init__()
        self.token, self.near = nn.Embedding(len(WORDS), width), nn.Conv1d(width, width, 4)
        self.blocks = nn.ModuleList(Block(width) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        self.head, self.value = nn.Linear(width, len(WORDS)), nn.Linear(width, 1)
        nn.init.zeros_(self.near.weight)
        with torch.no_grad():
            self.near.weight[:, :, 1:3] = torch.eye(width)[:, :, None] / 2

    def forward(self, x: Tensor, kept: list[list[Tensor]] | None = None) -> Tensor:
        embedded = self.token(x)
        near = self.near(F.pad(embedded.transpose(1, 2), (3, 0))).transpose(1, 2)
        hidden = embedded + near
        if kept and kept[0]:  # only the newest token has not been read
            hidden = hidden[:, -1:]
        for number, block in enumerate(self.blocks):
            hidden = block(hidden, kept[number] if kept else [])
        return self.norm(hidden)


def fit(model: GPT, x: Tensor, learn: Tensor, steps: int, rate: float, name: str) -> None:
    """Predict the next token wherever ``learn`` (N, L) is true."""
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=rate, betas=(0.9, 0.98), weight_decay=0.1, fused=True
    )
    for step in trange(steps, desc=name):
        optimizer.param_groups[0]["lr"] = rate * min((step + 1) / 50, 1, 3 * (1 - step / steps))
        rows = torch.randint(len(x), (16,))
        logits, wanted = model.head(model(x[rows, :-1])), learn[rows, 1:]
        loss = F.cross_entropy(logits[wanted], x[rows, 1:][wanted])
        step_along(optimizer, loss)


def step_along(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(optimizer.param_groups[0]["params"], 1.0)
    optimizer.step()


@torch.no_grad()
def answer(model: GPT, prompts: Tensor, greedy: bool = False) -> Tensor:
    """Sample replies of at most 9 tokens, (B, 29) -> (B, 38)."""
    x, kept = prompts, [[] for _ in model.blocks]
    ended, hidden = torch.zeros(len(x), 1, dtype=torch.bool), model(x, kept)
    for _ in range(REPLY):
        p = model.head(hidden[:, -1]).softmax(dim=-1)
        word = p.argmax(dim=-1, keepdim=True) if greedy else torch.multinomial(p, 1)
        word = word.masked_fill(ended, PAD)
        ended |= word == END
        x = torch.cat([x, word], dim=1)
        hidden = model(x[:, -4:], kept)
    return x


# %% [markdown] lang="zh-TW"
# ## 第二步：從比較學獎勵
#
# SFT 模型對同一段對話抽 $K = 4$ 個回答，獎勵模型（reward model）學著讓排在前面的分數較高（InstructGPT 式 (1)）；同分的不比。它從 SFT 模型改裝而成。InstructGPT 在最後一個詞元讀分數，我們取整個回答各詞元的平均，學得比較快。

# %% [markdown] lang="en"
# ## Step two: a reward from comparisons
#
# The SFT model gives $K = 4$ replies to the same conversation, and the reward model learns to score those ranked first higher (eq. (1) of InstructGPT); ties are not compared. It is made from the SFT model. InstructGPT reads the score at the last token; ours is the mean over the tokens of the reply, which is learnt sooner.


# %%
def reward(model: GPT, x: Tensor) -> Tensor:
    """Scores (B,) of the replies that end ``x`` (B, 38)."""
    spoken = (x[:, PROMPT:] != PAD).float()
    return (model.value(model(x)[:, PROMPT:])[..., 0] * spoken).sum(dim=1) / spoken.sum(dim=1)


def train_reward(sft: GPT, x: Tensor, y: Tensor, steps: int = 350, rate: float = 1e-3) -> GPT:
    """``x`` (prompts, K, 38) and the ranking ``y`` (prompts, K)."""
    model = deepcopy(sft)
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=0.1, fused=True)
    for step in trange(steps, desc="reward model"):
        optimizer.param_groups[0]["lr"] = rate * min((step + 1) / 20, 1, 2 * (1 - step / steps))
        rows = torch.randint(len(x), (10,))
        r = reward(model, x[rows].flatten(0, 1)).view(10, -1)  # (10, K)
        better = (y[rows][:, :, None] > y[rows][:, None]).float()  # (10, K, K)
        loss = -(better * F.logsigmoid(r[:, :, None] - r[:, None])).sum() / better.sum()
        step_along(optimizer, loss)
    with torch.no_grad():  # mean 0 and deviation 1 on the replies of SFT
        r = reward(model, x.flatten(0, 1))
        model.value.weight /= r.std()
        model.value.bias.copy_((model.value.bias - r.mean()) / r.std())
    return model


@torch.no_grad()
def ranking_accuracy(model: GPT, x: Tensor, y: Tensor) -> float:
    """Share of pairs with different scores that the model orders as ``y`` does."""
    r = reward(model, x.flatten(0, 1)).view(y.shape)
    better = y[:, :, None] > y[:, None]
    return float(((r[:, :, None] > r[:, None]) & better).sum() / better.sum())


# %% [markdown] lang="zh-TW"
# ## 第三步：PPO
#
# 每個詞元的獎勵是 $-\beta$ 乘上與 SFT 的對數機率差，最後一個詞元再加上獎勵模型的分數（InstructGPT 式 (2)，$\gamma = 0$）。優勢（advantage）是之後的報酬減去價值（value）；價值由策略自己的隱藏狀態估計，InstructGPT 則另用一個網路。機率比超出 $1 \pm \epsilon$ 就截斷（PPO 式 (7)）。

# %% [markdown] lang="en"
# ## Step three: PPO
#
# The reward of each token is $-\beta$ times the difference of its log-probability to that under SFT, and the last token receives the score of the reward model in addition (eq. (2) of InstructGPT with $\gamma = 0$). The advantage is the return from there on, less the value, which is read from the policy's own hidden state, where InstructGPT has a separate network. The ratio of probabilities is clipped at $1 \pm \epsilon$ (eq. (7) of PPO).


# %%
def logprobs_and_values(model: GPT, x: Tensor) -> tuple[Tensor, Tensor]:
    """Of each token of the reply: its log-probability, and the value before it (B, 9)."""
    hidden = model(x[:, :-1])[:, PROMPT - 1 :]
    logp = model.head(hidden).log_softmax(dim=-1).gather(-1, x[:, PROMPT:, None])[..., 0]
    return logp, model.value(hidden.detach())[..., 0]


def ppo(sft: GPT, judged_by: GPT, prompts: Tensor, watch, beta=0.2, epsilon=0.2, iterations=40):
    """Train a copy of SFT; returns it and what ``watch`` says every fifth iteration."""
    policy, log = deepcopy(sft), [watch(sft)]
    nn.init.zeros_(policy.value.weight)
    nn.init.zeros_(policy.value.bias)
    optimizer = torch.optim.Adam(policy.parameters(), lr=3e-4, fused=True)
    for iteration in trange(1, iterations + 1, desc="PPO"):
        x = answer(policy, prompts[torch.randint(len(prompts), (64,))])
        spoken = (x[:, PROMPT:] != PAD).float()
        with torch.no_grad():
            old, value = logprobs_and_values(policy, x)
            rewards = -beta * (old - logprobs_and_values(sft, x)[0]) * spoken  # (B, 9)
            rewards[range(len(x)), spoken.sum(dim=1).long() - 1] += reward(judged_by, x)
            returns = rewards.flip(1).cumsum(dim=1).flip(1)
            advantages = returns - value
        for _ in range(3):
            logp, value = logprobs_and_values(policy, x)
            ratio = (logp - old).exp()
            clipped = ratio.clamp(1 - epsilon, 1 + epsilon)
            objective = torch.min(ratio * advantages, clipped * advantages)
            loss = 0.5 * (value - returns).square() - objective
            step_along(optimizer, (loss * spoken).sum() / spoken.sum())
        if iteration % 5 == 0:
            log.append(watch(policy))
    return policy, log


# %% [markdown] lang="zh-TW"
# ## 實驗
#
# 預訓練的模型沒見過角色詞元，所以給它的對話去掉角色，當成純文字讓它接。對手有兩個：SFT 每步都取機率最高的詞（greedy），以及 SFT 抽四個回答、由獎勵模型挑一個（best of 4）。還有一個對照：只把最後一輪交給 PPO 的模型，看它是否真的靠前文回答。

# %% [markdown] lang="en"
# ## The experiment
#
# The pre-trained model never saw the tokens for roles; its conversations come without them, as plain text to continue. There are two rivals: SFT taking the likeliest word at every step (greedy), and SFT with four replies, of which the reward model picks one (best of 4). As a control the model after PPO is given the last turn alone, to see whether its answers do come from the turns before.


# %%
def only(x: Tensor, keep) -> Tensor:
    """Prompts (B, 29) of the tokens that ``keep`` leaves of each, filled up on the left."""
    rows = [keep([token for token in row if token != PAD]) for row in x.tolist()]
    return torch.tensor([[PAD] * (PROMPT - len(row)) + row for row in rows])


def last_turn(row: list[int]) -> list[int]:
    return row[len(row) - 1 - row[::-1].index(USER) :]


def share(verdicts, cases, kind: str, among) -> float:
    """How often the verdict is ``kind`` in the cases that ``among`` accepts."""
    kinds = [verdict[0] for verdict, case in zip(verdicts, cases) if among(case)]
    return kinds.count(kind) / len(kinds)


def win_rate(ours, theirs) -> float:
    """How often the judge prefers ours; a tie counts half."""
    wins = [(a > b) + (a == b) / 2 for (_, a), (_, b) in zip(ours, theirs)]
    return sum(wins) / len(wins)


def experiment(seed: int = 0) -> SimpleNamespace:
    """All stages, their rivals, and the judge's verdicts on 600 unseen conversations."""
    torch.manual_seed(seed)
    rng = random.Random(seed)
    texts = torch.tensor([plain_text(rng) for _ in range(8000)])
    talks = [conversation(rng) for _ in range(6000)]
    x = torch.tensor([talk.tokens for talk in talks])
    learn = torch.tensor([talk.learn for talk in talks])
    prompts, cases, test = x[:, :PROMPT], talks[5400:], x[5400:, :PROMPT]

    pretrained = GPT()
    fit(pretrained, texts, texts != PAD, 700, 4e-3, "pre-training")
    sft = deepcopy(pretrained)
    fit(sft, x[:2000], learn[:2000], 300, 3e-3, "SFT")

    groups, k = 1400, 4
    sampled = answer(sft, prompts[2000 : 2000 + groups].repeat_interleave(k, dim=0))
    scores = judged(sampled, [talk for talk in talks[2000 : 2000 + groups] for _ in range(k)])
    true = torch.tensor([score for _, score in scores])
    careless = torch.rand(len(true)) < 0.1
    labels = torch.where(careless, true[torch.randperm(len(true))], true).view(groups, k)
    true, sampled = true.view(groups, k), sampled.view(groups, k, -1)
    reward_model = train_reward(sft, sampled[:1200], labels[:1200])

    @torch.no_grad()
    def watch(policy: GPT) -> dict[str, float]:
        replies = answer(policy, test[:200])
        ours, theirs = (logprobs_and_values(m, replies)[0] for m in (policy, sft))
        return {
            "reward": float(reward(reward_model, replies).mean()),
            "preference": sum(score for _, score in judged(replies, cases)) / 200,
            "kl": float(((ours - theirs) * (replies[:, PROMPT:] != PAD)).sum(dim=1).mean()),
        }

    policy, log = ppo(sft, reward_model, prompts[2000:5400], watch)
    many = answer(sft, test.repeat_interleave(4, dim=0))
    with torch.no_grad():
        best = reward(reward_model, many).view(-1, 4).argmax(dim=1)
    replies = {
        "pre-trained": answer(pretrained, only(test, lambda row: [t for t in row if t > END])),
        "SFT": answer(sft, test),
        "PPO": answer(policy, test),
        "SFT, greedy": answer(sft, test, greedy=True),
        "SFT, best of 4": many.view(len(test), 4, -1)[range(len(test)), best],
        "last turn only": answer(policy, only(test, last_turn)),
    }
    verdicts = {name: judged(reply, cases) for name, reply in replies.items()}
    shares = {
        name: {
            "right": share(verdict, cases, "right", lambda case: case.name),
            "honest": share(verdict, cases, "honest", lambda case: not case.name),
            "evasive": share(verdict, cases, "evasive", lambda case: case.name),
            "win": win_rate(verdict, verdicts["SFT"]),
            "earlier": share(verdict, cases, "right", lambda case: case.name and case.earlier),
            "follow_up": share(verdict, cases, "right", lambda case: case.name and case.follow_up),
        }
        for name, verdict in verdicts.items()
    }
    first, second, third = (shares[name] for name in ("pre-trained", "SFT", "PPO"))
    metrics = {
        "win_rate_sft_over_pretrained": 1 - first["win"],
        "win_rate_ppo_over_sft": third["win"],
        "win_rate_ppo_over_best_of_4": win_rate(verdicts["PPO"], verdicts["SFT, best of 4"]),
        "win_rate_ppo_over_greedy": win_rate(verdicts["PPO"], verdicts["SFT, greedy"]),
        "smallest_win_rate_of_a_stage": min(1 - first["win"], third["win"]),
        "right_pretrained": first["right"],
        "right_sft": second["right"],
        "right_ppo": third["right"],
        "right_gain_sft": second["right"] - first["right"],
        "honest_pretrained": first["honest"],
        "honest_sft": second["honest"],
        "honest_greedy": shares["SFT, greedy"]["honest"],
        "honest_best_of_4": shares["SFT, best of 4"]["honest"],
        "honest_ppo": third["honest"],
        "honest_gain_ppo": third["honest"] - second["honest"],
        "evasive_sft": second["evasive"],
        "evasive_ppo": third["evasive"],
        "right_from_earlier_turns": third["earlier"],
        "right_from_last_turn_only": shares["last turn only"]["earlier"],
        "right_on_follow_ups": third["follow_up"],
        "gain_from_earlier_turns": third["earlier"] - shares["last turn only"]["earlier"],
        "reward_accuracy": ranking_accuracy(reward_model, sampled[1200:], true[1200:]),
        "label_accuracy": label_accuracy(labels, true),
        "kl_ppo": log[-1]["kl"],
    }
    examples = side_by_side(cases, replies)
    return SimpleNamespace(metrics=metrics, log=log, shares=shares, examples=examples)


def judged(x: Tensor, cases: list[SimpleNamespace]) -> list[tuple[str, float]]:
    return [judge(row[PROMPT:], case) for row, case in zip(x.tolist(), cases)]


def label_accuracy(labels: Tensor, true: Tensor) -> float:
    """Share of the truly different pairs that the careless labels order rightly."""
    better = true[:, :, None] > true[:, None]
    return float((better & (labels[:, :, None] > labels[:, None])).sum() / better.sum())


def side_by_side(cases: list[SimpleNamespace], replies: dict[str, Tensor]) -> list[str]:
    """The first unseen conversation of each kind, and the three stages' replies."""
    lines = []
    for follow_up, known in (False, True), (True, True), (False, False), (True, False):
        row = next(
            n for n, case in enumerate(cases)
            if case.follow_up == follow_up and bool(case.name) == known and (case.earlier or not known)
        )  # fmt: skip
        prompt = replies["SFT"][row, : PROMPT - 1].tolist()
        lines.append(" ".join(WORDS[token] for token in prompt if token != PAD))
        for name in ("pre-trained", "SFT", "PPO"):
            said = [WORDS[token] for token in replies[name][row, PROMPT:].tolist() if token != PAD]
            lines.append(f"    {name:<12} {' '.join(said)}")
    return lines


def main(seed: int = 0) -> dict[str, float]:
    """Shares and win rates from 0 to 1, their differences, and the KL in nats a reply."""
    return experiment(seed).metrics


# %%
if __name__ == "__main__":
    run = experiment(seed=0)
    print("\n".join(f"{name} = {value:.4g}" for name, value in run.metrics.items()))

# %% [markdown] lang="zh-TW"
# ## 並排來看
#
# 四段沒看過的對話：答案在前文的、追問的、從沒說過的，以及沒說過的追問。預訓練的模型只是接話；SFT 學會了回答，也學會了示範的人那種隨口編一個名字的毛病；PPO 之後，沒說過的就說不知道。

# %% [markdown] lang="en"
# ## Side by side
#
# Four conversations never seen: the answer stands in what came before, a follow-up, a person never mentioned, and a follow-up about one. The pre-trained model merely goes on. SFT has learnt to answer, and has learnt from its demonstrators to give some name all the same. After PPO the model says so when it was not told.

# %%
if __name__ == "__main__":
    print(*run.examples, sep="\n")

# %% [markdown] lang="zh-TW"
# ## 每個階段換來什麼
#
# 左圖是裁判的判決。SFT 換來的是答對：同一個預訓練模型，學過對話的形式之後才答得出來。PPO 換來的主要是誠實，隨口的錯也少了。從四個回答挑一個（best of 4）也能得到其中大半，只是每次都要多算四倍。OpenAI 的短文提醒過一種取捨：訓練得更謹慎，會使模型拒答它能答對的問題；「推說不知道」那一欄量的就是它。查得到前文的模型付的代價很小；我們試過一個沒學會查前文的，PPO 之後它幾乎什麼都推說不知道。
#
# 右圖是 PPO 的過程：學來的獎勵與真正的偏好一起上升，離 SFT 越來越遠（KL）。
#
# 這只是縮影：世界只有十種人與二十個名字，裁判是我們寫的規則，不完美的程度也是我們定的。它能說明的是機制，不是 ChatGPT 有多好。

# %% [markdown] lang="en"
# ## What each stage gains
#
# On the left are the judge's verdicts. SFT gains right answers; the same pre-trained model gives them only after learning the form of a dialogue. PPO gains honesty above all, and careless errors become fewer. Choosing one of four replies (best of 4) gains most of that as well, at four times the cost for every answer. OpenAI's post warns of a trade-off, that a model trained to be more cautious declines questions which it can answer correctly; the share of evasive replies measures it. A model that can look things up pays little. One that we tried, which had not learnt to, pleaded ignorance of nearly everything after PPO.
#
# On the right is the course of PPO. The learnt reward and the true preference rise together as the model moves away from SFT (KL).
#
# This is a miniature only. Its world has ten kinds of people and twenty names, the judge is a rule of ours, and we set how imperfect the demonstrations are. It shows the mechanism, and not how good ChatGPT is.


# %% caption.zh-TW="左：各階段答對、誠實承認不知道、推說不知道的比例；右：PPO 途中學來的獎勵、真正的偏好與 KL" caption.en="Left: shares of right answers, of honest and of evasive not-knowing at each stage; right: learnt reward, true preference and KL in the course of PPO"
def draw_stages(run: SimpleNamespace) -> Figure:
    fig, (left, right) = plt.subplots(1, 2, figsize=(7.4, 3.2))
    names = ["pre-trained", "SFT", "SFT, best of 4", "PPO"]
    kinds = {
        "right": "right, if told",
        "honest": "honest, if not told",
        "evasive": "evasive, if told",
    }
    for n, (kind, label) in enumerate(kinds.items()):
        places = [place + 0.27 * (n - 1) for place in range(len(names))]
        left.bar(places, [run.shares[name][kind] for name in names], width=0.25, label=label)
    left.set_xticks(range(len(names)), ["pre-\ntrained", "SFT", "SFT,\nbest of 4", "PPO"])
    left.set(ylabel="share of replies", ylim=(0, 1.3))
    left.legend(fontsize="small", loc="upper left")
    steps = [10 * n for n in range(len(run.log))]
    for name, label in (
        ("reward", "learnt reward"),
        ("preference", "true preference"),
        ("kl", "KL to SFT (nats)"),
    ):
        right.plot(steps, [entry[name] for entry in run.log], marker=".", label=label)
    right.set(xlabel="iteration of PPO")
    right.legend(fontsize="small")
    return fig


if __name__ == "__main__":
    draw_stages(run)
    plt.show()

# %% [markdown] lang="zh-TW"
# ## 換你試試
#
# - 讓示範的人完美（把兩個 0.08 與 0.5 改掉）：還需要後面兩步嗎？
# - 把裁判對推說不知道的 0 分改成 -1 分，或改成 1 分：模型變得多大膽、多膽小？
# - 把 $\beta$ 從 0.1 改成 0：獎勵、偏好與 KL 各走到哪裡？
#
# 文字與對話由程式產生。

# %% [markdown] lang="en"
# ## What to try
#
# - Make the demonstrators perfect by changing 0.08 (twice) and 0.5: are the later steps still needed?
# - Let the judge give -1 instead of 0 for claiming not to know what was said, or give 1: how bold or timid does the model become?
# - Set $\beta$ from 0.1 to 0: where do reward, preference and KL go?
#
# Texts and dialogues are made by the program.
