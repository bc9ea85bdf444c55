"""The process that does one step of a training's work: what it tells, how it fails, how it is ended."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from assistant.errors import AdapterError
from ingestion.workspace import Workspace, open_workspace
from training.errors import RecipeError, TrainingRefusedError, TuningError
from ui.errors import error_json
from ui.training_child import perform
from ui.training_process import _Pace, command, followed

Json = dict[str, Any]


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return open_workspace(tmp_path / "ws", {})


def script(text: str) -> list[str]:
    return [
        sys.executable,
        "-c",
        f"import json, sys, time\ndef tell(**e): print(json.dumps(e), flush=True)\n{text}",
    ]


def test_progress_and_report_come_and_all_else_goes_to_the_log(tmp_path: Path) -> None:
    seen: list[Json] = []
    report = followed(
        script(
            "print('noise', file=sys.stderr)\n"
            "tell(event='progress', phase='parity', done=1, total=4)\n"
            "tell(event='report', report={'passed': True, 'text': '日本'})"
        ),
        tmp_path / "logs" / "x.log", seen.append,
    )  # fmt: skip
    assert report == {"passed": True, "text": "日本"}
    assert [(one["phase"], one["done"], one["total"]) for one in seen] == [("parity", 1, 4)]
    assert (tmp_path / "logs" / "x.log").read_text("utf-8") == "noise\n"


@pytest.mark.parametrize(
    "error", [AdapterError("there is none"), TrainingRefusedError("it cannot fit"), TuningError("x")]
)
def test_an_error_arrives_as_the_same_one(tmp_path: Path, error: Exception) -> None:
    text = f"tell(event='error', **{error_json(error)!r})\nsys.exit(1)"
    with pytest.raises(type(error), match=str(error)):
        followed(script(text), tmp_path / "x.log")


def test_a_process_that_ends_without_a_word_is_told(tmp_path: Path) -> None:
    with pytest.raises(TuningError, match="ended without a word"):
        followed(script("sys.exit(9)"), tmp_path / "x.log")


def test_what_nobody_wants_any_more_is_ended(tmp_path: Path) -> None:
    pids: list[int] = []
    text = "import os\ntell(event='progress', phase='x', done=os.getpid(), total=0)\ntime.sleep(99)"
    report = followed(
        script(text), tmp_path / "x.log", lambda event: pids.append(event["done"]), lambda: bool(pids)
    )
    assert report is None
    deadline = time.monotonic() + 20
    while psutil.pid_exists(pids[0]) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not psutil.pid_exists(pids[0])


def test_the_time_left_is_that_of_the_phase() -> None:
    seen: list[Json] = []
    times = iter([100.0, 104.0, 110.0])
    pace = _Pace(seen.append, lambda: next(times))
    pace.tell("base", 10, 30)  # 10 were known before
    pace.tell("base", 12, 30)
    pace.tell("tuned", 0, 5)
    assert [one["eta_seconds"] for one in seen] == [None, 36.0, None]
    assert seen[1]["rate"] == 0.5


def test_a_step_tells_what_is_expected_and_what_is_a_bug(workspace: Workspace) -> None:
    told: list[Json] = []
    wanted = {"recipe": "/none.toml", "method": None, "changes": {}}
    assert not perform("estimate", workspace, wanted, told.append)
    assert [one["event"] for one in told] == ["progress", "error"]
    assert told[1]["kind"] == "RecipeError" and "/none.toml" in told[1]["message"]
    assert not perform("estimate", workspace, {"wrong": 1}, told.append)
    assert told[2]["kind"] == "TuningError" and "TypeError" in told[2]["message"]


def test_the_real_process_says_why_it_cannot(workspace: Workspace) -> None:
    wanted = {"recipe": "/none.toml", "method": None, "changes": {}}
    with pytest.raises(RecipeError, match=r"there is no recipe /none\.toml"):
        followed(command("estimate", workspace.root, wanted), workspace.logs / "training.log")
