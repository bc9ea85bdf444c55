"""Excel workbooks: a page for each sheet, its tables row by row, cells named "Sheet!B3", values as shown.

Formulas give the value that was saved with them; a workbook written by a program may hold none, which is told
in a warning. Text boxes and notes stand behind the cells of their sheet.
"""

from __future__ import annotations

import datetime
import re
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import openpyxl
from openpyxl.utils.cell import range_boundaries

from ingestion.documents import Document
from ingestion.readers.building import DocumentBuilder
from ingestion.readers.csv import column_name
from ingestion.readers.embedded import EmbeddedFiles, embedded_files
from ingestion.readers.number_formats import shown_number
from ingestion.readers.office import core_properties, opened
from ingestion.readers.sheets import Row, add_sheet
from ingestion.readers.xlsx_extras import add_extras, unsaved_formulas
from ingestion.reading import DEFAULT_OPTIONS, ReadOptions
from ingestion.table_grid import GridCell

_SHOWN_PLACES = 5
_MERGED = re.compile(rb"<(?:\w+:)?mergeCell\s[^>]*?ref=[\"']([A-Za-z0-9:$]{1,40})[\"']")
_MOST_MERGED = 200_000
_PIECE = 1 << 20
_LONGEST_TAG = 200


def read_xlsx(path: Path, options: ReadOptions = DEFAULT_OPTIONS) -> Document:
    """A workbook; hidden sheets are read too, and named in a warning.

    Raises:
        ReadError: encrypted, damaged, or without any value.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # openpyxl warns of every extension that it does not keep
        with opened(path, _load, "Excel", options) as book:
            try:
                return _read(book, embedded_files(path, options))
            finally:
                book.close()


def first_sheet(path: Path) -> list[tuple[int, list[str]]]:
    """Rows of the first visible sheet by their numbers in Excel, values as shown and otherwise as typed.

    For tables of data: nothing is normalised, joined or laid out for readers, empty cells are "".

    Raises:
        ReadError: encrypted or damaged.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with opened(path, _load, "Excel", DEFAULT_OPTIONS) as book:
            try:
                visible = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
                sheet = (visible or book.worksheets)[0]
                sheet.reset_dimensions()
                return [
                    (
                        number,
                        ["" if one.value is None else shown(one.value, one.number_format) for one in row],
                    )
                    for number, row in enumerate(sheet.iter_rows(), start=1)
                ]
            finally:
                book.close()


def _load(file: BinaryIO) -> Any:
    return openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)


def _read(book: Any, embedded: EmbeddedFiles) -> Document:
    builder = DocumentBuilder("xlsx", paged=True, title=book.properties.title or None)
    builder.properties.update(core_properties(book.properties))
    creator = book.properties.creator
    if creator and creator != "openpyxl":
        builder.properties["author"] = str(creator)
    hidden: list[str] = []
    unsaved: list[str] = []
    styles = _Styles()
    for sheet in book.worksheets:
        builder.open_page(sheet.title)
        builder.heading(1, sheet.title)
        _add_rows(builder, sheet, styles)
        add_extras(builder, book._archive, sheet._worksheet_path, sheet.title)
        embedded.add_to(builder, sheet._worksheet_path)
        builder.close_page()
        with sheet._get_source() as source:
            unsaved += [f"{sheet.title}!{place}" for place in unsaved_formulas(source)]
        if sheet.sheet_state != "visible":
            hidden.append(sheet.title)
    if hidden:
        builder.warnings.append(f"hidden sheets were read too: {', '.join(hidden)}")
    if unsaved:
        builder.warnings.append(_without_values(unsaved))
    embedded.warn(builder)
    return replace(builder.build(), members=embedded.names)


def _without_values(places: list[str]) -> str:
    shown = ", ".join(places[:_SHOWN_PLACES]) + (", …" if len(places) > _SHOWN_PLACES else "")
    return (
        f"{len(places)} formulas have no saved value and are missing: {shown}. "
        "Open the workbook in Excel or LibreOffice and save it."
    )


def _add_rows(builder: DocumentBuilder, sheet: Any, styles: _Styles) -> None:
    sheet.reset_dimensions()  # the stated size is often wrong: A1 alone, or a million empty rows
    add_sheet(builder, _rows(sheet, _merged(sheet), styles))


def _rows(sheet: Any, merged: dict[tuple[int, int], tuple[int, int]], styles: _Styles) -> Iterator[Row]:
    """The rows with a value in them, by their filled cells."""
    for number, cells in enumerate(sheet.iter_rows()):
        row: Row = []
        for index, cell in enumerate(cells):
            if cell.value is not None:
                high, wide = merged.get((number, index), (1, 1))
                text = shown(cell.value, cell.number_format)
                locator = f"{sheet.title}!{column_name(index)}{number + 1}"
                row.append(GridCell(number, index, text, high, wide, False, styles.strong(cell), locator))
        if row:
            yield row


class _Styles:
    """Which cells stand out. A workbook has few styles and many cells, so each style is looked at once."""

    def __init__(self) -> None:
        self._known: dict[int, bool] = {}

    def strong(self, cell: Any) -> bool:
        """Whether a cell is bold or shaded."""
        style = cell._style_id
        if style not in self._known:
            fill = cell.fill
            shaded = fill is not None and fill.fill_type == "solid" and not _is_white(fill.start_color)
            self._known[style] = bool(cell.font is not None and cell.font.b) or shaded
        return self._known[style]


def _is_white(color: Any) -> bool:
    return color.type == "rgb" and str(color.rgb).upper().endswith("FFFFFF")


def _merged(sheet: Any) -> dict[tuple[int, int], tuple[int, int]]:
    """Rows and columns that each merged cell covers, by its upper left place (0-based).

    openpyxl leaves them out where it reads cell by cell, and takes fifty times the memory otherwise.
    """
    found: dict[tuple[int, int], tuple[int, int]] = {}
    rest = b""
    with sheet._get_source() as source:
        while piece := source.read(_PIECE):
            text = rest + piece
            last = 0
            for match in _MERGED.finditer(text):
                left, top, right, bottom = range_boundaries(match.group(1).decode())
                if None not in (left, top, right, bottom) and len(found) < _MOST_MERGED:
                    found[top - 1, left - 1] = (bottom - top + 1, right - left + 1)
                last = match.end()
            rest = text[max(last, len(text) - _LONGEST_TAG) :]
    return found


def shown(value: object, number_format: str | None = None) -> str:
    """A cell's value as plain text: dates in ISO form, numbers as their format shows them."""
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
        return shown_number(value, number_format or "General")
    return str(value)
