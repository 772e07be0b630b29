"""Every claim holds for several seeds, and the site builds without a warning."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from yuanliu.catalog import load

ROOT = Path(__file__).parent.parent
CATALOG = load(ROOT / "papers.yaml", ROOT / "snippets")
SNIPPETS = sorted({entry.snippet for entry in CATALOG.entries})


def yuanliu(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command line in this directory."""
    command = [sys.executable, "-m", "yuanliu", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8")


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", SNIPPETS)
def test_claims_hold(name: str, seed: int) -> None:
    ran = yuanliu("run", name, "--seed", str(seed), "--json")
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_site_builds(tmp_path: Path) -> None:
    built = yuanliu("build", "--out", str(tmp_path / "site"))
    assert built.returncode == 0, built.stdout + built.stderr
    for entry in CATALOG.entries:
        assert (tmp_path / "site/papers" / entry.id / "index.html").is_file()
