"""The writing side of the library. Each method is one transaction: all of it happens, or nothing.

One process writes at a time (the workspace's lock); within it any thread may.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np
import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert as upsert

from ingestion import articles, finding_rows, library_bodies
from ingestion import library_schema as t
from ingestion.documents import Chunk, Document
from ingestion.embedder_rows import activate, embedder_row
from ingestion.finding_rows import NOT_SCREENED, Screening
from ingestion.library import Library
from ingestion.locating import place_of
from ingestion.location_rows import (
    FileState,
    KnownFile,
    absorb,
    access_row,
    carry_rights,
    forget_failure,
    known_rows,
    link,
    now,
    set_access,
    set_rights,
    settle_rights,
    source_rows,
    takes_in,
    unlink,
)
from ingestion.row_packing import pack_rows
from ingestion.vectors import Vectors

__all__ = ["Derived", "FileState", "KnownFile", "LibraryWriter", "StorageError"]

StorageError = sa.exc.OperationalError
"""The library's file cannot be written: the disk is full, another program holds it."""


@dataclass(frozen=True, slots=True)
class Derived:
    """A parsed document ready to be stored. `vectors[i]` belongs to `chunks[i]`."""

    id: str
    document: Document
    title: str
    chunks: Sequence[Chunk]
    vectors: Vectors
    embedder: str
    derived_by: str
    screening: Screening = NOT_SCREENED


class LibraryWriter:
    """Changes one library."""

    def __init__(
        self, library: Library, rights: Callable[[FileState], frozenset[str] | None] = lambda file: None
    ) -> None:
        """`rights` says what a file carries whatever else is said of it; None: nothing."""
        self._library = library
        self._engine = t.writing(library.engine)
        self._rights = rights

    def known_files(self, source: str, folder: str = "") -> dict[str, KnownFile]:
        """Everything that is known below `folder` of `source`, by path; read in two queries."""
        with self._library.engine.connect() as connection:
            return known_rows(connection, source, folder)

    def derivations(self, ids: Iterable[str]) -> dict[str, str]:
        """`derived_by` of those documents of `ids` that are in the library."""
        wanted = set(ids)
        return {id: derived for id, derived in self.all_derivations().items() if id in wanted}

    def all_derivations(self) -> dict[str, str]:
        """`derived_by` of every document."""
        with self._library.engine.connect() as connection:
            rows = connection.execute(sa.select(t.documents.c.id, t.documents.c.derived_by))
            return {row.id: row.derived_by for row in rows}

    def containers(self, ids: Iterable[str]) -> set[str]:
        """Those of `ids` whose documents in the library have files inside."""
        wanted = set(ids)
        with self._library.engine.connect() as connection:
            rows = connection.execute(sa.select(t.documents.c.id).where(t.documents.c.members > 0))
            return {row.id for row in rows if row.id in wanted}

    def add_source(
        self, source: str, groups: frozenset[str] | None = None, *, synced: bool, ignore: Sequence[str] = ()
    ) -> None:
        """Remember `source`; `synced` says that the whole folder was asked for, not one file in it.

        `groups` may read what comes into it; None leaves that as it is, everybody at first.
        Sources below such a folder become part of it, so that a file has one location, not two; those below
        a folder named like one of `ignore`, where no scan comes, stay what they are.
        """
        with self._write() as connection:
            new = {"source": source, "added_at": now(), "synced": int(synced)}
            statement = upsert(t.sources).values(new)
            connection.execute(
                statement.on_conflict_do_update(
                    index_elements=["source"], set_={"synced": sa.func.max(t.sources.c.synced, int(synced))}
                )
            )
            for child in source_rows(connection) if synced else ():
                if takes_in(source, child, ignore):
                    absorb(connection, source, child)
        if groups is not None:
            self.set_folder_rights(source, groups)

    def has_sources_below(self, source: str, ignore: Sequence[str]) -> bool:
        """Whether `add_source` would take other sources in."""
        with self._library.engine.connect() as connection:
            return any(takes_in(source, child, ignore) for child in source_rows(connection))

    def set_folder_rights(self, folder: str, groups: frozenset[str]) -> None:
        """Let `groups` read what comes into `folder` (absolute), or a file, from now on; empty is everybody.

        What was set for folders below it no longer counts.
        """
        with self._write() as connection:
            set_rights(connection, PurePosixPath(folder), access_row(connection, groups))

    def carry_rights(self, renamed: Sequence[tuple[str, str]]) -> None:
        """Give folders that were renamed (old, new; absolute) the rights of their old names.

        So a file that is put into one in the same moment is not everybody's.
        """
        if renamed:
            with self._write() as connection:
                for old, new in renamed:
                    carry_rights(connection, PurePosixPath(old), PurePosixPath(new))

    def synced_sources(self) -> list[str]:
        """Folders that were ingested as a whole."""
        with self._library.engine.connect() as connection:
            return source_rows(connection, synced=True)

    def put(self, derived: Derived, files: Sequence[FileState], groups: frozenset[str] | None) -> None:
        """Store a document with its vectors, and the files that hold it; what they held before goes.

        `groups` None: known files keep their rights, new ones get those of their folder.
        """
        with self._change() as (connection, generation):
            _drop_document(connection, derived.id, generation, keep_row=True)
            _insert_document(connection, derived, files[0].size, generation)
            first = _next_row(connection)
            _insert_chunks(connection, derived, first, generation)
            _insert_vectors(connection, derived, first)
            orphans = {link(connection, file, derived.id, self._carried(file, groups)) for file in files}
            _drop_orphans(connection, orphans, generation)

    def relink(
        self,
        files: Sequence[tuple[FileState, str]],
        removed: Sequence[tuple[str, str]] = (),
        groups: frozenset[str] | None = None,
    ) -> list[tuple[FileState, str]]:
        """Point `files` at documents that are already stored, and forget the files in `removed`.

        A document that no file holds any more goes, but only after all the links are made: of two files
        that swapped their names none is lost. Returns those of `files` whose document has been removed
        meanwhile; they are left as they were.
        """
        if not files and not removed:
            return []
        with self._change() as (connection, generation):
            stored = set(connection.execute(sa.select(t.documents.c.id)).scalars())
            kept = [(file, document) for file, document in files if document in stored]
            orphans = {link(connection, file, id, self._carried(file, groups)) for file, id in kept}
            orphans |= {unlink(connection, source, path) for source, path in removed}
            _drop_orphans(connection, orphans, generation)
        return [item for item in files if item[1] not in stored]

    def rename(self, moves: Sequence[tuple[str, str, FileState]]) -> None:
        """Give locations (source, old path) a new state.

        Rights move with the file, but a folder that is not for everybody gives it its own.
        """
        if not moves:
            return
        columns = t.locations.c
        with self._change() as (connection, generation):
            orphans: set[str | None] = set()
            for source, path, file in moves:
                orphans.add(unlink(connection, file.source, file.path))
                forget_failure(connection, source, path)
                connection.execute(
                    sa.update(t.locations).where(columns.source == source, columns.path == path)
                    .values(source=file.source, path=file.path, raw_path=file.raw_path,
                            mtime_ns=file.mtime_ns, size=file.size,
                            parent=file.parent, container=file.container)
                )  # fmt: skip
                settle_rights(connection, PurePosixPath(source, path), file)
                if (groups := self._rights(file)) is not None:
                    set_access(connection, file, access_row(connection, groups))
            _drop_orphans(connection, orphans, generation)

    def grant(self, files: Sequence[FileState], groups: frozenset[str]) -> None:
        """Let exactly `groups` read these files."""
        with self._change() as (connection, _):
            row = access_row(connection, groups)
            for file in files:
                set_access(connection, file, row)

    def _carried(self, file: FileState, groups: frozenset[str] | None) -> frozenset[str] | None:
        found = self._rights(file)
        return groups if found is None else found

    def fail(
        self, failures: Sequence[tuple[FileState, str]], derived_by: str, *, keep_location: bool = False
    ) -> None:
        """List files as failed. What they held before goes, unless nothing is known about their bytes."""
        if not failures:
            return
        with self._change() as (connection, generation):
            if not keep_location:
                orphans = {unlink(connection, file.source, file.path) for file, _ in failures}
                _drop_orphans(connection, orphans, generation)
            for file, reason in failures:
                # The name's bytes are not kept: a failed file is found again by the next scan.
                values = {"source": file.source, "path": file.path, "reason": reason, "at": now(),
                          "mtime_ns": file.mtime_ns, "size": file.size, "derived_by": derived_by,
                          "parent": file.parent, "container": file.container}  # fmt: skip
                statement = upsert(t.failures).values(values)
                connection.execute(
                    statement.on_conflict_do_update(index_elements=["source", "path"], set_=values)
                )

    def remove_document(self, document_id: str) -> bool:
        """Remove a document and all its locations; False when it is not there."""
        with self._change() as (connection, generation):
            return _drop_document(connection, document_id, generation)

    def add_vectors(self, identity: str, rows: Sequence[int], vectors: Vectors) -> None:
        """Store vectors of another embedder beside those in use. Rows that have gone are left out."""
        with self._write() as connection:
            embedder = embedder_row(connection, identity, vectors.shape[1])
            alive = set(connection.execute(
                sa.select(t.chunks.c.row).where(t.chunks.c.row.between(min(rows), max(rows)))
            ).scalars())  # fmt: skip
            packed = [
                {"row": row, "embedder": embedder, "vector": vector.astype("<f2").tobytes()}
                for row, vector in zip(rows, vectors, strict=True) if row in alive
            ]  # fmt: skip
            if packed:
                connection.execute(upsert(t.vectors).on_conflict_do_nothing(), packed)

    def switch_embedder(self, identity: str, dimension: int) -> int:
        """Serve the vectors of `identity` from now on and drop all others, when none of them is missing.

        Returns the number of chunks that still lack a vector: 0 means that the switch was made.
        """
        with self._change() as (connection, _):
            return activate(connection, identity, dimension)

    def prune_removals(self, generation: int) -> None:
        """Forget removals up to `generation`: every index has replayed them."""
        with self._write() as connection:
            connection.execute(sa.delete(t.removals).where(t.removals.c.generation <= generation))
            connection.execute(
                sa.update(t.meta).where(t.meta.c.key == "pruned").values(value=str(generation))
            )

    @contextmanager
    def _write(self) -> Iterator[sa.Connection]:
        with self._engine.begin() as connection:
            yield connection

    @contextmanager
    def _change(self) -> Iterator[tuple[sa.Connection, int]]:
        """A transaction that counts: (connection, the generation that it makes)."""
        with self._write() as connection:
            counter = t.meta.c.key == "generation"
            old = connection.execute(sa.select(t.meta.c.value).where(counter)).scalar_one()
            generation = int(old) + 1
            connection.execute(sa.update(t.meta).where(counter).values(value=str(generation)))
            yield connection, generation


def _insert_document(connection: sa.Connection, derived: Derived, size: int, generation: int) -> None:
    document = derived.document
    values = {
        "id": derived.id, "title": derived.title, "format": document.format, "paged": int(document.paged),
        "pages": len(document.pages), "chunks": len(derived.chunks), "bytes": size,
        "members": len(document.members),
        "derived_by": derived.derived_by, "warnings": json.dumps(document.warnings, ensure_ascii=False),
        "added_at": now(), "generation": generation,
    }  # fmt: skip
    again = {key: value for key, value in values.items() if key not in ("id", "added_at")}
    connection.execute(
        upsert(t.documents).values(values).on_conflict_do_update(index_elements=["id"], set_=again)
    )
    library_bodies.store(connection, derived.id, document)
    finding_rows.store(connection, derived.id, derived.screening)


def _next_row(connection: sa.Connection) -> int:
    """The first free chunk number; numbers of removed chunks stay taken."""
    query = sa.text("SELECT seq FROM sqlite_sequence WHERE name = 'chunks'")
    return int(connection.execute(query).scalar() or 0) + 1


def _insert_chunks(connection: sa.Connection, derived: Derived, first: int, generation: int) -> None:
    values = []
    marks = articles.outline(derived.document)
    for row, chunk in enumerate(derived.chunks, start=first):
        place = place_of(derived.document, chunk.start, chunk.end, chunk.heading_path)
        values.append({
            "row": row, "document": derived.id, "start": chunk.start, "end": chunk.end, "text": chunk.text,
            "heading_path": json.dumps(chunk.heading_path, ensure_ascii=False), "page": place.page,
            "page_label": place.page_label, "locator": place.locator, "generation": generation,
            "context": chunk.context, "rows": pack_rows(chunk.rows, chunk.start),
            "articles": articles.pack(articles.marks_between(marks, chunk.start, chunk.end)),
        })  # fmt: skip
    if values:
        connection.execute(sa.insert(t.chunks), values)


def _insert_vectors(connection: sa.Connection, derived: Derived, first: int) -> None:
    if not derived.chunks:
        return
    if len(derived.vectors) != len(derived.chunks):
        raise ValueError(f"{len(derived.vectors)} vectors for {len(derived.chunks)} chunks of {derived.id}")
    embedder = embedder_row(connection, derived.embedder, derived.vectors.shape[1])
    packed = np.asarray(derived.vectors, dtype="<f2")
    connection.execute(
        sa.insert(t.vectors),
        [
            {"row": row, "embedder": embedder, "vector": vector.tobytes()}
            for row, vector in enumerate(packed, start=first)
        ],
    )


def _drop_orphans(connection: sa.Connection, documents: set[str | None], generation: int) -> None:
    """Remove those of `documents` that no location holds any more."""
    for document in documents - {None}:
        query = sa.select(t.locations.c.path).where(t.locations.c.document == document).limit(1)
        if connection.execute(query).first() is None:
            _drop_document(connection, str(document), generation)


def _drop_document(
    connection: sa.Connection, document: str, generation: int, *, keep_row: bool = False
) -> bool:
    """Remove what was derived from a document and log its chunks; without `keep_row` also the rest of it."""
    rows = sa.select(t.chunks.c.row, sa.literal(generation)).where(t.chunks.c.document == document)
    connection.execute(sa.insert(t.removals).from_select(["row", "generation"], rows))
    for table in (t.chunks, t.pages, t.bodies):
        connection.execute(sa.delete(table).where(table.c.document == document))
    if keep_row:
        return True
    connection.execute(sa.delete(t.locations).where(t.locations.c.document == document))
    return connection.execute(sa.delete(t.documents).where(t.documents.c.id == document)).rowcount > 0
