"""Questions in the order in which they came: one model answers at a time."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_LOOK_SECONDS = 0.2  # how often a waiting question asks whether it was cancelled


class WaitingLine:
    """First come, first served; those for the loaded model may overlap until they generate. Thread-safe."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._line: deque[object] = deque()
        self._active = 0
        self._model: str | None = None

    @property
    def length(self) -> int:
        """Questions that are being answered or wait for it."""
        with self._changed:
            return self._active + len(self._line)

    def wait_idle(self, seconds: float) -> None:
        """Wait while questions are being answered; at most `seconds`."""
        with self._changed:
            self._changed.wait_for(lambda: self._active == 0, timeout=seconds)

    @contextmanager
    def turn(self, wanted: str, cancelled: Callable[[], bool]) -> Iterator[bool]:
        """Wait for one's turn with the model `wanted`; another waits until all answers of this one are out.

        False when `cancelled` came first.
        """
        ticket = object()
        with self._changed:
            self._line.append(ticket)
            try:
                while (
                    not (
                        mine := self._changed.wait_for(
                            lambda: self._line[0] is ticket and (self._active == 0 or self._model == wanted),
                            timeout=_LOOK_SECONDS,
                        )
                    )
                    and not cancelled()
                ):
                    pass
            finally:
                self._line.remove(ticket)
                self._changed.notify_all()
            if mine:
                self._active += 1
                self._model = wanted
        if not mine:
            yield False
            return
        try:
            yield True
        finally:
            with self._changed:
                self._active -= 1
                self._changed.notify_all()
