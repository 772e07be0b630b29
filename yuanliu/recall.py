"""What all snippets showed, remembered in one file for builds in which nothing of them changed.

The cache of executed notebooks is the truth; to ask it takes a second of loading modules, reading
scripts and looking up versions. This file answers when every file beside the scripts, and every
installed package, is as it was.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from yuanliu.kept import file_hash, known, write
from yuanliu.keys import digest, files, programs
from yuanliu.snippets import Cell, Execution, Figure

FILE = "recall.json"


def key(paths: Iterable[Path]) -> str:
    """All that the runs of the scripts at ``paths`` depend on."""
    folders = sorted({path.parent for path in paths})
    beside = [(str(file), file_hash(file)) for one in folders for file in files(one)]
    return digest((programs(), sorted(map(str, paths)), beside))


def recall(cache_dir: Path, wanted: str) -> dict[str, Execution] | None:
    """The runs that were remembered under that key; None when there are none."""
    told = known(cache_dir / FILE)
    if told.get("key") != wanted:
        return None
    try:
        return {name: _run(run) for name, run in told["runs"].items()}
    except (ValueError, TypeError, KeyError, AttributeError):  # not as we write it
        return None


def _run(told: dict[str, Any]) -> Execution:
    cells = [
        Cell(**{**cell, "figures": [Figure(**figure) for figure in cell["figures"]]})
        for cell in told["cells"]
    ]
    live = base64.b64decode(told["live"])
    return Execution(**{**told, "cells": cells, "live": live})


def remember(cache_dir: Path, wanted: str, runs: dict[str, Execution]) -> None:
    """Keep ``runs`` under that key, in the place of those kept before."""
    told = {
        name: {**asdict(run), "live": base64.b64encode(run.live).decode("ascii")}
        for name, run in runs.items()
    }
    content = json.dumps({"key": wanted, "runs": told}, ensure_ascii=False)
    write(cache_dir / FILE, content.encode(), lasting=False)
