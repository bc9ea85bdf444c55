"""The rows of a document's tables, each with the names of its columns and what stands over it.

Works from `Document.tables` alone, so it serves tables of every format alike. A table that says of none of
its cells that they are headers is judged by table_headers.py.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from ingestion.documents import Document, RowCell, Table, TableCell, TableRow
from ingestion.table_grid import GridCell
from ingestion.table_headers import with_headers
from ingestion.table_units import table_unit, with_table_unit

_LONGEST_CONTEXT = 300
"""Characters of column names that stand in front of a piece of a table: an embedder reads some 500 tokens."""
_LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class ReadTable:
    """A table's rows in order, and the line of column names that each of them is read under."""

    start: int
    end: int
    caption: str
    rows: tuple[TableRow, ...]
    names: tuple[str, ...]


def read_tables(document: Document) -> list[ReadTable]:
    """The document's tables in order. Those whose rows do not lie one after the other are left out."""
    ends = sorted(table.end for table in document.tables)
    found = [_read(document, table, _end_before(table, ends)) for table in document.tables if table.cells]
    found.sort(key=lambda table: table.start)
    return [table for table in found if table.rows]


class TableFinder:
    """Finds the rows of tables in stretches of a document's text."""

    def __init__(self, document: Document) -> None:
        self._text = document.text
        self.tables = read_tables(document)
        self._starts = [table.start for table in self.tables]

    def within(self, start: int, end: int) -> list[ReadTable]:
        """Tables that share characters with [start, end)."""
        last = bisect_left(self._starts, end)
        return [table for table in self.tables[:last] if table.end > start]

    def rows(self, start: int, end: int) -> tuple[TableRow, ...]:
        """Rows and parts of rows in [start, end)."""
        found: list[TableRow] = []
        for table in self.within(start, end):
            first = bisect_right(table.rows, start, key=lambda row: row.end)
            last = bisect_left(table.rows, end, key=lambda row: row.start)
            for row in table.rows[first:last]:
                if (part := clipped(row, start, end, self._text)) is not None:
                    found.append(part)
        return tuple(found)

    def context(self, start: int, end: int) -> str:
        """What a piece of text is read with: captions and names of columns that stand outside of it."""
        lines: list[str] = []
        for table in self.within(start, end):
            if start <= table.start:
                lines += [table.caption] if table.caption not in self._text[start:end] else []
                continue
            line = " | ".join(table.names)[:_LONGEST_CONTEXT]
            first = bisect_right(table.rows, start, key=lambda row: row.end)
            lead = table.rows[first].lead if first < len(table.rows) else ()
            lines += [part for part in (table.caption, line, *lead) if part and part not in lines]
        return "\n".join(lines)


def clipped(row: TableRow, start: int, end: int, text: str) -> TableRow | None:
    """The part of `row` in [start, end); names of the row that lie before it go into its lead."""
    if start <= row.start and row.end <= end:
        return row
    cells: list[RowCell] = []
    for cell in row.cells:
        if cell.start < end and start < cell.end:
            cells.append(replace(cell, start=max(cell.start, start), end=min(cell.end, end)))
    if not cells:
        return None
    named = [f"{cell.label}: {text[cell.start : cell.end]}" if cell.label else text[cell.start : cell.end]
             for cell in row.cells if cell.header and cell.end <= start]  # fmt: skip
    return replace(
        row, start=max(row.start, start), end=min(row.end, end), cells=tuple(cells), lead=(*row.lead, *named)
    )


def _end_before(table: Table, ends: Sequence[int]) -> int:
    place = bisect_right(ends, table.start)
    return ends[place - 1] if place else 0


def _read(document: Document, table: Table, earlier: int) -> ReadTable:
    text = document.text
    cells = sorted(cells_with_headers(text, table), key=lambda cell: (cell.row, cell.column))
    caption = table.caption or ""
    # A caption is shown only as the text has it, so that what was masked there stays masked.
    known = caption if caption and caption in text else ""
    walk = _Walk(text, max((cell.column + cell.column_span for cell in cells), default=0))
    by_row: dict[int, list[TableCell]] = {}
    for cell in cells:
        by_row.setdefault(cell.row, []).append(cell)
    rows = [row for own in by_row.values() if (row := walk.row(own)) is not None]
    unit = table_unit(text, table, earlier)
    counted = tuple(with_table_unit(row, text, unit) for row in _in_order(rows))
    return ReadTable(table.start, table.end, known, counted, tuple(walk.all_names))


def _in_order(rows: Sequence[TableRow]) -> list[TableRow]:
    """The rows when they follow one another in the text; those that run into others are left out."""
    ordered = sorted(rows, key=lambda row: row.start)
    kept: list[TableRow] = []
    reach = -1
    for place, row in enumerate(ordered):
        following = ordered[place + 1].start if place + 1 < len(ordered) else row.end
        if row.start >= reach and row.end <= following:
            kept.append(row)
        reach = max(reach, row.end)
    return kept


def cells_with_headers(text: str, table: Table) -> Iterable[TableCell]:
    """The cells of a table with its headers as its file states them, or as they are judged to be."""
    if any(cell.header for cell in table.cells):
        return table.cells
    spans = {(cell.row, cell.column): cell for cell in table.cells}
    grid = [
        GridCell(
            cell.row, cell.column, " ".join(text[cell.start : cell.end].split()),
            cell.row_span, cell.column_span, locator=str(number),
        )
        for number, cell in enumerate(spans.values())
    ]  # fmt: skip
    originals = list(spans.values())
    judged: list[TableCell] = []
    for cell in with_headers(grid):
        original = originals[int(cell.locator or 0)]
        judged.append(
            TableCell(
                cell.row, cell.column, original.start, original.end, cell.row_span, cell.column_span,
                cell.header, original.locator, cell.guessed,
            )
        )  # fmt: skip
    return judged


@dataclass(slots=True)
class _Over:
    """A cell from above that still covers rows: until row `last`, included."""

    cell: TableCell
    last: int
    shown: str


@dataclass(slots=True)
class _Walk:
    """Goes down the rows of a table and remembers the names over each column."""

    text: str
    width: int
    all_names: dict[str, None] = field(default_factory=dict)
    _names: dict[int, tuple[str, ...]] = field(default_factory=dict)
    _row_names: set[int] = field(default_factory=set)
    _section: str = ""
    _over: list[_Over] = field(default_factory=list)
    _in_header: bool = False

    def row(self, own: list[TableCell]) -> TableRow | None:
        number = own[0].row
        self._over = [over for over in self._over if over.last >= number]
        start = min(cell.start for cell in own)
        end = max(cell.end for cell in own)
        if start >= end:
            return None
        if all(cell.header for cell in own):
            return self._header(own, start, end)
        self._in_header = False
        lead = self._lead()
        cells = tuple(self._labelled(own))
        self._row_names.update(cell.column for cell in own if cell.header)
        self._remember(own, cells, number)
        return TableRow(start, end, cells, lead)

    def _header(self, own: list[TableCell], start: int, end: int) -> TableRow:
        """A line over the following rows, or names of columns; new names replace those above them."""
        cells = tuple(RowCell(c.start, c.end, "", True, c.locator) for c in own)
        if len(own) == 1 and self.width > 1 and own[0].column_span >= self.width:
            self._section = self._said(own[0])
            return TableRow(start, end, cells, (), True)
        if self._only_names_the_row(own):
            self._in_header = False
            cells = tuple(self._labelled(own))
            lead = self._lead()
            self._remember(own, cells, own[0].row)
            return TableRow(start, end, cells, lead)
        guessed = self._may_be_a_record(own)
        names = dict(self._names)
        for cell in own:
            said = self._said(cell)
            for column in range(cell.column, cell.column + cell.column_span):
                above = self._names.get(column, ()) if self._in_header else ()
                names[column] = above if above and above[-1] == said else (*above, said)
        self._names = names
        self._in_header = True
        return TableRow(start, end, cells, (), True, guessed)

    def _may_be_a_record(self, own: Sequence[TableCell]) -> bool:
        """Whether a line of names is only judged to be one: merged cells and names said again are sure."""
        return (
            not self._in_header
            and all(cell.guessed and cell.row_span == cell.column_span == 1 for cell in own)
            and any(self._names.get(cell.column, ("",))[-1] != self._said(cell) for cell in own)
        )

    def _only_names_the_row(self, own: Sequence[TableCell]) -> bool:
        """Whether the row's other cells are just empty."""
        if self._in_header:
            return False
        if self._row_names and all(cell.column in self._row_names for cell in own):
            return True
        return len(own) == 1 and own[0].column_span == 1

    def _lead(self) -> tuple[str, ...]:
        return tuple(part for part in (self._section, *(over.shown for over in self._over)) if part)

    def _labelled(self, own: Sequence[TableCell]) -> Iterable[RowCell]:
        for place, cell in enumerate(own):
            label = self._label(cell)
            left = own[place - 1] if place else None
            named = label or self._names.get(cell.column)  # also by a name that was emptied
            if not named and not cell.header and left is not None and left.header:
                label = self._said(left)  # a form: the name stands to the left of its value
            if label:
                self.all_names[label] = None
            yield RowCell(cell.start, cell.end, label, cell.header, cell.locator)

    def _label(self, cell: TableCell) -> str:
        """The names over a cell; over several columns what they share, or all of them."""
        paths = [self._names.get(cell.column + offset, ()) for offset in range(min(cell.column_span, 50))]
        if len(set(paths)) == 1:
            return " ".join(paths[0])[: 2 * _LONGEST_NAME]
        shared = 0
        while all(len(path) > shared and path[shared] == paths[0][shared] for path in paths):
            shared += 1
        if not shared and cell.column_span >= self.width:
            return ""  # a note over the whole width belongs to no column
        ends = dict.fromkeys(" ".join(path[shared:]) for path in paths)
        return " ".join([*paths[0][:shared], "・".join(end for end in ends if end)]).strip()[
            : 2 * _LONGEST_NAME
        ]

    def _remember(self, own: Sequence[TableCell], cells: Sequence[RowCell], number: int) -> None:
        for cell, labelled in zip(own, cells, strict=True):
            if cell.row_span > 1:
                said = self._said(cell)
                shown = f"{labelled.label}: {said}" if labelled.label else said
                self._over.append(_Over(cell, number + cell.row_span - 1, shown))

    def _said(self, cell: TableCell) -> str:
        return " ".join(self.text[cell.start : cell.end].split())[:_LONGEST_NAME]
