# %% [markdown] lang="zh-TW"
# # GPT-3：不改權重，看幾個例子就會做
#
# Brown 等人 2020 年的〈Language Models are Few-Shot Learners〉主張：夠大的語言模型不必微調，在提示裡放幾個例子就會照做，一個權重也不必改；例子越多、模型越大，做得越好。這叫情境學習（in-context learning）。
#
# GPT-3 有 1750 億個參數，我們只有幾萬個，所以把世界縮小：每一串文字背後藏著一條規則 $y = ax + b \pmod{10}$，模型只學著猜下一個答案。測試時給它訓練中從未出現過的規則，看它能不能從幾個例子推出來。

# %% [markdown] lang="en"
# # GPT-3: without changing a weight, a few examples suffice
#
# “Language Models are Few-Shot Learners” (Brown et al., 2020) holds that a language model that is large enough needs no fine-tuning; with a few examples in the prompt it goes on accordingly, without changing a single weight, and does so better the more examples there are and the larger it is. This is in-context learning.
#
# GPT-3 has 175 billion parameters and we have some ten thousand, so the world is made small. Behind every sequence hides a rule $y = ax + b \pmod{10}$, and the model only learns to guess the next answer. In the test the rules are ones that training never showed; can it infer them from a few examples?

# %%
from types import SimpleNamespace

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from matplotlib.figure import Figure
from torch import Tensor, nn
from tqdm import trange

# %% [markdown] lang="zh-TW"
# ## 資料：規則藏在例子裡
#
# $a$ 有 1、3、7、9 四種，$b$ 有 0 到 9 十種，共四十條規則；每種 $a$ 隨機留下兩條，只用來測試。一串有八個問題，$x$ 各不相同，所以答案不能照抄前面的例子，非推出規則不可。

# %% [markdown] lang="en"
# ## Data: the rule hides in the examples
#
# $a$ is one of 1, 3, 7 and 9, and $b$ one of 0 to 9, which makes forty rules; two for each $a$, chosen at random, are kept for testing. A sequence has eight questions whose $x$ all differ, so that no answer can be copied from an example; the rule must be inferred.

# %%
NUMBERS, QUESTIONS = 10, 8
RULES = torch.tensor([(a, b) for a in (1, 3, 7, 9) for b in range(NUMBERS)])


def questions(count: int, rules: Tensor) -> tuple[Tensor, Tensor]:
    """x and y (count, 8), one rule a row."""
    a, b = rules[torch.randint(len(rules), (count,))].T[:, :, None]  # (count, 1) each
    x = torch.rand(count, NUMBERS).argsort(dim=1)[:, :QUESTIONS]
    return x, (a * x + b) % NUMBERS


def best_possible(count: int = 2000) -> list[float]:
    """Accuracy of one who knows all forty rules and keeps those that fit the examples so far."""
    x, y = questions(count, RULES)
    answers = (RULES[:, :1, None] * x + RULES[:, 1:, None]) % NUMBERS  # (40, count, 8)
    accuracy = []
    for k in range(QUESTIONS):
        fits = (answers[:, :, :k] == y[:, :k]).all(dim=2)  # (40, count)
        votes = torch.zeros(count, NUMBERS).scatter_add(1, answers[:, :, k].T, fits.T.float())
        accuracy.append(float((votes.max(dim=1).values / fits.sum(dim=0)).mean()))
    return accuracy


# %% [markdown] lang="zh-TW"
# ## 模型：小小的 GPT
#
# 解碼器（decoder）式的 Transformer：問題與答案交錯成 16 個詞元（token），每個位置只看得到前面，在問題的位置猜答案。層正規化放在每一塊的前面，與 GPT-2、GPT-3 相同（論文 §2.1）。

# %% [markdown] lang="en"
# ## The model: a very small GPT
#
# A Transformer of the decoder kind. Questions and answers alternate as 16 tokens, each place sees only what comes before, and at a question the answer is guessed. Layer normalization stands before each block, as in GPT-2 and GPT-3 (§2.1 of the paper).


# %%
class Block(nn.Module):
    """Causal self-attention and an MLP, (B, T, width) to the same."""

    def __init__(self, width: int, heads: int = 4):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.mlp = nn.Sequential(
            nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width)
        )

    def forward(self, x: Tensor) -> Tensor:
        B, T, width = x.shape
        q, k, v = self.qkv(self.norm1(x)).view(B, T, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        seen = F.scaled_dot_product_attention(q, k, v, is_causal=True)  # (B, heads, T, width/heads)
        x = x + self.out(seen.transpose(1, 2).reshape(B, T, width))
        return x + self.mlp(self.norm2(x))


class GPT(nn.Module):
    """Questions and answers (B, 8) to logits of every answer (B, 8, 10)."""

    def __init__(self, width: int, layers: int):
        super().__init__()
        self.token = nn.Embedding(2 * NUMBERS, width)  # numbers as questions and as answers
        self.place = nn.Embedding(2 * QUESTIONS, width)
        self.blocks = nn.Sequential(*(Block(width) for _ in range(layers)))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, NUMBERS)
        for table in (self.token, self.place):
            nn.init.normal_(table.weight, std=0.1)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        tokens = torch.stack([x, y + NUMBERS], dim=2).flatten(1)[:, :-1]  # (B, 15)
        hidden = self.blocks(self.token(tokens) + self.place.weight[:-1])
        return self.head(self.norm(hidden))[:, ::2]


def train(model: GPT, rules: Tensor, name: str, steps: int = 2500) -> None:
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=3e-3, betas=(0.9, 0.98), weight_decay=0.1, fused=True
    )
    for step in trange(steps, desc=name):
        optimizer.param_groups[0]["lr"] = 3e-3 * min((step + 1) / 100, 1 - step / steps)
        x, y = questions(32, rules)
        loss = F.cross_entropy(model(x, y).flatten(0, 1), y.flatten())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()


# %% [markdown] lang="zh-TW"
# ## 測試
#
# 第 $k$ 題之前有 $k$ 個例子：零樣本（zero-shot）、單樣本（one-shot）、少樣本（few-shot）。對照組把例子的答案打亂：如果它真的從例子學，亂掉的例子就該幫不上忙。

# %% [markdown] lang="en"
# ## The test
#
# Before question $k$ there are $k$ examples: zero-shot, one-shot, few-shot. As a control the examples' answers are replaced by random ones; if the model does learn from examples, wrong ones should be of no help.


# %%
@torch.no_grad()
def accuracy(model: GPT, rules: Tensor, spoil: bool = False, count: int = 2000) -> list[float]:
    """Share of right answers after 0 to 7 examples."""
    x, y = questions(count, rules)
    shown = torch.randint(NUMBERS, y.shape) if spoil else y
    return (model(x, shown).argmax(dim=-1) == y).float().mean(dim=0).tolist()


SIZES = {"small": (16, 1), "medium": (32, 1), "large": (64, 2)}


def experiment(seed: int = 0) -> SimpleNamespace:
    """Train three sizes on 32 rules, and test them on the eight others."""
    torch.manual_seed(seed)
    order = torch.cat([row * NUMBERS + torch.randperm(NUMBERS) for row in range(4)]).view(4, -1)
    unseen, seen = RULES[order[:, :2].flatten()], RULES[order[:, 2:].flatten()]
    models = {}
    for name, (width, layers) in SIZES.items():
        models[name] = GPT(width, layers)
        train(models[name], seen, name)
    large = models["large"]
    before = [parameter.clone() for parameter in large.parameters()]
    curves = {name: accuracy(model, unseen) for name, model in models.items()}
    spoilt = accuracy(large, unseen, spoil=True)
    changed = max(float((a - b).abs().max()) for a, b in zip(before, large.parameters()))
    few = {name: curve[-1] for name, curve in curves.items()}
    metrics = {
        "zero_shot": curves["large"][0],
        "one_shot": curves["large"][1],
        "few_shot": few["large"],
        "few_shot_gain": few["large"] - curves["large"][0],
        "few_shot_over_one_shot": few["large"] - curves["large"][1],
        "few_shot_small": few["small"],
        "few_shot_medium": few["medium"],
        "gain_of_size": few["large"] - few["small"],
        "few_shot_spoilt": spoilt[-1],
        "weight_change": changed,
    } | {
        f"parameters_{n}": float(sum(p.numel() for p in m.parameters())) for n, m in models.items()
    }
    prompts = prompt_examples(large, unseen)
    return SimpleNamespace(
        metrics=metrics, curves=curves, spoilt=spoilt, best=best_possible(), prompts=prompts
    )


@torch.no_grad()
def prompt_examples(model: GPT, rules: Tensor) -> list[str]:
    """Three prompts as text, with the model's answer and the right one."""
    x, y = questions(3, rules)
    answers = model(x, y).argmax(dim=-1)[:, -1].tolist()
    lines = []
    for xs, ys, answer in zip(x.tolist(), y.tolist(), answers):
        shown = "  ".join(f"{q}→{a}" for q, a in zip(xs[:-1], ys[:-1]))
        lines.append(f"{shown}  {xs[-1]}→  {answer}  (right: {ys[-1]})")
    return lines


def main(seed: int = 0) -> dict[str, float]:
    """Shares of right answers on unseen rules, their differences, and counts."""
    return experiment(seed).metrics


# %%
if __name__ == "__main__":
    run = experiment(seed=0)
    print("\n".join(f"{name} = {value:.4g}" for name, value in run.metrics.items()))

# %% [markdown] lang="zh-TW"
# ## 提示長這樣
#
# 規則從未在訓練中出現；前面七個是例子，最後一個由模型接下去。

# %% [markdown] lang="en"
# ## What a prompt looks like
#
# The rule never occurred in training; seven examples come first, and the model goes on with the last.

# %%
if __name__ == "__main__":
    print(*run.prompts, sep="\n")

# %% [markdown] lang="zh-TW"
# ## 例子越多、模型越大，越準
#
# 沒有例子時只能瞎猜，連瞎猜都偏向訓練過的規則；例子一個個加上去，大模型越來越準，小模型卻學不到這個本事。虛線是知道所有規則的人最多能得到的分數：大模型需要的例子比他多。例子的答案打亂之後，再多也沒有用。大模型學到幾成，每次執行高低不一；訓練的長度是試過之後選的，再短就有不少次還沒學會。
#
# 這只是縮影：規則是我們造的，模型也專門為它訓練；GPT-3 的情境學習則是從網路文字裡自己長出來的，這一點縮小版無法重現。

# %% [markdown] lang="en"
# ## More examples and larger models, better answers
#
# Without examples there is only guessing, and that leans towards the rules of training; with every example added the large model is right more often, while the small one never learns the trick. The dashed line is the most that anyone could get who knows all the rules; the large model needs more examples than that. With the examples' answers replaced by random ones, no number of them helps. How far the large model gets varies from run to run; the length of training was chosen after trying, and with less of it many a run has not learnt the trick yet.
#
# This is a miniature only. The rules are of our making and the model is trained for them, while GPT-3's in-context learning grew by itself from the text of the internet, which a miniature cannot reproduce.


# %% caption.zh-TW="沒看過的規則上的正確率，隨提示中例子的數目：三種大小的模型、打亂的例子，與理論上限" caption.en="Accuracy on unseen rules by the number of examples in the prompt: models of three sizes, spoilt examples, and the best possible"
def draw_examples(run: SimpleNamespace) -> Figure:
    fig, ax = plt.subplots()
    for name, curve in run.curves.items():
        ax.plot(
            curve, marker="o", label=f"{name}: {run.metrics[f'parameters_{name}']:,.0f} parameters"
        )
    ax.plot(run.spoilt, marker="x", color="C4", label="large, spoilt examples")
    ax.plot(run.best, linestyle="--", color="C5", label="best possible")
    ax.set(xlabel="examples in the prompt", ylabel="accuracy on unseen rules", ylim=(0, 1.05))
    ax.legend(fontsize="small", loc="upper left")
    return fig


if __name__ == "__main__":
    draw_examples(run)
    plt.show()

# %% [markdown] lang="zh-TW"
# ## 換你試試
#
# - 把訓練用的規則減到八條：模型還會「推」規則，還是開始背？
# - 把 `layers` 改成 1，寬度不變：一層夠不夠？
# - 讓 $x$ 可以重複：正確率上升，但它是在推規則，還是在抄？
#
# 資料由程式產生。

# %% [markdown] lang="en"
# ## What to try
#
# - Train on eight rules only: does the model still infer rules, or does it begin to learn them by heart?
# - Set `layers` to 1 at the same width: is one layer enough?
# - Let $x$ repeat: accuracy rises, but does it infer the rule or copy?
#
# The data are made by the program.
