"""The service's log: lines of text or of JSON, which never hold a document's text, a question or an answer.

Our own sentences name files and values, and are kept. What other libraries say in an exception may quote what
they were given, so of those only the kind and the places in the code are written.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
import traceback
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Literal

from ui.errors import EXPECTED

Form = Literal["text", "json"]
_OURS = (*EXPECTED, OSError)
logger = logging.getLogger(__name__)


class TextLines(logging.Formatter):
    """`time level name: message`, the places of an exception below it."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """The record as one entry."""
        said = message_of(record).replace("\r", " ").replace("\n", "\n  ")  # names of files may hold breaks
        lines = [f"{self.formatTime(record)} {record.levelname} {record.name}: {said}"]
        return "\n".join(lines + trace_of(record))


class JsonLines(logging.Formatter):
    """One JSON object a line: `{at, level, logger, message}`, and `trace` with an exception. `at` is UTC."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        value: dict[str, object] = {
            "at": at,
            "level": record.levelname,
            "logger": record.name,
            "message": message_of(record),
        }
        if trace := trace_of(record):
            value["trace"] = trace
        return json.dumps(value, ensure_ascii=False)


def message_of(record: logging.LogRecord) -> str:
    """The message, with exceptions of others by their kind only."""
    given = record.args
    if isinstance(given, tuple):
        given = tuple(_told(value) if isinstance(value, BaseException) else value for value in given)
    return str(record.msg) % given if given else str(record.msg)


def trace_of(record: logging.LogRecord) -> list[str]:
    """The exception of a record with what led to it, the first cause first: kind, then places in the code."""
    error = record.exc_info[1] if record.exc_info else None
    found: list[list[str]] = []
    while error is not None and len(found) < 10:
        frames = traceback.extract_tb(error.__traceback__)
        places = [f"  {frame.filename}:{frame.lineno} in {frame.name}" for frame in frames]
        found.append([_told(error), *places])
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return [line for part in reversed(found) for line in part]


def log_to(path: Path, form: Form = "text") -> None:
    """Send log lines to `path`, also of errors that nobody catches."""
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(JsonLines() if form == "json" else TextLines())
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # each address, with a password that stands in it
    sys.excepthook = _uncaught
    threading.excepthook = lambda given: _uncaught(given.exc_type, given.exc_value, given.exc_traceback)


def _uncaught(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    if error is not None and not issubclass(kind, KeyboardInterrupt | SystemExit):
        logger.critical("ended by an error that nobody expected", exc_info=(kind, error, trace))


def _told(error: BaseException) -> str:
    name = type(error).__name__
    return f"{name}: {error}" if isinstance(error, _OURS) else name
