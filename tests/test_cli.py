"""The command line: what it prints, what it exits with, what it leaves alone."""

from __future__ import annotations

import json
import re
import socket
import sys
import time
import urllib.request
from pathlib import Path
from subprocess import DEVNULL, Popen

import pytest
import rispy
from bibtexparser.entrypoint import parse_string
from conftest import edit, yuanliu


def test_check_accepts_the_real_catalog() -> None:
    checked = yuanliu("check")
    assert checked.returncode == 0, checked.stderr


def test_check_names_file_line_and_column_of_every_problem(toy: Path) -> None:
    edit(toy, "kind: paper", "kind: papr")
    edit(toy, "requires: [gauss]", "requires: [gaus]")
    checked = yuanliu("check", cwd=toy)
    assert checked.returncode == 1
    lines = checked.stderr.splitlines()
    assert re.match(r"papers\.yaml:18:11: entry 'gauss': .*did you mean 'paper'", lines[0])
    assert re.match(r"papers\.yaml:\d+:16: entry 'later': .*did you mean 'gauss'", lines[1])
    assert "2 problems" in lines[2]


def test_check_of_a_missing_file_says_so(tmp_path: Path) -> None:
    checked = yuanliu("check", "nowhere.yaml", cwd=tmp_path)
    assert checked.returncode == 1
    assert "nowhere.yaml:1:1:" in checked.stderr
    assert "Traceback" not in checked.stderr


def test_run_as_json_prints_one_object_and_nothing_else(toy: Path) -> None:
    ran = yuanliu("run", "gauss", "--seed", "3", "--json", cwd=toy)
    assert ran.returncode == 0, ran.stderr
    report = json.loads(ran.stdout)
    assert set(report) == {"id", "seed", "seconds", "metrics", "claims"}
    assert report["id"] == "gauss" and report["seed"] == 3
    (claim,) = report["claims"]
    assert claim == {
        "id": "mean-beats-median",
        "metric": "error_ratio",
        "expect": "< 1",
        "value": report["metrics"]["error_ratio"],
        "holds": True,
    }


def test_run_gives_the_same_numbers_for_the_same_seed_only(toy: Path) -> None:
    runs = [yuanliu("run", "gauss", "--seed", seed, "--json", cwd=toy) for seed in "112"]
    first, again, other = [json.loads(ran.stdout)["metrics"] for ran in runs]
    assert first == again != other


def test_run_exits_1_when_a_claim_fails(toy: Path) -> None:
    edit(toy, 'expect: "< 1"', 'expect: "> 1"')
    ran = yuanliu("run", "gauss", "--json", cwd=toy)
    assert ran.returncode == 1
    assert json.loads(ran.stdout)["claims"][0]["holds"] is False


def test_run_shows_claims_and_draws_the_plots(toy: Path) -> None:
    ran = yuanliu("run", "mean", cwd=toy)
    assert ran.returncode == 0, ran.stderr
    assert "error_ratio" in ran.stdout and "✓" in ran.stdout
    assert (toy / "runs/mean-seed0-data.png").read_bytes().startswith(b"\x89PNG")


def test_run_of_an_unknown_id_suggests_the_nearest(toy: Path) -> None:
    ran = yuanliu("run", "gaus", cwd=toy)
    assert ran.returncode == 1
    assert "did you mean 'gauss'?" in ran.stderr


def test_path_prints_prerequisites_first(toy: Path) -> None:
    whole = yuanliu("path", cwd=toy).stdout
    assert whole.index("gauss") < whole.index("later")
    assert "later" not in yuanliu("path", "gauss", cwd=toy).stdout


def test_export_writes_what_other_programs_read() -> None:
    csl = json.loads(yuanliu("export", "--format", "csl-json").stdout)
    by_id = {item["id"]: item for item in csl}
    assert by_id["backprop"]["author"][0] == {"given": "David E.", "family": "Rumelhart"}
    assert by_id["backprop"]["DOI"] == "10.1038/323533a0"
    library = parse_string(yuanliu("export", "--format", "bibtex").stdout)
    assert not library.failed_blocks
    assert {entry.key for entry in library.entries} == set(by_id)
    records = rispy.loads(yuanliu("export", "--format", "ris").stdout)
    assert {record["id"] for record in records} == set(by_id)
    assert {item["id"] for item in json.loads(yuanliu("export", "--format", "json").stdout)} == set(
        by_id
    )


def test_build_keeps_the_old_site_when_it_fails(toy: Path) -> None:
    assert yuanliu("build", cwd=toy).returncode == 0
    before = {p: p.read_bytes() for p in (toy / "site").rglob("*") if p.is_file()}
    edit(toy, "kind: paper", "kind: papr")
    failed = yuanliu("build", cwd=toy)
    assert failed.returncode == 1
    assert "papers.yaml:18:11: entry 'gauss'" in failed.stderr
    assert {p: p.read_bytes() for p in (toy / "site").rglob("*") if p.is_file()} == before
    assert [p.name for p in toy.iterdir() if p.name.startswith("site")] == ["site"]


def test_build_fails_on_a_warning(toy: Path) -> None:
    (toy / "docs/index.en.md").write_text("# Toy\n\n[gone](nowhere.md)\n", encoding="utf-8")
    built = yuanliu("build", cwd=toy)
    assert built.returncode == 1
    assert "nowhere.md" in built.stderr


def test_build_does_not_replace_a_directory_that_is_not_a_site(toy: Path) -> None:
    (toy / "precious").mkdir()
    (toy / "precious/thesis.txt").write_text("years of work")
    built = yuanliu("build", "--out", "precious", cwd=toy)
    assert built.returncode == 1
    assert (toy / "precious/thesis.txt").read_text() == "years of work"


@pytest.mark.parametrize("edited", ["papers.yaml", "snippets/mean.py", "docs/index.zh-TW.md"])
def test_serve_shows_an_edit_without_a_restart(toy: Path, edited: str) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-c", "from yuanliu.cli import app; app()", "serve"]
    server = Popen(
        [*command, "--address", f"127.0.0.1:{port}"], cwd=toy, stdout=DEVNULL, stderr=DEVNULL
    )
    pages = {
        "papers.yaml": ("papers/gauss/", "最小平方法", "最小平方法新解"),
        "snippets/mean.py": ("snippets/mean/", "平均值最小化平方誤差", "平均值真的最小化平方誤差"),
        "docs/index.zh-TW.md": ("", "玩具站", "新玩具站"),
    }
    page, old, new = pages[edited]
    try:
        url = f"http://127.0.0.1:{port}/{page}"
        assert old in _wait_for(url, old)
        file = toy / edited
        file.write_text(file.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
        assert new in _wait_for(url, new)
    finally:
        server.terminate()
        server.wait(10)


def _wait_for(url: str, text: str, seconds: float = 60) -> str:
    """The page at ``url`` once it has ``text``, or as it is when the time is over."""
    body, end = "", time.monotonic() + seconds
    while time.monotonic() < end and text not in body:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                body = answer.read().decode()
        except OSError:
            pass
        time.sleep(0.3)
    return body
