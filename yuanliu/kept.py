"""Things made from data and kept between builds, under a name that changes with the data."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path


def kept(directory: Path, suffix: str, data: object, make: Callable[[], bytes]) -> bytes:
    """What ``make`` returns, made only when no file for ``data`` is in ``directory`` yet.

    Args:
        data: all that the result depends on; its ``repr`` must tell it apart.
    """
    file = directory / f"{digest(data)}{suffix}"
    if not file.is_file():
        write(file, make())
    return file.read_bytes()


def digest(data: object) -> str:
    """A name for ``data`` by its ``repr``."""
    return hashlib.sha256(repr(data).encode()).hexdigest()


def write(file: Path, content: bytes) -> None:
    """Put ``content`` into ``file`` at once, so that no other build reads half of it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(f".{os.getpid()}")  # two builds may make the same at once
    part.write_bytes(content)
    part.replace(file)
