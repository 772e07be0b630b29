"""The catalog: its model, the rules that it must keep, and the questions that pages ask of it."""

from __future__ import annotations

import math
import operator
import re
import sys
import sysconfig
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields
from datetime import date
from difflib import get_close_matches
from functools import cache, cached_property
from graphlib import CycleError, TopologicalSorter
from heapq import heappop, heappush
from importlib.machinery import PathFinder, all_suffixes
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from markupsafe import escape
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    TypeAdapter,
    ValidationError,
    WrapValidator,
    model_validator,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from yuanliu.reading import CatalogError, Document, Place, Problem, read, uncollected

__all__ = [
    "Borrowed",
    "Catalog",
    "CatalogError",
    "Claim",
    "Draft",
    "Entry",
    "Problem",
    "json_schema",
    "load",
]

ID = r"^[a-z0-9]+(-[a-z0-9]+)*$"
NAME = r"^[a-z][a-z0-9_]*$"
DOI = r"^10\.\d{4,9}/[^\s\"<>{}\\]+$"
ARXIV = r"^(\d{4}\.\d{4,5}|[a-z-]+(\.[A-Z]{2})?/\d{7})(v\d+)?$"
LANGUAGE = r"^[a-z]{2,3}(-[A-Za-z]{4})?(-[A-Z]{2})?$"
NUMBER = r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?"
EXPECT = re.compile(rf"^(?:(<=|>=|==|<|>) ({NUMBER})|in \[({NUMBER}), ({NUMBER})\])$")
COMPARE = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
}
# Bidirectional overrides and invisible characters, which make a text look like another one, and
# what XML and terminals cannot hold, which an escape can bring in.
INVISIBLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069"
    "\ud800-\udfff\ufeff\ufff9-\ufffb\ufffe\uffff\U000e0000-\U000e007f]"
)
LINE_BREAK = re.compile("[\n\r\x85\u2028\u2029]+")
HOST = re.compile(r"[a-z0-9_]([a-z0-9_.-]*)|[0-9a-f]*:[0-9a-f:.]+")  # or an IPv6 address
HAN = re.compile("[\u3400-\u9fff\uf900-\ufaff]")
WORD = re.compile(r"[^\W\u3400-\u9fff\uf900-\ufaff]+(?:['’-]\w+)*")
INDEX = {"index", "readme"}  # MkDocs' names for a folder's own page
LOCALIZED = {  # where these name a mapping, it has a text a language
    *("name", "intro", "title", "label", "text", "said", "fact", "summary", "why", "takeaways"),
    *("ask", "answers", "because", "term", "meaning"),
}
DEVICES = {"con", "prn", "aux", "nul", *(f"{d}{n}" for d in ("com", "lpt") for n in range(1, 10))}

Kind = Literal[
    "paper", "video", "blog", "book", "course", "code", "tool", "infrastructure", "award"
]


def _fail(message: str, **context: object) -> PydanticCustomError:
    return PydanticCustomError("yuanliu", message, context)  # type: ignore[arg-type]


class Borrowed(str):
    """A text in another language than the one asked for, which has none of its own yet.

    A template shows it with its language; ``str`` of it is the text alone, for attributes.
    """

    __slots__ = ("language",)

    def __new__(cls, text: str, language: str) -> Borrowed:
        borrowed = super().__new__(cls, text)
        borrowed.language = language
        return borrowed

    def __getnewargs__(self) -> tuple[str, str]:
        return str(self), self.language

    def __repr__(self) -> str:
        return f"Borrowed({str(self)!r}, {self.language!r})"

    def __html__(self) -> str:
        return f'<span class="yl-borrowed" lang="{self.language}">{escape(str(self))}</span>'


def _keep_borrowed(value: Any, validate: Callable[[Any], str]) -> str:
    return value if isinstance(value, Borrowed) else validate(value)


def _clean(text: str) -> str:
    if not text.strip():
        raise _fail("must not be empty")
    bad = INVISIBLE.search(text)
    if bad:
        raise _fail("invisible character U+{code}; delete it", code=f"{ord(bad[0]):04X}")
    return text


def _one_line(text: str) -> str:
    """The text with a space for every line break: a title must not begin a line of a file."""
    line = LINE_BREAK.sub(" ", text).strip()
    return Borrowed(line, text.language) if isinstance(text, Borrowed) else line


def web_address(url: str) -> str:
    """The address itself where it is one; ValueError where it is none."""
    try:
        parts = urlsplit(url)
        host, user = parts.hostname, parts.username
        _ = parts.port
    except ValueError:
        raise _fail("not a URL") from None
    if parts.scheme not in ("http", "https"):
        raise _fail("a URL must start with https:// or http://")
    odd = re.search(r"[\s\"'<>\\^`{|}]", url) or INVISIBLE.search(url)
    if not host or user is not None or odd:
        raise _fail("not a URL: it needs a host, and no user, space, quote, bracket or backslash")
    if not HOST.fullmatch(host):
        raise _fail("the host must be plain ASCII; write an international one as xn--…")
    return url


def _free(id_: str) -> str:
    if id_ in DEVICES:
        raise _fail("'{id}' cannot be a file's name on Windows; choose another", id=id_)
    if id_ in INDEX:
        raise _fail("'{id}' is the name of a list's own page; choose another", id=id_)
    return id_


def _condition(expect: str) -> str:
    match = EXPECT.match(expect)
    if not match:
        raise _fail("write a condition such as '< 0.8', '>= 2' or 'in [0.4, 0.6]'")
    numbers = [float(number) for number in match.groups()[1:] if number]
    if not all(map(math.isfinite, numbers)) or numbers != sorted(numbers):
        raise _fail("numbers must be finite, and an interval's lower end comes first")
    return expect


def _day(value: Any) -> Any:
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise _fail("write a date such as 2026-11-24") from None
    return value


def _past(day: date) -> date:
    if day > date.today():
        raise _fail("lies in the future")
    return day


Text = Annotated[str, Field(strict=True), AfterValidator(_clean), WrapValidator(_keep_borrowed)]
Line = Annotated[Text, AfterValidator(_one_line)]
Id = Annotated[str, Field(strict=True, pattern=ID, max_length=64), AfterValidator(_free)]
Name = Annotated[str, Field(strict=True, pattern=NAME, max_length=64), AfterValidator(_free)]
Url = Annotated[
    str, Field(strict=True, pattern="^https?://", max_length=2000), AfterValidator(web_address)
]
Language = Annotated[str, Field(strict=True, pattern=LANGUAGE)]
Languages = Annotated[list[Language], Field(min_length=1)]
Texts = Annotated[dict[Language, Text], Field(description="One text for each language")]
Lines = Annotated[dict[Language, Line], Field(description="One line for each language")]
Day = Annotated[date, Field(strict=True), BeforeValidator(_day), AfterValidator(_past)]
Year = Annotated[int, Field(strict=True, ge=1800, le=2200)]
Doi = Annotated[str, Field(strict=True, pattern=DOI), AfterValidator(_clean)]
Arxiv = Annotated[str, Field(strict=True, pattern=ARXIV)]
Level = Annotated[int, Field(strict=True, ge=1, le=4)]
Minutes = Annotated[int, Field(strict=True, ge=1, le=10_000)]
Unfinished = Annotated[
    dict[Language, Text | None], Field(description="A text for each language, once it is written")
]


class Model(BaseModel):
    """What all parts of the catalog share: unknown keys are errors, nothing changes later."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Link(Model):
    """A further link of an entry, with the words to show for it."""

    label: Lines
    url: Url


class Source(Model):
    """Where a fact can be checked."""

    title: Line
    url: Url


class Correction(Model):
    """Something often said that is imprecise, and the fact with its sources."""

    said: Texts
    fact: Texts
    sources: Annotated[list[Source], Field(min_length=1)]


class Claim(Model):
    """A claim of the work; with ``metric`` and ``expect`` the entry's snippet must show it."""

    id: Id
    text: Texts
    source: Line
    metric: Annotated[str, Field(strict=True, pattern=NAME)] | None = None
    expect: Annotated[str, Field(strict=True), AfterValidator(_condition)] | None = None

    @model_validator(mode="after")
    def _both(self) -> Claim:
        if (self.metric is None) != (self.expect is None):
            raise _fail("'metric' and 'expect' come together: give both or neither")
        return self

    @property
    def measured(self) -> bool:
        """Whether a snippet measures the claim."""
        return self.metric is not None

    def holds(self, value: float) -> bool:
        """Whether ``value`` satisfies ``expect``; nothing holds for NaN."""
        match = EXPECT.match(self.expect or "")
        assert match, f"claim '{self.id}' is not measured"
        sign, bound, low, high = match.groups()
        if sign:
            return bool(COMPARE[sign](value, float(bound)))
        return float(low) <= value <= float(high)


class Question(Model):
    """A self-test question. The first answer is the right one; pages mix them."""

    ask: Texts
    answers: dict[Language, Annotated[list[Text], Field(min_length=2)]]
    because: Texts


class Term(Model):
    """A word of the glossary; ``also`` lists other ways to write it, in any language."""

    id: Id
    term: Lines
    meaning: Texts
    also: list[Line] = []


class Route(Model):
    """A way through the list: to some works (to all, if none are named), with the pages of all
    that they require, and with originals as far as ``minutes`` and ``level`` allow."""

    id: Id
    name: Lines
    intro: Texts
    to: list[Id] = []
    minutes: Annotated[int, Field(strict=True, ge=1)] | None = None
    level: Annotated[int, Field(strict=True, ge=1, le=4)] | None = None


class Title(Model):
    """A title in the work's own words and in each language: ``title["en"]``."""

    model_config = ConfigDict(extra="allow", frozen=True)
    __pydantic_extra__: dict[str, Line] = Field(init=False)

    original: Line

    def __getitem__(self, language: str) -> str:
        return self.__pydantic_extra__[language]


class Era(Model):
    """A period of the history."""

    id: Id
    name: Lines
    intro: Texts


@dataclass(frozen=True)
class Listed:
    """What pages that only list an entry know of it; they stay when its other texts change."""

    id: str
    kind: str
    title: Title
    authors: list[str]
    year: int
    language: str
    era: str
    requires: list[str]
    level: int
    minutes: int
    tags: list[str]


class Entry(Model):
    """A work of the list."""

    id: Id
    kind: Kind
    title: Title
    authors: Annotated[list[Line], Field(min_length=1)]
    year: Year
    venue: Line | None = None
    url: Url
    pdf: Url | None = None
    doi: Doi | None = None
    arxiv: Arxiv | None = None
    video: Url | None = None
    links: list[Link] = []
    language: Language
    era: Id
    requires: list[Id]
    level: Level
    minutes: Minutes
    tags: Annotated[list[Id], Field(min_length=1)]
    snippet: Name
    summary: Texts
    why: Texts
    takeaways: dict[Language, Annotated[list[Text], Field(min_length=1)]]
    claims: list[Claim]
    corrections: list[Correction] = []
    questions: list[Question] = []
    added: Day | None = None
    verified: Day | None = None
    draft: Literal[False] = False

    @property
    def measured(self) -> bool:
        """Whether its snippet measures a claim of its own."""
        return any(claim.measured for claim in self.claims)

    @cached_property
    def page_minutes(self) -> int:
        """Time to read the entry's page and to see its program run, in the slowest language.

        Chinese at 300 characters a minute, other languages at 200 words.
        """
        minutes = []
        for language in self.summary:
            texts = [self.summary[language], self.why[language], *self.takeaways[language]]
            texts += [claim.text[language] for claim in self.claims]
            texts += [c.said[language] + c.fact[language] for c in self.corrections]
            text = " ".join(texts)
            minutes.append(len(HAN.findall(text)) / 300 + len(WORD.findall(text)) / 200)
        return math.ceil(max(minutes)) + 1

    @cached_property
    def listed(self) -> Listed:
        """The entry as lists know it."""
        return Listed(*(getattr(self, field.name) for field in fields(Listed)))


class DraftTitle(Title):
    """A title that may lack languages."""

    __pydantic_extra__: dict[str, Line | None] = Field(init=False)  # type: ignore[assignment]


class Draft(Model):
    """A work whose entry is not finished: what is written is checked, what is empty may stay so.

    A draft is no part of the site; without the line ``draft: true`` it is an entry.
    """

    id: Id
    draft: Literal[True]
    kind: Kind | None = None
    title: DraftTitle
    authors: list[Line] | None = None
    year: Year | None = None
    venue: Line | None = None
    url: Url | None = None
    pdf: Url | None = None
    doi: Doi | None = None
    arxiv: Arxiv | None = None
    video: Url | None = None
    links: list[Link] | None = None
    language: Language | None = None
    era: Id | None = None
    requires: list[Id] | None = None
    level: Level | None = None
    minutes: Minutes | None = None
    tags: list[Id] | None = None
    snippet: Name | None = None
    summary: Unfinished | None = None
    why: Unfinished | None = None
    takeaways: dict[Language, list[Text] | None] | None = None
    claims: list[Claim] | None = None
    corrections: list[Correction] | None = None
    questions: list[Question] | None = None
    added: Day | None = None
    verified: Day | None = None

    def lacks(self, languages: Iterable[str]) -> list[str]:
        """What keeps the draft from being an entry: ``era``, ``summary.en``…"""
        missing = []
        for name, field in Entry.model_fields.items():
            value = getattr(self, name)
            if name in ("title", "summary", "why", "takeaways"):
                given = (value.__pydantic_extra__ if name == "title" else value) or {}
                missing += [f"{name}.{one}" for one in languages if not given.get(one)]
            elif field.is_required() and name != "requires" and not value:
                missing.append(name)
        return missing


@dataclass(frozen=True)
class Step:
    """A stop on a route: the entry's page, and its original too where time and level allow."""

    entry: Listed
    original: bool
    page_minutes: int

    @property
    def minutes(self) -> int:
        """Time for the page, and for the original if it is read."""
        return self.page_minutes + (self.entry.minutes if self.original else 0)


class Catalog(Model):
    """The whole list. The first language is the site's default."""

    languages: Languages
    partial: Annotated[
        list[Language], Field(description="Languages, not the first, in which texts may be missing")
    ] = []
    eras: Annotated[list[Era], Field(min_length=1)]
    tags: dict[Id, Lines]
    routes: list[Route] = []
    glossary: list[Term] = []
    works: Annotated[list[Entry | Draft], Field(min_length=1, alias="entries")]
    _missing: dict[str, list[str]] = PrivateAttr(default_factory=dict)

    @property
    def full(self) -> list[str]:
        """The languages in which no text may be missing."""
        return [language for language in self.languages if language not in self.partial]

    @property
    def fallback(self) -> str:
        """The language whose texts stand in for those that a partial language lacks."""
        return _fallback(self.full)

    @property
    def missing(self) -> dict[str, list[str]]:
        """The texts that were borrowed from the fallback, by name, and in which languages."""
        return self._missing

    @cached_property
    def entries(self) -> list[Entry]:
        """The finished entries, in the order of the file."""
        return [work for work in self.works if isinstance(work, Entry)]

    @cached_property
    def drafts(self) -> list[Draft]:
        """The entries that are not finished; no page shows them."""
        return [work for work in self.works if isinstance(work, Draft)]

    @cached_property
    def _by_id(self) -> dict[str, Entry]:
        return {entry.id: entry for entry in self.entries}

    def entry(self, id_: str) -> Entry:
        """The entry with that id; KeyError with a suggestion when there is none."""
        if any(draft.id == id_ for draft in self.drafts):
            raise KeyError(f"entry '{id_}' is a draft; finish it and delete its 'draft: true'")
        if id_ not in self._by_id:
            raise KeyError(f"no entry '{id_}'{suggest(id_, self._by_id)}")
        return self._by_id[id_]

    def era(self, id_: str) -> Era:
        """The era with that id."""
        return next(era for era in self.eras if era.id == id_)

    def reading_order(self) -> list[Entry]:
        """All entries, prerequisites first; among those that are ready, eras in order.

        Equal eras keep the order of the file, so the order is always the same.
        """
        return list(self._order)

    @cached_property
    def _order(self) -> list[Entry]:
        eras = [era.id for era in self.eras]
        rank = {e.id: (eras.index(e.era), place) for place, e in enumerate(self.entries)}
        sorter = TopologicalSorter({entry.id: entry.requires for entry in self.entries})
        sorter.prepare()
        ready: list[tuple[tuple[int, int], str]] = []
        order = []
        while sorter.is_active():
            for id_ in sorter.get_ready():
                heappush(ready, (rank[id_], id_))
            _, first = heappop(ready)
            sorter.done(first)
            order.append(self._by_id[first])
        return order

    def route_to(self, id_: str) -> list[Entry]:
        """All that ``id_`` requires, directly or not, and itself, in reading order."""
        needed = self._ways[self.entry(id_).id]
        return [entry for entry in self._order if entry.id in needed]

    @cached_property
    def _ways(self) -> dict[str, set[str]]:
        """Of each entry the ids of all that it requires, directly or not, and its own."""
        ways: dict[str, set[str]] = {}
        for entry in self._order:
            ways[entry.id] = {entry.id}.union(*(ways[needed] for needed in entry.requires))
        return ways

    def unlocks(self, id_: str) -> list[Entry]:
        """The entries that require ``id_`` directly, in reading order."""
        return self._unlocked.get(id_, [])

    @cached_property
    def _unlocked(self) -> dict[str, list[Entry]]:
        found: dict[str, list[Entry]] = {}
        for entry in self._order:
            for needed in entry.requires:
                found.setdefault(needed, []).append(entry)
        return found

    def plan(self, route: Route) -> list[Step]:
        """The stops of a route: its works and all that they require, in reading order.

        Every page is read. The time that is left goes to originals not above the route's level,
        as long as each fits: first the works that the route leads to, then the easy ones, then
        those on which most of the route rests.
        """
        needed = set().union(*(self._ways[id_] for id_ in route.to or self._by_id))
        stops = [entry for entry in self._order if entry.id in needed]
        rests = Counter(id_ for other in needed for id_ in self._ways[other])
        left = math.inf if route.minutes is None else route.minutes
        left -= sum(entry.page_minutes for entry in stops)
        chosen = set()
        key = {e.id: (e.id not in route.to, e.level, -rests[e.id]) for e in stops}
        for entry in sorted(stops, key=lambda entry: key[entry.id]):
            if entry.level <= (route.level or entry.level) and entry.minutes <= left:
                left -= entry.minutes
                chosen.add(entry.id)
        return [Step(entry.listed, entry.id in chosen, entry.page_minutes) for entry in stops]


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a catalog file, for editors."""
    schema = Catalog.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def load(path: Path, snippets_dir: Path | None = None, document: Document | None = None) -> Catalog:
    """Read and check the catalog at ``path``.

    Args:
        snippets_dir: where each entry's snippet must exist as ``NAME.py``; not checked if None.
        document: what was read of it already; texts that are lent are added there.

    Raises:
        CatalogError: with every problem, each with its position.
    """
    with uncollected():
        document = document or read(path)
        check = _Check(str(path), document)
        found = check.run(snippets_dir)
        if check.problems or not found:
            raise CatalogError(check.problems)
        return found


def unmeasured(entries: Iterable[Entry], metrics: dict[str, dict[str, float]]) -> list[str]:
    """Claims whose metric their snippet does not return; ``metrics`` by snippet name."""
    return [
        f"entry '{entry.id}': claim '{claim.id}': snippets/{entry.snippet}.py returns no metric "
        f"'{claim.metric}'{suggest(claim.metric, metrics[entry.snippet])}"
        for entry in entries
        for claim in entry.claims
        if claim.metric is not None and claim.metric not in metrics[entry.snippet]
    ]


def suggest(word: str, known: Iterable[str]) -> str:
    close = get_close_matches(str(word), list(known), n=1)
    return f"; did you mean '{close[0]}'?" if close else ""


_adapter = cache(TypeAdapter)


class _Check:
    """One pass over a document that gathers problems; parts are judged one by one, so that an
    error in one entry hides nothing in another."""

    def __init__(self, path: str, document: Document):
        self.path = path
        self.document = document
        self.problems: list[Problem] = []
        self.valid: dict[str, list] = {}  # the items of each list as models
        for at, place, message in document.problems:
            self._add_at(at, place, message)

    def run(self, snippets_dir: Path | None) -> Catalog | None:
        """Check all, and make the catalog when nothing is wrong with its parts."""
        data = self.document.data
        if not isinstance(data, dict):
            self.add((), "a catalog is a mapping with 'languages', 'eras', 'tags' and 'entries'")
            return None
        fields = {field.alias or name: field for name, field in Catalog.model_fields.items()}
        for key in data:
            if key not in fields:
                self.add((key,), f"unknown key '{key}'{suggest(key, fields)}", key=True)
        for key, field in fields.items():
            if key not in data and field.is_required():
                self.add((), f"'{key}' is missing")
        self.languages = self._languages(data.get("languages"))
        self.partial = self._partial(data.get("partial"))
        eras = self._each("eras", lambda _: Era)
        self._tags()
        routes = self._each("routes", lambda _: Route)
        glossary = self._each("glossary", lambda _: Term)
        entries = self._each("entries", lambda item: Draft if _is_draft(item) else Entry)
        if entries and all(map(_is_draft, entries)):
            self.add(("entries",), "every entry is a draft; a site needs one that is finished")
        lists = {"eras": eras, "routes": routes, "glossary": glossary, "entries": entries}
        for key, items in lists.items():
            self._unique(key, items)
        self._localized(data)
        self._references(eras, entries, snippets_dir)
        ids = [entry.get("id") for entry in entries]
        drafts = [entry.get("id") for entry in entries if _is_draft(entry)]
        for number, route in enumerate(routes):
            for place, id_ in enumerate(_list(route.get("to"))):
                self._refer(("routes", number, "to", place), "entry", id_, ids)
                if id_ in drafts:
                    message = f"'{id_}' is a draft; finish it first"
                    self.add(("routes", number, "to", place), message)
        self._cycles(entries)
        if self.problems:
            return None
        if self.partial:
            missing = _fill(self.document, self.languages, self.partial)
            catalog = Catalog.model_validate(data)
            catalog._missing = missing
        else:
            catalog = Catalog.model_validate(data | self.valid)
        self._budgets(catalog)
        return catalog

    def add(self, place: Place, message: str, key: bool = False) -> None:
        """Note a problem at the value, or at the key, that ``place`` leads to."""
        positions = self.document.keys if key else self.document.values
        while place not in positions and place:
            place = place[:-1]
        self._add_at(positions.get(place, (1, 1)), place, message)

    def _add_at(self, at: tuple[int, int], place: Place, message: str) -> None:
        problem = Problem(self.path, *at, self._entry_of(place), message)
        if problem not in self.problems:
            self.problems.append(problem)

    def _entry_of(self, place: Place) -> str | None:
        if len(place) < 2 or place[0] != "entries" or not isinstance(place[1], int):
            return None
        try:
            id_ = self.document.data["entries"][place[1]]["id"]
        except (KeyError, TypeError, IndexError):
            return f"#{place[1] + 1}"
        return id_ if isinstance(id_, str) else f"#{place[1] + 1}"

    def _languages(self, value: Any) -> list[str]:
        self._validate(Languages, value, "languages")
        if not isinstance(value, list):
            return []
        for number, language in enumerate(value):
            if language in value[:number]:
                self.add(("languages", number), f"duplicate language '{language}'")
        return [language for language in value if isinstance(language, str)]

    def _partial(self, value: Any) -> list[str]:
        """The languages that may lack texts: any but the first."""
        self._validate(list[Language], value, "partial")
        for number, language in enumerate(_list(value)):
            if language in value[:number]:
                self.add(("partial", number), f"duplicate language '{language}'")
            elif language in self.languages[:1]:
                message = f"'{language}' is the first language, which has every text"
                self.add(("partial", number), message)
            elif isinstance(language, str) and self.languages and language not in self.languages:
                hint = suggest(language, self.languages) or "; not among 'languages'"
                self.add(("partial", number), f"unknown language '{language}'{hint}")
        return [language for language in _list(value) if isinstance(language, str)]

    def _validate(self, model: Any, value: Any, *place: str | int) -> Any:
        """The value as the model has it; None when it is wrong, and then it is told why."""
        if value is None and place[0] not in self.document.data:
            return None
        try:
            return _adapter(model).validate_python(value)
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                self._detail(place, detail)
            return None

    def _each(self, key: str, model_of: Callable[[Any], type[Model]]) -> list[dict]:
        """Validate each item of a list; the items that are mappings, for the checks across."""
        items = self.document.data.get(key)
        if not isinstance(items, list):
            if key in self.document.data:
                self.add((key,), "must be a list")
            return []
        if not items:
            self.add((key,), "must not be empty")
        self.valid[key] = [
            self._validate(model_of(item), item, key, number) for number, item in enumerate(items)
        ]
        return [item if isinstance(item, dict) else {} for item in items]

    def _tags(self) -> None:
        tags = self.document.data.get("tags")
        self._validate(dict[Id, Lines], tags, "tags")

    def _detail(self, base: Place, detail: ErrorDetails) -> None:
        """Say one of pydantic's errors in our words, at its place."""
        place = base + tuple(step for step in detail["loc"] if step != "[key]")
        kind, context = detail["type"], detail.get("ctx", {})
        name = place[-1]
        if kind == "extra_forbidden":
            self.add(place, f"unknown key '{name}'{suggest(str(name), _keys_at(place))}", key=True)
        elif kind == "missing":
            self.add(place[:-1], f"'{name}' is missing")
        elif "[key]" in detail["loc"]:
            self.add(place, f"'{name}' is not a valid key here", key=True)
        elif name == "draft":
            self.add(place, "write 'draft: true' for a draft, or delete the line")
        elif kind == "literal_error":
            known = [
                word.strip(" '") for word in context["expected"].replace(" or ", ",").split(",")
            ]
            hint = suggest(str(detail["input"]), known) or f"; one of {', '.join(known)}"
            self.add(place, f"'{detail['input']}' is not a {name}{hint}")
        elif kind == "string_type":
            self.add(place, f"must be text{_quote(detail['input'])}")
        elif kind == "string_pattern_mismatch":
            self.add(place, f"'{detail['input']}' is not a valid {_field(place)}: {_form(context)}")
        elif kind in ("too_short", "too_long", "string_too_long"):
            self.add(place, "must not be empty" if kind == "too_short" else "is too long")
        elif kind in ("model_type", "dict_type", "model_attributes_type"):
            self.add(place, "must be a mapping (key: value)")
        elif kind == "list_type":
            self.add(place, "must be a list")
        else:
            self.add(place, detail["msg"].replace("Input should be", "must be"))

    def _unique(self, key: str, items: list[dict]) -> None:
        first: dict[str, int] = {}
        for number, item in enumerate(items):
            id_ = item.get("id")
            if not isinstance(id_, str):
                continue
            if id_ in first:
                line = self.document.values[(key, first[id_], "id")][0]
                self.add((key, number, "id"), f"duplicate id '{id_}', first on line {line}")
            first.setdefault(id_, number)
            claims = [c for c in _list(item.get("claims")) if isinstance(c, dict)]
            ids = [claim.get("id") for claim in claims]
            for place, claim_id in enumerate(ids):
                if claim_id in ids[:place]:
                    at = (key, number, "claims", place, "id")
                    self.add(at, f"duplicate claim id '{claim_id}'")

    def _localized(self, data: dict) -> None:
        """Every localized text has all languages, or all that are not partial, and no other;
        takeaways have equal counts."""
        if not self.languages:
            return
        for place, texts in _localized_texts(data):
            given = {key for key in texts if key != "original"}
            unfinished = place[0] == "entries" and _is_draft(data["entries"][place[1]])
            for language in self.languages:
                if language not in given and language not in self.partial and not unfinished:
                    self.add(place, f"'{language}' is missing")
            for language in sorted(given - set(self.languages), key=str):
                hint = suggest(language, self.languages) or "; not among 'languages'"
                self.add((*place, language), f"unknown language '{language}'{hint}", key=True)
            counts = {k: len(v) for k, v in texts.items() if isinstance(v, list)}
            if len(set(counts.values())) > 1 and not unfinished:
                told = ", ".join(f"{language} {count}" for language, count in counts.items())
                self.add(place, f"languages have different numbers of items: {told}")

    def _references(self, eras: list[dict], entries: list[dict], snippets_dir: Path | None) -> None:
        tags = self.document.data.get("tags")
        tags = tags if isinstance(tags, dict) else {}
        era_ids, ids = ([item.get("id") for item in items] for items in (eras, entries))
        known_snippets = (
            {file.stem for file in snippets_dir.glob("*.py")} if snippets_dir else set()
        )
        for name in _hidden(snippets_dir) if snippets_dir else ():
            message = f"hides the module '{name}' from all programs; rename it"
            self.add((), f"{snippets_dir}/{name} {message}")
        drafts = [entry.get("id") for entry in entries if _is_draft(entry)]
        for number, entry in enumerate(entries):
            here = ("entries", number)
            if isinstance(entry.get("era"), str):
                self._refer((*here, "era"), "era", entry["era"], era_ids)
            for place, tag in enumerate(_list(entry.get("tags"))):
                self._refer((*here, "tags", place), "tag", tag, tags)
            needed = _list(entry.get("requires"))
            for place, id_ in enumerate(needed):
                self._refer((*here, "requires", place), "entry", id_, ids)
                if id_ in drafts and not _is_draft(entry):
                    self.add((*here, "requires", place), f"'{id_}' is a draft; finish it first")
                if id_ in needed[:place]:
                    self.add((*here, "requires", place), f"'{id_}' is required twice")
            year = entry.get("year")
            if isinstance(year, int) and date.today().year + 1 < year <= 2200:
                self.add((*here, "year"), "lies in the future")
            snippet = entry.get("snippet")
            if snippets_dir and isinstance(snippet, str) and re.match(NAME, snippet):
                self._refer((*here, "snippet"), "snippet", snippet, known_snippets)

    def _budgets(self, catalog: Catalog) -> None:
        """The pages of a route, with no original read, must fit its time."""
        for number, route in enumerate(catalog.routes):
            pages = sum(step.page_minutes for step in catalog.plan(route))
            if route.minutes is not None and pages > route.minutes:
                message = f"the {pages} minutes of its pages do not fit; raise it or go less far"
                self.add(("routes", number, "minutes"), message)

    def _refer(self, place: Place, what: str, id_: Any, known: Iterable[Any]) -> None:
        if isinstance(id_, str) and id_ not in known:
            names = [name for name in known if isinstance(name, str)]
            self.add(place, f"no {what} '{id_}'{suggest(id_, names)}")

    def _cycles(self, entries: list[dict]) -> None:
        """Name each cycle of prerequisites once, at its first entry's ``requires``."""
        place = {}
        for number, entry in enumerate(entries):
            if isinstance(entry.get("id"), str):
                place.setdefault(entry["id"], number)
        graph = {
            id_: [
                needed
                for needed in _list(entries[number].get("requires"))
                if isinstance(needed, str) and needed in place
            ]
            for id_, number in place.items()
        }
        while True:
            try:
                TopologicalSorter(graph).prepare()
                return
            except CycleError as error:
                cycle = error.args[1][::-1]  # each requires the next
            start = min(range(len(cycle) - 1), key=lambda step: place[cycle[step]])
            cycle = [*cycle[start:-1], *cycle[:start], cycle[start]]
            message = f"requires itself in a circle: {' -> '.join(cycle)}"
            self.add(("entries", place[cycle[0]], "requires"), message)
            graph[cycle[0]] = [needed for needed in graph[cycle[0]] if needed != cycle[1]]


def _hidden(folder: Path) -> list[str]:
    """Modules of Python and of installed packages that a file in ``folder`` stands before.

    Programs import from their own folder first, so such a file would run within all of them.
    """
    names = {
        path.name.partition(".")[0]
        for path in folder.glob("*")
        if path.name.endswith(tuple(all_suffixes())) or any(path.glob("__init__.*"))
    }
    elsewhere = [*sysconfig.get_paths().values(), str(Path(__file__).parent.parent)]
    found = {name: PathFinder.find_spec(name, elsewhere) for name in names}
    installed = {name for name, spec in found.items() if spec and spec.origin}
    return sorted(installed | (names & sys.stdlib_module_names))


def _is_draft(item: Any) -> bool:
    return isinstance(item, dict) and item.get("draft") is True


def _list(value: Any) -> list:
    return value if isinstance(value, list) else []


def _localized_texts(value: Any, place: Place = ()) -> Iterator[tuple[Place, dict]]:
    """Every mapping from language to text below ``value``, with the way to it."""
    items = enumerate(value) if isinstance(value, list) else value.items()
    for key, inner in items:
        here = (*place, key)
        if not isinstance(inner, dict | list):
            continue
        tag = len(here) == 2 and here[0] == "tags"
        if isinstance(inner, dict) and (tag or (key in LOCALIZED and place != ("entries",))):
            # A source's title is plain text, an entry's is localized; only mappings come here.
            yield here, inner
        else:
            yield from _localized_texts(inner, here)


def texts(document: Document) -> Iterator[tuple[str, Place, dict[str, Any]]]:
    """The localized texts of a valid catalog, drafts left out: name, place, text by language.

    A name is the way to the text, by ids where there are ids and by numbers from 1 elsewhere:
    ``entries/lenet/questions/2/ask``.
    """
    for place, localized in _localized_texts(document.data):
        if place[0] == "entries" and _is_draft(document.data["entries"][place[1]]):
            continue
        names, value = [], document.data
        for step in place:
            value = value[step]
            id_ = value.get("id") if isinstance(value, dict) else None
            names.append(id_ or step + 1 if isinstance(step, int) else step)
        yield "/".join(map(str, names)), place, localized


def _fallback(full: list[str]) -> str:
    return "en" if "en" in full else full[0]


def _fill(document: Document, languages: list[str], partial: list[str]) -> dict[str, list[str]]:
    """Lend each text that a partial language lacks; by name, which languages lacked it."""
    missing: dict[str, list[str]] = {}
    if not partial:
        return missing
    other = _fallback([language for language in languages if language not in partial])
    for name, _, localized in texts(document):
        for language in languages:
            if language not in localized:
                text = localized[other]
                lent = [Borrowed(one, other) for one in _list(text)] or Borrowed(text, other)
                localized[language] = lent
                missing.setdefault(name, []).append(language)
    return missing


def _keys_at(place: Place) -> list[str]:
    """The keys that the mapping at the parent of ``place`` may have."""
    parts = {
        "entries": Entry,
        "eras": Era,
        "links": Link,
        "claims": Claim,
        "corrections": Correction,
        "sources": Source,
        "questions": Question,
        "routes": Route,
        "glossary": Term,
    }
    for step in reversed(place[:-1]):
        if step in parts:
            return list(parts[step].model_fields)  # type: ignore[index]
    return []


def _field(place: Place) -> str:
    names = [step for step in place if isinstance(step, str)]
    return names[-1] if names else "value"


def _form(context: dict) -> str:
    forms = {
        ID: "lower-case words joined by '-', such as 'char-rnn'",
        NAME: "lower-case letters, digits and '_', such as 'char_rnn'",
        DOI: "such as '10.1038/323533a0'",
        ARXIV: "such as '1706.03762'",
        LANGUAGE: "a language such as 'en' or 'zh-TW'",
        "^https?://": "a URL must start with https:// or http://",
    }
    return forms.get(context.get("pattern", ""), "it has the wrong form")


def _quote(value: object) -> str:
    if value is None:
        return ", but is empty"
    return f'; put quotes around it: "{value}"' if not isinstance(value, dict | list) else ""
