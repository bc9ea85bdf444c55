"""The address of the service for the report on use."""

from __future__ import annotations

from fastapi import APIRouter

from ui.api.routes import Reply
from ui.operations import Operations


def monitoring_routes(operations: Operations) -> APIRouter:
    """How the workspace is used."""
    routes = APIRouter()

    @routes.get("/monitoring")
    def monitoring(days: int = 30, user: str | None = None) -> Reply:
        return operations.monitoring(days=days, user=user)

    return routes
