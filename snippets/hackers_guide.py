# %% [markdown] lang="zh-TW"
# # 給駭客的神經網路指南：電路裡往回流的力
#
# Karpathy 的〈Hacker's guide to Neural Networks〉不從公式講起，而從電路（circuit）講起：數字流過加、乘、取大等閘（gate），最後得到一個輸出。學習只有一個問題：輸入該往哪邊輕推一點，輸出才會變大？
#
# 它依序給了三個答案：亂試、數值梯度、解析梯度，最後把解析梯度變成反向傳播（backpropagation）：每個閘只管自己，往回傳一股「力」。這支程式照這條路走一遍，全部用純 Python，沒有張量（tensor），也沒有框架。

# %% [markdown] lang="en"
# # The hacker's guide to neural networks: a force that flows back through circuits
#
# Karpathy's “Hacker's guide to Neural Networks” begins not with formulas but with circuits: numbers flow through gates that add, multiply or take the larger, and end in one output. Learning is a single question: which way to nudge the inputs so that the output grows?
#
# It gives three answers in turn, random search, the numerical gradient and the analytic gradient, and makes backpropagation of the last: each gate minds its own business and passes a force back. This program walks the same way in plain Python, without tensors and without a framework.

# %%
import math
import random
from types import SimpleNamespace

import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from sklearn.datasets import load_iris
from tqdm import trange

# %% [markdown] lang="zh-TW"
# ## 電路與閘
#
# 電路把算過的每個閘依序記下來。往前走時，每個閘只算自己的值；往回走時順序倒過來，每個閘拿到輸出端傳來的力，乘上自己的局部導數，分給各個輸入。加法閘把力原封不動分給兩邊，乘法閘把兩邊的值交換，取大的閘只傳給贏的那一邊。

# %% [markdown] lang="en"
# ## Circuits and gates
#
# A circuit writes down, in order, every gate that it computes. Going forwards a gate computes its value only; going back the order is reversed, and each gate takes the force that arrives at its output, multiplies it by its own local derivative, and hands it on to its inputs. An add gate passes the force on to both as it is, a multiply gate exchanges the two values, a max gate passes it to the winner alone.


# %%
class Circuit:
    """A tape of wires: values, and after ``backward`` the derivative of the output by each."""

    def __init__(self, inputs: list[float]):
        self.value, self.grad = list(inputs), [0.0] * len(inputs)
        self.gates: list = []  # (output wire, [(input wire, local derivative), …])

    def gate(self, value: float, *locals_: tuple[int, float]) -> int:
        self.value.append(value)
        self.grad.append(0.0)
        self.gates.append((len(self.value) - 1, locals_))
        return len(self.value) - 1

    def add(self, a: int, b: int) -> int:
        return self.gate(self.value[a] + self.value[b], (a, 1.0), (b, 1.0))

    def multiply(self, a: int, b: int) -> int:
        x, y = self.value[a], self.value[b]
        return self.gate(x * y, (a, y), (b, x))

    def maximum(self, a: int, b: int) -> int:
        x, y = self.value[a], self.value[b]
        return self.gate(max(x, y), (a, float(x >= y)), (b, float(x < y)))

    def sigmoid(self, a: int) -> int:
        s = 1 / (1 + math.exp(-self.value[a]))
        return self.gate(s, (a, s * (1 - s)))

    def constant(self, value: float) -> int:
        return self.gate(value)

    def backward(self, output: int, force: float = 1.0) -> None:
        """Pull at ``output`` and let the force flow back to every wire."""
        self.grad[output] += force
        for wire, locals_ in reversed(self.gates):
            for source, derivative in locals_:
                self.grad[source] += derivative * self.grad[wire]


# %% [markdown] lang="zh-TW"
# ## 三種梯度，同一個答案
#
# 單一神經元 $f = \sigma(ax + by + c)$ 的導數可以用手推：$\partial f / \partial a = f(1-f)x$，其餘類推。我們在隨機的輸入上比較三者：推一下看輸出變多少（數值）、手推的公式（解析）、讓力流回去（反向傳播）；再用隨機接成的電路比較沒有公式可用的情況。

# %% [markdown] lang="en"
# ## Three gradients, one answer
#
# For a single neuron $f = \sigma(ax + by + c)$ the derivatives can be worked out by hand: $\partial f / \partial a = f(1-f)x$, and so on. On random inputs we compare the three, a nudge and a look at the output (numerical), the formula (analytic), and the force that flows back (backpropagation); then randomly wired circuits, for which there is no formula at hand.


# %%
def line(circuit: Circuit, a: int, b: int, c: int, x: int, y: int) -> int:
    """The wire of ax + by + c."""
    ax, by = circuit.multiply(a, x), circuit.multiply(b, y)
    return circuit.add(circuit.add(ax, by), c)


def neuron(inputs: list[float]) -> tuple[Circuit, int]:
    circuit = Circuit(inputs)  # wires 0 to 4 are a, b, c, x, y
    return circuit, circuit.sigmoid(line(circuit, 0, 1, 2, 3, 4))


def neuron_by_hand(a: float, b: float, c: float, x: float, y: float) -> list[float]:
    f = 1 / (1 + math.exp(-(a * x + b * y + c)))
    return [slope * f * (1 - f) for slope in (x, y, 1, a, b)]


def random_circuit(rng: random.Random, inputs: int = 8, gates: int = 16):
    """A wiring; returns the function that builds it on given inputs."""
    plan = [
        (rng.choice(["add", "multiply", "maximum", "sigmoid"]), rng.random(), rng.random())
        for _ in range(gates)
    ]

    def build(values: list[float]) -> tuple[Circuit, int]:
        circuit, loose = Circuit(values), list(range(len(values)))  # wires that lead nowhere yet
        for kind, p, q in plan:
            a = loose.pop(int(p * len(loose)))
            if kind == "sigmoid" or not loose:
                loose.append(circuit.sigmoid(a))
            else:
                loose.append(getattr(circuit, kind)(a, loose.pop(int(q * len(loose)))))
        while len(loose) > 1:
            loose.append(circuit.add(loose.pop(), loose.pop()))
        return circuit, loose[0]

    return build


def backpropagated(build, inputs: list[float]) -> list[float]:
    circuit, output = build(inputs)
    circuit.backward(output)
    return circuit.grad[: len(inputs)]


def output_of(build, inputs: list[float]) -> float:
    circuit, output = build(inputs)
    return circuit.value[output]


def numerical(build, inputs: list[float], h: float = 1e-5) -> list[float]:
    """Nudge one input after the other, to both sides."""
    slopes = []
    for place in range(len(inputs)):
        up, down = (
            [*inputs[:place], inputs[place] + nudge, *inputs[place + 1 :]] for nudge in (h, -h)
        )
        slopes.append((output_of(build, up) - output_of(build, down)) / (2 * h))
    return slopes


def farthest(a: list[float], b: list[float]) -> float:
    return max(abs(one - other) for one, other in zip(a, b))


# %% [markdown] lang="zh-TW"
# ## 亂試與梯度
#
# 指南的第一個策略是亂試：隨機推許多次，留下最好的。我們讓兩者的推力一樣長，亂試有二十次機會，梯度只有一次。輸入越多，亂試越不可能剛好猜中方向。

# %% [markdown] lang="en"
# ## Random search and the gradient
#
# The first strategy of the guide is random search: nudge at random many times and keep the best. Here both nudge by the same length, random search with twenty tries and the gradient with one. The more inputs there are, the less likely is random search to hit upon the direction.


# %%
def moved(inputs: list[float], direction: list[float], length: float) -> list[float]:
    size = math.hypot(*direction) or 1.0
    return [x + length * d / size for x, d in zip(inputs, direction)]


def share_of_gradient(rng: random.Random, inputs: int, tries: int = 20, length=0.01) -> float:
    """The gain of the best of ``tries`` random nudges over the gain of one along the gradient,
    on sums of products with ``inputs`` inputs, averaged over 30 circuits."""

    def build(values: list[float]) -> tuple[Circuit, int]:
        circuit = Circuit(values)
        total = circuit.multiply(0, 1)
        for place in range(2, inputs, 2):
            total = circuit.add(total, circuit.multiply(place, place + 1))
        return circuit, total

    ratios = []
    for _ in range(30):
        start = [rng.gauss(0, 1) for _ in range(inputs)]
        before = output_of(build, start)
        along = output_of(build, moved(start, backpropagated(build, start), length)) - before
        guesses = [[rng.gauss(0, 1) for _ in range(inputs)] for _ in range(tries)]
        best = max(output_of(build, moved(start, guess, length)) for guess in guesses) - before
        ratios.append(best / along)
    return sum(ratios) / len(ratios)


# %% [markdown] lang="zh-TW"
# ## 電路學會分類：SVM
#
# 支援向量機（support vector machine, SVM）也是一個電路：分數 $ax + by + c$，若沒有超過正確的一側一個單位，就受到一股力。對一筆標籤 $t = \pm 1$ 的資料，損失是 $\max(0, 1 - t(ax + by + c))$，再加上一點把 $a$、$b$ 拉回零的力。資料是鳶尾花（scikit-learn 隨附）的花瓣長與寬，分辨兩個品種：versicolor 與 virginica。

# %% [markdown] lang="en"
# ## A circuit learns to classify: the SVM
#
# A support vector machine (SVM) is a circuit too: the score $ax + by + c$ feels a force as long as it is not one unit beyond the right side. For a datum with label $t = \pm 1$ the loss is $\max(0, 1 - t(ax + by + c))$, with a little force that pulls $a$ and $b$ back to zero. The data are lengths and widths of iris petals (they come with scikit-learn), and the task is to tell two species apart, versicolor and virginica.

# %%
Point = tuple[float, float, float]  # x, y and the label, +1 or -1


def irises(rng: random.Random) -> tuple[list[Point], list[Point]]:
    """70 training and 30 test points, petal length and width, standardised."""
    table = load_iris()
    rows = [
        (float(f[2]), float(f[3]), float(2 * k - 3)) for f, k in zip(table.data, table.target) if k
    ]
    middle = [sum(column) / len(rows) for column in list(zip(*rows))[:2]]
    points = [(x - middle[0], (y - middle[1]) * 2, t) for x, y, t in rows]
    rng.shuffle(points)
    return points[:70], points[70:]


def rings(rng: random.Random, count: int) -> list[Point]:
    """A disc inside a ring, which no straight line can part."""
    points = []
    for number in range(count):
        inside = number % 2 == 0
        radius, angle = (
            rng.uniform(0, 0.8) if inside else rng.uniform(1.2, 2),
            rng.uniform(0, math.tau),
        )
        x, y = radius * math.cos(angle), radius * math.sin(angle)
        points.append((x + rng.gauss(0, 0.1), y + rng.gauss(0, 0.1), 1.0 if inside else -1.0))
    return points


def svm(circuit: Circuit, x: int, y: int) -> int:
    """Three parameters, wires 0 to 2."""
    return line(circuit, 0, 1, 2, x, y)


HIDDEN = 6


def network(circuit: Circuit, x: int, y: int) -> int:
    """Six max gates and a sum: 4 parameters for each, and one more at the end."""
    zero, total = circuit.constant(0.0), 4 * HIDDEN
    for unit in range(HIDDEN):
        a, b, c, out = range(4 * unit, 4 * unit + 4)
        bent = circuit.maximum(line(circuit, a, b, c, x, y), zero)
        total = circuit.add(total, circuit.multiply(out, bent))
    return total


def score(model, parameters: list[float], x: float, y: float) -> float:
    circuit = Circuit([*parameters, x, y])
    return circuit.value[model(circuit, len(parameters), len(parameters) + 1)]


def learn(model, parameters: list[float], points: list[Point], rng, steps: int, rate=0.05):
    """Stochastic gradient descent on the hinge loss, one point at a time."""
    count = len(parameters)
    for step in trange(steps, desc=model.__name__):
        x, y, t = rng.choice(points)
        circuit = Circuit([*parameters, x, y])
        wire = model(circuit, count, count + 1)
        pull = t if t * circuit.value[wire] < 1 else 0.0  # the force on the score
        circuit.backward(wire, pull)
        now = rate * (1 - step / steps)
        parameters = [p + now * (g - 0.001 * p) for p, g in zip(parameters, circuit.grad[:count])]
    return parameters


def error_rate(model, parameters: list[float], points: list[Point]) -> float:
    wrong = sum(score(model, parameters, x, y) * t <= 0 for x, y, t in points)
    return wrong / len(points)


def experiment(seed: int = 0) -> SimpleNamespace:
    """Compare the gradients, compare with random search, and train."""
    rng = random.Random(seed)
    by_formula, by_nudge = [], []
    for _ in range(100):
        inputs = [rng.gauss(0, 1) for _ in range(5)]
        back = backpropagated(neuron, inputs)
        by_formula.append(farthest(back, neuron_by_hand(*inputs)))
        by_nudge.append(farthest(back, numerical(neuron, inputs)))
    wired = []
    for _ in range(200):
        build, inputs = random_circuit(rng), [rng.gauss(0, 1) for _ in range(8)]
        wired.append(farthest(backpropagated(build, inputs), numerical(build, inputs)))
    wired.sort()

    shares = {n: share_of_gradient(rng, n) for n in (2, 4, 8, 16, 32, 64)}
    train, test = irises(rng)
    plain = learn(svm, [0.0, 0.0, 0.0], train, rng, 4000)
    ring_train, ring_test = rings(rng, 200), rings(rng, 400)
    straight = learn(svm, [0.0, 0.0, 0.0], ring_train, rng, 4000)
    start = [rng.gauss(0, 0.7) for _ in range(4 * HIDDEN + 1)]
    bent = learn(network, start, ring_train, rng, 12000)
    metrics = {
        "difference_to_formula": max(by_formula),
        "difference_to_numerical": max(by_nudge),
        "median_difference_on_random_circuits": wired[len(wired) // 2],
        "random_search_share": shares[64],
        "svm_error": error_rate(svm, plain, test),
        "svm_error_on_rings": error_rate(svm, straight, ring_test),
        "circuit_error_on_rings": error_rate(network, bent, ring_test),
    }
    pictures = [(svm, plain, test), (svm, straight, ring_test), (network, bent, ring_test)]
    return SimpleNamespace(metrics=metrics, shares=shares, pictures=pictures)


def main(seed: int = 0) -> dict[str, float]:
    """Differences between derivatives, and shares from 0 to 1."""
    return experiment(seed).metrics


# %%
if __name__ == "__main__":
    run = experiment(seed=0)
    print("\n".join(f"{name} = {value:.4g}" for name, value in run.metrics.items()))

# %% [markdown] lang="zh-TW"
# ## 為什麼不能亂試
#
# 只有兩個輸入時，試二十次幾乎和梯度一樣好；輸入增加，能得到的就越來越少。ChatGPT 這樣的模型有上千億個輸入要推。

# %% [markdown] lang="en"
# ## Why guessing will not do
#
# With two inputs twenty tries are nearly as good as the gradient; as inputs increase, ever less is gained. A model like ChatGPT has hundreds of billions of inputs to nudge.


# %% caption.zh-TW="二十次亂試中最好的一次，得到沿梯度一步的幾成：輸入越多越少" caption.en="What the best of twenty random nudges gains, as a share of one along the gradient: less with every further input"
def draw_search(run: SimpleNamespace) -> Figure:
    fig, ax = plt.subplots()
    ax.plot(list(run.shares), list(run.shares.values()), marker="o")
    ax.axhline(1, color="C5", linestyle=":", label="one step along the gradient")
    ax.set(xscale="log", xlabel="inputs", ylabel="share of the gradient's gain", ylim=(0, 1.1))
    ax.set_xticks(list(run.shares), [str(n) for n in run.shares])
    ax.minorticks_off()
    ax.legend()
    return fig


if __name__ == "__main__":
    draw_search(run)
    plt.show()

# %% [markdown] lang="zh-TW"
# ## 學到的邊界
#
# SVM 用一條直線就分得開鳶尾花，卻分不開圓盤與外圍的環；電路裡多幾個取大的閘，邊界就能轉彎。

# %% [markdown] lang="en"
# ## The boundaries learnt
#
# An SVM parts the irises with a straight line, but not a disc from the ring around it; with a few max gates in the circuit the boundary can bend.


# %% caption.zh-TW="左：SVM 與鳶尾花；中：SVM 與圓環；右：有六個取大閘的電路與圓環。底色是分數的正負" caption.en="Left the SVM on irises, middle the SVM on rings, right the circuit with six max gates on rings; shaded by the sign of the score"
def draw_boundaries(run: SimpleNamespace) -> Figure:
    fig, axes = plt.subplots(1, 3, figsize=(7.4, 2.7))
    for ax, (model, parameters, points) in zip(axes, run.pictures):
        reach = 1.1 * max(max(abs(x), abs(y)) for x, y, _ in points)
        ticks = [reach * (2 * i / 39 - 1) for i in range(40)]
        grid = [[score(model, parameters, x, y) for x in ticks] for y in ticks]
        ax.contourf(ticks, ticks, grid, levels=[-1e9, 0, 1e9], colors=["C1", "C0"], alpha=0.25)
        for label, colour in ((-1, "C1"), (1, "C0")):
            here = [(x, y) for x, y, t in points if t == label]
            ax.scatter(*zip(*here), s=6, color=colour)
        ax.set(xticks=[], yticks=[])
    return fig


if __name__ == "__main__":
    draw_boundaries(run)
    plt.show()

# %% [markdown] lang="zh-TW"
# ## 換你試試
#
# - 加一個除法閘或 $\tanh$ 閘：局部導數對了沒有？用 `numerical` 檢查。
# - 把 `HIDDEN` 改成 2 或 3：邊界少了幾個角，還包得住圓盤嗎？
# - 把 `tries` 從 20 加到 2,000：亂試追上多少？
#
# 鳶尾花的資料（Anderson，1935；Fisher，1936）隨 PyPI 套件 scikit-learn 附上；圓環由程式產生。

# %% [markdown] lang="en"
# ## What to try
#
# - Add a gate that divides, or a $\tanh$ gate: is its local derivative right? Check it with `numerical`.
# - Set `HIDDEN` to 2 or 3: with fewer corners, does the boundary still hold the disc?
# - Raise `tries` from 20 to 2,000: how far does random search catch up?
#
# The irises (Anderson, 1935; Fisher, 1936) come with the PyPI package scikit-learn; the rings are made by the program.
