"""Tables of Markdown text (| a | b | over |---|---|), found where they stand: the text is not changed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ingestion.documents import Table, TableCell
from ingestion.table_grid import GridCell
from ingestion.table_headers import with_headers

_RULE = re.compile(r"^ {0,3}\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$")
_CELL = re.compile(r"(?:\\.|`[^`\n]*`|[^|\\\n])+")


def markdown_tables(text: str, blocked: Sequence[tuple[int, int]] = ()) -> tuple[Table, ...]:
    """The tables of `text` outside of `blocked` (code, front matter)."""
    lines = list(_lines(text))
    found: list[Table] = []
    at = 1
    while at < len(lines):
        start, rule = lines[at]
        head = lines[at - 1][1]
        inside = any(first <= start < last for first, last in blocked)
        if inside or "|" not in rule or "|" not in head or not _RULE.match(rule):
            at += 1
            continue
        last = at + 1
        while last < len(lines) and "|" in lines[last][1]:
            last += 1
        if (table := _table([lines[at - 1], *lines[at + 1 : last]], len(found) + 1)) is not None:
            found.append(table)
        at = last + 1
    return tuple(found)


def _lines(text: str) -> Iterator[tuple[int, str]]:
    for match in re.finditer(r"[^\n]*(?:\n|$)", text):
        if match.group():
            yield match.start(), match.group().rstrip("\n")


def _table(lines: Sequence[tuple[int, str]], number: int) -> Table | None:
    spans: dict[str, tuple[int, int]] = {}
    cells: list[GridCell] = []
    for row, (start, line) in enumerate(lines):
        for column, (first, last) in enumerate(_cells(line)):
            place = f"{row},{column}"
            spans[place] = (start + first, start + last)
            cells.append(GridCell(row, column, line[first:last], header=row == 0, locator=place))
    placed = tuple(
        TableCell(
            cell.row, cell.column, *spans[str(cell.locator)], cell.row_span, cell.column_span, cell.header,
            f"table {number} row {cell.row + 1}", cell.guessed,
        )
        for cell in with_headers(cells)
    )  # fmt: skip
    if not placed:
        return None
    return Table(lines[0][0], lines[-1][0] + len(lines[-1][1]), placed)


def _cells(line: str) -> Iterator[tuple[int, int]]:
    """Where the texts between the bars stand, without blanks; a bar at either end bounds nothing."""
    first = len(line) - len(line.lstrip())
    last = len(line.rstrip())
    first += line.startswith("|", first)
    last -= last > first and line[last - 1] == "|" and line[last - 2 : last - 1] != "\\"
    at = first
    while at <= last:
        match = _CELL.match(line, at, last)
        end = match.end() if match else at
        part = line[at:end]
        lead = len(part) - len(part.lstrip())
        yield (at + lead, at + len(part.rstrip())) if part.strip() else (at, at)
        at = end + 1
