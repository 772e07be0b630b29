"""The plugin in other people's mkdocs.yml: what it needs, what it adds, what it leaves alone."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from conftest import ROOT, edit, yuanliu

from yuanliu.plugin import YuanliuConfig

SMALL = "site_name: Mine\nsite_url: https://example.org/\ntheme: {name: material, font: false}\n"


def english_only(toy: Path) -> None:
    """Drop Chinese from the catalog and the pages."""
    file = toy / "papers.yaml"
    text = file.read_text(encoding="utf-8").replace("[zh-TW, en]", "[en]")
    text = re.sub(r"zh-TW: (\[[^]]*\]|[^,{}]*), ", "", text)
    file.write_text(text, encoding="utf-8")
    (toy / "docs/index.zh-TW.md").unlink()
    (toy / "docs/index.en.md").rename(toy / "docs/index.md")


def test_one_language_needs_no_other_plugin_and_no_extension(toy: Path) -> None:
    english_only(toy)
    (toy / "mkdocs.yml").write_text(SMALL + "plugins: [yuanliu]\n")
    built = yuanliu("build", cwd=toy)
    assert built.returncode == 0, built.stderr
    page = (toy / "site/snippets/mean/index.html").read_text(encoding="utf-8")
    assert "<math" in page and 'id="used-by"' in page
    assert (toy / "site/papers/gauss/index.html").is_file()
    assert not (toy / "site/en").exists()


def test_own_navigation_is_kept(toy: Path) -> None:
    english_only(toy)
    nav = "nav:\n  - Home: index.md\n  - The way: path.md\n"
    (toy / "mkdocs.yml").write_text(SMALL + "plugins: [search, yuanliu]\n" + nav)
    built = yuanliu("build", cwd=toy)
    assert built.returncode == 0, built.stderr
    home = (toy / "site/index.html").read_text(encoding="utf-8")
    assert "The way" in home and "timeline/" not in home
    assert (toy / "site/timeline/index.html").is_file()


def test_options_move_catalog_snippets_and_cache(toy: Path) -> None:
    (toy / "data").mkdir()
    (toy / "papers.yaml").rename(toy / "data/list.yaml")
    (toy / "snippets").rename(toy / "programs")
    options = "{jobs: 1, catalog: data/list.yaml, snippets: programs, cache: .kept}"
    edit(toy, "yuanliu: {jobs: 1}", f"yuanliu: {options}", "mkdocs.yml")
    built = yuanliu("build", cwd=toy)
    assert built.returncode == 0, built.stderr
    assert (toy / ".kept").is_dir() and not (toy / ".cache").exists()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("name: material", "name: readthedocs", "theme: {name: material}"),
        ("  - yuanliu: {jobs: 1}", "  - yuanliu: {catalog: 3}", "catalog"),
        ("  - yuanliu: {jobs: 1}", "  - yuanliu: {jbs: 1}", "jbs"),
        ("        - {locale: en, name: English}\n", "", "make them the same"),
        ("locale: en, name: English", "locale: fr, name: Français", "make them the same"),
    ],
)
def test_wrong_configuration_is_told(toy: Path, old: str, new: str, message: str) -> None:
    edit(toy, old, new, "mkdocs.yml")
    built = yuanliu("build", cwd=toy)
    assert built.returncode == 1
    assert message in built.stderr and "Traceback" not in built.stderr


def test_two_languages_ask_for_the_plugin_that_builds_them(toy: Path) -> None:
    (toy / "mkdocs.yml").write_text(SMALL + "plugins: [yuanliu]\n")
    built = yuanliu("build", cwd=toy)
    assert built.returncode == 1
    assert "add the plugin i18n (mkdocs-static-i18n)" in built.stderr


@pytest.mark.parametrize("language", ["zh-TW", "en"])
def test_every_option_is_documented(language: str) -> None:
    page = (ROOT / f"docs/curators.{language}.md").read_text(encoding="utf-8")
    for name, one in YuanliuConfig._schema:
        assert f"| `{name}` |" in page
        if one.default is not None:
            default = json.dumps(one.default) if isinstance(one.default, bool) else one.default
            assert f"| `{default}` |" in page
