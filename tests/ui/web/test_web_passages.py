"""Marks on page images, in cells and in text."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image
from web_fakes import SCRIPT, FakeOperations

from ui.web import passages


def pixels(png: bytes) -> Any:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def test_only_the_boxes_are_coloured_and_ink_stays_dark() -> None:
    operations = FakeOperations()
    document = operations.document("rules")
    quote = "年次有給休暇は入社6か月後に10日与える。"
    start = document["text"].index(quote)
    boxes = operations.boxes("rules", start, start + len(quote))
    plain = operations.page_image("rules", 2, scale=2.0)
    before, after = pixels(plain), pixels(passages.highlight(plain, boxes, 2.0))
    inside = np.zeros(before.shape[:2], bool)
    for box in boxes:
        rows = slice(int((box["y0"] - 1) * 2), int((box["y1"] + 1) * 2) + 1)
        inside[rows, int((box["x0"] - 1) * 2) : int((box["x1"] + 1) * 2) + 1] = True
    assert (after[~inside] == before[~inside]).all()
    white, ink = inside & (before == 255).all(axis=2), inside & (before == 0).all(axis=2)
    assert white.any() and (after[white] == passages.MARK).all()
    assert ink.any() and (after[ink] == 0).all()


def test_the_cited_cell_stands_out_of_its_row() -> None:
    plain = FakeOperations().page_image("rules", 1, scale=1.0)
    row = {"page": 1, "x0": 50, "y0": 250, "x1": 180, "y1": 262}
    cell = {"page": 1, "x0": 120, "y0": 250, "x1": 150, "y1": 262}
    marked = pixels(passages.highlight(plain, [row], 1.0, [cell]))
    blank = (pixels(plain) == 255).all(axis=2)
    assert blank[255, 60] and blank[255, 135]
    assert tuple(marked[255, 60]) == tuple(marked[255, 175]) == passages.LIGHT_MARK
    assert tuple(marked[255, 135]) == passages.CELL_MARK


def test_a_box_outside_the_page_is_cut_off() -> None:
    plain = FakeOperations().page_image("rules", 1, scale=1.0)
    passages.highlight(plain, [{"page": 1, "x0": -50, "y0": -50, "x1": 9999, "y1": 9999}], 1.0)


def test_outlines_frame_all_boxes_of_a_chunk() -> None:
    plain = FakeOperations().page_image("rules", 1, scale=1.0)
    boxes = [{"x0": 50, "y0": 200, "x1": 90, "y1": 210}, {"x0": 60, "y0": 220, "x1": 200, "y1": 230}]
    drawn = pixels(passages.outline(plain, [("1", boxes), ("2", [])], 1.0))
    coloured = (drawn == passages.OUTLINE).all(axis=2)
    frame = np.argwhere(coloured[:, 47:])  # the label stands to the left of it
    assert frame.min(axis=0).tolist() == [197, 0]
    assert frame.max(axis=0).tolist() == [233, 203 - 47]
    assert coloured[:, :47].any()


def test_a_box_far_below_gets_a_frame_of_its_own() -> None:
    plain = FakeOperations().page_image("slides", 1, scale=1.0)
    boxes = [{"x0": 50, "y0": 100, "x1": 90, "y1": 110}, {"x0": 50, "y0": 250, "x1": 60, "y1": 260}]
    drawn = pixels(passages.outline(plain, [("1", boxes)], 1.0))
    assert not (drawn[130:240] == passages.OUTLINE).all(axis=2).any()


def test_marked_text_is_escaped_and_marks_exactly_the_span() -> None:
    text = f"before <b> {SCRIPT} after & more"
    start = text.index(SCRIPT)
    shown = passages.marked_text(text, start, start + len(SCRIPT))
    assert "<script" not in shown and "<b>" not in shown
    assert "<mark>&lt;script&gt;document.title=&#x27;owned&#x27;&lt;/script&gt;</mark>" in shown


def test_long_text_is_cut_at_line_ends_around_the_passage() -> None:
    text = "\n".join(f"line {number}" for number in range(500))
    start = text.index("line 250")
    shown = passages.marked_text(text, start, start + 8, window=40)
    assert shown == (
        '<div class="k-text">…line 246\nline 247\nline 248\nline 249\n<mark>line 250</mark>'
        "\nline 251\nline 252\nline 253\nline 254…</div>"
    )


def test_cells_of_the_passage_are_marked_in_their_row() -> None:
    document = FakeOperations().document("sheet")
    quote = "AB-1234X\t圧力センサー\t12,000円"
    start = document["text"].index(quote)
    rows = passages.cell_rows(document, start, start + len(quote))
    assert [[text for _, text, _ in row] for row in rows] == [
        ["品番", "部品名", "単価"],
        ["AB-1234X", "圧力センサー", "12,000円"],
        ["CD-55", "ねじ", "8円"],
    ]
    assert [[inside for _, _, inside in row] for row in rows] == [[False] * 3, [True] * 3, [False] * 3]
    assert passages.table_html(rows).count('class="marked"') == 1


def test_far_rows_are_left_out_but_the_header_stays() -> None:
    text, cells = "", []
    for row in range(1, 101):
        cells.append({"start": len(text), "end": len(text) + 4, "locator": f"S!AB{row}"})
        text += f"{row:04}\n"
    document = {"text": text, "cells": cells, "pages": [{"start": 0, "end": len(text)}]}
    rows = passages.cell_rows(document, 245, 249)
    assert [row[0][0] for row in rows] == ["AB1", *(f"AB{row}" for row in range(44, 57))]
    assert passages.table_html(rows).count("gap") == 1


@pytest.mark.parametrize(
    ("document", "quote", "kind"),
    [
        ("rules", "第12条", "page"), ("sheet", "AB-1234X", "table"), ("slides", "非常口", "slide"),
        ("hostile", "Rule one.", "text"),
    ],
)  # fmt: skip
def test_each_format_is_shown_in_its_way(document: str, quote: str, kind: str) -> None:
    found = FakeOperations().document(document)
    start = found["text"].index(quote)
    assert passages.kind_of(found, start, start + len(quote)) == kind
    assert passages.still_holds(found, start, start + len(quote), quote)
    assert not passages.still_holds(found, start, start + len(quote), quote + "!")


def test_chunks_and_quotes_are_escaped() -> None:
    shown = passages.chunk_html("1", [SCRIPT], SCRIPT) + passages.quote_html(SCRIPT)
    assert "<script" not in shown
    assert passages.table_html([[("A1", SCRIPT, True), ("B1", SCRIPT, False)]]).count("<script") == 0


def test_a_figure_is_cut_out_of_its_page() -> None:
    page = Image.new("RGB", (400, 600), "white")
    page.paste((0, 0, 200), (100, 200, 300, 320))
    buffer = io.BytesIO()
    page.save(buffer, "PNG")
    box = {"x0": 50.0, "y0": 100.0, "x1": 150.0, "y1": 160.0}
    part = Image.open(io.BytesIO(passages.cut_out(buffer.getvalue(), box, 2.0)))
    assert part.size == (200, 120)
    assert part.getcolors() == [(200 * 120, (0, 0, 200))]


def test_figures_beside_are_those_of_the_section_or_the_slide() -> None:
    def figure(page: int, start: int, name: str = "word/media/a.png") -> dict[str, Any]:
        return {
            "page": page,
            "start": start,
            "end": start + 2,
            "name": name,
            "described_start": 0,
            "described_end": 0,
        }

    headings = [{"start": place} for place in (0, 100, 200)]
    word = {
        "format": "docx", "paged": False, "text": "x" * 300, "pages": [], "headings": headings,
        "figures": [figure(1, 20), figure(1, 110), figure(1, 170), figure(1, 210), figure(1, 150, "")],
    }  # fmt: skip
    assert passages.figures_beside(word, 160, 168) == [2, 1]
    assert passages.figures_beside(word, 250, 260) == [3]
    pages = [{"number": 1, "start": 0, "end": 150}, {"number": 2, "start": 150, "end": 300}]
    slides = {
        **word,
        "format": "pptx",
        "paged": True,
        "pages": pages,
        "figures": [figure(2, 150), figure(1, 149)],
    }
    assert passages.figures_beside(slides, 151, 160) == [0]


def test_a_quote_of_a_description_is_told_apart() -> None:
    document = {"figures": [{"described_start": 50, "described_end": 80}]}
    told = [passages.is_description(document, start, start + 10) for start in (40, 41, 79, 80)]
    assert told == [False, True, True, False]
    assert not passages.is_description({}, 0, 5)
