from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from assistant.adapter_rows import AnswerOutcome, outcomes
from assistant.adapter_trials import Trial, last_trial, outcome
from assistant.adapters import Publication
from assistant.evaluation.shares import Share, share_difference
from assistant.feedback_rows import FeedbackRows
from assistant.records import Records

LONG_AGO, TO_COME = "2000-01-01", "2100-01-01"


@pytest.mark.parametrize(
    ("count", "total", "low", "high"),
    [  # Newcombe (1998), table I: Wilson's score method without continuity correction, 95 %
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilsons_interval_as_it_was_published(count: int, total: int, low: float, high: float) -> None:
    found = Share(count, total).interval()
    assert found is not None
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)
    turned = Share(total - count, total).interval()
    assert turned is not None
    assert (round(1 - turned.high, 4), round(1 - turned.low, 4)) == (low, high)


@pytest.mark.parametrize(
    ("first", "second", "low", "high"),
    [  # Newcombe (1998, interval estimation for the difference), table II: method 10
        (Share(56, 70), Share(48, 80), 0.0524, 0.3339),
        (Share(9, 10), Share(3, 10), 0.1705, 0.8090),
        (Share(10, 10), Share(0, 20), 0.6791, 1.0000),
        (Share(5, 56), Share(0, 29), -0.0381, 0.1926),
    ],
)
def test_the_interval_of_a_difference_as_it_was_published(
    first: Share, second: Share, low: float, high: float
) -> None:
    found = share_difference(first, second)
    assert found is not None
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)


def test_nothing_has_no_share() -> None:
    assert Share(0, 0).interval() is None
    assert Share(0, 0).as_json() == {"count": 0, "of": 0, "share": None, "low": None, "high": None}
    assert share_difference(Share(1, 2), Share(0, 0)) is None


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    with closing(Records.open(tmp_path / "records.db")) as found:
        yield found


def answer(adapter: str | None, *verdicts: str, **more: Any) -> dict[str, Any]:
    claims = [{"verdict": verdict} for verdict in verdicts]
    return {"answer": "10日です。", "adapter": adapter, "abstained": False, "claims": claims, **more}


def test_answers_are_read_with_what_was_said_of_them(records: Records) -> None:
    key, tester = records.create()["id"], records.create()["id"]
    records.choose_adapter(tester, "new")
    for given in (
        answer("new", "supported"), answer(None, "supported", "unsupported"), answer("new", "contradicted"),
        answer("new", abstained=True), answer("new", stopped=True), answer(None, verified={"id": "v"}),
    ):  # fmt: skip
        records.append_turn(key, "何日？", given)
    records.append_turn(tester, "何日？", answer("new", "supported"))
    FeedbackRows(records.engine).give(key, 4, rating="down")
    assert list(outcomes(records.engine, LONG_AGO)) == [
        AnswerOutcome("new", key, False, False, ""),
        AnswerOutcome(None, key, False, True, "down"),
        AnswerOutcome("new", key, False, True, ""),
        AnswerOutcome("new", key, True, False, ""),
    ]
    assert list(outcomes(records.engine, TO_COME)) == []
    assert list(outcomes(records.engine, LONG_AGO, LONG_AGO)) == []


def test_both_sides_are_counted_and_compared() -> None:
    rows = [
        *[AnswerOutcome("new", f"c{i}", False, i < 2, "up" if i < 6 else "") for i in range(8)],
        *[AnswerOutcome("new", "c9", True, False, "down") for _ in range(2)],
        *[AnswerOutcome(None, f"b{i % 5}", i < 5, i >= 15, "up" if i % 2 else "down") for i in range(20)],
        AnswerOutcome("other", "x", False, False, "up"),
    ]
    found = outcome(Trial("new", 0.3, "2026-01-01", None, None), rows)
    trial, current = found["trial"], found["current"]
    assert (trial["adapter"], trial["answers"], trial["conversations"]) == ("new", 10, 9)
    assert (trial["up"], trial["down"]) == (6, 2)
    assert (current["adapter"], current["answers"], current["conversations"]) == (None, 20, 5)
    assert (trial["liked"]["count"], trial["liked"]["of"], trial["liked"]["share"]) == (6, 8, 0.75)
    assert (trial["abstained"]["share"], current["abstained"]["share"]) == (0.2, 0.25)
    assert (trial["unsupported"]["count"], trial["unsupported"]["of"]) == (2, 8)
    assert (current["unsupported"]["count"], current["unsupported"]["of"]) == (5, 15)
    assert found["differences"]["liked"]["mean"] == 0.25
    assert found["differences"]["liked"]["low"] < 0.25 < found["differences"]["liked"]["high"]
    assert (found["running"], found["until"], found["share"]) == (True, None, 0.3)


def test_a_side_without_answers_is_compared_with_nothing() -> None:
    found = outcome(Trial("new", 0.3, "2026-01-01", None, "old"), [])
    assert found["differences"] == {"liked": None, "abstained": None, "unsupported": None}
    assert found["current"]["adapter"] == "old"


def test_the_last_trial_is_the_one_that_runs_or_ran() -> None:
    publication = Publication()
    assert last_trial(publication) is None
    history = (
        {"act": "publish", "adapter": "old", "at": "1"},
        {"act": "trial", "adapter": "new", "at": "2", "share": 0.2},
    )
    running = Publication(current="old", trial={"adapter": "new", "share": 0.2}, history=history)
    assert last_trial(running) == Trial("new", 0.2, "2", None, "old")
    ended = Publication(
        current="new",
        history=(
            *history,
            {"act": "end_trial", "adapter": "new", "at": "3"},
            {"act": "publish", "adapter": "new", "at": "3"},
        ),
    )
    assert last_trial(ended) == Trial("new", 0.2, "2", "3", "old")
    set_back = tuple({**row, "at": {"1": "9"}.get(row["at"], row["at"])} for row in ended.history)
    assert last_trial(Publication(current="new", history=set_back)) == Trial("new", 0.2, "2", "3", "old")
