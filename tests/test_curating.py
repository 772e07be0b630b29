"""The curator's commands as a user runs them, against a local server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import yuanliu
from server import Reply, Server, line_of, serving
from test_lookup import ATOM

from yuanliu import lookup


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with serving() as one:
        for name in lookup.SERVICES:
            monkeypatch.setenv(f"YUANLIU_{name.upper()}", f"{one.address}/{name}")
        yield one


def test_add_appends_a_draft_that_check_accepts(toy: Path, server: Server) -> None:
    server.give("/arxiv", Reply(ATOM.encode(), type="application/atom+xml"))
    before = (toy / "papers.yaml").read_text(encoding="utf-8")
    added = yuanliu("add", "1412.6980", cwd=toy)
    assert added.returncode == 0, added.stderr
    line = line_of(toy / "papers.yaml", "id: adam")
    assert f"papers.yaml:{line}: draft 'adam': Adam: A Method" in added.stdout
    assert (toy / "papers.yaml").read_text(encoding="utf-8").startswith(before)
    checked = yuanliu("check", cwd=toy)
    assert checked.stdout == "papers.yaml: 2 entries and 1 draft, no problems\n"
    again = yuanliu("add", "https://arxiv.org/pdf/1412.6980v3", cwd=toy)
    assert again.returncode == 1
    assert f"papers.yaml:{line}:9: entry 'adam' is this work already" in again.stderr
    assert server.times("/arxiv") == 1  # what is there already is not asked for


def test_add_can_be_told_id_and_kind_or_only_show(toy: Path, server: Server) -> None:
    url = server.give("/page", Reply(b"<title>A tool</title>"))
    before = (toy / "papers.yaml").read_bytes()
    shown = yuanliu("add", url, "--id", "mine", "--kind", "tool", "--preview", cwd=toy)
    assert "  - id: mine\n" in shown.stdout and "    kind: tool\n" in shown.stdout
    assert (toy / "papers.yaml").read_bytes() == before
    wrong = yuanliu("add", url, "--kind", "toool", cwd=toy)
    assert wrong.returncode == 1
    assert "did you mean 'tool'?" in wrong.stderr
    taken = yuanliu("add", url, "--id", "gauss", cwd=toy)
    assert "the id 'gauss' is taken" in taken.stderr
    assert (toy / "papers.yaml").read_bytes() == before


@pytest.mark.parametrize("work", ["nonsense", "1412.6980", "10.1234/unknown"])
def test_add_that_fails_says_why_and_changes_nothing(toy: Path, server: Server, work: str) -> None:
    before = (toy / "papers.yaml").read_bytes()
    failed = yuanliu("add", work, cwd=toy)
    assert failed.returncode == 1
    assert failed.stderr.startswith("Nothing added. ") and "Traceback" not in failed.stderr
    assert (toy / "papers.yaml").read_bytes() == before


def test_drafts_are_not_on_the_site(toy: Path) -> None:
    with (toy / "papers.yaml").open("a", encoding="utf-8") as file:
        file.write("  - {id: unfinished, draft: true, title: {original: Unfinished}}\n")
    built = yuanliu("build", cwd=toy)
    assert built.returncode == 0, built.stderr
    assert not [
        path for path in (toy / "site").rglob("*.html") if "nfinished" in path.read_text("utf-8")
    ]
    assert "nfinished" not in yuanliu("export", "--format", "json", cwd=toy).stdout
    assert "'unfinished' is a draft" in yuanliu("run", "unfinished", cwd=toy).stderr
    exported = json.loads(yuanliu("export", "--format", "json", cwd=toy).stdout)
    assert all("draft" not in entry for entry in exported)


def project_of(toy: Path, server: Server) -> None:
    """Let all links of the toy lead to the local server."""
    for file in (toy / "papers.yaml", toy / "docs/index.en.md"):
        text = file.read_text(encoding="utf-8")
        file.write_text(text.replace("https://example.org", server.address), encoding="utf-8")


def test_links_reports_places_and_exits_1_on_a_dead_one(toy: Path, server: Server) -> None:
    project_of(toy, server)
    server.give("/gauss", Reply())
    server.give("/later", Reply(status=301, headers={"Location": "/gauss"}))
    checked = yuanliu("links", "--pause", "0", cwd=toy)
    line = line_of(toy / "papers.yaml", "/legendre")
    assert checked.returncode == 1
    assert f"papers.yaml:{line}:47: dead {server.address}/legendre: HTTP 404" in checked.stdout
    assert f"moved {server.address}/later: moved to {server.address}/gauss" in checked.stdout
    assert "3 links: 1 ok, 1 moved, 0 unsure, 1 dead (0 from the cache)" in checked.stdout
    server.give("/legendre", Reply())
    again = yuanliu("links", "--pause", "0", "--json", cwd=toy)
    assert again.returncode == 0
    report = {one["url"]: one for one in json.loads(again.stdout)["links"]}
    assert report[f"{server.address}/gauss"]["cached"]
    assert report[f"{server.address}/legendre"]["verdict"] == "ok"
    assert server.times("/gauss") == 2  # once itself, once behind the redirect
