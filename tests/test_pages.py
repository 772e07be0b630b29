"""The pages that a catalog becomes: text is shown, never run; claims stand beside measurements."""

from __future__ import annotations

import json
from pathlib import Path
from string import Formatter

import pytest
from conftest import edit, yuanliu

from yuanliu import pages
from yuanliu.plugin import _outline, _shorten

HOSTILE = (
    "<script>alert(1)</script> <img src=x onerror=alert(2)> [a](javascript:alert(3)) "
    "`code` **bold** {{ 7*7 }} --8<-- 'x' $x$ <!-- yuanliu:eras -->"
)


def build(project: Path) -> Path:
    built = yuanliu("build", cwd=project)
    assert built.returncode == 0, built.stderr + built.stdout
    return project / "site"


def test_both_languages_have_the_same_pages(toy: Path) -> None:
    site = build(toy)
    chinese = {p.relative_to(site) for p in site.rglob("*.html") if p.name != "404.html"}
    english = {path.relative_to("en") for path in chinese if path.parts[0] == "en"}
    assert english == {path for path in chinese if path.parts[0] != "en"}
    assert Path("papers/gauss/index.html") in english


def test_entry_page_shows_claim_measurement_figure_and_downloads(toy: Path) -> None:
    site = build(toy)
    page = (site / "en/papers/gauss/index.html").read_text(encoding="utf-8")
    notebook = json.loads((site / "en/snippets/mean/mean.ipynb").read_text(encoding="utf-8"))
    outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", [])]
    printed = "".join(line for output in outputs for line in output.get("text", []))
    measured = pages.number(float(printed.split("=")[1]))
    assert f"<strong>{measured}</strong>" in page
    assert "yl-mark--holds" in page
    assert 'src="../../../assets/figures/mean-1.svg"' in page
    assert 'alt="How the data lie"' in page
    assert (site / "assets/figures/mean-1.svg").read_text().startswith("<?xml")
    assert (site / "snippets/mean/mean.py").read_bytes() == (toy / "snippets/mean.py").read_bytes()


def test_notebook_holds_the_prose_of_its_language_only(toy: Path) -> None:
    site = build(toy)
    chinese = (site / "snippets/mean/mean.ipynb").read_text(encoding="utf-8")
    english = (site / "en/snippets/mean/mean.ipynb").read_text(encoding="utf-8")
    assert "平均值最小化" in chinese and "The mean minimises" not in chinese
    assert "平均值最小化" not in english and "The mean minimises" in english


def test_claim_that_fails_is_marked(toy: Path) -> None:
    edit(toy, 'expect: "< 1"', 'expect: "> 1"')
    page = (build(toy) / "papers/gauss/index.html").read_text(encoding="utf-8")
    assert "yl-mark--fails" in page and "yl-mark--holds" not in page


def test_claim_without_a_metric_is_called_unmeasured(toy: Path) -> None:
    page = (build(toy) / "en/papers/later/index.html").read_text(encoding="utf-8")
    assert "not yet shown by a program" in page
    assert "yl-mark--holds" not in page


def test_claim_on_a_metric_that_is_not_returned_stops_the_build(toy: Path) -> None:
    edit(toy, "metric: error_ratio", "metric: eror_ratio")
    built = yuanliu("build", cwd=toy)
    assert built.returncode == 1
    assert "did you mean 'error_ratio'?" in built.stderr + built.stdout
    assert not (toy / "site").exists()


@pytest.mark.parametrize(
    "field", ["高斯最先發表。", "甲", "最小平方法", "平均值的平方誤差小於中位數。"]
)
def test_markup_in_a_field_is_text(toy: Path, field: str) -> None:
    edit(toy, field, json.dumps(field + HOSTILE, ensure_ascii=False))
    site = build(toy)
    for path in site.rglob("*.html"):
        page = path.read_text(encoding="utf-8")
        assert "<script>alert(1)" not in page
        assert "<img src=x" not in page
        assert 'href="javascript:alert(3)' not in page
    page = (site / "papers/gauss/index.html").read_text(encoding="utf-8")
    assert "&lt;script&gt;alert(1)" in page
    assert "{{ 7*7 }}" in page


def test_formula_becomes_mathml(toy: Path) -> None:
    page = (build(toy) / "snippets/mean/index.html").read_text(encoding="utf-8")
    assert "<math" in page and "arithmatex" not in page and r"\sum" not in page


def test_formula_that_cannot_be_set_stops_the_build(toy: Path) -> None:
    edit(toy, r"$\sum_i (x_i - m)^2$", r"$\left( x^{2$", "snippets/mean.py")
    built = yuanliu("build", cwd=toy)
    assert built.returncode == 1
    assert "formula cannot be set" in built.stderr + built.stdout


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0"),
        (0.8872215, "0.887"),
        (3.0, "3"),
        (12500.4, "12,500"),
        (1.234e-8, "1.2 × 10⁻⁸"),
        (-0.5, "-0.5"),
        (99.96, "100"),
        (123.456, "123.5"),
        (2.5e9, "2.5 × 10⁹"),
    ],
)
def test_number_reads_as_people_write_it(value: float, shown: str) -> None:
    assert pages.number(value) == shown


def test_outline_nests_headings_drops_markup_and_stays_escaped() -> None:
    html = (
        '<h1 id="a">A</h1><h2 id="b"><a href="x">B</a> &amp; <small>2</small></h2><h2 id="c">C</h2>'
    )
    (top,) = _outline(html)
    assert [child["name"] for child in top["children"]] == ["B &amp; 2", "C"]


def test_description_ends_with_a_sentence_where_it_can() -> None:
    assert _shorten("一。" * 200).endswith("。")
    assert len(_shorten("x" * 400)) <= 161
    assert _shorten("short") == "short"


def test_every_word_of_the_interface_exists_in_both_languages() -> None:
    chinese, english = pages.strings("zh-TW"), pages.strings("en")
    assert chinese.keys() == english.keys()
    for key, text in chinese.items():
        if isinstance(text, dict):
            assert text.keys() == english[key].keys(), key
        else:
            assert set(_slots(text)) == set(_slots(english[key])), key


def _slots(text: str) -> list[str]:
    return [name for _, name, _, _ in Formatter().parse(text) if name]


def test_language_without_its_own_words_gets_english() -> None:
    assert pages.strings("fr") == pages.strings("en")


def test_page_without_a_measured_claim_still_shows_a_figure(toy: Path) -> None:
    page = (build(toy) / "en/papers/later/index.html").read_text(encoding="utf-8")
    assert page.count("mean-1.svg") == 1
