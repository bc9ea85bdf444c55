"""One long piece of work at a time, in a background thread, with progress that any number may follow."""

from __future__ import annotations

import itertools
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

from ui.errors import EXPECTED, JobRunningError, error_json

Json = dict[str, Any]
State = Literal["running", "done", "failed", "refused", "cancelled"]
Work = Callable[[Callable[[Json], None], Callable[[], bool]], Json]
"""Takes `progress` (given each event) and `cancelled` (asked between steps), and returns the report."""
Around = Callable[[Work, str, str, Sequence[str]], Work]
"""Is given work, its kind, what it is about and its paths, and says what is run instead."""

logger = logging.getLogger(__name__)


class Job:
    """A piece of work from its start to its report."""

    def __init__(
        self, number: int, paths: Sequence[str], work: Work, *, kind: str = "documents", about: str = "",
        ended: Callable[[Json], None] = lambda job: None,
    ) -> None:  # fmt: skip
        """`kind` and `about` tell people what it works on; `ended` is told of its end."""
        self._id, self._paths, self._work = number, list(paths), work
        self._kind, self._about, self._ended = kind, about, ended
        self._state: State = "running"
        self._progress: Json | None = None
        self._last: Json | None = None
        self._started_at, self._ended_at = _now(), ""
        self._version = 0
        self._changed = threading.Condition()
        self._cancel = threading.Event()
        self._thread = threading.Thread(target=self._run, name="konkyo-job", daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        """Whether the work goes on."""
        return self._state == "running"

    def as_json(self) -> Json:
        """The value of `Operations.job`."""
        with self._changed:
            last = self._last or {}
            return {
                "id": self._id, "kind": self._kind, "about": self._about, "state": self._state,
                "paths": self._paths, "started_at": self._started_at,
                "ended_at": self._ended_at or None, "progress": self._progress,
                "report": last.get("report"), "message": last.get("message"),
            }  # fmt: skip

    def cancel(self) -> None:
        """Ask the work to stop at its next step."""
        self._cancel.set()

    def join(self, seconds: float | None = None) -> None:
        """Wait for the end."""
        self._thread.join(seconds)

    def follow(self) -> Iterator[Json]:
        """The newest progress whenever it changes, then the last event ("report" or "error")."""
        seen = 0
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._version > seen or self._last is not None)  # noqa: B023
                seen, progress, last = self._version, self._progress, self._last
            if last is not None:
                yield last
                return
            if progress is not None:
                yield progress

    def _run(self) -> None:
        try:
            report = self._work(self._report_progress, self._cancel.is_set)
            self._end("cancelled" if self._cancel.is_set() else "done", {"event": "report", "report": report})
        except EXPECTED as error:
            fact = error_json(error)
            self._end("refused" if fact["refused"] else "failed", {"event": "error", **fact})
        except Exception as error:  # a thread has no caller to raise to: followers must hear of a bug as well
            logger.exception("the job failed")
            message = f"unexpected error, see the log: {type(error).__name__}: {error}"
            fact = {"kind": "InterfaceError", "message": message, "refused": False}
            self._end("failed", {"event": "error", **fact})

    def _report_progress(self, event: Json) -> None:
        with self._changed:
            self._progress = {"event": "progress", **event}
            self._version += 1
            self._changed.notify_all()

    def _end(self, state: State, last: Json) -> None:
        with self._changed:
            self._state, self._last, self._ended_at = state, last, _now()
            self._ended(self.as_json())  # before anybody hears of the end, so that it is counted then
            self._changed.notify_all()


class Jobs:
    """Starts jobs one after another and remembers the last one."""

    def __init__(
        self,
        around: Around = lambda work, *_about: work,
        ended: Callable[[Json], None] = lambda job: None,
    ) -> None:
        """`around` is given each work with its kind, what it is about and its paths, and says what is run.

        `ended` is told of the end of each job, as `Operations.job`.
        """
        self._around = around
        self._tell_end = ended
        self._numbers = itertools.count(1)
        self._starting = threading.Lock()
        self._job: Job | None = None

    @property
    def last(self) -> Job | None:
        """The running job, or the last one."""
        return self._job

    def on_behalf(self, around: Around) -> Jobs:
        """The same jobs; what is started through this has `around` about it."""
        return _OnBehalf(self, around)

    def start(
        self,
        paths: Sequence[str],
        work: Work,
        *,
        kind: str = "documents",
        about: str = "",
        around: Around | None = None,
    ) -> Job:
        """Begin `work`; `kind` and `about` are as for `Job`, `around` as for `Jobs`.

        Raises:
            JobRunningError: another job is running.
        """
        with self._starting:
            if self._job is not None and self._job.running:
                raise JobRunningError(
                    "another ingest or rebuild is running in this workspace. Wait for its end, or cancel it."
                )
            wrapped = (around or self._around)(work, kind, about, paths)
            self._job = Job(next(self._numbers), paths, wrapped, kind=kind, about=about, ended=self._tell_end)
            return self._job

    def run(self, paths: Sequence[str], work: Work, *, kind: str = "documents") -> Iterator[Json]:
        """Start `work` and follow it. Closing the iterator cancels it and waits until it has stopped."""
        job = self.start(paths, work, kind=kind)
        try:
            yield from job.follow()
        finally:
            job.cancel()
            job.join()

    def close(self, seconds: float = 30.0) -> None:
        """Cancel the running job and wait for it."""
        if self._job is not None:
            self._job.cancel()
            self._job.join(seconds)


class _OnBehalf(Jobs):
    """Jobs of somebody else that one user starts."""

    def __init__(self, shared: Jobs, around: Around) -> None:
        super().__init__(around)
        self._shared = shared

    @property
    def last(self) -> Job | None:
        """The running job, or the last one."""
        return self._shared.last

    def start(
        self,
        paths: Sequence[str],
        work: Work,
        *,
        kind: str = "documents",
        about: str = "",
        around: Around | None = None,
    ) -> Job:
        """See `Jobs.start`."""
        return self._shared.start(paths, work, kind=kind, about=about, around=around or self._around)

    def close(self, seconds: float = 30.0) -> None:
        """Nothing: whoever owns the jobs closes them."""


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
