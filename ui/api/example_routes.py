"""The addresses of the service for examples for tuning."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

from ui.api.routes import MAX_UPLOAD_BYTES, Body, Reply, event_stream
from ui.errors import UsageError
from ui.operations import Json, Operations


class DecisionsBody(Body):
    """What `ExampleOperations.review_examples` takes."""

    decisions: tuple[Json, ...]
    by: str = ""


class EditExampleBody(Body):
    """What `ExampleOperations.edit_example` takes besides the id."""

    changes: Json
    version: int | None = None
    by: str = ""


class AssignBody(Body):
    """What `ExampleOperations.assign_examples` takes."""

    ids: tuple[str, ...]
    assignee: str
    by: str = ""


class IdsBody(Body):
    """What `ExampleOperations.remove_examples` takes."""

    ids: tuple[str, ...]


class BuildBody(Body):
    """What `ExampleOperations.build_examples` takes."""

    source: str = "library"
    limit: int = 200
    unanswerable: float = 0.25
    seed: int = 0
    evaluations: tuple[str, ...] = ()
    by: str = ""


class ExportBody(Body):
    """What `ExampleOperations.export_examples` takes."""

    form: str = "konkyo"
    split: str | None = None


def example_routes(operations: Operations) -> APIRouter:
    """Examples for tuning."""
    routes = APIRouter(prefix="/examples")

    @routes.get("")
    def examples(
        status: str | None = None,
        origin: str | None = None,
        split: str | None = None,
        kind: str | None = None,
        type: str | None = None,
        document: str | None = None,
        assignee: str | None = None,
        problem: str | None = None,
        search: str = "",
        offset: int = 0,
        limit: int = 50,
    ) -> Reply:
        return operations.examples(
            status=status, origin=origin, split=split, kind=kind, type=type, document=document,
            assignee=assignee, problem=problem, search=search, offset=offset, limit=limit,
        )  # fmt: skip

    @routes.get("/counts")
    def example_counts() -> Reply:
        return operations.example_counts()

    @routes.post("/review")
    def review_examples(body: DecisionsBody) -> Reply:
        return operations.review_examples(list(body.decisions), by=body.by)

    @routes.post("/assign")
    def assign_examples(body: AssignBody) -> Reply:
        return operations.assign_examples(list(body.ids), body.assignee, by=body.by)

    @routes.post("/remove")
    def remove_examples(body: IdsBody) -> Reply:
        return operations.remove_examples(list(body.ids))

    @routes.post("/export")
    def export_examples(body: ExportBody) -> Reply:
        return operations.export_examples(form=body.form, split=body.split)

    @routes.get("/taught/{document}")
    def taught(document: str) -> Reply:
        return operations.taught(document)

    @routes.get("/{example}")
    def example(example: str) -> Reply:
        return operations.example(example)

    @routes.patch("/{example}")
    def edit_example(example: str, body: EditExampleBody) -> Reply:
        return operations.edit_example(example, body.changes, version=body.version, by=body.by)

    return routes


def example_work_routes(operations: Operations) -> APIRouter:
    """Examples that are made or taken in."""
    routes = APIRouter(prefix="/examples")

    @routes.post("/build")
    async def build_examples(body: BuildBody) -> StreamingResponse:
        return event_stream(lambda _gone: operations.build_examples(**_listed(body)))

    @routes.post("/job")
    def start_build_examples(body: BuildBody) -> Reply:
        return operations.start_build_examples(**_listed(body))

    @routes.post("/import")
    async def import_examples(
        name: str,
        request: Request,
        licence: str = "",
        find_evidence: bool = False,
        by: str = "",
    ) -> Reply:
        data = bytearray()
        async for piece in request.stream():
            data += piece
            if len(data) > MAX_UPLOAD_BYTES:
                raise UsageError(f"{name!r} is larger than {MAX_UPLOAD_BYTES >> 20} MB. Divide it.")
        return await run_in_threadpool(
            operations.import_examples, name, bytes(data), licence=licence, find_evidence=find_evidence,
            evaluations=request.query_params.getlist("evaluations"), by=by,
        )  # fmt: skip

    return routes


def _listed(body: BuildBody) -> Json:
    return {**dict(body), "evaluations": list(body.evaluations)}
