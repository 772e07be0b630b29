"""Lists that others keep, as their programs write them, and broken ones."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest
from conftest import ROOT, yuanliu
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from yuanliu import catalog, cite, edit
from yuanliu.importing import ImportingError, read_works
from yuanliu.lookup import Record

BIBTEX = r"""
@string{nips = "Advances in NIPS"}
@comment{nothing}
@article{rumelhart, title={Learning {R}epresentations \& {\"U}ber $\ell_1$}, year=1986,
  author={Rumelhart, David E. and Geoffrey E. Hinton and {Some Lab} and van der Maaten, Laurens
  and others}, journal=nips, doi={https://doi.org/10.1038/323533A0}, langid={english}}
@misc{adam, title={Adam}, author={Kingma, Diederik P.}, eprint={1412.6980v9}, archiveprefix={arXiv},
  date={2014-12-22}}
@book{d2l, title={深入淺出深度學習}, author={張, 阿斯頓}, publisher={P}, year={2023}, url={https://d2l.ai/}}
@online{post, title={A post}, url={https://example.org/a\_b}}
"""
CSL = [
    {
        "id": "a",
        "type": "article-journal",
        "title": "A paper",
        "author": [{"family": "Maaten", "given": "L.", "non-dropping-particle": "van der"}],
        "issued": {"date-parts": [["2008", 11]]},
        "container-title": "JMLR",
        "DOI": "10.1000/ABC",
    },
    {"id": "b", "type": "webpage", "title": "A page", "URL": "https://arxiv.org/abs/1412.6980v1"},
    {"id": "c", "type": "motion_picture", "title": "A film", "issued": {"raw": "circa 1999"}},
]
RDF = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
 xmlns:z="http://www.zotero.org/namespaces/export#" xmlns:dcterms="http://purl.org/dc/terms/"
 xmlns:bib="http://purl.org/net/biblio#" xmlns:foaf="http://xmlns.com/foaf/0.1/"
 xmlns:link="http://purl.org/rss/1.0/modules/link/" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:prism="http://prismstandard.org/namespaces/1.2/basic/">
    <bib:Article rdf:about="https://www.nature.com/articles/323533a0?a=1&amp;b=2">
        <z:itemType>journalArticle</z:itemType>
        <dcterms:isPartOf rdf:resource="urn:issn:1476-4687"/>
        <bib:authors>
            <rdf:Seq>
                <rdf:li><foaf:Person><foaf:surname>Rumelhart</foaf:surname>
                    <foaf:givenName>David E.</foaf:givenName></foaf:Person></rdf:li>
                <rdf:li><foaf:Person><foaf:surname>Some Institute</foaf:surname>
                    </foaf:Person></rdf:li>
            </rdf:Seq>
        </bib:authors>
        <link:link rdf:resource="#item_2"/>
        <dc:identifier><dcterms:URI>
            <rdf:value>https://www.nature.com/articles/323533a0</rdf:value>
        </dcterms:URI></dc:identifier>
        <dc:date>1986-10</dc:date>
        <z:language>en</z:language>
        <dc:title>Learning representations by back-propagating errors</dc:title>
    </bib:Article>
    <bib:Journal rdf:about="urn:issn:1476-4687">
        <dc:title>Nature</dc:title>
        <dc:identifier>DOI 10.1038/323533a0</dc:identifier>
        <dc:identifier>ISSN 1476-4687</dc:identifier>
    </bib:Journal>
    <z:Attachment rdf:about="#item_2">
        <z:itemType>attachment</z:itemType>
        <dc:title>PDF</dc:title>
    </z:Attachment>
    <bib:Document rdf:about="https://karpathy.github.io/">
        <z:itemType>blogPost</z:itemType>
        <dc:title>A blog</dc:title>
    </bib:Document>
</rdf:RDF>"""
AWESOME = """# Awesome things [![Awesome](https://awesome.re/badge.svg)](https://awesome.re)

## Contents

- [Papers](#papers)

## Papers

- [Attention Is All You Need](https://arxiv.org/abs/1706.03762) - The [transformer](https://x.org).
- **A Survey**. Ann One. [[paper](https://example.org/survey.pdf)] [[code](https://github.com/a/b)]
- Nothing here

## Tools

* [micro*grad*](https://github.com/karpathy/micrograd) – A tiny engine.
  * [A talk](https://youtu.be/VMj-3S1tku0)
* [mail](mailto:a@b.org)
"""


def works(tmp_path: Path, name: str, text: str) -> list[tuple[int, Record | None]]:
    (tmp_path / name).write_text(text, encoding="utf-8")
    return [(one.line, one.record) for one in read_works(tmp_path / name)]


def test_bibtex(tmp_path: Path) -> None:
    (first, paper), (_, adam), (_, book), (_, post) = works(tmp_path, "refs.bib", BIBTEX)
    assert first == 4
    assert paper == Record(
        title=r"Learning Representations & Über $\ell_1$",
        url="https://doi.org/10.1038/323533a0",
        kind="paper",
        authors=[
            "David E. Rumelhart",
            "Geoffrey E. Hinton",
            "{Some Lab}",
            "Laurens van der Maaten",
        ],
        year=1986,
        venue="Advances in NIPS",
        doi="10.1038/323533a0",
        language="en",
    )
    assert adam and (adam.url, adam.arxiv) == ("https://arxiv.org/abs/1412.6980", "1412.6980")
    assert adam.year == 2014
    assert book and (book.kind, book.authors, book.venue) == ("book", ["張阿斯頓"], "P")
    assert post and (post.kind, post.url) == ("blog", "https://example.org/a_b")


def test_csl_json(tmp_path: Path) -> None:
    text = json.dumps(CSL, indent=2)
    (_, paper), (line, page), (_, film) = works(tmp_path, "refs.json", text)
    assert text.splitlines()[line - 1].strip() == '"title": "A page",'
    assert paper and paper.authors == ["L. van der Maaten"]
    assert (paper.kind, paper.year, paper.doi) == ("paper", 2008, "10.1000/abc")
    assert page and (page.kind, page.arxiv) == ("blog", "1412.6980")
    assert film and (film.kind, film.year) == ("video", 1999)


def test_zotero_rdf(tmp_path: Path) -> None:
    (line, paper), (_, blog) = works(tmp_path, "zotero.rdf", RDF)
    assert line == 6
    assert paper == Record(
        title="Learning representations by back-propagating errors",
        url="https://www.nature.com/articles/323533a0",
        kind="paper",
        authors=["David E. Rumelhart", "{Some Institute}"],
        year=1986,
        venue="Nature",
        doi="10.1038/323533a0",
        language="en",
    )
    assert blog and (blog.kind, blog.url) == ("blog", "https://karpathy.github.io/")


def test_awesome_list(tmp_path: Path) -> None:
    found = works(tmp_path, "list.md", AWESOME)
    assert [line for line, _ in found] == [9, 10, 15, 16]
    facts = [(one.title, one.kind, one.url) for _, one in found if one]
    assert facts == [
        ("Attention Is All You Need", "paper", "https://arxiv.org/abs/1706.03762"),
        ("A Survey. Ann One", "paper", "https://example.org/survey.pdf"),
        ("micrograd", "code", "https://github.com/karpathy/micrograd"),
        ("A talk", "video", "https://youtu.be/VMj-3S1tku0"),
    ]
    assert found[0][1] and found[0][1].arxiv == "1706.03762"


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.txt", "x", "name the form with --format"),
        ("a.json", '[{"title": "x"},\n oops]', r"a\.json:2:2: not JSON"),
        ("a.json", "3", r"a\.json:1:1: CSL-JSON is a list"),
        ("a.json", "[" * 100_000, r"a\.json:1:1: nested too deeply"),
        ("a.rdf", "<rdf>\n<", r"a\.rdf:\d+: not RDF/XML"),
        (
            "a.rdf",
            '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>',
            "document type",
        ),
        ("a.md", "# nothing\n", "lists no work"),
        ("a.bib", "", "lists no work"),
    ],
)
def test_broken_file_is_told_with_its_place(
    tmp_path: Path, name: str, text: str, message: str
) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(ImportingError, match=message):
        read_works(tmp_path / name)


def test_missing_binary_and_huge_files(tmp_path: Path) -> None:
    with pytest.raises(ImportingError, match="cannot be read"):
        read_works(tmp_path / "a.bib")
    (tmp_path / "b.bib").write_bytes(b"@misc{a,\n title={\xff}}")
    with pytest.raises(ImportingError, match=r"b\.bib:2: is not UTF-8"):
        read_works(tmp_path / "b.bib")
    with (tmp_path / "c.bib").open("wb") as stream:
        stream.truncate(50 * 2**20)
    with pytest.raises(ImportingError, match="larger than 32 MiB"):
        read_works(tmp_path / "c.bib")


def test_broken_works_have_their_lines(tmp_path: Path) -> None:
    text = "@book{a, title={x}\n@misc{b, title={Z}}\n@misc{b, title={Y}}\n@misc{c, year=1999}\n"
    (tmp_path / "a.bib").write_text(text)
    found = {one.line: one.problem for one in read_works(tmp_path / "a.bib")}
    assert [line for line, problem in found.items() if problem] == [1, 3, 4]
    assert found[4] == "has no title"


SLOW = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@SLOW
@given(st.sampled_from(["a.bib", "a.json", "a.rdf", "a.md"]), st.text(max_size=80), st.data())
def test_no_file_raises_anything_else(
    tmp_path: Path, name: str, text: str, data: st.DataObject
) -> None:
    whole = {"a.bib": BIBTEX, "a.json": json.dumps(CSL), "a.rdf": RDF, "a.md": AWESOME}[name]
    start = data.draw(st.integers(0, len(whole)))
    changed = whole[:start] + text + whole[start + data.draw(st.integers(0, 40)) :]
    (tmp_path / name).write_bytes(changed.encode("utf-8", "surrogatepass"))
    with contextlib.suppress(ImportingError):
        read_works(tmp_path / name)


def test_own_exports_come_back_as_known(tmp_path: Path) -> None:
    found = catalog.load(ROOT / "papers.yaml")
    entries = [entry.model_dump(mode="json") for entry in found.entries]
    for name, text in {
        "own.bib": cite.bibtex(found.entries),
        "own.json": cite.csl_json(found.entries),
    }.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
        records = [one.record for one in read_works(tmp_path / name) if one.record]
        assert len(records) == len(entries)
        new, _ = edit.only_new(entries, records)
        assert new == []


def test_import_appends_what_is_new_and_only_once(toy: Path) -> None:
    (toy / "list.md").write_text(AWESOME + "\n- [Same](https://example.org/gauss)\n", "utf-8")
    before = (toy / "papers.yaml").read_text(encoding="utf-8")
    shown = yuanliu("import", "list.md", "--preview", cwd=toy)
    assert "4 new, 1 in the catalog already" in shown.stderr
    assert (toy / "papers.yaml").read_text(encoding="utf-8") == before
    done = yuanliu("import", "list.md", cwd=toy)
    assert done.returncode == 0, done.stderr
    assert "4 works added, 1 in the catalog already" in done.stderr
    after = (toy / "papers.yaml").read_bytes()
    assert after.decode().startswith(before)
    assert "and 4 drafts, no problems" in yuanliu("check", cwd=toy).stdout
    again = yuanliu("import", "list.md", cwd=toy)
    assert "0 works added, 5 in the catalog already" in again.stderr
    assert (toy / "papers.yaml").read_bytes() == after


def test_import_takes_all_or_nothing_unless_told(toy: Path) -> None:
    (toy / "refs.bib").write_text("@misc{a, year=1999}\n@misc{b, title={New}}\n")
    before = (toy / "papers.yaml").read_bytes()
    failed = yuanliu("import", "refs.bib", cwd=toy)
    assert failed.returncode == 1
    assert "refs.bib:1: has no title" in failed.stderr and "--skip-broken" in failed.stderr
    assert (toy / "papers.yaml").read_bytes() == before
    done = yuanliu("import", "refs.bib", "--skip-broken", cwd=toy)
    assert done.returncode == 0 and "draft 'new': New" in done.stdout
