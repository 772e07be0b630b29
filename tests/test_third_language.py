"""A language is added by configuration and texts alone, and may be translated step by step."""

from __future__ import annotations

import copy
import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import TOY, edit, yuanliu
from test_catalog import VALID, problems, where

from yuanliu import catalog, drift, words
from yuanliu.catalog import Borrowed
from yuanliu.reading import CatalogError

SWITCHER = re.compile(r'<div class="md-select">.*?</ul>', re.DOTALL)
HREFLANG = re.compile(r'<link rel=" ?alternate" href="([^"]+)" hreflang="([^"]+)">')


def add(project: Path, *languages: str) -> None:
    """What a curator does: name the languages in both files; let missing pages fall back."""
    names = {"ja": "日本語", "de": "Deutsch"}
    told = ", ".join(languages)
    edit(project, "[zh-TW, en]", f"[zh-TW, en, {told}]\npartial: [{told}]")
    edit(project, "fallback_to_default: false", "fallback_to_default: true", "mkdocs.yml")
    for one in languages:
        with (project / "mkdocs.yml").open("r+", encoding="utf-8") as file:
            text = file.read()
            last = "        - {locale: en, name: English}\n"
            file.seek(0)
            file.write(
                text.replace(last, f"{last}        - {{locale: {one}, name: {names[one]}}}\n")
            )


def translate(project: Path) -> None:
    """Two texts, the home page, one snippet's prose and a few words of the interface."""
    edit(project, "zh-TW: 後來的影片,", "zh-TW: 後來的影片, ja: 後の動画,")
    edit(project, "zh-TW: 接著談。,", "zh-TW: 接著談。, ja: 続きの話。,")
    (project / "docs/index.ja.md").write_text("# おもちゃ\n\n[道](path.md)\n", encoding="utf-8")
    (project / "locale").mkdir()
    (project / "locale/ja.yaml").write_text(
        "home: ホーム\nsummary: 何を述べたか\n"
        "level_names: {1: 入門編}\nlanguage_names: {en: 英語}\n"
        'untranslated: "このページはまだ一部が{other_language}のままです。"\n',
        encoding="utf-8",
    )


@dataclass
class Built:
    """The toy site as it was, and with two languages more."""

    before: Path
    site: Path

    def page(self, path: str) -> str:
        return (self.site / path / "index.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    project = Path(shutil.copytree(TOY, tmp_path_factory.mktemp("third") / "toy"))
    for place in ("before", "site"):
        if place == "site":
            add(project, "de", "ja")
            translate(project)
        made = yuanliu("build", "--out", place, cwd=project)
        assert made.returncode == 0 and "WARNING" not in made.stderr, made.stderr
    return Built(project / "before", project / "site")


def test_every_language_has_the_same_pages(built: Built) -> None:
    first = {path.relative_to(built.before) for path in built.before.rglob("*.html")}
    english = {path.relative_to("en") for path in first if path.parts[0] == "en"}
    for language in ("en", "de", "ja"):
        folder = built.site / language
        assert {path.relative_to(folder) for path in folder.rglob("*.html")} == english
        for path in folder.rglob("*.html"):
            assert f'<html lang="{language}"' in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("language", ["", "en/", "de/", "ja/"])
def test_languages_link_to_each_other_in_all_directions(built: Built, language: str) -> None:
    page = built.page(f"{language}papers/gauss")
    links = {to: href for href, to in HREFLANG.findall(page)}
    assert set(links) == {"zh-TW", "en", "de", "ja"}
    here = built.site / language / "papers/gauss"
    for to, href in links.items():
        target = (here / href / "index.html").resolve()
        assert f'<html lang="{to}"' in target.read_text(encoding="utf-8")
    switcher = SWITCHER.search(page)
    assert switcher and switcher[0].count("<li") == 4 and "日本語" in switcher[0]


def test_other_languages_are_as_they_were_but_for_the_switcher(built: Built) -> None:
    for path in [one for one in built.before.rglob("*.html") if one.name != "404.html"]:
        pages = [
            (root / path.relative_to(built.before)).read_text(encoding="utf-8")
            for root in (built.before, built.site)
        ]
        old, new = (
            re.sub(r"run that built this site.*?\)|實際執行（.*?）|[\d.]+ (seconds|秒)", "",
                   HREFLANG.sub("", SWITCHER.sub("", page)))
            for page in pages
        )  # fmt: skip
        assert old.split() == new.split(), path


def test_own_words_come_before_english_and_others_fall_back(built: Built) -> None:
    page = built.page("ja/papers/gauss")
    assert "何を述べたか" in page and "入門編" in page and "ホーム" in page
    assert "Ask yourself" in page


def test_lent_text_says_its_language_and_the_page_says_so(built: Built) -> None:
    page = built.page("ja/papers/gauss")
    lent = '<span class="yl-borrowed" lang="en">The mean minimises squared error.</span>'
    assert f'<p class="yl-lead">{lent}</p>' in page
    assert "このページはまだ一部が英語のままです。" in page
    assert '<a href="../../../en/papers/gauss/" hreflang="en">Read it in 英語</a>' in page
    assert '<p class="yl-lead">続きの話。</p>' in built.page("ja/papers/later")


def test_lent_text_is_bare_where_no_element_may_stand(built: Built) -> None:
    for path in (built.site / "ja").rglob("*.html"):
        page = path.read_text(encoding="utf-8")
        for attribute in re.findall(r'="[^"]*"', page):
            assert "yl-borrowed" not in attribute or attribute == '="yl-borrowed"'
        assert not re.search(r"<(option|title|text)[^>]*>[^<]*(<span|&lt;span)", page), path
    assert 'alt="How the data lie"' in built.page("ja/papers/gauss")


def test_language_with_nothing_translated_shows_english_with_a_notice(built: Built) -> None:
    page = built.page("de/papers/later")
    assert (
        "This page is not wholly translated (Deutsch); what is missing is shown in English." in page
    )
    assert '<span class="yl-borrowed" lang="en">It goes on.</span>' in page


def test_hand_written_page_falls_back_as_a_whole(built: Built) -> None:
    page = built.page("de")
    assert '<div lang="zh-TW"><h1 id="_1">玩具站</h1>' in page
    assert "what is missing is shown in Traditional Chinese" in page
    assert "おもちゃ" in built.page("ja") and 'role="note"' not in built.page("ja")


def test_prose_and_captions_of_a_snippet_fall_back(built: Built) -> None:
    page = built.page("ja/snippets/mean")
    assert re.search(r'<div class="yl-borrowed" lang="en">\s*<h1[^>]*>The mean minimises', page)
    assert '<figcaption><span class="yl-borrowed" lang="en">How the data lie</span>' in page
    notebook = (built.site / "ja/snippets/mean/mean.ipynb").read_text(encoding="utf-8")
    assert "The mean minimises" in notebook and "平均值最小化" not in notebook


@pytest.mark.parametrize("language", ["de", "ja"])
def test_programs_and_readers_get_every_form(built: Built, language: str) -> None:
    folder = built.site / language
    docs = json.loads((folder / "search/words.json").read_text(encoding="utf-8"))
    assert [doc for doc in docs if doc["location"] == "papers/gauss/#summary"]
    assert (folder / "book.pdf").read_bytes().startswith(b"%PDF")
    assert (folder / "book.epub").read_bytes().startswith(b"PK")
    assert (built.site / f"assets/cards/{language}/gauss.png").is_file()
    feed = (folder / "llms.txt").read_text(encoding="utf-8")
    assert "The mean minimises squared error." in feed
    assert "<feed" in (folder / "feed.xml").read_text(encoding="utf-8")
    assert f'"inLanguage": "{language}"' in built.page(f"{language}/papers/gauss")


def test_default_language_lends_where_there_is_no_english(toy: Path) -> None:
    text = (toy / "papers.yaml").read_text(encoding="utf-8").replace("[zh-TW, en]", "[zh-TW, ja]")
    text = re.sub(r", en: (\[[^]]*\]|[^,{}]*)}", "}", text)
    text = text.replace("languages: [zh-TW, ja]", "languages: [zh-TW, ja]\npartial: [ja]")
    (toy / "papers.yaml").write_text(text, encoding="utf-8")
    (toy / "docs/index.en.md").unlink()
    edit(toy, "locale: en, name: English", "locale: ja, name: 日本語", "mkdocs.yml")
    edit(toy, "fallback_to_default: false", "fallback_to_default: true", "mkdocs.yml")
    made = yuanliu("build", cwd=toy)
    assert made.returncode == 0, made.stderr
    page = (toy / "site/ja/papers/gauss/index.html").read_text(encoding="utf-8")
    assert '<span class="yl-borrowed" lang="zh-TW">平均值讓平方誤差最小。</span>' in page
    docs = json.loads((toy / "site/ja/search/words.json").read_text(encoding="utf-8"))
    found = [doc for doc in docs if doc["location"] == "papers/gauss/#summary"]
    assert found and "平均值讓平方誤差最小" in found[0]["text"].replace("\u200b", "")


def test_language_that_is_no_longer_partial_must_have_every_text(toy: Path) -> None:
    add(toy, "ja")
    translate(toy)
    assert yuanliu("check", cwd=toy).returncode == 0
    edit(toy, "\npartial: [ja]", "")
    checked = yuanliu("check", cwd=toy)
    missing = checked.stderr.count("'ja' is missing")
    assert checked.returncode == 1
    assert missing == len([*catalog.texts(catalog.read(toy / "papers.yaml"))]) - 2


@pytest.mark.parametrize(
    ("partial", "marker", "message"),
    [
        ("[zh-TW]", "zh-TW]\neras", "'zh-TW' is the first language, which has every text"),
        ("[eng]", "eng]", "unknown language 'eng'; did you mean 'en'"),
        ("[fr]", "fr]", "unknown language 'fr'; not among 'languages'"),
        ("[en, en]", "en]\neras", "duplicate language 'en'"),
        ("en", "en\neras", "must be a list"),
    ],
)
def test_partial_names_languages_but_the_first(
    tmp_path: Path, partial: str, marker: str, message: str
) -> None:
    text = VALID.replace("[zh-TW, en]\n", f"[zh-TW, en]\npartial: {partial}\n")
    found = problems(tmp_path, text)
    assert [one for one in found if one.startswith(where(text, marker)) and message in one], found


def test_partial_list_must_be_whole_where_it_is_there(tmp_path: Path) -> None:
    text = VALID.replace("[zh-TW, en]\n", "[zh-TW, en, ja]\npartial: [ja]\n")
    text = text.replace("[甲, 乙], en: [a, b]", "[甲, 乙], en: [a, b], ja: [あ]")
    (found,) = problems(tmp_path, text)
    assert "different numbers of items: zh-TW 2, en 2, ja 1" in found


def test_missing_texts_are_counted_and_are_not_stale(toy: Path) -> None:
    add(toy, "ja")
    translate(toy)
    assert yuanliu("translated", cwd=toy).returncode == 0
    report = json.loads(yuanliu("stats", "--json", cwd=toy).stdout)
    assert report["counts"]["texts not translated"] == 24
    assert report["lacks"]["untranslated"]["later"] == [
        "why (ja)", "takeaways (ja)", "claims/stated/text (ja)"
    ]  # fmt: skip
    assert report["lacks"]["translation"] == {} and report["lacks"]["stale"] == {}
    edit(toy, "en: It goes on.", "en: It stops.")
    (state,) = [
        s for s in drift.report(*(toy / n for n in ("papers.yaml", "docs", "snippets"))) if s.stale
    ]
    assert state.stale == ["zh-TW", "ja"]
    edit(toy, "why: {zh-TW: 因為。,", "why: {zh-TW: 因為。, ja: だから。,")
    assert "1 text changed in every language, 0 new" in yuanliu("check", cwd=toy).stderr


def test_export_has_no_lent_text(toy: Path) -> None:
    before = json.loads(yuanliu("export", "--format", "json", cwd=toy).stdout)
    add(toy, "ja")
    assert json.loads(yuanliu("export", "--format", "json", cwd=toy).stdout) == before


def test_new_draft_asks_only_for_languages_that_must_have_every_text(toy: Path) -> None:
    add(toy, "ja")
    (toy / "new.bib").write_text(
        "@misc{a, title={T}, author={A}, year={2001}, url={https://e.org/t}}"
    )
    added = yuanliu("import", "new.bib", cwd=toy)
    assert added.returncode == 0, added.stderr
    assert (
        "ja:" not in (toy / "papers.yaml").read_text(encoding="utf-8").partition("draft: true")[2]
    )
    report = json.loads(yuanliu("stats", "--json", cwd=toy).stdout)
    assert not [one for works in report["lacks"]["draft"].values() for one in works if "ja" in one]


def test_borrowed_text_is_escaped_and_keeps_its_language() -> None:
    text = copy.deepcopy(Borrowed("a < b", "en"))
    assert text == "a < b" and text.language == "en"
    assert text.__html__() == '<span class="yl-borrowed" lang="en">a &lt; b</span>'


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("ja", "hom: ホーム\n", "ja.yaml:1:1: unknown word 'hom'; did you mean 'home'?"),
        ("ja", "home: ホーム\nkind_names: {papr: 論文}\n", "ja.yaml:2:14: unknown word 'papr'"),
        ("ja", "home: [a]\n", "ja.yaml:1:7: 'home' must be text"),
        ("ja", "kind_names: 論文\n", "ja.yaml:1:13: 'kind_names' is a mapping: paper"),
        ("ja", 'step: "{m} 番"\n', "ja.yaml:1:7: 'step' may hold these in braces: {n}, {total}"),
        ("ja", 'step: "{n 番"\n', "ja.yaml:1:7: 'step' may hold these in braces"),
        ("ja", "- home\n", "ja.yaml:1:1: words are a mapping"),
        ("ja", "home: a\nhome: b\n", "ja.yaml:2:1: duplicate key 'home'"),
        ("jp", "home: ホーム\n", "jp.yaml:1:1: no language 'jp'; not among 'languages'"),
        ("fr", "home: Accueil\n", "fr.yaml:1:1: no language 'fr'; not among 'languages'"),
    ],
)
def test_broken_words_are_told_with_their_place(
    toy: Path, file: str, text: str, message: str
) -> None:
    add(toy, "ja")
    (toy / "locale").mkdir()
    (toy / f"locale/{file}.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(CatalogError) as caught:
        words.load(toy / "locale", ["zh-TW", "en", "ja"])
    assert f"locale/{message}" in str(caught.value)
    for command in ("check", "path"):
        failed = yuanliu(command, cwd=toy)
        assert failed.returncode == 1 and failed.stderr.startswith(f"locale/{message}")


def test_site_may_change_the_packages_own_words(toy: Path) -> None:
    (toy / "locale").mkdir()
    (toy / "locale/en.yaml").write_text("why: What it led to\n", encoding="utf-8")
    found = words.load(toy / "locale", ["zh-TW", "en"])
    assert found["en"]["why"] == "What it led to" and found["zh-TW"]["why"] == "ChatGPT 欠它什麼"
