"""The operations of `ui.editor_operations` asked of a service. Part of `ui.api.client.ServiceClient`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, cast
from urllib.parse import quote

from ui.editor_operations import Json


class EditorCalls(ABC):
    """Implements `ui.editor_operations.EditorOperations` for a class that sends requests."""

    def verified(self) -> list[Json]:
        """See `EditorOperations.verified`."""
        return cast(list[Json], self._json("GET", "/verified"))

    def verified_answer(self, verified: str) -> Json:
        """See `EditorOperations.verified_answer`."""
        return cast(Json, self._json("GET", _verified(verified)))

    def add_verified(
        self,
        question: str,
        answer: str,
        citations: Sequence[Json],
        *,
        editor: str,
        also: Sequence[str] = (),
    ) -> Json:
        """See `EditorOperations.add_verified`."""
        body = {
            "question": question, "answer": answer, "citations": list(citations), "editor": editor,
            "also": list(also),
        }  # fmt: skip
        return cast(Json, self._json("POST", "/verified", json=body))

    def confirm_verified(self, verified: str, editor: str) -> Json:
        """See `EditorOperations.confirm_verified`."""
        return cast(Json, self._json("POST", f"{_verified(verified)}/confirm", json={"editor": editor}))

    def remove_verified(self, verified: str) -> Json:
        """See `EditorOperations.remove_verified`."""
        return cast(Json, self._json("DELETE", _verified(verified)))

    def give_feedback(
        self,
        conversation: str,
        message: int,
        *,
        rating: str,
        reason: str = "",
        comment: str = "",
        corrected: str = "",
    ) -> Json:
        """See `EditorOperations.give_feedback`."""
        body = {
            "conversation": conversation, "message": message, "rating": rating, "reason": reason,
            "comment": comment, "corrected": corrected,
        }  # fmt: skip
        return cast(Json, self._json("POST", "/feedback", json=body))

    def take_back_feedback(self, conversation: str, message: int) -> Json:
        """See `EditorOperations.take_back_feedback`."""
        params = {"conversation": conversation, "message": message}
        return cast(Json, self._json("DELETE", "/feedback", params=params))

    def feedback(self, *, rating: str | None = None, conversation: str | None = None) -> list[Json]:
        """See `EditorOperations.feedback`."""
        wanted = {"rating": rating, "conversation": conversation}
        params = {name: value for name, value in wanted.items() if value is not None}
        return cast(list[Json], self._json("GET", "/feedback", params=params))

    def compare(self, claim: str, quote: str) -> Json:
        """See `EditorOperations.compare`."""
        return cast(Json, self._json("POST", "/compare", json={"claim": claim, "quote": quote}))

    @abstractmethod
    def _json(self, method: str, url: str, **arguments: Any) -> Any: ...


def _verified(verified: str) -> str:
    return f"/verified/{quote(verified, safe='')}"
