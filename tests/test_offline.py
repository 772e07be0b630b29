"""What an offline copy of a language holds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from yuanliu.offline import write_lists

FILES = {
    "index.html": "首頁",
    "404.html": "gone",
    "papers/gauss/index.html": "高斯",
    "en/index.html": "Home",
    "en/search/words.json": "[]",
    "assets/yuanliu.css": "body {}",
    "assets/cards/en/gauss.png": "card",
    "assets/models/gauss.safetensors": "weights",
    "assets/labs/gauss.js": "lab",
    "book.pdf": "book",
}


@pytest.fixture
def site(tmp_path: Path) -> Path:
    for address, content in FILES.items():
        file = tmp_path / "site" / address
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, encoding="utf-8")
    return tmp_path / "site"


def lists(site: Path) -> dict[str, dict]:
    """The list of each language."""
    write_lists(site, {"zh-TW": "", "en": "en/"}, site.parent / "memory.json")
    files = {"zh-TW": site / "offline.json", "en": site / "en/offline.json"}
    told = {language: json.loads(file.read_text()) for language, file in files.items()}
    for file in files.values():
        file.unlink()
    return told


def test_each_language_holds_its_own_pages_and_what_all_share(site: Path) -> None:
    told = lists(site)
    assert told["zh-TW"]["files"] == ["assets/yuanliu.css", "", "papers/gauss/"]
    assert told["en"]["files"] == ["assets/yuanliu.css", "en/", "en/search/words.json"]
    assert told["en"]["bytes"] == len("body {}" + "Home" + "[]")


def test_version_changes_with_what_a_copy_holds_and_with_nothing_else(site: Path) -> None:
    before = lists(site)
    (site / "en/index.html").write_text("home", encoding="utf-8")
    (site / "404.html").write_text("lost", encoding="utf-8")
    after = lists(site)
    assert after["zh-TW"]["version"] == before["zh-TW"]["version"]
    assert after["en"]["version"] != before["en"]["version"]


@pytest.mark.parametrize("memory", ["", "[]", '{"index.html": [1'])
def test_memory_that_a_crash_cut_short_is_made_anew(site: Path, memory: str) -> None:
    before = lists(site)
    (site.parent / "memory.json").write_text(memory, encoding="utf-8")
    assert lists(site) == before
    assert "en/index.html" in json.loads((site.parent / "memory.json").read_text())
