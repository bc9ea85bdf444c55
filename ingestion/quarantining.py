"""Which chunks are kept out of answers, as a condition for the library's join."""

from __future__ import annotations

import sqlalchemy as sa

from ingestion import library_schema as t


def not_quarantined() -> sa.ColumnElement[bool]:
    """SQL for: no planted instruction overlaps this row of `chunks`, or somebody released its document."""
    found = t.findings.c
    planted = (
        sa.select(found.id)
        .join(t.screenings, t.screenings.c.document == found.document)
        .where(
            found.document == t.chunks.c.document,
            found.kind == "planted",
            t.screenings.c.quarantined == 1,
            found.start < t.chunks.c.end,
            found.end > t.chunks.c.start,
            found.document.not_in(sa.select(t.releases.c.document)),
        )
    )
    return ~sa.exists(planted.correlate(t.chunks))
