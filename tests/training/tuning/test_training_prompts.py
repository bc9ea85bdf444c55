"""What is learnt from is what is asked later, message for message."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from assistant_fakes import hit

from assistant.answers import Message, Source
from assistant.evidence import gather
from assistant.prompting import build_messages, heading_of, prompt_texts, source_text
from assistant.served_evidence import room_for_chunks
from assistant.task_prompts import LANGUAGES, TaskPrompts, default_text
from ingestion.documents import Span
from ingestion.settings import Settings
from training.errors import ExampleError
from training.tuning.examples import EvidenceText, TuningExample
from training.tuning.prompts import ServedLimits, prompt_messages

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


def limits(**changed: int) -> ServedLimits:
    return replace(ServedLimits(4096, 320, 360, 720), **changed)


def test_a_reply_that_would_be_cut_is_refused_with_its_length(tmp_path: Path) -> None:
    long = answer("x [1]" * 10)
    for most, fits in ((50, True), (49, False)):
        given: Any = {"count_tokens": len, "served": limits(reply=most)}
        if fits:
            assert prompt_messages(long, **given) == prompt_messages(long)
        else:
            with pytest.raises(
                ExampleError, match=rf"{long.id} has 50 tokens, and an answer is cut after 49"
            ):
                prompt_messages(long, **given)
    own = "max_tokens = 40\n" + default_text("answer", "ja")
    (tmp_path / "answer.ja.toml").write_text(own, "utf-8")
    with pytest.raises(ExampleError, match="cut after 40"):
        prompt_messages(long, count_tokens=len, prompts=TaskPrompts(tmp_path), served=limits())
    worse = replace(
        answer("x"), kind="preference", rejected="x" * 999
    )  # a bad reply may be bad by its length
    prompt_messages(worse, served=limits(reply=20))


def test_the_trained_prompt_holds_no_more_evidence_than_a_served_one() -> None:
    """Each source has 90 tokens, 1 of its heading and 6 beside it: 97."""

    def sources(example: TuningExample, budget: int) -> int:
        found = prompt_messages(example, served=limits(evidence=budget, most_evidence=2 * budget))
        return found[-1].content.count("] h")

    assert [sources(answer("x [1]"), budget) for budget in (291, 270, 190, 90)] == [3, 2, 2, 1]
    assert sources(answer("x [2]"), 100) == 2  # a follow-up keeps sources: up to two budgets
    assert sources(answer("x [3]"), 150) == 3
    three = answer("x [3]")
    with pytest.raises(ExampleError, match=rf"{three.id} stands on 291 tokens .* more than 200"):
        sources(three, 100)
    one = replace(three, answer="x [1]", evidence=(EvidenceText("h", "あ" * 999),))
    assert sources(one, 50) == 1  # one long sentence is served, too


def test_the_prompt_leaves_room_for_the_longest_reply() -> None:
    whole = prompt_messages(answer("x [1]"), count_tokens=len)
    needed = sum(len(one.content) for one in whole) + 40 + 320
    for context, left in ((needed, 3), (needed - 1, 2)):
        found = prompt_messages(answer("x [1]"), count_tokens=len, served=limits(context=context))
        assert found[-1].content.count("] h") == left


def test_the_limits_are_those_that_evidence_is_gathered_with() -> None:
    """What `gather` chooses of many long sentences stays as it is, in both modes."""
    for mode in ("selected", "whole"):
        settings = Settings.model_validate(
            {"evidence": {"mode": mode, "tokens": 200}, "models": {"context_tokens": 1400}}
        )
        texts = [f"規程{i}の上限は{'長' * 9 * i}{i}円とする。" * 4 for i in range(1, 9)]
        hits = [hit(text, document=str(i), rank=i + 1) for i, text in enumerate(texts)]
        found = gather("上限はいくらですか", hits, settings.evidence, room=room_for_chunks(settings))
        shown = tuple(
            EvidenceText(heading_of(one.hit), source_text(one, prompt_texts("ja")["gap"]))
            for one in found.sources
        )
        example = TuningExample("answer", "1円です。[1]", "上限は？", evidence=shown)
        assert len(shown) > 1
        assert prompt_messages(example, served=ServedLimits.of(settings)) == prompt_messages(example)


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
