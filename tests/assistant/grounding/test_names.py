"""A sentence is not proved by one that is the same but for a name."""

from __future__ import annotations

import time

import pytest
from assistant_fakes import source

from assistant.answers import Verdict
from assistant.grounding.names import lost_names
from assistant.grounding.organisations import other_organisation
from assistant.grounding.verdicts import Check, RuleChecker
from ingestion.settings import AnswerSettings

TOLD = (
    "預貯金残高の伸び率が最も高い都道府県は鳥取県です。\n"
    "経費精算の問い合わせは経理部の山本が受け付けます。\n"
    "海外出張の日当は、フランスでは8,000円です。"
)


def check(claim: str, question: str = "") -> Check:
    return RuleChecker(AnswerSettings()).check(claim, [source(TOLD)], question=question)


@pytest.mark.parametrize(
    ("claim", "name"),
    [
        ("預貯金残高の伸び率が最も高い都道府県は福島県です。", "福島"),
        ("経費精算の問い合わせは経理部の田中が受け付けます。", "田中"),
        ("海外出張の日当は、ドイツでは8,000円です。", "ドイツ"),
    ],
)
def test_another_name_is_not_proved(claim: str, name: str) -> None:
    found = check(claim)
    assert found.verdict is Verdict.PARTLY
    assert [reason for reason in found.reasons if reason.startswith(f"name_not_found:{name}")]


@pytest.mark.parametrize(
    "claim",
    [
        "預貯金残高の伸び率が最も高い都道府県は鳥取県です。",
        "経費精算の問い合わせは経理部の山本さんが受け付けます。",
        "海外出張の日当は、フランスでは8,000円です。",
    ],
)
def test_the_same_name_is_proved(claim: str) -> None:
    assert check(claim).verdict is Verdict.SUPPORTED


def test_a_short_answer_with_another_name_is_not_proved_by_the_words_of_its_question() -> None:
    question = "預貯金残高の伸び率が最も高い都道府県はどこですか？"
    assert check("福島県です。", question).verdict is not Verdict.SUPPORTED
    assert check("鳥取県です。", question).verdict is Verdict.SUPPORTED


def test_names_count_as_said_in_other_forms_and_in_the_question() -> None:
    assert lost_names("福島県が最も高い。", ["福島が最も高い。"]) == []
    assert lost_names("大阪市では13,000円です。", ["政令指定都市では13,000円です。", "大阪市では？"]) == []
    assert lost_names("暗号のリストを参照します。", ["暗号の一覧を参照する。"]) == []
    assert lost_names("京都で開きます。", ["It is held in Kyoto."]) == []


@pytest.mark.parametrize(
    ("claim", "told", "lost"),
    [
        ("京都府の件数は12件です。", "東京都の件数は12件です。", ["京都"]),
        ("大阪駅で配ります。", "新大阪駅で配る。", ["大阪"]),
        ("上野の店は休みです。", "上野原の店は休みである。", ["上野"]),
        ("浜松町の店は休みです。", "浜松の店は休みである。", ["浜松町"]),
        ("四日市の倉庫に納めます。", "四日間で倉庫に納める。", ["四日市"]),
        ("愛知県の件数は12件です。", "鳥取県の件数は12件です。", ["愛知"]),
        ("大分県の件数は12件です。", "鳥取県の件数は12件です。", ["大分"]),
    ],
)
def test_a_part_of_another_name_does_not_say_a_name(claim: str, told: str, lost: list[str]) -> None:
    assert lost_names(claim, [told]) == lost


@pytest.mark.parametrize(
    ("claim", "told"),
    [
        ("霞が関の窓口に出します。", "霞ヶ関の窓口に提出する。"),
        ("茅ヶ崎の店は休みです。", "茅ケ崎の店は休みである。"),
        ("高橋部長が承認します。", "髙橋部長が承認する。"),
        ("東京の店は休みです。", "東京都内の店は休みである。"),
        ("京都の店は休みです。", "東京都と京都府の店は休みである。"),
    ],
)
def test_a_name_may_be_spelled_otherwise_and_stand_among_others(claim: str, told: str) -> None:
    assert lost_names(claim, [told]) == []


def test_a_name_is_told_as_the_claim_has_it() -> None:
    assert lost_names("申請は斎藤さんに出します。", ["申請は受付に出す。"]) == ["斎藤"]


SPECIES = (
    "学名は Steredactyla wrightiana、区分は絶滅危惧IB類(EN)です。\n新しいルーターは WiFi 6 に対応します。"
)


@pytest.mark.parametrize(
    ("claim", "lost"),
    [
        ("学名はUsneoria wrightianaです。", ["Usneoria"]),
        ("学名はSteredactyla wrightianaです。", []),
        ("学名はｓｔｅｒｅｄａｃｔｙｌａ　wrightianaです。", []),
        ("ルーターはWi-Fiに対応します。", []),
        ("Steredは絶滅危惧種です。", ["Stered"]),  # a part of a word says no name
        ("学名はwrightianasです。", []),
        ("エネルギーは200kcalです。", []),
        ("区分はVU類です。", []),  # abbreviations are too short to be told from units
        ("ルーターはBluetoothに対応します。", ["Bluetooth"]),
    ],
)
def test_names_in_latin_letters_have_to_be_said(claim: str, lost: list[str]) -> None:
    assert lost_names(claim, [SPECIES]) == lost


def test_a_name_in_latin_letters_may_stand_in_the_question() -> None:
    assert lost_names("Bluetoothには対応しません。", [SPECIES, "Bluetoothに対応しますか。"]) == []


MERIDIAN = "In Meridian Tech Solutions' Q3 results, the profit margin of the cloud division was 22.0%."
KINITA = "キニータ社の営業部は430人である。"


@pytest.mark.parametrize(
    ("said", "told", "other"),
    [
        ("The profit margin of Nova Technologies Inc. is 22.0%.", MERIDIAN, "Nova Technologies Inc."),
        ("The profit margin of Meridian Tech Solutions is 22.0%.", MERIDIAN, ""),
        (
            "The profit margin of the Cloud Solutions division in Nova Technologies Inc.'s results is 22.0%.",
            f"{MERIDIAN} Its Cloud Solutions grew. Stellar Technologies Inc. grew, too.",
            "Nova Technologies Inc.",
        ),
        ("The profit margin of Nova Technologies Inc. is 22.0%.", "The profit margin is 22.0%.", ""),
        ("Tentou Trading Co., Ltd. asks for 550.", "[Important] Tentō Trading Co., Ltd. asks for 550.", ""),
        ("Yuki Corp. pays.", "Yuuki Corp. pays. Meridian Tech Solutions does not.", ""),
        ("ビレント社の営業部は430人です。", KINITA, "ビレント社"),
        ("キニータ社の営業部は430人です。", KINITA, ""),
        ("営業部は430人です。", KINITA, ""),
        ("A社の営業部は430人です。", "B社の営業部は430人である。", "A社"),
        ("Was Nova Technologies founded in 1990?", "Nova Technologies Inc. was founded in 1990.", ""),
        ("The Acme Corporation pays.", "Acme Corporation pays.", ""),
        ("Our Company pays.", "Beta Inc. pays.", ""),
        ("12社が参加した。", "トヨタ社など十二社が参加した。", ""),
        ("Nova Inc. rose 5%.", "Innovation Partners Inc. rose 5%.", "Nova Inc."),
        ("ビレント社員は430人です。", "社員は430人である。", ""),
        (
            "The Cloud Solutions division of Nova Inc. earned 5 million.",
            "The Cloud Solutions division earned 5 million.",
            "",
        ),
        (
            "Is Initech Holdings a business partner of Globex Ltd since 2001?",
            "Initech Holdings is a partner of Acme since 2001.",
            "Globex Ltd",
        ),
        ("'Globex Ltd' earned 5 million yen.", "'Initech Ltd' earned 5 million yen.", "Globex Ltd"),
        ("Nova Solutions and Acme Inc. merged.", "Nova Solutions merged.", "Acme Inc."),
    ],
)
def test_what_is_told_of_another_organisation_proves_nothing(said: str, told: str, other: str) -> None:
    assert other_organisation(said, [told]) == other


def test_headings_tell_of_whom_only_passages_that_name_nobody() -> None:
    said, heading = "Nova Technologies Inc. earned 22.0%.", ["Nova Technologies Inc. Earnings Report"]
    assert other_organisation(said, [MERIDIAN], heading) == "Nova Technologies Inc."
    assert other_organisation(said, ["The margin was 22.0%."], heading) == ""
    assert other_organisation(said, ["The margin was 22.0%."], ["Meridian Tech Solutions"]) != ""


def test_dakuten_are_letters_and_accents_are_not() -> None:
    assert other_organisation("ガルダ社です。", ["カルダ社です。"]) == "ガルダ社"
    assert lost_names("店はCafe Noirです。", ["店は Café Noir です。"]) == []


def test_a_sentence_about_another_organisation_is_proved_in_part() -> None:
    claim = "The profit margin of the cloud division of Nova Technologies Inc. was 22.0%."
    found = RuleChecker(AnswerSettings()).check(claim, [source(MERIDIAN)])
    assert found.verdict is Verdict.PARTLY
    assert "name_not_found:Nova Technologies Inc." in found.reasons[-1]


@pytest.mark.parametrize(
    ("claim", "whole"),
    [
        ("The steps are listed in points and.", False),
        ("The steps are listed in points one and two.", True),
        ("The server room is in Building A.", True),
        ("Enter your employee number to log in.", True),
    ],
)
def test_a_sentence_that_breaks_off_is_proved_in_part(claim: str, whole: bool) -> None:
    told = source(
        "The steps are listed in points one and two. The server room is in Building A. "
        "Enter your employee number to log in."
    )
    assert (RuleChecker(AnswerSettings()).check(claim, [told]).verdict is Verdict.SUPPORTED) is whole


def test_the_question_does_not_tell_in_which_language_the_passages_are() -> None:
    assert (
        lost_names("東京本社に提出します。", ["Send it to the Tokyo head office."], "どこに出しますか。")
        == []
    )


@pytest.mark.parametrize(
    ("name", "katakana", "lost"),
    [
        ("Excel", "エクセル", False),
        ("Google", "グーグル", False),
        ("Bluetooth", "ブルートゥース", False),
        ("Salesforce", "セールスフォース", False),
        ("Python", "パイソン", False),
        ("SharePoint", "シェアポイント", False),
        ("Chrome", "クローム", False),
        ("Zoom", "ズーム", False),
        ("Sony", "ソニー", False),
        ("Visa", "ビザ", False),
        ("Miro", "ミロ", False),
        ("Ruby", "ルビー", False),
        ("Meet", "ミート", False),
        ("Java", "ジャバ", False),
        ("Note", "ノート", False),
        ("Suica", "スイカ", False),
        ("Adobe", "アドビ", False),
        ("Azure", "アジュール", False),
        ("Asana", "アサナ", False),
        ("Cisco", "シスコ", False),
        ("Trello", "トレロ", False),
        ("Mouse", "マウス", False),
        ("Zoom", "サム", True),
        ("Visa", "ベース", True),
        ("Note", "ナット", True),
        ("Meet", "モット", True),
        ("Java", "ジョブ", True),
        ("Adobe", "アダプタ", True),
        ("Cisco", "サスケ", True),
        ("Trello", "タイル", True),
        ("Bell", "ビル", True),
        ("Role", "ルール", True),
        ("Time", "チーム", True),
        ("Rome", "ルーム", True),
        ("Poll", "プール", True),
        ("Mill", "マイル", True),
        ("Side", "シード", True),
        ("Nova", "ノベ", True),
        ("Time", "タイム", False),
        ("Side", "サイド", False),
        ("Nova", "ノバ", False),
        ("Bell", "ベル", False),
        ("Line", "ライン", False),
        ("Excel", "アウトルック", True),
        ("Miro", "メール", True),
        ("Visa", "バス", True),
        ("Zoho", "ソファ", True),
        ("Oracle", "アマゾン", True),
    ],
)
def test_a_name_in_latin_letters_may_be_said_in_katakana(name: str, katakana: str, lost: bool) -> None:
    assert bool(lost_names(f"申請は{name}で行います。", [f"申請は{katakana}で行う。"])) is lost


def test_letters_with_accents_belong_to_a_name() -> None:
    assert lost_names("会議はNestléで行います。", ["会議は Nestlé で行う。"]) == []
    assert lost_names("会議はNestléで行います。", ["会議は Nestor で行う。"]) == ["Nestlé"]


def test_names_that_no_katakana_writes_cost_no_time() -> None:
    began = time.process_time()
    for vowels, kana in (("o" * 40, "オ" * 20), ("aeiouy" * 6, "アエイオウ" * 6)):
        assert lost_names(f"G{vowels}alを使います。", [f"ゴ{kana}カを使う。"]) == [f"G{vowels}al"]
    assert lost_names("IEEEに従います。", ["イに従う。"]) == ["IEEE"]
    assert time.process_time() - began < 3
