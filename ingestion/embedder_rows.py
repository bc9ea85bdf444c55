"""Which embedder's vectors the library serves. Part of its writing side."""

from __future__ import annotations

import sqlalchemy as sa

from ingestion import library_schema as t
from ingestion.errors import IndexMismatchError


def embedder_row(connection: sa.Connection, identity: str, dimension: int) -> int:
    """The number of an embedder; the first one that ever comes is the one in use.

    Raises:
        IndexMismatchError: it is known with another dimension.
    """
    query = sa.select(t.embedders).where(t.embedders.c.identity == identity)
    row = connection.execute(query).one_or_none()
    if row is None:
        first = connection.execute(sa.select(sa.func.count()).select_from(t.embedders)).scalar() == 0
        values = {"identity": identity, "dimension": dimension, "active": int(first)}
        connection.execute(sa.insert(t.embedders), values)
        row = connection.execute(query).one()
    if row.dimension != dimension:
        raise IndexMismatchError(
            f"embedder {identity!r} gave {row.dimension} numbers a text before and now gives {dimension}. "
            "Check the model's files with `konkyo models check`."
        )
    return int(row.id)


def activate(connection: sa.Connection, identity: str, dimension: int) -> int:
    """Serve `identity` when every chunk has its vector; returns how many have none."""
    wanted = embedder_row(connection, identity, dimension)
    have = sa.select(t.vectors.c.row).where(t.vectors.c.embedder == wanted)
    query = sa.select(sa.func.count()).select_from(t.chunks).where(t.chunks.c.row.not_in(have))
    missing = int(connection.execute(query).scalar_one())
    if missing == 0:
        connection.execute(sa.delete(t.vectors).where(t.vectors.c.embedder != wanted))
        connection.execute(sa.delete(t.embedders).where(t.embedders.c.id != wanted))
        connection.execute(sa.update(t.embedders).values(active=1))
    return missing
