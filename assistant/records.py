"""records.db: conversations and their messages; other tables of it are in the files named *_rows.py.

Texts are also kept folded (NFKC, lower case), so that usb finds ＵＳＢ. Times are ISO 8601 in UTC.
"""

from __future__ import annotations

import copy
import json
import secrets
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError

from assistant.errors import RecordNotFoundError
from assistant.record_tables import conversations as _conversations
from assistant.record_tables import messages as _messages
from ingestion.documents import LOCAL_USER
from ingestion.errors import IngestionError, WorkspaceError
from ingestion.upgrading import upgrade_tables

_MIGRATIONS = Path(__file__).with_name("migrations")
_TITLE_LENGTH = 60


class Records:
    """The conversations of one workspace; usable from several threads. `user` sees only its own.

    Where it is None, the one that `seen_by` named asks, else the only user of a workspace without accounts.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._user = LOCAL_USER.name

    @property
    def engine(self) -> sa.Engine:
        """The database, for the other tables of records.db."""
        return self._engine

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open or make the database at `path`, brought to the newest schema.

        Raises:
            WorkspaceError: it is not the records of conversations, or was written by a newer version.
            BackupError: it must be upgraded, and no copy of it can be made first.
        """
        engine = sa.create_engine(f"sqlite:///{path}", connect_args={"timeout": 30})
        sa.event.listen(engine, "connect", _prepare_connection)
        try:
            with engine.begin() as connection:
                # Two processes may open a new database at once: the second waits here and finds it made.
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                upgrade_tables(connection, path, _MIGRATIONS)
        except DatabaseError as error:
            engine.dispose()
            raise WorkspaceError(
                f"{path} cannot be opened as the records of conversations ({error.orig}). "
                "Restore it from a backup, or move it away to begin with none."
            ) from error
        except IngestionError:
            engine.dispose()
            raise
        return cls(engine)

    def seen_by(self, user: str) -> Records:
        """The same records, in which what is asked without a user is asked by this one."""
        other = copy.copy(self)
        other._user = user
        return other

    def create(self, title: str = "", user: str | None = None) -> dict[str, Any]:
        """Make an empty conversation and return it as `show` does."""
        key, now = secrets.token_hex(8), _now()
        with self._engine.begin() as connection:
            connection.execute(
                _conversations.insert().values(
                    id=key,
                    title=title,
                    folded=fold(title),
                    created_at=now,
                    updated_at=now,
                    user=user or self._user,
                )
            )
        return self.show(key, user)

    def list(self, search: str = "", user: str | None = None) -> list[dict[str, Any]]:
        """Conversations whose title or messages hold `search`, the last changed first."""
        count = sa.func.count(_messages.c.id).label("messages")
        query = (
            sa.select(*_shown_columns(), count)
            .select_from(_conversations.outerjoin(_messages))
            .where(_conversations.c.user == (user or self._user))
            .group_by(_conversations.c.id)
            .order_by(_conversations.c.updated_at.desc(), _conversations.c.id)
        )
        if wanted := fold(search.strip()):
            holding = sa.select(_messages.c.conversation).where(
                _messages.c.folded.contains(wanted, autoescape=True)
            )
            query = query.where(
                _conversations.c.folded.contains(wanted, autoescape=True) | _conversations.c.id.in_(holding)
            )
        with self._engine.connect() as connection:
            return [dict(row._mapping) for row in connection.execute(query)]

    def show(self, conversation: str, user: str | None = None) -> dict[str, Any]:
        """One conversation: `{id, title, created_at, updated_at, adapter, messages}`, oldest message first.

        Raises:
            RecordNotFoundError: `user` has no conversation with this id.
        """
        with self._engine.connect() as connection:
            row = connection.execute(
                sa.select(*_shown_columns()).where(*_owned(conversation, user or self._user))
            ).one_or_none()
            if row is None:
                raise _not_found(conversation)
            messages = connection.execute(
                sa.select(_messages).where(_messages.c.conversation == conversation).order_by(_messages.c.id)
            )
            return {**row._mapping, "messages": [_message_json(message._mapping) for message in messages]}

    def append_turn(
        self,
        conversation: str,
        question: str,
        answer: dict[str, Any],
        *,
        scope: dict[str, Any] | None = None,
        user: str | None = None,
    ) -> None:
        """Add a question and its answer (as `Answer.as_json`) in one transaction.

        A conversation without a title takes the question's beginning.

        Raises:
            RecordNotFoundError: `user` has no conversation with this id.
        """
        now = _now()
        scope_json = None if scope is None else json.dumps(scope, ensure_ascii=False)
        answer_json = json.dumps(answer, ensure_ascii=False)
        title = " ".join(question.split())[:_TITLE_LENGTH]
        untitled = _conversations.c.title == ""
        with self._engine.begin() as connection:
            touched = connection.execute(
                _conversations.update()
                .where(*_owned(conversation, user or self._user))
                .values(
                    updated_at=now,
                    title=sa.case((untitled, title), else_=_conversations.c.title),
                    folded=sa.case((untitled, fold(title)), else_=_conversations.c.folded),
                )
            )
            if touched.rowcount == 0:
                raise _not_found(conversation)
            for role, text, stored in (
                ("user", question, None),
                ("assistant", str(answer["answer"]), answer_json),
            ):
                connection.execute(
                    _messages.insert().values(
                        conversation=conversation, role=role, text=text, folded=fold(text),
                        answer_json=stored, scope_json=scope_json, at=now,
                    )
                )  # fmt: skip

    def rename(self, conversation: str, title: str, user: str | None = None) -> None:
        """Give a conversation another title.

        Raises:
            RecordNotFoundError: `user` has no conversation with this id.
        """
        self._change(
            conversation,
            _conversations.update()
            .where(*_owned(conversation, user or self._user))
            .values(title=title, folded=fold(title)),
        )

    def choose_adapter(self, conversation: str, adapter: str | None, user: str | None = None) -> None:
        """Let an adapter of this name (or "base") answer in a conversation; None: the published one.

        Raises:
            RecordNotFoundError: `user` has no conversation with this id.
        """
        self._change(
            conversation,
            _conversations.update().where(*_owned(conversation, user or self._user)).values(adapter=adapter),
        )

    def chosen_adapter(self, conversation: str, user: str | None = None) -> str | None:
        """What `choose_adapter` said last.

        Raises:
            RecordNotFoundError: `user` has no conversation with this id.
        """
        with self._engine.connect() as connection:
            row = connection.execute(
                sa.select(_conversations.c.adapter).where(*_owned(conversation, user or self._user))
            ).one_or_none()
        if row is None:
            raise _not_found(conversation)
        return None if row.adapter is None else str(row.adapter)

    def delete(self, conversation: str, user: str | None = None) -> None:
        """Remove a conversation with its messages.

        Raises:
            RecordNotFoundError: `user` has no conversation with this id.
        """
        self._change(conversation, _conversations.delete().where(*_owned(conversation, user or self._user)))

    def close(self) -> None:
        """Close the database's connections."""
        self._engine.dispose()

    def _change(self, conversation: str, statement: sa.Update | sa.Delete) -> None:
        with self._engine.begin() as connection:
            if connection.execute(statement).rowcount == 0:
                raise _not_found(conversation)


def fold(text: str) -> str:
    """The form in which texts are compared: NFKC and lower case."""
    return unicodedata.normalize("NFKC", text).lower()


def _prepare_connection(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    for pragma in ("journal_mode = WAL", "foreign_keys = ON", "synchronous = NORMAL"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _shown_columns() -> tuple[sa.Column[Any], ...]:
    table = _conversations.c
    return table.id, table.title, table.created_at, table.updated_at, table.adapter


def _owned(conversation: str, user: str) -> tuple[sa.ColumnElement[bool], ...]:
    return _conversations.c.id == conversation, _conversations.c.user == user


def _not_found(conversation: str) -> RecordNotFoundError:
    return RecordNotFoundError(f"there is no conversation {conversation!r}. It may have been deleted.")


def _message_json(row: Mapping[Any, Any]) -> dict[str, Any]:
    answer, scope = row["answer_json"], row["scope_json"]
    return {
        "id": row["id"], "role": row["role"], "text": row["text"], "at": row["at"],
        "answer": None if answer is None else json.loads(answer),
        "scope": None if scope is None else json.loads(scope),
    }  # fmt: skip


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
