"""Files that are written at once, and by one process at a time."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

PART = ".part"  # the end of a file's name while it is written


def file_hash(file: Path) -> str:
    """A name for what a file holds."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def known(file: Path) -> dict:
    """The object in a JSON file that an earlier build wrote; empty where a crash cut it short."""
    try:
        found = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def write(file: Path, content: bytes, lasting: bool = True) -> None:
    """Put ``content`` at ``file`` at once: it is never there in part, whoever else writes it.

    Args:
        lasting: wait for the disk, so that a crash of the machine loses nothing.
    """
    descriptor, name = tempfile.mkstemp(prefix=f"{file.name}.", suffix=PART, dir=file.parent)
    part = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            if lasting:
                stream.flush()
                os.fsync(stream.fileno())
        part.replace(file)
    except OSError as error:
        error.filename = error.filename or str(file)
        raise
    finally:
        part.unlink(missing_ok=True)


def move_in(part: Path, folder: Path) -> None:
    """Move all that is in ``part``, folders as a whole; what is in ``folder`` already stays."""
    for path in part.iterdir():
        target = folder / path.name
        if not target.exists():
            path.rename(target)
        elif path.is_dir():
            move_in(path, target)
    shutil.rmtree(part)


@contextmanager
def alone(file: Path, waiting: str) -> Iterator[None]:
    """Hold the lock ``file``; where another process has it, say ``waiting`` on stderr and wait.

    The file goes with the lock: who waits for it notices and makes a new one.
    """
    lock = FileLock(file)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        print(waiting, file=sys.stderr, flush=True)
        lock.acquire()
    try:
        yield
    finally:
        with suppress(OSError):
            file.unlink()
        lock.release()
