"""A catalog from a stranger: nothing in it runs, in a page, in a download or on this machine."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import zipfile
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any, get_args
from urllib.parse import urlsplit
from xml.etree import ElementTree

import markdown
import pytest
import rispy
import typst
import yaml
from bibtexparser.entrypoint import parse_string
from bs4 import BeautifulSoup, Tag
from conftest import ROOT, TOY, edit, serving_files, yuanliu
from playwright.sync_api import Browser
from pydantic import BaseModel
from server import serving

from yuanliu.book import TEMPLATE
from yuanliu.catalog import Catalog, CatalogError, Draft, Problem, load
from yuanliu.inert import active_html, active_svg

Place = tuple[str | int, ...]

# What one text tries; N is the number of its field, so that what runs tells where it came from.
LINE = (
    "average </title></script></style></textarea></pre></svg>--> ]]> &xxe; &lt;b&gt; "
    "<script>window.pwned=N</script><img src=x onerror=window.pwned=N><svg onload=window.pwned=N> "
    "<iframe srcdoc='<script>top.pwned=N</script>'></iframe><base href=//evil.example><a href="
    'javascript:window.pwned=N>z</a> " onmouseover=window.pwned=N autofocus onfocus=window.pwned=N '
    "x=\" ' onclick=window.pwned=N ' [x](javascript:window.pwned=N) ![x](x){onerror=pwned=N} "
    '{: onclick="window.pwned=N" } <!-- yuanliu:statistics --> <!-- yuanliu:entry --> [[Wiki]] '
    '--8<-- "/etc/passwd" {{ 1234*5678 }} {% raw %} ${1234*5678} `code` **bold** '
    r"\(\href{javascript:window.pwned=N}{x}\) $\text{<script>window.pwned=N</script>}$ "
    '#read("/etc/passwd") #eval("1") @cite }}, note = {pwned}, x = {{ @misc{evil, title={x}} '
    "=HYPERLINK(1) \\ \\u003cscript\\u003e %0a N"
)
LINES = LINE + (
    '\n---\ntitle: pwned\n---\n\n<script>window.pwned=N</script>\n\n--8<-- "/etc/passwd"\n\n'
    "    <script>window.pwned=N</script>\n\n# Heading { #pwned }\n\nER  - \nTY  - JOUR\n"
    "TI  - pwned\n</ol></div>\n\n<script>window.pwned=N</script>\n"
)
SAFE = "average safe text N"

MORE: dict[str, Any] = {  # what the toy's first entry does not have
    "venue": "Göttingen",
    "pdf": "https://example.org/gauss.pdf",
    "doi": "10.1000/182",
    "arxiv": "1706.03762",
    "video": "https://example.org/gauss.mp4",
    "links": [{"label": {"zh-TW": "程式", "en": "code"}, "url": "https://example.org/code"}],
    "added": "2026-11-01",
}
# A draft is no part of the site; "partial" takes languages, and a route's level numbers only.
ABSENT = {"draft", "partial", "level"}


def full() -> dict[str, Any]:
    """The toy's catalog with every field that the model has."""
    data = yaml.safe_load((TOY / "papers.yaml").read_text(encoding="utf-8"))
    data["entries"][0] |= MORE
    return data


def leaves(value: Any, place: Place = ()) -> Iterator[tuple[Place, str]]:
    """Every text below ``value`` and the way to it."""
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, inner in items:
            yield from leaves(inner, (*place, key))


def put(data: dict[str, Any], place: Place, text: str) -> dict[str, Any]:
    """A copy of ``data`` with another text at ``place``."""
    changed = deepcopy(data)
    at: Any = changed
    for step in place[:-1]:
        at = at[step]
    at[place[-1]] = text
    return changed


def problems(data: dict[str, Any], folder: Path) -> list[Problem]:
    """What the loader says against a catalog; nothing if it takes it."""
    file = folder / "papers.yaml"
    file.write_text(yaml.safe_dump(data, allow_unicode=True, sort_keys=False), encoding="utf-8")
    try:
        load(file, snippets_dir=TOY / "snippets")
    except CatalogError as error:
        return error.problems
    return []


def attacked(folder: Path) -> tuple[dict[Place, str], list[Place]]:
    """The worst text that the loader takes at each place; places that take none."""
    data = full()
    taken: dict[Place, str] = {}
    refused: list[Place] = []
    for number, (place, _) in enumerate(leaves(data)):
        for attack in (LINES, LINE):
            text = re.sub(r"\bN\b", str(number), attack)
            if not problems(put(data, place, text), folder):
                taken[place] = text
                break
        else:
            refused.append(place)
    return taken, refused


@pytest.fixture(scope="module")
def fields(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[Place, str], list[Place]]:
    return attacked(tmp_path_factory.mktemp("fields"))


PROGRAM = '''
if __name__ == "__main__":
    print("""PRINTED""")
'''
EXTENSIONS = """
  - md_in_html
  - wikilinks
  - abbr
  - def_list
  - footnotes
  - tables
  - pymdownx.snippets
  - pymdownx.magiclink
  - pymdownx.details
"""
FEATURES = "[content.tooltips, content.code.copy, search.suggest, search.highlight, search.share]"


def build(place: Path, texts: dict[Place, str], printed: str) -> Path:
    """The toy with these texts, everything on that could interpret them, and no policy."""
    project = Path(shutil.copytree(TOY, place / "toy"))
    data = full()
    for way, text in texts.items():
        data = put(data, way, text)
    data["glossary"][0]["also"].append("average")
    file = project / "papers.yaml"
    file.write_text(yaml.safe_dump(data, allow_unicode=True, sort_keys=False), encoding="utf-8")
    with (project / "snippets/mean.py").open("a", encoding="utf-8") as program:
        program.write("\n\n# %%" + PROGRAM.replace("PRINTED", printed.replace("\\", "\\\\")))
    edit(project, "{jobs: 1}", "{jobs: 1, content_security_policy: false}", "mkdocs.yml")
    edit(project, "font: false}", f"font: false, features: {FEATURES}}}", "mkdocs.yml")
    edit(project, "  - attr_list\n", "  - attr_list" + EXTENSIONS, "mkdocs.yml")
    built = yuanliu("build", cwd=project)
    assert built.returncode == 0, built.stderr + built.stdout
    return project / "site"


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory, fields) -> Path:
    """A site from a catalog whose every text attacks."""
    printed = LINES.replace('"', "'")
    return build(tmp_path_factory.mktemp("hostile"), fields[0], printed)


@pytest.fixture(scope="module")
def harmless(tmp_path_factory: pytest.TempPathFactory, fields) -> Path:
    """The same site with plain texts in the same places."""
    texts = {place: SAFE.replace("N", str(n)) for n, place in enumerate(fields[0])}
    return build(tmp_path_factory.mktemp("harmless"), texts, "average")


def models(annotation: Any) -> Iterator[type[BaseModel]]:
    """The parts of the catalog that an annotation names, directly or not."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
        for field in annotation.model_fields.values():
            yield from models(field.annotation)
    for inner in get_args(annotation):
        yield from models(inner)


def test_every_field_of_the_model_is_attacked_or_refused_here() -> None:
    parts = {model for model in models(Catalog) if not issubclass(model, Draft)}
    known = {field.alias or name for part in parts for name, field in part.model_fields.items()}
    data = full()

    def keys(value: Any) -> Iterator[str]:
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, inner in items:
            yield str(key)
            if isinstance(inner, dict | list):
                yield from keys(inner)

    assert known - set(keys(data)) == ABSENT - {"level"}


def test_texts_take_any_text_and_nothing_else_does(fields) -> None:
    taken, refused = fields
    names = {next(step for step in reversed(place) if isinstance(step, str)) for place in refused}
    names |= {str(place[-2]) for place in refused if isinstance(place[-1], int)}
    assert names <= {
        *(
            "added",
            "arxiv",
            "doi",
            "era",
            "expect",
            "id",
            "kind",
            "language",
            "languages",
            "metric",
        ),
        *("pdf", "requires", "snippet", "tags", "to", "url", "video", "verified"),
    }
    assert {"title", "authors", "venue", "label", "also", "takeaways", "said", "because"} <= {
        str(step) for place in taken for step in place
    }


def test_refusal_tells_the_line(fields, tmp_path: Path) -> None:
    for place in fields[1]:
        found = problems(put(full(), place, LINE), tmp_path)
        at = [one for one in found if "pwned" in one.message or "average" in one.message]
        lines = (tmp_path / "papers.yaml").read_text(encoding="utf-8").splitlines()
        told = [lines[one.line - 1] for one in at or found]
        assert any("average" in line for line in told), (place, found)


BAD_ADDRESSES = [
    "javascript:alert(1)",
    "JavaScript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:x",
    "file:///etc/passwd",
    "//evil.example/x",
    "/relative",
    "https://user@evil.example/",
    "https://example.org@evil.example/",
    "https://exаmple.org/",  # a Cyrillic а
    "https://例子.tw/",
    "https://ex%61mple.org/",
    "https://evil.example\\@example.org/",
    'https://example.org/"onclick=alert(1)',
    "https://example.org/ x",
    "https://example.org/\nx",
    "https:///x",
    " https://example.org/",
]


@pytest.mark.parametrize("bad", BAD_ADDRESSES)
def test_no_field_takes_an_address_that_is_none(bad: str, tmp_path: Path) -> None:
    data = full()
    urls = [place for place, text in leaves(data) if text.startswith("https://")]
    assert len(urls) >= 5
    for place in urls:
        found = problems(put(data, place, bad), tmp_path)
        assert found and found[0].line > 1, place


@pytest.mark.parametrize(
    "bad", ["../x", "a/b", "..", "x.py", "X", "con", "index", "", "a\nb", "a b"]
)
def test_no_id_is_a_path(bad: str, tmp_path: Path) -> None:
    data = full()
    ids = [place for place, _ in leaves(data) if place[-1] in ("id", "snippet", "era")]
    for place in ids:
        if bad == "index" and place[-1] == "snippet":
            bad = "readme"
        found = problems(put(data, place, bad), tmp_path)
        assert found and found[0].line > 1, place


@pytest.mark.parametrize("code", [0x1B, 0x0, 0x202E, 0x2066, 0x61C, 0xFFFE, 0xE0041, 0x200B])
def test_no_text_takes_a_character_that_deceives_or_that_xml_cannot_hold(
    code: int, fields, tmp_path: Path
) -> None:
    for place in fields[0]:
        found = problems(put(full(), place, f"a{chr(code)}b"), tmp_path)
        assert found and all(chr(code) not in str(one) for one in found), place


def pages(site: Path) -> dict[str, BeautifulSoup]:
    return {
        file.relative_to(site).as_posix(): BeautifulSoup(file.read_text(encoding="utf-8"), "lxml")
        for file in sorted(site.rglob("*.html"))
    }


def shape(page: BeautifulSoup) -> Counter:
    """How often each element stands in a page, with the names of its attributes."""
    tags = (tag for tag in page.find_all(True) if isinstance(tag, Tag))
    # A long title takes several lines in the drawing of the path; code is coloured by its words.
    return Counter(
        (tag.name, *sorted(tag.attrs))
        for tag in tags
        if tag.name != "text" and not (tag.name == "span" and tag.find_parent("code"))
    )


def test_no_text_adds_an_element_or_an_attribute_to_any_page(hostile: Path, harmless: Path) -> None:
    bad, good = pages(hostile), pages(harmless)
    assert bad.keys() == good.keys() and len(bad) > 30
    for path, page in bad.items():
        assert shape(page) == shape(good[path]), path


def test_no_page_has_a_script_an_address_or_a_handler_of_the_catalog(
    hostile: Path, harmless: Path
) -> None:
    def scripts(page: BeautifulSoup) -> list[str]:
        return [tag.text for tag in page.find_all("script") if not tag.get("type")]

    good = pages(harmless)
    for path, page in pages(hostile).items():
        assert scripts(page) == scripts(good[path])
        for tag in page.find_all(True):
            assert isinstance(tag, Tag)
            assert not [name for name in tag.attrs if name.startswith("on")], path
            for name in ("href", "src", "action", "data", "formaction"):
                scheme = urlsplit(str(tag.get(name, ""))).scheme
                assert scheme in ("", "http", "https"), (path, tag)


def test_text_stands_in_the_page_letter_by_letter(hostile: Path, fields) -> None:
    page = BeautifulSoup((hostile / "en/papers/gauss/index.html").read_text("utf-8"), "lxml")
    taken = fields[0]
    wanted = {
        "h1": taken[("entries", 0, "title", "en")],
        ".yl-original": taken[("entries", 0, "title", "original")],
        ".yl-lead": taken[("entries", 0, "summary", "en")],
        ".yl-claim__text": taken[("entries", 0, "claims", 0, "text", "en")],
    }
    for selector, text in wanted.items():
        found = page.select_one(f"article {selector}")
        assert found and found.text.split() == text.split()


def test_nothing_of_a_file_or_a_computation_comes_into_the_site(hostile: Path) -> None:
    for file in hostile.rglob("*"):
        if file.suffix in (".html", ".xml", ".txt", ".json", ".ipynb", ".bib", ".ris"):
            text = file.read_text(encoding="utf-8")
            assert "root:x:0:0" not in text, file
            assert str(1234 * 5678) not in text, file


def test_json_in_pages_holds_the_text_and_nothing_else(
    hostile: Path, harmless: Path, fields
) -> None:
    def of(site: Path) -> dict[str, Any]:
        page = BeautifulSoup((site / "en/papers/gauss/index.html").read_text("utf-8"), "lxml")
        (script,) = page.find_all("script", type="application/ld+json")
        return json.loads(script.text)

    bad, good = of(hostile), of(harmless)
    assert bad["name"].split() == fields[0][("entries", 0, "title", "en")].split()
    assert bad.keys() == good.keys() and bad["about"].keys() == good["about"].keys()


def test_feeds_maps_books_and_pictures_are_well_formed(
    hostile: Path, harmless: Path, fields
) -> None:
    def elements(xml: bytes) -> Counter:
        return Counter(element.tag for element in ElementTree.fromstring(xml).iter())

    for file in [*hostile.rglob("*.xml"), *hostile.rglob("*.svg")]:
        other = harmless / file.relative_to(hostile)
        assert elements(file.read_bytes()) == elements(other.read_bytes()), file
    for path in ("book.epub", "en/book.epub"):
        bad, good = zipfile.ZipFile(hostile / path), zipfile.ZipFile(harmless / path)
        assert bad.namelist() == good.namelist()
        for name in bad.namelist():
            if name.endswith((".xhtml", ".opf", ".ncx", ".xml")):
                assert elements(bad.read(name)) == elements(good.read(name)), name
    for path in ("llms.txt", "en/llms.txt"):
        bad, good = ((site / path).read_text("utf-8") for site in (hostile, harmless))
        assert len(bad.splitlines()) == len(good.splitlines())
        assert bad.count("](") == good.count("](")


def test_citations_hold_one_work_with_its_fields(hostile: Path, harmless: Path) -> None:
    def bibtex(site: Path) -> list[set[str]]:
        library = parse_string((site / "papers/gauss/gauss.bib").read_text("utf-8"))
        assert not library.failed_blocks
        return [set(entry.fields_dict) for entry in library.entries]

    def ris(site: Path) -> list[set[str]]:
        works = rispy.loads((site / "papers/gauss/gauss.ris").read_text("utf-8"))
        return [set(work) for work in works]

    def csl(site: Path) -> list[set[str]]:
        works = json.loads((site / "papers/gauss/gauss.csl.json").read_text("utf-8"))
        return [set(work) for work in works]

    for read in (bibtex, ris, csl):
        assert read(hostile) == read(harmless)
        assert len(read(hostile)) == 1


def test_no_text_ends_its_field_for_bibtex_which_counts_every_brace(
    hostile: Path, harmless: Path
) -> None:
    def outline(site: Path) -> str:
        """The file without what stands in the braces of fields."""
        depth, kept = 0, ""
        for char in (site / "papers/gauss/gauss.bib").read_text("utf-8"):
            depth -= char == "}"
            kept += char if depth < 2 else ""
            depth += char == "{"
        return kept

    assert outline(hostile) == outline(harmless)
    assert "title" in outline(hostile)


def test_book_takes_text_for_text(fields, tmp_path: Path) -> None:
    title = " ".join(fields[0][("entries", 0, "title", "en")].split())
    entry = {key: title for key in ("title", "original", "facts", "summary", "why", "caption")}
    entry |= {"url": "https://example.org/", "claims": [], "takeaways": [title], "figure": None}
    entry |= {"corrections": []}
    words = yaml.safe_load((ROOT / "yuanliu/locale/en.yaml").read_text("utf-8"))
    told: dict[str, Any] = {
        "title": title,
        "intro": title,
        "address": "https://example.org/",
        "language": "en",
    }
    told |= {"words": words, "glossary": [], "eras": [{"name": title, "intro": title}]}
    told["eras"][0]["entries"] = [entry]
    (tmp_path / "book.json").write_text(json.dumps(told), encoding="utf-8")
    shutil.copy(TEMPLATE, tmp_path / "book.typ")
    found = json.loads(typst.query(str(tmp_path / "book.typ"), "heading.where(level: 2)"))
    assert [one["body"]["text"] for one in found] == [title]


def test_nothing_runs_in_a_browser_even_without_a_policy(browser: Browser, hostile: Path) -> None:
    ran: list[str] = []
    with serving_files(hostile) as address:
        context = browser.new_context(base_url=address)
        page = context.new_page()
        page.on("dialog", lambda dialog: ran.append(dialog.message))
        for file in sorted(hostile.rglob("*.html")):
            path = "/" + file.relative_to(hostile).as_posix().removesuffix("index.html")
            page.goto(path, wait_until="networkidle")
            for term in page.locator("a.yl-term").all()[:1]:
                term.hover()
                page.locator(".md-tooltip2, .md-tooltip").first.wait_for()
                page.wait_for_timeout(100)
            ran += [path] if page.evaluate("window.pwned") is not None else []
        page.goto("/en/", wait_until="networkidle")
        page.locator("input.md-search__input").click()
        page.locator("input.md-search__input").fill("pwned")
        page.keyboard.press("End")  # the theme searches when a key goes up
        page.locator(".md-search-result__link").first.wait_for()
        page.wait_for_timeout(300)
        ran += ["search"] if page.evaluate("window.pwned") is not None else []
        context.close()
    assert ran == []


PROSE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '<img src="x" onerror="alert(1)">',
    "a <b onclick='x'>b</b>",
    "<iframe src='https://evil.example'></iframe>",
    "<style>@import 'x'</style>",
    "[x](javascript:alert(1))",
    "[x](java&#x0A;script:alert(1))",
    "[x](data:text/html,x)",
    "![x](https://evil.example/x.png)",
    "![x](//evil.example/x.png)",
    '[x](y){: onclick="alert(1)" }',
    '# a {: id="__config" }',
    '[x](y){: style="position:fixed" }',
    '[x](y){: data-lab="../../snippets/evil" }',
    '<section class="yl-lab" data-lab="data:text/javascript,alert(1)//"></section>',
    "<!-- yuanliu:begin -->",
    "<svg><animate onbegin='alert(1)' attributeName='x'/></svg>",
    "<form action='https://evil.example'><input name='q'></form>",
    "<x>",
]


@pytest.mark.parametrize("prose", PROSE)
def test_prose_of_a_snippet_that_could_act_is_refused(prose: str) -> None:
    page = markdown.markdown(f"before\n\n{prose}\n\nafter", extensions=["attr_list"])
    assert active_html(page)


def test_prose_of_a_snippet_may_be_all_that_markdown_is() -> None:
    prose = """
# Heading {#own-id}

*a* **b** `<script>` [c](https://example.org/ "title: d > e") [d](../lenet/#x) <https://example.org/>
&lt;script&gt; a < b ![f](figure.svg)

| a | b |
|--:|:-:|
| 1 | 2 |

```html
<img src=x onerror=alert(1)>
```

1. one
2. two[^1]

[^1]: note

!!! note
    text
"""
    extensions = ["attr_list", "tables", "footnotes", "admonition", "pymdownx.superfences"]
    page = markdown.markdown(prose, extensions=[*extensions, "pymdownx.highlight", "toc"])
    assert active_html(page) is None


@pytest.mark.parametrize(
    "prose",
    [r"$\text{<script>alert(1)</script>}$", r"$\href{javascript:alert(1)}{x}$", "<b onclick=x>"],
)
def test_build_stops_at_such_prose(toy: Path, prose: str) -> None:
    edit(toy, "# The error is ", f"# {prose} The error is ", "snippets/mean.py")
    built = yuanliu("build", cwd=toy)
    assert built.returncode == 1
    assert "snippets/mean.py: its prose may not hold" in re.sub(r"\s+", " ", built.stderr)
    assert not (toy / "site").exists()


def drawn(inside: str, attributes: str = "", before: str = "") -> str:
    spaces = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    return f'{before}<svg {spaces} width="1pt" height="1pt" {attributes}>{inside}</svg>'


@pytest.mark.parametrize(
    "svg",
    [
        drawn("<script>alert(1)</script>"),
        drawn("", 'onload="alert(1)"'),
        drawn('<a href="javascript:alert(1)"><text>x</text></a>'),
        drawn("<foreignObject><p>x</p></foreignObject>"),
        drawn('<x:script xmlns:x="http://www.w3.org/1999/xhtml">alert(1)</x:script>'),
        drawn('<use href="https://evil.example/x.svg#a"/>'),
        drawn('<image xlink:href="https://evil.example/x.png"/>'),
        drawn('<image href="data:image/svg+xml;base64,AA"/>'),
        drawn('<set attributeName="href" to="javascript:alert(1)"/>'),
        drawn("<style>@import url(https://evil.example)</style>"),
        drawn('<rect style="fill: url(https://evil.example/#a)"/>'),
        drawn('<rect fill="u\\72l(https://evil.example/#a)"/>'),
        drawn("", before='<?xml-stylesheet href="x.xsl" type="text/xsl"?>'),
        drawn("&x;", before='<!DOCTYPE svg [<!ENTITY x "<script/>">]>'),
        drawn("", before='<?xml version="1.0" encoding="utf-16"?>'),
        drawn("<g>"),
        "<html><script>alert(1)</script></html>",
    ],
)
def test_picture_of_a_snippet_that_could_act_is_refused(svg: str) -> None:
    assert active_svg(svg)


def test_picture_may_hold_what_matplotlib_draws() -> None:
    inside = (
        '<defs><style type="text/css">*{stroke-linejoin: round}</style><clipPath id="p"/></defs>'
        '<g clip-path="url(#p)"><use xlink:href="#p" style="fill: none"/></g>'
        '<image xlink:href="data:image/png;base64,\nAA"/>'
    )
    head = '<?xml version="1.0" encoding="utf-8" standalone="no"?>\n<!-- drawn -->\n'
    assert active_svg(drawn(inside, before=head)) is None


def test_build_stops_at_a_picture_that_could_act(toy: Path) -> None:
    with (toy / "snippets/mean.py").open("a", encoding="utf-8") as program:
        svg = drawn("<script>alert(1)</script>")
        program.write(
            '\n\n# %% caption.zh-TW="a" caption.en="a"\nif __name__ == "__main__":\n'
            f"    from IPython.display import SVG, display\n\n    display(SVG('''{svg}'''))\n"
        )
    built = yuanliu("build", cwd=toy)
    assert built.returncode == 1
    assert "snippets/mean.py: a picture holds <script>" in re.sub(r"\s+", " ", built.stderr)


def test_reading_a_catalog_runs_no_program(toy: Path) -> None:
    edit(toy, "import numpy as np", "import numpy as np\nopen('ran', 'w')", "snippets/mean.py")
    edit(toy, "# %%\nfrom types", "# %%\nopen('ran', 'w')\nfrom types", "snippets/mean.py")
    with serving() as server:
        text = (toy / "papers.yaml").read_text(encoding="utf-8")
        (toy / "papers.yaml").write_text(text.replace("https://example.org", server.address))
        for command in (
            ("check",),
            ("path",),
            ("path", "later"),
            ("export", "--format", "json"),
            ("stats",),
            ("links", "--no-archives", "--pause", "0"),
        ):
            done = yuanliu(*command, cwd=toy)
            assert "Traceback" not in done.stderr, done.stderr
            assert done.stdout, command
    assert not list(toy.rglob("ran"))


@pytest.mark.parametrize("name", ["numpy.py", "random.py", "json/__init__.py", "yuanliu.py"])
def test_program_that_hides_a_module_from_the_others_is_refused(toy: Path, name: str) -> None:
    file = toy / "snippets" / name
    file.parent.mkdir(exist_ok=True)
    file.write_text("open('ran', 'w')\n")
    for command in ("check", "build"):
        done = yuanliu(command, cwd=toy)
        assert done.returncode == 1
        module = name.partition("/")[0].removesuffix(".py")
        assert f"hides the module '{module}'" in re.sub(r"\s+", " ", done.stderr)
    assert not list(toy.rglob("ran"))


def test_outputs_are_kept_without_pickle() -> None:
    for file in (ROOT / "yuanliu").glob("*.py"):
        text = file.read_text(encoding="utf-8")
        others = text.replace("jieba.marshal", "")  # its own dictionary
        found = re.search(r"\b(pickle|marshal|shelve|joblib|torch\.load|yaml\.load)\b", others)
        assert not found, file


def test_no_output_is_tracked_that_a_build_would_believe() -> None:
    tracked = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\0")
    assert "papers.yaml" in tracked
    for folder in (".cache", "site", "runs"):
        assert not [path for path in tracked if folder in Path(path).parts]
        ignored = subprocess.run(["git", "check-ignore", "-q", f"{folder}/x"], cwd=ROOT)
        assert ignored.returncode == 0, folder
