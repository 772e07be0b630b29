"""Odd input for the fuzz tests: valid catalogs changed anywhere, and texts changed anyhow."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import yaml
from hypothesis import strategies as st

TEXTS = {"zh-TW": "一句：話 $x$", "en": "A word <b> & [link](x) {{ y }}"}
ENTRY = {
    "id": "gauss",
    "kind": "paper",
    "title": {"original": "Theoria: “combinationis”", **TEXTS},
    "authors": ["Carl Friedrich Gauss", "{Some Institute}", "高斯"],
    "year": 1823,
    "venue": "Nature & Co.",
    "url": "https://example.org/gauss?a=1#b",
    "pdf": "https://example.org/gauss.pdf",
    "doi": "10.1038/323533a0",
    "arxiv": "1706.03762",
    "video": "https://www.youtube.com/watch?v=VMj-3S1tku0",
    "links": [{"label": TEXTS, "url": "https://example.org/more"}],
    "language": "en",
    "era": "early",
    "requires": [],
    "level": 1,
    "minutes": 30,
    "tags": ["mean", "sum"],
    "snippet": "mean",
    "summary": TEXTS,
    "why": TEXTS,
    "takeaways": {"zh-TW": ["甲", "乙"], "en": ["a", "b"]},
    "claims": [
        {"id": "less", "text": TEXTS, "source": "§1", "metric": "ratio", "expect": "< 1"},
        {"id": "stated", "text": TEXTS, "source": "§2"},
    ],
    "corrections": [
        {
            "said": TEXTS,
            "fact": TEXTS,
            "sources": [{"title": "Legendre 1805", "url": "https://example.org/legendre"}],
        }
    ],
    "questions": [
        {"ask": TEXTS, "answers": {"zh-TW": ["一", "二"], "en": ["one", "two"]}, "because": TEXTS}
    ],
    "added": "2026-11-01",
    "verified": "2026-11-24",
}
LATER = {**ENTRY, "id": "later", "kind": "video", "era": "late", "requires": ["gauss"], "level": 4}
DRAFT = {"id": "new", "draft": True, "title": {"original": "New", "en": None}, "summary": {}}
CATALOG = {
    "languages": ["zh-TW", "en"],
    "eras": [{"id": one, "name": TEXTS, "intro": TEXTS} for one in ("early", "late")],
    "tags": {"mean": TEXTS, "sum": TEXTS},
    "routes": [
        {"id": "short", "name": TEXTS, "intro": TEXTS, "to": ["gauss"], "minutes": 60, "level": 2}
    ],
    "glossary": [{"id": "mean", "term": TEXTS, "meaning": TEXTS, "also": ["average", "平均"]}],
    "entries": [ENTRY, LATER, DRAFT],
}

STRINGS = [
    "",
    " ",
    "0",
    "-0",
    "1e999",
    "0x1F",
    "0o7",
    "1_000",
    "1:30:00",
    ".inf",
    ".nan",
    "nan",
    "~",
    "null",
    "yes",
    "=",
    "<<",
    "2026-11-24T00:00:00Z",
    "2026-13-45",
    "0000-00-00",
    "9999999-01-01",
    "\u202e",
    "\ufeffa",
    "a\x00b",
    "\x07",
    "\x85",
    "\u2028",
    "\ud800",
    "\U0010ffff",
    "é\u0301\u0301",
    "𝒳",
    "👩‍👩‍👧",
    "﷽",
    "١٢",
    "İ",
    "a\nb",
    "a\rb",
    "\t",
    "- a: b",
    "*a",
    "&a",
    "!!int 1",
    "http://[",
    "https://[::1]:99999/",
    "https://a:b/",
    "https://例え.テスト/",
    "https://x.org/%",
    "javascript:alert(1)",
    "../../etc/passwd",
    "con",
    "{",
    "}",
    "{}",
    "$",
    "\\",
    "\\(",
    "$\\frac$",
    "`",
    "<script>",
    "]]>",
    "-->",
    "&#0;",
    "%s{0}",
    "{x!r}",
    "__class__",
    "constructor",
    "< 1e400",
    "in [1, 2]",
    "== -0",
    "a" * 300,
    "字" * 70_000,
]
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([2**63, -(2**63) - 1, 10**30, 10**400, -1, 0]),
    st.floats(),
    st.dates(),
    st.datetimes(),
    st.sampled_from(STRINGS),
    st.text(max_size=20),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5) | st.sampled_from(["en", "zh-TW", "id"]), inner)
    ),
    max_leaves=6,
)


def places(value: Any, here: tuple = ()) -> Iterator[tuple]:
    """The way to everything below ``value``."""
    items = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, inner in items:
        yield (*here, key)
        yield from places(inner, (*here, key))


def at(value: Any, place: tuple) -> Any:
    """What lies at a place."""
    for step in place:
        value = value[step]
    return value


@st.composite
def changed(draw: st.DrawFn, value: Any = CATALOG) -> Any:
    """``value`` with a few things in it gone, doubled, moved, renamed or of another type."""
    data: Any = json.loads(json.dumps(value))  # every text by itself, also what is the same
    for _ in range(draw(st.integers(1, 4))):
        known = list(places(data))
        if not known:
            break
        place = draw(st.sampled_from(known))
        holder, key = at(data, place[:-1]), place[-1]
        match draw(st.sampled_from(["set", "drop", "double", "nest", "move", "rename", "extend"])):
            case "set":
                holder[key] = draw(VALUES)
            case "drop":
                del holder[key]
            case "double" if isinstance(holder, list):
                holder.append(copy.deepcopy(holder[key]))
            case "double":
                holder[f"{key}2"] = copy.deepcopy(holder[key])
            case "nest":
                holder[key] = draw(st.sampled_from([[holder[key]], {"en": holder[key]}]))
            case "move":
                holder[key] = copy.deepcopy(at(data, draw(st.sampled_from(known))))
            case "rename" if isinstance(holder, dict):
                holder[draw(st.text(max_size=8) | st.sampled_from(STRINGS))] = holder.pop(key)
            case "extend" if isinstance(holder[key], str):
                holder[key] += draw(st.text(max_size=8) | st.sampled_from(STRINGS))
            case _:
                holder[key] = draw(SCALARS)
    return data


@st.composite
def worded(draw: st.DrawFn) -> Any:
    """The catalog with odd words at the beginning or end of some of its texts."""
    data: Any = json.loads(json.dumps(CATALOG))
    texts = [place for place in places(data) if isinstance(at(data, place), str)]
    for place in draw(st.lists(st.sampled_from(texts), min_size=1, max_size=6)):
        holder, key = at(data, place[:-1]), place[-1]
        odd = draw(st.sampled_from(STRINGS) | st.text(max_size=12))
        holder[key] = holder[key] + odd if draw(st.booleans()) else odd + holder[key]
    return data


class Plain(yaml.SafeDumper):
    """Writes a value out each time it occurs."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def dump(data: Any) -> bytes:
    """``data`` as YAML, with what UTF-8 cannot hold escaped."""
    text = yaml.dump(data, Dumper=Plain, allow_unicode=True, sort_keys=False, width=1000)
    return text.encode("utf-8", "backslashreplace")


@st.composite
def spliced(draw: st.DrawFn, sources: tuple[bytes, ...]) -> bytes:
    """One of ``sources`` with pieces cut out, doubled, taken from another, or put in."""
    raw = draw(st.sampled_from(sources))
    for _ in range(draw(st.integers(1, 5))):
        start = draw(st.integers(0, len(raw)))
        end = min(len(raw), start + draw(st.integers(0, 60)))
        other = draw(st.sampled_from(sources))
        cut = draw(st.integers(0, len(other)))
        piece = draw(
            st.one_of(
                st.binary(max_size=6),
                st.text(max_size=6).map(lambda text: text.encode("utf-8", "surrogatepass")),
                st.sampled_from(STRINGS).map(lambda text: text.encode("utf-8", "surrogatepass")),
                st.just(other[cut : cut + 40]),
                st.just(raw[start:end] * 2),
            )
        )
        raw = raw[:start] + piece + raw[end:]
    return raw
