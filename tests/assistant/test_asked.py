"""What a question asks for, and whether an answer holds a thing of that kind."""

from __future__ import annotations

import pytest

from assistant.asked import tells


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("退職金はいくらですか。", "事由: 勤続20年に達したとき | 日数: 5日"),
        (
            "駐車場は何台分ありますか。",
            "勤務状況が著しく不良で、改善の見込みがないとき。",
        ),
        ("休暇は何日もらえますか。", "会社は500円を支給する。"),
        ("割増率は何%ですか。", "3日前までに届け出る。"),
        ("How much is the allowance?", "It is paid to staff who pass the test."),
        ("How many days of leave are there?", "Staff apply to their manager."),
    ],
)
def test_what_holds_nothing_of_the_kind_does_not_tell(question: str, answer: str) -> None:
    assert not tells(question, [answer])


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("宿泊費の上限はいくらですか。", "13,500円です。"),
        ("最大吐出圧力はいくらですか。", "最大吐出圧力: 0.7 MPa"),
        ("保管期間はいくらですか。", "10年"),
        ("再発行の手数料はいくらですか。", "無料です。"),
        ("休暇は何日もらえますか。", "２週間"),
        ("休暇は何日もらえますか。", "十日です。"),
        ("割増率は何%ですか。", "3割5分増しとする。"),
        ("会員は何人まで参加できますか。", "人数の制限はありません。"),
        ("何度も失敗したらどうしますか。", "情報システム課に連絡する。"),
        ("何人かで使えますか。", "はい、共用できます。"),
        ("退職するときはいつ返しますか。", "退職の当日に返す。"),
        ("社長は誰ですか。", "港です。"),
        ("How often is it paid?", "Monthly."),
        ("契約書の保存期間は何年ですか。", "契約書は永久に保存する。"),
        ("契約期間は何年ですか。", "無期限とする。"),
        ("点検は年に何回必要ですか。", "四半期ごとに行う。"),
        ("会議は月に何回ありますか。", "隔週で開く。"),
        ("募集は何人ですか。", "若干名です。"),
        ("How long are contracts kept?", "They are kept permanently."),
        ("How often are backups tested?", "They are tested quarterly."),
        ("How many copies?", "Two."),
    ],
)
def test_what_holds_it_tells_with_or_without_a_number(question: str, answer: str) -> None:
    assert tells(question, [answer])


def test_one_of_several_sentences_is_enough() -> None:
    assert tells("手当はいくらですか。", ["係長に支給する。", "月額5,000円とする。"])
    assert not tells("手当はいくらですか。", [])
