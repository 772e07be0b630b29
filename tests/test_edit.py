"""Adding to a catalog: what was there stays, what is added is valid, nothing is half-written."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest
import yaml
from conftest import ROOT, TOY, edit
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from yuanliu import catalog
from yuanliu.edit import EditError, append, new_id, replace
from yuanliu.lookup import Record, clean
from yuanliu.reading import CatalogError

VALID = (TOY / "papers.yaml").read_text(encoding="utf-8")
ADAM = Record(
    title="Adam: A Method for Stochastic Optimization",
    url="https://arxiv.org/abs/1412.6980",
    kind="paper",
    authors=["Diederik P. Kingma", "Jimmy Ba", "{Some Lab}"],
    year=2014,
    arxiv="1412.6980",
    language="en",
)


def write(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "papers.yaml"
    file.write_bytes(text.encode())
    return file


def leftovers(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in tmp_path.iterdir() if path.name != "papers.yaml")


def test_draft_is_valid_and_nothing_else_changes(tmp_path: Path) -> None:
    before = (ROOT / "papers.yaml").read_text(encoding="utf-8")
    file = write(tmp_path, before)
    (added,) = append(file, [ADAM], ROOT / "snippets")
    after = file.read_text(encoding="utf-8")
    assert after.startswith(before)
    lines = after.splitlines()
    assert lines[added.line - 1] == "  - id: adam"
    assert lines[added.line].startswith("    draft: true # ")
    found = catalog.load(file, ROOT / "snippets")
    assert [draft.id for draft in found.drafts] == ["adam"]
    assert len(found.entries) == len(catalog.load(ROOT / "papers.yaml").entries)
    assert found.drafts[0].authors == ADAM.authors
    assert leftovers(tmp_path) == []


def test_check_leads_from_the_draft_to_the_entry(tmp_path: Path) -> None:
    file = write(tmp_path, VALID)
    append(file, [ADAM])
    lacking = catalog.load(file).drafts[0].lacks(["zh-TW", "en"])
    assert lacking[:4] == ["title.zh-TW", "era", "level", "minutes"]
    assert "title.en" not in lacking and "takeaways.zh-TW" in lacking
    text = file.read_text(encoding="utf-8")
    text = "".join(line for line in text.splitlines(keepends=True) if "draft:" not in line)
    file.write_text(text, encoding="utf-8")
    with pytest.raises(CatalogError) as raised:
        catalog.load(file)
    told = [str(problem) for problem in raised.value.problems]
    assert any("entry 'adam': must be text, but is empty" in one for one in told)
    written = text.replace("era: #", "era: late #").replace("level: #", "level: 2 #")
    written = written.replace("minutes:\n", "minutes: 60\n").replace("tags: []", "tags: [mean]")
    written = written.replace("snippet: #", "snippet: mean #").replace("zh-TW:\n", "zh-TW: 有\n")
    written = written.replace("en:\n", "en: yes it is\n").replace("zh-TW: []", "zh-TW: [甲]")
    file.write_text(written.replace("en: []", "en: [a]"), encoding="utf-8")
    assert catalog.load(file, TOY / "snippets").entry("adam").year == 2014


LAYOUTS = {
    "comments after the last entry": VALID + "\n# the end\n",
    "comment that belongs to the last entry": VALID + "    # to do: more\n\n# the end\n",
    "no line at the end": VALID.rstrip("\n"),
    "empty lines at the end": VALID + "\n\n",
    "lines of Windows": VALID.replace("\n", "\r\n"),
    "byte order mark": "\ufeff" + VALID,
    "entries are not the last part": VALID[VALID.index("entries:") :]
    + "# what follows\n"
    + VALID[: VALID.index("entries:")],
    "dashes at the margin": VALID[: VALID.index("entries:")]
    + "entries:\n"
    + "".join(line[2:] for line in VALID[VALID.index("entries:") + 9 :].splitlines(keepends=True)),
    "last entry ends in a block": VALID.replace("    verified: 2026-11-24\n", "", 1)
    .rstrip("\n")
    .removesuffix("    verified: 2026-11-24")
    + "    venue: |\n      A text\n      # not a comment\n\n# a comment\n",
    "marks of a document": "---\n" + VALID,
}


@pytest.mark.parametrize("text", LAYOUTS.values(), ids=LAYOUTS)
def test_layout_is_kept(tmp_path: Path, text: str) -> None:
    file = write(tmp_path, text)
    old = catalog.load(file)
    append(file, [ADAM])
    append(file, [Record("Second", "https://example.org/second")])
    after = file.read_bytes().decode()
    new = catalog.load(file)
    assert new.entries == old.entries
    assert [draft.id for draft in new.drafts] == ["adam", "second"]
    assert new.languages == old.languages
    end = "\r\n" if "\r\n" in text else "\n"
    lines = iter(after.split(end))
    assert all(line in lines for line in text.rstrip().split(end))  # all there, in their order
    assert after.count("\r\n") in (0, after.count("\n"))
    if "# to do: more" in text:
        assert after.index("# to do: more") < after.index("id: adam") < after.index("# the end")


def test_list_in_brackets_is_refused_with_its_place(tmp_path: Path) -> None:
    data = yaml.safe_load(VALID)
    entries = yaml.safe_dump(data["entries"], default_flow_style=True, width=10**6)
    file = write(tmp_path, VALID[: VALID.index("entries:")] + "entries: " + entries)
    before = file.read_bytes()
    with pytest.raises(EditError, match=r"16:10: write 'entries' as a list with dashes"):
        append(file, [ADAM])
    assert file.read_bytes() == before and leftovers(tmp_path) == []


@pytest.mark.parametrize(
    "again",
    [
        Record("x", "https://arxiv.org/abs/1412.6980v3"),
        Record("x", arxiv="1412.6980"),
        Record("x", "https://example.org/x", pdf="https://arxiv.org/pdf/1412.6980"),
        Record("Adam — a method for stochastic optimization", "https://example.org/y"),
        Record(ADAM.title, "https://example.org/y", authors=["J. Ba"]),
    ],
)
def test_same_work_is_refused_with_its_place(tmp_path: Path, again: Record) -> None:
    file = write(tmp_path, VALID)
    (added,) = append(file, [ADAM])
    before = file.read_bytes()
    with pytest.raises(EditError, match=rf"papers\.yaml:{added.line}:9: entry 'adam' is this work"):
        append(file, [again])
    assert file.read_bytes() == before


def test_same_title_by_others_is_another_work(tmp_path: Path) -> None:
    file = write(tmp_path, VALID)
    append(file, [ADAM, Record(ADAM.title, "https://example.org/y", authors=["Ann One"])])
    assert len(catalog.load(file).drafts) == 2


def test_all_are_added_or_none(tmp_path: Path) -> None:
    file = write(tmp_path, VALID)
    known = Record("x", "http://www.example.org/gauss/")
    with pytest.raises(EditError, match="'gauss'"):
        append(file, [ADAM, known])
    assert file.read_text(encoding="utf-8") == VALID


def test_invalid_catalog_is_left_alone(tmp_path: Path) -> None:
    text = VALID.replace("kind: paper", "kind: papr")
    file = write(tmp_path, text)
    with pytest.raises(CatalogError, match=r"papers\.yaml:\d+:11: entry 'gauss'"):
        append(file, [ADAM])
    assert file.read_text(encoding="utf-8") == text


def test_record_that_makes_no_valid_draft_leaves_the_file_alone(tmp_path: Path) -> None:
    file = write(tmp_path, VALID)
    with pytest.raises(CatalogError, match=rf"{file}:\d+:\d+: entry 'x-y'.* year|greater|less"):
        append(file, [Record("x y", "https://example.org/", year=99)])
    assert file.read_text(encoding="utf-8") == VALID
    assert leftovers(tmp_path) == []


def test_mode_is_kept_and_a_link_stays_a_link(tmp_path: Path) -> None:
    file = write(tmp_path, VALID)
    file.chmod(0o640)
    link = tmp_path / "linked.yaml"
    link.symlink_to(file)
    append(link, [ADAM])
    assert link.is_symlink()
    assert file.stat().st_mode & 0o777 == 0o640
    assert catalog.load(file).drafts


def test_change_by_another_program_is_not_overwritten(tmp_path: Path) -> None:
    file = write(tmp_path, VALID)

    def meanwhile(new: Path) -> None:
        edit(tmp_path, "name: {zh-TW: 早期", "name: {zh-TW: 很早")

    with pytest.raises(EditError, match="changed meanwhile"):
        replace(file, VALID.encode(), b"x", meanwhile)
    assert "很早" in file.read_text(encoding="utf-8")
    assert leftovers(tmp_path) == []


def test_crash_before_the_end_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(tmp_path, VALID)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CatalogError, match="No space left"):
        append(file, [ADAM])
    assert file.read_text(encoding="utf-8") == VALID
    assert leftovers(tmp_path) == []


def test_two_at_once_do_not_write_over_each_other(tmp_path: Path) -> None:
    file = write(tmp_path, VALID)
    with file.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(EditError, match="another yuanliu"):
            append(file, [ADAM])
    append(file, [ADAM])


@pytest.mark.parametrize(
    ("record", "id_"),
    [
        (ADAM, "adam"),
        (
            Record("Attention Is All You Need", authors=["Ashish Vaswani"], year=2017),
            "vaswani-2017",
        ),
        (Record("A Survey", authors=["{Some Lab}"], year=2020), "some-lab-2020"),
        (Record("Über die Grundlagen", authors=["Émile Borel"], year=1909), "borel-1909"),
        (Record("How to read the classics of logic"), "read-classics-logic"),
        (Record("深度學習", kind="video", year=2016), "video-2016"),
        (Record("深度學習"), "work-new"),
        (Record("Con: a device"), "device"),
        (Record("1984: a novel", kind="book", year=1949), "1984-novel"),
    ],
)
def test_id_comes_from_the_work(record: Record, id_: str) -> None:
    assert new_id(record, set()) == id_


def test_id_is_free() -> None:
    record = Record("深度學習", kind="video", year=2016)
    taken: set[str] = set()
    for _ in range(3):
        taken.add(new_id(record, taken))
    assert taken == {"video-2016", "video-2016-2", "video-2016-3"}


TEXT = st.text(max_size=60).map(clean).filter(bool)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(TEXT, st.lists(TEXT, max_size=3), st.sampled_from([None, "en", "zh-TW", "fr"]))
def test_any_text_comes_back_as_it_was(
    tmp_path: Path, title: str, authors: list[str], language: str | None
) -> None:
    file = write(tmp_path, VALID)
    record = Record(title, "https://example.org/new", authors=authors, language=language)
    append(file, [record])
    (draft,) = catalog.load(file).drafts
    assert (draft.title.original, draft.authors) == (title, authors)
