from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from assistant.errors import RecordNotFoundError
from assistant.feedback_rows import FeedbackRows
from assistant.records import Records

ANSWER = {"answer": "10日です。", "question": "有給休暇は何日？", "abstained": False,
          "claims": [{"text": "10日です。"}], "hits": [{"document": "d1"}], "model": "m",
          "adapter": None}  # fmt: skip


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    with closing(Records.open(tmp_path / "records.db")) as opened:
        yield opened


def asked(records: Records, question: str = "有給は何日？", user: str = "local") -> tuple[str, int]:
    key = records.create(user=user)["id"]
    records.append_turn(key, question, ANSWER, user=user)
    return key, int(records.show(key, user)["messages"][1]["id"])


def test_what_was_said_comes_back_with_question_hits_and_model(records: Records) -> None:
    rows = FeedbackRows(records.engine)
    key, message = asked(records)
    records.append_turn(key, "次の質問", ANSWER)
    rows.give(key, message, rating="down", reason="wrong", comment="違う", corrected="20日です。")
    (found,) = rows.all()
    assert found | {"id": 0, "at": ""} == {
        "id": 0, "at": "", "conversation": key, "message": message, "rating": "down", "reason": "wrong",
        "comment": "違う", "corrected": "20日です。", "user": "local", "question": "有給は何日？",
        "standalone": "有給休暇は何日？", "answer": "10日です。", "abstained": False,
        "claims": [{"text": "10日です。"}], "hits": [{"document": "d1"}], "model": "m", "adapter": None,
    }  # fmt: skip


def test_a_second_word_takes_the_place_of_the_first_and_can_be_taken_back(records: Records) -> None:
    rows = FeedbackRows(records.engine)
    key, message = asked(records)
    rows.give(key, message, rating="down", reason="wrong")
    rows.give(key, message, rating="up")
    other, second = asked(records, "別の質問")
    rows.give(other, second, rating="down")
    assert [(one["rating"], one["reason"]) for one in rows.all()] == [("up", ""), ("down", "")]
    assert [one["question"] for one in rows.all(rating="down")] == ["別の質問"]
    assert [one["question"] for one in rows.all(conversation=key)] == ["有給は何日？"]
    rows.take_back(key, message)
    assert [one["conversation"] for one in rows.all()] == [other]


def test_it_goes_with_its_conversation(records: Records) -> None:
    rows = FeedbackRows(records.engine)
    key, message = asked(records)
    rows.give(key, message, rating="up")
    records.delete(key)
    assert rows.all() == []


def test_only_ones_own_answers_can_be_judged(records: Records) -> None:
    rows = FeedbackRows(records.engine)
    key, message = asked(records)
    foreign, theirs = asked(records, user="other")
    for conversation, number in ((key, message - 1), (key, 999), (foreign, theirs), (foreign, message)):
        with pytest.raises(RecordNotFoundError, match="has no answer"):
            rows.give(conversation, number, rating="up")
        with pytest.raises(RecordNotFoundError):
            rows.take_back(conversation, number)
    assert rows.all() == []
