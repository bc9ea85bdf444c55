"""Which cells name the columns and the rows of a table, where its file does not say so.

Judged by what tables look like: names above values, years across the top, an empty corner, bold or shaded
cells, words that usually name columns. It does not understand the words; a table of plain words without any
of these signs is read without names, as its first row may be its first record, and a form with two columns as
names and values.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from ingestion.cell_values import (
    form_of,
    is_bound,
    is_period,
    is_step,
    is_usual_name,
    is_value,
    names_something,
    names_steps,
    size_of_step,
)
from ingestion.table_grid import GridCell, by_row, settled
from ingestion.table_groups import reaches

_MOST_HEADER_ROWS = 5
_MOST_ROW_NAMES = 3
_LONGEST_FORM = 60
"""Rows; what is longer is a table, however its cells are named."""
_LOOKED_AT = 200
"""Data rows that are judged; more say nothing new about a long table."""
_MOST_STEP_ROWS = 4
_LONGEST_SHORT = 10
"""Characters of a name above sentences, which are longer than twice that or end like one."""
_RANK = re.compile(r"^第?(\d{1,2})位$")
_ORDINAL = re.compile(r"^[(（]?\d{1,4}[)）.]?$")


def with_headers(cells: Sequence[GridCell]) -> list[GridCell]:
    """The cells, settled, with `header` at those that name columns or rows.

    What the file itself calls headers stays so; the others are `guessed`. Names that stand once over several
    columns or rows without being merged get the span that people read into them.
    """
    grid = _Grid(settled(cells))
    if grid.width < 2 or grid.height < 1:
        return grid.cells
    stated = any(cell.header for cell in grid.cells)
    labels = frozenset() if stated else _form_labels(grid)
    if labels:
        return [_guessed(cell) if (cell.row, cell.column) in labels else cell for cell in grid.cells]
    top = grid.stated_top() if stated else _top_rows(grid)
    grid = _Grid(_spread(grid, top))
    grid = _Grid(_with_sections(grid, top))
    grid = _Grid(_with_repeats(grid, top))
    if any(cell.header for cell in grid.cells if cell.row >= top and not grid.is_title(cell.row)):
        return grid.cells
    return _with_row_names(grid, top)


def _guessed(cell: GridCell) -> GridCell:
    """The cell as a header; what its file calls one already stays as it is."""
    return cell if cell.header else replace(cell, header=True, guessed=True)


class _Grid:
    """Settled cells by row."""

    def __init__(self, cells: list[GridCell]) -> None:
        self.cells = cells
        self.rows = by_row(cells)
        self.height = max((cell.row + cell.row_span for cell in cells), default=0)
        self.width = max((cell.column + cell.column_span for cell in cells), default=0)

    def row(self, number: int) -> list[GridCell]:
        return self.rows.get(number, [])

    def stated_top(self) -> int:
        """How many rows at the top hold nothing but stated headers."""
        top = 0
        while self.row(top) and all(cell.header for cell in self.row(top)):
            top += 1
        return top if top < self.height else 0

    def is_title(self, number: int) -> bool:
        """Whether the row is one header over the whole width, or one of names alone."""
        return bool(self.row(number)) and all(cell.header for cell in self.row(number))

    def column(self, column: int, first: int) -> list[GridCell]:
        """Cells that begin in `column`, from row `first` on; the first of a long table only."""
        found: list[GridCell] = []
        for number in range(first, min(self.height, first + _LOOKED_AT)):
            found += [cell for cell in self.row(number) if cell.column == column]
        return found

    def covered_from_above(self, row: int, column: int) -> bool:
        return any(
            cell.row < row < cell.row + cell.row_span
            and cell.column <= column < cell.column + cell.column_span
            for above in range(max(0, row - _MOST_HEADER_ROWS), row)
            for cell in self.row(above)
        )


def _top_rows(grid: _Grid) -> int:
    """How many rows at the top name the columns; 0 when none does."""
    if _in_steps(grid) or _in_ranks(grid):
        return 1
    top = _header_depth(grid)
    if not 0 < top < grid.height:
        return 0
    head = [cell for number in range(top) for cell in grid.row(number)]
    if len(head) < 2 or not all(names_something(cell.text) for cell in head):
        return 0
    covered = {cell.column + offset for cell in head for offset in range(cell.column_span)}
    if len(covered) < 0.6 * grid.width:
        return 0
    last = [cell.text for cell in grid.row(top - 1)]
    if top == 1 and len(set(last)) < len(last):
        return 0
    return top if _stands_out(grid, top, head) else 0


def _in_steps(grid: _Grid) -> bool:
    """Whether the first row steps up what the others depend on: years of service above days of leave.

    Numbers that merely grow are none: 10名, 12名, 15名 may be a fact of each column like those below it.
    """
    if grid.width < 3 or not 2 <= grid.height <= _MOST_STEP_ROWS or len(grid.row(0)) != grid.width:
        return False
    steps = [cell.text for cell in grid.row(0)[1:]]
    forms = {form_of(text) for text in steps}
    return (
        not is_value(grid.row(0)[0].text)
        and all(is_step(text) for text in steps)
        and all(before < after for before, after in pairwise(map(size_of_step, steps)))
        and (names_steps(grid.row(0)[0].text) or all(is_bound(text) for text in steps))
        and not any(
            form_of(cell.text) in forms for number in range(1, grid.height) for cell in grid.row(number)
        )
    )


def _in_ranks(grid: _Grid) -> bool:
    """Whether the first row ranks what stands below it: 1位, 2位, 3位."""
    first = grid.row(0)
    ranks = [int(found.group(1)) for cell in first if (found := _RANK.match(cell.text))]
    if len(ranks) < 2 or ranks != list(range(1, len(ranks) + 1)) or grid.height < 2:
        return False
    others = [cell for cell in first if not _RANK.match(cell.text)]
    return (
        all(cell.column == 0 and not is_value(cell.text) for cell in others)
        and all(cell.row_span == 1 for cell in first)
        and not any(_RANK.match(cell.text) for cell in grid.cells if cell.row > 0)
    )


def _header_depth(grid: _Grid) -> int:
    """Rows at the top that belong together by merged cells, or by gaps above names."""
    first = grid.row(0)
    if not first:
        return 0
    depth = max(cell.row_span for cell in first)
    while depth < min(_MOST_HEADER_ROWS, grid.height - 1) and _goes_on(grid, depth):
        depth = max(depth + 1, *(cell.row + cell.row_span for cell in grid.row(depth)))
    return depth


def _goes_on(grid: _Grid, row: int) -> bool:
    """Whether `row` holds the finer names below a row of groups."""
    above, own = grid.row(row - 1), grid.row(row)
    if not own or not all(names_something(cell.text) for cell in own):
        return False
    below = grid.row(row + 1)
    grouped = any(cell.column_span > 1 for cell in above)
    filled = {cell.column for cell in above}
    gaps = not grouped and any(cell.column not in filled for cell in own)
    corner_free = not any(cell.column == 0 for cell in own)
    if grouped and (corner_free or (all(c.strong for c in own) and not all(c.strong for c in below))):
        return True
    periods = all(is_period(cell.text) for cell in own)
    return gaps and corner_free and (periods or any(is_value(cell.text) for cell in below))


def _stands_out(grid: _Grid, top: int, head: Sequence[GridCell]) -> bool:
    """Whether the rows above `top` differ from those below as names do from values."""
    data = [cell for number in range(top, min(grid.height, top + _LOOKED_AT)) for cell in grid.row(number)]
    if not data:
        return False
    if all(cell.strong for cell in head) and sum(cell.strong for cell in data) < 0.6 * len(data):
        return True
    narrow = grid.width == 2
    named = sum(is_usual_name(cell.text) for cell in head if cell.column or not narrow)
    if named > sum(is_usual_name(cell.text) for cell in grid.row(top)) and (
        named >= 2 or named >= 0.5 * len(head)
    ):
        return True
    if not any(cell.column == 0 for cell in head) and top > 0:
        return True  # an empty corner
    if len(head) > 1 and all(is_period(cell.text) for cell in head if cell.column > 0):
        return True
    for column in range(1, grid.width):
        below = [cell.text for cell in grid.column(column, top)]
        values = [text for text in below if is_value(text)]
        if len(values) >= (0.8 if narrow else 0.5) * len(below) > 0 and (not narrow or _alike(values)):
            return True
    return not narrow and top == 1 and _over_sentences(grid, head)


def _alike(values: Sequence[str]) -> bool:
    """Whether most values have one form: prices do, the facts about a company do not."""
    if len(values) < 2:
        return False
    forms = Counter(form_of(value) for value in values)
    return forms.most_common(1)[0][1] >= (0.6 if len(values) > 2 else 1) * len(values)


def _over_sentences(grid: _Grid, head: Sequence[GridCell]) -> bool:
    """Whether short names stand over a column of sentences. Words over words alone may be a first record."""
    if any(len(cell.text) > _LONGEST_SHORT or cell.text[-1] in "。." for cell in head):
        return False
    for cell in head:
        below = [other.text for other in grid.column(cell.column, 1)]
        if len(below) > 1 and all(text[-1] in "。." or len(text) > 2 * _LONGEST_SHORT for text in below):
            return True
    return False


def _spread(grid: _Grid, top: int) -> list[GridCell]:
    """Marks the names of columns; a group's name reaches over the gaps beside it above finer names."""
    if not top:
        return grid.cells
    result: list[GridCell] = []
    for number in range(top):
        reached = _reached(grid, number, top)
        for cell in grid.row(number):
            first, wide = reached.get(cell.column, (cell.column, cell.column_span))
            result.append(replace(_guessed(cell), column=first, column_span=wide))
    result += [cell for cell in grid.cells if cell.row >= top]
    return settled(result) if any(cell.column_span > 1 for cell in result) else result


def _reached(grid: _Grid, number: int, top: int) -> dict[int, tuple[int, int]]:
    """The columns that the groups of a row of names cover, by the column that each begins in."""
    row = grid.row(number)
    finer = {cell.column: cell.text for cell in grid.row(number + 1)} if number + 1 < top else {}
    covered = {cell.column + offset for cell in row for offset in range(cell.column_span)}
    gaps = {
        column for column in finer if column not in covered and not grid.covered_from_above(number, column)
    }
    groups = [cell for cell in row if cell.column in finer and cell.row + cell.row_span < top]
    if not gaps or not groups:
        return {}
    if any(cell.column_span > 1 for cell in groups):
        # Some are merged, so that they say themselves what they cover; a gap behind one is still its own.
        found = {}
        for cell in groups:
            wide = cell.column_span
            while cell.column + wide in gaps:
                wide += 1
            found[cell.column] = (cell.column, wide)
        return found
    corner = not any(cell.column == 0 for above in range(top) for cell in grid.row(above))
    return reaches([cell.column for cell in groups], finer, gaps, corner=corner)


def _with_sections(grid: _Grid, top: int) -> list[GridCell]:
    """Marks lines like 関東地区 that stand alone over the rows that follow, and lets them cover the width."""
    if grid.width < 3 and not any(cell.column_span >= grid.width for cell in grid.cells):
        return grid.cells
    alone = [
        row[0]
        for number, row in grid.rows.items()
        if top <= number < grid.height - 1 and len(row) == 1 and row[0].column == 0 and row[0].row_span == 1
        and names_something(row[0].text) and len(grid.row(number + 1)) > 1
        and not grid.covered_from_above(number, 1)
    ]  # fmt: skip
    merged = [cell for cell in alone if cell.column_span >= grid.width]
    lines = merged if merged or len(alone) < 2 else alone
    if len(alone) == 1 and alone[0].strong:
        lines = alone
    ids = {(cell.row, cell.column) for cell in lines}
    return [
        replace(_guessed(cell), column_span=grid.width) if (cell.row, cell.column) in ids else cell
        for cell in grid.cells
    ]


def _with_repeats(grid: _Grid, top: int) -> list[GridCell]:
    """Marks rows below that say the names of the columns again, as long printed tables do on each page."""
    if not top:
        return grid.cells
    names = [cell.text for cell in grid.row(top - 1)]
    if len(names) < 2:
        return grid.cells
    again = {number for number, row in grid.rows.items() if number >= top and [c.text for c in row] == names}
    return [_guessed(cell) if cell.row in again else cell for cell in grid.cells]


def _form_labels(grid: _Grid) -> frozenset[tuple[int, int]]:
    """The places of names in a form, where each name stands to the left of its value; empty for no form."""
    if grid.height > _LONGEST_FORM:
        return frozenset()
    shaded = {(cell.row, cell.column) for cell in grid.cells if cell.strong}
    found = shaded or {(cell.row, cell.column) for cell in grid.cells if is_usual_name(cell.text)}
    if not 0.25 * len(grid.cells) <= len(found) <= 0.75 * len(grid.cells):
        return frozenset()
    begun = beside = 0
    for row in grid.rows.values():
        kinds = [(cell.row, cell.column) in found for cell in row]
        begun += kinds[0]
        beside += any(a and not b and c for a, b, c in zip(kinds, kinds[1:], kinds[2:], strict=False))
    enough = begun >= 0.7 * len(grid.rows) and beside >= 0.3 * len(grid.rows)
    return frozenset(found) if enough else frozenset()


def _with_row_names(grid: _Grid, top: int) -> list[GridCell]:
    """Marks the columns on the left that name the rows, and fills the gaps below names of groups."""
    columns = _name_columns(grid, top)
    if not columns:
        return grid.cells
    spans = _gaps_below(grid, top, columns)
    result: list[GridCell] = []
    for cell in grid.cells:
        naming = cell.row >= top and cell.column in columns and not cell.header
        if naming and cell.column + cell.column_span < grid.width:
            high = spans.get((cell.row, cell.column), cell.row_span)
            result.append(replace(_guessed(cell), row_span=high))
        else:
            result.append(cell)
    return result


def _name_columns(grid: _Grid, top: int) -> frozenset[int]:
    """The first column when it names, and the next ones while those before only number or group rows."""
    found: set[int] = set()
    for column in range(min(grid.width - 1, _MOST_ROW_NAMES)):
        cells = grid.column(column, top)
        if not cells:
            break
        numbering = _counts_up([cell.text for cell in cells])
        naming = sum(names_something(cell.text) for cell in cells) >= 0.7 * len(cells)
        if not (naming or numbering):
            break
        found.add(column)
        rows = sum(
            1 for number in grid.rows if top <= number < top + _LOOKED_AT and not grid.is_title(number)
        )
        grouping = any(cell.row_span > 1 for cell in cells) or len(cells) <= 0.7 * rows
        if not (numbering or grouping):
            break
    return frozenset(found)


def _counts_up(texts: Sequence[str]) -> bool:
    """Whether a column numbers its rows: 1, 2, 3."""
    if not all(_ORDINAL.match(text) for text in texts):
        return False
    numbers = [int(re.sub(r"\D", "", text)) for text in texts]
    return numbers == list(range(numbers[0], numbers[0] + len(numbers))) and numbers[0] <= 1 < len(numbers)


def _gaps_below(grid: _Grid, top: int, columns: frozenset[int]) -> dict[tuple[int, int], int]:
    """How many rows a group's name covers where the cells below it are left empty, not merged."""
    spans: dict[tuple[int, int], int] = {}
    for column in sorted(columns)[:-1]:
        last: GridCell | None = None
        for number in sorted(grid.rows):
            if number < top:
                continue
            row = grid.row(number)
            here = next((cell for cell in row if cell.column == column), None)
            if here is not None or grid.is_title(number):
                # What reaches over the finer names as well is a row's whole name, and no group's.
                single = here is not None and not here.header and here.row_span == here.column_span == 1
                last = here if single else None
            elif any(cell.column < column < cell.column + cell.column_span for cell in row):
                last = None  # another name reaches over the place: it is no gap
            elif last is not None and any(cell.column == column + 1 for cell in row):
                spans[last.row, last.column] = number - last.row + 1
            else:
                last = None
    return spans
