"""Rows of a PDF table that no line parts: lists of names and values, columns of figures.

Many tables have lines between columns only, or only around their names. Lists whose names are sure are found
in pdf_entries.py. Else, where a cell holds three lines or more that are all figures, and a neighbour has
lines at the same heights, each of these lines is a row. Names beside them that stand at other heights belong
to no row for sure: they stay text, outside of the table.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from ingestion.page_geometry import Rectangle
from ingestion.readers.pdf_entries import Piece, entries_of
from ingestion.readers.pdf_lines import Line
from ingestion.readers.pdf_names import ONE_TEXT, SAME_HEIGHT, PrintedLine, printed_lines
from ingestion.readers.pdf_tables import Grid, GridBox, grid_of, rows_of

_LEAST_ROWS = 3
_UPRIGHT = 2
"""Characters in a line of a name that runs downwards."""
_FIGURE = re.compile(
    r"^[\s\d,.%％△▲+\-−–—―±*※~〜()（）/:￥¥$円件人千百万億兆年月日度位倍社名台個回点×○●◎…・]{1,24}$"
)


def unstacked(grids: Sequence[Grid], lines: Sequence[Line]) -> list[Grid] | None:
    """The tables with such cells cut into rows; None when nothing changes."""
    of_cell: dict[int, list[Line]] = defaultdict(list)
    for line in lines:
        if line.cell >= 0:
            of_cell[line.cell].append(line)
    result: list[Grid] = []
    changed = False
    for grid in grids:
        pieces = _cut(grid, {cell.number: printed_lines(of_cell[cell.number]) for cell in grid.cells})
        first = sum(len(each.cells) for each in result)
        cut = _grid(pieces, first)
        # A single row is a table only when it is cut.
        kept = cut or (grid_of([cell.box for cell in grid.cells], first) if rows_of(grid) > 1 else None)
        changed = changed or kept is None or len(pieces) > len(grid.cells)
        result += [kept] if kept is not None else []
    return result if changed else None


def _grid(pieces: Sequence[Piece], first: int) -> Grid | None:
    shown = {piece.place: piece.box for piece in pieces}
    grid = grid_of(list(shown), first)
    if grid is None:
        return None
    return replace(grid, cells=tuple(replace(cell, box=shown[cell.box]) for cell in grid.cells))


def _cut(grid: Grid, rows: Mapping[int, Sequence[PrintedLine]]) -> list[Piece]:
    bands: dict[tuple[int, int], list[GridBox]] = defaultdict(list)
    for cell in grid.cells:
        bands[cell.row, cell.row_span].append(cell)
    xs = sorted({x for cell in grid.cells for x in (cell.box[0], cell.box[2])})
    ys = sorted({y for cell in grid.cells for y in (cell.box[1], cell.box[3])})
    pieces: list[Piece] = []
    for band in bands.values():
        inner = [y for y in ys if band[0].box[1] < y < band[0].box[3]]
        listed = entries_of(band, rows, xs, inner)
        if listed is None and rows_of(grid) > 1:
            listed = [Piece(box, box) for box in _figures(band, rows, inner)]
        pieces += listed or []
    return pieces


def _figures(
    band: Sequence[GridBox], rows: Mapping[int, Sequence[PrintedLine]], inner: Sequence[float]
) -> Iterator[Rectangle]:
    stack = _stack(band, rows)
    cuts = _cuts(band[0].box, inner, stack) if stack else []
    for cell in band:
        x0, y0, x1, y1 = cell.box
        if cuts and _follows(rows[cell.number], stack):
            yield from ((x0, top, x1, bottom) for top, bottom in pairwise([y0, *cuts, y1]))
        elif not cuts or not _lists(rows[cell.number]):
            yield cell.box


def _stack(band: Sequence[GridBox], rows: Mapping[int, Sequence[PrintedLine]]) -> Sequence[PrintedLine]:
    """The longest column of figures that a neighbour keeps step with; empty when there is none."""
    figures = [
        rows[cell.number]
        for cell in band
        if len(rows[cell.number]) >= _LEAST_ROWS and all(_is_figure(row.text) for row in rows[cell.number])
    ]
    longest: Sequence[PrintedLine] = max(figures, key=len, default=())
    beside = sum(1 for cell in band if longest and _follows(rows[cell.number], longest))
    return longest if beside >= 2 else ()


def _is_figure(text: str) -> bool:
    return _FIGURE.match(text.strip()) is not None


def _follows(rows: Sequence[PrintedLine], stack: Sequence[PrintedLine]) -> bool:
    """Whether the lines of a cell stand where those of `stack` do; of figures, some may be missing.

    Of names none may be missing, but one row may hold more: 関東 written downwards beside the names of its
    parts.
    """
    met: set[int] = set()
    for row in rows:
        near = min(range(len(stack)), key=lambda place: abs(row.middle - stack[place].middle))
        if abs(row.middle - stack[near].middle) >= SAME_HEIGHT * stack[near].size:
            return False
        met.add(near)
    return len(met) == len(stack) or (len(rows) > 1 and all(_is_figure(row.text) for row in rows))


def _lists(rows: Sequence[PrintedLine]) -> bool:
    """Whether a cell lists several names; one name may take two lines, or run downwards."""
    if len(rows) < 2 or all(len("".join(row.text.split())) <= _UPRIGHT for row in rows):
        return False
    return len(rows) >= _LEAST_ROWS or any(
        below.middle - above.middle > ONE_TEXT * min(above.size, below.size)
        for above, below in pairwise(rows)
    )


def _cuts(box: Rectangle, inner: Sequence[float], stack: Sequence[PrintedLine]) -> list[float]:
    """Heights between the lines of `stack`: those of the rows that other columns have, where they fit."""
    middles = [row.middle for row in stack]
    if not inner:
        return [(above + below) / 2 for above, below in pairwise(middles)]
    edges = [box[1], *inner, box[3]]
    fits = len(edges) == len(stack) + 1 and all(
        top < middle < bottom for top, middle, bottom in zip(edges, middles, edges[1:], strict=False)
    )
    return list(inner) if fits else []
