"""Rows of tables as evidence and as grounds: shown with their names, quoted as they stand."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from assistant_fakes import hit

from assistant.answerability import answerability
from assistant.answers import Hit, Source, Verdict
from assistant.evidence import gather, selected_sentences, whole_chunks
from assistant.grounding.verdicts import Check, RuleChecker
from assistant.prompting import build_messages, estimate_tokens, source_text
from assistant.rows import units, with_unit
from ingestion.chunking import chunk_document
from ingestion.documents import Document, Span
from ingestion.readers.building import DocumentBuilder
from ingestion.settings import AnswerSettings, EvidenceSettings
from ingestion.table_grid import GridCell

FEES = """区分|会員種別|年会費||備考
||2023年度|2024年度|
正会員|法人会員|100,000円|120,000円|
|個人会員|10,000円|12,000円|学生は半額
賛助会員|法人会員|50,000円|60,000円|
|個人会員|5,000円|6,000円|"""
CHECKER = RuleChecker(AnswerSettings())


def document(table: str = FEES, before: str = "会費規程\n会費は次の表のとおりとする。") -> Document:
    builder = DocumentBuilder("docx")
    builder.line(before)
    builder.table(
        GridCell(row, column, text.strip(), locator=f"table 1 row {row + 1}")
        for row, line in enumerate(table.splitlines())
        for column, text in enumerate(line.split("|"))
    )
    return builder.build()


def hits(found: Document, *, target: int = 400) -> list[Hit]:
    chunks = chunk_document(found, target=target, maximum=2 * target)
    plain = [
        hit(c.text, start=c.start, rank=rank, title="会費規程") for rank, c in enumerate(chunks, start=1)
    ]
    return [replace(one, context=c.context, rows=c.rows) for one, c in zip(plain, chunks, strict=True)]


def sources(question: str, table: str = FEES, *, tokens: int = 200) -> tuple[Source, ...]:
    return selected_sentences(question, hits(document(table), target=2000), EvidenceSettings(tokens=tokens))


def check(claim: str, question: str = "", table: str = FEES) -> Check:
    whole = tuple(
        Source(number, found, (Span(found.start, found.end),), (found.text,))
        for number, found in enumerate(hits(document(table)), start=1)
    )
    return CHECKER.check(claim, whole, question=question)


def test_the_row_that_answers_is_shown_with_its_names_and_quoted_as_it_stands() -> None:
    found = sources("2024年度の賛助会員の個人会員の年会費はいくらですか?", tokens=60)
    text = document().text
    shown = [line for source in found for line in source.prompted]
    assert (
        "区分: 賛助会員 | 会員種別: 個人会員 | 年会費 2023年度: 5,000円 | 年会費 2024年度: 6,000円" in shown
    )
    for source in found:
        assert [text[span.start : span.end] for span in source.spans] == list(source.texts)
    quotes = [quote for source in found for quote in source.texts]
    assert "個人会員 | 5,000円 | 6,000円" in quotes
    assert not any(quote.startswith(("区分 |", "2023年度")) for quote in quotes)


def test_a_row_that_is_only_judged_to_name_columns_can_still_be_quoted() -> None:
    facts = "本社|03-1234-5678|9時から17時\n支社|06-2345-6789|10時から18時\n工場|052-345-6789|8時から16時"
    found = sources("本社の電話番号は何番ですか?", facts)
    assert "本社 | 03-1234-5678 | 9時から17時" in [quote for source in found for quote in source.texts]
    members = "担当|内線\n山田太郎|101\n佐藤花子|102\n鈴木一郎|103\n田中次郎|104"
    (first, *_) = hits(document(members))[0].rows
    assert first.header and first.guessed
    assert "担当 | 内線" in [quote for source in sources("担当の内線", members) for quote in source.texts]
    (cited,) = check("担当の内線です。", table=members).citations
    assert cited.quote == "担当 | 内線"


def test_rows_that_surely_name_columns_are_never_quoted() -> None:
    for header in (True, False):
        builder = DocumentBuilder("docx")
        builder.table(
            GridCell(row, column, text, header=header and row == 0)
            for row, line in enumerate(["会費|2024年度", "法人|100円", "会費|2024年度", "個人|10円"])
            for column, text in enumerate(line.split("|"))
        )
        (found,) = hits(builder.build())
        assert [row.only_names for row in found.rows] == [header, False, True, False]


def test_the_prompt_holds_rows_with_names_also_when_whole_chunks_are_asked_for() -> None:
    question = "法人会員の年会費は?"
    messages, kept = build_messages(question, sources(question), "ja")
    assert "年会費 2024年度: 120,000円" in messages[1].content
    more = [f"|会員{number}|{number}00円|{number}50円|" for number in range(1, 60)]
    pieces = hits(document("\n".join([FEES, *more])), target=100)
    (whole, *_) = whole_chunks(pieces[2:], budget=500, limit=1)
    assert source_text(whole).startswith("区分 | 会員種別 | 年会費 2023年度 | 年会費 2024年度")
    assert whole.texts == (pieces[2].text,)
    assert kept[0].texts


def test_trimming_a_prompt_keeps_rows_and_what_is_shown_together() -> None:
    question = "年会費は?"
    found = sources(question, tokens=400)
    full = sum(len(source.spans) for source in found)
    _, kept = build_messages(question, found, "ja", count_tokens=len, context_tokens=560, max_tokens=100)
    assert 0 < sum(len(source.spans) for source in kept) < full
    assert all(len(source.spans) == len(source.texts) == len(source.prompted) for source in kept)


def test_a_very_wide_row_is_shown_with_what_the_question_asks_for() -> None:
    periods = [f"{year}年度の第{quarter}四半期" for year in range(2015, 2025) for quarter in (1, 2, 3, 4)]
    names = ["支店", *(f"{period}の売上高" for period in periods)]
    values = ["横浜支店", *(f"{number},000円" for number in range(100, 140))]
    (source,) = sources("横浜支店の2019年度の第3四半期の売上高は?", f"{'|'.join(names)}\n{'|'.join(values)}")
    (shown,) = [line for line in source.prompted if "横浜" in line]
    assert "2019年度の第3四半期の売上高: 118,000円" in shown
    assert "支店: 横浜支店" in shown and "…" in shown
    assert estimate_tokens(shown) < 170
    assert all("139,000円" in text for text in source.texts if "横浜" in text)


def test_units_cover_the_hit_once() -> None:
    for piece in hits(document(FEES + "\n合計||155,000円|198,000円|"), target=60):
        parts = list(units(piece))
        assert all(piece.text[u.span.start - piece.start : u.span.end - piece.start] == u.text for u in parts)
        assert all(a.span.end <= b.span.start for a, b in pairwise(parts))
        seen = "".join("".join(unit.text.split()) for unit in parts)
        assert seen.replace("|", "") == "".join(piece.text.split()).replace("|", "")


@pytest.mark.parametrize(
    ("value", "label", "shown"),
    [
        ("120,000", "年会費(円) 2024年度", "120,000円"), ("12", "売上(単位:百万円)", "12百万円"),
        ("12%", "比率(%)", "12%"), ("3", "数量(税別)", "3"),
        ("要相談", "料金(円)", "要相談"), ("△5", "損益(千円)", "△5千円"),
    ],
)  # fmt: skip
def test_bare_numbers_get_the_unit_of_their_column(value: str, label: str, shown: str) -> None:
    assert with_unit(value, label) == shown


@pytest.mark.parametrize(
    ("claim", "quoted", "cell"),
    [
        ("2024年度の正会員の法人会員の年会費は120,000円です。", "法人会員 | 100,000円", "120,000円"),
        ("賛助会員の個人会員の年会費は2023年度が5,000円です。", "個人会員 | 5,000円 | 6,000円", "5,000円"),
        ("正会員の個人会員の2024年度の年会費は1万2千円です。", "個人会員 | 10,000円 | 12,000円", "12,000円"),
        ("正会員の個人会員は、2023年度は1万円、2024年度は1万2千円です。", "個人会員 | 10,000円", "10,000円"),
    ],
)  # fmt: skip
def test_a_claim_stands_on_its_row_and_cell(claim: str, quoted: str, cell: str) -> None:
    found = check(claim)
    assert found.verdict is Verdict.SUPPORTED, found
    citation = found.citations[0]
    assert quoted in citation.quote
    text = document().text
    assert text[citation.start : citation.end] == citation.quote
    assert citation.cell is not None
    assert text[citation.cell.start : citation.cell.end] == cell
    assert citation.as_json()["cell"] == {"start": citation.cell.start, "end": citation.cell.end}
    assert citation.locator in ("table 1 row 3", "table 1 row 4", "table 1 row 6")


@pytest.mark.parametrize(
    "claim",
    [
        "2023年度の正会員の法人会員の年会費は120,000円です。",
        "2024年度の正会員の法人会員の年会費は100,000円です。",
        "正会員の個人会員の年会費は、2023年度は12,000円、2024年度は10,000円です。",
    ],
)
def test_the_number_of_another_column_contradicts(claim: str) -> None:
    found = check(claim)
    assert found.verdict is Verdict.CONTRADICTED, found
    assert any(reason.startswith("number_of_another") for reason in found.reasons)


def test_the_question_tells_which_column_a_bare_answer_is_of() -> None:
    question = "2024年度の賛助会員の法人会員の年会費はいくらですか?"
    assert check("60,000円です。", question).verdict is Verdict.SUPPORTED
    assert check("50,000円です。", question).verdict is Verdict.CONTRADICTED


MARKS = """設備|社外への持ち出し|私的な利用
ノートパソコン|○|×
計測器|×|×"""


@pytest.mark.parametrize(
    ("claim", "opposed"),
    [
        ("計測器は社外への持ち出しができません。", False), ("計測器は社外への持ち出しができます。", True),
        ("ノートパソコンは社外への持ち出しができます。", False),
        ("ノートパソコンは私的な利用ができます。", True),
    ],
)  # fmt: skip
def test_circles_and_crosses_say_yes_and_no(claim: str, opposed: bool) -> None:
    assert (check(claim, table=MARKS).verdict is Verdict.CONTRADICTED) is opposed


def test_names_of_columns_make_a_question_answerable() -> None:
    found = gather("2024年度の法人会員の年会費は?", hits(document()), EvidenceSettings())
    assert found.answerability >= 0.6
    assert answerability("2024年度の法人会員の入会金は?", found.sources) < found.answerability
