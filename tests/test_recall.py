"""Runs that are remembered whole: used while nothing of them changed, and never when in doubt."""

from __future__ import annotations

from math import inf
from pathlib import Path

import pytest

from yuanliu.recall import FILE, key, recall, remember
from yuanliu.snippets import Cell, Execution, Figure

NOTEBOOK = {"cells": [{"source": "1 + 1"}], "metadata": {}}
CELL = Cell("code", "1 + 1", text="2", figures=[Figure("<svg/>", {"en": "two"})])
RUN = Execution("mean", [CELL], {"sum": 2.0, "log": -inf}, 0.1, NOTEBOOK, ["other"], b"\x00\xff")


@pytest.fixture
def scripts(tmp_path: Path) -> list[Path]:
    folder = tmp_path / "snippets"
    (folder / "data").mkdir(parents=True)
    (folder / "data/mean.txt").write_text("1 2 3")
    (folder / "mean.py").write_text("print(2)")
    return [folder / "mean.py"]


def test_runs_come_back_as_they_were(tmp_path: Path, scripts: list[Path]) -> None:
    assert recall(tmp_path, key(scripts)) is None
    remember(tmp_path, key(scripts), {"mean": RUN})
    found = recall(tmp_path, key(scripts))
    assert found and found == {"mean": RUN}


@pytest.mark.parametrize("file", ["mean.py", "data/mean.txt", "data/another.txt", "mean.sh"])
def test_runs_are_forgotten_when_a_file_beside_them_changes(
    tmp_path: Path, scripts: list[Path], file: str
) -> None:
    remember(tmp_path, key(scripts), {"mean": RUN})
    (scripts[0].parent / file).write_text("changed")
    assert recall(tmp_path, key(scripts)) is None


@pytest.mark.parametrize("length", [0, 1, 10, 60, -1])
def test_what_a_crash_cut_short_is_no_run(tmp_path: Path, scripts: list[Path], length: int) -> None:
    remember(tmp_path, key(scripts), {"mean": RUN})
    file = tmp_path / FILE
    file.write_bytes(file.read_bytes()[:length])
    assert recall(tmp_path, key(scripts)) is None


@pytest.mark.parametrize(
    "content",
    [
        b"\x00" * 100,
        b"text\n",
        b"[]",
        b"null",
        b"{}",
        b'{"key": "key"}',
        b'{"key": "key", "runs": {"a": 1}}',
    ],
)
def test_what_is_no_memory_is_no_run(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    assert recall(tmp_path, "key") is None
