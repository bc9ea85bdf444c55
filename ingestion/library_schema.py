"""The tables of library.db, and how its database is opened and brought up to date."""

from __future__ import annotations

import threading
import uuid
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Column, Float, ForeignKey, Index, Integer, LargeBinary, MetaData, Table, Text, event
from sqlalchemy.exc import DatabaseError

from ingestion.errors import IngestionError, WorkspaceError
from ingestion.upgrading import upgrade_tables

HEAD = "0003"
"""The newest revision below migrations/versions."""

EVERYBODY = 1
"""Row of `access` with no groups: everybody may read."""

_WRITES = "konkyo_writes"
_migrating = threading.Lock()  # Alembic keeps its context in module globals

metadata = MetaData()

meta = Table("meta", metadata, Column("key", Text, primary_key=True), Column("value", Text, nullable=False))

access = Table(
    "access",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("groups", Text, nullable=False, unique=True),
)

sources = Table(
    "sources",
    metadata,
    Column("source", Text, primary_key=True),
    Column("synced", Integer, nullable=False),
    Column("added_at", Text, nullable=False),
)

# Who may read new files below a folder (absolute); the deepest folder that is listed counts.
folder_rights = Table(
    "folder_rights",
    metadata,
    Column("folder", Text, primary_key=True),
    Column("access", Integer, ForeignKey("access.id"), nullable=False),
)

documents = Table(
    "documents",
    metadata,
    Column("id", Text, primary_key=True),
    Column("title", Text, nullable=False),
    Column("format", Text, nullable=False),
    Column("paged", Integer, nullable=False),
    Column("pages", Integer, nullable=False),
    Column("chunks", Integer, nullable=False),
    Column("bytes", Integer, nullable=False),
    Column("derived_by", Text, nullable=False),
    Column("warnings", Text, nullable=False),
    Column("added_at", Text, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("members", Integer, nullable=False, server_default="0"),
)

bodies = Table(
    "bodies",
    metadata,
    Column("document", Text, ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True),
    Column("text", LargeBinary, nullable=False),
    Column("structure", LargeBinary, nullable=False),
    Column("origins", LargeBinary),
)

# A file inside another has the path of its parent and then its own name; `container` is the file on disk.
locations = Table(
    "locations",
    metadata,
    Column("source", Text, primary_key=True),
    Column("path", Text, primary_key=True),
    Column("raw_path", LargeBinary),
    Column("document", Text, ForeignKey("documents.id"), nullable=False),
    Column("access", Integer, ForeignKey("access.id"), nullable=False),
    Column("mtime_ns", Integer, nullable=False),
    Column("size", Integer, nullable=False),
    Column("added_at", Text, nullable=False),
    Column("parent", Text),
    Column("container", Text),
    Index("locations_document", "document"),
)

pages = Table(
    "pages",
    metadata,
    Column("document", Text, ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("start", Integer, nullable=False),
    Column("end", Integer, nullable=False),
    Column("label", Text),
    Column("locator", Text),
)

# AUTOINCREMENT: the number of a removed chunk never comes back, so an index cannot take one for the other.
chunks = Table(
    "chunks",
    metadata,
    Column("row", Integer, primary_key=True, autoincrement=True),
    Column("document", Text, ForeignKey("documents.id", ondelete="CASCADE"), nullable=False),
    Column("start", Integer, nullable=False),
    Column("end", Integer, nullable=False),
    Column("text", Text, nullable=False),
    Column("heading_path", Text, nullable=False),
    Column("page", Integer),
    Column("page_label", Text),
    Column("locator", Text),
    Column("generation", Integer, nullable=False),
    Column("context", Text, nullable=False, server_default=""),
    Column("articles", Text, nullable=False, server_default=""),
    Column("rows", LargeBinary),
    Index("chunks_document", "document"),
    Index("chunks_generation", "generation"),
    sqlite_autoincrement=True,
)

embedders = Table(
    "embedders",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("identity", Text, nullable=False, unique=True),
    Column("dimension", Integer, nullable=False),
    Column("active", Integer, nullable=False),
)

# float16: a cosine moves by less than 0.0005, and the index keeps no more than that either.
vectors = Table(
    "vectors",
    metadata,
    Column("row", Integer, ForeignKey("chunks.row", ondelete="CASCADE"), primary_key=True),
    Column("embedder", Integer, ForeignKey("embedders.id"), primary_key=True),
    Column("vector", LargeBinary, nullable=False),
)

failures = Table(
    "failures",
    metadata,
    Column("source", Text, primary_key=True),
    Column("path", Text, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("mtime_ns", Integer, nullable=False),
    Column("size", Integer, nullable=False),
    Column("derived_by", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("parent", Text),
    Column("container", Text),
)

removals = Table(
    "removals",
    metadata,
    Column("row", Integer, primary_key=True),
    Column("generation", Integer, nullable=False),
    Index("removals_generation", "generation"),
)

syncs = Table(
    "syncs",
    metadata,
    Column("source", Text, primary_key=True),
    Column("at", Text, nullable=False),
    Column("ok_at", Text),
    Column("seconds", Float, nullable=False),
    Column("report", Text, nullable=False),
    Column("error", Text),
    Column("refused", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
)

# Failures that somebody has looked at, for as long as the file stays as it was.
ignored_failures = Table(
    "ignored_failures",
    metadata,
    Column("source", Text, primary_key=True),
    Column("path", Text, primary_key=True),
    Column("mtime_ns", Integer, nullable=False),
    Column("size", Integer, nullable=False),
    Column("at", Text, nullable=False),
)

findings = Table(
    "findings",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("document", Text, ForeignKey("documents.id", ondelete="CASCADE"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("start", Integer, nullable=False),
    Column("end", Integer, nullable=False),
    Column("confidence", Float, nullable=False),
    Index("findings_document", "document"),
)

# What was done to a document: the policy's key. Cleared when it must be looked through again.
screenings = Table(
    "screenings",
    metadata,
    Column("document", Text, ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True),
    Column("policy", Text, nullable=False),
    Column("masked", Integer, nullable=False),
    Column("quarantined", Integer, nullable=False),
)

# Kept when the document goes: who released these very bytes need not do it again when they come back.
releases = Table(
    "releases",
    metadata,
    Column("document", Text, primary_key=True),
    Column("at", Text, nullable=False),
    Column("reason", Text, nullable=False),
)

# `facts` are what the text says of itself, read at `generation`; the rest is what it is among its kin.
versions = Table(
    "versions",
    metadata,
    Column("document", Text, ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True),
    Column("generation", Integer, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    Column("facts", Text, nullable=False),
    Column("family", Text, nullable=False, server_default=""),
    Column("same_text", Text, nullable=False, server_default=""),
    Column("preferred", Integer, nullable=False, server_default="1"),
    Column("version", Text),
    Column("standing", Text, nullable=False, server_default=""),
    Column("valid_from", Text),
    Column("valid_to", Text),
    Column("superseded_from", Text),
    Index("versions_family", "family"),
)

# What a person said of a document's version. Kept when the document goes, as releases are.
rulings = Table(
    "rulings",
    metadata,
    Column("document", Text, primary_key=True),
    Column("what", Text, primary_key=True),
    Column("value", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("by", Text, nullable=False),
)

# Files that vanished from a source without anybody's consent.
losses = Table(
    "losses",
    metadata,
    Column("source", Text, primary_key=True),
    Column("path", Text, primary_key=True),
    Column("at", Text, nullable=False),
)

# By what the figures of a document were described, and the names of the kept answers that it uses.
described = Table(
    "described",
    metadata,
    Column("document", Text, ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True),
    Column("by", Text, nullable=False),
    Column("answers", Text, nullable=False),
)


def open_engine(path: Path) -> sa.Engine:
    """Open the database at `path`, make it when absent, and bring its tables up to date.

    Raises:
        WorkspaceError: it is not a library, or was written by a newer version.
    """
    engine = sa.create_engine(f"sqlite:///{path}", connect_args={"timeout": 30})
    event.listen(engine, "connect", _configure)
    event.listen(engine, "begin", _begin)
    try:
        upgrade(engine, path)
    except DatabaseError as error:
        engine.dispose()
        raise WorkspaceError(
            f"{path} cannot be opened as a library ({error.orig}). Restore it from a backup, "
            "or move it away and ingest the documents again."
        ) from error
    except IngestionError:
        engine.dispose()
        raise
    return engine


def writing(engine: sa.Engine) -> sa.Engine:
    """The same database for transactions that write: they take the write lock at their beginning.

    A transaction that reads first and asks for the lock later can fail at once when another has written.
    """
    return engine.execution_options(**{_WRITES: True})


def _configure(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # transactions begin in _begin, not at sqlite3's own moments
    cursor = connection.cursor()
    cursor.execute("PRAGMA busy_timeout = 30000")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA foreign_keys = ON")
    # FULL: a document costs seconds of embedding, its fsync milliseconds; NORMAL could lose the last
    # commits at a power cut while an index already holds them.
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA cache_size = -32000")
    cursor.close()


def _begin(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def upgrade(engine: sa.Engine, path: Path) -> None:
    """Run the migrations that are missing.

    Raises:
        WorkspaceError: the database is at a revision that this program does not know.
        BackupError: no copy of it can be made first.
    """
    if _revision(engine) == HEAD:
        return
    with _migrating, writing(engine).begin() as connection:
        found = _revision_of(connection)
        if found == HEAD:
            return
        upgrade_tables(connection, path, Path(__file__).with_name("migrations"))
        connection.execute(
            sa.text(
                "INSERT OR IGNORE INTO meta VALUES ('library', :id), ('generation', '0'), ('pruned', '0')"
            ),
            {"id": uuid.uuid4().hex},
        )
        connection.execute(sa.text(f"INSERT OR IGNORE INTO access VALUES ({EVERYBODY}, '[]')"))


def _revision(engine: sa.Engine) -> str | None:
    with engine.connect() as connection:
        return _revision_of(connection)


def _revision_of(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
