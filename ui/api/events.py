"""Streams of events over HTTP: server-sent events, one JSON value each.

An error that ends a stream is the event "failed"; the client raises it again.
"""

from __future__ import annotations

import asyncio
import contextvars
import json
import logging
import threading
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from contextlib import aclosing
from typing import Any

from ui.errors import EXPECTED, error_from_json, error_json

Json = dict[str, Any]
Begin = Callable[[Callable[[], bool]], Iterator[Json]]
KEEP_ALIVE_SECONDS = 1.0
"""How long a stream is silent at most; this is also how soon a client can leave it."""
_AHEAD = 64  # events that may wait for a slow reader
KEEP_ALIVE = b": waiting\n\n"
logger = logging.getLogger(__name__)


def encode(event: Json) -> bytes:
    """One event on the wire, in ASCII: readers of lines also split at U+2028 and U+0085."""
    return f"data: {json.dumps(event)}\n\n".encode("ascii")


def decode(lines: Iterable[str]) -> Iterator[Json]:
    """The events in the lines of a response.

    Raises:
        Exception: what the service raised, when it sent "failed".
    """
    for line in lines:
        if line.startswith("data: "):
            event = json.loads(line[6:])
            if event["event"] == "failed":
                raise error_from_json(event)
            yield event


async def stream(begin: Begin) -> AsyncGenerator[bytes, None]:
    """Send what the iterator of `begin` yields, see `follow`.

    Comments keep the connection busy meanwhile, so that either side notices when the other is gone.
    """
    async with aclosing(follow(begin)) as events:
        async for event in events:
            yield KEEP_ALIVE if event is None else encode(event)


async def follow(begin: Begin) -> AsyncGenerator[Json | None, None]:
    """Run the iterator of `begin` in a thread of its own; what it yields, and None after each silent second.

    `begin` is given a function that tells whether this generator was closed, as it is when the client has
    gone away. The iterator is closed after its next event then, in its own thread. An error that ends it is
    the event "failed".
    """
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[Json | None] = asyncio.Queue()
    gone = threading.Event()
    room = threading.Semaphore(_AHEAD)

    def put(event: Json | None) -> None:
        while not room.acquire(timeout=0.2):
            if gone.is_set():
                return
        try:
            loop.call_soon_threadsafe(queue.put_nowait, event)
        except RuntimeError:  # the loop was closed: the service ends, nobody reads any more
            gone.set()

    context = contextvars.copy_context()  # whose request it is
    threading.Thread(
        target=context.run, args=(_pump, begin, put, gone), name="konkyo-stream", daemon=True
    ).start()
    try:
        while True:
            try:
                event = await asyncio.wait_for(queue.get(), KEEP_ALIVE_SECONDS)
            except TimeoutError:
                yield None
                continue
            room.release()
            if event is None:
                return
            yield event
    finally:
        gone.set()


def _pump(begin: Begin, put: Callable[[Json | None], None], gone: threading.Event) -> None:
    try:
        events = begin(gone.is_set)
        try:
            for event in events:
                put(event)
                if gone.is_set():
                    break
        finally:
            close = getattr(events, "close", None)
            if close is not None:
                close()
    except EXPECTED as error:
        put({"event": "failed", **error_json(error)})
    except Exception as error:  # a thread has no caller to raise to: the client must hear of a bug as well
        logger.exception("a stream failed")
        message = f"unexpected error, see the log of the service: {type(error).__name__}"
        put({"event": "failed", "kind": "ServiceError", "message": message, "refused": False})
    finally:
        put(None)
