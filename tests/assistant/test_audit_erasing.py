"""Erased words are gone from the files of the log, whoever reads it meanwhile and however a process ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from audit_logs import quick_folder

from assistant.audit.log import AuditLog
from assistant.audit.rows import Selection

ROOT = Path(__file__).parents[2]
SECRET = "himitsu-no-shitsumon"
LONG = SECRET * 3000
"""Longer than a page of the database: it is kept in pages of its own."""


@pytest.fixture
def folder() -> Iterator[Path]:
    with quick_folder() as made:
        yield made / "audit"


def holding(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if SECRET.encode() in path.read_bytes()}


def erase(log: AuditLog) -> list[int]:
    return log.erase(Selection(user="aoki"), user="local", by="佐藤", reason="本人の求め")


def fill(log: AuditLog) -> None:
    for number in range(12):
        log.append("aoki" if number == 1 else "ito", "question", {}, {"q": LONG if number == 1 else "x"})


def test_long_words_between_others_leave_nothing_behind(folder: Path) -> None:
    with closing(AuditLog(folder)) as log:
        fill(log)
        assert holding(folder)
        assert erase(log) == [2]
        assert holding(folder) == set()


def test_words_that_somebody_was_reading_are_gone_with_the_next_act(folder: Path) -> None:
    """A reader sees the rows as they were, so the pages with the words have to stay for that long."""
    with closing(AuditLog(folder)) as log:
        fill(log)
        reading = log.entries()
        next(reading)
        began = time.monotonic()
        assert erase(log) == [2]
        assert time.monotonic() - began < 10
        assert "himitsu" in str([words for _, words in reading])
        log.ready()
        assert holding(folder) == set()
        assert log.verify().ok


def test_nobody_waits_long_for_an_erasure_while_somebody_reads(folder: Path) -> None:
    with closing(AuditLog(folder)) as log, closing(AuditLog(folder)) as other:
        fill(log)
        reading = log.entries()
        next(reading)
        erasing = threading.Thread(target=erase, args=(log,))
        erasing.start()
        began = time.monotonic()
        while other.append("ito", "act", {"act": "upload"}) and erasing.is_alive():
            pass
        assert time.monotonic() - began < 10
        erasing.join()
        del reading


_ERASE = """
import os, signal, sys
from pathlib import Path
from assistant.audit.log import AuditLog
from assistant.audit.rows import AuditRows, Selection
AuditRows.wipe = lambda self, seconds=0.0: os.kill(os.getpid(), signal.SIGKILL)
AuditLog(Path(sys.argv[1])).erase(Selection(user="aoki"), user="local", by="b", reason="r")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_a_process_that_was_killed_after_an_erasure_leaves_the_rest_to_the_next_one(folder: Path) -> None:
    with closing(AuditLog(folder)) as log:
        fill(log)
    done = subprocess.run(
        [sys.executable, "-c", _ERASE, str(folder)], cwd=ROOT, timeout=120,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL and holding(folder)
    with closing(AuditLog(folder)) as log:
        log.ready()
        assert holding(folder) == set()
        assert log.verify().ok and log.verify().erased == 1
