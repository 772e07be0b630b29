"""Seconds and memory of builds of long lists, beside other builders on the same pages.

Run: python benchmarks/scale.py [ENTRIES…]. The entries are ours over and over, under other ids.
The others build the articles of our pages, turned into plain Markdown, with the same navigation.
Each runs ``ROUNDS`` times, in turn; the least time counts. Then each runs once more for its memory,
since to look at that takes time. Hugo and Zensical are measured when they are installed: apt
install hugo, pip install zensical.
"""

from __future__ import annotations

import copy
import json
import os
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import psutil
import yaml
from bs4 import BeautifulSoup
from markdownify import markdownify
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).parent.parent
TOY = ROOT / "tests/toy"
ROUNDS = 2
MATERIAL = {
    "site_name": "Material alone",
    "site_url": "http://127.0.0.1:8000/",
    "theme": {"name": "material", "language": "zh-TW", "font": False},
    "plugins": ["search"],
    "markdown_extensions": ["attr_list", "tables"],
    "validation": {"links": {"not_found": "ignore", "unrecognized_links": "ignore"}},
}
LAYOUT = (
    '<!doctype html><html lang="zh-TW"><head><meta charset="utf-8"><title>{{ .Title }}</title>'
    "</head><body><nav>{{ range .Site.Menus.main }}<a href='{{ .URL }}'>{{ .Name }}</a>{{ end }}"
    "</nav><main>{{ .Content }}</main></body></html>"
)


@dataclass
class Cost:
    """What one run took; memory is that of all its processes at once, at the peak."""

    seconds: float
    cpu: float
    mib: float


def catalog(count: int) -> dict:
    """Our catalog with ``count`` entries."""
    whole = yaml.load((ROOT / "papers.yaml").read_text(encoding="utf-8"), yaml.CSafeLoader)
    ours = [entry for entry in whole["entries"] if not entry.get("draft")]
    entries = []
    for number in range(count):
        turn, entry = number // len(ours), copy.deepcopy(ours[number % len(ours)])
        again = f"-{turn}" if turn else ""
        entry["id"] += again
        entry["requires"] = [needed + again for needed in entry["requires"]]
        entry["title"] = {key: text + again for key, text in entry["title"].items()}
        entry["snippet"] = "mean"
        for claim in entry["claims"]:
            claim.pop("metric", None)
            claim.pop("expect", None)
        entries.append(entry)
    ids = {entry["id"] for entry in entries}
    for entry in entries:
        entry["requires"] = [needed for needed in entry["requires"] if needed in ids]
    whole["entries"] = entries
    whole["routes"] = [r for r in whole["routes"] if r.get("to") and {*r["to"]} <= ids]
    return whole


def write(project: Path, content: dict) -> None:
    """Put a catalog into the project."""
    text = json.dumps(content, ensure_ascii=False, indent=1, default=str)
    (project / "papers.yaml").write_text(text, encoding="utf-8")


def as_markdown(site: Path, docs: Path) -> list[Path]:
    """Write the article of every page of ``site`` as Markdown; returns the pages, from ``docs``."""
    made = []
    for page in sorted(site.rglob("index.html")):
        soup = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")
        article, title = soup.find("article"), soup.find("title")
        if article is None or title is None:
            continue
        for element in article.find_all(["svg", "script", "form", "button", "input", "math"]):
            element.decompose()
        path = page.relative_to(site).with_suffix(".md")
        (docs / path).parent.mkdir(parents=True, exist_ok=True)
        text = markdownify(str(article), heading_style="ATX")
        name = json.dumps(title.get_text().split(" - ")[0], ensure_ascii=False)
        (docs / path).write_text(f"---\ntitle: {name}\n---\n{text}", encoding="utf-8")
        made.append(path)
    return made


def run(command: list[str], folder: Path, watched: bool = False) -> Cost:
    """Run a builder to its end; only where it is ``watched`` is its memory known."""
    start, cpu, peak = time.perf_counter(), os.times(), 0.0
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "NO_MKDOCS_2_WARNING": "1"}
    with tempfile.TemporaryFile() as log:
        ran = psutil.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
        while watched and ran.poll() is None:
            peak = max(peak, _memory(ran))
            time.sleep(0.2)
        if ran.wait():
            log.seek(0)
            raise SystemExit(f"{' '.join(command)}: {log.read().decode()[-2000:]}")
    now = os.times()
    used = now.children_user + now.children_system - cpu.children_user - cpu.children_system
    return Cost(time.perf_counter() - start, used, peak / 2**20)


def _memory(process: psutil.Process) -> float:
    total = 0
    for one in [process, *process.children(recursive=True)]:
        try:
            info = one.memory_full_info()
            total += getattr(info, "pss", info.uss)  # what forked processes share counts once
        except psutil.Error:
            continue
    return total


def others(folder: Path, pages: list[Path]) -> dict[str, tuple[list[str], Path]]:
    """Command and folder of each other builder that is installed."""
    few = [path for path in pages if path.parent.parent.name not in ("papers", "tags")]
    settings = {**MATERIAL, "nav": [path.as_posix() for path in few]}
    (folder / "mkdocs.yml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    found = {"MkDocs-Material": ([sys.executable, "-m", "mkdocs", "build", "-q"], folder)}
    zensical = shutil.which("zensical")
    if zensical:
        found["Zensical"] = ([zensical, "build", "-f", "mkdocs.yml", "--clean"], folder)
    hugo = shutil.which("hugo")
    if hugo:
        layouts = folder / "layouts/_default"
        layouts.mkdir(parents=True)
        for name in ("single.html", "list.html"):
            (layouts / name).write_text(LAYOUT, encoding="utf-8")
        menu = [{"name": path.parent.as_posix(), "url": path.parent.as_posix()} for path in few]
        kinds = ["taxonomy", "term", "RSS"]
        settings = {"contentDir": "docs", "disableKinds": kinds, "menu": {"main": menu}}
        (folder / "config.json").write_text(json.dumps(settings), encoding="utf-8")
        found["Hugo"] = ([hugo, "--quiet", "--cleanDestinationDir", "-d", "hugo"], folder)
    return found


def measure(count: int) -> list[tuple[str, Cost]]:
    """Costs of all builders for ``count`` entries, ours first."""
    build = [sys.executable, "-m", "yuanliu", "build"]
    with tempfile.TemporaryDirectory() as name:
        project, plain = Path(name, "project"), Path(name, "plain")
        shutil.copytree(TOY, project)
        content = catalog(count)
        write(project, content)
        run(build, project)  # the snippet has run
        plain.mkdir()
        commands = others(plain, as_markdown(project / "site", plain / "docs"))
        costs: dict[str, list[Cost]] = {}
        for turn in range(ROUNDS + 1):
            watched = turn == ROUNDS
            shutil.rmtree(project / "site")
            for kind in ("pages", "assets", "maps", "templates"):
                shutil.rmtree(project / ".cache/snippets" / kind)
            costs.setdefault("Yuanliu", []).append(run(build, project, watched))
            for language in content["languages"]:
                content["entries"][count // 2]["summary"][language] += f" Edit {turn}."
            write(project, content)
            edited = costs.setdefault("Yuanliu, one entry edited", [])
            edited.append(run(build, project, watched))
            for other, (command, folder) in commands.items():
                shutil.rmtree(folder / "site", ignore_errors=True)
                shutil.rmtree(folder / ".cache", ignore_errors=True)
                costs.setdefault(other, []).append(run(command, folder, watched))
    found = []
    for who, (*timed, looked_at) in costs.items():
        best = min(timed, key=lambda cost: cost.seconds)
        found.append((who, replace(best, mib=looked_at.mib)))
    return found


def main(counts: list[int]) -> None:
    """Print a table, one row a size and builder."""
    table = Table("entries", "builder", "s", "CPU s", "MiB", "s / Material's", "s / our full build")
    for count in counts:
        costs = measure(count)
        known = dict(costs)
        for who, cost in costs:
            ratios = [cost.seconds / known[one].seconds for one in ("MkDocs-Material", "Yuanliu")]
            row = [cost.seconds, cost.cpu, cost.mib, *ratios]
            table.add_row(str(count), who, *(f"{value:.3g}" for value in row))
    Console(width=120 if not sys.stdout.isatty() else None).print(table)


if __name__ == "__main__":
    main([int(number) for number in sys.argv[1:]] or [100, 1000, 3000])
