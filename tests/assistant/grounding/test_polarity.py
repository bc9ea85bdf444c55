from __future__ import annotations

import pytest

from assistant.grounding.polarity import clauses, denies, opposed


@pytest.mark.parametrize(
    "text",
    [
        "使用できない。",
        "使用できません",
        "持ち出してはならない。",
        "申請は不要です。",
        "認められていない",
        "利用を禁止する。",
        "支給の対象外とする。",
        "対象とはなりません。",
        "You must not share passwords.",
        "Guests cannot enter.",
        "日帰り出張には支給しない。",
        "No, unused home leave cannot be exchanged for money.",
        "No. Guests may not enter.",
        "Yes, guests cannot enter.",
        "No guests may enter.",
    ],
)
def test_denials(text: str) -> None:
    assert denies(text)


@pytest.mark.parametrize(
    "text",
    [
        "使用できる。",
        "届け出なければならない。",
        "遅滞なく報告する。",
        "申請がない場合は支給する。",
        "社員だけでなく来客も入れる。",
        "提出しなければなりません。",
        "使用しても差し支えない。",
        "少なくとも12文字とする。",
        "You must lock the door.",
        "Not only staff but also guests may enter.",
        "Report no later than Friday.",
        "変更してもかまいません。",
        "No, the door must be locked.",
    ],
)
def test_affirmations(text: str) -> None:
    assert not denies(text)


def test_the_clause_that_fits_best_decides() -> None:
    given = "日当を支給する。ただし、日帰り出張には支給しない。"
    assert not opposed("日帰り出張には支給しません。", given, [0.3, 0.9])
    assert opposed("日帰り出張にも支給します。", given, [0.3, 0.9])
    assert not opposed("支給します。", given, [0.5, 0.5])


def test_a_prohibition_in_the_second_half_does_not_deny_the_first() -> None:
    first, second = clauses("パスワードは14文字以上とし、他で使っているものを使い回してはならない。")
    assert (denies(first), denies(second)) == (False, True)
    given = f"{first}、{second}。"
    assert not opposed("パスワードは14文字以上にしなければなりません。", given, [0.9, 0.2])
