"""Putting a site in its place: built beside it, then exchanged for the old one in one step.

Beside ``site`` a build uses ``.site.yuanliu-new``, ``.site.yuanliu-old`` and a lock. A build that
is killed leaves them behind; the next one, which alone has the lock, removes them.
"""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from yuanliu.kept import alone

AT_FDCWD, EXCHANGE = -100, 2  # of renameat2(2); the flag is the same for renamex_np(2)
# The system or the disk cannot exchange, or a container does not know that it may.
UNABLE = {errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EPERM}
ENDS = ("new", "old", "lock")


class PublishError(Exception):
    """No site was put in its place; the text says why and what to do."""


@contextmanager
def publishing(place: Path) -> Iterator[Path]:
    """An empty directory; what the body puts into it stands at ``place`` afterwards.

    Where the body fails all stays as it was. While one process does this, others wait.

    Raises:
        PublishError: when what is at ``place`` is no site or cannot be replaced.
    """
    place = _followed(place)
    place.parent.mkdir(parents=True, exist_ok=True)
    new, old, lock = (place.with_name(f".{place.name}.yuanliu-{one}") for one in ENDS)
    with alone(lock, f"another build is writing {place}; waiting for it"):
        _recover(place, new, old)
        _refuse_other(place)
        new.mkdir()
        try:
            yield new
            _put(new, place, old)
        finally:
            shutil.rmtree(new, ignore_errors=True)
            if place.exists():
                shutil.rmtree(old, ignore_errors=True)


def _followed(place: Path) -> Path:
    """The place without symbolic links: a link stays, and what it names is replaced."""
    try:
        place = place.resolve()
    except RuntimeError as error:  # before Python 3.13
        raise PublishError(f"{place}: symbolic links go round in a circle; mend them") from error
    if not place.name:
        raise PublishError(f"{place} cannot be replaced; name a directory inside it with --out")
    return place


def _recover(place: Path, new: Path, old: Path) -> None:
    """Put a site back that a killed build had moved away; remove what else it left."""
    if old.exists() and not place.exists():
        old.rename(place)
    for left in filter(Path.exists, (new, old)):
        shutil.rmtree(left)


def _refuse_other(place: Path) -> None:
    if not place.exists():
        return
    if not place.is_dir():
        raise PublishError(f"{place} is a file; delete it, or name a directory with --out")
    if os.path.ismount(place):
        raise PublishError(
            f"{place} is where a disk is mounted and cannot be replaced; name a directory inside "
            f"it: --out {place / 'site'}"
        )
    if any(place.iterdir()) and not (place / "404.html").is_file():
        raise PublishError(f"{place} holds something that is not a site; nothing done")


def refuse_sources(place: Path, sources: Iterable[Path]) -> None:
    """Raise PublishError where one of ``sources`` would go with the old site."""
    place = _followed(place)
    for source in sources:
        if source.resolve().is_relative_to(place):
            raise PublishError(f"{place} holds {source}; name another directory with --out")


def _put(new: Path, place: Path, old: Path) -> None:
    """Put ``new`` at ``place``; at no moment is there no site, where the system can exchange."""
    if not place.exists():
        new.rename(place)
    elif not exchange(new, place):
        place.rename(old)
        try:
            new.rename(place)
        except BaseException:
            if not place.exists():
                old.rename(place)
            raise


def exchange(one: Path, other: Path) -> bool:
    """Let two directories change their names in one step; False where the system cannot."""
    if os.name == "nt":
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    names = os.fsencode(one), os.fsencode(other)
    if sys.platform == "darwin":
        failed = libc.renamex_np(*names, EXCHANGE)
    elif hasattr(libc, "renameat2"):
        failed = libc.renameat2(AT_FDCWD, names[0], AT_FDCWD, names[1], EXCHANGE)
    else:
        return False
    if not failed:
        return True
    number = ctypes.get_errno()
    if number in UNABLE:
        return False
    raise OSError(number, os.strerror(number), str(other))
