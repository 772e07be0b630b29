"""Building a site with MkDocs: each language in a process of its own, at the same time.

static-i18n builds one language after the other in one process, since MkDocs keeps one set of
files at a time. Its plugin can be told to build just one, so every process does that in a
directory of its own, and the parts are put together. What is found once, the catalog and the
runs, is handed to all.
"""

from __future__ import annotations

import gzip
import multiprocessing
import os
import shutil
import signal
import sys
import threading
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import cast
from xml.etree import ElementTree

from mkdocs.commands.build import build as mkdocs_build
from mkdocs.config import load_config
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import Abort, ConfigurationError, MkDocsException

from yuanliu import trouble
from yuanliu.plugin import Found, YuanliuPlugin

SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"


def load(config: str, site: Path) -> MkDocsConfig:
    """The MkDocs configuration for a strict build into ``site``."""
    loaded = load_config(config, site_dir=str(site), strict=True)
    loaded.plugins.on_startup(command="build", dirty=False)
    return loaded


def plugin_of(loaded: MkDocsConfig) -> YuanliuPlugin:
    """The plugin yuanliu of a configuration.

    Raises:
        ConfigurationError: when it has none.
    """
    plugin = cast(YuanliuPlugin | None, loaded.plugins.get("yuanliu"))
    if plugin is None:
        told = f"{loaded.config_file_path} has no plugin 'yuanliu'; add it to 'plugins'"
        raise ConfigurationError(told)
    return plugin


def build(loaded: MkDocsConfig, scheduler: str | None = None) -> None:
    """Build into the empty ``site_dir``; a warning is an error.

    Args:
        scheduler: the address of a Dask scheduler, to run snippets there.

    Raises:
        Exception: MkDocs' own, when something is wrong; it has told what on stderr.
    """
    config, site = loaded.config_file_path, Path(loaded.site_dir)
    plugin = plugin_of(loaded)
    plugin.config.scheduler = scheduler or plugin.config.scheduler
    if "i18n" not in loaded.plugins:
        mkdocs_build(loaded)
        return
    found = plugin.find(loaded)
    plugin.see(found, loaded)
    plugin.check_languages(loaded)
    languages = found.catalog.languages
    parts = {language: site / f".{language}" for language in languages}
    processes = {
        language: _process(config, part, language, found) for language, part in parts.items()
    }
    for process in processes.values():
        process.start()
    for process in processes.values():
        process.join()
    failed = [
        f"{language} (exit {process.exitcode})"
        for language, process in processes.items()
        if process.exitcode
    ]
    if failed:
        raise Abort(f"these languages failed: {', '.join(failed)}")
    _join(list(parts.values()), site)
    plugin.list_offline(site, loaded)


def _process(*args: object) -> BaseProcess:
    """A process that builds a language. A forked one has the modules and the catalog already.

    Only on Linux is a fork safe beside other libraries, and not after Typst was at work: it would
    wait for threads that a fork leaves behind.
    """
    if sys.platform == "linux" and "typst" not in sys.modules:
        return multiprocessing.get_context("fork").Process(target=_build_language, args=args)
    return multiprocessing.get_context("spawn").Process(target=_build_language, args=args)


def _build_language(config: str, part: Path, language: str, found: Found) -> None:
    """Build the pages of one language, and what all share, into ``part``."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever waits for this process ends it
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    loaded = load(config, part)
    plugin = plugin_of(loaded)
    plugin.found = found
    i18n = loaded.plugins["i18n"]
    i18n.current_language = language  # type: ignore[attr-defined]
    i18n.building = True  # type: ignore[attr-defined] # so that it builds no other afterwards
    try:
        with trouble.located(part):
            mkdocs_build(loaded)
            plugin.split_search(part, [language])
    except OSError as error:
        sys.exit(trouble.told(error))
    except MkDocsException as error:
        sys.exit(str(error))
    except Exception as error:  # of a hook, a theme, another plugin
        sys.exit(f"{type(error).__name__}: {error}")


def _end_with_parent() -> None:
    """Stop at once when the process that waits for this one is killed."""
    parent = multiprocessing.parent_process()
    if parent:
        parent.join()
        os._exit(1)


def _join(parts: list[Path], site: Path) -> None:
    """Move the files of all ``parts`` to ``site``; of those in several the first part's stays."""
    _join_sitemaps([part / "sitemap.xml" for part in parts])
    for part in parts:
        _move(part, site)
        shutil.rmtree(part)


def _move(part: Path, site: Path) -> None:
    """Move what is in ``part``, folders as a whole; what is in ``site`` already stays."""
    for path in part.iterdir():
        target = site / path.name
        if not target.exists():
            path.rename(target)
        elif path.is_dir():
            _move(path, target)


def _join_sitemaps(maps: list[Path]) -> None:
    """Put the addresses of all ``maps`` into the first, and compress it anew."""
    ElementTree.register_namespace("", SITEMAP)
    ElementTree.register_namespace("xhtml", "http://www.w3.org/1999/xhtml")
    first, *others = maps
    whole = ElementTree.parse(first)
    for other in others:
        whole.getroot().extend(ElementTree.parse(other).getroot())
    whole.write(first, encoding="utf-8", xml_declaration=True)
    packed = gzip.compress(first.read_bytes(), mtime=0)
    first.with_suffix(".xml.gz").write_bytes(packed)
