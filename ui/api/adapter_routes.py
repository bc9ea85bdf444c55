"""The addresses of the service for tuned adapters."""

from __future__ import annotations

from fastapi import APIRouter

from ui.api.routes import Body, Reply
from ui.operations import Operations


class PublishBody(Body):
    """What `AdapterOperations.publish_adapter` takes besides the name."""

    by: str
    trial: float | None = None
    force: bool = False
    reason: str = ""


class RollbackBody(Body):
    """What `AdapterOperations.roll_back_adapter` takes."""

    by: str
    to: str | None = None
    reason: str = ""


class ChoiceBody(Body):
    """What `AdapterOperations.choose_adapter` takes besides the conversation."""

    adapter: str | None


def adapter_routes(operations: Operations) -> APIRouter:
    """Adapters, what is published, the trial, and the choice of a conversation."""
    routes = APIRouter()

    @routes.get("/adapters")
    def adapters() -> Reply:
        return operations.adapters()

    @routes.get("/adapters/{adapter}")
    def adapter(adapter: str) -> Reply:
        return operations.adapter(adapter)

    @routes.delete("/adapters/{adapter}")
    def remove_adapter(adapter: str) -> Reply:
        return operations.remove_adapter(adapter)

    @routes.post("/adapters/{adapter}/publish")
    def publish_adapter(adapter: str, body: PublishBody) -> Reply:
        return operations.publish_adapter(
            adapter, by=body.by, trial=body.trial, force=body.force, reason=body.reason
        )

    @routes.get("/publication")
    def publication() -> Reply:
        return operations.publication()

    @routes.post("/publication/rollback")
    def roll_back_adapter(body: RollbackBody) -> Reply:
        return operations.roll_back_adapter(by=body.by, to=body.to, reason=body.reason)

    @routes.get("/publication/trial")
    def adapter_trial() -> Reply:
        return operations.adapter_trial()

    @routes.put("/conversations/{conversation}/adapter")
    def choose_adapter(conversation: str, body: ChoiceBody) -> Reply:
        return operations.choose_adapter(conversation, body.adapter)

    return routes
