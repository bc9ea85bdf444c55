"""Tables of Word files as grids: cells over several columns and rows, rows that repeat on each page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from ingestion.table_grid import GridCell

_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"

_ROW, _CELL, _ROW_PROPERTIES, _PROPERTIES = (_WORD + name for name in ("tr", "tc", "trPr", "tcPr"))
_VALUE = _WORD + "val"
_WRAPPERS = frozenset(_WORD + name for name in ("sdt", "sdtContent", "ins", "smartTag", "customXml"))
_OFF = ("0", "false", "off")
_MOST_COLUMNS = 200


def grid_of(table: Any, name: str, text_of: Callable[[Any], str]) -> list[GridCell]:
    """The filled cells of a table (w:tbl). A row that Word repeats on each page names the columns."""
    cells: list[GridCell] = []
    open_cells: dict[int, int] = {}
    for number, row in enumerate(_children(table, _ROW)):
        head = _is_header(row)
        column = _skipped(row)
        for element in _children(row, _CELL):
            wide = _span(element)
            merge = _vertical(element)
            above = open_cells.get(column)
            if merge == "continue" and above is not None:
                # Word does not show text in a cell that is merged away; it is kept all the same.
                hidden = text_of(element).strip()
                first = cells[above]
                text = f"{first.text} {hidden}" if hidden and hidden != first.text else first.text
                cells[above] = replace(first, row_span=number - first.row + 1, text=text)
            else:
                open_cells.pop(column, None)
                if merge:
                    open_cells[column] = len(cells)
                cells.append(
                    GridCell(
                        number, column, text_of(element), 1, wide, head, _is_strong(element),
                        f"{name} row {number + 1}",
                    )
                )  # fmt: skip
            column += wide
    return cells


def _children(parent: Any, tag: str) -> Iterator[Any]:
    for child in parent:
        if child.tag == tag:
            yield child
        elif child.tag in _WRAPPERS:
            yield from _children(child, tag)


def _is_header(row: Any) -> bool:
    return _is_on(row.find(f"{_ROW_PROPERTIES}/{_WORD + 'tblHeader'}"))


def _is_on(element: Any) -> bool:
    return element is not None and element.get(_VALUE, "1") not in _OFF


def _skipped(row: Any) -> int:
    """How many columns a row leaves free at its left."""
    return _number(row.find(f"{_ROW_PROPERTIES}/{_WORD + 'gridBefore'}"), 0)


def _span(cell: Any) -> int:
    return max(1, _number(cell.find(f"{_PROPERTIES}/{_WORD + 'gridSpan'}"), 1))


def _number(element: Any, otherwise: int) -> int:
    try:
        return min(int(element.get(_VALUE)), _MOST_COLUMNS) if element is not None else otherwise
    except (TypeError, ValueError):
        return otherwise


def _vertical(cell: Any) -> str:
    """How a cell is merged with those above or below: "restart", "continue", "" for not at all."""
    element = cell.find(f"{_PROPERTIES}/{_WORD + 'vMerge'}")
    if element is None:
        return ""
    return "restart" if element.get(_VALUE) == "restart" else "continue"


def _is_strong(cell: Any) -> bool:
    """Whether the cell is shaded, or all of its text is bold."""
    shade = cell.find(f"{_PROPERTIES}/{_WORD + 'shd'}")
    if shade is not None and str(shade.get(_WORD + "fill", "auto")).lower() not in ("auto", "ffffff"):
        return True
    runs = [
        run
        for run in cell.iter(_WORD + "r")
        if any((text.text or "").strip() for text in run.iter(_WORD + "t"))
    ]
    return bool(runs) and all(_is_on(run.find(f"{_WORD + 'rPr'}/{_WORD + 'b'}")) for run in runs)


def _says_something(run: Any) -> bool:
    return any((text.text or "").strip() for text in run.iter(_WORD + "t"))
