"""Translations do not drift: a text changed in one language marks the others as stale."""

from __future__ import annotations

import json
import subprocess
from datetime import date
from pathlib import Path

import pytest
from conftest import ROOT, TOY, edit, yuanliu
from hypothesis import given, settings
from hypothesis import strategies as st

from yuanliu import catalog, drift, stats
from yuanliu.drift import State, Text
from yuanliu.reading import CatalogError

ENGLISH, CHINESE = "en: It goes on.", "zh-TW: 接著談。"


@pytest.fixture
def kept(toy: Path) -> Path:
    """The toy project, all translations recorded."""
    record(toy)
    return toy


def record(project: Path, *ids: str) -> tuple[int, list[State]]:
    return drift.record(project / "papers.yaml", *folders(project), list(ids))


def folders(project: Path) -> tuple[Path, Path]:
    return project / "docs", project / "snippets"


def states(project: Path) -> list[State]:
    return drift.report(project / "papers.yaml", *folders(project))


def stale(project: Path) -> dict[str, list[str]]:
    """The stale texts and the languages that fell behind."""
    return {state.text.name: state.stale for state in states(project) if state.stale}


def loose(project: Path) -> set[str]:
    """The texts whose record is out of date, or that have none."""
    return {state.text.name for state in states(project) if state.changed or state.new}


def where(file: Path, marker: str) -> str:
    """Line and column of ``marker`` in a file."""
    before = file.read_text(encoding="utf-8").partition(marker)[0]
    return f"{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"


def test_project_without_a_lock_file_hears_nothing_of_it(toy: Path) -> None:
    checked = yuanliu("check", "--strict", cwd=toy)
    assert (checked.returncode, checked.stderr) == (0, "")
    assert not (toy / "papers.lock").exists()


def test_command_turns_it_on_and_check_is_content(toy: Path) -> None:
    made = yuanliu("translated", cwd=toy)
    assert made.returncode == 0, made.stderr
    assert made.stdout == "papers.lock: 28 texts recorded\n"
    lines = (toy / "papers.lock").read_text(encoding="utf-8").splitlines()
    assert [line[0] for line in lines[:3]] == ["#", "#", "d"] and lines[2:] == sorted(lines[2:])
    checked = yuanliu("check", "--strict", cwd=toy)
    assert (checked.returncode, checked.stderr) == (0, "")
    assert checked.stdout == "papers.yaml: 2 entries, no problems\n"


@pytest.mark.parametrize(
    ("changed", "stale_one", "newer", "marker"),
    [
        (ENGLISH, "zh-TW", "en", "接著談。"),
        (CHINESE, "en", "zh-TW", "It goes on."),
    ],
)
def test_change_in_one_language_marks_the_other_where_it_stands(
    kept: Path, changed: str, stale_one: str, newer: str, marker: str
) -> None:
    edit(kept, changed, f"{changed[:-1]}!")
    checked = yuanliu("check", cwd=kept)
    place = where(kept / "papers.yaml", marker)
    assert checked.stderr == (
        f"papers.yaml:{place}: entry 'later': summary: '{stale_one}' is older than '{newer}'; "
        "bring it up to date, or record that it still holds: yuanliu translated later\n"
    )
    assert checked.returncode == 0
    assert checked.stdout == "papers.yaml: 2 entries, 1 stale translation\n"
    assert yuanliu("check", "--strict", cwd=kept).returncode == 1


def test_change_in_both_is_recorded_and_the_next_change_is_caught(kept: Path) -> None:
    edit(kept, ENGLISH, "en: It goes further.")
    edit(kept, CHINESE, "zh-TW: 談得更遠。")
    checked = yuanliu("check", "--strict", cwd=kept)
    assert checked.returncode == 1
    assert checked.stderr == (
        "1 text changed in every language, 0 new; record them: yuanliu translated\n"
    )
    assert record(kept) == (1, [])
    assert loose(kept) == set() and stale(kept) == {}
    edit(kept, "en: It goes further.", "en: It stops.")
    assert stale(kept) == {"entries/later/summary": ["zh-TW"]}


def test_change_taken_back_is_no_change(kept: Path) -> None:
    edit(kept, ENGLISH, "en: It stops.")
    edit(kept, "en: It stops.", ENGLISH)
    assert stale(kept) == {} and loose(kept) == set()


def test_wrapping_a_text_anew_is_no_change(kept: Path) -> None:
    old = "summary: {zh-TW: 接著談。, en: It goes on.}"
    edit(kept, old, "summary:\n      zh-TW: >-\n        接著\n        談。\n      en: It  goes on.")
    assert stale(kept) == {} and loose(kept) == set()


def test_list_is_one_text(kept: Path) -> None:
    edit(kept, "en: [a, b]", "en: [b, a]")
    assert stale(kept) == {"entries/gauss/takeaways": ["zh-TW"]}
    edit(kept, "[甲, 乙], en: [b, a]", "[甲, 乙, 丁], en: [a, b, d]")
    assert stale(kept) == {} and loose(kept) == {"entries/gauss/takeaways"}


def test_stale_text_is_recorded_only_for_the_entry_that_is_named(kept: Path) -> None:
    edit(kept, ENGLISH, "en: It stops.")
    edit(kept, "en: The mean minimises squared error.", "en: It minimises squared error.")
    before = (kept / "papers.lock").read_bytes()
    refused = yuanliu("translated", cwd=kept)
    assert refused.returncode == 1
    assert "entry 'later': summary" in refused.stderr and "'gauss': summary" in refused.stderr
    assert (kept / "papers.lock").read_bytes() == before
    one = yuanliu("translated", "later", cwd=kept)
    assert one.returncode == 1 and one.stdout == "papers.lock: 1 text recorded, 1 stale\n"
    assert stale(kept) == {"entries/gauss/summary": ["zh-TW"]}
    assert yuanliu("translated", "gauss", cwd=kept).returncode == 0
    assert stale(kept) == {}


def test_what_is_new_is_recorded_while_what_is_stale_stays_so(kept: Path) -> None:
    edit(kept, ENGLISH, "en: It stops.")
    link = "links: [{label: {zh-TW: 碼, en: code}, url: 'https://example.org/code'}]"
    edit(kept, "    minutes: 30\n", f"    minutes: 30\n    {link}\n")
    assert record(kept)[0] == 1
    assert loose(kept) == set() and stale(kept) == {"entries/later/summary": ["zh-TW"]}


def test_name_that_no_text_has_is_refused_with_a_suggestion(kept: Path) -> None:
    before = (kept / "papers.lock").read_bytes()
    failed = yuanliu("translated", "latr", cwd=kept)
    assert failed.returncode == 1
    assert failed.stderr == "Nothing recorded. no text of 'latr'; did you mean 'later'?\n"
    assert (kept / "papers.lock").read_bytes() == before


def test_renamed_entry_is_new_and_its_old_records_go(kept: Path) -> None:
    edit(kept, "id: later", "id: latest")
    assert {name.split("/")[1] for name in loose(kept)} == {"latest"} and stale(kept) == {}
    record(kept)
    assert loose(kept) == set()
    assert "entries/later/" not in (kept / "papers.lock").read_text(encoding="utf-8")


QUESTION = (
    "      - ask: {zh-TW: 新的？, en: New?}\n"
    "        answers: {zh-TW: [是, 否], en: ['yes', 'no']}\n"
    "        because: {zh-TW: 它是。, en: It is.}\n"
)


def test_question_before_others_leaves_them_what_they_were(kept: Path) -> None:
    edit(kept, 'en: "What is least?"', 'en: "What is smallest?"')
    edit(kept, "    questions:\n", f"    questions:\n{QUESTION}")
    start = "entries/gauss/questions"
    assert stale(kept) == {f"{start}/2/ask": ["zh-TW"]}
    assert loose(kept) == {f"{start}/1/{part}" for part in ("ask", "answers", "because")}
    record(kept)
    assert loose(kept) == set() and stale(kept) == {f"{start}/2/ask": ["zh-TW"]}
    edit(kept, QUESTION, "")
    assert stale(kept) == {f"{start}/1/ask": ["zh-TW"]}


def test_claims_go_by_their_ids(kept: Path) -> None:
    new = "      - {id: first, text: {zh-TW: 先。, en: First.}, source: §0}\n"
    edit(kept, "    claims:\n      - {id: stated", f"    claims:\n{new}      - {{id: stated")
    edit(kept, "en: Only stated.", "en: Merely stated.")
    assert stale(kept) == {"entries/later/claims/stated/text": ["zh-TW"]}
    assert loose(kept) == {"entries/later/claims/first/text"}


def test_drafts_are_left_out(kept: Path) -> None:
    text = (kept / "papers.yaml").read_text(encoding="utf-8")
    text += "  - id: new\n    draft: true\n    title: {original: New, zh-TW: 新, en: New}\n"
    (kept / "papers.yaml").write_text(text, encoding="utf-8")
    assert loose(kept) == set()


@pytest.mark.parametrize(
    ("file", "old", "new", "name", "marker"),
    [
        ("docs/index.en.md", "Toy site", "A toy site", "docs/index", None),
        ("snippets/mean.py", "The error is", "Error is", "snippets/mean", "# %% [markdown] lang"),
        ("snippets/mean.py", "How the data lie", "Data", "snippets/mean", "# %% [markdown] lang"),
        ("papers.yaml", "en: How it began.", "en: The start.", "eras/early", "一切的開始。"),
        ("papers.yaml", "en: All of it.", "en: Every one.", "routes/all", "全部都讀。"),
        ("papers.yaml", "en: mean}\nroutes", "en: means}\nroutes", "tags/mean", "平均值"),
        ("papers.yaml", "en: The sum over", "en: Sum over", "glossary/mean", "總和除以個數。"),
    ],
)  # fmt: skip
def test_all_that_readers_have_in_two_languages_is_covered(
    kept: Path, file: str, old: str, new: str, name: str, marker: str | None
) -> None:
    edit(kept, old, new, file)
    told = yuanliu("check", cwd=kept).stderr
    other = file.replace(".en.", ".zh-TW.")
    place = where(kept / file, marker) if marker else "1:1"
    assert told.startswith(f"{other}:{place}: {name}")
    assert told.endswith(f"yuanliu translated {name}\n")
    assert yuanliu("translated", name, cwd=kept).returncode == 0
    assert stale(kept) == {}


def test_code_of_a_snippet_is_no_text(kept: Path) -> None:
    edit(kept, "size=101", "size=99", "snippets/mean.py")
    assert stale(kept) == {} and loose(kept) == set()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("entries/later/summary en:12345", "not a record"),
        ("<<<<<<< ours", "left by a merge"),
        ("docs/index en:4a5c8385bf47 zh-TW:b9f047308037", "recorded on line 3 too"),
    ],
)
def test_broken_lock_file_is_told_with_its_line(kept: Path, line: str, message: str) -> None:
    lock = kept / "papers.lock"
    lines = [*lock.read_text(encoding="utf-8").splitlines(), line]
    lock.write_text("\n".join(lines) + "\n", encoding="utf-8")
    before = lock.read_bytes()
    for command in ("check", "translated", "stats"):
        failed = yuanliu(command, cwd=kept)
        assert failed.returncode == 1 and "Traceback" not in failed.stderr
        assert (
            failed.stderr.startswith(f"papers.lock:{len(lines)}:1: ") and message in failed.stderr
        )
    assert lock.read_bytes() == before


def test_lock_file_that_is_no_text_is_told(kept: Path) -> None:
    (kept / "papers.lock").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CatalogError, match=r"papers\.lock:1:1: cannot be read"):
        states(kept)


def test_invalid_catalog_is_not_recorded(kept: Path) -> None:
    before = (kept / "papers.lock").read_bytes()
    edit(kept, "summary: {zh-TW: 接著談。, en: It goes on.}", "summary: {zh-TW: 接著談。}")
    failed = yuanliu("translated", cwd=kept)
    assert failed.returncode == 1 and "'en' is missing" in failed.stderr
    assert (kept / "papers.lock").read_bytes() == before


def test_interrupted_writing_leaves_the_old_file(
    kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (kept / "papers.lock").read_bytes()
    edit(kept, "id: later", "id: latest")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(CatalogError, match="cannot be written: No space left"):
        record(kept)
    assert (kept / "papers.lock").read_bytes() == before
    assert list(kept.glob(".papers*")) == []


def test_another_catalog_is_named_in_the_advice(kept: Path) -> None:
    for suffix in (".yaml", ".lock"):
        (kept / f"papers{suffix}").rename(kept / f"list{suffix}")
    edit(kept, ENGLISH, "en: It stops.", "list.yaml")
    checked = yuanliu("check", "list.yaml", cwd=kept)
    assert checked.stderr.endswith("yuanliu translated --catalog list.yaml later\n")


def test_merge_conflicts_only_where_both_sides_changed_the_same_text(kept: Path) -> None:
    def git(*arguments: str) -> subprocess.CompletedProcess[str]:
        who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
        return subprocess.run(["git", *who, *arguments], cwd=kept, capture_output=True, text=True)

    def change(branch: str, old: str, new: str) -> None:
        git("checkout", "-q", "-b", branch, "main")
        edit(kept, old, new)
        record(kept, "gauss", "later")
        git("commit", "-qam", branch)

    git("init", "-q", "-b", "main")
    git("add", "-A")
    git("commit", "-qm", "start")
    change("one", ENGLISH, "en: It stops.")
    change("two", "en: Training is minimising.", "en: Training minimises.")
    change("three", ENGLISH, "en: It runs.")
    assert git("merge", "-q", "two").returncode == 0
    assert stale(kept) == {} and loose(kept) == set()
    assert git("merge", "-q", "one").returncode == 1
    with pytest.raises(CatalogError, match="left by a merge"):
        drift.read_lock(kept / "papers.lock")


def test_page_says_so_in_its_language_and_links_to_the_newer_one(kept: Path) -> None:
    edit(kept, ENGLISH, "en: It stops.")
    edit(kept, "# 玩具站", "# 玩具小站", "docs/index.zh-TW.md")
    edit(kept, "The error is", "Error is", "snippets/mean.py")
    edit(kept, "zh-TW: 總和除以個數。", "zh-TW: 總和除以數量。")
    built = yuanliu("build", cwd=kept)
    assert built.returncode == 0, built.stderr
    told = {}
    for path in (kept / "site").rglob("*.html"):
        page = path.read_text(encoding="utf-8")
        if 'class="yl-notice" role="note"' in page:
            told[path.relative_to(kept / "site").as_posix()] = page
    assert set(told) == {
        "papers/later/index.html",
        "snippets/mean/index.html",
        "en/index.html",
        "en/glossary/index.html",
    }
    chinese, english = told["papers/later/index.html"], told["en/index.html"]
    assert "這一頁比英文版舊" in chinese and "older than" not in chinese
    assert '<a href="../../en/papers/later/" hreflang="en">閱讀英文版</a>' in chinese
    assert "This page is older than its version in Traditional Chinese" in english
    assert '<a href=".." hreflang="zh-TW">' in english
    docs = json.loads((kept / "site/search/words.json").read_text(encoding="utf-8"))
    assert not [doc for doc in docs if "這一頁比英文版舊" in doc["text"]]


def test_stats_list_stale_translations(kept: Path) -> None:
    edit(kept, ENGLISH, "en: It stops.")
    found = catalog.load(kept / "papers.yaml")
    assert stats.lacks(found, date(2026, 11, 25), states(kept))["stale"] == {
        "later": ["summary (zh-TW)"]
    }
    report = json.loads(yuanliu("stats", "--json", cwd=kept).stdout)
    assert report["lacks"]["stale"] == {"later": ["summary (zh-TW)"]}


def test_third_language_that_was_left_behind_is_older_than_both(tmp_path: Path) -> None:
    hashes = {"en": "e" * 12, "ja": "a" * 12, "zh-TW": "c" * 12}
    text = Text("entries/x/why", {**hashes, "en": "0" * 12, "zh-TW": "1" * 12}, {"ja": (TOY, 3, 4)})
    (state,) = drift.compare([text], {"entries/x/why": hashes})
    (problem,) = state.problems()
    assert "why: 'ja' is older than 'en' and 'zh-TW'" in str(problem)


def test_language_that_is_added_or_taken_away_makes_no_text_stale() -> None:
    two, three = {"en": "e" * 12, "zh-TW": "c" * 12}, {"en": "e" * 12, "ja": "a" * 12}
    (state,) = drift.compare([Text("tags/x", two, {})], {"tags/x": three})
    assert state.changed and not state.stale


@settings(max_examples=200)
@given(st.data())
def test_the_languages_that_changed_make_exactly_the_others_stale(data: st.DataObject) -> None:
    languages = data.draw(
        st.lists(st.sampled_from(["en", "zh-TW", "ja", "de"]), min_size=2, unique=True)
    )
    changed = set(data.draw(st.lists(st.sampled_from(languages), unique=True)))
    old = dict.fromkeys(languages, "0" * 12)
    new = {one: ("1" if one in changed else "0") * 12 for one in languages}
    (state,) = drift.compare([Text("tags/x", new, {})], {"tags/x": old})
    others = [one for one in languages if one not in changed]
    assert state.stale == (others if changed else [])
    assert state.changed == (changed == set(languages))
    written = drift.renewed([state], {"tags/x"})
    assert all(f" {one}:{new[one]}" in written for one in languages)


def test_our_own_translations_are_recorded() -> None:
    checked = yuanliu("check", "--strict")
    assert checked.returncode == 0, checked.stderr
    assert (ROOT / "papers.lock").is_file()


def test_new_site_has_a_lock_file(tmp_path: Path) -> None:
    assert yuanliu("new", "mine", cwd=tmp_path).returncode == 0
    assert (tmp_path / "mine/papers.lock").is_file()
    assert yuanliu("check", "--strict", cwd=tmp_path / "mine").returncode == 0
