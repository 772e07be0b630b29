"""The tokenizer that the GPT snippets import: as algorithm 1 says, and lossless."""

from __future__ import annotations

import importlib.util
from collections import Counter
from itertools import pairwise

from conftest import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st

spec = importlib.util.spec_from_file_location("bpe", ROOT / "snippets/bpe.py")
assert spec and spec.loader
bpe = importlib.util.module_from_spec(spec)
spec.loader.exec_module(bpe)

TEXT = "low lower lowest new newer newest wide wider widest, and aaaa aaa banana bananas; " * 3
VOCABULARY = bpe.train(TEXT, 300)


def by_the_letter(text: str, size: int) -> dict[bytes, int]:
    """Algorithm 1 of Sennrich et al.: count everything again after every merge."""
    vocabulary = {bytes([byte]): byte for byte in range(256)}
    words = [(bpe.split(piece), n) for piece, n in Counter(bpe.pieces(text)).items()]
    while len(vocabulary) < size:
        count: Counter[tuple[bytes, bytes]] = Counter()
        for parts, n in words:
            for pair in pairwise(parts):
                count[pair] += n
        if not count:
            break
        best = min(count, key=lambda pair: (-count[pair], pair))
        vocabulary.setdefault(best[0] + best[1], len(vocabulary))
        words = [(bpe.joined(parts, best), n) for parts, n in words]
    return vocabulary


def test_training_gives_what_counting_anew_gives() -> None:
    for size in (256, 257, 270, 300, 1000):
        assert bpe.train(TEXT, size) == by_the_letter(TEXT, size)


def test_every_word_of_the_training_text_may_become_one_token() -> None:
    vocabulary = bpe.train(TEXT, 1000)
    assert all(len(bpe.merged(piece, vocabulary)) == 1 for piece in bpe.pieces(TEXT))


@settings(max_examples=200, deadline=None)
@given(st.text() | st.binary().map(lambda data: data.decode("utf-8", "surrogateescape")))
def test_any_text_comes_back(text: str) -> None:
    assert bpe.decode(bpe.encode(text, VOCABULARY), VOCABULARY) == text


def test_known_numbers_of_gpt2() -> None:
    numbers = bpe.encode("Hello world", bpe.gpt2_vocabulary())
    assert numbers == [15496, 995]
