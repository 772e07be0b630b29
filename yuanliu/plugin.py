"""The MkDocs plugin: virtual pages from the catalog, in every language that static-i18n builds.

Order matters. static-i18n builds one language after the other with the same configuration and
rewrites the files of ``docs/`` for each; our ``on_files`` comes after its own and adds the pages
of the language being built, so that no generated content passes through its rewriting.
"""

from __future__ import annotations

import html
import json
import logging
import re
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple, cast

import jieba
import yaml
from jinja2 import Environment, FileSystemBytecodeCache
from mkdocs.config import config_options as option
from mkdocs.config.base import Config
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.plugins import BasePlugin, CombinedEvent, event_priority, get_plugin_logger
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page as MkDocsPage
from mkdocs.structure.toc import get_toc
from mkdocs.utils import CountHandler, get_relative_url
from mkdocs.utils.templates import TemplateContext

from yuanliu import book, catalog, cite, drift, feeds, offline, pages, recall, snippets, words
from yuanliu.cards import card
from yuanliu.glossary import link_terms
from yuanliu.inert import active_html
from yuanliu.kept import file_hash, known, move_in, write
from yuanliu.keys import Keys, digest, programs
from yuanliu.keys import files as files_in
from yuanliu.policy import Policy, PolicyError
from yuanliu.reading import read
from yuanliu.shard import Shard
from yuanliu.shelf import Shelf

log = get_plugin_logger(__name__)

LABS = "assets/labs"  # in docs/: NAME.js plays with the model of snippet NAME
THEME = Path(__file__).with_name("theme")
COMPONENT = re.compile(r"<!-- *yuanliu:([a-z]+) *-->")
CODE = re.compile(r"<pre\b.*?</pre>", re.DOTALL)  # not sought, and most of an index's weight
LENT = re.compile(r"<!-- lang:([A-Za-z-]+) -->(.*?)<!-- /lang -->", re.DOTALL)
HEADING = re.compile(r'<h([1-3]) id="([^"]+)">(.*?)</h\1>', re.DOTALL)
ANCHOR = re.compile(r'<[^>]* id="([^"]+)"')
LIST = re.compile(r"<!--yl-list-->(.*?)<!--/yl-list-->", re.DOTALL)  # names of other pages
LIST_WAS = re.compile(r"<!--yl-list (\d+)-->")
MATH = re.compile(r'<(span|div) class="arithmatex">\\[(\[](.*?)\\[)\]]</\1>', re.DOTALL)
SEARCH_BASE = re.compile(r'(<script id="__config"[^>]*>[^<]*?"base": )"[^"]*"')
SEARCH_WORDS = "search/words.json"  # of a language: what the search plugin took from its pages
SEARCH_WORKER = re.compile(r'("search": "[^"]*/workers/)(search\.\w+\.min\.js)"')
EXTENSIONS = ["attr_list", "pymdownx.arithmatex", "pymdownx.highlight", "pymdownx.superfences"]
MOVING = {"site_dir", "config_file_path", "docs_dir"}  # where a site lies changes no page
AHEAD = ".ahead"  # in a language's site: MkDocs empties that first, but for what is hidden
MAPS = 2  # for each page so many laid out graphs are kept


class Found(NamedTuple):
    """What a build reads before it makes pages."""

    catalog: catalog.Catalog
    executions: dict[str, snippets.Execution]
    words: dict[str, dict]  # of the interface, by language
    stale: dict[str, dict[str, list[str]]]  # by owner and language, the languages that are newer


class Earlier(NamedTuple):
    """What builds before left of a language: pages, other files, and graphs laid out."""

    pages: Shelf | None
    assets: Shelf
    maps: dict[str, list]


class YuanliuConfig(Config):
    """Options of the plugin in mkdocs.yml; paths are relative to that file."""

    catalog = option.Type(str, default="papers.yaml")
    snippets = option.Type(str, default="snippets")  # the directory of the scripts
    locale = option.Type(str, default="locale")  # the site's own words: LANG.yaml
    cache = option.Type(str, default=".cache/snippets")  # executed notebooks, kept between builds
    jobs = option.Optional(option.Type(int))  # how many snippets run at once; one a core
    scheduler = option.Optional(option.Type(str))  # of a Dask cluster, to run them there
    keep_pages = option.Type(bool, default=True)  # false where other plugins change pages by time
    content_security_policy = option.Type((bool, dict), default=True)  # or what it allows besides


class Asset(NamedTuple):
    """A file of the site that is no page; with ``data``, all that it is made from, it is kept."""

    address: str
    make: Callable[[], str | bytes]
    data: object = None


class HtmlPage(MkDocsPage):
    """A page that has no Markdown to be read and converted."""

    def __init__(self, title: str | None, file: File, config: MkDocsConfig, head: dict):
        super().__init__(title, file, config)
        self.head = head

    def read_source(self, config: MkDocsConfig) -> None:
        self.markdown, self.meta = "", self.head

    def render(self, config: MkDocsConfig, files: Files) -> None:
        self.content, self.toc, self.present_anchor_ids = "", get_toc([]), set()


class PlacedFile(File):
    """A file that stands in the site already, as an earlier build made it."""

    @classmethod
    def in_place_of(cls, file: File, config: MkDocsConfig) -> PlacedFile:
        placed = cls.generated(config, file.src_uri, content="", inclusion=file.inclusion)
        placed.dest_uri = file.dest_uri
        return cast(PlacedFile, placed)

    def is_documentation_page(self) -> bool:
        return False

    def copy_file(self, dirty: bool = False) -> None:
        """Nothing is left to do."""


class YuanliuPlugin(BasePlugin[YuanliuConfig]):
    """Turns the catalog and the snippets into pages."""

    found: Found | None = None  # what is known already and need not be found
    ready: Earlier | None = None  # what is read already of the language to be built
    serving = False

    def on_startup(self, *, command: str, dirty: bool) -> None:
        """Note whether pages are served with live reload; MkDocs then keeps this object."""
        self.serving = command == "serve"
        jieba.setLogLevel(logging.CRITICAL)  # it goes on where it cannot keep its dictionary
        # It reads its dictionary from the file a few bytes at a time; whole is four times as fast.
        loads, dump = jieba.marshal.loads, jieba.marshal.dump  # type: ignore[attr-defined]
        whole = SimpleNamespace(load=lambda file: loads(file.read()), loads=loads, dump=dump)
        jieba.marshal = whole  # type: ignore[attr-defined]

    @event_priority(60)
    def on_config(self, config: MkDocsConfig) -> MkDocsConfig:
        """Load the catalog and run stale snippets, once a build; every language reuses them."""
        if config.theme.name != "material":
            raise PluginError("yuanliu draws its pages for 'theme: {name: material}'; set it")
        if "i18n" in config.plugins:  # each language has an index of its own, see _write_words
            config.plugins["i18n"].config.reconfigure_search = False  # type: ignore[attr-defined]
        if self.found or not _between_languages(config):
            self.own_nav = config.nav
            self.see(self.found or self.find(config), config)
            self.check_languages(config)
            self.words_known = False
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

    def run(
        self, config: MkDocsConfig, shard: Shard | None = None
    ) -> tuple[catalog.Catalog, dict[str, snippets.Execution]]:
        """The checked catalog, and what its snippets showed: all of them, or those of one shard.

        Raises:
            PluginError: with every problem of the catalog, or of the snippets.
        """
        try:
            self.document = read(self._list(config))
            found = catalog.load(self._list(config), self._scripts(config), self.document)
            names = sorted({entry.snippet for entry in found.entries})
            paths = [self._scripts(config) / f"{name}.py" for name in names]
            known = "" if shard else recall.key(paths)
            executions = recall.recall(self._cache(config), known)
            if executions is None:
                executions = self._execute(paths, config, shard)
                if known:
                    recall.remember(self._cache(config), known, executions)
        except (catalog.CatalogError, snippets.SnippetError) as error:
            raise PluginError(f"\n{error}") from error
        return found, executions

    def _execute(
        self, paths: list[Path], config: MkDocsConfig, shard: Shard | None
    ) -> dict[str, snippets.Execution]:
        from yuanliu import cache  # brings a database along, which takes a while to load

        with cache.opened(self._cache(config)):
            return snippets.execute_all(
                [path for path in paths if not shard or shard.has(snippets.key(path))],
                cache_dir=self._cache(config),
                jobs=self.config.jobs,
                on_start=lambda name: log.info("Running snippet %s", name),
                scheduler=self.config.scheduler,
            )

    def find(self, config: MkDocsConfig) -> Found:
        """What ``run`` finds of the whole catalog, when every claim has its metric.

        Raises:
            PluginError: as ``run``, and when a snippet returns no such metric.
        """
        found, executions = self.run(config)
        metrics = {name: run.metrics for name, run in executions.items()}
        problems = catalog.unmeasured(found.entries, metrics)
        if problems:
            raise PluginError("\n" + "\n".join(problems))
        try:
            said = words.load(self._locale(config), found.languages)
            states = drift.report(
                self._list(config),
                Path(config.docs_dir),
                self._scripts(config),
                document=None if found.partial else self.document,  # where no text was lent
            )
        except catalog.CatalogError as error:
            raise PluginError(f"\n{error}") from error
        return Found(found, executions, said, drift.behind(states))

    def see(self, found: Found, config: MkDocsConfig) -> None:
        """Make ``site`` of what was found."""
        self.site = pages.Site(
            found.catalog,
            found.executions,
            self._labs(config),
            found.words,
            found.stale,
            self._language_names(config),
        )

    def _list(self, config: MkDocsConfig) -> Path:
        return _root(config) / self.config.catalog

    def _scripts(self, config: MkDocsConfig) -> Path:
        return _root(config) / self.config.snippets

    def _locale(self, config: MkDocsConfig) -> Path:
        return _root(config) / self.config.locale

    def _labs(self, config: MkDocsConfig) -> list[str]:
        """The snippets whose models a script of the site plays with."""
        return [file.stem for file in Path(config.docs_dir, LABS).glob("*.js")]

    def _language_names(self, config: MkDocsConfig) -> dict[str, str]:
        """What the languages are called in the switcher."""
        if "i18n" not in config.plugins:
            return {}
        options = config.plugins["i18n"].config.languages  # type: ignore[attr-defined]
        return {one.locale: one.name for one in options}

    def on_serve(self, server, *, config: MkDocsConfig, builder):
        """Rebuild when the catalog, a snippet or the generator's own templates change."""
        list_ = self._list(config)
        for path in [list_, drift.lock(list_), self._scripts(config), self._locale(config)]:
            if path.exists():
                server.watch(str(path))
        server.watch(str(Path(__file__).parent))
        return server

    def check_languages(self, config: MkDocsConfig) -> None:
        """Check that static-i18n builds the catalog's languages, the first as its default.

        Raises:
            PluginError: when it builds others.
        """
        ours = self.site.catalog.languages
        if "i18n" not in config.plugins:
            if len(ours) > 1:
                raise PluginError(
                    f"{self.config.catalog} has the languages {', '.join(ours)}; add the plugin "
                    "i18n (mkdocs-static-i18n) to mkdocs.yml and list them there, the first as "
                    "default"
                )
            return
        names = self.built_languages(config)
        if set(names) != set(ours) or names[0] != ours[0]:
            raise PluginError(
                f"the plugin i18n builds {', '.join(names)} (the default first), but "
                f"{self.config.catalog} has 'languages: [{', '.join(ours)}]'; make them the same"
            )

    def built_languages(self, config: MkDocsConfig) -> list[str]:
        """The languages that static-i18n builds, the default first."""
        options = config.plugins["i18n"].config.languages  # type: ignore[attr-defined]
        built = sorted(options, key=lambda one: not one.default)
        return [one.locale for one in built if one.build]

    def get_ready(self, config: MkDocsConfig, language: str) -> None:
        """Load what takes long, and put what is kept ahead, before the catalog is there."""
        self.ready = self._earlier(config, language)
        if language.startswith("zh") and config.plugins.get("material/search"):
            jieba.initialize()
        for shelf in filter(None, self.ready[:2]):
            shelf.put_ahead(Path(config.site_dir, AHEAD))

    def _earlier(self, config: MkDocsConfig, language: str) -> Earlier:
        """What earlier builds kept."""
        shelves, maps = self._cache(config), self._maps(config, language)
        pages = Shelf(shelves / "pages" / language) if self.config.keep_pages else None
        return Earlier(pages, Shelf(shelves / "assets" / language), known(maps))

    def _maps(self, config: MkDocsConfig, language: str) -> Path:
        return self._cache(config) / "maps" / f"{language}.json"

    def _language(self, config: MkDocsConfig) -> str:
        if "i18n" not in config.plugins:
            return self.site.catalog.languages[0]
        return config.plugins["i18n"].current_language  # type: ignore[attr-defined]

    def _prefix(self, language: str) -> str:
        return "" if language == self.site.catalog.languages[0] else f"{language}/"

    def _search_entries(self, config: MkDocsConfig) -> list[dict]:
        """What the search plugin has indexed of this language so far; empty without one."""
        search = config.plugins.get("material/search")
        return search.search_index.entries if search else []  # type: ignore[attr-defined]

    @event_priority(-200)
    def on_files(self, files: Files, *, config: MkDocsConfig) -> Files:
        """Add the pages of the language being built, and once the figures and downloads."""
        language = self._language(config)
        if self.own_nav is None:
            config.nav = self._nav(config, language)
        self.pages = {f"{page.path}.md": page for page in self.site.pages(language)}
        self.warned = CountHandler()
        self.warned.setLevel(logging.WARNING)
        logging.getLogger("mkdocs").addHandler(self.warned)
        self.indexed = 0  # how much of the search index belongs to pages already seen
        self.found_by_search: dict[str, list[str]] = {"": []}  # of each of our pages; "": others
        self.made_pages: dict[str, File] = {}  # those to keep, by their key
        self._look_for_kept(config, language)
        titles = {path: title for title, path in _named_in(config.nav)}
        made = [
            self._page_file(config, src_uri, page, language, titles)
            for src_uri, page in self.pages.items()
        ]
        for file in made:
            files.append(file)
        if "i18n" in config.plugins:
            config.plugins["i18n"].i18n_files_per_language[language].extend(made)  # type: ignore[attr-defined]
        made_here = [*self._notebooks(language), *self._for_programs(config, language)]
        if not self._prefix(language):
            made_here += [*self._shared(config), *self._citations(config)]
        else:  # the first language makes what is shared; pages can link to it
            for asset in self._shared(config):
                files.append(PlacedFile.generated(config, asset.address, content=""))
        for asset in made_here:
            self._add(asset, files, config)
        for shelf in filter(None, (self.shelf, self.assets)):
            shelf.clear(Path(config.site_dir))
        return files

    def _look_for_kept(self, config: MkDocsConfig, language: str) -> None:
        """Know what earlier builds made, and from what."""
        self.programs = programs()
        self.compiled = _compiled(self._cache(config) / "templates", self.programs)
        self.site.environment.bytecode_cache = self.compiled
        earlier, self.ready = self.ready or self._earlier(config, language), None
        self.shelf, self.assets, self.site.maps = earlier
        ahead = Path(config.site_dir, AHEAD)
        if ahead.exists():
            move_in(ahead, Path(config.site_dir))
        self.drawn = len(self.site.maps)
        self.keys = Keys(self.site.catalog, (language, *self._common(config, language)))

    def _page_file(
        self,
        config: MkDocsConfig,
        src_uri: str,
        page: pages.Page,
        language: str,
        titles: dict[str, str | None],
    ) -> File:
        """The file of a page: in its place already when all that it depends on is as it was."""
        head, title = self._head(page), titles.get(src_uri)
        file = self._file(config, src_uri, language)
        newer = self.site.newer(page.path, language)
        key = self.keys.of(page.context, src_uri, page.title, page.description, newer)
        site = Path(config.site_dir)
        kept = self.shelf.place(key, site, file.dest_uri) if self.shelf else None
        if kept:
            file = PlacedFile.in_place_of(file, config)
            placed = HtmlPage(title, file, config, head)
            placed.read_source(config)
            anchors, *found = kept.note.split("\t")
            placed.content, placed.present_anchor_ids = "", set(json.loads(anchors))
            self.found_by_search[src_uri] = found
        elif page.template.endswith(".md"):
            url = self._urls(f"{page.path}/", language)
            front = yaml.safe_dump(head, allow_unicode=True, sort_keys=False)
            file.content_string = f"---\n{front}---\n{self.site.render(page, language, url)}"
        else:
            HtmlPage(title, file, config, head)
        if not kept:
            self.made_pages[key] = file
        alternates = {
            other: file if other == language else self._file(config, src_uri, other)
            for other in self.site.catalog.languages
        }
        file.locale = file.locale_alternate_of = language  # type: ignore[attr-defined]
        file.alternates = alternates  # type: ignore[attr-defined]
        return file

    def _add(self, asset: Asset, files: Files, config: MkDocsConfig) -> None:
        """Add a file that is no page, made only when no earlier build made it from the same."""
        if asset.data is None:
            files.append(File.generated(config, asset.address, content=asset.make()))
            return
        key = digest((asset.address, self.programs, asset.data))
        site = Path(config.site_dir)
        if self.assets.place(key, site, asset.address):
            files.append(PlacedFile.generated(config, asset.address, content=""))
        else:
            files.append(File.generated(config, asset.address, content=asset.make()))
            self.assets.keep(key, site, asset.address)

    def _common(self, config: MkDocsConfig, language: str) -> list[object]:
        """What all pages depend on: the programs, the settings, what stands around the content."""
        custom = config.theme.custom_dir
        hooks = [_root(config) / name for name in config.hooks]  # type: ignore[reportGeneralTypeIssues]
        files = [*files_in(Path(config.docs_dir), "*.md"), *hooks]
        files += files_in(Path(custom)) if custom else []
        settings = {name: value for name, value in config.items() if name not in MOVING}
        settings["extra"] = {
            name: config.extra[name] for name in config.extra if name != "alternate"
        }
        settings["theme"] = {name: config.theme[name] for name in config.theme}
        plugins = config.plugins.items()  # hooks too, which have no settings
        settings["plugins"] = {name: dict(getattr(one, "config", {})) for name, one in plugins}
        found, order = self.site.catalog, self.site.order
        in_nav = not self.site.long or self.own_nav is not None
        return [
            self.programs,
            [file_hash(file) for file in files],
            json.dumps(settings, default=_named, sort_keys=True),
            (self.site.strings[language], self._language_names(config), found.fallback),
            (found.languages, found.eras, found.tags, found.routes, found.glossary),
            (sorted(self.site.labs), len(order), self.serving),
            [(entry.id, entry.title[language]) for entry in order if in_nav],
        ]

    def _cache(self, config: MkDocsConfig) -> Path:
        return _root(config) / self.config.cache

    def _file(self, config: MkDocsConfig, src_uri: str, language: str) -> File:
        file = File.generated(config, src_uri, content="", inclusion=InclusionLevel.NOT_IN_NAV)
        file.dest_uri = self._prefix(language) + file.dest_uri
        return file

    def _head(self, page: pages.Page) -> dict:
        """What the front matter of a page says."""
        # The theme writes titles and descriptions as they are, so they are escaped here.
        title, description = html.escape(page.title), html.escape(_shorten(page.description))
        head: dict = {"title": title, "description": description}
        if page.wide:
            head["hide"] = ["toc"]
        if "entry" in page.context:  # before the lists that only name it
            head["search"] = {"boost": 4}
        return head

    def _urls(self, here: str, language: str):
        """Addresses relative to the page at ``here``; a leading slash leaves the language."""
        prefix = self._prefix(language)

        def url(address: str) -> str:
            target, hash_, anchor = address.partition("#")
            target = target[1:] if target.startswith("/") else prefix + target
            return get_relative_url(target, prefix + here) + hash_ + anchor

        return url

    def _notebooks(self, language: str) -> Iterator[Asset]:
        for name in self.site.used_snippets:
            run = self.site.executions[name]
            told_in = self.site.told_in(run, language)
            address = f"{self._prefix(language)}snippets/{run.name}/{run.name}.ipynb"
            make = partial(snippets.download, run.notebook, told_in)
            yield Asset(address, make, (self.keys.run(run), told_in))

    def _shared(self, config: MkDocsConfig) -> Iterator[Asset]:
        """Models, figures and programs, which all languages show."""
        runs = [self.site.executions[name] for name in self.site.used_snippets]
        for run in runs:
            if run.name in self.site.labs and run.live:
                yield Asset(f"assets/models/{run.name}.safetensors", lambda run=run: run.live)
            for number, figure in enumerate(run.figures, 1):
                address = f"assets/figures/{run.name}-{number}.svg"
                yield Asset(address, lambda figure=figure: figure.svg)
        for name in sorted({name for run in runs for name in (run.name, *run.builds_on)}):
            program = self._scripts(config) / f"{name}.py"
            yield Asset(f"snippets/{name}/{name}.py", partial(program.read_text, encoding="utf-8"))

    def _for_programs(self, config: MkDocsConfig, language: str) -> Iterator[Asset]:
        """The feed, llms.txt, the book, and the cards that social networks show."""
        prefix, words = self._prefix(language), self.site.strings[language]
        list_, address = self.site.catalog, self._in(config, language)
        title, intro = config.site_name, config.site_description or ""
        yield Asset(f"{prefix}feed.xml", partial(feeds.atom, list_, language, title, address))
        yield Asset(
            f"{prefix}llms.txt", partial(feeds.llms_txt, list_, language, title, intro, address)
        )
        for volume in book.volumes(self.site, language, title, intro, address):
            entries, eras = volume.entries, [(era.name, era.intro) for era, _ in volume.eras]
            runs = {entry.snippet: self.site.executions[entry.snippet] for entry in entries}
            told = {"eras": eras, "entries": entries, "runs": runs, "words": words}
            data = self.keys.told(told), volume[:-1], language, self.site.terms
            for suffix, bind in (("pdf", book.pdf), ("epub", book.epub)):
                make = partial(bind, self.site, language, volume)
                yield Asset(f"{prefix}{volume.file}.{suffix}", make, data)
        shown = {"index": (title, words["path"], intro, 1)}
        for entry in self.site.order:
            era, authors = list_.era(entry.era).name[language], cite.plain(entry.authors[0])
            below = f"{authors}{words['and_others'] if entry.authors[1:] else ''} · {entry.year}"
            number = self.site.era_number[entry.era]
            shown[entry.id] = entry.title[language], era, below, number
        for name, data in shown.items():
            yield Asset(f"assets/cards/{language}/{name}.png", partial(card, *data), data)

    def _citations(self, config: MkDocsConfig) -> Iterator[Asset]:
        """A file for each entry and form, and all of them in one for the choice of works."""
        whole = "assets/citations.json"
        text, note = self.assets.read("citations")
        before, known, now = json.loads(text or "{}"), json.loads(note or "{}"), {}
        made_from = {e.id: digest((self.keys.entry(e), self.programs)) for e in self.site.order}
        for entry in self.site.order:
            same = known.get(entry.id) == made_from[entry.id]
            now[entry.id] = before[entry.id] if same else self.site.citation(entry)
            for suffix, form in now[entry.id].items():
                address = f"papers/{entry.id}/{entry.id}{suffix}"
                yield Asset(address, lambda form=form: form, made_from[entry.id])
        self.assets.keep("citations", Path(config.site_dir), whole, json.dumps(made_from))
        yield Asset(whole, partial(json.dumps, now, ensure_ascii=False))

    def _nav(self, config: MkDocsConfig, language: str) -> list:
        """Home, the path with its eras, the ways to browse, then the pages written by hand."""
        words = self.site.strings[language]
        few = not self.site.long
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
            page.present_anchor_ids = set(ANCHOR.findall(content))

        def component(match: re.Match) -> str:
            return self.site.component(f"{match[1]}.html", language, url)

        content = MATH.sub(_mathml, content if ours else COMPONENT.sub(component, content))
        content = LENT.sub(r'<div class="yl-borrowed" lang="\1">\2</div>', content)
        if ours and ours.template.endswith(".md"):
            script = self._scripts(config) / f"{ours.context['execution'].name}.py"
            _refuse_active(LIST.sub(r"\1", content), script)
        if ours and ours.path.startswith(("papers/", "snippets/", "eras/")):
            content = link_terms(content, self.site.catalog.glossary, language, url)
        return self._notices(ours, page, language, content)

    def _notices(
        self, ours: pages.Page | None, page: MkDocsPage, language: str, content: str
    ) -> str:
        """The content after what readers must know of its translation."""
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

    def on_env(self, env: Environment, *, config: MkDocsConfig, files: Files) -> Environment:
        """Make the content security policy from the theme's templates."""
        env.bytecode_cache = self.compiled
        allowed = self.config.content_security_policy
        added = allowed if isinstance(allowed, dict) else {}
        try:
            self.policy = Policy(config, env, added, self.serving) if allowed is not False else None
        except PolicyError as error:
            raise PluginError(str(error)) from error
        return env

    def on_template_context(
        self, context: TemplateContext, *, template_name: str, config: MkDocsConfig
    ) -> TemplateContext:
        """Keep the way to the root from a page that is a template of the theme: 404.html."""
        self.template_base = context["base_url"]
        return context

    @event_priority(-60)
    def on_post_template(
        self, output_content: str, *, template_name: str, config: MkDocsConfig
    ) -> str:
        """Give the theme's own pages their policy."""
        if not template_name.endswith(".html"):
            return output_content
        return self._protect(output_content, self.template_base, template_name)

    def _protect(self, output: str, base: str, name: str, style_attributes: bool = False) -> str:
        """The page with its policy; a warning for what the policy blocks."""
        output = output.replace('href="javascript:void(0)"', 'href="#"')  # the theme's button
        if self.policy is None:
            return output
        output, blocked = self.policy.protect(output, base, style_attributes)
        for hashed in blocked:
            log.warning(
                "%s: an inline script will not run; put it into a file and list that in "
                "extra_javascript, or allow it in mkdocs.yml: "
                'yuanliu: {content_security_policy: {script-src: ["%s"]}}',
                name,
                hashed,
            )
        return output

    @event_priority(50)
    def _hide_lists(
        self, context: TemplateContext, *, page: MkDocsPage, config: MkDocsConfig, nav: Navigation
    ) -> TemplateContext:
        """Take what only names other pages out of the content, until the search has seen it."""
        self.lists = LIST.findall(page.content or "")
        numbers = count()
        page.content = LIST.sub(lambda _: f"<!--yl-list {next(numbers)}-->", page.content or "")
        if not self.words_known and catalog.HAN.search(page.content):  # its dictionary is large
            for names in self.site.catalog.tags.values():
                jieba.add_word(names.get("zh-TW", ""))
            self.words_known = True
        return context

    @event_priority(-200)
    def _describe(
        self, context: TemplateContext, *, page: MkDocsPage, config: MkDocsConfig, nav: Navigation
    ) -> TemplateContext:
        """What the head of a page tells programs: JSON-LD, the card for links, the feed.

        The search plugin has been here before: what it took from the page is stripped of code.
        """
        content = page.content or ""
        page.content = LIST_WAS.sub(lambda match: self.lists[int(match[1])], content)
        index = self._search_entries(config)
        taken = index[self.indexed :]
        self.indexed = len(index)
        language = self._language(config)
        for one in taken:
            one["text"] = CODE.sub("", one["text"])
            one["location"] = one["location"].removeprefix(self._prefix(language))
        found = [json.dumps(one, ensure_ascii=False, separators=(",", ":")) for one in taken]
        ours = self.pages.get(page.file.src_uri) if page.file.generated_by else None
        if ours:
            self.found_by_search[page.file.src_uri] = found
        else:
            self.found_by_search[""] += found
        entry = ours.context.get("entry") if ours else None
        name = entry.id if entry else "index"
        context["yuanliu"] = {  # type: ignore[typeddict-unknown-key]
            "card": self._address(config, f"/assets/cards/{language}/{name}.png"),
            "feed": self._address(config, f"{self._prefix(language)}feed.xml"),
            "json_ld": feeds.json_ld(entry, language, self._in(config, language)) if entry else "",
            "locale": language.replace("-", "_"),
        }
        return context

    on_page_context = CombinedEvent(_hide_lists, _describe)  # type: ignore[assignment]

    def _address(self, config: MkDocsConfig, path: str) -> str:
        """The full address of a path from the site's root."""
        return (config.site_url or "/").rstrip("/") + "/" + path.lstrip("/")

    def _in(self, config: MkDocsConfig, language: str) -> feeds.Address:
        """Full addresses of paths in ``language``; a leading slash leaves it."""
        prefix = self._prefix(language)
        return lambda path: self._address(config, path if path[:1] == "/" else prefix + path)

    @event_priority(-60)
    def on_post_page(self, output: str, *, page: MkDocsPage, config: MkDocsConfig) -> str:
        """Mend what the theme leaves: names for assistive tools, and search in this language."""
        language = self._language(config)
        base = get_relative_url(self._prefix(language) or ".", page.url)
        output = SEARCH_BASE.sub(lambda match: match[1] + json.dumps(base.rstrip("/")), output, 1)
        words = f"../../../{self._prefix(language)}{SEARCH_WORDS}"
        worker = rf'\1yuanliu-search.js?theme=\2&words={words}"'
        output = SEARCH_WORKER.sub(worker, output, 1)
        search = self.site.strings[language]["search"]
        # A leading space is valid HTML; the theme's script would ask for /en/…/sitemap.xml.
        output = output.replace('<link rel="alternate"', '<link rel=" alternate"')
        output = output.replace('role="dialog"', f'role="dialog" aria-label="{search}"', 1)
        output = output.replace('name="__palette"', 'name="__palette" autocomplete="off"')
        styled = bool(page.markdown) and ' style="' in (page.content or "")
        root = get_relative_url(".", page.url)
        return self._protect(output, root, page.file.src_uri, style_attributes=styled)

    @event_priority(100)
    def _keep(self, *, config: MkDocsConfig) -> None:
        """Write what the search finds, of kept pages too; keep all pages for later builds.

        The theme's index is left with settings only, since it is read when any page opens.
        No page is kept when there was a warning, so that the next build tells it again.
        """
        order = ["", *self.pages]
        found = [one for path in order for one in self.found_by_search.get(path, [])]
        self._write_words(found, config)
        self._forget_warnings()
        self.assets.settle()
        if len(self.site.maps) != self.drawn:
            maps = self._maps(config, self._language(config))
            maps.parent.mkdir(parents=True, exist_ok=True)
            newest = list(self.site.maps.items())[-MAPS * len(self.pages) :]
            write(maps, json.dumps(dict(newest)).encode(), lasting=False)
        if not self.shelf or self.warned.get_counts():
            return
        for key, file in self.made_pages.items():
            anchors = sorted(file.page.present_anchor_ids or ())  # type: ignore[union-attr]
            note = "\t".join([json.dumps(anchors), *self.found_by_search.get(file.src_uri, [])])
            self.shelf.keep(key, Path(config.site_dir), file.dest_uri, note)
        self.shelf.settle()

    def _write_words(self, found: list[str], config: MkDocsConfig) -> None:
        """Give the language its own words to search in, so that results stay in it."""
        if "material/search" not in config.plugins:
            return
        self._search_entries(config).clear()
        target = Path(config.site_dir, self._prefix(self._language(config)), SEARCH_WORDS)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(f"[{','.join(found)}]", encoding="utf-8")

    @event_priority(-200)
    def _finish(self, *, config: MkDocsConfig) -> None:
        """Give each language the settings of its search, and its list of files to read offline."""
        site = Path(config.site_dir)
        index = site / "search/search_index.json"
        for language in self.site.catalog.languages:
            words = site / self._prefix(language) / SEARCH_WORDS
            if words.is_file() and self._prefix(language):
                shutil.copy(index, words.with_name(index.name))
        if not _between_languages(config):
            self.list_offline(site, config)

    on_post_build = CombinedEvent(_keep, _finish)  # type: ignore[assignment]

    def on_build_error(self, *, error: Exception) -> None:
        """Listen to the warnings of this build no longer."""
        if hasattr(self, "warned"):
            self._forget_warnings()

    def _forget_warnings(self) -> None:
        logging.getLogger("mkdocs").removeHandler(self.warned)

    def list_offline(self, site: Path, config: MkDocsConfig) -> None:
        """List what an offline copy of each language holds."""
        prefixes = {one: self._prefix(one) for one in self.site.catalog.languages}
        offline.write_lists(site, prefixes, self._cache(config) / "offline.json")


def _refuse_active(content: str, script: Path) -> None:
    """Raise PluginError where a snippet's prose became more than text."""
    active = active_html(content)
    if active:
        raise PluginError(
            f"{script}: its prose may not hold {active!r}; write Markdown without HTML, and "
            "addresses with https://"
        )


def _compiled(directory: Path, programs: str) -> FileSystemBytecodeCache:
    """Where templates are kept compiled, each for the programs that read it."""
    directory.mkdir(parents=True, exist_ok=True)
    for file in directory.iterdir():
        if not file.name.startswith(programs[:16]):
            file.unlink(missing_ok=True)
    return FileSystemBytecodeCache(str(directory), f"{programs[:16]}-%s")


def _root(config: MkDocsConfig) -> Path:
    """The folder of mkdocs.yml, from which the plugin's options count."""
    return Path(config.config_file_path).parent


def _between_languages(config: MkDocsConfig) -> bool:
    """Whether static-i18n is at the languages after the first, within one build."""
    return "i18n" in config.plugins and config.plugins["i18n"].building  # type: ignore[attr-defined]


def _named_in(nav: object, title: str | None = None) -> Iterator[tuple[str | None, str]]:
    """The pages that a navigation names, each after the title that it gives there, if any."""
    if isinstance(nav, str):
        yield title, nav
    elif isinstance(nav, dict):
        for name, inner in nav.items():
            yield from _named_in(inner, name)
    elif isinstance(nav, list):
        for inner in nav:
            yield from _named_in(inner)


def _named(value: object) -> str:
    """A setting that is a function or a class, by its name."""
    return str(getattr(value, "__qualname__", type(value)))


def _shorten(text: str, length: int = 160) -> str:
    """The text's beginning for search engines, cut at the end of a sentence if there is one."""
    if len(text) <= length:
        return text
    cut = text[:length]
    end = max(cut.rfind(mark) for mark in "。.；")
    return cut[: end + 1] if end > length // 3 else cut.rstrip() + "…"


def _outline(content: str) -> list[dict]:
    """Headings with an id as the nested tokens that MkDocs makes its table of contents from.

    Names stay escaped, since the theme writes them as they are.
    """
    top: list[dict] = []
    branch: list[dict] = []
    for level, id_, inner in HEADING.findall(content):
        name = re.sub(r"<[^>]+>", "", inner).strip()
        token = {"level": int(level), "id": id_, "name": name, "children": []}
        while branch and branch[-1]["level"] >= token["level"]:
            branch.pop()
        (branch[-1]["children"] if branch else top).append(token)
        branch.append(token)
    return top


def _mathml(match: re.Match) -> str:
    """A formula set by arithmatex as MathML, which browsers draw without a script."""
    from latex2mathml.converter import convert  # its tables take a while to load

    display = "block" if match[1] == "div" else "inline"
    formula = html.unescape(match[2]).strip()
    try:
        mathml = convert(formula, display=display)
    except Exception as error:  # the library has no common base for its errors
        raise PluginError(f"formula cannot be set: {formula!r}: {error}") from error
    tabindex = ' tabindex="0"' if display == "block" else ""
    return f'<{match[1]} class="yl-math"{tabindex}>{mathml}</{match[1]}>'
