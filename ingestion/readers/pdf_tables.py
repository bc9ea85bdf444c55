"""Tables with ruling lines on a PDF page: the cells that its lines enclose, and the characters in them.

The lines come from pdfium (pdf_rules.py), so that cells and characters share their coordinates; which boxes
they enclose is found in pdf_rooms.py.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ingestion.documents import Offsets
from ingestion.page_geometry import Rectangle
from ingestion.readers.pdf_characters import Characters
from ingestion.readers.pdf_rooms import tables_of_boxes
from ingestion.readers.pdf_rules import DrawnLines
from ingestion.readers.pdf_values import are_values

SMALLEST_CELL = 4.0
"""Points that the sides of a cell have at least."""
_LEAST_FILLED = 0.3
"""Share of the cells that hold text; the grid of a chart holds little."""
_LONGEST_CELL = 700
"""Characters; longer ones are parts of the page in boxes, unless there are many cells."""
_MANY_CELLS = 12
_LEAST_LISTED = 3
"""Lines of a cell in a table that has no lines between its rows at all."""
_MOST_CUT = 0.1
"""Words that a line of the table may run through, for each cell with text."""


@dataclass(frozen=True, slots=True)
class GridBox:
    """A cell as shown, with its place and reach in the grid (0-based); `number` is unique on its page."""

    number: int
    row: int
    column: int
    row_span: int
    column_span: int
    box: Rectangle


@dataclass(frozen=True, slots=True)
class Grid:
    """A table with ruling lines."""

    box: Rectangle
    cells: tuple[GridBox, ...]


def find_tables(drawn: DrawnLines, page: Characters) -> list[Grid]:
    """The tables that lines draw around the characters of `page`; shaded boxes count where no line does."""
    found: list[Grid] = []
    for lines in (drawn.lines, np.concatenate(drawn)) if len(drawn.shades) else (drawn.lines,):
        for boxes in tables_of_boxes(lines):
            grid = grid_of(boxes, sum(len(other.cells) for other in found), least_rows=1)
            if grid is None or any(_overlap(grid.box, other.box) for other in found):
                continue
            cells = cells_of([grid], page)
            fits = _is_table(grid, cells) if rows_of(grid) > 1 else _lists_values(grid, cells, page)
            if fits and not _cuts_words(cells, page):
                found.append(grid)
    return found


def _overlap(first: Rectangle, second: Rectangle) -> bool:
    return all(first[side] < second[side + 2] and second[side] < first[side + 2] for side in (0, 1))


def cells_of(grids: Sequence[Grid], page: Characters) -> Offsets:
    """For each character of the page the number of the cell that its middle lies in, -1 for none."""
    result = np.full(len(page.text), -1, dtype=np.int32)
    x = (page.boxes[:, 0] + page.boxes[:, 2]) / 2
    y = (page.boxes[:, 1] + page.boxes[:, 3]) / 2
    known = page.boxes.any(axis=1)
    for grid in grids:
        xs = sorted({side for cell in grid.cells for side in (cell.box[0], cell.box[2])})
        ys = sorted({side for cell in grid.cells for side in (cell.box[1], cell.box[3])})
        # With a square more at each side, which belongs to no cell.
        owner = np.full((len(ys) + 1, len(xs) + 1), -1, dtype=np.int32)
        column, row = ({side: index + 1 for index, side in enumerate(sides)} for sides in (xs, ys))
        for cell in grid.cells:
            x0, y0, x1, y1 = cell.box
            owner[row[y0] : row[y1], column[x0] : column[x1]] = cell.number
        found = owner[_squares(ys, y), _squares(xs, x)]
        inside = known & (found >= 0)
        result[inside] = found[inside]
    return result


def _squares(edges: Sequence[float], at: npt.NDArray[Any]) -> npt.NDArray[np.int_]:
    """How many of the `edges`, which rise, lie at or before each place."""
    return np.searchsorted(np.array(edges, dtype=np.float32), at, "right")


def rows_of(grid: Grid) -> int:
    """How many rows a table has."""
    return max(cell.row + cell.row_span for cell in grid.cells)


def grid_of(boxes: Sequence[Rectangle], first: int, *, least_rows: int = 2) -> Grid | None:
    """The table of these cells, numbered from `first`; None with fewer rows, or fewer than two columns."""
    boxes = [b for b in boxes if min(b[2] - b[0], b[3] - b[1]) >= SMALLEST_CELL]
    xs = sorted({x for box in boxes for x in (box[0], box[2])})
    ys = sorted({y for box in boxes for y in (box[1], box[3])})
    if len(xs) < 3 or len(ys) <= least_rows:
        return None
    column, row = ({value: index for index, value in enumerate(values)} for values in (xs, ys))
    ordered = sorted(boxes, key=lambda box: (box[1], box[0]))
    cells = tuple(
        GridBox(
            first + number, row[box[1]], column[box[0]], row[box[3]] - row[box[1]],
            column[box[2]] - column[box[0]], box,
        )
        for number, box in enumerate(ordered)
    )  # fmt: skip
    return Grid((xs[0], ys[0], xs[-1], ys[-1]), cells)


def _is_table(grid: Grid, cells: Offsets) -> bool:
    """Whether there is text in enough of its cells, in two rows and two columns at least."""
    sizes = Counter(cells.tolist())
    filled = [cell for cell in grid.cells if sizes[cell.number]]
    if len(filled) < max(3, _LEAST_FILLED * len(grid.cells)):
        return False
    if len({cell.row for cell in filled}) < 2 or len({cell.column for cell in filled}) < 2:
        return False
    return len(filled) >= _MANY_CELLS or max(sizes[cell.number] for cell in filled) <= _LONGEST_CELL


def _lists_values(grid: Grid, cells: Offsets, page: Characters) -> bool:
    """Whether a single row may list names and values line by line, as a table that goes on from before."""
    breaks = np.cumsum([character in "\r\n" for character in page.text])
    listed: list[bool] = []
    for cell in grid.cells:
        lines: dict[int, list[str]] = {}
        for place in np.flatnonzero(cells == cell.number).tolist():
            lines.setdefault(int(breaks[place]), []).append(page.text[place])
        texts = [text for parts in lines.values() if (text := "".join(parts).strip())]
        listed.append(len(texts) >= _LEAST_LISTED and (not any(listed) or are_values(texts)))
    return sum(listed) > 1


def _cuts_words(cells: Offsets, page: Characters) -> bool:
    """Whether lines run through words: the bars of a chart, or a drawing behind the text."""
    shown = np.array([not character.isspace() for character in page.text], dtype=np.bool_)
    boxes = page.boxes
    size = boxes[:-1, 3] - boxes[:-1, 1]
    level = np.abs((boxes[1:, 1] + boxes[1:, 3]) - (boxes[:-1, 1] + boxes[:-1, 3])) < 0.4 * size
    touching = shown[1:] & shown[:-1] & level & (np.abs(boxes[1:, 0] - boxes[:-1, 2]) < 0.25 * size)
    cut = int((touching & (cells[1:] != cells[:-1])).sum())
    filled = len(set(cells.tolist()) - {-1})
    return cut > max(1, _MOST_CUT * filled)
