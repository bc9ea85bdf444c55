"""By what the figures of each document were described, and which kept answers its descriptions are.

So a run knows whom to ask about after a change of the settings, and which answers nobody uses any more.
"""

from __future__ import annotations

import json
import time
import zlib
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert as upsert

from ingestion import library_schema as t
from ingestion.library import Library

_NO_FIGURES = "-"
_UNANSWERED = "!"
"""Stands before the day on which the server failed: another day is another try."""
_KEPT_SECONDS = 86_400.0
"""Answers this young stay: a run that was stopped goes on with them."""


class DescribedRows:
    """The table `described` of a library."""

    def __init__(self, library: Library) -> None:
        self._reading = library.engine
        self._writing = t.writing(library.engine)

    def put(self, document: str, by: str, answers: Sequence[str], *, figures: bool, whole: bool) -> None:
        """Remember that a document was described by `by`; not `whole` when the server failed."""
        key = (by if whole else _unanswered(by)) if figures else _NO_FIGURES
        values = {"document": document, "by": key, "answers": json.dumps(sorted(set(answers)))}
        with self._writing.begin() as connection:
            if connection.execute(sa.select(t.documents.c.id).where(t.documents.c.id == document)).first():
                statement = upsert(t.described).values(values)
                connection.execute(statement.on_conflict_do_update(index_elements=["document"], set_=values))

    def forget(self, document: str) -> None:
        """A document was read again without anybody being asked about its figures."""
        with self._writing.begin() as connection:
            connection.execute(sa.delete(t.described).where(t.described.c.document == document))

    def lacking(self, by: str) -> frozenset[str]:
        """Documents with figures that `by` has not described yet, and did not fail to today."""
        columns = t.described.c
        query = sa.select(t.documents.c.id, columns.by).join(
            t.described, columns.document == t.documents.c.id, isouter=True
        )
        with self._reading.connect() as connection:
            rows = connection.execute(query).all()
            unknown = [row.id for row in rows if row.by is None]
            found = {id for id in unknown if _has_figures(connection, id)}
        for id in set(unknown) - found:
            self.put(id, by, (), figures=False, whole=True)
        known = {by, _unanswered(by), _NO_FIGURES}
        return frozenset(found | {row.id for row in rows if row.by is not None and row.by not in known})

    def prune(self, folder: Path) -> int:
        """Remove the kept answers in `folder` that no document uses; returns how many."""
        with self._reading.connect() as connection:
            packed = connection.execute(sa.select(t.described.c.answers)).scalars()
            used = {name for answers in packed for name in json.loads(answers)}
        removed = 0
        for path in folder.glob("*.json"):
            with suppress(OSError):  # removed meanwhile, or not ours to remove
                if path.stem not in used and time.time() - path.stat().st_mtime > _KEPT_SECONDS:
                    path.unlink()
                    removed += 1
        return removed


def _unanswered(by: str) -> str:
    return f"{_UNANSWERED}{datetime.now(UTC):%Y-%m-%d} {by}"


def _has_figures(connection: sa.Connection, document: str) -> bool:
    query = sa.select(t.bodies.c.structure).where(t.bodies.c.document == document)
    packed = connection.execute(query).scalar()
    return packed is not None and bool(json.loads(zlib.decompress(packed)).get("figures"))
