"""Checking links: every address in the catalog and in the pages written by hand, politely.

Each host is asked one thing at a time, with a pause between, and only for what its robots.txt
allows. A link is ``ok``, ``moved`` for good, ``dead``, or ``unsure``: the server does not answer,
or does not answer programs.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal, TypeVar
from urllib.parse import urlencode, urlsplit

from markdown_it import MarkdownIt
from protego import Protego

from yuanliu import lookup
from yuanliu.kept import write
from yuanliu.reading import Document, Place
from yuanliu.web import USER_AGENT, Answer, Web, WebError

GONE = {404, 410}
CLOSED = {401, 403, 405, 406, 407, 429, 451, 999}  # for programs; people may well get in
FOR_GOOD = {301, 308}
OWN = {"localhost", "127.0.0.1"}
MAX_PAUSE = 30.0  # seconds between two requests, even where robots.txt asks for more
Verdict = Literal["ok", "moved", "dead", "unsure"]
T = TypeVar("T")


class PageError(Exception):
    """A page whose links cannot be read; the text says where and why."""


@dataclass(frozen=True)
class Link:
    """An address and where it is written."""

    url: str
    path: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"


@dataclass(frozen=True)
class Result:
    """What became of an address; ``target`` is the new address of one that moved."""

    verdict: Verdict
    detail: str
    target: str | None = None
    archive: str | None = None
    cached: bool = False


def of_catalog(path: Path, document: Document) -> Iterator[Link]:
    """Every address in a catalog, and those that its DOIs and arXiv ids stand for."""

    def walk(value: object, place: Place) -> Iterator[Link]:
        if isinstance(value, dict | list):
            items = value.items() if isinstance(value, dict) else enumerate(value)
            for key, inner in items:
                yield from walk(inner, (*place, key))
        elif isinstance(value, str) and place[-1] in ("url", "pdf", "video", "doi", "arxiv"):
            url = lookup.address(str(place[-1]), value)
            yield Link(url, str(path), *document.values[place])

    yield from walk(document.data["entries"], ("entries",))


def of_markdown(path: Path) -> Iterator[Link]:
    """Every web address that a Markdown file links to, but for those on the reader's machine."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise PageError(f"{path}:{line}: is not UTF-8; save it as UTF-8") from error
    lines = text.splitlines()
    for token in MarkdownIt().parse(text):
        start, end = token.map or (0, 0)
        for child in token.children or []:
            url = str(child.attrs.get("href") or child.attrs.get("src") or "")
            if url.startswith(("http://", "https://")) and urlsplit(url).hostname not in OWN:
                number = next((n for n in range(start, end) if url in lines[n]), start)
                yield Link(url, str(path), number + 1, lines[number].find(url) + 1)


async def check(
    urls: Iterable[str],
    web: Web,
    *,
    jobs: int = 16,
    pause: float = 1.0,
    archives: bool = True,
    known: dict[str, Result] | None = None,
    on_done: Callable[[str, Result], None] = lambda url, result: None,
) -> dict[str, Result]:
    """The result for each address.

    Args:
        jobs: how many hosts are asked at once.
        pause: seconds between two requests to one host, unless its robots.txt asks for more.
        archives: whether to look for copies of dead links in the Wayback Machine.
        known: results that need no new request.
        on_done: called with each result.
    """
    known = known or {}
    gate = asyncio.Semaphore(jobs)
    hosts: dict[str, _Host] = {}
    results: dict[str, Result] = {}

    def host_of(url: str) -> _Host:
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc.lower()}"
        return hosts.setdefault(origin, _Host(origin, web, pause))

    async def copy_of(url: str) -> str | None:
        wayback = host_of(lookup.service("wayback"))
        async with wayback.lock, gate:
            if wayback.silent:
                return None
            try:
                return await wayback.ask(lambda: _archived(url, web))
            except WebError:
                wayback.silent = True  # do not wait for it again with every other dead link
                return None

    async def one(url: str) -> None:
        result = known.get(url)
        if result is None:
            host = host_of(url)
            async with host.lock, gate:
                result = await host.check(url)
            if archives and result.verdict in ("dead", "unsure"):
                result = Result(result.verdict, result.detail, archive=await copy_of(url))
        results[url] = result
        on_done(url, result)

    wanted = list(dict.fromkeys(urls))
    async with asyncio.TaskGroup() as tasks:
        for url in wanted:
            tasks.create_task(one(url))
    return {url: results[url] for url in wanted}


class _Host:
    """One server: its rules for programs, and the pause between two requests."""

    def __init__(self, origin: str, web: Web, pause: float):
        self.origin, self.web, self.pause = origin, web, pause
        self.lock = asyncio.Lock()
        self.asked = self.silent = False
        self.rules: Protego | Result | None = None

    async def ask(self, request: Callable[[], Awaitable[T]]) -> T:
        """Make a request after the pause that is due."""
        if self.asked:
            await self.web.sleep(self.pause)
        self.asked = True
        return await request()

    async def check(self, url: str) -> Result:
        """What becomes of ``url``, asked for by HEAD, and by GET where HEAD does not succeed."""
        rules = self.rules = self.rules or await self._rules()
        if isinstance(rules, Result):
            return rules
        if not rules.can_fetch(url, USER_AGENT):
            return Result("unsure", "robots.txt does not let programs ask for it")
        result = Result("unsure", "")
        for method in ("HEAD", "GET"):
            result = await self.ask(lambda method=method: self._try(url, method))
            if result.verdict in ("ok", "moved"):
                break
        return result

    async def _try(self, url: str, method: str) -> Result:
        try:
            return judge(await self.web.fetch(url, method=method, read=False))
        except WebError as error:
            return _without_answer(error)

    async def _rules(self) -> Protego | Result:
        """The host's robots.txt; a result for all its links where the host cannot be asked."""
        url = f"{self.origin}/robots.txt"
        try:
            answer = await self.ask(lambda: self.web.fetch(url, accept="text/plain"))
        except WebError as error:
            if error.reason in ("size", "protocol", "redirect"):
                return Protego.parse("")
            return _without_answer(error)
        if answer.status == 429 or answer.status >= 500:
            return Result("unsure", f"its robots.txt answers HTTP {answer.status}")
        rules = Protego.parse(
            answer.body.decode("utf-8", "replace") if answer.status == 200 else ""
        )
        asked = rules.crawl_delay(USER_AGENT)
        self.pause = min(max(self.pause, float(asked or 0)), MAX_PAUSE)
        return rules


def judge(answer: Answer) -> Result:
    """What an answer says about the link."""
    if answer.status in CLOSED:
        return Result("unsure", f"HTTP {answer.status}: it does not answer programs")
    if answer.status >= 500:
        return Result("unsure", f"HTTP {answer.status}")
    if not 200 <= answer.status < 300:
        return Result("dead", f"HTTP {answer.status}")
    lasting = []
    for status, target in answer.moves:  # up to the first redirect that is for now only
        if status not in FOR_GOOD:
            break
        lasting.append(target)
    if lasting:
        return Result("moved", f"moved to {lasting[-1]}", lasting[-1])
    return Result("ok", f"HTTP {answer.status}")


def _without_answer(error: WebError) -> Result:
    sure = error.reason in ("name", "connection", "tls", "redirect")
    return Result("dead" if sure else "unsure", error.message)


async def _archived(url: str, web: Web) -> str | None:
    """A copy in the Wayback Machine, if it has one and says so."""
    query = urlencode({"url": url})
    answer = await web.fetch(f"{lookup.service('wayback')}?{query}", accept="application/json")
    try:
        closest = json.loads(answer.body)["archived_snapshots"]["closest"]
        copy = str(closest["url"])
    except (ValueError, KeyError, TypeError):
        return None
    return copy.replace("http://", "https://", 1) if copy.startswith("http") else None


class Cache:
    """Good results of former runs, in a JSON file; what was bad is asked again each time."""

    def __init__(self, path: Path, max_age: timedelta):
        self.path, self.max_age = path, max_age
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            self.kept: dict[str, dict] = found if isinstance(found, dict) else {}
        except (OSError, ValueError):
            self.kept = {}

    def fresh(self, now: datetime) -> dict[str, Result]:
        """The results that are young enough to be believed."""
        found = {}
        for url, item in self.kept.items():
            try:
                age = now - datetime.fromisoformat(item["checked"])
                if timedelta(0) <= age < self.max_age and item["verdict"] in ("ok", "moved"):
                    found[url] = Result(
                        item["verdict"], item["detail"], item["target"], cached=True
                    )
            except (KeyError, TypeError, ValueError):
                continue  # written by another version, or by hand
        return found

    def save(self, results: dict[str, Result], now: datetime) -> None:
        """Keep what is good of ``results`` and of what is fresh; the file is replaced at once."""
        kept = {url: self.kept[url] for url in self.fresh(now)}
        for url, result in results.items():
            if result.verdict in ("ok", "moved") and not result.cached:
                kept[url] = {**asdict(result), "checked": now.isoformat()}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        write(self.path, json.dumps(kept, ensure_ascii=False, indent=1).encode())
