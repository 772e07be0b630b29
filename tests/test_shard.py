"""Shards: each machine does its part, and together they do all of it once."""

from __future__ import annotations

import shutil
import subprocess
import sys
from itertools import chain
from pathlib import Path

import pytest
from conftest import ROOT, SCRIPTS, yuanliu

from yuanliu import snippets
from yuanliu.shard import Shard

FILES = ["tests/test_snippets.py", "tests/test_glossary.py"]


@pytest.mark.parametrize("text", ["5/4", "0/4", "x", "", "1/0", "-1/4", "1/4/2", "2", "1.0/4"])
def test_what_is_no_shard_is_told_what_to_write(text: str) -> None:
    with pytest.raises(ValueError, match=f"'{text}' is no shard; write K/N .*such as 2/4"):
        Shard.parse(text)


@pytest.mark.parametrize("count", [1, 2, 4, 7])
def test_every_snippet_falls_to_one_shard(count: int) -> None:
    keys = [snippets.key(script) for script in SCRIPTS.values()]
    shards = [Shard.parse(f"{number}/{count}") for number in range(1, count + 1)]
    assert [sum(shard.has(key) for shard in shards) for key in keys] == [1] * len(SCRIPTS)


def test_shard_depends_on_code_and_not_on_prose_or_versions(
    toy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = toy / "snippets/mean.py"
    key, text = snippets.key(script), script.read_text(encoding="utf-8")
    monkeypatch.setattr("platform.python_version", lambda: "3.0.0")
    script.write_text(text.replace("The error is", "The squared error is"), encoding="utf-8")
    assert snippets.key(script) == key
    script.write_text(text.replace("size=101", "size=51"), encoding="utf-8")
    assert snippets.key(script) != key


def collected(*options: str) -> list[str]:
    command = [sys.executable, "-m", "pytest", "--collect-only", "-p", "no:cacheprovider"]
    ran = subprocess.run([*command, *options, *FILES], cwd=ROOT, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return [line for line in ran.stdout.splitlines() if "::" in line]


def test_shards_of_the_tests_are_the_tests_and_keep_a_snippet_together() -> None:
    shards = [collected("--shard", f"{number}/3") for number in (1, 2, 3)]
    assert sorted(chain(*shards)) == sorted(collected())
    for name in SCRIPTS:
        about = [f"[{name}]", f"[{name}-1]", f"[{name}-2]"]
        homes = {
            number
            for number, tests in enumerate(shards)
            if any(test.endswith(tuple(about)) for test in tests)
        }
        assert len(homes) == 1


def test_invalid_shard_of_the_tests_ends_pytest_with_what_to_write() -> None:
    command = [sys.executable, "-m", "pytest", "--shard", "5/4", *FILES]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert ran.returncode == pytest.ExitCode.USAGE_ERROR
    assert "--shard: '5/4' is no shard; write K/N" in ran.stderr


def test_warm_runs_a_shard_and_its_cache_is_taken_in_elsewhere(toy: Path) -> None:
    other = Path(shutil.copytree(toy, toy.with_name("other")))
    script = toy / "snippets/mean.py"
    ours = 1 if Shard(1, 2).has(snippets.key(script)) else 2
    warmed = yuanliu("warm", "--shard", f"{3 - ours}/2", cwd=toy)
    assert warmed.stdout == f"0 snippets of shard {3 - ours}/2 in the cache\n", warmed.stderr
    assert not list((toy / ".cache").rglob("base.ipynb"))
    warmed = yuanliu("warm", "--shard", f"{ours}/2", cwd=toy)
    assert warmed.stdout == f"1 snippet of shard {ours}/2 in the cache\n", warmed.stderr
    assert not (toy / "site").exists()
    taken = yuanliu("warm", str(toy / ".cache/snippets"), cwd=other)
    assert taken.stdout == "1 run taken in; 1 snippet in the cache\n", taken.stderr
    seconds = {
        snippets.execute_all([root / "snippets/mean.py"], root / ".cache/snippets")["mean"].seconds
        for root in (toy, other)
    }
    assert len(seconds) == 1


def test_caches_come_together(tmp_path: Path, toy: Path) -> None:
    ran: list[str] = []
    text = (toy / "snippets/mean.py").read_text(encoding="utf-8")
    scripts = [tmp_path / f"part{number}.py" for number in (1, 2, 3)]
    for number, script in enumerate(scripts):
        script.write_text(text.replace("size=101", f"size=10{number}"), encoding="utf-8")
        snippets.execute_all([script], tmp_path / script.stem, on_start=ran.append)
    (short,) = (tmp_path / "part3").rglob("base.ipynb")
    short.write_text(short.read_text(encoding="utf-8")[:100], encoding="utf-8")
    taken = [snippets.take(tmp_path / script.stem, tmp_path / "all") for script in scripts]
    assert taken == [1, 1, 0]
    snippets.execute_all(scripts, tmp_path / "all", on_start=ran.append)
    assert ran == ["part1", "part2", "part3", "part3"]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--shard", "5/4"], "'5/4' is no shard"),
        (["nowhere"], "nowhere: no cache of snippets here"),
        (["--config", "docs.yml"], "docs.yml has no plugin 'yuanliu'"),
        (["--scheduler", "nonsense"], "no Dask scheduler answers at nonsense"),
    ],
)
def test_warm_that_fails_says_why(toy: Path, options: list[str], told: str) -> None:
    (toy / "docs.yml").write_text("site_name: Docs\n")
    warmed = yuanliu("warm", *options, cwd=toy)
    assert warmed.returncode != 0
    assert told in warmed.stderr and "Traceback" not in warmed.stderr
