"""What GitHub runs: a pull request gets no secret, no right to write, no say in what main runs."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import ROOT

FOLDER = ROOT / ".github"
WORKFLOWS = sorted([*FOLDER.glob("workflows/*.yml"), *FOLDER.glob("workflows/*.yaml")])
MAIN_ONLY = "github.event_name == 'push' && github.ref == 'refs/heads/main'"
FROM_OUTSIDE = re.compile(r"\$\{\{[^}]*\b(github\.(event\.|head_ref|ref_name|actor)|inputs\.)")

pytestmark = pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)


def workflow(file: Path) -> dict[Any, Any]:
    return yaml.safe_load(file.read_text(encoding="utf-8"))


def triggers(file: Path) -> set[str]:
    given = workflow(file)[True]  # YAML takes the key "on" for a truth value
    return {given} if isinstance(given, str) else set(given)


def jobs(file: Path) -> dict[str, dict[str, Any]]:
    return workflow(file)["jobs"]


def steps(file: Path) -> Iterator[dict[str, Any]]:
    for job in jobs(file).values():
        yield from job["steps"]


def test_no_workflow_runs_a_pull_request_with_the_rights_of_main(file: Path) -> None:
    assert triggers(file) <= {"push", "pull_request", "schedule", "workflow_dispatch"}


def test_a_job_may_read_only_unless_it_runs_for_main_alone(file: Path) -> None:
    assert workflow(file)["permissions"] == {"contents": "read"}
    for name, job in jobs(file).items():
        rights = job.get("permissions", {})
        assert isinstance(rights, dict), name
        if {"pull_request"} & triggers(file) and set(rights.values()) - {"read", "none"}:
            assert job["if"] == MAIN_ONLY, name
        assert "environment" not in job or job["if"] == MAIN_ONLY, name


def test_no_secret_is_named_and_no_credential_is_left_behind(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert not re.search(r"\bsecrets\b|github\.token|GITHUB_TOKEN", text)
    for step in steps(file):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False
            assert "ref" not in step["with"]


def test_actions_of_others_are_pinned_by_their_commit(file: Path) -> None:
    for step in steps(file):
        if "uses" in step:
            assert re.fullmatch(r"actions/[\w-]+@v\d+|[\w./-]+@[0-9a-f]{40}", step["uses"])


def test_no_command_is_put_together_from_what_a_pull_request_says(file: Path) -> None:
    for step in steps(file):
        assert not FROM_OUTSIDE.search(step.get("run", ""))
        assert not FROM_OUTSIDE.search(str(step.get("with", "")))


def test_jobs_run_on_fresh_machines_and_share_no_cache(file: Path) -> None:
    for name, job in jobs(file).items():
        machines = job.get("strategy", {}).get("matrix", {}).get("os", [job["runs-on"]])
        assert all(re.fullmatch(r"(ubuntu|macos|windows)-latest", one) for one in machines), name
    for step in steps(file):
        assert not step.get("uses", "").startswith("actions/cache")
        assert "cache" not in step.get("with", {})


def test_zizmor_finds_nothing(file: Path) -> None:
    zizmor = Path(sys.executable).with_name("zizmor")
    found = subprocess.run(
        [zizmor, "--offline", "--no-progress", "--config", FOLDER / "zizmor.yml", file],
        capture_output=True,
        text=True,
    )
    assert found.returncode == 0, found.stdout + found.stderr
    assert "No findings" in found.stdout + found.stderr
