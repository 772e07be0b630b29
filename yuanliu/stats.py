"""What a catalog lacks: finished texts, claims, measurements, translations, checks of the facts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta

from yuanliu.catalog import Catalog, Entry

CHECK_AFTER = timedelta(days=365)


def lacks(catalog: Catalog, today: date) -> dict[str, dict[str, list[str]]]:
    """For each kind of gap the works that have it, and what is missing there.

    Gaps are ``draft`` (fields to fill in), ``claim`` (states none), ``measurement`` (no program
    measures these claims), ``translation`` (the text is the same in two languages) and ``check``
    (facts never checked, or not for a year).
    """
    gaps: dict[str, dict[str, list[str]]] = {
        "draft": {draft.id: draft.lacks(catalog.languages) for draft in catalog.drafts},
        "claim": {entry.id: ["claims"] for entry in catalog.entries if not entry.claims},
    }
    for name, missing in (
        ("measurement", lambda entry: [one.id for one in entry.claims if not one.measured]),
        ("translation", lambda entry: list(_untranslated(entry))),
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
    }


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
        words = list(values)
        if len(set(words)) < len(words):
            yield name
