"""/health, /ready and /metrics: what watches the service asks for these, mostly without the token."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from assistant.errors import AdapterError
from ui.api.guard import is_trusted
from ui.api.metrics import CONTENT_TYPE, Measures
from ui.local import LocalOperations
from ui.operations import Json
from ui.readiness import generations, readiness


@dataclass(frozen=True, slots=True)
class Probes:
    """What the addresses tell: `ready` as `ui.readiness.readiness`, `metrics` the text of /metrics."""

    ready: Callable[[], Json] = lambda: {"ready": True, "reasons": []}
    metrics: Callable[[], bytes] = lambda: b""


def probes_of(operations: LocalOperations, measures: Measures) -> Probes:
    """The probes of a service."""

    def ready() -> Json:
        job = operations.job()
        return readiness(operations.resources, busy=job is not None and job["state"] == "running")

    def metrics() -> bytes:
        settings = operations.resources.settings
        about = {
            "version": version("konkyo"), "embedder": settings.models.embedder,
            "chat": settings.server.model or settings.models.chat,
            "adapter": _published(operations),
        }  # fmt: skip
        open_now = operations.resources.loaded[1]
        return measures.page(
            waiting=operations.waiting, ready=ready()["ready"], about=about,
            documents=operations.status()["documents"] if open_now else 0,
            generations=generations(operations.resources),
        )  # fmt: skip

    return Probes(ready, metrics)


def _published(operations: LocalOperations) -> str:
    """The adapter that answers; "" for the base model, and where that cannot be told, which doctor tells."""
    try:
        return operations.resources.adapters.folder.publication().current or ""
    except AdapterError:
        return ""


def probe_routes(probes: Probes, *, workspace: str) -> APIRouter:
    """The three addresses. Who has no token learns a status and nothing else."""
    router = APIRouter()

    @router.get("/health")
    async def health(request: Request) -> Json:
        # Not in a thread: all of them may be busy, and clients wait for this one.
        if not is_trusted(request.scope):
            return {"ok": True}
        return {"ok": True, "workspace": workspace, "version": version("konkyo"), "pid": os.getpid()}

    @router.get("/ready")
    def ready(request: Request) -> JSONResponse:
        found = probes.ready()
        shown = found if is_trusted(request.scope) else {"ready": found["ready"]}
        return JSONResponse(shown, 200 if found["ready"] else 503)

    @router.get("/metrics")
    def metrics() -> Response:
        return Response(probes.metrics(), media_type=CONTENT_TYPE)

    return router
