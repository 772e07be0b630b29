"""The batch script of the Taiwania page runs under a real Slurm of one node, started here."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest
from conftest import ROOT

from yuanliu.catalog import load
from yuanliu.pages import verdicts

PATH = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
PROGRAMS = ["munged", "slurmctld", "slurmd", "sbatch", "srun", "sinfo", "scancel"]

CONFIGURATION = """
ClusterName=yuanliu
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={place}/munge.socket
CredType=cred/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
ReturnToService=2
StateSaveLocation={place}/state
SlurmdSpoolDir={place}/spool
SlurmctldPidFile={place}/slurmctld.pid
SlurmdPidFile={place}/slurmd.pid
SlurmctldLogFile={place}/slurmctld.log
SlurmdLogFile={place}/slurmd.log
NodeName=localhost NodeHostname={host} NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=ct56 Nodes=localhost Default=YES State=UP
"""


def why_not() -> str | None:
    """The reason why Slurm cannot run here; in CI it must, as root where apt-get is."""
    if not sys.platform.startswith("linux"):
        return "Slurm's daemons run on Linux"
    if os.geteuid() != 0:
        return "Slurm's daemons are started as root"
    missing = [name for name in PROGRAMS if not shutil.which(name, path=PATH)]
    if missing and os.environ.get("CI") == "true" and shutil.which("apt-get"):
        pytest.fail(f"tests/install-slurm.sh should have installed {', '.join(missing)}")
    return f"not installed: {', '.join(missing)}" if missing else None


def free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(closing(socket.socket())) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


@contextmanager
def running(*command: str, log: Path) -> Iterator[subprocess.Popen]:
    """A daemon in the foreground of its own session, stopped at the end whatever happens."""
    program = shutil.which(command[0], path=PATH)
    assert program
    with log.open("w") as out:
        daemon = subprocess.Popen(
            [program, *command[1:]], stdout=out, stderr=out, start_new_session=True
        )
        try:
            yield daemon
        finally:
            daemon.terminate()
            try:
                daemon.wait(15)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()


@pytest.fixture
def slurm() -> Iterator[dict[str, str]]:
    """The environment in which ``sbatch`` speaks to a Slurm of one node on this machine."""
    if reason := why_not():
        pytest.skip(reason)
    # Not tmp_path: the name of a socket may have 107 characters at most.
    with tempfile.TemporaryDirectory(prefix="slurm-") as folder, ExitStack() as daemons:
        place = Path(folder)
        place.chmod(0o755)  # munged wants its socket where all may reach it
        for name in ("state", "spool"):
            (place / name).mkdir()
        key, conf = place / "munge.key", place / "slurm.conf"
        key.write_bytes(os.urandom(128))
        key.chmod(0o400)
        host = socket.gethostname().split(".")[0]
        conf.write_text(CONFIGURATION.format(place=place, host=host, ports=free_ports(2)))
        environment = os.environ | {"PATH": PATH, "SLURM_CONF": str(conf)}

        def start(*command: str) -> None:
            daemons.enter_context(running(*command, log=place / f"{command[0]}.out"))

        munge = [f"--{name}-file={place}/munge.{name}" for name in ("pid", "log", "seed")]
        start(
            "munged", "--foreground", f"--key-file={key}", f"--socket={place}/munge.socket", *munge
        )
        wait_for(place, (place / "munge.socket").exists)
        start("slurmctld", "-D", "-f", str(conf))
        start("slurmd", "-D", "-f", str(conf), "-N", "localhost")
        wait_for(place, lambda: "idle" in ask(environment, "sinfo", "--noheader", "-o", "%T"))
        try:
            yield environment
        finally:
            ask(environment, "scancel", "--user=root")
            wait_for(place, lambda: not ask(environment, "squeue", "--noheader"))


def ask(environment: dict[str, str], *command: str) -> str:
    """What a command of Slurm prints, nothing when it fails."""
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    return done.stdout if done.returncode == 0 else ""


def wait_for(place: Path, ready, seconds: float = 60) -> None:
    """Wait until ``ready()``; fail with the daemons' logs."""
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            logs = [*place.glob("*.log"), *place.glob("*.out")]
            told = "\n".join(f"{log.name}:\n{log.read_text()[-2000:]}" for log in logs)
            pytest.fail(f"Slurm was not ready after {seconds} s\n{told}")
        time.sleep(0.2)


def test_batch_job_under_slurm_proves_the_claims(slurm: dict[str, str], tmp_path: Path) -> None:
    out = tmp_path / "job.out"
    job = subprocess.run(
        ["sbatch", "--wait", f"--output={out}", "snippets/taiwania.sbatch"],
        cwd=ROOT,
        env=slurm | {"PYTHON": sys.executable},
        capture_output=True,
        text=True,
        timeout=500,
    )
    said = out.read_text(encoding="utf-8") if out.exists() else ""
    assert job.returncode == 0, job.stdout + job.stderr + said
    metrics = {name: float(value) for name, value in re.findall(r"^(\w+) = (\S+)$", said, re.M)}
    assert metrics["processes"] == 2
    entry = next(
        e for e in load(ROOT / "papers.yaml", ROOT / "snippets").entries if e.snippet == "taiwania"
    )
    measured = [verdict for verdict in verdicts(entry, metrics) if verdict.claim.measured]
    assert measured
    assert [verdict.claim.id for verdict in measured if not verdict.holds] == []
