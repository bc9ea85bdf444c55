"""What counts as a refusal in the gate, by the sentences of a draft and what was found of them."""

from __future__ import annotations

import pytest
from gate_fakes import example

from assistant.answers import Answer, Claim, Timings, Verdict
from assistant.grounding.verdicts import RuleChecker
from ingestion.settings import AnswerSettings
from training.tuning.gate.questions import refusal_of
from training.tuning.gate.respondent import Reply
from training.tuning.gate.rows import domain_row

RULE = "朝食は料金に含まれていません。"
REFUSAL = "資料には記載がありません。"
ANSWER = "保証期間は12か月です。"


def refused(*said: tuple[str, Verdict], taught: str = "") -> float:
    """Whether a draft of these sentences refuses a question that cannot be answered."""
    claims, at = [], 0
    for text, verdict in said:
        claims.append(Claim(at, at + len(text), text, verdict, 0.9))
        at += len(text)
    text, timings = "".join(text for text, _ in said), Timings(0.0, 0.0, 0.0, 0)
    draft = Answer(text, False, tuple(claims), (), "planted", None, timings)
    reply = Reply(draft, draft, frozenset())
    taught_too = refusal_of([taught] if taught else [])
    row = domain_row(example(201, answerable=False), reply, RuleChecker(AnswerSettings()), taught_too)
    assert row["measures"]["behaved"] == row["measures"]["refused"]
    return float(row["measures"]["refused"])


def test_a_rule_that_a_passage_proves_is_no_refusal() -> None:
    assert refused((RULE, Verdict.SUPPORTED)) == 0.0
    assert refused((RULE, Verdict.UNSUPPORTED)) == 1.0


@pytest.mark.parametrize("verdict", list(Verdict))
def test_what_speaks_of_the_documents_refuses_whatever_was_found_of_it(verdict: Verdict) -> None:
    assert refused((REFUSAL, verdict)) == 1.0
    assert refused((RULE, Verdict.SUPPORTED), (REFUSAL, verdict)) == 1.0


def test_an_answer_refuses_nothing_and_silence_does() -> None:
    assert refused((ANSWER, Verdict.SUPPORTED)) == refused((ANSWER, Verdict.UNSUPPORTED)) == 0.0
    assert refused() == 1.0


def test_a_wording_that_examples_teach_refuses_even_where_a_passage_holds_it() -> None:
    told = "人事部へ直接お尋ねください。"
    assert refused((told, Verdict.SUPPORTED)) == 0.0
    assert refused((told, Verdict.SUPPORTED), taught="人事部へ直接お尋ねください") == 1.0
