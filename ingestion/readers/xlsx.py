"""Excel workbooks: a page for each sheet, a line for each row, cells named "Sheet!B3", values as shown.

Formulas give the value that was saved with them; a workbook written by a program may hold none.
"""

from __future__ import annotations

import datetime
import re
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import openpyxl

from ingestion.documents import Document
from ingestion.readers.building import DocumentBuilder
from ingestion.readers.csv import column_name, has_header
from ingestion.readers.office import core_properties, opened
from ingestion.reading import DEFAULT_OPTIONS, ReadOptions

_MOST_COLUMNS = 1000
_HEADER_SEARCH = 5
Row = list[tuple[str, str]]


def read_xlsx(path: Path, options: ReadOptions = DEFAULT_OPTIONS) -> Document:
    """A workbook; hidden sheets are read too, and named in a warning.

    Raises:
        ReadError: encrypted, damaged, or without any value.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # openpyxl warns of every extension that it does not keep
        with opened(path, _load, "Excel", options) as book:
            try:
                return _read(book)
            finally:
                book.close()


def _load(file: BinaryIO) -> Any:
    return openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)


def _read(book: Any) -> Document:
    builder = DocumentBuilder("xlsx", paged=True, title=book.properties.title or None)
    builder.properties.update(core_properties(book.properties))
    creator = book.properties.creator
    if creator and creator != "openpyxl":
        builder.properties["author"] = str(creator)
    hidden: list[str] = []
    for sheet in book.worksheets:
        builder.open_page(sheet.title)
        builder.heading(1, sheet.title)
        _add_rows(builder, sheet)
        builder.close_page()
        if sheet.sheet_state != "visible":
            hidden.append(sheet.title)
    if hidden:
        builder.warnings.append(f"hidden sheets were read too: {', '.join(hidden)}")
    return builder.build()


def _add_rows(builder: DocumentBuilder, sheet: Any) -> None:
    sheet.reset_dimensions()  # the stated size is often wrong: A1 alone, or a million empty rows
    header_at: int | None = None
    waiting: list[Row] = []
    for row in _rows(sheet):
        if header_at is None and len(waiting) < _HEADER_SEARCH:
            waiting.append(row)
            continue
        if header_at is None:
            header_at = _flush(builder, waiting)
        builder.row(row)
    if header_at is None:
        _flush(builder, waiting)


def _flush(builder: DocumentBuilder, rows: Sequence[Row]) -> int:
    """Add the first rows, with the one that names the columns as a heading; return its place or -1."""
    widest = max((_filled(row) for row in rows), default=0)
    header = -1
    for index, row in enumerate(rows):
        values = [value for _, value in row if value]
        following = [[value for _, value in other if value] for other in rows[index + 1 :]]
        if len(values) > 1 and len(values) >= 0.7 * widest and has_header([values, *following]):
            header = index
            break
    for index, row in enumerate(rows):
        builder.row(row, header_level=2 if index == header else None)
    return header


def _filled(row: Row) -> int:
    return sum(1 for _, value in row if value)


def _rows(sheet: Any) -> Iterator[Row]:
    """The rows with a value in them, each from its first column to its last filled one."""
    for number, cells in enumerate(sheet.iter_rows(max_col=_MOST_COLUMNS), start=1):
        row: Row = []
        for index, cell in enumerate(cells):
            if cell.value is not None:
                row += [("", "")] * (index - len(row))
                row.append(
                    (f"{sheet.title}!{column_name(index)}{number}", shown(cell.value, cell.number_format))
                )
        if any(value for _, value in row):
            yield row


def shown(value: object, number_format: str | None = None) -> str:
    """A cell's value as plain text: dates in ISO form, numbers with the commas and "%" they show."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, datetime.datetime):
        if value.time() == datetime.time(0):
            return value.date().isoformat()
        return value.isoformat(sep=" ", timespec="minutes")
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, datetime.time):
        return value.isoformat(timespec="minutes")
    if isinstance(value, int | float):
        return _shown_number(value, number_format or "General")
    return str(value)


def _shown_number(value: int | float, number_format: str) -> str:
    pattern = re.sub(r'"[^"]*"|\\.|\[[^\]]*\]|_.|\*.', "", number_format.split(";")[0])
    decimals = re.search(r"\.(0+)", pattern)
    places = len(decimals.group(1)) if decimals else 0
    if "%" in pattern:
        return f"{value * 100:.{places}f}%"
    if "#,##0" in pattern and not pattern.rstrip().endswith(","):
        return f"{value:,.{places}f}"
    if re.fullmatch(r"0{2,}", pattern) and value == int(value):
        return f"{int(value):0{len(pattern)}d}"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value)) if not places else f"{value:.{places}f}"
    if isinstance(value, float):
        return f"{value:.{places}f}" if places else f"{value:.10g}"
    return str(value)
