"""Things kept between builds: made once, never there in part, whoever else writes them."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from yuanliu.kept import kept, write


def test_thing_is_made_once_for_the_same_data(tmp_path: Path) -> None:
    made: list[str] = []

    def make(name: str) -> bytes:
        made.append(name)
        return name.encode()

    assert kept(tmp_path / "new", ".txt", ("a", 1), lambda: make("one")) == b"one"
    assert kept(tmp_path / "new", ".txt", ("a", 1), lambda: make("two")) == b"one"
    assert kept(tmp_path / "new", ".txt", ("a", 2), lambda: make("three")) == b"three"
    assert made == ["one", "three"]


def test_many_may_make_the_same_at_once(tmp_path: Path) -> None:
    barrier = Barrier(8)

    def make() -> bytes:
        barrier.wait(30)
        return b"x" * 1_000_000

    with ThreadPoolExecutor(8) as pool:
        futures = [pool.submit(kept, tmp_path, ".bin", "data", make) for _ in range(8)]
        assert {future.result() for future in futures} == {b"x" * 1_000_000}
    assert len(list(tmp_path.iterdir())) == 1


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
