"""What is kept of synchronisations: the last run of each source, and failures that are ignored."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert as upsert

from ingestion import library_schema as t
from ingestion.library import Library
from ingestion.location_rows import now

RETRY = "retry"
"""A failed file with this in `derived_by` is tried again by the next run: no real derivation is called so."""

NOT_GIVEN = "source"
"""And this one stands at failures that the source is to blame for; each run finds out anew."""


@dataclass(frozen=True, slots=True)
class SyncRun:
    """The last run of the source `name`.

    `at` and `ok_at` are when the last one and the last good one began (ISO 8601, UTC). `error` says why it
    failed; `refused` that a person may allow it. `attempts` counts the failures since the last good run.
    `report` is the report of the last good run.
    """

    name: str
    at: str
    ok_at: str | None
    seconds: float
    report: dict[str, Any]
    error: str | None
    refused: bool
    attempts: int

    @property
    def began(self) -> datetime:
        """`at` as a time."""
        return datetime.fromisoformat(self.at)


class SyncRows:
    """The tables `syncs` and `ignored_failures` of a library. Changes no document and no generation."""

    def __init__(self, library: Library) -> None:
        self._reading = library.engine
        self._writing = t.writing(library.engine)

    def runs(self) -> dict[str, SyncRun]:
        """The last run of each source, by its name."""
        with self._reading.connect() as connection:
            return {row.source: _run(row) for row in connection.execute(sa.select(t.syncs))}

    def record_good(self, name: str, at: str, seconds: float, report: dict[str, Any]) -> None:
        """A run that began at `at` has ended well."""
        self._put({
            "source": name, "at": at, "ok_at": at, "seconds": seconds, "error": None, "refused": 0,
            "report": json.dumps(report, ensure_ascii=False), "attempts": 0,
        })  # fmt: skip

    def record_bad(self, name: str, at: str, seconds: float, error: str, *, refused: bool) -> None:
        """A run that began at `at` has changed nothing."""
        with self._writing.begin() as connection:
            old = connection.execute(sa.select(t.syncs).where(t.syncs.c.source == name)).one_or_none()
        self._put({
            "source": name, "at": at, "ok_at": old.ok_at if old else None, "seconds": seconds,
            "error": error, "refused": int(refused), "report": old.report if old else "{}",
            "attempts": (old.attempts if old else 0) + 1,
        })  # fmt: skip

    def record_cancelled(self, name: str, at: str, seconds: float) -> None:
        """Somebody ended a run that began at `at`: what was known stays, the schedule counts from now."""
        values = {"source": name, "at": at, "seconds": seconds, "refused": 0, "report": "{}", "attempts": 0}
        statement = upsert(t.syncs).values(values)
        again = {"at": at, "seconds": seconds}
        with self._writing.begin() as connection:
            connection.execute(statement.on_conflict_do_update(index_elements=["source"], set_=again))

    def _put(self, values: dict[str, Any]) -> None:
        statement = upsert(t.syncs).values(values)
        with self._writing.begin() as connection:
            connection.execute(statement.on_conflict_do_update(index_elements=["source"], set_=values))

    def ignored(self) -> set[tuple[str, str]]:
        """(source, path) of the failures that are ignored; a file that has changed since is none of them."""
        failures, ignored = t.failures, t.ignored_failures
        same = sa.and_(
            failures.c.source == ignored.c.source, failures.c.path == ignored.c.path,
            failures.c.mtime_ns == ignored.c.mtime_ns, failures.c.size == ignored.c.size,
        )  # fmt: skip
        query = sa.select(failures.c.source, failures.c.path).join(ignored, same)
        with self._reading.connect() as connection:
            return {(row.source, row.path) for row in connection.execute(query)}

    def ignore(self, source: str, path: str, *, ignored: bool = True) -> bool:
        """Ignore a failure, or no longer; False when no file there has failed."""
        columns, failures = t.ignored_failures.c, t.failures.c
        with self._writing.begin() as connection:
            query = sa.select(t.failures).where(failures.source == source, failures.path == path)
            row = connection.execute(query).one_or_none()
            connection.execute(
                sa.delete(t.ignored_failures).where(columns.source == source, columns.path == path)
            )
            if row is not None and ignored:
                values = {"source": source, "path": path, "mtime_ns": row.mtime_ns, "size": row.size}
                connection.execute(sa.insert(t.ignored_failures).values(**values, at=now()))
        return row is not None

    def list_failures(self, source: str, failures: Sequence[tuple[str, str]]) -> None:
        """List files (path, reason) that the source does not give, beside what is known of them."""
        with self._writing.begin() as connection:
            for path, reason in failures:
                values = {"source": source, "path": path, "reason": reason, "at": now(), "mtime_ns": 0,
                          "size": 0, "derived_by": NOT_GIVEN}  # fmt: skip
                statement = upsert(t.failures).values(values)
                connection.execute(
                    statement.on_conflict_do_update(index_elements=["source", "path"], set_=values)
                )

    def mark_for_retry(self, files: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
        """Let the next run try these (source, path) again; returns those that have failed at all."""
        columns, found = t.failures.c, []
        with self._writing.begin() as connection:
            for source, path in files:
                here = (columns.source == source, columns.path == path)
                done = connection.execute(sa.update(t.failures).where(*here).values(derived_by=RETRY))
                if done.rowcount:
                    found.append((source, path))
        return found

    def forget(self, folder: str, name: str) -> None:
        """Forget that `folder` was a source, by `name` or others; who may read it stays known."""
        with self._writing.begin() as connection:
            for table in (t.failures, t.ignored_failures, t.losses, t.sources):
                connection.execute(sa.delete(table).where(table.c.source == folder))
            gone = [name]
            for row in connection.execute(sa.select(t.syncs)):
                if json.loads(row.report).get("folder") == folder:
                    gone.append(row.source)
            connection.execute(sa.delete(t.syncs).where(t.syncs.c.source.in_(gone)))


def _run(row: sa.Row[Any]) -> SyncRun:
    return SyncRun(
        row.source, row.at, row.ok_at, row.seconds, json.loads(row.report), row.error, bool(row.refused),
        row.attempts,
    )  # fmt: skip
