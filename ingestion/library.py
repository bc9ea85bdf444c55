"""The truth: documents, their locations, text, chunks and vectors, in one SQL database.

This file is the side that reads; `library_writing.py` writes, `library_feed.py` feeds the indexes. Nothing
outside these files and the tables' own holds SQL. Every method may be called from any thread. Where `user` is
None, the one that `seen_by` named asks, else the only user of a workspace without accounts.
"""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import sqlalchemy as sa

from ingestion import library_bodies
from ingestion import library_schema as t
from ingestion.articles import Mark
from ingestion.articles import unpack as unpack_marks
from ingestion.documents import (
    EVERYTHING,
    LOCAL_USER,
    Chunk,
    Document,
    Location,
    Scope,
    TableRow,
    User,
    chunk_id,
)
from ingestion.hashing import file_id
from ingestion.quarantining import not_quarantined
from ingestion.row_packing import unpack_rows
from ingestion.settings import IngestionSettings

Status = Literal["ready", "empty"]
_DEFAULTS = IngestionSettings()
EMPTY_REASON = "no text was found in the file"


@dataclass(frozen=True, slots=True)
class DocumentSummary:
    """One line of the list of documents. `added_at` is UTC in ISO 8601; `bytes` is the file's size.

    `locations` are those that the asking user may read. `status` "empty" means that no text was found.
    """

    id: str
    title: str
    format: str
    status: Status
    reason: str | None
    pages: int
    chunks: int
    locations: tuple[Location, ...]
    bytes: int
    added_at: str
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A document with everything that is kept of it."""

    id: str
    document: Document
    title: str
    chunks: tuple[Chunk, ...]
    locations: tuple[Location, ...]
    status: Status
    reason: str | None
    added_at: str


@dataclass(frozen=True, slots=True)
class StoredChunk:
    """A chunk with the location through which the asking user may read it. `row` is its number in indexes."""

    row: int
    document: str
    start: int
    end: int
    text: str
    heading_path: tuple[str, ...]
    page: int | None
    page_label: str | None
    locator: str | None
    title: str
    format: str
    source: str
    path: str
    context: str = ""
    rows: tuple[TableRow, ...] = ()
    articles: tuple[Mark, ...] = ()

    @property
    def chunk_id(self) -> str:
        """The chunk's public id."""
        return chunk_id(self.document, self.start, self.end)


@dataclass(frozen=True, slots=True)
class Failure:
    """A file that could not be taken in, listed until it is mended or removed."""

    source: str
    path: str
    reason: str
    at: str


@dataclass(frozen=True, slots=True)
class ActiveEmbedder:
    """The embedder whose vectors the library serves."""

    identity: str
    dimension: int


class Library:
    """One workspace's library. Open it once and share it between threads."""

    def __init__(self, path: Path, engine: sa.Engine, settings: IngestionSettings) -> None:
        self.path = path
        self._settings = settings
        self.engine = engine
        self._user = LOCAL_USER
        self.identity = self._meta("library")
        self._body = lru_cache(maxsize=32)(self._load_body)
        self._text = lru_cache(maxsize=32)(self._load_text)

    @classmethod
    def open(cls, path: Path, settings: IngestionSettings = _DEFAULTS) -> Library:
        """Open or make the library at `path`. `settings` say how files inside others are taken out.

        Raises:
            WorkspaceError: the file is no library, or was written by a newer version.
        """
        return cls(path, t.open_engine(path), settings)

    def seen_by(self, user: User) -> Library:
        """The same library, in which what is asked without a user is asked by this one."""
        other = copy.copy(self)
        other._user = user
        return other

    def close(self) -> None:
        """Give the database's files back."""
        self.engine.dispose()

    @property
    def members(self) -> Path:
        """The folder of files that were taken out of others, for `file_of`."""
        return self.path.parent / "members"

    @property
    def mirrors(self) -> Path:
        """The folder of the copies of remote sources."""
        return self.path.parent / "sources"

    @property
    def generation(self) -> int:
        """Grows by one with each committed change of documents, chunks or rights."""
        return int(self._meta("generation"))

    @property
    def embedder(self) -> ActiveEmbedder | None:
        """The embedder in use, None while the library has no vectors."""
        query = sa.select(t.embedders.c.identity, t.embedders.c.dimension).where(t.embedders.c.active == 1)
        rows = self._rows(query)
        return ActiveEmbedder(rows[0].identity, rows[0].dimension) if rows else None

    def documents_list(self, user: User | None = None, scope: Scope = EVERYTHING) -> list[DocumentSummary]:
        """All documents that `user` may read within `scope`, by their first location."""
        places = self._locations(user, scope, None)
        rows = {row.id: row for row in self._rows(sa.select(t.documents))}
        found = [_summary(rows[id], tuple(at)) for id, at in places.items() if id in rows]
        return sorted(found, key=lambda summary: (summary.locations[0].source, summary.locations[0].path))

    def document(self, document_id: str, user: User | None = None) -> StoredDocument | None:
        """The whole document, or None when it does not exist or `user` may not read it."""
        places = self._locations(user, Scope(documents=frozenset([document_id])), None)
        if document_id not in places:
            return None
        while True:
            row, chunks = self._row_and_chunks(document_id)
            if row is None:
                return None
            if (document := self._body(document_id, row.generation)) is not None:
                break  # else it was parsed anew in between
        summary = _summary(row, tuple(places[document_id]))
        return StoredDocument(
            document_id, document, summary.title, chunks, summary.locations, summary.status,
            summary.reason, summary.added_at,
        )  # fmt: skip

    def text_slice(self, document_id: str, start: int, end: int, user: User | None = None) -> str | None:
        """`document.text[start:end]`, or None when the document is not there for `user`."""
        text = self.whole_text(document_id, user)
        return None if text is None else text[start:end]

    def whole_text(self, document_id: str, user: User | None = None) -> str | None:
        """`document.text`, or None when the document is not there for `user`."""
        if document_id not in self._locations(user, Scope(documents=frozenset([document_id])), None):
            return None
        query = sa.select(t.documents.c.generation).where(t.documents.c.id == document_id)
        return next((self._text(document_id, row.generation) for row in self._rows(query)), None)

    def chunks_by_row(
        self, rows: Sequence[int], user: User | None = None, scope: Scope = EVERYTHING
    ) -> dict[int, StoredChunk]:
        """Those of `rows` that exist now, are readable by `user` now, and lie within `scope`.

        Every hit of an index must pass here: indexes may be older than the library and know no rights. What
        is in quarantine does not pass.
        """
        wanted = _values(rows)
        query = (
            sa.select(t.chunks, t.documents.c.title, t.documents.c.format)
            .join(t.documents, t.documents.c.id == t.chunks.c.document)
            .where(t.chunks.c.row.in_(wanted), not_quarantined())
        )
        found = self._rows(query)
        places = self._locations(user, scope, {row.document for row in found})
        return {
            row.row: _stored_chunk(row, places[row.document][0]) for row in found if row.document in places
        }

    def rows_of(self, document_id: str) -> list[int]:
        """Rows of a document's chunks in reading order, whoever may read them; for `chunks_by_row`."""
        query = sa.select(t.chunks.c.row).where(t.chunks.c.document == document_id).order_by(t.chunks.c.start)
        return [int(found.row) for found in self._rows(query)]

    def neighbours(self, row: int, before: int = 1, after: int = 1) -> list[int]:
        """Rows of the chunks around `row` in its document, in reading order, `row` among them."""
        document = sa.select(t.chunks.c.document).where(t.chunks.c.row == row).scalar_subquery()
        query = sa.select(t.chunks.c.row).where(t.chunks.c.document == document).order_by(t.chunks.c.start)
        rows = [int(found.row) for found in self._rows(query)]
        if row not in rows:
            return []
        at = rows.index(row)
        return rows[max(0, at - before) : at + after + 1]

    def readable_documents(
        self, user: User | None = None, scope: Scope = EVERYTHING
    ) -> frozenset[str] | None:
        """Ids of the documents that `user` may read within `scope`; None when there is no limit at all."""
        if (user or self._user).groups is None and scope.documents is None and scope.folder is None:
            return None
        return frozenset(self._locations(user, scope, None))

    def failures(self) -> list[Failure]:
        """Files that could not be taken in, with the reasons."""
        query = sa.select(t.failures).order_by(t.failures.c.source, t.failures.c.path)
        return [Failure(row.source, row.path, row.reason, row.at) for row in self._rows(query)]

    def sources(self) -> list[tuple[str, int]]:
        """Each known source with the number of its documents."""
        count = sa.func.count(sa.distinct(t.locations.c.document)).label("documents")
        query = (
            sa.select(t.sources.c.source, count)
            .join(t.locations, t.locations.c.source == t.sources.c.source, isouter=True)
            .group_by(t.sources.c.source)
            .order_by(t.sources.c.source)
        )
        return [(row.source, int(row.documents)) for row in self._rows(query)]

    def file_of(self, document_id: str, user: User | None = None) -> Path | None:
        """A readable file that still holds the document's bytes, None when there is none any more."""
        columns = t.locations.c
        query = sa.select(t.locations).where(columns.document == document_id, self._readable(user))
        for row in self._rows(query.order_by(columns.container, columns.source, columns.path)):
            path = file_path(row.source, row.path, row.raw_path)
            try:
                if row.container is not None:
                    if (taken := self._member_file(row)) is not None:
                        return taken
                    continue
                state = path.stat()
                same = (state.st_mtime_ns, state.st_size) == (row.mtime_ns, row.size)
                if same or file_id(path) == document_id:
                    return path
            except OSError:
                continue  # the file has gone since the last sync; another location may do
        return None

    def _member_file(self, row: sa.Row[Any]) -> Path | None:
        from ingestion.member_files import member_file

        columns = t.locations.c
        query = sa.select(columns.raw_path).where(columns.source == row.source, columns.path == row.container)
        raw_paths = [found.raw_path for found in self._rows(query)]
        if not raw_paths:
            return None
        container = file_path(row.source, row.container, raw_paths[0])
        inner = row.path[len(row.container) + 1 :]
        return member_file(self.members, container, inner, row.document, self._settings)

    def _locations(
        self, user: User | None, scope: Scope, ids: Iterable[str] | None
    ) -> dict[str, list[Location]]:
        """Readable locations within `scope` by document, sorted; `ids` limits the documents further."""
        columns = t.locations.c
        query = (
            sa.select(columns.source, columns.path, columns.document, columns.parent, t.access.c.groups)
            .join(t.access, t.access.c.id == columns.access)
            .where(self._readable(user))
            .order_by(columns.source, columns.path)
        )
        if ids is not None:
            query = query.where(columns.document.in_(_values(list(ids))))
        if scope.documents is not None:
            query = query.where(columns.document.in_(_values(list(scope.documents))))
        if scope.folder is not None:
            query = query.where(columns.source == scope.folder[0], below(columns.path, scope.folder[1]))
        places: dict[str, list[Location]] = {}
        for row in self._rows(query):
            place = Location(row.source, row.path, frozenset(json.loads(row.groups)), row.parent)
            places.setdefault(row.document, []).append(place)
        return places

    def _readable(self, user: User | None) -> sa.ColumnElement[bool]:
        user = user or self._user
        if user.groups is None:
            return sa.true()
        rows = self._rows(sa.select(t.access))
        allowed = [row.id for row in rows if user.may_read(frozenset(json.loads(row.groups)))]
        return t.locations.c.access.in_(_values(allowed))

    def _row_and_chunks(self, document_id: str) -> tuple[sa.Row[Any] | None, tuple[Chunk, ...]]:
        """A document's row and its chunks, as they were at one moment."""
        query = sa.select(t.chunks).where(t.chunks.c.document == document_id).order_by(t.chunks.c.start)
        with self.engine.connect() as connection:
            row = connection.execute(sa.select(t.documents).where(t.documents.c.id == document_id)).first()
            found = connection.execute(query).all()
        return row, tuple(
            Chunk(chunk.start, chunk.end, chunk.text, tuple(json.loads(chunk.heading_path)), chunk.context,
                  unpack_rows(chunk.rows, chunk.start))
            for chunk in found
        )  # fmt: skip

    def _load_body(self, document_id: str, generation: int) -> Document | None:
        """`generation` is part of the cache's key: a document that was parsed anew is loaded anew."""
        with self.engine.connect() as connection:
            return library_bodies.load(connection, document_id, generation)

    def _load_text(self, document_id: str, generation: int) -> str | None:
        with self.engine.connect() as connection:
            return library_bodies.load_text(connection, document_id, generation)

    def _meta(self, key: str) -> str:
        return str(self._rows(sa.select(t.meta.c.value).where(t.meta.c.key == key))[0].value)

    def _rows(self, query: sa.Select[Any]) -> Sequence[sa.Row[Any]]:
        with self.engine.connect() as connection:
            return connection.execute(query).all()


def file_path(source: str, path: str, raw_path: bytes | None) -> Path:
    """The file of a location, whose name on disk may differ from the NFC form that is shown."""
    return Path(source, os.fsdecode(raw_path) if raw_path is not None else path)


def below(path: sa.ColumnElement[str], folder: str) -> sa.ColumnElement[bool]:
    """SQL for: `path` is `folder` itself or lies below it. "" is the whole source."""
    prefix = folder.strip("/")
    if not prefix:
        return sa.true()
    return sa.or_(path == prefix, sa.and_(path >= f"{prefix}/", path < f"{prefix}0"))  # "0" follows "/"


def _values(values: Sequence[int] | Sequence[str]) -> sa.Select[Any]:
    """The values as a table: one bound parameter, where IN (?, ?, …) has a limit on their number."""
    encoded = json.dumps([int(value) if not isinstance(value, str) else value for value in values])
    return sa.select(sa.func.json_each(encoded).table_valued("value").c.value)


def _summary(row: sa.Row[Any], places: tuple[Location, ...]) -> DocumentSummary:
    status: Status = "ready" if row.chunks else "empty"
    return DocumentSummary(
        row.id, row.title, row.format, status, None if row.chunks else EMPTY_REASON, row.pages,
        row.chunks, places, row.bytes, row.added_at, tuple(json.loads(row.warnings)),
    )  # fmt: skip


def _stored_chunk(row: sa.Row[Any], place: Location) -> StoredChunk:
    return StoredChunk(
        row.row, row.document, row.start, row.end, row.text, tuple(json.loads(row.heading_path)), row.page,
        row.page_label, row.locator, row.title, row.format, place.source, place.path, row.context,
        unpack_rows(row.rows, row.start), unpack_marks(row.articles),
    )  # fmt: skip
