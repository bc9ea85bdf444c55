"""Follows a process that does one step (`ui.training_child`), and ends it when nobody wants it any more."""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any

from training.errors import TuningError
from ui.errors import error_from_json

Json = dict[str, Any]

_LOOK_SECONDS = 0.2
_PATIENCE_SECONDS = 10.0


def command(step: str, workspace: Path, arguments: Json) -> list[str]:
    """What starts the process of a step."""
    told = json.dumps(arguments, ensure_ascii=False)
    return [sys.executable, "-P", "-m", "ui.training_child", step, str(workspace), told]


def followed(
    started: Sequence[str],
    log: Path,
    progress: Callable[[Json], None] = lambda event: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Json | None:
    """Start it and wait for its report; None when it was cancelled. What it says besides goes to `log`.

    `progress` is given `{phase, done, total, path, chunks_done, rate, eta_seconds}`, as a job wants it.

    Raises:
        The error that the process told of; TuningError where it ended without a word.
    """
    from training.tuning.starting import quiet_environment

    log.parent.mkdir(parents=True, exist_ok=True)
    with (
        log.open("ab") as said,
        subprocess.Popen(
            list(started), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=said,
            env=quiet_environment(), start_new_session=True,
        ) as process,
    ):  # fmt: skip
        assert process.stdout is not None
        lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        threading.Thread(target=_read, args=(process.stdout, lines), daemon=True).start()
        try:
            return _report(lines, _Pace(progress), cancelled, log)
        finally:
            _end(process)


def _report(
    lines: queue.SimpleQueue[bytes | None], pace: _Pace, cancelled: Callable[[], bool], log: Path
) -> Json | None:
    while not cancelled():
        try:
            line = lines.get(timeout=_LOOK_SECONDS)
        except queue.Empty:
            continue
        if line is None:
            raise TuningError(f"the process that did the work ended without a word. See {log}")
        event = json.loads(line)
        match event["event"]:
            case "progress":
                pace.tell(event["phase"], event["done"], event["total"])
            case "report":
                report: Json = event["report"]
                return report
            case _:
                raise error_from_json(event)
    return None


def _read(stdout: IO[bytes], lines: queue.SimpleQueue[bytes | None]) -> None:
    for line in stdout:
        lines.put(line)
    lines.put(None)


def _end(process: subprocess.Popen[bytes]) -> None:
    """It has ended by itself, or has to now: what it wrote so far is kept by its own means."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(_PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class _Pace:
    """Adds to each step of a phase how fast it goes and when it will be done."""

    def __init__(self, progress: Callable[[Json], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._progress, self._clock = progress, clock
        self._phase, self._began, self._first = "", 0.0, 0

    def tell(self, phase: str, done: int, total: int) -> None:
        now = self._clock()
        if phase != self._phase:
            self._phase, self._began, self._first = phase, now, done
        passed, since = done - self._first, now - self._began
        rate = passed / since if since > 0 else 0.0
        self._progress(
            {"phase": phase, "done": done, "total": total, "path": "", "chunks_done": 0, "rate": rate,
             "eta_seconds": (total - done) / rate if rate > 0 else None}
        )  # fmt: skip
