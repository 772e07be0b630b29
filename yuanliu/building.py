"""Building a site with MkDocs: each language in a process of its own, at the same time.

static-i18n builds one language after the other in one process, since MkDocs keeps one set of
files at a time. Its plugin can be told to build just one, so every process does that in a
directory of its own, and the parts are put together. What is found once, the catalog and the
runs, is handed to all; meanwhile each gets ready.
"""

from __future__ import annotations

import gc
import gzip
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from multiprocessing.reduction import ForkingPickler
from pathlib import Path
from typing import NamedTuple, cast
from xml.etree import ElementTree

from mkdocs.commands.build import build as mkdocs_build
from mkdocs.config import load_config
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import Abort, ConfigurationError, MkDocsException

from yuanliu import trouble
from yuanliu.kept import move_in
from yuanliu.plugin import Found, YuanliuPlugin
from yuanliu.reading import uncollected

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
    parts = {language: site / f".{language}" for language in plugin.built_languages(loaded)}
    languages = {name: _Language.started(config, part, name) for name, part in parts.items()}
    try:
        found = plugin.find(loaded)
        gc.freeze()  # it lasts, so no garbage is looked for there
        plugin.see(found, loaded)
        plugin.check_languages(loaded)
        told = ForkingPickler.dumps(found)
        with ThreadPoolExecutor() as threads:  # each waits until its language is ready
            list(threads.map(lambda language: language.tell(told), languages.values()))
        for language in languages.values():
            language.process.join()
    finally:
        for language in languages.values():
            language.end()
    failed = [
        f"{name} (exit {language.process.exitcode})"
        for name, language in languages.items()
        if language.process.exitcode
    ]
    if failed:
        raise Abort(f"these languages failed: {', '.join(failed)}")
    _join([parts[name] for name in found.catalog.languages], site)
    plugin.list_offline(site, loaded)


class _Language(NamedTuple):
    """A process that builds a language, and the way to tell it what was found."""

    process: BaseProcess
    end_of_pipe: Connection

    @classmethod
    def started(cls, config: str, part: Path, language: str) -> _Language:
        """A process that gets ready. A forked one has the modules already.

        Only on Linux is a fork safe beside other libraries, and not after Typst was at work: it
        would wait for threads that a fork leaves behind.
        """
        if sys.platform == "linux" and "typst" not in sys.modules:
            context = multiprocessing.get_context("fork")
        else:
            context = multiprocessing.get_context("spawn")
        theirs, ours = context.Pipe(duplex=False)
        process = context.Process(target=_build_language, args=(config, part, language, theirs))
        process.start()
        theirs.close()
        return cls(process, ours)

    def tell(self, told: bytes | memoryview) -> None:
        """Hand over what was found; a process that has failed already tells so by its exit."""
        with suppress(BrokenPipeError):
            self.end_of_pipe.send_bytes(told)

    def end(self) -> None:
        """Stop a process that still runs, since something else failed."""
        self.process.kill()
        self.process.join()
        self.end_of_pipe.close()


def _build_language(config: str, part: Path, language: str, told: Connection) -> None:
    """Build the pages of one language, and what all share, into ``part``."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever waits for this process ends it
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        with trouble.located(part):
            loaded = load(config, part)
            plugin = plugin_of(loaded)
            with _one_core_left():
                plugin.get_ready(loaded, language)
            plugin.found = _hear(told)
            i18n = loaded.plugins["i18n"]
            i18n.current_language = language  # type: ignore[attr-defined]
            i18n.building = True  # type: ignore[attr-defined] # so that it builds no other afterwards
            mkdocs_build(loaded)
    except OSError as error:
        sys.exit(trouble.told(error))
    except MkDocsException as error:
        sys.exit(str(error))
    except Exception as error:  # of a hook, a theme, another plugin
        sys.exit(f"{type(error).__name__}: {error}")


@contextmanager
def _one_core_left() -> Iterator[None]:
    """Leave a core to the process that reads the catalog, since all wait for it."""
    if not hasattr(os, "sched_setaffinity"):  # only Linux lets a process choose
        yield
        return
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores - {min(cores)} or cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


def _hear(told: Connection) -> Found:
    """What was found; ends this process where the one that had to tell it is gone."""
    try:
        with uncollected():
            found = told.recv()
    except EOFError:
        sys.exit(1)
    gc.freeze()  # it lasts, so no garbage is looked for there
    return found


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
        move_in(part, site)


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
