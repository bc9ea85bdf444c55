"""Results of a long run, a line each as soon as it is known, so that a run that was killed goes on.

The file's name is a hash of all that an answer depends on: a changed configuration begins another file.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from filelock import FileLock, Timeout

from assistant.errors import EvaluationError

Row = dict[str, Any]
Asked = TypeVar("Asked")
FOLDER = "answers"


class AnswerLog:
    """The rows of one configuration by question id. Open it with `opened`."""

    def __init__(self, path: Path) -> None:
        """Reads what is there. What a killed run left of its last line is cut off.

        A line that a failing disk or a power cut damaged counts as not there.
        """
        self.path = path
        self.rows: dict[str, Row] = {}
        data = path.read_bytes() if path.exists() else b""
        whole = data.rfind(b"\n") + 1
        for line in data[:whole].splitlines():
            if (row := _row(line)) is not None:
                self.rows[row["id"]] = row
        if whole < len(data):
            os.truncate(path, whole)

    def add(self, row: Row) -> None:
        """Keep a row; it has reached the disk when this returns."""
        line = (json.dumps(row, ensure_ascii=False) + "\n").encode("utf-8", "backslashreplace")
        with self.path.open("ab") as stream:
            stream.write(line)
            stream.flush()
            os.fsync(stream.fileno())
        self.rows[row["id"]] = row


def rows_of(
    asked: Sequence[Asked],
    log: AnswerLog,
    *,
    id_of: Callable[[Asked], str],
    ask: Callable[[Asked], Row],
    fits: Callable[[Asked, Row], bool] = lambda one, row: True,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Row]:
    """A row for each question, in order: what `log` has and `fits`, else what `ask` gives and is kept."""
    rows = []
    for number, one in enumerate(asked, start=1):
        row = log.rows.get(id_of(one))
        if row is None or not fits(one, row):
            row = ask(one)
            log.add(row)
        rows.append(row)
        progress(number, len(asked))
    return rows


def kept_rows(folder: Path) -> Iterator[tuple[str, Row]]:
    """The rows of all logs below `folder`, with the name of each log; only reads, also while a run writes."""
    for path in sorted((folder / FOLDER).glob("*.jsonl")):
        for line in path.read_bytes().splitlines():
            if (row := _row(line)) is not None:
                yield path.stem, row


def _row(line: bytes) -> Row | None:
    try:
        row = json.loads(line)
    except ValueError:
        return None
    return row if isinstance(row, dict) and isinstance(row.get("id"), str) else None


@contextmanager
def opened(folder: Path, configuration: Mapping[str, Any], *, again: bool = False) -> Iterator[AnswerLog]:
    """The log of a configuration below `folder`, for one run at a time; `again` throws away what it holds.

    Raises:
        EvaluationError: another run is writing it.
    """
    text = json.dumps(configuration, sort_keys=True, ensure_ascii=False)
    path = folder / FOLDER / f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path.with_suffix(".lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise EvaluationError(
            f"another run with the same configuration is writing {path}. Wait for it, or stop it."
        ) from error
    try:
        if again:
            path.unlink(missing_ok=True)
        yield AnswerLog(path)
    finally:
        lock.release()
