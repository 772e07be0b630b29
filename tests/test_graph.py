"""The drawn graph: every box apart from the others, every edge downwards, labels whole."""

from __future__ import annotations

from itertools import combinations

import pytest
from conftest import ROOT

from yuanliu import graph
from yuanliu.catalog import load

CATALOG = load(ROOT / "papers.yaml")


@pytest.mark.parametrize("language", CATALOG.languages)
def test_boxes_do_not_overlap_and_lie_inside(language: str) -> None:
    drawing = graph.layout(CATALOG.reading_order(), language)
    assert len(drawing.nodes) == len(CATALOG.entries)
    for one, other in combinations(drawing.nodes, 2):
        beside = abs(one.x - other.x) >= one.width
        assert beside or abs(one.y - other.y) >= one.height, (one.entry.id, other.entry.id)
    for node in drawing.nodes:
        assert 0 <= node.x <= drawing.width - node.width
        assert 0 <= node.y <= drawing.height - node.height


def test_prerequisites_stand_above_what_needs_them() -> None:
    drawing = graph.layout(CATALOG.reading_order(), "en")
    top = {node.entry.id: node.y for node in drawing.nodes}
    for entry in CATALOG.entries:
        for needed in entry.requires:
            assert top[needed] < top[entry.id]
    assert len(drawing.edges) == sum(len(entry.requires) for entry in CATALOG.entries)


def test_labels_break_between_words_and_between_chinese_characters() -> None:
    assert graph.wrap("Attention is all you need", 10) == ["Attention", "is all you…"]
    assert graph.wrap("神經機率語言模型", 8) == ["神經機率", "語言模型"]
    assert graph.wrap("短") == ["短"]
