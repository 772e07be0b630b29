"""The words of the interface: the package's, and those that a site brings for its languages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from string import Formatter
from typing import Any

import yaml

from yuanliu.catalog import suggest
from yuanliu.reading import CatalogError, Document, Place, Problem, read

LOCALES = Path(__file__).with_name("locale")
OPEN = {"language_names"}  # a mapping to which a site may add keys


def strings(language: str) -> dict[str, Any]:
    """The package's words in ``language``, English where it has none."""
    found = yaml.safe_load((LOCALES / "en.yaml").read_text(encoding="utf-8"))
    own = LOCALES / f"{language}.yaml"
    if own.is_file():
        _put(found, yaml.safe_load(own.read_text(encoding="utf-8")))
    return found


def load(folder: Path, languages: Iterable[str]) -> dict[str, dict[str, Any]]:
    """The words in each language, those of ``folder/LANG.yaml`` before the package's.

    Raises:
        CatalogError: with every file for no language, and every word that is unknown or broken.
    """
    found = {language: strings(language) for language in languages}
    problems = []
    for file in sorted(folder.glob("*.yaml")):
        if file.stem not in found:
            hint = suggest(file.stem, found) or "; not among 'languages'"
            message = f"no language '{file.stem}'{hint}"
            problems.append(Problem(str(file), 1, 1, None, message))
            continue
        try:
            document = read(file)
        except CatalogError as error:
            problems += error.problems
            continue
        wrong = [Problem(str(file), *at, None, message) for at, message in _wrong(document)]
        problems += wrong
        if not wrong:
            _put(found[file.stem], document.data)
    if problems:
        raise CatalogError(problems)
    return found


def _put(words: dict[Any, Any], own: dict[Any, Any]) -> None:
    """Put a language's own words in the place of others. Keys that are numbers come as text."""
    ours = {str(key): key for key in words}
    for key, text in own.items():
        if isinstance(text, dict):
            _put(words[key], text)
        else:
            words[ours.get(str(key), key)] = text


def _wrong(document: Document) -> Iterator[tuple[tuple[int, int], str]]:
    """What is wrong with a site's file of words, and where."""
    yield from ((at, message) for at, _, message in document.problems)
    if not isinstance(document.data, dict):
        yield (1, 1), "words are a mapping, such as 'home: Start'"
        return
    yield from _wrong_in(document, document.data, strings("en"), ())


def _wrong_in(
    document: Document, own: dict[str, Any], ours: dict[Any, Any], place: Place
) -> Iterator[tuple[tuple[int, int], str]]:
    known = {str(key): text for key, text in ours.items()}
    for key, text in own.items():
        here = (*place, key)
        model = known.get(key, "" if place and place[-1] in OPEN else None)
        if model is None:
            yield document.keys[here], f"unknown word '{key}'{suggest(key, known)}"
        elif isinstance(model, dict) and isinstance(text, dict):
            yield from _wrong_in(document, text, model, here)
        elif isinstance(model, dict):
            yield document.values[here], f"'{key}' is a mapping: {', '.join(map(str, model))}"
        elif not isinstance(text, str) or not text:
            yield document.values[here], f"'{key}' must be text; put quotes around it"
        elif slots(text) is None or not slots(text) <= (slots(model) or set()):  # type: ignore[operator]
            may = ", ".join(f"{{{one}}}" for one in sorted(slots(model) or ())) or "none"
            yield document.values[here], f"'{key}' may hold these in braces: {may}"


def slots(text: str) -> set[str] | None:
    """What a text has in braces, to be filled in; None when the braces do not match."""
    try:
        return {name for _, name, _, _ in Formatter().parse(text) if name is not None}
    except ValueError:
        return None
