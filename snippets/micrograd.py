# %% [markdown] lang="zh-TW"
# # micrograd：一個純量一個純量地反向傳播
#
# Andrej Karpathy 的 micrograd（2020）只有一百多行，卻包含了訓練神經網路所需的整個自動微分（automatic differentiation）引擎：每個數字記得自己是怎麼算出來的，於是只要往回走一趟，就能得到所有偏微分。這正是反向傳播（backpropagation），也是今天訓練 ChatGPT 的 PyTorch 在做的事，只是那裡的單位是張量。
#
# 我們重寫一個這樣的引擎，用三種方法核對它的梯度，再用它訓練一個小網路。

# %% [markdown] lang="en"
# # micrograd: backpropagation one scalar at a time
#
# Andrej Karpathy's micrograd (2020) has little more than a hundred lines, and yet it holds the whole automatic differentiation engine that training a neural network needs: each number remembers how it was computed, so that one walk backwards yields every partial derivative. This is backpropagation, and it is what PyTorch does today to train ChatGPT, only with tensors for units.
#
# We write such an engine afresh, check its gradients in three ways, and train a small network with it.

# %%
from __future__ import annotations

import math
import random
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.figure import Figure
from sklearn.datasets import make_moons
from tqdm import tqdm, trange

# %% [markdown] lang="zh-TW"
# ## 引擎
#
# 一個 `Value` 存下數值、產生它的輸入，以及對每個輸入的局部導數。鏈鎖律（chain rule）說：$\partial L/\partial x = \sum_y \partial L/\partial y \cdot \partial y/\partial x$。`backward` 依拓撲順序由後往前，把每個節點的梯度乘上局部導數、累加給輸入；同一個數被用了好幾次，貢獻就加好幾次。

# %% [markdown] lang="en"
# ## The engine
#
# A `Value` keeps its number, the inputs that it came from, and the local derivative with respect to each. The chain rule says $\partial L/\partial x = \sum_y \partial L/\partial y \cdot \partial y/\partial x$. `backward` goes from the end to the beginning in topological order, multiplies each node's gradient by the local derivatives and adds the products to its inputs; a number used several times receives several contributions.


# %%
class Value:
    """A scalar with its gradient; ``made`` counts the scalars computed so far."""

    made = 0

    def __init__(self, data: float, inputs: tuple[Value, ...] = (), slopes: tuple = ()):
        self.data, self.grad = data, 0.0
        self.inputs, self.slopes = inputs, slopes  # slopes: d self / d input
        Value.made += 1

    def __add__(self, other: Value | float) -> Value:
        other = lift(other)
        return Value(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other: Value | float) -> Value:
        other = lift(other)
        return Value(self.data * other.data, (self, other), (other.data, self.data))

    def __pow__(self, power: float) -> Value:
        return Value(self.data**power, (self,), (power * self.data ** (power - 1),))

    def exp(self) -> Value:
        e = math.exp(self.data)
        return Value(e, (self,), (e,))

    def log(self) -> Value:
        return Value(math.log(self.data), (self,), (1 / self.data,))

    def tanh(self) -> Value:
        t = math.tanh(self.data)
        return Value(t, (self,), (1 - t * t,))

    def relu(self) -> Value:
        return Value(max(self.data, 0.0), (self,), (float(self.data > 0),))

    __radd__, __rmul__ = __add__, __mul__

    def backward(self) -> None:
        """Set ``grad`` of every value that this one depends on."""
        self.grad = 1.0
        for node in reversed(topological(self)):
            for source, slope in zip(node.inputs, node.slopes):
                source.grad += node.grad * slope


def lift(x: Value | float) -> Value:
    return x if isinstance(x, Value) else Value(x)


def topological(root: Value) -> list[Value]:
    """Every value that ``root`` depends on, inputs before what is made of them."""
    order, seen, stack = [], set(), [(root, False)]
    while stack:
        node, done = stack.pop()
        if done:
            order.append(node)
        elif id(node) not in seen:
            seen.add(id(node))
            stack.append((node, True))
            stack.extend((source, False) for source in node.inputs)
    return order


# %% [markdown] lang="zh-TW"
# ## 三種梯度互相核對
#
# 我們隨機產生算式：從幾個變數出發，反覆挑兩個已有的數做加、乘、次方、`exp`、`tanh` 或 `relu`，所以中間結果會被重複使用。同一個算式用三種方法求梯度：我們的引擎、PyTorch，以及數值微分（numerical differentiation）$\frac{f(x+h) - f(x-h)}{2h}$。

# %% [markdown] lang="en"
# ## Three gradients that must agree
#
# We make random expressions: starting from a few variables, pick existing numbers again and again and add, multiply, raise, `exp`, `tanh` or `relu` them, so that intermediate results are reused. The same expression is differentiated in three ways: by our engine, by PyTorch, and numerically as $\frac{f(x+h) - f(x-h)}{2h}$.


# %%
def random_recipe(rng: random.Random, variables: int = 4, length: int = 24) -> list[tuple]:
    """Steps (name of the operation, index of its first operand, of its second)."""
    return [
        (rng.choice([*OPERATIONS]), rng.randrange(variables + n), rng.randrange(variables + n))
        for n in range(length)
    ]


# What each operation makes of two earlier numbers; all work on Values and on torch's scalars.
OPERATIONS = {
    "add": lambda a, b: (a + b) * 0.5,
    "mul": lambda a, b: a * b,
    "square": lambda a, b: a**2 + b,
    "exp": lambda a, b: a.tanh().exp() * b,
    "tanh": lambda a, b: (a + b).tanh(),
    "relu": lambda a, b: a.relu() + b,
}


def follow(recipe: list[tuple], values: list):
    """Compute the recipe on Values or on torch's scalars; ``tanh`` keeps the numbers small."""
    values = list(values)
    for name, i, j in recipe:
        values.append(OPERATIONS[name](values[i], values[j]).tanh() * 2.0)
    return sum(values[-6:], start=values[-7])


def by_engine(recipe: list[tuple], x: list[float]) -> np.ndarray:
    leaves = [Value(v) for v in x]
    follow(recipe, leaves).backward()
    return np.array([leaf.grad for leaf in leaves])


def by_torch(recipe: list[tuple], x: list[float]) -> np.ndarray:
    leaves = torch.tensor(x, dtype=torch.float64).requires_grad_()
    follow(recipe, list(leaves)).backward()
    return leaves.grad.numpy()


def numerically(recipe: list[tuple], x: list[float], h: float = 1e-5) -> np.ndarray:
    def f(i: int, shift: float) -> float:
        moved = [Value(v + shift * (n == i)) for n, v in enumerate(x)]
        return follow(recipe, moved).data

    return np.array([(f(i, h) - f(i, -h)) / (2 * h) for i in range(len(x))])


def compare(seed: int, expressions: int = 300) -> tuple[np.ndarray, np.ndarray]:
    """Largest difference to torch and to the numerical gradient, one of each an expression."""
    rng = random.Random(seed)
    to_torch, to_numeric = [], []
    for _ in trange(expressions, desc="random expressions"):
        recipe = random_recipe(rng)
        x = [rng.uniform(-1, 1) for _ in range(4)]
        ours = by_engine(recipe, x)
        scale = 1 + np.abs(ours).max()
        to_torch.append(np.abs(ours - by_torch(recipe, x)).max() / scale)
        to_numeric.append(np.abs(ours - numerically(recipe, x)).max() / scale)
    return np.array(to_torch), np.array(to_numeric)


# %% [markdown] lang="zh-TW"
# ## 用引擎訓練網路
#
# 資料是兩個互相咬合的半月形（two moons），一條直線分不開。模型是一個隱藏層 12 個單元的多層感知器（multilayer perceptron, MLP），基準是沒有隱藏層的邏輯迴歸（logistic regression）；兩者都用同一個引擎、同樣的資料、步數與學習率訓練。

# %% [markdown] lang="en"
# ## The engine trains a network
#
# The data are two moons that bite into each other, which no straight line separates. The model is a multilayer perceptron (MLP) with 12 hidden units, the baseline logistic regression, which has no hidden layer; both are trained with the same engine, the same data, steps and learning rate.


# %%
def layer(inputs: int, outputs: int, rng: random.Random) -> list[list[Value]]:
    """Weights of a layer, one row a unit; the last weight of a row is the bias."""
    scale = inputs**-0.5
    return [
        [Value(rng.gauss(0, scale)) for _ in range(inputs)] + [Value(0.0)] for _ in range(outputs)
    ]


def forward(network: list[list[list[Value]]], x: list[float]) -> Value:
    """The logit for one point: affine layers with tanh between them."""
    hidden = [*x, 1.0]
    for number, weights in enumerate(network):
        sums = [sum((w * h for w, h in zip(row, hidden)), Value(0.0)) for row in weights]
        last = number == len(network) - 1
        hidden = sums if last else [*(s.tanh() for s in sums), 1.0]
    return lift(hidden[0])


def train(network: list, X: np.ndarray, y: np.ndarray, steps: int, seed: int, name: str) -> list:
    """Stochastic gradient descent on the logistic loss; returns the loss of each step."""
    parameters = [w for weights in network for row in weights for w in row]
    rng, losses = random.Random(seed), []
    for step in tqdm(range(steps), desc=name):
        batch = rng.sample(range(len(X)), 16)
        margins = (forward(network, X[i].tolist()) * (2.0 * y[i] - 1) for i in batch)
        loss = sum(((m * -1.0).exp() + 1.0).log() for m in margins) * (1 / len(batch))
        for w in parameters:
            w.grad = 0.0
        loss.backward()
        for w in parameters:
            w.data -= 1.0 * (1 - 0.9 * step / steps) * w.grad
        losses.append(loss.data)
    return losses


def accuracy(network: list, X: np.ndarray, y: np.ndarray) -> float:
    guesses = [forward(network, x.tolist()).data > 0 for x in X]
    return float(np.mean(np.array(guesses) == y))


# %% [markdown] lang="zh-TW"
# ## 一趟回頭路值多少
#
# 數值微分每個參數都要重算一次損失函數，反向傳播卻一趟就得到全部。我們直接數：求 MLP 對一個樣本的全部偏微分，兩種方法各要計算幾個純量。反向傳播往回走時，圖上每個節點恰好處理一次，所以把節點數再加一倍。

# %% [markdown] lang="en"
# ## What one walk back is worth
#
# Numerical differentiation computes the loss again for every parameter, backpropagation gets them all in one pass. We simply count the scalars that each computes for all partial derivatives of the MLP at one sample. On its way back, backpropagation handles each node of the graph exactly once, so its count of nodes is doubled.


# %%
def count_operations(network: list, x: list[float]) -> tuple[int, int]:
    """Scalars computed for one full gradient: (by backpropagation, by finite differences)."""
    parameters = sum(len(row) for weights in network for row in weights)
    before = Value.made
    logit = forward(network, x)
    once = Value.made - before
    return once + len(topological(logit)), once * (parameters + 1)


def experiment(seed: int = 0) -> SimpleNamespace:
    """Compare gradients, train both models, count operations."""
    to_torch, to_numeric = compare(seed)
    X, y = make_moons(n_samples=400, noise=0.12, random_state=seed)
    X = (X - X.mean(0)) / X.std(0)  # (400, 2)
    X_train, y_train, X_test, y_test = X[:200], y[:200], X[200:], y[200:]
    rng = random.Random(seed)
    mlp = [layer(2, 12, rng), layer(12, 1, rng)]
    line = [layer(2, 1, rng)]
    losses = {
        "MLP": train(mlp, X_train, y_train, 700, seed, "MLP"),
        "logistic regression": train(line, X_train, y_train, 700, seed, "logistic regression"),
    }
    backprop, differences = count_operations(mlp, X[0].tolist())
    errors = [1 - accuracy(network, X_test, y_test) for network in (mlp, line)]
    metrics = {
        "max_difference_to_torch": float(to_torch.max()),
        "median_difference_to_numerical": float(np.median(to_numeric)),
        "mlp_error": errors[0],
        "linear_error": errors[1],
        "error_ratio_vs_linear": errors[0] / errors[1],
        "operations_ratio": differences / backprop,
    }
    return SimpleNamespace(
        metrics=metrics, mlp=mlp, X=X_test, y=y_test, losses=losses, gaps=(to_torch, to_numeric)
    )


def main(seed: int = 0) -> dict[str, float]:
    """Relative gradient differences, test error rates, and finite differences' cost in
    backpropagations."""
    return experiment(seed).metrics


# %%
if __name__ == "__main__":
    run = experiment(seed=0)
    print("\n".join(f"{name} = {value:.4g}" for name, value in run.metrics.items()))

# %% [markdown] lang="zh-TW"
# ## 看結果
#
# 與 PyTorch 的差距只剩浮點數的捨入誤差；與數值微分的差距大得多，因為數值微分本身就只是近似，遇到 `relu` 的折點還會出錯。

# %% [markdown] lang="en"
# ## The results
#
# The distance to PyTorch is mere rounding of floating-point numbers; the distance to numerical differentiation is far larger, because that is an approximation itself, and fails at the kink of a `relu`.


# %% caption.zh-TW="300 個隨機算式的梯度差距分布（對數刻度）：與 PyTorch 的差距在捨入誤差附近，與數值微分的差距大好幾個數量級" caption.en="Gradient differences over 300 random expressions, on a log scale: rounding error against PyTorch, several orders of magnitude more against numerical differentiation"
def draw_differences(run: SimpleNamespace) -> Figure:
    fig, ax = plt.subplots()
    bins = np.logspace(-18, 0, 55).tolist()
    for gaps, label in zip(run.gaps, ["vs PyTorch", "vs numerical"]):
        ax.hist(np.maximum(gaps, 1e-18), bins, alpha=0.75, label=label)
    ax.set(xscale="log", xlabel="relative difference of gradients", ylabel="expressions")
    ax.legend()
    return fig


if __name__ == "__main__":
    draw_differences(run)
    plt.show()

# %% [markdown] lang="zh-TW"
# 隱藏層讓分界彎了過來：直線做不到的事，12 個 tanh 單元加上反向傳播做到了。

# %% [markdown] lang="en"
# The hidden layer bends the boundary: what no line can do, 12 tanh units and backpropagation can.


# %% caption.zh-TW="左：MLP 在測試資料上的分界彎曲地沿著兩個半月走；右：訓練時的損失，MLP 低於邏輯迴歸" caption.en="Left: on the test data the MLP's boundary bends along the two moons; right: the training loss, lower for the MLP than for logistic regression"
def draw_boundary(run: SimpleNamespace) -> Figure:
    fig, (left, right) = plt.subplots(1, 2, figsize=(7.2, 3.4))
    ticks = np.linspace(-2.6, 2.6, 41)
    logits = [[forward(run.mlp, [a, b]).data for a in ticks] for b in ticks]
    left.contourf(ticks, ticks, logits, levels=[-1e9, 0, 1e9], colors=["C0", "C1"], alpha=0.2)
    for label in (0, 1):
        left.scatter(*run.X[run.y == label].T, s=9, color=f"C{label}")
    left.set(xlabel="$x_1$", ylabel="$x_2$", title="decision boundary")
    for name, losses in run.losses.items():
        right.plot(np.convolve(losses, np.ones(25) / 25, "valid"), label=name)
    right.set(xlabel="step", ylabel="loss (mean of 25 steps)", ylim=0)
    right.legend()
    return fig


if __name__ == "__main__":
    draw_boundary(run)
    plt.show()

# %% [markdown] lang="zh-TW"
# ## 換你試試
#
# - 把 `backward` 裡的 `+=` 改成 `=`：重複使用的中間結果只剩最後一份貢獻，梯度立刻對不上 PyTorch。
# - 把 `tanh` 換成 `relu`：分界由直線段組成。
# - 把隱藏單元改成 2 個：看看分界能彎到什麼程度。
#
# 資料由 scikit-learn 的 `make_moons` 產生，算式由本程式隨機產生；引擎是依照 micrograd 的想法重寫的。

# %% [markdown] lang="en"
# ## What to try
#
# - Change `+=` to `=` in `backward`: of a result used several times only the last contribution remains, and the gradients part from PyTorch's at once.
# - Replace `tanh` by `relu`: the boundary is made of straight pieces.
# - Use 2 hidden units: see how far the boundary can bend.
#
# The data come from scikit-learn's `make_moons`, the expressions from this program; the engine is written afresh after micrograd's idea.
