"""Small sites made at once, and real builds that can be killed, in processes of their own."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from yuanliu import publish

CODE = "import sys, builder; getattr(builder, sys.argv[1])(*sys.argv[2:])"
HERE = Path(__file__).parent
# Of each moment at which a process is killed: which site stands then, None if none does.
MOMENTS = {
    "while it is built": "old",
    "before the exchange": "old",
    "after the exchange": "new",
    "while the old site is removed": "new",
    "without exchange, between the two renames": None,
    "without exchange, after both": "new",
}


def process(name: str, *arguments: str, cwd: Path, **options) -> subprocess.Popen[str]:
    """Start a function of this module in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE), str(HERE.parent)])}
    command = [sys.executable, "-c", CODE, name, *arguments]
    return subprocess.Popen(command, cwd=cwd, env=environment, text=True, **options)


def fill(folder: Path, text: str) -> None:
    """Make what counts as a site."""
    for name in ("404.html", "index.html"):
        (folder / name).write_text(text)


def make(place: Path | str, text: str) -> None:
    """Publish a small site."""
    with publish.publishing(Path(place)) as new:
        fill(new, text)


def die() -> None:
    """End this process as a lost machine does."""
    os.kill(os.getpid(), signal.SIGKILL)


def make_and_die(place: str, moment: str) -> None:
    """Publish a small site and be killed at one of ``MOMENTS``."""
    rename, remove, exchange = Path.rename, shutil.rmtree, publish.exchange

    def dying_rename(path: Path, target: Path) -> Path:
        moved = rename(path, target)
        if moment == "without exchange, between the two renames":
            die()
        if moment == "without exchange, after both" and target.name == place:
            die()
        return moved

    def dying_exchange(one: Path, other: Path) -> bool:
        if moment == "before the exchange":
            die()
        done = not moment.startswith("without exchange") and exchange(one, other)
        if moment == "after the exchange":
            die()
        return done

    def dying_remove(folder: Path, ignore_errors: bool = False) -> None:
        if moment == "while the old site is removed" and (folder / "404.html").exists():
            (folder / "404.html").unlink()
            die()
        remove(folder, ignore_errors=ignore_errors)

    Path.rename, shutil.rmtree = dying_rename, dying_remove  # type: ignore[assignment,method-assign]
    publish.exchange = dying_exchange
    with publish.publishing(Path(place)) as new:
        (new / "index.html").write_text("new")
        if moment == "while it is built":
            die()
        fill(new, "new")


def serve() -> None:
    """Build the project here for each line read: tell the process, then how it ended.

    All is imported before, so that a build is no longer than its own work.
    """
    import material.plugins.search.plugin  # noqa: F401
    import mkdocs_static_i18n.plugin  # noqa: F401

    import yuanliu.plugin  # noqa: F401
    from yuanliu.cli import app

    for _ in sys.stdin:
        child = os.fork()
        if not child:
            os.setsid()
            log = os.open("build.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            for stream in (1, 2):
                os.dup2(log, stream)
            try:
                app(["build"])
            except SystemExit as end:
                os._exit(int(end.code or 0))
        print(child, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


class Builder:
    """Builds of one project, one after the other, each of which can be killed."""

    def __init__(self, project: Path):
        pipe = subprocess.PIPE
        self.server = process("serve", cwd=project, stdin=pipe, stdout=pipe)

    def __enter__(self) -> Builder:
        return self

    def __exit__(self, *error: object) -> None:
        self.server.communicate()

    def _say(self) -> int:
        assert self.server.stdout
        return int(self.server.stdout.readline())

    def build(self, kill_after: float | None = None) -> int:
        """The exit status of a build, negative where it was killed."""
        assert self.server.stdin
        self.server.stdin.write("build\n")
        self.server.stdin.flush()
        child = self._say()
        if kill_after is not None:
            time.sleep(kill_after)
            with suppress(ProcessLookupError):  # it is done
                os.killpg(child, signal.SIGKILL)
        return self._say()


def open_cache(directory: str) -> None:
    """Have a cache to oneself for a moment."""
    from yuanliu import cache

    with cache.opened(Path(directory)):
        pass
