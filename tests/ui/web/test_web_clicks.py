"""Clicks on the chips of an answer: none is lost while the page is drawn anew."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from streamlit.components.v2.bidi_component.main import _make_trigger_id
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.testing.v1 import AppTest
from test_web_page import ask, opened
from web_fakes import PATIENCE, FakeOperations

from ui.errors import ServiceError
from ui.web import resources

Json = dict[str, Any]
QUOTE = "年次有給休暇は入社6か月後に10日与える。"


@dataclass
class Gated(FakeOperations):
    """Answers, but for the sources, only when the gate is open."""

    gate: threading.Event = field(default_factory=threading.Event)

    def _answer(self, *arguments: Any) -> Iterator[Json]:
        events = super()._answer(*arguments)
        yield next(events)
        assert self.gate.wait(PATIENCE)
        yield from events


@pytest.fixture
def operations(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gated]:
    made = Gated()
    monkeypatch.setattr(resources, "connect_with", lambda: made)
    resources.reconnect()
    yield made
    made.gate.set()
    resources.reconnect()


def click(page: AppTest, key: str) -> None:
    """What the browser sends for a click in the only answer."""
    (answer,) = page.get("bidi_component")
    states = page._tree.get_widget_states()
    clicked = json.dumps([{"event": "open", "value": key}])
    states.widgets.append(
        WidgetState(id=_make_trigger_id(answer.proto.id, "events"), json_trigger_value=clicked)
    )
    page._run(states)
    assert not page.exception


def test_an_answer_stays_the_same_fragment_when_it_is_stored(operations: Gated) -> None:
    """Streamlit drops what it hears from a fragment that is no more."""
    page = opened()
    page.chat_input[0].set_value("休暇は？").run()
    (run,) = page.session_state["runs"].values()
    assert run.running
    writing = set(page._fragment_storage._fragments)
    (drawn,) = page.get("bidi_component")
    operations.gate.set()
    run.join(PATIENCE)
    page.run()
    page.run()
    assert page.session_state["runs"] == {}
    assert writing and writing <= set(page._fragment_storage._fragments)
    (stored,) = page.get("bidi_component")
    assert stored.proto.id == drawn.proto.id


def test_a_click_opens_its_passage_also_when_the_page_could_not_be_drawn_then(operations: Gated) -> None:
    operations.gate.set()
    page = opened()
    ask(page, "休暇は？")
    operations.broken = ServiceError("the service does not answer.")
    click(page, "c:0:0")
    operations.broken = None
    page.run()
    assert page.session_state["passage"].quote == QUOTE
    assert any("k-beside" in element.value for element in page.get("html"))  # the panel is open


def test_a_click_on_nothing_known_changes_nothing(operations: Gated) -> None:
    operations.gate.set()
    page = opened()
    ask(page, "休暇は？")
    click(page, "c:9:9")
    assert "passage" not in page.session_state
