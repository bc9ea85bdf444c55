from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest
from web_fakes import PATIENCE, FakeOperations

from ui.task_operations import TaskOrder
from ui.web import resources
from ui.web.turns import TurnState, advance
from ui.web.views.tasks import Choice

APP = str(Path(__file__).parents[3] / "ui" / "web" / "app.py")
Json = dict[str, Any]


class TaskOperations(FakeOperations):
    """Performs every task in two steps, after which it answers as to a question."""

    def perform(self, order: TaskOrder, **_: Any) -> Iterator[Json]:
        self.questions.append(asdict(order))
        yield {"event": "progress", "done": 1, "total": 2, "label": "第1章", "text": ""}
        time.sleep(self.delay)
        yield from self._answer("年次有給休暇", order.conversation, order.scope)


@pytest.fixture
def operations(monkeypatch: pytest.MonkeyPatch) -> Iterator[TaskOperations]:
    made = TaskOperations()
    monkeypatch.setattr(resources, "connect_with", lambda: made)
    resources.reconnect()
    yield made
    resources.reconnect()


def opened() -> AppTest:
    page = AppTest.from_file(APP, default_timeout=PATIENCE)
    page.query_params["lang"] = "en"
    return page.run()


def test_a_document_is_chosen_and_summarised(operations: TaskOperations) -> None:
    page = opened()
    page.button_group(key="task").set_value("summarise").run()
    page.button(key="task_start").click().run()
    assert page.warning[0].value == "Choose the documents first." and operations.questions == []
    page.selectbox(key="task_choose_document").set_value("rules").run()
    page.button(key="task_start").click().run()
    for run in page.session_state["runs"].values():
        run.join(PATIENCE)
    page.run()
    assert not page.exception
    [asked] = operations.questions
    assert (asked["task"], asked["text"], asked["documents"]) == ("summarise", "", ("rules",))
    assert asked["language"] == "en" and asked["conversation"]


@pytest.mark.parametrize(
    ("choice", "text", "lacking"),
    [
        (Choice("summarise", ("a",)), "", False),
        (Choice("summarise"), "x", True),
        (Choice("compare", ("a", "a")), "", True),
        (Choice("compare", ("a", "b")), "", False),
        (Choice("translate"), " ", True),
        (Choice("translate", ("a",)), "", False),
        (Choice("draft"), "", True),
        (Choice("extract"), "額", True),
        (Choice("extract", columns=("額",)), "額", False),
        (Choice(), "?", False),
    ],
)
def test_what_a_task_lacks_is_said_before_it_starts(choice: Choice, text: str, lacking: bool) -> None:
    assert bool(choice.lacks(text)) == lacking


def test_what_is_done_is_told_in_the_conversation() -> None:
    documents = [{"id": "a", "title": "規程"}]
    shown = Choice("summarise", ("a",)).shown("期限", documents)
    assert shown in ("要約: 規程\n期限", "Summary: 規程\n期限")
    assert Choice().shown("期限は？", documents) == "期限は？"


def test_progress_is_part_of_a_turn() -> None:
    event = {"event": "progress", "done": 1, "total": 3, "label": "第1章", "text": ""}
    assert advance(TurnState("要約"), event).progress == event
