"""A new site of one's own: two entries, one snippet, tests that are green at once."""

from __future__ import annotations

import json
import shutil
import tempfile
from importlib import metadata
from pathlib import Path

from yuanliu import drift
from yuanliu.catalog import json_schema
from yuanliu.trouble import reason

STARTER = Path(__file__).with_name("starter")
RENAMED = {"gitignore": ".gitignore"}  # under its own name it would hide files of the package


def requirement() -> str:
    """The line of a requirements file that installs this yuanliu from where it came."""
    package = metadata.distribution("yuanliu")
    origin = json.loads(package.read_text("direct_url.json") or "{}")
    url, repository = origin.get("url"), origin.get("vcs_info")
    if not url:
        return f"yuanliu=={package.version}"
    if repository:
        url = f"{repository['vcs']}+{url}@{repository['commit_id']}"
    return f"yuanliu @ {url}"


class NewSiteError(Exception):
    """No site was made; the text says why."""


def make(directory: Path) -> list[Path]:
    """Make a site at ``directory``, all of it or nothing; the files made, relative to it.

    Raises:
        NewSiteError: when something is there already, or cannot be written.
    """
    if directory.is_symlink() or (directory.exists() and not directory.is_dir()):
        raise NewSiteError(f"{directory} is there already and is no directory")
    try:
        if directory.exists() and any(directory.iterdir()):
            raise NewSiteError(f"{directory} is not empty; name a new directory or an empty one")
        directory.parent.mkdir(parents=True, exist_ok=True)
        new = Path(tempfile.mkdtemp(prefix=f".{directory.name}.", dir=directory.resolve().parent))
        try:
            for source in sorted(STARTER.rglob("*")):
                copied = new / source.relative_to(STARTER)
                if source.is_dir() and source.name != "__pycache__":
                    copied.mkdir()
                elif source.is_file() and source.parent.name != "__pycache__":
                    shutil.copyfile(source, copied)  # without its mode: packages are read-only
            with (new / "requirements.txt").open("a", encoding="utf-8") as file:
                file.write(f"{requirement()}\n")
            for name, own in RENAMED.items():
                (new / name).rename(new / own)
            schema = json.dumps(json_schema(), ensure_ascii=False, indent=2)
            (new / "papers.schema.json").write_text(schema + "\n", encoding="utf-8")
            drift.record(new / "papers.yaml", new / "docs", new / "snippets", [])
            new.chmod(0o755)
            new.rename(directory.resolve())
        finally:
            shutil.rmtree(new, ignore_errors=True)
    except OSError as error:
        raise NewSiteError(f"{directory} cannot be made: {reason(error)}") from error
    return sorted(path.relative_to(directory) for path in directory.rglob("*") if path.is_file())
