"""Things made from data and kept between builds, under a name that changes with the data."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path


def kept(directory: Path, suffix: str, data: object, make: Callable[[], bytes]) -> bytes:
    """What ``make`` returns, made only when no file for ``data`` is in ``directory`` yet.

    Args:
        data: all that the result depends on; its ``repr`` must tell it apart.
    """
    file = directory / f"{hashlib.sha256(repr(data).encode()).hexdigest()}{suffix}"
    if not file.is_file():
        directory.mkdir(parents=True, exist_ok=True)
        part = file.with_suffix(".part")
        part.write_bytes(make())
        part.replace(file)
    return file.read_bytes()
