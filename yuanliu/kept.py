"""Things made from data and kept between builds, under a name that changes with the data."""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

PART = ".part"  # the end of a file's name while it is written


def kept(directory: Path, suffix: str, data: object, make: Callable[[], bytes]) -> bytes:
    """What ``make`` returns, made only when no file for ``data`` is in ``directory`` yet.

    Args:
        data: all that the result depends on; its ``repr`` must tell it apart.
    """
    file = directory / f"{digest(data)}{suffix}"
    with suppress(FileNotFoundError):
        found = file.read_bytes()
        if found:  # nothing is what a crash of the machine leaves
            return found
    made = make()
    directory.mkdir(parents=True, exist_ok=True)
    write(file, made, lasting=False)
    return made


def digest(data: object) -> str:
    """A name for ``data`` by its ``repr``."""
    return hashlib.sha256(repr(data).encode()).hexdigest()


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
