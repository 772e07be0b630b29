"""Keys: short names for all that a page is made from, the same only where all of it is."""

from __future__ import annotations

import hashlib
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from yuanliu.catalog import Catalog, Entry, Listed, Step
from yuanliu.kept import file_hash
from yuanliu.pages import Verdict
from yuanliu.snippets import Execution


def digest(data: object) -> str:
    """A name for ``data`` by its ``repr``."""
    return hashlib.sha256(repr(data).encode()).hexdigest()


def files(directory: Path, pattern: str = "*") -> list[Path]:
    """The files below ``directory`` whose name fits, but for what Python compiled."""
    return sorted(
        path for path in directory.rglob(pattern) if path.is_file() and path.suffix != ".pyc"
    )


def programs() -> str:
    """Which programs make the site: Python, the packages, our own modules and templates."""
    packages = {file.name for folder in sys.path for file in Path(folder).glob("*.dist-info")}
    own = [file_hash(file) for file in files(Path(__file__).parent)]
    return digest((sys.version, sorted(packages), own))


class Keys:
    """Keys of pages.

    Args:
        catalog: whose entries the pages show.
        common: what every page depends on.
    """

    def __init__(self, catalog: Catalog, common: object):
        self.common = digest(common)
        self._lent: dict[str, list] = {}
        for name, languages in catalog.missing.items():
            group, id_, *_ = name.split("/")
            if group == "entries":
                self._lent.setdefault(id_, []).append((name, languages))
        self._known: dict[int, str] = {}

    def of(self, context: dict[str, Any], *more: object) -> str:
        """The key of a page that is filled with ``context`` and depends on ``more`` too."""
        return digest((self.common, self.told(context), more))

    def entry(self, entry: Entry) -> str:
        """The key of an entry: all its fields, and which texts another language lends."""
        if id(entry) not in self._known:
            told = (entry.model_dump_json(), self._lent.get(entry.id))
            self._known[id(entry)] = digest(told)
        return self._known[id(entry)]

    def listed(self, entry: Listed) -> str:
        """The key of what lists show of an entry."""
        if id(entry) not in self._known:
            self._known[id(entry)] = digest((entry, self._lent.get(entry.id)))
        return self._known[id(entry)]

    def run(self, run: Execution) -> str:
        """The key of a run: all that it showed."""
        if id(run) not in self._known:  # its notebook has what chance wrote there
            self._known[id(run)] = digest(replace(run, notebook={}))
        return self._known[id(run)]

    def told(self, value: Any) -> Any:
        """``value`` with a key in the place of each entry and each run."""
        if isinstance(value, str):  # most are
            return value
        if isinstance(value, Entry):
            return self.entry(value)
        if isinstance(value, Listed):
            return self.listed(value)
        if isinstance(value, Execution):
            return self.run(value)
        if isinstance(value, dict):
            return {name: self.told(inner) for name, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self.told(inner) for inner in value]
        if isinstance(value, SimpleNamespace):
            return self.told(vars(value))
        if isinstance(value, Verdict):
            claim = value.claim
            return (claim.id, claim.metric, claim.expect, value.value, value.holds)
        if isinstance(value, Step):
            return (self.listed(value.entry), value.original, value.page_minutes)
        return value
