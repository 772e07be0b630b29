# %% [markdown] lang="zh-TW"
# # 平均值最小化平方誤差
#
# 誤差是 $\sum_i (x_i - m)^2$。

# %% [markdown] lang="en"
# # The mean minimises squared error
#
# The error is $\sum_i (x_i - m)^2$.

# %%
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure


# %%
def experiment(seed: int = 0) -> SimpleNamespace:
    x = np.random.default_rng(seed).exponential(size=101)
    around_mean, around_median = ((x - m) ** 2 for m in (x.mean(), np.median(x)))
    ratio = float(around_mean.sum() / around_median.sum())
    return SimpleNamespace(metrics={"error_ratio": ratio}, x=x)


def main(seed: int = 0) -> dict[str, float]:
    """Returns ``error_ratio``: squared error around the mean over that around the median."""
    return experiment(seed).metrics


# %%
if __name__ == "__main__":
    run = experiment(seed=0)
    print("\n".join(f"{name} = {value:.4g}" for name, value in run.metrics.items()))


# %% caption.zh-TW="資料的分布" caption.en="How the data lie"
def draw_data(run: SimpleNamespace) -> Figure:
    fig, ax = plt.subplots()
    ax.hist(run.x)
    return fig


if __name__ == "__main__":
    draw_data(run)
    plt.show()
