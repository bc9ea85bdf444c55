"""Questions as the rows hold them, and conversations that hold such questions, all planted."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from assistant.monitoring.asked_rows import Asked
from assistant.records import Records

Json = dict[str, Any]
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def make_asked(number: int = 1, *, at: datetime = NOON, **more: Any) -> Asked:
    """An answered question, unless `more` says otherwise."""
    given = {
        "conversation": "c", "user": "local", "question": f"Question {number}?",
        "standalone": f"Question {number}?", "outcome": "answered", "model": "m", "adapter": None,
        "first_token_ms": 1000.0, "total_ms": 2000.0, "verdicts": {}, "documents": (), "rating": "",
        "reason": "",
    }  # fmt: skip
    return Asked(message=number, at=at, **{**given, **more})


def make_answer(question: str, **more: Any) -> Json:
    """An answer as `Answer.as_json` gives it, as far as monitoring reads it."""
    return {
        "answer": f"Answer to {question}", "abstained": False, "claims": [], "hits": [], "model": "m",
        "adapter": None, "question": question, "draft": "", "stopped": False, "verified": None,
        "timings": {"retrieve_ms": 1.0, "first_token_ms": 1000.0, "total_ms": 2000.0, "tokens": 3}, **more,
    }  # fmt: skip


def make_claim(verdict: str, *documents: str) -> Json:
    """A claim that cites `documents`."""
    return {
        "text": "…", "verdict": verdict, "score": 1.0, "start": 0, "end": 1, "reasons": [],
        "citations": [make_place(document) | {"quote": "…", "number": 1} for document in documents],
    }  # fmt: skip


def make_place(document: str) -> Json:
    """A hit of `document`, in the folder that its name begins with ("hr-1" lies in hr)."""
    return {
        "document": document, "source": "/srv", "path": f"{document.split('-')[0]}/{document}.txt",
        "title": f"Title of {document}", "text": "…", "start": 0, "end": 1, "page": None, "locator": None,
        "heading_path": [],
    }  # fmt: skip


def opened(folder: Path) -> Records:
    return Records.open(folder / "records.db")


def keep(
    records: Records, question: str, answer: Json, at: datetime, *, conversation: str | None = None,
    user: str = "local",
) -> tuple[str, int]:  # fmt: skip
    """Store a turn as if it had been asked at `at`: its conversation and the id of its answer."""
    key = conversation or records.create(user=user)["id"]
    records.append_turn(key, question, answer, user=user)
    stamp = at.astimezone(UTC).isoformat(timespec="milliseconds")
    with records.engine.begin() as connection:
        message = connection.execute(sa.text("SELECT max(id) FROM messages")).scalar_one()
        connection.execute(
            sa.text("UPDATE messages SET at = :at WHERE id IN (:one, :other)"),
            {"at": stamp, "one": message, "other": message - 1},
        )
        connection.execute(
            sa.text(
                "UPDATE conversations SET updated_at = "
                "(SELECT max(at) FROM messages WHERE conversation = :key) WHERE id = :key"
            ),
            {"key": key},
        )
    return key, int(message)
