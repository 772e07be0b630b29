"""The prerequisites drawn as inline SVG, laid out at build time by igraph's Sugiyama layout."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from importlib import import_module
from itertools import pairwise
from typing import Any
from unicodedata import east_asian_width

from yuanliu.catalog import Listed

NODE_HEIGHT, LAYER_GAP, NODE_GAP, MARGIN = 46, 40, 18, 8
LINE_UNITS = 20  # width of one line of a label, in half-width characters
OPENING, CLOSING = "（「『《", "、。，：；！？）」』》"  # no line ends or begins with these
WIDE = {"W", "F"}
UNIT = 7.2  # pixels for a half-width character at 13 px


@dataclass(frozen=True)
class Node:
    """A box: the entry, its label in lines, and its place (top left corner)."""

    entry: Listed
    lines: list[str]
    x: float
    y: float
    width: float
    height: float = NODE_HEIGHT


@dataclass(frozen=True)
class Drawing:
    """A graph ready for the template: nodes, one path an edge, and the size."""

    nodes: list[Node]
    edges: list[str]
    width: float
    height: float


def layout(entries: list[Listed], language: str, known: dict[str, list] | None = None) -> Drawing:
    """Place ``entries`` in layers, prerequisites above what needs them.

    Args:
        entries: in reading order; edges are the ``requires`` among them, but for those that
            follow from others.
        language: of the labels.
        known: where graphs of the same shape were placed; what is new is added.
    """
    index = {entry.id: number for number, entry in enumerate(entries)}
    above: list[set[int]] = []  # of each entry, everything that it rests on
    pairs: list[tuple[int, int]] = []
    for target, entry in enumerate(entries):
        needed = [index[one] for one in entry.requires if one in index]
        implied = {far for one in needed for far in above[one]}
        above.append(implied.union(needed))
        pairs += [(source, target) for source in needed if source not in implied]
    labels = [wrap(entry.title[language]) for entry in entries]
    width = max(_units(line) for lines in labels for line in lines) * UNIT + 24
    gap = round(width + NODE_GAP)
    shape = f"{len(entries)} {gap} {pairs}"
    known = {} if known is None else known
    if shape not in known:
        known[shape] = _place(len(entries), pairs, gap)
    routes, placed = known[shape]
    linked = {end for pair in pairs for end in pair}
    last = max((x for n, (x, y) in enumerate(placed) if n in linked and y == 0), default=0)
    centres = [
        [last + 1, y] if number < len(entries) and number not in linked else [x, y]
        for number, (x, y) in enumerate(placed)
    ]  # entries without any link stand at the end of the first row
    points = _spread(centres, width + NODE_GAP)
    left = min(x for x, _ in points) - width / 2 - MARGIN
    right = max(x for x, _ in points) + width / 2 + MARGIN
    bottom = max(y for _, y in points) + NODE_HEIGHT + MARGIN
    nodes = [
        Node(entry, lines, x - width / 2 - left, y + MARGIN, width)
        for entry, lines, (x, y) in zip(entries, labels, points[: len(entries)], strict=True)
    ]
    edges = []
    for (source, target), route in zip(pairs, routes, strict=True):
        start = (nodes[source].x + width / 2, nodes[source].y + NODE_HEIGHT)
        end = (nodes[target].x + width / 2, nodes[target].y)
        between = [points[vertex] for vertex in route]
        bends = [(x - left, y + MARGIN + NODE_HEIGHT / 2) for x, y in between]
        edges.append(_curve([start, *bends, end]))
    return Drawing(nodes, edges, round(right - left, 1), round(bottom + MARGIN, 1))


def _place(count: int, pairs: list[tuple[int, int]], gap: int) -> list:
    """The vertices that stand in for each long edge, one a layer; the centres of all vertices."""
    igraph = _igraph()
    layers = _layers(count, pairs)
    routes: list[list[int]] = []
    steps: list[tuple[int, int]] = []
    for source, target in pairs:
        between = range(layers[source] + 1, layers[target])
        route = list(range(len(layers), len(layers) + len(between)))
        layers += between
        steps += pairwise([source, *route, target])
        routes.append(route)
    graph = igraph.Graph(n=len(layers), edges=steps, directed=True)
    placed = graph.layout_sugiyama(
        layers=layers, hgap=gap, vgap=NODE_HEIGHT + LAYER_GAP, maxiter=500
    )
    return [routes, placed.coords]


def _igraph() -> Any:
    """The module igraph. It would load Matplotlib to draw with, which takes a second, and does
    without where there is none; so there is none while it loads."""
    hidden = "matplotlib" not in sys.modules
    if hidden:
        sys.modules["matplotlib"] = None  # type: ignore[assignment]
    try:
        return import_module("igraph")
    finally:
        if hidden:
            del sys.modules["matplotlib"]


def _spread(centres: list[list[float]], gap: float) -> list[tuple[float, float]]:
    """The centres with those of one layer moved right where they are nearer than ``gap``."""
    moved: dict[int, tuple[float, float]] = {}
    reached: dict[float, float] = {}
    for number in sorted(range(len(centres)), key=lambda one: centres[one][0]):
        x, y = centres[number]
        x = max(x, reached.get(y, -math.inf) + gap)
        reached[y], moved[number] = x, (x, y)
    return [moved[number] for number in range(len(centres))]


def wrap(text: str, units: int = LINE_UNITS, most: int = 2) -> list[str]:
    """Break a label into at most ``most`` lines; CJK characters count double and break anywhere."""
    tokens: list[str] = []
    for char in text:
        if tokens and (char in CLOSING or tokens[-1][-1] in OPENING or _one_word(tokens[-1], char)):
            tokens[-1] += char
        else:
            tokens.append(char)
    lines = [""]
    for token in tokens:
        if lines[-1] and _units(lines[-1] + token) > units:
            lines.append("")
        lines[-1] += token if lines[-1] else token.lstrip()
    lines = [line.rstrip() for line in lines if line.strip()]
    if len(lines) > most:
        return [*lines[: most - 1], lines[most - 1].rstrip(":：,，") + "…"]
    return lines


def _one_word(token: str, char: str) -> bool:
    return " " not in (token, char) and not WIDE & {*map(east_asian_width, (token[-1], char))}


def _units(text: str) -> int:
    return sum(2 if east_asian_width(char) in WIDE else 1 for char in text)


def _layers(count: int, pairs: list[tuple[int, int]]) -> list[int]:
    """The layer of each entry such that the edges are short in total.

    A linear program whose corners are whole numbers, so the simplex method ends at some (Gansner
    and others 1993, "A technique for drawing directed graphs", §2). igraph layers as well, but
    version 1.0 reads past its own memory on many graphs.
    """
    layers = [0] * count
    for source, target in pairs:  # in the order of the path, so each is final when it is read
        layers[target] = max(layers[target], layers[source] + 1)
    if all(layers[target] - layers[source] == 1 for source, target in pairs):
        return layers  # no edge can be shorter
    import numpy as np
    from scipy.optimize import linprog  # takes half a second to load
    from scipy.sparse import csr_array

    edges = np.array(pairs)
    below = csr_array(
        (np.tile([1, -1], len(pairs)), (np.repeat(np.arange(len(pairs)), 2), edges.ravel())),
        shape=(len(pairs), count),
    )  # source - target <= -1
    length = np.bincount(edges[:, 1], minlength=count) - np.bincount(edges[:, 0], minlength=count)
    upward = 1 / (2 * count * count)  # of equal solutions the one that lies higher
    found = linprog(length + upward, A_ub=below, b_ub=-np.ones(len(pairs)), method="highs-ds")
    return [round(layer) for layer in found.x]


def _curve(points: list[tuple[float, float]]) -> str:
    """An SVG path through ``points`` that leaves and enters each vertically."""
    (x, y), *rest = points
    parts = [f"M{x:.1f} {y:.1f}"]
    for next_x, next_y in rest:
        middle = (y + next_y) / 2
        parts.append(f"C{x:.1f} {middle:.1f} {next_x:.1f} {middle:.1f} {next_x:.1f} {next_y:.1f}")
        x, y = next_x, next_y
    return "".join(parts)
