"""The content security policy of the pages, in a meta element, for hosts that set no headers.

A script runs when it is a file of the site or one of the theme's own inline scripts. Those are
rendered here from the theme's templates and never read from a page, so that a script which came
into a page by another way is not among them.
"""

from __future__ import annotations

import hashlib
import html
import re
from base64 import b64encode
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from jinja2 import Environment
from mkdocs.config.defaults import MkDocsConfig

POLICY: dict[str, list[str]] = {
    "default-src": ["'none'"],
    "script-src": ["'self'"],
    "style-src": ["'self'"],
    "img-src": ["'self'", "data:"],
    "font-src": ["'self'"],
    "media-src": ["'self'"],
    "connect-src": ["'self'"],
    "worker-src": ["'self'"],
    "manifest-src": ["'self'"],
    "frame-src": ["'none'"],
    "object-src": ["'none'"],
    "base-uri": ["'none'"],
    "form-action": ["'self'"],
}
GOOGLE_FONTS = {
    "style-src": ["https://fonts.googleapis.com"],
    "font-src": ["https://fonts.gstatic.com"],
}
REFERRER = "strict-origin-when-cross-origin"
SCRIPTS = "partials/javascripts"  # the theme's folder of inline scripts
ANALYTICS = "partials/integrations/analytics.html"
HEAD = re.compile(r'<head\b[^>]*>(\s*<meta charset="[^"]*">)?')
INLINE = re.compile(
    r"<script(?![^>]*\s(?:src=|type=\"application/))[^>]*>(.*?)</script>", re.DOTALL
)
SOURCE = re.compile(r"[^\s;,]+")


class PolicyError(Exception):
    """A wrong ``content_security_policy`` in mkdocs.yml."""


class Policy:
    """The policies of one build.

    Args:
        config: of MkDocs; the hosts of its ``extra_javascript`` and ``extra_css`` are allowed.
        environment: the theme's templates.
        added: further sources by directive, from mkdocs.yml.
        live_reload: allow any inline script, since ``serve`` writes a new one into every answer.

    Raises:
        PolicyError: for a directive or a source that is none.
    """

    def __init__(
        self,
        config: MkDocsConfig,
        environment: Environment,
        added: Mapping[str, object],
        live_reload: bool = False,
    ):
        self.config, self.environment, self.live_reload = config, environment, live_reload
        self.sources = {name: list(sources) for name, sources in POLICY.items()}
        self._add("script-src", _hosts(map(str, config.extra_javascript)))
        self._add("style-src", _hosts(config.extra_css))
        font = config.theme.get("font")
        if font:
            for name, sources in GOOGLE_FONTS.items():
                self._add(name, sources)
            self._add("style-src", [_hash(_font_style(font))])
        for name, sources in added.items():
            self._add(name, _checked(name, sources))
        self.known: dict[str, list[str]] = {}  # hashes of the theme's scripts by base address
        self.told: set[str] = set()

    def _add(self, name: str, sources: list[str]) -> None:
        together = dict.fromkeys([*self.sources[name], *sources])
        self.sources[name] = [one for one in together if one != "'none'"] or ["'none'"]

    def _hashes(self, base: str) -> list[str]:
        """Of the theme's inline scripts on pages whose way to the site's root is ``base``."""
        if base not in self.known:
            folders = [Path(folder, SCRIPTS) for folder in self.config.theme.dirs]
            names = {file.name for folder in folders for file in folder.glob("*.html")}
            features = self.config.theme.get("features") or []
            context = {"config": self.config, "base_url": base, "features": features}
            found = (
                self.environment.get_template(name).render(context)
                for name in [*(f"{SCRIPTS}/{name}" for name in sorted(names)), ANALYTICS]
            )
            scripts = [script for text in found for script in INLINE.findall(text)]
            self.known[base] = [_hash(script) for script in scripts]
        return self.known[base]

    def protect(
        self, output: str, base: str, style_attributes: bool = False
    ) -> tuple[str, list[str]]:
        """The page with its policy at the beginning of its head, and what the policy blocks.

        Args:
            output: the whole page.
            base: the relative way to the site's root, as the theme's templates know it.
            style_attributes: whether the page may have any, as Markdown's tables do.

        Returns:
            The page; and hashes of inline scripts that will not run, each told once a build.
        """
        found = list(dict.fromkeys(map(_hash, INLINE.findall(output))))
        known = self._hashes(base)
        sources = {name: list(given) for name, given in self.sources.items()}
        used = ["'unsafe-inline'"] if self.live_reload else [one for one in found if one in known]
        sources["script-src"] += used
        if style_attributes:
            sources["style-src-attr"] = ["'unsafe-inline'"]
        told = "; ".join(" ".join([name, *given]) for name, given in sources.items())
        # A policy needs single quotes; the attribute stands in double ones.
        metas = (
            f'<meta http-equiv="Content-Security-Policy" content="{html.escape(told, False)}">'
            f'<meta name="referrer" content="{REFERRER}">'
        )
        output = HEAD.sub(lambda head: head[0] + metas, output, 1)
        blocked = [] if self.live_reload else [one for one in found if one not in known]
        new = [one for one in blocked if one not in (*self.sources["script-src"], *self.told)]
        self.told.update(new)
        return output, new


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.replace("\r\n", "\n").encode("utf-8")).digest()
    return f"'sha256-{b64encode(digest).decode('ascii')}'"


def _hosts(addresses: Iterable[str]) -> list[str]:
    """Scheme and host of the addresses that lie elsewhere."""
    parts = [urlsplit(address) for address in addresses]
    return [f"{one.scheme or 'https'}://{one.netloc}" for one in parts if one.netloc]


def _font_style(font: Mapping[str, str]) -> str:
    """What the theme writes into a style element for fonts from another host."""
    text, code = font.get("text") or "Roboto", font.get("code") or "Roboto Mono"
    return f':root{{--md-text-font:"{text}";--md-code-font:"{code}"}}'


def _checked(name: str, sources: object) -> list[str]:
    if name not in POLICY:
        known = ", ".join(POLICY)
        raise PolicyError(f"content_security_policy: no directive '{name}'; one of {known}")
    given = [sources] if isinstance(sources, str) else sources
    if not isinstance(given, list) or not all(
        isinstance(one, str) and SOURCE.fullmatch(one) for one in given
    ):
        raise PolicyError(
            f"content_security_policy: '{name}' takes a list of sources without spaces, commas "
            "and semicolons, such as https://example.org"
        )
    return given
