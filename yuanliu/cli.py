"""The command ``yuanliu``: its commands, what they print and what they exit with."""

from __future__ import annotations

import errno
import importlib.util
import io
import json
import logging
import math
import os
import signal
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress
from rich.table import Table
from typer.core import TyperGroup

from yuanliu import trouble
from yuanliu.catalog import Catalog, CatalogError, Entry, json_schema, load, unmeasured
from yuanliu.kept import write
from yuanliu.reading import read
from yuanliu.shard import Shard

if TYPE_CHECKING:
    from yuanliu.drift import State
    from yuanliu.links import Result as LinkResult
    from yuanliu.lookup import Record
    from yuanliu.pages import Verdict

os.environ.setdefault("NO_MKDOCS_2_WARNING", "1")


class Commands(TyperGroup):
    """Commands that end in one line on stderr where the disk, or the user, stops them."""

    def invoke(self, ctx: Any) -> Any:
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):  # a character that it lacks is spelt out
                stream.reconfigure(errors="backslashreplace")
        try:
            with trouble.stoppable():
                result = super().invoke(ctx)
                sys.stdout.flush()
                return result
        except KeyboardInterrupt as error:
            _failed("Stopped.")
            raise typer.Exit(128 + (error.args[0] if error.args else signal.SIGINT)) from error
        except OSError as error:
            _forget_output()
            if error.filename is None and error.errno in trouble.FULL:
                error.filename = "the output"
            if error.errno != errno.EPIPE:  # who reads has had enough: nothing to tell
                _failed("Not done.", trouble.told(error))
            raise typer.Exit(1) from error


def _forget_output() -> None:
    """Let what cannot be written to stdout go, or Python would try again at its end."""
    try:
        sys.stdout.flush()
    except OSError:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())
        os.close(null)


app = typer.Typer(
    cls=Commands,
    help="Yuanliu: one catalog in, a bilingual site out, with every claim run.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
out = Console(emoji=False)
err = Console(stderr=True, emoji=False)

CATALOG = Path("papers.yaml")
MKDOCS = Path("mkdocs.yml")


class Format(StrEnum):
    """What ``export`` writes."""

    bibtex = "bibtex"
    csl_json = "csl-json"
    ris = "ris"
    json = "json"


class ImportFormat(StrEnum):
    """What ``import`` reads."""

    bibtex = "bibtex"
    csl_json = "csl-json"
    zotero_rdf = "zotero-rdf"
    markdown = "markdown"


File = Annotated[Path, typer.Option("--catalog", help="The catalog to read.")]
Config = Annotated[Path, typer.Option("--config", help="The MkDocs configuration.")]
Scheduler = Annotated[
    str | None, typer.Option(metavar="ADDRESS", help="Run the snippets on this Dask cluster.")
]


def _load(path: Path) -> Catalog:
    """The catalog at ``path``, or exit 1 with every problem on stderr."""
    try:
        return load(path, snippets_dir=path.parent / "snippets")
    except CatalogError as error:
        _problems(error)
        raise typer.Exit(1) from error


def _problems(error: CatalogError) -> None:
    for problem in error.problems:
        print(problem, file=sys.stderr)
    err.print(f"[red]{_count(len(error.problems), 'problem')}[/red]", highlight=False)


def _failed(what: str, error: object = "") -> None:
    text = f"[red]{escape(what)}[/red] {escape(str(error))}".rstrip()
    err.print(text, highlight=False, soft_wrap=True)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _entry(catalog: Catalog, id_: str) -> Entry:
    try:
        return catalog.entry(id_)
    except KeyError as error:
        _failed(error.args[0])
        raise typer.Exit(1) from error


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="The catalog to check.")] = CATALOG,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit 1 when a translation is behind or unrecorded.")
    ] = False,
) -> None:
    """Validate the catalog and all that it refers to; every problem at once."""
    from yuanliu import words

    catalog = _load(file)
    try:
        words.load(file.parent / "locale", catalog.languages)
        states = _drift(file)
    except CatalogError as error:
        _problems(error)
        raise typer.Exit(1) from error
    stale = _tell_stale(file, states)
    loose = _tell_unrecorded(file, states)
    drafts = f" and {_count(len(catalog.drafts), 'draft')}" if catalog.drafts else ""
    found = _count(stale, "stale translation") if stale else "no problems"
    found = f"{file}: {len(catalog.entries)} entries{drafts}, {found}"
    out.print(found, highlight=False, markup=False, soft_wrap=True)
    if strict and (stale or loose):
        raise typer.Exit(1)


def _drift(file: Path) -> list[State]:
    """The texts beside their records; none where the project has no lock file."""
    from yuanliu import drift

    return drift.report(file, file.parent / "docs", file.parent / "snippets")


def _catalog_option(file: Path) -> str:
    """What a command is given so that it takes the catalog ``file``."""
    return "" if file == CATALOG else f" --catalog {file}"


def _tell_stale(file: Path, states: list[State]) -> int:
    """Say on stderr which languages fell behind, in the order of the files; how many they are."""
    problems = sorted(one for state in states for one in state.problems(_catalog_option(file)))
    for problem in problems:
        print(problem, file=sys.stderr)
    return len(problems)


def _tell_unrecorded(file: Path, states: list[State]) -> int:
    """Say on stderr how many texts changed in every language or are new; how many they are."""
    changed, new = (sum(getattr(state, name) for state in states) for name in ("changed", "new"))
    if changed or new:
        told = f"{_count(changed, 'text')} changed in every language, {new} new"
        command = f"yuanliu translated{_catalog_option(file)}"
        print(f"{told}; record them: {command}", file=sys.stderr)
    return changed + new


@app.command()
def translated(
    ids: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ID]...", help="Entries, docs/NAME or snippets/NAME that hold."),
    ] = None,
    file: File = CATALOG,
) -> None:
    """Record which versions of each text say the same; stale texts only of the IDs given."""
    from yuanliu import drift
    from yuanliu.edit import EditError

    _load(file)
    try:
        places = file.parent / "docs", file.parent / "snippets"
        done, left = drift.record(file, *places, ids or [])
    except CatalogError as error:
        _problems(error)
        raise typer.Exit(1) from error
    except (EditError, drift.DriftError) as error:
        _failed("Nothing recorded.", error)
        raise typer.Exit(1) from error
    stale = _tell_stale(file, left)
    told = f"{drift.lock(file)}: {_count(done, 'text')} recorded"
    told += f", {stale} stale" if stale else ""
    out.print(told, highlight=False, markup=False, soft_wrap=True)
    if stale:
        raise typer.Exit(1)


@app.command()
def build(
    directory: Annotated[Path, typer.Option("--out", help="Where the site goes.")] = Path("site"),
    config: Config = MKDOCS,
    scheduler: Scheduler = None,
) -> None:
    """Run the snippets whose outputs are stale, then build the site; exit 1 on any warning.

    The site is built beside its place and put there at once when it is whole.
    """
    from yuanliu import building, publish

    start = time.perf_counter()
    with _building(), publish.publishing(directory) as new, trouble.located(new), _logging():
        loaded = building.load(str(config), new)
        publish.refuse_sources(directory, [Path(loaded.docs_dir), config])
        building.build(loaded, scheduler)
    seconds = time.perf_counter() - start
    built = f"Built {directory.resolve()} in {seconds:.1f} s"
    out.print(built, highlight=False, markup=False, soft_wrap=True)


@contextmanager
def _building() -> Iterator[None]:
    """Exit 1 with what is wrong on stderr where MkDocs, the plugin or the disk refuses."""
    from mkdocs.exceptions import MkDocsException

    from yuanliu.publish import PublishError

    try:
        yield
    except (MkDocsException, PublishError) as error:
        _failed("The site was not built.", error)
        raise typer.Exit(1) from error
    except OSError as error:
        _failed("The site was not built.", trouble.told(error))
        raise typer.Exit(1) from error
    except Exception as error:  # of a hook, a theme, another plugin
        _failed("The site was not built.", f"{type(error).__name__}: {error}")
        raise typer.Exit(1) from error


def _shard(text: str) -> Shard:
    try:
        return Shard.parse(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


@app.command()
def warm(
    caches: Annotated[
        list[Path] | None, typer.Argument(metavar="CACHE", help="Take these caches in first.")
    ] = None,
    shard: Annotated[
        Shard | None, typer.Option(parser=_shard, metavar="K/N", help="Only part K of N.")
    ] = None,
    config: Config = MKDOCS,
    scheduler: Scheduler = None,
) -> None:
    """Run the snippets whose outputs are stale, and build nothing: the next build finds them."""
    from mkdocs.config import load_config
    from mkdocs.exceptions import MkDocsException

    from yuanliu import building, cache, snippets

    try:
        with _logging():
            loaded = load_config(str(config))
            plugin = building.plugin_of(loaded)
            plugin.config.scheduler = scheduler or plugin.config.scheduler
            place = Path(loaded.config_file_path).parent / plugin.config.cache
            with cache.opened(place):
                taken = sum(snippets.take(other, place) for other in caches or [])
            _, executions = plugin.run(loaded, shard)
    except (MkDocsException, snippets.SnippetError) as error:
        _failed("Not all snippets ran.", error)
        raise typer.Exit(1) from error
    took = f"{_count(taken, 'run')} taken in; " if caches else ""
    of = f" of shard {shard.number}/{shard.count}" if shard else ""
    out.print(f"{took}{_count(len(executions), 'snippet')}{of} in the cache", highlight=False)


@contextmanager
def _logging() -> Iterator[None]:
    """Show MkDocs' warnings and errors on stderr."""
    logger = logging.getLogger("mkdocs")
    stream = logging.StreamHandler()
    stream.setFormatter(logging.Formatter("%(levelname)-8s %(message)s"))
    stream.setLevel(logging.WARNING)
    logger.addHandler(stream)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(stream)


@app.command()
def serve(
    address: Annotated[str, typer.Option(help="HOST:PORT to listen on.")] = "127.0.0.1:8000",
    config: Config = MKDOCS,
) -> None:
    """Build and serve with live reload: an edit shows without a restart."""
    from mkdocs.commands.serve import serve as mkdocs_serve

    with _building(), _logging():
        mkdocs_serve(str(config), dev_addr=address)


@app.command()
def run(
    id_: Annotated[str, typer.Argument(metavar="ID", help="A snippet, or an entry.")],
    seed: Annotated[int, typer.Option(help="Of the random numbers.", min=0, max=2**32 - 1)] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    figures: Annotated[Path, typer.Option(help="Where the plots go.")] = Path("runs"),
    file: File = CATALOG,
) -> None:
    """Run a snippet and check its claims; exit 1 when one fails."""
    from yuanliu.pages import verdicts
    from yuanliu.snippets import numbers

    catalog = _load(file)
    users = [entry for entry in catalog.entries if entry.snippet == id_]
    entries = users or [_entry(catalog, id_)]
    name = entries[0].snippet
    # A second thread hardly helps models so small, and waits badly when the machine has other work.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    script = file.parent / "snippets" / f"{name}.py"
    start = time.perf_counter()
    with _running(script):
        module = _import(script)
        result = module.experiment(seed)
        metrics = numbers(script, result.metrics)
    seconds = time.perf_counter() - start
    unknown = unmeasured(entries, {name: metrics})
    if unknown:
        _failed("\n".join(unknown))
        raise typer.Exit(1)
    checked = [
        verdict
        for entry in entries
        for verdict in verdicts(entry, metrics)
        if verdict.holds is not None
    ]
    if as_json:
        print(_run_json(id_, seed, seconds, metrics, checked))
    else:
        with _running(script):
            drawn = _draw(module, result)
        paths = _save(drawn, figures, f"{name}-seed{seed}")
        _print_run(name, seed, seconds, metrics, checked, paths)
    if not all(verdict.holds for verdict in checked):
        raise typer.Exit(1)


def _import(path: Path) -> ModuleType:
    """The snippet at ``path`` as a module; plots get the site's look and no window.

    Its folder is searched for modules, since one snippet may build on another.
    """
    import matplotlib

    from yuanliu.snippets import MATPLOTLIBRC

    matplotlib.rc_file(MATPLOTLIBRC)
    matplotlib.use("agg")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec and spec.loader, f"{path} is a Python file"
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    sys.path.insert(0, str(path.parent.resolve()))
    spec.loader.exec_module(module)
    return module


@contextmanager
def _running(script: Path) -> Iterator[None]:
    """Exit 1 with file and line on stderr where the program fails; its prints go there too."""
    from yuanliu.snippets import SnippetError

    try:
        with redirect_stdout(sys.stderr):
            yield
    except SnippetError as error:
        _failed("The run failed.", error)
        raise typer.Exit(1) from error
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # whatever the program raises
        frames = traceback.extract_tb(error.__traceback__)
        own = [one.lineno for one in frames if Path(one.filename) == script.resolve()]
        line = error.lineno if isinstance(error, SyntaxError) else next(reversed(own), None)
        where = f"{script}:{line}" if line else script
        _failed("The run failed.", f"{where}: {type(error).__name__}: {error}")
        raise typer.Exit(1) from error


def _draw(module: ModuleType, result: object) -> dict[str, bytes]:
    """Every plot of the snippet as PNG, by name."""
    drawn = {}
    for name, function in list(vars(module).items()):
        if name.startswith("draw_"):
            stream = io.BytesIO()
            function(result).savefig(stream, format="png", dpi=150, facecolor="white")
            drawn[name.removeprefix("draw_")] = stream.getvalue()
    return drawn


def _save(drawn: dict[str, bytes], directory: Path, stem: str) -> list[Path]:
    directory.mkdir(parents=True, exist_ok=True)
    paths = [directory / f"{stem}-{name}.png" for name in drawn]
    for path, content in zip(paths, drawn.values(), strict=True):
        write(path, content)
    return paths


def _run_json(
    id_: str, seed: int, seconds: float, metrics: dict[str, float], checked: list[Verdict]
) -> str:
    claims = [
        {
            "id": verdict.claim.id,
            "metric": verdict.claim.metric,
            "expect": verdict.claim.expect,
            "value": _json_number(verdict.value),
            "holds": verdict.holds,
        }
        for verdict in checked
    ]
    values = {metric: _json_number(value) for metric, value in metrics.items()}
    report = {"id": id_, "seed": seed, "seconds": round(seconds, 2), "metrics": values}
    return json.dumps({**report, "claims": claims}, ensure_ascii=False)


def _json_number(value: float | None) -> float | None:
    """The number, or None for what JSON has no number for: NaN and the infinities."""
    return value if value is not None and math.isfinite(value) else None


def _print_run(
    name: str,
    seed: int,
    seconds: float,
    metrics: dict[str, float],
    checked: list[Verdict],
    paths: list[Path],
) -> None:
    from yuanliu.pages import number

    measured = Table("metric", "value", title=f"{name}, seed {seed}, {seconds:.1f} s")
    for metric, value in metrics.items():
        measured.add_row(escape(metric), number(value))
    out.print(measured)
    claims = Table("claim", "in the paper", "expected", "measured", "holds", show_lines=True)
    for verdict in checked:
        texts = verdict.claim.text
        text = texts[_terminal_language(list(texts))]
        mark = "[green]✓[/green]" if verdict.holds else "[red]✗[/red]"
        expected = f"{verdict.claim.metric} {verdict.claim.expect}"
        value = number(verdict.value) if verdict.value is not None else ""
        claims.add_row(escape(text), escape(verdict.claim.source), escape(expected), value, mark)
    if checked:
        out.print(claims)
    else:
        out.print("No claim of this entry is measured yet.")
    for path in paths:
        out.print(f"plot: {path}", highlight=False, markup=False, soft_wrap=True)


def _terminal_language(languages: list[str]) -> str:
    """Which of the languages is nearest to the terminal's locale: else English, else the first."""
    locale = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG", "")
    tag = locale.partition(".")[0].replace("_", "-")
    near = [one for one in languages if one.partition("-")[0] == tag.partition("-")[0]]
    exact = [one for one in near if one == tag]
    return (exact or near or [one for one in languages if one == "en"] or languages)[0]


@app.command()
def path(
    id_: Annotated[str | None, typer.Argument(metavar="ID", help="Only the way to it.")] = None,
    file: File = CATALOG,
) -> None:
    """Print the reading path: all of it, or up to one entry."""
    from yuanliu import words

    catalog = _load(file)
    route = catalog.route_to(_entry(catalog, id_).id) if id_ else catalog.reading_order()
    language = _terminal_language(catalog.languages)
    try:
        kinds = words.load(file.parent / "locale", catalog.languages)[language]["kind_names"]
    except CatalogError as error:
        _problems(error)
        raise typer.Exit(1) from error
    table = Table("", "id", "title", "year", "kind", "level", "min")
    for step, entry in enumerate(route, 1):
        table.add_row(
            str(step),
            entry.id,
            escape(entry.title[language]),
            str(entry.year),
            kinds[entry.kind],
            str(entry.level),
            str(entry.minutes),
        )
    out.print(table)


@app.command()
def export(
    form: Annotated[Format, typer.Option("--format", help="What to write.")] = Format.bibtex,
    file: File = CATALOG,
) -> None:
    """Write the catalog for Zotero, LaTeX and programs to stdout."""
    from yuanliu import cite

    print(cite.FORMATS[form](_load(file).entries), end="")


@app.command()
def add(
    work: Annotated[str, typer.Argument(help="An address, an arXiv id or a DOI.")],
    id_: Annotated[str | None, typer.Option("--id", help="The entry's id.")] = None,
    kind: Annotated[str | None, typer.Option(help="paper, video, blog, book…")] = None,
    preview: Annotated[bool, typer.Option("--preview", help="Print it, write nothing.")] = False,
    file: File = CATALOG,
) -> None:
    """Look a work up and append it to the catalog as a draft. Asks the network."""
    import asyncio

    from yuanliu import lookup
    from yuanliu.web import WebError

    _load(file)
    with _told_plainly():
        # What the catalog holds already need not be asked for.
        _refuse_known(file, work)
        try:
            with err.status("Looking it up…"):
                record = asyncio.run(_look_up(work))
        except (lookup.LookUpError, WebError) as error:
            _failed("Nothing added.", error)
            raise typer.Exit(1) from error
        _append(file, [replace(record, kind=kind or record.kind)], id_, preview)


@app.command("import")
def import_(
    source: Annotated[
        Path, typer.Argument(metavar="FILE", help="BibTeX, CSL-JSON, RDF, Markdown.")
    ],
    form: Annotated[ImportFormat | None, typer.Option("--format", help="When not by name.")] = None,
    skip_broken: Annotated[bool, typer.Option("--skip-broken", help="Take the others.")] = False,
    preview: Annotated[bool, typer.Option("--preview", help="Print it, write nothing.")] = False,
    file: File = CATALOG,
) -> None:
    """Append the works of a list that others keep as drafts, all or none; asks no network."""
    from yuanliu import edit, importing

    _load(file)
    with _told_plainly():
        try:
            found = importing.read_works(source, form)
        except importing.ImportingError as error:
            _failed("Nothing added.", error)
            raise typer.Exit(1) from error
        broken = [one for one in found if not one.record]
        for one in broken:
            print(f"{source}:{one.line}: {one.problem}", file=sys.stderr)
        if broken and not skip_broken:
            told = f"{_count(len(broken), 'work')} cannot be read; mend them, or give --skip-broken"
            raise edit.EditError(told)
        records = [one.record for one in found if one.record]
        new, known = edit.only_new(read(file).data["entries"], records)
        if new:
            _append(file, new, None, preview)
        counted = f"{_count(len(new), 'work')} added" if not preview else f"{len(new)} new"
        err.print(f"{counted}, {len(known)} in the catalog already", highlight=False)


async def _look_up(work: str) -> Record:
    from yuanliu import lookup
    from yuanliu.web import Web

    async with Web() as web:
        return await lookup.look_up(work, web)


def _refuse_known(file: Path, work: str) -> None:
    """Raise EditError where the catalog has the address or identifier ``work``."""
    from yuanliu import edit, lookup

    try:
        what, id_ = lookup.identify(work)
    except lookup.LookUpError as error:
        raise edit.EditError(str(error)) from error
    known = lookup.Record(title=work, url=lookup.address(what, id_))
    edit.refuse_duplicate(file, read(file), known)


def _append(file: Path, records: list[Record], id_: str | None, preview: bool) -> None:
    """Append drafts and say what comes next, or only show them."""
    from yuanliu import edit

    if preview:
        print(edit.preview(file, records, id_))
        return
    added = edit.append(file, records, file.parent / "snippets", id_)
    for one in added:
        line = f"{file}:{one.line}: draft '{one.id}': {one.record.title}"
        out.print(line, highlight=False, markup=False, soft_wrap=True)
    out.print(
        "Fill in what is empty and delete 'draft: true'; yuanliu stats lists what is missing, "
        "yuanliu check says what is wrong.",
        highlight=False,
        soft_wrap=True,
    )


@contextmanager
def _told_plainly() -> Iterator[None]:
    """Exit 1 with the problem on stderr where the catalog cannot be added to."""
    from yuanliu.edit import EditError

    try:
        yield
    except CatalogError as error:
        _problems(error)
        raise typer.Exit(1) from error
    except EditError as error:
        _failed("Nothing added.", error)
        raise typer.Exit(1) from error


def _amount(help_: str) -> Any:
    """An option for a number that is not negative, nor endless, nor NaN."""

    def check(value: float) -> float:
        if not 0 <= value <= 36_500:
            raise typer.BadParameter(f"{value} is not in the range 0 to 36500.")
        return value

    return typer.Option(help=help_, callback=check)


@app.command()
def links(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    max_age: Annotated[float, _amount("Days that a good result is believed.")] = 7,
    pause: Annotated[float, _amount("Seconds between requests to one host.")] = 1,
    jobs: Annotated[int, typer.Option(help="Hosts asked at once.", min=1)] = 16,
    timeout: Annotated[float, _amount("Seconds to wait for an answer.")] = 20,
    archives: Annotated[bool, typer.Option(help="Look for copies of dead links.")] = True,
    file: File = CATALOG,
) -> None:
    """Check every link of the catalog and of docs/; exit 1 when one is dead. Asks the network."""
    import asyncio

    from yuanliu import links as found

    _load(file)
    pages = [*sorted((file.parent / "docs").rglob("*.md")), *sorted(file.parent.glob("*.md"))]
    written = [*found.of_catalog(file, read(file))]
    try:
        written += [link for page in pages for link in found.of_markdown(page)]
    except found.PageError as error:
        _failed("Nothing checked.", error)
        raise typer.Exit(1) from error
    places: dict[str, list[str]] = {}
    for link in written:
        places.setdefault(link.url.partition("#")[0], []).append(str(link))
    cache = found.Cache(file.parent / ".cache/links.json", timedelta(days=max_age))
    results: dict[str, found.Result] = {}
    with Progress(console=err, transient=True, disable=not err.is_terminal) as progress:
        task = progress.add_task("links", total=len(places))

        def done(url: str, result: found.Result) -> None:
            results[url] = result
            progress.advance(task)

        async def ask() -> None:
            from yuanliu.web import Web

            async with Web(timeout=timeout) as web:
                known = cache.fresh(datetime.now(UTC))
                options = {"jobs": jobs, "pause": pause, "archives": archives}
                await found.check(places, web, known=known, on_done=done, **options)

        try:
            asyncio.run(ask())
        finally:
            try:
                cache.save(results, datetime.now(UTC))
            except OSError as error:
                _failed("The results are not kept.", trouble.told(error))
    if as_json:
        report = [{"url": url, **vars(results[url]), "places": at} for url, at in places.items()]
        print(json.dumps({"links": report}, ensure_ascii=False))
    else:
        _print_links(places, results)
    if any(result.verdict == "dead" for result in results.values()):
        raise typer.Exit(1)


def _print_links(places: dict[str, list[str]], results: dict[str, LinkResult]) -> None:
    colours = {"dead": "red", "unsure": "yellow", "moved": "cyan"}
    for verdict, colour in reversed(colours.items()):
        for url, at in places.items():
            result = results[url]
            if result.verdict != verdict:
                continue
            text = f"[{colour}]{verdict}[/{colour}] {escape(url)}: {escape(result.detail)}"
            out.print(f"{escape(', '.join(at))}: {text}", highlight=False, soft_wrap=True)
            if result.archive:
                copy = f"    a copy to link to instead: {escape(result.archive)}"
                out.print(copy, highlight=False, soft_wrap=True)
    verdicts_ = [result.verdict for result in results.values()]
    told = ", ".join(f"{verdicts_.count(one)} {one}" for one in ("ok", "moved", "unsure", "dead"))
    cached = sum(result.cached for result in results.values())
    out.print(f"{_count(len(results), 'link')}: {told} ({cached} from the cache)", highlight=False)


@app.command()
def stats(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    file: File = CATALOG,
) -> None:
    """Count the catalog and list what lacks a claim, a measurement, a translation or a check."""
    from yuanliu import stats as found

    catalog = _load(file)
    try:
        states = _drift(file)
    except CatalogError as error:
        _problems(error)
        raise typer.Exit(1) from error
    gaps, counts = found.lacks(catalog, date.today(), states), found.counts(catalog)
    if as_json:
        print(json.dumps({"counts": counts, "lacks": gaps}, ensure_ascii=False))
        return
    told = ", ".join(f"{number} {name}" for name, number in counts.items())
    out.print(told, highlight=False, soft_wrap=True)
    document = read(file)
    lines = {
        entry["id"]: document.values[("entries", number, "id")][0]
        for number, entry in enumerate(document.data["entries"])
    }
    names = {
        "draft": "drafts, with what is to be filled in",
        "claim": "entries that state no claim",
        "measurement": "entries with claims that no program measures",
        "translation": "entries with the same words in two languages",
        "untranslated": "entries that lack texts in a partial language",
        "stale": "entries with a translation that is older than another",
        "check": "entries whose facts were not checked within a year",
    }
    for gap, works in gaps.items():
        out.print(f"\n{names[gap]}: {len(works) or 'none'}", style="bold", highlight=False)
        for id_, what in works.items():
            line = f"  {file}:{lines[id_]}: {id_}: {', '.join(what)}"
            out.print(line, highlight=False, markup=False, soft_wrap=True)


@app.command()
def new(directory: Annotated[Path, typer.Argument(metavar="DIR")]) -> None:
    """Make a site of your own in DIR: two entries, a snippet, and tests that pass."""
    from yuanliu import new as site

    try:
        files = site.make(directory)
    except site.NewSiteError as error:
        _failed("Nothing made.", error)
        raise typer.Exit(1) from error
    for path in files:
        print(directory / path)
    then = f"Now: cd {directory} && make PYTHON={sys.executable} serve"
    out.print(then, highlight=False, markup=False, soft_wrap=True)


@app.command()
def schema() -> None:
    """Write the JSON Schema of a catalog to stdout, for editors."""
    print(json.dumps(json_schema(), ensure_ascii=False, indent=2))
