"""Keeps sources and library equal until it is told to stop: `sync --watch`, and the service's schedule."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol, cast

from ui.errors import EXPECTED, JobRunningError, NotFoundError, error_from_json
from ui.operations import Operations

Json = dict[str, Any]
POLL_SECONDS = 600.0
"""How often a source without `every_minutes` is looked at, beside being watched."""
_RETRY_SECONDS = 5.0  # after the first failure; doubled with each one, up to the polling time
_BUSY_SECONDS = 5.0  # another ingest is running: no fault of the source
_PAUSE_SECONDS = 60.0  # after a run that left no trace; doubled with each one
_LONGEST_PAUSE = 3600.0
_LOOK_SECONDS = 60.0  # the clock may be set while the schedule sleeps
logger = logging.getLogger(__name__)


class Watcher(Protocol):
    """Tells which sources have changed; see `ui.watching.FolderWatcher`."""

    def wait(self, seconds: float) -> set[str]:
        """Names of changed sources, after `seconds` at most."""
        ...

    def close(self) -> None:
        """Stop watching."""
        ...


@dataclass(slots=True)
class _Watched:
    """A source on its way: when it is due (monotonic seconds) and how often it failed in a row."""

    name: str
    poll: float
    due: float
    failures: int = 0


def watch_sources(
    connect: Callable[[], Operations],
    source: str | None,
    tell: Callable[[Json], None],
    stop: threading.Event,
    make_watcher: Callable[[list[Json]], Watcher],
    *,
    poll_seconds: float = POLL_SECONDS,
    retry_seconds: float = _RETRY_SECONDS,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Synchronise at the start, whenever something changes, and every so often, until `stop` is set.

    `source` None: all of them. `tell` is given the outcome of each run. A failure never ends the loop: the
    source is tried again after `retry_seconds`, then after twice as long, up to its polling time.

    Raises:
        NotFoundError: there is no such source.
    """
    loop = _Loop(connect, tell, retry_seconds, clock)
    try:
        sources = loop.choose(source)
        watched = {
            item["name"]: _Watched(item["name"], item["every_minutes"] * 60 or poll_seconds, clock())
            for item in sources
        }
        watcher = make_watcher(sources)  # before the first run, so that no change falls between the two
        try:
            while not stop.is_set():
                for item in watched.values():
                    if item.due <= clock() and not stop.is_set():
                        loop.run(item)
                left = min(item.due for item in watched.values()) - clock()
                for name in watcher.wait(max(left, 0.0)):
                    if name in watched and not watched[name].failures:
                        watched[name].due = clock()
        finally:
            watcher.close()
    finally:
        loop.close()


class _Loop:
    """Holds the operations, and gets others when a service came or went."""

    def __init__(
        self, connect: Callable[[], Operations], tell: Callable[[Json], None], retry_seconds: float,
        clock: Callable[[], float],
    ) -> None:  # fmt: skip
        self._connect, self._tell = connect, tell
        self._retry, self._clock = retry_seconds, clock
        self._operations: Operations | None = None

    def choose(self, source: str | None) -> list[Json]:
        """The sources that were asked for."""
        operations = self._connected()
        known = operations.syncs()
        wanted = [
            item for item in known
            if source in (None, item["name"], item["source"]) and item.get("state") != "left"
        ]  # fmt: skip
        if not wanted:
            operations.preview(source)  # raises what a run would raise, except for a folder that is none yet
            raise NotFoundError(f"{source} is no source yet. Ingest it once, then it can be watched.")
        return wanted

    def run(self, item: _Watched) -> None:
        """One synchronisation; afterwards `item` is due again."""
        try:
            outcome = self._sync(item.name)
        except JobRunningError:
            item.due = self._clock() + _BUSY_SECONDS
            return
        except EXPECTED as error:  # a service that went, a lock that another process holds
            self.close()
            outcome = {"name": item.name, "error": str(error), "refused": False}
        item.failures = item.failures + 1 if outcome["error"] is not None else 0
        wait = min(item.poll, self._retry * 2 ** (item.failures - 1)) if item.failures else item.poll
        item.due = self._clock() + wait
        self._tell(outcome)

    def close(self) -> None:
        """Give the operations back."""
        if self._operations is not None:
            self._operations.close()
        self._operations = None

    def _sync(self, name: str) -> Json:
        events = self._connected().sync(name)
        with closing(cast("Generator[Json, None, None]", events)):
            for event in events:
                if event["event"] == "report" and event["report"]["sources"]:
                    outcome: Json = event["report"]["sources"][0]
                    return outcome
                if event["event"] == "error":  # not the source: another process holds the lock, or a bug
                    raise error_from_json(event)
        return {"name": name, "error": "the synchronisation ended without a report.", "refused": False}

    def _connected(self) -> Operations:
        if self._operations is None:
            self._operations = self._connect()
        return self._operations


@dataclass(slots=True)
class _Started:
    """A run that the schedule began: `at` of the one before, and until when there is to be no other."""

    at: str | None
    tries: int
    until: float


class Schedule:
    """Starts the synchronisations that are due, in a thread of the service. One runs at a time."""

    def __init__(
        self, operations: Operations, *, tick_seconds: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._operations = operations
        self._tick = tick_seconds
        self._clock = clock
        self._started: dict[str, _Started] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="konkyo-schedule", daemon=True)

    def start(self) -> None:
        """Begin; the first runs start at once when they are due."""
        self._thread.start()

    def close(self) -> None:
        """Start nothing any more."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(self._tick + 5.0)

    def start_due(self) -> float | None:
        """Start what has been due for the longest time, unless something runs.

        Returns how many seconds to wait for the next look, None when no source has a schedule.
        """
        if (job := self._operations.job()) is not None and job["state"] == "running":
            return self._tick
        scheduled = [item for item in self._operations.syncs() if item["next_at"] is not None]
        if not scheduled:
            return None
        left, name, at = min((self._left(item), str(item["name"]), item.get("at")) for item in scheduled)
        if left <= 0:
            self._operations.start_sync(name)
            self._remember(name, at)
        return min(max(left, self._tick), _LOOK_SECONDS)

    def _left(self, item: Json) -> float:
        """Seconds until the source is due."""
        left = (datetime.fromisoformat(item["next_at"]) - datetime.now(UTC)).total_seconds()
        started = self._started.get(str(item["name"]))
        if started is not None and started.at == item.get("at"):
            left = max(left, started.until - self._clock())
        return left

    def _remember(self, name: str, at: str | None) -> None:
        """A run that ends without a trace (a full disk, a lock) must not begin anew with each look."""
        before = self._started.get(name)
        tries = before.tries + 1 if before is not None and before.at == at else 0
        pause = min(_PAUSE_SECONDS * 2**tries, _LONGEST_PAUSE)
        self._started[name] = _Started(at, tries, self._clock() + pause)

    def _run(self) -> None:
        wait: float | None = self._tick
        while wait is not None and not self._stop.is_set():
            try:
                wait = self.start_due()
            except EXPECTED as error:
                logger.warning("the schedule: %s", error)
                wait = self._tick
            except Exception:  # a thread has no caller, and one bug must not end every later run
                logger.exception("the schedule failed")
                wait = self._tick
            self._stop.wait(wait or 0.0)
