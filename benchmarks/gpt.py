"""Tokens a second of the GPT-2 snippet's training step beside a straightforward one.

Run: .venv/bin/python benchmarks/gpt.py [ROUNDS]

Both train the same model on the same rows. They take turns within one run, a few steps each, so
that a busy machine slows both alike; the medians are shown. The share of the peak is the number of
floating-point operations that the model needs, over what a plain product of two matrices reaches
on this machine in the same run. A token needs 6 N + 12 L T C of them: forward and backward through
N weights (Kaplan et al. 2020, §2.1), and the scores and sums of attention, with L layers of width C
over T places (Chowdhery et al. 2022, appendix B; the causal half is not deducted). N counts the
output layer and leaves out the tables that are only looked up.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
import torch.nn.functional as F
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn

sys.path.insert(0, str(Path(__file__).parent.parent / "snippets"))
import gpt2

VOCABULARY = 1024
# name -> width, layers, heads, T, B
SHAPES = {
    "small": (*gpt2.SIZES["small"], gpt2.CONTEXT, gpt2.BATCH),
    "large": (*gpt2.SIZES["large"], gpt2.CONTEXT, gpt2.BATCH),
    "larger than the snippet's": (256, 4, 8, 256, 4),
}


class PlainBlock(nn.Module):
    """The same block with three projections and attention as multiply, mask, softmax, multiply."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.q, self.k, self.v = (nn.Linear(width, width) for _ in range(3))
        self.out = nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        B, T, width = x.shape
        normed = self.norm1(x)
        q, k, v = (
            layer(normed).view(B, T, self.heads, -1).transpose(1, 2)
            for layer in (self.q, self.k, self.v)
        )
        scores = q @ k.transpose(-2, -1) / (width // self.heads) ** 0.5  # (B, heads, T, T)
        future = torch.ones(T, T, dtype=torch.bool).triu(1)
        seen = scores.masked_fill(future, float("-inf")).softmax(dim=-1) @ v
        x = x + self.out(seen.transpose(1, 2).reshape(B, T, width))
        return x + self.down(F.gelu(self.up(self.norm2(x))))


def plain(model: gpt2.GPT2, width: int, heads: int) -> gpt2.GPT2:
    """A copy of the model, with the same weights in plain blocks."""
    layers = len(model.blocks)
    other = gpt2.GPT2(VOCABULARY, len(model.place.weight), width, layers, heads)
    other.blocks = nn.Sequential(*(PlainBlock(width, heads) for _ in range(layers)))
    weights = model.state_dict()
    for name in [name for name in weights if ".qkv." in name]:
        for part, weight in zip("qkv", weights.pop(name).chunk(3), strict=True):
            weights[name.replace("qkv", part)] = weight
    other.load_state_dict(weights)
    return other


def steps_of(model: gpt2.GPT2, optimizer: torch.optim.Optimizer, rows: Tensor) -> Callable:
    return lambda: gpt2.train_step(model, optimizer, rows)


def seconds(work: Callable, times: int) -> float:
    start = time.perf_counter()
    for _ in range(times):
        work()
    return (time.perf_counter() - start) / times


def compare(shape: tuple[int, int, int, int, int], rounds: int) -> dict[str, list[float]]:
    """Seconds a step of both, and seconds a floating-point operation of a matrix product."""
    width, layers, heads, T, B = shape
    torch.manual_seed(0)
    ours = gpt2.GPT2(VOCABULARY, T, width, layers, heads)
    theirs = plain(ours, width, heads)
    rows = torch.randint(VOCABULARY, (B, T + 1))
    difference = (ours(rows[:, :-1]) - theirs(rows[:, :-1])).abs().max()
    assert difference < 1e-3, f"the two models differ by {difference}"
    usual = torch.optim.AdamW(theirs.parameters(), lr=1e-4, betas=(0.9, 0.98), weight_decay=0.1)
    left, right = torch.randn(1024, 1024), torch.randn(1024, 1024)
    work = {
        "ours": steps_of(ours, gpt2.optimizer_of(ours, 1e-4), rows),
        "plain": steps_of(theirs, usual, rows),
        "matmul": lambda: left @ right,
    }
    times = {name: max(1, round(0.05 / seconds(one, 2))) for name, one in work.items()}
    taken: dict[str, list[float]] = {name: [] for name in work}
    for turn in range(rounds):
        for name in list(work) if turn % 2 else reversed(work):
            taken[name].append(seconds(work[name], times[name]))
    taken["matmul"] = [s / (2 * 1024**3) for s in taken["matmul"]]
    return taken


def flops_per_token(shape: tuple[int, int, int, int, int]) -> int:
    """6 N + 12 L T C; see above."""
    width, layers, _, T, _ = shape
    N = layers * 12 * width**2 + VOCABULARY * width
    return 6 * N + 12 * layers * T * width


def main(rounds: int) -> None:
    """Print a table, one row a shape and implementation."""
    columns = ("model", "step", "tokens/s", "quartiles", "ours/plain", "GFLOP/s", "of the peak")
    table = Table(
        *columns, title=f"{torch.get_num_threads()} thread(s), PyTorch {torch.__version__}"
    )
    for name, shape in SHAPES.items():
        taken = compare(shape, rounds)
        *_, T, B = shape
        peak = 1 / min(taken["matmul"])
        ratio = statistics.median(p / o for o, p in zip(taken["ours"], taken["plain"], strict=True))
        for step in ("ours", "plain"):
            speed = [B * T / s for s in taken[step]]
            low, middle, high = statistics.quantiles(speed, n=4)
            flops = middle * flops_per_token(shape)
            table.add_row(
                f"{name}: width {shape[0]}, {shape[1]} layer(s), T {T}, B {B}",
                step,
                f"{middle:,.0f}",
                f"{low:,.0f} to {high:,.0f}",
                f"{ratio:.2f}" if step == "ours" else "",
                f"{flops / 1e9:.1f}",
                f"{flops / peak:.0%} of {peak / 1e9:.0f}",
            )
    Console(width=140 if not sys.stdout.isatty() else None).print(table)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
