from __future__ import annotations

from dataclasses import replace

import pytest
from assistant_fakes import RULES, FakeEmbedder, source

from assistant.answers import Source, Verdict
from assistant.grounding.verdicts import UNCHECKED, Check, RuleChecker, TimedChecker
from ingestion.settings import AnswerSettings

CHECKER = RuleChecker(AnswerSettings())


def check(claim: str, question: str = "", text: str = RULES) -> Check:
    return CHECKER.check(claim, [source(text)], question=question)


@pytest.mark.parametrize(
    ("claim", "quoted"),
    [
        ("一般社員の宿泊費の上限は1泊1万2千円です。", "1泊12,000円"),
        ("管理職の宿泊費の上限は15,000円です。", "1泊15,000円"),
        ("パスワードは12文字以上で、90日ごとに変更します。", "90日ごとに変更する"),
        ("本規程は2024年4月1日から施行されます。", "令和6年4月1日"),
        ("私物のUSBメモリは会社のパソコンに接続できません。", "接続してはならない"),
        ("日帰り出張には日当は支給されません。", "日帰り出張には支給しない"),
        ("年次有給休暇の申請は3営業日前までに上長へ行う必要があります。", "3営業日前"),
    ],
)
def test_what_the_source_says_is_supported_by_the_right_passage(claim: str, quoted: str) -> None:
    found = check(claim)
    assert found.verdict is Verdict.SUPPORTED, found
    assert quoted in found.citations[0].quote


@pytest.mark.parametrize(
    "claim",
    [
        "一般社員の宿泊費の上限は1泊15,000円です。",
        "一般社員の宿泊費の上限は1泊10,000円です。",
        "年次有給休暇は20日与えられます。",
        "パスワードは8文字以上とします。",
        "本規程は2024年5月1日から施行されます。",
        "私物のUSBメモリは会社のパソコンに接続できます。",
        "日帰り出張には日当が支給されます。",
    ],
)
def test_other_numbers_and_the_opposite_are_contradicted(claim: str) -> None:
    found = check(claim)
    assert found.verdict is Verdict.CONTRADICTED, found
    assert found.reasons


@pytest.mark.parametrize(
    "claim", ["申請書は人事部の窓口で受け取ります。", "社長は田中です。", "The moon is cheese."]
)
def test_what_the_source_does_not_say_is_unsupported_and_uncited(claim: str) -> None:
    found = check(claim)
    assert found.verdict is Verdict.UNSUPPORTED
    assert found.citations == ()


def test_every_quote_is_a_slice_of_its_document() -> None:
    document = "前置き。\n" * 7 + RULES
    start = len(document) - len(RULES)
    for claim in ("宿泊費の上限は1泊12,000円です。", "日当は2,500円で、パスワードは90日ごとに変更します。"):
        for citation in CHECKER.check(claim, [source(RULES, start=start)]).citations:
            assert document[citation.start : citation.end] == citation.quote


def test_a_short_answer_is_read_with_its_question() -> None:
    found = check("10日です。", "年次有給休暇は何日与えられますか?")
    assert found.verdict is Verdict.SUPPORTED
    assert "10日の年次有給休暇" in found.citations[0].quote


def test_a_sentence_that_joins_two_passages_cites_both() -> None:
    texts = (
        "夏季休業は8月12日から始まる。\n"
        + "倉庫の鍵は総務部が保管する。\n" * 3
        + "社員食堂は11時30分に開く。\n"
    )
    found = check("夏季休業は8月12日から始まり、社員食堂は11時30分に開きます。", text=texts)
    assert found.verdict is Verdict.SUPPORTED
    assert {citation.quote for citation in found.citations} == {
        "夏季休業は8月12日から始まる。",
        "社員食堂は11時30分に開く。",
    }


def test_the_models_own_marker_only_breaks_ties() -> None:
    same = "定時は17時30分とする。"
    sources = [
        source(same, 1),
        source(same, 2, document="d2"),
        source("休憩は12時からとする。", 3, document="d3"),
    ]
    assert CHECKER.check("定時は17時30分です。", sources, hints=[2]).citations[0].number == 2
    assert CHECKER.check("定時は17時30分です。", sources, hints=[3]).citations[0].number == 1


def test_an_english_claim_needs_vectors_to_stand_on_a_japanese_passage() -> None:
    japanese = "パスワードは12文字以上とする。"
    claim = "A password must have at least 12 characters."
    assert CHECKER.check(claim, [source(japanese)]).verdict is Verdict.UNSUPPORTED
    near = RuleChecker(AnswerSettings(), FakeEmbedder({japanese: 0.91}))
    assert near.check(claim, [source(japanese)]).verdict is Verdict.SUPPORTED
    wrong = near.check("A password must have at least 8 characters.", [source(japanese)])
    assert wrong.verdict is not Verdict.SUPPORTED


def test_no_sources_support_nothing() -> None:
    sources: list[Source] = []
    assert CHECKER.check("宿泊費は12,000円です。", sources).verdict is Verdict.UNSUPPORTED


def test_overdue_checks_are_unchecked() -> None:
    now = iter([0.0, 3.0, 3.0, 9.0])
    timed = TimedChecker(CHECKER, 2.0, clock=lambda: next(now))
    assert timed.check("10日です。", [source()]).verdict is not Verdict.UNCHECKED
    assert timed.check("10日です。", [source()]) == UNCHECKED


@pytest.mark.parametrize(
    ("claim", "text"),
    [
        ("契約期間は18か月です。", "契約期間は1年6か月とする。"),
        ("契約期間は1年6か月です。", "契約期間は18か月とする。"),
        ("休憩時間は90分です。", "休憩時間は1時間30分とする。"),
        ("特別休暇は3〜5日です。", "特別休暇は3-5日とする。"),
        ("特別休暇は3〜5日です。", "特別休暇は3日-5日とする。"),
        ("終業時刻は6時です。", "終業時刻は午後6時とする。"),
        ("宿泊費の上限は1泊12,000円です。", "宿泊費は1泊12,000円を超えてはならない。"),
        ("宿泊費は1泊12,000円までです。", "宿泊費は1泊12,000円を超えることはできない。"),
        ("USBメモリの使用には承認が必要です。", "USBメモリは承認を得ずに使用してはならない。"),
        ("精算は帰着後5営業日以内です。", "精算は帰着後、土日祝日を除く5営業日以内に行う。"),
        ("You may carry over no more than 10 days.", "Employees may carry over up to 10 days."),
        ("You may carry over up to 10 days.", "Employees may not carry over more than 10 days."),
        ("The hotel limit is 12,000 yen per night.", "The hotel cost must not exceed 12,000 yen per night."),
        ("温度は-5℃から40℃です。", "使用温度範囲は-5℃〜40℃とする。"),
    ],
)
def test_the_same_in_other_words_is_not_contradicted(claim: str, text: str) -> None:
    found = check(claim, text=text)
    assert found.verdict is Verdict.SUPPORTED, found


@pytest.mark.parametrize(
    ("claim", "text"),
    [
        ("契約期間は6か月です。", "契約期間は1年6か月とする。"),
        ("終業は5:00です。", "終業は17:00とする。"),
        ("承認なしに使用できます。", "承認なしに使用してはならない。"),
        ("12,000円を超えてもよい。", "12,000円を超えてはならない。"),
        ("You may carry over more than 10 days.", "You may not carry over more than 10 days."),
    ],
)
def test_the_opposite_of_a_limit_or_condition_is_contradicted(claim: str, text: str) -> None:
    found = check(claim, text=text)
    assert found.verdict is Verdict.CONTRADICTED, found


def test_the_last_part_of_a_telephone_number_is_compared() -> None:
    text = "ヘルプデスクの電話番号は03-1234-5678。"
    assert check("電話番号は03-1234-5678です。", text=text).verdict is Verdict.SUPPORTED
    assert check("電話番号は03-1234-5679です。", text=text).reasons == ("number_not_found:5679",)


def test_a_range_repeated_as_it_stands_is_supported() -> None:
    text = "本社・営業所の夏季休業は8月9日(土)から8月17日(日)まで(9日間)とする。"
    assert check("夏季休業は8月9日から8月17日までです。", text=text).verdict is Verdict.SUPPORTED
    assert check("夏季休業は8月17日から8月9日までです。", text=text).verdict is not Verdict.SUPPORTED


def test_a_rule_copied_whole_is_supported_though_its_end_denies() -> None:
    text = "パスワードは14文字以上とし、他のサービスで使っているものを使い回してはならない。"
    assert check(text, text=text).verdict is Verdict.SUPPORTED
    assert check("他のサービスのパスワードを使い回してもよい。", text=text).verdict is Verdict.CONTRADICTED


def test_a_bare_number_from_another_row_is_contradicted() -> None:
    text = "・検査成績書 10年\n・校正記録 5年\n・教育記録 3年"
    question = "検査成績書の保管期間は何年ですか。"
    assert check("10年です。", question, text).verdict is not Verdict.CONTRADICTED
    assert check("5年です。", question, text).verdict is Verdict.CONTRADICTED


def test_a_citation_names_the_article_of_its_own_sentence() -> None:
    text = "第12条\n会社は10日の休暇を与える。\n2 申請は3日前までに行う。\n"
    whole = source(text, start=100)
    marks = ((0, "第12条"), (5, "第12条第1項"), (text.index("2 申請"), "第12条第2項"))
    shown = replace(whole, hit=replace(whole.hit, articles=marks))
    found = RuleChecker(AnswerSettings()).check("申請は3日前までに行います。", (shown,))
    assert [citation.article for citation in found.citations] == ["第12条第2項"]
