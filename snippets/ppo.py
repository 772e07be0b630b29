# %% [markdown] lang="zh-TW"
# # PPO：截斷機率比，同一批樣本就能放心多用幾次
#
# 強化學習（reinforcement learning）的樣本很貴：要真的去做，才知道做得好不好。策略梯度（policy gradient）每批樣本照理只能更新一次；多更新幾次，策略就會跑得太遠而崩壞。Schulman 等人 2017 年的〈Proximal Policy Optimization Algorithms〉主張：只要在新舊策略的機率比超出 $1 \pm \epsilon$ 時截斷（clip）目標函數，同一批樣本就能更新好幾輪，既省樣本又穩定。
#
# InstructGPT 與 ChatGPT 就是用 PPO 讓語言模型追求獎勵。這裡先看它的本來面目：學會平衡一根立在車上的竿子。

# %% [markdown] lang="en"
# # PPO: clip the ratio, and use the same samples several times in safety
#
# Samples are costly in reinforcement learning; only by doing does one find out how well it goes. A policy gradient permits in principle one update for each batch, and after more of them the policy strays too far and breaks. “Proximal Policy Optimization Algorithms” (Schulman et al., 2017) holds that if the objective is clipped where the ratio of the new to the old policy's probability leaves $1 \pm \epsilon$, the same batch serves for several epochs, thriftily and stably.
#
# InstructGPT and ChatGPT use PPO to make a language model pursue a reward. Here it is first in its own element, learning to balance a pole on a cart.

# %%
import math
from types import SimpleNamespace

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor, nn
from tqdm import tqdm

# %% [markdown] lang="zh-TW"
# ## 環境：車上的竿子
#
# 這是 Barto、Sutton 與 Anderson 1983 年的經典問題，運動方程式也照他們的。狀態是車的位置 $x$ 與速度、竿的角度 $\theta$ 與角速度；動作是向左或向右推一下。竿子每立一步得 1 分；倒超過 12 度或車跑出 2.4 公尺就結束，最長 500 步。

# %% [markdown] lang="en"
# ## The environment: a pole on a cart
#
# This is the classic problem of Barto, Sutton and Anderson (1983), with their equations of motion. The state is the cart's position $x$ and velocity and the pole's angle $\theta$ and angular velocity; an action is a push to the left or to the right. Every step that the pole stands earns 1; it is over when the pole leans by more than 12 degrees or the cart is 2.4 metres away, and after 500 steps at the latest.

# %%
GRAVITY, CART, POLE, HALF, FORCE, DT, LONGEST = 9.8, 1.0, 0.1, 0.5, 10.0, 0.02, 500


def start(count: int) -> Tensor:
    """States near upright (count, 4)."""
    return torch.rand(count, 4) * 0.1 - 0.05


def push(state: Tensor, action: Tensor) -> tuple[Tensor, Tensor]:
    """The states (N, 4) after 0.02 seconds, and which have fallen (N,)."""
    _, dx, theta, dtheta = state.unbind(dim=-1)
    force = FORCE * (2 * action - 1)
    sin, cos, mass = theta.sin(), theta.cos(), CART + POLE
    thrust = (force + POLE * HALF * dtheta**2 * sin) / mass
    ddtheta = (GRAVITY * sin - cos * thrust) / (HALF * (4 / 3 - POLE * cos**2 / mass))
    ddx = thrust - POLE * HALF * ddtheta * cos / mass
    speeds = torch.stack([dx, ddx, dtheta, ddtheta], dim=-1)
    state = state + DT * speeds
    fallen = (state[:, 0].abs() > 2.4) | (state[:, 2].abs() > math.radians(12))
    return state, fallen


# %% [markdown] lang="zh-TW"
# ## 收集樣本
#
# 16 輛車同時跑 64 步。價值網路（value network）$V(s)$ 估計從這裡起還能得多少分；優勢（advantage）$\hat A_t$ 衡量這個動作比平均好多少，用論文式 (11) 的廣義優勢估計（GAE）：
#
# $$\hat A_t = \delta_t + (\gamma\lambda)\,\delta_{t+1} + \cdots, \quad \delta_t = r_t + \gamma V(s_{t+1}) - V(s_t)$$

# %% [markdown] lang="en"
# ## Collecting samples
#
# Sixteen carts run for 64 steps at once. The value network $V(s)$ estimates what is still to be earned from here on; the advantage $\hat A_t$ tells by how much an action was better than average, by the generalized estimate of eq. (11) of the paper:
#
# $$\hat A_t = \delta_t + (\gamma\lambda)\,\delta_{t+1} + \cdots, \quad \delta_t = r_t + \gamma V(s_{t+1}) - V(s_t)$$

# %%
CARTS, STEPS, GAMMA, LAMBDA = 16, 64, 0.99, 0.95


def network(outputs: int) -> nn.Sequential:
    """States (B, 4) to (B, outputs): two hidden layers of 64 and tanh, as in §6.1."""
    layers = [nn.Linear(4, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, outputs)]
    with torch.no_grad():
        layers[-1].weight *= 0.01
    return nn.Sequential(*layers)


@torch.no_grad()
def collect(policy, value, state: Tensor, age: Tensor):
    """A batch of (T·N) states, actions, log-probabilities, advantages and returns; the states
    and ages to go on from; and how long the poles that ended had stood."""
    states, actions, old, fell, ended, lengths = [], [], [], [], [], []
    for _ in range(STEPS):
        logp = policy(state).log_softmax(dim=-1)
        action = torch.multinomial(logp.exp(), 1)
        states.append(state)
        actions.append(action[:, 0])
        old.append(logp.gather(1, action)[:, 0])
        state, fallen = push(state, action[:, 0].float())
        age = age + 1
        over = fallen | (age >= LONGEST)
        fell.append(fallen)
        ended.append(over)
        lengths += age[over].tolist()
        state = torch.where(over[:, None], start(CARTS), state)
        age = torch.where(over, 0.0, age)
    v = value(torch.stack([*states, state]))[..., 0]  # (T + 1, N)
    advantages, later = torch.zeros(STEPS, CARTS), torch.zeros(CARTS)
    for t in reversed(range(STEPS)):
        stopped = ended[t] & ~fell[t]  # at 500 steps: still worth what it was
        following = torch.where(ended[t], torch.where(stopped, v[t], 0.0), v[t + 1])
        delta = 1 + GAMMA * following - v[t]
        later = delta + GAMMA * LAMBDA * later * ~ended[t]
        advantages[t] = later
    returns = advantages + v[:-1]
    batch = [torch.stack(part).flatten(0, 1) for part in (states, actions, old)]
    scaled = (advantages - advantages.mean()) / advantages.std()
    return [*batch, scaled.flatten(), returns.flatten()], state, age, lengths


# %% [markdown] lang="zh-TW"
# ## 截斷的目標函數
#
# 令 $r_t(\theta)$ 為新舊策略對同一個動作的機率比。論文式 (7)：
#
# $$L^{CLIP}(\theta) = \hat E_t\left[\min\left(r_t(\theta)\hat A_t,\ \mathrm{clip}(r_t(\theta), 1-\epsilon, 1+\epsilon)\hat A_t\right)\right]$$
#
# 取 min 的意思是悲觀：走遠了得不到獎勵，走錯了卻照樣受罰。我們比較三種用法：PPO（每批十輪，截斷）、不截斷（每批同樣十輪）、原本的策略梯度（每批一輪）。三者的樣本、網路與學習率完全相同。

# %% [markdown] lang="en"
# ## The clipped objective
#
# Let $r_t(\theta)$ be the ratio of the new to the old policy's probability of the same action. Eq. (7) of the paper:
#
# $$L^{CLIP}(\theta) = \hat E_t\left[\min\left(r_t(\theta)\hat A_t,\ \mathrm{clip}(r_t(\theta), 1-\epsilon, 1+\epsilon)\hat A_t\right)\right]$$
#
# The min is pessimism: going far earns nothing more, going wrong is punished all the same. We compare three ways, PPO (ten epochs a batch, clipped), no clipping (the same ten epochs) and the plain policy gradient (one epoch). Samples, networks and learning rate are exactly the same for all three.

# %%
METHODS = {"PPO": (0.2, 10), "no clipping": (None, 10), "policy gradient": (None, 1)}
ITERATIONS, RUNS = 40, 3


def logprob(policy, state: Tensor, action: Tensor) -> Tensor:
    """Log-probability of each action (B,)."""
    return policy(state).log_softmax(dim=-1).gather(1, action[:, None])[:, 0]


def train(epsilon: float | None, epochs: int, name: str) -> tuple[list[float], list[float]]:
    """How long poles stood, and how far the ratio strayed from 1, at every iteration."""
    policy, value = network(2), network(1)
    parameters = [*policy.parameters(), *value.parameters()]
    optimizer = torch.optim.Adam(parameters, lr=3e-3, fused=True)
    state, age, stood, strayed = start(CARTS), torch.zeros(CARTS), [], []
    for _ in tqdm(range(ITERATIONS), desc=name):
        batch, state, age, lengths = collect(policy, value, state, age)
        for _ in range(epochs):
            for rows in torch.randperm(CARTS * STEPS).split(256 if epochs > 1 else CARTS * STEPS):
                s, a, old, advantages, returns = (part[rows] for part in batch)
                ratio = (logprob(policy, s, a) - old).exp()
                objective = ratio * advantages
                if epsilon is not None:
                    clipped = ratio.clamp(1 - epsilon, 1 + epsilon) * advantages
                    objective = torch.min(objective, clipped)
                error = (value(s)[:, 0] - returns).square().mean()
                loss = -objective.mean() + 0.005 * error
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
        with torch.no_grad():
            s, a, old, *_ = batch
            ratio = (logprob(policy, s, a) - old).exp()
            strayed.append(float((ratio - 1).abs().mean()))
        stood.append(sum(lengths) / len(lengths) if lengths else float(LONGEST))
    return stood, strayed


def experiment(seed: int = 0) -> SimpleNamespace:
    """Three runs of each method."""
    torch.manual_seed(seed)
    runs = {name: [train(*options, name) for _ in range(RUNS)] for name, options in METHODS.items()}
    curves = {name: torch.tensor([stood for stood, _ in each]) for name, each in runs.items()}
    strayed = {name: torch.tensor([far for _, far in each]) for name, each in runs.items()}
    end = {name: float(curve[:, -10:].mean()) for name, curve in curves.items()}
    metrics = {
        "steps_ppo": end["PPO"],
        "steps_no_clipping": end["no clipping"],
        "steps_policy_gradient": end["policy gradient"],
        "steps_untrained": float(torch.stack([curve[:, 0] for curve in curves.values()]).mean()),
        "ratio_vs_no_clipping": end["PPO"] / end["no clipping"],
        "ratio_vs_policy_gradient": end["PPO"] / end["policy gradient"],
        "distance_ppo": float(strayed["PPO"].mean()),
        "distance_no_clipping": float(strayed["no clipping"].mean()),
    }
    return SimpleNamespace(metrics=metrics, curves=curves)


def main(seed: int = 0) -> dict[str, float]:
    """Steps that the pole stands (at most 500), their ratios, and mean |ratio - 1|."""
    return experiment(seed).metrics


# %%
if __name__ == "__main__":
    run = experiment(seed=0)
    print("\n".join(f"{name} = {value:.4g}" for name, value in run.metrics.items()))

# %% [markdown] lang="zh-TW"
# ## 三條學習曲線
#
# PPO 很快就讓竿子立滿 500 步。同樣更新十輪、只是不截斷，一開始也學得快，接著卻崩壞：論文的表 1 裡，不截斷也是唯一得到負分的做法。每批只更新一輪最安穩，但同樣多的樣本學到的少得多。

# %% [markdown] lang="en"
# ## Three learning curves
#
# PPO soon keeps the pole up for all 500 steps. With the same ten epochs but no clipping, learning is fast at first and then breaks; in Table 1 of the paper, too, no clipping is the only variant with a negative score. One epoch a batch is the steadiest, but learns far less from as many samples.


# %% caption.zh-TW="竿子平均立了幾步，隨樣本數的變化；淡線是各次執行，粗線是平均" caption.en="How many steps the pole stood, by samples used; pale lines are single runs, strong lines their mean"
def draw_learning(run: SimpleNamespace) -> Figure:
    fig, ax = plt.subplots()
    samples = [(i + 1) * CARTS * STEPS / 1000 for i in range(ITERATIONS)]
    for number, (name, curves) in enumerate(run.curves.items()):
        for curve in curves:
            ax.plot(samples, curve, color=f"C{number}", alpha=0.3, linewidth=1)
        ax.plot(samples, curves.mean(dim=0), color=f"C{number}", label=name)
    ax.set(xlabel="thousand samples", ylabel="steps the pole stood")
    ax.legend()
    return fig


if __name__ == "__main__":
    draw_learning(run)
    plt.show()

# %% [markdown] lang="zh-TW"
# ## 換你試試
#
# - 把 $\epsilon$ 從 0.2 改成 0.05 或 1：太小學得慢，太大又會怎樣？
# - 把每批的輪數從 10 改成 30：截斷還守得住嗎？
# - 把 `LAMBDA` 改成 0 或 1：優勢的估計偏差與雜訊怎麼取捨？
#
# 環境由程式自己計算，沒有外部資料。

# %% [markdown] lang="en"
# ## What to try
#
# - Set $\epsilon$ to 0.05 or 1 instead of 0.2: too small is slow, and too large?
# - Take 30 epochs a batch instead of 10: does clipping still hold?
# - Set `LAMBDA` to 0 or 1: how do bias and noise of the advantage trade off?
#
# The environment is computed by the program itself; there are no outside data.
