"""The path as a book: PDF and EPUB with every entry, and text that stays text."""

from __future__ import annotations

import shutil
import time
import zipfile
from pathlib import Path
from xml.etree import ElementTree

from conftest import edit, yuanliu

HOSTILE = '#eval("1") *a* _b_ $x$ @c <script>alert(1)</script> & "q" \\\\ [d](e)'


def build(project: Path) -> Path:
    built = yuanliu("build", cwd=project)
    assert built.returncode == 0, built.stderr + built.stdout
    return project / "site"


def test_book_is_made_once_and_again_when_its_content_changes(toy: Path) -> None:
    site = build(toy)
    first = (site / "book.pdf").read_bytes()
    assert first.startswith(b"%PDF-") and first.rstrip().endswith(b"%%EOF")
    assert (site / "en/book.pdf").read_bytes() != first
    books = {file: file.stat().st_ino for file in site.rglob("book.*")}
    assert len(books) == 4
    build(toy)
    assert {file: file.stat().st_ino for file in site.rglob("book.*")} == books
    edit(toy, "訓練就是最小化。", "訓練就是求最小值。")
    assert (build(toy) / "book.pdf").read_bytes() != first


def test_same_list_makes_the_same_books_at_any_time(toy: Path) -> None:
    books = [{book: book.read_bytes() for book in build(toy).rglob("book.*")}]
    shutil.rmtree(toy / ".cache/snippets/assets")
    time.sleep(2)  # as exact as times in a ZIP file are
    books.append({book: book.read_bytes() for book in build(toy).rglob("book.*")})
    assert books[0] == books[1]


def test_epub_has_a_well_formed_page_for_every_era_and_entry(toy: Path) -> None:
    book = zipfile.ZipFile(build(toy) / "en/book.epub")
    assert book.testzip() is None
    assert book.namelist()[0] == "mimetype" and book.read("mimetype") == b"application/epub+zip"
    pages = [name for name in book.namelist() if name.startswith("EPUB/page")]
    assert len(pages) == 4  # two eras, two entries
    for name in book.namelist():
        if name.endswith((".xhtml", ".opf", ".ncx", ".xml")):
            ElementTree.fromstring(book.read(name))
    whole = "".join(book.read(name).decode() for name in pages)
    assert "Least squares" in whole and "The mean minimises squared error." in whole
    assert "images/mean.svg" in whole and "EPUB/images/mean.svg" in book.namelist()


def test_text_of_the_catalog_is_never_markup_in_a_book(toy: Path) -> None:
    escaped = HOSTILE.replace("\\", "\\\\").replace('"', '\\"')
    edit(toy, "en: Training is minimising.", f'en: "{escaped}"')
    edit(toy, "en: Least squares}", f'en: "{escaped}"}}')
    site = build(toy)
    assert (site / "en/book.pdf").read_bytes().startswith(b"%PDF-")
    book = zipfile.ZipFile(site / "en/book.epub")
    for name in book.namelist():
        if name.endswith(".xhtml"):
            page = ElementTree.fromstring(book.read(name))
            assert not list(page.iter("{http://www.w3.org/1999/xhtml}script"))
