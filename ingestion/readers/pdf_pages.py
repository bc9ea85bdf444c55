"""The lines and tables of a PDF page become its text, in reading order, with a map to pdfium's characters."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from ingestion.documents import NO_ORIGIN, Offsets, Table, TableCell
from ingestion.normalizing import normalize
from ingestion.readers.building import CELL_SEPARATOR
from ingestion.readers.pdf_layout import Layout, flow_boxes, rejoined
from ingestion.readers.pdf_lines import Line, is_tight, joined, parts_a_word, without_spacing
from ingestion.readers.pdf_order import reading_order
from ingestion.readers.pdf_tables import Grid

_CELL_EDGE = 1.6
"""A line of a cell is full when the next character, this many em wide, would not fit."""
_CAPTION = re.compile(r"^\s*(?:図表|別表|第?表|付表|資料|table|tab\.)\s*[0-9０-９第－\-.―]*", re.IGNORECASE)
_LONGEST_CAPTION = 60


@dataclass(frozen=True, slots=True)
class PageText:
    """A page's normalised text with its map to the page's characters, its lines, and its tables."""

    text: str
    origins: Offsets
    lines: tuple[Line, ...] = ()
    tables: tuple[Table, ...] = ()


EMPTY_PAGE = PageText("", np.zeros(0, dtype=np.int32))


@dataclass(slots=True)
class _Raw:
    """A page's text as it is put together, before it is normalised."""

    parts: list[str] = field(default_factory=list)
    maps: list[Offsets] = field(default_factory=list)
    length: int = 0

    def add(self, text: str, places: Offsets | None = None) -> tuple[int, int]:
        """Append `text`; without `places` it has no origin. Where it lies."""
        start = self.length
        self.parts.append(text)
        self.maps.append(places if places is not None else np.full(len(text), NO_ORIGIN, dtype=np.int32))
        self.length += len(text)
        return start, self.length


@dataclass(frozen=True, slots=True)
class _RawTable:
    start: int
    end: int
    cells: tuple[TableCell, ...]


def compose(layout: Layout, grids: Sequence[Grid] = (), left_out: frozenset[int] = frozenset()) -> PageText:
    """The text of a page; lines whose index is in `left_out` are no part of it."""
    table_of = {cell.number: index for index, grid in enumerate(grids) for cell in grid.cells}
    body: list[Line] = []
    in_tables: dict[int, list[Line]] = defaultdict(list)
    for index, line in enumerate(layout.lines):
        if index in left_out:
            continue
        if line.cell in table_of:
            in_tables[table_of[line.cell]].append(line)
        else:
            body.append(line)
    items: list[Line | int] = sorted(
        [*body, *in_tables],
        key=lambda item: item.order if isinstance(item, Line) else in_tables[item][0].order,
    )
    raw = _Raw()
    lines: list[Line] = []
    tables: list[_RawTable] = []
    for part in _in_order(items, layout, grids):
        if isinstance(part, int):
            tables.append(_add_table(raw, grids[part], in_tables[part]))
        else:
            lines += part
            raw.add(*joined(part))
    return _normalised(raw, lines, tables)


def _in_order(
    items: Sequence[Line | int], layout: Layout, grids: Sequence[Grid]
) -> Iterator[list[Line] | int]:
    """Runs of lines, and tables between them, in reading order."""
    if not items:
        return
    boxes = np.array(
        [item.box if isinstance(item, Line) else grids[item].box for item in items], dtype=np.float32
    )
    # A table as a whole is as large as a line here: only where it stands counts.
    sizes = np.array([item.size if isinstance(item, Line) else 10.0 for item in items], dtype=np.float32)
    run: list[Line] = []
    for index in reading_order(flow_boxes(boxes, layout.vertical, layout.width), sizes):
        item = items[index]
        if isinstance(item, Line):
            run.append(item)
            continue
        if run:
            yield rejoined(run)
            run = []
        yield item
    if run:
        yield rejoined(run)


def _add_table(raw: _Raw, grid: Grid, lines: Sequence[Line]) -> _RawTable:
    """A line of text for each row, with its cells from left to right."""
    of_cell: dict[int, list[Line]] = defaultdict(list)
    for line in lines:
        of_cell[line.cell].append(line)
    start = raw.length
    cells: list[TableCell] = []
    last_row = -1
    for cell in sorted(grid.cells, key=lambda cell: (cell.row, cell.column)):
        if cell.number not in of_cell:
            continue
        if last_row >= 0:
            raw.add("\n" if cell.row != last_row else CELL_SEPARATOR)
        last_row = cell.row
        begin, end = raw.add(*_cell_text(of_cell[cell.number], cell.box[2] - cell.box[0]))
        cells.append(TableCell(cell.row, cell.column, begin, end, cell.row_span, cell.column_span))
    end = raw.length
    raw.add("\n")
    return _RawTable(start, end, tuple(cells))


def _cell_text(lines: Sequence[Line], width: float) -> tuple[str, Offsets]:
    """The lines of a cell on one line; a word that only the narrow cell broke is whole again."""
    if len(lines) == 1:
        return _stripped(lines[0])
    boxes = np.array([line.box for line in lines], dtype=np.float32)
    upright = all(line.vertical for line in lines)
    flow = flow_boxes(boxes, upright, float(boxes[:, 2].max()))
    order = np.lexsort((flow[:, 0], np.round(flow[:, 1] / 3)))
    ordered = rejoined([lines[index] for index in order.tolist()])
    widths = [line.box[2] - line.box[0] for line in ordered]
    widest, em = max(widths), ordered[0].size
    # Lines as wide as the cell, or all alike but the last, end where the cell does and not the word.
    filled = width - widest < 3 * em + 4 or (len(widths) > 2 and widest - min(widths[:-1]) < em)
    texts: list[str] = []
    maps: list[Offsets] = []
    for index, line in enumerate(ordered):
        text, places = _stripped(line)
        following = ordered[index + 1].text.strip() if index + 1 < len(ordered) else ""
        parted = parts_a_word(text, following)
        texts.append(text[:-1] if parted else text)
        maps.append(places[:-1] if parted else places)
        if following:
            whole = line.vertical or (filled and widest - widths[index] < _CELL_EDGE * line.end_size)
            between = "" if parted or (whole and is_tight(text, following)) else " "
            texts.append(between)
            maps.append(np.full(len(between), NO_ORIGIN, dtype=np.int32))
    return "".join(texts), np.concatenate(maps)


def _stripped(line: Line) -> tuple[str, Offsets]:
    text, places = without_spacing(line)
    start = len(text) - len(text.lstrip())
    end = len(text.rstrip())
    return text[start:end], places[start:end]


def _normalised(raw: _Raw, lines: Iterable[Line], tables: Iterable[_RawTable]) -> PageText:
    normal = normalize("".join(raw.parts))
    places = np.concatenate(raw.maps) if raw.maps else np.zeros(0, dtype=np.int32)

    found = []
    for table in tables:
        offsets = [table.start, table.end, *(side for cell in table.cells for side in (cell.start, cell.end))]
        start, end, *moved = np.searchsorted(normal.origins, offsets).tolist()
        cells = tuple(
            replace(cell, start=first, end=last)
            for cell, first, last in zip(table.cells, moved[::2], moved[1::2], strict=True)
            if first < last
        )
        found.append(Table(start, end, cells, _caption(normal.text, start)))
    return PageText(normal.text, places[normal.origins], tuple(lines), tuple(found))


def _caption(text: str, start: int) -> str | None:
    """The line above a table when it says that it is its title."""
    line = text[:start].rstrip("\n").rpartition("\n")[2].strip()
    return line if 0 < len(line) <= _LONGEST_CAPTION and _CAPTION.match(line) else None
