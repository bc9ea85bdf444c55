"""Sentences that say that the documents do not tell, and sentences about the world that only sound alike."""

from __future__ import annotations

import re

import pytest

from assistant.refusing import refuses, wordings

JAPANESE_REFUSALS = """
資料には記載がありません。
資料には、家族手当の金額についての記載がありません。
文書からは分かりません。
資料に記載はない。
資料に記載が無いため、お答えできません。
資料に記載がなかったため、判断できません。
該当する記述は見当たりませんでした。
ご質問に関する情報は見つかりませんでした。
資料の中に関連する記述は見つからなかった。
この文書では育児休業の期間に触れていません。
資料は退職金について言及していません。
提供された情報からは判断できません。
与えられた情報だけでは特定できません。
上記の情報には金額が含まれていません。
資料には上限額は示されていません。
文書には提出先が書かれていません。
マニュアルには載っていません。
資料に定められていません。
申し訳ありませんが、その点はわかりません。
資料からは読み取れません。
資料から読み取ることができません。
資料を見る限り、担当者の名前は不明です。
資料からは、支給日は明らかではありません。
情報が不足しているため、回答できません。
資料にはその情報が存在しません。
資料だけでは判断がつきません。
その件についてはお答えしかねます。
申し訳ございませんが、回答いたしかねます。
お答えすることはできません。
回答を差し控えます。
その情報は持ち合わせておりません。
該当する規定はありません。
本文には記されていません。
資料には有効期限の記載はされていません。
資料では説明されておらず、詳細は不明である。
文書には、支払期限に関する記述が一切ありません。
資料によると、条件は明記されていないようです。
資料に記載なし。
資料には記載がない可能性があります。
記載がないので分かりかねます。
ソースには価格が示されておりません。
ドキュメントには該当箇所がありません。
根拠はありません。
答えが得られませんでした。
資料にはどこにも書いてありません。
文書には電話番号が出てきません。
その点は存じません。
情報不足のため回答は控えます。
"""

JAPANESE_FACTS = """
理由を述べる必要はありません。
申請書に理由を記載する必要はありません。
資料には押印の必要はありません。
文書に署名する義務はありません。
退職の理由を説明する必要はない。
回答の必要はございません。
記載がない場合は差し戻します。
金額の記載がない領収書は精算できます。
記載のない経費は承認しません。
情報がない場合は、総務部が調べます。
明記されていない費用は会社が負担する。
書かれていない事項は、別に定める。
確認できない場合は、再提出を求めます。
本人を確認できないときは、入館を断ります。
担当者が分からない場合は、総務部に連絡してください。
わからないことがあれば、人事部に問い合わせてください。
住所が不明な場合は、本人に確認する。
不明な点は、窓口で尋ねてください。
記載がなくても申請できます。
番号の記入がなくても差し支えありません。
説明がなくても受け取ってください。
データがなくなることを防ぐため、毎日写しを取る。
情報が不足している場合は、申請者に問い合わせます。
資料が不足しているときは、追加で印刷する。
見つからない場合は、紛失届を出してください。
落とし物が見つからないときは警察に届ける。
回答がない場合は、同意したものとみなす。
資料を社外に持ち出してはいけません。
文書に個人情報を記載してはならない。
パスワードを他人に教えてはいけません。
有給休暇の取得に上司の承認は要りません。
この文書は三年間保存する。
資料は会議の前日までに配布します。
遅刻は欠勤とはみなされません。
土曜日は営業していません。
契約社員には賞与を支給しません。
会議室の予約に手数料はかかりません。
資料に誤りがないか、二人で確かめる。
出典を示す必要がないときは、省略できます。
文書には問題ありません。
資料に変更がないか確認してください。
承認を得ずに情報を公開してはならない。
試用期間中の社員は在宅勤務ができません。
領収書を失くした場合は、出張旅費を精算できない。
通勤手当は15万円を超えません。
記載のないものは対象外とする。
"""

ENGLISH_REFUSALS = """
The documents do not say how long the warranty lasts.
The documents don’t mention it.
The documents do not mention a prayer room.
The document does not state the price.
The sources do not say.
The provided sources do not specify a limit.
The passages given here do not tell who approves it.
The excerpts don't cover parental leave.
The context does not contain the answer.
The text does not explicitly say so.
The provided documents also do not address this question.
The handbook does not give the number of sick days.
The manual does not describe how to reset the device.
The rules do not mention overtime on Sundays.
None of the documents mentions a refund.
Nothing in the sources says when the office opens.
No document states the fee.
The documents make no mention of shipping costs.
The sources say nothing about dental care.
The documents are silent on this point.
The documents contain no information about bonuses.
The report has no data on Hokkaido.
There is no information about the supplier's address.
There is no mention of a deadline in the passages.
I found no reference to a parking space.
There is not enough information to answer the question.
Insufficient information.
No information is available on this topic.
The price is not mentioned in the documents.
The deadline isn't stated.
The torque is nowhere mentioned.
This is not covered by the provided documents.
The name of the airline was not specified.
No deadline is specified.
No price is given in the sources.
Not stated in the documents.
The manual for operators does not say when to oil it.
The documents given to visitors do not mention parking.
The handbook for the employees does not give a number.
I cannot determine the amount from the sources.
It can't be determined from the passages.
It is not possible to tell from the documents.
I'm unable to find this in the sources.
I do not know.
I don't have that information.
I do not have access to information about salaries.
The exact date is unknown.
It is unclear from the documents who pays.
I'm sorry, but I cannot help with that.
I am not sure.
That question is outside the scope of the documents.
Unknown.
The documents fail to mention who signs the form.
I could not find the answer in the given context.
"""

ENGLISH_FACTS = """
Employees do not have to give a reason.
You don't have to give a reason for taking leave.
Applicants do not need to provide a photograph.
The manager is not required to give an answer.
You need not mention the purpose.
Part-time employees do not have a parking space.
Employees do not provide their own tools.
Visitors do not have access to the server room.
Staff cannot provide discounts without approval.
Users cannot find the menu unless they log in.
New employees do not know the code until their first day.
Do not disclose your password.
Please do not include personal data in the form.
Do not give the key to anyone else.
Call the guard. Do not mention the alarm.
If the amount is not stated, the standard rate applies.
If no information is provided, the claim is rejected.
When the address is not known, the letter is returned.
Unless the fee is not included, pay at the desk.
Where the contract does not mention a date, thirty days apply.
The canteen is not available on weekends.
The service is not available to contractors.
The hotline is not available after 6 p.m.
The printer is not available for private use.
Lunch is not provided to part-time staff.
Uniforms are not given free of charge.
The supervisor was not present at the inspection.
No personal information may be taken out of the office.
No data is sent to third parties.
The kit does not include batteries.
The price does not include tax.
The company does not provide lunch.
The membrane does not contain latex.
The contract does not have an end date.
The documents do not have to be signed.
Documents need not be kept for more than seven years.
Information must not be written in the document folder.
The documents are kept for seven years.
Sources of heat must be kept away from the tank.
The context menu opens with the right button.
Reports are not due before Friday.
The gate does not open without a badge.
Overtime is not paid to managers.
Refunds are paid within 30 days.
Passwords must not be disclosed.
Travel costs are not reimbursed.
The alarm does not sound at night.
There is no charge for the first hour.
There is no limit on the number of requests.
Managers may not give an answer by phone.
The visitor does not need a document from the police.
"""

REFUSALS = [*JAPANESE_REFUSALS.strip().splitlines(), *ENGLISH_REFUSALS.strip().splitlines()]
FACTS = [*JAPANESE_FACTS.strip().splitlines(), *ENGLISH_FACTS.strip().splitlines()]


@pytest.mark.parametrize("sentence", REFUSALS)
def test_what_says_that_the_documents_do_not_tell(sentence: str) -> None:
    assert refuses(sentence)
    assert refuses(
        f"担当は総務部です。\n{sentence}" if re.search("[ぁ-ん]", sentence) else f"Well. {sentence}"
    )


@pytest.mark.parametrize("sentence", FACTS)
def test_what_says_how_the_world_is(sentence: str) -> None:
    assert not refuses(sentence)


def test_a_fact_does_not_hide_the_refusal_beside_it() -> None:
    assert refuses("Employees do not have to give a reason, but the documents do not mention a form.")
    assert refuses("Visitors do not have access to the room. The documents do not say why.")
    assert refuses("If you need more, ask the office; the sources do not say where it is.")
    assert refuses("理由を述べる必要はありませんが、書式は資料に記載がありません。")
    assert refuses("記載がない場合は差し戻します。差し戻しの期限は資料からは分かりません。")
    assert refuses("わからないことは人事部へ。資料には記載がありません。")


def test_silence_refuses_and_there_is_enough_of_each_kind() -> None:
    assert refuses("") and refuses(" \n")
    for told in (JAPANESE_REFUSALS, JAPANESE_FACTS, ENGLISH_REFUSALS, ENGLISH_FACTS):
        assert len(set(told.strip().splitlines())) >= 40


def test_every_wording_is_met_by_a_sentence_here() -> None:
    """A pattern that nothing needs is one that nobody has looked at."""
    told = [*REFUSALS, *FACTS]
    plain = [
        one.casefold().replace("’", "'").replace("can't", "cannot").replace("n't", " not") for one in told
    ]
    for language in ("ja", "en"):
        for kind in ("refusals", "facts"):
            for wording in wordings()[language][kind]:
                found = re.compile(wording, re.MULTILINE)
                assert any(found.search(one) for one in plain), wording
