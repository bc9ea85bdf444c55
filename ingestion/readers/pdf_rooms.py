"""The boxes that straight lines enclose on a page, table by table.

The lines cut the page into a grid; squares of the grid with no line between them are one room, which makes
merged cells what they look like, and squares that are open to the outside are none.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from ingestion.page_geometry import Rectangle
from ingestion.readers.pdf_rules import Places

_TOLERANCE = 3.0
"""Points between lines that are meant as one."""
_MOST_SQUARES = 40_000
_MOST_UNEVEN = 400
"""Squares of a room that is no rectangle; larger ones are what stands around tables."""
_EVEN = 0.7
"""Share of such a room that one rectangle must fill to be its cell."""
_ROUNDING = 1e-6

Floats = npt.NDArray[np.float64]
Walls = npt.NDArray[np.bool_]
Square = tuple[int, int]
Room = tuple[int, int, int, int]
"""First row and column, and the row and column behind the last."""


def tables_of_boxes(lines: Places) -> list[list[Rectangle]]:
    """The cells that `lines` enclose, table by table from top to bottom; lines are thin rectangles."""
    is_level = lines[:, 1] == lines[:, 3]
    level, upright = lines[is_level], lines[~is_level & (lines[:, 0] == lines[:, 2])]
    if len(level) < 2 or len(upright) < 2:
        return []
    ys, xs = _snapped(level[:, 1].tolist()), _snapped(upright[:, 0].tolist())
    if len(xs) < 2 or len(ys) < 2 or len(xs) * len(ys) > _MOST_SQUARES:
        return []
    over = _walls(level[:, [1, 0, 2]], ys, xs)
    beside = _walls(upright[:, [0, 1, 3]], xs, ys).T
    rooms = _rooms(over, beside, xs, ys)
    tables = [
        sorted((xs[c0], ys[r0], xs[c1], ys[r1]) for r0, c0, r1, c1 in group) for group in _touching(rooms)
    ]
    return sorted(tables, key=lambda boxes: min((box[1], box[0]) for box in boxes))


def _snapped(values: Sequence[float]) -> list[float]:
    """Positions of lines, those within the tolerance of their neighbour as their mean."""
    groups: list[list[float]] = []
    for value in sorted(values):
        if groups and value - groups[-1][-1] <= _TOLERANCE:
            groups[-1].append(value)
        else:
            groups.append([value])
    return [sum(group) / len(group) for group in groups]


def _walls(lines: Floats, at: Sequence[float], along: Sequence[float]) -> Walls:
    """`result[i, j]`: whether `lines` (position, start, end) at `at[i]` reach from `along[j]` to the next."""
    pieces: dict[int, list[tuple[float, float]]] = {}
    for place, start, end in zip(_nearest(lines[:, 0], at), *lines[:, 1:].T.tolist(), strict=True):
        pieces.setdefault(place, []).append((start, end))
    walls = np.zeros((len(at), len(along) - 1), dtype=np.bool_)
    for index, parts in pieces.items():
        for start, end in _joined(parts):
            # Those stops that lie between both ends.
            first, last = bisect_left(along, start - _TOLERANCE), bisect_right(along, end + _TOLERANCE)
            walls[index, first : max(first, last - 1)] = True
    return walls


def _nearest(positions: Floats, at: Sequence[float]) -> list[int]:
    """For each position the index of the nearest of `at`, which rises; the lower one of two."""
    places = np.array(at)
    after = np.searchsorted(places, positions).clip(1, len(places) - 1)
    lower = positions - places[after - 1] <= places[after] - positions
    nearest: list[int] = (after - lower).tolist()
    return nearest


def _joined(parts: list[tuple[float, float]]) -> list[tuple[float, float]]:
    joined: list[tuple[float, float]] = []
    for start, end in sorted(parts):
        if joined and start <= joined[-1][1] + _TOLERANCE:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


def _rooms(over: Walls, beside: Walls, xs: Sequence[float], ys: Sequence[float]) -> list[Room]:
    """Enclosed rectangles of squares; of a room with a corner cut out, the rectangle that fills most of it.

    `over[i, j]` is a wall above square (i, j), `beside[i, j]` one to its left; both have one more at the end.
    """
    label = _labels(over, beside)
    count = int(label.max()) + 1
    sizes = np.bincount(label.ravel(), minlength=count)
    is_open = np.zeros(count, dtype=np.bool_)
    for edge, wall in (
        (label[0], over[0]), (label[-1], over[-1]),
        (label[:, 0], beside[:, 0]), (label[:, -1], beside[:, -1]),
    ):  # fmt: skip
        is_open[edge[~wall]] = True
    row, column = np.divmod(np.argsort(label, axis=None, kind="stable"), label.shape[1])
    firsts = np.cumsum(sizes) - sizes
    r0, c0 = np.minimum.reduceat(row, firsts), np.minimum.reduceat(column, firsts)
    r1, c1 = np.maximum.reduceat(row, firsts) + 1, np.maximum.reduceat(column, firsts) + 1
    even = ~is_open & (sizes == (r1 - r0) * (c1 - c0))
    rooms: list[Room] = list(zip(*(part[even].tolist() for part in (r0, c0, r1, c1)), strict=True))
    for found in np.flatnonzero(~is_open & ~even & (sizes <= _MOST_UNEVEN)).tolist():
        part = slice(firsts[found], firsts[found] + sizes[found])
        room = _most_of(list(zip(row[part].tolist(), column[part].tolist(), strict=True)), xs, ys)
        rooms += [room] if room is not None else []
    return rooms


def _labels(over: Walls, beside: Walls) -> npt.NDArray[np.int_]:
    """A number for each square, from 0 without a gap; squares with no wall between them have the same."""
    # Squares side by side are one run; runs one above the other are joined as sets (union-find).
    runs = np.cumsum(_run_starts(beside)).reshape(beside.shape[0], -1) - 1
    parents = list(range(int(runs[-1, -1]) + 1))
    above, below = runs[:-1][~over[1:-1]], runs[1:][~over[1:-1]]
    new = np.ones(len(above), dtype=np.bool_)
    new[1:] = (np.diff(above) != 0) | (np.diff(below) != 0)
    for first, second in zip(above[new].tolist(), below[new].tolist(), strict=True):
        while parents[first] != first:
            first = parents[first]
        root = second
        while parents[root] != root:
            root = parents[root]
        low, high = min(first, root), max(first, root)
        parents[high] = parents[second] = low
    for run, parent in enumerate(parents):
        parents[run] = parents[parent]
    _, numbers = np.unique(np.array(parents), return_inverse=True)
    labels: npt.NDArray[np.int_] = numbers[runs]
    return labels


def _run_starts(beside: Walls) -> Walls:
    """Whether a row begins with a square, or there is a wall to its left."""
    starts = beside[:, :-1].copy()
    starts[:, 0] = True
    return starts


def _most_of(squares: Sequence[Square], xs: Sequence[float], ys: Sequence[float]) -> Room | None:
    """The largest rectangle in a room that is none itself; None where much of the room lies beside it.

    A cell that runs on in a thin strip below, as in front of the parts of a sum, is such a room.
    """
    rows: dict[int, set[int]] = {}
    for row, column in squares:
        rows.setdefault(row, set()).add(column)
    whole = sum((xs[c + 1] - xs[c]) * (ys[r + 1] - ys[r]) for r, c in squares)
    widths = {column: xs[column + 1] - xs[column] for columns in rows.values() for column in columns}
    end = max(rows) + 1
    best, largest = None, _EVEN * whole
    for first in sorted(rows):
        shared = rows[first]
        for last in range(first, end):
            shared = shared & rows.get(last, set())
            # Farther down the rectangles can only get narrower.
            if sum(widths[column] for column in shared) * (ys[end] - ys[first]) < largest - _ROUNDING:
                break
            for start, stop in _runs(shared):
                area = (xs[stop] - xs[start]) * (ys[last + 1] - ys[first])
                if area >= largest:
                    best, largest = (first, start, last + 1, stop), area
    return best


def _runs(numbers: set[int]) -> Iterator[tuple[int, int]]:
    """First and behind-the-last of the numbers that follow one another."""
    for first in sorted(number for number in numbers if number - 1 not in numbers):
        end = first + 1
        while end in numbers:
            end += 1
        yield first, end


def _touching(rooms: Sequence[Room]) -> Iterator[list[Room]]:
    """Rooms that share a wall or a corner are one table."""
    parents = list(range(len(rooms)))

    def root(index: int) -> int:
        while parents[index] != index:
            parents[index] = parents[parents[index]]
            index = parents[index]
        return index

    at_corner: dict[Square, int] = {}
    for index, room in enumerate(rooms):
        for corner in _rim(room):
            other = at_corner.setdefault(corner, index)
            if other != index:
                parents[root(index)] = root(other)
    groups: dict[int, list[Room]] = {}
    for index, room in enumerate(rooms):
        groups.setdefault(root(index), []).append(room)
    yield from groups.values()


def _rim(room: Room) -> Iterator[Square]:
    """The crossings of lines around a room."""
    r0, c0, r1, c1 = room
    yield from ((row, column) for row in range(r0, r1 + 1) for column in (c0, c1))
    yield from ((row, column) for column in range(c0 + 1, c1) for row in (r0, r1))
