"""Questions of a time with what became of them, read from records.db. Deleted conversations are not there.

Knows no days and no shares: `counting.py` and `drift.py` do. What was asked outside of a conversation is not
kept anywhere, so it is not counted.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, get_args

import sqlalchemy as sa

from assistant.record_tables import conversations as _conversations
from assistant.record_tables import feedback as _feedback
from assistant.record_tables import messages as _messages
from assistant.record_tables import question_of_message
from assistant.record_tables import tuning_examples as _examples

Outcome = Literal["answered", "verified", "abstained", "stopped", "task"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)

_CLOSEST = 3  # documents that stand for a question without an answer, as the answer itself names them


@dataclass(frozen=True, slots=True)
class Asked:
    """One question and what became of it.

    `outcome`: "answered", "verified" (an editor's answer), "abstained", "stopped" by the reader, or "task" (a
    summary, a translation and the like, which is no question). `documents` are the ids that the answer cites,
    the most cited first, or the closest ones when it abstained. Times are milliseconds; `first_token_ms` is
    None when the model wrote nothing. `rating` is "up", "down" or "".
    """

    message: int
    conversation: str
    user: str
    at: datetime
    question: str
    standalone: str
    outcome: Outcome
    model: str
    adapter: str | None
    first_token_ms: float | None
    total_ms: float
    verdicts: Mapping[str, int]
    documents: tuple[str, ...]
    rating: str
    reason: str

    @property
    def written(self) -> bool:
        """Whether the model wrote an answer to its end, even one that was withheld then."""
        return self.outcome in ("answered", "abstained") and self.first_token_ms is not None


@dataclass(frozen=True, slots=True)
class Said:
    """A thumb for an answer: `question` as it was searched, `corrected` a better answer or ""."""

    at: datetime
    rating: str
    question: str
    answer: str
    abstained: bool
    corrected: str


class AskedRows:
    """The questions of one workspace; usable from several threads."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def between(self, since: datetime, until: datetime, *, user: str | None = None) -> list[Asked]:
        """Questions answered in [since, until), oldest first; of one `user`, or of all."""
        first, last = _stored(since), _stored(until)
        answer, said = _messages.c, (_feedback.c.rating, _feedback.c.reason)
        columns = (answer.id, answer.conversation, answer.at, answer.answer_json, _conversations.c.user)
        query = (
            sa.select(*columns, question_of_message().label("question"), *said)
            .select_from(_messages.join(_conversations).outerjoin(_feedback))
            .where(
                # Says no more than the line below, and spares reading the long rows of older conversations.
                _conversations.c.updated_at >= first,
                _messages.c.at >= first,
                _messages.c.at < last,
                _messages.c.role == "assistant",
                _messages.c.answer_json.is_not(None),
            )
            .order_by(_messages.c.at, _messages.c.id)
        )
        if user is not None:
            query = query.where(_conversations.c.user == user)
        with self._engine.connect() as connection:
            return [_asked(row) for row in connection.execution_options(yield_per=100).execute(query)]

    def answers(self, messages: Collection[int]) -> dict[int, dict[str, Any]]:
        """The whole stored answers of these messages, by id; those that have gone are left out."""
        query = sa.select(_messages.c.id, _messages.c.answer_json).where(_messages.c.id.in_(list(messages)))
        with self._engine.connect() as connection:
            return {row.id: json.loads(row.answer_json) for row in connection.execute(query)}

    def said_since(self, since: datetime | None, *, user: str | None = None) -> Iterator[Said]:
        """What readers said after `since` (None: ever), oldest first."""
        query = (
            sa.select(
                _feedback.c.at, _feedback.c.rating, _feedback.c.corrected, _messages.c.answer_json,
                question_of_message().label("question"),
            )
            .select_from(_feedback.join(_messages).join(_conversations))
            .order_by(_feedback.c.at, _feedback.c.id)
        )  # fmt: skip
        if since is not None:
            query = query.where(_feedback.c.at > _stored(since))
        if user is not None:
            query = query.where(_conversations.c.user == user)
        with self._engine.connect() as connection:
            for row in connection.execution_options(yield_per=100).execute(query):
                answer = json.loads(row.answer_json) if row.answer_json else {}
                yield Said(
                    datetime.fromisoformat(row.at), row.rating,
                    answer.get("question") or row.question or "", str(answer.get("answer", "")),
                    bool(answer.get("abstained")), row.corrected,
                )  # fmt: skip

    def reviewed_since(self, since: datetime | None) -> int:
        """How many examples made of feedback people accepted, as they were or edited, after `since`."""
        query = sa.select(sa.func.count()).where(
            _examples.c.origin == "feedback", _examples.c.status.in_(("accepted", "edited"))
        )
        if since is not None:
            query = query.where(_examples.c.changed_at > _stored(since))
        with self._engine.connect() as connection:
            return int(connection.execute(query).scalar_one())


def _stored(at: datetime) -> str:
    """A time as the tables have it, so that texts compare as times do."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds")


def _asked(row: Any) -> Asked:
    answer = json.loads(row.answer_json)
    timings = answer.get("timings") or {}
    outcome = _outcome(answer)
    claims = answer.get("claims", [])
    return Asked(
        message=row.id, conversation=row.conversation, user=row.user, at=datetime.fromisoformat(row.at),
        question=row.question or "", standalone=answer.get("question") or row.question or "", outcome=outcome,
        model=answer.get("model") or "", adapter=answer.get("adapter"),
        first_token_ms=timings.get("first_token_ms"), total_ms=float(timings.get("total_ms") or 0.0),
        verdicts=Counter(claim["verdict"] for claim in claims), documents=_documents(answer, outcome),
        rating=row.rating or "", reason=row.reason or "",
    )  # fmt: skip


def _outcome(answer: Mapping[str, Any]) -> Outcome:
    if answer.get("task"):
        return "task"
    if answer.get("stopped"):
        return "stopped"
    if answer.get("abstained"):
        return "abstained"
    return "verified" if answer.get("verified") else "answered"


def _documents(answer: Mapping[str, Any], outcome: Outcome) -> tuple[str, ...]:
    if outcome == "abstained":
        return tuple(dict.fromkeys(hit["document"] for hit in answer.get("hits", [])))[:_CLOSEST]
    cited = Counter(one["document"] for claim in answer.get("claims", []) for one in claim["citations"])
    return tuple(document for document, _ in cited.most_common())  # ties keep the order of the text
