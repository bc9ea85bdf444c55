"""The order in which the lines of a page are read.

Files mostly draw their text in reading order, so that order stands unless the places of the lines contradict
it: two columns drawn row by row, or a line drawn after what stands below it.
"""

from __future__ import annotations

import heapq

import numpy as np
import numpy.typing as npt

from ingestion.readers.pdf_characters import Boxes

_MOST_LINES = 1200
_LEAST_LINES = 4
"""Lines on each side of the space between two columns."""
_LEAST_WIDTH = 8
"""Of a line of running text, in em: the cells of a table are shorter."""
_SWITCHES = 4
"""How often the file changes between two columns before its order counts as row by row."""


def reading_order(boxes: Boxes, sizes: npt.NDArray[np.float32]) -> list[int]:
    """Indices of the lines in reading order; the given order is that of the file.

    `boxes` are in coordinates of the flow (see pdf_layout.py), `sizes` the heights of their fonts.
    """
    count = len(boxes)
    if not 2 <= count <= _MOST_LINES:
        return list(range(count))
    ranks = _by_columns(list(range(count)), boxes, float(np.median(sizes)))
    if ranks != sorted(ranks):
        return ranks
    return _downwards(boxes, sizes)


def _downwards(boxes: Boxes, sizes: npt.NDArray[np.float32]) -> list[int]:
    """The order of the file, but no line before one that stands above it (a stable topological order)."""
    x0, y0, x1, y1 = boxes.T
    highest_end_after = np.minimum.accumulate(y1[::-1])[::-1]
    if not (highest_end_after[1:] < y0[:-1] + sizes[:-1]).any():
        return list(range(len(boxes)))
    slack = 0.3 * np.minimum(sizes[:, None], sizes[None, :])
    above = y1[:, None] <= y0[None, :] + slack
    above &= y0[:, None] < y0[None, :]
    above &= np.minimum(x1[:, None], x1[None, :]) - np.maximum(x0[:, None], x0[None, :]) > 1.0
    if not np.tril(above, -1).any():
        return list(range(len(boxes)))
    waiting = above.sum(axis=0)
    flows = _flows(boxes, sizes)
    ready = np.flatnonzero(waiting == 0).tolist()
    heapq.heapify(ready)
    done = np.zeros(len(boxes), dtype=np.bool_)
    order: list[int] = []
    following = -1
    while ready:
        if following >= 0 and waiting[following] == 0 and not done[following]:
            line = following
        else:
            line = heapq.heappop(ready)
            if done[line]:
                continue
        done[line] = True
        order.append(line)
        following = line + 1 if line + 1 < len(boxes) and flows[line] else -1
        for below in np.flatnonzero(above[line]).tolist():
            waiting[below] -= 1
            if waiting[below] == 0:
                heapq.heappush(ready, below)
    return order


def _flows(boxes: Boxes, sizes: npt.NDArray[np.float32]) -> list[bool]:
    """For each line but the last, whether the file's next one stands close under it, or in the same row."""
    x0, y0, x1, y1 = boxes.T
    size = np.minimum(sizes[1:], sizes[:-1])
    under = (np.minimum(x1[1:], x1[:-1]) > np.maximum(x0[1:], x0[:-1])) & (
        np.abs(y0[1:] - y1[:-1]) < 1.5 * size
    )
    same_row = np.abs((y0[1:] + y1[1:]) - (y0[:-1] + y1[:-1])) < size
    flowing: list[bool] = (under | same_row).tolist()
    return flowing


def _by_columns(lines: list[int], boxes: Boxes, size: float) -> list[int]:
    """`lines` with interleaved columns one after the other; a line across both parts above from below."""
    gap = _gutter(lines, boxes, size)
    if gap is None:
        return lines
    order: list[int] = []
    left: list[int] = []
    right: list[int] = []
    for line in sorted(lines, key=lambda each: float(boxes[each, 1] + boxes[each, 3])):
        if boxes[line, 2] <= gap:
            left.append(line)
        elif boxes[line, 0] >= gap:
            right.append(line)
        else:
            order += [*_by_columns(left, boxes, size), *_by_columns(right, boxes, size), line]
            left, right = [], []
    return [*order, *_by_columns(left, boxes, size), *_by_columns(right, boxes, size)]


def _gutter(lines: list[int], boxes: Boxes, size: float) -> float | None:
    """Where the space lies between two columns of running text that the file draws row by row, or None."""
    if len(lines) < 2 * _LEAST_LINES:
        return None
    part = boxes[lines]
    widths = part[:, 2] - part[:, 0]
    long = widths >= _LEAST_WIDTH * size
    best, least = None, 0.25 * float(widths.sum())
    for candidate in sorted({round(x - 0.2 * size, 1) for x in part[long, 0].tolist()}):
        left, right = part[:, 2] <= candidate, part[:, 0] >= candidate
        if left.sum() < _LEAST_LINES or right.sum() < _LEAST_LINES:
            continue
        across = ~(left | right)
        cost = float(widths[across].sum())
        if cost >= least or not _interleaved(left, right, int(across.sum())):
            continue
        if (
            _is_column(part[left], size)
            and _is_column(part[right], size)
            and _beside(part[left], part[right])
        ):
            best, least = candidate, cost
    return best


def _interleaved(left: npt.NDArray[np.bool_], right: npt.NDArray[np.bool_], across: int) -> bool:
    sides = right[left | right]
    return int((sides[1:] != sides[:-1]).sum()) >= _SWITCHES + 2 * across


def _is_column(part: Boxes, size: float) -> bool:
    """Whether the lines are running text: long, and most of them as long as the column is wide."""
    widths = part[:, 2] - part[:, 0]
    full = part[:, 2] > part[:, 2].max() - 3 * size
    return float(np.median(widths)) >= _LEAST_WIDTH * size and float(full.mean()) >= 0.5


def _beside(left: Boxes, right: Boxes) -> bool:
    """Whether the two stand at the same height, at least for the larger part of the lower one."""
    shared = min(left[:, 3].max(), right[:, 3].max()) - max(left[:, 1].min(), right[:, 1].min())
    shorter = min(np.ptp(left[:, [1, 3]]), np.ptp(right[:, [1, 3]]))
    return bool(shared > 0.5 * shorter)
