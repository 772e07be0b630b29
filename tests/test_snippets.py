"""Snippets: the claims hold for three seeds; execution is cached by content; errors have lines."""

from __future__ import annotations

import ast
import json
import os
import re
from pathlib import Path

import pytest
from conftest import ROOT, yuanliu

from yuanliu import snippets
from yuanliu.catalog import load
from yuanliu.pages import verdicts

SCRIPTS = sorted((ROOT / "snippets").glob("*.py"))
CATALOG = load(ROOT / "papers.yaml", ROOT / "snippets")


def claims_of(name: str) -> list[tuple[str, str]]:
    entries = [entry for entry in CATALOG.entries if entry.snippet == name]
    return [(e.id, claim.id) for e in entries for claim in e.claims if claim.measured]


def test_claims_hold_in_the_site(site: Path) -> None:
    """Seed 0 is what the pages show, so the build's own run is judged and not a further one."""
    scripts = [script for script in SCRIPTS if claims_of(script.stem)]
    ran: list[str] = []
    runs = snippets.execute_all(scripts, ROOT / ".cache/snippets", on_start=ran.append)
    assert ran == []
    failed = [
        (entry.id, verdict.claim.id, verdict.value)
        for entry in CATALOG.entries
        for verdict in verdicts(entry, runs[entry.snippet].metrics)
        if verdict.holds is False
    ]
    assert failed == []


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("name", [script.stem for script in SCRIPTS])
def test_claims_hold(name: str, seed: int) -> None:
    ran = yuanliu("run", name, "--seed", str(seed), "--json")
    assert ran.stdout, ran.stderr
    report = json.loads(ran.stdout)
    failed = [claim for claim in report["claims"] if not claim["holds"]]
    assert failed == []
    assert len(report["claims"]) == len(claims_of(name))


def test_every_snippet_is_used_and_has_a_measured_claim() -> None:
    for script in SCRIPTS:
        assert claims_of(script.stem), script.name


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_prose_of_both_languages_has_the_same_structure(script: Path) -> None:
    notebook = snippets.read(script)
    prose = [cell for cell in notebook.cells if cell.cell_type == "markdown"]
    chinese, english = prose[0::2], prose[1::2]
    assert [cell.metadata.get("lang") for cell in chinese] == ["zh-TW"] * len(chinese)
    assert [cell.metadata.get("lang") for cell in english] == ["en"] * len(english)
    assert len(chinese) == len(english)
    for one, other in zip(chinese, english, strict=True):
        assert structure(one.source) == structure(other.source), one.source


def structure(markdown: str) -> list[str]:
    """What every block is: a heading of a level, a list item, a formula, a paragraph."""
    kinds = []
    for block in re.split(r"\n\s*\n", markdown.strip()):
        heading = re.match(r"#+ ", block)
        items = re.findall(r"^\s*(?:[-*]|\d+\.) ", block, re.MULTILINE)
        kinds += [heading[0]] if heading else ["item"] * len(items) if items else ["text"]
    return kinds


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_plots_have_captions_in_both_languages(script: Path) -> None:
    notebook = snippets.read(script)
    drawing = [c for c in notebook.cells if c.cell_type == "code" and "def draw_" in c.source]
    assert drawing
    for cell in drawing:
        assert cell.metadata.get("caption.zh-TW") and cell.metadata.get("caption.en")


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_snippet_stands_alone_and_does_no_work_on_import(script: Path) -> None:
    tree = ast.parse(script.read_text(encoding="utf-8"))
    # The tokenizer is the one lesson in reuse: what GPT-2 reads, the GPT snippets import.
    siblings = {other.stem for other in SCRIPTS} - {"bpe"} | {"yuanliu"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            assert not siblings & {alias.name.split(".")[0] for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            assert (node.module or "").split(".")[0] not in siblings
    loops = [node for node in tree.body if isinstance(node, ast.For | ast.While | ast.With)]
    assert loops == []


def test_unchanged_snippet_is_not_run_again_and_a_changed_one_is(toy: Path) -> None:
    ran: list[str] = []

    def execute() -> snippets.Execution:
        script = toy / "snippets/mean.py"
        return snippets.execute_all([script], toy / "cache", on_start=ran.append)["mean"]

    first = execute()
    again = execute()
    assert ran == ["mean"]
    assert (again.cells, again.metrics, again.seconds) == (
        first.cells,
        first.metrics,
        first.seconds,
    )
    script = toy / "snippets/mean.py"
    script.write_text(script.read_text(encoding="utf-8").replace("size=101", "size=51"), "utf-8")
    changed = execute()
    assert ran == ["mean", "mean"]
    assert changed.metrics != first.metrics


def test_new_prose_and_captions_show_without_a_run(toy: Path) -> None:
    ran: list[str] = []
    script = toy / "snippets/mean.py"
    snippets.execute_all([script], toy / "cache", on_start=ran.append)
    text = script.read_text(encoding="utf-8").replace("How the data lie", "Where the data lie")
    script.write_text(text.replace("The error is", "The squared error is"), encoding="utf-8")
    run = snippets.execute_all([script], toy / "cache", on_start=ran.append)["mean"]
    assert ran == ["mean"]
    assert run.figures[0].captions["en"] == "Where the data lie"
    assert any("The squared error is" in cell.source for cell in run.cells)


def test_changed_data_file_runs_the_snippet_again(toy: Path) -> None:
    ran: list[str] = []
    script = toy / "snippets/mean.py"
    (toy / "snippets/data").mkdir()
    for content in ("1", "1", "2"):
        (toy / "snippets/data/mean.txt").write_text(content)
        snippets.execute_all([script], toy / "cache", on_start=ran.append)
    assert ran == ["mean", "mean"]


def test_snippet_may_build_on_another_and_runs_again_when_that_one_changes(toy: Path) -> None:
    ran: list[str] = []
    script, other = toy / "snippets/mean.py", toy / "snippets/bpe.py"
    text = script.read_text(encoding="utf-8")
    script.write_text(text.replace("# %%\n", "# %%\nfrom bpe import SCALE\n", 1), "utf-8")
    for scale in (1, 1, 2):
        other.write_text(f"SCALE = {scale}\n", encoding="utf-8")
        run = snippets.execute_all([script], toy / "cache", on_start=ran.append)["mean"]
    assert ran == ["mean", "mean"]
    assert run.builds_on == ["bpe"]
    by_command = yuanliu("run", "mean", "--json", cwd=toy)
    assert json.loads(by_command.stdout)["metrics"] == run.metrics


def test_entry_cut_short_in_the_cache_is_run_again(toy: Path) -> None:
    script = toy / "snippets/mean.py"
    first = snippets.execute_all([script], toy / "cache")["mean"]
    for notebook in (toy / "cache").rglob("base.ipynb"):
        notebook.write_text(notebook.read_text(encoding="utf-8")[:100], encoding="utf-8")
    again = snippets.execute_all([script], toy / "cache")["mean"]
    assert again.metrics == first.metrics


def test_failed_cell_names_file_and_line(toy: Path) -> None:
    script = toy / "snippets/mean.py"
    text = script.read_text(encoding="utf-8")
    script.write_text(text.replace("    ratio = ", "    ratio = 1 / 0\n    ratio = "), "utf-8")
    line = script.read_text(encoding="utf-8").splitlines().index("    ratio = 1 / 0") + 1
    built = yuanliu("build", cwd=toy)
    assert built.returncode == 1
    assert re.search(rf"mean\.py:{line}: ZeroDivisionError", built.stderr), built.stderr
    assert not (toy / "site").exists()


def test_syntax_error_names_file_and_line(toy: Path) -> None:
    script = toy / "snippets/mean.py"
    script.write_text("# %%\nx = = 1\n", encoding="utf-8")
    with pytest.raises(snippets.SnippetError, match=r"mean\.py:2:5: "):
        snippets.execute_all([script], toy / "cache")


def test_every_failure_is_reported_at_once(toy: Path) -> None:
    scripts = [toy / "snippets" / f"broken{n}.py" for n in (1, 2)]
    for script in scripts:
        script.write_text("# %%\nraise SystemError('no')\n", encoding="utf-8")
    with pytest.raises(snippets.SnippetError) as caught:
        snippets.execute_all(scripts, toy / "cache")
    assert "broken1.py:2" in str(caught.value) and "broken2.py:2" in str(caught.value)


def test_environment_is_as_before_after_a_run(toy: Path) -> None:
    before = dict(os.environ)
    snippets.execute_all([toy / "snippets/mean.py"], toy / "cache")
    assert dict(os.environ) == before


DIES = """\
import os, sys
from pathlib import Path
starts = Path({starts!r})
if "ipykernel_launcher" in sys.orig_argv:
    with starts.open("a") as file:
        file.write("start\\n")
    if len(starts.read_text().split()) <= {dead}:
        os._exit(1)
"""


@pytest.mark.parametrize(("dead", "starts"), [(0, 1), (1, 2), (9, snippets.STARTS)])
def test_kernel_that_does_not_start_is_started_again(
    toy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dead: int, starts: int
) -> None:
    """As when another program has just taken one of the ports that were chosen for it."""
    counted = tmp_path / "starts"
    text = DIES.format(starts=str(counted), dead=dead)
    (tmp_path / "sitecustomize.py").write_text(text, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    script = toy / "snippets/mean.py"
    if dead < snippets.STARTS:
        assert snippets.execute_all([script], toy / "cache")["mean"].metrics
    else:
        with pytest.raises(snippets.SnippetError, match=r"mean\.py: Kernel died"):
            snippets.execute_all([script], toy / "cache")
    assert len(counted.read_text().split()) == starts
