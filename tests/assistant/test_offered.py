"""A text that only says its question again."""

from __future__ import annotations

import pytest

from assistant.offered import asks_yes_or_no, repeats

GIFT = "贈与税率を引き下げることがどう寄与するか説明してください。"
FEE = "企業向けの展示ブースの利用料金の支払方法はどうなりますか。"
KEPT = "部品は製造をやめてから何年の間倉庫に残すとされていますか。"
NOTICE = "What is the notice period for leaving the company?"
USB = "私物のUSBメモリを会社のパソコンに接続してもよいですか。"
RISING = "帰任者数は2019年から2021年にかけて増加しましたか、それとも減少しましたか"
MORE = "A社の全従業員数と、B社の営業部と開発部の合計人数のどちらが多いですか"


@pytest.mark.parametrize(
    ("question", "answer", "again"),
    [
        (GIFT, "贈与税率を引き下げることがどう寄与するか説明します。", True),
        (GIFT, "贈与税率の引き下げは資産移転に寄与します。", False),
        (NOTICE, "The notice period for leaving the company.", True),
        (NOTICE, "The notice period for leaving is two months.", False),
        ("Which of “DataFlow Pro” and “Analytics Master” came earlier?", "DataFlow Pro came earlier.", False),
        ("What server is LocoAI Chat running on?", "LocoAI Chat is running on a server.", True),
        ("What server is LocoAI Chat running on?", "LocoAI Chat is running on server B.", False),
        (FEE, "企業向けの展示ブースの利用料金の支払方法は3です。", False),
        (FEE, "企業向けの展示ブースの利用料金の支払方法です。", True),
        (KEPT, "部品は製造をやめてから十五年の間倉庫に残す。", False),
        (USB, "私物のUSBメモリを会社のパソコンに接続してもよいです。", False),
        (RISING, "帰任者数は2019年から2021年にかけて減少しました。", False),
        (MORE, "A社の全従業員数の方が、B社の営業部と開発部の合計人数より多いです。", False),
    ],
)  # fmt: skip
def test_a_question_again_is_no_answer(question: str, answer: str, again: bool) -> None:
    assert repeats(question, answer) is again


@pytest.mark.parametrize(
    ("question", "polar"),
    [
        ("am i allowed to leave early?", True),
        ("might visitors park here?", True),
        ("isn't a receipt needed?", True),
        ("a receipt is needed, right?", True),
        ("tell me if a receipt is needed.", True),
        ("領収書は必要かね。", True),
        ("領収書は必要でしょうか。", True),
        ("領収書は要るの?", True),
        ("領収書はいつ要るの?", False),
        ("what is a receipt?", False),
        ("領収書の書き方", False),
        ("副業してもいい?", True),
        ("a receipt is needed, isn't it?", True),
        ("won't i lose my leave?", True),
        ("会議室の?", False),
        ("経理部の電話番号を教えてもらえますか", False),
        ("could you tell me the late fee?", False),
        ("パスワードを同僚に教えてもよいですか", True),
        ("パスワードを同僚に教えてはいけませんか", True),
        ("緊急連絡先は必要ですか", True),
        ("社員番号は必要ですか", True),
        ("電話番号は変更できますか", True),
        ("電話番号を変更できますか", True),
        ("身分証を見せる必要はありますか", True),
        ("残業代が出るか教えてもらえますか", True),
        ("残業代が出るかどうか教えてもらえますか", True),
        ("do i have to explain my absence?", True),
        ("will the system tell me my balance?", True),
        ("could you tell me whether a receipt is needed?", True),
        ("自分で選ぶの?", True),
        ("運ぶの?", True),
        ("急ぐの?", True),
        ("持つの?", True),
        ("手数料は高い?", True),
        ("aとbの違い?", False),
        ("有給の扱い?", False),
        ("経費の支払い?", False),
        ("慶弔見舞い?", False),
        ("手数料を教えてもらってもいいですか", False),
        ("手数料を教えていただけますか", False),
        ("どんな書類が必要か教えてもらえますか", False),
        ("規程を見せてもらえますか", False),
        ("手数料とか教えてもらえますか", False),
        ("may i ask you to explain the late fee?", False),
        ("経理部の連絡先は分かりますか", False),
        ("経理部の電話番号をもらえますか", False),
        ("can someone please explain the late fee?", False),
        ("would you be able to tell me the late fee?", False),
    ],
)
def test_yes_or_no_may_be_asked_in_many_ways(question: str, polar: bool) -> None:
    assert asks_yes_or_no(question) is polar
