"""Tables drawn with known lines around known words; pdfplumber is the second opinion on their cells."""

from __future__ import annotations

import io
from itertools import pairwise
from pathlib import Path

import numpy as np
import pdfplumber
import pytest

from ingestion.documents import Document, Table
from ingestion.readers import read
from ingestion.readers.pdf_rooms import tables_of_boxes
from ingestion.reading import ReadOptions
from ingestion.table_rows import read_tables
from tests.ingestion.pdf_writer import PageSpec, TextAt, grid_rules, write_pdf

XS = [60.0, 200.0, 300.0, 400.0]
YS = [700.0, 676.0, 652.0, 628.0]
FEES = [
    ["区分", "2023年", "2024年"],
    ["法人会員", "10,000円", "12,000円"],
    ["個人会員", "3,000円", "4,000円"],
]


def cells_at(rows: list[list[str]], xs: list[float] = XS, ys: list[float] = YS) -> list[TextAt]:
    return [
        TextAt(xs[c] + 6, ys[r] - 17, text, 10)
        for r, row in enumerate(rows)
        for c, text in enumerate(row)
        if text
    ]


def fees(tmp_path: Path, *, rotation: int = 0) -> Document:
    page = PageSpec(
        [TextAt(60, 720, "表1 年会費"), *cells_at(FEES)], rules=grid_rules(XS, YS), rotation=rotation
    )
    page.texts.append(TextAt(60, 560, "表の下の本文である。"))
    return read_page(tmp_path, page)


def read_page(tmp_path: Path, page: PageSpec) -> Document:
    path = tmp_path / "a.pdf"
    path.write_bytes(write_pdf([page]))
    return read(path, ReadOptions(ocr="off"))


def shown(document: Document, table: Table) -> list[tuple[int, int, str]]:
    return [(cell.row, cell.column, document.text[cell.start : cell.end]) for cell in table.cells]


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_a_table_is_rows_of_cells_that_slice(tmp_path: Path, rotation: int) -> None:
    document = fees(tmp_path, rotation=rotation)
    (table,) = document.tables
    assert table.caption == "表1 年会費"
    assert shown(document, table) == [
        (r, c, text) for r, row in enumerate(FEES) for c, text in enumerate(row)
    ]
    assert document.text[table.start : table.end] == "\n".join(" | ".join(row) for row in FEES)
    assert document.text.split("\n")[-2] == "表の下の本文である。"


def test_the_fee_of_a_corporate_member_in_2024_has_its_names(tmp_path: Path) -> None:
    document = fees(tmp_path)
    (table,) = read_tables(document)
    row = next(row for row in table.rows if "法人会員" in document.text[row.start : row.end])
    assert [(cell.label, document.text[cell.start : cell.end]) for cell in row.cells][2] == (
        "2024年",
        "12,000円",
    )


def test_merged_cells_reach_over_rows_and_columns(tmp_path: Path) -> None:
    x0, x1, x2, x3 = XS
    y0, y1, y2, y3 = YS
    rules = [
        (x0, y0, x3, y0), (x0, y3, x3, y3), (x0, y0, x0, y3), (x3, y0, x3, y3),
        (x1, y0, x1, y3), (x1, y1, x3, y1), (x2, y1, x2, y3), (x0, y2, x3, y2),
    ]  # fmt: skip
    page = PageSpec(
        cells_at([["区分", "年会費", ""], ["", "2023年", "2024年"], ["法人", "1円", "2円"]]), rules=rules
    )
    document = read_page(tmp_path, page)
    (table,) = document.tables
    spans = {
        document.text[c.start : c.end]: (c.row, c.column, c.row_span, c.column_span) for c in table.cells
    }
    assert spans["区分"] == (0, 0, 2, 1)
    assert spans["年会費"] == (0, 1, 1, 2)
    assert spans["2024年"] == (1, 2, 1, 1)
    assert spans["法人"] == (2, 0, 1, 1)


def test_a_cell_that_runs_on_in_a_strip_beside_its_parts_stays_in_its_row(tmp_path: Path) -> None:
    """全産業 over 製造業, which stands a little to the right in the same column; no line closes the strip."""
    xs, ys = [60.0, 100.0, 110.0, 200.0, 300.0], [700.0, 676.0, 652.0, 628.0]
    rules = [
        *((xs[0], y, xs[4], y) for y in (ys[0], ys[1], ys[3])), (xs[2], ys[2], xs[4], ys[2]),
        *((x, ys[0], x, ys[3]) for x in (xs[0], xs[3], xs[4])), (xs[1], ys[1], xs[1], ys[3]),
        (xs[2], ys[2], xs[2], ys[3]),
    ]  # fmt: skip
    texts = [
        TextAt(206, 683, "割合", 10), TextAt(64, 645, "大", 10), TextAt(114, 659, "全産業", 10),
        TextAt(206, 659, "62.6", 10), TextAt(114, 635, "製造業", 10), TextAt(206, 635, "62.3", 10),
    ]  # fmt: skip
    document = read_page(tmp_path, PageSpec(texts, rules=rules))
    (table,) = read_tables(document)
    assert [document.text[row.start : row.end] for row in table.rows][1:] == [
        "大 | 全産業 | 62.6",
        "製造業 | 62.3",
    ]


def test_a_word_that_its_narrow_cell_broke_is_whole(tmp_path: Path) -> None:
    xs, ys = [60.0, 118.0, 300.0], [700.0, 660.0, 620.0]
    texts = [
        TextAt(62, 684, "法人会員の年", 9), TextAt(62, 672, "会費について", 9), TextAt(130, 684, "金額", 9),
        TextAt(62, 644, "個人", 9), TextAt(130, 644, "三千円", 9), TextAt(130, 632, "(税込)", 9),
    ]  # fmt: skip
    document = read_page(tmp_path, PageSpec(texts, rules=grid_rules(xs, ys)))
    assert document.text.split("\n")[:2] == ["法人会員の年会費について | 金額", "個人 | 三千円 (税込)"]


def test_rows_that_no_line_parts(tmp_path: Path) -> None:
    """Lines between the columns and under the names only, as in many statistics."""
    rows = [["年度", "件数", "金額"], *[[f"{2019 + n}", f"{n}1", f"{n},000"] for n in range(1, 5)]]
    ys = [700.0, 676.0, 660.0, 644.0, 628.0, 612.0]
    page = PageSpec(cells_at(rows, ys=ys), rules=grid_rules(XS, [700.0, 676.0, 604.0]))
    document = read_page(tmp_path, page)
    (table,) = document.tables
    assert shown(document, table) == [
        (r, c, text) for r, row in enumerate(rows) for c, text in enumerate(row)
    ]


def stacked(tmp_path: Path, names: list[TextAt]) -> Document:
    """Four rows of figures without lines between them; `names` stand in the tall cell beside them."""
    rows = [["地区", "件数", "金額"], *[["", f"{n}1", f"{n},000"] for n in range(1, 5)]]
    ys = [700.0, 676.0, 660.0, 644.0, 628.0, 612.0]
    return read_page(
        tmp_path,
        PageSpec([*cells_at(rows, ys=ys), *names], rules=grid_rules(XS, [700.0, 676.0, 604.0])),
    )


def test_a_group_written_downwards_does_not_keep_names_from_their_rows(tmp_path: Path) -> None:
    names = [TextAt(100, 659 - 16 * n, text, 10) for n, text in enumerate(["北海道", "東京", "横浜", "大阪"])]
    document = stacked(tmp_path, [*names, TextAt(70, 639.5, "関", 6), TextAt(70, 633, "東", 6)])
    (table,) = read_tables(document)
    found = [document.text[row.start : row.end] for row in table.rows]
    assert [("北海道" in row, "大阪" in row) for row in found if "11" in row] == [(True, False)]
    assert [("北海道" in row, "大阪" in row) for row in found if "41" in row] == [(False, True)]


def test_names_at_other_heights_than_the_figures_name_no_row(tmp_path: Path) -> None:
    names = [TextAt(70, 655 - 21 * n, text, 10) for n, text in enumerate(["北海道", "東京都", "大阪府"])]
    document = stacked(tmp_path, names)
    (table,) = read_tables(document)
    assert "北海道" in document.text and "大阪府" in document.text
    assert [row for row in table.rows if any("北海道" in part for part in row.lead)] == []
    told = [document.text[row.start : row.end] for row in table.rows]
    assert "11 | 1,000" in told and "41 | 4,000" in told


def test_one_name_in_two_lines_stays_the_name_of_all_its_rows(tmp_path: Path) -> None:
    document = stacked(tmp_path, [TextAt(70, 640, "首都圏とその", 10), TextAt(70, 627, "周りの地区", 10)])
    (table,) = read_tables(document)
    (lead,) = table.rows[-1].lead
    assert lead.replace(" ", "") == "地区:首都圏とその周りの地区"


def test_sentences_in_boxes_side_by_side_are_not_cut_into_rows(tmp_path: Path) -> None:
    left = ["一つ目の説明が三行に", "わたって書かれている", "箱である。"]
    right = ["二つ目の説明も三行に", "わたって書かれている", "箱である。"]
    texts = [TextAt(66, 680 - 14 * i, text, 9) for i, text in enumerate(left)]
    texts += [TextAt(206, 680 - 14 * i, text, 9) for i, text in enumerate(right)]
    texts += cells_at([["名前", "説明"]], ys=[724.0])
    document = read_page(
        tmp_path, PageSpec(texts, rules=grid_rules([60.0, 200.0, 330.0], [724.0, 700.0, 640.0]))
    )
    assert document.text.split("\n")[1] == "".join(left) + " | " + "".join(right)


def test_the_bars_of_a_chart_are_no_table(tmp_path: Path) -> None:
    rules = []
    for n in range(5):
        x = 60 + 30 * n
        rules += grid_rules([x, x + 30], [500.0, 520.0 + 10 * n, 600.0])
    texts = [TextAt(64 + 4 * n, 550, "0.12%0.14%0.15%"[n], 6) for n in range(15)]
    document = read_page(tmp_path, PageSpec([*texts, TextAt(60, 700, "図の上の本文である。")], rules=rules))
    assert document.tables == ()
    assert "0.12%0.14%0.15%" in document.text


def test_a_frame_around_the_page_is_no_table(tmp_path: Path) -> None:
    page = PageSpec(
        [TextAt(72, 700, "枠に囲まれた本文である。")], rules=grid_rules([40.0, 550.0], [800.0, 40.0])
    )
    document = read_page(tmp_path, page)
    assert (document.tables, document.text) == ((), "枠に囲まれた本文である。\n")


@pytest.mark.parametrize("seed", range(6))
def test_cells_are_those_that_pdfplumber_finds(seed: int) -> None:
    """Grids of several sizes, with a wall or two between cells taken out."""
    xs = [60.0 + 50 * n for n in range(4 + seed % 3)]
    ys = [700.0 - 30 * n for n in range(3 + seed)]
    rules = []
    for i, y in enumerate(ys):
        for j, (x, after) in enumerate(pairwise(xs)):
            if not (seed % 2 and i == 1 and j == 0):
                rules.append((x, y, after, y))
    for j, x in enumerate(xs):
        for i, (y, after) in enumerate(pairwise(ys)):
            if not (seed % 3 == 0 and j == 2 and i == len(ys) - 2):
                rules.append((x, y, x, after))
    content = write_pdf([PageSpec([TextAt(70, 690, "字")], rules=rules)])
    with pdfplumber.open(io.BytesIO(content)) as pdf:
        expected = {tuple(round(v) for v in cell) for t in pdf.pages[0].find_tables() for cell in t.cells}
    lines = np.array(
        [(min(x0, x1), 842 - max(y0, y1), max(x0, x1), 842 - min(y0, y1)) for x0, y0, x1, y1 in rules]
    )
    assert {tuple(round(v) for v in box) for table in tables_of_boxes(lines) for box in table} == expected
