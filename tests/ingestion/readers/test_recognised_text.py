"""Order, paragraphs and places of lines that are put where the test wants them."""

from __future__ import annotations

import math

import pytest

from ingestion.ocr import PictureLine
from ingestion.readers.recognised_text import (
    RecognisedPage,
    low_confidence_warning,
    mean_confidence,
    page_of_lines,
    shifted,
)

HEIGHT = 30


def line(
    text: str, x: float, y: float, *, width: float | None = None, confidence: float = 0.99
) -> PictureLine:
    right = x + (width or HEIGHT * len(text))
    return PictureLine(text, ((x, y), (right, y), (right, y + HEIGHT), (x, y + HEIGHT)), confidence, False)


def column(text: str, x: float, y: float) -> PictureLine:
    bottom = y + HEIGHT * len(text)
    return PictureLine(text, ((x, y), (x + HEIGHT, y), (x + HEIGHT, bottom), (x, bottom)), 0.99, True)


def turned(each: PictureLine, degrees: float) -> PictureLine:
    angle = math.radians(degrees)
    corners = tuple(
        (x * math.cos(angle) - y * math.sin(angle), x * math.sin(angle) + y * math.cos(angle))
        for x, y in each.corners
    )
    return PictureLine(each.text, corners, each.confidence, each.vertical)


LEFT = [
    "左の段の一行目である、文はここでは終わらず",
    "左の段の二行目まで続いて、そこで終わる。",
    "左の段の三行目はこれだけの文でできている。",
]
RIGHT = [
    "右の段の一行目である、文はここでは終わらず",
    "右の段の二行目まで続いて、そこで終わる。",
    "右の段の三行目はこれだけの文でできている。",
]


def test_columns_are_read_one_after_the_other_and_lines_of_a_sentence_joined() -> None:
    lines = [line("二段に組んだ記事の見出しは段をまたいで書かれる", 100, 20, width=1380)]
    lines += [line(text, 100, 100 + 50 * i) for i, text in enumerate(LEFT)]
    lines += [line(text, 820, 112 + 50 * i) for i, text in enumerate(RIGHT)]
    page = page_of_lines(lines[::-1], 1, 2.0)
    expected = [lines[0].text, LEFT[0] + LEFT[1], LEFT[2], RIGHT[0] + RIGHT[1], RIGHT[2]]
    assert page.text.splitlines() == expected


def test_short_cells_are_read_row_by_row() -> None:
    rows = [
        ["品名", "数量", "単価"],
        ["ポンプ", "2", "98,000"],
        ["センサー", "5", "48,000"],
        ["弁", "9", "16,800"],
    ]
    lines = [
        line(cell, 100 + 400 * x, 100 + 60 * y) for y, row in enumerate(rows) for x, cell in enumerate(row)
    ]
    assert page_of_lines(lines, 1, 2.0).text.splitlines() == [" ".join(row) for row in rows]


def test_vertical_writing_runs_from_right_to_left() -> None:
    texts = ["縦書きの一行目であり、文はここでは終わらず", "縦書きの二行目で、そこで終わる。", "三行目の文。"]
    page = page_of_lines([column(text, 800 - 60 * i, 100) for i, text in enumerate(texts)], 1, 2.0)
    assert page.text == f"{texts[0]}{texts[1]}\n{texts[2]}\n"
    assert all(found.vertical for found in page.lines)


@pytest.mark.parametrize("degrees", [-7, 3, 90, 180, 270])
def test_a_skew_changes_neither_order_nor_rows(degrees: float) -> None:
    rows = [["第一行の左", "第一行の右"], ["第二行の左", "第二行の右"], ["第三行の左", "第三行の右"]]
    lines = [
        turned(line(cell, 100 + 600 * x, 100 + 45 * y), degrees)
        for y, row in enumerate(rows)
        for x, cell in enumerate(row)
    ]
    assert page_of_lines(lines, 1, 2.0).text.splitlines() == [" ".join(row) for row in rows]


def test_each_line_knows_its_text_box_and_confidence() -> None:
    lines = [
        line("㈱みなと精機の請求書", 100, 100, confidence=0.8),
        line("合計１２，０００円", 100, 200, confidence=0.6),
    ]
    page = page_of_lines(lines, 3, 2.0)
    assert page.text == "(株)みなと精機の請求書\n合計12,000円\n"
    first, second = page.lines
    assert page.text[first.start : first.end] == "(株)みなと精機の請求書"
    assert page.text[second.start : second.end] == "合計12,000円"
    assert (second.page, second.x0, second.y0, second.x1, second.y1) == (3, 50, 100, 50 + 9 * 15, 115)
    assert page.confidence == pytest.approx((0.8 * 12 + 0.6 * 9) / 21)
    moved = shifted(page.lines, 100)
    assert [(each.start, each.end) for each in moved] == [(100, 112), (113, 122)]


def test_no_lines() -> None:
    page = page_of_lines([], 1, 2.0)
    assert (page.text, page.lines, page.confidence, mean_confidence(())) == ("", (), 1.0, 1.0)


def test_pages_that_were_read_badly_are_named() -> None:
    def page(confidence: float) -> RecognisedPage:
        return page_of_lines([line("請求書", 100, 100, confidence=confidence)], 1, 2.0)

    assert low_confidence_warning({1: page(0.99), 2: page(0.86)}) is None
    one = low_confidence_warning({1: page(0.99), 7: page(0.714)})
    assert one is not None and one.startswith("page 7 (71%): read from the picture with low confidence")
    two = low_confidence_warning({9: page(0.6), 2: page(0.5)})
    assert two is not None and two.startswith("pages 2 (50%), 9 (60%):")


def test_lines_that_are_left_out_count_for_the_page_and_are_named() -> None:
    clear, faint = line("あ" * 30, 100, 100, confidence=0.9), line("い" * 10, 100, 200, confidence=0.4)
    page = page_of_lines([clear, faint], 1, 2.0)
    assert page.text == "あ" * 30 + "\n" and page.left_out == (faint,)
    assert page.confidence == pytest.approx((0.9 * 30 + 0.4 * 10) / 40)
    warning = low_confidence_warning({4: page})
    assert warning is not None
    assert warning.startswith("page 4 (78%, 1 line of about 10 characters left out as unreadable):")
    empty = page_of_lines([faint], 1, 2.0)
    assert (empty.text, empty.confidence) == ("", pytest.approx(0.4))


def test_much_that_is_left_out_is_named_on_a_page_that_reads_well_otherwise() -> None:
    clear = line("あ" * 300, 100, 100, confidence=0.99)
    marks = [line("い" * count, 100, 200, confidence=0.3) for count in (3, 9)]
    assert low_confidence_warning({1: page_of_lines([clear, marks[0]], 1, 2.0)}) is None
    warning = low_confidence_warning({1: page_of_lines([clear, *marks], 1, 2.0)})
    assert warning is not None and "2 lines of about 12 characters left out" in warning
