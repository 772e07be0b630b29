"""The real papers.yaml: all of the source list, both languages alike, the schema fresh."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from conftest import ROOT

from yuanliu.catalog import Entry, json_schema, load

CATALOG = load(ROOT / "papers.yaml", ROOT / "snippets")

# Every link of the note that the list began with.
SOURCE_LINKS = [
    "https://chat.openai.com/chat",
    "https://www.youtube.com/watch?v=ORHv8yKAV2Q",
    "https://www.youtube.com/watch?v=TnGPmlONfI8",
    "https://www.youtube.com/watch?v=e0aKI2GGZNg",
    "https://www.youtube.com/watch?v=QGpaBWOaHQI",
    "https://d2l.ai/",
    "https://cs.stanford.edu/people/karpathy/convnetjs/",
    "https://huggingface.co/docs/transformers/task_summary",
    "https://github.com/karpathy/micrograd",
    "https://github.com/Kamigami55/awesome-chatgpt/blob/main/README-zh-TW.md",
    "https://www.nature.com/articles/323533a0",
    "http://vision.stanford.edu/cs598_spring07/papers/Lecun98.pdf",
    "https://www.jmlr.org/papers/volume3/bengio03a/bengio03a.pdf",
    "https://proceedings.neurips.cc/paper/2012/file/c399862d3b9d6b76c8436e924a68c45b-Paper.pdf",
    "http://karpathy.github.io/neuralnets/",
    "http://karpathy.github.io/2015/05/21/rnn-effectiveness/",
    "https://arxiv.org/abs/1706.03762",
    "https://arxiv.org/pdf/1810.04805.pdf",
    "https://cdn.openai.com/research-covers/language-unsupervised/language_understanding_paper.pdf",
    "https://d4mucfpksywv.cloudfront.net/better-language-models/language_models_are_unsupervised_multitask_learners.pdf",
    "https://arxiv.org/pdf/2005.14165.pdf",
    "https://www.nchc.org.tw/Page?itemid=2&mid=4",
    "https://hackmd.io/@shaoeChen/Bky0Cnx7L",
]

# Words of mainland usage or wrong characters that do not belong in Taiwan's Chinese.
FOREIGN = "網絡 數據 信息 代碼 視頻 默認 模塊 軟件 硬件 內存 激活函數"


@pytest.mark.parametrize("link", SOURCE_LINKS)
def test_link_of_the_source_list_is_in_the_catalog(link: str) -> None:
    links = {
        url
        for entry in CATALOG.entries
        for url in (entry.url, entry.pdf, entry.video, *(more.url for more in entry.links))
    }
    assert link in links


@pytest.mark.parametrize(
    "named",
    ["rbm", "gan", "elmo", "ppo", "micrograd", "convnetjs", "turing-award-2018", "instructgpt"],
)
def test_work_that_the_source_list_names_without_a_link_is_in_the_catalog(named: str) -> None:
    assert CATALOG.entry(named)


@pytest.mark.parametrize(
    ("id_", "facts"),
    [
        ("nplm", ["Elman", "Jordan"]),
        ("lenet", ["Neocognitron"]),
        ("backprop", ["Linnainmaa", "Werbos"]),
        ("alexnet", ["2012"]),
        ("turing-award-2018", ["Hopfield", "Barto", "Sutton"]),
    ],
)
def test_common_lore_is_corrected_with_its_source(id_: str, facts: list[str]) -> None:
    corrections = CATALOG.entry(id_).corrections
    told = " ".join(text for one in corrections for text in [*one.fact.values()])
    for fact in facts:
        assert fact in told
    assert all(one.sources for one in corrections)


def test_every_entry_states_a_claim() -> None:
    assert [entry.id for entry in CATALOG.entries if not entry.claims] == []


def test_schema_is_fresh() -> None:
    kept = json.loads((ROOT / "papers.schema.json").read_text(encoding="utf-8"))
    assert kept == json_schema(), "run: yuanliu schema > papers.schema.json"
    first = (ROOT / "papers.yaml").read_text(encoding="utf-8").splitlines()[0]
    assert first == "# yaml-language-server: $schema=papers.schema.json"


@pytest.mark.parametrize("page", sorted((ROOT / "docs").glob("*.zh-TW.md")), ids=lambda p: p.name)
def test_hand_written_pages_have_the_same_structure(page: Path) -> None:
    english = page.with_name(page.name.replace(".zh-TW.", ".en."))
    assert outline(page) == outline(english)


def outline(page: Path) -> list[str]:
    marks = r"^(#+|[-*]|\d+\.|<!-- yuanliu:\w+ -->)(?: |$)"
    text = page.read_text(encoding="utf-8")
    return re.findall(marks, text, re.MULTILINE) + re.findall(r"\]\(((?!README)[^)]+\.md)\)", text)


def test_readme_has_the_same_structure_in_both_languages() -> None:
    chinese, english = (ROOT / name for name in ("README.md", "README.en.md"))
    assert outline(chinese) == outline(english)


def test_chinese_is_written_as_in_taiwan() -> None:
    sources = [ROOT / "papers.yaml", *ROOT.glob("docs/*.zh-TW.md"), *ROOT.glob("snippets/*.py")]
    sources += [ROOT / "yuanliu/locale/zh-TW.yaml", ROOT / "README.md"]
    for source in sources:
        text = source.read_text(encoding="utf-8")
        found = [word for word in FOREIGN.split() if word in text]
        assert found == [], source.name
        # Simplified characters are in GB 2312 and not in Big5; Traditional ones are in Big5.
        simplified = {char for char in text if _in(char, "gb2312") and not _in(char, "big5hkscs")}
        assert {char for char in simplified if char >= "\u4e00"} == set(), source.name


def _in(char: str, encoding: str) -> bool:
    try:
        char.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


@pytest.mark.parametrize("entry", CATALOG.entries, ids=lambda entry: entry.id)
def test_every_entry_asks_questions_whose_answers_differ(entry: Entry) -> None:
    assert len(entry.questions) >= 2
    for question in entry.questions:
        for answers in question.answers.values():
            assert len(set(answers)) == len(answers) >= 3
