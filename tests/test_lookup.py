"""Looking works up: what an argument means, and each service's answers, good and bad."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from server import Clock, Reply, Server, serving

from yuanliu import lookup
from yuanliu.lookup import LookUpError, Record, identify, key
from yuanliu.web import Web

ATOM = """<?xml version="1.0" encoding="UTF-8"?>
<feed xmlns="http://www.w3.org/2005/Atom">
  <title type="html">ArXiv Query: id_list=1412.6980</title>
  <id>http://arxiv.org/api/cHxbiOdZaP56ODnBPIenZhzg5f8</id>
  <opensearch:totalResults xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/">1</opensearch:totalResults>
  <entry>
    <id>http://arxiv.org/abs/1412.6980v9</id>
    <updated>2017-01-30T01:27:54Z</updated>
    <published>2014-12-22T13:54:29Z</published>
    <title>Adam: A Method for Stochastic
  Optimization</title>
    <summary>  We introduce…
</summary>
    <author><name>Diederik P. Kingma</name></author>
    <author><name>Jimmy Ba</name></author>
    <arxiv:comment xmlns:arxiv="http://arxiv.org/schemas/atom">10 pages</arxiv:comment>
    <arxiv:doi xmlns:arxiv="http://arxiv.org/schemas/atom">10.1000/Adam</arxiv:doi>
    <arxiv:journal_ref xmlns:arxiv="http://arxiv.org/schemas/atom">ICLR 2015</arxiv:journal_ref>
    <link href="http://arxiv.org/abs/1412.6980v9" rel="alternate" type="text/html"/>
    <link title="pdf" href="http://arxiv.org/pdf/1412.6980v9" rel="related" type="application/pdf"/>
    <category term="cs.LG" scheme="http://arxiv.org/schemas/atom"/>
  </entry>
</feed>"""
ATOM_ERROR = """<?xml version="1.0" encoding="UTF-8"?>
<feed xmlns="http://www.w3.org/2005/Atom"><entry>
<id>http://arxiv.org/api/errors#incorrect_id_format_for_1412.6980</id><title>Error</title>
<summary>incorrect id format for 1412.6980</summary></entry></feed>"""
CROSSREF = {
    "status": "ok",
    "message-type": "work",
    "message-version": "1.0.0",
    "message": {
        "DOI": "10.1038/323533a0",
        "type": "journal-article",
        "title": ["Learning representations by <i>back-propagating</i> errors"],
        "author": [
            {"given": "David E.", "family": "Rumelhart", "sequence": "first", "affiliation": []},
            {"given": "俊", "family": "周", "sequence": "additional", "affiliation": []},
            {"name": "Some Institute", "sequence": "additional", "affiliation": []},
        ],
        "container-title": ["Nature"],
        "publisher": "Springer Science and Business Media LLC",
        "issued": {"date-parts": [[1986, 10]]},
        "language": "en",
        "URL": "https://doi.org/10.1038/323533a0",
    },
}
DATACITE = {
    "data": {
        "id": "10.5281/zenodo.1234",
        "type": "dois",
        "attributes": {
            "doi": "10.5281/zenodo.1234",
            "titles": [{"title": "A data set"}],
            "creators": [
                {
                    "name": "Doe, Jane",
                    "nameType": "Personal",
                    "givenName": "Jane",
                    "familyName": "Doe",
                },
                {"name": "Roe, Richard"},
                {"name": "CERN", "nameType": "Organizational"},
            ],
            "publisher": "Zenodo",
            "publicationYear": 2021,
            "types": {"resourceTypeGeneral": "Software"},
            "language": "eng",
        },
    }
}
OPENREVIEW = {
    "notes": [
        {
            "id": "abcDEF_123",
            "forum": "abcDEF_123",
            "cdate": 1695400000000,
            "pdate": 1705400000000,
            "content": {
                "title": {"value": "A Paper Under Review"},
                "authors": {"value": ["Ann One", "Ben Two"]},
                "venue": {"value": "ICLR 2024 poster"},
                "pdf": {"value": "/pdf/0123.pdf"},
            },
        }
    ],
    "count": 1,
}
OPENREVIEW_V1 = {
    "notes": [
        {
            "id": "abcDEF_123",
            "cdate": 1569400000000,
            "content": {"title": "An Older Paper", "authors": ["Ann One"], "venue": "ICLR 2020"},
        }
    ]
}
OEMBED = {
    "title": "A lecture & more",
    "author_name": "A Channel",
    "author_url": "https://www.youtube.com/@channel",
    "type": "video",
    "provider_name": "YouTube",
    "version": "1.0",
}
WATCH = b'<html><meta itemprop="datePublished" content="2023-02-11T04:00:00-08:00"></html>'


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with serving() as one:
        for name in lookup.SERVICES:
            monkeypatch.setenv(f"YUANLIU_{name.upper()}", f"{one.address}/{name}")
        yield one


def look_up(text: str, **options) -> Record:
    async def ask() -> Record:
        async with Web(sleep=Clock().sleep, **options) as web:
            return await lookup.look_up(text, web)

    return asyncio.run(ask())


def as_json(value: object, status: int = 200) -> Reply:
    return Reply(json.dumps(value).encode(), status, "application/json")


@pytest.mark.parametrize(
    ("text", "what", "id_"),
    [
        ("1706.03762", "arxiv", "1706.03762"),
        (" arXiv:1706.03762v7 ", "arxiv", "1706.03762"),
        ("hep-th/9901001", "arxiv", "hep-th/9901001"),
        ("https://arxiv.org/abs/1706.03762v2", "arxiv", "1706.03762"),
        ("http://www.arxiv.org/pdf/1706.03762.pdf", "arxiv", "1706.03762"),
        ("https://export.arxiv.org/abs/hep-th/9901001", "arxiv", "hep-th/9901001"),
        ("https://doi.org/10.48550/arXiv.1706.03762", "arxiv", "1706.03762"),
        ("10.1038/323533A0", "doi", "10.1038/323533a0"),
        ("doi:10.1038/323533a0", "doi", "10.1038/323533a0"),
        ("https://dx.doi.org/10.1038/323533a0", "doi", "10.1038/323533a0"),
        ("https://openreview.net/forum?id=abc", "openreview", "abc"),
        ("https://openreview.net/pdf?id=abc", "openreview", "abc"),
        ("https://www.youtube.com/watch?v=ORHv8yKAV2Q&t=3s", "youtube", "ORHv8yKAV2Q"),
        ("https://youtu.be/ORHv8yKAV2Q?si=x", "youtube", "ORHv8yKAV2Q"),
        ("https://m.youtube.com/shorts/ORHv8yKAV2Q", "youtube", "ORHv8yKAV2Q"),
        ("https://www.youtube.com/@channel", "url", "https://www.youtube.com/@channel"),
        ("https://arxiv.org/list/cs.LG/new", "url", "https://arxiv.org/list/cs.LG/new"),
        ("https://example.org/x", "url", "https://example.org/x"),
    ],
)
def test_argument_is_understood(text: str, what: str, id_: str) -> None:
    assert identify(text) == (what, id_)


@pytest.mark.parametrize(
    "text", ["", "lenet", "file:///etc/passwd", "ftp://x.org/a", "10.1038", "http://", "http://[x"]
)
def test_anything_else_is_refused_with_examples(text: str) -> None:
    with pytest.raises(LookUpError, match=r"1706\.03762"):
        identify(text)


@given(st.text())
def test_no_argument_raises_anything_else(text: str) -> None:
    for start in ("", "https://", "https://arxiv.org/", "https://youtu.be/", "10.1234/"):
        with contextlib.suppress(LookUpError):
            identify(start + text)


def test_key_is_the_same_for_the_same_page() -> None:
    assert key("http://www.example.org/a/") == key("https://example.org/a#part")
    assert key("https://example.org/a?x=1") != key("https://example.org/a?x=2")
    assert key("https://arxiv.org/pdf/1706.03762v5") == key("https://arxiv.org/abs/1706.03762")


def test_arxiv(server: Server) -> None:
    server.give("/arxiv", Reply(ATOM.encode(), type="application/atom+xml; charset=UTF-8"))
    assert look_up("1412.6980v2") == Record(
        title="Adam: A Method for Stochastic Optimization",
        url="https://arxiv.org/abs/1412.6980",
        kind="paper",
        authors=["Diederik P. Kingma", "Jimmy Ba"],
        year=2014,
        venue="ICLR 2015",
        pdf="https://arxiv.org/pdf/1412.6980",
        doi="10.1000/adam",
        arxiv="1412.6980",
        language="en",
    )
    assert "id_list=1412.6980&" in server.asked[0][1]


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (Reply(ATOM_ERROR.encode()), "has no paper 1412.6980"),
        (Reply(b'<feed xmlns="http://www.w3.org/2005/Atom"/>'), "has no paper"),
        (Reply(b"Rate exceeded.", type="text/plain"), "Rate exceeded"),
        (Reply(b"<feed><entry>"), "not the feed expected"),
        (Reply(b'<!DOCTYPE x [<!ENTITY a "b">]><feed>&a;</feed>'), "not the feed expected"),
        (Reply(b"\xff\xfe\x00"), "not the feed expected"),
        (Reply(status=429, headers={"Retry-After": "900"}), "again in 900 seconds"),
        (Reply(status=503), "out of order"),
        (Reply(status=403), "does not let us read"),
    ],
)
def test_arxiv_in_trouble(server: Server, reply: Reply, message: str) -> None:
    server.give("/arxiv", reply)
    with pytest.raises(LookUpError, match=message):
        look_up("1412.6980")


def test_doi_at_crossref(server: Server) -> None:
    server.give("/crossref/10.1038%2F323533a0", as_json(CROSSREF))
    assert look_up("10.1038/323533a0") == Record(
        title="Learning representations by back-propagating errors",
        url="https://doi.org/10.1038/323533a0",
        kind="paper",
        authors=["David E. Rumelhart", "周俊", "{Some Institute}"],
        year=1986,
        venue="Nature",
        doi="10.1038/323533a0",
        language="en",
    )


def test_doi_at_datacite_when_crossref_does_not_know_it(server: Server) -> None:
    server.give("/crossref/10.5281%2Fzenodo.1234", Reply(b"Resource not found.", 404))
    server.give("/datacite/10.5281%2Fzenodo.1234", as_json(DATACITE))
    found = look_up("10.5281/zenodo.1234")
    assert found.authors == ["Jane Doe", "Richard Roe", "{CERN}"]
    assert (found.kind, found.year, found.language) == ("code", 2021, "en")


def test_doi_that_nobody_knows(server: Server) -> None:
    with pytest.raises(LookUpError, match="neither Crossref nor DataCite knows"):
        look_up("10.1234/x")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"null",
        b'{"message": []}',
        b'{"message": {"title": []}}',
        b"[" * 9999,
        b'{"message": {"title": [3], "author": 3, "issued": [], "type": null}}',
    ],
)
def test_broken_json_is_a_clear_error(server: Server, body: bytes) -> None:
    server.give("/crossref/10.1234%2Fx", Reply(body, type="application/json"))
    with pytest.raises(LookUpError):
        look_up("10.1234/x")


def test_odd_types_in_json_are_left_out(server: Server) -> None:
    message = {"title": ["T"], "author": [3, {"family": 7}, {"family": "Li"}], "issued": {"x": 1}}
    server.give("/crossref/10.1234%2Fx", as_json({"message": message}))
    found = look_up("10.1234/x")
    assert (found.title, found.authors, found.year) == ("T", ["Li"], None)


def test_openreview(server: Server) -> None:
    server.give("/openreview", as_json(OPENREVIEW))
    found = look_up("https://openreview.net/forum?id=abcDEF_123")
    assert found.title == "A Paper Under Review"
    assert found.authors == ["Ann One", "Ben Two"]
    assert (found.year, found.venue) == (2024, "ICLR 2024 poster")
    assert found.pdf == "https://openreview.net/pdf/0123.pdf"


def test_openreview_before_its_second_version(server: Server) -> None:
    server.give("/openreview", as_json({"name": "NotFoundError"}, 404))
    server.give("/openreview_v1", as_json(OPENREVIEW_V1))
    found = look_up("https://openreview.net/forum?id=abcDEF_123")
    assert (found.title, found.year) == ("An Older Paper", 2019)


def test_openreview_that_is_not_public(server: Server) -> None:
    server.give("/openreview", as_json({"name": "ForbiddenError"}, 403))
    server.give("/openreview_v1", as_json({"notes": []}))
    with pytest.raises(LookUpError, match="public"):
        look_up("https://openreview.net/forum?id=abc")


def test_youtube_with_the_date_from_its_page(server: Server) -> None:
    server.give("/youtube", as_json(OEMBED))
    server.give("/youtube_page", Reply(WATCH))
    assert look_up("https://youtu.be/ORHv8yKAV2Q") == Record(
        title="A lecture & more",
        url="https://www.youtube.com/watch?v=ORHv8yKAV2Q",
        kind="video",
        authors=["A Channel"],
        year=2023,
        venue="YouTube",
        video="https://www.youtube.com/watch?v=ORHv8yKAV2Q",
    )


def test_youtube_without_its_page_knows_no_year(server: Server) -> None:
    server.give("/youtube", as_json(OEMBED))
    assert look_up("https://youtu.be/ORHv8yKAV2Q").year is None


def test_youtube_video_that_is_gone(server: Server) -> None:
    server.give("/youtube", Reply(b"Not Found", 404))
    with pytest.raises(LookUpError, match="private, removed or mistyped"):
        look_up("https://youtu.be/ORHv8yKAV2Q")


HIGHWIRE = """<html lang="en-US"><head><title>Site | Paper</title>
<meta name="citation_title" content="A Neural Probabilistic Language Model">
<meta name="citation_author" content="Bengio, Yoshua">
<meta name="citation_author" content="Ducharme, Réjean">
<meta name="citation_publication_date" content="2003/02/01">
<meta name="citation_journal_title" content="Journal of Machine Learning Research">
<meta name="citation_pdf_url" content="/paper.pdf">
<meta name="citation_doi" content="doi:10.1000/ABC">
<meta name="citation_language" content="en"></head></html>"""
DUBLIN = """<html lang="zh-Hant"><head><title>x</title><meta name="DC.title" content="論文">
<meta name="DC.creator" content="李宏毅"><meta name="DCTERMS.issued" content="2019-05">
<meta name="DC.identifier" content="https://doi.org/10.1000/xyz"></head></html>"""
JSON_LD = """<html><head><title>x</title><script type="application/ld+json">{"@context":
"https://schema.org", "@graph": [{"@type": "WebSite", "name": "Site"}, {"@type": "BlogPosting",
"headline": "A post", "author": [{"@type": "Person", "name": "Ann One"}, {"@type": "Organization",
"name": "A Lab"}], "datePublished": "2020-01-02T03:04:05Z"}]}</script></head></html>"""
GRAPH = """<html lang="fr"><head><title>Titre - Site</title>
<meta property="og:title" content="Titre">
<meta property="og:type" content="video.other"><meta property="og:site_name" content="Site">
<meta name="author" content="Ann One"><meta property="article:published_time" content="2018-03-01">
</head></html>"""


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (
            HIGHWIRE,
            Record(
                "A Neural Probabilistic Language Model",
                kind="paper",
                authors=["Yoshua Bengio", "Réjean Ducharme"],
                year=2003,
                venue="Journal of Machine Learning Research",
                doi="10.1000/abc",
                language="en",
            ),
        ),
        (
            DUBLIN,
            Record(
                "論文",
                kind="blog",
                authors=["李宏毅"],
                year=2019,
                doi="10.1000/xyz",
                language="zh-TW",
            ),
        ),
        (JSON_LD, Record("A post", kind="blog", authors=["Ann One", "{A Lab}"], year=2020)),
        (
            GRAPH,
            Record(
                "Titre", kind="video", authors=["Ann One"], year=2018, venue="Site", language="fr"
            ),
        ),
        ("<title>Only &amp; a title</title>", Record("Only & a title", kind="blog")),
    ],
    ids=["highwire", "dublin-core", "json-ld", "open-graph", "title"],
)
def test_page_describes_itself(server: Server, page: str, expected: Record) -> None:
    url = server.give("/page", Reply(page.encode(), type="text/html; charset=utf-8"))
    found = look_up(url)
    assert found.pdf == (f"{server.address}/paper.pdf" if page == HIGHWIRE else None)
    facts = {**vars(found), "url": None, "pdf": None}
    assert facts == vars(expected)


def test_page_in_another_encoding(server: Server) -> None:
    page = "<title>反向傳播</title>".encode("big5")
    url = server.give("/page", Reply(page, type="text/html; charset=Big5"))
    assert look_up(url).title == "反向傳播"


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (Reply(b"%PDF-1.7", type="application/pdf"), "is a PDF"),
        (Reply(b"\x00", type="image/png"), "image/png"),
        (Reply(b"<p>no title"), "no title"),
        (Reply(status=404), "nothing at"),
        (Reply(status=401), "does not let us read"),
    ],
)
def test_page_that_cannot_describe_itself(server: Server, reply: Reply, message: str) -> None:
    with pytest.raises(LookUpError, match=message):
        look_up(server.give("/page", reply))


@given(st.one_of(st.binary(), st.text().map(lambda text: f"<title>{text}<meta {text}".encode())))
def test_no_page_raises_anything_else(page: bytes) -> None:
    with contextlib.suppress(LookUpError):
        lookup.of_html(page, "https://example.org/")


def test_text_is_cleaned() -> None:
    assert lookup.clean("a\u200bb \n\t c&amp;d <b>e</b>\u202e\x07") == "ab c&d e"


@pytest.mark.parametrize(
    ("tag", "language"),
    [
        ("en-US", "en"),
        ("zh-Hant", "zh-TW"),
        ("zh_CN", "zh-CN"),
        ("zh", "zh"),
        ("English", "en"),
        ("", None),
        ("unknown!", None),
    ],
)
def test_language_tags(tag: str, language: str | None) -> None:
    assert lookup.language_of(tag) == language
