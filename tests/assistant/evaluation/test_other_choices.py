"""Choices that a question offers: sentences read and judged by hand."""

from __future__ import annotations

import pytest

from assistant.evaluation.other_choices import other_choice

RISING = "帰任者数は2019年から2021年にかけて増加しましたか、それとも減少しましたか"
MORE = "A社の全従業員数と、B社の営業部と開発部の合計人数のどちらが多いですか"
VILENT = "the number of employees at vilent"
LARGER = (
    "Which is larger: the number of employees at Vilent, or the combined headcount of the "
    "Sales and Development departments at Kinita?"
)
PLANS = "Which is cheaper, plan Alpha or plan Beta?"
USB = "私物のUSBメモリを会社のパソコンに接続してもよいですか。"
OSAKA = "the osaka hotel"
BIGGER = "Which has more rooms, the Osaka hotel or the Kobe hotel?"


@pytest.mark.parametrize(
    ("question", "reference", "answer", "other"),
    [
        (RISING, "減少しました", "帰任者数は増加しました。表Dによります。", "増加"),
        (RISING, "増加しました", "2,003人から50人に減っています。", "減っ"),
        (MORE, "B社の営業部と開発部の合計人数の方が多いです",
         "A社の全従業員数(990人)は、B社の合計人数よりも多いです。", "a社の全従業員数"),
        (MORE, "B社の合計人数の方が多いです", "B社の合計はA社の全従業員より少ないです。", "a社の全従業員数"),
        ("東京支店と大阪支店ではどちらが早いですか。", "大阪支店です。", "東京支店です。", "東京支店"),
        (USB, "いいえ、接続できません。", "はい、接続してもよいです。", "はい"),
        (USB, "接続してはいけません。", "はい。", "はい"),
        ("有給休暇は翌年に繰り越せますか。", "はい、繰り越せます。", "いいえ、繰り越せません。", "いいえ"),
        (BIGGER, "The Kobe hotel has more.", "The Osaka hotel has more rooms than the Kobe hotel.", OSAKA),
        (BIGGER, "The Kobe hotel", "The Osaka hotel.", OSAKA),
        (BIGGER, "The Kobe hotel", "The Kobe hotel has fewer rooms than the Osaka hotel.", OSAKA),
        (LARGER, "The combined number of people in Kinita's sales and development departments is greater.",
         "At Vilent the number of employees is 990, larger than Kinita's departments.", VILENT),
        ("A案とB案ではどちらが安いですか。", "A案です。", "B案の方が安いです。", "b案"),
        ("Did sales increase or decrease in 2024?", "Sales decreased by 3 %.", "They rose slightly.", "rose"),
        ("Can I carry leave over?", "No, unused leave expires.", "Yes, you can carry it over.", "yes"),
    ],
)  # fmt: skip
def test_the_other_of_what_is_offered_is_named(
    question: str, reference: str, answer: str, other: str
) -> None:
    assert other_choice(question, answer, [reference]) == other
    assert other_choice(question, reference, [reference]) == ""


@pytest.mark.parametrize(
    ("question", "reference", "answer"),
    [
        (RISING, "減少しました", "2,003人から50人に減りました。"),
        (RISING, "減少しました", "増加していません。減少しました。"),
        (RISING, "減少しました", "2019年は2,003人でした。"),
        (RISING, "2020年まで増加し、その後減少しました", "増加しました。"),
        (MORE, "B社の営業部と開発部の合計人数の方が多いです", "A社の全従業員数はB社の合計より少ないです。"),
        (MORE, "B社の合計人数の方が多いです", "A社の全従業員数よりB社の合計人数の方が多いです。"),
        ("営業部と開発部と総務部のどちらが多いですか", "総務部です", "営業部です"),
        (USB, "いいえ、接続できません。", "はい、接続してはいけません。"),
        (USB, "許可を得れば接続できます。", "はい、接続できます。"),
        ("接続してはいけませんか。", "はい、いけません。", "いいえ、接続できます。"),
        ("なぜ接続してはだめなのですか。", "規程で認めないためです。", "はい、禁止です。"),
        ("残業時間は何時間までですか。", "月45時間を超えてはなりません。", "はい、月45時間です。"),
        (BIGGER, "The Kobe hotel has more.", "The Kobe hotel has more rooms than the Osaka hotel."),
        (BIGGER, "The Kobe hotel has more.", "The Osaka hotel has fewer rooms than the Kobe hotel."),
        (PLANS, "Plan Alpha is cheaper.", "Plan Beta is more expensive than plan Alpha."),
        (PLANS, "Plan Alpha is cheaper.", "Plan Beta is not cheaper than plan Alpha."),
        ("Which is faster, bus or train?", "The train is faster.", "The bus takes longer than the train."),
        ("Is there a limit?", "No more than 10 days.", "Yes, 10 days."),
        ("May I smoke in the office?", "No.", "No, smoking is not allowed."),
    ],
)  # fmt: skip
def test_what_is_not_clear_or_the_same_is_held_against_nobody(
    question: str, reference: str, answer: str
) -> None:
    assert other_choice(question, answer, [reference]) == ""


def test_one_of_several_references_is_enough() -> None:
    accepted = ["接続できません", "いいえ", "禁止"]
    assert other_choice(USB, "はい、接続してもよいです。", accepted) == "はい"
    assert other_choice(RISING, "増加しました。", ["減少した", "増加した"]) == ""
