"""Reading YAML that may be hostile: plain values, and the place of each in the file.

Only what a catalog needs is allowed: mappings with text keys, lists and scalars. Aliases, tags,
several documents, deep nesting and huge files are refused before they can do harm.
"""

from __future__ import annotations

import gc
import re
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from yuanliu.trouble import reason

MAX_BYTES = 32 * 1024 * 1024
MAX_DEPTH = 32
UNPRINTED = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
# Among them what YAML takes for the end of a line and editors do not: lines would differ.
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029]|\r(?!\n)")
# A place is the way to a value: ("entries", 3, "title", "en").
Place = tuple[str | int, ...]

TAG = "tag:yaml.org,2002:"
TEXT = TAG + "str"
Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, order=True)
class Problem:
    """One thing that is wrong, and where; lines and columns count from 1."""

    path: str
    line: int
    column: int
    entry: str | None
    message: str

    def __str__(self) -> str:
        entry = f" entry '{self.entry}':" if self.entry else ""
        told = f"{self.path}:{self.line}:{self.column}:{entry} {self.message}"
        # What a file holds must not steer the terminal that shows it.
        return UNPRINTED.sub(lambda char: f"\\u{ord(char[0]):04x}", told)


class CatalogError(Exception):
    """All problems of a catalog, in the order of the file."""

    def __init__(self, problems: list[Problem]):
        self.problems = sorted(problems, key=lambda one: (one.line, one.column, one.message))
        super().__init__("\n".join(map(str, self.problems)))


@dataclass
class Document:
    """The values of a file, the position of each value, and that of each mapping's keys."""

    data: Any
    values: dict[Place, tuple[int, int]]
    keys: dict[Place, tuple[int, int]]
    problems: list[tuple[tuple[int, int], Place, str]]


def read(path: Path) -> Document:
    """The YAML file at ``path``.

    Raises:
        CatalogError: when it cannot be read at all; problems that leave the rest readable
            (duplicate keys, aliases, tags) are in the document's ``problems``.
    """

    def refuse(line: int, column: int, message: str) -> CatalogError:
        return CatalogError([Problem(str(path), line, column, None, message)])

    text = _text(path, refuse)
    try:
        with uncollected():
            document = _Reader(text, refuse).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        lines = text.split("\n")
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        if line > len(lines):  # the parser counts one more where the last line has no end
            line, column = len(lines), len(lines[-1]) + 1
        raise refuse(line, column, f"not valid YAML: {_explain(error)}") from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise refuse(1, 1, f"not valid YAML: {error}") from error
    if document is None:
        raise refuse(1, 1, "the file is empty; a catalog has 'languages', 'eras', 'entries'")
    return document


@contextmanager
def uncollected() -> Iterator[None]:
    """Look for no garbage while a large tree grows: to look takes half of the time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def size(path: Path) -> int:
    """How many bytes a file has; OSError where it is none, such as a pipe, which may never end."""
    found = path.stat()
    if stat.S_ISDIR(found.st_mode):
        raise OSError("is a directory, not a file")
    if not stat.S_ISREG(found.st_mode):
        raise OSError("is a pipe or a device; save what it gives as a file")
    return found.st_size


def _text(path: Path, refuse) -> str:
    try:
        if size(path) > MAX_BYTES:
            mebibytes = size(path) / 2**20
            raise refuse(1, 1, f"is {mebibytes:.0f} MiB; a catalog may have 32 MiB at most")
        raw = path.read_bytes()
    except OSError as error:
        raise refuse(1, 1, f"cannot be read: {reason(error)}") from error
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise refuse(1, 1, "is UTF-16; save it as UTF-8")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        line = before.count(b"\n") + 1
        start = before.rfind(b"\n") + 1
        column = len(before[start:].decode("utf-8-sig", "replace")) + 1
        byte = raw[error.start]
        raise refuse(line, column, f"byte 0x{byte:02x} is not UTF-8; save it as UTF-8") from error
    control = CONTROL.search(text)
    if control:
        line = text.count("\n", 0, control.start()) + 1
        column = control.start() - text.rfind("\n", 0, control.start())
        raise refuse(line, column, f"control character U+{ord(control[0]):04X}; delete it")
    return text


def _explain(error: yaml.MarkedYAMLError) -> str:
    problem = error.problem or error.context or "unreadable"
    if "'\\t'" in problem or "tab" in problem:
        return f"{problem}; indent with spaces, not tabs"
    if "mapping values are not allowed" in problem:
        return f"{problem}; put quotes around a text that has ': ' in it"
    return problem


class _Reader:
    """Makes values of the parser's events in one pass: a long catalog is read often.

    Aliases, a second document and deep nesting are refused as soon as they are met.
    """

    def __init__(self, text: str, refuse: Callable[[int, int, str], CatalogError]):
        self.loader = Loader(text)
        self.refuse = refuse
        self.depth = 0

    def document(self) -> Document | None:
        """The values of the only document; None when there is none."""
        try:
            self._next()  # the stream starts
            if isinstance(self._next(), yaml.StreamEndEvent):
                return None
            found = Document(None, {}, {}, [])
            found.data = self._value(self._next(), (), found)
            self._next()  # the document ends
            event = self._next()
            if not isinstance(event, yaml.StreamEndEvent):
                message = "a second document; a catalog is one: delete this '---'"
                raise self.refuse(*_at(event), message)
            return found
        finally:
            self.loader.dispose()

    def _next(self) -> yaml.Event:
        event = self.loader.get_event()
        if isinstance(event, yaml.NodeEvent) and event.anchor:
            if isinstance(event, yaml.AliasEvent):
                message = f"alias '*{event.anchor}': write the value out; aliases can explode"
            else:
                message = f"anchor '&{event.anchor}': delete it; aliases are not allowed"
            raise self.refuse(*_at(event), message)
        return event

    def _value(self, event: yaml.Event, place: Place, document: Document) -> Any:
        """The plain value that begins with ``event``; notes its position and what is wrong."""
        here = document.values[place] = _at(event)
        if isinstance(event, yaml.ScalarEvent):
            tag = self._tag(event)
            if tag == TEXT:
                return event.value
            return _scalar(tag, event.value, here, place, document)
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.refuse(*here, f"nested deeper than {MAX_DEPTH} levels")
        usual = "map" if isinstance(event, yaml.MappingStartEvent) else "seq"
        given = getattr(event, "tag", None)
        tag = given if given and given != "!" else TAG + usual
        if tag != TAG + usual:
            document.problems.append((here, place, f"tag '{tag}' is not allowed; delete it"))
        if usual == "map":
            found = self._mapping(place, document)
        else:
            found = []
            while not isinstance(item := self._next(), yaml.SequenceEndEvent):
                found.append(self._value(item, (*place, len(found)), document))
        self.depth -= 1
        return found

    def _mapping(self, place: Place, document: Document) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while not isinstance(key := self._next(), yaml.MappingEndEvent):
            at = _at(key)
            if not isinstance(key, yaml.ScalarEvent):
                document.problems.append((at, place, "a key must be text"))
                self._skip(key)
                self._skip(self._next())
            elif key.value in found:
                message = f"duplicate key '{key.value}'; keep one"
                document.problems.append((at, place, message))
                self._skip(self._next())
            else:
                inner = (*place, key.value)
                document.keys[inner] = at
                found[key.value] = self._value(self._next(), inner, document)
        return found

    def _skip(self, event: yaml.Event) -> None:
        self._value(event, (), Document(None, {}, {}, []))

    def _tag(self, event: yaml.ScalarEvent) -> str:
        if event.tag and event.tag != "!":
            return event.tag
        if event.implicit[0]:  # without quotes, so that its form tells what it is
            return self.loader.resolve(yaml.ScalarNode, event.value, (True, False))
        return TEXT


def _at(event: yaml.Event) -> tuple[int, int]:
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1)


def _scalar(
    tag: str, text: str, here: tuple[int, int], place: Place, document: Document
) -> str | int | float | bool | date | None:
    kind = tag.removeprefix(TAG)
    try:
        if kind == "null":
            return None
        if kind == "bool":
            return text.lower() in ("yes", "true", "on")
        if kind == "int" and re.fullmatch(r"[-+]?(0|[1-9][0-9]{0,18})", text):
            return int(text)
        if kind == "float":
            return float(text.replace("_", ""))
        if kind == "timestamp":
            return date.fromisoformat(text)
    except ValueError:
        pass
    if kind in ("int", "float", "timestamp", "merge", "value"):
        return text
    document.problems.append((here, place, f"tag '{tag}' is not allowed; delete it"))
    return text
