"""Odd input of every kind: each is accepted, or refused in a sentence that says where."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import defaultdict
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, TOY
from conftest import edit as edit_text
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nbformat.v4 import new_markdown_cell, new_notebook
from odd import CATALOG, changed, dump, spliced, worded
from test_importing import AWESOME, BIBTEX, CSL, RDF
from typer.testing import CliRunner, Result

from yuanliu import edit, feeds, glossary, importing, links
from yuanliu.catalog import Catalog, CatalogError, load
from yuanliu.cli import app
from yuanliu.pages import Site
from yuanliu.snippets import Cell, Execution, Figure
from yuanliu.web import Web, WebError

MANY = settings(
    max_examples=100,
    deadline=20_000,  # milliseconds: a bound for input that explodes, far above what any takes
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
# No slash, which could lead out of the test's directory, and no zero, which no argument can have.
ODD_LETTERS = st.characters(exclude_characters="/\0", exclude_categories=["Cs"])
VALID = (TOY / "papers.yaml").read_bytes()


def loaded(file: Path, raw: bytes) -> Catalog | None:
    """The catalog, or None where it is refused, each problem with a place inside the file."""
    file.write_bytes(raw)
    try:
        return load(file)
    except CatalogError as error:
        assert error.problems
        lines = raw.decode("utf-8-sig", "replace").split("\n")
        for problem in error.problems:
            assert problem.path == str(file) and problem.message.strip()
            assert 1 <= problem.line <= len(lines), problem
            assert 1 <= problem.column <= len(lines[problem.line - 1]) + 1, problem
        return None


def render(catalog: Catalog) -> None:
    """Make every page and file of the catalog that needs no fonts, in every language."""
    names = {entry.snippet for entry in catalog.entries}
    claims = [claim for entry in catalog.entries for claim in entry.claims]
    metrics = defaultdict(float, {claim.metric or "": 0.5 for claim in claims})
    notebook = new_notebook(cells=[new_markdown_cell("# A program")])
    figure = Figure("<svg/>", dict.fromkeys(catalog.languages, "caption"))
    cells = [Cell("markdown", "# A program"), Cell("code", "x = 1", text="1\n", figures=[figure])]
    site = Site(catalog, {n: Execution(n, cells, metrics, 1.0, notebook) for n in names})
    for language in catalog.languages:
        for page in site.pages(language):
            body = site.render(page, language, lambda path: path)
            glossary.link_terms(body, catalog.glossary, language, lambda path: path)
        for component in ("begin.html", "statistics.html", "eras.html"):
            site.component(component, language, lambda path: path)
        feeds.atom(catalog, language, "title", lambda path: f"https://example.org/{path}")
        feeds.llms_txt(catalog, language, "title", "intro", lambda path: path)
        for entry in catalog.entries:
            feeds.json_ld(entry, language, lambda path: path)


def test_the_catalog_to_be_changed_is_valid_itself(tmp_path: Path) -> None:
    found = loaded(tmp_path / "papers.yaml", dump(CATALOG))
    assert found and len(found.entries) == 2
    render(found)


@MANY
@given(changed())
def test_changed_value_is_refused_with_its_place_or_makes_pages(tmp_path: Path, data: Any) -> None:
    found = loaded(tmp_path / "papers.yaml", dump(data))
    if found:
        render(found)


@MANY
@given(worded())
def test_odd_words_are_refused_with_their_place_or_make_pages(tmp_path: Path, data: Any) -> None:
    found = loaded(tmp_path / "papers.yaml", dump(data))
    if found:
        render(found)


@MANY
@given(spliced((VALID, dump(CATALOG))))
def test_changed_text_is_refused_with_its_place_or_makes_pages(tmp_path: Path, raw: bytes) -> None:
    found = loaded(tmp_path / "papers.yaml", raw)
    if found:
        render(found)


IMPORTS = {".bib": BIBTEX, ".json": json.dumps(CSL, indent=1), ".rdf": RDF, ".md": AWESOME}


def read_or_refused(file: Path, raw: bytes) -> None:
    """Read a list of works; what is taken can be appended, what is not has a problem."""
    file.write_bytes(raw)
    try:
        found = importing.read_works(file)
    except importing.ImportingError as error:
        assert str(error).startswith(str(file))
        return
    lines = raw.count(b"\n") + raw.count(b"\r") + 1
    for one in found:
        assert 1 <= one.line <= lines
        assert one.problem if one.record is None else one.record.title.strip()
    records = [one.record for one in found if one.record]
    catalog, before = file.with_name("papers.yaml"), VALID
    catalog.write_bytes(before)
    try:
        edit.append(catalog, edit.only_new(edit.read(catalog).data["entries"], records)[0])
    except (edit.EditError, CatalogError):
        assert catalog.read_bytes() == before
    else:
        load(catalog)


@MANY
@pytest.mark.parametrize("suffix", IMPORTS)
@given(data=st.data())
def test_changed_list_of_works_is_refused_or_appended(
    tmp_path: Path, suffix: str, data: st.DataObject
) -> None:
    raw = data.draw(spliced(tuple(text.encode() for text in (IMPORTS[suffix], *IMPORTS.values()))))
    read_or_refused(tmp_path / f"list{suffix}", raw)


@MANY
@given(changed(CSL))
def test_changed_csl_is_refused_or_appended(tmp_path: Path, data: Any) -> None:
    text = json.dumps(data, default=str)
    read_or_refused(tmp_path / "list.json", text.encode())


@MANY
@given(spliced((AWESOME.encode(), (ROOT / "README.md").read_bytes())))
def test_links_of_any_page_are_found_or_it_is_refused(tmp_path: Path, raw: bytes) -> None:
    page = tmp_path / "page.md"
    page.write_bytes(raw)
    try:
        found = list(links.of_markdown(page))
    except links.PageError as error:
        assert str(error).startswith(str(page))
        return
    for link in found:
        assert link.url.startswith("http") and link.line >= 1


WORDS = [
    *("check", "run", "path", "export", "import", "new", "schema", "stats", "add", "links"),
    *("build", "--out", "--config", "--catalog", "--format", "--seed", "--figures", "--json"),
    *("--skip-broken", "--preview", "--id", "--kind", "--max-age", "--pause", "--jobs"),
    *("--timeout", "--archives", "--no-archives", "--help", "--", "-h", "-", ".", "=", "--out="),
    *("papers.yaml", "refs.bib", "docs", "snippets", "mkdocs.yml", "nowhere.yaml", "binary.yaml"),
    *("pipe", "mean", "gauss", "later", "gaus", "bibtex", "csl-json", "json", "markdown", "mine"),
    *("0", "-1", "1", "1e400", "nan", "inf", "99999999999999999999", "1412.6980", "[/b]", "[red]"),
    *("http://127.0.0.1:9/", "https://[", "10.1038/323533a0", "ключ", "字", "\udcff", "a" * 300),
]
MEAN = "snippets/mean.py"
COMMANDS = WORDS[:11]


@pytest.fixture
def project(toy: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The toy with odd files beside it, as the working directory, without a network."""

    async def refuse(web: Web, url: str, **options: object) -> None:
        raise WebError(url, "there is no network", "offline")

    (toy / "refs.bib").write_text(BIBTEX, encoding="utf-8")
    (toy / "binary.yaml").write_bytes(bytes(range(256)))
    os.mkfifo(toy / "pipe")
    monkeypatch.chdir(toy)
    monkeypatch.setattr(Web, "fetch", refuse)
    return toy


def run(arguments: list[str]) -> Result:
    """What a command does in this process; it must end, and not in a traceback."""
    result = CliRunner().invoke(app, arguments)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code in (0, 1, 2), result.output
    assert "Traceback" not in result.output
    assert result.exit_code == 0 or result.output.strip()
    return result


@MANY
@given(
    st.sampled_from(COMMANDS),
    st.lists(st.sampled_from(WORDS[11:]) | st.text(ODD_LETTERS, max_size=6), max_size=5),
)
def test_any_arguments_end_in_a_sentence(project: Path, command: str, arguments: list[str]) -> None:
    run([command, *arguments])
    run([*arguments, command])


@pytest.mark.parametrize("command", ["check", "path", "stats", "export", "run", "links", "import"])
@pytest.mark.parametrize(
    "file", ["docs", "nowhere.yaml", "binary.yaml", "pipe", "/dev/zero", "refs.bib/x"]
)
def test_catalog_that_is_no_file_is_refused(project: Path, command: str, file: str) -> None:
    given_ = {
        "check": [file],
        "run": ["mean", "--catalog", file],
        "import": ["refs.bib", "--catalog", file],
    }
    result = run([command, *given_.get(command, ["--catalog", file])])
    assert result.exit_code == 1 and f"{file}:" in result.output


@pytest.mark.parametrize("file", ["docs", "nowhere.bib", "binary.yaml", "pipe", "/dev/zero"])
@pytest.mark.parametrize("form", ["bibtex", "csl-json", "zotero-rdf", "markdown"])
def test_list_that_is_no_file_is_refused(project: Path, file: str, form: str) -> None:
    result = run(["import", file, "--format", form])
    assert result.exit_code == 1 and f"{file}:" in result.output


CONFIGS = {
    "missing": None,
    "empty": "",
    "no mapping": "- a\n",
    "no YAML": "a: [\n",
    "not UTF-8": "site_name: \udcff\n",
    "control character": "site_name: \x07\n",
    "without plugins": "site_name: Toy\ntheme: {name: material}\n",
    "another theme": "site_name: Toy\nplugins: [yuanliu]\n",
    "no such plugin": "site_name: Toy\nplugins: [nowhere]\n",
    "no such docs": "site_name: Toy\ndocs_dir: nowhere\n",
    "tag": "site_name: !!python/name:nowhere.at_all\n",
    "odd options": "site_name: Toy\ntheme: {name: material}\nplugins: [yuanliu: {jobs: many}]\n",
    "no jobs": "site_name: Toy\ntheme: {name: material}\nplugins: [yuanliu: {jobs: -1}]\n",
    "cache is a file": (
        "site_name: Toy\ntheme: {name: material}\nplugins: [yuanliu: {cache: refs.bib}]\n"
    ),
    "hook that fails": "site_name: Toy\nhooks: [hook.py]\n",
}


@pytest.mark.parametrize("config", CONFIGS)
def test_configuration_that_is_wrong_is_refused(project: Path, config: str) -> None:
    text = CONFIGS[config]
    (project / "mkdocs.yml").unlink()
    (project / "hook.py").write_text("def on_config(config):\n    raise KeyError('[/b]')\n")
    if text is not None:
        (project / "mkdocs.yml").write_bytes(text.encode("utf-8", "surrogateescape"))
    assert run(["build"]).exit_code == 1
    assert not (project / "site").exists()
    if config != "without plugins":
        assert run(["serve"]).exit_code == 1


@pytest.mark.parametrize(
    "address", ["", "junk", "127.0.0.1:99999", "127.0.0.1:-1", ":::", "999.1.1.1:8000"]
)
def test_address_that_is_none_is_refused(project: Path, address: str) -> None:
    assert run(["serve", "--address", address]).exit_code == 1


# What a program of a curator may do wrong, and a part of what is said about it.
PROGRAMS = {
    "bad syntax": ("x = = 1", r"mean\.py:\d+"),
    "no import": ("import nowhere_at_all", r"mean\.py:\d+: ModuleNotFoundError"),
    "exit": ("import sys; sys.exit(3)", "SystemExit|exit"),
    "exit at once": ("import os; os._exit(3)", "died"),
    "killed": ("import os; os.kill(os.getpid(), 9)", "died"),
    "deep recursion": ("f = lambda: f()\nf()", "RecursionError"),
    "odd error": ("raise type('[/b]', (BaseException,), {})('[red]')", r"\[/b\]: \[red\]"),
    "no run": ("del run", "'run' is not defined"),
    "prints over": ("print = 3", "not callable"),
    "not UTF-8": ("x = '\udcff'", "UTF-8|utf-8|decode"),
    "zero byte": ("x = '\0'", "null"),
}
METRICS = {
    "text": ("{'error_ratio': 'x'}", "metrics must be numbers: error_ratio"),
    "none": ("{'error_ratio': None}", "metrics must be numbers: error_ratio"),
    "huge": ("{'error_ratio': 10**400}", "metrics must be numbers|int string conversion"),
    "list": ("[1, 2]", "metrics must be a dict"),
    "nested": ("{'error_ratio': {'a': [1]}}", "metrics must be numbers: error_ratio"),
    "of another name": ("{'ratio': 1.0}", "returns no metric 'error_ratio'"),
    "no JSON": ("{'error_ratio': 1j}", "JSON|metrics must be numbers"),
    "deep": ("__import__('functools').reduce(lambda a, _: [a], range(9**5), 1)", "Recursion|dict"),
}


def told_of(project: Path, old: str, new: str) -> str:
    """What a build says of the changed program, which it must refuse."""
    script = project / MEAN
    text = script.read_text(encoding="utf-8")
    assert old in text
    script.write_bytes(text.replace(old, new, 1).encode("utf-8", "surrogateescape"))
    built = run(["build"])
    assert built.exit_code == 1 and not (project / "site").exists()
    assert "mean.py" in built.stderr
    if "_exit" not in new and "kill" not in new:  # which end the process that they run in
        ran = run(["run", "mean", "--json"])
        assert ran.exit_code == 0 or ("mean.py" in ran.stderr and ran.stdout == "")
    return built.stderr


@pytest.mark.parametrize("program", PROGRAMS)
def test_program_that_fails_is_told_by_its_name(project: Path, program: str) -> None:
    line, message = PROGRAMS[program]
    told = told_of(project, "\n\n# %% caption", f"\n{line}\n\n\n# %% caption")
    assert re.search(message, told), told


@pytest.mark.parametrize("metrics", METRICS)
def test_metrics_that_are_none_are_refused(project: Path, metrics: str) -> None:
    value, message = METRICS[metrics]
    script = (project / MEAN).read_text(encoding="utf-8")
    edit_text(
        project, script[script.index("    print(") : script.index("\n\n\n# %% cap")], "", MEAN
    )
    told = told_of(project, '{"error_ratio": ratio}', value)
    assert re.search(message, told), told


@pytest.mark.parametrize(("value", "shown"), [("nan", "NaN"), ("inf", "∞"), ("-inf", "−∞")])
def test_run_that_diverges_is_shown_and_fails_its_claim(
    project: Path, value: str, shown: str
) -> None:
    edit_text(project, '{"error_ratio": ratio}', f"{{'error_ratio': float('{value}')}}", MEAN)
    ran = run(["run", "mean", "--json"])
    assert json.loads(ran.stdout)["metrics"] == {"error_ratio": None}
    assert shown in run(["run", "mean"]).stdout
    assert run(["build"]).exit_code == 0
    page = (project / "site/papers/gauss/index.html").read_text(encoding="utf-8")
    assert shown in page


def test_prints_of_a_program_do_not_mix_with_its_json(project: Path) -> None:
    edit_text(project, "    x = np", "    print('garbage')\n    x = np", MEAN)
    ran = run(["run", "mean", "--json"])
    assert json.loads(ran.stdout)["id"] == "mean" and "garbage" in ran.stderr


def test_fuzzer_that_follows_branches_finds_nothing(tmp_path: Path) -> None:
    """A short run that is the same each time; ``make fuzz TIME=600`` goes on for longer."""
    if find_spec("atheris") is None:
        pytest.skip("atheris has no wheel for this system or Python")
    path = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    command = [sys.executable, str(ROOT / "tests/fuzz_catalog.py"), "-runs=500", "-seed=1"]
    environment = {**os.environ, "PYTHONPATH": path}
    ended = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    done = re.search(r"Done (\d+) runs", ended.stderr)
    assert done and int(done[1]) >= 500, ended.stderr
