"""Pages as they were built, kept for the next build by all that they depend on."""

from __future__ import annotations

import json
import os
import time
import zlib
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from nbformat import NotebookNode

from yuanliu.catalog import Entry, Step
from yuanliu.kept import digest
from yuanliu.snippets import Execution

DAYS = 14  # a page that no build has used for so long is not kept


@dataclass
class Built:
    """A page as it was written, with its part of the search index and the anchors in it."""

    html: str
    search: list[dict]
    anchors: list[str]


class BuiltPages:
    """Built pages, by all that they depend on.

    Args:
        directory: where they lie.
        common: what every page depends on.
    """

    def __init__(self, directory: Path, common: object):
        self.directory = directory
        self.common = digest(common)
        self._known: dict[int, str] = {}
        self._aside: list[str] = []

    def key(self, context: dict[str, Any], *more: object) -> str:
        """The name of a page that is filled with ``context`` and depends on ``more`` too."""
        return digest((self.common, self._told(context), more))

    def _told(self, value: Any) -> Any:
        """``value`` with a short name in the place of each entry and each run."""
        if isinstance(value, Entry | Execution):
            if id(value) not in self._known:
                if isinstance(value, Execution):  # its notebook has what chance wrote there
                    self._known[id(value)] = digest(replace(value, notebook=NotebookNode()))
                else:
                    self._known[id(value)] = digest(value)
            return self._known[id(value)]
        if isinstance(value, dict):
            return {name: self._told(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [self._told(inner) for inner in value]
        if isinstance(value, SimpleNamespace):
            return self._told(vars(value))
        if isinstance(value, Step):
            return (self._told(value.entry), value.original)
        return value

    def find(self, key: str) -> Built | None:
        """The page of that name, if it was built before."""
        file = self.directory / key
        try:
            found = Built(**json.loads(zlib.decompress(file.read_bytes())))
            os.utime(file)
        except (OSError, ValueError, TypeError, zlib.error):  # none, or cut short by a crash
            return None
        return found

    def keep(self, key: str, built: Built) -> None:
        """Lay a page aside until ``settle``."""
        self.directory.mkdir(parents=True, exist_ok=True)
        content = zlib.compress(json.dumps(asdict(built)).encode(), 1)
        (self.directory / f"{key}.{os.getpid()}").write_bytes(content)
        self._aside.append(key)

    def settle(self, keep: bool) -> None:
        """Keep for later builds what was laid aside, or drop it; delete what is long unused."""
        for key in self._aside:
            aside = self.directory / f"{key}.{os.getpid()}"
            if keep:
                aside.replace(self.directory / key)
            else:
                aside.unlink(missing_ok=True)
        self._aside.clear()
        for file in self.directory.glob("*"):
            if time.time() - file.stat().st_mtime > DAYS * 86_400:
                file.unlink(missing_ok=True)
