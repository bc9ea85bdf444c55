"""Tables of files written by other libraries, compared with what those libraries say of their grids."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import docx
import openpyxl
import pandas as pd
import pptx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl.styles import Font, PatternFill
from table_files import FEES, WRITERS, write_xlsx

from ingestion.documents import Document, Table
from ingestion.readers import read, sheets
from ingestion.table_grid import GridCell
from ingestion.table_headers import with_headers
from ingestion.table_rows import read_tables


def expanded(document: Document, table: Table) -> list[list[str]]:
    """The grid with the text of a merged cell in all of its places."""
    height = max(cell.row + cell.row_span for cell in table.cells)
    width = max(cell.column + cell.column_span for cell in table.cells)
    grid = [[""] * width for _ in range(height)]
    for cell in table.cells:
        for row in range(cell.row, cell.row + cell.row_span):
            for column in range(cell.column, cell.column + cell.column_span):
                assert grid[row][column] == ""
                grid[row][column] = document.text[cell.start : cell.end]
    return grid


def check(document: Document) -> None:
    """What holds of every table: cells are slices on their row's line, in order, and lie in the table."""
    for table in document.tables:
        lines = document.text[table.start : table.end].split("\n")
        rows = sorted({cell.row for cell in table.cells})
        assert len(lines) == len(rows)
        for line, row in zip(lines, rows, strict=True):
            texts = [document.text[cell.start : cell.end] for cell in table.cells if cell.row == row]
            assert [part for part in line.split(" | ") if part.strip(" |")] == texts
        assert all(table.start <= cell.start < cell.end <= table.end for cell in table.cells)


def labelled(document: Document) -> dict[str, tuple[str, ...]]:
    """Each value with all the names it is read with."""
    found: dict[str, tuple[str, ...]] = {}
    for table in read_tables(document):
        for row in table.rows:
            names = [document.text[cell.start : cell.end] for cell in row.cells if cell.header]
            for cell in row.cells:
                if not cell.header:
                    text = document.text[cell.start : cell.end]
                    found[text] = tuple([*row.lead, *names, cell.label])
    return found


@pytest.mark.parametrize("kind", WRITERS)
def test_merged_cells_and_two_rows_of_names_in_every_format(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"a.{kind}"
    WRITERS[kind](path)
    document = read(path)
    check(document)
    (table,) = document.tables
    assert expanded(document, table) == FEES
    named = {document.text[cell.start : cell.end] for cell in table.cells if cell.header}
    assert named == {*FEES[0], *FEES[1], "正会員", "賛助会員", "法人会員", "個人会員"}
    names = labelled(document)
    assert names["120,000円"] == ("正会員", "法人会員", "年会費 2024年度")
    assert names["10,000円"] == ("区分: 正会員", "個人会員", "年会費 2023年度")
    assert names["60,000円"] == ("賛助会員", "法人会員", "年会費 2024年度")
    assert names["学生は半額"][-1] == "備考"


def test_grids_agree_with_python_docx_and_python_pptx_and_openpyxl(tmp_path: Path) -> None:
    for kind in ("docx", "pptx", "xlsx"):
        WRITERS[kind](tmp_path / f"a.{kind}")
    word = docx.Document(str(tmp_path / "a.docx")).tables[0]
    theirs = [[word.cell(row, column).text for column in range(5)] for row in range(5)]
    document = read(tmp_path / "a.docx")
    assert expanded(document, document.tables[0]) == theirs
    shape = next(s for s in pptx.Presentation(str(tmp_path / "a.pptx")).slides[0].shapes if s.has_table)
    for cell in read(tmp_path / "a.pptx").tables[0].cells:
        other = shape.table.cell(cell.row, cell.column)
        assert (cell.row_span, cell.column_span) == (
            (other.span_height, other.span_width) if other.is_merge_origin else (1, 1)
        )
    sheet = openpyxl.load_workbook(tmp_path / "a.xlsx").active
    assert sheet is not None
    merged = {str(area).split(":")[0]: area for area in sheet.merged_cells.ranges}
    document = read(tmp_path / "a.xlsx")
    for cell in document.tables[0].cells:
        place = str(cell.locator).split("!")[1]
        assert str(sheet[place].value) == document.text[cell.start : cell.end]
        if place in merged:
            area = merged[place]
            assert cell.row_span == area.max_row - area.min_row + 1
            assert cell.column_span == area.max_col - area.min_col + 1
        else:
            assert (cell.row_span, cell.column_span) == (1, 1)


@st.composite
def html_tables(draw: Any) -> str:
    """Tables with cells over several rows or several columns, also such that reach beyond the end.

    Both in one table can overlap, where browsers and pandas differ.
    """
    number = 0
    tall = draw(st.booleans())
    rows = []
    for _ in range(draw(st.integers(1, 5))):
        cells = []
        for _ in range(draw(st.integers(1, 5))):
            number += 1
            span = draw(st.sampled_from([1, 1, 1, 2, 3]))
            cells.append(f"<td {'rowspan' if tall else 'colspan'}={span}>c{number}</td>")
        rows.append(f"<tr>{''.join(cells)}</tr>")
    return f"<table>{''.join(rows)}</table>"


@given(html_tables())
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_html_cells_lie_where_pandas_puts_them(tmp_path: Path, source: str) -> None:
    path = tmp_path / "a.html"
    path.write_text(source, "utf-8")
    document = read(path)
    check(document)
    frame = pd.read_html(io.StringIO(source), header=None)[0]
    theirs: dict[str, set[tuple[int, int]]] = {}
    for row, values in enumerate(frame.to_numpy().tolist()):
        for column, value in enumerate(values):
            if isinstance(value, str):
                theirs.setdefault(value, set()).add((row, column))
    # Rows and columns in which no cell begins are left out here, so places are compared by their order.
    (table,) = document.tables
    rows = sorted({min(places)[0] for places in theirs.values()})
    columns = sorted({min(places)[1] for places in theirs.values()})
    for cell in table.cells:
        row, column = min(theirs[document.text[cell.start : cell.end]])
        assert (cell.row, cell.column) == (rows.index(row), columns.index(column))


def test_a_row_that_word_repeats_names_the_columns(tmp_path: Path) -> None:
    word = docx.Document()
    table = word.add_table(3, 2)
    for row, values in enumerate([("一", "二"), ("三", "四"), ("五", "六")]):
        for column, value in enumerate(values):
            table.cell(row, column).text = value
    table.rows[0]._tr.get_or_add_trPr().append(docx.oxml.parse_xml(
        '<w:tblHeader xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"/>'
    ))  # fmt: skip
    word.save(str(tmp_path / "a.docx"))
    assert labelled(read(tmp_path / "a.docx")) == {"四": ("三", "二"), "六": ("五", "二")}


def grid_paper(path: Path) -> None:
    """A form on 40 narrow columns, all fields merged cells of different widths, as offices draw them."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "申請書"
    for column in range(1, 41):
        sheet.column_dimensions[openpyxl.utils.get_column_letter(column)].width = 2.5

    def put(area: str, value: str, *, shaded: bool = False) -> None:
        sheet.merge_cells(area)
        cell = sheet[area.split(":")[0]]
        cell.value = value
        if shaded:
            cell.fill = PatternFill("solid", start_color="FFD9D9D9")

    put("A1:AN2", "出張申請書")
    put("A4:F5", "氏名", shaded=True)
    put("G4:S5", "山田太郎")
    put("T4:Y5", "所属", shaded=True)
    put("Z4:AN5", "営業部")
    put("A6:F7", "出張先", shaded=True)
    put("G6:S7", "大阪支店")
    put("T6:Y7", "期間", shaded=True)
    put("Z6:AN7", "2024年5月7日〜9日")
    put("A9:F10", "項目", shaded=True)
    put("G9:P10", "単価", shaded=True)
    put("Q9:Z10", "数量", shaded=True)
    put("AA9:AN10", "金額", shaded=True)
    for row, values in (
        (11, ("交通費", "14,000円", "2", "28,000円")),
        (13, ("宿泊費", "12,000円", "3", "36,000円")),
    ):
        for (first, last), value in zip(
            (("A", "F"), ("G", "P"), ("Q", "Z"), ("AA", "AN")), values, strict=True
        ):
            put(f"{first}{row}:{last}{row + 1}", value)
    put("A15:AN16", "※ 領収書を添付すること。")
    book.save(path)


def test_forms_on_grid_paper(tmp_path: Path) -> None:
    grid_paper(tmp_path / "a.xlsx")
    document = read(tmp_path / "a.xlsx")
    check(document)
    assert document.text == (
        "申請書\n出張申請書\n\n"
        "氏名 | 山田太郎 | 所属 | 営業部\n出張先 | 大阪支店 | 期間 | 2024年5月7日〜9日\n\n"
        "項目 | 単価 | 数量 | 金額\n交通費 | 14,000円 | 2 | 28,000円\n宿泊費 | 12,000円 | 3 | 36,000円\n"
        "※ 領収書を添付すること。\n"
    )
    names = {value: label[-1] for value, label in labelled(document).items()}
    assert names == {
        "山田太郎": "氏名", "営業部": "所属", "大阪支店": "出張先", "2024年5月7日〜9日": "期間",
        "14,000円": "単価", "12,000円": "単価", "2": "数量", "3": "数量",
        "28,000円": "金額", "36,000円": "金額",
    }  # fmt: skip
    assert labelled(document)["36,000円"] == ("宿泊費", "金額")
    place = next(
        cell for cell in document.tables[1].cells if document.text[cell.start : cell.end] == "36,000円"
    )
    assert place.locator == "申請書!AA13"


def test_several_tables_in_one_sheet(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "一覧"
    sheet["A1"] = "支店一覧"
    for row, values in enumerate(
        [("支店", "電話"), ("東京", "03-0000-1111"), ("大阪", "06-0000-2222")], start=2
    ):
        sheet.cell(row, 1).value, sheet.cell(row, 2).value = values
    sheet["D1"] = "単価表"
    for row, values in enumerate([("品名", "単価"), ("ボルト", "10円"), ("ナット", "20円")], start=2):
        sheet.cell(row, 4).value, sheet.cell(row, 5).value = values
    sheet["A7"] = "休業日"
    for row, values in enumerate([("名称", "日付"), ("年始", "1月1日"), ("盆", "8月15日")], start=8):
        sheet.cell(row, 1).value, sheet.cell(row, 2).value = values
    book.save(tmp_path / "a.xlsx")
    document = read(tmp_path / "a.xlsx")
    check(document)
    assert [table.caption for table in document.tables] == ["支店一覧", "単価表", "休業日"]
    names = labelled(document)
    assert (names["06-0000-2222"], names["20円"], names["8月15日"]) == (
        ("大阪", "電話"), ("ナット", "単価"), ("盆", "日付")
    )  # fmt: skip


def test_an_empty_row_does_not_take_the_names_from_the_rows_below(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row, values in enumerate([("品番", "品名", "単価"), ("A-1", "ボルト", 10)], start=1):
        for column, value in enumerate(values, start=1):
            sheet.cell(row, column).value = value
    for column, value in enumerate(("B-7", "ナット", 20), start=1):
        sheet.cell(4, column).value = value
    book.save(tmp_path / "a.xlsx")
    document = read(tmp_path / "a.xlsx")
    assert labelled(document)["20"] == ("B-7", "単価")
    assert len(document.tables) == 1


def test_bold_names_over_words_only(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row, values in enumerate([("甲", "乙"), ("赤", "紅"), ("青", "藍")], start=1):
        for column, value in enumerate(values, start=1):
            sheet.cell(row, column).value = value
            sheet.cell(row, column).font = Font(bold=row == 1)
    book.save(tmp_path / "a.xlsx")
    assert labelled(read(tmp_path / "a.xlsx")) == {"紅": ("赤", "乙"), "藍": ("青", "乙")}


def test_merged_areas_that_are_nonsense_are_survived(tmp_path: Path) -> None:
    write_xlsx(tmp_path / "a.xlsx")
    broken = tmp_path / "b.xlsx"
    with zipfile.ZipFile(tmp_path / "a.xlsx") as source, zipfile.ZipFile(broken, "w") as target:
        for item in source.infolist():
            data = source.read(item).replace(b'<mergeCell ref="D3:E3"', b'<mergeCell ref="D3:XFD1048576"')
            target.writestr(item, data)
    document = read(broken)
    check(document)
    assert document.text.count("120,000円") == 1


def test_a_sheet_with_an_empty_row_below_each_record_is_judged_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cells that are looked at grow with the records, not with their square."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["品名", "単価", "数量"])
    for number in range(120):
        sheet.append([f"商品{number}", 100 + number, number])
        sheet.append([])
    book.save(tmp_path / "a.xlsx")
    judged = 0

    def counting(cells: Sequence[GridCell]) -> list[GridCell]:
        nonlocal judged
        judged += len(cells)
        return with_headers(cells)

    monkeypatch.setattr(sheets, "with_headers", counting)
    document = read(tmp_path / "a.xlsx")
    (table,) = read_tables(document)
    assert len(table.rows) == 121
    assert [cell.label for cell in table.rows[-1].cells] == ["品名", "単価", "数量"]
    assert judged < 4 * 3 * 121
