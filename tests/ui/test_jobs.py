from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from ingestion.errors import UnsafeRemovalError, WorkspaceBusyError
from ui.errors import JobRunningError
from ui.jobs import Jobs

Json = dict[str, Any]


def test_followers_see_progress_and_the_report() -> None:
    seen = threading.Event()

    def work(progress: Callable[[Json], None], cancelled: Callable[[], bool]) -> Json:
        progress({"phase": "scan", "done": 1})
        assert seen.wait(10)
        return {"seen": 3}

    jobs = Jobs()
    events = []
    for event in jobs.run(["/a"], work):
        events.append(event)
        seen.set()
    assert events == [
        {"event": "progress", "phase": "scan", "done": 1},
        {"event": "report", "report": {"seen": 3}},
    ]
    assert jobs.last is not None
    job = jobs.last.as_json()
    assert (job["state"], job["paths"], job["report"]) == ("done", ["/a"], {"seen": 3})
    assert list(jobs.last.follow()) == events[1:], "who comes late still learns the end"


@pytest.mark.parametrize(
    ("error", "state", "refused"),
    [(UnsafeRemovalError("too many"), "refused", True), (WorkspaceBusyError("busy"), "failed", False)],
)
def test_an_expected_error_is_the_last_event(error: Exception, state: str, refused: bool) -> None:
    def work(progress: object, cancelled: object) -> Json:
        raise error

    jobs = Jobs()
    [event] = jobs.run([], work)
    assert event == {
        "event": "error", "kind": type(error).__name__, "message": str(error), "refused": refused,
    }  # fmt: skip
    assert jobs.last is not None and jobs.last.as_json()["state"] == state


def test_a_bug_reaches_the_follower_too() -> None:
    def work(progress: object, cancelled: object) -> Json:
        raise ZeroDivisionError("oops")

    [event] = Jobs().run([], work)
    assert event["event"] == "error" and "oops" in event["message"]


def test_one_job_at_a_time_and_closing_the_stream_cancels() -> None:
    def work(progress: Callable[[Json], None], cancelled: Callable[[], bool]) -> Json:
        done = 0
        while not cancelled():
            progress({"phase": "parse", "done": (done := done + 1)})
        return {"seen": done}

    jobs = Jobs()
    stream = jobs.run([], work)
    next(stream)
    with pytest.raises(JobRunningError):
        jobs.start([], work)
    stream.close()  # type: ignore[attr-defined]
    assert jobs.last is not None and jobs.last.as_json()["state"] == "cancelled"
