"""Characters of a PDF page become printed lines, horizontal or vertical, without ruby.

pdfium gives characters in the order in which the file draws them, and guesses where lines end. Here a line is
a run of characters that stand side by side (or below each other, in vertical writing): lines that pdfium ran
together over the space between two columns are parted, and what it tore apart is whole again.

Lines are compared in the coordinates of their flow: x runs along a line, y from line to line. For vertical
writing, x is the way down the page and y the way from its right edge.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import compress
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ingestion.documents import NO_ORIGIN, Offsets
from ingestion.readers.pdf_characters import Boxes, Characters
from ingestion.readers.pdf_lines import Line

Mask = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float32]

_WIDEST_GAP = 1.2
"""Between characters of one line, in em; one ideographic space is 1."""
_GAP_OVER_BREAK = 0.6
"""The same where pdfium saw the end of a line."""
_LEAST_VERTICAL = 3
"""Characters below each other before they count as vertical writing on a horizontal page."""
_LINE_END_HYPHENS = {2: "-", 0xFFFE: "-"}
"""What pdfium has in place of a hyphen that parts a word, and of the line end behind it."""
_LONGEST_RUBY = 30
_MOST_UPRIGHT = 4
"""Digits or letters side by side in a vertical line."""
_JUSTIFIED, _WIDENED = 0.45, 0.55
"""In em: spaces that pdfium sees between characters that stand apart, on pages without ruby and with it."""
_AT_ENDS = 5
"""Characters that tell the size of a line's beginning and end: the box of one may be too small (一, 、)."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The lines of a page in the order of the file; `vertical` is how most of its text runs."""

    lines: tuple[Line, ...]
    vertical: bool
    width: float


class _Run(NamedTuple):
    """Visible characters [first, last) in one line; `down` when it is no horizontal one."""

    first: int
    last: int
    down: bool


class _Steps(NamedTuple):
    """For each pair of neighbours: how the second stands to the first.

    `above` is for text on its side that is read upwards. `tight` are letters of one word, `close` lines.
    """

    beside: Mask
    below: Mask
    above: Mask
    tight: Mask
    close: Mask


class _Visible(NamedTuple):
    """What can be seen of a page: pdfium's indices of its characters, and for each of them its place."""

    indices: Offsets
    boxes: Boxes
    em: Floats
    cjk: Mask
    cell: Offsets


def layout_of(page: Characters, cells: Offsets | None = None) -> Layout:
    """The printed lines of `page`; no line holds characters of two `cells` (a number for each character)."""
    page = replace(page, text=page.text.translate(_LINE_END_HYPHENS))
    codes = np.frombuffer(page.text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    seen = _visible(codes, page.boxes, cells)
    if not len(seen.indices):
        return Layout((), False, page.width)
    breaks = np.cumsum((codes == 10) | (codes == 13)).astype(np.int32)
    steps = _steps(seen, breaks)
    vertical = _is_vertical(steps)
    runs = _runs(seen, steps, vertical)
    ruby = _ruby(seen, codes, runs, vertical, page.width)
    if ruby.any():
        seen = _without(seen, ruby)
        runs = _runs(seen, _steps(seen, breaks), vertical)
    kept = _kept_spaces(codes, page.boxes, seen, _WIDENED if ruby.any() else _JUSTIFIED, vertical)
    kept[seen.indices] = True
    return Layout(tuple(_lines(page, seen, runs, breaks, kept)), vertical, page.width)


def flow_boxes(boxes: Boxes, vertical: bool, width: float) -> Boxes:
    """Boxes as shown, in the coordinates of the flow on a page `width` points wide."""
    if not vertical:
        return boxes
    return np.stack([boxes[:, 1], width - boxes[:, 2], boxes[:, 3], width - boxes[:, 0]], axis=1)


def rejoined(lines: Sequence[Line]) -> list[Line]:
    """Neighbours that pdfium had in one line, such as the cells of a row, in one line again."""
    groups: list[list[Line]] = []
    for line in lines:
        last = groups[-1][-1] if groups else None
        if last and line.order == last.order + 1 and line.row == last.row and _side_by_side(last, line):
            groups[-1].append(line)
        else:
            groups.append([line])
    return [_together(group) if len(group) > 1 else group[0] for group in groups]


def _side_by_side(first: Line, second: Line) -> bool:
    if first.vertical or second.vertical:
        return first.vertical == second.vertical
    return min(first.box[3], second.box[3]) > max(first.box[1], second.box[1])


def _together(lines: Sequence[Line]) -> Line:
    first, last = lines[0], lines[-1]
    between = np.array([NO_ORIGIN], dtype=np.int32)
    places = [part for line in lines if line.places is not None for part in (between, line.places)]
    x0, y0, x1, y1 = zip(*(line.box for line in lines), strict=True)
    return Line(
        first.start, last.end, " ".join(line.text for line in lines), first.x0, first.y0, last.x1,
        first.size, last.end_y0, last.end_size, np.concatenate(places[1:]),
        (min(x0), min(y0), max(x1), max(y1)), first.vertical, first.row, first.cell, last.order,
    )  # fmt: skip


def _visible(codes: npt.NDArray[np.uint32], boxes: Boxes, cells: Offsets | None) -> _Visible:
    shown = (codes > 32) & (codes != 0x3000) & (codes != 0xA0)
    index = np.flatnonzero(shown).astype(np.int32)
    found = boxes[index].copy()
    unknown = np.flatnonzero(~found.any(axis=1))
    for place in unknown[unknown > 0]:  # a glyph without a box goes with the one before it
        found[place] = found[place - 1]
        found[place, 0] = found[place, 2]
    seen = codes[index]
    size = np.maximum(found[:, 2] - found[:, 0], found[:, 3] - found[:, 1])
    em = np.maximum(size, 1.0).astype(np.float32)
    for shift in (1, 2):
        em[shift:] = np.maximum(em[shift:], size[:-shift])
        em[:-shift] = np.maximum(em[:-shift], size[shift:])
    cell = cells[index] if cells is not None else np.full(len(index), -1, dtype=np.int32)
    return _Visible(index, found, em, _is_cjk(seen), cell)


def _without(seen: _Visible, gone: Mask) -> _Visible:
    left = ~gone
    return _Visible(seen.indices[left], seen.boxes[left], seen.em[left], seen.cjk[left], seen.cell[left])


def _is_cjk(codes: npt.NDArray[np.uint32]) -> Mask:
    return (
        ((codes >= 0x3001) & (codes <= 0x30FF))
        | _is_kanji(codes)
        | ((codes >= 0xFF01) & (codes <= 0xFFEE))
        | ((codes >= 0x2E80) & (codes <= 0x2FDF))
    )


def _is_kanji(codes: npt.NDArray[np.uint32]) -> Mask:
    common = (codes >= 0x3400) & (codes <= 0x9FFF)
    found: Mask = common | (codes == 0x3005) | ((codes >= 0xF900) & (codes <= 0xFAFF))
    return found


def _is_kana(codes: npt.NDArray[np.uint32]) -> Mask:
    return ((codes >= 0x3041) & (codes <= 0x30FF)) | ((codes >= 0xFF66) & (codes <= 0xFF9F))


def _steps(seen: _Visible, breaks: Offsets) -> _Steps:
    boxes, em = seen.boxes, np.minimum(seen.em[1:], seen.em[:-1])
    middle_x, middle_y = (boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2
    right, down = np.diff(middle_x), np.diff(middle_y)
    gap = boxes[1:, 0] - boxes[:-1, 2]
    broken = np.diff(breaks[seen.indices]) != 0
    widest = np.where(broken, _GAP_OVER_BREAK, _WIDEST_GAP) * em
    same = np.diff(seen.cell) == 0
    beside = same & (np.abs(down) < 0.4 * em) & (gap < widest) & (gap > -0.6 * em)
    stacked = same & ~beside & (np.abs(right) < 0.36 * em)
    both = seen.cjk[1:] & seen.cjk[:-1]
    below = stacked & (down < 1.6 * em) & np.where(both, down > 0.5 * em, ~broken & (down > 0))
    touching = (np.abs(boxes[:-1, 1] - boxes[1:, 3]) < 0.15 * em) & (np.abs(right) < 0.15 * em)
    above = stacked & (~broken | touching) & (down < 0) & (down > -1.6 * em)
    near = gap < 0.3 * em
    return _Steps(beside, below, above, beside & near, down < 1.3 * em)


def _is_vertical(steps: _Steps) -> bool:
    # Single characters below each other (a column of 有 and 無) are no vertical writing.
    runs = steps.below[1:] & steps.below[:-1]
    return int(runs.sum()) > int(steps.beside.sum())


def _runs(seen: _Visible, steps: _Steps, vertical: bool) -> list[_Run]:
    below = steps.below if vertical else steps.below & steps.close
    upright = ~(below | steps.above).any()
    runs: list[_Run] = []
    first = 0
    for last in [*(np.flatnonzero(~(steps.beside | below | steps.above)) + 1).tolist(), len(seen.indices)]:
        if upright or last - first == 1:
            runs.append(_Run(first, last, vertical and last - first == 1))
        else:
            runs += _parted(first, last, below, steps.above, vertical)
        first = last
    return _with_digits(seen, runs) if vertical else runs


def _parted(first: int, last: int, below: Mask, above: Mask, vertical: bool) -> Iterator[_Run]:
    """A run in one direction; lines above each other that only touch are parted again."""
    inside_below, inside_above = below[first : last - 1], above[first : last - 1]
    count, up = int(inside_below.sum()), int(inside_above.sum())
    least = 2 if vertical else _LEAST_VERTICAL
    if 2 * max(count, up) >= last - 1 - first and last - first >= least:
        yield _Run(first, last, True)
        return
    for cut in (np.flatnonzero(inside_below | inside_above) + first + 1).tolist():
        yield _Run(first, cut, False)
        first = cut
    yield _Run(first, last, False)


def _with_digits(seen: _Visible, runs: list[_Run]) -> list[_Run]:
    """Runs of vertical writing joined over the few digits and letters that stand upright in a line."""
    joined: list[_Run] = []
    for run in runs:
        if joined and _continues(seen, joined[-1], run):
            joined[-1] = _Run(joined[-1].first, run.last, True)
        else:
            joined.append(run)
    return joined


def _continues(seen: _Visible, before: _Run, run: _Run) -> bool:
    if not (before.down or run.down) or (not run.down and run.last - run.first > _MOST_UPRIGHT):
        return False
    if seen.cell[before.first] != seen.cell[run.first]:
        return False
    x0, _, x1, y1 = seen.boxes[max(before.first, before.last - _MOST_UPRIGHT) : before.last].max(axis=0)
    x0 = seen.boxes[max(before.first, before.last - _MOST_UPRIGHT) : before.last, 0].min()
    own = seen.boxes[run.first : min(run.last, run.first + _MOST_UPRIGHT)]
    em = float(max(seen.em[before.last - 1], seen.em[run.first]))
    shared = min(x1, own[:, 2].max()) - max(x0, own[:, 0].min())
    narrower = min(x1 - x0, np.ptp(own[:, [0, 2]]))
    return bool(shared > 0.5 * narrower and -0.5 * em < own[:, 1].min() - y1 < 0.8 * em)


def _ruby(
    seen: _Visible,
    codes: npt.NDArray[np.uint32],
    runs: Sequence[_Run],
    vertical: bool,
    width: float,
) -> Mask:
    """Which visible characters are readings printed small beside kanji."""
    found = np.zeros(len(seen.indices), dtype=np.bool_)
    values = codes[seen.indices]
    kanji, firsts = _is_kanji(values), [run.first for run in runs]
    if not kanji.any():
        return found
    boxes = flow_boxes(seen.boxes, vertical, width)
    size = np.maximum(boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1])
    small = np.maximum.reduceat(size, firsts)
    maybe = np.logical_and.reduceat(_is_kana(values), firsts) & (small <= 0.65 * float(size[kanji].max()))
    middle = (boxes[:, 1] + boxes[:, 3]) / 2
    for run in np.flatnonzero(maybe).tolist():
        first, last, _ = runs[run]
        if last - first > _LONGEST_RUBY:
            continue
        x0, x1 = float(boxes[first:last, 0].min()), float(boxes[first:last, 2].max())
        above = middle - float(middle[first:last].mean())
        under = (
            kanji & (size >= 1.5 * small[run]) & (boxes[:, 0] < x1) & (boxes[:, 2] > x0)
            & (above > 0.45 * size) & (above < 1.15 * size)
        )  # fmt: skip
        if under.any():
            shared = min(x1, float(boxes[under, 2].max())) - max(x0, float(boxes[under, 0].min()))
            found[first:last] = shared >= 0.5 * (x1 - x0)
    return found


def _kept_spaces(
    codes: npt.NDArray[np.uint32], boxes: Boxes, seen: _Visible, widest: float, vertical: bool
) -> Mask:
    """Spaces that mean something: not those that pdfium puts into justified Japanese text."""
    space: Mask = (codes == 32) | (codes == 0x3000) | (codes == 0xA0) | (codes == 9)
    places = np.flatnonzero(space & (boxes[:, 2] - boxes[:, 0] < 0.5) & (boxes[:, 3] - boxes[:, 1] < 0.5))
    after = np.searchsorted(seen.indices, places)
    inside = (after > 0) & (after < len(seen.indices))
    places, after = places[inside], after[inside]
    gap_x = seen.boxes[after, 0] - seen.boxes[after - 1, 2]
    gap_y = seen.boxes[after, 1] - seen.boxes[after - 1, 3]
    tight = np.maximum(gap_x, gap_y) < widest * seen.em[after]
    both = seen.cjk[after] | seen.cjk[after - 1] if vertical else seen.cjk[after] & seen.cjk[after - 1]
    space[places[tight & both]] = False
    return space


def _lines(
    page: Characters, seen: _Visible, runs: Sequence[_Run], breaks: Offsets, kept: Mask
) -> Iterator[Line]:
    firsts = np.array([run.first for run in runs])
    lasts = np.array([run.last for run in runs])
    upright = _Ends.of(seen.boxes, firsts, lasts)
    sideways = upright
    if any(run.down for run in runs):
        sideways = _Ends.of(flow_boxes(seen.boxes, True, page.width), firsts, lasts)
    low = np.minimum.reduceat(seen.boxes, firsts, axis=0).tolist()
    high = np.maximum.reduceat(seen.boxes, firsts, axis=0).tolist()
    starts, ends = seen.indices[firsts], seen.indices[lasts - 1] + 1
    every = np.flatnonzero(kept).astype(np.int32)
    text = page.text if len(every) == len(page.text) else "".join(compress(page.text, kept.tolist()))
    begins, stops = np.searchsorted(every, starts).tolist(), np.searchsorted(every, ends).tolist()
    rows, cells = breaks[starts].tolist(), seen.cell[firsts].tolist()
    for order, (start, end) in enumerate(zip(starts.tolist(), ends.tolist(), strict=True)):
        down = runs[order].down
        flow = sideways if down else upright
        first, last = begins[order], stops[order]
        y0, end_y0 = flow.head_y0[order], flow.tail_y0[order]
        yield Line(
            start, end, text[first:last], flow.x0[order], y0, flow.x1[order], flow.head_y1[order] - y0,
            end_y0, flow.tail_y1[order] - end_y0, every[first:last],
            (low[order][0], low[order][1], high[order][2], high[order][3]),
            down, rows[order], cells[order], order,
        )  # fmt: skip


class _Ends(NamedTuple):
    """For each run: where its first character begins, its last one ends, and how high both ends are."""

    x0: list[float]
    x1: list[float]
    head_y0: list[float]
    head_y1: list[float]
    tail_y0: list[float]
    tail_y1: list[float]

    @staticmethod
    def of(boxes: Boxes, firsts: npt.NDArray[np.int_], lasts: npt.NDArray[np.int_]) -> _Ends:
        heads = np.stack([firsts, np.minimum(firsts + _AT_ENDS, lasts)], axis=1).ravel()
        tails = np.stack([np.maximum(lasts - _AT_ENDS, firsts), lasts], axis=1).ravel()
        # One more value, which no run holds: an index behind the last one is not allowed.
        top, bottom = (np.append(boxes[:, column], boxes[-1:, column]) for column in (1, 3))
        return _Ends(
            boxes[firsts, 0].tolist(), boxes[lasts - 1, 2].tolist(),
            np.minimum.reduceat(top, heads)[::2].tolist(), np.maximum.reduceat(bottom, heads)[::2].tolist(),
            np.minimum.reduceat(top, tails)[::2].tolist(), np.maximum.reduceat(bottom, tails)[::2].tolist(),
        )  # fmt: skip
