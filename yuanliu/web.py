"""A polite HTTP client: bounded, patient, and careful where a redirect leads."""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib import metadata
from typing import Literal
from urllib.parse import urljoin, urlsplit

import httpx
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_attempt

USER_AGENT = f"yuanliu/{metadata.version('yuanliu')} (a curator's tool; it honours robots.txt)"
MAX_BYTES = 8 * 2**20
MAX_MOVES = 10
MAX_WAIT = 120.0  # seconds that a server may ask us to wait before we give up instead
MOVED = {301, 302, 303, 307, 308}
AGAIN = {429, 500, 502, 503, 504}

# Why no answer came: no name server, no such name, nobody listens, silence, no trust, too much,
# an answer that breaks the protocol, or a redirect that must not be followed.
Reason = Literal["offline", "name", "connection", "timeout", "tls", "size", "protocol", "redirect"]


class WebError(Exception):
    """No usable answer came from an address; the text says what happened."""

    def __init__(self, url: str, message: str, reason: Reason):
        super().__init__(f"{url}: {message}")
        self.url, self.message, self.reason = url, message, reason


@dataclass(frozen=True)
class Answer:
    """What a server said in the end, and the redirects on the way (status, new address)."""

    url: str
    status: int
    type: str  # media type without parameters
    charset: str | None
    body: bytes
    moves: tuple[tuple[int, str], ...] = ()
    wait: float | None = None  # seconds that the server asked us to wait


class _BusyError(Exception):
    """Worth another try: a busy server, or no answer."""

    def __init__(self, answer: Answer | None, error: WebError | None):
        super().__init__()
        self.answer, self.error = answer, error


class Web:
    """Use it as ``async with Web() as web: answer = await web.fetch(url)``.

    Args:
        timeout: seconds to wait for a connection, and for each next piece of an answer.
        deadline: seconds for one whole request.
        tries: how often a busy or silent server is asked in all.
        sleep: waits between tries; tests put a clock of their own.
        private: tells whether a host lies in a private network.
    """

    def __init__(
        self,
        *,
        timeout: float = 20,
        deadline: float = 60,
        tries: int = 4,
        limit: int = MAX_BYTES,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        private: Callable[[str], Awaitable[bool]] | None = None,
    ):
        self.timeout, self.deadline, self.tries, self.limit = timeout, deadline, tries, limit
        self.sleep = sleep
        self.private = private or is_private

    async def __aenter__(self) -> Web:
        self.client = httpx.AsyncClient(
            headers={"User-Agent": USER_AGENT},
            timeout=self.timeout,
            follow_redirects=False,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.client.aclose()

    async def fetch(
        self, url: str, *, method: str = "GET", accept: str = "*/*", read: bool = True
    ) -> Answer:
        """The answer at ``url`` after redirects, with any HTTP status.

        Args:
            read: whether the body is wanted; without it only the head of the answer is read.

        Raises:
            WebError: when there is none, it is too large, or a redirect leads where it must not.
        """
        start, moves = url, []
        while True:
            answer, location = await self._patiently(url, method, accept, read)
            if location is None:
                return Answer(**{**vars(answer), "moves": tuple(moves)})
            moves.append((answer.status, location))
            if len(moves) > MAX_MOVES:
                raise WebError(start, f"redirects without end, now to {location}", "redirect")
            await self._allow(start, location)
            url = location

    async def _allow(self, start: str, location: str) -> None:
        parts = urlsplit(location)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise WebError(start, f"redirects to {location!r}, which is no web address", "redirect")
        here, there = urlsplit(start).hostname or "", parts.hostname
        if here != there and await self.private(there) and not await self.private(here):
            raise WebError(
                start, f"refused: redirects into a private network ({there})", "redirect"
            )

    async def _patiently(
        self, url: str, method: str, accept: str, read: bool
    ) -> tuple[Answer, str | None]:
        tries = AsyncRetrying(
            retry=retry_if_exception_type(_BusyError),
            stop=stop_after_attempt(self.tries),
            wait=_wait,
            sleep=self.sleep,
            reraise=True,
        )
        try:
            return await tries(self._once, url, method, accept, read)
        except _BusyError as again:
            if again.answer:
                return again.answer, None
            assert again.error
            raise again.error from None

    async def _once(
        self, url: str, method: str, accept: str, read: bool
    ) -> tuple[Answer, str | None]:
        try:
            async with asyncio.timeout(self.deadline):
                return await self._request(url, method, accept, read)
        except (TimeoutError, httpx.TimeoutException) as error:
            late = WebError(url, "no answer in time", "timeout")
            raise _BusyError(None, late) from error
        except httpx.NetworkError as error:
            refused = _network(url, error)
            if refused.reason in ("name", "offline", "tls"):
                raise refused from error
            raise _BusyError(None, refused) from error
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, UnicodeError) as error:
            raise WebError(url, f"the answer is broken: {error}", "protocol") from error

    async def _request(
        self, url: str, method: str, accept: str, read: bool
    ) -> tuple[Answer, str | None]:
        async with self.client.stream(method, url, headers={"Accept": accept}) as response:
            location = response.headers.get("location") if response.status_code in MOVED else None
            body = bytearray()
            if location is None and read:
                async for piece in response.aiter_bytes():
                    body += piece
                    if len(body) > self.limit:
                        size = f"{self.limit / 2**20:.0f} MiB"
                        raise WebError(url, f"the answer is larger than {size}", "size")
        type_, _, parameters = response.headers.get("content-type", "").partition(";")
        charset = re.search(r"charset=[\"']?([\w.:-]+)", parameters, re.IGNORECASE)
        answer = Answer(
            url,
            response.status_code,
            type_.strip().lower(),
            charset[1] if charset else None,
            bytes(body),
            wait=retry_after(response.headers.get("retry-after")),
        )
        if answer.status in AGAIN and (answer.wait or 0) <= MAX_WAIT:
            raise _BusyError(answer, None)
        return answer, urljoin(url, location) if location is not None else None


def retry_after(value: str | None, now: datetime | None = None) -> float | None:
    """Seconds that a Retry-After header asks for; None where it says nothing."""
    if not value:
        return None
    if value.strip().isdigit():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - (now or datetime.now(UTC))).total_seconds())


def _wait(state: RetryCallState) -> float:
    """As long as the server asks, else 1, 2, 4… seconds."""
    again = state.outcome.exception() if state.outcome else None
    asked = again.answer.wait if isinstance(again, _BusyError) and again.answer else None
    return asked if asked is not None else 2.0 ** (state.attempt_number - 1)


def _network(url: str, error: Exception) -> WebError:
    """Say why there was no connection."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, socket.gaierror):
            if cause.errno == socket.EAI_AGAIN:
                return WebError(url, "no name server answers; is there a network?", "offline")
            return WebError(url, f"no host has the name {urlsplit(url).hostname}", "name")
        if isinstance(cause, ssl.SSLCertVerificationError):
            return WebError(url, f"its certificate is not valid: {cause.verify_message}", "tls")
        cause = cause.__cause__ or cause.__context__
    return WebError(url, f"no connection: {str(error) or type(error).__name__}", "connection")


async def is_private(host: str) -> bool:
    """Whether any address of ``host`` lies in a private network or on this machine."""
    try:
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return False  # without an address nothing can be reached either
    addresses = [ipaddress.ip_address(str(one[4][0]).partition("%")[0]) for one in found]
    plain = [getattr(one, "ipv4_mapped", None) or one for one in addresses]
    return any(not one.is_global or one.is_multicast for one in plain)
