"""Trouble that no catalog can help: full disks, read-only trees, signals; told in one line."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

import psutil

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}  # for these the system names no file
ADVICE = {
    errno.ENOSPC: "free some space and try again",
    errno.EDQUOT: "free some space and try again",
    errno.EROFS: "make it writable, or choose another place",
    errno.EACCES: "give yourself access to it, or choose another place",
    errno.EPERM: "give yourself access to it, or choose another place",
    errno.ENAMETOOLONG: "choose a shorter name",
    errno.EFBIG: "raise the limit of a file's size (ulimit -f)",
    errno.EMFILE: "raise the limit of open files (ulimit -n)",
    errno.EXDEV: "choose a place on the same disk",
    errno.EBUSY: "it is in use, or something is mounted there; choose another place",
    errno.EADDRINUSE: "choose another port with --address",
    errno.ENOENT: "make it, or name another",
    errno.ENOTDIR: "choose a place whose parents are directories",
    errno.ELOOP: "mend the symbolic links",
}


def told(error: OSError) -> str:
    """What went wrong, where, and what to do."""
    named = error.filename2 or error.filename
    where = os.fsdecode(named) if isinstance(named, str | bytes | os.PathLike) else ""
    return f"{where}: {reason(error)}" if where else reason(error)


def reason(error: OSError) -> str:
    """What went wrong and what to do, for a text that says where."""
    what = error.strerror or str(error) or type(error).__name__
    advice = ADVICE.get(error.errno or 0, "")
    return f"{what}; {advice}" if advice else what


@contextmanager
def located(folder: Path) -> Iterator[None]:
    """Name the disk that is full, which the system does not, while it still is.

    Args:
        folder: what is mostly written to.
    """
    try:
        yield
    except OSError as error:
        if error.filename is None and error.errno in FULL:
            others = (Path.cwd(), Path(os.environ.get("TMPDIR", "/tmp")))
            full = [one for one in others if one.is_dir() and _is_full(one)]
            error.filename = str(full[0] if full and not _is_full(folder) else folder)
        raise


def _is_full(folder: Path) -> bool:
    return shutil.disk_usage(folder).free < 2**20


@contextmanager
def stoppable() -> Iterator[None]:
    """Let Ctrl-C, SIGTERM and SIGHUP raise KeyboardInterrupt with the signal's number.

    Kernels are ended first, since the threads that wait for them would be waited for. Who takes
    the interrupt for an error of its own, as pydantic does, can't keep it from being told.
    """
    stopped: list[int] = []

    def stop(number: int, frame: FrameType | None) -> None:
        stopped.append(number)
        for child in psutil.Process().children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                child.kill()
        raise KeyboardInterrupt(number)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    known = [getattr(signal, name, None) for name in ("SIGINT", "SIGTERM", "SIGHUP")]
    before = {number: signal.getsignal(number) for number in known if number is not None}
    heard = [number for number, handler in before.items() if handler != signal.SIG_IGN]
    for number in heard:
        signal.signal(number, stop)
    try:
        yield
    except Exception as error:
        if stopped:
            raise KeyboardInterrupt(*stopped) from error
        raise
    finally:
        for number in heard:
            signal.signal(number, before[number])
