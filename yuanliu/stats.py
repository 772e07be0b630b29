"""What a catalog lacks: finished texts, claims, measurements, translations, checks of the facts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta

from yuanliu.catalog import Borrowed, Catalog, Entry
from yuanliu.drift import State

CHECK_AFTER = timedelta(days=365)


def lacks(
    catalog: Catalog, today: date, states: Iterable[State] = ()
) -> dict[str, dict[str, list[str]]]:
    """For each kind of gap the works that have it, and what is missing there.

    Gaps are ``draft`` (fields to fill in), ``claim`` (states none), ``measurement`` (no program
    measures these claims), ``translation`` (the text is the same in two languages),
    ``untranslated`` (a partial language lacks the text), ``stale`` (a language fell behind, by
    ``states``) and ``check`` (facts never checked, or not for a year).
    """
    lent = [(name, language) for name, many in catalog.missing.items() for language in many]
    stale = [(state.text.name, language) for state in states for language in state.stale]
    gaps: dict[str, dict[str, list[str]]] = {
        "draft": {draft.id: draft.lacks(catalog.full) for draft in catalog.drafts},
        "claim": {entry.id: ["claims"] for entry in catalog.entries if not entry.claims},
    }
    for name, missing in (
        ("measurement", lambda entry: [one.id for one in entry.claims if not one.measured]),
        ("translation", lambda entry: list(_untranslated(entry))),
        ("untranslated", lambda entry: _of(entry, lent)),
        ("stale", lambda entry: _of(entry, stale)),
        ("check", lambda entry: _unchecked(entry, today)),
    ):
        found = {entry.id: missing(entry) for entry in catalog.entries}
        gaps[name] = {id_: what for id_, what in found.items() if what}
    return gaps


def counts(catalog: Catalog) -> dict[str, int]:
    """How much there is."""
    claims = [claim for entry in catalog.entries for claim in entry.claims]
    return {
        "entries": len(catalog.entries),
        "drafts": len(catalog.drafts),
        "claims": len(claims),
        "measured claims": sum(claim.measured for claim in claims),
        "snippets": len({entry.snippet for entry in catalog.entries}),
        "languages": len(catalog.languages),
        "texts not translated": sum(map(len, catalog.missing.values())),
    }


def _of(entry: Entry, texts: list[tuple[str, str]]) -> list[str]:
    """Those of the texts that are the entry's: ``claims/fewer-weights/text (ja)``."""
    start = f"entries/{entry.id}/"
    return [f"{name[len(start) :]} ({one})" for name, one in texts if name.startswith(start)]


def _unchecked(entry: Entry, today: date) -> list[str]:
    if entry.verified is None:
        return ["never checked"]
    late = today - entry.verified > CHECK_AFTER
    return [f"last checked {entry.verified}"] if late else []


def _untranslated(entry: Entry) -> Iterator[str]:
    """Where two languages have the same words; titles may."""
    texts: list[tuple[str, Iterable]] = [
        ("summary", entry.summary.values()),
        ("why", entry.why.values()),
    ]
    for number, same in enumerate(zip(*entry.takeaways.values(), strict=True), 1):
        texts.append((f"takeaway {number}", same))
    texts += [(f"claim {claim.id}", claim.text.values()) for claim in entry.claims]
    for number, one in enumerate(entry.corrections, 1):
        texts.append((f"correction {number}", one.said.values()))
        texts.append((f"correction {number}", one.fact.values()))
    for name, values in texts:
        words = [value for value in values if not isinstance(value, Borrowed)]
        if len(set(words)) < len(words):
            yield name
