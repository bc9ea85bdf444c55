"""What became of the answers that each adapter gave. Reads records.db and writes nothing.

Answers that were stopped, that an editor had written, or of conversations with a choice of their own say
nothing of a trial and are left out.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa

from assistant.record_tables import conversations as _conversations
from assistant.record_tables import feedback as _feedback
from assistant.record_tables import messages as _messages

_WITHOUT_GROUND = ("unsupported", "contradicted")


@dataclass(frozen=True, slots=True)
class AnswerOutcome:
    """One answer: who gave it, and what became of it. `rating` is "up", "down" or ""."""

    adapter: str | None
    conversation: str
    abstained: bool
    unsupported: bool
    rating: str


def outcomes(engine: sa.Engine, since: str, until: str | None = None) -> Iterator[AnswerOutcome]:
    """The answers given in [since, until), which are ISO 8601 in UTC."""
    query = (
        sa.select(_messages.c.conversation, _messages.c.answer_json, _feedback.c.rating)
        .join(_conversations, _conversations.c.id == _messages.c.conversation)
        .outerjoin(_feedback, _feedback.c.message == _messages.c.id)
        .where(
            _messages.c.answer_json.is_not(None), _messages.c.at >= since, _conversations.c.adapter.is_(None)
        )
        .order_by(_messages.c.id)
    )
    if until is not None:
        query = query.where(_messages.c.at < until)
    with engine.connect() as connection:
        for conversation, stored, rating in connection.execute(query):
            answer = json.loads(stored)
            if answer.get("stopped") or answer.get("verified"):
                continue
            verdicts = {claim["verdict"] for claim in answer.get("claims", ())}
            yield AnswerOutcome(
                answer.get("adapter"), conversation, bool(answer.get("abstained")),
                bool(verdicts & set(_WITHOUT_GROUND)), rating or "",
            )  # fmt: skip
