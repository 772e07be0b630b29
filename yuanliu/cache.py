"""The cache of executed snippets: for one build at a time, and mended where a crash broke it."""

from __future__ import annotations

import errno
import shutil
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from jupyter_cache.cache.db import DB_NAME, NbCacheRecord, create_db
from sqlalchemy.exc import SQLAlchemyError

from yuanliu.kept import PART, alone

LEFT = 3600  # seconds after which nobody writes a part any more
# What SQLite says where the trouble is not in the file, and what the system would say.
ERRORS = {
    "full": errno.ENOSPC,
    "readonly": errno.EROFS,
    "unable to open": errno.EACCES,
    "locked": errno.EBUSY,
    "I/O": errno.EIO,
}


@contextmanager
def opened(directory: Path) -> Iterator[None]:
    """Have the cache at ``directory`` to oneself; another build waits, saying so on stderr.

    Raises:
        OSError: when it cannot be written, also where the database says so in its own way.
    """
    directory.mkdir(parents=True, exist_ok=True)
    waiting = f"another build runs snippets with the cache {directory}; waiting for it"
    with alone(directory / "lock", waiting):
        mend(directory)
        try:
            yield
        except (SQLAlchemyError, RuntimeError) as error:  # jupyter-cache makes one of the other
            cause = error if isinstance(error, SQLAlchemyError) else error.__cause__
            if not isinstance(cause, SQLAlchemyError):
                raise
            raise _trouble(str(getattr(cause, "orig", cause)), directory) from error


def mend(directory: Path) -> None:
    """Drop what killed builds left; make the list of the runs anew where it cannot be read."""
    for part in directory.rglob(f"*{PART}"):
        if time.time() - part.stat().st_mtime > LEFT:
            part.unlink(missing_ok=True)
    for run in directory.glob("executed/*"):
        if not (run / "base.ipynb").is_file():  # jupyter-cache would stumble over it
            shutil.rmtree(run)
    database = directory / DB_NAME
    if not database.exists() or _is_sound(database):
        return
    told = f"{database}: cannot be read; made anew from the runs that are kept beside it"
    print(told, file=sys.stderr)
    database.unlink()
    engine = create_db(directory)
    for notebook in sorted(directory.glob("executed/*/base.ipynb")):
        NbCacheRecord.create_record(uri="", hashkey=notebook.parent.name, db=engine)


def _is_sound(database: Path) -> bool:
    try:
        with closing(sqlite3.connect(database)) as connection:
            (answer,) = connection.execute("PRAGMA quick_check").fetchone()
            connection.execute("SELECT pk, hashkey, accessed FROM nbcache LIMIT 1").fetchall()
            connection.execute("SELECT pk, key, value FROM settings LIMIT 1").fetchall()
    except sqlite3.DatabaseError as error:
        if any(part in str(error) for part in ERRORS):
            raise _trouble(str(error), database.parent) from error
        return False
    return answer == "ok"


def _trouble(message: str, directory: Path) -> OSError:
    number = next((one for part, one in ERRORS.items() if part in message), errno.EIO)
    return OSError(number, message, str(directory / DB_NAME))
