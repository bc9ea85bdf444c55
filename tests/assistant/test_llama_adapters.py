"""Adapters in the real llama.cpp, over a toy of random weights: what is switched, and what must not move."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from serving_toys import CONTEXT, write_adapter, write_model

from assistant.answers import Message
from assistant.errors import AdapterError
from assistant.generation import AdaptedGenerator, AdapterFile, adapter_of, text_identity
from assistant.llama import LlamaGenerator
from ingestion.settings import GenerationSettings

RULES = Message("system", "Answer from the rules. " * 12)
QUESTION = [RULES, Message("user", "How many days of leave?")]
OTHER = [Message("system", "Somebody else's documents. " * 12), Message("user", "How high is the limit?")]
KEPT_OFF = GenerationSettings(kept_prompts_mb=0)


def written(
    model: LlamaGenerator,
    adapter: AdapterFile | None = None,
    prompt: list[Message] = QUESTION,
    length: int = 24,
) -> str:
    return "".join(model.generate(prompt, max_tokens=length, adapter=adapter))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("toys")
    write_model(place / "model.gguf")
    return place


@pytest.fixture(scope="module")
def first(folder: Path) -> AdapterFile:
    return write_adapter(folder / "first.gguf", seed=1, name="first")


@pytest.fixture(scope="module")
def second(folder: Path) -> AdapterFile:
    return write_adapter(folder / "second.gguf", seed=2, name="second")


@pytest.fixture(params=[GenerationSettings(), KEPT_OFF], ids=["prompts kept", "prompts not kept"])
def model(folder: Path, request: pytest.FixtureRequest) -> Iterator[LlamaGenerator]:
    generator = LlamaGenerator(
        folder / "model.gguf", name="toy", context_tokens=CONTEXT, threads=1, settings=request.param
    )
    yield generator
    generator.close()


def test_a_switch_changes_the_answer_and_switching_back_restores_it_exactly(
    model: LlamaGenerator, first: AdapterFile, second: AdapterFile
) -> None:
    answers = [written(model, one) for one in (None, first, second)]
    assert len(set(answers)) == 3
    for order in ((None, first, second), (second, None, first), (first, first, None)):
        assert [written(model, one) for one in order] == [
            answers[(None, first, second).index(one)] for one in order
        ]


def test_an_adapter_that_adds_nothing_gives_the_base_models_answer(
    model: LlamaGenerator, folder: Path
) -> None:
    nothing = write_adapter(folder / "nothing.gguf", seed=3, name="nothing", scale=0.0)
    assert written(model, nothing) == written(model)


def test_no_answer_depends_on_what_was_asked_before_under_another_adapter(
    folder: Path, first: AdapterFile, second: AdapterFile
) -> None:
    """Each as a fresh model gives it: nothing that one adapter read is read by another."""

    def alone(adapter: AdapterFile | None, prompt: list[Message]) -> str:
        fresh = LlamaGenerator(folder / "model.gguf", context_tokens=CONTEXT, threads=1)
        try:
            return written(fresh, adapter, prompt)
        finally:
            fresh.close()

    asked = [(one, prompt) for one in (None, first, second) for prompt in (QUESTION, OTHER)]
    expected = {(adapter_name(one), id(prompt)): alone(one, prompt) for one, prompt in asked}
    shared = LlamaGenerator(folder / "model.gguf", context_tokens=CONTEXT, threads=1)
    try:
        for one, prompt in [*asked, *reversed(asked), *asked[::2], *asked[1::2]]:
            assert written(shared, one, prompt) == expected[adapter_name(one), id(prompt)]
    finally:
        shared.close()


def adapter_name(adapter: AdapterFile | None) -> str:
    return adapter.name if adapter else ""


def test_kept_prompts_come_back_under_their_own_adapter_only(folder: Path, first: AdapterFile) -> None:
    model = LlamaGenerator(folder / "model.gguf", context_tokens=CONTEXT, threads=1)
    try:
        written(model)
        written(model, first)
        assert model.reused_tokens == 0
        written(model)
        assert model.reused_tokens >= model.prompt_tokens - 1
        written(model, first)
        assert model.reused_tokens >= model.prompt_tokens - 1
        written(model, first, OTHER)
        assert model.reused_tokens < 32  # the beginning of the template, not the other's documents
    finally:
        model.close()


def test_instructions_are_prepared_for_an_adapter(folder: Path, first: AdapterFile) -> None:
    model = LlamaGenerator(folder / "model.gguf", context_tokens=CONTEXT, threads=1)
    try:
        fresh = written(model, first, [RULES, Message("user", "SOURCES and a question")])
        prepared = AdaptedGenerator(model, first).prepare([RULES, Message("user", "SOURCES")])
        written(model)
        assert model.reused_tokens == 0
        assert written(model, first, [RULES, Message("user", "SOURCES and a question")]) == fresh
        assert prepared - 1 <= model.reused_tokens
    finally:
        model.close()


def test_a_running_answer_is_not_disturbed_by_one_with_another_adapter(
    model: LlamaGenerator, first: AdapterFile, second: AdapterFile
) -> None:
    """A publication is another adapter at the next answer: here that comes in the middle of one."""
    alone = written(model, first, length=60)
    expected = written(model, second)
    running, got = model.generate(QUESTION, max_tokens=60, adapter=first), []
    text = next(running)
    thread = threading.Thread(target=lambda: got.append(written(model, second)))
    thread.start()
    while model.waiting < 2:
        time.sleep(0.001)
    assert text + "".join(running) == alone
    thread.join(30)
    assert got == [expected]


def test_many_threads_with_three_adapters_get_each_their_own_answer(
    model: LlamaGenerator, first: AdapterFile, second: AdapterFile
) -> None:
    choices = [None, first, second, first, None, second, second, None]
    expected = {adapter_name(one): written(model, one) for one in (None, first, second)}
    got: list[tuple[str, str]] = []

    def ask(adapter: AdapterFile | None) -> None:
        got.append((adapter_name(adapter), written(model, adapter)))

    threads = [threading.Thread(target=ask, args=(one,)) for one in choices]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(got) == len(choices)
    assert all(text == expected[name] for name, text in got)


def test_more_adapters_than_memory_has_room_for_are_loaded_again(
    model: LlamaGenerator, folder: Path, first: AdapterFile
) -> None:
    before = written(model, first)
    for seed in range(10, 16):
        written(model, write_adapter(folder / f"{seed}.gguf", seed=seed, name=f"a{seed}"))
    assert written(model, first) == before


def test_a_file_may_be_replaced_or_vanish_while_its_adapter_is_loaded(
    model: LlamaGenerator, folder: Path, first: AdapterFile
) -> None:
    gone = write_adapter(folder / "gone.gguf", seed=1, name="gone")
    assert written(model, gone) == written(model, first)
    gone.path.unlink()
    assert written(model, gone) == written(model, first)
    anew = write_adapter(folder / "gone.gguf", seed=9, name="gone")
    assert written(model, anew) not in (written(model, first), written(model))


def damaged(adapter: AdapterFile, place: Path) -> AdapterFile:
    place.write_bytes(adapter.path.read_bytes()[:-400])
    return AdapterFile("damaged", place, "0" * 64)


def test_what_cannot_be_loaded_is_said_and_leaves_the_model_as_it_was(
    model: LlamaGenerator, folder: Path, first: AdapterFile
) -> None:
    base, tuned = written(model), written(model, first)
    other = write_adapter(folder / "other.gguf", seed=4, name="other", architecture="qwen2")
    missing = AdapterFile("missing", folder / "none.gguf", "1" * 64)
    for wrong in (damaged(first, folder / "damaged.gguf"), other, missing):
        with pytest.raises(AdapterError, match=f"'{wrong.name}' from .*konkyo train export {wrong.name}"):
            written(model, wrong)
        assert model.waiting == 0
        assert (written(model), written(model, first)) == (base, tuned)


def test_a_view_writes_with_its_adapter_and_says_so(model: LlamaGenerator, first: AdapterFile) -> None:
    view = AdaptedGenerator(model, first)
    assert "".join(view.generate(QUESTION, max_tokens=24)) == written(model, first)
    assert (view.name, adapter_of(view), adapter_of(model)) == ("toy", "first", None)
    assert text_identity(model) == "toy"
    assert text_identity(view) != text_identity(AdaptedGenerator(model, replace(first, sha256="2" * 64)))
    assert (view.context_tokens, view.count_tokens("abc"), view.waiting) == (CONTEXT, 3, 0)
