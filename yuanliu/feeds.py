"""What programs read: JSON-LD in the pages, an Atom feed of new entries, llms.txt."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, time

from feedgen.feed import FeedGenerator

from yuanliu import cite
from yuanliu.catalog import Catalog, Entry

# kind: type in schema.org
TYPES = {
    "paper": "ScholarlyArticle",
    "video": "VideoObject",
    "blog": "BlogPosting",
    "book": "Book",
    "course": "Course",
    "code": "SoftwareSourceCode",
    "tool": "SoftwareApplication",
}
LEVELS = {1: "Beginner", 2: "Beginner", 3: "Intermediate", 4: "Advanced"}
IN_FEED = 100  # so many entries: a reader has seen the older ones
Address = Callable[[str], str]  # from a path such as papers/lenet/ to the full address


def json_ld(entry: Entry, language: str, address: Address) -> str:
    """The entry's page as a LearningResource about the work, for a script element.

    No ``<`` is left in it, so no text of the catalog can close the element.
    """
    work = {
        "@type": TYPES.get(entry.kind, "CreativeWork"),
        "name": entry.title.original,
        "author": [_author(name) for name in entry.authors],
        "datePublished": str(entry.year),
        "inLanguage": entry.language,
        "url": entry.url,
        "identifier": f"https://doi.org/{entry.doi}" if entry.doi else None,
        "publisher": entry.venue,
    }
    if entry.kind == "video":
        work |= {
            "description": entry.summary[language],
            "uploadDate": str(entry.year),
            "thumbnailUrl": address(f"assets/cards/{language}/{entry.id}.png"),
        }
    page = {
        "@context": "https://schema.org",
        "@type": "LearningResource",
        "name": entry.title[language],
        "description": entry.summary[language],
        "inLanguage": language,
        "url": address(f"papers/{entry.id}/"),
        "educationalLevel": LEVELS[entry.level],
        "timeRequired": f"PT{entry.minutes}M",
        "license": "https://creativecommons.org/licenses/by/4.0/",
        "isAccessibleForFree": True,
        "about": {key: value for key, value in work.items() if value},
    }
    return json.dumps(page, ensure_ascii=False).replace("<", "\\u003c")


def _author(name: str) -> dict[str, str]:
    kind = "Organization" if name.startswith("{") else "Person"
    return {"@type": kind, "name": cite.plain(name)}


def atom(catalog: Catalog, language: str, title: str, address: Address) -> str:
    """The entries that were added last as an Atom feed, the newest first."""
    feed = FeedGenerator()
    feed.id(address(""))
    feed.title(title)
    feed.link(href=address(""), rel="alternate")
    feed.link(href=address("feed.xml"), rel="self")
    feed.language(language)
    dated = [entry for entry in catalog.entries if entry.added]
    days = {entry.id: datetime.combine(entry.added, time(), UTC) for entry in dated if entry.added}
    feed.updated(max(days.values(), default=datetime(1970, 1, 1, tzinfo=UTC)))
    for entry in sorted(dated, key=lambda entry: days[entry.id])[-IN_FEED:]:
        item = feed.add_entry()  # each goes before the one added last
        item.id(address(f"papers/{entry.id}/"))
        item.title(entry.title[language])
        item.link(href=address(f"papers/{entry.id}/"))
        item.published(days[entry.id])
        item.updated(days[entry.id])
        item.summary(entry.summary[language])
        for name in entry.authors:
            item.author({"name": cite.plain(name)})
    return feed.atom_str(pretty=True).decode("utf-8")


def llms_txt(catalog: Catalog, language: str, title: str, intro: str, address: Address) -> str:
    """The site for language models, in the form that llmstxt.org proposes."""
    lines = [f"# {title}", "", f"> {intro}", ""]
    for era in catalog.eras:
        lines += [f"## {_flat(era.name[language])}", ""]
        lines += [
            f"- [{_flat(entry.title[language])}]({address(f'papers/{entry.id}/')}): "
            f"{_flat(entry.summary[language])}"
            for entry in catalog.reading_order()
            if entry.era == era.id
        ]
        lines.append("")
    return "\n".join(lines)


def _flat(text: str) -> str:
    return " ".join(text.replace("[", "(").replace("]", ")").split())
