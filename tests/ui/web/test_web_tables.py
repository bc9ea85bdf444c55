"""Tables as the page shows them, read back by pandas."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
from bs4 import BeautifulSoup

from ingestion.readers import read
from ui.documents_json import _table
from ui.web import tables
from ui.web.passages import kind_of

HTML = """<table><caption>会費 &lt;2024&gt;</caption>
<tr><th rowspan=2>区分</th><th rowspan=2>会員</th><th colspan=2>年会費</th></tr>
<tr><th>2023年度</th><th>2024年度</th></tr>
<tr><td rowspan=2>正会員</td><td>法人</td><td>100,000円</td><td>120,000円</td></tr>
<tr><td>個人</td><td></td><td>12,000円</td></tr>
<tr><td>賛助</td><td colspan=2>法人</td><td>60,000円</td></tr></table>"""


def as_json(path: Path) -> dict[str, Any]:
    document = read(path)
    return {
        "text": document.text, "format": document.format,
        "tables": [_table(table) for table in document.tables],
        "pages": [{"start": page.start, "end": page.end} for page in document.pages],
        "cells": [],
    }  # fmt: skip


def span(document: dict[str, Any], quote: str) -> tuple[int, int]:
    start = document["text"].index(quote)
    return start, start + len(quote)


@pytest.fixture
def document(tmp_path: Path) -> dict[str, Any]:
    (tmp_path / "a.html").write_text(HTML, "utf-8")
    return as_json(tmp_path / "a.html")


def test_a_merged_table_reads_back_as_it_was(document: dict[str, Any]) -> None:
    start, end = span(document, "法人 | 100,000円 | 120,000円")
    assert kind_of(document, start, end) == "table"
    table = tables.table_at(document, start, end)
    assert table is not None
    shown = tables.table_html(document, table, start, end)
    (ours,) = pd.read_html(io.StringIO(shown), header=None)
    (theirs,) = pd.read_html(io.StringIO(HTML), header=None)
    assert ours.to_numpy().astype(str).tolist() == theirs.to_numpy().astype(str).tolist()
    assert "<caption>会費 &lt;2024&gt;</caption>" in shown


def test_the_row_and_the_cell_are_marked(document: dict[str, Any]) -> None:
    start, end = span(document, "法人 | 100,000円 | 120,000円")
    first, last = span(document, "120,000円")
    table = tables.table_at(document, start, end)
    assert table is not None
    soup = BeautifulSoup(
        tables.table_html(document, table, start, end, {"start": first, "end": last}), "lxml"
    )
    assert [mark.get_text() for mark in soup.find_all("mark")] == ["120,000円"]
    (row,) = soup.find_all("tr", class_="marked")
    cells = [cell.get_text() for cell in row.find_all(["th", "td"])]
    assert cells == ["正会員", "法人", "100,000円", "120,000円"]
    soup = BeautifulSoup(tables.table_html(document, table, start, end), "lxml")
    assert [mark.get_text() for mark in soup.find_all("mark")] == ["法人", "100,000円", "120,000円"]


def test_a_passage_that_is_mostly_prose_is_shown_as_text(document: dict[str, Any]) -> None:
    document["text"] += "本文である。" * 100
    assert kind_of(document, 0, len(document["text"])) == "text"


def test_long_sheets_show_column_names_and_the_rows_around(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "単価"
    sheet.cell(3, 2, "品番")
    sheet.cell(3, 3, "単価(円)")
    for number in range(4, 400):
        sheet.cell(number, 2, f"P-{number}")
        sheet.cell(number, 3, number * 10)
    path = tmp_path / "a.xlsx"
    book.save(path)
    document = as_json(path)
    start, end = span(document, "P-250 | 2500")
    table = tables.table_at(document, start, end)
    assert table is not None
    soup = BeautifulSoup(tables.table_html(document, table, start, end), "lxml")
    rows = [[cell.get_text() for cell in row.find_all(["th", "td"])] for row in soup.find_all("tr")]
    assert rows[:4] == [["", "B", "C"], ["3", "品番", "単価(円)"], ["⋮"], ["244", "P-244", "2440"]]
    assert rows[-1] == ["256", "P-256", "2560"]
    assert [cell.get_text() for cell in soup.find("tr", class_="marked").find_all("th")] == ["250", "P-250"]


def test_a_wide_table_is_shown_around_the_cited_cell(tmp_path: Path) -> None:
    rows = [
        "名," + ",".join(f"列{n}" for n in range(100)),
        "甲," + ",".join(str(n) for n in range(1000, 1100)),
    ]
    (tmp_path / "a.csv").write_text("\n".join(rows), "utf-8")
    document = as_json(tmp_path / "a.csv")
    start, end = span(document, document["text"].splitlines()[1])
    first, last = span(document, "1080")
    table = tables.table_at(document, start, end)
    assert table is not None
    shown = tables.table_html(document, table, start, end, {"start": first, "end": last})
    soup = BeautifulSoup(shown, "lxml")
    assert {len(row.find_all(["th", "td"])) for row in soup.find_all("tr")} == {41}
    assert [mark.get_text() for mark in soup.find_all("mark")] == ["1080"]


def test_what_the_file_says_is_escaped(tmp_path: Path) -> None:
    script = "<script>alert(1)</script>"
    (tmp_path / "a.csv").write_text(f"名前,値\n{script},{script}\n", "utf-8")
    document = as_json(tmp_path / "a.csv")
    start, end = span(document, f"{script} | {script}")
    table = tables.table_at(document, start, end)
    assert table is not None
    table["caption"] = script
    assert "<script" not in tables.table_html(document, table, start, end)
