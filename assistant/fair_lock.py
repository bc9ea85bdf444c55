"""A lock that is given in the order of asking."""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from collections.abc import Callable, Iterator

from assistant.generation import never

LOOK_SECONDS = 0.1
"""How often one who waits asks whether it was cancelled."""


class FairLock:
    """A lock given in the order of asking. `waiting` is how many ask in vain now, the holder not counted."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._queue: deque[threading.Event] = deque()
        self._held = False

    @property
    def waiting(self) -> int:
        """How many are in the queue."""
        return len(self._queue)

    @property
    def ahead(self) -> int:
        """How many would be served before one who asks now."""
        with self._guard:
            return len(self._queue) + self._held

    @contextlib.contextmanager
    def turn(self, cancelled: Callable[[], bool] = never) -> Iterator[bool]:
        """Wait for the turn and hold it; False when `cancelled` came first, then nothing is held."""
        got = self._acquire(cancelled)
        try:
            yield got
        finally:
            if got:
                self._release()

    def _acquire(self, cancelled: Callable[[], bool]) -> bool:
        turn = threading.Event()
        with self._guard:
            if not self._held:
                self._held = True
                return True
            self._queue.append(turn)
        try:
            while not turn.wait(LOOK_SECONDS):
                if cancelled():
                    self._leave(turn)
                    return False
        except BaseException:  # an interrupted waiter must not keep its place, nor swallow its turn
            self._leave(turn)
            raise
        return True

    def _release(self) -> None:
        """Hand over to the one that waits longest."""
        with self._guard:
            if self._queue:
                self._queue.popleft().set()
            else:
                self._held = False

    def _leave(self, turn: threading.Event) -> None:
        with self._guard:
            if turn in self._queue:
                self._queue.remove(turn)
                return
        self._release()
