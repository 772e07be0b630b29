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
    file = directory / f"{hashlib.sha256(repr(data).encode()).hexdigest()}{suffix}"
    try:
        return file.read_bytes()
    except FileNotFoundError:
        made = make()
    directory.mkdir(parents=True, exist_ok=True)
    write(file, made)
    return made


def write(file: Path, content: bytes) -> None:
    """Put ``content`` at ``file`` at once: it is never there in part, whoever else writes it."""
    descriptor, name = tempfile.mkstemp(prefix=f"{file.name}.", suffix=PART, dir=file.parent)
    part = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
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
