"""What a snippet shows on a page must be inert: prose without scripts, pictures without scripts.

A snippet's code runs in a kernel of its own when the site is built. Nothing of its prose and of its
pictures may run in a reader's browser. Both checks name what is allowed and refuse all else.
"""

from __future__ import annotations

import html
import re
from xml.etree import ElementTree

# Every "<" of a page begins one of these: a tag whose attributes stand in double quotes.
TAG = re.compile(r'<(/?)([a-zA-Z][a-zA-Z0-9]*)((?:\s+[a-zA-Z][\w:.-]*(?:="[^"<>]*")?)*)\s*/?>')
ATTRIBUTE = re.compile(r'\s([\w:.-]+)(?:="([^"]*)")?')


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# What Markdown with the usual extensions writes, the templates of snippet pages, and MathML.
ELEMENTS = _words("""
    a abbr b blockquote br button caption code col colgroup dd del details div dl dt em figcaption
    figure h1 h2 h3 h4 h5 h6 hr i img input ins kbd label li mark ol p path pre q s section small
    span strong sub summary sup svg table tbody td tfoot th thead tr u ul var
    math menclose mfenced mfrac mi mn mo mover mpadded mphantom mroot mrow mspace msqrt mstyle msub
    msubsup msup mtable mtd mtext mtr munder munderover
""")
ATTRIBUTES = _words("""
    align alt checked class colspan d dir disabled download fill for height href id lang loading
    name open rel role rowspan scope span src start tabindex title type value viewbox width
    accent accentunder columnalign columnlines columnspacing depth display displaystyle fence form
    frame linebreak linethickness lspace mathbackground mathcolor mathsize mathvariant maxsize
    minsize movablelimits notation rowlines rowspacing rspace scriptlevel separator stretchy
    symmetric voffset xmlns
    data-entry data-failed data-lab-root data-lab-start data-search-exclude
""")
VALUES = {  # of the attributes that could do harm
    "data-lab": re.compile(r"[a-z0-9_]+"),
    "data-model": re.compile(r"assets/models/[a-z0-9_]+\.safetensors"),
    "href": re.compile(r"(https?:|mailto:)[^\s]*|(?![a-z0-9+.-]*:).*", re.IGNORECASE),
    "id": re.compile(r"(?!__(?!codelineno-|span-|tabbed_)).*"),  # "__": the theme's own
    "src": re.compile(r"(?![a-z0-9+.-]*:|[/\\]{2}).*", re.IGNORECASE),
    "style": re.compile(r"text-align: ?(left|right|center);?"),  # a column of a table
    "type": re.compile(r"button|checkbox|radio|[aAiI1]"),
}

SVG = "{http://www.w3.org/2000/svg}"
METADATA = (
    "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}",
    "{http://creativecommons.org/ns#}",
    "{http://purl.org/dc/elements/1.1/}",
)
DRAWING = _words("""
    circle clipPath defs desc ellipse g image line linearGradient marker mask metadata path pattern
    polygon polyline radialGradient rect stop style svg switch symbol text textPath title tspan use
    filter feBlend feColorMatrix feComponentTransfer feComposite feConvolveMatrix feFlood feFuncA
    feFuncB feFuncG feFuncR feGaussianBlur feMerge feMergeNode feMorphology feOffset feTurbulence
""")
PROLOGUE = re.compile(
    r'\s*(<\?xml version="1\.0"( encoding="(?i:utf-8)")?( standalone="(yes|no)")?\s*\?>)?'
    r"\s*(<!DOCTYPE svg[^<>\[\]]*>)?(\s|<!--.*?-->)*<svg\b",
    re.DOTALL,
)
WITHIN = re.compile(r"#.*|data:image/(png|jpeg|gif|webp);base64,.*", re.DOTALL)
OUTSIDE = re.compile(r"\\|@|url\((?!\s*[\"']?#)", re.IGNORECASE)  # in a style; "\" could hide them


def active_html(content: str) -> str | None:
    """What in the HTML of a page could act or reach out, if anything does."""
    rest = TAG.sub("", content)
    if "<" in rest:
        at = rest.index("<")
        return rest[at : at + 40].split("\n")[0]
    for _, name, attributes in set(TAG.findall(content)):
        tag = f"<{name}{attributes}>"[:80]
        if name.lower() not in ELEMENTS:
            return tag
        for key, value in ATTRIBUTE.findall(attributes):
            if not _allowed(key.lower(), html.unescape(value)):
                return tag
    return None


def _allowed(key: str, value: str) -> bool:
    if key in VALUES:
        plain = re.sub(r"[\x00-\x20]", "", value) if key in ("href", "src") else value
        return bool(VALUES[key].fullmatch(plain))
    return key in ATTRIBUTES or key.startswith("aria-")


def active_svg(svg: str) -> str | None:
    """What in a picture could act or reach out, if anything does."""
    if not PROLOGUE.match(svg):
        return svg[:40].split("\n")[0]
    if re.search(r"<\?(?!xml )|<!(?!--|DOCTYPE svg|\[CDATA\[)", svg):
        return "an instruction to the browser (<? or <!)"
    try:
        root = ElementTree.fromstring(svg)
    except ElementTree.ParseError as error:
        return f"what is no XML ({error})"
    for element in root.iter():
        space, _, name = element.tag.rpartition("}")
        if not (f"{space}}}" in METADATA or (f"{space}}}" == SVG and name in DRAWING)):
            return f"<{name}>"
        if name == "style" and OUTSIDE.search("".join(element.itertext())):
            return "a style that asks for something else"
        for key, value in element.attrib.items():
            key = key.rpartition("}")[2].lower()
            if key.startswith("on") or (key in ("href", "src") and not WITHIN.fullmatch(value)):
                return f"{key}=…"
            if key not in ("href", "src", "d", "resource") and OUTSIDE.search(value):
                return f"{key}=…"
    return None
