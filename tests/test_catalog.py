"""The catalog: each rule, the position of each problem, and input that means harm."""

from __future__ import annotations

import re
from pathlib import Path

import jsonschema
import pytest
import yaml
from conftest import TOY
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from yuanliu.catalog import Catalog, CatalogError, Claim, Entry, Route, json_schema, load

VALID = (TOY / "papers.yaml").read_text(encoding="utf-8")


def problems(tmp_path: Path, text: str | bytes, snippets: Path | None = None) -> list[str]:
    """What is wrong with ``text`` as ``line:column: message``."""
    file = tmp_path / "papers.yaml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    try:
        load(file, snippets)
    except CatalogError as error:
        return [str(problem).removeprefix(f"{file}:") for problem in error.problems]
    return []


def where(text: str, marker: str) -> str:
    """Line and column of ``marker`` in ``text``."""
    before = text[: text.index(marker)]
    return f"{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"


def test_valid_catalog_has_no_problems(tmp_path: Path) -> None:
    assert problems(tmp_path, VALID, TOY / "snippets") == []


CHANGES = [
    # (what to replace, by what, marker of the position, part of the message)
    ("to: ['gauss']", "to: ['gaus']", "'gaus']", "no entry 'gaus'; did you mean 'gauss'"),
    ("minutes: 20}", "minutes: 1}", "1}", "the 2 minutes of its pages do not fit"),
    ("id: all", "id: short", "short, name: {zh-TW: 全部", "duplicate id 'short'"),
    ("meaning: {zh-TW: 總和除以個數。, ", "meaning: {", "{en: The sum", "'zh-TW' is missing"),
    ("also: [average]", "alsoo: [average]", "alsoo", "did you mean 'also'"),
    (", neither]", "]", "{zh-TW: [平方誤差", "different numbers of items: zh-TW 3, en 2"),
    ("because: {zh-TW", "becaus: {zh-TW", "becaus:", "did you mean 'because'"),
    ("kind: paper", "kind: papr", "papr", "did you mean 'paper'"),
    ("minutes: 30", "minuts: 30", "minuts", "unknown key 'minuts'; did you mean 'minutes'"),
    ("minutes: 30", "minutes: 0", "0\n    tags", "greater than or equal to 1"),
    ("level: 1", "level: 5", "5\n", "less than or equal to 4"),
    ("year: 1823", "year: '1823'", "'1823'", "valid integer"),
    ("year: 1823", "year: 2150", "2150", "future"),
    ("era: early", "era: erly", "erly", "no era 'erly'; did you mean 'early'"),
    ("requires: [gauss]", "requires: [gaus]", "gaus]", "no entry 'gaus'; did you mean 'gauss'"),
    ("requires: [gauss]", "requires: [gauss, gauss]", "gauss]", "required twice"),
    ("requires: []", "requires: [gauss]", "[gauss]", "circle: gauss -> gauss"),
    ("requires: []", "requires: [later]", "[later]", "circle: gauss -> later -> gauss"),
    ("id: later", "id: gauss", "gauss\n    kind: video", "duplicate id 'gauss'"),
    ("id: later", "id: ../later", "../later", "not a valid id"),
    ("id: later", "id: con", "con\n", "Windows"),
    ("snippet: mean", "snippet: ../../etc/passwd", "../../etc", "not a valid snippet"),
    ("snippet: mean", "snippet: maen", "maen", "did you mean 'mean'"),
    ("url: https://example.org/later", "url: javascript:alert(1)", "javascript:", "https://"),
    ("url: https://example.org/later", "url: file:///etc/passwd", "file:///", "https://"),
    ("url: https://example.org/later", "url: https://a b.org/", "https://a b", "not a URL"),
    ("url: https://example.org/later", "url: https://u:p@b.org/", "https://u", "not a URL"),
    ('expect: "< 1"', 'expect: "about 1"', '"about 1"', "write a condition"),
    ('expect: "< 1"', 'expect: "in [2, 1]"', '"in [2', "lower end"),
    ('        expect: "< 1"\n', "", "id: mean-beats", "come together"),
    ("verified: 2026-11-24", "verified: 2999-01-01", "2999", "future"),
    ("verified: 2026-11-24", "verified: soon", "soon", "2026-11-24"),
    ("en: Because.", "fr: Because.", "fr: Because.", "unknown language 'fr'"),
    ("zh-TW: [甲, 乙]", "zh-TW: [甲]", "{zh-TW: [甲]", "different numbers"),
    ("en: Because.", "en: no", "no}", "quotes"),
    ("en: Because.", 'en: "  "', '"  "', "must not be empty"),
    ("en: Because.", 'en: "a\\u202eb"', '"a\\u202eb"', "U+202E"),
    ("tags: [mean]", "tags: [meen]", "meen", "did you mean 'mean'"),
    ("languages: [zh-TW, en]", "languages: [zh-TW, en, en]", "en]", "duplicate language"),
    ("kind: paper", "kind: paper\n    kind: video", "kind: video", "duplicate key 'kind'"),
]


@pytest.mark.parametrize(("old", "new", "marker", "message"), CHANGES)
def test_problem_has_its_position(
    tmp_path: Path, old: str, new: str, marker: str, message: str
) -> None:
    text = VALID.replace(old, new, 1)
    assert text != VALID
    found = problems(tmp_path, text, TOY / "snippets")
    start = where(text, marker)
    assert any(line.startswith(f"{start}:") and message in line for line in found), found


def test_missing_key_points_at_the_entry(tmp_path: Path) -> None:
    text = VALID.replace("    level: 1\n", "", 1)
    assert problems(tmp_path, text) == [
        f"{where(text, 'id: gauss')}: entry 'gauss': 'level' is missing"
    ]


def test_all_problems_come_in_one_run_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = VALID
    for old, new in [("kind: paper", "kind: x"), ("level: 1", "level: 9"), ("era: late", "era: l")]:
        text = text.replace(old, new, 1)
    found = problems(tmp_path, text)
    lines = [int(line.split(":")[0]) for line in found]
    assert len(found) == 3 and lines == sorted(lines)


def test_entry_with_an_error_of_its_own_can_still_be_required(tmp_path: Path) -> None:
    found = problems(tmp_path, VALID.replace("level: 1", "level: 9", 1))
    assert len(found) == 1


BOMB = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("", "1:1: the file is empty"),
        ("- a\n", "1:1: a catalog is a mapping"),
        ("a: [1\n", "2:1: not valid YAML"),
        ("a:\n\tb: 1\n", "2:1: not valid YAML"),
        ("a: b: c\n", "1:5: not valid YAML"),
        (BOMB, "1:4: anchor '&a'"),
        ("a: 1\n---\nb: 2\n", "2:1: a second document"),
        ("a: !!python/object/apply:os.system [echo]\n", "1:4: tag"),
        ("[" * 100, "1:33: nested deeper"),
        (b"a: \xff\n", "1:4: byte 0xff is not UTF-8"),
        ("a: 1\n".encode("utf-16"), "1:1: is UTF-16"),
        ("a: \x07\n", "1:4: control character U+0007"),
    ],
)
def test_hostile_input_gets_a_clear_error(tmp_path: Path, text: str | bytes, start: str) -> None:
    found = problems(tmp_path, text)
    assert found and any(line.startswith(start) for line in found), found


def test_lists_where_ids_are_due_are_problems_not_tracebacks(tmp_path: Path) -> None:
    text = VALID.replace("id: later", "id: [later]").replace("era: late", "era: [late]")
    text = text.replace("requires: []", "requires: [[gauss], {a: b}]").replace("[mean]", "[[mean]]")
    found = problems(tmp_path, text)
    for marker in ("[later]", "[late]\n", "[gauss]", "{a: b}", "[mean]]"):
        assert any(line.startswith(f"{where(text, marker)}:") for line in found), (marker, found)


def test_huge_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    file = tmp_path / "papers.yaml"
    with file.open("wb") as stream:
        stream.truncate(50 * 2**20)
    with pytest.raises(CatalogError, match=r"50 MiB; a catalog may have 32 MiB"):
        load(file)


def test_utf8_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    assert problems(tmp_path, b"\xef\xbb\xbf" + VALID.encode()) == []


def test_directory_or_missing_file_is_an_error_not_a_traceback(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nowhere.yaml"):
        with pytest.raises(CatalogError):
            load(path)


SLOW = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@SLOW
@given(st.one_of(st.text(), st.binary()))
def test_no_input_raises_anything_else(tmp_path: Path, text: str | bytes) -> None:
    raw = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    problems(tmp_path, raw)


@SLOW
@given(st.integers(0, len(VALID) - 1), st.integers(0, 40), st.text(max_size=8))
def test_no_change_of_a_valid_catalog_raises_anything_else(
    tmp_path: Path, start: int, length: int, text: str
) -> None:
    changed = VALID[:start] + text + VALID[start + length :]
    problems(tmp_path, changed.encode("utf-8", "surrogatepass"))


@pytest.mark.parametrize(
    ("expect", "value", "holds"),
    [
        ("< 0.8", 0.79, True),
        ("< 0.8", 0.8, False),
        (">= 2", 2, True),
        ("== 0", 0.0, True),
        ("in [0.4, 0.6]", 0.4, True),
        ("in [0.4, 0.6]", 0.61, False),
        ("> -1e-3", 0, True),
        ("< 1", float("nan"), False),
        ("in [0, 1]", float("nan"), False),
    ],
)
def test_condition_holds(expect: str, value: float, holds: bool) -> None:
    claim = Claim(id="c", text={"en": "x"}, source="s", metric="m", expect=expect)
    assert claim.holds(value) is holds


@SLOW
@given(st.data())
def test_reading_order_puts_prerequisites_first(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 12))
    raw = yaml.safe_load(VALID)
    template = raw["entries"][0]
    raw["entries"] = [
        {
            **template,
            "id": f"e{n}",
            "era": data.draw(st.sampled_from(["early", "late"])),
            "requires": data.draw(
                st.lists(st.sampled_from([f"e{m}" for m in range(n)]), unique=True)
            )
            if n
            else [],
        }
        for n in range(count)
    ]
    data.draw(st.randoms()).shuffle(raw["entries"])
    catalog = Catalog.model_validate(raw)
    order = [entry.id for entry in catalog.reading_order()]
    assert sorted(order) == sorted(entry.id for entry in catalog.entries)
    for entry in catalog.entries:
        route = [one.id for one in catalog.route_to(entry.id)]
        assert route[-1] == entry.id
        for needed in entry.requires:
            assert order.index(needed) < order.index(entry.id)
            assert needed in route


def plan(catalog: Catalog, **route: object) -> list[tuple[str, bool]]:
    words = {"name": {"en": "a"}, "intro": {"en": "b"}}
    steps = catalog.plan(Route.model_validate({"id": "r", **words, **route}))
    return [(step.entry.id, step.original) for step in steps]


def test_route_has_all_that_its_goals_require_and_originals_while_time_lasts() -> None:
    raw = yaml.safe_load(VALID)
    needs = {"a": [], "b": ["a"], "c": ["a"], "d": ["b"], "other": []}
    hard = {"a": 3, "b": 1, "c": 2, "d": 4, "other": 1}
    raw["entries"] = [
        {**raw["entries"][0], "id": id_, "requires": ids, "level": hard[id_], "minutes": 30}
        for id_, ids in needs.items()
    ]
    raw["routes"] = []
    catalog = Catalog.model_validate(raw)
    page = catalog.entry("a").page_minutes
    assert plan(catalog, to=["d"], minutes=3 * page) == [("a", False), ("b", False), ("d", False)]
    # the goal's original comes first, though it is the hardest, then the easy one
    one_more = 3 * page + 30
    assert plan(catalog, to=["d"], minutes=one_more) == [("a", False), ("b", False), ("d", True)]
    assert plan(catalog, to=["d"], minutes=one_more + 30)[1] == ("b", True)
    assert plan(catalog, to=["d"], level=3) == [("a", True), ("b", True), ("d", False)]
    assert {id_ for id_, original in plan(catalog) if original} == set(needs)


def test_time_for_a_page_counts_characters_and_words() -> None:
    raw = yaml.safe_load(VALID)
    entry = {**raw["entries"][1], "claims": []}
    short = Entry.model_validate(entry).page_minutes
    chinese = {**entry, "summary": {"zh-TW": "字" * 900, "en": "a"}}
    english = {**entry, "summary": {"zh-TW": "字", "en": "word " * 600}}
    for long in (chinese, english):
        assert Entry.model_validate(long).page_minutes == short + 3


def test_schema_accepts_the_valid_catalog_and_refuses_others() -> None:
    schema = json_schema()
    value = yaml.load(VALID, Loader=yaml.BaseLoader)
    for item in (*value["entries"], *value["routes"]):
        for key in {"year", "level", "minutes"} & item.keys():
            item[key] = int(item[key])
    jsonschema.validate(value, schema)
    for key, wrong in [("kind", "papr"), ("level", 7), ("id", "A B"), ("unknown", 1)]:
        bad = {**value, "entries": [{**value["entries"][0], key: wrong}]}
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(bad, schema)


def test_message_reads_as_file_line_column_entry(tmp_path: Path) -> None:
    found = problems(tmp_path, VALID.replace("level: 1", "level: 9", 1))
    assert re.fullmatch(r"\d+:\d+: entry 'gauss': .+", found[0])


DRAFT = "  - {id: new, draft: true, title: {original: New}, era: , summary: {en: }, level: 2}\n"


def test_draft_may_lack_anything_but_id_and_title_and_is_no_entry(tmp_path: Path) -> None:
    assert problems(tmp_path, VALID + DRAFT, TOY / "snippets") == []
    catalog = load(tmp_path / "papers.yaml")
    assert [draft.id for draft in catalog.drafts] == ["new"]
    assert [entry.id for entry in catalog.reading_order()] == ["gauss", "later"]
    with pytest.raises(KeyError, match="'new' is a draft"):
        catalog.entry("new")


@pytest.mark.parametrize(
    ("old", "new", "marker", "message"),
    [
        ("level: 2}", "level: 9}", "9}", "less than or equal to 4"),
        ("era: ,", "era: lat,", "lat,", "did you mean 'late'"),
        ("level: 2}", "levl: 2}", "levl", "unknown key 'levl'; did you mean 'level'"),
        ("{en: }", "{fr: a}", "fr: a", "unknown language 'fr'"),
        ("id: new", "id: gauss", "gauss, draft", "duplicate id"),
        ("draft: true", "draft: soon", "soon", "write 'draft: true'"),
        ("title: {original: New}, ", "", "{id: new", "'title' is missing"),
    ],
)
def test_what_a_draft_says_is_checked(
    tmp_path: Path, old: str, new: str, marker: str, message: str
) -> None:
    text = VALID + DRAFT.replace(old, new)
    found = problems(tmp_path, text, TOY / "snippets")
    start = where(text, marker)
    assert any(line.startswith(f"{start}:") and message in line for line in found), found


def test_entry_cannot_require_a_draft(tmp_path: Path) -> None:
    text = VALID.replace("requires: [gauss]", "requires: [gauss, new]") + DRAFT
    assert problems(tmp_path, text) == [
        f"{where(text, 'new]')}: entry 'later': 'new' is a draft; finish it first"
    ]


def test_catalog_of_drafts_only_is_no_site(tmp_path: Path) -> None:
    text = VALID[: VALID.index("  - id: gauss")] + DRAFT
    assert [line for line in problems(tmp_path, text) if "every entry is a draft" in line]


def test_schema_lets_drafts_be_empty() -> None:
    value = yaml.safe_load(VALID)
    for entry in value["entries"]:
        entry["verified"] = str(entry["verified"])
        entry.pop("added", None)
    value["entries"].append(yaml.safe_load(DRAFT)[0])
    jsonschema.validate(value, json_schema())
    del value["entries"][-1]["draft"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(value, json_schema())
