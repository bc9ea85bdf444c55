"""The addresses of the service for the audit log."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from ui.api.routes import Body, Reply, event_stream
from ui.operations import Operations


class AuditExportBody(Body):
    """What `AuditOperations.audit_export` takes."""

    form: str = "jsonl"
    user: str | None = None
    kind: str | None = None
    since: str | None = None
    until: str | None = None


class AuditEraseBody(Body):
    """What `AuditOperations.audit_erase` takes."""

    by: str
    reason: str
    user: str | None = None
    before: str | None = None
    row: int | None = None


def audit_routes(operations: Operations) -> APIRouter:
    """The audit log: whole or not, its rows, a file of them, erasure."""
    routes = APIRouter(prefix="/audit")

    @routes.get("")
    def audit_list(
        user: str | None = None,
        kind: str | None = None,
        since: str | None = None,
        until: str | None = None,
        words: str = "",
        limit: Annotated[int, Query(ge=1, le=1000)] = 50,
        below: int | None = None,
    ) -> Reply:
        return operations.audit_list(
            user=user, kind=kind, since=since, until=until, words=words, limit=limit, below=below
        )

    @routes.get("/verify")
    def audit_verify(anchor: str | None = None) -> Reply:
        return operations.audit_verify(anchor=anchor)

    @routes.get("/replay")
    def audit_replay(row: int) -> Reply:
        return operations.audit_replay(row)

    @routes.post("/export")
    async def audit_export(body: AuditExportBody) -> StreamingResponse:
        return event_stream(lambda _gone: operations.audit_export(**dict(body)))

    @routes.post("/erase")
    def audit_erase(body: AuditEraseBody) -> Reply:
        return operations.audit_erase(**dict(body))

    return routes
