"""The audit log of one workspace: rows are appended, words erased, nothing is changed."""

from __future__ import annotations

import logging
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from filelock import FileLock, Timeout

from assistant.audit.chain import BROKEN, COMMITMENTS, ERASE, Json, Kind, Row, Tip, ranges, sealed
from assistant.audit.head import Head, HeadFile
from assistant.audit.rows import (
    ALL,
    AuditRows,
    Connection,
    Entry,
    Selection,
    contents_of,
    told_as_audit_error,
)
from assistant.errors import AuditError
from ingestion.durable import given_to_owner_of

if TYPE_CHECKING:
    from assistant.audit.verifying import Verification

logger = logging.getLogger(__name__)
_WAIT_SECONDS = 30.0
_WIPE_SECONDS = 1.0
_ROOM = 4 << 20
"""Bytes that must be free before a question is answered, so that its row will find room."""


def now() -> str:
    """The time of a row."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


class AuditLog:
    """Appends to a chain that threads and processes share; each row is on the disk when `append` returns."""

    def __init__(self, folder: Path, *, clock: Callable[[], str] = now) -> None:
        """`folder` is made by the first use; it holds database, head, key and lock, for their owner only."""
        self.folder = folder
        self._clock = clock
        self._head = HeadFile(folder)
        self._thread = threading.RLock()
        self._lock = FileLock(folder / "lock", timeout=_WAIT_SECONDS, thread_local=False)
        self._opened: AuditRows | None = None
        self._end: Tip | None = None  # of the transaction that is being written
        self._announces = True
        self._wiped = False  # a process that was killed may have left erased words in the journal

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def ready(self) -> None:
        """Make sure, before something is done, that it can be written down.

        Words that were erased while somebody read them are written over now, if that is over.

        Raises:
            AuditError: the log cannot be opened, or its disk is full.
        """
        with told_as_audit_error(self.folder):
            self._wipe(0.0)
            free = shutil.disk_usage(self.folder).free
        if free < _ROOM:
            raise AuditError(
                f"the disk of the audit log in {self.folder} is full ({free} bytes are free), "
                "and nothing is done without it. Make room."
            )

    def append(
        self, user: str, kind: Kind, facts: Mapping[str, Any], words: Mapping[str, Any] | None = None
    ) -> int:
        """Write a row and return its number; `facts` and `words` are JSON, and `words` can be erased.

        Raises:
            AuditError: it cannot be written; then the row is not there, or nobody was told that it is.
        """
        with self._writing() as (connection, tip):
            return self._add(connection, tip, user, kind, facts, words or {}).rows

    def erase(self, chosen: Selection, *, user: str, by: str, reason: str) -> list[int]:
        """Delete the words of the chosen rows and say so in a row of its own: the numbers of those rows.

        `user` is who works here, `by` who asked for it. Rows whose words are erased already are left out;
        where none is left, nothing is written. While somebody reads the log, the words stay in its file until
        `ready` is called after that.

        Raises:
            AuditError: as `append`; nothing is erased then.
        """
        with self._writing() as (connection, tip):
            found = self._rows.with_words(connection, chosen)
            if found:
                self._wiped = False
                facts = {"act": ERASE, "by": by, "reason": reason, "count": len(found),
                         "rows": ranges(found)}  # fmt: skip
                by_row = self._add(connection, tip, user, "act", facts, {}).rows
                self._rows.erase(connection, found, by_row)
        if found:
            with told_as_audit_error(self.folder):
                self._wipe(_WIPE_SECONDS)
        return found

    def entries(self, chosen: Selection = ALL, *, newest_first: bool = False) -> Iterator[Entry]:
        """The chosen rows with what is left of their words.

        Raises:
            AuditError: they cannot be read.
        """
        with told_as_audit_error(self.folder), self._rows.snapshot() as connection:
            yield from self._rows.entries(connection, chosen, newest_first=newest_first)

    def latest(self, before: str) -> str | None:
        """The latest time of a row before `before`, in ISO 8601; None where there is none."""
        with told_as_audit_error(self.folder), self._rows.snapshot() as connection:
            return self._rows.latest(connection, before)

    def erased_by(self, row: int) -> Row | None:
        """The row that erased the words of `row`, None while they are there."""
        with told_as_audit_error(self.folder), self._rows.snapshot() as connection:
            by = self._rows.erased(connection).get(row)
            found = list(self._rows.entries(connection, Selection(row=by))) if by is not None else []
        return found[0][0] if found else None

    def verify(self, anchor: Tip | None = None) -> Verification:
        """Hold every row against the chain, its words and the head; `anchor` is an end noted earlier."""
        from assistant.audit.verifying import unreadable, verify

        try:
            with ExitStack() as stack:
                with self._locked():  # the head and the rows are those of one moment
                    head = self._head.read()
                    connection = stack.enter_context(self._rows.snapshot())
                return verify(self._rows, connection, head, anchor)
        except AuditError as error:
            return unreadable(str(error))

    def ends_as_left(self) -> bool:
        """Whether the end of the chain fits its head: what can be told without reading all rows.

        Raises:
            AuditError: the log cannot be used.
        """
        with self._locked(), self._rows.snapshot() as connection:
            head = self._head.read()
            return isinstance(head, Head) and head.fits(self._rows.tip(connection))

    def close(self) -> None:
        """Close the database."""
        with self._thread:
            if self._opened is not None:
                self._opened.close()
            self._opened = None

    def _wipe(self, seconds: float) -> None:
        with self._thread:
            self._wiped = self._wiped or self._rows.wipe(seconds)

    @property
    def _rows(self) -> AuditRows:
        with self._thread:
            if self._opened is None:
                self._make_folder()
                self._opened = AuditRows.open(self.folder / "log.db")
                (self.folder / "log.db").chmod(0o600)
                given_to_owner_of(self.folder, *self.folder.glob("log.db*"))
            return self._opened

    def _make_folder(self) -> None:
        if not self.folder.exists():
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            given_to_owner_of(self.folder.parent, self.folder)

    @contextmanager
    def _writing(self) -> Iterator[tuple[Connection, Tip]]:
        """A transaction and the end of the chain; the head is confirmed when it is committed."""
        with self._locked():
            self._end = None
            with self._rows.writing() as connection:
                yield connection, self._honest_tip(connection)
            if self._end is not None:
                self._head.write(Head(self._end))

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with self._thread, told_as_audit_error(self.folder):
            self._make_folder()
            try:
                self._lock.acquire()
            except Timeout as error:
                raise AuditError(
                    f"another process holds the audit log in {self.folder} for too long. "
                    "Wait until it ends, or stop it, and try again."
                ) from error
            try:
                given_to_owner_of(self.folder, self.folder / "lock")
                yield
            finally:
                self._lock.release()

    def _honest_tip(self, connection: Connection) -> Tip:
        """The end of the chain; what does not fit the head is written into the chain before all else.

        Otherwise the next row would put right what the head tells of rows that were removed. Until that is
        committed the head stays as it is, so that a full disk does not take it away either.
        """
        tip, head = self._rows.tip(connection), self._head.read()
        self._announces = isinstance(head, Head) and head.fits(tip)
        if self._announces:
            return tip
        told = head if isinstance(head, str) else list(head.tip)
        logger.error("the audit log does not end as it was left: %s, found %s", told, tip)
        return self._add(connection, tip, "", "act", {"act": BROKEN, "head": told, "found": list(tip)}, {})

    def _add(
        self, connection: Connection, tip: Tip, user: str, kind: Kind, facts: Mapping[str, Any],
        words: Mapping[str, Any],
    ) -> Tip:  # fmt: skip
        contents = contents_of(tip.rows + 1, words)
        told: Json = {**facts}
        if contents:
            told[COMMITMENTS] = {one.name: one.commitment for one in contents}
        row = sealed(tip, at=self._clock(), user=_storable(user), kind=kind, facts=told)
        if self._announces:
            self._head.write(Head(tip, row.tip))
        self._rows.add(connection, row, contents)
        self._end = row.tip
        return row.tip


def _storable(name: str) -> str:
    """A name in UTF-8; what a terminal could not decode is escaped."""
    return name.encode("utf-8", "backslashreplace").decode()
