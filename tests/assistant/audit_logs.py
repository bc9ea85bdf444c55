"""Audit logs to be tampered with, on a disk of memory where there is one: each row is put on the disk."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from assistant.audit.log import AuditLog
from assistant.audit.rows import Selection

_MEMORY = Path("/dev/shm")


class Clock:
    """A time that goes on by a minute a row."""

    def __init__(self) -> None:
        self.minute = 0

    def __call__(self) -> str:
        self.minute += 1
        return f"2026-04-01T{self.minute // 60:02d}:{self.minute % 60:02d}:00.000000+00:00"


@contextmanager
def quick_folder() -> Iterator[Path]:
    """A folder that goes away again."""
    made = tempfile.mkdtemp(dir=_MEMORY if _MEMORY.is_dir() else None)
    try:
        yield Path(made)
    finally:
        shutil.rmtree(made, ignore_errors=True)


def fill(folder: Path) -> None:
    """Eight rows: 1 to 6 with words of aoki and ito, 3 an act without, 7 erases those of row 2, 8 follows."""
    with closing(AuditLog(folder, clock=Clock())) as log:
        for number in range(1, 7):
            user = ("ito", "aoki")[number % 2]
            if number == 3:
                log.append(user, "act", {"act": "publish_adapter", "by": "佐藤"})
            else:
                words = {"question": {"asked": f"質問{number}"}, "answer": {"answer": f"答え{number}"}}
                log.append(user, "question", {"hits": [number, 0.5]}, words)
        assert log.erase(Selection(row=2), user="local", by="佐藤", reason="本人の求め") == [2]
        assert log.append("ito", "feedback", {"act": "give_feedback", "rating": "up"}) == 8


Change = Callable[[sqlite3.Connection], object]


def tamper(folder: Path, change: Change) -> None:
    """Change the database behind the program's back, with its guards taken away and put back."""
    with closing(sqlite3.connect(folder / "log.db", isolation_level=None)) as database:
        guards = database.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        assert len(guards) == 9
        for name, _ in guards:
            database.execute(f"DROP TRIGGER {name}")
        change(database)
        for _, sql in guards:
            database.execute(sql)
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
