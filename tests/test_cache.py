"""The cache of executed snippets: what a crash broke is mended, and nothing is run in vain."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from builder import Builder, process
from conftest import yuanliu

from yuanliu import cache, snippets


def execute(toy: Path) -> tuple[snippets.Execution, list[str]]:
    """The toy's snippet as the plugin has it executed, and the names of those that had to run."""
    ran: list[str] = []
    with cache.opened(toy / "cache"):
        scripts = [toy / "snippets/mean.py"]
        return snippets.execute_all(scripts, toy / "cache", on_start=ran.append)["mean"], ran


def tables_gone(database: Path) -> None:
    database.unlink()
    with sqlite3.connect(database) as connection:
        connection.execute("CREATE TABLE other (name)")


BROKEN: dict[str, Callable[[Path], object]] = {
    "empty": lambda file: file.write_bytes(b""),
    "cut short": lambda file: file.write_bytes(file.read_bytes()[:5000]),
    "cut in its head": lambda file: file.write_bytes(file.read_bytes()[:50]),
    "another file": lambda file: file.write_bytes(b"<html>" * 5000),
    "overwritten": lambda file: file.write_bytes(
        file.read_bytes()[:4096] + b"\xff" * 8192 + file.read_bytes()[12288:]
    ),
    "without its tables": tables_gone,
}


@pytest.mark.parametrize("broken", BROKEN)
def test_broken_list_is_made_anew_from_the_runs_beside_it(
    toy: Path, capsys: pytest.CaptureFixture, broken: str
) -> None:
    first, ran = execute(toy)
    assert ran == ["mean"]
    BROKEN[broken](toy / "cache/global.db")
    again, ran = execute(toy)
    assert (again.metrics, ran) == (first.metrics, [])
    assert f"{toy / 'cache/global.db'}: cannot be read; made anew" in capsys.readouterr().err
    assert execute(toy)[1] == []
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    "content", ["", "{}", "[]", "null", '{"cells": []}', "\x00" * 50, "cut", "fewer"]
)
def test_broken_run_is_run_again(toy: Path, content: str) -> None:
    first, _ = execute(toy)
    (kept,) = (toy / "cache").rglob("base.ipynb")
    whole = kept.read_text(encoding="utf-8")
    fewer = whole.replace('"cells": [', '"cells": [], "others": [')
    kept.write_text({"cut": whole[: len(whole) // 2], "fewer": fewer}.get(content, content))
    again, ran = execute(toy)
    assert (again.metrics, ran) == (first.metrics, ["mean"])
    assert execute(toy)[1] == []


def test_run_whose_file_is_gone_is_run_again(toy: Path) -> None:
    execute(toy)
    (kept,) = (toy / "cache").rglob("base.ipynb")
    kept.unlink()
    assert execute(toy)[1] == ["mean"]


def test_parts_that_nobody_writes_any_more_are_removed(tmp_path: Path) -> None:
    (tmp_path / "cards").mkdir()
    old, fresh = tmp_path / "cards/a.png.x.part", tmp_path / "cards/b.png.y.part"
    for part in (old, fresh):
        part.write_bytes(b"half")
    day_ago = time.time() - 86_400
    os.utime(old, (day_ago, day_ago))
    with cache.opened(tmp_path):
        assert not old.exists() and fresh.exists()


def test_who_comes_second_waits_and_says_so(tmp_path: Path) -> None:
    with cache.opened(tmp_path):
        second = process("open_cache", str(tmp_path), cwd=tmp_path, stderr=-1)
        assert second.stderr
        assert f"with the cache {tmp_path}; waiting for it" in second.stderr.readline()
        assert second.poll() is None
    assert second.wait(60) == 0
    second.stderr.close()


def test_build_after_kills_while_snippets_run_is_right(toy: Path) -> None:
    """From no cache at all, at moments before, in and after the run of the snippet."""
    with Builder(toy) as builder:
        for number in range(6):
            assert builder.build(kill_after=0.4 * (number + 1)) in (0, -9)
        assert builder.build() == 0, (toy / "build.log").read_text()
    fresh = yuanliu("run", "mean", "--json", cwd=toy)
    page = (toy / "site/snippets/mean/index.html").read_text(encoding="utf-8")
    assert fresh.returncode == 0 and "error_ratio" in page
