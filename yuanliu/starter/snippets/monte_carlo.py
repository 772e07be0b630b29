# %% [markdown] lang="zh-TW"
# # 蒙地卡羅：用亂數量體積
#
# Metropolis 與 Ulam 1949 年的主張：維度一高，規則的格點就不管用了，隨機取點卻照樣管用。這裡量八維單位球落在第一卦限的體積，真值是 $\pi^4 / 4! / 2^8$。

# %% [markdown] lang="en"
# # Monte Carlo: a volume measured by chance
#
# Metropolis and Ulam held in 1949 that regular grids fail in many dimensions where random points still serve. Here is the volume of the eight-dimensional unit ball in the positive orthant, whose true value is $\pi^4 / 4! / 2^8$.

# %%
import math
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

DIMENSION = 8
VOLUME = math.pi**4 / math.factorial(4) / 2**DIMENSION
SIDES = [2, 3, 4, 5]  # points along each axis of a grid
REPEATS = 30

# %% [markdown] lang="zh-TW"
# ## 兩種取點方法
#
# 基準是中點法：把每一軸切成 $k$ 格，取每格的中心，一共 $k^8$ 點。隨機取點用一樣多的點。兩者都數有多少比例落在球內。

# %% [markdown] lang="en"
# ## Two ways to choose points
#
# The baseline is the midpoint rule, with $k$ cells along each axis and the centre of each, $k^8$ points in all. Chance gets as many. Both count the share of the points inside the ball.


# %%
def by_grid(side: int) -> float:
    """Share of the midpoints of a grid that lie inside the ball."""
    squares = ((np.arange(side) + 0.5) / side) ** 2  # (side,)
    radius = squares
    for _ in range(DIMENSION - 1):
        radius = np.add.outer(radius, squares).ravel()  # (side ** axes so far,)
    return float((radius <= 1).mean())


def by_chance(points: int, rng: np.random.Generator) -> float:
    """Share of points drawn at random that lie inside the ball."""
    x = rng.random((points, DIMENSION), dtype=np.float32)  # (points, 8)
    return float(((x * x).sum(axis=1) <= 1).mean())


def relative(errors: list[float]) -> float:
    """Root of the mean square, in parts of the true volume."""
    return float(np.sqrt(np.mean(np.square(errors))) / VOLUME)


# %%
def experiment(seed: int = 0) -> SimpleNamespace:
    rng = np.random.default_rng(seed)
    points = [side**DIMENSION for side in SIDES]
    grid = [abs(by_grid(side) - VOLUME) / VOLUME for side in SIDES]
    chance = [relative([by_chance(n, rng) - VOLUME for _ in range(REPEATS)]) for n in points]
    few, many = (
        relative([by_chance(n, rng) - VOLUME for _ in range(4 * REPEATS)]) for n in (1000, 100_000)
    )
    metrics = {
        "error_ratio_vs_grid": math.hypot(*chance) / math.hypot(*grid),
        "error_after_hundredfold": many / few,
    }
    return SimpleNamespace(metrics=metrics, points=points, grid=grid, chance=chance)


def main(seed: int = 0) -> dict[str, float]:
    """Measures both claims.

    Returns:
        error_ratio_vs_grid: error of random points over that of grids, over all four sizes.
        error_after_hundredfold: error with 100,000 random points over that with 1,000.
    """
    return experiment(seed).metrics


# %%
if __name__ == "__main__":
    run = experiment(seed=0)
    print("\n".join(f"{name} = {value:.4g}" for name, value in run.metrics.items()))


# %% caption.zh-TW="點數與相對誤差：隨機取點沿著直線下降，格點時好時壞" caption.en="Points and relative error: chance falls along a line, the grid is now better, now worse"
def draw_errors(run: SimpleNamespace) -> Figure:
    fig, ax = plt.subplots()
    ax.loglog(run.points, run.grid, "s-", label="grid")
    ax.loglog(run.points, run.chance, "o-", label="chance")
    ax.set(xlabel="points", ylabel="relative error")
    ax.legend()
    return fig


if __name__ == "__main__":
    draw_errors(run)
    plt.show()
