"""Odd input of every kind: each is accepted, or refused in a sentence that says where."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

from conftest import TOY
from hypothesis import HealthCheck, given, settings
from nbformat.v4 import new_markdown_cell, new_notebook
from odd import CATALOG, changed, dump, spliced, worded

from yuanliu import feeds, glossary
from yuanliu.catalog import Catalog, CatalogError, load
from yuanliu.pages import Site
from yuanliu.snippets import Cell, Execution, Figure

MANY = settings(
    max_examples=100,
    deadline=20_000,  # milliseconds: a bound for input that explodes, far above what any takes
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
VALID = (TOY / "papers.yaml").read_bytes()


def loaded(file: Path, raw: bytes) -> Catalog | None:
    """The catalog, or None where it is refused, each problem with a place inside the file."""
    file.write_bytes(raw)
    try:
        return load(file)
    except CatalogError as error:
        assert error.problems
        lines = raw.decode("utf-8-sig", "replace").split("\n")
        for problem in error.problems:
            assert problem.path == str(file) and problem.message.strip()
            assert 1 <= problem.line <= len(lines), problem
            assert 1 <= problem.column <= len(lines[problem.line - 1]) + 1, problem
        return None


def render(catalog: Catalog) -> None:
    """Make every page and file of the catalog that needs no fonts, in every language."""
    names = {entry.snippet for entry in catalog.entries}
    claims = [claim for entry in catalog.entries for claim in entry.claims]
    metrics = defaultdict(float, {claim.metric or "": 0.5 for claim in claims})
    notebook = new_notebook(cells=[new_markdown_cell("# A program")])
    figure = Figure("<svg/>", dict.fromkeys(catalog.languages, "caption"))
    cells = [Cell("markdown", "# A program"), Cell("code", "x = 1", text="1\n", figures=[figure])]
    site = Site(catalog, {n: Execution(n, cells, metrics, 1.0, notebook) for n in names})
    for language in catalog.languages:
        for page in site.pages(language):
            body = site.render(page, language, lambda path: path)
            glossary.link_terms(body, catalog.glossary, language, lambda path: path)
        for component in ("begin.html", "statistics.html", "eras.html"):
            site.component(component, language, lambda path: path)
        feeds.atom(catalog, language, "title", lambda path: f"https://example.org/{path}")
        feeds.llms_txt(catalog, language, "title", "intro", lambda path: path)
        for entry in catalog.entries:
            feeds.json_ld(entry, language, lambda path: path)


def test_the_catalog_to_be_changed_is_valid_itself(tmp_path: Path) -> None:
    found = loaded(tmp_path / "papers.yaml", dump(CATALOG))
    assert found and len(found.entries) == 2
    render(found)


@MANY
@given(changed())
def test_changed_value_is_refused_with_its_place_or_makes_pages(tmp_path: Path, data: Any) -> None:
    found = loaded(tmp_path / "papers.yaml", dump(data))
    if found:
        render(found)


@MANY
@given(worded())
def test_odd_words_are_refused_with_their_place_or_make_pages(tmp_path: Path, data: Any) -> None:
    found = loaded(tmp_path / "papers.yaml", dump(data))
    if found:
        render(found)


@MANY
@given(spliced((VALID, dump(CATALOG))))
def test_changed_text_is_refused_with_its_place_or_makes_pages(tmp_path: Path, raw: bytes) -> None:
    found = loaded(tmp_path / "papers.yaml", raw)
    if found:
        render(found)
