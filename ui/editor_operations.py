"""The operations on confirmed answers and on what readers say of answers. Part of `ui.operations`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

Json = dict[str, Any]


class EditorOperations(Protocol):
    """Confirmed answers, feedback, and a claim beside its quote."""

    def verified(self) -> list[Json]:
        """Confirmed answers, the last confirmed first, each looked at anew.

        `[{id, question, also: [other wordings], answer, language, editor, created_at, confirmed_at, flag,
        flagged_at, citations: [{document, source, path, shown_as, title, start, end, quote,
        quote_sha256}]}]`.
        `flag` is None while the sources say what they said; else "changed", "removed", "quarantined",
        "damaged", or a state of `validity`. A flagged one is not offered.
        """
        ...

    def verified_answer(self, verified: str) -> Json:
        """One of them, as in `verified`.

        Raises:
            RecordNotFoundError: there is none with this id.
        """
        ...

    def add_verified(
        self,
        question: str,
        answer: str,
        citations: Sequence[Json],
        *,
        editor: str,
        also: Sequence[str] = (),
    ) -> Json:
        """Confirm `answer` to `question`; `citations` are `{document, start, end}`. As `verified_answer`.

        Raises:
            VerifiedAnswerError: something is missing, or a passage is not there.
        """
        ...

    def confirm_verified(self, verified: str, editor: str) -> Json:
        """Offer it again with its passages where they are now: as `verified_answer`.

        Raises:
            RecordNotFoundError: there is none with this id.
            VerifiedAnswerError: a quote is in no document any more.
        """
        ...

    def remove_verified(self, verified: str) -> Json:
        """`{done: True, id}`.

        Raises:
            RecordNotFoundError: there is none with this id.
        """
        ...

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
        """Say something of the answer `message` of a conversation, in place of what was said before.

        `rating` is "up" or "down", `reason` one of `assistant.feedback_rows.REASONS`: `{done: True}`.

        Raises:
            RecordNotFoundError: there is no such answer.
            UsageError: rating or reason are others.
        """
        ...

    def take_back_feedback(self, conversation: str, message: int) -> Json:
        """`{done: True}`.

        Raises:
            RecordNotFoundError: there is no such answer.
        """
        ...

    def feedback(self, *, rating: str | None = None, conversation: str | None = None) -> list[Json]:
        """What was said, oldest first.

        `[{id, conversation, message, rating, reason, comment, corrected, user, at, question, standalone,
        answer, abstained, claims, hits, model, adapter}]`, with quotes as `Operations.conversation` has them.
        """
        ...

    def compare(self, claim: str, quote: str) -> Json:
        """Both texts in parts: `{claim: [{text, kind}], quote: [{text, kind}]}`.

        `kind` is "", "same", "number_same", "number_differs" or "number_missing".
        """
        ...


def citations_to_confirm(claims: Sequence[Json]) -> list[Json]:
    """`[{document, start, end, quote}]` of an answer, for `add_verified`: what is gone grounds nothing."""
    return [
        {key: citation[key] for key in ("document", "start", "end", "quote")}
        for claim in claims for citation in claim["citations"] if citation.get("state") != "gone"
    ]  # fmt: skip
