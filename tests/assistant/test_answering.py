from __future__ import annotations

from typing import Any, cast

import pytest
from assistant_fakes import RULES, FakeGenerator, FakeRetriever, hit

from assistant import writing
from assistant.answering import Assistant
from assistant.answers import Checked, Finished, Retrieved, Token, Turn, Verdict
from assistant.errors import GenerationError
from assistant.grounding.verdicts import Check, Checker, RuleChecker, TimedChecker
from assistant.retrieval import Retriever
from ingestion.settings import Settings

QUESTION = "宿泊費の上限はいくらですか？"
LONG = "一般社員は1泊12,000円です。" + "".join(f"{n}人の管理職は1泊15,000円です。" for n in range(2, 50))


def assistant(
    reply: str, *, checker: Checker | None = None, retriever: FakeRetriever | None = None
) -> tuple[Assistant, FakeGenerator]:
    generator = FakeGenerator(reply)
    found = cast(Retriever, retriever or FakeRetriever([hit()]))
    settings = Settings()
    return Assistant(found, generator, checker or RuleChecker(settings.answers), settings), generator


def test_events_come_in_order_and_the_text_is_their_sum() -> None:
    answering, _ = assistant("一般社員は1泊12,000円です。[1]\n管理職は1泊15,000円です [1]。")
    events = list(answering.stream(QUESTION))
    assert isinstance(events[0], Retrieved)
    finished = events[-1]
    assert isinstance(finished, Finished)
    answer = finished.answer
    assert "".join(event.text for event in events if isinstance(event, Token)) == answer.text
    assert [event.claim for event in events if isinstance(event, Checked)] == list(answer.claims)
    assert [claim.verdict for claim in answer.claims] == [Verdict.SUPPORTED, Verdict.SUPPORTED]
    assert all(answer.text[claim.start : claim.end] == claim.text for claim in answer.claims)
    assert "[1]" not in answer.text
    assert not answer.abstained and not answer.stopped
    first = next(i for i, event in enumerate(events) if isinstance(event, Checked))
    assert any(isinstance(event, Token) for event in events[first:])


def test_quotes_slice_exactly() -> None:
    answering, _ = assistant("一般社員は1泊12,000円です。パスワードは90日ごとに変更します。")
    citations = [citation for claim in answering.ask(QUESTION).claims for citation in claim.citations]
    assert len(citations) == 2
    assert all(RULES[citation.start : citation.end] == citation.quote for citation in citations)


def test_an_unanswerable_question_never_reaches_the_model() -> None:
    answering, generator = assistant("育児休業は10日です。")
    answer = answering.ask("育児休業は何日取れますか？")
    assert answer.abstained and answer.claims == ()
    assert generator.prompts == []
    assert "見つかりませんでした" in answer.text and "就業規則" in answer.text
    assert answer.timings.first_token_ms is None


def test_no_hits_are_said_plainly_in_the_questions_language() -> None:
    answering, _ = assistant("…", retriever=FakeRetriever([]))
    assert (
        answering.ask(QUESTION).text == "登録された資料の中に、この質問に関係する記述が見つかりませんでした。"
    )
    assert answering.ask("What is the hotel limit?").text == "No document is related to this question."


class LazyChecker(RuleChecker):
    """Loads a model for longer than the checks of an answer may take; tells the time."""

    def __init__(self) -> None:
        super().__init__(Settings().answers)
        self.time = 0.0
        self.ready = False

    def prepare(self) -> None:
        self.time += 0.0 if self.ready else 60.0
        self.ready = True

    def check(self, *args: Any, **named: Any) -> Check:
        self.prepare()
        return super().check(*args, **named)


def test_loading_what_the_checks_need_takes_nothing_of_their_time(monkeypatch: pytest.MonkeyPatch) -> None:
    checker = LazyChecker()
    monkeypatch.setattr(
        writing,
        "TimedChecker",
        lambda inner, seconds: TimedChecker(inner, seconds, clock=lambda: checker.time),
    )
    answering, _ = assistant("一般社員は1泊12,000円です。", checker=checker)
    assert [claim.verdict for claim in answering.ask(QUESTION).claims] == [Verdict.SUPPORTED]
    assert checker.time == 60.0


def test_a_draft_without_ground_is_withheld_but_kept() -> None:
    answering, generator = assistant("宿泊費の上限は1泊99,000円です。")
    answer = answering.ask(QUESTION)
    assert len(generator.prompts) == 1
    assert answer.abstained
    assert answer.draft == "宿泊費の上限は1泊99,000円です。"
    assert answer.withheld[-1] == "not_proven"
    assert "number_not_found:99,000円" in answer.withheld
    assert answer.as_json()["withheld"] == list(answer.withheld)
    assert "裏付けることができませんでした" in answer.text and "就業規則" in answer.text
    assert answer.claims == ()


def test_closing_the_stream_stops_the_generation() -> None:
    answering, generator = assistant(LONG)
    stream = answering.stream(QUESTION)
    next(event for event in stream if isinstance(event, Token))
    stream.close()  # type: ignore[attr-defined]
    assert generator.closed
    assert len(generator.written) < 10


def test_an_answer_that_repeats_itself_ends_and_the_model_is_stopped() -> None:
    once = "一般社員は1泊12,000円です。管理職は1泊15,000円です。"
    answering, generator = assistant(once + "管理職は1泊15,000円です。[1]" * 50)
    events = list(answering.stream(QUESTION))
    finished = events[-1]
    assert isinstance(finished, Finished)
    assert finished.answer.text == once == "".join(e.text for e in events if isinstance(e, Token))
    assert [claim.text for claim in finished.answer.claims] == [once[:17], once[17:]]
    assert generator.closed and len(generator.written) < 60
    assert not finished.answer.stopped


def test_cancelling_gives_the_answer_so_far() -> None:
    answering, generator = assistant(LONG)
    calls = iter([False] * 24 + [True] * 99)
    events = list(answering.stream(QUESTION, cancelled=lambda: next(calls)))
    finished = events[-1]
    assert isinstance(finished, Finished)
    assert finished.answer.stopped and generator.closed
    assert 20 < len(finished.answer.text) < 60
    assert finished.answer.claims[0].verdict is Verdict.SUPPORTED


def test_stopping_in_the_first_sentence_is_no_abstention() -> None:
    answering, generator = assistant(LONG)
    stopped = iter([False, False, False, False, True])
    answer = next(
        event.answer
        for event in answering.stream(QUESTION, cancelled=lambda: next(stopped, True))
        if isinstance(event, Finished)
    )
    assert answer.stopped and not answer.abstained
    assert answer.text == generator.written != ""


def test_a_failing_check_is_unchecked_not_support() -> None:
    class Broken:
        def check(self, *_: object, **__: object) -> Check:
            raise GenerationError("the verifier is gone")

    answering, _ = assistant("一般社員は1泊12,000円です。", checker=cast(Checker, Broken()))
    answer = answering.ask(QUESTION)
    assert [claim.verdict for claim in answer.claims] == [Verdict.UNCHECKED]
    assert not answer.abstained


def test_a_follow_up_is_searched_as_a_whole_question() -> None:
    retriever = FakeRetriever([hit()])
    answering, generator = assistant("管理職は1泊15,000円です。", retriever=retriever)
    answer = answering.ask("管理職は？", history=[Turn(QUESTION, "一般社員は1泊12,000円です。")])
    assert retriever.queries[0].text == "管理職の宿泊費の上限はいくらですか?"
    assert answer.question == retriever.queries[0].text
    assert generator.prompts[0][1].content.endswith(answer.question)


def test_timings_grow() -> None:
    answering, _ = assistant("一般社員は1泊12,000円です。")
    timings = answering.ask(QUESTION).timings
    assert timings.first_token_ms is not None
    assert 0 <= timings.retrieve_ms <= timings.first_token_ms <= timings.total_ms
    assert timings.tokens == len("一般社員は1泊12,000円です。") // 3 + 1


@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_language_can_be_chosen(language: str) -> None:
    answering, generator = assistant("一般社員は1泊12,000円です。")
    answering.ask(QUESTION, language=language)  # type: ignore[arg-type]
    assert ("質問:" in generator.prompts[0][1].content) == (language == "ja")
