"""Lighthouse on home, path and an entry, phone profile, both languages. Run after make build:

    .venv/bin/python benchmarks/lighthouse.py

Needs Node, and fetches Lighthouse from the npm registry. The site is served as static hosts do,
compressed and with a cache time. Scores differ from run to run: the medians of ``RUNS`` count.
"""

from __future__ import annotations

import gzip
import http.server
import json
import os
import shutil
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).parent.parent
LIGHTHOUSE = "lighthouse@13"
PAGES = ["/", "/path/", "/papers/lenet/", "/en/", "/en/path/", "/en/papers/lenet/"]
CATEGORIES = ["performance", "accessibility", "best-practices", "seo"]
CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync"
RUNS = 3
TEXT = {".html", ".css", ".js", ".svg", ".json", ".xml", ".txt"}


class Compressed(http.server.SimpleHTTPRequestHandler):
    """Files as a static host sends them."""

    def do_GET(self) -> None:
        path = Path(self.translate_path(self.path))
        path = path / "index.html" if path.is_dir() else path
        if not path.is_file():
            self.send_error(404)
            return
        body = path.read_bytes()
        packed = path.suffix in TEXT
        body = gzip.compress(body, 6) if packed else body
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(path))
        self.send_header("Cache-Control", "max-age=600")
        if packed:
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def report(address: str, chromium: str) -> dict:
    """Lighthouse's report on one page, as it writes it."""
    command = ["npm", "exec", "--yes", f"--package={LIGHTHOUSE}", "--", "lighthouse", address]
    command += ["--quiet", "--output=json", f"--chrome-flags={FLAGS}"]
    environment = {**os.environ, "CHROME_PATH": chromium}
    ran = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300)
    if not ran.stdout.startswith("{"):
        raise SystemExit(f"{address}: Lighthouse gave no report\n{ran.stderr}")
    return json.loads(ran.stdout)


def measured(found: dict) -> list[float]:
    """The scores from 0 to 100, kilobytes transferred, and the layout shift."""
    scores = [100 * found["categories"][name]["score"] for name in CATEGORIES]
    audits = found["audits"]
    sent = audits["total-byte-weight"]["numericValue"] / 1000
    return [*scores, sent, audits["cumulative-layout-shift"]["numericValue"]]


def main(site: Path) -> None:
    """Print the table: scores from 0 to 100, kilobytes transferred, layout shift."""
    chromium = next((path for name in CHROMIUM if (path := shutil.which(name))), None)
    if chromium is None:
        raise SystemExit("no Chromium found")
    handler = partial(Compressed, directory=str(site))
    table = Table("page", *CATEGORIES, "kB transferred", "layout shift")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for page in PAGES:
            address = f"http://127.0.0.1:{server.server_port}{page}"
            runs = [measured(report(address, chromium)) for _ in range(RUNS)]
            *scores, sent, shift = (median(values) for values in zip(*runs, strict=True))
            row = [f"{score:.0f}" for score in scores]
            table.add_row(page, *row, f"{sent:.0f}", f"{shift:.3f}")
        server.shutdown()
    Console(width=120 if not sys.stdout.isatty() else None).print(table)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "site"))
