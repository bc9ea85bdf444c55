"""The loop of `sync --watch` and the schedule of the service, with a clock that jumps."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ui.errors import JobRunningError, NotFoundError, ServiceError
from ui.sync_loop import Schedule, watch_sources

Json = dict[str, Any]


@dataclass
class FakeSources:
    """Operations over sources; `ends` says how the runs of each end, "ok" when there is no more."""

    every_minutes: dict[str, float]
    ends: dict[str, list[str]] = field(default_factory=dict)
    runs: list[str] = field(default_factory=list)
    closed: int = 0
    running: str | None = None
    next_at: dict[str, str] = field(default_factory=dict)

    def syncs(self) -> list[Json]:
        return [
            {"name": name, "source": f"/srv/{name}", "kind": "folder", "every_minutes": every,
             "next_at": self.next_at.get(name)}
            for name, every in self.every_minutes.items()
        ]  # fmt: skip

    def preview(self, source: str | None = None) -> list[Json]:
        raise NotFoundError(f"there is no source {source!r}")

    def sync(self, source: str, *, allow_empty: bool = False) -> Iterator[Json]:
        self.runs.append(source)
        end = (self.ends.get(source) or ["ok"]).pop(0)
        if end == "busy":
            raise JobRunningError("another ingest is running")
        return self._events(source, end)

    def _events(self, source: str, end: str) -> Iterator[Json]:
        yield {"event": "progress", "name": source}
        if end == "locked":
            yield {"event": "error", "kind": "WorkspaceBusyError", "message": "locked", "refused": False}
            return
        if end == "gone":
            raise ServiceError("the service ended")
        error = None if end == "ok" else end
        report = {"sources": [{"name": source, "error": error, "refused": False}]}
        yield {"event": "report", "report": report}

    def job(self) -> Json | None:
        return None if self.running is None else {"state": self.running}

    def start_sync(self, source: str | None = None, *, allow_empty: bool = False) -> Json:
        assert source is not None
        self.runs.append(source)
        return {}

    def close(self) -> None:
        self.closed += 1


class FakeWatcher:
    """A clock that jumps: each wait lasts until its end, or until the next change of `changes`."""

    def __init__(self, stop: threading.Event, changes: list[tuple[float, str]], end: float) -> None:
        self.now, self.stop, self.changes, self.end = 0.0, stop, sorted(changes), end
        self.closed = False

    def wait(self, seconds: float) -> set[str]:
        until = self.now + seconds
        if self.changes and self.changes[0][0] <= until:
            at, name = self.changes.pop(0)
            self.now = max(self.now, at)
            return {name}
        self.now = until
        if self.now >= self.end:
            self.stop.set()
        return set()

    def close(self) -> None:
        self.closed = True


def watch(
    sources: FakeSources, changes: list[tuple[float, str]], end: float, source: str | None = None
) -> list[tuple[float, str, str | None]]:
    stop, told = threading.Event(), []
    watcher = FakeWatcher(stop, changes, end)
    watch_sources(
        lambda: sources, source,  # type: ignore[arg-type, return-value]
        lambda outcome: told.append((watcher.now, outcome["name"], outcome["error"])),
        stop, lambda _: watcher, poll_seconds=100.0, retry_seconds=5.0, clock=lambda: watcher.now,
    )  # fmt: skip
    assert watcher.closed
    return told


def test_sources_run_at_once_then_by_their_own_time() -> None:
    told = watch(FakeSources({"a": 0, "b": 1}), [], 200)
    assert told == [
        (0, "a", None), (0, "b", None), (60, "b", None), (100, "a", None), (120, "b", None), (180, "b", None)
    ]  # fmt: skip


def test_a_change_starts_a_run_of_that_source_only() -> None:
    told = watch(FakeSources({"a": 0, "b": 0}), [(7, "b"), (9, "b"), (9, "stranger")], 90)
    assert told == [(0, "a", None), (0, "b", None), (7, "b", None), (9, "b", None)]


def test_after_failures_it_waits_twice_as_long_each_time_and_goes_on() -> None:
    sources = FakeSources({"a": 0}, {"a": ["no"] * 6})
    told = watch(sources, [(16, "a")], 400)
    assert [at for at, _, _ in told] == [0, 5, 15, 35, 75, 155, 255, 355]
    assert [error for _, _, error in told] == ["no"] * 6 + [None, None]


def test_a_service_that_ended_is_looked_for_again() -> None:
    sources = FakeSources({"a": 0}, {"a": ["gone", "ok"]})
    assert watch(sources, [], 50) == [(0, "a", "the service ended"), (5, "a", None)]
    assert sources.closed == 2


def test_a_lock_that_a_new_service_holds_leads_to_that_service() -> None:
    sources = FakeSources({"a": 0}, {"a": ["locked", "ok"]})
    assert watch(sources, [], 50) == [(0, "a", "locked"), (5, "a", None)]
    assert sources.closed == 2


def test_another_ingest_is_waited_for_without_a_word() -> None:
    assert watch(FakeSources({"a": 0}, {"a": ["busy", "busy", "ok"]}), [], 50) == [(10, "a", None)]


def test_one_source_by_name_or_folder() -> None:
    assert watch(FakeSources({"a": 0, "b": 0}), [], 50, "b") == [(0, "b", None)]
    assert watch(FakeSources({"a": 0, "b": 0}), [], 50, "/srv/a") == [(0, "a", None)]
    with pytest.raises(NotFoundError):
        watch(FakeSources({"a": 0}), [], 50, "c")


def _at(minutes: float) -> str:
    return (datetime.now(UTC) + timedelta(minutes=minutes)).isoformat(timespec="seconds")


def test_the_schedule_starts_what_is_due_for_the_longest_time() -> None:
    sources = FakeSources({"a": 5, "b": 5, "c": 5, "d": 0})
    sources.next_at = {"a": _at(-1), "b": _at(-9), "c": _at(3)}
    schedule = Schedule(sources)  # type: ignore[arg-type]
    assert schedule.start_due() == 5.0 and sources.runs == ["b"]
    sources.running = "running"
    assert schedule.start_due() == 5.0 and sources.runs == ["b"]
    sources.running, sources.next_at["b"] = "done", _at(5)
    assert schedule.start_due() == 5.0 and sources.runs == ["b", "a"]
    sources.next_at["a"] = _at(5)
    assert schedule.start_due() == 60.0 and sources.runs == ["b", "a"]
    sources.next_at["c"] = _at(0.5)
    assert 20 < (schedule.start_due() or 0) <= 30
    assert Schedule(FakeSources({"d": 0})).start_due() is None  # type: ignore[arg-type]


def test_the_schedule_outlives_errors(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(FakeSources):
        def syncs(self) -> list[Json]:
            self.runs.append("asked")
            if len(self.runs) == 1:
                raise NotFoundError("expected")
            if len(self.runs) == 2:
                raise ZeroDivisionError
            enough.set()
            return super().syncs()

    enough = threading.Event()
    sources = Broken({"a": 5}, next_at={"a": _at(5)})
    schedule = Schedule(sources, tick_seconds=0.01)  # type: ignore[arg-type]
    schedule.start()
    assert enough.wait(10)
    schedule.close()
    assert "expected" in caplog.text and "ZeroDivisionError" in caplog.text
    count = len(sources.runs)
    assert not threading.Event().wait(0.1) and len(sources.runs) == count


def test_a_run_that_leaves_no_trace_is_not_begun_with_each_look() -> None:
    sources, now = FakeSources({"a": 5, "b": 5}), [0.0]
    sources.next_at = {"a": _at(-9), "b": _at(-1)}
    schedule = Schedule(sources, clock=lambda: now[0])  # type: ignore[arg-type]
    begun = []
    for second in range(0, 4000, 5):
        now[0], before = float(second), len(sources.runs)
        schedule.start_due()
        begun += [(second, name) for name in sources.runs[before:]]
    assert [second for second, name in begun if name == "a"] == [0, 60, 180, 420, 900, 1860, 3780]
    assert [second for second, name in begun if name == "b"][:3] == [5, 65, 185]


def test_a_folder_that_is_no_source_yet_cannot_be_watched() -> None:
    class Looking(FakeSources):
        def preview(self, source: str | None = None) -> list[Json]:
            return [{}]

    with pytest.raises(NotFoundError, match="/tmp is no source yet"):
        watch(Looking({}), [], 50, "/tmp")
