"""The catalog loader under a fuzzer that follows its branches: ``make fuzz TIME=600``.

Arguments are libFuzzer's (``-runs=1000``, ``-max_total_time=60``). What is found is written to a
file ``crash-…``; with its name as an argument it is tried again.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import atheris  # pyright: ignore[reportMissingImports]  # where it has a wheel
import yaml
from hypothesis import given, settings
from odd import CATALOG, changed, dump

with atheris.instrument_imports(  # pyright: ignore[reportAttributeAccessIssue]
    include=["yuanliu.catalog", "yuanliu.reading", "yuanliu.pages"]
):
    from test_fuzz import VALID, loaded, render

ROOT = Path(__file__).parent.parent
FOLDER = tempfile.TemporaryDirectory()
FILE = Path(FOLDER.name, "papers.yaml")


def judge(raw: bytes) -> None:
    """Load, and draw the pages of what is accepted."""
    found = loaded(FILE, raw)
    if found:
        render(found)


@settings(database=None, deadline=None)
@given(changed())
def judge_value(data: Any) -> None:
    judge(dump(data))


def one_input(data: bytes) -> None:
    """The first byte says what the others are: a file, or choices that change the catalog."""
    if data[:1] == b"v":
        judge_value.hypothesis.fuzz_one_input(data[1:])
    else:
        judge(data[1:])


def seeds(folder: Path) -> None:
    """The valid catalogs, and the real one in pieces of one entry each."""
    real = (ROOT / "papers.yaml").read_text(encoding="utf-8")
    head, *entries = real.split("\n  - id: ")
    texts = [VALID, dump(CATALOG), *(f"entries:\n  - id: {one}\n".encode() for one in entries)]
    texts += [head.encode(), *(b"v" + bytes(range(start, 256)) * 4 for start in (0, 64, 128, 192))]
    for number, text in enumerate(texts):
        (folder / str(number)).write_bytes(text if text[:1] == b"v" else b" " + text)
    words = sorted({str(key) for key in _keys(yaml.safe_load(VALID))})
    (folder.parent / "words").write_text("".join(f'"{word}: "\n' for word in words))


def _keys(value: Any) -> set[str]:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    own = set(value) if isinstance(value, dict) else set()
    return own.union(*map(_keys, inner))


def main() -> None:
    """Fuzz from the seeds, or try the files again that are named."""
    corpus = Path(FOLDER.name, "corpus")
    corpus.mkdir()
    seeds(corpus)
    named = [one for one in sys.argv[1:] if not one.startswith("-")]
    options = [f"-dict={corpus.parent / 'words'}", "-max_len=20000", "-timeout=60"]
    atheris.Setup([*sys.argv, *options, *([] if named else [str(corpus)])], one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
