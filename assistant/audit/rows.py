"""log.db of the audit log: its tables and all of its SQL. Knows neither what rows mean nor the head."""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import sqlalchemy as sa

from assistant.audit.chain import EMPTY, Content, Row, Tip, canonical, words_text
from assistant.errors import AuditError
from ingestion.upgrading import MIGRATING

MIGRATIONS = Path(__file__).with_name("migrations")
NEWEST = "0001"
"""The last of the migrations: a database that has it is opened without Alembic, which is slow to begin."""
_BATCH = 200
_WAIT_SECONDS = 30
_tables = sa.MetaData()
_log = sa.Table(
    "log", _tables,
    sa.Column("seq", sa.Integer, primary_key=True), sa.Column("at", sa.String),
    sa.Column("user", sa.String), sa.Column("kind", sa.String), sa.Column("payload", sa.String),
    sa.Column("previous", sa.String), sa.Column("hash", sa.String),
)  # fmt: skip
_contents = sa.Table(
    "contents", _tables,
    sa.Column("seq", sa.Integer, primary_key=True), sa.Column("name", sa.String, primary_key=True),
    sa.Column("salt", sa.String), sa.Column("text", sa.String),
)  # fmt: skip
_erasures = sa.Table(
    "erasures", _tables, sa.Column("seq", sa.Integer, primary_key=True), sa.Column("by_seq", sa.Integer)
)  # fmt: skip
_GUARDS = {
    "contents_delete": "46281c52fa046c3b", "contents_insert": "8cb26d84afe22a05",
    "contents_update": "a89c41add60ab4fb", "erasures_delete": "d2a4225c5d1dc76e",
    "erasures_insert": "0740a7be0513bf9f", "erasures_update": "8a3db35f038bbb0d",
    "log_delete": "74a62c41b3b1a150", "log_insert": "0c259b60a289e23c", "log_update": "445ccaf6235207a6",
}  # fmt: skip
"""The triggers, with the beginning of the SHA-256 of what each says: one that guards nothing is none."""
UNREADABLE = (sa.exc.DBAPIError, sqlite3.Error)
"""What SQLite, its driver and SQLAlchemy raise where the file is damaged or the disk is full."""
_FAILURES = (*UNREADABLE, OSError)
Connection = sa.Connection
Entry = tuple[Row, tuple[Content, ...]]


def _held(part: str) -> sa.ColumnElement[bool]:
    """Whether the payload has it; quotes within its texts are escaped, so that no text looks like this."""
    return _log.c.payload.contains(part, autoescape=True)


@dataclass(frozen=True, slots=True)
class Selection:
    """Rows that are meant; a field of None, or an empty one, means no limit.

    `since` is included and `before` is not; both are ISO 8601 in UTC, as the rows have it. `below` is a
    number that is not reached, `after` one that is passed. `ranges` are first and last numbers, a few
    hundred at most, since SQLite takes no more.
    """

    user: str | None = None
    kind: str | None = None
    since: str | None = None
    before: str | None = None
    row: int | None = None
    below: int | None = None
    after: int | None = None
    act: str | None = None
    ranges: Sequence[tuple[int, int]] = ()

    def conditions(self) -> Iterator[sa.ColumnElement[bool]]:
        """For `log`."""
        columns = _log.c
        held = None if self.act is None else f'"act":{canonical(self.act)}'
        compared: tuple[tuple[object, Callable[[Any], sa.ColumnElement[bool]]], ...] = (
            (self.user, columns.user.__eq__), (self.kind, columns.kind.__eq__),
            (self.since, columns.at.__ge__), (self.before, columns.at.__lt__),
            (self.row, columns.seq.__eq__), (self.below, columns.seq.__lt__),
            (self.after, columns.seq.__gt__), (held, _held),
        )  # fmt: skip
        yield from (condition(value) for value, condition in compared if value is not None)
        if self.ranges:
            yield sa.or_(*(columns.seq.between(first, last) for first, last in self.ranges))


ALL = Selection()


class AuditRows:
    """The database of one audit log; usable from several threads and processes.

    Each method with a `connection` works inside the transaction of `writing` or `snapshot`.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open or make the database at `path`, brought to the newest schema."""
        engine = sa.create_engine(f"sqlite:///{path}", connect_args={"timeout": _WAIT_SECONDS})
        sa.event.listen(engine, "connect", _prepare_connection)
        with engine.begin() as connection:
            # Two processes may open a new database at once: the second waits here and finds it made.
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            if _version(connection) != NEWEST:
                _upgrade(connection, path)
        return cls(engine)

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """One transaction that nobody else writes beside; on the disk when it ends."""
        with self._engine.begin() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield connection

    @contextmanager
    def snapshot(self) -> Iterator[sa.Connection]:
        """The rows as they are now, whatever is written meanwhile."""
        with self._engine.connect() as connection:
            connection.exec_driver_sql("BEGIN")
            self.tip(connection)  # the first reading fixes what is seen
            yield connection
            connection.rollback()

    def tip(self, connection: sa.Connection) -> Tip:
        """The end of the chain."""
        last = connection.execute(
            sa.select(_log.c.seq, _log.c.hash).order_by(_log.c.seq.desc()).limit(1)
        ).one_or_none()
        return EMPTY if last is None else Tip(*last)

    def add(self, connection: sa.Connection, row: Row, contents: Iterable[Content] = ()) -> None:
        """Write a row and its words."""
        columns = ("seq", "at", "user", "kind", "payload", "previous", "hash")
        connection.execute(_log.insert().values({name: getattr(row, name) for name in columns}))
        for one in contents:
            connection.execute(
                _contents.insert().values(seq=one.seq, name=one.name, salt=one.salt, text=one.text)
            )

    def with_words(self, connection: sa.Connection, chosen: Selection) -> list[int]:
        """Numbers of the chosen rows that have words, ascending."""
        held = sa.select(_contents.c.seq).where(_contents.c.seq == _log.c.seq).exists()
        query = sa.select(_log.c.seq).where(held, *chosen.conditions()).order_by(_log.c.seq)
        return list(connection.execute(query).scalars())

    def erase(self, connection: sa.Connection, rows: Iterable[int], by: int) -> None:
        """Delete the words of `rows`; `by` is the number of the row, just written, that says so."""
        for row in rows:
            connection.execute(_erasures.insert().values(seq=row, by_seq=by))
            connection.execute(_contents.delete().where(_contents.c.seq == row))

    def erased(self, connection: sa.Connection) -> dict[int, int]:
        """Number of a row without its words → number of the row that erased them."""
        return {seq: by for seq, by in connection.execute(sa.select(_erasures.c.seq, _erasures.c.by_seq))}

    def latest(self, connection: sa.Connection, before: str) -> str | None:
        """The latest time of a row before `before`; None where there is none."""
        query = sa.select(sa.func.max(_log.c.at)).where(_log.c.at < before)
        found: str | None = connection.execute(query).scalar()
        return found

    def entries(
        self,
        connection: sa.Connection,
        chosen: Selection = ALL,
        *,
        newest_first: bool = False,
        at_once: int = _BATCH,
    ) -> Iterator[Entry]:
        """The chosen rows with their words, read `at_once` so many."""
        seq, conditions = _log.c.seq, list(chosen.conditions())
        order = seq.desc() if newest_first else seq.asc()
        last: int | None = None
        while True:
            further = [] if last is None else [seq < last if newest_first else seq > last]
            query = sa.select(_log).where(*conditions, *further).order_by(order).limit(at_once)
            rows = [Row(*found) for found in connection.execute(query)]
            if not rows:
                return
            words = self._words(connection, [row.seq for row in rows])
            yield from ((row, tuple(words.get(row.seq, ()))) for row in rows)
            last = rows[-1].seq

    def strays(self, connection: sa.Connection) -> list[object]:
        """Numbers of rows, or what was put in the place of one, that are not there and yet have words."""
        query = sa.select(_contents.c.seq).where(_contents.c.seq.not_in(sa.select(_log.c.seq))).distinct()
        return sorted(connection.execute(query).scalars(), key=str)

    def damage(self, connection: sa.Connection) -> str:
        """What SQLite finds wrong with the file, and triggers that are not ours, "" for nothing."""
        found = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
        if found != "ok":
            return str(found)
        told = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        there = {name: hashlib.sha256(str(text).encode()).hexdigest()[:16] for name, text in told}
        return ", ".join(sorted({name for name, _ in there.items() ^ _GUARDS.items()}))

    def wipe(self, seconds: float = 0.0) -> bool:
        """Take what was erased out of the journal, and so out of the database; whether that was possible.

        It is not while somebody reads rows as they were before. Whoever wants to write waits meanwhile:
        hence at most `seconds`.
        """
        with self._engine.connect() as connection:
            connection.exec_driver_sql(f"PRAGMA busy_timeout = {round(1000 * seconds)}")
            try:
                busy, *_ = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()
            finally:
                connection.exec_driver_sql(f"PRAGMA busy_timeout = {1000 * _WAIT_SECONDS}")
        return not busy

    def close(self) -> None:
        """Close the database's connections."""
        self._engine.dispose()

    def _words(self, connection: sa.Connection, rows: list[int]) -> Mapping[int, list[Content]]:
        query = (
            sa.select(_contents).where(_contents.c.seq.between(min(rows), max(rows)))
            .order_by(_contents.c.seq, _contents.c.name)
        )  # fmt: skip
        wanted, found = set(rows), dict[int, list[Content]]()
        for one in connection.execute(query):
            if one.seq in wanted:
                found.setdefault(one.seq, []).append(Content(*one))
        return found


def contents_of(row: int, words: Mapping[str, Any]) -> list[Content]:
    """Words by name as they are stored, each with a new salt."""
    return [Content(row, name, secrets.token_hex(32), words_text(value)) for name, value in words.items()]


@contextmanager
def told_as_audit_error(folder: Path) -> Iterator[None]:
    """Say of a failure of the database or the disk that it is the log's.

    Raises:
        AuditError: instead of it.
    """
    try:
        yield
    except _FAILURES as error:
        cause = getattr(error, "orig", None) or getattr(error, "strerror", None) or error
        raise AuditError(
            f"the audit log in {folder} cannot be used ({cause}), and nothing is done without it. "
            "Mend the disk or the folder, then look at it: konkyo audit verify"
        ) from error


def _version(connection: sa.Connection) -> str | None:
    table = connection.exec_driver_sql("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").scalar()
    if table is None:
        return None
    found: str | None = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return found


def _upgrade(connection: sa.Connection, path: Path) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        with MIGRATING:
            command.upgrade(config, "head")
    except CommandError as error:
        raise AuditError(
            f"{path} was written by another version of Konkyo ({error}). Use a newer one."
        ) from error


def _prepare_connection(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    for pragma in (
        "journal_mode = WAL", "foreign_keys = ON",
        "synchronous = FULL",  # what was acknowledged outlives a power cut
        "secure_delete = ON",  # what was erased is written over
    ):  # fmt: skip
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
