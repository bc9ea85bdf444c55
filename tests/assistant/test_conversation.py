from __future__ import annotations

import pytest

from assistant.answers import Turn
from assistant.conversation import standalone

HOTEL = "宿泊費の上限はいくらですか？"


def after(*questions: str) -> list[Turn]:
    return [Turn(question, "…") for question in questions]


@pytest.mark.parametrize(
    ("before", "question", "expected"),
    [
        (HOTEL, "管理職は？", "管理職の宿泊費の上限はいくらですか?"),
        (
            HOTEL,
            "では、管理職の場合は？",
            "管理職の場合、宿泊費の上限はいくらですか?",
        ),
        ("年次有給休暇は何日付与されますか？", "育児休業は？", "育児休業は何日付与されますか?"),
        ("私物のUSBメモリは使えますか？", "それはなぜですか？", "私物のUSBメモリについて、なぜですか?"),
        (
            HOTEL,
            "いつまでに申請しますか？",
            "宿泊費の上限について、いつまでに申請しますか?",
        ),
        (HOTEL, "それについて、詳しく教えてください。", "宿泊費の上限について、詳しく教えてください。"),
        (HOTEL, "これについてはなぜですか？", "宿泊費の上限について、なぜですか?"),
        (HOTEL, "それについての規定を教えて", "宿泊費の上限について、規定を教えて"),
        (HOTEL, "それに関しては誰が承認しますか？", "宿泊費の上限について、誰が承認しますか?"),
        ("What is the hotel limit?", "And for managers?", "And for managers? (regarding: hotel limit)"),
        ("What is the hotel limit?", "Is it allowed?", "Is it allowed? (regarding: hotel limit)"),
        ("What is the hotel limit?", "How do I claim it?", "How do I claim it? (regarding: hotel limit)"),
    ],
)
def test_follow_ups_get_what_they_lean_on(before: str, question: str, expected: str) -> None:
    assert standalone(question, after(before)) == expected


@pytest.mark.parametrize(
    "question",
    [
        "年次有給休暇は何日付与されますか?",
        "What is the password policy for guests?",
        "経費の精算期限はいつですか?",
        "Is there a hotel limit?",
        "How many meeting rooms are there?",
        "Is it possible to work from home?",
    ],
)
def test_complete_questions_stay(question: str) -> None:
    assert standalone(question, after(HOTEL)) == question


def test_without_history_nothing_is_added() -> None:
    assert standalone("それは？") == "それは?"


def test_a_chain_of_follow_ups_keeps_its_subject() -> None:
    history = after(HOTEL, "管理職は？")
    assert "宿泊費" in standalone("それはいつからですか？", history)
    assert "管理職" in standalone("それはいつからですか？", history)
