"""The names in a cell of a PDF table, each beside a value: printed lines become entries of a list.

A value stands beside the first line of its name, its last one, or the middle of its lines. Lines that stand
further left than the names below them, without a value, are the heading of these names.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from ingestion.readers.pdf_lines import Line, begins_an_item
from ingestion.readers.pdf_tables import GridBox

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
class Entry:
    """The lines of one name, and those of the heading above it."""

    lines: list[PrintedLine]
    heading: list[PrintedLine] = field(default_factory=list)


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


def nearest(line: PrintedLine, heights: Sequence[PrintedLine]) -> int | None:
    """Which of the `heights` a line stands at."""
    near = min(range(len(heights)), key=lambda place: abs(heights[place].middle - line.middle))
    size = min(line.size, heights[near].size)
    return near if abs(heights[near].middle - line.middle) < SAME_HEIGHT * size else None


def names_in(
    cell: GridBox, lines: Sequence[PrintedLine], heights: Sequence[PrintedLine]
) -> list[Entry] | None:
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
) -> list[Entry] | None:
    """Names whose values stand beside their first line."""
    found: list[Entry] = []
    heading: list[PrintedLine] = []
    for line in lines:
        place = nearest(line, heights)
        if place is not None:
            if place != len(found):
                return None
            found.append(Entry([line], heading))
            heading = []
        elif found and not heading and _goes_on(cell, found[-1], line):
            found[-1].lines.append(line)
        else:
            heading.append(line)
    return found if not heading and len(found) == len(heights) else None


def _goes_on(cell: GridBox, entry: Entry, line: PrintedLine) -> bool:
    above = entry.lines[-1]
    indented = line.x0 > entry.lines[0].x0 - _INDENT * line.size
    close = line.middle - above.middle < ONE_TEXT * line.size
    return indented and close and (_is_full(cell, above) or line.text.lstrip()[:1] in _OPENS)


def _is_full(cell: GridBox, line: PrintedLine) -> bool:
    """Whether a line takes the whole width of its cell, so that it may run on."""
    room = _ROOM * line.size
    return cell.box[2] - line.x1 < room and line.x0 - cell.box[0] < 3 * room


def _around_middles(lines: Sequence[PrintedLine], heights: Sequence[PrintedLine]) -> list[Entry] | None:
    """Names whose values stand beside the middle of all their lines."""
    found: list[Entry] = []
    first = 0
    for height in heights:
        for last in range(first, len(lines)):
            middle = (lines[first].middle + lines[last].middle) / 2
            if abs(middle - height.middle) < _CENTRED * height.size:
                found.append(Entry(list(lines[first : last + 1])))
                first = last + 1
                break
        else:
            return None
    if first < len(lines) or any(not _below(entry) for entry in found):
        return None
    return found


def _below(entry: Entry) -> bool:
    """Whether the lines of a name stand close below each other."""
    first = entry.lines[0]
    return all(line.x0 > first.x0 - _INDENT * line.size for line in entry.lines) and all(
        below.middle - above.middle < ONE_TEXT * below.size for above, below in pairwise(entry.lines)
    )


def _to_last_lines(lines: Sequence[PrintedLine], heights: Sequence[PrintedLine]) -> list[Entry] | None:
    """Items of a list whose values stand beside their last line."""
    found: list[Entry] = []
    own: list[PrintedLine] = []
    for line in lines:
        if begins_an_item(line.text) == bool(own):
            return None
        own.append(line)
        place = nearest(line, heights)
        if place is not None:
            if place != len(found):
                return None
            found.append(Entry(own))
            own = []
    return found if not own and len(found) == len(heights) else None


def _in_one_column(entries: Sequence[Entry]) -> bool:
    """Whether names begin at one place, and headings further left."""
    starts = [entry.lines[0].x0 for entry in entries]
    indent = _INDENT * entries[0].lines[0].size
    return max(starts) - min(starts) < indent and all(
        line.x0 < min(starts) - indent for entry in entries for line in entry.heading
    )


def _are_listed(cell: GridBox, entries: Sequence[Entry]) -> bool:
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
