"""The lists of what an offline copy of each language holds: its pages, and all that they show."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from yuanliu.kept import file_hash, known, write
from yuanliu.keys import digest

HELD = (".html", ".css", ".js", ".svg", ".json", ".png")
FETCHED_WHEN_USED = ("cards/", "labs/", "models/")  # of the folder of assets


def write_lists(site: Path, prefixes: Mapping[str, str], memory: Path) -> None:
    """Write ``offline.json`` for each language: a version, the bytes, and the addresses.

    Args:
        prefixes: of each language's addresses; the first one's is empty.
        memory: a file with the hashes of an earlier site's files, which is read and renewed.
    """
    first, *others = prefixes
    shown: dict[str, list[tuple[str, int, str]]] = {language: [] for language in prefixes}
    before, now = known(memory), {}
    root = os.path.join(site, "")
    for file in sorted(path for path in _walk(root) if path.endswith(HELD)):
        address = file.removeprefix(root).replace(os.sep, "/")
        top, _, rest = address.partition("/")
        owners = [top if top in others else first]
        if top == "assets":
            owners = [] if rest.startswith(FETCHED_WHEN_USED) else [first, *others]
        if not owners or address.endswith("404.html"):
            continue
        found = os.stat(file)
        as_it_is = [found.st_size, found.st_mtime_ns]
        told = before.get(address)
        if not told or told[:2] != as_it_is:
            told = [*as_it_is, file_hash(Path(file))]
        now[address] = told
        for language in owners:
            name = address.removesuffix("index.html")
            shown[language].append((name, found.st_size, told[2]))
    write(memory, json.dumps(now).encode(), lasting=False)
    for language, items in shown.items():
        told = {
            "version": digest([sha for *_, sha in items])[:16],
            "bytes": sum(size for _, size, _ in items),
            "files": [address for address, *_ in items],
        }
        target = site / prefixes[language] / "offline.json"
        target.write_text(json.dumps(told), encoding="utf-8")


def _walk(directory: str) -> Iterator[str]:
    """The paths of all files below ``directory``."""
    for folder, _, names in os.walk(directory):
        for name in names:
            yield os.path.join(folder, name)
