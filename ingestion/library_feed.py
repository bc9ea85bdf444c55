"""What indexes read from the library to become, or stay, its image."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa

from ingestion import library_schema as t
from ingestion.contextual import contextual_text, embedding_text
from ingestion.library import Library
from ingestion.vectors import Rows, Vectors

_BATCH = 2000


@dataclass(frozen=True, slots=True)
class FeedChunk:
    """A chunk for an index: `text` for words, `embedded` for vectors, see contextual.py."""

    row: int
    document: str
    text: str
    embedded: str


class LibraryFeed:
    """Reads chunks, vectors and removals by generation. Never holds a transaction open between batches."""

    def __init__(self, library: Library) -> None:
        self._library = library

    @property
    def pruned(self) -> int:
        """Removals up to this generation are forgotten: an older index must be built anew."""
        return int(self._all(sa.select(t.meta.c.value).where(t.meta.c.key == "pruned"))[0].value)

    def chunks_since(self, generation: int) -> Iterator[list[FeedChunk]]:
        """Chunks committed after `generation`, in batches by row."""
        for rows in self._batches(_chunks().where(t.chunks.c.generation > generation)):
            yield [_feed_chunk(row) for row in rows]

    def chunks_without_vector(self, identity: str) -> Iterator[list[FeedChunk]]:
        """Chunks that `identity` has not embedded yet, in batches by row."""
        have = sa.select(t.vectors.c.row).join(t.embedders).where(t.embedders.c.identity == identity)
        for rows in self._batches(_chunks().where(t.chunks.c.row.not_in(have))):
            yield [_feed_chunk(row) for row in rows]

    def vectors_since(self, generation: int, identity: str) -> Iterator[tuple[Rows, Vectors]]:
        """Vectors by `identity` of chunks committed after `generation`, float32, in batches by row."""
        query = (
            sa.select(t.chunks.c.row, t.vectors.c.vector)
            .join(t.vectors, t.vectors.c.row == t.chunks.c.row)
            .join(t.embedders, t.embedders.c.id == t.vectors.c.embedder)
            .where(t.chunks.c.generation > generation, t.embedders.c.identity == identity)
        )
        for batch in self._batches(query):
            packed = b"".join(row.vector for row in batch)
            vectors = np.frombuffer(packed, "<f2").astype(np.float32).reshape(len(batch), -1)
            yield np.array([row.row for row in batch], dtype=np.int64), vectors

    def vectors_by_text(self, document: str, identity: str) -> dict[str, Vectors]:
        """The vectors of a document's chunks by what was embedded."""
        query = (
            _chunks().add_columns(t.vectors.c.vector)
            .join(t.vectors, t.vectors.c.row == t.chunks.c.row)
            .join(t.embedders, t.embedders.c.id == t.vectors.c.embedder)
            .where(t.chunks.c.document == document, t.embedders.c.identity == identity)
        )  # fmt: skip
        return {
            _feed_chunk(row).embedded: np.frombuffer(row.vector, "<f2").astype(np.float32)
            for row in self._all(query)
        }

    def removed_since(self, generation: int) -> Rows:
        """Rows that were removed after `generation`."""
        rows = self._all(sa.select(t.removals.c.row).where(t.removals.c.generation > generation))
        return np.array([row.row for row in rows], dtype=np.int64)

    def rows_of(self, documents: frozenset[str]) -> Rows:
        """Rows of all chunks of `documents`, ascending."""
        ids = sa.func.json_each(json.dumps(sorted(documents))).table_valued("value")
        query = sa.select(t.chunks.c.row).where(t.chunks.c.document.in_(sa.select(ids.c.value)))
        return np.array(sorted(row.row for row in self._all(query)), dtype=np.int64)

    def rows(self) -> Rows:
        """Rows of all chunks, ascending."""
        found = self._all(sa.select(t.chunks.c.row).order_by(t.chunks.c.row))
        return np.array([row.row for row in found], dtype=np.int64)

    def vector_rows(self, identity: str) -> Rows:
        """Rows that have a vector by `identity`, ascending."""
        query = (
            sa.select(t.vectors.c.row).join(t.embedders)
            .where(t.embedders.c.identity == identity).order_by(t.vectors.c.row)
        )  # fmt: skip
        return np.array([row.row for row in self._all(query)], dtype=np.int64)

    def count(self) -> tuple[int, int]:
        """How many documents and chunks there are."""
        documents = sa.select(sa.func.count()).select_from(t.documents).scalar_subquery()
        chunks = sa.select(sa.func.count()).select_from(t.chunks).scalar_subquery()
        row = self._all(sa.select(documents.label("documents"), chunks.label("chunks")))[0]
        return int(row.documents), int(row.chunks)

    def derivations(self) -> dict[str, int]:
        """How many documents were derived by which parser version and chunk sizes."""
        query = sa.select(t.documents.c.derived_by, sa.func.count().label("n"))
        return {row.derived_by: int(row.n) for row in self._all(query.group_by(t.documents.c.derived_by))}

    def _batches(self, query: sa.Select[Any]) -> Iterator[list[sa.Row[Any]]]:
        after = 0
        while True:
            rows = self._all(query.where(t.chunks.c.row > after).order_by(t.chunks.c.row).limit(_BATCH))
            if not rows:
                return
            after = rows[-1].row
            yield rows

    def _all(self, query: sa.Select[Any]) -> list[sa.Row[Any]]:
        with self._library.engine.connect() as connection:
            return list(connection.execute(query).all())


def _chunks() -> sa.Select[Any]:
    columns = (
        t.chunks.c.row, t.chunks.c.document, t.chunks.c.text, t.chunks.c.heading_path, t.chunks.c.context
    )  # fmt: skip
    return sa.select(*columns, t.documents.c.title).join(t.documents, t.documents.c.id == t.chunks.c.document)


def _feed_chunk(row: sa.Row[Any]) -> FeedChunk:
    text = contextual_text(row.title, json.loads(row.heading_path), row.text, row.context)
    return FeedChunk(row.row, row.document, text, embedding_text(row.title, row.text, row.context))
