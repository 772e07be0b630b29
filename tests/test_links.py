"""Checking links: verdicts, manners, archives, cache, and where each link is written."""

from __future__ import annotations

import asyncio
import itertools
import json
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from conftest import edit
from server import Clock, Reply, Server, line_of, serving

from yuanliu import links
from yuanliu.links import Cache, Result
from yuanliu.reading import read
from yuanliu.web import Web

NOW = datetime(2026, 11, 25, tzinfo=UTC)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with serving() as one:
        monkeypatch.setenv("YUANLIU_WAYBACK", f"{one.address}/wayback")
        yield one


def check(*urls: str, clock: Clock | None = None, timeout: float = 5, **options) -> list[Result]:
    async def ask() -> dict[str, Result]:
        async with Web(sleep=(clock or Clock()).sleep, timeout=timeout, tries=2) as web:
            return await links.check(urls, web, **{"archives": False, **options})

    return list(asyncio.run(ask()).values())


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (200, "ok"),
        (204, "ok"),
        (404, "dead"),
        (410, "dead"),
        (400, "dead"),
        (403, "unsure"),
        (401, "unsure"),
        (429, "unsure"),
        (500, "unsure"),
        (503, "unsure"),
    ],
)
def test_status_decides(server: Server, status: int, verdict: str) -> None:
    (result,) = check(server.give("/a", Reply(status=status)))
    assert result.verdict == verdict


def test_get_is_tried_where_head_does_not_succeed(server: Server) -> None:
    url = server.give("/a", Reply(status=405), Reply(bytes(10**6)))
    (result,) = check(url)
    assert result.verdict == "ok"
    assert [method for method, target, _ in server.asked if target == "/a"] == ["HEAD", "GET"]


def test_head_is_enough_where_it_succeeds(server: Server) -> None:
    check(server.give("/a", Reply()))
    assert server.times("/a", "GET") == 0


def test_lasting_redirect_names_the_new_address(server: Server) -> None:
    server.give("/new", Reply())
    server.give("/soon", Reply(status=302, headers={"Location": "/new"}))
    for_good = server.give("/a", Reply(status=301, headers={"Location": "/new"}))
    for_now = server.give("/b", Reply(status=302, headers={"Location": "/new"}))
    both = server.give("/c", Reply(status=308, headers={"Location": "/soon"}))
    moved, same, partly = check(for_good, for_now, both)
    assert (moved.verdict, moved.target) == ("moved", f"{server.address}/new")
    assert same.verdict == "ok"
    assert (partly.verdict, partly.target) == ("moved", f"{server.address}/soon")


def test_circle_of_redirects_is_dead(server: Server) -> None:
    (result,) = check(server.give("/a", Reply(status=301, headers={"Location": "/a"})))
    assert (result.verdict, "without end" in result.detail) == ("dead", True)


def test_host_that_is_gone_is_dead_and_a_silent_one_unsure(server: Server) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        closed = f"http://127.0.0.1:{free.getsockname()[1]}/"
    (gone,) = check(closed)
    assert gone.verdict == "dead"
    server.give("/robots.txt", Reply(silence=1))
    (silent,) = check(f"{server.address}/a", timeout=0.05)
    assert (silent.verdict, silent.detail) == ("unsure", "no answer in time")


def test_robots_are_honoured(server: Server) -> None:
    rules = b"User-agent: *\nDisallow: /private\n\nUser-agent: yuanliu\nDisallow: /not-you\n"
    server.give("/robots.txt", Reply(rules, type="text/plain"))
    server.give("/not-you", Reply())
    server.give("/private", Reply())
    refused, allowed = check(f"{server.address}/not-you", f"{server.address}/private")
    assert (refused.verdict, "robots.txt" in refused.detail) == ("unsure", True)
    assert allowed.verdict == "ok"  # the rules for us stand above those for all
    assert server.times("/not-you") == 0 and server.times("/robots.txt") == 1


def test_robots_that_cannot_be_read_close_the_host(server: Server) -> None:
    server.give("/robots.txt", Reply(status=503))
    (result,) = check(server.give("/a", Reply()))
    assert (result.verdict, server.times("/a")) == ("unsure", 0)


def test_one_request_at_a_time_and_a_pause_between(server: Server) -> None:
    clock = Clock()
    urls = [server.give(f"/{name}", Reply(silence=0.02)) for name in "abcd"]
    check(*urls, clock=clock, pause=3)
    assert clock.waits == [3, 3, 3, 3]  # after robots.txt, and between the four
    moments = [moment for *_, moment in server.asked]
    assert all(b - a >= 0.02 for a, b in itertools.pairwise(moments[1:]))


def test_longer_pause_of_robots_is_kept_up_to_a_bound(server: Server) -> None:
    server.give("/robots.txt", Reply(b"User-agent: *\nCrawl-delay: 5\n", type="text/plain"))
    clock = Clock()
    check(server.give("/a", Reply()), clock=clock)
    assert clock.waits == [5]
    server.give("/robots.txt", Reply(b"User-agent: *\nCrawl-delay: 86400\n", type="text/plain"))
    clock = Clock()
    check(f"{server.address}/a", clock=clock)
    assert clock.waits == [30]


def test_hosts_are_asked_at_the_same_time() -> None:
    with serving() as first, serving() as second:
        for one in (first, second):
            one.give("/a", Reply(silence=0.3))
        check(f"{first.address}/a", f"{second.address}/a")
        starts = [one.asked[-1][2] for one in (first, second)]
        assert abs(starts[0] - starts[1]) < 0.3


def test_each_address_is_asked_once(server: Server) -> None:
    url = server.give("/a", Reply())
    assert len(check(url, url)) == 1
    assert server.times("/a") == 1


def test_dead_link_comes_with_a_copy(server: Server) -> None:
    copy = {"available": True, "url": "http://web.archive.org/web/2020/x", "status": "200"}
    body = json.dumps({"url": "x", "archived_snapshots": {"closest": copy}}).encode()
    server.give("/wayback", Reply(body, type="application/json"), Reply(b"oops"))
    first, second = check(f"{server.address}/a", f"{server.address}/b", archives=True)
    assert first.verdict == second.verdict == "dead"
    assert {first.archive, second.archive} == {"https://web.archive.org/web/2020/x", None}


def test_archive_that_does_not_answer_is_asked_once(server: Server) -> None:
    server.give("/wayback", Reply(silence=1))
    urls = [f"{server.address}/{name}" for name in "abc"]
    assert [one.archive for one in check(*urls, archives=True, timeout=0.1)] == [None] * 3
    assert server.times("/wayback") == 2  # both tries of the first question


def test_cache_keeps_good_results_for_a_while(tmp_path: Path) -> None:
    file = tmp_path / "deep/links.json"
    results = {"https://a.org/": Result("ok", "HTTP 200"), "https://b.org/": Result("dead", "x")}
    Cache(file, timedelta(days=7)).save(results, NOW)
    cache = Cache(file, timedelta(days=7))
    assert set(cache.fresh(NOW + timedelta(days=6))) == {"https://a.org/"}
    assert cache.fresh(NOW + timedelta(days=8)) == {}
    assert cache.fresh(NOW - timedelta(days=1)) == {}  # a clock that was wrong
    assert [path.name for path in file.parent.iterdir()] == ["links.json"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"https://a.org/": 3}', '{"u": {"checked": 1}}'])
def test_broken_cache_is_no_cache(tmp_path: Path, text: str) -> None:
    (tmp_path / "links.json").write_text(text)
    assert Cache(tmp_path / "links.json", timedelta(days=7)).fresh(NOW) == {}


def test_known_results_are_not_asked_again(server: Server) -> None:
    (result,) = check(server.address, known={server.address: Result("ok", "", cached=True)})
    assert result.cached and server.asked == []


def test_links_of_the_catalog_have_their_places(toy: Path) -> None:
    edit(
        toy,
        "url: https://example.org/gauss\n",
        "url: https://example.org/gauss\n    doi: 10.1234/x\n",
    )
    file = toy / "papers.yaml"
    found = {
        str(link).removeprefix(f"{file}:"): link.url for link in links.of_catalog(file, read(file))
    }
    line = line_of(file, "url: https://example.org/gauss")
    assert found[f"{line}:10"] == "https://example.org/gauss"
    assert found[f"{line + 1}:10"] == "https://doi.org/10.1234/x"
    assert "https://example.org/legendre" in found.values() and len(found) == 4


def test_links_of_a_page_have_their_places(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# A\n\ntext\n[one](https://a.org/x)\n\n- <https://b.org/>\n\n`https://not.org` [c](c.md)\n<http://127.0.0.1:8000>\n"
    )
    found = [(link.url, link.line, link.column) for link in links.of_markdown(page)]
    assert found == [("https://a.org/x", 4, 7), ("https://b.org/", 6, 4)]
