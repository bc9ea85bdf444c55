"""The address of the service for tasks beside questions."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from ui.api.routes import event_stream
from ui.operations import Operations
from ui.task_operations import TaskOrder


def task_routes(operations: Operations) -> APIRouter:
    """Summaries, comparisons, translations, drafts and tables."""
    routes = APIRouter()

    @routes.post("/tasks")
    async def perform(order: TaskOrder) -> StreamingResponse:
        return event_stream(lambda gone: operations.perform(order, cancelled=gone))

    return routes
