"""The real site in a real browser, as readers meet it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import DESKTOP, PHONE
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    Response,
    Route,
    expect,
)

PAGES = [
    "/",
    "/about/",
    "/path/",
    "/timeline/",
    "/eras/",
    "/kinds/paper/",
    "/tags/",
    "/works/",
    "/routes/",
    "/routes/a-weekend/",
    "/glossary/",
    "/snippets/",
    "/snippets/lenet/",
    "/papers/backprop/",
    "/papers/chatgpt/",
]


def both_languages(path: str) -> list[str]:
    return [path, "/en" + path]


ALL = [address for path in PAGES for address in both_languages(path)]


@pytest.mark.parametrize("path", ALL)
def test_page_asks_no_other_host_and_logs_no_error(page: Page, address: str, path: str) -> None:
    foreign: list[str] = []
    errors: list[str] = []

    def request(request: Request) -> None:
        if not request.url.startswith((address, "data:")):
            foreign.append(request.url)

    def message(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            errors.append(message.text)

    def response(response: Response) -> None:
        if response.status >= 400:
            errors.append(f"{response.status} {response.url}")

    page.on("request", request)
    page.on("console", message)
    page.on("response", response)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(path, wait_until="networkidle")
    page.evaluate("document.querySelectorAll('img').forEach(i => i.loading = 'eager')")
    page.wait_for_load_state("networkidle")
    assert foreign == []
    assert errors == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ALL)
def test_axe_finds_nothing(browser: Browser, address: str, path: str, scheme: str) -> None:
    context = browser.new_context(base_url=address, viewport=DESKTOP, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(path, wait_until="networkidle")
    page.wait_for_function(SCROLLING_CODE_CAN_BE_FOCUSED)  # by the theme, which may be late
    results = Axe().run(page)
    context.close()
    assert results.violations_count == 0, results.generate_report()


@pytest.mark.parametrize("path", ALL)
def test_page_fits_a_phone(browser: Browser, address: str, path: str) -> None:
    context = browser.new_context(base_url=address, viewport=PHONE, is_mobile=True)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(path, wait_until="networkidle")
    width = page.evaluate("document.documentElement.scrollWidth")
    context.close()
    assert width <= PHONE["width"]


@pytest.mark.parametrize("path", PAGES)
def test_switching_language_stays_on_the_page(page: Page, address: str, path: str) -> None:
    page.goto(path)
    assert page.locator("html").get_attribute("lang") == "zh-TW"
    _switch(page, "en")
    expect(page).to_have_url(f"{address}/en{path}")
    assert page.locator("html").get_attribute("lang") == "en"
    _switch(page, "zh-TW")
    expect(page).to_have_url(f"{address}{path}")


def _switch(page: Page, language: str) -> None:
    page.locator(".md-select button").hover()
    page.locator(f".md-select__link[hreflang='{language}']").click()
    page.wait_for_load_state("networkidle")


SCROLLING_CODE_CAN_BE_FOCUSED = """() => [...document.querySelectorAll("pre > code")]
    .every((code) => code.scrollWidth <= code.clientWidth || code.tabIndex === 0)"""


def search_for(page: Page, query: str) -> None:
    field = page.locator("input.md-search__input")
    field.click()
    field.fill(query)
    page.keyboard.press("End")  # the theme searches when a key goes up


@pytest.mark.parametrize(
    ("start", "query", "target"),
    [
        ("/", "注意力", "/papers/transformer/"),
        ("/", "反向傳播", "/papers/backprop/"),
        ("/", "獎勵模型", "/papers/instructgpt/"),
        ("/papers/lenet/", "人類回饋", "/papers/instructgpt/"),
        ("/", "Rumelhart", "/papers/backprop/"),
        ("/en/", "attention", "/en/papers/transformer/"),
        ("/en/timeline/", "contrastive divergence", "/en/papers/rbm/"),
    ],
)
def test_search_finds(page: Page, address: str, start: str, query: str, target: str) -> None:
    page.goto(start, wait_until="networkidle")
    search_for(page, query)
    first = page.locator(".md-search-result__link").first
    expect(first).to_be_visible(timeout=15000)
    links = page.locator(".md-search-result__link")
    found = [links.nth(n).get_attribute("href") or "" for n in range(links.count())]
    assert any(link.startswith(address + target) for link in found), found
    english = [link for link in found if link.startswith(f"{address}/en/")]
    assert english == (found if start.startswith("/en/") else [])


@pytest.mark.parametrize("prefix", ["", "/en"])
def test_words_to_search_in_come_when_the_search_is_entered(page: Page, prefix: str) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{prefix}/papers/lenet/", wait_until="networkidle")
    paths = [urlsplit(url).path for url in asked]
    assert f"{prefix}/search/search_index.json" in paths
    assert f"{prefix}/search/words.json" not in paths
    with page.expect_request(f"**{prefix}/search/words.json"):
        page.locator("input.md-search__input").click()


def test_search_goes_on_when_its_words_first_failed_to_come(page: Page) -> None:
    page.goto("/en/", wait_until="networkidle")
    asked = _hold(page, "**/search/words.json")
    search_for(page, "attention")
    _wait_for(page, asked, 2).abort()  # as the search was entered, and for the query
    page.wait_for_timeout(500)
    expect(page.locator(".md-search-result__link")).to_have_count(0)
    search_for(page, "attention is")
    _wait_for(page, asked, 3).continue_()
    expect(page.locator(".md-search-result__link").first).to_be_visible(timeout=15_000)


def test_search_asks_again_for_a_query_that_came_while_its_words_failed(page: Page) -> None:
    page.goto("/en/", wait_until="networkidle")
    asked = _hold(page, "**/search/words.json")
    search_for(page, "attention")
    first = _wait_for(page, asked, 2)
    search_for(page, "attention is")
    page.wait_for_timeout(500)
    first.abort()
    _wait_for(page, asked, 3).continue_()
    expect(page.locator(".md-search-result__link").first).to_be_visible(timeout=15_000)


def _hold(page: Page, pattern: str) -> list[Route]:
    """The requests that fit, which wait to be let through or stopped."""
    asked: list[Route] = []
    page.route(pattern, lambda route: asked.append(route))
    return asked


def _wait_for(page: Page, asked: list[Route], count: int) -> Route:
    """The request that makes it so many, in 15 seconds."""
    for _tenth in range(150):
        if len(asked) >= count:
            break
        page.wait_for_timeout(100)
    assert len(asked) == count
    return asked[-1]


def test_emptied_search_finds_nothing(page: Page) -> None:
    page.goto("/en/", wait_until="networkidle")
    search_for(page, "attention")
    expect(page.locator(".md-search-result__link").first).to_be_visible(timeout=15_000)
    search_for(page, "")
    expect(page.locator(".md-search-result__link")).to_have_count(0)


def test_path_leads_from_the_first_stop_to_the_last(page: Page) -> None:
    page.goto("/path/")
    stops = page.locator("#list ~ .yl-cards .yl-card__title")
    count = stops.count()
    titles = [stops.nth(n).inner_text() for n in range(count)]
    assert count >= 25
    stops.first.click()
    for title in titles:
        expect(page.locator("h1")).to_have_text(title)
        following = page.locator(".yl-steps a[rel='next']")
        if title != titles[-1]:
            following.click()
    expect(following).to_have_count(0)


def test_graph_is_made_of_links_that_the_keyboard_reaches(page: Page, address: str) -> None:
    page.goto("/en/path/")
    node = page.locator(".yl-graph a", has_text="Attention").first
    node.focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{address}/en/papers/transformer/")


def test_dark_mode_is_kept_from_page_to_page(page: Page) -> None:
    page.emulate_media(color_scheme="light")
    page.goto("/papers/lenet/", wait_until="networkidle")
    body = page.locator("body")
    light = body.evaluate("b => getComputedStyle(b).backgroundColor")
    page.locator("label[for='__palette_1']").click()
    expect(body).to_have_attribute("data-md-color-scheme", "slate")
    page.goto("/en/path/")
    expect(body).to_have_attribute("data-md-color-scheme", "slate")
    dark = body.evaluate("b => getComputedStyle(b).backgroundColor")
    assert _brightness(dark) < 60 < 200 < _brightness(light)


def _brightness(color: str) -> float:
    channels = [float(channel) for channel in re.findall(r"[\d.]+", color)[:3]]
    return sum(channels) / 3


def test_run_line_is_copied_with_one_click(context: BrowserContext, page: Page) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto("/papers/lenet/", wait_until="networkidle")
    page.locator("#run ~ .highlight .md-clipboard, #run ~ .highlight button").first.click()
    assert page.evaluate("navigator.clipboard.readText()").strip() == "make run ID=lenet"


@pytest.mark.parametrize("path", both_languages("/papers/transformer/"))
def test_figures_load_and_say_what_they_show(page: Page, path: str) -> None:
    page.goto(path, wait_until="networkidle")
    page.evaluate("document.querySelectorAll('img').forEach(i => i.loading = 'eager')")
    page.wait_for_load_state("networkidle")
    images = page.locator(".yl-figure img")
    assert images.count() >= 1
    for number in range(images.count()):
        image = images.nth(number)
        assert image.evaluate("i => i.complete && i.naturalWidth > 0")
        assert len(image.get_attribute("alt") or "") > 10


def test_downloads_are_the_program_and_its_notebook(page: Page, site: Path) -> None:
    page.goto("/papers/lenet/")
    for number, name in enumerate(["lenet.py", "lenet.ipynb"]):
        with page.expect_download() as download:
            page.locator(".yl-downloads a").nth(number).click()
        assert (
            Path(download.value.path()).read_bytes()
            == (site / "snippets/lenet" / name).read_bytes()
        )


def test_print_leaves_out_what_paper_cannot_use(page: Page) -> None:
    page.goto("/papers/lenet/")
    page.emulate_media(media="print")
    expect(page.locator(".yl-graph")).to_be_hidden()
    expect(page.locator("#summary")).to_be_visible()


def test_what_was_read_is_marked_everywhere_and_kept(page: Page) -> None:
    page.goto("/papers/lenet/")
    page.get_by_role("button", name="標示為已讀").click()
    page.get_by_role("button", name="加入書籤").click()
    page.goto("/en/path/")
    expect(page.locator("[data-progress-text]")).to_have_text(re.compile(r"^1 of \d+ read$"))
    expect(page.locator(".yl-node[data-entry='lenet']")).to_have_class(re.compile("yl-is-read"))
    expect(page.locator(".yl-node[data-entry='lenet']")).to_have_accessible_name(re.compile("✓$"))
    expect(page.locator("[data-bookmarks] a")).to_have_text(re.compile("LeNet-5"))
    page.locator("[data-place] a").click()
    expect(page).to_have_url(re.compile("/en/papers/lenet/$"))
    page.get_by_role("button", name="Mark as read").click()
    page.goto("/path/")
    expect(page.locator("[data-progress-text]")).to_have_text(re.compile("^已讀 0 項"))


def test_progress_is_exported_and_imported_and_a_wrong_file_changes_nothing(
    page: Page, tmp_path: Path
) -> None:
    page.goto("/en/papers/gan/")
    page.get_by_role("button", name="Mark as read").click()
    page.goto("/en/path/")
    with page.expect_download() as download:
        page.get_by_role("button", name="Export").click()
    file = tmp_path / "progress.json"
    download.value.save_as(file)
    page.on("dialog", lambda dialog: dialog.accept())
    page.locator("[data-keep-clear]").click()
    text = page.locator("[data-progress-text]")
    expect(text).to_have_text(re.compile("^0 of"))
    for wrong in ("no JSON", '{"read": 1, "bookmarks": []}', '{"read": ["<b>"], "bookmarks": []}'):
        bad = tmp_path / "bad.json"
        bad.write_text(wrong)
        page.locator("[data-keep-import]").set_input_files(bad)
        expect(page.locator("[data-keep-status]")).to_contain_text("nothing was changed")
        expect(text).to_have_text(re.compile("^0 of"))
    page.locator("[data-keep-import]").set_input_files(file)
    expect(text).to_have_text(re.compile("^1 of"))


def test_works_on_when_storage_holds_something_else(page: Page) -> None:
    page.goto("/en/path/")
    page.evaluate("""localStorage.setItem("yuanliu /", '{"read": 7}')""")
    page.reload()
    expect(page.locator("[data-progress-text]")).to_have_text(re.compile("^0 of"))


def test_filter_narrows_the_list_and_stands_in_the_address(page: Page) -> None:
    page.goto("/en/works/")
    shown = page.locator("[data-works] > li:visible")
    total = shown.count()
    page.locator("select[name='kind']").select_option("video")
    assert 0 < shown.count() < total
    page.locator("select[name='minutes']").select_option("60")
    page.get_by_label("Words in title or author").fill("lee")
    expect(shown).to_have_count(1)
    expect(page.locator("[data-filter-count]")).to_have_text(f"1 of {total} works")
    page.goto(page.url)
    expect(shown).to_have_count(1)
    page.get_by_role("button", name="Show all").click()
    expect(shown).to_have_count(total)
    assert "?" not in page.url


@pytest.mark.parametrize(("form", "key"), [("BibTeX", "{bert,"), ("RIS", "ID  - bert")])
def test_citations_of_the_chosen_works_are_taken_along(page: Page, form: str, key: str) -> None:
    page.goto("/en/works/")
    for id_ in ("bert", "gan"):
        page.locator(f"[data-works] [data-entry='{id_}'] input").check()
    with page.expect_download() as download:
        page.get_by_role("button", name=form).click()
    text = Path(download.value.path()).read_text(encoding="utf-8")
    assert key in text and key.replace("bert", "gan") in text
    assert key.replace("bert", "lenet") not in text


def test_citations_of_all_shown_are_one_json_list(page: Page) -> None:
    page.goto("/en/works/?kind=video")
    with page.expect_download() as download:
        page.get_by_role("button", name="CSL-JSON").click()
    items = json.loads(Path(download.value.path()).read_text(encoding="utf-8"))
    assert len(items) == page.locator("[data-works] > li:visible").count()
    assert {item["type"] for item in items} == {"motion_picture"}


def test_word_of_the_glossary_tells_its_meaning_and_leads_there(page: Page) -> None:
    page.goto("/papers/backprop/", wait_until="networkidle")
    term = page.locator("a.yl-term").first
    term.hover()
    expect(page.locator(".md-tooltip2, .md-tooltip").first).to_be_visible()
    term.click()
    expect(page.locator("dt:target")).to_be_visible()


def test_offline_copy_opens_every_page_without_a_network(
    context: BrowserContext, page: Page
) -> None:
    page.goto("/en/path/")
    button = page.locator("[data-offline]")
    expect(button).to_have_text(re.compile(r"\d MB"))
    button.click()
    expect(page.locator("[data-offline-status]")).to_contain_text("Kept", timeout=60_000)
    page.reload()  # the worker takes over
    expect(page.locator("[data-offline-status]")).to_contain_text("Kept")
    context.set_offline(True)
    for path in ("/en/", "/en/papers/lenet/", "/en/snippets/gan/"):
        page.goto(path)
        expect(page.locator("h1")).to_be_visible()
    search_for(page, "attention")
    expect(page.locator(".md-search-result__link").first).to_be_visible(timeout=15_000)
    page.keyboard.press("Escape")
    image = page.locator(".yl-figure img").first
    image.scroll_into_view_if_needed()
    expect(image).to_have_js_property("complete", True)
    assert image.evaluate("i => i.naturalWidth") > 0


def test_nothing_is_kept_offline_before_the_reader_asks(page: Page) -> None:
    page.goto("/en/path/", wait_until="networkidle")
    assert page.evaluate("caches.keys()") == []
    assert (
        page.evaluate("navigator.serviceWorker.getRegistrations().then((all) => all.length)") == 0
    )


def test_book_of_each_language_is_offered(page: Page, site: Path) -> None:
    for prefix in ("", "en/"):
        page.goto(f"/{prefix}path/")
        for number, name in enumerate(["book.pdf", "book.epub"]):
            with page.expect_download() as download:
                page.locator("#take + .yl-downloads a").nth(number).click()
            got = Path(download.value.path()).read_bytes()
            assert got == (site / prefix / name).read_bytes()


def test_search_marks_what_was_sought_on_the_page_it_leads_to(page: Page) -> None:
    page.goto("/", wait_until="networkidle")
    search_for(page, "獎勵模型")
    expect(page.locator(".md-search-result__item mark").first).to_have_text(re.compile("獎勵|模型"))
    page.locator(".md-search-result__link").first.click()
    expect(page.locator(".md-content mark").first).to_be_visible()


@pytest.mark.parametrize("prefix", ["", "/en"])
def test_question_tells_whether_the_answer_is_right_and_why(page: Page, prefix: str) -> None:
    page.goto(f"{prefix}/papers/lenet/")
    question = page.locator(".yl-question").first
    why = question.locator("details p")
    expect(why).to_be_hidden()
    wrong = question.locator(".yl-answer[data-right='false']").first
    wrong.click()
    expect(wrong).to_have_attribute("data-chosen", "false")
    expect(why).to_be_visible()
    right = question.locator(".yl-answer[data-right='true']")
    expect(right).to_have_count(1)
    right.click()
    expect(right).to_have_attribute("data-chosen", "true")
    assert wrong.get_attribute("data-chosen") is None
    expect(why).to_contain_text(right.inner_text())


def test_right_answers_do_not_always_stand_in_the_same_place(page: Page) -> None:
    places = set()
    for id_ in ("lenet", "gan", "ppo", "bert", "gpt2"):
        page.goto(f"/papers/{id_}/")
        for number in range(page.locator(".yl-question").count()):
            answers = page.locator(".yl-question").nth(number).locator(".yl-answer")
            right = [answers.nth(n).get_attribute("data-right") for n in range(answers.count())]
            places.add(right.index("true"))
    assert len(places) > 1
