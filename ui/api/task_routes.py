"""The address of the service for tasks beside questions."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from assistant.answers import Language
from assistant.task_prompts import Task
from ui.api.routes import Body, event_stream
from ui.operations import Json, Operations


class TaskBody(Body):
    """What `TaskOperations.perform` takes."""

    task: Task
    text: str = ""
    documents: tuple[str, ...] = ()
    to: str = ""
    columns: tuple[str, ...] = ()
    conversation: str | None = None
    scope: Json | None = None
    language: Language | None = None
    model: str | None = None


def task_routes(operations: Operations) -> APIRouter:
    """Summaries, comparisons, translations, drafts and tables."""
    routes = APIRouter()

    @routes.post("/tasks")
    async def perform(body: TaskBody) -> StreamingResponse:
        return event_stream(
            lambda gone: operations.perform(
                body.task, body.text, documents=body.documents, to=body.to, columns=body.columns,
                conversation=body.conversation, scope=body.scope, language=body.language, model=body.model,
                cancelled=gone,
            )
        )  # fmt: skip

    return routes
