"""Lines read from a picture become the text of a page: reading order, paragraphs, and where each line lies.

Everything is computed on the lines as they would stand on a straight page; vertical writing is turned so that
its columns, from right to left, become lines from top to bottom.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

import numpy as np

from ingestion.documents import Offsets, RecognisedLine
from ingestion.normalizing import normalize
from ingestion.ocr import LEAST_CONFIDENCE, PictureLine
from ingestion.page_geometry import Rectangle
from ingestion.readers.pdf_lines import Line, joined

LOW_CONFIDENCE = 0.85
"""Pages below are named in a warning."""

_MANY_LEFT_OUT = 10
"""Characters in lines that were left out, from which on a page is named however well the rest reads."""

_LEAST_SIDE = 3
"""Lines on each side of a gap before it counts as the space between two columns of text."""


@dataclass(frozen=True, slots=True)
class RecognisedPage:
    """`text` is normalised; the offsets of `lines` count in it, and their boxes are in points as shown.

    `left_out` are lines that were read too badly to be text.
    """

    text: str
    lines: tuple[RecognisedLine, ...]
    left_out: tuple[PictureLine, ...] = ()

    @property
    def characters_left_out(self) -> int:
        """How many characters the lines that were left out seemed to have."""
        return sum(len(line.text) for line in self.left_out)

    @property
    def confidence(self) -> float:
        """The mean over all characters, also those that were left out, in [0, 1]; 1 for an empty page."""
        kept = sum(line.end - line.start for line in self.lines)
        missing = self.characters_left_out
        if not missing:
            return mean_confidence(self.lines)
        bad = sum(line.confidence * len(line.text) for line in self.left_out)
        return (mean_confidence(self.lines) * kept + bad) / (kept + missing)


def mean_confidence(lines: Sequence[RecognisedLine]) -> float:
    """The mean confidence of the lines by their characters, in [0, 1]; 1 when there are none."""
    count = sum(line.end - line.start for line in lines)
    return sum(line.confidence * (line.end - line.start) for line in lines) / count if count else 1.0


def shifted(lines: Iterable[RecognisedLine], offset: int) -> list[RecognisedLine]:
    """The lines of a page as lines of the document in which the page begins at `offset`."""
    return [replace(line, start=line.start + offset, end=line.end + offset) for line in lines]


def low_confidence_warning(pages: Mapping[int, RecognisedPage]) -> str | None:
    """What people are told about pages (by number) that were read badly; None when none was."""
    low = [
        f"{number} ({page.confidence:.0%}{_left_out(page)})"
        for number, page in sorted(pages.items())
        if page.confidence < LOW_CONFIDENCE or page.characters_left_out >= _MANY_LEFT_OUT
    ]
    if not low:
        return None
    named = f"page{'s' if len(low) > 1 else ''} {', '.join(low)}"
    return f"{named}: read from the picture with low confidence. Compare the text with the picture"


def _left_out(page: RecognisedPage) -> str:
    count = len(page.left_out)
    if not count:
        return ""
    lines = f"{count} line{'s' if count > 1 else ''}"
    return f", {lines} of about {page.characters_left_out} characters left out as unreadable"


@dataclass(frozen=True, slots=True)
class _Placed:
    """A line and its box on the straightened (and, for vertical writing, turned) page, in pixels."""

    line: PictureLine
    box: Rectangle

    @property
    def height(self) -> float:
        return self.box[3] - self.box[1]


def page_of_lines(lines: Sequence[PictureLine], number: int, scale: float) -> RecognisedPage:
    """The page `number` (1-based) that a picture with `scale` pixels a point shows.

    Lines below LEAST_CONFIDENCE are left out of its text.
    """
    left_out = tuple(line for line in lines if line.confidence < LEAST_CONFIDENCE)
    lines = [line for line in lines if line.confidence >= LEAST_CONFIDENCE]
    rows = [row for column in _columns(_straightened(lines)) for row in _rows(column)]
    printed, places = _printed(rows)
    text, origins = _paragraphs(rows, printed)
    normal = normalize(text)
    kept = normal.text.strip()
    offset = len(normal.text) - len(normal.text.lstrip())
    back = origins[normal.origins][offset : offset + len(kept)]
    found: list[RecognisedLine] = []
    for start, end, line in places:
        inside = np.flatnonzero((back >= start) & (back < end))
        if len(inside):
            first, last = int(inside[0]), int(inside[-1]) + 1
            found.append(_recognised(line, first, last, number, scale))
    return RecognisedPage(
        kept + "\n" if kept else "", tuple(sorted(found, key=lambda each: each.start)), left_out
    )


def _paragraphs(rows: Sequence[Sequence[_Placed]], printed: Sequence[Line]) -> tuple[str, Offsets]:
    """The text with sentences joined over the ends of their lines, but never over those of a row of cells."""
    runs: list[list[Line]] = [[]]
    for row, line in zip(rows, printed, strict=True):
        if _has_cells(row):
            runs += [[line], []]
        else:
            runs[-1].append(line)
    parts = [joined(run) for run in runs if run]
    if not parts:
        return "", np.zeros(0, dtype=np.int32)
    return "".join(text for text, _ in parts), np.concatenate([origins for _, origins in parts])


def _has_cells(row: Sequence[_Placed]) -> bool:
    return any(after.box[0] - before.box[2] > 1.5 * before.height for before, after in pairwise(row))


def _recognised(line: PictureLine, start: int, end: int, number: int, scale: float) -> RecognisedLine:
    xs = [x / scale for x, _ in line.corners]
    ys = [y / scale for _, y in line.corners]
    x0, y0, x1, y1 = (round(value, 2) for value in (min(xs), min(ys), max(xs), max(ys)))
    return RecognisedLine(start, end, number, x0, y0, x1, y1, round(line.confidence, 4), line.vertical)


def _printed(
    rows: Sequence[Sequence[_Placed]],
) -> tuple[list[Line], list[tuple[int, int, PictureLine]]]:
    """The printed lines, and the part of the raw text of the page that each recognised line is."""
    raw = ""
    printed: list[Line] = []
    places: list[tuple[int, int, PictureLine]] = []
    for row in rows:
        begin = len(raw)
        for placed in row:
            raw += " " if len(raw) > begin else ""
            places.append((len(raw), len(raw) + len(placed.line.text), placed.line))
            raw += placed.line.text
        first, last = row[0], row[-1]
        printed.append(
            Line(
                begin, len(raw), raw[begin:], first.box[0], first.box[1], last.box[2],
                first.height, last.box[1], last.height,
            )
        )  # fmt: skip
        raw += "\n"
    return printed, places


def _straightened(lines: Sequence[PictureLine]) -> list[_Placed]:
    angle = _skew(lines)
    vertical = sum(len(line.text) for line in lines if line.vertical) * 2 > sum(
        len(line.text) for line in lines
    )
    placed = []
    for line in lines:
        points = [_turned(point, -angle) for point in line.corners]
        if vertical:
            points = [(y, -x) for x, y in points]
        xs, ys = [x for x, _ in points], [y for _, y in points]
        placed.append(_Placed(line, (min(xs), min(ys), max(xs), max(ys))))
    return placed


def _skew(lines: Sequence[PictureLine]) -> float:
    """The angle, in radians, by which the lines fall to the right; long lines decide."""
    angles: list[tuple[float, float]] = []
    for line in lines:
        (x0, y0), (x1, y1), _, (x3, y3) = line.corners
        if line.vertical:
            angles.append((math.atan2(x0 - x3, y3 - y0), math.hypot(x3 - x0, y3 - y0)))
        else:
            angles.append((math.atan2(y1 - y0, x1 - x0), math.hypot(x1 - x0, y1 - y0)))
    if not angles:
        return 0.0
    longest = max(length for _, length in angles)
    return median(angle for angle, length in angles if length >= 0.5 * longest)


def _turned(point: tuple[float, float], angle: float) -> tuple[float, float]:
    cosine, sine = math.cos(angle), math.sin(angle)
    return point[0] * cosine - point[1] * sine, point[0] * sine + point[1] * cosine


def _columns(lines: Sequence[_Placed]) -> list[list[_Placed]]:
    """The lines column by column, in reading order; a line across all columns ends them, and others begin."""
    gap = _gutter(lines)
    if gap is None:
        return [list(lines)] if lines else []
    parts: list[list[_Placed]] = []
    left: list[_Placed] = []
    right: list[_Placed] = []
    for placed in sorted(lines, key=lambda each: each.box[1]):
        if placed.box[2] <= gap:
            left.append(placed)
        elif placed.box[0] >= gap:
            right.append(placed)
        else:
            parts += [*_columns(left), *_columns(right), [placed]]
            left, right = [], []
    return [*parts, *_columns(left), *_columns(right)]


def _gutter(lines: Sequence[_Placed]) -> float | None:
    """Where the space between two columns of running text lies, or None.

    Columns of a table have short cells: they are read row by row, so a side must hold long lines.
    """
    if len(lines) < 2 * _LEAST_SIDE:
        return None
    size = median(placed.height for placed in lines)
    best, best_crossing = None, 0.4 * sum(placed.box[2] - placed.box[0] for placed in lines)
    for candidate in sorted({placed.box[0] - 0.1 * size for placed in lines}):
        left = [placed for placed in lines if placed.box[2] <= candidate]
        right = [placed for placed in lines if placed.box[0] >= candidate]
        if not (_is_text_column(left, size) and _is_text_column(right, size)):
            continue
        crossing = sum(p.box[2] - p.box[0] for p in lines if p.box[0] < candidate < p.box[2])
        if crossing < best_crossing and _beside(left, right):
            best, best_crossing = candidate, crossing
    return best


def _is_text_column(lines: Sequence[_Placed], size: float) -> bool:
    return len(lines) >= _LEAST_SIDE and median(p.box[2] - p.box[0] for p in lines) >= 8 * size


def _beside(left: Sequence[_Placed], right: Sequence[_Placed]) -> bool:
    """Whether the two stand at the same height, at least for the larger part of the shorter one."""
    low, high = (
        max(min(p.box[1] for p in side) for side in (left, right)),
        min(max(p.box[3] for p in side) for side in (left, right)),
    )
    shorter = min(max(p.box[3] for p in side) - min(p.box[1] for p in side) for side in (left, right))
    return high - low > 0.5 * shorter


def _rows(lines: Sequence[_Placed]) -> list[list[_Placed]]:
    """Lines of one column from top to bottom; what stands side by side is one row, from left to right."""
    rows: list[list[_Placed]] = []
    for placed in sorted(lines, key=lambda each: (each.box[1] + each.box[3]) / 2):
        if rows and _same_row(rows[-1], placed):
            rows[-1].append(placed)
        else:
            rows.append([placed])
    return [sorted(row, key=lambda each: each.box[0]) for row in rows]


def _same_row(row: Sequence[_Placed], placed: _Placed) -> bool:
    top, bottom = row[0].box[1], row[0].box[3]
    shared = min(bottom, placed.box[3]) - max(top, placed.box[1])
    return shared > 0.5 * min(bottom - top, placed.height)
