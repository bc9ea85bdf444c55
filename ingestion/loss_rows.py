"""Which files vanished from a source lately without anybody's consent, so that small losses add up.

A share that fails piece by piece loses less than the limit at each run; counted together, what has gone
needs consent as it would at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert as upsert

from ingestion import library_schema as t
from ingestion.library import Library, below
from ingestion.location_rows import now


class LossRows:
    """The table `losses` of a library."""

    def __init__(self, library: Library) -> None:
        self._reading = library.engine
        self._writing = t.writing(library.engine)

    def since(self, source: str, folder: str, days: float) -> frozenset[str]:
        """Paths below `folder` of `source` that vanished within the last `days`."""
        first = (datetime.now(UTC) - timedelta(days=days)).isoformat(timespec="seconds")
        columns = t.losses.c
        query = sa.select(columns.path).where(
            columns.source == source, below(columns.path, folder), columns.at > first
        )
        with self._reading.connect() as connection:
            return frozenset(connection.execute(query).scalars())

    def note(self, source: str, paths: Iterable[str]) -> None:
        """Remember that these have vanished now."""
        values = [{"source": source, "path": path, "at": now()} for path in paths]
        if values:
            with self._writing.begin() as connection:
                connection.execute(upsert(t.losses).on_conflict_do_nothing(), values)

    def agree(self, source: str, folder: str) -> None:
        """Somebody takes what lies below `folder` for true: what vanished before counts no more."""
        columns = t.losses.c
        with self._writing.begin() as connection:
            connection.execute(
                sa.delete(t.losses).where(columns.source == source, below(columns.path, folder))
            )

    def forget(self, source: str, paths: Iterable[str], days: float) -> None:
        """Forget files that came back, and all that vanished more than `days` ago."""
        columns = t.losses.c
        first = (datetime.now(UTC) - timedelta(days=days)).isoformat(timespec="seconds")
        back = [{"of": path} for path in paths]
        with self._writing.begin() as connection:
            connection.execute(sa.delete(t.losses).where(columns.at <= first))
            if back:
                statement = sa.delete(t.losses).where(
                    columns.source == source, columns.path == sa.bindparam("of")
                )
                connection.execute(statement, back)
