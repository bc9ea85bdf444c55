"""Which adapter answers a question, that it is said, and that nothing else answers in its name."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from adapter_files import add, serving
from interface_fakes import FakeAskResources, FakeAssistant

from assistant.adapter_publishing import Publisher
from assistant.adapter_serving import AdapterServing, in_trial
from assistant.adapters import GGUF
from assistant.errors import AccessRefusedError, AdapterError
from assistant.feedback_rows import FeedbackRows
from assistant.records import Records
from ingestion.settings import ModelSettings, Settings
from ui.asking import Asking
from ui.shown_as import ShownAs

Json = dict[str, Any]


@pytest.fixture
def adapters(tmp_path: Path) -> AdapterServing:
    found = serving(tmp_path)
    for name in ("one", "two"):
        add(found.folder, name)
    return found


@pytest.fixture
def resources(tmp_path: Path, adapters: AdapterServing) -> Iterator[FakeAskResources]:
    settings = Settings(models=ModelSettings(chat="small"))
    with closing(Records.open(tmp_path / "records.db")) as records:
        yield FakeAskResources(records, settings, adapters=adapters)


@pytest.fixture
def asking(resources: FakeAskResources) -> Asking:
    return Asking(resources, ShownAs({}, "/ws/uploads", Path("/ws/sources")))


@pytest.fixture
def publisher(adapters: AdapterServing) -> Publisher:
    return Publisher(adapters)


def answer(asking: Asking, question: str = "期限は？", **options: Any) -> Json:
    found: Json = list(asking.stream(question, **options))[-1]["answer"]
    return found


def test_a_publication_counts_at_the_next_question(asking: Asking, publisher: Publisher) -> None:
    said = [answer(asking)["adapter"]]
    publisher.publish("one", by="a")
    said.append(answer(asking)["adapter"])
    publisher.publish("two", by="a")
    said.append(answer(asking)["adapter"])
    publisher.roll_back(by="a")
    said.append(answer(asking)["adapter"])
    publisher.roll_back("base", by="a")
    said.append(answer(asking)["adapter"])
    assert said == [None, "one", "two", "one", None]


def test_a_publication_of_another_process_counts_too(
    asking: Asking, publisher: Publisher, tmp_path: Path
) -> None:
    """Another process is another reader of the same folder: nothing is remembered between questions."""
    publisher.publish("one", by="a")
    assert answer(asking)["adapter"] == "one"
    Publisher(serving(tmp_path)).publish("two", by="b")
    assert answer(asking)["adapter"] == "two"


def test_a_running_answer_ends_as_it_began(
    asking: Asking, resources: FakeAskResources, publisher: Publisher
) -> None:
    publisher.publish("one", by="a")
    go_on = threading.Event()
    resources.assistants[None] = FakeAssistant(pause=go_on)
    stream = asking.stream("期限は？")
    while next(stream)["event"] != "token":
        pass
    publisher.publish("two", by="a")
    go_on.set()
    assert list(stream)[-1]["answer"]["adapter"] == "one"
    assert answer(asking)["adapter"] == "two"


def test_it_is_kept_with_the_answer_and_what_is_said_of_it(
    asking: Asking, resources: FakeAskResources, publisher: Publisher
) -> None:
    publisher.publish("one", by="a")
    key = resources.records.create()["id"]
    answer(asking, conversation=key)
    stored = resources.records.show(key)["messages"][1]
    assert stored["answer"]["adapter"] == "one"
    feedback = FeedbackRows(resources.records.engine)
    feedback.give(key, stored["id"], rating="up")
    assert [one["adapter"] for one in feedback.all()] == ["one"]


def test_a_stopped_answer_names_it_too(
    asking: Asking, resources: FakeAskResources, publisher: Publisher
) -> None:
    publisher.publish("one", by="a")
    resources.assistants[None] = FakeAssistant(endless=True)
    key = resources.records.create()["id"]
    stream = asking.stream("期限は？", conversation=key)
    while next(stream)["event"] != "token":
        pass
    stream.close()
    stored = resources.records.show(key)["messages"][1]["answer"]
    assert (stored["adapter"], stored["stopped"]) == ("one", True)


def test_a_share_of_the_conversations_tries_another(
    asking: Asking, resources: FakeAskResources, publisher: Publisher
) -> None:
    publisher.publish("one", by="a")
    publisher.try_out("two", 0.5, by="a")
    keys = [resources.records.create()["id"] for _ in range(12)]
    for _ in range(2):
        found = {key: answer(asking, conversation=key)["adapter"] for key in keys}
        assert found == {key: "two" if in_trial(key, "two", 0.5) else "one" for key in keys}
    assert answer(asking)["adapter"] == "one"


def test_a_conversations_own_choice_comes_first(
    asking: Asking, resources: FakeAskResources, publisher: Publisher
) -> None:
    publisher.publish("one", by="a")
    publisher.try_out("two", 0.999, by="a")
    key, records = resources.records.create()["id"], resources.records
    said = []
    for choice in ("one", "base", "two", None):
        records.choose_adapter(key, choice)
        assert records.show(key)["adapter"] == records.chosen_adapter(key) == choice
        said.append(answer(asking, conversation=key)["adapter"])
    assert said == ["one", None, "two", "two"]


def test_what_a_tester_chose_answers_or_nothing_does(
    asking: Asking, resources: FakeAskResources, adapters: AdapterServing
) -> None:
    key = resources.records.create()["id"]
    resources.records.choose_adapter(key, "one")
    (adapters.folder.folder("one") / GGUF).unlink()
    with pytest.raises(AdapterError, match="adapter 'one' cannot be read"):
        answer(asking, conversation=key)
    assert resources.chosen == [] and asking.waiting == 0
    resources.records.choose_adapter(key, "base")
    assert answer(asking, conversation=key)["warnings"] == []


def test_where_the_published_one_cannot_answer_the_answer_says_who_did_and_why(
    asking: Asking, adapters: AdapterServing, publisher: Publisher
) -> None:
    publisher.publish("one", by="a")
    (adapters.folder.folder("one") / GGUF).write_bytes(b"damaged")
    found = answer(asking)
    assert found["adapter"] is None
    (warning,) = found["warnings"]
    assert (
        "基本モデルが答えました" in warning
        and "アダプターoneのファイルは書き出したものと違います" in warning.replace("'", "")
    )
    (warning,) = answer(asking, "What is the deadline?", language="en")["warnings"]
    assert "answered by: base model" in warning and "not the one that was exported" in warning


def test_another_file_of_the_published_one_does_not_answer_before_it_is_published(
    asking: Asking, adapters: AdapterServing, publisher: Publisher
) -> None:
    publisher.publish("one", by="a")
    add(adapters.folder, "one", content=b"exported again")
    found = answer(asking)
    assert found["adapter"] is None
    (warning,) = found["warnings"]
    assert "基本モデルが答えました" in warning and "konkyo train publish one" in warning
    publisher.publish("one", by="a")
    assert (answer(asking)["adapter"], answer(asking)["warnings"]) == ("one", [])


def test_where_the_tried_one_cannot_answer_the_published_one_does_and_says_so(
    asking: Asking, resources: FakeAskResources, adapters: AdapterServing, publisher: Publisher
) -> None:
    publisher.publish("one", by="a")
    publisher.try_out("two", 0.999, by="a")
    (adapters.folder.folder("two") / GGUF).unlink()
    found = answer(asking, conversation=resources.records.create()["id"])
    assert found["adapter"] == "one"
    assert "oneが答えました" in found["warnings"][0]


def test_an_unreadable_publication_is_said_with_each_answer(asking: Asking, adapters: AdapterServing) -> None:
    (adapters.folder.root / "published.json").write_text("{", "utf-8")
    found = answer(asking)
    assert found["adapter"] is None
    assert "published.json" in found["warnings"][0]


def test_readers_are_answered_by_what_is_published(
    asking: Asking, resources: FakeAskResources, publisher: Publisher
) -> None:
    resources.tests_models = False
    key = resources.records.create()["id"]
    for model in ("large", "x"):
        with pytest.raises(AccessRefusedError, match="needs the role trainer"):
            answer(asking, model=model)
    assert resources.chosen == []
    publisher.publish("one", by="a")
    resources.records.choose_adapter(key, "one")
    found = answer(asking, conversation=key)
    assert (found["adapter"], found["warnings"]) == ("one", [])
    publisher.publish("two", by="a")  # what was chosen when it was published, or by a tester, is not any more
    found = answer(asking, conversation=key)
    assert found["adapter"] == "two" and len(found["warnings"]) == 1 and "one" in found["warnings"][0]
    resources.records.choose_adapter(key, "base")
    found = answer(asking, conversation=key)
    assert (found["adapter"], found["warnings"]) == (None, [])


def test_another_model_that_is_asked_for_answers_by_itself(
    asking: Asking, resources: FakeAskResources, publisher: Publisher
) -> None:
    publisher.publish("one", by="a")
    found = answer(asking, model="large")
    assert (found["model"], found["adapter"], found["warnings"]) == ("large", None, [])
    assert answer(asking, model="small")["adapter"] == "one"
    key = resources.records.create()["id"]
    resources.records.choose_adapter(key, "one")
    with pytest.raises(AdapterError, match="large"):
        answer(asking, model="large", conversation=key)
