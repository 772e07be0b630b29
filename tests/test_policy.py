"""The content security policy: on every page, no wider than needed, and it holds in a browser."""

from __future__ import annotations

import hashlib
import re
import socket
import subprocess
import sys
from base64 import b64encode
from pathlib import Path

import material
import pytest
from bs4 import BeautifulSoup, Tag
from conftest import blocked, edit, yuanliu
from playwright.sync_api import Browser, Page, Route, expect

MATERIAL = re.compile(r"{{.*?}}")  # in the theme's scripts: the way to the site's root


def policy(page: str) -> dict[str, list[str]]:
    """The directives of a page and their sources."""
    meta = BeautifulSoup(page, "lxml").find("meta", {"http-equiv": "Content-Security-Policy"})
    assert isinstance(meta, Tag)
    parts = [part.split() for part in str(meta["content"]).split(";")]
    return {name: sources for name, *sources in parts}


def hashed(text: str) -> str:
    return f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def of_theme() -> list[re.Pattern]:
    """The inline scripts that the theme's files hold."""
    folder = Path(material.__path__[0]) / "templates/partials/javascripts"
    texts = [file.read_text(encoding="utf-8") for file in folder.glob("*.html")]
    scripts = [one for text in texts for one in re.findall(r"<script>(.*?)</script>", text, re.S)]
    assert scripts
    return [re.compile('[^"<>]*'.join(map(re.escape, MATERIAL.split(one)))) for one in scripts]


def test_every_page_has_a_policy_of_hashes_of_the_themes_own_scripts(site: Path) -> None:
    known = of_theme()
    files = list(site.rglob("*.html"))
    assert len(files) > 200
    for file in files:
        text = file.read_text(encoding="utf-8")
        page = BeautifulSoup(text[: text.index("</head>")], "lxml")
        first = page.find(["meta", "link", "script", "style"])
        assert isinstance(first, Tag) and first.get("charset") == "utf-8", file
        second = first.find_next_sibling()
        assert isinstance(second, Tag) and second.get("http-equiv") == "Content-Security-Policy"
        scripts = re.findall(r"<script>(.*?)</script>", text, re.S)
        assert all(any(one.fullmatch(script) for one in known) for script in scripts), file
        assert policy(text)["script-src"] == ["'self'", *map(hashed, scripts)], file


def test_no_page_of_this_site_needs_more_than_its_own_files(site: Path) -> None:
    for file in site.rglob("*.html"):
        text = file.read_text(encoding="utf-8")
        told = policy(text)
        rest = {source for name, given in told.items() if name != "script-src" for source in given}
        assert rest == {"'self'", "'none'", "data:"}, file
        assert told["default-src"] == told["object-src"] == told["base-uri"] == ["'none'"]
        assert '<meta name="referrer" content="strict-origin-when-cross-origin">' in text
        for tag in BeautifulSoup(text, "lxml").find_all(True):
            assert isinstance(tag, Tag)
            assert not [name for name in tag.attrs if name.startswith("on") or name == "style"]
            assert not str(tag.get("href", "")).startswith("javascript:"), file


ATTACKS = {
    "inline script": "<script>pwned = 1</script>",
    "handler": "<img src=/nothing onerror='pwned = 1'>",
    "another host": "<script src='http://other.example/pwned.js'></script>",
    "module": "<script type=module>globalThis.pwned = 1</script>",
    "frame": "<iframe srcdoc='<script>top.pwned = 1</script>'></iframe>",
    "address": "<a id=pwn href='javascript:void(pwned = 1)'>x</a>",
    "data": "<script src='data:text/javascript,pwned = 1'></script>",
    "base": "<base href='http://other.example/'><script src='pwned.js'></script>",
    "evaluation": "<script src='/assets/evaluates.js'></script>",
}


@pytest.mark.parametrize("guarded", [True, False], ids=["with policy", "without"])
@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_script_that_came_into_a_page_runs_only_without_the_policy(
    browser: Browser, address: str, attack: str, guarded: bool
) -> None:
    def altered(route: Route) -> None:
        text = route.fetch().text()
        if not guarded:
            text = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", text)
        route.fulfill(body=text.replace("</h1>", "</h1>" + attack, 1), content_type="text/html")

    context = browser.new_context(base_url=address)
    page = context.new_page()
    found = blocked(page)
    page.route("**/papers/lenet/", altered)
    page.route("http://other.example/pwned.js", lambda route: _script(route, "pwned = 1"))
    evaluation = "try { eval('pwned = 1') } catch {}"
    page.route("**/assets/evaluates.js", lambda route: _script(route, evaluation))
    page.goto("/papers/lenet/", wait_until="networkidle")
    if page.locator("#pwn").count():
        page.locator("#pwn").click()
    ran = page.evaluate("window.pwned") == 1
    context.close()
    assert ran != guarded
    assert bool(found) == guarded


def _script(route: Route, text: str) -> None:
    route.fulfill(body=text, content_type="text/javascript")


def build(project: Path) -> Path:
    built = yuanliu("build", cwd=project)
    assert built.returncode == 0, built.stderr + built.stdout
    return project / "site"


def set_option(project: Path, value: str) -> None:
    option = f"{{jobs: 1, content_security_policy: {value}}}"
    edit(project, "yuanliu: {jobs: 1}", f"yuanliu: {option}", "mkdocs.yml")


def test_hosts_of_the_configuration_are_allowed(toy: Path) -> None:
    edit(toy, ", font: false", "", "mkdocs.yml")
    more = (
        "extra_javascript: ['https://cdn.example.org/a.js', own.js]\n"
        "extra_css: ['//style.example.org/a.css']\n"
    )
    with (toy / "mkdocs.yml").open("a", encoding="utf-8") as config:
        config.write(more)
    set_option(toy, "{frame-src: [https://video.example.org], img-src: 'https:'}")
    (toy / "docs/own.js").write_text("")
    page = (build(toy) / "papers/gauss/index.html").read_text(encoding="utf-8")
    told = policy(page)
    (style,) = re.findall(r"<style>(.*?)</style>", page)
    assert told["script-src"][:2] == ["'self'", "https://cdn.example.org"]
    assert told["style-src"] == [
        *("'self'", "https://style.example.org", "https://fonts.googleapis.com", hashed(style))
    ]
    assert told["font-src"] == ["'self'", "https://fonts.gstatic.com"]
    assert told["frame-src"] == ["https://video.example.org"]
    assert told["img-src"] == ["'self'", "data:", "https:"]


def test_policy_can_be_turned_off(toy: Path) -> None:
    set_option(toy, "false")
    for file in build(toy).rglob("*.html"):
        assert "Content-Security-Policy" not in file.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("{script: [https://x.example]}", "no directive 'script'; one of default-src"),
        ("{img-src: ['a; script-src *']}", "'img-src' takes a list of sources"),
        ("{img-src: 3}", "'img-src' takes a list of sources"),
        ("3", "content_security_policy"),
    ],
)
def test_wrong_option_is_told(toy: Path, value: str, told: str) -> None:
    set_option(toy, value)
    built = yuanliu("build", cwd=toy)
    assert built.returncode == 1
    assert told in re.sub(r"\s+", " ", built.stderr) and "Traceback" not in built.stderr


def test_inline_script_in_a_page_stops_the_build_until_its_hash_is_allowed(toy: Path) -> None:
    with (toy / "docs/index.en.md").open("a", encoding="utf-8") as page:
        page.write("\n<script>\nlet own = 1;\n</script>\n")
    built = yuanliu("build", cwd=toy)
    assert built.returncode == 1
    own = hashed("\nlet own = 1;\n")
    assert "index.en.md: an inline script will not run" in built.stderr and own in built.stderr
    set_option(toy, f'{{script-src: ["{own}"]}}')
    assert own in policy((build(toy) / "en/index.html").read_text("utf-8"))["script-src"]


def test_only_a_written_page_with_aligned_columns_may_have_style_attributes(toy: Path) -> None:
    edit(toy, "  - attr_list", "  - attr_list\n  - tables", "mkdocs.yml")
    with (toy / "docs/index.en.md").open("a", encoding="utf-8") as page:
        page.write("\n| a |\n|--:|\n| 1 |\n")
    site = build(toy)
    assert policy((site / "en/index.html").read_text("utf-8"))["style-src-attr"]
    for path in ("index.html", "en/path/index.html", "en/papers/gauss/index.html"):
        assert "style-src-attr" not in policy((site / path).read_text("utf-8"))


def test_served_pages_reload_after_an_edit_and_block_nothing_of_the_site(
    browser: Browser, toy: Path
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-c", "from yuanliu.cli import app; app()", "serve"]
    command += ["--address", f"127.0.0.1:{port}"]
    server = subprocess.Popen(command, cwd=toy, stderr=subprocess.PIPE, text=True)
    try:
        page = _opened(browser, f"http://127.0.0.1:{port}/en/papers/gauss/", server)
        found = blocked(page)
        page.reload()
        assert "'unsafe-inline'" in policy(page.content())["script-src"]
        for old, new in (("Least squares", "Squares"), ("Squares", "Least of all")):
            edit(toy, f"en: {old}", f"en: {new}")
            expect(page.locator("h1")).to_have_text(new, timeout=60_000)
        assert found == []
        page.context.close()
    finally:
        server.terminate()
        server.wait()


def _opened(browser: Browser, address: str, server: subprocess.Popen) -> Page:
    """A page at the address, as soon as it is served."""
    page = browser.new_context().new_page()
    while server.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", int(address.split(":")[2].split("/")[0]))) == 0:
                page.goto(address)
                return page
        page.wait_for_timeout(200)
    raise AssertionError(server.stderr.read() if server.stderr else "")
