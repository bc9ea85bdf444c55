"""One table with merged cells and two rows of names, written to files of each format by other libraries."""

from __future__ import annotations

import csv
from pathlib import Path

import docx
import openpyxl
import pptx
from pptx.util import Cm

FEES = [
    ["区分", "会員種別", "年会費", "年会費", "備考"],
    ["区分", "会員種別", "2023年度", "2024年度", "備考"],
    ["正会員", "法人会員", "100,000円", "120,000円", ""],
    ["正会員", "個人会員", "10,000円", "12,000円", "学生は半額"],
    ["賛助会員", "法人会員", "50,000円", "60,000円", ""],
]
MERGED = [(0, 0, 2, 1), (0, 1, 2, 1), (0, 2, 1, 2), (0, 4, 2, 1), (2, 0, 2, 1)]
"""Row, column, rows and columns of the merged cells of FEES."""


def write_docx(path: Path) -> None:
    word = docx.Document()
    word.add_paragraph("会費は次の表のとおりとする。")
    table = word.add_table(len(FEES), len(FEES[0]))
    for row, values in enumerate(FEES):
        for column, value in enumerate(values):
            table.cell(row, column).text = value
    for row, column, high, wide in MERGED:
        last = table.cell(row + high - 1, column + wide - 1)
        for down in range(high):
            for right in range(wide):
                table.cell(row + down, column + right).text = ""
        table.cell(row, column).merge(last).text = FEES[row][column]
    word.save(str(path))


def write_xlsx(path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "会費"
    sheet["B2"] = "会費一覧"
    for row, values in enumerate(FEES):
        for column, value in enumerate(values):
            sheet.cell(row + 3, column + 2).value = value or None
    for row, column, high, wide in MERGED:
        sheet.merge_cells(
            start_row=row + 3, start_column=column + 2, end_row=row + high + 2, end_column=column + wide + 1
        )
    book.save(path)


def write_pptx(path: Path) -> None:
    show = pptx.Presentation()
    slide = show.slides.add_slide(show.slide_layouts[5])
    slide.shapes.title.text = "会費"
    table = slide.shapes.add_table(len(FEES), len(FEES[0]), Cm(1), Cm(5), Cm(20), Cm(8)).table
    for row, values in enumerate(FEES):
        for column, value in enumerate(values):
            table.cell(row, column).text = value
    for row, column, high, wide in MERGED:
        for down in range(high):
            for right in range(wide):
                if down or right:
                    table.cell(row + down, column + right).text = ""
        table.cell(row, column).merge(table.cell(row + high - 1, column + wide - 1))
    show.save(str(path))


def write_html(path: Path) -> None:
    starts = {(row, column): (high, wide) for row, column, high, wide in MERGED}
    covered = {
        (row + down, column + right)
        for row, column, high, wide in MERGED
        for down in range(high)
        for right in range(wide)
        if down or right
    }
    rows = []
    for row, values in enumerate(FEES):
        cells = [
            "<td rowspan={} colspan={}>{}</td>".format(*starts.get((row, column), (1, 1)), value)
            for column, value in enumerate(values)
            if (row, column) not in covered
        ]
        rows.append(f"<tr>{''.join(cells)}</tr>")
    path.write_text(f"<table>{''.join(rows)}</table>", "utf-8")


def write_csv(path: Path) -> None:
    """A flat table: CSV has no merged cells, so the names are said in one row, the groups in each."""
    names = [*FEES[0][:2], "年会費 2023年度", "年会費 2024年度", "備考"]
    with path.open("w", encoding="cp932", newline="") as file:
        csv.writer(file).writerows([names, *FEES[2:]])


def write_grid_paper(path: Path) -> None:
    """The table on narrow columns: each of its columns is eight columns of the sheet, each row two."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "会費"
    spans = {(row, column): (high, wide) for row, column, high, wide in MERGED}
    covered = {
        (row + down, column + right)
        for row, column, high, wide in MERGED
        for down in range(high)
        for right in range(wide)
        if down or right
    }
    for row, values in enumerate(FEES):
        for column, value in enumerate(values):
            if (row, column) in covered or not value:
                continue
            high, wide = spans.get((row, column), (1, 1))
            top, left = 3 + 2 * row, 2 + 8 * column
            sheet.cell(top, left).value = value
            sheet.merge_cells(
                start_row=top, start_column=left, end_row=top + 2 * high - 1, end_column=left + 8 * wide - 1
            )
    sheet["B1"] = "会費一覧"
    book.save(path)


WRITERS = {"docx": write_docx, "xlsx": write_xlsx, "pptx": write_pptx, "html": write_html}
"""By the kind of file."""
FORMS = {
    **{f"会費.{kind}": write for kind, write in WRITERS.items()},
    "会費.csv": write_csv,
    "方眼紙.xlsx": write_grid_paper,
}
"""By the name of a file: also as a flat table, and drawn on narrow columns."""
