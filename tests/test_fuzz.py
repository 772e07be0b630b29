"""Odd input of every kind: each is accepted, or refused in a sentence that says where."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, TOY
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nbformat.v4 import new_markdown_cell, new_notebook
from odd import CATALOG, changed, dump, spliced, worded
from test_importing import AWESOME, BIBTEX, CSL, RDF

from yuanliu import edit, feeds, glossary, importing, links
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


IMPORTS = {".bib": BIBTEX, ".json": json.dumps(CSL, indent=1), ".rdf": RDF, ".md": AWESOME}


def read_or_refused(file: Path, raw: bytes) -> None:
    """Read a list of works; what is taken can be appended, what is not has a problem."""
    file.write_bytes(raw)
    try:
        found = importing.read_works(file)
    except importing.ImportingError as error:
        assert str(error).startswith(str(file))
        return
    lines = raw.count(b"\n") + raw.count(b"\r") + 1
    for one in found:
        assert 1 <= one.line <= lines
        assert one.problem if one.record is None else one.record.title.strip()
    records = [one.record for one in found if one.record]
    catalog, before = file.with_name("papers.yaml"), VALID
    catalog.write_bytes(before)
    try:
        edit.append(catalog, edit.only_new(edit.read(catalog).data["entries"], records)[0])
    except (edit.EditError, CatalogError):
        assert catalog.read_bytes() == before
    else:
        load(catalog)


@MANY
@pytest.mark.parametrize("suffix", IMPORTS)
@given(data=st.data())
def test_changed_list_of_works_is_refused_or_appended(
    tmp_path: Path, suffix: str, data: st.DataObject
) -> None:
    raw = data.draw(spliced(tuple(text.encode() for text in (IMPORTS[suffix], *IMPORTS.values()))))
    read_or_refused(tmp_path / f"list{suffix}", raw)


@MANY
@given(changed(CSL))
def test_changed_csl_is_refused_or_appended(tmp_path: Path, data: Any) -> None:
    text = json.dumps(data, default=str)
    read_or_refused(tmp_path / "list.json", text.encode())


@MANY
@given(spliced((AWESOME.encode(), (ROOT / "README.md").read_bytes())))
def test_links_of_any_page_are_found_or_it_is_refused(tmp_path: Path, raw: bytes) -> None:
    page = tmp_path / "page.md"
    page.write_bytes(raw)
    try:
        found = list(links.of_markdown(page))
    except links.PageError as error:
        assert str(error).startswith(str(page))
        return
    for link in found:
        assert link.url.startswith("http") and link.line >= 1
