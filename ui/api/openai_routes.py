"""The addresses below /v1: answers, models and vectors for programs that know the OpenAI API.

docs/en/api.md describes them. Who asks, what may be read and what is written into the audit log is the same
as everywhere: these routes do operations, as all others.
"""

from __future__ import annotations

import base64
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import numpy as np
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from ui.api.closing import ClosingStream
from ui.api.error_bodies import UnsupportedError, status_of, v1_keys
from ui.api.events import KEEP_ALIVE, KEEP_ALIVE_SECONDS, follow
from ui.api.openai_replies import DONE, Reply, sent
from ui.api.openai_requests import OURS, ChatBody, EmbeddingsBody, Order, order_of, texts_of
from ui.errors import ServiceError, error_from_json, error_json
from ui.operations import Json, Operations

Events = AsyncGenerator[Json | None, None]
_LEFT = 499  # the client has gone: nobody reads it
_CHAT = "/v1/chat/completions"


def openai_routes(operations: Operations) -> APIRouter:
    """Answers, models and vectors."""
    routes = APIRouter()

    @routes.post(_CHAT)
    async def chat_completions(body: ChatBody, request: Request) -> Response:
        order = order_of(body)
        events = follow(lambda gone: operations.ask(**order.arguments, cancelled=gone))
        return await _answer(order, events, request)

    @routes.get("/v1/models")
    def models() -> Json:
        return _model_list(operations.served_models())

    @routes.post("/v1/embeddings")
    def embeddings(body: EmbeddingsBody) -> Json:
        texts, model = texts_of(body), None if body.model == OURS else body.model
        return _vectors(operations.embed(texts, kind=body.input_type, model=model), body)

    return routes


async def _answer(order: Order, events: Events, request: Request) -> Response:
    """The answer, whole or as a stream, whose status is known when its first event has come."""
    first: Json | None = None
    try:
        first = await _next(events, request)
    finally:
        if first is None:  # it failed, or nobody waits any more
            await events.aclose()
    if first is None:
        return Response(status_code=_LEFT)
    reply = Reply(order)
    if order.stream:
        headers = {"cache-control": "no-store"}
        return ClosingStream(_chunks(reply, first, events), events, headers=headers)
    last = first
    async with aclosing(events):
        while last["event"] != "finished":
            following = await _next(events, request)
            if following is None:
                return Response(status_code=_LEFT)
            last = following
    return JSONResponse(reply.whole(last))


async def _next(events: Events, request: Request) -> Json | None:
    """The next event; None when the client has gone.

    Raises:
        Exception: what the answer failed with.
        ServiceError: it ended before it was whole.
    """
    async for event in events:
        if await request.is_disconnected():
            return None
        if event is not None:
            if event["event"] == "failed":
                raise error_from_json(event)
            return event
    raise ServiceError("the answer ended before it was whole.")


async def _chunks(reply: Reply, first: Json, events: Events) -> AsyncGenerator[bytes, None]:
    """The chunks; a comment where nothing was sent for a while, though the model may write all the time.

    So proxies keep the connection, and it is noticed when the client has gone.
    """
    ended, told_at = False, time.monotonic()
    async with aclosing(_with(first, events)) as all_events:
        async for event in all_events:
            if event is not None and event["event"] == "failed":
                yield sent({"error": _told(error_from_json(event))})
                return  # the status is out already; without [DONE] nothing looks whole
            ended = ended or (event is not None and event["event"] == "finished")
            chunks = [] if event is None else list(reply.chunks(event))
            for chunk in chunks:
                yield sent(chunk)
            if chunks:
                told_at = time.monotonic()
            elif time.monotonic() - told_at >= KEEP_ALIVE_SECONDS:
                yield KEEP_ALIVE
                told_at = time.monotonic()
        if ended:
            yield DONE


def _told(error: Exception) -> Json:
    return {**error_json(error), **v1_keys(error, status_of(error, _CHAT))}


async def _with(first: Json, events: Events) -> Events:
    async with aclosing(events):
        yield first
        async for event in events:
            yield event


def _model_list(served: list[Json]) -> Json:
    ours: list[Any] = [(OURS, None)]
    ours += [(one["name"], {"role": one["role"], "default": one["default"]}) for one in served]
    return {
        "object": "list",
        "data": [
            {"id": name, "object": "model", "created": 0, "owned_by": OURS, OURS: about}
            for name, about in ours
        ],
    }


def _vectors(found: Json, body: EmbeddingsBody) -> Json:
    if body.dimensions not in (None, found["dimension"]):
        raise UnsupportedError(
            f"the vectors of {found['model']} have {found['dimension']} dimensions and no others.",
            "dimensions",
        )
    coded = body.encoding_format == "base64"
    return {
        "object": "list", "model": found["model"],
        "data": [
            {"object": "embedding", "index": number, "embedding": _coded(vector) if coded else vector}
            for number, vector in enumerate(found["vectors"])
        ],
        "usage": {"prompt_tokens": found["tokens"], "total_tokens": found["tokens"]},
    }  # fmt: skip


def _coded(vector: list[float]) -> str:
    """Little-endian float32, as the form is elsewhere."""
    return base64.b64encode(np.asarray(vector, "<f4").tobytes()).decode("ascii")
