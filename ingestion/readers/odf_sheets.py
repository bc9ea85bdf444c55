"""Tables of OpenDocument row by row: empty repetitions skipped, merged cells with their span."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ingestion.readers.csv import column_name
from ingestion.readers.odf_text import text_of
from ingestion.readers.safe_xml import local_name
from ingestion.readers.sheets import Row
from ingestion.table_grid import GridCell

_MOST_REPEATS = 1000
"""Filled cells or rows that say "the same so many times" are believed up to here; empty ones cost nothing."""


def sheet_rows(table: Any, name: str, hidden: frozenset[str]) -> Iterator[Row]:
    """The filled cells of a table, from the top. With `name` their places are "name!B3"."""
    number = 0
    for element, header in _rows(table):
        repeats = _count(element, "number-rows-repeated")
        row = list(_cells(element, number, name, hidden, header=header))
        yield row
        for copy in range(1, min(repeats, _MOST_REPEATS) if row else 1):
            yield list(_cells(element, number + copy, name, hidden, header=header))
        number += repeats


def cell_notes(table: Any) -> Iterator[tuple[str, Any]]:
    """(place as "B3", cell) of each cell with a note."""
    number = 0
    for row, _ in _rows(table):
        column = 0
        for cell in row:
            if any(local_name(child) == "annotation" for child in cell):
                yield f"{column_name(column)}{number + 1}", cell
            column += _count(cell, "number-columns-repeated")
        number += _count(row, "number-rows-repeated")


def _rows(parent: Any, *, header: bool = False) -> Iterator[tuple[Any, bool]]:
    for child in parent:
        name = local_name(child)
        if name == "table-row":
            yield child, header
        elif name in ("table-rows", "table-row-group", "table-header-rows"):
            yield from _rows(child, header=header or name == "table-header-rows")


def _cells(row: Any, number: int, name: str, hidden: frozenset[str], *, header: bool) -> Iterator[GridCell]:
    column = 0
    for cell in row:
        kind = local_name(cell)
        if kind not in ("table-cell", "covered-table-cell"):
            continue
        repeats = _count(cell, "number-columns-repeated")
        if text := _cell_text(cell, hidden) if kind == "table-cell" else "":
            for copy in range(min(repeats, _MOST_REPEATS)):
                at = column + copy
                place = f"{name}!{column_name(at)}{number + 1}" if name else None
                tall, wide = _count(cell, "number-rows-spanned"), _count(cell, "number-columns-spanned")
                yield GridCell(number, at, text, tall, wide, header, locator=place)
        column += repeats


def _cell_text(cell: Any, hidden: frozenset[str]) -> str:
    """The paragraphs of a cell, those of lists in it too; of a date, and where there are none, its value."""
    values: dict[str, str] = {key.rpartition("}")[2]: value for key, value in cell.attrib.items()}
    if moment := values.get("date-value"):
        return moment.removesuffix("T00:00:00").replace("T", " ")
    texts = [text_of(element, hidden) for element in _paragraphs(cell)]
    if text := " ".join(text.strip() for text in texts if text.strip()):
        return text
    names = ("string-value", "time-value", "boolean-value", "value")
    return next((values[name] for name in names if name in values), "")


def _paragraphs(parent: Any) -> Iterator[Any]:
    for child in parent:
        name = local_name(child)
        if name in ("p", "h"):
            yield child
        elif name not in ("annotation", "note"):
            yield from _paragraphs(child)


def _count(element: Any, name: str) -> int:
    value = next((v for k, v in element.attrib.items() if k.endswith(f"}}{name}")), "1")
    return max(int(value), 1) if value.isascii() and value.isdigit() and len(value) < 8 else 1
