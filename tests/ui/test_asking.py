from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from interface_fakes import FakeAskResources, FakeAssistant, hit

from assistant.errors import RecordNotFoundError
from assistant.records import Records
from ingestion.documents import Scope
from ingestion.settings import SourceSettings
from ui.asking import Asking, hit_from_json, scope_from_json
from ui.errors import UsageError
from ui.shown_as import ShownAs

SHOWN = r"\\server\規程\security.pdf"


@pytest.fixture
def resources(tmp_path: Path) -> Iterator[FakeAskResources]:
    with closing(Records.open(tmp_path / "records.db")) as records:
        yield FakeAskResources(records)


@pytest.fixture
def asking(resources: FakeAskResources) -> Asking:
    names = {"/srv/rules": SourceSettings(shown_as=r"\\server\規程")}
    return Asking(resources, ShownAs(names, "/ws/uploads", Path("/ws/sources")))


def test_events_come_in_order_and_name_places_as_people_know_them(asking: Asking) -> None:
    events = list(asking.stream("期限は？"))
    assert [event["event"] for event in events] == ["retrieved", "token", "token", "checked", "finished"]
    assert events[0]["hits"][0]["shown_as"] == SHOWN
    assert events[3]["claim"]["citations"][0]["shown_as"] == SHOWN
    answer = events[4]["answer"]
    assert answer["hits"][0]["shown_as"] == answer["claims"][0]["citations"][0]["shown_as"] == SHOWN


def test_a_conversation_gives_history_and_keeps_the_turn(asking: Asking, resources: FakeAskResources) -> None:
    key = resources.records.create()["id"]
    scope = {"documents": ["d1"], "folder": None}
    list(asking.stream("一つ目", conversation=key, scope=scope))
    list(asking.stream("二つ目", conversation=key))
    asked = resources.assistants[None].asked
    assert asked[0][1:3] == ((), Scope(documents=frozenset(["d1"])))
    [turn] = asked[1][1]
    assert (turn.question, turn.answer) == ("一つ目", "90日です。")
    assert [(h.document, h.start, h.end, h.text) for h in turn.hits] == [
        ("d1", 0, len(hit().text), hit().text)
    ]
    messages = resources.records.show(key)["messages"]
    assert [message["text"] for message in messages] == ["一つ目", "90日です。", "二つ目", "90日です。"]
    assert messages[0]["scope"] == scope


def test_a_stopped_answer_is_kept_as_far_as_it_came(asking: Asking, resources: FakeAskResources) -> None:
    key = resources.records.create()["id"]
    resources.assistants[None] = FakeAssistant(endless=True)
    stream = asking.stream("期限は？", conversation=key)
    for event in stream:
        if event["event"] == "token":
            break
    stream.close()
    assert resources.assistants[None].closed.is_set()
    answer = resources.records.show(key)["messages"][1]["answer"]
    assert (answer["answer"], answer["stopped"], answer["abstained"]) == ("90", True, False)
    assert asking.waiting == 0


def test_ctrl_c_keeps_what_came_too(asking: Asking, resources: FakeAskResources) -> None:
    key = resources.records.create()["id"]
    stream = asking.stream("期限は？", conversation=key)
    while next(stream)["event"] != "token":
        pass
    with pytest.raises(KeyboardInterrupt):
        stream.throw(KeyboardInterrupt)
    answer = resources.records.show(key)["messages"][1]["answer"]
    assert (answer["answer"], answer["stopped"]) == ("90", True)


def test_a_question_can_be_taken_back_while_it_waits(asking: Asking, resources: FakeAskResources) -> None:
    key = resources.records.create()["id"]
    first = asking.stream("一つ目")
    next(first)
    stop = threading.Event()
    second = asking.stream("二つ目", model="other", conversation=key, cancelled=stop.is_set)
    assert next(second)["event"] == "waiting"
    threading.Timer(0.1, stop.set).start()
    assert list(second) == []
    assert asking.waiting == 1 and resources.chosen == [None]
    assert resources.records.show(key)["messages"][1]["answer"]["stopped"] is True
    assert [event["event"] for event in first][-1] == "finished"


def test_a_question_can_be_taken_back_while_the_model_is_silent(
    asking: Asking, resources: FakeAskResources
) -> None:
    resources.assistants[None] = FakeAssistant(pause=threading.Event())
    stop = threading.Event()
    stream = asking.stream("期限は？", cancelled=stop.is_set)
    while next(stream)["event"] != "token":
        pass
    stop.set()
    assert list(stream) == []
    assert resources.assistants[None].closed.is_set() and asking.waiting == 0


def test_an_unknown_conversation_is_an_error_before_anything_is_generated(
    asking: Asking, resources: FakeAskResources
) -> None:
    with pytest.raises(RecordNotFoundError):
        next(asking.stream("期限は？", conversation="none"))
    assert resources.chosen == []


def test_an_empty_question_is_refused(asking: Asking) -> None:
    with pytest.raises(UsageError):
        next(asking.stream(" \n"))


def test_the_second_question_hears_how_many_are_ahead(asking: Asking, resources: FakeAskResources) -> None:
    first = asking.stream("一つ目")
    next(first)
    second = list(asking.stream("二つ目"))
    assert second[0] == {"event": "waiting", "ahead": 1}
    assert second[1]["event"] == "retrieved" and second[1]["waiting"] == 1
    assert [event["event"] for event in first][-1] == "finished"


def test_another_model_waits_until_the_answer_is_out_and_nobody_overtakes_it(
    asking: Asking, resources: FakeAskResources
) -> None:
    go = threading.Event()
    resources.assistants[None] = FakeAssistant(pause=go)
    order: list[str] = []

    def ask(question: str, model: str | None) -> None:
        for event in asking.stream(question, model=model):
            if event["event"] in ("retrieved", "finished"):
                order.append(f"{question} {event['event']}")

    threads = [threading.Thread(target=ask, args=("a", None))]
    threads[0].start()
    while "a retrieved" not in order:
        pass
    for count, (question, model) in enumerate([("b", "other"), ("c", None)], start=2):
        threads.append(threading.Thread(target=ask, args=(question, model)))
        threads[-1].start()
        while asking.waiting < count:
            pass
    assert order == ["a retrieved"]
    go.set()
    for thread in threads:
        thread.join(20)
    assert order == [
        "a retrieved", "a finished", "b retrieved", "b finished", "c retrieved", "c finished",
    ]  # fmt: skip


def test_embedding_waits_for_its_turn(asking: Asking) -> None:
    stream = asking.stream("期限は？")
    next(stream)
    waited = threading.Event()
    thread = threading.Thread(target=lambda: (asking.wait_turn(), waited.set()))
    thread.start()
    assert not waited.wait(0.1)
    list(stream)
    assert waited.wait(10)
    thread.join()
    asking.wait_turn(0)


def test_waiting_for_a_turn_is_bounded(asking: Asking) -> None:
    stream = asking.stream("期限は？")
    next(stream)
    asking.wait_turn(0.01)
    stream.close()


@pytest.mark.parametrize(
    ("value", "scope"),
    [
        (None, Scope()),
        ({}, Scope()),
        ({"documents": ["a", "b"]}, Scope(documents=frozenset("ab"))),
        ({"documents": []}, Scope(documents=frozenset())),
        ({"folder": {"source": "/s", "path": "x"}}, Scope(folder=("/s", "x"))),
        ({"folder": {"source": "/s"}}, Scope(folder=("/s", ""))),
    ],
)
def test_scopes(value: dict[str, object] | None, scope: Scope) -> None:
    assert scope_from_json(value) == scope


@pytest.mark.parametrize("value", [{"documents": 3}, {"folder": {}}, {"folder": "x"}])
def test_a_scope_that_is_not_understood_is_refused(value: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        scope_from_json(value)


def test_a_hit_survives_its_json() -> None:
    value = hit().as_json()
    assert hit_from_json({**value, "shown_as": "x"}).as_json() == value
