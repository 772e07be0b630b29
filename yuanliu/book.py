"""The path as a book: PDF set by Typst, EPUB for readers; both from the same content."""

from __future__ import annotations

import hashlib
import html
import json
import tempfile
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import mkepub
import typst
from jinja2 import Environment

from yuanliu.cards import card, font_file
from yuanliu.cite import plain
from yuanliu.pages import Site, number

TEMPLATE = Path(__file__).with_name("templates") / "book.typ"


def content(site: Site, language: str, title: str, intro: str, address: str) -> dict[str, Any]:
    """All that the book says, as plain data; figures are named by their files."""
    eras = site.groups("eras", language)
    return {
        "title": title,
        "intro": intro,
        "address": address,
        "language": language,
        "words": site.strings[language],
        "eras": [
            {
                "name": era.name,
                "intro": era.intro,
                "colour": site.era_number[era.id],
                "entries": [_entry(site, entry, language) for entry in era.entries],
            }
            for era in eras
        ],
        "glossary": [
            {"term": term.term[language], "meaning": term.meaning[language]}
            for term in sorted(site.catalog.glossary, key=lambda term: term.id)
        ],
    }


def _entry(site: Site, entry: Any, language: str) -> dict[str, Any]:
    words, run = site.strings[language], site.executions[entry.snippet]
    own = any(claim.measured for claim in entry.claims)
    return {
        "id": entry.id,
        "title": entry.title[language],
        "original": entry.title.original,
        "facts": f"{words['comma'].join(map(plain, entry.authors))} · {entry.year}"
        + (f" · {entry.venue}" if entry.venue else ""),
        "url": entry.url,
        "summary": entry.summary[language],
        "why": entry.why[language],
        "takeaways": entry.takeaways[language],
        "claims": [
            {
                "text": verdict.claim.text[language],
                "source": verdict.claim.source,
                "expected": f"{verdict.claim.metric} {verdict.claim.expect}",
                "measured": None if verdict.value is None else number(verdict.value),
                "holds": verdict.holds,
            }
            for verdict in site.verdicts(entry)
        ],
        "figure": f"{run.name}.svg" if own and run.figures else None,
        "caption": run.figures[0].captions[language] if own and run.figures else None,
        "corrections": [
            {
                "said": correction.said[language],
                "fact": correction.fact[language],
                "sources": [source.model_dump() for source in correction.sources],
            }
            for correction in entry.corrections
        ],
    }


def figures(site: Site) -> dict[str, str]:
    """The first figure of each snippet, by file name."""
    return {
        f"{name}.svg": site.executions[name].figures[0].svg
        for name in site.used_snippets
        if site.executions[name].figures
    }


def pdf(told: dict[str, Any], drawn: dict[str, str], directory: Path) -> bytes:
    """The book as PDF/A-like document with an outline; set again only when its content changed."""
    fonts = [font_file(style) for style in ("Regular", "Bold")]
    template = TEMPLATE.read_text(encoding="utf-8")
    data = json.dumps(told, ensure_ascii=False, default=str)
    key = hashlib.sha256(repr((template, data, sorted(drawn.items()))).encode()).hexdigest()
    kept = directory / f"{key}.pdf"
    if not kept.is_file():
        directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=directory) as name:
            folder = Path(name)
            (folder / "book.typ").write_text(template, encoding="utf-8")
            (folder / "book.json").write_text(data, encoding="utf-8")
            for file, svg in drawn.items():
                (folder / file).write_text(svg, encoding="utf-8")
            typst.compile(
                str(folder / "book.typ"),
                output=str(folder / "book.pdf"),
                font_paths=[str(font.parent) for font in fonts],
                ignore_system_fonts=True,
            )
            (folder / "book.pdf").replace(kept)
    return kept.read_bytes()


def epub(
    told: dict[str, Any], drawn: dict[str, str], environment: Environment, directory: Path
) -> bytes:
    """The book as EPUB, a page for each entry under its era."""
    language, words = told["language"], told["words"]
    book = mkepub.Book(
        title=told["title"],
        lang=language,
        description=told["intro"],
        rights="CC BY 4.0",
    )
    book.set_stylesheet("figure img { max-width: 100%; } .yl-quiet { color: #5b6270; }")
    book.uuid = uuid5(NAMESPACE_URL, told["address"])
    book.set_cover(card(told["title"], words["path"], told["intro"], 1, directory))
    for file, svg in drawn.items():
        book.add_image(file, svg.encode("utf-8"))
    template = environment.get_template("book.xhtml")

    def page(title: str, parent: Any = None, **context: Any) -> Any:
        body = template.render(t=words, language=language, title=title, **context)
        return book.add_page(html.escape(title), body, parent)

    for era in told["eras"]:
        chapter = page(era["name"], intro=era["intro"], entry=None)
        for entry in era["entries"]:
            page(entry["title"], chapter, intro="", entry=entry)
    with tempfile.TemporaryDirectory() as name:
        file = Path(name, "book.epub")
        book.save(str(file))
        return file.read_bytes()
