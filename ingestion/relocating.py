"""A library that lies in another folder now: what it names inside its workspace moves with it."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from ingestion import library_schema as t

_PLACES = ("source", "folder")
"""Columns that hold absolute folders, in any table."""


def relocate(library: Path, old: Path, new: Path) -> None:
    """Name uploads and copies of remote sources as they are found below the workspace `new`, not `old`.

    Raises:
        WorkspaceError: the library cannot be opened.
    """
    engine = t.open_engine(library)
    before, after = old.as_posix(), new.as_posix()
    try:
        with t.writing(engine).begin() as connection:
            for table in t.metadata.sorted_tables:
                for column in (table.c[name] for name in _PLACES if name in table.c):
                    rest = sa.func.substr(column, len(before) + 1)
                    # Not LIKE, which takes /srv/WS for /srv/ws.
                    inside = sa.func.substr(column, 1, len(before) + 1) == f"{before}/"
                    connection.execute(
                        table.update().where(inside).values({column.name: sa.literal(after).concat(rest)})
                    )
    finally:
        engine.dispose()
