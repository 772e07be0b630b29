"""Words of the glossary become links once a page, and only in running text."""

from __future__ import annotations

import pytest

from yuanliu.catalog import Term
from yuanliu.glossary import link_terms

TERMS = [
    Term.model_validate(raw)
    for raw in (
        {
            "id": "loss",
            "term": {"zh-TW": "損失函數", "en": "loss"},
            "meaning": {"zh-TW": "錯多少。", "en": 'How "wrong" <it> is.'},
            "also": ["loss function", "損失"],
        },
        {
            "id": "rlhf",
            "term": {"zh-TW": "人類回饋強化學習", "en": "RLHF"},
            "meaning": {"zh-TW": "甲。", "en": "A."},
        },
        {
            "id": "rl",
            "term": {"zh-TW": "強化學習", "en": "reinforcement learning"},
            "meaning": {"zh-TW": "乙。", "en": "B."},
        },
    )
]


def linked(page: str, language: str = "en") -> str:
    return link_terms(page, TERMS, language, lambda address: f"/{address}")


def test_first_occurrence_becomes_a_link_with_its_meaning() -> None:
    title = "How &quot;wrong&quot; &lt;\u2060it&gt; is."
    link = f'<a class="yl-term" href="/glossary/#loss" title="{title}">Loss</a>'
    assert linked("<p>Loss is loss.</p><p>loss</p>") == f"<p>{link} is loss.</p><p>loss</p>"


def test_the_longest_word_wins() -> None:
    assert ">loss function</a>" in linked("<p>the loss function</p>")
    page = linked("<p>人類回饋強化學習與強化學習</p>", "zh-TW")
    assert ">人類回饋強化學習</a>與<a" in page and page.count("<a") == 2


@pytest.mark.parametrize("text", ["glossy", "lossy", "floss", "weight-loss", "loss-free"])
def test_part_of_an_english_word_is_left_alone(text: str) -> None:
    assert linked(f"<p>{text}</p>") == f"<p>{text}</p>"


def test_chinese_needs_no_spaces() -> None:
    assert ">損失函數</a>越小" in linked("<p>讓損失函數越小越好</p>", "zh-TW")


@pytest.mark.parametrize(
    "page",
    [
        '<a href="/x">the loss</a>',
        "<h2>the loss</h2>",
        "<pre><code>loss = 1</code></pre>",
        "<code>loss</code>",
        '<p class="loss" title="loss">x</p>',
        "<svg><text>loss</text></svg>",
        "<button><b>loss</b></button>",
        "<!-- loss -->",
    ],
)
def test_other_text_is_left_alone(page: str) -> None:
    assert linked(page) == page
    assert linked(page + "<p>loss</p>").startswith(page + "<p><a")
