"""The drawn graph: every box apart from the others, every edge downwards, labels whole."""

from __future__ import annotations

import re
import subprocess
import sys
from itertools import combinations

import pytest
from conftest import ROOT
from hypothesis import given
from hypothesis import strategies as st

from yuanliu import graph
from yuanliu.catalog import load

CATALOG = load(ROOT / "papers.yaml")
PATH = [entry.listed for entry in CATALOG.reading_order()]


@pytest.mark.parametrize("language", CATALOG.languages)
def test_boxes_do_not_overlap_and_lie_inside(language: str) -> None:
    drawing = graph.layout(PATH, language)
    assert len(drawing.nodes) == len(CATALOG.entries)
    for one, other in combinations(drawing.nodes, 2):
        beside = abs(one.x - other.x) >= one.width
        assert beside or abs(one.y - other.y) >= one.height, (one.entry.id, other.entry.id)
    for node in drawing.nodes:
        assert 0 <= node.x <= drawing.width - node.width
        assert 0 <= node.y <= drawing.height - node.height


def test_prerequisites_stand_above_what_needs_them() -> None:
    drawing = graph.layout(PATH, "en")
    top = {node.entry.id: node.y for node in drawing.nodes}
    for entry in CATALOG.entries:
        for needed in entry.requires:
            assert top[needed] < top[entry.id]


def test_edges_that_follow_from_others_are_left_out() -> None:
    route = [CATALOG.entry(one).listed for one in ("transformer", "elmo", "gpt1", "bert")]
    assert CATALOG.entry("bert").requires == ["transformer", "elmo", "gpt1"]
    assert len(graph.layout(route, "en").edges) == 3  # bert needs gpt1, which needs the others


def test_every_edge_runs_down_from_box_to_box_and_round_the_boxes_between() -> None:
    drawing = graph.layout(PATH, "en")
    ends = {
        (node.x + node.width / 2, node.y + down)
        for node in drawing.nodes
        for down in (0, node.height)
    }
    for path in drawing.edges:
        numbers = [float(number) for number in re.findall(r"[\d.]+", path)]
        points = list(zip(numbers[::2], numbers[1::2], strict=True))
        corners = points[::3]  # where one curve ends and the next begins
        for x, y in (corners[0], corners[-1]):
            assert any(abs(x - end_x) < 0.1 and abs(y - end_y) < 0.1 for end_x, end_y in ends)
        assert [y for _, y in corners] == sorted(y for _, y in corners)
        for x, y in corners[1:-1]:
            assert not any(
                node.x < x < node.x + node.width and node.y < y < node.y + node.height
                for node in drawing.nodes
            ), path


def test_labels_break_between_words_and_between_chinese_characters() -> None:
    assert graph.wrap("Attention is all you need", 10) == ["Attention", "is all you…"]
    assert graph.wrap("神經機率語言模型", 8) == ["神經機率", "語言模型"]
    assert graph.wrap("短") == ["短"]


def test_no_line_begins_or_ends_with_the_wrong_punctuation() -> None:
    assert graph.wrap("你只需要注意力（Transformer）", 16) == ["你只需要注意力", "（Transformer）"]
    assert graph.wrap("課程筆記：BERT、GPT", 14) == ["課程筆記：", "BERT、GPT"]


@given(st.lists(st.tuples(st.integers(0, 59), st.integers(0, 59)), max_size=150))
def test_layers_of_any_graph_run_downwards_and_are_no_longer_than_the_usual(
    ends: list[tuple[int, int]],
) -> None:
    edges = sorted({(min(pair), max(pair)) for pair in ends if pair[0] != pair[1]})
    layers = graph._layers(60, edges)
    assert min(layers) == 0
    assert all(layers[source] < layers[target] for source, target in edges)
    usual = [0] * 60  # as high as what is above each allows
    for source, target in sorted(edges, key=lambda edge: edge[1]):
        usual[target] = max(usual[target], usual[source] + 1)
    assert _length(layers, edges) <= _length(usual, edges)


def _length(layers: list[int], edges: list[tuple[int, int]]) -> int:
    return sum(layers[target] - layers[source] for source, target in edges)


def test_a_layout_loads_no_matplotlib_and_leaves_it_to_who_wants_it() -> None:
    program = (
        "import sys; from yuanliu import graph\n"
        "graph._place(2, [(0, 1)], 100)\n"
        "assert 'igraph' in sys.modules and 'matplotlib' not in sys.modules\n"
        "import matplotlib.pyplot\n"
        "graph._place(2, [(0, 1)], 100)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
