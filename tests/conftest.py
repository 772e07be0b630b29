"""Fixtures: a toy project to change at will; the real site, built once, served, in a browser."""

from __future__ import annotations

import functools
import hashlib
import http.server
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from filelock import FileLock
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    ViewportSize,
    sync_playwright,
)

from yuanliu import snippets
from yuanliu.shard import Shard

ROOT = Path(__file__).parent.parent
TOY = Path(__file__).parent / "toy"
CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MAC_CHROME = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SHARD = pytest.StashKey[Shard]()
PHONE = ViewportSize(width=390, height=844)
DESKTOP = ViewportSize(width=1280, height=900)


SCRIPTS = {path.stem: path for path in (ROOT / "snippets").glob("*.py")}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--shard", metavar="K/N", help="run only part K of N of the tests, as 2/4")


def pytest_configure(config: pytest.Config) -> None:
    text = config.getoption("--shard")
    try:
        config.stash[SHARD] = Shard.parse(text) if text else Shard(1, 1)
    except ValueError as error:
        raise pytest.UsageError(f"--shard: {error}") from error


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the tests of the shard, so that all shards together run every test once."""
    shard = config.stash[SHARD]
    others = [item for item in items if not shard.has(shard_key(item))]
    items[:] = [item for item in items if shard.has(shard_key(item))]
    config.hook.pytest_deselected(items=others)


def shard_key(item: pytest.Item) -> str:
    """The hash of the snippet that a test is about, or of the test's own name."""
    callspec = getattr(item, "callspec", None)
    for value in callspec.params.values() if callspec else []:
        name = value.stem if isinstance(value, Path) else value
        if isinstance(name, str) and name in SCRIPTS:
            return snippet_key(name)
    return hashlib.md5(item.nodeid.encode()).hexdigest()


@functools.cache
def snippet_key(name: str) -> str:
    return snippets.key(SCRIPTS[name])


def yuanliu(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run the command line as a user does, in a process of its own."""
    command = [sys.executable, "-c", "from yuanliu.cli import app; app()", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, encoding="utf-8")


def edit(project: Path, old: str, new: str, file: str = "papers.yaml") -> None:
    """Replace a text that must be in a file of the project."""
    text = (project / file).read_text(encoding="utf-8")
    assert old in text
    (project / file).write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    """A copy of the toy project: two entries, one snippet that needs no training."""
    return Path(shutil.copytree(TOY, tmp_path / "toy"))


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The real site, built once for all test processes."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    place = shared / "site"
    with FileLock(shared / "site.lock"):
        if not (place / "index.html").exists():
            built = yuanliu("build", "--out", str(place))
            assert built.returncode == 0, built.stderr + built.stdout
    return place


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def serving_files(site: Path) -> Iterator[str]:
    """The address of a folder for as long as the block runs, without a slash at the end."""
    handler = functools.partial(_Quiet, directory=str(site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="session")
def address(site: Path) -> Iterator[str]:
    """Where the real site is served, without a slash at the end."""
    with serving_files(site) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium. While it runs, Playwright keeps an event loop in this thread, in
    which no test may start another; so it ends with the module."""
    found = next((path for name in CHROMIUM if (path := shutil.which(name))), MAC_CHROME)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def context(browser: Browser, address: str) -> Iterator[BrowserContext]:
    """A fresh profile; the page may be told its size and colours by ``visit``."""
    context = browser.new_context(base_url=address, viewport=DESKTOP)
    yield context
    context.close()


def blocked(page: Page) -> list[str]:
    """What the content security policy blocks in the page from now on, as it happens."""
    found: list[str] = []

    def message(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            found.append(message.text)

    page.on("console", message)
    page.add_init_script(
        "addEventListener('securitypolicyviolation', (event) => console.error("
        "`Content Security Policy: ${event.effectiveDirective} ${event.blockedURI}`));"
    )
    return found


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """An empty page at desktop width; the site's policy may block nothing that a test does."""
    page = context.new_page()
    found = blocked(page)
    yield page
    assert found == []
