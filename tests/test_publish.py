"""Putting a site in its place: what a kill at any moment, a second build, and odd places do."""

from __future__ import annotations

import hashlib
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from builder import MOMENTS, Builder, fill, make, process
from conftest import yuanliu
from disks import disk

from yuanliu import publish
from yuanliu.publish import PublishError, publishing


def text_of(place: Path) -> str:
    """What all files of the small site say; they must say the same."""
    (text,) = {(place / name).read_text() for name in ("404.html", "index.html")}
    return text


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def digest(site: Path) -> str:
    """A hash of all files with their names."""
    files = sorted(path for path in site.rglob("*") if path.is_file())
    told = [
        f"{file.relative_to(site)} {hashlib.sha256(file.read_bytes()).hexdigest()}"
        for file in files
    ]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()


def test_new_site_takes_the_place_of_the_old_and_nothing_else_stays(tmp_path: Path) -> None:
    for text in ("one", "two"):
        make(tmp_path / "site", text)
        assert text_of(tmp_path / "site") == text
        assert names(tmp_path) == ["site"]


def test_what_links_in_the_old_site_lead_to_stays(tmp_path: Path) -> None:
    outside = tmp_path / "outside/folder"
    outside.mkdir(parents=True)
    (outside / "file").write_text("kept")
    make(tmp_path / "site", "one")
    (tmp_path / "site/link").symlink_to(tmp_path / "outside", target_is_directory=True)
    (tmp_path / "site/en").mkdir()
    (tmp_path / "site/en/link").symlink_to(outside, target_is_directory=True)
    make(tmp_path / "site", "two")
    assert names(tmp_path) == ["outside", "site"]
    assert (outside / "file").read_text() == "kept"


def test_two_directories_change_names_in_one_step(tmp_path: Path) -> None:
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    if not publish.exchange(tmp_path / "one", tmp_path / "other"):
        pytest.skip("this system or disk cannot exchange directories")
    assert (tmp_path / "one/file").read_text() == "other"
    assert (tmp_path / "other/file").read_text() == "one"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_old_site_stays_when_the_new_one_fails(tmp_path: Path, error: type[BaseException]) -> None:
    make(tmp_path / "site", "old")
    with pytest.raises(error), publishing(tmp_path / "site") as new:
        (new / "index.html").write_text("half")
        raise error
    assert text_of(tmp_path / "site") == "old"
    assert names(tmp_path) == ["site"]


def test_old_site_stays_when_it_cannot_be_exchanged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path / "site", "old")
    monkeypatch.setattr(publish, "exchange", lambda one, other: False)
    rename = Path.rename

    def refuse(path: Path, target: Path) -> Path:
        if path.name.endswith("new"):
            raise PermissionError(13, "no", str(path))
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(PermissionError):
        make(tmp_path / "site", "new")
    assert text_of(tmp_path / "site") == "old"
    assert names(tmp_path) == ["site"]


@pytest.mark.parametrize("moment", MOMENTS)
def test_kill_around_the_exchange_leaves_a_whole_site(tmp_path: Path, moment: str) -> None:
    make(tmp_path / "site", "old")
    assert process("make_and_die", "site", moment, cwd=tmp_path).wait(60) == -signal.SIGKILL
    assert names(tmp_path) != ["site"]
    stands = MOMENTS[moment]
    assert (text_of(tmp_path / "site") if (tmp_path / "site").exists() else None) == stands
    with pytest.raises(ValueError), publishing(tmp_path / "site"):
        raise ValueError  # the next build fails
    assert text_of(tmp_path / "site") == (stands or "old")
    assert names(tmp_path) == ["site"]
    make(tmp_path / "site", "next")
    assert text_of(tmp_path / "site") == "next"


def test_neighbours_that_are_not_ours_stay(tmp_path: Path) -> None:
    kept = ["site.backup", "site.old", "site.k3j2h1g0", ".site", ".site.new", "site-new"]
    for name in kept:
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text("mine")
    for text in ("one", "two"):
        make(tmp_path / "site", text)
    assert names(tmp_path) == sorted([*kept, "site"])
    assert all((tmp_path / name / "file").read_text() == "mine" for name in kept)


def test_second_build_waits_and_says_so(tmp_path: Path) -> None:
    with publishing(tmp_path / "site") as new:
        (new / "index.html").write_text("half")
        second = process("make", "site", "second", cwd=tmp_path, stderr=subprocess.PIPE)
        assert second.stderr
        said = second.stderr.readline()
        assert said == f"another build is writing {tmp_path / 'site'}; waiting for it\n"
        assert (new / "index.html").read_text() == "half"
        fill(new, "first")
    second.stderr.close()
    assert second.wait(60) == 0
    assert text_of(tmp_path / "site") == "second"
    assert names(tmp_path) == ["site"]


def test_link_stays_a_link_and_what_it_names_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "www").mkdir()
    link = tmp_path / "site"
    link.symlink_to("www/html")
    for text in ("one", "two"):
        make(link, text)
        assert link.is_symlink() and text_of(tmp_path / "www/html") == text
    assert names(tmp_path / "www") == ["html"] and names(tmp_path) == ["site", "www"]


def test_places_that_cannot_be_replaced_are_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis/chapter.txt").write_text("mine")
    told = {"file": "is a file", "loop": "link", "thesis": "not a site", "/": "cannot be replaced"}
    for name, message in told.items():
        with pytest.raises((PublishError, OSError), match=message):
            make(tmp_path / name, "new")
    assert names(tmp_path) == ["file", "loop", "thesis"]
    assert (tmp_path / "file").read_text() == "mine"
    assert names(tmp_path / "thesis") == ["chapter.txt"]


def test_sources_are_never_replaced(toy: Path) -> None:
    (toy / "docs/404.html").write_text("our own page for what is missing")
    before = digest(toy / "docs")
    for place in ("docs", "."):
        built = yuanliu("build", "--out", place, cwd=toy)
        assert built.returncode == 1
        assert "The site was not built." in built.stderr
    assert digest(toy / "docs") == before and (toy / "papers.yaml").is_file()


def test_site_may_lie_on_another_disk_but_not_be_where_it_is_mounted(tmp_path: Path) -> None:
    with disk(tmp_path / "disk", 1000) as mounted:
        with pytest.raises(PublishError, match=r"is mounted .* --out .*disk/site"):
            make(mounted, "new")
        for text in ("one", "two"):
            make(mounted / "site", text)
            assert text_of(mounted / "site") == text
        assert names(mounted) == ["site"]


def start(*arguments: str, cwd: Path, **options) -> subprocess.Popen[str]:
    """The command line in a process of its own, not waited for."""
    command = [sys.executable, "-c", "from yuanliu.cli import app; app()", *arguments]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=cwd, stdout=pipe, stderr=pipe, text=True, **options)


@pytest.mark.parametrize("places", [("site", "site"), ("one", "other")])
def test_two_builds_at_once_both_succeed(toy: Path, places: tuple[str, str]) -> None:
    builds = [start("build", "--out", place, cwd=toy) for place in places]
    told = [build.communicate(timeout=300)[1] for build in builds]
    assert [build.returncode for build in builds] == [0, 0], told
    assert sum("waiting for it" in text for text in told) == 1
    assert len({digest(toy / place) for place in places}) == 1
    assert set(names(toy)) == {*places, ".cache", "docs", "mkdocs.yml", "papers.yaml", "snippets"}


TITLES = ("Least squares", "Smallest squares")


@pytest.mark.parametrize("seed", [1, 2])
def test_build_killed_at_25_moments_leaves_one_site_whole(
    toy: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1764000000")  # the sitemap tells the day
    chance = random.Random(seed)
    text = (toy / "papers.yaml").read_text(encoding="utf-8")

    def write(title: str) -> None:
        (toy / "papers.yaml").write_text(text.replace(TITLES[0], title), encoding="utf-8")

    with Builder(toy) as builder:
        whole: dict[str, str] = {}
        seconds = []
        for title in (*TITLES, *TITLES):
            write(title)
            begun = time.monotonic()
            assert builder.build() == 0
            seconds.append(time.monotonic() - begun)
            assert whole.setdefault(title, digest(toy / "site")) == digest(toy / "site")
        stands, ends = TITLES[-1], []
        for number in range(25):
            title = next(one for one in TITLES if one != stands)
            write(title)
            # Most of what can go wrong is at the end: every other kill is in its last quarter.
            after = chance.uniform(0.75 if number % 2 else 0, 1.1) * min(seconds)
            ends.append(builder.build(kill_after=after))
            told = f"seed {seed}, kill {number} after {after:.3f} s, exit {ends[-1]}"
            found = digest(toy / "site")
            assert found in (whole[stands], whole[title]), told
            assert ends[-1] in (0, -signal.SIGKILL), told
            stands = title if found == whole[title] else stands
        assert -signal.SIGKILL in ends
        write(TITLES[1])
        assert builder.build() == 0
    assert digest(toy / "site") == whole[TITLES[1]]
    left = {"site", ".cache", "build.log", "docs", "mkdocs.yml", "papers.yaml", "snippets"}
    assert set(names(toy)) == left
