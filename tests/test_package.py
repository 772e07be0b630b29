"""The package as it is published: whole, described, and usable away from this repository."""

from __future__ import annotations

import email
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from conftest import ROOT


def call(*command: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        encoding="utf-8",
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("wheel")
    built = call("-m", "hatchling", "build", "-t", "wheel", "-d", str(place), cwd=ROOT)
    assert built.returncode == 0, built.stderr
    (one,) = place.glob("*.whl")
    return one


def test_wheel_has_every_file_of_the_package(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if name.startswith("yuanliu/")}
    source = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "yuanliu").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert packed == source
    for part in ("theme/assets/yuanliu.css", "templates/entry.html", "locale/en.yaml"):
        assert f"yuanliu/{part}" in packed
    assert {"yuanliu/matplotlibrc", "yuanliu/starter/papers.yaml"} <= packed


def test_wheel_describes_itself(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {Path(name).name: name for name in archive.namelist() if ".dist-info/" in name}
        about = email.message_from_bytes(archive.read(names["METADATA"]))
        entries = archive.read(names["entry_points.txt"]).decode()
    assert about["Name"] == "yuanliu" and about["License-Expression"] == "MIT"
    assert about["Summary"] and about["Keywords"]
    assert "Framework :: MkDocs" in about.get_all("Classifier", [])
    assert "Natural Language :: Chinese (Traditional)" in about.get_all("Classifier", [])
    assert "ChatGPT 從哪裡來" in about.get_payload(decode=True).decode()  # type: ignore[union-attr]
    assert "yuanliu = yuanliu.cli:app" in entries and "[mkdocs.plugins]" in entries


def test_installed_package_makes_and_checks_a_site(wheel: Path, tmp_path: Path) -> None:
    target = tmp_path / "packages"
    options = ("--quiet", "--no-deps", "--no-index", "--target", str(target))
    installed = call("-m", "pip", "install", *options, str(wheel), cwd=tmp_path)
    assert installed.returncode == 0, installed.stderr
    made = call("-m", "yuanliu", "new", "mine", cwd=tmp_path, PYTHONPATH=str(target))
    assert made.returncode == 0, made.stderr
    checked = call("-m", "yuanliu", "check", cwd=tmp_path / "mine", PYTHONPATH=str(target))
    assert checked.stdout == "papers.yaml: 2 entries, no problems\n", checked.stderr
    last = (tmp_path / "mine/requirements.txt").read_text().splitlines()[-1]
    assert last == f"yuanliu @ {wheel.as_uri()}"
