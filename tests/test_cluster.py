"""Snippets on a Dask cluster: separate processes on this machine, some of which are killed."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from conftest import edit, yuanliu
from distributed import Client

from yuanliu import cluster, snippets

# The HTTP server of a process without a dashboard listens all the same.
HERE = ["--host", "127.0.0.1", "--no-dashboard", "--dashboard-address", "127.0.0.1:0"]
NOWHERE = "tcp://127.0.0.1:1"

SNIPPET = """\
# %% [markdown] lang="en"
# # {name}

# %%
import os
import signal
import time
from pathlib import Path
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np

# %%
{does}
x = np.random.default_rng(list(b"{name}")).normal(size=9)
run = SimpleNamespace(metrics={{"mean": float(x.mean())}})
print("mean", run.metrics["mean"])

# %% caption.en="Normal numbers"
plt.plot(x)
plt.show()
"""


def snippet(folder: Path, name: str, does: str = "") -> Path:
    path = folder / f"{name}.py"
    path.write_text(SNIPPET.format(name=name, does=does), encoding="utf-8")
    return path


def waiting(folder: Path, name: str) -> Path:
    """A snippet that tells who runs it, and then waits for ``let_go``."""
    marks = folder / f"{name}-marks"
    marks.mkdir()
    return snippet(
        folder,
        name,
        f"marks = Path({str(marks)!r})\n"
        "(marks / f'{os.getpid()}-of-{os.getppid()}').touch()\n"
        "while not (marks / 'go').exists():\n    time.sleep(0.05)",
    )


def let_go(path: Path) -> None:
    (path.parent / f"{path.stem}-marks/go").touch()


def started(path: Path) -> list[tuple[int, int]]:
    """The kernels that began to run the snippet, each with the process that started it."""
    names = [mark.name for mark in (path.parent / f"{path.stem}-marks").glob("*-of-*")]
    pairs = [name.split("-of-") for name in names]
    return [(int(kernel), int(parent)) for kernel, parent in pairs]


def wait_for(ready: Callable[[], object], what: str) -> None:
    end = time.monotonic() + 90
    while not ready():
        assert time.monotonic() < end, f"waited in vain: {what}"
        time.sleep(0.05)


def ended(process: int) -> bool:
    try:
        return psutil.Process(process).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def shown(run: snippets.Execution) -> tuple:
    """What a reader sees of a run; a figure holds the time at which it was drawn, too."""
    dated = re.compile(r"<dc:date>[^<]*</dc:date>")
    cells = [
        replace(cell, figures=[replace(f, svg=dated.sub("", f.svg)) for f in cell.figures])
        for cell in run.cells
    ]
    return cells, run.metrics, run.builds_on, run.live


@contextmanager
def dask(folder: Path, workers: int = 2, **environment: str) -> Iterator[str]:
    """The address of a scheduler with that many workers, every one a process of one thread."""
    folder.mkdir(exist_ok=True)
    about, log = folder / "scheduler.json", (folder / "log").open("w")
    with ExitStack() as ends:
        ends.enter_context(log)

        def start(program: str, *options: str) -> None:
            command = [sys.executable, "-m", f"distributed.cli.dask_{program}", *HERE, *options]
            process = subprocess.Popen(
                command, cwd=folder, stdout=log, stderr=log, env=os.environ | environment
            )
            ends.callback(process.wait)
            ends.callback(process.kill)

        start("scheduler", "--port", "0", "--scheduler-file", str(about))
        for number in range(workers):
            place = ("--local-directory", str(folder / f"worker{number}"))
            one = ("--no-nanny", "--nthreads", "1")
            start("worker", "--scheduler-file", str(about), *place, *one)
        wait_for(about.exists, "the scheduler")
        with Client(scheduler_file=str(about), set_as_default=False, timeout=60) as client:
            if workers:
                client.wait_for_workers(workers, timeout=90)
        yield json.loads(about.read_text())["address"]


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a cluster of two workers that no test may kill."""
    with dask(tmp_path_factory.mktemp("dask")) as address:
        yield address


def test_killed_worker_loses_nothing(tmp_path: Path) -> None:
    ran: list[str] = []
    slow = waiting(tmp_path, "slow")
    scripts = [slow, *(snippet(tmp_path, name) for name in ("one", "two", "three"))]
    with dask(tmp_path / "dask") as address, ThreadPoolExecutor() as pool:
        running = pool.submit(
            snippets.execute_all, scripts, tmp_path / "cache", 1, ran.append, address
        )
        wait_for(lambda: started(slow), "the snippet starts")
        [(kernel, worker)] = started(slow)
        os.kill(worker, signal.SIGKILL)
        wait_for(lambda: ended(kernel), "the kernel of a killed worker ends, too")
        let_go(slow)
        there = running.result(timeout=120)
        assert len(started(slow)) == 2
    assert sorted(ran) == ["one", "slow", "three", "two"]
    here = snippets.execute_all(scripts, tmp_path / "other-cache")
    assert {name: shown(run) for name, run in there.items()} == {
        name: shown(run) for name, run in here.items()
    }
    assert all(run.figures[0].captions == {"en": "Normal numbers"} for run in there.values())
    kept = snippets.execute_all(scripts, tmp_path / "cache", on_start=ran.append)
    assert len(ran) == 4
    assert {name: (run.cells, run.seconds) for name, run in kept.items()} == {
        name: (run.cells, run.seconds) for name, run in there.items()
    }


def whole(notebooks: Iterable[Path]) -> bool:
    """Whether there is one that was written to its end: none of it may be lost."""
    for notebook in notebooks:
        with suppress(ValueError):
            json.loads(notebook.read_text(encoding="utf-8"))
            return True
    return False


@pytest.mark.parametrize("where", ["here", "on the cluster"])
def test_build_killed_in_mid_run_loses_only_what_was_running(
    tmp_path: Path, scheduler: str, where: str
) -> None:
    scripts = [snippet(tmp_path, "quick"), waiting(tmp_path, "slow")]
    cache = tmp_path / "cache"
    program = (
        "import sys; from pathlib import Path; from yuanliu.snippets import execute_all; "
        "cache, scheduler, *scripts = sys.argv[1:]; "
        "execute_all(map(Path, scripts), Path(cache), 2, scheduler=scheduler)"
    )
    address = scheduler if where == "on the cluster" else ""
    build = subprocess.Popen(
        [sys.executable, "-c", program, str(cache), address, *map(str, scripts)]
    )
    wait_for(lambda: whole(cache.glob("executed/*/base.ipynb")), "the quick one is kept")
    wait_for(lambda: started(scripts[1]), "the slow one starts")
    build.kill()
    build.wait()
    [(kernel, _)] = started(scripts[1])
    if where == "on the cluster":
        let_go(scripts[1])
    wait_for(lambda: ended(kernel), "the kernel ends")
    let_go(scripts[1])
    ran: list[str] = []
    snippets.execute_all(scripts, cache, on_start=ran.append)
    assert ran == ["slow"]


def test_snippet_brings_what_it_reads(tmp_path: Path, scheduler: str) -> None:
    folder = tmp_path / "snippets"
    (folder / "data").mkdir(parents=True)
    (folder / "data/reads-it.txt").write_text("from data")
    (folder / "reads.sh").write_text("from beside")
    (folder / "other.py").write_text("SAYS = 'from another'")
    (folder / "data/other.txt").write_text("from its data")
    names = ("data/reads-it.txt", "reads.sh", "data/other.txt", "reads.py")
    script = snippet(
        folder,
        "reads",
        f"from other import SAYS\nprint(SAYS)\nfor name in {names}:\n"
        "    print(Path(name).read_text()[:15])\nprint(Path.cwd())",
    )
    run = snippets.execute_all([script], tmp_path / "cache", scheduler=scheduler)["reads"]
    printed = "".join(cell.text for cell in run.cells).splitlines()
    assert printed[:4] == ["from another", "from data", "from beside", "from its data"]
    assert printed[4] == "# %% [markdown]"
    assert not printed[5].startswith(str(tmp_path)) and not Path(printed[5]).exists()


@pytest.mark.parametrize("fault", ["1 / 0", "(Path.cwd() / 'nowhere').read_text()"])
def test_error_of_a_snippet_is_told_as_if_it_had_run_here(
    tmp_path: Path, scheduler: str, fault: str
) -> None:
    scripts = [snippet(tmp_path, "broken", fault), snippet(tmp_path, "whole")]
    told = []
    for address in (None, scheduler):
        cache = tmp_path / f"cache{len(told)}"
        with pytest.raises(snippets.SnippetError) as caught:
            snippets.execute_all(scripts, cache, scheduler=address)
        told.append(str(caught.value))
        assert len(list(cache.glob("executed/*/base.ipynb"))) == 1
    assert told[0] == told[1]
    assert re.match(rf"{re.escape(str(scripts[0]))}:15: \w+Error: ", told[0])


def test_snippet_that_kills_its_workers_is_named(tmp_path: Path) -> None:
    killer = snippet(tmp_path, "killer", "os.kill(os.getppid(), signal.SIGKILL)")
    scripts = [killer, snippet(tmp_path, "innocent")]
    allowed = {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1"}
    with (
        dask(tmp_path / "dask", workers=3, **allowed) as address,
        pytest.raises(snippets.SnippetError, match="its worker died each time") as caught,
    ):
        snippets.execute_all(scripts, tmp_path / "cache", scheduler=address)
    assert str(caught.value).startswith(f"{killer}: ") and "innocent" not in str(caught.value)
    assert len(list((tmp_path / "cache").glob("executed/*/base.ipynb"))) == 1


@pytest.mark.filterwarnings("ignore:Mismatched versions")
def test_worker_with_other_versions_refuses(tmp_path: Path) -> None:
    for name, version in (("numpy", "0.0.1"), ("matplotlib", "0.0.2")):
        told = tmp_path / f"packages/{name}-{version}.dist-info/METADATA"
        told.parent.mkdir(parents=True)
        told.write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    packages = os.pathsep.join([str(tmp_path / "packages"), os.environ.get("PYTHONPATH", "")])
    script = snippet(tmp_path, "mean")
    with (
        dask(tmp_path / "dask", workers=1, PYTHONPATH=packages) as address,
        pytest.raises(snippets.SnippetError) as caught,
    ):
        snippets.execute_all([script], tmp_path / "cache", scheduler=address)
    assert str(caught.value).startswith(f"{script}: the worker at tcp://127.0.0.1:")
    assert re.search(
        r"matplotlib \S+ here, 0\.0\.2 there; numpy \S+ here, 0\.0\.1 there", str(caught.value)
    )
    assert not list((tmp_path / "cache").glob("executed/*"))


def test_cluster_without_yuanliu_is_told_what_it_needs(tmp_path: Path) -> None:
    (tmp_path / "packages/yuanliu").mkdir(parents=True)
    (tmp_path / "packages/yuanliu/__init__.py").touch()
    script = snippet(tmp_path, "mean")
    with (
        dask(tmp_path / "dask", workers=1, PYTHONPATH=str(tmp_path / "packages")) as address,
        pytest.raises(snippets.SnippetError, match="need yuanliu and all packages") as caught,
    ):
        snippets.execute_all([script], tmp_path / "cache", scheduler=address)
    assert str(caught.value).startswith(f"{script}: could not be run at {address}: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("listens", ["nobody", "a mute program", "no port"])
def test_no_scheduler_is_told_soon(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, listens: str
) -> None:
    monkeypatch.setattr(cluster, "CONNECTING", 1)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        port = mute.getsockname()[1]
        addresses = {"nobody": NOWHERE, "a mute program": f"tcp://127.0.0.1:{port}"}
        address = addresses.get(listens, "nonsense")
        with pytest.raises(snippets.SnippetError, match=f"no Dask scheduler answers at {address}"):
            script = snippet(tmp_path, "mean")
            snippets.execute_all([script], tmp_path / "cache", scheduler=address)


def test_cluster_without_workers_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "WORKERLESS", 1)
    ran: list[str] = []
    scripts = [snippet(tmp_path, name) for name in ("one", "two")]
    with dask(tmp_path / "dask", workers=0) as address:
        told = f"{address} has had no worker for 1 s, and one, two did not run: .*dask worker"
        with pytest.raises(snippets.SnippetError, match=told):
            snippets.execute_all(scripts, tmp_path / "cache", 1, ran.append, address)
    assert ran == []


def test_lost_scheduler_is_told_and_what_had_run_is_kept(tmp_path: Path) -> None:
    scripts = [snippet(tmp_path, "quick"), waiting(tmp_path, "slow")]
    cache = tmp_path / "cache"
    with ThreadPoolExecutor() as pool:
        with dask(tmp_path / "dask") as address:
            running = pool.submit(snippets.execute_all, scripts, cache, scheduler=address)
            wait_for(lambda: list(cache.glob("executed/*/base.ipynb")), "the quick one is kept")
            wait_for(lambda: started(scripts[1]), "the slow one starts")
        with pytest.raises(snippets.SnippetError, match=f"{address} went away; .*build again"):
            running.result(timeout=120)
    let_go(scripts[1])
    ran: list[str] = []
    snippets.execute_all(scripts, cache, on_start=ran.append)
    assert ran == ["slow"]


def test_missing_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "yuanliu.cluster")
    monkeypatch.delattr("yuanliu.cluster")
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(snippets.SnippetError, match=r"pip install 'yuanliu\[cluster\]'"):
        script = snippet(tmp_path, "mean")
        snippets.execute_all([script], tmp_path / "cache", scheduler=NOWHERE)


def test_build_runs_snippets_on_the_cluster_and_then_needs_it_no_more(
    toy: Path, scheduler: str
) -> None:
    edit(toy, "{jobs: 1}", f"{{jobs: 1, scheduler: '{NOWHERE}'}}", "mkdocs.yml")
    failed = yuanliu("build", cwd=toy)
    assert failed.returncode == 1
    assert f"no Dask scheduler answers at {NOWHERE}" in failed.stderr
    assert "Traceback" not in failed.stderr and not (toy / "site").exists()
    built = yuanliu("build", "--scheduler", scheduler, cwd=toy)
    assert built.returncode == 0, built.stderr
    assert "error_ratio = " in (toy / "site/snippets/mean/index.html").read_text("utf-8")
    again = yuanliu("build", cwd=toy)
    assert again.returncode == 0, again.stderr
