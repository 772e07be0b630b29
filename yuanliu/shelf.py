"""What a build made, kept for the next one under the key of all that it was made from.

The kept files are other names (hard links) of those in the site, so that neither keeping a file
nor putting it into a site copies it. A file that somebody wrote into since is not used again.
"""

from __future__ import annotations

import json
import os
import shutil
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from yuanliu.kept import PART, write

INDEX = "index.jsonl"  # a file a line


@dataclass
class Kept:
    """A file on the shelf: its size in bytes, when it was written, and what else is known of it."""

    size: int
    mtime: int
    note: Any
    line: str  # of the index


class Shelf:
    """The files of the last builds. What the newest did not use stays while there is room for it.

    Args:
        directory: where they lie, each under its key.
    """

    def __init__(self, directory: Path):
        self.directory = directory
        self._before = _read(directory / INDEX)
        self._used: dict[str, Kept] = {}
        self._made: dict[str, tuple[Path, Any]] = {}

    def place(self, key: str, target: Path) -> Kept | None:
        """Put the file of that key at ``target``; None when there is none."""
        kept = self._before.get(key)
        if not kept or not self._is_whole(key, kept):
            return None
        try:
            _link(self.directory / key, target)
        except FileNotFoundError:  # another build has just removed it
            return None
        self._used[key] = kept
        return kept

    def read(self, key: str) -> tuple[bytes, Any]:
        """The file of that key with its note; nothing when there is none."""
        kept = self._before.get(key)
        with suppress(OSError):
            if kept and self._is_whole(key, kept):
                return (self.directory / key).read_bytes(), kept.note
        return b"", None

    def _is_whole(self, key: str, kept: Kept) -> bool:
        try:
            found = os.stat(self.directory / key)
        except OSError:
            return False
        return (found.st_size, found.st_mtime_ns) == (kept.size, kept.mtime)

    def keep(self, key: str, file: Path, note: Any = None) -> None:
        """Keep ``file``, once this build is settled; ``note`` must be what JSON can hold."""
        self._made[key] = file, note

    def settle(self) -> None:
        """Keep what this build made and used, and of the rest as much again, the newest first."""
        self.directory.mkdir(parents=True, exist_ok=True)
        now = dict(self._used)
        for key, (file, note) in self._made.items():
            with suppress(FileNotFoundError):  # another build has just removed it
                found = self._take(key, file).stat()
                now[key] = _kept(key, found.st_size, found.st_mtime_ns, note)
        older = ((key, kept) for key, kept in self._before.items() if key not in now)
        index = now | dict(islice(older, len(now)))
        told = "\n".join(kept.line for kept in index.values())
        write(self.directory / INDEX, told.encode(), lasting=False)
        for item in os.scandir(self.directory):
            if item.name not in index and not item.name.startswith(INDEX):
                Path(item).unlink(missing_ok=True)

    def _take(self, key: str, file: Path) -> Path:
        """Give ``file`` its place on the shelf at once, whoever else does the same."""
        kept, part = self.directory / key, self.directory / f"{key}.{os.getpid()}{PART}"
        part.unlink(missing_ok=True)
        _link(file, part)
        part.replace(kept)
        part.unlink(missing_ok=True)  # it stays where both were names of one file
        return kept


def _read(index: Path) -> dict[str, Kept]:
    """What is on the shelf; nothing where a crash cut the list short."""
    try:
        lines = index.read_text(encoding="utf-8").split("\n")
        found = [(json.loads(line), line) for line in lines]
        return {key: Kept(size, mtime, note, line) for (key, size, mtime, note), line in found}
    except (OSError, ValueError, TypeError):
        return {}


def _kept(key: str, size: int, mtime: int, note: Any) -> Kept:
    line = json.dumps([key, size, mtime, note], ensure_ascii=False)
    return Kept(size, mtime, note, line)


def _link(file: Path, target: Path) -> None:
    """Give ``file`` another name, in a folder that is made where there is none."""
    try:
        _link_or_copy(file, target)
    except FileNotFoundError:
        if target.parent.is_dir():
            raise
        target.parent.mkdir(parents=True, exist_ok=True)
        _link_or_copy(file, target)


def _link_or_copy(file: Path, target: Path) -> None:
    try:
        os.link(file, target)
    except (FileExistsError, FileNotFoundError):
        raise
    except OSError:  # the disk is another, or has no links
        shutil.copyfile(file, target)
