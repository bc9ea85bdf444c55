"""Makes the files in tests/ingestion/readers/data: known content, written by LibreOffice in its own way.

Run by hand, with LibreOffice installed: python tests/sample_sources/converted.py
"""

from __future__ import annotations

import datetime
import gzip
import subprocess
import tempfile
from pathlib import Path

import docx
import openpyxl
import pptx
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from openpyxl.comments import Comment
from pptx.util import Cm

TARGET = Path(__file__).parents[1] / "ingestion" / "readers" / "data"


def main() -> None:
    TARGET.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for path, formats in (
            (word(Path(folder, "規程.docx")), ("doc", "odt", "rtf")),
            (excel(Path(folder, "単価.xlsx")), ("xls", "ods")),
            (powerpoint(Path(folder, "教育.pptx")), ("ppt", "odp")),
        ):
            for format in formats:
                command = [
                    "soffice",
                    f"-env:UserInstallation={Path(folder, 'profile').as_uri()}",
                    "--headless",
                ]
                command += ["--convert-to", format, "--outdir", str(TARGET), str(path)]
                subprocess.run(command, check=True, capture_output=True)
    large = TARGET / "教育.ppt"  # mostly zeros
    (TARGET / "教育.ppt.gz").write_bytes(gzip.compress(large.read_bytes(), mtime=0))
    large.unlink()


def word(path: Path) -> Path:
    document = docx.Document()
    document.core_properties.title = "旅費規程"
    document.core_properties.author = "総務部"
    document.add_heading("第1章 総則", 1)
    paragraph = document.add_paragraph("この規程は、出張に適用する。")
    for tag, kind, text in (("w:del", "w:delText", "削除した文。"), ("w:ins", "w:t", "加えた文。")):
        change, run, inner = OxmlElement(tag), OxmlElement("w:r"), OxmlElement(kind)
        change.set(qn("w:author"), "山田")
        change.set(qn("w:date"), "2025-04-01T09:00:00Z")
        inner.text = text
        run.append(inner)
        change.append(run)
        paragraph._p.append(change)
    hidden = document.add_paragraph("見える文。").add_run("隠した文。")
    hidden.font.hidden = True
    document.add_heading("日当", 2)
    table = document.add_table(3, 3)
    for row, values in zip(
        table.rows,
        [("役職", "日当", "宿泊費"), ("部長", "3,000円", "12,000円"), ("社員", "", "9,800円")],
        strict=True,
    ):
        for cell, value in zip(row.cells, values, strict=True):
            cell.text = value
    remarked = document.add_paragraph("表のあとの段落。Café №1 髙﨑㈱")
    document.add_comment(remarked.runs, text="金額を確かめること", author="佐藤")
    section = document.sections[0]
    section.header.paragraphs[0].text = "社外秘 第3版"
    document.save(str(path))
    return path


def excel(path: Path) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "単価表"
    sheet.append(["品名", "単価", "割引", "改定日"])
    sheet.append(["ﾎﾞﾙﾄ", 1200, 0.125, None])
    sheet.append(["ナット", 85, 0.05, None])
    sheet["B2"].number_format = "#,##0"
    sheet["C2"].number_format = sheet["C3"].number_format = "0.0%"
    sheet["D2"] = datetime.datetime(2024, 4, 1)
    sheet["B3"].comment = Comment("税抜きの単価", "経理課")
    sheet.merge_cells("A5:B5")
    sheet["A5"] = "結合した欄"
    sheet["D6"] = "=1+2"
    hidden = book.create_sheet("控え")
    hidden["C3"] = "隠れた値"
    hidden.sheet_state = "hidden"
    book.save(path)
    return path


def powerpoint(path: Path) -> Path:
    show = pptx.Presentation()
    first = show.slides.add_slide(show.slide_layouts[5])
    first.shapes.title.text = "安全教育"
    for top, text in ((10, "下の文"), (5, "上の文")):
        first.shapes.add_textbox(Cm(2), Cm(top), Cm(8), Cm(1)).text_frame.text = text
    first.notes_slide.notes_text_frame.text = "話すこと"
    second = show.slides.add_slide(show.slide_layouts[1])
    second.shapes.title.text = "点検の手順"
    second.placeholders[1].text_frame.text = "電源を切る\n表示を掛ける"
    second.element.set("show", "0")
    for layout in list(show.slide_layouts):
        if not layout.used_by_slides:
            show.slide_layouts.remove(layout)
    show.save(str(path))
    return path


if __name__ == "__main__":
    main()
