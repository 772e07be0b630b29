"""The prerequisites drawn as inline SVG, laid out at build time by igraph's Sugiyama layout."""

from __future__ import annotations

import math
from dataclasses import dataclass
from unicodedata import east_asian_width

import igraph

from yuanliu.catalog import Entry

NODE_HEIGHT, LAYER_GAP, NODE_GAP, MARGIN = 46, 40, 18, 8
LINE_UNITS = 24  # width of one line of a label, in half-width characters
UNIT = 7.2  # pixels for a half-width character at 13 px


@dataclass(frozen=True)
class Node:
    """A box: the entry, its label in lines, and its place (top left corner)."""

    entry: Entry
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


def layout(entries: list[Entry], language: str) -> Drawing:
    """Place ``entries`` in layers, prerequisites above what needs them.

    Args:
        entries: in reading order; edges are the ``requires`` among them.
        language: of the labels.
    """
    index = {entry.id: number for number, entry in enumerate(entries)}
    pairs = [
        (index[needed], index[entry.id])
        for entry in entries
        for needed in entry.requires
        if needed in index
    ]
    labels = [wrap(entry.title[language]) for entry in entries]
    width = max(_units(line) for lines in labels for line in lines) * UNIT + 24
    graph = igraph.Graph(n=len(entries), edges=pairs, directed=True)
    placed = graph.layout_sugiyama(
        layers=_layers(len(entries), pairs),
        hgap=round(width + NODE_GAP),
        vgap=NODE_HEIGHT + LAYER_GAP,
        maxiter=500,
    )
    centres = _spread(placed.coords, width + NODE_GAP)
    routes = placed.edge_routing or [[] for _ in pairs]  # type: ignore[attr-defined]
    points = [*centres, *(point for route in routes for point in route)]
    left = min(x for x, _ in points) - width / 2 - MARGIN
    right = max(x for x, _ in points) + width / 2 + MARGIN
    bottom = max(y for _, y in points) + NODE_HEIGHT + MARGIN
    nodes = [
        Node(entry, lines, x - width / 2 - left, y + MARGIN, width)
        for entry, lines, (x, y) in zip(entries, labels, centres, strict=True)
    ]
    edges = []
    for (source, target), route in zip(pairs, routes, strict=True):
        start = (nodes[source].x + width / 2, nodes[source].y + NODE_HEIGHT)
        end = (nodes[target].x + width / 2, nodes[target].y)
        bends = [(x - left, y + MARGIN + NODE_HEIGHT / 2) for x, y in route]
        edges.append(_curve([start, *bends, end]))
    return Drawing(nodes, edges, round(right - left, 1), round(bottom + MARGIN, 1))


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
        if tokens and char != " " and east_asian_width(char) not in "WF" and _joins(tokens[-1]):
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


def _joins(token: str) -> bool:
    return token != " " and east_asian_width(token[-1]) not in "WF"


def _units(text: str) -> int:
    return sum(2 if east_asian_width(char) in "WF" else 1 for char in text)


def _layers(count: int, pairs: list[tuple[int, int]]) -> list[int]:
    """The longest way from a root to each node; entries come in reading order."""
    layers = [0] * count
    for source, target in sorted(pairs, key=lambda pair: pair[1]):
        layers[target] = max(layers[target], layers[source] + 1)
    return layers


def _curve(points: list[tuple[float, float]]) -> str:
    """An SVG path through ``points`` that leaves and enters each vertically."""
    (x, y), *rest = points
    parts = [f"M{x:.1f} {y:.1f}"]
    for next_x, next_y in rest:
        middle = (y + next_y) / 2
        parts.append(f"C{x:.1f} {middle:.1f} {next_x:.1f} {middle:.1f} {next_x:.1f} {next_y:.1f}")
        x, y = next_x, next_y
    return "".join(parts)
