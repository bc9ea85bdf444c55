"""Sentences without ground: marked, taken out, or written again with what was missing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, cast

import pytest
from assistant_fakes import RULES, FakeRetriever, hit

from assistant.answering import Assistant
from assistant.answers import Answer, Checked, Claim, Finished, Hit, Mending, Message, Query, Token, Verdict
from assistant.generation import never
from assistant.grounding.claims import split_claims
from assistant.grounding.verdicts import RuleChecker
from assistant.mending import groundedness, take_out
from assistant.retrieval import Retriever
from ingestion.documents import LOCAL_USER, User
from ingestion.settings import Settings

QUESTION = "宿泊費の上限はいくらですか？"
RIGHT = "宿泊費の上限は一般社員は1泊12,000円です。"
WRONG = "社宅の家賃の補助は月に30,000円です。"
HOUSING = "社宅の家賃の補助は、月に30,000円とする。\n社宅の申し込みは総務部で受け付ける。"


def claims(text: str, *verdicts: Verdict) -> list[Claim]:
    spans = split_claims(text)
    assert len(spans) == len(verdicts)
    return [
        Claim(span.start, span.end, text[span.start : span.end], verdict, 0.5)
        for span, verdict in zip(spans, verdicts, strict=True)
    ]


S, U, C, P = Verdict.SUPPORTED, Verdict.UNSUPPORTED, Verdict.CONTRADICTED, Verdict.PARTLY


@pytest.mark.parametrize(
    ("text", "verdicts", "left"),
    [
        ("一つ目。二つ目。三つ目。", (S, U, S), "一つ目。三つ目。"),
        ("一つ目。二つ目。", (U, S), "二つ目。"),
        ("First one. Second one. Third one.", (S, C, P), "First one. Third one."),
        ("次の通りです。\n- 一つ目\n- 二つ目\n- 三つ目", (S, U, S), "次の通りです。\n- 一つ目\n- 三つ目"),
        ("1. First\n2. Second", (U, S), "2. Second"),
        ("一つ目。\n\n二つ目。", (S, U), "一つ目。"),
        ("一つ目。二つ目。", (S, P), "一つ目。二つ目。"),
        ("一つ目。二つ目。", (U, C), "一つ目。二つ目。"),
    ],
)
def test_sentences_go_with_their_marks_and_the_others_keep_their_places(
    text: str, verdicts: tuple[Verdict, ...], left: str
) -> None:
    found, kept = take_out(text, claims(text, *verdicts))
    assert found == left
    assert all(found[claim.start : claim.end] == claim.text for claim in kept)


def test_groundedness_puts_a_contradiction_below_silence() -> None:
    assert groundedness(claims("一つ目。二つ目。", S, U)) == 0.5
    assert groundedness(claims("一つ目。", C)) < groundedness(claims("一つ目。", U)) == 0.0
    assert groundedness([]) < groundedness(claims("一つ目。", C))


@dataclass
class Replies:
    """Writes its replies in turn, and remembers the prompts. `stop_in` is called before each piece."""

    replies: list[str]
    name: str = "fake"
    context_tokens: int = 4096
    prompts: list[str] = field(default_factory=list)

    def count_tokens(self, text: str) -> int:
        return len(text)

    def generate(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        temperature: float = 0.0,
        seed: int = 0,
        cancelled: Callable[[], bool] = never,
    ) -> Iterator[str]:
        self.prompts.append(messages[-1].content)
        reply = self.replies[len(self.prompts) - 1]
        yield from (reply[i : i + 4] for i in range(0, len(reply), 4))


class HousingRetriever(FakeRetriever):
    """Knows of housing only when it is asked for."""

    def retrieve(self, query: Query, user: User = LOCAL_USER) -> list[Hit]:
        self.queries.append(query)
        return [hit(HOUSING, document="d2", title="社宅規程")] if "社宅" in query.text else self.hits


def assistant(
    replies: list[str],
    unsupported: Literal["mark", "remove", "regenerate"],
    retriever: FakeRetriever | None = None,
) -> tuple[Assistant, Replies]:
    settings = Settings()
    answers = settings.answers.model_copy(update={"unsupported": unsupported})
    settings = settings.model_copy(update={"answers": answers})
    generator = Replies(replies)
    found = cast(Retriever, retriever or FakeRetriever([hit()]))
    return Assistant(found, generator, RuleChecker(settings.answers), settings), generator


def test_by_default_they_stay_and_are_marked() -> None:
    answering, _ = assistant([RIGHT + WRONG], "mark")
    answer = answering.ask(QUESTION)
    assert answer.text == RIGHT + WRONG and answer.mended == "" and answer.draft == ""
    assert [claim.verdict for claim in answer.claims] == [S, U]
    assert answer.grounding == {
        "supported": 1, "partly": 0, "contradicted": 0, "unsupported": 1, "unchecked": 0
    }  # fmt: skip


def test_removal_keeps_the_draft() -> None:
    answering, _ = assistant([WRONG + RIGHT], "remove")
    answer = answering.ask(QUESTION)
    assert (answer.text, answer.draft, answer.mended) == (RIGHT, WRONG + RIGHT, "removed")
    assert [(claim.start, claim.text) for claim in answer.claims] == [(0, RIGHT)]


def test_what_stands_on_passages_is_left_alone() -> None:
    for way in ("remove", "regenerate"):
        answering, generator = assistant([RIGHT], way)  # type: ignore[arg-type]
        answer = answering.ask(QUESTION)
        assert (answer.text, answer.draft, answer.mended) == (RIGHT, "", "")
        assert len(generator.prompts) == 1


def test_it_is_asked_once_more_with_the_missing_evidence() -> None:
    retriever = HousingRetriever([hit()])
    answering, generator = assistant([RIGHT + WRONG, RIGHT + WRONG], "regenerate", retriever)
    events = list(answering.stream(QUESTION))
    kinds = [type(event) for event in events]
    split = kinds.index(Mending)
    assert kinds.count(Mending) == 1
    assert Token in kinds[:split] and Token in kinds[split:] and Checked in kinds[split:]
    mending = cast(Mending, events[split])
    assert [claim.text for claim in mending.claims] == [WRONG]
    assert [found.document for found in mending.hits] == ["d1", "d2"]
    assert [found.rank for found in mending.hits] == [1, 2]
    assert WRONG in [query.text for query in retriever.queries]
    assert "家賃の補助は、月に30,000円" in generator.prompts[1]
    assert "家賃" not in generator.prompts[0]
    answer = cast(Finished, events[-1]).answer
    assert answer.mended == "regenerated" and [claim.verdict for claim in answer.claims] == [S, S]
    assert [one.document for one in answer.claims[1].citations] == ["d2"]
    assert HOUSING[answer.claims[1].citations[0].start :].startswith(answer.claims[1].citations[0].quote)


def test_the_better_of_both_is_kept() -> None:
    answering, _ = assistant(
        [RIGHT + WRONG, "会社の創立は1950年です。"], "regenerate", HousingRetriever([hit()])
    )
    answer = answering.ask(QUESTION)
    assert (answer.text, answer.draft, answer.mended) == (RIGHT + WRONG, "会社の創立は1950年です。", "kept")


def test_nothing_is_written_again_when_nothing_new_is_found() -> None:
    answering, generator = assistant([RIGHT + WRONG], "regenerate")
    whole = hit()
    assert whole.text == RULES
    answer = answering.ask(QUESTION, evidence="whole")
    assert len(generator.prompts) == 1 and answer.mended == ""


def test_stop_works_while_it_is_written_again() -> None:
    answering, _ = assistant([RIGHT + WRONG, RIGHT + WRONG], "regenerate", HousingRetriever([hit()]))
    stopped: list[bool] = []
    finished: list[Answer] = []
    for event in answering.stream(QUESTION, cancelled=lambda: bool(stopped)):
        if isinstance(event, Mending):
            stopped.append(True)
        if isinstance(event, Finished):
            finished.append(event.answer)
    assert finished[0].stopped and finished[0].text == RIGHT + WRONG
