"""SQLite files as files: copies while others write, their health, the version of their tables.

Knows no table of the program but Alembic's own, so that every database of a workspace is cared for alike.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from ingestion.errors import BackupError

_MAGIC = b"SQLite format 3\0"
_PAGES = 4096  # copied in one step, 16 MB of them
_PATIENCE_SECONDS = 30.0
Progress = Callable[[int, int], None]
"""Told how many bytes of how many are done."""


def is_database(path: Path) -> bool:
    """Whether `path` is a database of SQLite, or is named like one: a damaged one must not pass as a file."""
    if path.suffix == ".db":
        return True
    with path.open("rb") as file:
        return file.read(len(_MAGIC)) == _MAGIC


def snapshot(
    source: Path,
    target: Path,
    progress: Progress = lambda done, total: None,
    begun: Callable[[], None] = lambda: None,
) -> None:
    """Copy the state that `source` has now to the new file `target`; writers go on meanwhile.

    The reading transaction that is opened first holds one state for all steps, so that a writer does not
    make the copy begin again. `begun` is called once it does.

    Raises:
        BackupError: it cannot be read or written, or what was copied is damaged.
    """
    try:
        with closing(_connect(source)) as reading, closing(sqlite3.connect(target)) as writing:
            reading.execute("BEGIN")
            reading.execute("SELECT count(*) FROM sqlite_master").fetchone()
            begun()
            size = int(reading.execute("PRAGMA page_size").fetchone()[0])

            def tell(_status: int, remaining: int, total: int) -> None:
                progress((total - remaining) * size, total * size)

            reading.backup(writing, pages=_PAGES, progress=tell)
            reading.rollback()
        # A file of no bytes is a sound database without a table to SQLite, and a loss to us.
        found = problems(target) if source.stat().st_size else ["it is empty"]
    except sqlite3.Error as error:
        raise BackupError(f"{source} cannot be copied ({error}). Free some space, or restore it.") from error
    if found:
        raise BackupError(
            f"{source} is damaged ({found[0]}), so no copy of it is kept. Restore the last good backup."
        )


def problems(path: Path) -> list[str]:
    """What SQLite finds wrong with the database, at most ten things; none when it is sound."""
    if path.stat().st_size == 0:
        return ["it is empty"]
    try:
        with closing(_connect(path)) as connection:
            rows = connection.execute("PRAGMA quick_check(10)").fetchall()
    except sqlite3.Error as error:
        return [str(error)]
    return [str(row[0]) for row in rows if row[0] != "ok"]


def revision(path: Path) -> str | None:
    """The version of its tables, None where no migration has made any.

    Raises:
        BackupError: it cannot be read.
    """
    try:
        with closing(_connect(path)) as connection:
            known = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'")
            if known.fetchone() is None:
                return None
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.Error as error:
        raise BackupError(
            f"{path} is damaged ({error}), so no copy of it is kept. Restore the last good backup."
        ) from error
    return None if row is None else str(row[0])


def newest(path: Path, table: str, column: str) -> str | None:
    """The greatest value of a column, None where there is no row, no such table or no database.

    `table` and `column` are the program's own words, never anybody's input.
    """
    try:
        with closing(_connect(path)) as connection:
            row = connection.execute(f'SELECT max("{column}") FROM "{table}"').fetchone()
    except sqlite3.Error:
        return None  # what is wrong with it is told by `problems`
    return None if row is None or row[0] is None else str(row[0])


def _connect(path: Path) -> sqlite3.Connection:
    """A connection that makes no file and never writes of its own accord."""
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=_PATIENCE_SECONDS, isolation_level=None
    )
