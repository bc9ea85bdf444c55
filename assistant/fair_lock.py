"""A lock that is given in the order of asking, those of one kind together within bounds."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from assistant.generation import never

LOOK_SECONDS = 0.1
"""How often one who waits asks whether it was cancelled."""
IN_A_ROW = 3
"""So many of one kind go before one of another that waits: worth a change, and not too long to bear."""


@dataclass(eq=False, slots=True)
class _Waiter:
    kind: str
    called: threading.Event = field(default_factory=threading.Event)


class FairLock:
    """A lock given in the order of asking, except that a change of kind is put off for a while.

    A kind is what changing costs something for. The next one is the longest waiting of the kind that was
    served last; after `in_a_row` such turns while others waited, the longest waiting of the others.
    """

    def __init__(self, in_a_row: int = IN_A_ROW) -> None:
        self._guard = threading.Lock()
        self._queue: list[_Waiter] = []
        self._held = False
        self._kind = ""
        self._in_a_row = in_a_row
        self._given = 0  # turns of this kind in a row that one of another kind had to look at

    @property
    def waiting(self) -> int:
        """How many ask in vain now, the holder not counted."""
        return len(self._queue)

    @property
    def ahead(self) -> int:
        """How many would be served before one who asks now, if all were of one kind."""
        with self._guard:
            return len(self._queue) + self._held

    @contextlib.contextmanager
    def turn(self, cancelled: Callable[[], bool] = never, kind: str = "") -> Iterator[bool]:
        """Wait for the turn and hold it; False when `cancelled` came first, then nothing is held."""
        got = self._acquire(cancelled, kind)
        try:
            yield got
        finally:
            if got:
                self._release()

    def _acquire(self, cancelled: Callable[[], bool], kind: str) -> bool:
        mine = _Waiter(kind)
        with self._guard:
            if not self._held:
                self._held, self._kind, self._given = True, kind, 0
                return True
            self._queue.append(mine)
        try:
            while not mine.called.wait(LOOK_SECONDS):
                if cancelled():
                    self._leave(mine)
                    return False
        except BaseException:  # an interrupted waiter must not keep its place, nor swallow its turn
            self._leave(mine)
            raise
        return True

    def _release(self) -> None:
        with self._guard:
            if not self._queue:
                self._held = False
                return
            chosen = self._next()
            self._queue.remove(chosen)
            if chosen.kind != self._kind:
                self._kind, self._given = chosen.kind, 0
            if any(one.kind != chosen.kind for one in self._queue):
                self._given += 1
            chosen.called.set()

    def _next(self) -> _Waiter:
        alike = [one for one in self._queue if one.kind == self._kind]
        others = [one for one in self._queue if one.kind != self._kind]
        if not others or (alike and self._given < self._in_a_row):
            return alike[0]
        return others[0]

    def _leave(self, waiter: _Waiter) -> None:
        with self._guard:
            if waiter in self._queue:
                self._queue.remove(waiter)
                return
        self._release()
