"""What both texts say, and which numbers agree or differ."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.grounding.comparing import Part, comparing, differing_numbers

QUOTE = "宿泊費の上限は、一般社員は1泊12,000円、管理職は1泊15,000円とする。"


def of_kind(parts: tuple[Part, ...], kind: str) -> list[str]:
    return [part.text for part in parts if part.kind == kind]


def test_a_wrong_number_is_marked_on_both_sides_at_the_place_it_is_about() -> None:
    found = comparing("管理職の宿泊費の上限は１泊14,000円です。", QUOTE)
    assert of_kind(found.claim, "number_differs") == ["14,000円"]
    assert of_kind(found.quote, "number_differs") == ["15,000円"]
    assert of_kind(found.claim, "number_same") == ["１泊"]
    assert "宿泊費の上限は" in of_kind(found.claim, "same") and "管理職" in of_kind(found.claim, "same")


@pytest.mark.parametrize(
    ("claim", "quote"),
    [
        ("上限は1万2千円です。", "上限は１２０００円とする。"),
        ("令和6年4月1日から変わります。", "2024-04-01 から変更する。"),
        ("We pay 30 %.", "3割を支給する。"),
        ("Ten days are given.", "10 days are granted."),
    ],
)
def test_the_same_number_in_another_form_agrees(claim: str, quote: str) -> None:
    found = comparing(claim, quote)
    assert len(of_kind(found.claim, "number_same")) == len(of_kind(found.quote, "number_same")) == 1
    assert of_kind(found.claim, "number_differs") == of_kind(found.claim, "number_missing") == []
    assert differing_numbers(claim, quote) == []


def test_a_number_that_the_quote_lacks_is_missing_there() -> None:
    found = comparing("有給休暇は10日で、5年有効です。", "有給休暇は10日とする。")
    assert of_kind(found.claim, "number_missing") == ["5年"]
    assert differing_numbers("有給休暇は11日です。", "有給休暇は10日とする。") == [("11日", "10日")]


def test_beside_a_proved_claim_no_number_differs() -> None:
    claim, quote = "許容量は100gにつき0.5gです。", "ステビア | 50gにつき0.5g"
    assert of_kind(comparing(claim, quote).claim, "number_differs") == ["100g"]
    found = comparing(claim, quote, proved=True)
    assert of_kind(found.claim, "number_same") == of_kind(found.quote, "number_same") == ["0.5g"]
    assert {part.kind for part in (*found.claim, *found.quote)} <= {"", "same", "number_same"}


def test_english_words_agree_by_their_stems() -> None:
    found = comparing("Employees receive vacation.", "Every employee gets a vacation day.")
    assert of_kind(found.claim, "same") == ["Employees", "vacation"]
    assert of_kind(found.quote, "same") == ["employee", "vacation"]


def test_half_width_kana_is_compared_as_it_is_read_and_shown_as_it_is_written() -> None:
    found = comparing("ｶﾞｲﾄﾞは1万2千円", "ガイドの12,000円")
    assert of_kind(found.claim, "same") == ["ｶﾞｲﾄﾞ"] and of_kind(found.quote, "same") == ["ガイド"]


@given(st.text(max_size=40), st.text(max_size=40))
def test_the_parts_joined_are_the_texts(claim: str, quote: str) -> None:
    found = comparing(claim, quote)
    assert "".join(part.text for part in found.claim) == claim
    assert "".join(part.text for part in found.quote) == quote
