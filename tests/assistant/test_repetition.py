from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.repetition import RepetitionGuard, in_circles, letters


def passed(text: str, size: int = 3) -> tuple[str, bool]:
    guard = RepetitionGuard()
    parts = [guard.feed(text[i : i + size]) for i in range(0, len(text), size)]
    return "".join(parts) + guard.finish(), guard.repeating


FIRST = "年次有給休暇は、6か月間継続して勤務した従業員に10日を与える。"
SECOND = "取得しようとする者は、3営業日前までに届け出るものとする。"
THIRD = "付与日から1年以内に、そのうち5日を取得させる。"
CLAUSE = "社長の15%を超えるものであるため、"


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_a_circle_of_sentences_ends_before_the_first_that_was_said(size: int) -> None:
    assert passed(FIRST + SECOND + THIRD + (SECOND + THIRD) * 20, size) == (FIRST + SECOND + THIRD, True)


@pytest.mark.parametrize("size", [1, 4, 1000])
def test_a_clause_said_twice_in_a_row_ends_the_text(size: int) -> None:
    assert passed("役員報酬は、" + CLAUSE * 30, size) == ("役員報酬は、" + CLAUSE, True)


def test_a_repetition_in_english_and_in_a_list() -> None:
    english = "Parking costs 3.50 EUR an hour. Guests park for free."
    assert passed(f"{english} {english} And so on.") == (english, True)
    items = "1. 申請書を総務部に提出する\n2. 承認を待つ\n"
    text, repeating = passed(items + "3. 申請書を総務部に提出する\n")
    assert (text.rstrip(), repeating) == (items.rstrip(), True)


@pytest.mark.parametrize(
    "text",
    [
        "一般社員の宿泊費の上限は1泊12,000円です。一般社員の宿泊費の上限は海外では1泊15,000円です。",
        "1. はい。\n2. はい。\n3. 該当なし。\n4. 該当なし。\n",
        "A社の場合は10日、B社の場合は20日、A社の場合は10日とする。",
        "| 曜日 | 始業 | 終業 |\n|---|---|---|\n| 月 | 8:30 | 17:30 |\n| 火 | 8:30 | 17:30 |\n",
        "0000000000000000000000000000000000000000000000000000000000000000000000000000",
        "上限は12,000円です。上限は12,000円",
    ],
)
def test_what_only_begins_alike_or_is_short_passes_whole(text: str) -> None:
    assert passed(text) == (text, False)


@pytest.mark.parametrize("size", [1, 5, 1000])
def test_one_step_that_two_lists_share_is_no_repetition(size: int) -> None:
    step = "申請書を総務部に提出する。"
    renewal = f"更新の契約では次による。\n1. {step}\n2. {THIRD}"
    text = f"新規の契約では、{step}\n1. {step}\n2. 部長の承認を受ける。\n{renewal}"
    assert passed(text, size) == (text, False)


def test_a_sentence_that_comes_again_at_the_very_end_is_left_out() -> None:
    assert passed(FIRST + SECOND + FIRST) == (FIRST + SECOND, False)


@pytest.mark.parametrize("size", [1, 5, 1000])
@pytest.mark.parametrize("end", ["期限は月末。", "期限は来月の末日とする", "期限は、来月の末日とする"])
def test_what_follows_a_sentence_said_again_is_not_lost_with_it(end: str, size: int) -> None:
    text = FIRST + SECOND + FIRST + end
    assert passed(text, size) == (text, False)


def test_what_follows_it_and_was_said_too_is_left_out() -> None:
    assert passed(FIRST + SECOND + FIRST + SECOND[:15]) == (FIRST + SECOND, False)
    new = "期限は月末。"
    assert passed(FIRST + SECOND + FIRST + new + SECOND[:15]) == (FIRST + SECOND + FIRST + new, False)


def test_a_sentence_cut_off_while_it_was_said_again_is_left_out() -> None:
    assert passed(FIRST + SECOND + SECOND[:20]) == (FIRST + SECOND, False)


def test_without_marks_a_circle_is_ended_after_three_rounds() -> None:
    text, repeating = passed("理由は" + "とても大切なことだから" * 40, 1)
    assert repeating and len(text) < 3 + 8 * len("とても大切なことだから")
    assert in_circles("abc" * 30) and not in_circles("abc" * 20) and not in_circles("12" * 60)


def test_letters_leave_marks_and_width_out() -> None:
    assert letters("１．ＡＢＣ 社、") == letters("・abc社。") == "abc社"
    assert letters("3.5時間") == "35時間"


@given(
    st.lists(
        st.sampled_from(["上限は十二万円とする。", "the limit is low. ", "\n", "1. ", "甲、", "A"]),
        max_size=12,
    )
)
def test_what_passes_is_a_beginning_of_the_text_whatever_the_pieces(parts: list[str]) -> None:
    text = "".join(parts)
    whole = passed(text, 1000)
    assert text.startswith(whole[0])
    if whole[1]:
        assert passed(text, 1)[1]
    else:
        assert len(letters(text[len(whole[0]) :])) == 0 or len(letters(text[len(whole[0]) :])) >= 10
