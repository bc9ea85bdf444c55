"""Everything that pointed at a piece of text before the descriptions came points at the same piece after."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.chunking import chunk_document
from ingestion.described import MARK_EN, MARK_JA, PROPERTY, marked, with_descriptions, without_marks
from ingestion.documents import (
    NO_ORIGIN,
    Cell,
    Document,
    Figure,
    Heading,
    Page,
    RecognisedLine,
    Span,
    Table,
    TableCell,
)

JA = "ポンプの断面図。左に吸込口がある。"


def paged() -> Document:
    """Three pages that touch; the second is empty but for a figure, the third has a table at its end."""
    one, three = "一頁の見出し\n本文です。\n図1 ポンプ", "三頁\n甲 | 乙\n丙 | 丁\n"
    text = one + three
    table = text.index("甲")
    cells = [
        TableCell(row, column, (at := text.index(sign)), at + 1)
        for row, column, sign in ((0, 0, "甲"), (0, 1, "乙"), (1, 0, "丙"), (1, 1, "丁"))
    ]
    caption = text.index("図1")
    return Document(
        text,
        "pdf",
        (Page(1, 0, len(one)), Page(2, len(one), len(one)), Page(3, len(one), len(text))),
        headings=(Heading(1, 0, 6, "一頁の見出し"), Heading(1, len(one), len(one) + 2, "三頁")),
        cells=(Cell(table, table + 1, "A1"),),
        origins=np.arange(len(text), dtype=np.int32),
        paged=True,
        tables=(Table(table, len(text) - 1, tuple(cells)),),
        recognised=(RecognisedLine(len(one), len(one) + 2, 3, 0, 0, 1, 1, 0.9),),
        figures=(Figure(1, caption, len(one)), Figure(2, len(one), len(one)), Figure(3, len(one), len(one))),
        hidden=(Span(table, table + 1),),
    )


def pieces(document: Document) -> list[str]:
    parts: list[Any] = [
        *document.headings,
        *document.cells,
        *document.tables,
        *document.recognised,
        *document.hidden,
    ]
    parts += [*document.hidden, *document.tables[0].cells, *document.figures]
    return [document.text[part.start : part.end] for part in parts]


def described(document: Document, place: int) -> str:
    figure = document.figures[place]
    return document.text[figure.described_start : figure.described_end]


def test_descriptions_stand_at_the_end_of_their_pages_and_nothing_else_moves() -> None:
    before = paged()
    after = with_descriptions(before, {0: JA, 1: "A red door.", 2: "表の写真。"}, "seer")
    assert pieces(after) == pieces(before)
    assert described(after, 0) == f"{MARK_JA}ポンプの断面図。\n{MARK_JA}左に吸込口がある。"
    assert described(after, 1) == f"{MARK_EN}A red door."
    assert [after.text[page.start : page.end] for page in after.pages] == [
        f"一頁の見出し\n本文です。\n図1 ポンプ\n{described(after, 0)}\n",
        f"\n{described(after, 1)}\n",
        f"三頁\n甲 | 乙\n丙 | 丁\n{MARK_JA}表の写真。\n",
    ]
    assert after.properties == {PROPERTY: "3 by seer"}
    origins = after.origins
    assert origins is not None and origins.dtype == np.int32
    for place, origin in enumerate(origins):
        assert origin == NO_ORIGIN or before.text[origin] == after.text[place]
    assert [origin for origin in origins if origin != NO_ORIGIN] == list(range(len(before.text)))


def test_in_running_text_they_stand_below_the_caption_but_not_in_a_table() -> None:
    text = "前文。\n図1 ポンプ\n続き。\n甲 | 乙\n丙 | 丁\n後文。"
    caption, table = text.index("図1"), text.index("甲")
    end = text.index("丁") + 1
    cells = (TableCell(0, 0, table, table + 1), TableCell(1, 0, text.index("丙"), text.index("丙") + 1))
    document = Document(
        text,
        "docx",
        (Page(1, 0, len(text)),),
        tables=(Table(table, end, cells),),
        figures=(
            Figure(1, caption, caption + 6),
            Figure(1, table, table + 1),
            Figure(1, 0, 0),
            Figure(1, len(text), len(text)),
        ),
    )
    after = with_descriptions(document, {0: "一。", 1: "二。", 2: "三。", 3: "四。"}, "seer")
    assert after.text == (
        f"{MARK_JA}三。\n前文。\n図1 ポンプ\n{MARK_JA}一。\n続き。\n甲 | 乙\n丙 | 丁\n"
        f"{MARK_JA}二。\n後文。\n{MARK_JA}四。\n"
    )
    assert [after.text[one.start : one.end] for one in after.figures] == ["図1 ポンプ", "甲", "", ""]
    assert after.text[after.tables[0].start : after.tables[0].end] == "甲 | 乙\n丙 | 丁"
    assert after.pages == (Page(1, 0, len(after.text)),)


def test_without_descriptions_a_document_stays_as_it_is() -> None:
    document = paged()
    assert with_descriptions(document, {}, "seer") is document
    assert with_descriptions(document, {0: "  \n"}, "seer") is document


def test_every_sentence_in_every_chunk_carries_the_mark() -> None:
    long = "左の図は、" + "配管の経路、" * 80 + "弁の位置を示す。小さい。"
    after = with_descriptions(paged(), {0: long}, "seer")
    lines = described(after, 0).splitlines()
    assert all(line.startswith(MARK_JA) and len(line) <= 200 + len(MARK_JA) for line in lines)
    assert without_marks(described(after, 0)) == long
    held = [chunk.text for chunk in chunk_document(after, target=400, maximum=600) if MARK_JA in chunk.text]
    assert [line for text in held for line in text.splitlines() if MARK_JA in line] == lines


def test_a_model_cannot_write_the_mark_away_nor_break_out_of_its_lines() -> None:
    text = marked("一行目\n\n二行目。\r\n〔AIによる図の説明〕三行目。")
    assert all(line.startswith(MARK_JA) for line in text.splitlines())
    assert "\r" not in text


@given(
    st.text("あa。\n ", max_size=60),
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 10)), max_size=4),
    st.text("図a。 \n", max_size=30),
)
def test_any_text_stays_whole(text: str, figures: list[tuple[int, int]], said: str) -> None:
    spans = [(min(at, len(text)), min(at + wide, len(text))) for at, wide in figures]
    document = Document(
        text, "docx", (Page(1, 0, len(text)),), figures=tuple(Figure(1, start, end) for start, end in spans)
    )
    after = with_descriptions(document, dict.fromkeys(range(len(figures)), said), "seer")
    for (start, end), figure in zip(spans, after.figures, strict=True):
        assert after.text[figure.start : figure.end] in (text[start:end], "") or figure.end > figure.start
    left = after.text
    for figure in sorted(after.figures, key=lambda one: -one.described_start):
        left = left[: figure.described_start] + left[figure.described_end :]
    assert left.replace("\n", "") == text.replace("\n", "")


@pytest.mark.parametrize("text", ["", "　", "\n"])
def test_nothing_said_is_nothing(text: str) -> None:
    assert marked(text) == ""
