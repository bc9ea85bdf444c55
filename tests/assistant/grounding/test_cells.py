"""Claims on rows of tables: the cell of the row and column that is named supports, no other one does."""

from __future__ import annotations

from dataclasses import replace

import pytest
from assistant_fakes import hit

from assistant.answers import Source, Verdict
from assistant.grounding.verdicts import Check, RuleChecker
from assistant.rows import units
from ingestion.chunking import chunk_document
from ingestion.documents import Document, Span
from ingestion.readers.building import DocumentBuilder
from ingestion.settings import AnswerSettings
from ingestion.table_grid import GridCell

CHECKER = RuleChecker(AnswerSettings())
FEES = """会員種別|入会金|年会費
法人会員|30000|120000
個人会員|5000|12000
学生会員|1000|3000"""
VISITORS = """店舗|2022年度|2023年度|2024年度
東京店|120|130|140
大阪店|220|230|240
福岡店|320|330|340"""
TIMES = """区分|昼|夜
平日|1000|1200
休日|1500|1800"""
WORDS = """申請|承認者|提出先
出張|部長|経理部
休暇|課長|人事部
副業|社長|総務部"""
ROLES = """役職|承認者
係長|課長
課長|部長
部長|社長"""
ENGLISH = """Member|Joining fee|Annual fee
Corporate|300|1200
Individual|50|120
Student|0|30"""


def document(table: str, before: str = "次の表のとおりとする。") -> Document:
    builder = DocumentBuilder("docx")
    builder.line(before)
    builder.table(
        GridCell(row, column, text.strip(), header=row == 0)
        for row, line in enumerate(table.splitlines())
        for column, text in enumerate(line.split("|"))
    )
    return builder.build()


def sources(table: str, before: str = "次の表のとおりとする。") -> list[Source]:
    found = []
    for number, chunk in enumerate(chunk_document(document(table, before), target=400, maximum=800), start=1):
        one = hit(chunk.text, rank=number, start=chunk.start)
        one = replace(one, rows=chunk.rows, context=chunk.context)
        found.append(Source(number, one, (Span(chunk.start, chunk.end),), (chunk.text,)))
    return found


def check(table: str, claim: str, question: str = "") -> Check:
    return CHECKER.check(claim, sources(table), question=question)


def cells(table: str) -> list[tuple[str, str, str]]:
    heads, *rows = [line.split("|") for line in table.splitlines()]
    return [(row[0], heads[column], row[column]) for row in rows for column in range(1, len(heads))]


CASES = [
    (table, said, question)
    for table, said, question in (
        (FEES, "{row}の{column}は{value:,}円です。", ""),
        (FEES, "{row}の場合、{column}は{value}円となります。", "会費を教えてください"),
        (FEES, "{value:,}円です。", "{row}の{column}はいくらですか"),
        (VISITORS, "{row}の{column}は{value}人です。", ""),
        (TIMES, "{row}の{column}は{value:,}円です。", ""),
        (ENGLISH, "The {column} of a {row} member is ${value}.", ""),
    )
]


@pytest.mark.parametrize(("table", "said", "question"), CASES)
def test_each_number_is_supported_in_its_own_cell_and_nowhere_else(
    table: str, said: str, question: str
) -> None:
    places = cells(table)
    right = wrong = 0
    for row, column, own in places:
        for value in {value for _, _, value in places}:
            claim = said.format(row=row, column=column, value=int(value))
            found = check(table, claim, question.format(row=row, column=column))
            if value == own:
                right += found.verdict is Verdict.SUPPORTED
            else:
                wrong += found.verdict is Verdict.SUPPORTED
    assert wrong == 0
    assert right == len(places)


@pytest.mark.parametrize("said", ["{row}の{column}は{value}です。", "{value}が{row}の{column}です。"])
def test_each_word_is_supported_in_its_own_cell_and_nowhere_else(said: str) -> None:
    places = cells(WORDS)
    for row, column, own in places:
        for value in {value for _, _, value in places}:
            found = check(WORDS, said.format(row=row, column=column, value=value))
            assert (found.verdict is Verdict.SUPPORTED) is (value == own), (row, column, value, found)


def test_names_of_rows_that_are_values_too_are_told_apart_by_their_place() -> None:
    assert check(ROLES, "課長の承認者は部長です。").verdict is Verdict.SUPPORTED
    assert check(ROLES, "課長の承認者は社長です。").verdict is not Verdict.SUPPORTED
    assert check(ROLES, "部長の承認者は課長です。").verdict is not Verdict.SUPPORTED


@pytest.mark.parametrize(
    "claim",
    [
        "法人会員の年会費は120,000円で、個人会員の年会費は12,000円です。",
        "年会費は、法人会員が120,000円、個人会員が12,000円です。",
        "法人会員と個人会員の年会費はそれぞれ120,000円と12,000円です。",
        "個人会員の入会金は5,000円、年会費は12,000円です。",
    ],
)
def test_one_sentence_may_tell_two_cells(claim: str) -> None:
    assert check(FEES, claim).verdict is Verdict.SUPPORTED


@pytest.mark.parametrize(
    "claim",
    [
        "法人会員の年会費は12,000円で、個人会員の年会費は120,000円です。",
        "年会費は、法人会員が12,000円、個人会員が120,000円です。",
        "個人会員の入会金は12,000円、年会費は5,000円です。",
        "法人会員と個人会員の年会費はそれぞれ12,000円と120,000円です。",
    ],
)
def test_two_cells_the_wrong_way_round_are_not_supported(claim: str) -> None:
    assert check(FEES, claim).verdict is not Verdict.SUPPORTED


@pytest.mark.parametrize(
    "claim", ["休暇の承認者は課長で、提出先は人事部です。", "休暇の申請は課長が承認し、人事部に提出します。"]
)
def test_words_of_two_columns_in_one_sentence(claim: str) -> None:
    assert check(WORDS, claim).verdict is not Verdict.CONTRADICTED


def test_words_of_two_columns_the_wrong_way_round() -> None:
    claim = "休暇の承認者は人事部で、提出先は課長です。"
    assert check(WORDS, claim).verdict is not Verdict.SUPPORTED


def test_the_number_of_another_row_is_contradicted() -> None:
    found = check(FEES, "個人会員の年会費は120,000円です。")
    assert found.verdict is Verdict.CONTRADICTED
    assert "number_of_another:120,000円" in found.reasons
    assert "個人会員" in found.citations[0].quote


SALES = """科目|2023年度|2024年度
売上高|1234|1500
営業利益|100|120"""


@pytest.mark.parametrize("claim", ["1,500百万円", "15億円", "1,500,000,000円", "1500百万円"])
def test_the_unit_over_a_table_is_read_with_its_numbers(claim: str) -> None:
    found = sources(SALES, "業績(単位:百万円)")
    assert CHECKER.check(f"2024年度の売上高は{claim}です。", found).verdict is Verdict.SUPPORTED


@pytest.mark.parametrize("claim", ["1,500円", "1,500千円", "1,500万円", "150億円", "1,234百万円", "100万円"])
def test_a_number_in_another_unit_than_the_one_over_the_table_is_not_supported(claim: str) -> None:
    found = sources(SALES, "業績(単位:百万円)")
    assert CHECKER.check(f"2024年度の売上高は{claim}です。", found).verdict is Verdict.CONTRADICTED


def test_the_prompt_shows_the_unit_over_a_table() -> None:
    [one] = sources(SALES, "業績(単位:百万円)")
    shown = [unit.read for unit in units(one.hit) if unit.row is not None and not unit.row.header]
    assert shown[0] == "科目: 売上高 | 2023年度(百万円): 1234百万円 | 2024年度(百万円): 1500百万円"


def test_a_longer_claim_that_names_no_row_may_speak_of_another_than_the_question() -> None:
    found = check(FEES, "なお、最も安い会員区分の年会費は3,000円です。", "個人会員の年会費はいくらですか")
    assert found.verdict not in (Verdict.CONTRADICTED, Verdict.SUPPORTED)


def test_a_number_that_names_its_row_is_no_number_of_another_column() -> None:
    found = check("勤続年数|付与日数\n6か月|10日\n1年6か月|11日", "1年半の勤務で11日が与えられます。")
    assert not any(reason.startswith("number_of_another") for reason in found.reasons)


LODGING = """役職|東京・大阪・福岡|その他の地域
部長|15,500円|13,000円
課長|13,500円|11,000円
一般|12,500円|9,800円"""
PRICES = """型式|品名|標準価格(円、税別)|保守契約(円/年)|標準納期
FS-20|流量センサー|48000|6000|2週間
FS-20H|流量センサー 耐熱|63000|7500|4週間
PS-110|圧力センサー|27500|4000|1週間"""


def test_a_column_that_lists_several_places_is_named_by_one_of_them() -> None:
    question = "課長が大阪に泊まるとき、上限はいくらですか"
    assert check(LODGING, "大阪の地域では13,500円です。", question).verdict is Verdict.SUPPORTED
    assert check(LODGING, "大阪の地域では11,000円です。", question).verdict is not Verdict.SUPPORTED


def test_a_short_sentence_on_a_wide_row_is_proven_by_row_and_column() -> None:
    question = "流量センサーFS-20の現在の標準価格はいくらですか"
    assert check(PRICES, "現在の標準価格は48000円です。", question).verdict is Verdict.SUPPORTED
    for wrong in ("現在の標準価格は63000円です。", "現在の標準価格は6000円です。"):
        assert check(PRICES, wrong, question).verdict is not Verdict.SUPPORTED
    assert check(PRICES, "輸出先の標準価格は48000円です。", question).verdict is not Verdict.SUPPORTED


def test_a_row_with_the_number_outweighs_a_sentence_with_another() -> None:
    abroad = hit("海外の宿泊費は、アジアの地域で1泊18,000円とする。", rank=9, start=0, document="d9")
    other = Source(9, abroad, (Span(0, abroad.end),), (abroad.text,))
    found = CHECKER.check(
        "課長の宿泊費は、大阪の地域で1泊13,500円です。",
        [*sources(LODGING, "国内の宿泊費は、次の表とする。"), other],
        question="課長が大阪に出張したとき、1泊の宿泊費はいくらですか。",
    )  # fmt: skip
    assert found.verdict is Verdict.SUPPORTED
    assert "課長" in found.citations[0].quote


EXCEPTIONS = """ケース|支障がないときは過剰与信防止義務は適用されない。 対応
カードの更新 未利用又は少額利用のカードの更新|支払可能見込額の調査を省く
少額店頭販売品 比較的少額の生活に必要な耐久消費財|信用情報の確認だけで契約を結ぶ"""


def test_a_column_whose_name_denies_does_not_deny_its_cells() -> None:
    question = "過剰与信防止義務が適用されないケースにはどのようなものがありますか。"
    found = check(EXCEPTIONS, "少額店頭販売品 比較的少額の生活に必要な耐久消費財", question)
    assert found.verdict is Verdict.SUPPORTED, found
    found = check("区分|私物のUSBメモリは使用できない。 可否\n本社|可\n工場|不可", "工場での可否は可です。")
    assert found.verdict is not Verdict.SUPPORTED, found


QUARTERS = """部門|四半期|海外利益
家電|Q1|400
家電|Q3|500
IoT機器|Q1|250
IoT機器|Q3|310"""


def test_the_row_of_another_quarter_does_not_prove() -> None:
    assert check(QUARTERS, "IoT機器の第3四半期の海外利益は310です。").verdict is Verdict.SUPPORTED
    for wrong in ("IoT機器の第3四半期の海外利益は250です。", "家電の第3四半期の海外利益は250です。"):
        assert check(QUARTERS, wrong).verdict is not Verdict.SUPPORTED


BANS = """禁止事項|概要
下請代金の支払い遅延の禁止|受領日後60日以内の支払期日までに全額支払わなければならない
下請代金の減額の禁止|あらかじめ定めた代金を減額してはならない"""


def test_a_row_whose_name_forbids_is_no_contradiction_of_a_ban() -> None:
    assert check(BANS, "下請代金の支払い遅延の禁止があります。").verdict is not Verdict.CONTRADICTED
    assert check(BANS, "下請代金の支払い遅延は禁止されていません。").verdict is not Verdict.SUPPORTED
    allowed = check(
        "利用|可否\n私物PCの社内での利用|不可\n社有PCの社内での利用|可", "私物PCの社内での利用は可能です。"
    )
    assert allowed.verdict is not Verdict.SUPPORTED


def test_a_year_in_a_reason_is_written_as_in_the_claim() -> None:
    found = check("店舗|開店|閉店\n東京店|2019年|2023年\n大阪店|2020年|2024年", "東京店の開店は2023年です。")
    assert found.verdict is not Verdict.SUPPORTED
    assert any(reason.endswith(":2023年") for reason in found.reasons), found.reasons
