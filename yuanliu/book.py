"""The path as a book: PDF set by Typst, EPUB for readers; both from the same content."""

from __future__ import annotations

import html
import io
import json
import re
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple
from uuid import NAMESPACE_URL, uuid5

import mkepub

from yuanliu.cards import FONTS, card, font_file
from yuanliu.catalog import Entry, Listed
from yuanliu.cite import plain
from yuanliu.feeds import Address
from yuanliu.pages import Site, in_volumes, number

BOUND = re.compile(rb'(<dc:date>|<meta property="dcterms:modified">)[-0-9T:Z]+')
ZIP_BEGINS = (1980, 1, 1, 0, 0, 0)  # a ZIP file knows no time before
TEMPLATE = Path(__file__).with_name("templates") / "book.typ"


class Volume(NamedTuple):
    """A book before it is set: its file on the site without suffix, and what it is about."""

    file: str
    title: str
    intro: str
    address: str
    eras: list[tuple[SimpleNamespace, list[Entry]]]

    @property
    def entries(self) -> list[Entry]:
        """All that is in it."""
        return [entry for _, entries in self.eras for entry in entries]


def volumes(
    site: Site, language: str, title: str, intro: str, address: Address
) -> Iterator[Volume]:
    """The book of the list; of a long list one or more for each era."""

    def entries(listed: list[Listed]) -> list[Entry]:
        return [site.catalog.entry(one.id) for one in listed]

    eras = site.groups("eras", language)
    if not site.long:
        whole = [(era, entries(era.entries)) for era in eras]
        yield Volume("book", title, intro, address(""), whole)
        return
    for era in eras:
        name = f"{title}{site.strings[language]['colon']}{era.name}"
        for mark, label, part in in_volumes(era.entries):
            place, told = f"eras/{era.id}/", [(era, entries(part))]
            yield Volume(f"{place}book{mark}", name + label, era.intro, address(place), told)


def _content(site: Site, language: str, volume: Volume) -> dict[str, Any]:
    """All that a book says, as plain data; figures are named by their files.

    It is ``dated`` by its newest entry, in seconds: the same list makes the same book at any time.
    """
    added = [entry.added for entry in volume.entries if entry.added]
    newest = datetime.combine(max(added, default=date(1970, 1, 1)), time(), UTC)
    return {
        "dated": int(newest.timestamp()),
        "title": volume.title,
        "intro": volume.intro,
        "address": volume.address,
        "language": language,
        "words": site.strings[language],
        "eras": [
            {
                "name": era.name,
                "intro": era.intro,
                "entries": [_entry(site, entry, language) for entry in entries],
            }
            for era, entries in volume.eras
        ],
        "glossary": [
            {"term": term.term[language], "meaning": term.meaning[language]} for term in site.terms
        ],
    }


def _entry(site: Site, entry: Entry, language: str) -> dict[str, Any]:
    words, run = site.strings[language], site.executions[entry.snippet]
    figure = run.figures[0] if entry.measured and run.figures else None
    return {
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
        "figure": f"{run.name}.svg" if figure else None,
        "caption": site.caption(run.name, figure, language) if figure else None,
        "corrections": [
            {
                "said": correction.said[language],
                "fact": correction.fact[language],
                "sources": [source.model_dump() for source in correction.sources],
            }
            for correction in entry.corrections
        ],
    }


def _figures(site: Site, volume: Volume) -> dict[str, str]:
    """The first figure of each snippet in a volume, by file name."""
    names = dict.fromkeys(entry.snippet for entry in volume.entries)
    return {
        f"{name}.svg": site.executions[name].figures[0].svg
        for name in names
        if site.executions[name].figures
    }


def pdf(site: Site, language: str, volume: Volume) -> bytes:
    """The book as a PDF with an outline, set by Typst."""
    import typst  # large, and seldom needed when the content is kept

    told, drawn = _content(site, language, volume), _figures(site, volume)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = {"book.json": json.dumps(told, ensure_ascii=False, default=str), **drawn}
        for file, text in files.items():
            (folder / file).write_text(text, encoding="utf-8")
        shutil.copyfile(TEMPLATE, folder / "book.typ")
        typst.compile(
            str(folder / "book.typ"),
            output=str(folder / "book.pdf"),
            font_paths=[str(font_file(style).parent) for style in FONTS],
            ignore_system_fonts=True,
            timestamp=told["dated"],
        )
        return (folder / "book.pdf").read_bytes()


def epub(site: Site, language: str, volume: Volume) -> bytes:
    """The book as EPUB, a page for each entry under its era."""
    told = _content(site, language, volume)
    book = mkepub.Book(
        title=told["title"],
        lang=language,
        description=told["intro"],
        rights="CC BY 4.0",
    )
    book.set_stylesheet("figure img { max-width: 100%; } .yl-quiet { color: #5b6270; }")
    book.uuid = uuid5(NAMESPACE_URL, told["address"] + told["title"])
    book.set_cover(card(told["title"], told["words"]["path"], told["intro"], 1))
    for file, svg in _figures(site, volume).items():
        book.add_image(file, svg.encode("utf-8"))
    template = site.environment.get_template("book.xhtml")

    def page(title: str, parent: Any = None, **context: Any) -> Any:
        body = template.render(t=told["words"], language=language, title=title, **context)
        return book.add_page(html.escape(title), body, parent)

    for era in told["eras"]:
        chapter = page(era["name"], intro=era["intro"], entry=None)
        for entry in era["entries"]:
            page(entry["title"], chapter, intro="", entry=entry)
    with tempfile.TemporaryDirectory() as name:
        file = Path(name, "book.epub")
        book.save(str(file))
        return _dated(file, datetime.fromtimestamp(told["dated"], UTC))


def _dated(epub: Path, when: datetime) -> bytes:
    """The EPUB as if it was bound at that time, its files in order."""
    made, stamp = io.BytesIO(), f"{when:%Y-%m-%dT%H:%M:%SZ}"
    with zipfile.ZipFile(epub) as bound, zipfile.ZipFile(made, "w") as dated:
        names = sorted(bound.namelist(), key=lambda name: (name != "mimetype", name))
        for member in map(bound.getinfo, names):
            content = bound.read(member)
            if member.filename.endswith(".opf"):
                content = BOUND.sub(rf"\g<1>{stamp}".encode(), content)
            again = zipfile.ZipInfo(member.filename, max(when.timetuple()[:6], ZIP_BEGINS))
            again.compress_type = member.compress_type
            dated.writestr(again, content)
    return made.getvalue()
