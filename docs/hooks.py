"""What this site adds to the generator: Python for the page, from the PyPI package brython."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

NAMES = ("brython.js", "brython_stdlib.js")


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Serve Brython beside the labs that run Python."""
    spec = find_spec("brython")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("the package 'brython' is missing: run make serve")
    for name in NAMES:
        address = f"assets/labs/brython/{name}"
        if address not in files.src_uris:
            source = Path(spec.origin).parent / "data" / name
            files.append(File.generated(config, address, abs_src_path=str(source)))
    return files
