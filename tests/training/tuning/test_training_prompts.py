"""What is learnt from is what is asked later, message for message."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from assistant_fakes import hit

from assistant.answers import Message, Source
from assistant.prompting import build_messages, heading_of, prompt_texts, source_text
from assistant.task_prompts import LANGUAGES, TaskPrompts, default_text
from ingestion.documents import Span
from training.errors import ExampleError
from training.tuning.examples import EvidenceText, TuningExample
from training.tuning.prompts import prompt_messages

TEXT = "宿泊費の上限は12,000円とする。ただし役員を除く。日当は2,000円とする。"
SOURCES = (
    Source(1, hit(TEXT, document="a", rank=1), (Span(0, 17), Span(25, 38)), (TEXT[:17], TEXT[25:])),
    Source(2, hit(TEXT, document="b", rank=2, title="規程"), (Span(17, 25),), (TEXT[17:25],)),
)


def evidence(language: str) -> tuple[EvidenceText, ...]:
    gap = prompt_texts(language)["gap"]  # type: ignore[arg-type]
    return tuple(EvidenceText(heading_of(one.hit), source_text(one, gap)) for one in SOURCES)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("own", [False, True])
def test_the_trained_prompt_is_the_served_one(language: str, own: bool, tmp_path: Path) -> None:
    if own:
        text = default_text("answer", language)  # type: ignore[arg-type]
        more = '\n[[examples]]\nsources = "x 1"\nquestion = "x?"\nreply = "1 [1]"\n'
        (tmp_path / f"answer.{language}.toml").write_text(text + more, "utf-8")
    prompts = TaskPrompts(tmp_path)
    served, shown = build_messages(
        " 上限は？ ", SOURCES, language, prompt=prompts.get("answer", language)  # type: ignore[arg-type]
    )  # fmt: skip
    example = TuningExample(
        "answer", "12,000円です。[1]", " 上限は？ ", language=language, evidence=evidence(language)  # type: ignore[arg-type]
    )  # fmt: skip
    assert shown == SOURCES
    assert prompt_messages(example, prompts=prompts) == served
    assert len(served) == (4 if own else 2)
    assert (prompt_messages(example) == served) is not own


def answer(text: str, *, answerable: bool = True) -> TuningExample:
    return TuningExample(
        "answer", text, question="?", answerable=answerable,
        evidence=tuple(EvidenceText("h", sign * 100) for sign in "あいう"),
    )  # fmt: skip


def test_evidence_goes_only_where_the_answer_does_not_stand_on_it() -> None:
    whole = prompt_messages(answer("x [1]"), count_tokens=len)
    fixed = sum(len(one.content) for one in whole) + 40 + len("x [1]")

    def sources(example: TuningExample, less: int) -> int:
        messages = prompt_messages(example, count_tokens=len, context_tokens=fixed - less)
        return messages[-1].content.count("] h")

    assert sources(answer("x [1]"), 0) == 3
    assert (sources(answer("x [1]"), 1), sources(answer("x [1]"), 150)) == (2, 1)
    assert sources(answer("x [2]"), 1) == 2
    assert sources(answer("xxxxx", answerable=False), 150) == 1
    for example, less in (
        (answer("x [3]"), 1), (answer("x [2]"), 150), (answer("xxxxx"), 1),
        (answer("x [3]", answerable=False), 1),  # a refusal may name what it has looked at
        (answer("x[1,3]"), 1), (answer("xx［３］"), 1), (answer("【2、3】"), 1),
        (answer("xxxxx", answerable=False), 250),  # nobody is asked without a source
    ):  # fmt: skip
        with pytest.raises(ExampleError, match=example.id):
            prompt_messages(example, count_tokens=len, context_tokens=fixed - less)


def test_the_worse_reply_of_a_preference_keeps_its_sources_too() -> None:
    pair = replace(answer("xxxxx", answerable=False), kind="preference", rejected="x [2]")
    for tokens, left in ((10_000, 3), (330, 2)):
        messages = prompt_messages(pair, count_tokens=sources_only, context_tokens=tokens)
        assert messages[-1].content.count("] h") == left
    with pytest.raises(ExampleError, match=pair.id):
        prompt_messages(pair, count_tokens=sources_only, context_tokens=230)


def sources_only(text: str) -> int:
    """The tokens of the sources alone, so that no prompt's wording counts."""
    return sum(text.count(sign) for sign in "あいう") if "あ" * 100 in text else 0


def test_a_chat_is_asked_with_all_before_its_last_reply() -> None:
    turns = tuple(Message(role, text) for role, text in
                  (("user", "a"), ("assistant", "b"), ("user", "c"), ("assistant", "d")))  # fmt: skip
    assert prompt_messages(TuningExample("chat", "", messages=turns)) == list(turns[:3])
    for messages in (turns[:1], turns[1:2]):
        with pytest.raises(ExampleError, match="no reply"):
            prompt_messages(TuningExample("chat", "", messages=messages))
    with pytest.raises(ExampleError, match="no prompt"):
        prompt_messages(TuningExample("text", "x"))
