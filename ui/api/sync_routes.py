"""The addresses of the service for sources and failed files."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from ui.api.routes import Body, Reply, event_stream
from ui.operations import Operations


class SyncBody(Body):
    """What `SyncOperations.sync` takes."""

    source: str | None = None
    allow_empty: bool = False


class ForgetBody(Body):
    """What `SyncOperations.forget_source` takes."""

    source: str
    allow_empty: bool = False


class PreviewBody(Body):
    """What `SyncOperations.preview` takes."""

    source: str | None = None


class FileBody(Body):
    """A file that failed."""

    source: str
    path: str


class RetryBody(Body):
    """What `SyncOperations.retry_failures` takes."""

    files: tuple[FileBody, ...] = ()


class IgnoreBody(FileBody):
    """What `SyncOperations.ignore_failure` takes."""

    ignored: bool = True


def sync_routes(operations: Operations) -> APIRouter:
    """Sources, their synchronisation, and failures."""
    routes = APIRouter()

    @routes.get("/syncs")
    def syncs() -> Reply:
        return operations.syncs()

    @routes.post("/syncs")
    async def sync(body: SyncBody) -> StreamingResponse:
        return event_stream(lambda _gone: operations.sync(body.source, allow_empty=body.allow_empty))

    @routes.post("/syncs/forget")
    def forget_source(body: ForgetBody) -> Reply:
        return operations.forget_source(body.source, allow_empty=body.allow_empty)

    @routes.post("/syncs/preview")
    def preview(body: PreviewBody) -> Reply:
        return operations.preview(body.source)

    @routes.post("/job/sync")
    def start_sync(body: SyncBody) -> Reply:
        return operations.start_sync(body.source, allow_empty=body.allow_empty)

    @routes.post("/failures/retry")
    def retry_failures(body: RetryBody) -> Reply:
        return operations.retry_failures([file.model_dump() for file in body.files])

    @routes.post("/failures/ignore")
    def ignore_failure(body: IgnoreBody) -> Reply:
        return operations.ignore_failure(body.source, body.path, ignored=body.ignored)

    return routes
