"""Cells with the values of several things: nobody can tell from the text which value is whose."""

from __future__ import annotations

import pytest
from test_cells import check

from assistant.answers import Verdict

LIMITS = """成分名|100g中の最大配合量
シャンプー以外の化粧品 ウンデシレン酸 チラム ラウロイル|0.30g 2.0g 7.0g
ジルコニウム|5.0g"""
HOURS = """区分|開館時間|所要時間
平日|9:00 17:00|1時間 30分
休日|10:00 16:00|2時間"""
QUESTION = "化粧品におけるチラムの最大配合量は何gですか?"


@pytest.mark.parametrize("value", ["0.30", "2.0", "7.0"])
@pytest.mark.parametrize(
    "claim", ["チラムの最大配合量は{}gです。", "{}gです。", "チラムは100g中{}gまで配合できる。"]
)
def test_one_value_of_several_is_not_proved(claim: str, value: str) -> None:
    found = check(LIMITS, claim.format(value), QUESTION)
    assert found.verdict not in (Verdict.SUPPORTED, Verdict.CONTRADICTED)
    assert f"cell_of_several:{value}g" in found.reasons


def test_what_has_a_cell_of_its_own_is_proved() -> None:
    assert check(LIMITS, "ジルコニウムの最大配合量は5.0gです。").verdict is Verdict.SUPPORTED


def test_a_claim_that_tells_all_values_takes_none_for_one() -> None:
    claim = "ウンデシレン酸、チラム、ラウロイルの最大配合量は0.30g、2.0g、7.0gです。"
    assert not any("several" in reason for reason in check(LIMITS, claim).reasons)


@pytest.mark.parametrize(
    "claim",
    ["平日の所要時間は1時間30分です。", "平日の開館時間は9:00からです。", "休日の所要時間は2時間です。"],
)
def test_two_numbers_beside_one_name_are_one_value(claim: str) -> None:
    assert not any("several" in reason for reason in check(HOURS, claim).reasons)


def test_words_between_the_values_say_whose_they_are() -> None:
    table = "区分|宿泊費\n部長 課長|東京 15,000円 大阪 13,000円\n一般|9,800円"
    assert not any("several" in reason for reason in check(table, "大阪の宿泊費は13,000円です。").reasons)
