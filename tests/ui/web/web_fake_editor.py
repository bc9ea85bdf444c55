"""The part of `FakeOperations` that keeps confirmed answers and what readers say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from assistant.errors import RecordNotFoundError, VerifiedAnswerError

Json = dict[str, Any]


class FakeEditor:
    """`said` is the feedback by message, `kept` the confirmed answers by id."""

    def __init__(self) -> None:
        self.said: dict[Any, Json] = {}
        self.kept: dict[str, Json] = {}

    def verified(self) -> list[Json]:
        return list(self.kept.values())

    def verified_answer(self, verified: str) -> Json:
        if verified not in self.kept:
            raise RecordNotFoundError(f"there is no verified answer {verified!r}.")
        return self.kept[verified]

    def add_verified(
        self, question: str, answer: str, citations: Sequence[Json], *, editor: str, also: Sequence[str] = ()
    ) -> Json:
        if not editor.strip():
            raise VerifiedAnswerError("a verified answer needs its editor.")
        key = f"v{len(self.kept) + 1}"
        self.kept[key] = {
            "id": key, "question": question, "also": list(also), "answer": answer, "language": "ja",
            "editor": editor, "created_at": "2026-11-20T01:00:00+00:00",
            "confirmed_at": "2026-11-20T01:00:00+00:00", "flag": None, "flagged_at": None,
            "citations": [self._cited(**citation) for citation in citations],
        }  # fmt: skip
        return self.kept[key]

    def _cited(self, document: str, start: int, end: int, **_: Any) -> Json:
        found = self.document(document)  # type: ignore[attr-defined]
        place = found["locations"][0]
        return {
            "document": document, "source": place["source"], "path": place["path"], "title": found["title"],
            "shown_as": place["shown_as"], "start": start, "end": end, "quote": found["text"][start:end],
            "quote_sha256": "",
        }  # fmt: skip

    def confirm_verified(self, verified: str, editor: str) -> Json:
        found = self.verified_answer(verified)
        found |= {"flag": None, "flagged_at": None, "editor": editor}
        return found

    def remove_verified(self, verified: str) -> Json:
        self.verified_answer(verified)
        del self.kept[verified]
        return {"done": True, "id": verified}

    def give_feedback(
        self, conversation: str, message: Any, *, rating: str, reason: str = "", comment: str = "",
        corrected: str = "",
    ) -> Json:  # fmt: skip
        self.said[message] = {
            "conversation": conversation, "message": message, "rating": rating, "reason": reason,
            "comment": comment, "corrected": corrected,
        }  # fmt: skip
        return {"done": True}

    def take_back_feedback(self, conversation: str, message: Any) -> Json:
        self.said.pop(message, None)
        return {"done": True}

    def feedback(self, *, rating: str | None = None, conversation: str | None = None) -> list[Json]:
        return [item for item in self.said.values() if conversation in (None, item["conversation"])]

    def compare(self, claim: str, quote: str) -> Json:
        raise AssertionError("the page does not ask for this")
