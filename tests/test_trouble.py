"""Full disks, trees that cannot be written, signals: one line, and all stays as it was."""

from __future__ import annotations

import errno
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import ROOT, TOY, edit
from disks import disk, fill, read_only
from test_importing import BIBTEX
from test_publish import digest, start

from yuanliu import trouble

COMMAND = [sys.executable, "-c", "from yuanliu.cli import app; app()"]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The toy project with its site and a warm cache; copied by those who change it."""
    project = Path(shutil.copytree(TOY, tmp_path_factory.mktemp("built") / "toy"))
    (project / "refs.bib").write_text(BIBTEX, encoding="utf-8")
    subprocess.run([*COMMAND, "build"], cwd=project, check=True, capture_output=True)
    return project


def refused(*arguments: str, cwd: Path, **options) -> str:
    """What a command that must fail says, which is no traceback."""
    command = [*COMMAND, *arguments]
    ended = subprocess.run(command, cwd=cwd, capture_output=True, text=True, **options)
    assert ended.returncode == 1, ended.stdout
    assert "Traceback" not in ended.stderr and "Exception" not in ended.stderr, ended.stderr
    return ended.stderr


def copy(project: Path, folder: Path) -> None:
    shutil.copytree(project, folder, dirs_exist_ok=True)


def without_cache(project: Path) -> tuple[str, list[str]]:
    """All that must stay as it is: the site, the texts, and what lies beside them."""
    site, names = digest(project / "site"), sorted(os.listdir(project))
    texts = [(project / name).read_text(encoding="utf-8") for name in ("papers.yaml", "refs.bib")]
    return "".join([site, *texts]), names


@pytest.mark.parametrize("room", [100, 1500, 3000])
def test_disk_that_fills_up_in_a_build_leaves_the_old_site(
    tmp_path: Path, built: Path, room: int
) -> None:
    used = sum(path.stat().st_size // 4096 * 4 + 4 for path in built.rglob("*"))
    with disk(tmp_path / "disk", used + room) as project:
        copy(built, project)
        edit(project, "en: Least squares", "en: Fewest squares")
        before = without_cache(project)
        told = refused("build", cwd=project)
        assert f"{project}/" in told
        assert "No space left on device; free some space and try again" in told
        assert without_cache(project) == before


def test_commands_on_a_full_disk_change_nothing(tmp_path: Path, built: Path) -> None:
    with disk(tmp_path / "disk", 12_000) as project:
        copy(built, project)
        fill(project)
        before = without_cache(project)
        for command in (["build"], ["import", "refs.bib"], ["new", "mine"], ["run", "mean"]):
            told = refused(*command, cwd=project)
            assert re.search("(No space left on device|disk is full); free some space", told)
            assert len(told.strip().splitlines()) <= 2, told
            shutil.rmtree(project / "runs", ignore_errors=True)
            assert without_cache(project) == before
        with (project / "out.bib").open("w") as out:
            exported = subprocess.run(
                [*COMMAND, "export"], cwd=project, stdout=out, stderr=subprocess.PIPE, text=True
            )
        assert exported.returncode == 1
        assert exported.stderr.startswith("Not done. the output: No space left on device")
        (project / "filler").unlink()
        again = subprocess.run([*COMMAND, "build"], cwd=project, capture_output=True, text=True)
        assert again.returncode == 0, again.stderr


def test_temporary_directory_on_a_full_disk_is_no_traceback(tmp_path: Path, built: Path) -> None:
    copy(built, tmp_path / "toy")
    edit(tmp_path / "toy", "en: Least squares", "en: Fewest squares")  # the book is set again
    with disk(tmp_path / "disk", 500) as temporary:
        fill(temporary)
        environment = {**os.environ, "TMPDIR": str(temporary)}
        ended = subprocess.run(
            [*COMMAND, "build"],
            cwd=tmp_path / "toy",
            env=environment,
            capture_output=True,
            text=True,
        )
    assert "Traceback" not in ended.stderr
    assert ended.returncode == 0 or "No space left on device" in ended.stderr


def test_file_larger_than_allowed_leaves_the_old_site(tmp_path: Path, built: Path) -> None:
    copy(built, tmp_path / "toy")
    edit(tmp_path / "toy", "en: Least squares", "en: Fewest squares")
    before = without_cache(tmp_path / "toy")
    limit = (100_000, 100_000)
    told = refused(
        "build",
        cwd=tmp_path / "toy",
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit),
    )
    assert "File too large; raise the limit of a file's size (ulimit -f)" in told
    assert without_cache(tmp_path / "toy") == before


def test_commands_in_a_tree_that_cannot_be_written_change_nothing(
    tmp_path: Path, built: Path
) -> None:
    project = tmp_path / "toy"
    copy(built, project)
    before = without_cache(project)
    with read_only(project):
        for command in (["build"], ["import", "refs.bib"], ["new", "mine"], ["run", "mean"]):
            told = refused(*command, cwd=project)
            assert "make it writable" in told or "give yourself access" in told, told
        elsewhere = refused("build", "--out", str(tmp_path / "site"), cwd=project)
        assert f"{project / '.cache/snippets'}" in elsewhere
        for command in ("check", "path", "export", "stats"):
            subprocess.run([*COMMAND, command], cwd=project, check=True, capture_output=True)
    assert without_cache(project) == before
    assert not (tmp_path / "site").exists()


def test_name_that_is_too_long_is_told(built: Path) -> None:
    before = without_cache(built)
    long = "a" * 300
    for command in (["build", "--out", long], ["new", long], ["run", "mean", "--figures", long]):
        assert "File name too long; choose a shorter name" in refused(*command, cwd=built)
    assert "File name too long" in refused("check", long, cwd=built)
    assert without_cache(built) == before


def test_output_that_nobody_reads_is_no_error_to_tell() -> None:
    command = f"{sys.executable} -c 'from yuanliu.cli import app; app()' export | head -1"
    ended = subprocess.run(command, shell=True, cwd=ROOT, capture_output=True, text=True)
    assert re.fullmatch(r"@\w+{[\w-]+,\n", ended.stdout) and ended.stderr == ""


MEAN = "snippets/mean.py"
SIGNALS = [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]


@pytest.mark.parametrize(("sent", "status"), SIGNALS)
def test_signal_in_a_build_leaves_the_old_site(
    tmp_path: Path, built: Path, sent: signal.Signals, status: int
) -> None:
    project = tmp_path / "toy"
    copy(built, project)
    sleeps = "import time\nopen('runs', 'w')\ntime.sleep(600)\ndef experiment(seed"
    edit(project, "def experiment(seed", sleeps, MEAN)
    before = without_cache(project)
    # A shell lets what it starts in the background ignore Ctrl-C.
    build = start("build", cwd=project, preexec_fn=lambda: signal.signal(sent, signal.SIG_DFL))
    waited = 0
    while not (project / "snippets/runs").exists() and waited < 600:
        time.sleep(0.1)
        waited += 1
    assert (project / ".site.yuanliu-new").is_dir()
    children = trouble.psutil.Process(build.pid).children(recursive=True)
    assert children  # the snippet runs in one of them
    build.send_signal(sent)
    _, told = build.communicate(timeout=60)
    assert (build.returncode, told) == (status, "Stopped.\n")
    assert without_cache(project) == before
    assert not [child for child in children if child.is_running()]


def test_signal_that_is_taken_for_an_error_still_stops() -> None:
    with pytest.raises(KeyboardInterrupt), trouble.stoppable():
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt as error:
            raise ValueError("not a valid key") from error


def test_trouble_is_told_with_place_and_advice(tmp_path: Path) -> None:
    def told(*arguments: object) -> str:
        return trouble.told(OSError(*arguments))

    full = told(errno.ENOSPC, "No space", "/a/b")
    assert full == "/a/b: No space; free some space and try again"
    assert told(errno.EXDEV, "Cross", "/a", None, "/b").startswith("/b: Cross; choose a place")
    assert told(errno.EIO, "Input/output error", b"/a\xff").startswith("/a")
    assert told("no number") == "no number"
