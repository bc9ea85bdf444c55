"""A sheet of cells becomes text and tables: several tables in it, titles over them, notes below them.

Serves every format with sheets. Works on filled cells alone: a table is a block of rows without an empty row
between, and of columns without an empty one; a title stands alone over its table. Forms drawn on grid paper
(方眼紙, many narrow columns merged) need no rule of their own: only columns in which a cell begins count.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from ingestion.cell_values import names_something
from ingestion.readers.building import DocumentBuilder
from ingestion.table_grid import GridCell
from ingestion.table_headers import with_headers

Row = list[GridCell]
_NOTE = re.compile(
    r"^[※*＊]|^[(（]?注[)）0-9:：\s]|^[(（]?(?:備考|注記|出典|出所|資料)[)）]?[:：]|^note", re.IGNORECASE
)
_UNIT_LINE = re.compile(r"^[(（]?単位")
_LONG = 25
_LONGEST_CAPTION = 80
_SIDE_ROWS = 2
_MOST_GAPS = 8
_LOOKED_AT = 50
_HEAD_ROWS = 200
"""Rows of a waiting table by which its names are judged, once."""


def add_sheet(builder: DocumentBuilder, rows: Iterable[Row]) -> None:
    """Add the filled cells of a sheet, given row by row from the top, each from left to right."""
    sheet = _Sheet(builder)
    for block in _blocks(rows):
        sheet.add(block)
    sheet.finish()


def _blocks(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Rows without an empty one between them; merged cells count for all rows that they cover."""
    block: list[Row] = []
    reach = -1
    for row in rows:
        filled = [cell for cell in row if cell.text.strip()]
        if not filled:
            continue
        if block and filled[0].row > reach:
            yield block
            block = []
        block.append(filled)
        reach = max(reach, *(cell.row + cell.row_span for cell in filled))
    if block:
        yield block


class _Waiting:
    """The rows of a table that may go on; keeps what each further block is compared with.

    A sheet with an empty row below each record has as many blocks as records, so nothing here may look at
    all rows again for each of them.
    """

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self._columns: set[int] = set()
        self._reach = -1
        self._named: bool | None = None

    def add(self, body: Sequence[Row]) -> None:
        for row in body:
            self.rows.append(row)
            self._columns.update(cell.column for cell in row)
            self._reach = max(self._reach, *(cell.row + cell.row_span for cell in row))

    def goes_on(self, body: Sequence[Row]) -> bool:
        """Whether a block below an empty row is more of the same table: its columns, without names on top."""
        if not self.rows or body[0][0].row - self._reach > 1 or len(self._columns) < 2:
            return False
        if not all(cell.column in self._columns for row in body for cell in row):
            return False
        if self._named is None:
            head = self.rows[:_HEAD_ROWS]
            self._named = _has_column_names(with_headers([cell for row in head for cell in row]))
        own = [cell for row in body for cell in row]
        return self._named and not _has_column_names(with_headers(own))


class _Sheet:
    """Puts blocks into the builder; waits with a table, as the next block may go on with it."""

    def __init__(self, builder: DocumentBuilder) -> None:
        self._builder = builder
        self._waiting = _Waiting()
        self._caption: str | None = None
        self._title: tuple[int, str] | None = None
        self._begun = False

    def add(self, block: list[Row]) -> None:
        for part in _side_by_side(block):
            titles, body, notes = _parts(part)
            if body and not titles and self._waiting.goes_on(body):
                self._waiting.add(body)
            else:
                self._flush()
                if self._begun:
                    self._builder.blank()
                self._begun = True
                self._lines(titles)
                if body:
                    self._waiting.add(body)
                    self._caption = self._caption_over(body)
            if notes:
                self._flush()
                self._lines(notes)
                self._title = None

    def finish(self) -> None:
        self._flush()

    def _caption_over(self, body: Sequence[Row]) -> str | None:
        if self._title is None or body[0][0].row - self._title[0] > 2:
            return None
        return self._title[1]

    def _flush(self) -> None:
        if self._waiting.rows:
            self._builder.table([cell for row in self._waiting.rows for cell in row], caption=self._caption)
        self._waiting, self._caption = _Waiting(), None

    def _lines(self, rows: Sequence[Row]) -> None:
        for row in rows:
            self._builder.row((cell.locator or "", cell.text) for cell in row)
            text = " ".join(row[0].text.split())
            if len(row) == 1 and len(text) <= _LONGEST_CAPTION and not _UNIT_LINE.match(text):
                self._title = (row[0].row, text)
            elif self._title is not None and len(row) == 1:
                self._title = (row[0].row, self._title[1])


def _has_column_names(cells: Sequence[GridCell]) -> bool:
    first = [cell for cell in cells if cell.row == 0]
    return len(first) > 1 and all(cell.header for cell in first)


def _parts(block: list[Row]) -> tuple[list[Row], list[Row], list[Row]]:
    """Titles, the table, notes; a block of single cells is all titles."""
    if max(len(row) for row in block) < 2:
        return block, [], []
    left = min(row[0].column for row in block)
    right = max(cell.column + cell.column_span for row in block for cell in row)
    first, last = 0, len(block)
    while _stands_alone(block[first], left, right):
        first += 1
    while len(block[last - 1]) == 1 and _is_note(block[last - 1][0].text):
        last -= 1
    return block[:first], block[first:last], block[last:]


def _stands_alone(row: Row, left: int, right: int) -> bool:
    """Whether a row at the top is a title; a name over some of the columns is none."""
    if len(row) > 1:
        return False
    cell = row[0]
    return cell.column_span == 1 or cell.column == left or cell.column + cell.column_span < right


def _is_note(text: str) -> bool:
    return bool(_NOTE.match(text)) or len(text) > _LONG or text.endswith("。")


def _side_by_side(block: list[Row]) -> list[list[Row]]:
    """The block cut at empty columns where what stands to the right is a table of its own."""
    covered: set[int] = set()
    for row in block:
        for cell in row:
            covered.update(range(cell.column, cell.column + cell.column_span))
    # Where every few columns are empty, the sheet is grid paper, not tables side by side.
    gaps = [column for column in range(min(covered) + 1, max(covered)) if column not in covered]
    firsts = [column for column in gaps if column - 1 in covered]
    for column in firsts if len(firsts) <= _MOST_GAPS else ():
        left = [part for row in block if (part := [cell for cell in row if cell.column < column])]
        right = [part for row in block if (part := [cell for cell in row if cell.column > column])]
        if _is_table(left) and _is_table(right):
            return [left, *_side_by_side(right)]
    return [block]


def _is_table(rows: list[Row]) -> bool:
    """Whether rows have names of columns on top and names of rows at the left."""
    _, body, _ = _parts(rows[:_LOOKED_AT]) if rows else ([], [], [])
    if len(body) < _SIDE_ROWS or sum(len(row) > 1 for row in body) < _SIDE_ROWS:
        return False
    cells = with_headers([cell for row in body for cell in row])
    named = [cell for cell in cells if cell.column == 0 and cell.row > 0]
    return _has_column_names(cells) and bool(named) and all(names_something(cell.text) for cell in named)
