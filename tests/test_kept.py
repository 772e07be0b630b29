"""Files that are written at once: never there in part, whoever else writes them."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from yuanliu.kept import write


def test_many_may_write_the_same_at_once(tmp_path: Path) -> None:
    barrier = Barrier(8)

    def make() -> None:
        barrier.wait(30)
        write(tmp_path / "file", b"x" * 1_000_000, lasting=False)

    with ThreadPoolExecutor(8) as pool:
        for future in [pool.submit(make) for _ in range(8)]:
            future.result()
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_bytes() == b"x" * 1_000_000


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_what_was_there_stays_when_writing_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    def fail(descriptor: int) -> None:
        raise error

    write(tmp_path / "file", b"old")
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(type(error)):
        write(tmp_path / "file", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_bytes() == b"old"
