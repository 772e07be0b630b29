"""Pages: what the catalog and the executed snippets become, one list of pages a language."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from types import SimpleNamespace
from zlib import crc32

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from yuanliu import cite, graph, snippets
from yuanliu.catalog import Borrowed, Catalog, Claim, Entry, Listed, Question, Step, Term
from yuanliu.snippets import Execution, Figure
from yuanliu.words import strings

GROUPS = ("eras", "kinds", "tags")
LONG = 200  # entries; of a longer list the navigation, maps and books are of one era each
VOLUME = 30  # entries; a longer era is bound in several volumes
GROUP_OF = {"papers": "entries"}  # addresses are named for what readers see
LISTS = {"eras", "tags", "routes", "glossary"}  # pages that show all texts of their group


@dataclass(frozen=True)
class Page:
    """A page before it is rendered: where it lies, what it is called, and what its template needs.

    ``path`` is the address without language and slashes: ``papers/lenet``; a ``wide`` page has
    no table of contents beside it.
    """

    path: str
    template: str
    title: str
    description: str
    context: dict = field(default_factory=dict)
    wide: bool = False


@dataclass(frozen=True)
class Verdict:
    """A claim beside what the run measured; ``holds`` is None when no program measures it."""

    claim: Claim
    value: float | None
    holds: bool | None


def verdicts(entry: Entry, metrics: dict[str, float]) -> list[Verdict]:
    """Each claim of ``entry`` beside ``metrics``.

    Raises:
        KeyError: when a claim names a metric that the snippet does not return.
    """
    return [_verdict(claim, metrics) for claim in entry.claims]


def _verdict(claim: Claim, metrics: dict[str, float]) -> Verdict:
    if claim.metric is None:
        return Verdict(claim, None, None)
    value = metrics[claim.metric]
    return Verdict(claim, value, claim.holds(value))


def number(value: float) -> str:
    """A measured number as people write it: 0.0123, 3.4, 12,500, 1.2 × 10⁻⁸."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "∞" if value > 0 else "−∞"
    if value == 0:
        return "0"
    if abs(value) < 1e-3 or abs(value) >= 1e7:
        digits, _, power = f"{value:.1e}".partition("e")
        return (
            f"{digits} × 10{str(int(power)).translate(str.maketrans('-0123456789', '⁻⁰¹²³⁴⁵⁶⁷⁸⁹'))}"
        )
    if abs(value) >= 1000 or float(value).is_integer():
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 100 else f"{value:.1f}"


def mixed_answers(question: Question, language: str) -> list[tuple[str, bool]]:
    """The answers and whether each is right, in an order that is the same in every language."""
    answers = [(text, place == 0) for place, text in enumerate(question.answers[language])]
    first = crc32(next(iter(question.ask.values())).encode()) % len(answers)
    return answers[-first:] + answers[:-first]


def in_volumes(entries: list[Listed]) -> list[tuple[str, str, list[Listed]]]:
    """Parts of about equal length, as ``("-2", " 2/3", …)``, the first two for names and titles.

    A single part has no number.
    """
    many = math.ceil(len(entries) / VOLUME)
    if many == 1:
        return [("", "", entries)]
    ends = [round(len(entries) * part / many) for part in range(many + 1)]
    return [
        (f"-{part}", f" {part}/{many}", entries[start:end])
        for part, (start, end) in enumerate(pairwise(ends), 1)
    ]


class Site:
    """The catalog and the executions, seen in every language.

    Args:
        catalog: the checked catalog.
        executions: by snippet name, one for each snippet that an entry names.
        labs: names of the snippets with a live model on their pages.
        words: of the interface, by language; the package's when None.
        stale: by owner (``entries/lenet``) and language, the languages whose texts are newer.
        names: of the languages, each in itself.
    """

    def __init__(
        self,
        catalog: Catalog,
        executions: dict[str, Execution],
        labs: Iterable[str] = (),
        words: dict[str, dict] | None = None,
        stale: Mapping[str, dict[str, list[str]]] | None = None,
        names: Mapping[str, str] | None = None,
    ):
        self.catalog = catalog
        self.executions = executions
        self.labs = frozenset(labs)
        self.environment = Environment(
            loader=PackageLoader("yuanliu"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self.environment.globals["cite_files"] = cite.FILES
        self.environment.filters["number"] = number
        self.environment.filters["plain"] = cite.plain
        self.environment.filters["bare"] = str  # no element around a text, for attributes
        self.strings = words or {language: strings(language) for language in catalog.languages}
        self.stale = stale or {}
        self.names = names or {}
        self.maps: dict[str, list] = {}  # graphs that were laid out already

    @cached_property
    def order(self) -> list[Entry]:
        """All entries along the reading path."""
        return self.catalog.reading_order()

    @cached_property
    def listed(self) -> list[Listed]:
        """What lists show of all entries, along the reading path."""
        return [entry.listed for entry in self.order]

    @cached_property
    def _place(self) -> dict[str, int]:
        return {entry.id: place for place, entry in enumerate(self.order)}

    @cached_property
    def plans(self) -> dict[str, list[Step]]:
        """The stops of each route."""
        return {route.id: self.catalog.plan(route) for route in self.catalog.routes}

    def sorted(self, entries: Iterable[Listed]) -> list[Listed]:
        """``entries`` along the reading path."""
        return sorted(entries, key=lambda entry: self._place[entry.id])

    @property
    def long(self) -> bool:
        """Whether the list is too long to be shown in one piece everywhere."""
        return len(self.order) > LONG

    @cached_property
    def terms(self) -> list[Term]:
        """The glossary in the order of its pages."""
        return sorted(self.catalog.glossary, key=lambda term: term.id)

    def citation(self, entry: Entry) -> dict[str, str]:
        """The text of every form of citation of ``entry``, by the suffix of its file."""
        return {suffix: form.write([entry]) for suffix, form in cite.FILES.items()}

    @cached_property
    def used_snippets(self) -> list[str]:
        """Names of the snippets that entries name, along the path."""
        return list(self.users)

    @cached_property
    def users(self) -> dict[str, list[Entry]]:
        """The entries that name a snippet, along the path."""
        found: dict[str, list[Entry]] = {}
        for entry in self.order:
            found.setdefault(entry.snippet, []).append(entry)
        return found

    @cached_property
    def era_number(self) -> dict[str, int]:
        """Which colour an era has: its place in the list, from 1."""
        return {era.id: number for number, era in enumerate(self.catalog.eras, 1)}

    def language_name(self, language: str, reader: str) -> str:
        """What readers of the language ``reader`` call a language."""
        known = self.strings[reader]["language_names"]
        return known.get(language) or self.names.get(language, language)

    def newer(self, page: str, language: str) -> list[str]:
        """The languages whose texts are newer than those on a page.

        Args:
            page: ``papers/lenet``, a list such as ``glossary``, or ``docs/about``.
        """
        group, _, name = page.partition("/")
        owner = f"{GROUP_OF.get(group, group)}/{name}"
        listed = group in LISTS and name in ("", "index")
        found = [
            other
            for key, stale in self.stale.items()
            if key == owner or (listed and key.startswith(f"{group}/"))
            for other in stale.get(language, [])
        ]
        return [other for other in self.catalog.languages if other in found]

    def told_in(self, execution: Execution, language: str) -> str:
        """The language of a snippet's prose for readers of ``language``."""
        own, other = {cell.language for cell in execution.cells}, self.catalog.fallback
        lent = language in self.catalog.partial and language not in own and other in own
        return other if lent else language

    def snippet_title(self, execution: Execution, language: str) -> str:
        """The heading of a snippet's prose."""
        told_in = self.told_in(execution, language)
        title = snippets.title(execution.notebook, told_in)
        return title if told_in == language else Borrowed(title, told_in)

    def caption(self, name: str, figure: Figure, language: str) -> str:
        """The caption of a figure of the snippet ``name``.

        Raises:
            SnippetError: where it has none, and none may be lent.
        """
        other = self.catalog.fallback
        if language in figure.captions:
            return figure.captions[language]
        if language in self.catalog.partial and other in figure.captions:
            return Borrowed(figure.captions[other], other)
        raise snippets.SnippetError(f"snippets/{name}.py: a figure has no caption.{language}")

    def verdicts(self, entry: Entry) -> list[Verdict]:
        """The claims of ``entry`` beside what its snippet measured."""
        return verdicts(entry, self.executions[entry.snippet].metrics)

    def groups(self, group: str, language: str) -> list[SimpleNamespace]:
        """Eras, kinds or tags that have entries: id, name, intro (eras only) and entries."""
        words = self.strings[language]
        heads = {
            "eras": [
                (era.id, era.name[language], era.intro[language]) for era in self.catalog.eras
            ],
            "kinds": [(kind, name, "") for kind, name in words["kind_names"].items()],
            "tags": [(tag, names[language], "") for tag, names in self.catalog.tags.items()],
        }[group]
        member: dict[str, list[Listed]] = {}
        for entry in self.listed:
            for id_ in {"eras": [entry.era], "kinds": [entry.kind], "tags": entry.tags}[group]:
                member.setdefault(id_, []).append(entry)
        return [
            SimpleNamespace(id=id_, name=name, intro=intro, entries=member[id_])
            for id_, name, intro in heads
            if id_ in member
        ]

    def pages(self, language: str) -> list[Page]:
        """Every generated page in ``language``."""
        words = self.strings[language]
        found = [
            Page(
                "path",
                "path.html",
                words["path"],
                words["path_intro"],
                {"plans": self.plans, "entries": self.listed},
                wide=True,
            ),
            self._works_page(language),
            Page(
                "timeline",
                "timeline.html",
                words["timeline"],
                words["timeline_intro"],
                {"entries": self.listed},
            ),
            Page(
                "snippets/index",
                "snippets.html",
                words["snippets"],
                words["snippets_intro"],
                {"runs": [self._used(name) for name in self.used_snippets]},
            ),
        ]
        for group in GROUPS:
            groups = self.groups(group, language)
            intro = words[f"{group}_intro"]
            context = {"group": group, "groups": groups, "intro": intro}
            found.append(Page(f"{group}/index", "groups.html", words[group], intro, context))
            alone = group == "eras" and self.long
            found += [
                Page(
                    f"{group}/{one.id}",
                    "group.html",
                    one.name,
                    one.intro,
                    {"one": one, "volumes": in_volumes(one.entries) if alone else []},
                )
                for one in groups
            ]
        if self.catalog.routes:
            found.append(
                Page(
                    "routes/index",
                    "routes.html",
                    words["routes"],
                    words["routes_intro"],
                    {"plans": self.plans},
                )
            )
        for route in self.catalog.routes:
            context = {"route": route, "steps": self.plans[route.id]}
            title, intro = route.name[language], route.intro[language]
            found.append(Page(f"routes/{route.id}", "route.html", title, intro, context))
        if self.catalog.glossary:
            title, intro = words["glossary"], words["glossary_intro"]
            found.append(Page("glossary", "glossary.html", title, intro, {"terms": self.terms}))
        found += [
            self._entry_page(place, entry, language) for place, entry in enumerate(self.order)
        ]
        found += [self._snippet_page(name, language) for name in self.used_snippets]
        return found

    def _works_page(self, language: str) -> Page:
        """All works, to filter, choose and cite."""
        words = self.strings[language]
        entries = self.listed
        names = {
            "era": {era.id: era.name[language] for era in self.catalog.eras},
            "kind": {
                k: n for k, n in words["kind_names"].items() if k in {e.kind for e in entries}
            },
            "language": {
                one: words["language_names"].get(one, one)
                for one in sorted({entry.language for entry in entries})
            },
            "level": words["level_names"],
            "minutes": {n: words["minutes_at_most"].format(n=n) for n in (30, 45, 60, 90)},
            "tag": {tag: texts[language] for tag, texts in self.catalog.tags.items()},
        }
        intro = words["works_intro"]
        context = {"names": names, "entries": entries}
        return Page("works", "works.html", words["works"], intro, context, wide=True)

    def _entry_page(self, place: int, entry: Entry, language: str) -> Page:
        context = {
            "entry": entry,
            "step": place + 1,
            "before": self.listed[place - 1] if place else None,
            "after": self.listed[place + 1] if place + 1 < len(self.order) else None,
            "verdicts": self.verdicts(entry),
            "execution": self.executions[entry.snippet],
            "own": entry.measured,
            "requires": [self.catalog.entry(needed).listed for needed in entry.requires],
            "unlocks": [other.listed for other in self.catalog.unlocks(entry.id)],
        }
        title, description = entry.title[language], entry.summary[language]
        return Page(f"papers/{entry.id}", "entry.html", title, description, context)

    def _used(self, name: str) -> SimpleNamespace:
        """A run with the entries whose claims it measures."""
        users = [(entry.listed, self.verdicts(entry)) for entry in self.users[name]]
        return SimpleNamespace(execution=self.executions[name], users=users)

    def _snippet_page(self, name: str, language: str) -> Page:
        execution = self.executions[name]
        told_in = self.told_in(execution, language)
        context = {
            "execution": execution,
            "users": [entry.listed for entry in self.users[name]],
            "cells": [cell for cell in execution.cells if cell.language in (None, told_in)],
        }
        title = self.snippet_title(execution, language)
        words = self.strings[language]
        return Page(f"snippets/{name}", "snippet.md", title, words["snippets_intro"], context)

    def render(self, page: Page, language: str, url: Callable[[str], str]) -> str:
        """The page's own content: HTML, or Markdown where the template is Markdown.

        Args:
            url: turns an address such as ``papers/lenet/`` into one relative to this page;
                with a leading ``/`` the address is the same in every language (a figure).
        """
        return self.component(page.template, language, url, **page.context)

    def component(
        self, template: str, language: str, url: Callable[[str], str], **context: object
    ) -> str:
        """A template filled with the site, for pages written by hand as well."""
        words = self.strings[language]
        return self.environment.get_template(template).render(
            site=self,
            catalog=self.catalog,
            language=language,
            t=words,
            say=lambda key, **values: words[key].format(**values),
            url=url,
            draw=lambda entries: graph.layout(self.sorted(entries), language, self.maps),
            safe=Markup,
            mix=mixed_answers,
            title_of=lambda execution: self.snippet_title(execution, language),
            **context,
        )

    def statistics(self) -> dict[str, int]:
        """How many entries, measured claims, claims that hold, and snippets there are."""
        measured = [v for entry in self.order for v in self.verdicts(entry) if v.holds is not None]
        return {
            "entries": len(self.order),
            "claims": len(measured),
            "holding": sum(bool(verdict.holds) for verdict in measured),
            "snippets": len(self.used_snippets),
        }

    def hours(self) -> int:
        """Time to read everything, in hours."""
        return round(sum(entry.minutes for entry in self.order) / 60)
