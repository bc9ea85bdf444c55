"""Follows one answer in a thread, so that the page stays usable and a re-run of its script loses nothing."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from ui.errors import EXPECTED
from ui.web.turns import TurnState, advance

Json = dict[str, Any]
logger = logging.getLogger(__name__)


class Run:
    """One question on its way. `state` may be read from any thread.

    `stream` takes `cancelled`, which the service asks also while it waits or reads the prompt. `base` is how
    many messages the conversation had before. When nobody has looked at `state` for `patience` seconds (the
    tab was closed), the generation is stopped, so that it does not hold up others.
    """

    def __init__(
        self,
        question: str,
        scope: Json | None,
        stream: Callable[..., Iterator[Json]],
        *,
        base: int = 0,
        patience: float = 120.0,
    ) -> None:
        self.base = base
        self._stream = stream
        self._patience = patience
        self._state = TurnState(question, scope)
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._seen = time.monotonic()
        self._thread = threading.Thread(target=self._follow, name="konkyo-answer", daemon=True)
        self._thread.start()

    @property
    def state(self) -> TurnState:
        """What has come in up to now."""
        with self._lock:
            self._seen = time.monotonic()
            return self._state

    @property
    def running(self) -> bool:
        """Whether the stream is still open. After `stop` it may be for a moment."""
        return self._thread.is_alive()

    def stop(self) -> None:
        """End the answer where it is, also before its first word."""
        self._stop.set()
        with self._lock:
            if not self._state.finished:
                self._state = replace(self._state, stopped=True)

    def join(self, timeout: float | None = None) -> None:
        """Wait until the stream has ended."""
        self._thread.join(timeout)

    def _follow(self) -> None:
        try:
            self._read()
        except EXPECTED as error:
            self._fail(str(error))
        except Exception as error:  # the page must say that it failed; the traceback goes to the log
            logger.exception("an answer ended with an unexpected error")
            self._fail(f"{type(error).__name__}: {error}")

    def _read(self) -> None:
        events = self._stream(cancelled=self._unwanted)
        try:
            for event in events:
                if self._stop.is_set() and event["event"] != "finished":
                    return
                with self._lock:
                    self._state = advance(self._state, event)
                if self._unwanted():
                    self.stop()
            with self._lock:
                if not self._state.finished:
                    self._state = replace(self._state, stopped=True)
        finally:
            close = getattr(events, "close", None)
            if close is not None:
                close()

    def _unwanted(self) -> bool:
        """Whether it was stopped, or nobody looks any more."""
        return self._stop.is_set() or time.monotonic() - self._seen > self._patience

    def _fail(self, message: str) -> None:
        with self._lock:
            if not self._state.finished:
                self._state = replace(self._state, error=message)
