"""Citations of catalog entries in CSL-JSON, BibTeX and RIS, through libraries that know them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import rispy
from bibtexparser.entrypoint import write_string
from bibtexparser.library import Library
from bibtexparser.model import Entry as BibtexEntry
from bibtexparser.model import Field
from pylatexenc.latexencode import (
    RULE_DICT,
    UnicodeToLatexConversionRule,
    UnicodeToLatexEncoder,
)

from yuanliu.catalog import Borrowed, Entry

# BibTeX counts braces even behind a backslash, so an odd one in a title would end its field.
BRACES = {ord("{"): r"\textbraceleft{}", ord("}"): r"\textbraceright{}"}
LATEX = UnicodeToLatexEncoder(
    conversion_rules=[UnicodeToLatexConversionRule(RULE_DICT, BRACES), "defaults"],
    unknown_char_policy="keep",
    unknown_char_warning=False,
)

# kind: (CSL type, BibTeX type, RIS type)
TYPES = {
    "paper": ("article-journal", "article", "JOUR"),
    "book": ("book", "book", "BOOK"),
    "video": ("motion_picture", "misc", "VIDEO"),
    "blog": ("post-weblog", "misc", "BLOG"),
    "code": ("software", "misc", "COMP"),
}
OTHER = ("webpage", "misc", "ELEC")


def csl(entry: Entry) -> dict:
    """The entry as a CSL-JSON item."""
    item = {
        "id": entry.id,
        "type": TYPES.get(entry.kind, OTHER)[0],
        "title": entry.title.original,
        "author": [_csl_name(name) for name in entry.authors],
        "issued": {"date-parts": [[entry.year]]},
        "container-title": entry.venue,
        "DOI": entry.doi,
        "URL": entry.url,
        "language": entry.language,
    }
    return {key: value for key, value in item.items() if value}


def csl_json(entries: Iterable[Entry]) -> str:
    """The entries as a CSL-JSON array."""
    return json.dumps([csl(entry) for entry in entries], ensure_ascii=False, indent=2) + "\n"


def bibtex(entries: Iterable[Entry]) -> str:
    """The entries as BibTeX, with special characters encoded for LaTeX."""
    return write_string(Library([_bibtex_entry(entry) for entry in entries]))


def ris(entries: Iterable[Entry]) -> str:
    """The entries as RIS, for Zotero, EndNote and Mendeley."""
    records = []
    for entry in entries:
        record = {
            "type_of_reference": TYPES.get(entry.kind, OTHER)[2],
            "id": entry.id,
            "title": entry.title.original,
            "authors": [_family_first(name) for name in entry.authors],
            "year": str(entry.year),
            "secondary_title": entry.venue,
            "doi": entry.doi,
            "urls": [entry.url],
            "language": entry.language,
        }
        records.append({key: value for key, value in record.items() if value})
    return rispy.dumps(records)


def catalog_json(entries: Iterable[Entry]) -> str:
    """The entries with every field, for programs; no language with texts of another."""
    items = [_own(entry.model_dump(exclude_none=True, exclude={"draft"})) for entry in entries]
    return json.dumps(items, ensure_ascii=False, indent=2, default=str) + "\n"


def _own(value: Any) -> Any:
    """The value without texts that were borrowed from another language."""
    if isinstance(value, list):
        return [_own(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {key: _own(inner) for key, inner in value.items() if not _is_borrowed(inner)}


def _is_borrowed(value: Any) -> bool:
    first = value[0] if isinstance(value, list) and value else value
    return isinstance(first, Borrowed)


FORMATS: dict[str, Callable[[Iterable[Entry]], str]] = {
    "bibtex": bibtex,
    "csl-json": csl_json,
    "ris": ris,
    "json": catalog_json,
}


class File(NamedTuple):
    """A form of citation that readers take away: its name, and how it is written."""

    name: str
    write: Callable[[Iterable[Entry]], str]


FILES = {
    ".bib": File("BibTeX", bibtex),
    ".csl.json": File("CSL-JSON", csl_json),
    ".ris": File("RIS", ris),
}


def _bibtex_entry(entry: Entry) -> BibtexEntry:
    kind = TYPES.get(entry.kind, OTHER)[1]
    venue = "journal" if kind == "article" else "publisher" if kind == "book" else "howpublished"
    fields = {
        "title": f"{{{LATEX.unicode_to_latex(entry.title.original)}}}",
        "author": " and ".join(_bibtex_name(name) for name in entry.authors),
        "year": str(entry.year),
        venue: LATEX.unicode_to_latex(entry.venue or ""),
        "doi": entry.doi,
        "eprint": entry.arxiv,
        "archiveprefix": "arXiv" if entry.arxiv else None,
        "url": entry.url,
    }
    return BibtexEntry(kind, entry.id, [Field(key, text) for key, text in fields.items() if text])


def _person(name: str) -> tuple[str, str] | None:
    """Given and family name, or None for an organisation or a name that is kept whole.

    The catalog writes an organisation in braces, as BibTeX does: ``{Hugging Face}``.
    """
    given, _, family = name.rpartition(" ")
    whole = name.startswith("{") or not given or any(ord(char) >= 0x2E80 for char in name)
    return None if whole else (given, family)


def plain(name: str) -> str:
    """The name as people read it."""
    return name.strip("{}")


def _csl_name(name: str) -> dict[str, str]:
    person = _person(name)
    return {"given": person[0], "family": person[1]} if person else {"literal": plain(name)}


def _family_first(name: str) -> str:
    person = _person(name)
    return f"{person[1]}, {person[0]}" if person else plain(name)


def _bibtex_name(name: str) -> str:
    latex = LATEX.unicode_to_latex(plain(name))
    return latex if _person(name) else f"{{{latex}}}"
