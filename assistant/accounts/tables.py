"""accounts.db: how it is opened, and its tables as the migrations have made them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError

from ingestion.errors import IngestionError, WorkspaceError
from ingestion.upgrading import upgrade_tables

MIGRATIONS = Path(__file__).with_name("migrations")
_tables = sa.MetaData()
users = sa.Table(
    "users", _tables,
    sa.Column("name", sa.String, primary_key=True), sa.Column("display_name", sa.String),
    sa.Column("password", sa.String), sa.Column("role", sa.String), sa.Column("disabled", sa.Boolean),
    sa.Column("created_at", sa.String), sa.Column("removed_at", sa.String),
    sa.Column("way", sa.String),
)  # fmt: skip
groups = sa.Table(
    "groups", _tables,
    sa.Column("name", sa.String, primary_key=True), sa.Column("display_name", sa.String),
    sa.Column("created_at", sa.String),
)  # fmt: skip
group_users = sa.Table(
    "group_users", _tables,
    sa.Column("group", sa.String, primary_key=True), sa.Column("user", sa.String, primary_key=True),
)  # fmt: skip
group_groups = sa.Table(
    "group_groups", _tables,
    sa.Column("group", sa.String, primary_key=True), sa.Column("member", sa.String, primary_key=True),
)  # fmt: skip
tokens = sa.Table(
    "tokens", _tables,
    sa.Column("id", sa.String, primary_key=True), sa.Column("user", sa.String),
    sa.Column("label", sa.String), sa.Column("sha256", sa.String), sa.Column("scopes", sa.String),
    sa.Column("created_at", sa.String), sa.Column("expires_at", sa.String), sa.Column("used_at", sa.String),
)  # fmt: skip
sessions = sa.Table(
    "sessions", _tables,
    sa.Column("sha256", sa.String, primary_key=True), sa.Column("user", sa.String),
    sa.Column("created_at", sa.String), sa.Column("seen_at", sa.String),
)  # fmt: skip
attempts = sa.Table(
    "attempts", _tables,
    sa.Column("id", sa.Integer, primary_key=True), sa.Column("user", sa.String),
    sa.Column("address", sa.String), sa.Column("at", sa.String),
)  # fmt: skip


def open_accounts(path: Path) -> sa.Engine:
    """Open or make the database at `path`, readable by its owner only, brought to the newest schema.

    Raises:
        WorkspaceError: it is no database of accounts, or was written by a newer version.
        BackupError: it must be upgraded, and no copy of it can be made first.
    """
    engine = sa.create_engine(f"sqlite:///{path}", connect_args={"timeout": 30})
    sa.event.listen(engine, "connect", _prepare_connection)
    try:
        path.touch(mode=0o600, exist_ok=True)  # before SQLite makes it as the umask says
        path.chmod(0o600)  # a copy may have come back otherwise
        with writing(engine) as connection:
            upgrade_tables(connection, path, MIGRATIONS)
    except (DatabaseError, OSError) as error:
        engine.dispose()
        raise WorkspaceError(
            f"{path} cannot be opened as the accounts ({getattr(error, 'orig', error)}). "
            "Restore it from a backup."
        ) from error
    except IngestionError:
        engine.dispose()
        raise
    return engine


@contextmanager
def writing(engine: sa.Engine) -> Iterator[sa.Connection]:
    """One transaction that nobody else writes beside."""
    with engine.begin() as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        yield connection


def written(moment: datetime) -> str:
    """A time as rows hold it: ISO 8601 in UTC, so that texts compare as times do."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


def _prepare_connection(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    for pragma in (
        "journal_mode = WAL", "foreign_keys = ON",
        "synchronous = FULL",  # a right that was taken away does not come back after a power cut
        "secure_delete = ON",
    ):  # fmt: skip
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
