"""Straight lines on a PDF page, which may be those of tables, as pdfium knows them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import compress
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ingestion.page_geometry import Rectangle, boxes_to_shown
from ingestion.readers.pdf_calls import (
    FORM,
    IMAGE,
    LINE_TO,
    MOVE_TO,
    PATH,
    TEXT,
    Flags,
    are_stroked,
    bounds_of,
    inner_objects,
    kinds_of,
    matrices_of,
    points_of,
    segment_counts,
    segment_kinds,
    segments_of,
)
from ingestion.readers.pdf_objects import MOST_OBJECTS, PageObjects

_THIN = 2.5
"""Points: a drawing no thicker is one line, however it was drawn."""
_SHORTEST = 1.0
_DEEPEST = 3
"""Levels of forms (drawings within drawings) that are looked into."""
_MOST_SEGMENTS = 4_000
_BOX = 6
"""Segments of a path that may be one box."""
_LARGE = 0.9
"""Boxes over this share of both sides of a page are its background."""

_SIGN = 24.0
"""Points: smaller drawings of many strokes are letters and icons."""

Places = npt.NDArray[np.float64]
"""(n, 4): rectangles."""
Matrix = npt.NDArray[np.float64]
"""(6,), or (n, 6) for n of them: a, b, c, d, e, f of ISO 32000-1, 8.3.3."""

_IDENTITY: Matrix = np.array([1.0, 0.0, 0.0, 1.0, 0.0, 0.0])
_NONE: Places = np.zeros((0, 4))


class DrawnLines(NamedTuple):
    """Horizontal and vertical lines, as rectangles without thickness (x0 == x1 or y0 == y1).

    `lines` are drawn as such, `shades` are the sides of boxes that are only filled. In points from the top
    left of the page, turned as it was asked for.
    """

    lines: Places
    shades: Places


class _Paths(NamedTuple):
    """Paths with the matrix of the forms around each, (n, 6)."""

    handles: list[int]
    around: Matrix

    def only(self, wanted: Flags) -> _Paths:
        return _Paths(list(compress(self.handles, wanted.tolist())), self.around[wanted])


def ruling_lines(objects: PageObjects, page_box: Rectangle, rotation: int) -> DrawnLines:
    """The lines of an open page, cut to `page_box`, after turning it `rotation` degrees clockwise."""
    if not objects.whole:
        return DrawnLines(_NONE, _NONE)
    found = list(_paths(objects.handles, objects.kinds, _IDENTITY, 0))
    if not found:
        return DrawnLines(_NONE, _NONE)
    paths = _Paths(
        [path for group, _ in found for path in group],
        np.concatenate([np.broadcast_to(matrix, (len(group), 6)) for group, matrix in found]),
    )
    boxes, drawn = _boxes(paths)
    width, height = page_box[2] - page_box[0], page_box[3] - page_box[1]
    large = (boxes[:, 2] - boxes[:, 0] >= _LARGE * width) & (boxes[:, 3] - boxes[:, 1] >= _LARGE * height)
    shown = boxes_to_shown(boxes, page_box, rotation)
    return DrawnLines(_sides(shown[drawn & ~large]), _sides(shown[~drawn & ~large]))


def drawn_share(objects: PageObjects, width: float, height: float) -> float:
    """The share of the page, in [0, 1], that pictures cover; 1 when there are drawings and no text at all.

    Letters that were turned into drawings look like that.
    """
    if objects.kinds and TEXT not in objects.kinds:
        return 1.0
    pictures = [*objects.of_kind(IMAGE), *objects.of_kind(FORM)]
    boxes = bounds_of(pictures)[0].astype(np.float64)
    area = float(((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])).sum())
    return min(1.0, area / max(width * height, 1.0))


def _paths(
    objects: Sequence[int], kinds: Sequence[int], matrix: Matrix, depth: int
) -> Iterator[tuple[list[int], Matrix]]:
    """The paths among `objects` with the matrix around them; those in forms in groups of their own."""
    found = [item for item, kind in zip(objects, kinds, strict=True) if kind == PATH]
    if found:
        yield found, matrix
    if depth >= _DEEPEST or FORM not in kinds:
        return
    forms = [item for item, kind in zip(objects, kinds, strict=True) if kind == FORM]
    for form, own in zip(forms, matrices_of(forms).astype(np.float64), strict=True):
        inner = inner_objects(form, MOST_OBJECTS)
        yield from _paths(inner, kinds_of(inner), _times(own, matrix), depth + 1)


def _boxes(paths: _Paths) -> tuple[Places, Flags]:
    """Boxes in user space, and whether each is drawn: thin ones are lines, others have sides."""
    boxes = _moved(bounds_of(paths.handles)[0].astype(np.float64), paths.around)
    wide, high = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    thin = np.minimum(wide, high) <= _THIN
    others = np.flatnonzero(~thin)
    paths = paths.only(~thin)
    counts = np.array(segment_counts(paths.handles), dtype=np.int32)
    stroked = are_stroked(paths.handles)
    signs = (counts > _BOX) & (np.maximum(wide, high)[others] < _SIGN)
    # A path of many segments that is only filled has neither lines nor sides.
    wanted = (counts > 1) & (counts <= _MOST_SEGMENTS) & ~signs & (stroked | (counts <= _BOX))
    others, stroked, counts = others[wanted], stroked[wanted], counts[wanted]
    lines, owners = _straight_lines(paths.only(wanted), counts)
    is_box = (counts <= _BOX) & (np.bincount(owners, minlength=len(counts)) >= 3)
    parts = lines[(stroked & ~is_box)[owners]]
    found = np.concatenate([boxes[thin], boxes[others[is_box]], parts])
    drawn = np.ones(len(found), dtype=np.bool_)
    first = int(thin.sum())
    drawn[first : first + int(is_box.sum())] = stroked[is_box]
    return found, drawn


def _straight_lines(paths: _Paths, counts: npt.NDArray[np.int32]) -> tuple[Places, npt.NDArray[np.int_]]:
    """Those straight segments of paths that run along the page, and which path each of them is of."""
    segments = segments_of(paths.handles, counts.tolist())
    points, known = points_of(segments)
    kinds, closes = segment_kinds(segments)
    owner = np.repeat(np.arange(len(counts)), counts)
    matrices = _times(matrices_of(paths.handles).astype(np.float64), paths.around)[owner]
    x, y = _turned(points[:, 0].astype(np.float64), points[:, 1].astype(np.float64), matrices)
    places = np.arange(len(segments))
    to_here = (kinds[1:] == LINE_TO) & known[1:] & known[:-1] & (owner[1:] == owner[:-1])
    line_ends = np.flatnonzero(to_here) + 1
    begins = np.maximum.accumulate(np.where((kinds == MOVE_TO) & known, places, -1))
    back = closes & known & (begins >= 0)
    back[back] = owner[begins[back]] == owner[back]
    closing = np.flatnonzero(back)
    first, second = np.concatenate([line_ends - 1, closing]), np.concatenate([line_ends, begins[closing]])
    x0, x1 = np.minimum(x[first], x[second]), np.maximum(x[first], x[second])
    y0, y1 = np.minimum(y[first], y[second]), np.maximum(y[first], y[second])
    along = (np.minimum(x1 - x0, y1 - y0) < 0.5) & (np.maximum(x1 - x0, y1 - y0) >= _SHORTEST)
    return np.stack([x0, y0, x1, y1], axis=1)[along], owner[second][along]


def _sides(boxes: Places) -> Places:
    """The one line that a thin box is, or the four sides of another."""
    x0, y0, x1, y1 = boxes.T
    level = y1 - y0 <= _THIN
    upright = ~level & (x1 - x0 <= _THIN)
    level &= x1 - x0 >= _SHORTEST
    y, x = ((y0 + y1) / 2)[level], ((x0 + x1) / 2)[upright]
    a, b, c, d = boxes[(y1 - y0 > _THIN) & ~upright].T
    lines = [
        (x0[level], y, x1[level], y), (x, y0[upright], x, y1[upright]),
        (a, b, c, b), (a, d, c, d), (a, b, a, d), (c, b, c, d),
    ]  # fmt: skip
    return np.concatenate([np.stack(line, axis=1) for line in lines])


def _times(first: Matrix, second: Matrix) -> Matrix:
    """`first`, then `second`: as PDF multiplies row vectors (ISO 32000-1, 8.3.4)."""
    a, b, c, d, e, f = np.moveaxis(first, -1, 0)
    p, q, r, s, t, u = np.moveaxis(second, -1, 0)
    return np.stack(
        [
            a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s, e * p + f * r + t, e * q + f * s + u,
        ],
        axis=-1,
    )  # fmt: skip


def _turned(x: Matrix, y: Matrix, matrices: Matrix) -> tuple[Matrix, Matrix]:
    """Points after the matrix of each."""
    a, b, c, d, e, f = matrices.T
    return a * x + c * y + e, b * x + d * y + f


def _moved(boxes: Places, matrices: Matrix) -> Places:
    """The boxes around `boxes` after the matrix of each."""
    if (matrices == _IDENTITY).all():
        return boxes
    left, bottom, right, top = boxes.T
    corners = [_turned(x, y, matrices) for x in (left, right) for y in (bottom, top)]
    xs, ys = np.stack([x for x, _ in corners]), np.stack([y for _, y in corners])
    return np.stack([xs.min(axis=0), ys.min(axis=0), xs.max(axis=0), ys.max(axis=0)], axis=1)
