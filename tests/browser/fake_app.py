"""The page over a workspace in memory, for the browser tests: `streamlit run` starts this file."""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "ui" / "web")]

from web_fakes import FakeOperations  # noqa: E402

from ui.web import app, resources  # noqa: E402


def _fake() -> FakeOperations:
    empty = os.environ.get("FAKE_EMPTY") == "1"
    made = FakeOperations(delay=float(os.environ.get("FAKE_DELAY", "0.05")))
    if empty:
        made.stored.clear()
    return made


resources.connect_with = _fake
app.main()
