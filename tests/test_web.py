"""The HTTP client: patience, limits, and redirects that lead where they must not."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from server import Clock, Reply, Server, serving

from yuanliu.web import Answer, Web, WebError, is_private, retry_after


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as one:
        yield one


def fetch(url: str, clock: Clock | None = None, **options) -> Answer:
    async def ask() -> Answer:
        async with Web(sleep=(clock or Clock()).sleep, **options) as web:
            return await web.fetch(url)

    return asyncio.run(ask())


def test_busy_server_is_asked_again_when_it_says(server: Server) -> None:
    clock = Clock()
    url = server.give(
        "/", Reply(status=429, headers={"Retry-After": "7"}), Reply(status=503), Reply(b"here")
    )
    assert fetch(url, clock).body == b"here"
    assert clock.waits == [7, 2]


def test_server_that_stays_busy_is_left_alone(server: Server) -> None:
    clock = Clock()
    answer = fetch(server.give("/", Reply(status=503)), clock)
    assert answer.status == 503
    assert server.times("/") == 4 and clock.waits == [1, 2, 4]


def test_nobody_waits_an_hour(server: Server) -> None:
    clock = Clock()
    answer = fetch(server.give("/", Reply(status=429, headers={"Retry-After": "3600"})), clock)
    assert (answer.status, answer.wait) == (429, 3600)
    assert clock.waits == [] and server.times("/") == 1


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("30", 30),
        ("soon", None),
        ("-5", None),
        ("Wed, 25 Nov 2026 00:01:00 GMT", 60),
        ("Wed, 25 Nov 2026 00:01:00", 60),
        ("Tue, 24 Nov 2026 00:00:00 GMT", 0),
    ],
)
def test_retry_after_in_both_forms(header: str | None, seconds: float | None) -> None:
    assert retry_after(header, datetime(2026, 11, 25, tzinfo=UTC)) == seconds


def test_silence_is_an_error_after_some_tries(server: Server) -> None:
    url = server.give("/", Reply(silence=1))
    with pytest.raises(WebError, match="no answer in time") as raised:
        fetch(url, timeout=0.05, tries=2)
    assert raised.value.reason == "timeout"
    assert server.times("/") == 2


def test_answer_that_drips_is_cut_at_the_deadline(server: Server) -> None:
    url = server.give("/", Reply(silence=0.5))
    with pytest.raises(WebError, match="no answer in time"):
        fetch(url, deadline=0.05, tries=1)


def test_closed_port_and_unknown_name_are_told_apart() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(WebError) as refused:
        fetch(f"http://127.0.0.1:{port}/")
    assert refused.value.reason == "connection"
    with pytest.raises(WebError) as nameless:
        fetch("http://nowhere.invalid/")
    assert nameless.value.reason in ("name", "offline")  # without a network: no name server


def test_broken_body_is_an_error(server: Server) -> None:
    with pytest.raises(WebError) as raised:
        fetch(server.give("/", Reply(b"half", cut=True)))
    assert raised.value.reason == "protocol"
    with pytest.raises(WebError, match="broken"):
        fetch(server.give("/zip", Reply(b"not gzip", headers={"Content-Encoding": "gzip"})))


def test_huge_body_is_not_read_to_its_end(server: Server) -> None:
    with pytest.raises(WebError, match="larger than 1 MiB") as raised:
        fetch(server.give("/", Reply(bytes(3 * 2**20))), limit=2**20)
    assert raised.value.reason == "size"


def test_redirects_are_followed_and_told(server: Server) -> None:
    url = server.give("/a", Reply(status=301, headers={"Location": "b"}))
    server.give("/b", Reply(status=302, headers={"Location": "/c?x=1"}))
    server.give("/c", Reply(b"here"))
    answer = fetch(url)
    assert answer.url == f"{server.address}/c?x=1"
    assert answer.moves == ((301, f"{server.address}/b"), (302, f"{server.address}/c?x=1"))


def test_circle_of_redirects_ends(server: Server) -> None:
    url = server.give("/a", Reply(status=302, headers={"Location": "/a"}))
    with pytest.raises(WebError, match="redirects without end") as raised:
        fetch(url)
    assert raised.value.reason == "redirect"
    assert server.times("/a") < 20


@pytest.mark.parametrize("to", ["file:///etc/passwd", "ftp://x.org/", "mailto:a@b", "data:,x"])
def test_redirect_out_of_the_web_is_refused(server: Server, to: str) -> None:
    url = server.give("/", Reply(status=302, headers={"Location": to}))
    with pytest.raises(WebError, match=r"no web address|broken"):
        fetch(url)


def test_redirect_from_a_public_host_into_a_private_network_is_refused(server: Server) -> None:
    async def only_localhost(host: str) -> bool:
        return host == "localhost"

    port = server.address.rpartition(":")[2]
    url = server.give(
        "/", Reply(status=302, headers={"Location": f"http://localhost:{port}/secret"})
    )
    with pytest.raises(WebError, match="private network"):
        fetch(url, private=only_localhost)
    assert server.times("/secret") == 0
    server.give("/secret", Reply(b"mine"))
    assert fetch(url).body == b"mine"  # both are this machine: whoever typed it may go there


@pytest.mark.parametrize(
    ("host", "private"),
    [
        ("127.0.0.1", True),
        ("10.1.2.3", True),
        ("169.254.169.254", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("fe80::1", True),
        ("0.0.0.0", True),
        ("1.1.1.1", False),
        ("2606:4700:4700::1111", False),
        ("nowhere.invalid", False),
        ("a" * 300, False),
    ],
)
def test_private_addresses(host: str, private: bool) -> None:
    assert asyncio.run(is_private(host)) is private


def test_server_learns_who_asks(server: Server) -> None:
    fetch(server.give("/", Reply()))
    (agent,) = server.agents
    assert agent.startswith("yuanliu/")
