"""The page over a workspace in memory, for the browser tests: `streamlit run` starts this file."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "ui" / "web")]

from web_fakes import FakeOperations  # noqa: E402

from ui.web import app, resources  # noqa: E402

HOLD = os.environ.get("FAKE_HOLD") == "1"


class Slow(FakeOperations):
    """Takes FAKE_STATUS seconds to tell its status, and so the page to be drawn.

    With FAKE_HOLD an answer goes no further than its first sentence, until it is stopped.
    """

    def ask(self, question: str, **rest: Any) -> Iterator[dict[str, Any]]:
        with closing(super().ask(question, **rest)) as events:  # type: ignore[type-var]
            for event in events:
                yield event
                while HOLD and event["event"] == "checked" and not rest["cancelled"]():
                    time.sleep(0.05)

    def status(self) -> dict[str, Any]:
        time.sleep(float(os.environ.get("FAKE_STATUS", "0")))
        return super().status()


def _fake() -> FakeOperations:
    empty = os.environ.get("FAKE_EMPTY") == "1"
    made = Slow(delay=float(os.environ.get("FAKE_DELAY", "0.05")))
    if empty:
        made.stored.clear()
    return made


resources.connect_with = _fake
app.main()
