"""Rows of a PDF table that no line parts: columns of figures that stand in one tall cell each.

Many tables have lines between columns only, or only around their names. Where a cell holds three lines or
more that are all figures, and a neighbour has lines at the same heights, each of these lines is a row.
Names beside them that stand at other heights belong to no row for sure: they stay text, outside of the table.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ingestion.page_geometry import Rectangle
from ingestion.readers.pdf_lines import Line
from ingestion.readers.pdf_tables import Grid, GridBox, grid_of

_LEAST_ROWS = 3
_SAME_HEIGHT = 0.6
"""Of the size of the letters: how far lines of one row may lie apart."""
_ONE_TEXT = 1.8
"""Of the size of the letters: how far apart the lines of one name lie at most."""
_UPRIGHT = 2
"""Characters in a line of a name that runs downwards."""
_FIGURE = re.compile(
    r"^[\s\d,.%％△▲+\-−–—―±*※~〜()（）/:￥¥$円件人千百万億兆年月日度位倍社名台個回点×○●◎…・]{1,24}$"
)


@dataclass(frozen=True, slots=True)
class _Row:
    """One printed line of a cell, which may be drawn in pieces."""

    middle: float
    size: float
    text: str


def unstacked(grids: Sequence[Grid], lines: Sequence[Line]) -> list[Grid] | None:
    """The tables with such cells cut into rows; None when there are none."""
    of_cell: dict[int, list[Line]] = defaultdict(list)
    for line in lines:
        if line.cell >= 0:
            of_cell[line.cell].append(line)
    result: list[Grid] = []
    changed = False
    for grid in grids:
        boxes = _cut(grid, {cell.number: _rows(of_cell[cell.number]) for cell in grid.cells})
        changed = changed or len(boxes) > len(grid.cells)
        first = sum(len(each.cells) for each in result)
        result.append(grid_of(boxes, first) or grid)
    return result if changed else None


def _rows(lines: Sequence[Line]) -> list[_Row]:
    rows: list[_Row] = []
    for line in sorted(lines, key=lambda line: line.box[1] + line.box[3]):
        middle, size = (line.box[1] + line.box[3]) / 2, max(line.size, 1.0)
        if rows and middle - rows[-1].middle < _SAME_HEIGHT * min(size, rows[-1].size):
            rows[-1] = _Row(rows[-1].middle, rows[-1].size, f"{rows[-1].text} {line.text}")
        else:
            rows.append(_Row(middle, size, line.text))
    return rows


def _cut(grid: Grid, rows: Mapping[int, Sequence[_Row]]) -> list[Rectangle]:
    bands: dict[tuple[int, int], list[GridBox]] = defaultdict(list)
    for cell in grid.cells:
        bands[cell.row, cell.row_span].append(cell)
    edges = sorted({y for cell in grid.cells for y in (cell.box[1], cell.box[3])})
    boxes: list[Rectangle] = []
    for band in bands.values():
        stack = _stack(band, rows)
        inner = [y for y in edges if band[0].box[1] < y < band[0].box[3]]
        cuts = _cuts(band[0].box, inner, stack) if stack else []
        for cell in band:
            x0, y0, x1, y1 = cell.box
            if cuts and _follows(rows[cell.number], stack):
                ys = [y0, *cuts, y1]
                boxes += [(x0, top, x1, bottom) for top, bottom in pairwise(ys)]
            elif not cuts or not _lists(rows[cell.number]):
                boxes.append(cell.box)
    return boxes


def _stack(band: Sequence[GridBox], rows: Mapping[int, Sequence[_Row]]) -> Sequence[_Row]:
    """The longest column of figures that a neighbour keeps step with; empty when there is none."""
    figures = [
        rows[cell.number]
        for cell in band
        if len(rows[cell.number]) >= _LEAST_ROWS and all(_is_figure(row.text) for row in rows[cell.number])
    ]
    longest: Sequence[_Row] = max(figures, key=len, default=())
    beside = sum(1 for cell in band if longest and _follows(rows[cell.number], longest))
    return longest if beside >= 2 else ()


def _is_figure(text: str) -> bool:
    return _FIGURE.match(text.strip()) is not None


def _follows(rows: Sequence[_Row], stack: Sequence[_Row]) -> bool:
    """Whether the lines of a cell stand where those of `stack` do; of figures, some may be missing.

    Of names none may be missing, but one row may hold more: 関東 written downwards beside the names of its
    parts.
    """
    met: set[int] = set()
    for row in rows:
        near = min(range(len(stack)), key=lambda place: abs(row.middle - stack[place].middle))
        if abs(row.middle - stack[near].middle) >= _SAME_HEIGHT * stack[near].size:
            return False
        met.add(near)
    return len(met) == len(stack) or (len(rows) > 1 and all(_is_figure(row.text) for row in rows))


def _lists(rows: Sequence[_Row]) -> bool:
    """Whether a cell lists several names; one name may take two lines, or run downwards."""
    if len(rows) < 2 or all(len("".join(row.text.split())) <= _UPRIGHT for row in rows):
        return False
    return len(rows) >= _LEAST_ROWS or any(
        below.middle - above.middle > _ONE_TEXT * min(above.size, below.size)
        for above, below in pairwise(rows)
    )


def _cuts(box: Rectangle, inner: Sequence[float], stack: Sequence[_Row]) -> list[float]:
    """Heights between the lines of `stack`: those of the rows that other columns have, where they fit."""
    middles = [row.middle for row in stack]
    if not inner:
        return [(above + below) / 2 for above, below in pairwise(middles)]
    edges = [box[1], *inner, box[3]]
    fits = len(edges) == len(stack) + 1 and all(
        top < middle < bottom for top, middle, bottom in zip(edges, middles, edges[1:], strict=False)
    )
    return list(inner) if fits else []
