"""The addresses of the service, each one operation. docs/api.md lists them."""

from __future__ import annotations

import json
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from assistant.answers import Language, Mode
from ui.api.closing import ClosingStream
from ui.api.events import Begin, stream
from ui.errors import UsageError
from ui.operations import EvidenceMode, Json, Operations

Reply = Any
"""A JSON value of `Operations`. Naming its form would make FastAPI check each answer again."""

MAX_UPLOAD_BYTES = 512 * 1024 * 1024


class Body(BaseModel):
    """A JSON request body; unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class SearchBody(Body):
    """What `Operations.search` takes."""

    query: str
    top_k: int | None = Field(None, ge=1, le=1000)
    mode: Mode | None = None
    scope: Json | None = None
    rerank: bool = True
    explain: bool = False


class EarlierTurn(Body):
    """An earlier question of a conversation that the caller keeps, and its answer."""

    question: str
    answer: str


class AskBody(Body):
    """What `Operations.ask` takes."""

    question: str
    conversation: str | None = None
    scope: Json | None = None
    language: Language | None = None
    evidence: EvidenceMode | None = None
    model: str | None = None
    verified: bool = True
    history: list[EarlierTurn] = []
    max_tokens: int | None = Field(None, ge=1)


class IngestBody(Body):
    """What `Operations.ingest` takes."""

    paths: list[str]
    groups: list[str] = []
    allow_empty: bool = False
    reparse: bool = False
    ocr: str | None = None


class ReembedBody(Body):
    """What `Operations.index_reembed` takes."""

    model: str | None = None


class TitleBody(Body):
    """A title of a conversation."""

    title: str = ""


def question_routes(operations: Operations) -> APIRouter:
    """State, search and answers."""
    routes = APIRouter()

    @routes.get("/status")
    def status() -> Reply:
        return operations.status()

    @routes.get("/models")
    def models() -> Reply:
        return operations.models()

    @routes.get("/settings")
    def settings() -> Reply:
        return operations.settings()

    @routes.post("/search")
    def search(body: SearchBody) -> Reply:
        return operations.search(**dict(body))

    @routes.post("/ask")
    async def ask(body: AskBody) -> StreamingResponse:
        arguments = {**dict(body), "history": [dict(turn) for turn in body.history]}
        return event_stream(lambda gone: operations.ask(**arguments, cancelled=gone))

    return routes


def ingest_routes(operations: Operations) -> APIRouter:
    """Ingestion, uploads and indexes."""
    routes = APIRouter()

    @routes.post("/ingest")
    async def ingest(body: IngestBody) -> StreamingResponse:
        return event_stream(lambda _gone: operations.ingest(**dict(body)))

    @routes.post("/job")
    def start_ingest(body: IngestBody) -> Reply:
        return operations.start_ingest(**dict(body))

    @routes.get("/job")
    def job() -> Reply:
        return operations.job()

    @routes.delete("/job")
    def cancel_ingest() -> Reply:
        return operations.cancel_ingest()

    @routes.post("/uploads")
    async def upload(name: str, request: Request) -> Reply:
        data = bytearray()
        async for piece in request.stream():
            data += piece
            if len(data) > MAX_UPLOAD_BYTES:
                raise UsageError(
                    f"{name!r} is larger than {MAX_UPLOAD_BYTES >> 20} MB. Ingest its folder instead."
                )
        return await run_in_threadpool(operations.upload, name, bytes(data))

    @routes.get("/index")
    def index_check() -> Reply:
        return operations.index_check()

    @routes.post("/index/rebuild")
    async def index_rebuild() -> StreamingResponse:
        return event_stream(lambda _gone: operations.index_rebuild())

    @routes.post("/index/reembed")
    async def index_reembed(body: ReembedBody) -> StreamingResponse:
        return event_stream(lambda _gone: operations.index_reembed(body.model))

    return routes


def document_routes(operations: Operations) -> APIRouter:
    """Documents, their pages and files."""
    routes = APIRouter()

    @routes.get("/documents")
    def documents(scope: str | None = None) -> Reply:
        return operations.documents(scope=_scope(scope))

    @routes.get("/documents/{document}")
    def document(document: str) -> Reply:
        return operations.document(document)

    @routes.delete("/documents/{document}")
    def remove_document(document: str) -> Reply:
        return operations.remove_document(document)

    @routes.get("/documents/{document}/boxes")
    def boxes(document: str, start: int, end: int) -> Reply:
        return operations.boxes(document, start, end)

    @routes.get("/documents/{document}/pages/{page}")
    def page_size(document: str, page: int) -> Reply:
        return operations.page_size(document, page)

    @routes.get("/documents/{document}/pages/{page}/image")
    def page_image(document: str, page: int, scale: float = 1.5) -> Response:
        return Response(operations.page_image(document, page, scale=scale), media_type="image/png")

    @routes.get("/documents/{document}/figures/{figure}/image")
    def figure_image(document: str, figure: int) -> Response:
        return Response(operations.figure_image(document, figure), media_type="image/png")

    @routes.get("/documents/{document}/original")
    def original(document: str) -> Response:
        name, data = operations.original(document)
        suffix = quote(PurePath(name).name)
        disposition = {"content-disposition": f"attachment; filename*=UTF-8''{suffix}"}
        return Response(data, media_type="application/octet-stream", headers=disposition)

    @routes.get("/failures")
    def failures() -> Reply:
        return operations.failures()

    @routes.get("/sources")
    def sources() -> Reply:
        return operations.sources()

    return routes


def conversation_routes(operations: Operations) -> APIRouter:
    """Conversations."""
    routes = APIRouter(prefix="/conversations")

    @routes.get("")
    def conversations(search: str = "") -> Reply:
        return operations.conversations(search=search)

    @routes.post("")
    def new_conversation(body: TitleBody) -> Reply:
        return operations.new_conversation(title=body.title)

    @routes.get("/{conversation}")
    def conversation(conversation: str) -> Reply:
        return operations.conversation(conversation)

    @routes.patch("/{conversation}")
    def rename_conversation(conversation: str, body: TitleBody) -> Reply:
        return operations.rename_conversation(conversation, body.title)

    @routes.delete("/{conversation}")
    def delete_conversation(conversation: str) -> Reply:
        return operations.delete_conversation(conversation)

    return routes


def event_stream(begin: Begin) -> StreamingResponse:
    """Send what the iterator of `begin` yields as it comes."""
    return ClosingStream(stream(begin), headers={"cache-control": "no-store"})


def _scope(text: str | None) -> Json | None:
    if text is None:
        return None
    try:
        value: Any = json.loads(text)
    except json.JSONDecodeError as error:
        raise UsageError(f"the scope {text!r} is not JSON.") from error
    if not isinstance(value, dict):
        raise UsageError(f"the scope {text!r} is not an object.")
    return value
