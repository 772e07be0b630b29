"""Snippets on many machines: every run is a task of a Dask cluster.

Workers need not share files with this machine: a task carries the script and all that it reads,
and its worker runs it in a folder of its own. What Dask does is find a worker, and find another
one when that worker dies.
"""

from __future__ import annotations

import asyncio
import queue
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from pathlib import Path
from tempfile import TemporaryDirectory

from distributed import Client, Future, get_worker
from distributed.comm.core import connect
from distributed.scheduler import KilledWorker
from distributed.security import Security
from nbformat import NotebookNode

from yuanliu import snippets
from yuanliu.snippets import SnippetError

CONNECTING = 10  # seconds that the scheduler has to answer
WORKERLESS = 30  # seconds that a cluster may be without a worker
FOLDER = "<folder>"  # in messages from a worker, for the folder that it ran the snippet in


def run(
    stale: dict[Path, NotebookNode], address: str, on_start: Callable[[str], None]
) -> Iterator[tuple[Path, NotebookNode | SnippetError]]:
    """What became of every stale snippet on the cluster at ``address``, each as soon as it is done.

    Only as many are given to Dask as its workers have threads: when a worker dies, Dask blames
    every task that waited for it, and after a few deaths gives the task up.

    Raises:
        SnippetError: when the scheduler cannot be reached, or the cluster is left without workers.
    """
    waiting = list(stale)
    running: dict[Future, Path] = {}
    done: queue.Queue[Future] = queue.Queue()
    with _connect(address) as client:
        last_seen = time.monotonic()
        while waiting or running:
            threads = _threads(client, address)
            if threads:
                last_seen = time.monotonic()
            elif time.monotonic() - last_seen > WORKERLESS:
                unfinished = ", ".join(sorted(path.stem for path in (*waiting, *running.values())))
                raise SnippetError(
                    f"{address} has had no worker for {WORKERLESS} s, and {unfinished} did not "
                    f"run: start some with 'dask worker {address}', then build again"
                )
            while waiting and len(running) < threads:
                path = waiting.pop(0)
                on_start(path.stem)
                future = _submit(client, stale[path], path)
                running[future] = path
                future.add_done_callback(done.put)
            try:
                future = done.get(timeout=1)
            except queue.Empty:
                continue
            path = running.pop(future)
            yield path, _outcome(future, path, address)


def _connect(address: str) -> Client:
    try:
        asyncio.run(_knock(address))
        return Client(address, timeout=CONNECTING, set_as_default=False)
    except (OSError, ValueError) as error:
        reason = str(error) or f"no answer in {CONNECTING} s"
        raise SnippetError(
            f"no Dask scheduler answers at {address} ({reason}): start one with 'dask scheduler', "
            "and give the address that it prints, such as tcp://HOST:8786"
        ) from error


async def _knock(address: str) -> None:
    """Connect once, since a Client waits for ever where something else listens."""
    options = Security().get_connection_args("client")
    async with asyncio.timeout(CONNECTING):
        answer = await connect(address, timeout=CONNECTING, **options)
    answer.abort()


def _threads(client: Client, address: str) -> int:
    """How many tasks the workers can run at once."""
    try:
        return sum(client.nthreads().values())  # type: ignore[union-attr]
    except OSError as error:
        raise _lost(address) from error


def _lost(address: str) -> SnippetError:
    return SnippetError(
        f"the Dask scheduler at {address} went away; what had run by then is kept: build again"
    )


def _submit(client: Client, notebook: NotebookNode, path: Path) -> Future:
    """The snippet as a task; another build that asks for the same one shares it."""
    # Not scattered: Dask can make lost data again only if they belong to the task.
    contents = {
        file.relative_to(path.parent).as_posix(): file.read_bytes()
        for file in (path, *snippets.files(path))
    }
    wanted = snippets.environment(path)
    key = snippets.task_key(path, notebook)
    return client.submit(_run, notebook, path.name, contents, wanted, key=key)


def _run(
    notebook: NotebookNode, name: str, contents: dict[str, bytes], wanted: list[tuple[str, str]]
) -> NotebookNode | SnippetError:
    """Run the notebook on the worker, in a folder with the files that it reads."""
    worker = get_worker()
    # In Dask's own folder, which it empties when a worker was killed.
    with TemporaryDirectory(dir=worker.local_directory) as folder:
        for relative, content in contents.items():
            file = Path(folder, relative)
            file.parent.mkdir(exist_ok=True)
            file.write_bytes(content)
        path = Path(folder, name)
        try:
            found = snippets.environment(path)
            if found != wanted:
                return SnippetError(_differences(path, worker.address, wanted, found))
            return snippets.execute(notebook, path)
        except SnippetError as error:
            return SnippetError(str(error).replace(folder, FOLDER))


def _differences(
    path: Path, worker: str, wanted: list[tuple[str, str]], found: list[tuple[str, str]]
) -> str:
    here, there = dict(wanted), dict(found)
    told = [
        f"{name} {here.get(name, 'none')[:12]} here, {there.get(name, 'none')[:12]} there"
        for name in sorted(here | there)
        if here.get(name) != there.get(name)
    ]
    return (
        f"{Path(FOLDER, path.name)}: the worker at {worker} has other versions, and its outputs "
        f"would differ: {'; '.join(told)}. Install the same there"
    )


def _outcome(future: Future, path: Path, address: str) -> NotebookNode | SnippetError:
    """What the task returned, or why it could not return."""
    try:
        result = future.result(timeout=snippets.TIMEOUT)
    except KilledWorker as error:
        return SnippetError(
            f"{path}: its worker died each time that it ran ({error.allowed_failures + 1}×), the "
            f"last at {error.last_worker.address}; its log may say why: too little memory, say"
        )
    except CancelledError as error:
        raise _lost(address) from error
    except Exception as error:  # whatever kept the worker from calling the function
        reason = " ".join(str(error).split())
        return SnippetError(
            f"{path}: could not be run at {address}: {type(error).__name__}: {reason} The "
            "scheduler and the workers need yuanliu and all packages that are installed here"
        )
    if isinstance(result, SnippetError):
        return SnippetError(str(result).replace(FOLDER, str(path.parent)))
    return result
