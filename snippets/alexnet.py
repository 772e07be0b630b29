# %% [markdown] lang="zh-TW"
# # AlexNet：不飽和的神經元，與不死背的大網路
#
# Krizhevsky、Sutskever 與 Hinton 2012 年的〈ImageNet Classification with Deep Convolutional Neural Networks〉用一個深而大的卷積網路，在 120 萬張照片上大幅領先。論文把功勞分給幾個做法：修正線性單元（rectified linear unit, ReLU）讓訓練快上好幾倍（§3.1，圖 1），資料增強（data augmentation，§4.1）與 dropout（§4.2）讓這麼大的網路不至於過度配適（overfitting）。
#
# 我們把十張真實的照片切成小塊，請網路認出每一塊出自哪一張，依序檢驗這幾件事。結果有一半與論文相同，另一半要看像素怎麼送進去、網路有多大。

# %% [markdown] lang="en"
# # AlexNet: neurons that do not saturate, and a large network that does not learn by heart
#
# “ImageNet Classification with Deep Convolutional Neural Networks” (Krizhevsky, Sutskever and Hinton, 2012) won by far on 1.2 million photographs with a deep and large convolutional network. The paper credits several choices: rectified linear units (ReLU) make training several times faster (§3.1, Fig. 1), and data augmentation (§4.1) and dropout (§4.2) keep so large a network from overfitting.
#
# We cut ten real photographs into small tiles, ask a network which photograph each tile is from, and test these choices one after another. Half of the outcome agrees with the paper; the other half depends on how the pixels are fed in and how large the network is.

# %%
from collections.abc import Sequence
from types import SimpleNamespace

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from matplotlib.figure import Figure
from skimage import data
from skimage.transform import resize
from sklearn.datasets import load_sample_image
from torch import Tensor, nn
from tqdm import trange

# %% [markdown] lang="zh-TW"
# ## 資料：十張照片，一千多塊
#
# 論文的圖 1 用的是 CIFAR-10，但沒有 Python 套件附上它的影像，所以我們用 scikit-image 與 scikit-learn 內附的彩色照片：太空人、貓、咖啡、星系、染色的組織、機車、視網膜、火箭、佛香閣、大理花。每張縮放成一樣的面積，切成 32×32、互不重疊的小塊。隨機取三分之一訓練，其餘測試。訓練資料只有四百多塊，正好容易過度配適。
#
# 同一張照片的各塊彼此相像，這裡的錯誤率因此不能與 ImageNet 的相比。

# %% [markdown] lang="en"
# ## Data: ten photographs, more than a thousand tiles
#
# The paper's Fig. 1 uses CIFAR-10, whose images no Python package brings along, so we use the colour photographs inside scikit-image and scikit-learn: an astronaut, a cat, coffee, galaxies, stained tissue, a motorcycle, a retina, a rocket, a pagoda and a dahlia. Each is resized to the same area and cut into tiles of 32×32 that do not overlap. A random third is for training, the rest for testing. Some four hundred training tiles make overfitting easy.
#
# Tiles of one photograph resemble each other, so error rates here cannot be compared with those on ImageNet.

# %%
NAMES = [
    *("astronaut", "cat", "coffee", "galaxies", "tissue"),
    *("motorcycle", "retina", "rocket", "pagoda", "dahlia"),
]
TILE, CROP = 32, 28  # the paper: 256 and 224


def photographs() -> list:
    """Ten photographs, each (height, width, 3), pixels 0 to 255."""
    loaders = data.astronaut, data.cat, data.coffee, data.hubble_deep_field
    photos = [load() for load in loaders]
    photos += [data.immunohistochemistry(), data.stereo_motorcycle()[0], data.retina()]
    return [*photos, data.rocket(), load_sample_image("china.jpg"), load_sample_image("flower.jpg")]


def tiles(photos: list, side: int = 384) -> tuple[Tensor, Tensor]:
    """Tiles (N, 3, 32, 32) with pixels 0 to 255, and the photograph that each is from (N,)."""
    cut = []
    for photo in photos:
        height, width, _ = photo.shape
        scale = side / (height * width) ** 0.5  # every photograph to the area of 384×384
        small = resize(
            photo / 255, (round(height * scale), round(width * scale)), anti_aliasing=True
        )
        pixels = 255 * torch.tensor(small).float()
        grid = pixels.unfold(0, TILE, TILE).unfold(1, TILE, TILE)  # (rows, columns, 3, 32, 32)
        cut.append(grid.flatten(0, 1))
    labels = [torch.full((len(part),), number) for number, part in enumerate(cut)]
    return torch.cat(cut), torch.cat(labels)


def center(images: Tensor) -> Tensor:
    """The middle 28×28 of each tile."""
    edge = (TILE - CROP) // 2
    return images[..., edge : edge + CROP, edge : edge + CROP]


# %% [markdown] lang="zh-TW"
# ## 網路
#
# AlexNet 有五層卷積、三層全連接；我們是三層加兩層，窄得多，但做法相同：第一層有步幅（stride），池化（pooling）的窗格互相重疊（§3.4），全連接的隱藏層用 dropout：訓練時每個隱藏單元有一半的機率輸出 0。（PyTorch 在訓練時把留下的乘以 2，論文則在測試時乘以 0.5，兩者等效。）
#
# 權重是高斯亂數，標準差為 $\text{gain}/\sqrt{n}$，$n$ 是每個單元的輸入數。論文一律用 0.01，那是配合它的層寬。

# %% [markdown] lang="en"
# ## The network
#
# AlexNet has five convolutional and three fully connected layers. Ours has three and two, and far narrower ones, but works in the same way: the first layer has a stride, the windows of pooling overlap (§3.4), and the fully connected hidden layer uses dropout, so that in training each hidden unit is silent with probability one half. (PyTorch doubles those that remain while training; the paper halves all of them at test time, to the same effect.)
#
# Weights are Gaussian with standard deviation $\text{gain}/\sqrt{n}$, where $n$ is the number of a unit's inputs. The paper uses 0.01 throughout, which goes with the width of its layers.


# %%
def network(activation: type[nn.Module], gain: float, dropout: float = 0.0) -> nn.Sequential:
    """Images (B, 3, 28, 28) to logits (B, 10)."""
    model = nn.Sequential(
        nn.Conv2d(3, 24, kernel_size=5, stride=2, padding=2),  # (B, 24, 14, 14)
        activation(),
        nn.MaxPool2d(3, stride=2, padding=1),  # (B, 24, 7, 7)
        nn.Conv2d(24, 32, kernel_size=3, padding=1),
        activation(),
        nn.MaxPool2d(3, stride=2, padding=1),  # (B, 32, 4, 4)
        nn.Conv2d(32, 48, kernel_size=3, padding=1),  # (B, 48, 4, 4)
        activation(),
        nn.Flatten(),
        nn.Linear(48 * 4 * 4, 512),
        activation(),
        nn.Dropout(dropout),
        nn.Linear(512, len(NAMES)),
    )
    for layer in model:
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.normal_(layer.weight, std=gain / layer.weight[0].numel() ** 0.5)
            nn.init.zeros_(layer.bias)
    return model.to(memory_format=torch.channels_last)  # a third faster on a CPU


# %% [markdown] lang="zh-TW"
# ## 訓練
#
# 照論文 §5：隨機梯度下降，動量（momentum）0.9，權重衰減（weight decay）0.0005。資料增強照 §4.1 的第一種：從 32×32 的小塊隨機剪出 28×28，一半的機率左右翻轉；測試只看正中央，而論文另外平均了十種剪法。論文的第二種增強（改變顏色）與局部響應正規化（local response normalization）我們沒有用。

# %% [markdown] lang="en"
# ## Training
#
# As in §5 of the paper: stochastic gradient descent with momentum 0.9 and weight decay 0.0005. Augmentation is the first form of §4.1: a random 28×28 is cut out of a tile of 32×32 and mirrored with probability one half. Tests look at the middle only, where the paper averages over ten crops. The paper's second form (altering colours) and local response normalization are left out.

# %%
BATCH = 64


def optimizer_of(model: nn.Module, rate: float) -> torch.optim.SGD:
    return torch.optim.SGD(model.parameters(), lr=rate, momentum=0.9, weight_decay=5e-4, fused=True)


def augment(images: Tensor) -> Tensor:
    """Random crops (B, 3, 28, 28), half of them mirrored, of tiles (B, 3, 32, 32)."""
    crops = []
    for image, mirror in zip(images, torch.rand(len(images)) < 0.5):
        y, x = torch.randint(TILE - CROP + 1, (2,)).tolist()
        crop = image[:, y : y + CROP, x : x + CROP]
        crops.append(crop.flip(2) if mirror else crop)
    return torch.stack(crops)


def batches(images: Tensor, labels: Tensor, size: int):
    """Random batches without end."""
    while True:
        chosen = torch.randint(len(images), (size,))
        yield images[chosen], labels[chosen]


@torch.no_grad()
def test(model: nn.Module, images: Tensor, labels: Tensor) -> tuple[float, float]:
    """Share of images that the model gets wrong, and the mean loss; dropout is switched off."""
    model.eval()
    logits = model(images)
    wrong = (logits.argmax(dim=1) != labels).float().mean()
    return float(wrong), float(F.cross_entropy(logits, labels))


# %% [markdown] lang="zh-TW"
# ## 實驗一：ReLU 與 tanh 賽跑
#
# 論文把像素減去平均就直接送進網路（§2），大小在 ±128 之間。$\tanh$ 在這樣大的輸入下幾乎處處是 ±1，斜率 $1-\tanh^2$ 接近 0，梯度過不去，這就是飽和（saturation）；ReLU，$f(x)=\max(0,x)$，在正的一側斜率永遠是 1。論文在 §3.3 也說，ReLU 不需要把輸入正規化來避免飽和。
#
# 所以我們跑兩組：一組照論文用減去平均的原始像素，另一組再除以標準差。每個網路都用試過的初始化與學習率中最快的：tanh 用 Xavier 初始化（2010）；ReLU 在標準化像素上用 He 初始化（2015），在原始像素上則用較小的權重，因為 He 初始化在那裡會讓輸出太大。和圖 1 一樣，不用任何正則化的手法，只看訓練錯誤率（最近 20 個批次的平均）；十張照片的小塊全部拿來訓練。

# %% [markdown] lang="en"
# ## First experiment: ReLU and tanh race
#
# The paper subtracts the mean from the pixels and feeds them to the network as they are (§2), up to ±128. On inputs that large $\tanh$ is ±1 nearly everywhere, its slope $1-\tanh^2$ is close to 0 and no gradient gets through; this is saturation. ReLU, $f(x)=\max(0,x)$, has slope 1 on its whole positive side. In §3.3 the paper adds that ReLUs need no normalization of the input to keep them from saturating.
#
# So we run two pairs, one on raw pixels with the mean subtracted, as in the paper, and one on pixels also divided by their standard deviation. Each network has the fastest initialization and learning rate of those we tried: Xavier's (2010) for tanh, and for ReLU He's (2015) on standardized pixels and smaller weights on raw ones, where He's make the outputs too large. As in Fig. 1 nothing else regularizes, and only the training error counts (mean of the last 20 batches); all tiles of the ten photographs are used for training.

# %%
SETTINGS = {  # activation, gain, learning rate: the fastest of those tried
    ("ReLU", "raw"): (nn.ReLU, 0.6, 1e-3),
    ("tanh", "raw"): (nn.Tanh, 1.0, 1e-2),
    ("ReLU", "standardized"): (nn.ReLU, 2**0.5, 1e-2),
    ("tanh", "standardized"): (nn.Tanh, 1.0, 1e-2),
}
RACE_STEPS, WINDOW, LEVEL, ENOUGH = 500, 20, 0.25, 0.15


def race(model: nn.Module, images: Tensor, labels: Tensor, rate: float, name: str) -> list[float]:
    """Training error from 0 to 1 after each step (mean of the last 20 batches), down to 15 %."""
    optimizer = optimizer_of(model, rate)
    source = batches(images, labels, BATCH)
    wrong, curve = [], []
    for step in trange(RACE_STEPS, desc=name):
        x, y = next(source)
        logits = model(x)
        optimizer.zero_grad()
        F.cross_entropy(logits, y).backward()
        optimizer.step()
        wrong.append(float((logits.argmax(dim=1) != y).float().mean()))
        curve.append(sum(wrong[-WINDOW:]) / len(wrong[-WINDOW:]))
        if step >= WINDOW and curve[-1] <= ENOUGH:
            break
    return curve


def steps_to(level: float, curve: Sequence[float]) -> int:
    """First step, after a full window, at which the error is at most ``level``; else the last."""
    reached = (t for t, e in enumerate(curve, 1) if t >= WINDOW and e <= level)
    return next(reached, len(curve))


@torch.no_grad()
def saturated(model: nn.Sequential, images: Tensor) -> float:
    """Share of first-layer tanh outputs beyond ±0.95, where the slope is below a tenth."""
    return float((model[:2](images).abs() > 0.95).float().mean())


# %% [markdown] lang="zh-TW"
# ## 實驗二：大網路會不會死背
#
# 從這裡起用 ReLU 與標準化的像素，只用三分之一的小塊訓練。四個網路起點、步數都相同，只差有沒有資料增強與 dropout。最後三成的步數把學習率除以 10，與論文一樣。

# %% [markdown] lang="en"
# ## Second experiment: does a large network learn by heart?
#
# From here on we use ReLU and standardized pixels, and train on a third of the tiles. Four networks have the same start and the same number of steps, and differ only in augmentation and dropout. For the last three tenths of the steps the learning rate is divided by 10, as in the paper.

# %%
STEPS, SMALL_BATCH = 800, 32
VARIANTS = {  # augmentation, dropout
    "plain": (False, 0.0),
    "augmentation": (True, 0.0),
    "dropout": (False, 0.5),
    "both": (True, 0.5),
}


def train(model: nn.Module, images: Tensor, labels: Tensor, augmented: bool, name: str) -> None:
    """Train in place on tiles (N, 3, 32, 32)."""
    optimizer = optimizer_of(model, 1e-2)
    schedule = torch.optim.lr_scheduler.MultiStepLR(optimizer, [int(0.7 * STEPS)])
    source = batches(images, labels, SMALL_BATCH)
    model.train()
    for _ in trange(STEPS, desc=name):
        x, y = next(source)
        loss = F.cross_entropy(model(augment(x) if augmented else center(x)), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()


def experiment(seed: int = 0) -> SimpleNamespace:
    """Race ReLU against tanh, then train with and without augmentation and dropout."""
    photos = photographs()
    images, labels = tiles(photos)
    raw = images - images.mean(dim=(0, 2, 3), keepdim=True)  # §2: subtract the mean
    pixels = {"raw": raw, "standardized": raw / raw.std()}

    curves, shares = {}, {}
    for (activation, kind), (layer, gain, rate) in SETTINGS.items():
        torch.manual_seed(seed)
        model = network(layer, gain)
        if activation == "tanh":
            shares[kind] = saturated(model, center(pixels[kind]))
        name = f"{activation}, {kind}"
        curves[activation, kind] = race(model, center(pixels[kind]), labels, rate, name)

    torch.manual_seed(seed)
    order = torch.randperm(len(labels))
    train_set, test_set = order[: len(order) // 3], order[len(order) // 3 :]
    inputs = pixels["standardized"]
    errors, losses, models = {}, {}, {}
    for name, (augmented, dropout) in VARIANTS.items():
        torch.manual_seed(seed)
        model = models[name] = network(nn.ReLU, 2**0.5, dropout)
        start = model[0].weight.detach().clone()
        train(model, inputs[train_set], labels[train_set], augmented, name)
        parts = [(center(inputs[part]), labels[part]) for part in (train_set, test_set)]
        (train_error, _), (test_error, losses[name]) = (test(model, *part) for part in parts)
        errors[name] = train_error, test_error

    steps = {key: steps_to(LEVEL, curve) for key, curve in curves.items()}
    metrics = {
        "tanh_steps_over_relu": steps["tanh", "raw"] / steps["ReLU", "raw"],
        "tanh_steps_over_relu_standardized": steps["tanh", "standardized"]
        / steps["ReLU", "standardized"],
        "relu_steps_raw_over_standardized": steps["ReLU", "raw"] / steps["ReLU", "standardized"],
    }
    metrics |= {f"steps_{a.lower()}_{kind}": float(n) for (a, kind), n in steps.items()}
    metrics |= {f"tanh_saturated_{kind}": share for kind, share in shares.items()}
    metrics |= {f"train_error_{name}": pair[0] for name, pair in errors.items()}
    metrics |= {f"test_error_{name}": pair[1] for name, pair in errors.items()}
    metrics |= {
        f"test_loss_ratio_{name}": losses[name] / losses["plain"]
        for name in ("augmentation", "dropout", "both")
    }
    metrics |= {
        f"test_error_ratio_{name}": errors[name][1] / errors["plain"][1]
        for name in ("augmentation", "dropout", "both")
    }
    metrics |= {
        "training_tiles": float(len(train_set)),
        "parameters": float(sum(p.numel() for p in models["both"].parameters())),
    }
    return SimpleNamespace(
        metrics=metrics,
        curves=curves,
        errors=errors,
        model=models["both"],
        learnt=models["both"][0].weight.detach() - start,
        tiles=images[test_set],
        inputs=center(inputs[test_set]),
        labels=labels[test_set],
    )


def main(seed: int = 0) -> dict[str, float]:
    """Steps to 25 % training error and their ratios; errors and shares from 0 to 1; counts."""
    return experiment(seed).metrics


# %%
if __name__ == "__main__":
    run = experiment(seed=0)
    print("\n".join(f"{name} = {value:.4g}" for name, value in run.metrics.items()))

# %% [markdown] lang="zh-TW"
# ## 誰先降到 25%
#
# 左圖是論文的情形：原始像素上，ReLU 先到，tanh 的步數是它的兩到四倍；第一層的 tanh 一開始就幾乎全部飽和。論文在 CIFAR-10 的四層網路上量到六倍，我們量到的倍數小些。右圖只多做了一件事，把像素除以標準差：tanh 追上來了，ReLU 則兩邊差不多快。
#
# 所以這裡驗證的是：ReLU 不必小心照顧輸入也學得快。至於「無論如何 ReLU 都快好幾倍」，這個大小的實驗看不出來：輸入正規化、初始化也得當時，tanh 不比 ReLU 慢，有時還快些（正規化輸入是 1998 年就有的建議；Xavier 初始化是 2010 年的）。五層卷積加三層全連接也試過一次，結論相同。

# %% [markdown] lang="en"
# ## Which is first at 25 %
#
# On the left is the paper's case. On raw pixels ReLU gets there first and tanh takes two to four times as many steps; nearly all tanh units of the first layer are saturated from the start. On CIFAR-10 with a network of four layers the paper measured six times, and our factor is smaller. On the right one thing was added, division by the standard deviation: tanh catches up, while ReLU is about as fast on either side.
#
# What holds here, then, is that ReLU learns fast even when nobody takes care of the input. That ReLU is several times faster whatever one does cannot be seen at this size: with normalized input and a good initialization tanh is no slower than ReLU, and sometimes faster (to normalize the input was advice of 1998, and Xavier's initialization is of 2010). One trial with five convolutional and three fully connected layers said the same.


# %% caption.zh-TW="訓練錯誤率隨步數的變化：左為減去平均的原始像素，右為標準化的像素；灰線是 25%" caption.en="Training error by step: raw pixels less their mean on the left, standardized pixels on the right; the grey line is 25 %"
def draw_race(run: SimpleNamespace) -> Figure:
    fig, axes = plt.subplots(1, 2, sharey=True)
    for ax, kind in zip(axes, ("raw", "standardized")):
        for activation, style in (("ReLU", "-"), ("tanh", "--")):
            curve = [100 * e for e in run.curves[activation, kind]]
            steps = range(WINDOW, len(curve) + 1)
            ax.plot(steps, curve[WINDOW - 1 :], linestyle=style, label=activation)
        ax.axhline(100 * LEVEL, color="C5", linewidth=0.8)
        ax.set(title=f"{kind} pixels", xlabel="training step", ylim=(0, 80))
    axes[0].set_ylabel("training error (%)")
    axes[0].legend()
    return fig


if __name__ == "__main__":
    draw_race(run)
    plt.show()

# %% [markdown] lang="zh-TW"
# ## 過度配適，與兩種對策
#
# 四個網路都把訓練用的小塊幾乎背了下來，測試錯誤率卻不同：資料增強讓網路很少看到一模一樣的影像；dropout 讓隱藏單元不能互相依賴。每次執行高低不一：資料增強的幫助較大；單用 dropout 在我們試的五個種子上，從多錯一點到少錯六分之一都有，不夠穩定，所以主張只檢驗兩者並用。在卷積之後也加 dropout，這樣的步數不夠，反而更差；論文也說 dropout 讓收斂所需的步數大約加倍。論文的網路有六千萬個參數，沒有 dropout 就嚴重過度配適（§4.2）。

# %% [markdown] lang="en"
# ## Overfitting, and two remedies
#
# All four networks learn the training tiles almost by heart, yet their test errors differ. With augmentation the network seldom sees the very same image; with dropout hidden units cannot rely on one another. How much varies from run to run. Augmentation helps more; dropout alone gave anything from slightly more errors to a sixth fewer on the five seeds we tried, too unsteady for a claim, so the claim is tested on both together. Dropout after the convolutions as well needs more steps than these and did worse; the paper, too, found that dropout about doubles the iterations needed to converge. The paper's network has 60 million parameters and overfits badly without dropout (§4.2).


# %% caption.zh-TW="訓練與測試錯誤率：不加處理、資料增強、dropout、兩者並用" caption.en="Training and test error: plain, with augmentation, with dropout, with both"
def draw_overfitting(run: SimpleNamespace) -> Figure:
    fig, ax = plt.subplots(figsize=(6.4, 3.0))
    for part, (label, shift) in enumerate((("training", -0.2), ("test", 0.2))):
        values = [100 * pair[part] for pair in run.errors.values()]
        places = [place + shift for place in range(len(values))]
        bars = ax.barh(places, values, height=0.38, color=f"C{5 - 5 * part}", label=label)
        ax.bar_label(bars, fmt="%.1f", padding=3)
    ax.set_yticks(range(len(run.errors)), list(run.errors))
    ax.invert_yaxis()
    ax.grid(axis="y", visible=False)
    ax.set(xlabel="error (%)")
    ax.legend(loc="lower right")
    return fig


if __name__ == "__main__":
    draw_overfitting(run)
    plt.show()

# %% [markdown] lang="zh-TW"
# ## 第一層看見什麼
#
# 論文的圖 3 是第一層的 96 個 11×11 卷積核，有些認方向與頻率，有些認顏色。我們的 24 個只有 5×5，訓練也只有幾百步，起點的亂數還蓋過學到的東西；所以下圖畫的是訓練前後的差。同樣看得到兩種：整片的顏色，以及有方向的邊緣。

# %% [markdown] lang="en"
# ## What the first layer sees
#
# Fig. 3 of the paper shows the 96 kernels of 11×11 in the first layer, some selective for orientation and frequency and some for colour. Our 24 are 5×5 and trained for a few hundred steps, so that the random start still drowns what was learnt; the picture therefore shows the difference that training made. Both kinds are there, patches of one colour and edges with a direction.


# %% caption.zh-TW="第一層 24 個 5×5 卷積核在訓練前後的差（兩者並用的網路）" caption.en="What training changed in the 24 kernels, 5×5, of the first layer (the network with both remedies)"
def draw_filters(run: SimpleNamespace) -> Figure:
    kernels = run.learnt.permute(0, 2, 3, 1)  # (24, 5, 5, 3)
    fig, axes = plt.subplots(3, 8, figsize=(6.4, 2.6))
    for ax, kernel in zip(axes.flat, kernels):
        ax.imshow(0.5 + 0.5 * kernel / kernel.abs().max())
        ax.set_axis_off()
    return fig


if __name__ == "__main__":
    draw_filters(run)
    plt.show()

# %% [markdown] lang="zh-TW"
# ## 網路的答案
#
# 仿照論文的圖 4：八個測試小塊，底下是正確答案與網路最相信的三個答案，橫條是機率，藍色是對的。為了也看到錯在哪裡，下排是從答錯的裡面選的。

# %% [markdown] lang="en"
# ## The answers of the network
#
# After Fig. 4 of the paper: eight test tiles, each with the right answer above and the three that the network believes in most below; bars are probabilities, and blue is right. To show how it errs, the lower row is chosen among its mistakes.


# %% caption.zh-TW="測試小塊與網路的前三名答案：上排答對，下排答錯；藍色橫條是正確答案" caption.en="Test tiles and the network's three best answers: right in the upper row, wrong in the lower; blue bars are the right answer"
def draw_answers(run: SimpleNamespace) -> Figure:
    with torch.no_grad():
        probabilities = run.model(run.inputs).softmax(dim=1)  # (N, 10)
    right = probabilities.argmax(dim=1) == run.labels
    shown = torch.cat([kind.nonzero().flatten()[:4] for kind in (right, ~right)]).tolist()
    fig, axes = plt.subplots(4, 4, figsize=(6.4, 5.2), height_ratios=[1.5, 1, 1.5, 1])
    for place, index in enumerate(shown):
        above, below = axes[place // 4 * 2 : place // 4 * 2 + 2, place % 4]
        above.imshow(run.tiles[index].permute(1, 2, 0) / 255)
        above.set_title(NAMES[run.labels[index]])
        above.set_axis_off()
        best = probabilities[index].topk(3)
        colors = ["C0" if i == run.labels[index] else "C5" for i in best.indices]
        below.barh(range(3), best.values, color=colors, alpha=0.45)
        for row, answer in enumerate(best.indices):
            below.text(0.03, row, NAMES[answer], va="center", fontsize="small")
        below.set(xlim=(0, 1), ylim=(2.5, -0.5), xticks=[], yticks=[])
    return fig


if __name__ == "__main__":
    draw_answers(run)
    plt.show()

# %% [markdown] lang="zh-TW"
# ## 換你試試
#
# - 把 `SETTINGS` 裡原始像素的學習率改大、改小：tanh 追得上嗎？ReLU 什麼時候會失控？
# - 把 `nn.ReLU` 換成 `nn.Sigmoid`：更慢嗎？
# - 訓練用的小塊減為六分之一：資料增強與 dropout 的差別變大還是變小？
#
# 照片由 PyPI 套件 scikit-image 與 scikit-learn（皆為 BSD 授權）隨附。網路的大小、訓練的長度、三分之一的切法與學習率是試過之後選的；試的時候也看了測試錯誤率。

# %% [markdown] lang="en"
# ## What to try
#
# - Raise and lower the learning rates for raw pixels in `SETTINGS`: does tanh catch up, and when does ReLU run wild?
# - Put `nn.Sigmoid` in place of `nn.ReLU`: is it slower still?
# - Train on a sixth of the tiles: do augmentation and dropout make more of a difference, or less?
#
# The photographs come with the PyPI packages scikit-image and scikit-learn (both under a BSD licence). The size of the network, the length of training, the third of the tiles and the learning rates were chosen after trying, and the trials looked at test errors too.
