"""Entries that stand line by line in one row of a PDF table: names in one cell, their values beside them.

A row is taken for such a list only when each line of a column is a whole value (0.30g, ○, 配合不可) and each
value stands beside the first line of a name, its last one or the middle of its lines.
Lines that stand further left than the names below them, without a value, are the heading of these names.
Where any of this is in doubt the row stays whole: a torn text is worse than one that is hard to read.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from ingestion.page_geometry import Rectangle
from ingestion.readers.pdf_lines import Line, begins_an_item
from ingestion.readers.pdf_tables import SMALLEST_CELL, GridBox
from ingestion.readers.pdf_values import are_values, is_note, is_value_line

SAME_HEIGHT = 0.6
"""Of the size of the letters: how far lines of one row may lie apart."""
ONE_TEXT = 1.8
"""Of the size of the letters: how far apart the lines of one name lie at most."""
_CENTRED = 0.35
"""Of the size of the letters: how far a value may stand from the middle of its name."""
_INDENT = 0.5
"""Of the size of the letters: names that begin so far from each other do not belong to one list."""
_ROOM = 1.0
"""Of the size of the letters: a line with less room behind it may run on in the next one."""
_SURE = 4
"""So many names in a row, each beside a value, are no wrapped text."""

_OPENS = "(（[［〔【"
_RUNS_ON = re.compile(r"(?:[、,・:：(（〔［／/‐ー〜～~-]|及び|又は|並びに|もしくは|[のをにとはが])$")
_GOES_ON = re.compile(
    r"^[、。,.)）〕］ーぁぃぅぇぉっゃゅょァィゥェォッャュョ々]|^(?:及び|又は|以上|以下|未満)"
)


@dataclass(frozen=True, slots=True)
class PrintedLine:
    """One printed line of a cell, which may be drawn in pieces."""

    middle: float
    size: float
    text: str
    x0: float
    x1: float


@dataclass(slots=True)
class _Entry:
    """The lines of one name, and those of the heading above it."""

    lines: list[PrintedLine]
    heading: list[PrintedLine] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a cell: `box` is where it is shown, `place` where it belongs in the grid."""

    place: Rectangle
    box: Rectangle


def printed_lines(lines: Sequence[Line]) -> list[PrintedLine]:
    """The printed lines of a cell from top to bottom."""
    rows: list[PrintedLine] = []
    for line in sorted(lines, key=lambda line: line.box[1] + line.box[3]):
        middle, size = (line.box[1] + line.box[3]) / 2, max(line.size, 1.0)
        x0, _, x1, _ = line.box
        last = rows[-1] if rows else None
        if last and middle - last.middle < SAME_HEIGHT * min(size, last.size):
            text = f"{last.text} {line.text}"
            rows[-1] = PrintedLine(last.middle, last.size, text, min(x0, last.x0), max(x1, last.x1))
        else:
            rows.append(PrintedLine(middle, size, line.text, x0, x1))
    return rows


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
    if named is None or (names := _entries(named, rows[named.number], heights)) is None:
        return None
    split: dict[int, list[_Entry]] = {named.number: names}
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


def _is_full(cell: GridBox, line: PrintedLine) -> bool:
    """Whether a line takes the whole width of its cell, so that it may run on."""
    room = _ROOM * line.size
    return cell.box[2] - line.x1 < room and line.x0 - cell.box[0] < 3 * room


def _heights(stacks: Sequence[Sequence[PrintedLine]]) -> list[PrintedLine]:
    """One line for each height at which values stand."""
    found: list[PrintedLine] = []
    for line in sorted((line for lines in stacks for line in lines), key=lambda line: line.middle):
        if not found or line.middle - found[-1].middle >= SAME_HEIGHT * min(line.size, found[-1].size):
            found.append(line)
    return found


def _nearest(line: PrintedLine, heights: Sequence[PrintedLine]) -> int | None:
    """Which of the `heights` a line stands at."""
    near = min(range(len(heights)), key=lambda place: abs(heights[place].middle - line.middle))
    size = min(line.size, heights[near].size)
    return near if abs(heights[near].middle - line.middle) < SAME_HEIGHT * size else None


def _entries(
    cell: GridBox, lines: Sequence[PrintedLine], heights: Sequence[PrintedLine]
) -> list[_Entry] | None:
    """The names in a cell, one for each of the heights; None when they are not sure to be that."""
    ways = (
        _from_first_lines(cell, lines, heights),
        _around_middles(lines, heights),
        _to_last_lines(lines, heights),
    )
    return next(
        (found for found in ways if found and _in_one_column(found) and _are_listed(cell, found)), None
    )


def _from_first_lines(
    cell: GridBox, lines: Sequence[PrintedLine], heights: Sequence[PrintedLine]
) -> list[_Entry] | None:
    """Names whose values stand beside their first line."""
    found: list[_Entry] = []
    heading: list[PrintedLine] = []
    for line in lines:
        place = _nearest(line, heights)
        if place is not None:
            if place != len(found):
                return None
            found.append(_Entry([line], heading))
            heading = []
        elif found and not heading and _goes_on(cell, found[-1], line):
            found[-1].lines.append(line)
        else:
            heading.append(line)
    return found if not heading and len(found) == len(heights) else None


def _goes_on(cell: GridBox, entry: _Entry, line: PrintedLine) -> bool:
    above = entry.lines[-1]
    indented = line.x0 > entry.lines[0].x0 - _INDENT * line.size
    close = line.middle - above.middle < ONE_TEXT * line.size
    return indented and close and (_is_full(cell, above) or line.text.lstrip()[:1] in _OPENS)


def _around_middles(lines: Sequence[PrintedLine], heights: Sequence[PrintedLine]) -> list[_Entry] | None:
    """Names whose values stand beside the middle of all their lines."""
    found: list[_Entry] = []
    first = 0
    for height in heights:
        for last in range(first, len(lines)):
            middle = (lines[first].middle + lines[last].middle) / 2
            if abs(middle - height.middle) < _CENTRED * height.size:
                found.append(_Entry(list(lines[first : last + 1])))
                first = last + 1
                break
        else:
            return None
    if first < len(lines) or any(not _below(entry) for entry in found):
        return None
    return found


def _to_last_lines(lines: Sequence[PrintedLine], heights: Sequence[PrintedLine]) -> list[_Entry] | None:
    """Items of a list whose values stand beside their last line."""
    found: list[_Entry] = []
    own: list[PrintedLine] = []
    for line in lines:
        if begins_an_item(line.text) == bool(own):
            return None
        own.append(line)
        place = _nearest(line, heights)
        if place is not None:
            if place != len(found):
                return None
            found.append(_Entry(own))
            own = []
    return found if not own and len(found) == len(heights) else None


def _below(entry: _Entry) -> bool:
    """Whether the lines of a name stand close below each other."""
    first = entry.lines[0]
    return all(line.x0 > first.x0 - _INDENT * line.size for line in entry.lines) and all(
        below.middle - above.middle < ONE_TEXT * below.size for above, below in pairwise(entry.lines)
    )


def _in_one_column(entries: Sequence[_Entry]) -> bool:
    """Whether names begin at one place, and headings further left."""
    starts = [entry.lines[0].x0 for entry in entries]
    indent = _INDENT * entries[0].lines[0].size
    return max(starts) - min(starts) < indent and all(
        line.x0 < min(starts) - indent for entry in entries for line in entry.heading
    )


def _are_listed(cell: GridBox, entries: Sequence[_Entry]) -> bool:
    """Whether the entries are several names and not the lines of one."""
    if all(begins_an_item(entry.lines[0].text) for entry in entries):
        return True
    ends = [(above.lines[-1], below) for above, below in pairwise(entries)]
    if all(
        not below.heading and below.lines[0].middle - above.middle > ONE_TEXT * above.size
        for above, below in ends
    ):
        return True
    if not entries[0].heading and len(entries) < _SURE:
        return False
    return not any(
        _is_full(cell, above)
        or _RUNS_ON.search(above.text.rstrip())
        or _GOES_ON.match(below.lines[0].text.lstrip())
        for above, below in ends
        if not below.heading
    )


def _other(
    cell: GridBox, lines: Sequence[PrintedLine], heights: Sequence[PrintedLine], *, before: bool
) -> list[_Entry] | None:
    """The parts of a cell beside the list; empty when it stays whole, None when it cannot be told.

    What stands `before` the names may group or number all of them.
    """
    if not before and any(is_value_line(line.text) for line in lines):
        if len(lines) > 1 or abs(2 * lines[0].middle - cell.box[1] - cell.box[3]) >= lines[0].size:
            return _values_beside(lines, heights)
        # One value in the middle of the row may be that of the entry there, or of all.
        return [] if _nearest(lines[0], heights) is None else None
    found = _entries(cell, lines, heights)
    return found if found and not any(entry.heading for entry in found) else []


def _values_beside(lines: Sequence[PrintedLine], heights: Sequence[PrintedLine]) -> list[_Entry] | None:
    """The values of a cell by height, each with its note; some may be missing. None where one fits none."""
    found: list[_Entry] = [_Entry([]) for _ in heights]
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
        place = _nearest(replace(group[0], middle=middle), heights)
        if place is None or found[place].lines:
            return None
        found[place].lines += group
    return found


def _cuts(split: Collection[Sequence[_Entry]], inner: Sequence[float]) -> list[float]:
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
    split: Mapping[int, Sequence[_Entry]],
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
    entries: Sequence[_Entry], xs: tuple[float, float, float], ys: Sequence[float]
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
