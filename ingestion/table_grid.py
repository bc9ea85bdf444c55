"""The grid of a table while a file is being read: cells with their places, before they become text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

_WIDEST = 16_384  # columns of a sheet in Excel
_TALLEST = 2_000_000


@dataclass(frozen=True, slots=True)
class GridCell:
    """A filled cell. `row` and `column` (0-based) are its upper left place, spans how far it reaches.

    `header` says that the file calls it a header, or, with `guessed`, that it is judged to be one; `strong`
    that it is bold or shaded.
    """

    row: int
    column: int
    text: str
    row_span: int = 1
    column_span: int = 1
    header: bool = False
    strong: bool = False
    locator: str | None = None
    guessed: bool = False


def settled(cells: Iterable[GridCell]) -> list[GridCell]:
    """The cells in reading order, in a grid without empty rows and columns, no two on one place.

    A column or row exists where a cell begins. Spans are cut to the grid and where another cell stands; so
    a sheet of many tiny merged columns becomes the table that people see in it.
    """
    kept = [cell for cell in cells if cell.text and cell.column < _WIDEST and cell.row < _TALLEST]
    kept.sort(key=lambda cell: (cell.row, cell.column))
    rows = {number: index for index, number in enumerate(sorted({cell.row for cell in kept}))}
    columns = {number: index for index, number in enumerate(sorted({cell.column for cell in kept}))}
    if len(rows) == len(kept) == 0:
        return []
    row_ends, column_ends = _Ends(rows), _Ends(columns)
    moved = [_moved(cell, rows, columns, row_ends, column_ends) for cell in kept]
    return _apart(moved)


def _moved(
    cell: GridCell, rows: dict[int, int], columns: dict[int, int], row_ends: _Ends, column_ends: _Ends
) -> GridCell:
    row, column = rows[cell.row], columns[cell.column]
    if (row, column, cell.row_span, cell.column_span) == (cell.row, cell.column, 1, 1):
        return cell  # most cells of most tables
    return replace(
        cell, row=row, column=column, row_span=row_ends.covered(cell.row, cell.row_span),
        column_span=column_ends.covered(cell.column, cell.column_span),
    )  # fmt: skip


class _Ends:
    """How many of the kept rows (or columns) a span reaches."""

    def __init__(self, places: dict[int, int]) -> None:
        self._places = places
        self._last = max(places)

    def covered(self, start: int, span: int) -> int:
        if span <= 1:
            return 1
        end = min(start + span - 1, self._last)
        return sum(1 for place in range(start, end + 1) if place in self._places)


def _apart(cells: Sequence[GridCell]) -> list[GridCell]:
    """Spans cut where they would reach over a cell that stands there; of two on one place the first stays."""
    taken: set[tuple[int, int]] = set()
    anchors = {(cell.row, cell.column) for cell in cells}
    result: list[GridCell] = []
    for cell in cells:
        at = (cell.row, cell.column)
        if at in taken:
            continue
        if cell.row_span == cell.column_span == 1:
            taken.add(at)
            result.append(cell)
            continue
        wide = 1
        while wide < cell.column_span and _free(cell.row, cell.column + wide, anchors, taken):
            wide += 1
        high = 1
        while high < cell.row_span and all(
            _free(cell.row + high, cell.column + offset, anchors, taken) for offset in range(wide)
        ):
            high += 1
        taken.update((cell.row + down, cell.column + right) for down in range(high) for right in range(wide))
        result.append(replace(cell, row_span=high, column_span=wide))
    return result


def _free(row: int, column: int, anchors: set[tuple[int, int]], taken: set[tuple[int, int]]) -> bool:
    return (row, column) not in anchors and (row, column) not in taken


def by_row(cells: Iterable[GridCell]) -> dict[int, list[GridCell]]:
    """The cells by the row they begin in, in reading order."""
    rows: dict[int, list[GridCell]] = {}
    for cell in cells:
        rows.setdefault(cell.row, []).append(cell)
    return rows
