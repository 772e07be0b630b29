"""What all snippets showed, remembered in one file for builds in which nothing of them changed.

The cache of executed notebooks is the truth; to ask it takes a second of loading modules, reading
scripts and looking up versions. This file answers when every file beside the scripts, and every
installed package, is as it was.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterable
from pathlib import Path

from yuanliu.kept import write
from yuanliu.keys import digest, files, programs
from yuanliu.snippets import Execution

FILE = "recall.pickle"


def key(paths: Iterable[Path]) -> str:
    """All that the runs of the scripts at ``paths`` depend on."""
    folders = sorted({path.parent for path in paths})
    beside = [(str(file), digest(file.read_bytes())) for one in folders for file in files(one)]
    return digest((programs(), sorted(map(str, paths)), beside))


def recall(cache_dir: Path, known: str) -> dict[str, Execution] | None:
    """The runs that were remembered under that key; None when there are none."""
    try:
        head, runs = pickle.loads((cache_dir / FILE).read_bytes())
    except (OSError, EOFError, ValueError, TypeError, AttributeError, ImportError, IndexError):
        return None
    except pickle.UnpicklingError:  # cut short by a crash
        return None
    return runs if head == known else None


def remember(cache_dir: Path, known: str, runs: dict[str, Execution]) -> None:
    """Keep ``runs`` under that key, in the place of those kept before."""
    write(cache_dir / FILE, pickle.dumps((known, runs)), lasting=False)
