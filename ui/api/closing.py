"""Responses that end what they send."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from typing import Any

from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send


class ClosingStream(StreamingResponse):
    """A stream that is closed with its response, also when that ends while a piece is on its way.

    Starlette lets go of the generator then, which goes on until its memory is looked through.
    """

    def __init__(self, *streams: AsyncGenerator[Any, None], headers: Mapping[str, str] | None = None) -> None:
        """The first of `streams` is sent; it is closed, and the others, which it may not have begun."""
        super().__init__(streams[0], media_type="text/event-stream", headers=headers)
        self._streams = streams

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            for stream in self._streams:
                await stream.aclose()
