"""The assistant whose chat model writes with an adapter: everything that it says names it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from assistant_fakes import RULES, FakeGenerator, FakeRetriever, hit

from assistant.answering import Assistant
from assistant.answers import Finished, Message
from assistant.errors import AdapterError
from assistant.generation import AdapterFile, Generator, never
from assistant.grounding.verdicts import RuleChecker
from assistant.task_prompts import TaskPrompts
from assistant.tasks.kept_texts import text_key
from assistant.tasks.performing import TaskDesk
from assistant.tasks.steps import TaskRequest
from assistant.wiring import LazyGenerator, open_adapters, open_generator
from assistant.writing import Writer
from ingestion.settings import AnswerSettings, GenerationSettings, Settings
from ingestion.workspace import open_workspace

ADAPTER = AdapterFile("terms-1", Path("/ws/adapters/terms-1/adapter.gguf"), "ab" * 32)
QUESTION = "年次有給休暇は何日ですか？"


@dataclass
class FakeAdaptable(FakeGenerator):
    """Remembers with which adapter each reply was wanted."""

    takes_adapters: bool = True
    used: list[str | None] = field(default_factory=list)
    prepared: list[str | None] = field(default_factory=list)

    def generate(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        temperature: float = 0.0,
        seed: int = 0,
        cancelled: Callable[[], bool] = never,
        adapter: AdapterFile | None = None,
    ) -> Iterator[str]:
        self.used.append(adapter and adapter.name)
        return super().generate(messages, max_tokens=max_tokens, cancelled=cancelled)

    def prepare(self, messages: Sequence[Message], adapter: AdapterFile | None = None) -> int:
        self.prepared.append(adapter and adapter.name)
        return len(messages)


def assistant(generator: Generator) -> Assistant:
    return Assistant(FakeRetriever([hit(RULES)]), generator, RuleChecker(AnswerSettings()), Settings())


def test_an_answer_names_its_adapter_and_the_next_one_without_names_none() -> None:
    model = FakeAdaptable("会社は10日の年次有給休暇を与える。")
    plain = assistant(model)
    tuned = plain.with_adapter(ADAPTER)
    answers = [one.ask(QUESTION) for one in (plain, tuned, plain)]
    assert [one.adapter for one in answers] == [None, "terms-1", None]
    assert [one.model for one in answers] == ["fake"] * 3
    assert not any(one.abstained for one in answers)
    assert model.used == [None, "terms-1", None]
    assert plain.with_adapter(None) is plain


@pytest.mark.parametrize("reply", ["資料には記載がありません。", "退職金は500万円です。"])
def test_a_withheld_draft_names_it_too(reply: str) -> None:
    found = assistant(FakeAdaptable(reply)).with_adapter(ADAPTER).ask(QUESTION)
    assert (found.abstained, found.adapter, found.draft) == (True, "terms-1", reply)


def test_a_question_that_the_evidence_does_not_answer_names_it_without_asking_the_model() -> None:
    model = FakeAdaptable("")
    found = assistant(model).with_adapter(ADAPTER).ask("育児休業中の保育料補助はいくらですか？")
    assert (found.abstained, found.adapter, model.used) == (True, "terms-1", [])


def test_instructions_are_prepared_under_the_adapter() -> None:
    model = FakeAdaptable("")
    assistant(model).with_adapter(ADAPTER).prepare()
    assert model.prepared and set(model.prepared) == {"terms-1"}


def test_a_model_that_is_loaded_later_gets_the_adapter() -> None:
    model = FakeAdaptable("会社は10日の年次有給休暇を与える。")
    lazy = LazyGenerator("fake", 4096, lambda: model)
    assert assistant(lazy).with_adapter(ADAPTER).ask(QUESTION).adapter == "terms-1"
    assert assistant(lazy).ask(QUESTION).adapter is None
    assert model.used == ["terms-1", None]


def test_a_model_that_takes_no_adapters_says_so_and_writes_nothing() -> None:
    model = FakeGenerator("会社は10日の年次有給休暇を与える。")
    tuned = assistant(LazyGenerator("fake", 4096, lambda: model)).with_adapter(ADAPTER)
    with pytest.raises(AdapterError, match="fake answers elsewhere and takes no adapter such as 'terms-1'"):
        tuned.ask(QUESTION)
    with pytest.raises(AdapterError):
        tuned.prepare()
    assert model.prompts == []


def test_kept_steps_of_tasks_are_told_apart_by_the_adapters_file() -> None:
    from assistant.generation import AdaptedGenerator, text_identity

    model, prompt = FakeAdaptable(""), [Message("user", "要約")]
    again = AdapterFile(ADAPTER.name, ADAPTER.path, "cd" * 32)
    writers: list[Any] = [model, AdaptedGenerator(model, ADAPTER), AdaptedGenerator(model, again)]
    assert len({text_key(text_identity(one), prompt, 100) for one in writers}) == 3
    assert text_key(text_identity(model), prompt, 100) == text_key("fake", prompt, 100)


def test_tasks_are_written_with_the_adapter_and_name_it() -> None:
    model, rules, prompts = FakeAdaptable("Ten days of leave."), RuleChecker(AnswerSettings()), TaskPrompts()
    retriever: Any = FakeRetriever([])
    library: Any = None  # a text that is given is translated without any document
    desk = TaskDesk(library, retriever, Writer(model, rules, GenerationSettings()), prompts)
    plain = Assistant(retriever, model, rules, Settings(), prompts=prompts, desk=desk)
    request = TaskRequest("translate", "休暇は10日とする。", (), "en", "en")
    for one, name in ((plain, None), (plain.with_adapter(ADAPTER), "terms-1"), (plain, None)):
        finished = list(one.perform(request))[-1]
        assert isinstance(finished, Finished)
        assert (finished.answer.adapter, set(model.used)) == (name, {name})
        model.used.clear()


def test_a_server_takes_none_and_another_model_is_looked_for_by_its_name(tmp_path: Path) -> None:
    workspace = open_workspace(tmp_path / "ws", {})
    server = Settings.model_validate({"server": {"base_url": "http://127.0.0.1:9", "model": "m"}})
    assert open_generator(workspace, server).name == "m"
    adapters = open_adapters(workspace, server)
    with pytest.raises(AdapterError, match="no adapter 'terms-1'"):
        adapters.file_of("terms-1")
    assert adapters.choice(asker="c").adapter is None
