"""Tables of Word files as grids: cells over several columns and rows, rows that repeat on each page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from docx.oxml.ns import qn

from ingestion.table_grid import GridCell

_ROW, _CELL, _ROW_PROPERTIES, _PROPERTIES = (qn(name) for name in ("w:tr", "w:tc", "w:trPr", "w:tcPr"))
_VALUE = qn("w:val")
_WRAPPERS = frozenset(qn(name) for name in ("w:sdt", "w:sdtContent", "w:ins", "w:smartTag", "w:customXml"))
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
    return _is_on(row.find(f"{_ROW_PROPERTIES}/{qn('w:tblHeader')}"))


def _is_on(element: Any) -> bool:
    return element is not None and element.get(_VALUE, "1") not in _OFF


def _skipped(row: Any) -> int:
    """How many columns a row leaves free at its left."""
    return _number(row.find(f"{_ROW_PROPERTIES}/{qn('w:gridBefore')}"), 0)


def _span(cell: Any) -> int:
    return max(1, _number(cell.find(f"{_PROPERTIES}/{qn('w:gridSpan')}"), 1))


def _number(element: Any, otherwise: int) -> int:
    try:
        return min(int(element.get(_VALUE)), _MOST_COLUMNS) if element is not None else otherwise
    except (TypeError, ValueError):
        return otherwise


def _vertical(cell: Any) -> str:
    """How a cell is merged with those above or below: "restart", "continue", "" for not at all."""
    element = cell.find(f"{_PROPERTIES}/{qn('w:vMerge')}")
    if element is None:
        return ""
    return "restart" if element.get(_VALUE) == "restart" else "continue"


def _is_strong(cell: Any) -> bool:
    """Whether the cell is shaded, or all of its text is bold."""
    shade = cell.find(f"{_PROPERTIES}/{qn('w:shd')}")
    if shade is not None and str(shade.get(qn("w:fill"), "auto")).lower() not in ("auto", "ffffff"):
        return True
    runs = [
        run for run in cell.iter(qn("w:r")) if any((text.text or "").strip() for text in run.iter(qn("w:t")))
    ]
    return bool(runs) and all(_is_on(run.find(f"{qn('w:rPr')}/{qn('w:b')}")) for run in runs)
