"""The operations of `ui.editor_operations` done in this process. Part of `ui.local.LocalOperations`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from assistant.errors import RecordNotFoundError, VerifiedAnswerError
from assistant.feedback_rows import RATINGS, REASONS
from ui.editor_operations import Json
from ui.errors import UsageError
from ui.resources import Resources
from ui.shown_as import ShownAs

if TYPE_CHECKING:
    from assistant.verified_rows import VerifiedRow
    from ui.asking import Asking

_QUOTING = ("answer", "claims", "hits")
"""What holds words of documents in what readers said of an answer."""


class LocalEditor:
    """Implements `ui.editor_operations.EditorOperations` for a class that has what is declared here."""

    resources: Resources
    _asking: Asking
    _shown_as: ShownAs

    def verified(self) -> list[Json]:
        """See `EditorOperations.verified`."""
        return [self._verified_json(row) for row in self.resources.verified.all() if self._may_see(row)]

    def verified_answer(self, verified: str) -> Json:
        """See `EditorOperations.verified_answer`."""
        return self._verified_json(self._seen(verified))

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
        from assistant.verified import Quoted

        try:
            quoted = [Quoted(str(one["document"]), int(one["start"]), int(one["end"])) for one in citations]
        except (KeyError, TypeError, ValueError) as error:
            raise UsageError(
                "the citations are not understood: each needs document, start and end."
            ) from error
        limited = self.resources.user.groups is not None  # the answers look for quotes everywhere
        for one in quoted:
            if limited and self.resources.library.document(one.document) is None:
                raise VerifiedAnswerError(
                    f"there is no document {one.document!r}. See: konkyo documents list"
                )
        return self._verified_json(
            self.resources.verified.add(question, answer, quoted, editor=editor, also=also)
        )

    def confirm_verified(self, verified: str, editor: str) -> Json:
        """See `EditorOperations.confirm_verified`."""
        self._seen(verified)
        return self._verified_json(self.resources.verified.confirm(verified, editor))

    def remove_verified(self, verified: str) -> Json:
        """See `EditorOperations.remove_verified`."""
        self._seen(verified)
        self.resources.verified.remove(verified)
        return {"done": True, "id": verified}

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
        if rating not in RATINGS:
            raise UsageError(f"{rating!r} is no rating. Choose one of {', '.join(RATINGS)}.")
        if reason not in REASONS:
            raise UsageError(f"{reason!r} is no reason. Choose one of {', '.join(filter(None, REASONS))}.")
        self.resources.feedback.give(
            conversation, message, rating=rating, reason=reason,
            comment=comment.strip(), corrected=corrected.strip(),
        )  # fmt: skip
        return {"done": True}

    def take_back_feedback(self, conversation: str, message: int) -> Json:
        """See `EditorOperations.take_back_feedback`."""
        self.resources.feedback.take_back(conversation, message)
        return {"done": True}

    def feedback(self, *, rating: str | None = None, conversation: str | None = None) -> list[Json]:
        """See `EditorOperations.feedback`."""
        said = self.resources.feedback.all(rating=rating, conversation=conversation)
        stored = [{"text": one["answer"], "answer": {**one, "question": one["standalone"]}} for one in said]
        shown = [message["answer"] for message in self.resources.requoter.messages(stored)]
        for answer in shown:
            self._asking.place(answer)
        return [{**one, **{key: now[key] for key in _QUOTING}} for one, now in zip(said, shown, strict=True)]

    def compare(self, claim: str, quote: str) -> Json:
        """See `EditorOperations.compare`."""
        from assistant.grounding.comparing import comparing

        return comparing(claim, quote).as_json()

    def _properties(self, document: str) -> dict[str, str]:
        """Facts from the head of a document's file, for those who look for its author."""
        stored = self.resources.library.document(document)
        return stored.document.properties if stored else {}

    def _may_see(self, row: VerifiedRow) -> bool:
        """Whether the user may read all that a confirmed answer stands on."""
        readable = self.resources.library.readable_documents()
        return readable is None or all(quote.document in readable for quote in row.quotes)

    def _seen(self, verified: str) -> VerifiedRow:
        """The confirmed answer with this id.

        Raises:
            RecordNotFoundError: there is none that the user may see.
        """
        row = self.resources.verified.show(verified)
        if not self._may_see(row):
            raise RecordNotFoundError(f"there is no verified answer {verified!r}. See: konkyo verified list")
        return row

    def _verified_json(self, row: VerifiedRow) -> Json:
        return {
            "id": row.id, "question": row.question, "also": list(row.also), "answer": row.answer,
            "language": row.language, "editor": row.editor, "created_at": row.created_at,
            "confirmed_at": row.confirmed_at, "flag": row.flag, "flagged_at": row.flagged_at,
            "citations": [
                {"document": one.document, "source": one.source, "path": one.path,
                 "shown_as": self._shown_as(one.source, one.path), "title": one.title, "start": one.start,
                 "end": one.end, "quote": one.quote, "quote_sha256": one.sha256}
                for one in row.quotes
            ],
        }  # fmt: skip
