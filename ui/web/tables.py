"""A cited passage inside its table: merged cells and names of columns as in the file, row and cell marked."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

Json = dict[str, Any]

_ROWS_AROUND = 6
_MOST_ROWS = 60
_MOST_COLUMNS = 40
_PLACE = re.compile(r"(?:.*!)?\$?([A-Z]{1,3})\$?(\d+)$")


def table_at(document: Json, start: int, end: int) -> Json | None:
    """The table that the passage lies in, or that most of it is; None for other passages."""
    best: tuple[int, Json] | None = None
    for table in document.get("tables") or ():
        shared = min(end, table["end"]) - max(start, table["start"])
        if 2 * shared > end - start and (best is None or shared > best[0]):
            best = (shared, table)
    return best[1] if best else None


def table_html(document: Json, table: Json, start: int, end: int, cell: Json | None = None) -> str:
    """The table as HTML: rows of [start:end) marked, `cell` ({"start", "end"}) among their cells too.

    Long tables show the names of their columns and some rows around the passage. Everything is escaped.
    """
    grid = _Grid(document["text"], table["cells"], start, end, cell)
    if not grid.rows:
        return ""
    caption = f"<caption>{html.escape(table['caption'])}</caption>" if table.get("caption") else ""
    return f'<div class="k-table"><table>{caption}{"".join(grid.lines())}</table></div>'


class _Grid:
    """The part of a table that is shown, row by row."""

    def __init__(self, text: str, cells: Sequence[Json], start: int, end: int, cell: Json | None) -> None:
        self._text = text
        self._span = (start, end)
        self._cell = (cell["start"], cell["end"]) if cell else None
        self._anchors: dict[int, list[Json]] = {}
        for each in cells:
            self._anchors.setdefault(each["row"], []).append(each)
        self._tall = [each for each in cells if each["row_span"] > 1]
        self.rows = self._shown_rows()
        self._first, self._last = self._shown_columns(cells)
        self._letters = _letters(cells)
        self._numbers = _numbers(cells) if self._letters else {}

    def lines(self) -> Iterator[str]:
        """The table's lines as HTML."""
        if self._letters:
            names = "".join(
                f"<th>{self._letters.get(column, '')}</th>" for column in range(self._first, self._last)
            )
            yield f"<tr><th></th>{names}</tr>"
        for group in _groups(self.rows):
            if group[0] != self.rows[0]:
                width = self._last - self._first + bool(self._letters)
                yield f'<tr class="gap"><td colspan="{width}">⋮</td></tr>'
            for row in group:
                yield self._line(row, group)

    def _line(self, row: int, group: Sequence[int]) -> str:
        marked = any(self._inside(cell) for cell in self._anchors.get(row, ()))
        parts = [f"<th>{self._numbers.get(row, '')}</th>"] if self._letters else []
        column = self._first
        for cell in self._covering(row):
            first = max(cell["column"], self._first)
            last = min(cell["column"] + cell["column_span"], self._last)
            if last <= column:
                continue
            parts += ["<td></td>"] * (first - column)
            if row in (cell["row"], group[0]):
                below = min(cell["row"] + cell["row_span"], group[-1] + 1)
                parts.append(self._tag(cell, last - first, below - row))
            column = last
        parts += ["<td></td>"] * (self._last - column)
        opened = '<tr class="marked">' if marked else "<tr>"
        return f"{opened}{''.join(parts)}</tr>"

    def _tag(self, cell: Json, wide: int, high: int) -> str:
        name = "th" if cell["header"] else "td"
        spans = f' colspan="{wide}"' if wide > 1 else ""
        spans += f' rowspan="{high}"' if high > 1 else ""
        text = html.escape(self._text[cell["start"] : cell["end"]])
        if self._is_cited(cell):
            return f'<{name}{spans} class="cited"><mark>{text}</mark></{name}>'
        return f"<{name}{spans}>{text}</{name}>"

    def _is_cited(self, cell: Json) -> bool:
        if self._cell is None:
            return self._inside(cell)
        return bool(cell["start"] < self._cell[1] and self._cell[0] < cell["end"])

    def _inside(self, cell: Json) -> bool:
        return bool(cell["start"] < self._span[1] and self._span[0] < cell["end"])

    def _covering(self, row: int) -> list[Json]:
        """Cells that reach into `row`, from left to right."""
        over = [cell for cell in self._tall if cell["row"] < row < cell["row"] + cell["row_span"]]
        return sorted([*over, *self._anchors.get(row, ())], key=lambda cell: int(cell["column"]))

    def _shown_rows(self) -> list[int]:
        """Rows that name columns at the top, and those around the passage."""
        hit = [row for row, cells in self._anchors.items() if any(self._inside(cell) for cell in cells)]
        if not hit:
            return []
        numbers = sorted(self._anchors)
        top = []
        for number in numbers[:5]:
            if not all(cell["header"] for cell in self._anchors[number]):
                break
            top.append(number)
        low, high = min(hit) - _ROWS_AROUND, min(max(hit) + _ROWS_AROUND, min(hit) + _MOST_ROWS)
        return sorted({*top, *(number for number in numbers if low <= number <= high)})

    def _shown_columns(self, cells: Sequence[Json]) -> tuple[int, int]:
        width = max(cell["column"] + cell["column_span"] for cell in cells)
        if width <= _MOST_COLUMNS:
            return 0, width
        cited = [cell["column"] for cell in cells if self._inside(cell) and self._is_cited(cell)]
        first = max(0, min(min(cited, default=0) - _MOST_COLUMNS // 2, width - _MOST_COLUMNS))
        return first, first + _MOST_COLUMNS


def _groups(rows: Sequence[int]) -> list[list[int]]:
    """Runs of rows that follow one another."""
    groups = [[rows[0]]]
    for before, row in pairwise(rows):
        if row == before + 1:
            groups[-1].append(row)
        else:
            groups.append([row])
    return groups


def _letters(cells: Sequence[Json]) -> dict[int, str]:
    """The letters of a spreadsheet's columns; empty for tables of other files."""
    found: dict[int, str] = {}
    for cell in cells:
        place = _PLACE.match(cell.get("locator") or "")
        if place is None:
            return {}
        found.setdefault(cell["column"], place[1])
    return found


def _numbers(cells: Sequence[Json]) -> dict[int, str]:
    return {cell["row"]: place[2] for cell in cells if (place := _PLACE.match(cell["locator"]))}
