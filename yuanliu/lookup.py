"""Looking a work up: what an address or identifier means, and who can describe the work."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urljoin, urlsplit, urlunsplit
from xml.etree import ElementTree

from bs4 import BeautifulSoup

from yuanliu.catalog import ARXIV, INVISIBLE, web_address
from yuanliu.reading import CONTROL
from yuanliu.web import Answer, Web, WebError

# Each can be another address in the environment: YUANLIU_ARXIV, YUANLIU_CROSSREF…
SERVICES = {
    "arxiv": "https://export.arxiv.org/api/query",
    "crossref": "https://api.crossref.org/works",
    "datacite": "https://api.datacite.org/dois",
    "openreview": "https://api2.openreview.net/notes",
    "openreview_v1": "https://api.openreview.net/notes",
    "youtube": "https://www.youtube.com/oembed",
    "youtube_page": "https://www.youtube.com/watch",
    "wayback": "https://archive.org/wayback/available",
}
DOI = re.compile(rf"10\.\d{{4,9}}/[^\s\"<>?#{INVISIBLE.pattern[1:-1]}]+")
ARXIV_ID = re.compile(ARXIV)
VIDEO_ID = re.compile(r"[\w-]{11}")
HAN = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
ATOM = {"a": "http://www.w3.org/2005/Atom", "x": "http://arxiv.org/schemas/atom"}

# Crossref's, DataCite's, CSL's, BibTeX's, schema.org's and Zotero's types that are no papers.
KINDS = {
    "book": "book",
    "monograph": "book",
    "edited-book": "book",
    "reference-book": "book",
    "proceedings": "book",
    "software": "code",
    "computerprogram": "code",
    "softwaresourcecode": "code",
    "softwareapplication": "tool",
    "audiovisual": "video",
    "video": "video",
    "videoobject": "video",
    "videorecording": "video",
    "motion_picture": "video",
    "broadcast": "video",
    "post": "blog",
    "post-weblog": "blog",
    "blogpost": "blog",
    "blogposting": "blog",
    "webpage": "blog",
    "website": "blog",
    "article": "blog",
    "newsarticle": "blog",
    "techarticle": "blog",
    "course": "course",
    "learningresource": "course",
}
PLACES = {"WebSite", "WebPage"}  # in JSON-LD they tell where a work is, and not what it is


class LookUpError(Exception):
    """A work could not be looked up; the text says what happened and what to do."""


@dataclass(frozen=True)
class Record:
    """What is known of a work. Nothing here is guessed: what a source does not say is None."""

    title: str
    url: str | None = None
    kind: str | None = None
    authors: list[str] = field(default_factory=list)
    year: int | None = None
    venue: str | None = None
    pdf: str | None = None
    doi: str | None = None
    arxiv: str | None = None
    video: str | None = None
    language: str | None = None


def service(name: str) -> str:
    """The address of a service."""
    return os.environ.get(f"YUANLIU_{name.upper()}", SERVICES[name])


def identify(text: str) -> tuple[str, str]:
    """What ``text`` means: ``("arxiv", "1706.03762")``, or "doi", "openreview", "youtube", "url".

    Raises:
        LookUpError: when it is none of them.
    """
    text = text.strip()
    bare = re.sub(r"^(arxiv|doi)\s*:\s*", "", text, flags=re.IGNORECASE)
    if ARXIV_ID.match(bare):
        return "arxiv", _unversioned(bare)
    if DOI.fullmatch(bare):
        return _of_doi(bare)
    try:
        parts = urlsplit(text)
        host = re.sub(r"^(www|m|export|dx)\.", "", parts.hostname or "")
    except ValueError:
        host = ""
    if not host or parts.scheme not in ("http", "https"):
        raise LookUpError(
            f"'{text}' is neither an address, an arXiv id nor a DOI; write it like "
            "https://example.org/page, 1706.03762 or 10.1038/323533a0"
        )
    return _of_address(host, parts.path, parse_qs(parts.query)) or ("url", text)


def key(url: str) -> tuple[str, str]:
    """The same for all addresses of one work or page: with or without www, a slash, a version."""
    what, id_ = identify(url)
    if what != "url":
        return what, id_
    parts = urlsplit(id_)
    host = re.sub(r"^www\.", "", parts.netloc.lower())
    path = re.sub(r"/(index\.html?)?$", "", parts.path)
    return "url", urlunsplit(("", host, path, parts.query, ""))


def address(what: str, id_: str) -> str:
    """The address of the page about what ``identify`` found."""
    prefix = {
        "arxiv": "https://arxiv.org/abs/",
        "doi": "https://doi.org/",
        "openreview": "https://openreview.net/forum?id=",
        "youtube": "https://www.youtube.com/watch?v=",
    }
    return prefix.get(what, "") + id_


def _of_doi(doi: str) -> tuple[str, str]:
    doi = doi.rstrip(".,;").lower()
    arxiv = doi.removeprefix("10.48550/arxiv.")
    return ("arxiv", _unversioned(arxiv)) if arxiv != doi else ("doi", doi)


def _of_address(host: str, path: str, query: dict[str, list[str]]) -> tuple[str, str] | None:
    if host == "arxiv.org":
        id_ = re.sub(r"^/(abs|pdf|html|ps|format)/|(\.pdf)?/?$", "", path)
        return ("arxiv", _unversioned(id_)) if ARXIV_ID.match(id_) else None
    if host == "doi.org" and DOI.fullmatch(path[1:]):
        return _of_doi(path[1:])
    if host == "openreview.net" and path in ("/forum", "/pdf", "/attachment") and "id" in query:
        return "openreview", query["id"][0]
    if host in ("youtube.com", "youtube-nocookie.com", "youtu.be"):
        last = path.rstrip("/").rpartition("/")[2]
        id_ = query["v"][0] if path == "/watch" and "v" in query else last
        known = path == "/watch" or host == "youtu.be" or path.count("/") == 2
        return ("youtube", id_) if known and VIDEO_ID.fullmatch(id_) else None
    return None


def _unversioned(arxiv: str) -> str:
    return re.sub(r"v\d+$", "", arxiv)


async def look_up(text: str, web: Web) -> Record:
    """The work that ``text`` names, described by whoever knows it best.

    Raises:
        LookUpError: when nobody knows it, or an answer cannot be understood.
        WebError: when nobody answers.
    """
    what, id_ = identify(text)
    if what == "arxiv":
        return await _arxiv(id_, web)
    if what == "doi":
        return await _doi(id_, web)
    if what == "openreview":
        return await _openreview(id_, web)
    if what == "youtube":
        return await _youtube(id_, web)
    return await _page(id_, web)


async def _arxiv(id_: str, web: Web) -> Record:
    query = urlencode({"id_list": id_, "max_results": 1})
    answer = await web.fetch(f"{service('arxiv')}?{query}", accept="application/atom+xml")
    _expect_success(answer, "arXiv")
    feed = _xml(answer, "arXiv")
    entry = feed.find("a:entry", ATOM)
    title = _element(entry, "a:title")
    # A malformed id is answered by 200 and one entry called Error.
    if entry is None or not title or title == "Error":
        raise LookUpError(f"arXiv has no paper {id_}; check the number at https://arxiv.org")
    names = [clean(name.text or "") for name in entry.findall("a:author/a:name", ATOM)]
    doi = _element(entry, "x:doi")
    return Record(
        title=title,
        url=f"https://arxiv.org/abs/{id_}",
        kind="paper",
        authors=people(names),
        year=year_in(_element(entry, "a:published")),
        venue=_element(entry, "x:journal_ref"),
        pdf=f"https://arxiv.org/pdf/{id_}",
        doi=doi.lower() if doi and DOI.fullmatch(doi) else None,
        arxiv=id_,
        language="en",  # arXiv's own metadata is English
    )


def _element(entry: ElementTree.Element | None, path: str) -> str | None:
    found = entry.findtext(path, None, ATOM) if entry is not None else None
    return clean(found) or None if found else None


async def _doi(doi: str, web: Web) -> Record:
    answer = await web.fetch(f"{service('crossref')}/{quote(doi, safe='')}", accept=_JSON)
    if answer.status != 404:
        _expect_success(answer, "Crossref")
        message = _json(answer, "Crossref").get("message")
        return of_csl(message, "Crossref", doi)
    answer = await web.fetch(f"{service('datacite')}/{quote(doi, safe='')}", accept=_JSON)
    if answer.status == 404:
        raise LookUpError(
            f"neither Crossref nor DataCite knows the DOI {doi}; check it at https://doi.org/{doi}"
        )
    _expect_success(answer, "DataCite")
    return _datacite(_json(answer, "DataCite"), doi)


def of_csl(item: Any, source: str, doi: str | None = None) -> Record:
    """A CSL-JSON item, or a work as Crossref tells it, which is nearly the same.

    Raises:
        LookUpError: when it is no such item, or has no title.
    """
    if not isinstance(item, dict):
        raise LookUpError(f"{source} gave something that is no description of a work")
    title = clean(_first(item.get("title")))
    if not title:
        raise LookUpError(f"{source} gives no title")
    dates = (item.get(name) for name in ("issued", "published", "published-print", "created"))
    doi = doi or _text(item.get("DOI")).lower() or None
    doi = doi if doi and DOI.fullmatch(doi) else None
    kind = _text(item.get("type")).lower()
    address = f"https://doi.org/{doi}" if doi else address_in(item.get("URL"))
    what, id_ = key(address) if address else ("", "")
    return Record(
        title=title,
        url=address,
        kind="paper" if kind.startswith("article-") else KINDS.get(kind, "paper"),
        authors=people(map(_csl_name, _dicts(item.get("author")))),
        year=next(filter(None, map(_csl_year, dates)), None),
        venue=clean(_first(item.get("container-title")) or _text(item.get("publisher"))) or None,
        doi=doi,
        arxiv=id_ if what == "arxiv" else None,
        language=language_of(_text(item.get("language"))),
    )


def _csl_year(date: Any) -> int | None:
    if not isinstance(date, dict):
        return None
    try:
        return year_in(str(date["date-parts"][0][0]))
    except (KeyError, IndexError, TypeError):
        return year_in(_text(date.get("raw")) or _text(date.get("literal")))


def _csl_name(name: dict) -> str:
    whole = _text(name.get("name")) or _text(name.get("literal"))
    if whole:
        return f"{{{clean(whole)}}}"
    particle = _text(name.get("non-dropping-particle"))
    family = clean(f"{particle} {_text(name.get('family'))}")
    return full_name(_text(name.get("given")), family)


def _datacite(answer: dict, doi: str) -> Record:
    data = answer.get("data")
    facts = data.get("attributes") if isinstance(data, dict) else None
    if not isinstance(facts, dict):
        raise LookUpError("DataCite gave something that is no description of a work")
    title = clean(_text(next(iter(_dicts(facts.get("titles"))), {}).get("title")))
    if not title:
        raise LookUpError(f"DataCite gives no title for {doi}")
    publisher, types = facts.get("publisher"), facts.get("types")
    general = _text(types.get("resourceTypeGeneral")) if isinstance(types, dict) else ""
    return Record(
        title=title,
        url=f"https://doi.org/{doi}",
        kind=KINDS.get(general.lower(), "paper"),
        authors=people(map(_datacite_name, _dicts(facts.get("creators")))),
        year=year_in(str(facts.get("publicationYear"))),
        venue=clean(_text(publisher.get("name") if isinstance(publisher, dict) else publisher))
        or None,
        doi=doi,
        language=language_of(_text(facts.get("language"))),
    )


def _datacite_name(creator: dict) -> str:
    name = clean(_text(creator.get("name")))
    if creator.get("nameType") == "Organizational":
        return f"{{{name}}}"
    family = clean(_text(creator.get("familyName")))
    return full_name(_text(creator.get("givenName")), family) if family else turned(name)


async def _openreview(id_: str, web: Web) -> Record:
    for name in ("openreview", "openreview_v1"):
        answer = await web.fetch(f"{service(name)}?{urlencode({'id': id_})}", accept=_JSON)
        if answer.status not in (400, 403, 404):
            _expect_success(answer, "OpenReview")
        notes = _dicts(_json(answer, "OpenReview").get("notes")) if answer.status == 200 else []
        content = notes[0].get("content") if notes else None
        if isinstance(content, dict):
            return _note(id_, notes[0], content)
    raise LookUpError(
        f"OpenReview shows no paper {id_}; check https://openreview.net/forum?id={id_}, "
        "and that it is public"
    )


def _note(id_: str, note: dict, content: dict) -> Record:
    def value(name: str) -> Any:
        found = content.get(name)  # version 2 wraps each value, version 1 does not
        return found.get("value") if isinstance(found, dict) else found

    title = clean(_text(value("title")))
    if not title:
        raise LookUpError(f"OpenReview's note {id_} has no title; is it a review or a comment?")
    moments = (note.get(name) for name in ("pdate", "odate", "cdate", "tcdate"))
    moment = next((one for one in moments if isinstance(one, int | float) and one > 0), None)
    names = value("authors")
    pdf = _text(value("pdf"))
    return Record(
        title=title,
        url=f"https://openreview.net/forum?id={id_}",
        kind="paper",
        authors=people(map(_text, names if isinstance(names, list) else [])),
        year=datetime.fromtimestamp(moment / 1000, UTC).year if moment else None,
        venue=clean(_text(value("venue"))) or None,
        pdf=urljoin("https://openreview.net/", pdf) if pdf else None,
        language="en",
    )


async def _youtube(id_: str, web: Web) -> Record:
    watch = address("youtube", id_)
    query = urlencode({"url": watch, "format": "json"})
    answer = await web.fetch(f"{service('youtube')}?{query}", accept=_JSON)
    if answer.status in (400, 401, 403, 404):
        raise LookUpError(f"YouTube shows no video {id_}: it is private, removed or mistyped")
    _expect_success(answer, "YouTube")
    told = _json(answer, "YouTube")
    title = clean(_text(told.get("title")))
    if not title:
        raise LookUpError(f"YouTube gives no title for {id_}")
    return Record(
        title=title,
        url=watch,
        kind="video",
        authors=people([_text(told.get("author_name"))]),
        year=await _youtube_year(id_, web),
        venue="YouTube",
        video=watch,
    )


async def _youtube_year(id_: str, web: Web) -> int | None:
    """oEmbed tells no date; the page does, where it can be had."""
    try:
        answer = await web.fetch(f"{service('youtube_page')}?v={id_}", accept="text/html")
    except WebError:
        return None
    found = re.search(rb'itemprop="(?:datePublished|uploadDate)" content="(\d{4})', answer.body)
    return year_in(found[1].decode()) if found else None


async def _page(url: str, web: Web) -> Record:
    answer = await web.fetch(url, accept="text/html,application/xhtml+xml")
    _expect_success(answer, urlsplit(url).hostname or url)
    if "html" not in answer.type:
        what = "a PDF" if "pdf" in answer.type else f"of the type {answer.type or 'unknown'}"
        raise LookUpError(
            f"{url} is {what}, which cannot describe itself; give the address of the page about "
            "it, its arXiv id or its DOI"
        )
    return of_html(answer.body, url, answer.charset)


def of_html(page: bytes, url: str, charset: str | None = None) -> Record:
    """What a page says of itself: citation tags, Dublin Core, JSON-LD, Open Graph, in this order.

    Raises:
        LookUpError: when it does not even have a title.
    """
    soup = BeautifulSoup(page, "html.parser", from_encoding=charset)
    tags: dict[str, list[str]] = {}
    for tag in soup.find_all("meta"):
        name = tag.get("name") or tag.get("property") or tag.get("itemprop")
        content = clean(str(tag.get("content") or ""))
        if name and content:
            tags.setdefault(str(name).lower().replace("dcterms.", "dc."), []).append(content)
    linked = _json_ld(soup)

    def say(*names: str) -> str | None:
        return next((tags[name][0] for name in names if name in tags), None)

    heading = clean(soup.title.get_text()) if soup.title else ""
    title = say("citation_title", "dc.title") or clean(
        _text(linked.get("headline")) or _text(linked.get("name"))
    )
    title = title or say("og:title", "twitter:title") or heading
    if not title:
        raise LookUpError(f"the page {url} has no title; write the entry by hand")
    names = tags.get("citation_author") or tags.get("citation_authors") or tags.get("dc.creator")
    if names and "citation_authors" in tags and "citation_author" not in tags:
        names = names[0].split(";")
    authors = [turned(name) for name in names or []] or _json_ld_names(linked)
    authors = authors or [name for name in tags.get("author", []) if not name.startswith("http")]
    dates = ("citation_publication_date", "citation_date", "citation_online_date", "citation_year")
    date = say(*dates, "dc.date", "dc.issued", "article:published_time", "datepublished", "date")
    identifiers = [*tags.get("citation_doi", []), *tags.get("dc.identifier", [])]
    doi = next((found[0].lower() for one in identifiers if (found := DOI.search(one))), None)
    arxiv = say("citation_arxiv_id")
    kinds = [_text(linked.get("@type")), (say("og:type") or "").partition(".")[0]]
    host = re.sub(r"^www\.", "", urlsplit(url).hostname or "")
    known = {"github.com": "code", "gitlab.com": "code", "vimeo.com": "video"}.get(host)
    paper = "citation_title" in tags or kinds[0] == "ScholarlyArticle"
    found = next((KINDS[kind.lower()] for kind in kinds if kind.lower() in KINDS), "blog")
    venue = say("citation_journal_title", "citation_conference_title", "citation_inbook_title")
    pdf = say("citation_pdf_url")
    return Record(
        title=title,
        url=url,
        kind="paper" if paper else known or found,
        authors=people(authors),
        year=year_in(date or _text(linked.get("datePublished"))),
        venue=venue or say("citation_publisher", "og:site_name", "dc.publisher"),
        pdf=address_in(urljoin(url, pdf)) if pdf else None,
        doi=doi,
        arxiv=_unversioned(arxiv) if arxiv and ARXIV_ID.match(arxiv) else None,
        language=language_of(
            say("citation_language", "dc.language") or str((soup.html or {}).get("lang") or "")
        ),
    )


def _json_ld(soup: BeautifulSoup) -> dict:
    """The first thing in the page's JSON-LD that is a work."""
    for script in soup.find_all("script", type="application/ld+json"):
        try:
            data = json.loads(script.get_text())
        except (ValueError, RecursionError):
            continue
        graph = data.get("@graph", [data]) if isinstance(data, dict) else data
        for item in _dicts(graph):
            kind = _first(item.get("@type"))
            if kind == "ScholarlyArticle" or (kind.lower() in KINDS and kind not in PLACES):
                return {**item, "@type": kind}
    return {}


def _json_ld_names(item: dict) -> list[str]:
    authors = item.get("author")
    found = []
    for author in authors if isinstance(authors, list) else [authors]:
        name = _text(author.get("name") if isinstance(author, dict) else author)
        whole = isinstance(author, dict) and author.get("@type") == "Organization"
        found.append(f"{{{clean(name)}}}" if whole else clean(name))
    return [name for name in found if name.strip("{}")]


_JSON = "application/json"


def _expect_success(answer: Answer, source: str) -> None:
    if answer.status == 429:
        wait = f"in {answer.wait:.0f} seconds" if answer.wait else "later"
        raise LookUpError(f"{source} is asked too often; try again {wait}")
    if answer.status >= 500:
        raise LookUpError(f"{source} is out of order (HTTP {answer.status}); try again later")
    if answer.status in (404, 410):
        raise LookUpError(f"{source} has nothing at {answer.url} (HTTP {answer.status})")
    if answer.status != 200:
        raise LookUpError(f"{source} does not let us read {answer.url} (HTTP {answer.status})")


def _json(answer: Answer, source: str) -> dict:
    try:
        data = json.loads(answer.body)
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict):
        raise LookUpError(f"{source} gave an answer that is not JSON; try again later")
    return data


def _xml(answer: Answer, source: str) -> ElementTree.Element:
    try:
        if b"<!DOCTYPE" in answer.body or b"<!ENTITY" in answer.body:
            raise ValueError("a feed declares no document type")
        return ElementTree.fromstring(answer.body)
    except (ElementTree.ParseError, ValueError):
        said = clean(answer.body[:60].decode("utf-8", "replace"))
        raise LookUpError(
            f"{source} gave an answer that is not the feed expected ('{said}'); try again later"
        ) from None


def clean(text: str) -> str:
    """One line of plain text: no markup, no invisible characters, single spaces."""
    if "<" in text or "&" in text:
        text = BeautifulSoup(text, "html.parser").get_text()
    text = INVISIBLE.sub("", CONTROL.sub(" ", text))
    return " ".join(text.split())[:1000]


def full_name(given: str, family: str) -> str:
    """Given and family name as people write them: Chinese and Japanese names without a space."""
    given, family = clean(given), clean(family)
    return family + given if HAN.search(family) else clean(f"{given} {family}")


def turned(name: str) -> str:
    """``Hinton, Geoffrey E.`` as ``Geoffrey E. Hinton``; other names as they are."""
    family, comma, given = clean(name).partition(", ")
    return full_name(given, family) if comma and "," not in given else clean(name)


def people(names: Iterable[str]) -> list[str]:
    """The names that are names, each once."""
    return list(dict.fromkeys(name for name in map(clean, names) if name.strip("{}")))


def year_in(date: str | None) -> int | None:
    """The year that a date in any common form names."""
    found = re.search(r"(?<!\d)(1[89]\d\d|20\d\d)(?!\d)", date or "")
    return int(found[1]) if found else None


def language_of(tag: str) -> str | None:
    """A language tag in the catalog's form; Chinese keeps its region."""
    names = {"english": "en", "eng": "en", "chinese": "zh", "french": "fr", "german": "de"}
    parts = re.split(r"[-_]", tag.strip())
    first = names.get(parts[0].lower(), parts[0].lower())
    if not re.fullmatch("[a-z]{2,3}", first):
        return None
    if first != "zh":
        return first
    region = {"hant": "TW", "hans": "CN"}.get(parts[-1].lower(), parts[-1].upper())
    return f"zh-{region}" if len(parts) > 1 and re.fullmatch("[A-Z]{2}", region) else "zh"


def address_in(value: Any) -> str | None:
    """The value when it is a web address."""
    try:
        return web_address(_text(value).strip())
    except ValueError:
        return None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _first(value: Any) -> str:
    return _text(value[0] if isinstance(value, list) and value else value)


def _dicts(value: Any) -> list[dict]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
