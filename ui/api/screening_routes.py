"""The addresses of the service for what screening found."""

from __future__ import annotations

from fastapi import APIRouter

from ui.api.routes import Body, Reply
from ui.operations import Operations


class ReleaseBody(Body):
    """What `ScreeningOperations.release` takes."""

    reason: str


def screening_routes(operations: Operations) -> APIRouter:
    """Findings, and releases from quarantine."""
    routes = APIRouter()

    @routes.get("/screening")
    def screening() -> Reply:
        return operations.screening()

    @routes.get("/documents/{document}/findings")
    def findings(document: str) -> Reply:
        return operations.findings(document)

    @routes.post("/documents/{document}/release")
    def release(document: str, body: ReleaseBody) -> Reply:
        return operations.release(document, body.reason)

    @routes.delete("/documents/{document}/release")
    def withdraw_release(document: str) -> Reply:
        return operations.withdraw_release(document)

    return routes
