"""What a question asks for, and whether an answer holds a thing of that kind."""

from __future__ import annotations

import pytest

from assistant.asked import of_another_year, tells, wanted_in


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
        ("手当はいくらですか。", "一般社員に支給する。"),
        ("手当はいくらですか。", "全員に支給する。"),
        ("How much is the fee?", "All employees must pay the fee."),
        ("How much is the fee?", "Each visitor applies for any card."),
        ("How much is the fee?", "It is not stated by the manager."),
        ("休暇は何日もらえますか。", "同一の様式で、統一した書式とする。"),
        ("How many people attend the meeting?", "The meeting is held on Monday."),
        ("会議の参加者は何名ですか。", "会議は月曜日に行います。"),
        ("How many days of leave do I get?", "Leave may be taken by request."),
        ("備品は何個ありますか。", "問い合わせは総務まで。"),
        ("定員は何名ですか。", "受付は期間中、先着順です。"),
        ("休暇は何種類ありますか。", "休暇を取るときは上司と相談すること。"),
        ("休暇は何種類ありますか。", "就業規則によると定められています。"),
        ("How many days of leave do I get?", "Leave may not be taken without a request."),
        ("How many days of leave do I get?", "There is no rush."),
        ("How many days of leave do I get?", "No leave requests are taken by phone."),
        ("How much is the fee?", "Please ask the office; there is no rush."),
        ("How much is the fee?", "The manual does not state the fee."),
        ("How much is the fee?", "The manual does not cover the fee."),
        ("How much is the fee?", "It is not given."),
        ("How much is the fee?", "No figure is given."),
        ("How much is the fee?", "A receipt isn't required."),
        ("How much is the fee?", "Please do not pay the fee in cash."),
        ("How much is the fee?", "The fee isn't refunded unless you cancel."),
        ("How many guests may come?", "There is no fee."),
        ("How much is the fee?", "Please feel free to ask."),
        ("How much is the fee?", "There is nothing to worry about."),
        ("How long is the permit valid?", "Please wait while we check."),
        ("How long is the permit valid?", "Please wait until we have checked."),
        ("How many days of leave are kept?", "Wait until the manager replies."),
        ("How many days do I get?", "Ask until the manager replies."),
        ("勤続何年で表彰されますか", "退職までに申請します"),
        ("勤続何年で表彰されますか", "退職まで申請できます"),
        ("何日間の休暇が取れますか", "在職中に取れます"),
        ("保存期間は何年ですか", "退職までに申請します"),
        ("試用期間中は何日もらえますか", "退職まで取れます"),
        ("保管温度は何度ですか", "月曜日に測ります"),
        ("休暇は何種類ありますか。", "上司と相談する必要があります。"),
        ("休暇は何種類ありますか。", "取得する場合、上司が承認する。"),
        ("休暇は何種類ありますか。", "紙と一緒に出します。"),
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
        ("How many attended?", "All employees attended."),
        ("How much is reimbursed?", "All costs are reimbursed."),
        ("How much is the fee?", "There is no admission fee."),
        ("How much is it?", "It is not charged."),
        ("How often are the bins emptied?", "On Mondays and Thursdays."),
        ("How long is the permit valid?", "Until the employee leaves."),
        ("許可は何年有効ですか。", "退職するまで。"),
        ("休暇は何種類ありますか。", "慶弔休暇、病気休暇とする。"),
        ("How much is the housing allowance?", "The company does not provide a housing allowance."),
        ("How much severance do contractors get?", "Contractors receive no severance."),
        ("How much is the deposit?", "No deposit is required."),
        ("How much can be expensed?", "Alcohol may not be expensed."),
        ("How much is it?", "You don't have to pay anything."),
        ("How many days can I carry over?", "Unused days are not carried over."),
        ("契約書の保存期間は何年ですか。", "契約終了まで保存する。"),
        ("名簿の保存期間は何年ですか。", "在職中は保管します。"),
        ("休暇は何日もらえますか。", "一日です。"),
        ("How much is the fee?", "No fee is charged."),
        ("How much is the fee?", "There is no charge."),
        ("How often is the filter changed?", "Never."),
        ("How many visitors may I bring?", "Visitors are not allowed."),
        ("How many times can I retry?", "You cannot retry."),
        ("How much is the deposit?", "A deposit isn't needed."),
        ("How much do I pay?", "Nothing is charged."),
        ("How many days can I carry over?", "Leave cannot be carried over."),
        ("How many guests may come?", "There is no limit."),
        ("How many meals are covered?", "No meals are covered."),
        ("How many days a week is the office open?", "Monday to Friday."),
        ("How many days is the offer open?", "Until the end of March."),
        ("How many hours is the desk open?", "Until midnight."),
        ("有効期間は何年ですか", "次の更新まで有効です"),
        ("保存期間は何年ですか", "契約が終わるまで保存します"),
        ("書類は何年間保管しますか", "在職中は保管します"),
        ("週に何日出勤しますか", "月曜日と木曜日です"),
        ("会議は月に何度ありますか", "毎週の月曜日です"),
        ("点検は何度行いますか", "月曜日と木曜日に行います"),
        ("コースは何種類ですか", "Aコース、Bコースがあります"),
        ("ゴミは何種類ですか", "燃えるゴミと燃えないゴミに分けます"),
        ("休暇は何種類ですか", "年次休暇と特別休暇に分かれます"),
        ("プランは何種類ですか", "ライトとプロの各プランがあります"),
        ("休暇は何種類ですか", "有給、無給の休暇がある"),
        ("書類は何種類ですか", "申請書と、届出書である"),
        ("証書は何種類ですか", "紙と布です"),
    ],
)
def test_what_holds_it_tells_with_or_without_a_number(question: str, answer: str) -> None:
    assert tells(question, [answer])


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("How many visitors may I bring?", "Pets are not allowed."),
        ("How many times can I retry?", "You cannot sign in."),
        ("How many visitors may I bring?", "Visitors are not allowed without a badge."),
        ("How often is the filter changed?", "Never touch it."),
    ],
)
def test_what_is_forbidden_of_something_else_tells_no_number(question: str, answer: str) -> None:
    assert not tells(question, [answer])


def test_one_of_several_sentences_is_enough() -> None:
    assert tells("手当はいくらですか。", ["係長に支給する。", "月額5,000円とする。"])
    assert not tells("手当はいくらですか。", [])


@pytest.mark.parametrize(
    ("question", "answer", "another"),
    [
        ("How many yen was the income in fiscal year 2013?", "That of FY 2009 was 271 million yen.", True),
        ("平成25年度の収入は何億円ですか。", "平成19年度は3億8,800万円です。", True),
        ("平成25年度の収入は何億円ですか。", "2013年度は3億8,800万円です。", False),
        ("平成25年度の収入は何億円ですか。", "3億8,800万円です。", False),
        ("2021年の実績値は何枚でしたか。", "2020年は2,693万枚、2021年は2,718万枚です。", False),
        ("How many seats were sold in 2019?", "2,000 seats were sold.", False),
        ("いつ2013年の規程は改正されましたか。", "2020年に改正されました。", False),
    ],
)  # fmt: skip
def test_an_amount_of_another_year_is_seen(question: str, answer: str, another: bool) -> None:
    assert of_another_year(question, [answer]) is another


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("コーヒー…500円", True),
        ("コーヒー.....500円", True),
        ("No.5,000円", True),
        ("合計,5000円", True),
        ("12,500円", True),
        ("No.5、本館", False),
        ("合計,5000人", False),
    ],
)
def test_an_amount_is_found_behind_dots_and_commas(text: str, found: bool) -> None:
    wanted = wanted_in("いくらですか")
    assert wanted is not None
    assert wanted.found_in(text) is found
