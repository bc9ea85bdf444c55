"""Office files written by other libraries than those that read them, or from known parts."""

from __future__ import annotations

import datetime
import io
import zipfile
from pathlib import Path

import docx
import openpyxl
import pptx
import pytest
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from pptx.util import Cm

from ingestion.documents import Document
from ingestion.errors import ReadError
from ingestion.readers import read
from ingestion.readers.xlsx import shown


def cells_of(document: Document) -> list[tuple[str, str]]:
    return [(cell.locator, document.text[cell.start : cell.end]) for cell in document.cells]


def test_docx_in_the_order_of_the_body(tmp_path: Path) -> None:
    word = docx.Document()
    word.core_properties.title = "就業規則"
    word.core_properties.author = "総務部"
    word.add_heading("第１章　総則", 1)
    word.add_paragraph("この規則は、従業員に適用する。")
    table = word.add_table(2, 2)
    for row, values in zip(table.rows, [("年数", "日数"), ("１年", "10日")], strict=True):
        for cell, value in zip(row.cells, values, strict=True):
            cell.text = value
    word.add_heading("目的", 2)
    word.add_paragraph("末尾の段落。")
    path = tmp_path / "a.docx"
    word.save(str(path))
    document = read(path)
    assert document.text == (
        "第1章 総則\nこの規則は、従業員に適用する。\n\n年数 | 日数\n1年 | 10日\n\n目的\n末尾の段落。\n"
    )
    assert [(h.level, document.text[h.start : h.end]) for h in document.headings] == [
        (1, "第1章 総則"),
        (2, "目的"),
    ]
    assert cells_of(document)[2:] == [("table 1 row 2", "1年"), ("table 1 row 2", "10日")]
    assert (document.title, document.properties["author"], document.paged) == ("就業規則", "総務部", False)


def test_docx_deletions_insertions_and_outline_levels(tmp_path: Path) -> None:
    word = docx.Document()
    paragraph = word.add_paragraph("残る")
    for tag, kind, text in (("w:del", "w:delText", "消えた"), ("w:ins", "w:t", "加えた")):
        change, run, inner = OxmlElement(tag), OxmlElement("w:r"), OxmlElement(kind)
        inner.text = text
        run.append(inner)
        change.append(run)
        paragraph._p.append(change)
    titled = word.add_paragraph("見出しの様式のない題")
    level = OxmlElement("w:outlineLvl")
    level.set(qn("w:val"), "1")
    titled._p.get_or_add_pPr().append(level)
    path = tmp_path / "a.docx"
    word.save(str(path))
    document = read(path)
    assert "残る加えた\n" in document.text
    assert "消えた" not in document.text
    assert [(h.level, h.title) for h in document.headings] == [(2, "見出しの様式のない題")]


def test_xlsx_sheets_cells_and_hidden_sheets(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "単価表"
    sheet["B2"], sheet["C2"], sheet["D2"] = "品名", "単価", "改定日"
    sheet["B3"], sheet["C3"], sheet["D3"] = "ﾎﾞﾙﾄ", 1200, datetime.datetime(2024, 4, 1)
    sheet["C3"].number_format = "#,##0"
    sheet["B4"], sheet["C4"] = "ナット", 0.125
    sheet["C4"].number_format = "0.0%"
    sheet["B500"] = "離れた注記"
    other = book.create_sheet("控え")
    other["A1"] = "隠れた値"
    other.sheet_state = "hidden"
    book.create_sheet("空")
    path = tmp_path / "a.xlsx"
    book.save(path)
    document = read(path)
    assert [(p.number, p.locator) for p in document.pages] == [(1, "単価表"), (2, "控え"), (3, "空")]
    first = document.pages[0]
    assert document.text[first.start : first.end] == (
        "単価表\n品名 | 単価 | 改定日\nボルト | 1,200 | 2024-04-01\nナット | 12.5%\n\n離れた注記\n"
    )
    cells = dict(cells_of(document))
    assert cells["単価表!C3"] == "1,200"
    assert cells["単価表!B500"] == "離れた注記"
    assert cells["控え!A1"] == "隠れた値"
    assert document.warnings == ("hidden sheets were read too: 控え",)
    (table,) = document.tables
    assert [document.text[c.start : c.end] for c in table.cells if c.header] == [
        "品名", "単価", "改定日", "ボルト", "ナット"
    ]  # fmt: skip


def test_a_wrong_stated_size_of_a_sheet_loses_no_rows(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for n in range(1, 4):
        sheet.append([f"行{n}", n])
    buffer = io.BytesIO()
    book.save(buffer)
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(buffer) as source, zipfile.ZipFile(path, "w") as target:
        for item in source.infolist():
            data = source.read(item)
            target.writestr(item, data.replace(b'<dimension ref="A1:B3"/>', b'<dimension ref="A1"/>'))
    assert read(path).text == "Sheet\n行1 | 1\n行2 | 2\n行3 | 3\n"


@pytest.mark.parametrize(
    ("value", "number_format", "text"),
    [
        (1234567, "General", "1234567"),
        (3.0, "General", "3"),
        (0.1 + 0.2, "General", "0.3"),
        (1234.5, "#,##0.00", "1,234.50"),
        (-1200, '"¥"#,##0;[Red]-"¥"#,##0', "-¥1,200"),
        (2.5, "#,##0", "3"),  # halves go up, as spreadsheets show them
        (0.125, "0%", "13%"),
        (2.675, "0.00", "2.68"),
        (1500, '#,##0"千円"', "1,500千円"),
        (7, '"第"0"条"', "第7条"),
        (1234567, "#,##0,", "1,235"),
        (45000, '#,##0.0,"千円"', "45.0千円"),
        (-5, '#,##0;"△"#,##0', "△5"),
        (-0.1, '0.0%;"▲"0.0%', "▲10.0%"),
        (0, '#,##0;-#,##0;"-"', "-"),
        (-1234, "_(* #,##0_);_(* (#,##0)", "(1,234)"),
        (1234, "[$¥-411]#,##0", "¥1,234"),
        (9012345678, "000-0000-0000", "090-1234-5678"),
        (901234567, r"[<=99999999]####-####;\(00\)\ ####-####", "(09) 0123-4567"),
        (12.5, "# ?/?", "12.5"),
        (5, ";;;", "5"),
        (0, "#,###", "0"),
        (0.05, "0%", "5%"),
        (7, "0000", "0007"),
        (True, None, "TRUE"),
        (datetime.datetime(2024, 4, 1, 9, 30), None, "2024-04-01 09:30"),
        (datetime.time(18, 0), None, "18:00"),
        ("#REF!", None, "#REF!"),
    ],
)
def test_values_are_shown_as_people_see_them(value: object, number_format: str | None, text: str) -> None:
    assert shown(value, number_format) == text


def test_pptx_with_a_shape_that_has_no_outline(tmp_path: Path) -> None:
    show = pptx.Presentation()
    slide = show.slides.add_slide(show.slide_layouts[6])
    box = slide.shapes.add_textbox(Cm(1), Cm(1), Cm(5), Cm(2))
    box.text_frame.text = "輪郭のない図形の文"
    del box._element.nvSpPr.cNvSpPr.attrib["txBox"]
    box._element.spPr.remove(box._element.spPr.prstGeom)
    path = tmp_path / "a.pptx"
    show.save(str(path))
    assert read(path).text == "輪郭のない図形の文\n"


def test_pptx_slides_tables_and_notes(tmp_path: Path) -> None:
    show = pptx.Presentation()
    slide = show.slides.add_slide(show.slide_layouts[5])
    slide.shapes.title.text = "安全教育"
    lower = slide.shapes.add_textbox(Cm(1), Cm(10), Cm(5), Cm(1))
    lower.text_frame.text = "下の文"
    upper = slide.shapes.add_textbox(Cm(1), Cm(5), Cm(5), Cm(1))
    upper.text_frame.text = "上の文"
    table = slide.shapes.add_table(2, 2, Cm(1), Cm(12), Cm(8), Cm(2)).table
    for row, values in enumerate([("項目", "頻度"), ("点検", "毎月")]):
        for column, value in enumerate(values):
            table.cell(row, column).text = value
    slide.notes_slide.notes_text_frame.text = "話すこと"
    second = show.slides.add_slide(show.slide_layouts[6])
    second.shapes.add_textbox(0, 0, Cm(5), Cm(1)).text_frame.text = "題のない頁"
    second.element.set("show", "0")
    path = tmp_path / "a.pptx"
    show.save(str(path))
    document = read(path)
    pages = [document.text[p.start : p.end] for p in document.pages]
    assert pages == [
        "安全教育\n上の文\n下の文\n\n項目 | 頻度\n点検 | 毎月\n\n話すこと\n",
        "題のない頁\n",
    ]
    assert [p.locator for p in document.pages] == ["slide 1", "slide 2"]
    assert [h.title for h in document.headings] == ["安全教育"]
    assert ("slide 1 row 2", "毎月") in cells_of(document)
    assert document.warnings == ("hidden slides were read too: 2",)
    assert document.title == "安全教育"


@pytest.mark.parametrize("suffix", [".docx", ".xlsx", ".pptx"])
@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "damaged|old format"),
        (b"PK\x03\x04 cut off", "not a ZIP"),
        (b"plain text", "not a ZIP"),
    ],
)
def test_office_files_that_cannot_be_opened(tmp_path: Path, suffix: str, content: bytes, reason: str) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes(content)
    with pytest.raises(ReadError, match=reason):
        read(path)


@pytest.mark.parametrize("suffix", [".docx", ".xlsx", ".pptx"])
def test_a_zip_that_is_no_office_file(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    with zipfile.ZipFile(path, "w") as package:
        package.writestr("readme.txt", "hello")
    with pytest.raises(ReadError, match="damaged"):
        read(path)
