"""Adding to a catalog file: every byte that was there stays, and the file is never half-written."""

from __future__ import annotations

import fcntl
import io
import os
import re
import tempfile
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import yaml
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from yuanliu import catalog, lookup
from yuanliu.cite import plain
from yuanliu.lookup import Record
from yuanliu.reading import CatalogError, Document, Loader, Problem, read
from yuanliu.trouble import reason


class EditError(Exception):
    """The catalog was left as it is; the text says why."""


@dataclass(frozen=True)
class Added:
    """A draft that was appended: its id and the line where it begins."""

    id: str
    line: int
    record: Record


def append(
    path: Path, records: list[Record], snippets_dir: Path | None = None, id_: str | None = None
) -> list[Added]:
    """Append a draft for each of ``records`` to the catalog at ``path``, all or none.

    Args:
        snippets_dir: as for ``catalog.load``.
        id_: the id to give to a single record; made from its title when None.

    Raises:
        CatalogError: when the catalog is not valid, before or with the drafts.
        EditError: when it holds the work already, cannot be added to, or changed meanwhile.
    """
    path = path.resolve()  # a link stays a link: the file that it names is replaced
    with _alone(path) as before:
        found = catalog.load(path, snippets_dir)
        document = read(path)
        for record in records:
            refuse_duplicate(path, document, record)
        items = _drafts(found, records, id_)
        text = _insert(before.decode("utf-8-sig"), items)
        bom = b"\xef\xbb\xbf" if before.startswith(b"\xef\xbb\xbf") else b""

        def check(new: Path) -> None:
            catalog.load(new, snippets_dir)
            wanted = {**document.data, "entries": [*document.data["entries"], *map(_plain, items)]}
            if read(new).data != wanted:
                raise EditError("the drafts do not fit into the file as it is laid out")

        replace(path, before, bom + text.encode(), check)
    values, first = read(path).values, len(document.data["entries"])
    places = [values[("entries", first + number, "id")][0] for number in range(len(items))]
    ids = [item["id"] for item in items]
    return [Added(*one) for one in zip(ids, places, records, strict=True)]


def preview(path: Path, records: list[Record], id_: str | None = None) -> str:
    """What ``append`` would add; raises the same for works that are there already."""
    document = read(path)
    for record in records:
        refuse_duplicate(path, document, record)
    return render(_drafts(catalog.load(path), records, id_))


def _drafts(found: catalog.Catalog, records: list[Record], id_: str | None) -> list[CommentedMap]:
    taken = {work.id for work in found.works}
    if id_ in taken:
        raise EditError(f"the id '{id_}' is taken; choose another with --id")
    return [draft(record, id_ or _fresh(record, taken), found) for record in records]


@contextmanager
def _alone(path: Path) -> Iterator[bytes]:
    """The bytes of the file while no other ``yuanliu`` adds to it."""
    try:
        with path.open("r+b") as stream:  # a file that must not be written is refused
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise EditError(f"another yuanliu is adding to {path}; try again") from None
            yield stream.read()
    except OSError as error:
        problem = f"cannot be changed: {reason(error)}"
        raise CatalogError([Problem(str(path), 1, 1, None, problem)]) from error


def replace(path: Path, before: bytes, after: bytes, check: Callable[[Path], object]) -> None:
    """Put ``after`` in the place of ``before`` at once, when ``check`` accepts it.

    Args:
        before: what the file holds; nothing where there is none yet.
        check: gets a file with ``after`` in the same directory and raises what is wrong.

    Raises:
        EditError: when the file is no longer ``before``.
    """
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    new = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(after)
            stream.flush()
            os.fsync(stream.fileno())
        new.chmod(path.stat().st_mode & 0o7777 if path.exists() else 0o644)
        try:
            check(new)
        except CatalogError as error:
            raise CatalogError([_moved(problem, path) for problem in error.problems]) from error
        if (path.read_bytes() if path.exists() else b"") != before:
            raise EditError(f"{path} changed meanwhile; nothing is written, try again")
        os.replace(new, path)
    finally:
        new.unlink(missing_ok=True)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _moved(problem: Problem, path: Path) -> Problem:
    return Problem(str(path), problem.line, problem.column, problem.entry, problem.message)


def refuse_duplicate(path: Path, document: Document, record: Record) -> None:
    """Raise EditError with the place of the entry that is the same work as ``record``."""
    number = same(document.data["entries"], record)
    if number is not None:
        line, column = document.values[("entries", number, "id")]
        id_ = document.data["entries"][number]["id"]
        raise EditError(
            f"{path.name}:{line}:{column}: entry '{id_}' is this work already; change it there"
        )


def same(entries: list[dict], record: Record) -> int | None:
    """Which of ``entries`` is the same work as ``record``.

    Works are the same when they share an arXiv id, a DOI or an address, or their titles are alike
    and they have an author in common (or one names none).
    """
    mine = {lookup.key(url) for url in (record.url, record.pdf, record.video) if url}
    mine |= {("arxiv", record.arxiv), ("doi", record.doi)}
    for number, entry in enumerate(entries):
        links = [one.get("url") for one in entry.get("links") or [] if isinstance(one, dict)]
        addresses = [entry.get(name) for name in ("url", "pdf", "video")]
        theirs = {lookup.key(url) for url in [*addresses, *links] if url}
        ids = [entry[name] for name in ("arxiv", "doi") if entry.get(name)]
        theirs |= set(map(lookup.identify, ids))
        same_title = _letters(entry["title"]["original"]) == _letters(record.title)
        if mine & theirs or (same_title and _shared(entry.get("authors"), record.authors)):
            return number
    return None


def only_new(entries: list[dict], records: list[Record]) -> tuple[list[Record], list[Record]]:
    """The records that are neither among ``entries`` nor twice in the list, and the others."""
    seen, new, known = list(entries), [], []
    for record in records:
        if same(seen, record) is None:
            new.append(record)
            seen.append({**vars(record), "title": {"original": record.title}})
        else:
            known.append(record)
    return new, known


def _letters(title: str) -> str:
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", title).casefold()))


def _shared(some: list[str] | None, others: list[str]) -> bool:
    first, second = ({_family(name).casefold() for name in names or []} for names in (some, others))
    return not first or not second or bool(first & second)


def _family(name: str) -> str:
    return plain(name) if name.startswith("{") else name.rpartition(" ")[2]


def new_id(record: Record, taken: set[str]) -> str:
    """A kebab-case id that is not among ``taken``: ``bert``, ``vaswani-2017``, ``cho-2014-2``.

    A title such as "BERT: Pre-training of …" names the work itself; others go by the first
    author's family name and the year, or by the first words of the title.
    """
    name, colon, _ = record.title.partition(":")
    every = _slug(record.title).split("-")
    words = [word for word in every if len(word) > 3][:4] or every[:4]
    author = _slug(_family(record.authors[0])) if record.authors else ""
    choices = [
        _slug(name) if colon and len(name.split()) <= 3 else "",
        f"{author}-{record.year}" if author and record.year else "",
        "-".join([author, *words[:2]]).strip("-") if author else "",
        "-".join(words),
        f"{record.kind or 'work'}-{record.year or 'new'}",
    ]
    short = [one[:60].strip("-") for one in choices]
    usable = [one for one in short if len(one) > 1 and _is_word(one)]
    free = next((one for one in usable if one not in taken), None)
    number = 2
    while free is None:
        one = f"{usable[0]}-{number}"
        free, number = (None if one in taken else one), number + 1
    return free


def _is_word(id_: str) -> bool:
    """Whether it can be an id without quotes: no number, no date, no name of a device."""
    return id_ not in catalog.DEVICES and yaml.safe_load(id_) == id_


def _fresh(record: Record, taken: set[str]) -> str:
    id_ = new_id(record, taken)
    taken.add(id_)
    return id_


def _slug(text: str) -> str:
    letters = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", letters.replace("'", "")).strip("-")


def draft(record: Record, id_: str, found: catalog.Catalog) -> CommentedMap:
    """The draft entry for ``record``: known fields filled in, the others empty, with hints."""
    title = CommentedMap(original=_quoted(record.title))
    for language in [one for one in found.languages if one in (*found.full, record.language)]:
        own = record.language == language
        title[language] = _quoted(record.title) if own else None
    item = CommentedMap(id=id_, draft=True, kind=record.kind, title=title)
    item["authors"] = _flow([_quoted(name) for name in record.authors])
    item["year"] = record.year
    for name in ("venue", "url", "pdf", "doi", "arxiv", "video"):
        value = getattr(record, name)
        if value is not None or name == "url":
            item[name] = _quoted(value) if value else None
    item["language"] = record.language
    item["era"] = None
    item["requires"] = _flow([])
    item["level"] = item["minutes"] = None
    item["tags"] = _flow([])
    item["snippet"] = None
    for name in ("summary", "why"):
        item[name] = CommentedMap((language, None) for language in found.full)
    item["takeaways"] = CommentedMap((language, _flow([])) for language in found.full)
    item["claims"] = _flow([])
    item["added"] = date.today()
    hints = {
        "draft": "fill in what is empty, then delete this line; until then no page shows it",
        "era": " | ".join(era.id for era in found.eras),
        "requires": "ids of what must be read first",
        "level": "1 beginner, 2 basic, 3 advanced, 4 research",
        "snippet": "the name of a file in snippets/, without .py",
    }
    for name, hint in hints.items():
        item.yaml_add_eol_comment(hint, name, column=0)
    return item


def _quoted(text: str) -> str:
    """The text, in quotes where YAML would read it as something else or an editor may stumble."""
    risky = re.search(r": |:$| #|^[\W\d]|[\"{}\[\],&*!|>%@`]", text) or text.strip() != text
    other = yaml.safe_load(text) if not risky else None
    return DoubleQuotedScalarString(text) if risky or other != text else text


def _flow(items: list) -> CommentedSeq:
    sequence = CommentedSeq(items)
    sequence.fa.set_flow_style()
    return sequence


def _plain(item: CommentedMap) -> dict:
    """The draft as reading it gives it."""

    def bare(value: object) -> object:
        if isinstance(value, dict):
            return {str(key): bare(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [bare(inner) for inner in value]
        return str(value) if isinstance(value, str) else value

    return bare(item)  # type: ignore[return-value]


def render(items: list[CommentedMap]) -> str:
    """The items as a YAML list."""
    writer = YAML()
    writer.width, writer.allow_unicode = 1_000_000, True
    writer.indent(mapping=2, sequence=4, offset=2)
    stream = io.StringIO()
    writer.dump(CommentedMap(entries=CommentedSeq(items)), stream)
    lines = stream.getvalue().splitlines()[1:]
    return "\n".join(re.sub(r" +(# .*)?$", lambda m: (m[1] and f" {m[1]}") or "", x) for x in lines)


def _insert(text: str, items: list[CommentedMap]) -> str:
    """The text with the items after the last entry.

    Comments that are indented deeper than the list's dashes belong to the last entry.
    """
    root = yaml.compose(text, Loader=Loader)
    assert isinstance(root, yaml.MappingNode)
    entries = next(value for key, value in root.value if key.value == "entries")
    if entries.flow_style:
        line, column = entries.start_mark.line + 1, entries.start_mark.column + 1
        raise EditError(f"{line}:{column}: write 'entries' as a list with dashes, not in brackets")
    lines = text.splitlines(keepends=True)
    dash = entries.start_mark.column
    last = _last(entries.value[-1]).end_mark
    line = last.line + (1 if last.column else 0)
    if not last.column:  # a block scalar ends where the next thing begins
        while line > 1 and not lines[line - 1].strip():
            line -= 1
    place = line
    for number in range(line, len(lines)):
        bare = lines[number].lstrip(" ")
        if bare.startswith("#") and len(lines[number]) - len(bare) > dash:
            place = number + 1
        elif bare.strip():
            break
    end = "\r\n" if "\r\n" in text else "\n"
    before = "".join(lines[:place])
    before += "" if before.endswith("\n") else end
    indent = " " * (dash - 2) if dash >= 2 else ""
    drop = 2 if dash < 2 else 0
    new = [indent + one[drop:] for one in render(items).split("\n")]
    return before + end.join(new) + end + "".join(lines[place:])


def _last(node: yaml.Node) -> yaml.Node:
    """The node that ends last inside ``node``."""
    if isinstance(node, yaml.MappingNode) and node.value and not node.flow_style:
        return _last(node.value[-1][1])
    if isinstance(node, yaml.SequenceNode) and node.value and not node.flow_style:
        return _last(node.value[-1])
    return node
