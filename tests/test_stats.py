"""What a catalog lacks."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

from conftest import edit, yuanliu
from server import line_of

from yuanliu import catalog, stats
from yuanliu.edit import append
from yuanliu.lookup import Record

TODAY = date(2026, 11, 25)


def test_gaps_are_found(toy: Path) -> None:
    edit(toy, "why: {zh-TW: 因為。, en: Because.}", "why: {zh-TW: Because., en: Because.}")
    edit(toy, "[丙], en: [c]", "[c], en: [c]")
    edit(toy, "    verified: 2026-11-24\n  - id: later", "    verified: 2025-01-02\n  - id: later")
    append(toy / "papers.yaml", [Record("New", "https://example.org/new", year=2020)])
    found = stats.lacks(catalog.load(toy / "papers.yaml"), TODAY)
    assert found["measurement"] == {"later": ["stated"]}
    assert found["translation"] == {"later": ["why", "takeaway 1"]}
    assert found["check"] == {"gauss": ["last checked 2025-01-02"]}
    assert found["claim"] == {}
    assert found["draft"]["new"][:3] == ["kind", "title.zh-TW", "title.en"]


def test_entry_without_a_claim_and_without_a_check(toy: Path) -> None:
    text = (toy / "papers.yaml").read_text(encoding="utf-8")
    text = text[: text.rindex("    claims:")] + "    claims: []\n"
    (toy / "papers.yaml").write_text(text, encoding="utf-8")
    found = stats.lacks(catalog.load(toy / "papers.yaml"), TODAY)
    assert found["claim"] == {"later": ["claims"]}
    assert found["check"] == {"later": ["never checked"]}


def test_command_prints_places_and_json(toy: Path) -> None:
    shown = yuanliu("stats", cwd=toy)
    assert shown.returncode == 0, shown.stderr
    assert f"papers.yaml:{line_of(toy / 'papers.yaml', 'id: later')}: later: stated" in shown.stdout
    report = json.loads(yuanliu("stats", "--json", cwd=toy).stdout)
    assert report["counts"]["entries"] == 2
    assert report["lacks"]["measurement"] == {"later": ["stated"]}
