"""Entries that stand line by line in one row of a PDF table: names in one cell, their values beside them.

A row is taken for such a list only when each line of a column is a whole value (0.30g, ○, 配合不可) and each
value stands beside a name of its own (pdf_names.py). A heading above names spans them, in a column in front.
Where any of this is in doubt the row stays whole: a torn text is worse than one that is hard to read.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from ingestion.page_geometry import Rectangle
from ingestion.readers.pdf_names import SAME_HEIGHT, Entry, PrintedLine, names_in, nearest
from ingestion.readers.pdf_tables import SMALLEST_CELL, GridBox
from ingestion.readers.pdf_values import are_values, is_note, is_value_line


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a cell: `box` is where it is shown, `place` where it belongs in the grid."""

    place: Rectangle
    box: Rectangle


def entries_of(
    band: Sequence[GridBox],
    rows: Mapping[int, Sequence[PrintedLine]],
    columns: Sequence[float],
    inner: Sequence[float],
) -> list[Piece] | None:
    """The cells of a row of a table as rows of its entries; None when it holds no such list.

    `rows` are the lines of each cell by its number, `columns` the places of all upright lines of the table,
    `inner` the heights at which other columns have lines within this row.
    """
    stacks = [cell for cell in band if are_values([line.text for line in rows[cell.number]])]
    heights = _heights([rows[cell.number] for cell in stacks])
    if len(heights) < 2:
        return None
    named = _named(band, rows, stacks)
    if named is None or (names := names_in(named, rows[named.number], heights)) is None:
        return None
    split: dict[int, list[Entry]] = {named.number: names}
    for cell in band:
        if cell in stacks:
            beside = _values_beside(rows[cell.number], heights)
            if beside is None:
                return None
            split[cell.number] = beside
        elif cell is not named and rows[cell.number]:
            found = _other(cell, rows[cell.number], heights, before=cell.column < named.column)
            if found is None:
                return None
            if found:
                split[cell.number] = found
    cuts = _cuts(split.values(), inner)
    return _pieces(band, split, cuts, columns) if cuts else None


def _named(
    band: Sequence[GridBox], rows: Mapping[int, Sequence[PrintedLine]], stacks: Sequence[GridBox]
) -> GridBox | None:
    """The cell of the names: the nearest one with text to the left of values."""
    texts = [cell for cell in band if rows[cell.number] and cell not in stacks]
    for stack in sorted(stacks, key=lambda cell: cell.column):
        left = [cell for cell in texts if cell.column < stack.column]
        if left:
            return max(left, key=lambda cell: cell.column)
    return None


def _heights(stacks: Sequence[Sequence[PrintedLine]]) -> list[PrintedLine]:
    """One line for each height at which values stand."""
    found: list[PrintedLine] = []
    for line in sorted((line for lines in stacks for line in lines), key=lambda line: line.middle):
        if not found or line.middle - found[-1].middle >= SAME_HEIGHT * min(line.size, found[-1].size):
            found.append(line)
    return found


def _other(
    cell: GridBox, lines: Sequence[PrintedLine], heights: Sequence[PrintedLine], *, before: bool
) -> list[Entry] | None:
    """The parts of a cell beside the list; empty when it stays whole, None when it cannot be told.

    What stands `before` the names may group or number all of them.
    """
    if not before and any(is_value_line(line.text) for line in lines):
        if len(lines) > 1 or abs(2 * lines[0].middle - cell.box[1] - cell.box[3]) >= lines[0].size:
            return _values_beside(lines, heights)
        # One value in the middle of the row may be that of the entry there, or of all.
        return [] if nearest(lines[0], heights) is None else None
    found = names_in(cell, lines, heights)
    return found if found and not any(entry.heading for entry in found) else []


def _values_beside(lines: Sequence[PrintedLine], heights: Sequence[PrintedLine]) -> list[Entry] | None:
    """The values of a cell by height, each with its note; some may be missing. None where one fits none."""
    found: list[Entry] = [Entry([]) for _ in heights]
    groups: list[list[PrintedLine]] = []
    for line in lines:
        if groups and is_note(line.text):
            groups[-1].append(line)
        elif is_value_line(line.text):
            groups.append([line])
        else:
            return None
    for group in groups:
        middle = (group[0].middle + group[-1].middle) / 2
        place = nearest(replace(group[0], middle=middle), heights)
        if place is None or found[place].lines:
            return None
        found[place].lines += group
    return found


def _cuts(split: Collection[Sequence[Entry]], inner: Sequence[float]) -> list[float]:
    """Heights between the entries; empty when they overlap, or other columns have other rows."""
    cuts: list[float] = []
    for place in range(1, len(next(iter(split)))):
        above = max(line.middle for entries in split for line in entries[place - 1].lines)
        below = min(
            line.middle for entries in split for line in (*entries[place].heading, *entries[place].lines)
        )
        if above >= below:
            return []
        fitting = [y for y in inner if above < y < below] if inner else [(above + below) / 2]
        cuts += fitting[:1]
    return cuts if len(cuts) == len(next(iter(split))) - 1 and (not inner or cuts == list(inner)) else []


def _pieces(
    band: Sequence[GridBox],
    split: Mapping[int, Sequence[Entry]],
    cuts: Sequence[float],
    columns: Sequence[float],
) -> list[Piece] | None:
    pieces: list[Piece] = []
    for cell in band:
        x0, top, x1, bottom = cell.box
        ys = [top, *cuts, bottom]
        if cell.number not in split:
            pieces.append(Piece(cell.box, cell.box))
        elif any(entry.heading for entry in split[cell.number]):
            # The heading gets a column of its own in front of the names, which it spans.
            inside = (x0 + min(x for x in columns if x > x0)) / 2
            if inside - x0 < SMALLEST_CELL:
                return None
            pieces += _under_headings(split[cell.number], (x0, inside, x1), ys)
        else:
            pieces += [Piece(box, box) for box in ((x0, y0, x1, y1) for y0, y1 in pairwise(ys))]
    return pieces


def _under_headings(
    entries: Sequence[Entry], xs: tuple[float, float, float], ys: Sequence[float]
) -> Iterator[Piece]:
    x0, inside, x1 = xs
    starts = [place for place, entry in enumerate(entries) if entry.heading]
    left = x0
    for place, entry in enumerate(entries):
        top, bottom = ys[place], ys[place + 1]
        if entry.heading:
            left = inside
            end = next((start for start in starts if start > place), len(entries))
            below = (entry.heading[-1].middle + entry.lines[0].middle) / 2
            yield Piece((x0, top, inside, ys[end]), (x0, top, x1, below))
            top = below
        yield Piece((left, ys[place], x1, bottom), (x0, top, x1, bottom))
