"""What a long fetch tells the one who waits for it."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Phase = Literal["download", "build", "verify"]


@dataclass(frozen=True, slots=True)
class PullProgress:
    """`done` of `total` bytes; `rate` in bytes per second over the last seconds, 0 while unknown."""

    phase: Phase
    done: int
    total: int
    rate: float = 0.0

    @property
    def eta_seconds(self) -> float | None:
        """Seconds left at this rate, None while it is unknown."""
        return (self.total - self.done) / self.rate if self.rate > 0 else None


Report = Callable[[PullProgress], None]


def silent(progress: PullProgress) -> None:
    """Take no notice."""


class Meter:
    """Counts bytes of one fetch and reports them, at most ten times a second."""

    def __init__(self, report: Report, total: int, phase: Phase = "download") -> None:
        self._report = report
        self._phase: Phase = phase
        self._total = total
        self._settled = 0
        self._marks: deque[tuple[float, int]] = deque(maxlen=50)

    def settle(self, count: int) -> None:
        """`count` bytes more are done for good."""
        self._settled += count
        self._tell(self._settled, always=True)

    def underway(self, count: int) -> None:
        """`count` bytes beyond the settled ones have arrived."""
        self._tell(self._settled + count)

    def begin(self, phase: Phase, total: int) -> None:
        """Go on to the next phase."""
        self._phase, self._total, self._settled = phase, total, 0
        self._marks.clear()
        self._tell(0, always=True)

    def _tell(self, done: int, *, always: bool = False) -> None:
        now = time.monotonic()
        if not always and self._marks and now - self._marks[-1][0] < 0.1:
            return
        self._marks.append((now, done))
        first_time, first = self._marks[0]
        seconds = now - first_time
        rate = max(0.0, (done - first) / seconds) if seconds > 0 else 0.0
        self._report(PullProgress(self._phase, min(done, self._total), self._total, rate))
