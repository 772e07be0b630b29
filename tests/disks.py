"""Disks of a few megabytes, and trees that cannot be written, for tests of what goes wrong."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def _mount(*arguments: str | Path) -> None:
    if os.geteuid():
        pytest.skip("only root may mount a disk")
    try:
        mounted = subprocess.run(["mount", *arguments], capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip("there is no command to mount a disk")
    if mounted.returncode:
        pytest.skip(f"no disk can be mounted: {mounted.stderr.strip()}")


@contextmanager
def disk(folder: Path, kilobytes: int) -> Iterator[Path]:
    """A disk of its own at ``folder``; the test is skipped where none can be mounted."""
    folder.mkdir()
    _mount("-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", folder)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def fill(folder: Path) -> None:
    """Leave no byte free on the disk of ``folder``."""
    try:
        with (folder / "filler").open("wb", buffering=0) as stream:
            while stream.write(bytes(4096)):
                pass
    except OSError:
        pass


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Let nothing below ``folder`` be written: root by mounting, others by permission."""
    if os.geteuid():
        modes = {path: path.stat().st_mode for path in (folder, *folder.rglob("*"))}
        for path in modes:
            path.chmod(modes[path] & 0o555)
        try:
            yield
        finally:
            for path, mode in modes.items():
                path.chmod(mode)
        return
    _mount("--bind", folder, folder)
    try:
        _mount("-o", "remount,bind,ro", folder)
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)
