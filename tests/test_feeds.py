"""What programs read: JSON-LD, the Atom feed, llms.txt; and that no text breaks out of them."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta
from pathlib import Path
from xml.etree import ElementTree

from conftest import TOY, edit, yuanliu

from yuanliu import feeds
from yuanliu.catalog import load

CATALOG = load(TOY / "papers.yaml")
ATOM = "{http://www.w3.org/2005/Atom}"


def address(path: str) -> str:
    return f"https://example.org/{path}"


def test_entry_page_describes_itself_and_the_work_in_json_ld() -> None:
    told = json.loads(feeds.json_ld(CATALOG.entry("later"), "en", address))
    assert told["@type"] == "LearningResource"
    assert told["url"] == "https://example.org/papers/later/"
    assert told["about"]["@type"] == "VideoObject"
    assert told["about"]["author"] == [{"@type": "Organization", "name": "Some Institute"}]
    paper = json.loads(feeds.json_ld(CATALOG.entry("gauss"), "zh-TW", address))
    assert paper["about"]["@type"] == "ScholarlyArticle"
    assert paper["name"] == "最小平方法"


def test_no_text_closes_the_script_element(toy: Path) -> None:
    edit(toy, "en: Least squares}", 'en: "</script><script>alert(1)</script>"}')
    entry = load(toy / "papers.yaml").entry("gauss")
    told = feeds.json_ld(entry, "en", address)
    assert "<" not in told
    assert json.loads(told)["name"] == "</script><script>alert(1)</script>"


def test_feed_has_dated_entries_newest_first(toy: Path) -> None:
    edit(toy, "year: 1823", "year: 1823\n    added: 2026-11-01")
    edit(toy, "year: 2001", "year: 2001\n    added: 2026-11-20")
    text = feeds.atom(load(toy / "papers.yaml"), "en", "Toy & Co", address)
    feed = ElementTree.fromstring(text)
    assert feed.findtext(f"{ATOM}title") == "Toy & Co"
    assert feed.findtext(f"{ATOM}updated") == "2026-11-20T00:00:00+00:00"
    ids = [entry.findtext(f"{ATOM}id") for entry in feed.iter(f"{ATOM}entry")]
    assert ids == [address("papers/later/"), address("papers/gauss/")]


def test_feed_ends_with_the_hundredth_entry(toy: Path) -> None:
    edit(toy, "year: 1823", "year: 1823\n    added: 2026-11-01")
    catalog = load(toy / "papers.yaml")
    entry = catalog.entry("gauss")
    days = [date(2026, 1, 1) + timedelta(days=number) for number in range(150)]
    catalog.entries = [entry.model_copy(update={"id": f"on-{day}", "added": day}) for day in days]
    feed = ElementTree.fromstring(feeds.atom(catalog, "en", "Toy", address))
    told = [entry.findtext(f"{ATOM}published") for entry in feed.iter(f"{ATOM}entry")]
    assert told == [f"{day}T00:00:00+00:00" for day in days[:-101:-1]]


def test_feed_without_dated_entries_is_still_a_feed() -> None:
    assert ElementTree.fromstring(feeds.atom(CATALOG, "en", "Toy", address)).tag == f"{ATOM}feed"


def test_llms_txt_lists_every_entry_in_one_line() -> None:
    text = feeds.llms_txt(CATALOG, "en", "Toy", "A toy.", address)
    assert text.startswith("# Toy\n\n> A toy.\n")
    links = re.findall(r"^- \[(.+)\]\((.+)\): .+$", text, re.MULTILINE)
    assert [link for _, link in links] == [address("papers/gauss/"), address("papers/later/")]


def test_built_pages_name_their_card_feed_and_languages(toy: Path) -> None:
    built = yuanliu("build", cwd=toy)
    assert built.returncode == 0, built.stderr
    page = (toy / "site/en/papers/gauss/index.html").read_text(encoding="utf-8")
    image = re.search(r'og:image" content="https?://[^/]+/(.+?)"', page)
    assert image and (toy / "site" / image[1]).read_bytes().startswith(b"\x89PNG")
    feed = re.search(r'application/atom\+xml"[^>]+href="https?://[^/]+/(.+?)"', page)
    assert feed and (toy / "site" / feed[1]).is_file()
    script = re.search(r'<script type="application/ld\+json">(.+?)</script>', page, re.DOTALL)
    assert script and json.loads(script[1])["inLanguage"] == "en"
    assert set(re.findall(r'hreflang="([\w-]+)"', page)) >= {"zh-TW", "en"}
    for name in ("llms.txt", "en/llms.txt", "feed.xml", "sitemap.xml"):
        assert (toy / "site" / name).is_file()
