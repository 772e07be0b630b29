"""Reading lists of works that others keep: BibTeX, CSL-JSON, Zotero's RDF, Markdown lists."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token

from yuanliu import lookup
from yuanliu.lookup import LookUpError, Record, clean, full_name, year_in
from yuanliu.reading import size
from yuanliu.trouble import reason

MAX_BYTES = 32 * 2**20
# Words that name the form of a link and not the work: "[paper](…)".
FORMS = re.compile(
    "abs|abstract|article|arxiv|blog|book|code|docs?|github|here|html|link|paper|pdf|post|project|"
    "repo|site|slides|source|video|web|webpage|website|youtube"
)


class ImportingError(Exception):
    """A file that cannot be read as a list of works; the text says where and why."""


@dataclass(frozen=True)
class Found:
    """A work in a file and where it stands; ``problem`` says why it cannot be taken."""

    line: int
    record: Record | None
    problem: str = ""


def read_works(path: Path, form: str | None = None) -> list[Found]:
    """The works that the file lists, in its order.

    Args:
        form: "bibtex", "csl-json", "zotero-rdf" or "markdown"; told by the name when None.

    Raises:
        ImportingError: when the file as a whole cannot be read.
    """
    form = form or SUFFIXES.get(path.suffix.lower())
    if form is None:
        known = ", ".join(sorted(SUFFIXES))
        raise ImportingError(
            f"{path}: its name ends in none of {known}; name the form with --format"
        )
    try:
        if size(path) > MAX_BYTES:
            raise ImportingError(f"{path}: is larger than {MAX_BYTES // 2**20} MiB")
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise ImportingError(f"{path}: cannot be read: {reason(error)}") from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise ImportingError(f"{path}:{line}: is not UTF-8; save it as UTF-8") from error
    try:
        found = list(FORMATS[form](text))
    except _BrokenError as error:
        raise ImportingError(f"{path}:{error}") from error
    if not found:
        raise ImportingError(f"{path}: lists no work that can be read as {form}")
    return found


class _BrokenError(Exception):
    """``line:column: message`` or ``line: message``."""


def _bibtex(text: str) -> Iterator[Found]:
    from bibtexparser.entrypoint import parse_string
    from bibtexparser.middlewares import SeparateCoAuthors, SplitNameParts

    logging.getLogger("bibtexparser").setLevel(logging.CRITICAL)  # problems are told below
    middleware = [SeparateCoAuthors(), SplitNameParts()]
    library = parse_string(text, append_middleware=middleware)
    for block in sorted(
        [*library.entries, *library.failed_blocks], key=lambda one: one.start_line or 0
    ):
        line = (block.start_line or 0) + 1
        if block in library.failed_blocks:
            yield Found(line, None, clean(str(block.error).partition("\n")[0]) or "broken entry")  # type: ignore[attr-defined]
            continue
        fields = {field.key.lower(): field.value for field in block.fields}  # type: ignore[attr-defined]
        record = _of_bibtex(block.entry_type.lower(), fields)  # type: ignore[attr-defined]
        yield Found(line, record, "" if record else "has no title")


def _of_bibtex(kind: str, fields: dict[str, Any]) -> Record | None:
    def say(*names: str) -> str | None:
        texts = (_of_latex(fields[name]) for name in names if isinstance(fields.get(name), str))
        return next(filter(None, texts), None)

    title = say("title")
    if not title:
        return None
    doi = lookup.DOI.search(fields.get("doi") or "")
    eprint = re.sub(r"^arxiv:", "", str(fields.get("eprint") or ""), flags=re.IGNORECASE)
    kinds = {"online": "blog", "electronic": "blog", "www": "blog", "movie": "video"}
    record = Record(
        title=title,
        url=lookup.address_in(str(fields.get("url") or "").replace("\\", "")),
        kind=lookup.KINDS.get(kind, kinds.get(kind, "paper")) if kind != "article" else "paper",
        authors=lookup.people(
            map(_bibtex_name, fields.get("author") or fields.get("editor") or [])
        ),
        year=year_in(say("year", "date")),
        venue=say("journal", "journaltitle", "booktitle", "howpublished", "publisher", "school"),
        doi=doi[0].lower() if doi else None,
        arxiv=lookup.identify(eprint)[1] if lookup.ARXIV_ID.match(eprint) else None,
        language=lookup.language_of(say("langid", "language") or ""),
    )
    return located(record)


def _bibtex_name(name: Any) -> str:
    last = " ".join([*name.von, *name.last])
    if last.lower() == "others" and not name.first:
        return ""
    if last.startswith("{") and not name.first:
        return f"{{{_of_latex(last)}}}"
    return full_name(_of_latex(" ".join(name.first)), _of_latex(" ".join([last, *name.jr])))


def _of_latex(text: str) -> str:
    from pylatexenc.latex2text import LatexNodes2Text

    formulas = LatexNodes2Text(math_mode="verbatim", keep_braced_groups=False)
    return lookup.clean(formulas.latex_to_text(text))


def _csl(text: str) -> Iterator[Found]:
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise _BrokenError(f"{error.lineno}:{error.colno}: not JSON: {error.msg}") from error
    except RecursionError:
        raise _BrokenError("1:1: nested too deeply") from None
    items = data.get("items", [data]) if isinstance(data, dict) else data
    if not isinstance(items, list):
        raise _BrokenError("1:1: CSL-JSON is a list of items")
    place = 0
    for item in items:
        name = json.dumps(item.get("title") if isinstance(item, dict) else "", ensure_ascii=False)
        place = max(place, text.find(name, place))
        line = text.count("\n", 0, place) + 1
        try:
            yield Found(line, located(lookup.of_csl(item, "the item")))
        except LookUpError as error:
            yield Found(line, None, str(error))


def _zotero(text: str) -> Iterator[Found]:
    from rdflib import Graph
    from rdflib.namespace import Namespace

    logging.getLogger("rdflib").setLevel(logging.CRITICAL)
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise _BrokenError("1: declares a document type, which Zotero does not")
    graph = Graph()
    try:
        graph.parse(data=text, format="xml")
    except Exception as error:  # the parser's errors have no common base
        line = getattr(error, "getLineNumber", lambda: 1)()
        raise _BrokenError(f"{line}: not RDF/XML: {clean(str(error))}") from error
    z = Namespace("http://www.zotero.org/namespaces/export#")
    inner = {"attachment", "note", "annotation"}
    subjects = [one for one, kind in graph.subject_objects(z.itemType) if str(kind) not in inner]
    places = {one: text.find(f'rdf:about="{_escaped(str(one))}"') for one in subjects}
    for subject in sorted(subjects, key=lambda one: places[one]):
        line = text.count("\n", 0, max(places[subject], 0)) + 1
        record = _of_zotero(graph, subject, z)
        yield Found(line, record, "" if record else "has no title")


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")


def _of_zotero(graph: Any, item: Any, z: Any) -> Record | None:
    from rdflib.namespace import DC, DCTERMS, FOAF, RDF, Namespace

    bib = Namespace("http://purl.org/net/biblio#")

    def say(subject: Any, *names: Any) -> str:
        texts = (clean(str(value)) for name in names for value in graph.objects(subject, name))
        return next(filter(None, texts), "")

    title = say(item, DC.title)
    if not title:
        return None
    people = []
    for role in (bib.authors, bib.directors, z.authors, z.programmers, z.podcasters, bib.editors):
        for sequence in () if people else graph.objects(item, role):
            members = sorted(
                ((str(p), o) for p, o in graph.predicate_objects(sequence) if p != RDF.type),
                key=lambda pair: int(re.sub(r"\D", "", pair[0].rpartition("_")[2]) or 0),
            )
            for _, person in members:
                given = say(person, FOAF.givenName, FOAF.givenname)
                family = say(person, FOAF.surname, FOAF.familyName)
                people.append(full_name(given, family) if given else f"{{{family}}}")
    wholes = list(graph.objects(item, DCTERMS.isPartOf))
    identifiers = [str(v) for one in (item, *wholes) for v in graph.objects(one, DC.identifier)]
    doi = next((found[0] for one in identifiers if (found := lookup.DOI.search(one))), None)
    uris = [say(one, RDF.value) for one in graph.objects(item, DC.identifier)]
    kind = say(item, z.itemType)
    journals = (say(one, DC.title) for one in wholes)
    address = next(filter(None, map(lookup.address_in, [*uris, str(item)])), None)
    record = Record(
        title=title,
        url=address,
        kind=lookup.KINDS.get(kind.lower(), "paper"),
        authors=lookup.people(people),
        year=year_in(say(item, DC.date)),
        venue=next(filter(None, journals), None) or say(item, z.publicationTitle) or None,
        doi=doi.lower() if doi else None,
        language=lookup.language_of(say(item, z.language)),
    )
    return located(record)


def _markdown(text: str) -> Iterator[Found]:
    """The first link of each point of each list."""
    inside, taken = [], False
    for token in MarkdownIt().parse(text):
        if token.type == "list_item_open":
            inside.append(token)
            taken = False
        elif token.type == "list_item_close":
            inside.pop()
        elif token.type == "inline" and inside and not taken:
            record = _of_point(token)
            if record:
                taken = True
                yield Found((token.map or [0])[0] + 1, record)


def _of_point(token: Token) -> Record | None:
    before, words, url = "", "", None
    for child in token.children or []:
        if child.type == "link_open" and url is None:
            url = lookup.address_in(child.attrs.get("href"))
            if url is None:  # to another part of the list
                return None
        elif child.type == "link_close":
            break
        elif child.type in ("text", "code_inline"):
            before, words = (
                before + child.content * (url is None),
                words + child.content * bool(url),
            )
    if url is None:
        return None
    title = clean(words)
    if not title or FORMS.fullmatch(title.casefold()):
        title = clean(before).strip(" -–—:：,，.。[(（*_") or title
    host = re.sub(r"^https?://(www\.)?", "", url).partition("/")[0]
    hosts = {"github.com": "code", "gitlab.com": "code", "vimeo.com": "video"}
    what, _ = lookup.identify(url)
    kinds = {"arxiv": "paper", "doi": "paper", "openreview": "paper", "youtube": "video"}
    kind = "paper" if url.endswith(".pdf") else kinds.get(what, hosts.get(host))
    return located(Record(title=title, url=url, kind=kind)) if title else None


def located(record: Record) -> Record:
    """The record with the identifiers that its address holds, and an address if it has an id."""
    what, id_ = lookup.key(record.url) if record.url else ("", "")
    arxiv = record.arxiv or (id_ if what == "arxiv" else None)
    doi = record.doi or (id_ if what == "doi" else None)
    if doi and doi.startswith("10.48550/arxiv."):
        arxiv, doi = arxiv or doi.removeprefix("10.48550/arxiv."), None
    known = [(name, value) for name, value in (("doi", doi), ("arxiv", arxiv)) if value]
    url = record.url or next((lookup.address(*one) for one in reversed(known)), None)
    video = record.video or (record.url if what == "youtube" else None)
    return replace(record, url=url, doi=doi, arxiv=arxiv, video=video)


FORMATS: dict[str, Callable[[str], Iterator[Found]]] = {
    "bibtex": _bibtex,
    "csl-json": _csl,
    "zotero-rdf": _zotero,
    "markdown": _markdown,
}
SUFFIXES = {".bib": "bibtex", ".json": "csl-json", ".rdf": "zotero-rdf", ".md": "markdown"}
