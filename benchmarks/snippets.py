"""Seconds, peak memory and claims of every snippet, by seed. Run: make bench [SEEDS="0 1 2 3 4"]"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).parent.parent
# Runs one snippet and appends its peak memory, which Linux gives in KiB and macOS in bytes.
RUN = """
import json, resource, sys
from yuanliu.cli import app
try:
    app(["run", sys.argv[1], "--seed", sys.argv[2], "--json"])
finally:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"mib": peak / (2**20 if sys.platform == "darwin" else 2**10)}))
"""


def measure(name: str, seed: str) -> dict:
    """The report of one run, with ``mib`` added."""
    command = [sys.executable, "-c", RUN, name, seed]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    lines = ran.stdout.splitlines()
    if len(lines) != 2:
        raise SystemExit(f"{name}, seed {seed} gave no report:\n{ran.stderr}")
    return {**json.loads(lines[0]), **json.loads(lines[1])}


def main(seeds: list[str]) -> None:
    """Print a table, one row a snippet and seed."""
    table = Table("snippet", "seed", "seconds", "MiB", "claims that hold", "measured")
    for script in sorted((ROOT / "snippets").glob("*.py")):
        for seed in seeds:
            report = measure(script.stem, seed)
            claims = report["claims"]
            holding = sum(claim["holds"] for claim in claims)
            values = ", ".join(f"{c['metric']} {c['value']:.3g}" for c in claims)
            row = [script.stem, seed, f"{report['seconds']:.1f}", f"{report['mib']:.0f}"]
            table.add_row(*row, f"{holding} of {len(claims)}", values)
    Console(width=160 if not sys.stdout.isatty() else None).print(table)


if __name__ == "__main__":
    main(sys.argv[1:] or ["0", "1", "2", "3", "4"])
