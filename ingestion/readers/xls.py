"""Excel workbooks of the binary format (up to 2003): a page for each sheet, values as they are shown."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import xlrd

from ingestion.documents import Document
from ingestion.errors import ReadError
from ingestion.readers.building import DocumentBuilder, clean_line
from ingestion.readers.csv import column_name
from ingestion.readers.libreoffice import converted
from ingestion.readers.ole import MAGIC, opened_streams
from ingestion.readers.sheets import Row, add_sheet
from ingestion.readers.unlocking import unlocked_or_plain
from ingestion.readers.xlsx import read_xlsx, shown
from ingestion.reading import DEFAULT_OPTIONS, ReadOptions
from ingestion.table_grid import GridCell


def read_xls(path: Path, options: ReadOptions = DEFAULT_OPTIONS) -> Document:
    """A workbook of the old format; hidden sheets are read too, and named in a warning.

    Raises:
        ReadError: locked, damaged, or without any value.
    """
    content = unlocked_or_plain(path, options)
    try:
        book, formatted = _opened(content)
    except ReadError as error:
        with converted(content, ".xls", "xlsx", error) as newer:
            return read_xlsx(newer)
    builder = DocumentBuilder("xls", paged=True)
    if content.startswith(MAGIC):
        with opened_streams(content) as streams:
            builder.properties.update(streams.properties())
    builder.title = builder.properties.pop("title", None)
    hidden: list[str] = []
    for sheet in book.sheets():
        builder.open_page(sheet.name)
        builder.heading(1, sheet.name)
        add_sheet(builder, _rows(book, sheet, formatted=formatted))
        _add_notes(builder, sheet)
        builder.close_page()
        if sheet.visibility:
            hidden.append(sheet.name)
    if hidden:
        builder.warnings.append(f"hidden sheets were read too: {', '.join(hidden)}")
    return builder.build()


def _opened(content: bytes) -> tuple[Any, bool]:
    """The workbook, and whether it knows how its numbers are shown.

    Raises:
        ReadError: it cannot be read.
    """
    problem: Exception
    for formatted in (True, False):  # broken styles need not cost the values
        try:
            return xlrd.open_workbook(
                file_contents=content, formatting_info=formatted, logfile=io.StringIO()
            ), formatted
        except Exception as error:  # xlrd raises many kinds on damage; one reason for people
            problem = error
    detail = " ".join(str(problem).split())[:200]
    raise ReadError(f"the Excel file is damaged: {type(problem).__name__}: {detail}.") from problem


def _rows(book: Any, sheet: Any, *, formatted: bool) -> Iterator[Row]:
    """The filled cells row by row; a merged cell stands once, with its span."""
    spans = {(top, left): (bottom - top, right - left) for top, bottom, left, right in sheet.merged_cells}
    covered = {
        (row, column)
        for (top, left), (height, width) in spans.items()
        for row in range(top, top + height)
        for column in range(left, left + width)
    } - spans.keys()
    for number in range(sheet.nrows):
        row: Row = []
        for column, cell in enumerate(sheet.row(number)):
            text = _shown(book, cell, formatted=formatted)
            if text and (number, column) not in covered:
                height, width = spans.get((number, column), (1, 1))
                place = f"{sheet.name}!{column_name(column)}{number + 1}"
                row.append(GridCell(number, column, text, height, width, locator=place))
        yield row


def _shown(book: Any, cell: Any, *, formatted: bool) -> str:
    if cell.ctype in (xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK):
        return ""
    if cell.ctype == xlrd.XL_CELL_ERROR:
        return str(xlrd.error_text_from_code.get(cell.value, "#ERR"))
    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return shown(bool(cell.value))
    if cell.ctype == xlrd.XL_CELL_DATE:
        try:
            moment = xlrd.xldate.xldate_as_datetime(cell.value, book.datemode)
        except (xlrd.xldate.XLDateError, OverflowError, ValueError):
            return shown(cell.value)
        return shown(moment.time() if cell.value < 1 else moment)
    if cell.ctype == xlrd.XL_CELL_NUMBER:
        return shown(cell.value, _number_format(book, cell) if formatted else None)
    return str(cell.value).strip()


def _number_format(book: Any, cell: Any) -> str | None:
    try:
        return str(book.format_map[book.xf_list[cell.xf_index].format_key].format_str)
    except (IndexError, KeyError, TypeError):
        return None


def _add_notes(builder: DocumentBuilder, sheet: Any) -> None:
    """Notes on cells, each with its cell, behind the sheet's cells."""
    for (row, column), note in sorted(sheet.cell_note_map.items()):
        if text := clean_line(note.text):
            place = f"{sheet.name}!{column_name(column)}{row + 1}"
            builder.row([(place, f"Comment ({column_name(column)}{row + 1}): {text}")])
