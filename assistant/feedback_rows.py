"""What readers say of answers: thumbs, a reason, a better answer. Rows of records.db, one an answer.

The answer itself, its hits and its model stay with the conversation's message; what is said of it goes with
the conversation when that is deleted.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, Literal, get_args

import sqlalchemy as sa

from assistant.errors import RecordNotFoundError
from assistant.record_tables import conversations as _conversations
from assistant.record_tables import feedback as _feedback
from assistant.record_tables import messages as _messages
from assistant.record_tables import question_of_message
from ingestion.documents import LOCAL_USER

Rating = Literal["up", "down"]
Reason = Literal[
    "", "wrong", "incomplete", "unproven", "wrong_passage", "outdated", "should_answer", "unclear", "other"
]
RATINGS: tuple[Rating, ...] = get_args(Rating)
REASONS: tuple[Reason, ...] = get_args(Reason)


class FeedbackRows:
    """The feedback of one workspace; usable from several threads."""

    def __init__(self, engine: sa.Engine, user: str = LOCAL_USER.name, *, own_only: bool = False) -> None:
        """`user` says it; with `own_only` nothing of others is told."""
        self._engine = engine
        self._user = user
        self._own_only = own_only

    def give(
        self,
        conversation: str,
        message: int,
        *,
        rating: Rating,
        reason: Reason = "",
        comment: str = "",
        corrected: str = "",
        user: str | None = None,
    ) -> None:
        """Say something of the answer `message`, in place of what was said of it before.

        Raises:
            RecordNotFoundError: `user` has no such answer in this conversation.
        """
        values = {"rating": rating, "reason": reason, "comment": comment, "corrected": corrected,
                  "user": user or self._user, "at": _now()}  # fmt: skip
        with self._engine.begin() as connection:
            self._require(connection, conversation, message, user or self._user)
            changed = connection.execute(
                _feedback.update().where(_feedback.c.message == message).values(**values)
            )
            if changed.rowcount == 0:
                connection.execute(_feedback.insert().values(message=message, **values))

    def take_back(self, conversation: str, message: int, *, user: str | None = None) -> None:
        """Forget what was said of the answer `message`.

        Raises:
            RecordNotFoundError: `user` has no such answer in this conversation.
        """
        with self._engine.begin() as connection:
            self._require(connection, conversation, message, user or self._user)
            connection.execute(_feedback.delete().where(_feedback.c.message == message))

    def all(self, *, rating: str | None = None, conversation: str | None = None) -> list[dict[str, Any]]:
        """Everything that was said, oldest first, with question, answer, hits and model."""
        columns = (_messages.c.conversation, _messages.c.answer_json, question_of_message().label("question"))
        query = sa.select(_feedback, *columns).join(_messages).order_by(_feedback.c.at, _feedback.c.id)
        if self._own_only:
            query = query.where(_feedback.c.user == self._user)
        if rating is not None:
            query = query.where(_feedback.c.rating == rating)
        if conversation is not None:
            query = query.where(_messages.c.conversation == conversation)
        with self._engine.connect() as connection:
            return [_row_json(row) for row in connection.execute(query)]

    def _require(self, connection: sa.Connection, conversation: str, message: int, user: str) -> None:
        found = connection.execute(
            sa.select(_messages.c.id)
            .join(_conversations)
            .where(
                _messages.c.id == message,
                _messages.c.conversation == conversation,
                _messages.c.role == "assistant",
                _conversations.c.user == user,
            )
        ).first()
        if found is None:
            raise RecordNotFoundError(f"conversation {conversation!r} has no answer {message}.")


def _row_json(row: Any) -> dict[str, Any]:
    answer = json.loads(row.answer_json) if row.answer_json else {}
    return {
        "id": row.id, "conversation": row.conversation, "message": row.message, "rating": row.rating,
        "reason": row.reason, "comment": row.comment, "corrected": row.corrected, "user": row.user,
        "at": row.at, "question": row.question or "", "standalone": answer.get("question") or "",
        "answer": answer.get("answer", ""), "abstained": bool(answer.get("abstained")),
        "claims": answer.get("claims", []), "hits": answer.get("hits", []),
        "model": answer.get("model", ""), "adapter": answer.get("adapter"),
    }  # fmt: skip


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
