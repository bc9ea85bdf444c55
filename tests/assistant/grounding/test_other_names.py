"""What is told of another place or person than is meant proves nothing; what merely stands beside it may."""

from __future__ import annotations

import pytest
from assistant_fakes import source

from assistant.answers import Verdict
from assistant.grounding.other_names import other_name
from assistant.grounding.verdicts import RuleChecker
from ingestion.settings import AnswerSettings

RATE = "鳥取県の預貯金残高の伸び率は3.2%です。"
RATE_ASKED = "福島県の預貯金残高の伸び率は何%ですか。"


@pytest.mark.parametrize(
    ("question", "claim", "told", "other"),
    [
        (RATE_ASKED, "福島県の預貯金残高の伸び率は3.2%です。", RATE, "福島"),
        (RATE_ASKED, "預貯金残高の伸び率は3.2%です。", RATE, "福島"),
        (RATE_ASKED, "3.2%です。", RATE, "福島"),
        (RATE_ASKED.replace("福島", "鳥取"), "3.2%です。", RATE, ""),
        (RATE_ASKED, "3.2%です。", "預貯金残高の伸び率は3.2%です。", ""),
        ("福島市の伸び率は何%ですか。", "3.2%です。", RATE, ""),  # a town may lie in a prefecture
        ("横浜工場の生産量は何台ですか。", "生産量は500台です。", "名古屋工場の生産量は500台です。", "横浜"),
        ("東京支店は何時からですか。", "9時からです。", "大阪支店は9時から開く。", "東京"),
        ("東京支店と大阪支店の違いは何ですか。", "大阪支店は9時からです。", "大阪支店は9時から開く。", ""),
        ("田中さんの承認は必要ですか。", "承認が必要です。", "山本さんの承認が必要である。", "田中"),
        (
            "田中部長の内線番号は何番ですか。",
            "内線番号は1234です。",
            "鈴木部長の内線番号は1234です。",
            "田中",
        ),
        ("ドイツの日当はいくらですか。", "日当は8,000円です。", "フランスの日当は8,000円です。", "ドイツ"),
        # Others that stand in the passage for another reason.
        (
            "福岡支店の家賃補助は？",
            "月3万円です。",
            "家賃補助は月3万円です。東京支店のみ月5万円とします。",
            "",
        ),
        ("福岡支店の家賃補助は？", "月3万円です。", "家賃補助は月3万円です（東京支店は月5万円）。", ""),
        ("福岡支店の家賃補助は？", "月3万円です。", "東京支店を除く各支店の家賃補助は月3万円です。", ""),
        ("福岡支店の家賃補助は？", "月3万円です。", "東京支店以外の家賃補助は月3万円です。", ""),
        (
            "福岡支店は何時から？",
            "9時からです。",
            "就業時間は9時からです。ただし、札幌支店は10時からとします。",
            "",
        ),
        (
            "大阪の社員の年休は何日ですか。",
            "年休は10日です。",
            "年休は10日です（東京労働局に届出済み）。",
            "",
        ),
        ("大阪の領収書はいつまでですか。", "毎月5日です。", "領収書は毎月5日までに東京に送ります。", ""),
        ("田中の休暇は誰が承認しますか。", "部長が承認します。", "休暇は部長の鈴木が承認します。", ""),
        ("田中さんの経費の上限は？", "5万円です。", "経費の上限は5万円です（経理担当：佐藤）。", ""),
        ("アメリカ出張の日当は？", "日当は6,000円です。", "米国の日当は6,000円です。", ""),
        ("神戸の社員の日当は？", "日当は6,000円です。", "兵庫の社員の日当は6,000円です。", ""),
        ("ニューヨークの日当は？", "日当は6,000円です。", "米国の日当は6,000円です。", ""),
        (
            "What is the rate of Fukushima?",
            "It is 3.2%.",
            "The rate of Tottori is 3.2%.",
            "",
        ),  # Japanese only
    ],
)
def test_another_place_or_person_is_seen(question: str, claim: str, told: str, other: str) -> None:
    assert other_name(claim, question, [told]) == other


DAILY, DAILY_ASKED = "日当は2,500円です。", "大阪支店の日当はいくらですか。"


@pytest.mark.parametrize(
    ("question", "claim", "told", "other"),
    [
        (DAILY_ASKED, DAILY, "東京支店で支給する日当は2,500円です。", "大阪"),
        (DAILY_ASKED, DAILY, "東京支店に勤務する者の日当は2,500円です。", "大阪"),
        (DAILY_ASKED, DAILY, "東京支店 | 日当 2,500円", "大阪"),
        (DAILY_ASKED, DAILY, "日当(東京支店)は2,500円です。", "大阪"),
        (DAILY_ASKED, f"大阪支店の{DAILY}", "東京支店が支給する日当は2,500円です。", "大阪"),
        (DAILY_ASKED, f"大阪支店の{DAILY}", "東京支店も日当は2,500円です。", "大阪"),
        (DAILY_ASKED, DAILY, "大阪支店の日当は1,500円です。東京支店の日当は2,500円です。", "大阪"),
        (DAILY_ASKED, DAILY, "大阪支店の日当は2,500円です。東京支店の日当は2,500円です。", ""),
        (DAILY_ASKED, DAILY, "東京支店と大阪支店の日当は2,500円です。", ""),
        (DAILY_ASKED, DAILY, "日当は2,500円です。東京支店の宿泊費は2,500円です。", ""),
        (DAILY_ASKED, DAILY, "東京支店を除き、日当は2,500円です。", ""),
        (DAILY_ASKED, DAILY, "日当は2,500円で、東京支店から振り込みます。", ""),
        (DAILY_ASKED, DAILY, "日当は2,500円で、申請は東京支店に送ります。", ""),
        (
            "大阪支店の定員は何名ですか",
            "定員は10名です",
            "支店 | 定員\n東京支店 | 10名\n名古屋支店 | 20名",
            "大阪",
        ),
        (
            "ドイツの日当はいくらですか",
            "日当は8,000円です",
            "フランスへの出張の日当は8,000円です。",
            "ドイツ",
        ),
        ("ドイツの日当はいくらですか", "日当は8,000円です", "フランス: 日当 8,000円", "ドイツ"),
        (DAILY_ASKED, f"大阪支店の{DAILY}", "東京支店の日当は2,500円、宿泊費は2,500円です。", "大阪"),
        (DAILY_ASKED, DAILY, "東京支店の日当は2,500円、宿泊費は2,500円です。", "大阪"),
        (DAILY_ASKED, DAILY, "東京支店の日当は2,500円(上限は2,500円)です。", "大阪"),
        (DAILY_ASKED, DAILY, "東京支店等の全支店の日当は2,500円です。", ""),
        (
            RATE_ASKED,
            "伸び率は3.2%です。",
            "鳥取県の伸び率は3.2%です。前年の伸び率は3.2%です。",
            "福島",
        ),
        ("パリの日当は?", "日当は5,000円です。", "欧州の日当は5,000円です。", ""),
        ("ニューヨークの日当は?", "日当は5,000円です。", "北米の日当は5,000円です。", ""),
        ("関西の日当は?", "日当は5,000円です。", "近畿の日当は5,000円です。", ""),
        (
            "福岡支店の家賃補助は?",
            "月5万円です",
            "家賃補助は月3万円です。東京支店のみ月5万円とします。",
            "福岡",
        ),
        ("名古屋の日当は?", "日当は3,000円です。", "横浜の日当は3,000円です。", "名古屋"),
        ("渋谷の営業時間は?", "9時からです。", "新宿の営業時間は9時からです。", "渋谷"),
        ("横浜港の使用料は?", "500円です。", "神戸港の使用料は500円です。", "横浜"),
        ("横浜本社の電話は?", "電話は1234です。", "名古屋本社の電話は1234です。", "横浜"),
        ("九州の送料は?", "送料は500円です。", "四国の送料は500円です。", "九州"),
        ("新宿の送料は?", "送料は500円です。", "関東の送料は500円です。", ""),  # a town lies in a region
        ("大阪支店長の承認は必要ですか。", "承認が必要です。", "東京支店長の承認が必要です。", "大阪"),
        ("福島さんの電話は?", "電話は1234です。", "鳥取さんの電話は1234です。", "福島"),
        ("韓国の日当は?", "日当は6,000円です。", "大韓民国の日当は6,000円です。", ""),
        ("USAの日当は?", "日当は6,000円です。", "アメリカの日当は6,000円です。", ""),
        ("USAの日当は?", "日当は6,000円です。", "ドイツの日当は6,000円です。", "USA"),
    ],
)
def test_a_place_that_the_clause_names_in_any_way_is_seen(
    question: str, claim: str, told: str, other: str
) -> None:
    assert other_name(claim, question, [told]) == other


@pytest.mark.parametrize(
    ("heading", "other"),
    [
        ("鳥取県の統計", "福島"),
        ("福島県の統計", ""),
        ("鳥取銀行の統計", ""),
        ("株式会社鳥取 統計", ""),
    ],
)
def test_headings_tell_of_which_place_passages_are_that_name_none(heading: str, other: str) -> None:
    assert other_name("伸び率は3.2%です。", "福島県の伸び率は？", ["伸び率は3.2%です。"], [heading]) == other


def test_names_in_the_headings_are_not_those_of_people() -> None:
    title = ["株式会社山田製作所 就業規則"]
    assert other_name("10日です。", "田中さんの年休は何日ですか。", ["年休は10日です。"], title) == ""


@pytest.mark.parametrize("claim", ["預貯金残高の伸び率は3.2%です。", "3.2%です。"])
def test_a_name_that_the_question_alone_has_is_not_proved(claim: str) -> None:
    checker = RuleChecker(AnswerSettings())
    found = checker.check(claim, [source(RATE)], question=RATE_ASKED)
    assert found.verdict is not Verdict.SUPPORTED
    assert "name_not_found:福島" in found.reasons
    same = checker.check(claim, [source(RATE)], question=RATE_ASKED.replace("福島", "鳥取"))
    assert not same.reasons


NIGHTLY_IS_OSAKAS = "大阪支店の宿泊費は5,000円です。東京支店の日当は5,000円です。"


@pytest.mark.parametrize("claim", ["大阪支店の日当は5,000円です。", "日当は5,000円です。", "5,000円です。"])
@pytest.mark.parametrize(
    ("told", "other"),
    [
        (NIGHTLY_IS_OSAKAS, "大阪"),
        (NIGHTLY_IS_OSAKAS.replace("です。", "、", 1), "大阪"),
        ("大阪支店の出張の宿泊費は5,000円です。東京支店の日当は5,000円です。", "大阪"),
        ("大阪支店では宿泊費は5,000円です。日当は東京支店で5,000円です。", "大阪"),
        ("日当は次のとおりである。大阪支店は4,000円、東京支店は5,000円とする。", "大阪"),
        ("日当は次のとおりである。大阪支店は5,000円、東京支店は4,000円とする。", ""),
        ("日当は大阪支店で5,000円、東京支店では6,000円です。", ""),
        ("日当は東京支店で5,000円です。大阪支店も5,000円です。", ""),
        ("日当 東京支店 5,000円\n大阪支店 5,000円", ""),
    ],
)
def test_the_same_number_of_the_place_that_is_meant_is_no_proof_of_something_else(
    claim: str, told: str, other: str
) -> None:
    asked = "大阪支店の出張の日当はいくらですか。" if "出張" in told else DAILY_ASKED
    assert other_name(claim, asked, [told]) == other
    checked = RuleChecker(AnswerSettings()).check(claim, [source(told)], question=asked)
    assert (checked.verdict is not Verdict.SUPPORTED) or not other
