"""A local server that answers what a test tells it to: the web, without a network."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit


def line_of(file: Path, text: str) -> int:
    """The first line of ``file`` that has ``text``."""
    lines = file.read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


@dataclass
class Reply:
    """One answer: status, body, headers, seconds of silence before it."""

    body: bytes = b""
    status: int = 200
    type: str = "text/html"
    headers: dict[str, str] = field(default_factory=dict)
    silence: float = 0
    cut: bool = False  # promise more bytes than come


@dataclass
class Server:
    """``replies`` by path: one reply for always, or a list to give one after the other."""

    address: str
    replies: dict[str, Reply | list[Reply]] = field(default_factory=dict)
    asked: list[tuple[str, str, float]] = field(default_factory=list)  # method, target, moment
    agents: set[str] = field(default_factory=set)

    def give(self, path: str, *replies: Reply) -> str:
        """Answer ``path`` with ``replies``, the last of them again and again; its address."""
        self.replies[path] = list(replies)
        return self.address + path

    def times(self, path: str, method: str | None = None) -> int:
        """How often ``path`` was asked for."""
        return sum(
            urlsplit(target).path == path and method in (None, how) for how, target, _ in self.asked
        )

    def reply(self, method: str, target: str) -> Reply:
        self.asked.append((method, target, time.monotonic()))
        known = self.replies.get(urlsplit(target).path, Reply(b"nothing here", 404))
        if isinstance(known, list):
            return known.pop(0) if len(known) > 1 else known[0]
        return known


@contextmanager
def serving() -> Iterator[Server]:
    """A server on this machine for as long as the block runs."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            server.agents.add(self.headers.get("User-Agent", ""))
            reply = server.reply(self.command, self.path)
            time.sleep(reply.silence)
            try:
                self.send_response(reply.status)
                for name, value in {"Content-Type": reply.type, **reply.headers}.items():
                    self.send_header(name, value)
                size = len(reply.body) + (1000 if reply.cut else 0)
                self.send_header("Content-Length", str(size))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(reply.body)
                if reply.cut:
                    self.close_connection = True
            except OSError:
                self.close_connection = True  # the client went away

        do_GET = do_HEAD = _answer  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        http.daemon_threads = True
        server = Server(f"http://127.0.0.1:{http.server_port}")
        threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        http.shutdown()


class Clock:
    """Waits that take no time and are written down."""

    def __init__(self) -> None:
        self.waits: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
