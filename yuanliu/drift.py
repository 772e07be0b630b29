"""Translations that were left behind: which texts changed in one language and not in another.

A lock file beside the catalog holds, for each text, a hash of each language's words at a time
when they said the same. Where some have changed since and others have not, the others are stale.
A project without a lock file does not use this; ``record`` makes the first one.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from yuanliu.catalog import suggest, texts
from yuanliu.reading import CatalogError, Document, Problem, read

HEADER = """\
# Which versions of a text say the same, by hash; `yuanliu check` tells which language fell behind.
# Written by `yuanliu translated`: keep it under version control, do not edit it.
"""
LINE = re.compile(r"(?P<name>\S.*?)(?P<hashes>(?: [A-Za-z-]+:[0-9a-f]{12})+)")
MERGE = ("<<<<<<<", "=======", ">>>>>>>", "|||||||")
Where = tuple[Path, int, int]


class DriftError(Exception):
    """Nothing was recorded; the text says why."""


@dataclass(frozen=True)
class Text:
    """A text that readers have in several languages: its name, and of each its hash and place."""

    name: str
    hashes: dict[str, str]
    places: dict[str, Where]

    @property
    def owner(self) -> str:
        """The first two parts of the name: ``entries/lenet``."""
        return "/".join(self.name.split("/")[:2]) if self.name[:5] != "docs/" else self.name


@dataclass(frozen=True)
class State:
    """A text beside its record. ``stale`` names the languages that fell behind ``newer``; with
    none, the text ``changed`` in all languages, or is ``new``, or still agrees with its record."""

    text: Text
    recorded: dict[str, str]
    newer: list[str]
    stale: list[str]

    @property
    def new(self) -> bool:
        return not self.recorded

    @property
    def changed(self) -> bool:
        """Whether the record is out of date although no language fell behind."""
        return not self.new and not self.stale and self.recorded != self.text.hashes

    def problems(self, file: str = "") -> list[Problem]:
        """What to tell of each stale language; ``file`` names another catalog than the usual."""
        group, id_, *rest = self.text.name.split("/")
        entry = id_ if group == "entries" else None
        what = "/".join(rest) if entry else self.text.name
        newer = " and ".join(f"'{one}'" for one in self.newer)
        told = f"bring it up to date, or record that it still holds: yuanliu translated{file}"
        return [
            Problem(
                *_shown(self.text.places[one]),
                entry,
                f"{what}: '{one}' is older than {newer}; {told} {entry or self.text.owner}",
            )
            for one in self.stale
        ]


def _shown(where: Where) -> tuple[str, int, int]:
    return str(where[0]), where[1], where[2]


def lock(catalog: Path) -> Path:
    """Where the records of a catalog lie."""
    return catalog.with_suffix(".lock")


def report(
    catalog: Path, docs: Path, snippets: Path, *, document: Document | None = None
) -> list[State]:
    """Every text of a valid catalog beside its record; nothing when there is no lock file.

    Args:
        docs: the directory of the pages written by hand.
        snippets: the directory of the scripts.
        document: the catalog, if it was read already.

    Raises:
        CatalogError: when the lock file is broken.
    """
    if not lock(catalog).is_file():
        return []
    return compare(gather(catalog, docs, snippets, document=document), read_lock(lock(catalog)))


def behind(states: Iterable[State]) -> dict[str, dict[str, list[str]]]:
    """By owner and stale language, the languages that are newer: what pages have to tell."""
    found: dict[str, dict[str, list[str]]] = {}
    for state in states:
        for language in state.stale:
            newer = found.setdefault(state.text.owner, {}).setdefault(language, [])
            newer += [one for one in state.newer if one not in newer]
    return found


def accepted(states: list[State], ids: list[str]) -> set[str]:
    """The owners that ``ids`` name: an entry's id, or an owner such as ``docs/about``.

    Raises:
        DriftError: with a suggestion, where no text has such an owner.
    """
    owners = {state.text.owner for state in states}
    names = owners | {owner.removeprefix("entries/") for owner in owners}
    for id_ in ids:
        if id_ not in names:
            raise DriftError(f"no text of '{id_}'{suggest(id_, names)}")
    return {owner for owner in owners if {owner, owner.removeprefix("entries/")} & set(ids)}


def renewed(states: list[State], owners: set[str]) -> str:
    """The lock file with all that is new or changed; of stale texts only those of ``owners``."""
    lines = []
    for state in states:
        hashes = dict(state.text.hashes)
        if state.stale and state.text.owner not in owners:
            hashes |= {k: v for k, v in state.recorded.items() if k in hashes}
        told = " ".join(f"{language}:{hashes[language]}" for language in sorted(hashes))
        lines.append(f"{state.text.name} {told}\n")
    return HEADER + "".join(sorted(lines))


def compare(found: Iterable[Text], records: dict[str, dict[str, str]]) -> list[State]:
    """Each text beside its record; records of texts that are gone are passed over."""
    found = list(found)
    record_of = _matched(found, records)
    return [_state(text, records.get(record_of[text.name], {})) for text in found]


def _state(text: Text, recorded: dict[str, str]) -> State:
    known = [language for language in text.hashes if language in recorded]
    newer = [language for language in known if text.hashes[language] != recorded[language]]
    stale = [language for language in known if language not in newer] if newer else []
    return State(text, recorded, newer if stale else [], stale)


def _matched(found: list[Text], records: dict[str, dict[str, str]]) -> dict[str, str]:
    """The name of each text's record.

    Questions and the like go by number. So that one put before others does not make them all new,
    a text whose own number does not fit takes the record of another number that shares words.
    """
    families: dict[str, list[str]] = {}
    for name in records:
        families.setdefault(_family(name), []).append(name)
    record_of = {
        text.name: text.name for text in found if _share(text.hashes, records.get(text.name, {}))
    }
    used = set(record_of)
    for text in found:
        if text.name not in record_of:
            others = [name for name in families.get(_family(text.name), []) if name not in used]
            same = [name for name in others if _share(text.hashes, records[name])]
            record_of[text.name] = same[0] if same else ""
            used |= set(same[:1])
    for text in found:
        if not record_of[text.name] and text.name not in used:
            record_of[text.name] = text.name
    return record_of


def _family(name: str) -> str:
    """The name with its numbers left out."""
    return re.sub(r"/\d+(?=/|$)", "/#", name)


def _share(some: dict[str, str], others: dict[str, str]) -> bool:
    return bool(some.items() & others.items())


def read_lock(path: Path) -> dict[str, dict[str, str]]:
    """The hashes in a lock file, by text and language; none when there is no file.

    Raises:
        CatalogError: with every line that is no record.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise CatalogError([Problem(str(path), 1, 1, None, f"cannot be read: {error}")]) from error
    records: dict[str, dict[str, str]] = {}
    first: dict[str, int] = {}
    problems = []
    for number, line in enumerate(lines, 1):
        if not line or line.startswith("#"):
            continue
        match = LINE.fullmatch(line)
        if not match:
            message = "not a record; undo the change, or delete the line and record the text again"
            if line.startswith(MERGE):
                message = "left by a merge; delete this line and keep one line of each text"
            problems.append(Problem(str(path), number, 1, None, message))
        elif match["name"] in records:
            message = f"'{match['name']}' is recorded on line {first[match['name']]} too; keep one"
            problems.append(Problem(str(path), number, 1, None, message))
        else:
            pairs = (pair.split(":") for pair in match["hashes"].split())
            records[match["name"]] = {language: hash_ for language, hash_ in pairs}
            first[match["name"]] = number
    if problems:
        raise CatalogError(problems)
    return records


def gather(
    catalog: Path, docs: Path, snippets: Path, *, document: Document | None = None
) -> list[Text]:
    """All that readers have in two languages or more: of the catalog, of docs/, of snippets."""
    document = document or read(catalog)
    languages = document.data["languages"]
    found = [
        *_of_catalog(catalog, document, languages),
        *_of_docs(docs, languages),
        *_of_snippets(document, snippets, languages),
    ]
    return [text for text in found if len(text.hashes) > 1]


def _of_catalog(path: Path, document: Document, languages: list[str]) -> Iterator[Text]:
    for name, place, localized in texts(document):
        own = [language for language in languages if language in localized]
        yield Text(
            name,
            {language: _hash(localized[language]) for language in own},
            {language: (path, *document.values[(*place, language)]) for language in own},
        )


def _of_docs(docs: Path, languages: list[str]) -> Iterator[Text]:
    """``NAME.LANG.md``, where the language that comes first may go without its suffix."""
    pages: dict[str, dict[str, Path]] = {}
    for path in sorted(docs.rglob("*.md")):
        name, _, language = path.stem.rpartition(".")
        if language not in languages:
            name, language = path.stem, languages[0]
        page = pages.setdefault((path.relative_to(docs).parent / name).as_posix(), {})
        if language not in page or path.stem != name:
            page[language] = path
    for name, versions in pages.items():
        yield Text(
            f"docs/{name}",
            {one: _hash(_read(path)) for one, path in versions.items()},
            {one: (path, 1, 1) for one, path in versions.items()},
        )


def _of_snippets(document: Document, snippets: Path, languages: list[str]) -> Iterator[Text]:
    """Of each script that a finished entry names the prose and captions, as one text a language."""
    import jupytext

    entries = [one for one in document.data["entries"] if not one.get("draft")]
    for name in sorted({entry["snippet"] for entry in entries}):
        path = snippets / f"{name}.py"
        if not path.is_file():
            continue
        script = _read(path)
        cells = jupytext.reads(script, fmt="py:percent").cells
        told = {}
        for language in languages:
            prose = [cell.source for cell in cells if cell.metadata.get("lang") == language]
            captions = [cell.metadata.get(f"caption.{language}") for cell in cells]
            told[language] = [*prose, *filter(None, captions)]
        yield Text(
            f"snippets/{name}",
            {language: _hash(words) for language, words in told.items() if words},
            {one: (path, _line(script, one), 1) for one, words in told.items() if words},
        )


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


def _line(script: str, language: str) -> int:
    """The line of the first cell in ``language``, or of the first caption."""
    marks = (f'lang="{language}"', f"caption.{language}=")
    lines = script.splitlines()
    for mark in marks:
        for number, line in enumerate(lines, 1):
            if line.startswith("# %%") and mark in line:
                return number
    return 1


def _hash(text: Any) -> str:
    """Of the words: white space is left out, as a line may be broken anywhere in Chinese."""
    parts = text if isinstance(text, list) else [text]
    words = "\n".join("".join(part.split()) for part in parts)
    return hashlib.sha256(words.encode()).hexdigest()[:12]


def record(catalog: Path, docs: Path, snippets: Path, ids: list[str]) -> tuple[int, list[State]]:
    """Write the lock file anew, with the stale texts that ``ids`` name; how many texts it records
    anew, and those that stay stale.

    Raises:
        CatalogError: when the lock file is broken or cannot be written.
        DriftError: when an id names no text.
        EditError: when the file changed meanwhile.
    """
    from yuanliu.edit import replace

    path = lock(catalog)
    before = path.read_bytes() if path.is_file() else b""
    states = compare(gather(catalog, docs, snippets), read_lock(path))
    owners = accepted(states, ids)
    after = renewed(states, owners).encode()
    if after != before:
        try:
            replace(path, before, after, read_lock)
        except OSError as error:
            message = f"cannot be written: {error.strerror or error}"
            raise CatalogError([Problem(str(path), 1, 1, None, message)]) from error
    left = [state for state in states if state.stale and state.text.owner not in owners]
    done = sum(state.new or state.changed or bool(state.stale) for state in states)
    return done - len(left), left
