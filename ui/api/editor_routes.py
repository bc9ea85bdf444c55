"""The addresses of the service for confirmed answers, feedback and comparisons."""

from __future__ import annotations

from fastapi import APIRouter

from ui.api.routes import Body, Reply
from ui.operations import Json, Operations


class VerifiedBody(Body):
    """What `EditorOperations.add_verified` takes."""

    question: str
    answer: str
    citations: tuple[Json, ...]
    editor: str
    also: tuple[str, ...] = ()


class EditorBody(Body):
    """What `EditorOperations.confirm_verified` takes besides the id."""

    editor: str


class FeedbackBody(Body):
    """What `EditorOperations.give_feedback` takes."""

    conversation: str
    message: int
    rating: str
    reason: str = ""
    comment: str = ""
    corrected: str = ""


class CompareBody(Body):
    """What `EditorOperations.compare` takes."""

    claim: str
    quote: str


def editor_routes(operations: Operations) -> APIRouter:
    """Confirmed answers and what readers say of answers."""
    routes = APIRouter()

    @routes.get("/verified")
    def verified() -> Reply:
        return operations.verified()

    @routes.post("/verified")
    def add_verified(body: VerifiedBody) -> Reply:
        return operations.add_verified(
            body.question, body.answer, list(body.citations), editor=body.editor, also=list(body.also)
        )

    @routes.get("/verified/{verified}")
    def verified_answer(verified: str) -> Reply:
        return operations.verified_answer(verified)

    @routes.post("/verified/{verified}/confirm")
    def confirm_verified(verified: str, body: EditorBody) -> Reply:
        return operations.confirm_verified(verified, body.editor)

    @routes.delete("/verified/{verified}")
    def remove_verified(verified: str) -> Reply:
        return operations.remove_verified(verified)

    @routes.get("/feedback")
    def feedback(rating: str | None = None, conversation: str | None = None) -> Reply:
        return operations.feedback(rating=rating, conversation=conversation)

    @routes.post("/feedback")
    def give_feedback(body: FeedbackBody) -> Reply:
        return operations.give_feedback(
            body.conversation, body.message, rating=body.rating, reason=body.reason, comment=body.comment,
            corrected=body.corrected,
        )  # fmt: skip

    @routes.delete("/feedback")
    def take_back_feedback(conversation: str, message: int) -> Reply:
        return operations.take_back_feedback(conversation, message)

    @routes.post("/compare")
    def compare(body: CompareBody) -> Reply:
        return operations.compare(body.claim, body.quote)

    return routes
