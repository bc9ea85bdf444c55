"""Boxes on a page: from PDF user space to points from the top left of the page as it is shown."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

Rectangle = tuple[float, float, float, float]
"""In user space: left, bottom, right, top. As shown: x0, y0 (upper left), x1, y1 (lower right)."""


def to_shown(box: Rectangle, page_box: Rectangle, rotation: int) -> Rectangle:
    """`box` as it is shown on a page cut to `page_box` and turned `rotation` degrees clockwise."""
    left, bottom, right, top = box
    page_left, page_bottom, page_right, page_top = page_box
    if rotation == 90:
        return (bottom - page_bottom, left - page_left, top - page_bottom, right - page_left)
    if rotation == 180:
        return (page_right - right, bottom - page_bottom, page_right - left, top - page_bottom)
    if rotation == 270:
        return (page_top - top, page_right - right, page_top - bottom, page_right - left)
    return (left - page_left, page_top - top, right - page_left, page_top - bottom)


def boxes_to_shown(boxes: npt.NDArray[Any], page_box: Rectangle, rotation: int) -> npt.NDArray[Any]:
    """`to_shown` of many boxes, (n, 4)."""
    left, bottom, right, top = boxes.T  # the arithmetic is the same for arrays
    sides: Any = to_shown((left, bottom, right, top), page_box, rotation)
    return np.stack(sides, axis=1)


def merge_lines(boxes: Iterable[Rectangle]) -> list[Rectangle]:
    """Boxes of characters in reading order become one box for each line.

    A box joins the line before it when the two overlap in height by half, or, in vertical text, in width, and
    lie close together.
    """
    lines: list[Rectangle] = []
    for box in boxes:
        if lines and _same_line(lines[-1], box):
            last = lines[-1]
            lines[-1] = (
                min(last[0], box[0]),
                min(last[1], box[1]),
                max(last[2], box[2]),
                max(last[3], box[3]),
            )
        else:
            lines.append(box)
    return lines


def _same_line(line: Rectangle, box: Rectangle) -> bool:
    size = max(min(box[2] - box[0], box[3] - box[1]), 1.0)
    horizontal_gap = max(line[0] - box[2], box[0] - line[2])
    vertical_gap = max(line[1] - box[3], box[1] - line[3])
    across = _overlap(line[1], line[3], box[1], box[3]) and horizontal_gap < 4 * size
    along = _overlap(line[0], line[2], box[0], box[2]) and vertical_gap < 0.4 * size and _upright(line, box)
    return across or along


def _overlap(a0: float, a1: float, b0: float, b1: float) -> bool:
    return min(a1, b1) - max(a0, b0) > 0.5 * min(a1 - a0, b1 - b0)


def _upright(line: Rectangle, box: Rectangle) -> bool:
    """Whether `line` is a column of characters, no wider than one."""
    return line[2] - line[0] < 1.5 * max(box[2] - box[0], box[3] - box[1])
