"""Words of the glossary in a page: each becomes a link, where it first occurs in running text."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable

from yuanliu.catalog import HAN, Term

TAG = re.compile(r"(<!--.*?-->|<[^>]+>)", re.DOTALL)
# Text inside these is no running text: links, headings, code, drawings, controls, labels, facts.
SKIP = {"a", "button", "code", "dd", "dt", "figcaption", "h1", "h2", "h3", "h4", "label", "math"}
SKIP |= {"nav", "pre", "script", "select", "small", "span", "style", "summary", "svg", "title"}


def link_terms(page: str, terms: Iterable[Term], language: str, url: Callable[[str], str]) -> str:
    """``page`` (HTML) with the first occurrence of each term linked to the glossary.

    The meaning stands in the link's title, which the theme shows as a tooltip.
    """
    by_word = {word.lower(): term for term in terms for word in (term.term[language], *term.also)}
    lower = page.lower()
    there = [word for word in by_word if _escaped(word).lower() in lower]  # few, so it is fast
    if not there:
        return page
    words = sorted(there, key=len, reverse=True)
    pattern = re.compile("|".join(f"({_bounded(word)})" for word in words), re.IGNORECASE)
    seen: set[str] = set()

    def link(match: re.Match) -> str:
        term = by_word[words[match.lastindex - 1]]  # type: ignore[operator]
        if term.id in seen:
            return match[0]
        seen.add(term.id)
        # The theme takes a title for HTML when it shows it; a joiner, invisible, ends every tag.
        title = html.escape(term.meaning[language].replace("<", "<\u2060"))
        target = url(f"glossary/#{term.id}")
        return f'<a class="yl-term" href="{target}" title="{title}">{match[0]}</a>'

    pieces = TAG.split(page)
    inside: list[str] = []  # the skipped elements that are open here
    for number, piece in enumerate(pieces):
        if number % 2:
            _follow(piece, inside)
        elif piece and not inside:
            pieces[number] = pattern.sub(link, piece)
    return "".join(pieces)


def _bounded(word: str) -> str:
    """A pattern for ``word``, whole where its ends are not Chinese."""
    start = "" if HAN.match(word[0]) else r"(?<![A-Za-z0-9-])"
    end = "" if HAN.match(word[-1]) else r"(?![A-Za-z0-9-])"
    return start + re.escape(_escaped(word)) + end


def _escaped(word: str) -> str:
    return html.escape(word, quote=False)


def _follow(tag: str, inside: list[str]) -> None:
    """Open or close a skipped element."""
    name = re.match(r"</?([a-z0-9]+)", tag, re.IGNORECASE)
    if not name or name[1].lower() not in SKIP or tag.endswith("/>"):
        return
    if not tag.startswith("</"):
        inside.append(name[1].lower())
    elif name[1].lower() in inside:
        inside.reverse()
        inside.remove(name[1].lower())
        inside.reverse()
