"""Old and open formats as LibreOffice writes them, against the content that it was given.

The files are made by tests/sample_sources/converted.py.
"""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from ingestion.documents import Document
from ingestion.readers import read

DATA = Path(__file__).parent / "data"
WORD = (
    "第1章 総則\nこの規程は、出張に適用する。加えた文。\n見える文。\n\n日当\n\n"
    "役職 | 日当 | 宿泊費\n部長 | 3,000円 | 12,000円\n社員 |  | 9,800円\n\n"
    "表のあとの段落。Café No1 髙﨑(株)\n"
)


def pages_of(document: Document) -> list[str]:
    return [document.text[page.start : page.end] for page in document.pages]


@pytest.mark.parametrize(
    ("format", "comment", "header"),
    [
        ("doc", "Comment: 金額を確かめること\n", "社外秘 第3版"),
        ("odt", "Comment (佐藤): 金額を確かめること\n", None),
        ("rtf", "Comment: 金額を確かめること\n", "社外秘 第3版"),
    ],
)
def test_text_with_headings_table_comment_and_changes(format: str, comment: str, header: str | None) -> None:
    document = read(DATA / f"規程.{format}")
    assert document.text == WORD + comment
    assert [(heading.level, heading.title) for heading in document.headings] == [
        (1, "第1章 総則"),
        (2, "日当"),
    ]
    assert (document.format, document.title, document.properties["author"]) == (format, "旅費規程", "総務部")
    assert document.properties.get("header and footer") == header
    (table,) = document.tables
    cells = {(cell.row, cell.column): document.text[cell.start : cell.end] for cell in table.cells}
    assert cells[1, 1] == "3,000円"
    assert cells[2, 2] == "9,800円"
    assert (2, 1) not in cells
    assert all(cell.header for cell in table.cells if cell.row == 0)


@pytest.mark.parametrize("format", ["xls", "ods"])
def test_sheets_with_formats_notes_and_hidden_ones(format: str) -> None:
    document = read(DATA / f"単価.{format}")
    assert [page.strip() for page in pages_of(document)] == [
        "単価表\n品名 | 単価 | 割引 | 改定日\nボルト | 1,200 | 12.5% | 2024-04-01\nナット | 85 | 5.0%\n\n"
        "結合した欄\n3\nComment (B3): 税抜きの単価",
        "控え\n隠れた値",
    ]
    assert [page.locator for page in document.pages] == ["単価表", "控え"]
    cells = {cell.locator: document.text[cell.start : cell.end] for cell in document.cells}
    assert cells["単価表!C2"] == "12.5%"
    assert cells["単価表!D6"] == "3"
    assert cells["控え!C3"] == "隠れた値"
    assert document.warnings == ("hidden sheets were read too: 控え",)


@pytest.mark.parametrize("format", ["ppt", "odp"])
def test_slides_in_reading_order_with_notes_and_hidden_ones(format: str, tmp_path: Path) -> None:
    path = DATA / f"教育.{format}"
    if format == "ppt":
        path = tmp_path / "教育.ppt"
        path.write_bytes(gzip.decompress((DATA / "教育.ppt.gz").read_bytes()))
    document = read(path)
    assert [page.strip() for page in pages_of(document)] == [
        "安全教育\n上の文\n下の文\n\n話すこと",
        "点検の手順\n電源を切る\n表示を掛ける",
    ]
    assert [heading.title for heading in document.headings] == ["安全教育", "点検の手順"]
    assert (document.format, document.title, document.paged) == (format, "安全教育", True)
    assert document.warnings == ("hidden slides were read too: 2",)


@pytest.mark.parametrize("name", ["規程.doc", "規程.odt", "規程.rtf", "単価.xls", "単価.ods", "教育.odp"])
def test_a_wrong_ending_is_seen_through(name: str, tmp_path: Path) -> None:
    wrong = {
        ".doc": ".docx",
        ".odt": ".docx",
        ".rtf": ".doc",
        ".xls": ".xlsx",
        ".ods": ".xls",
        ".odp": ".pptx",
    }
    renamed = tmp_path / f"a{wrong[Path(name).suffix]}"
    renamed.write_bytes((DATA / name).read_bytes())
    assert read(renamed).text == read(DATA / name).text
