"""The MkDocs plugin: virtual pages from the catalog, in every language that static-i18n builds.

Order matters. static-i18n builds one language after the other with the same configuration and
rewrites the files of ``docs/`` for each; our ``on_files`` comes after its own and adds the pages
of the language being built, so that no generated content passes through its rewriting.
"""

from __future__ import annotations

import hashlib
import html
import json
import logging
import re
from pathlib import Path

import jieba
import latex2mathml.converter
import nbformat
import yaml
from mkdocs.config import config_options as option
from mkdocs.config.base import Config
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.plugins import BasePlugin, event_priority, get_plugin_logger
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page as MkDocsPage
from mkdocs.structure.toc import get_toc
from mkdocs.utils import get_relative_url
from mkdocs.utils.templates import TemplateContext

from yuanliu import book, catalog, cite, drift, feeds, pages, snippets, words
from yuanliu.cards import card
from yuanliu.glossary import link_terms

log = get_plugin_logger(__name__)

LABS = "assets/labs"  # in docs/: NAME.js plays with the model of snippet NAME
THEME = Path(__file__).with_name("theme")
COMPONENT = re.compile(r"<!-- *yuanliu:([a-z]+) *-->")
CODE = re.compile(r"<pre\b.*?</pre>", re.DOTALL)  # not sought, and most of an index's weight
LENT = re.compile(r"<!-- lang:([A-Za-z-]+) -->(.*?)<!-- /lang -->", re.DOTALL)
HEADING = re.compile(r'<h([1-3]) id="([^"]+)">(.*?)</h\1>', re.DOTALL)
MATH = re.compile(r'<(span|div) class="arithmatex">\\[(\[](.*?)\\[)\]]</\1>', re.DOTALL)
SEARCH_BASE = re.compile(r'(<script id="__config"[^>]*>[^<]*?"base": )"[^"]*"')
EXTENSIONS = ["attr_list", "pymdownx.arithmatex", "pymdownx.highlight", "pymdownx.superfences"]
OFFLINE = {".html", ".css", ".js", ".svg", ".json", ".png"}  # what an offline copy holds
LISTED = 200  # entries in the navigation; a longer catalog shows its eras only


class YuanliuConfig(Config):
    """Options of the plugin in mkdocs.yml; paths are relative to that file."""

    catalog = option.Type(str, default="papers.yaml")
    snippets = option.Type(str, default="snippets")  # the directory of the scripts
    locale = option.Type(str, default="locale")  # the site's own words: LANG.yaml
    cache = option.Type(str, default=".cache/snippets")  # executed notebooks, kept between builds
    jobs = option.Optional(option.Type(int))  # how many snippets run at once; one a core


class YuanliuPlugin(BasePlugin[YuanliuConfig]):
    """Turns the catalog and the snippets into pages."""

    @event_priority(60)
    def on_config(self, config: MkDocsConfig) -> MkDocsConfig:
        """Load the catalog and run stale snippets, once; every language reuses them."""
        if config.theme.name != "material":
            raise PluginError("yuanliu draws its pages for 'theme: {name: material}'; set it")
        if not hasattr(self, "site"):
            self.own_nav = config.nav
            self.site = self._load(config)
            self._check_languages(config)
        for extension in EXTENSIONS:  # what the generated pages are written in
            if extension not in config.markdown_extensions:
                config.markdown_extensions.append(extension)
        config.mdx_configs.setdefault("pymdownx.arithmatex", {})["generic"] = True
        if str(THEME) not in config.theme.dirs:
            after_custom = 1 if config.theme.custom_dir else 0
            config.theme.dirs.insert(after_custom, str(THEME))
            config.extra_css.insert(0, "assets/yuanliu.css")
            config.extra_javascript.insert(0, "assets/yuanliu.js")
        return config

    def _load(self, config: MkDocsConfig) -> pages.Site:
        root = Path(config.config_file_path).parent
        self.list, self.scripts = root / self.config.catalog, root / self.config.snippets
        try:
            found = catalog.load(self.list, snippets_dir=self.scripts)
            said = words.load(root / self.config.locale, found.languages)
            states = drift.report(self.list, Path(config.docs_dir), self.scripts)
            names = sorted({entry.snippet for entry in found.entries})
            executions = snippets.execute_all(
                [self.scripts / f"{name}.py" for name in names],
                cache_dir=root / self.config.cache,
                jobs=self.config.jobs,
                on_start=lambda name: log.info("Running snippet %s", name),
            )
        except (catalog.CatalogError, snippets.SnippetError) as error:
            raise PluginError(f"\n{error}") from error
        problems = catalog.unmeasured(found, {n: run.metrics for n, run in executions.items()})
        if problems:
            raise PluginError("\n" + "\n".join(problems))
        jieba.setLogLevel(logging.WARNING)
        for names_ in found.tags.values():
            jieba.add_word(names_.get("zh-TW", ""))
        labs = [name for name in names if Path(config.docs_dir, LABS, f"{name}.js").is_file()]
        stale = drift.behind(states)
        return pages.Site(found, executions, labs, said, stale, self._language_names(config))

    def _language_names(self, config: MkDocsConfig) -> dict[str, str]:
        """What the languages are called in the switcher."""
        if "i18n" not in config.plugins:
            return {}
        options = config.plugins["i18n"].config.languages  # type: ignore[attr-defined]
        return {one.locale: one.name for one in options}

    def on_serve(self, server, *, config: MkDocsConfig, builder):
        """Rebuild when the catalog, a snippet or the generator's own templates change."""
        locale = Path(config.config_file_path).parent / self.config.locale
        for path in [self.list, self.scripts, drift.lock(self.list), locale]:
            if path.exists():
                server.watch(str(path))
        server.watch(str(Path(__file__).parent))
        return server

    def _check_languages(self, config: MkDocsConfig) -> None:
        """The catalog's languages are those that static-i18n builds, the first its default."""
        ours = self.site.catalog.languages
        if "i18n" not in config.plugins:
            if len(ours) > 1:
                raise PluginError(
                    f"{self.list.name} has the languages {', '.join(ours)}; add the plugin i18n "
                    "(mkdocs-static-i18n) to mkdocs.yml and list them there, the first as default"
                )
            return
        options = config.plugins["i18n"].config.languages  # type: ignore[attr-defined]
        built = sorted(options, key=lambda one: not one.default)
        names = [one.locale for one in built if one.build]
        if set(names) != set(ours) or names[0] != ours[0]:
            raise PluginError(
                f"the plugin i18n builds {', '.join(names)} (the default first), but "
                f"{self.list.name} has 'languages: [{', '.join(ours)}]'; make them the same"
            )

    def _language(self, config: MkDocsConfig) -> str:
        if "i18n" not in config.plugins:
            return self.site.catalog.languages[0]
        return config.plugins["i18n"].current_language  # type: ignore[attr-defined]

    def _prefix(self, language: str) -> str:
        return "" if language == self.site.catalog.languages[0] else f"{language}/"

    @event_priority(-200)
    def on_files(self, files: Files, *, config: MkDocsConfig) -> Files:
        """Add the pages of the language being built, and once the figures and downloads."""
        language = self._language(config)
        self.pages = {f"{page.path}.md": page for page in self.site.pages(language)}
        made = []
        for src_uri, page in self.pages.items():
            file = self._file(config, src_uri, language, self._source(page, language))
            alternates = {
                other: self._file(config, src_uri, other, "")
                for other in self.site.catalog.languages
            }
            alternates[language] = file
            file.locale = file.locale_alternate_of = language  # type: ignore[attr-defined]
            file.alternates = alternates  # type: ignore[attr-defined]
            files.append(file)
            made.append(file)
        if "i18n" in config.plugins:
            config.plugins["i18n"].i18n_files_per_language[language].extend(made)  # type: ignore[attr-defined]
        for address, content in [*self._assets(language), *self._for_programs(config, language)]:
            files.append(File.generated(config, address, content=content))
        if self.own_nav is None:
            config.nav = self._nav(config, language)
        return files

    def _file(self, config: MkDocsConfig, src_uri: str, language: str, content: str) -> File:
        file = File.generated(config, src_uri, content=content, inclusion=InclusionLevel.NOT_IN_NAV)
        file.dest_uri = self._prefix(language) + file.dest_uri
        return file

    def _source(self, page: pages.Page, language: str) -> str:
        """Front matter, and the Markdown of the pages that are Markdown."""
        # The theme writes titles and descriptions as they are, so they are escaped here.
        title, description = html.escape(page.title), html.escape(_shorten(page.description))
        head: dict = {"title": title, "description": description}
        if page.wide:
            head["hide"] = ["toc"]
        if "entry" in page.context:  # before the lists that only name it
            head["search"] = {"boost": 4}
        body = ""
        if page.template.endswith(".md"):
            body = self.site.render(page, language, self._urls(f"{page.path}/", language))
        front = yaml.safe_dump(head, allow_unicode=True, sort_keys=False)
        return f"---\n{front}---\n{body}"

    def _urls(self, here: str, language: str):
        """Addresses relative to the page at ``here``; a leading slash leaves the language."""
        prefix = self._prefix(language)

        def url(address: str) -> str:
            target, hash_, anchor = address.partition("#")
            target = target[1:] if target.startswith("/") else prefix + target
            return get_relative_url(target, prefix + here) + hash_ + anchor

        return url

    def _assets(self, language: str) -> list[tuple[str, str | bytes]]:
        """Notebooks in ``language``; with the default one also what all languages share."""
        made: list[tuple[str, str | bytes]] = []
        for name in self.site.used_snippets:
            run = self.site.executions[name]
            notebook = snippets.in_language(run.notebook, self.site.told_in(run, language))
            address = f"{self._prefix(language)}snippets/{name}/{name}.ipynb"
            made.append((address, nbformat.writes(notebook)))
            if not self._prefix(language):
                if name in self.site.labs and run.live:
                    made.append((f"assets/models/{name}.safetensors", run.live))
                made += [
                    (f"assets/figures/{name}-{number}.svg", figure.svg)
                    for number, figure in enumerate(run.figures, 1)
                ]
        if not self._prefix(language):
            made += self._citations()
            runs = [self.site.executions[name] for name in self.site.used_snippets]
            for name in sorted({name for run in runs for name in (run.name, *run.builds_on)}):
                program = (self.scripts / f"{name}.py").read_text(encoding="utf-8")
                made.append((f"snippets/{name}/{name}.py", program))
        return made

    def _for_programs(self, config: MkDocsConfig, language: str) -> list[tuple[str, str | bytes]]:
        """The feed, llms.txt, the book, and the cards that social networks show."""
        prefix, words = self._prefix(language), self.site.strings[language]
        list_, address = self.site.catalog, self._in(config, language)
        title, intro = config.site_name, config.site_description or ""
        cards = Path(config.config_file_path).parent / self.config.cache / "cards"
        told = book.content(self.site, language, title, intro, address(""))
        figures = book.figures(self.site)
        made: list[tuple[str, str | bytes]] = [
            (f"{prefix}feed.xml", feeds.atom(list_, language, title, address)),
            (f"{prefix}llms.txt", feeds.llms_txt(list_, language, title, intro, address)),
            (f"{prefix}book.pdf", book.pdf(told, figures, cards)),
            (f"{prefix}book.epub", book.epub(told, figures, self.site.environment, cards)),
            (f"assets/cards/{language}/index.png", card(title, words["path"], intro, 1, cards)),
        ]
        for entry in self.site.order:
            era, authors = list_.era(entry.era).name[language], cite.plain(entry.authors[0])
            below = f"{authors}{words['and_others'] if entry.authors[1:] else ''} · {entry.year}"
            drawn = card(entry.title[language], era, below, self.site.era_number[entry.era], cards)
            made.append((f"assets/cards/{language}/{entry.id}.png", drawn))
        return made

    def _citations(self) -> list[tuple[str, str]]:
        """A file for each entry and form, and all of them in one for the choice of works."""
        written = self.site.citations
        made = [
            (f"papers/{id_}/{id_}{suffix}", text)
            for id_, forms in written.items()
            for suffix, text in forms.items()
        ]
        return [*made, ("assets/citations.json", json.dumps(written, ensure_ascii=False))]

    def _nav(self, config: MkDocsConfig, language: str) -> list:
        """Home, the path with its eras, the ways to browse, then the pages written by hand."""
        words = self.site.strings[language]
        few = len(self.site.order) <= LISTED
        eras = []
        for era in self.site.groups("eras", language):
            page = f"eras/{era.id}.md"
            entries = [f"papers/{entry.id}.md" for entry in era.entries]
            eras.append({html.escape(era.name): [page, *entries] if few else page})
        explore = ["works.md", "timeline.md", "eras/index.md", "kinds/index.md", "tags/index.md"]
        if self.site.catalog.glossary:
            explore.append("glossary.md")
        routes = ["routes/index.md"] if self.site.catalog.routes else []
        return [
            {words["home"]: "index.md"},
            {words["path"]: ["path.md", *routes, *eras]},
            {words["explore"]: explore},
            {words["snippets"]: "snippets/index.md"},
            *config.extra.get("pages", {}).get(language, []),
        ]

    def on_nav(self, nav: Navigation, *, config: MkDocsConfig, files: Files) -> Navigation:
        """Let the footer's arrows follow the reading path from entry to entry."""
        order = [files.get_file_from_path(f"papers/{entry.id}.md") for entry in self.site.order]
        along = [file.page for file in order if file and file.page]
        for before, page, after in zip([None, *along], along, [*along[1:], None], strict=False):
            page.previous_page, page.next_page = before, after
        return nav

    @event_priority(-50)
    def on_page_content(
        self, content: str, *, page: MkDocsPage, config: MkDocsConfig, files: Files
    ) -> str:
        """Render generated pages, fill components into hand-written ones, set formulas."""
        language = self._language(config)
        url = self._urls(page.url.removeprefix(self._prefix(language)), language)
        ours = self.pages.get(page.file.src_uri) if page.file.generated_by else None
        if ours and not ours.template.endswith(".md"):
            content = self.site.render(ours, language, url)
            page.toc = get_toc(_outline(content))  # type: ignore[arg-type]

        def component(match: re.Match) -> str:
            return self.site.component(f"{match[1]}.html", language, url)

        content = MATH.sub(_mathml, COMPONENT.sub(component, content))
        if ours and ours.path.startswith(("papers/", "snippets/", "eras/")):
            content = link_terms(content, self.site.catalog.glossary, language, url)
        return self._notices(ours, page, language, content)

    def _notices(
        self, ours: pages.Page | None, page: MkDocsPage, language: str, content: str
    ) -> str:
        """The content after what readers must know of its translation."""
        content = LENT.sub(r'<div class="yl-borrowed" lang="\1">\2</div>', content)
        written_in = getattr(page.file, "locale", language)
        lent = self.site.catalog.fallback if 'class="yl-borrowed"' in content else None
        if written_in != language:  # static-i18n shows the default language's page
            content, lent = f'<div lang="{written_in}">{content}</div>', written_in
        source = getattr(page.file, "norm_src_uri", page.file.src_uri).removesuffix(".md")
        address = page.url.removeprefix(self._prefix(language))
        notice = self.site.component(
            "notice.html",
            language,
            self._urls(address, language),
            newer=self.site.newer(ours.path if ours else f"docs/{source}", written_in),
            lent=lent,
            version=lambda other: get_relative_url(self._prefix(other) + address, page.url),
        )
        return notice + content

    def on_page_context(
        self, context: TemplateContext, *, page: MkDocsPage, config: MkDocsConfig, nav: Navigation
    ) -> TemplateContext:
        """What the head of a page tells programs: JSON-LD, the card for links, the feed."""
        language = self._language(config)
        ours = self.pages.get(page.file.src_uri) if page.file.generated_by else None
        entry = ours.context.get("entry") if ours else None
        name = entry.id if entry else "index"
        context["yuanliu"] = {  # type: ignore[typeddict-unknown-key]
            "card": self._address(config, f"/assets/cards/{language}/{name}.png"),
            "feed": self._address(config, f"{self._prefix(language)}feed.xml"),
            "json_ld": feeds.json_ld(entry, language, self._in(config, language)) if entry else "",
            "locale": language.replace("-", "_"),
        }
        return context

    def _address(self, config: MkDocsConfig, path: str) -> str:
        """The full address of a path from the site's root."""
        return (config.site_url or "/").rstrip("/") + "/" + path.lstrip("/")

    def _in(self, config: MkDocsConfig, language: str) -> feeds.Address:
        """Full addresses of paths in ``language``; a leading slash leaves it."""
        prefix = self._prefix(language)
        return lambda path: self._address(config, path if path[:1] == "/" else prefix + path)

    @event_priority(-60)
    def on_post_page(self, output: str, *, page: MkDocsPage, config: MkDocsConfig) -> str:
        """Mend what the theme leaves: names for assistive tools, search in this language."""
        language = self._language(config)
        base = get_relative_url(self._prefix(language) or ".", page.url)
        output = SEARCH_BASE.sub(lambda match: match[1] + json.dumps(base.rstrip("/")), output, 1)
        search = self.site.strings[language]["search"]
        # A leading space is valid HTML; the theme's script would ask for /en/…/sitemap.xml.
        output = output.replace('<link rel="alternate"', '<link rel=" alternate"')
        output = output.replace('role="dialog"', f'role="dialog" aria-label="{search}"', 1)
        return output.replace('name="__palette"', 'name="__palette" autocomplete="off"')

    @event_priority(-200)
    def on_post_build(self, *, config: MkDocsConfig) -> None:
        """Give each language its own search index and its list of files to read offline."""
        if "i18n" in config.plugins and config.plugins["i18n"].building:  # type: ignore[attr-defined]
            return
        index = Path(config.site_dir, "search", "search_index.json")
        if index.is_file():
            self._split_search(index, config)
        self._list_offline(Path(config.site_dir))

    def _split_search(self, index: Path, config: MkDocsConfig) -> None:
        """Leave in each language's index its own pages, so that results stay in the language."""
        whole = json.loads(index.read_text(encoding="utf-8"))
        if "i18n" in config.plugins:  # it leaves out what reads as in the default language
            known = {doc["location"] for doc in whole["docs"]}
            every = {doc["location"]: doc for doc in config.plugins["i18n"].search_entries}  # type: ignore[attr-defined]
            whole["docs"] += [doc for place, doc in every.items() if place not in known]
        others = [p for p in map(self._prefix, self.site.catalog.languages) if p]
        for prefix in ["", *others]:
            docs = [
                {
                    **doc,
                    "location": doc["location"].removeprefix(prefix),
                    "text": CODE.sub("", doc["text"]),
                }
                for doc in whole["docs"]
                if doc["location"].startswith(prefix)
                and (prefix or not doc["location"].startswith(tuple(others)))
            ]
            target = index.parent.parent / prefix / "search/search_index.json"
            target.parent.mkdir(parents=True, exist_ok=True)
            text = json.dumps({**whole, "docs": docs}, ensure_ascii=False, separators=(",", ":"))
            target.write_text(text, encoding="utf-8")

    def _list_offline(self, site: Path) -> None:
        """List what an offline copy of each language holds: its pages, and all that they show."""
        first, *others = self.site.catalog.languages
        shown: dict[str, list[tuple[str, bytes]]] = {first: [], **{other: [] for other in others}}
        for file in sorted(path for path in site.rglob("*") if path.suffix in OFFLINE):
            path = file.relative_to(site)
            owner = path.parts[0] if path.parts[0] in others else first
            owners = [owner]
            if path.parts[0] == "assets":
                owners = [] if path.parts[1] in ("cards", "labs", "models") else [first, *others]
            if path.name != "404.html" and owners:
                item = (path.as_posix().removesuffix("index.html"), file.read_bytes())
                for language in owners:
                    shown[language].append(item)
        for language, items in shown.items():
            told = {
                "version": hashlib.sha256(b"".join(content for _, content in items)).hexdigest()[
                    :16
                ],
                "bytes": sum(len(content) for _, content in items),
                "files": [address for address, _ in items],
            }
            target = site / self._prefix(language) / "offline.json"
            target.write_text(json.dumps(told), encoding="utf-8")


def _shorten(text: str, length: int = 160) -> str:
    """The text's beginning for search engines, cut at the end of a sentence if there is one."""
    if len(text) <= length:
        return text
    cut = text[:length]
    end = max(cut.rfind(mark) for mark in "。.；")
    return cut[: end + 1] if end > length // 3 else cut.rstrip() + "…"


def _outline(content: str) -> list[dict]:
    """Headings with an id as the nested tokens that MkDocs makes its table of contents from."""
    top: list[dict] = []
    branch: list[dict] = []
    for level, id_, inner in HEADING.findall(content):
        name = html.unescape(re.sub(r"<[^>]+>", "", inner)).strip()
        token = {"level": int(level), "id": id_, "name": name, "children": []}
        while branch and branch[-1]["level"] >= token["level"]:
            branch.pop()
        (branch[-1]["children"] if branch else top).append(token)
        branch.append(token)
    return top


def _mathml(match: re.Match) -> str:
    """A formula set by arithmatex as MathML, which browsers draw without a script."""
    display = "block" if match[1] == "div" else "inline"
    formula = html.unescape(match[2]).strip()
    try:
        mathml = latex2mathml.converter.convert(formula, display=display)
    except Exception as error:  # the library has no common base for its errors
        raise PluginError(f"formula cannot be set: {formula!r}: {error}") from error
    tabindex = ' tabindex="0"' if display == "block" else ""
    return f'<{match[1]} class="yl-math"{tabindex}>{mathml}</{match[1]}>'
