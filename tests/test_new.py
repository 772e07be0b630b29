"""A new site: it builds and passes its own tests at once, and overwrites nothing."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, yuanliu
from test_list import FOREIGN, outline

from yuanliu.new import STARTER, NewSiteError, make


def test_new_site_passes_its_tests(tmp_path: Path) -> None:
    made = yuanliu("new", "mine", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    assert "mine/papers.yaml" in made.stdout.splitlines()
    tests = subprocess.run(
        ["make", f"PYTHON={sys.executable}", "test"],
        cwd=tmp_path / "mine",
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert tests.returncode == 0, tests.stdout + tests.stderr
    assert "2 entries, no problems" in tests.stdout and "4 passed" in tests.stdout


def test_new_site_has_all_files(tmp_path: Path) -> None:
    files = {path.as_posix() for path in make(tmp_path / "deep/mine")}
    assert {".gitignore", "README.md", "README.en.md", "Makefile", "papers.schema.json"} <= files
    assert "snippets/monte_carlo.py" in files and not [one for one in files if "pycache" in one]
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["mine"]


def test_read_only_package_makes_a_site_that_can_be_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = shutil.copytree(STARTER, tmp_path / "package")
    for path in [*package.rglob("*"), package]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    monkeypatch.setattr("yuanliu.new.STARTER", package)
    make(tmp_path / "mine")
    assert all(path.stat().st_mode & 0o200 for path in (tmp_path / "mine").rglob("*"))


def test_empty_directory_is_used(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    assert make(tmp_path / "mine")


@pytest.mark.parametrize("there", ["a file", "a directory with a file", "a link"])
def test_nothing_is_overwritten(tmp_path: Path, there: str) -> None:
    place, kept = tmp_path / "mine", tmp_path / "kept"
    kept.mkdir()
    if there == "a file":
        place.write_text("precious")
    elif there == "a link":
        place.symlink_to(kept)
    else:
        place.mkdir()
        (place / "thesis.txt").write_text("precious")
    before = {path: path.is_file() and path.read_text() for path in tmp_path.rglob("*")}
    with pytest.raises(NewSiteError, match="mine is"):
        make(place)
    assert {path: path.is_file() and path.read_text() for path in tmp_path.rglob("*")} == before
    failed = yuanliu("new", "mine", cwd=tmp_path)
    assert failed.returncode == 1 and failed.stderr.startswith("Nothing made.")


def test_failure_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", full)
    monkeypatch.setattr("yuanliu.new.json_schema", full)
    with pytest.raises(NewSiteError, match="No space left"):
        make(tmp_path / "mine")
    assert list(tmp_path.iterdir()) == []


def test_pages_are_alike_in_both_languages() -> None:
    assert outline(STARTER / "README.md") == outline(STARTER / "README.en.md")
    chinese, english = (STARTER / f"docs/index.{one}.md" for one in ("zh-TW", "en"))
    assert outline(chinese) == outline(english)
    for file in STARTER.rglob("*"):
        if file.is_file() and "__pycache__" not in file.parts:
            text = file.read_text(encoding="utf-8")
            assert [word for word in FOREIGN.split() if word in text] == []


@pytest.mark.parametrize(
    ("origin", "line"),
    [
        (None, "yuanliu==1.2"),
        ({"url": "file:///src/yuanliu", "dir_info": {}}, "yuanliu @ file:///src/yuanliu"),
        (
            {"url": "https://e.org/y.git", "vcs_info": {"vcs": "git", "commit_id": "abc"}},
            "yuanliu @ git+https://e.org/y.git@abc",
        ),
    ],
)
def test_new_site_requires_the_yuanliu_that_made_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, origin: dict | None, line: str
) -> None:
    class Installed:
        version = "1.2"

        def read_text(self, name: str) -> str | None:
            return json.dumps(origin) if origin else None

    monkeypatch.setattr("yuanliu.new.metadata.distribution", lambda name: Installed())
    make(tmp_path / "mine")
    assert (tmp_path / "mine/requirements.txt").read_text().splitlines()[-1] == line
