"""The shelf: what builds made comes back as it was, and no more is kept than there is use for."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from yuanliu.shelf import Shelf


def made(folder: Path, name: str, content: str = "") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(content or name, encoding="utf-8")
    return folder / name


def build(tmp_path: Path, number: int, keys: list[str]) -> set[str]:
    """A build that needs the files of ``keys``; which of them it had to make."""
    shelf, site, fresh = Shelf(tmp_path / "shelf"), tmp_path / f"site-{number}", set()
    for key in keys:
        if not shelf.place(key, site, key):
            made(site, key)
            shelf.keep(key, site, key, f"of\t{key}")
            fresh.add(key)
    shelf.settle()
    assert {file.name: file.read_text() for file in site.iterdir()} == {key: key for key in keys}
    return fresh


def test_a_file_is_made_once_and_comes_back_with_its_note(tmp_path: Path) -> None:
    assert build(tmp_path, 1, ["a", "b"]) == {"a", "b"}
    assert build(tmp_path, 2, ["a", "b", "c"]) == {"c"}
    kept = Shelf(tmp_path / "shelf").place("c", tmp_path, "deep/in/c")
    assert kept and kept.note == "of\tc"
    assert os.path.samefile(tmp_path / "deep/in/c", tmp_path / "site-2/c")


def test_nothing_is_kept_of_a_build_that_is_not_settled(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "shelf")
    made(tmp_path / "site", "a")
    shelf.keep("a", tmp_path / "site", "a")
    assert Shelf(tmp_path / "shelf").place("a", tmp_path, "a") is None


def test_what_was_not_used_stays_while_there_is_room(tmp_path: Path) -> None:
    build(tmp_path, 1, ["a", "b"])
    build(tmp_path, 2, ["c", "d"])
    assert build(tmp_path, 3, ["a", "b"]) == set()  # an edit that was undone
    build(tmp_path, 4, ["e"])
    assert len([file for file in (tmp_path / "shelf").iterdir() if len(file.name) == 1]) == 2


@pytest.mark.parametrize("number", [errno.EXDEV, errno.EPERM, errno.EMLINK])
def test_where_the_disk_has_no_links_files_are_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def fail(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "link", fail)
    assert build(tmp_path, 1, ["a"]) == {"a"}
    assert build(tmp_path, 2, ["a"]) == set()
    assert not os.path.samefile(tmp_path / "site-1/a", tmp_path / "site-2/a")


def test_a_file_that_goes_while_it_is_placed_is_no_trouble(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(tmp_path, 1, ["a"])
    shelf, link = Shelf(tmp_path / "shelf"), os.link

    def late(source: str, target: str) -> None:
        Path(source).unlink()
        link(source, target)

    monkeypatch.setattr(os, "link", late)
    assert shelf.place("a", tmp_path, "a") is None


def settled(tmp_path: Path, contents: dict[str, str]) -> Shelf:
    """A shelf on which a build put files: by address what they hold, which is their key too."""
    shelf, site = Shelf(tmp_path / "shelf"), tmp_path / "before"
    for address, content in contents.items():
        file = site / address
        file.parent.mkdir(parents=True, exist_ok=True)
        file.unlink(missing_ok=True)
        file.write_text(content, encoding="utf-8")
        shelf.keep(content, site, address)
    shelf.settle()
    return Shelf(tmp_path / "shelf")


def test_what_the_last_build_used_is_put_ahead_and_the_rest_goes(tmp_path: Path) -> None:
    shelf = settled(tmp_path, {"a/index.html": "1", "b/c/index.html": "2", "d.txt": "3"})
    site = tmp_path / "site"
    shelf.put_ahead(site)
    assert (site / "a/index.html").read_text() == "1"
    assert (site / "b/c/index.html").read_text() == "2"
    assert shelf.place("1", site, "a/index.html")
    assert not shelf.place("3, edited", site, "d.txt")  # what is made now is written there
    assert not (site / "d.txt").exists()
    shelf.clear(site)
    assert [str(path.relative_to(site)) for path in site.rglob("*")] == ["a", "a/index.html"]
    assert (tmp_path / "before/b/c/index.html").read_text() == "2"


def test_an_older_file_takes_the_place_of_one_put_ahead(tmp_path: Path) -> None:
    settled(tmp_path, {"a.txt": "1"})
    settled(tmp_path, {"a.txt": "2"})
    shelf, site = Shelf(tmp_path / "shelf"), tmp_path / "site"
    shelf.put_ahead(site)
    assert (site / "a.txt").read_text() == "2"
    assert shelf.place("1", site, "a.txt")  # an edit that was undone
    shelf.clear(site)
    assert (site / "a.txt").read_text() == "1"


def test_a_file_that_was_written_into_is_not_put_ahead(tmp_path: Path) -> None:
    shelf = settled(tmp_path, {"a.txt": "1"})
    (tmp_path / "before/a.txt").write_text("somebody's")
    shelf.put_ahead(tmp_path / "site")
    assert not (tmp_path / "site/a.txt").exists()
    assert not shelf.place("1", tmp_path / "site", "a.txt")
