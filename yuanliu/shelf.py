"""What a build made, kept for the next one under the key of all that it was made from.

The kept files are other names (hard links) of those in the site, so that neither keeping a file
nor putting it into a site copies it. A file that somebody wrote into since is not used again.

Most of what a build uses the last one used too, so that it can be put in its place before it is
known what this one uses.
"""

from __future__ import annotations

import json
import os
import shutil
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from yuanliu.kept import PART, write

INDEX = "list"  # a file a line; after an empty line those that the last build did not use


class Kept(NamedTuple):
    """A file on the shelf: its size in bytes, when it was written, where it stands in the site."""

    size: int
    mtime: int
    address: str
    line: bytes  # of the index: all this as JSON, a tab, the note

    @property
    def note(self) -> str:
        """What else is known of the file."""
        return self.line.partition(b"\t")[2].decode()


class Shelf:
    """The files of the last builds. What the newest did not use stays while there is room for it.

    Args:
        directory: where they lie, each under its key.
    """

    def __init__(self, directory: Path):
        self.directory = directory
        self._last, older = _read(directory / INDEX)
        self._before = self._last | older
        self._ahead: dict[str, str] = {}  # the keys of what stands in the site already, by address
        self._used: dict[str, Kept] = {}
        self._made: dict[str, tuple[Path, str, str]] = {}

    def put_ahead(self, site: Path) -> None:
        """Put all that the last build used into ``site``, so that ``place`` has little left to do.

        What it is not asked for goes with ``clear``, before anything is written there.
        """
        for key, kept in self._last.items():
            if self._put(key, kept, os.path.join(site, kept.address)):
                self._ahead[kept.address] = key

    def place(self, key: str, site: Path, address: str) -> Kept | None:
        """Put the file of that key at ``address`` in ``site``; None when there is none."""
        there, kept = self._ahead.pop(address, None), self._before.get(key)
        if there and there != key:
            (site / address).unlink()
        if not kept or (there != key and not self._put(key, kept, os.path.join(site, address))):
            return None
        self._used[key] = kept
        return kept

    def clear(self, site: Path) -> None:
        """Remove what was put ahead and not used, with the folders that this leaves empty."""
        for address in self._ahead:
            (site / address).unlink()
            folder = (site / address).parent
            with suppress(OSError):  # there is something else in it
                while folder != site:
                    folder.rmdir()
                    folder = folder.parent
        self._ahead = {}

    def _put(self, key: str, kept: Kept, target: str) -> bool:
        """Whether the file of that key was there, is as it was, and stands at ``target`` now."""
        if not self._is_whole(key, kept):
            return False
        try:
            _link(self._file(key), target)
        except FileNotFoundError:  # another build has just removed it
            return False
        return True

    def read(self, key: str) -> tuple[bytes, str]:
        """The file of that key with its note; nothing when there is none."""
        kept = self._before.get(key)
        with suppress(OSError):
            if kept and self._is_whole(key, kept):
                return Path(self._file(key)).read_bytes(), kept.note
        return b"", ""

    def _file(self, key: str) -> str:
        return os.path.join(self.directory, key)  # not a Path: many are needed

    def _is_whole(self, key: str, kept: Kept) -> bool:
        try:
            found = os.stat(self._file(key))
        except OSError:
            return False
        return (found.st_size, found.st_mtime_ns) == (kept.size, kept.mtime)

    def keep(self, key: str, site: Path, address: str, note: str = "") -> None:
        """Keep the file at ``address``, once this build is settled, with a note of one line."""
        self._made[key] = site, address, note

    def settle(self) -> None:
        """Keep what this build made and used, and of the rest as much again, the newest first."""
        self.directory.mkdir(parents=True, exist_ok=True)
        now = dict(self._used)
        for key, (site, address, note) in self._made.items():
            with suppress(FileNotFoundError):  # another build has just removed it
                found = self._take(key, site / address).stat()
                now[key] = _kept(key, found.st_size, found.st_mtime_ns, address, note)
        rest = ((key, kept) for key, kept in self._before.items() if key not in now)
        older = dict(islice(rest, len(now)))
        index = now | older
        told = [b"\n".join(kept.line for kept in part.values()) for part in (now, older)]
        write(self.directory / INDEX, b"\n\n".join(told), lasting=False)
        for item in os.scandir(self.directory):
            if item.name not in index and not item.name.startswith(INDEX):
                Path(item).unlink(missing_ok=True)

    def _take(self, key: str, file: Path) -> Path:
        """Give ``file`` its place on the shelf at once, whoever else does the same."""
        kept, part = self.directory / key, self.directory / f"{key}.{os.getpid()}{PART}"
        part.unlink(missing_ok=True)
        _link(str(file), str(part))
        part.replace(kept)
        part.unlink(missing_ok=True)  # it stays where both were names of one file
        return kept


def _read(index: Path) -> tuple[dict[str, Kept], dict[str, Kept]]:
    """What the last build used, and what else is on the shelf; nothing where a crash cut the list
    short."""
    try:
        last, older = index.read_bytes().split(b"\n\n")
        return _parse(last), _parse(older)
    except (OSError, ValueError, TypeError):
        return {}, {}


def _parse(lines: bytes) -> dict[str, Kept]:
    found = {}
    for line in filter(None, lines.split(b"\n")):
        key, size, mtime, address = json.loads(line.partition(b"\t")[0])
        found[key] = Kept(size, mtime, address, line)
    return found


def _kept(key: str, size: int, mtime: int, address: str, note: str) -> Kept:
    line = f"{json.dumps([key, size, mtime, address])}\t{note}"
    return Kept(size, mtime, address, line.encode())


def _link(file: str, target: str) -> None:
    """Give ``file`` another name, in a folder that is made where there is none."""
    try:
        _link_or_copy(file, target)
    except FileNotFoundError:
        folder = os.path.dirname(target)
        if os.path.isdir(folder):
            raise
        os.makedirs(folder, exist_ok=True)
        _link_or_copy(file, target)


def _link_or_copy(file: str, target: str) -> None:
    try:
        os.link(file, target)
    except (FileExistsError, FileNotFoundError):
        raise
    except OSError:  # the disk is another, or has no links
        shutil.copyfile(file, target)
