"""Builds: languages side by side, kept pages, and an edit that rebuilds what it touches."""

from __future__ import annotations

import io
import json
import os
import random
import re
import shutil
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import psutil
import pytest
import yaml
from conftest import edit, yuanliu

from yuanliu import building
from yuanliu.pages import LONG


def built(project: Path, *, fresh: bool = False) -> dict[str, bytes]:
    """Every file of a build of the project; a fresh one has nothing of builds before."""
    if fresh:
        for kind in ("pages", "assets", "maps", "templates"):
            shutil.rmtree(project / ".cache/snippets" / kind, ignore_errors=True)
    result = yuanliu("build", cwd=project)
    assert result.returncode == 0, result.stderr
    return files(project / "site")


def files(site: Path) -> dict[str, bytes]:
    """What a site holds."""
    return {
        path.relative_to(site).as_posix(): path.read_bytes()
        for path in sorted(site.rglob("*"))
        if path.is_file()
    }


def grow(project: Path, count: int) -> None:
    """Give the toy project ``count`` entries, each in need of one before it."""
    catalog = yaml.safe_load((project / "papers.yaml").read_text(encoding="utf-8"))
    first = catalog["entries"][0]
    catalog["entries"] = [
        {
            **first,
            "id": f"work-{number}",
            "title": {key: f"{text} {number}" for key, text in first["title"].items()},
            "era": ("early", "late")[number * 2 // count],
            "requires": [f"work-{number // 2}"] if number else [],
        }
        for number in range(count)
    ]
    catalog["routes"] = [{**catalog["routes"][1], "to": ["work-1"]}]
    write(project, catalog)


def write(project: Path, catalog: dict) -> None:
    """JSON is YAML too, and has no aliases for what is there twice."""
    text = json.dumps(catalog, ensure_ascii=False, indent=1, default=str)
    (project / "papers.yaml").write_text(text, encoding="utf-8")


def kept(project: Path, kind: str = "pages") -> set[Path]:
    """The files on the shelves of all languages."""
    found = (project / ".cache/snippets" / kind).glob("*/*")
    return {path for path in found if path.name != "index.jsonl"}


def different(one: dict[str, bytes], other: dict[str, bytes]) -> list[str]:
    return [name for name in sorted({*one, *other}) if one.get(name) != other.get(name)]


EDITS = [  # the n-th is made to the n-th entry
    lambda entry: entry["summary"].update(en="Said anew."),
    lambda entry: entry["title"].update({"zh-TW": "新的題目", "en": "New"}),
    lambda entry: entry.update(kind="video"),
    lambda entry: entry.update(year=1999, authors=["Ada Lovelace"]),
    lambda entry: entry["claims"][0].update(expect="< 2"),
    lambda entry: entry.update(requires=["work-0", "work-1"]),
    lambda entry: entry.update(minutes=77, level=3),
    lambda entry: entry["takeaways"].update(en=["c", "d"]),
    lambda entry: entry.update(era="late", tags=["mean", "more"]),
    lambda entry: entry["why"].update(en="So that its page takes longer to read. " * 99),
    lambda entry: entry["claims"][0]["text"].update({"zh-TW": "另一種說法。"}),
    lambda entry: entry.update(snippet="median", claims=[]),
]


def test_what_edits_leave_is_what_a_fresh_build_makes(toy: Path) -> None:
    grow(toy, len(EDITS) + 2)
    catalog = yaml.safe_load((toy / "papers.yaml").read_text(encoding="utf-8"))
    catalog["tags"]["more"] = {"zh-TW": "更多", "en": "more"}
    shutil.copy(toy / "snippets/mean.py", toy / "snippets/median.py")
    catalog["entries"][-1].update(snippet="median", claims=[])
    write(toy, catalog)
    before = built(toy, fresh=True)
    for number, change in enumerate(EDITS):
        change(catalog["entries"][number])
        write(toy, catalog)
        after = built(toy)
        assert different(before, after), number
        before = after
    assert different(before, built(toy, fresh=True)) == []


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("papers.yaml", "en: Early", "en: Earliest"),
        ("papers.yaml", "The sum over the count.", "Sum over count."),
        ("mkdocs.yml", "site_name: Toy", "site_name: Play"),
        ("docs/index.en.md", "# ", "# Another "),
        ("snippets/mean.py", "size=101", "size=103"),
    ],
)
def test_what_stands_on_every_page_is_new_on_every_page(
    toy: Path, file: str, old: str, new: str
) -> None:
    built(toy, fresh=True)
    edit(toy, old, new, file)
    assert different(built(toy), built(toy, fresh=True)) == []


def test_an_edit_rebuilds_what_it_touches_only(toy: Path) -> None:
    grow(toy, LONG + 1)
    built(toy, fresh=True)
    pages, others = kept(toy), kept(toy, "assets")
    catalog = yaml.safe_load((toy / "papers.yaml").read_text(encoding="utf-8"))
    edited = random.Random(0).choice(catalog["entries"])
    edited["summary"]["en"] = "Said anew."
    write(toy, catalog)
    built(toy)
    assert len(kept(toy) - pages) == 2  # of 2 x 220: the entry's own, for it may lend its words
    assert len(kept(toy, "assets") - others) == 2 * 2 + 3  # books and citations
    edited["title"]["en"] = "Named anew"
    write(toy, catalog)
    built(toy)
    fresh = kept(toy) - pages
    assert 2 + 2 < len(fresh) <= 2 + 50  # its neighbours and the lists too


@pytest.mark.parametrize("kind", ["pages", "assets"])
@pytest.mark.parametrize("trouble", ["cut", "written", "gone", "index", "index gone"])
def test_what_somebody_changed_on_the_shelf_is_made_anew(
    toy: Path, kind: str, trouble: str
) -> None:
    whole = built(toy, fresh=True)
    for file in kept(toy, kind):
        if trouble == "cut":
            file.write_bytes(file.read_bytes()[:100])
        elif trouble == "written":  # in place, as long as before
            file.write_bytes(b"x" * file.stat().st_size)
        elif trouble == "gone":
            file.unlink()
    for index in (toy / ".cache/snippets" / kind).glob("*/index.jsonl"):
        if trouble == "index":
            index.write_bytes(index.read_bytes()[:200])
        elif trouble == "index gone":
            index.unlink()
    assert different(whole, built(toy)) == []


def test_what_somebody_changed_in_the_site_is_made_anew(toy: Path) -> None:
    whole = built(toy, fresh=True)
    for file in (toy / "site").rglob("*"):
        if file.is_file():
            file.write_bytes(file.read_bytes().replace(b"e", b"a"))
    assert different(whole, built(toy)) == []


def test_pages_that_are_not_kept_are_the_same(toy: Path) -> None:
    whole = built(toy, fresh=True)
    shutil.rmtree(toy / ".cache/snippets/pages")
    edit(toy, "yuanliu: {jobs: 1}", "yuanliu: {jobs: 1, keep_pages: false}", "mkdocs.yml")
    assert different(whole, built(toy)) == []
    assert not (toy / ".cache/snippets/pages").exists()


def test_a_build_after_books_were_made_in_the_same_process_comes_to_its_end(toy: Path) -> None:
    """Typst leaves threads behind, which a forked process would wait for in vain."""
    program = (
        "from pathlib import Path; from yuanliu import building\n"
        "alone, site = Path('alone').resolve(), Path('site').resolve()\n"
        "building.mkdocs_build(building.load('mkdocs.yml', alone))\n"
        "import shutil; shutil.rmtree('.cache/snippets/assets'); site.mkdir()\n"
        "building.build(building.load('mkdocs.yml', site))\n"
    )
    subprocess.run([sys.executable, "-c", program], cwd=toy, check=True, timeout=180)
    assert (toy / "site/en/book.pdf").is_file()


def test_prerequisites_may_be_listed_in_any_order(toy: Path) -> None:
    grow(toy, 4)
    catalog = yaml.safe_load((toy / "papers.yaml").read_text(encoding="utf-8"))
    catalog["entries"][3]["requires"] = ["work-1", "work-0"]
    catalog["entries"][2]["requires"] = ["work-3"]
    write(toy, catalog)
    assert "papers/work-3/index.html" in built(toy)


def test_languages_built_side_by_side_are_those_built_one_after_the_other(
    toy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    side_by_side = built(toy, fresh=True)
    alone = toy / "alone"
    loaded = building.load(str(toy / "mkdocs.yml"), alone)
    building.mkdocs_build(loaded)  # what `mkdocs build` does
    # The last language's 404 page and a map in another layout are what MkDocs leaves alone.
    apart = {"404.html", "offline.json", "en/offline.json", "sitemap.xml", "sitemap.xml.gz"}
    assert set(different(side_by_side, files(alone))) <= apart
    addresses = [
        sorted(re.findall(r"<loc>(.*?)</loc>", site["sitemap.xml"].decode()))
        for site in (side_by_side, files(alone))
    ]
    assert addresses[0] == addresses[1]


def test_a_long_list_has_maps_and_books_of_one_era_each(toy: Path) -> None:
    grow(toy, LONG + 1)
    site = built(toy)
    assert "book.pdf" not in site and "en/book.epub" not in site
    for era, volumes in (("early", 4), ("late", 4)):  # of 101 and 100 works
        page = site[f"en/eras/{era}/index.html"].decode()
        bound = set(re.findall(r'href="(book-[1234]\.(?:pdf|epub))"', page))
        assert 'class="yl-graph"' in page and len(bound) == 2 * volumes
        assert bound == {Path(name).name for name in site if f"en/eras/{era}/book" in name}
    bound_early = [site[f"en/eras/early/book-{n}.epub"] for n in (1, 2, 3, 4)]
    books = [zipfile.ZipFile(io.BytesIO(content)) for content in bound_early]
    works = [
        book.read(name).decode() for book in books for name in book.namelist() if "page" in name
    ]
    assert all(sum(f"Least squares {n}<" in work for work in works) for n in range(LONG // 2))
    assert b'class="yl-graph"' not in site["en/path/index.html"]


def test_a_language_that_fails_fails_the_build_and_is_named(toy: Path) -> None:
    (toy / "docs/index.en.md").write_text("# Home\n\n[gone](nowhere.md)\n", encoding="utf-8")
    result = yuanliu("build", cwd=toy)
    assert result.returncode == 1
    assert "nowhere.md" in result.stderr and "en (exit 1)" in result.stderr
    assert not (toy / "site").exists()


def test_languages_that_got_ready_say_nothing_when_the_catalog_is_wrong(toy: Path) -> None:
    edit(toy, "level: 1", "level: 9")
    for _ in range(5):
        result = yuanliu("build", cwd=toy)
        assert result.returncode == 1
        assert len(result.stderr.strip().splitlines()) <= 3, result.stderr
        assert "papers.yaml:26:12:" in result.stderr
        assert not [one for one in psutil.process_iter(["cwd"]) if one.info["cwd"] == str(toy)]


def test_pages_of_all_languages_may_show_a_figure_and_link_to_a_program(toy: Path) -> None:
    for language in ("zh-TW", "en"):
        with (toy / f"docs/index.{language}.md").open("a", encoding="utf-8") as page:
            page.write("\n![](assets/figures/mean-1.svg) [program](snippets/mean/mean.py)\n")
    for _ in range(2):
        site = built(toy)
        assert b'src="../assets/figures/mean-1.svg"' in site["en/index.html"]
        assert b'href="snippets/mean/mean.py"' in site["index.html"]


def test_who_gets_ready_leaves_a_core_to_who_reads() -> None:
    if not hasattr(os, "sched_setaffinity") or len(os.sched_getaffinity(0)) < 2:
        pytest.skip("this system lets no process choose its cores, or has one")
    cores = os.sched_getaffinity(0)
    with pytest.raises(ZeroDivisionError), building._one_core_left():
        assert len(cores - os.sched_getaffinity(0)) == 1
        raise ZeroDivisionError
    assert os.sched_getaffinity(0) == cores


def test_no_process_outlives_a_build_that_is_killed(toy: Path) -> None:
    built(toy)
    build = psutil.Popen(
        [sys.executable, "-c", "from yuanliu.cli import app; app(['build'])"], cwd=toy
    )
    languages: list[psutil.Process] = []
    while build.poll() is None and len(languages) < 2:
        languages = build.children()
        time.sleep(0.01)
    assert len(languages) == 2
    build.kill()
    build.wait()
    _, alive = psutil.wait_procs(languages, timeout=10)
    assert not alive
    assert different(built(toy), built(toy, fresh=True)) == []
