"""A column of vertical writing becomes a horizontal line that a recogniser of horizontal lines can read.

The column is cut into its characters, and they are set side by side. What has another form in vertical
writing gets its horizontal one: brackets and the long-vowel mark are turned, commas and stops move to the
lower left.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt
from PIL import Image

Grey = npt.NDArray[np.uint8]
Ink = npt.NDArray[np.bool_]

_EM = 40
"""Pixels for the width of the column while it is cut."""

_PITCHES = (0.92, 1.0, 1.06, 1.12, 1.2, 1.3, 1.45)
"""Distances of characters that are tried, in widths of the column's ink."""

_STRAY = 2.0
_HALF = 0.12


def laid_flat(column: Image.Image) -> Image.Image:
    """The characters of `column`, which run downwards, from left to right; or `column` if it is empty."""
    grey = column.convert("L")
    grey = grey.resize((_EM, max(_EM, round(grey.height * _EM / grey.width))), Image.Resampling.BICUBIC)
    pixels = np.asarray(grey)
    paper = int(np.median(pixels))
    ink = _ink(pixels, paper)
    across = np.flatnonzero(ink.any(axis=0))
    down = np.flatnonzero(ink.any(axis=1))
    if not len(across):
        return column
    left, right = int(across[0]), int(across[-1]) + 1
    top, bottom = int(down[0]), int(down[-1]) + 1
    cuts = _cuts(ink[top:bottom, left:right])
    cells = [pixels[top + a : top + b, left:right] for a, b in pairwise(cuts)]
    flat = [_cell(cell, paper, right - left) for cell in cells]
    line = np.concatenate(flat, axis=1)
    return Image.fromarray(line).convert("RGB")


def _ink(pixels: Grey, paper: int) -> Ink:
    """Where something is printed, dark on light or light on dark."""
    difference = np.abs(pixels.astype(np.int16) - paper)
    found: Ink = difference > max(24, 0.4 * float(np.percentile(difference, 99.5)))
    return found


def _cuts(ink: Ink) -> list[int]:
    """The rows at which the characters are parted: the cheapest way down the column, for the best pitch."""
    height, width = ink.shape
    row_ink = ink.mean(axis=1)
    best: tuple[float, list[int]] = (float("inf"), [0, height])
    for share in _PITCHES:
        cost, cuts = _path(row_ink, share * width)
        if cost < best[0]:
            best = (cost, cuts)
    return best[1]


def _path(row_ink: npt.NDArray[np.float64], pitch: float) -> tuple[float, list[int]]:
    """Cuts from the first row to the last with the least ink on them and steps near `pitch`; cost per step.

    A step of half a pitch is allowed for: neighbouring brackets and commas are often set closer.
    """
    height = len(row_ink)
    steps = np.arange(max(2, int(0.4 * pitch)), int(1.45 * pitch) + 1)
    stray = np.minimum(_STRAY * (steps / pitch - 1) ** 2, _HALF + _STRAY * (steps / pitch - 0.5) ** 2)
    stray = stray * (steps / pitch)  # by length, so that many short steps are no cheaper than few long ones
    cost = np.full(height + 1, np.inf)
    before = np.zeros(height + 1, dtype=np.int64)
    cost[0] = 0.0
    for row in range(1, height + 1):
        sources = row - steps
        inside = sources >= 0
        if not inside.any():
            continue
        here = float(row_ink[row]) if row < height else 0.0
        options = cost[sources[inside]] + stray[inside] + here
        chosen = int(np.argmin(options))
        cost[row], before[row] = options[chosen], sources[inside][chosen]
    if not np.isfinite(cost[height]):
        return float("inf"), [0, height]
    cuts = [height]
    while cuts[-1] > 0:
        cuts.append(int(before[cuts[-1]]))
    return float(cost[height]) / (height / pitch), cuts[::-1]


def _cell(cell: Grey, paper: int, em: int) -> Grey:
    """One character on a square of its own, in the form that it has in horizontal writing."""
    ink = _ink(cell, paper) if int(np.ptp(cell)) > 24 else np.zeros(cell.shape, dtype=np.bool_)
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    side = em + em // 6
    square = np.full((side, side), paper, dtype=np.uint8)
    if not len(rows):
        return square[:, : side // 2]
    y0, y1, x0, x1 = (
        int(rows[0]),
        int(rows[-1]) + 1,
        int(columns[0]),
        int(columns[-1]) + 1,
    )
    height, width = (y1 - y0) / em, (x1 - x0) / em
    glyph = cell[y0:y1, x0:x1]
    if height < 0.45 and width < 0.45 and x0 > 0.45 * em:
        return _placed(square[:, : side // 2 + side // 6], glyph, at=(0.08, 0.95))
    if height > 0.6 and width < 0.25:  # the long-vowel mark, a dash
        return _placed(square, np.rot90(glyph), at=(0.5, 0.5))
    if height < 0.45 and width > 0.3 and (len(cell) < 0.75 * em or y0 > 0.5 * em or y1 < 0.5 * em):
        return _placed(square[:, : side // 2 + side // 6], np.rot90(glyph), at=(0.5, 0.5))
    return _placed(square, glyph, at=(0.5, 0.5))


def _placed(square: Grey, glyph: Grey, at: tuple[float, float]) -> Grey:
    """`glyph` on a copy of `square`; `at` is how far right and down it stands in the room that is left."""
    square = square.copy()
    glyph = glyph[: square.shape[0], : square.shape[1]]
    left = round((square.shape[1] - glyph.shape[1]) * at[0])
    top = round((square.shape[0] - glyph.shape[0]) * at[1])
    square[top : top + glyph.shape[0], left : left + glyph.shape[1]] = glyph
    return square
