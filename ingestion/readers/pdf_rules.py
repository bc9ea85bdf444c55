"""Straight lines on a PDF page, which may be those of tables, and its pictures, as pdfium knows them."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from typing import Any, NamedTuple

import pypdfium2.raw as pdfium

from ingestion.page_geometry import Rectangle, to_shown

_THIN = 2.5
"""Points: a drawing no thicker is one line, however it was drawn."""
_SHORTEST = 1.0
_DEEPEST = 3
"""Levels of forms (drawings within drawings) that are looked into."""
_MOST_OBJECTS = 30_000
_MOST_SEGMENTS = 4_000
_LARGE = 0.9
"""Boxes over this share of both sides of a page are its background."""

_SIGN = 24.0
"""Points: smaller drawings of many strokes are letters and icons."""

Matrix = tuple[float, float, float, float, float, float]
_IDENTITY: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)


class DrawnLines(NamedTuple):
    """Horizontal and vertical lines, as rectangles without thickness (x0 == x1 or y0 == y1).

    `lines` are drawn as such, `shades` are the sides of boxes that are only filled. In points from the top
    left of the page, turned as it was asked for.
    """

    lines: list[Rectangle]
    shades: list[Rectangle]


def ruling_lines(page: Any, rotation: int) -> DrawnLines:
    """The lines of an open page after turning it `rotation` degrees clockwise."""
    drawn = DrawnLines([], [])
    handle = page.raw
    count = pdfium.FPDFPage_CountObjects(handle)
    if count > _MOST_OBJECTS:
        return drawn
    objects = (pdfium.FPDFPage_GetObject(handle, index) for index in range(count))
    box = page.get_bbox()
    width, height = box[2] - box[0], box[3] - box[1]
    for (left, bottom, right, top), is_line in _lines_in(objects, _IDENTITY, 0):
        if right - left < _LARGE * width or top - bottom < _LARGE * height:
            sides = _sides(to_shown((left, bottom, right, top), box, rotation))
            (drawn.lines if is_line else drawn.shades).extend(sides)
    return drawn


def drawn_share(page: Any) -> float:
    """The share of the page, in [0, 1], that pictures cover; 1 when there are drawings and no text at all.

    Letters that were turned into drawings look like that.
    """
    handle = page.raw
    kinds = []
    area = 0.0
    for index in range(min(pdfium.FPDFPage_CountObjects(handle), _MOST_OBJECTS)):
        item = pdfium.FPDFPage_GetObject(handle, index)
        kinds.append(pdfium.FPDFPageObj_GetType(item))
        if kinds[-1] in (pdfium.FPDF_PAGEOBJ_IMAGE, pdfium.FPDF_PAGEOBJ_FORM):
            left, bottom, right, top = _bounds(item)
            area += (right - left) * (top - bottom)
    if kinds and pdfium.FPDF_PAGEOBJ_TEXT not in kinds:
        return 1.0
    width, height = page.get_size()
    return min(1.0, area / max(float(width * height), 1.0))


def _bounds(item: Any) -> Rectangle:
    left, bottom, right, top = (ctypes.c_float() for _ in range(4))
    if not pdfium.FPDFPageObj_GetBounds(item, left, bottom, right, top):
        return (0.0, 0.0, 0.0, 0.0)
    return (left.value, bottom.value, right.value, top.value)


def _sides(box: Rectangle) -> Iterator[Rectangle]:
    """The one line that a thin box is, or the four sides of another."""
    x0, y0, x1, y1 = box
    if y1 - y0 <= _THIN:
        if x1 - x0 >= _SHORTEST:
            yield (x0, (y0 + y1) / 2, x1, (y0 + y1) / 2)
    elif x1 - x0 <= _THIN:
        yield ((x0 + x1) / 2, y0, (x0 + x1) / 2, y1)
    else:
        yield from ((x0, y0, x1, y0), (x0, y1, x1, y1), (x0, y0, x0, y1), (x1, y0, x1, y1))


def _lines_in(objects: Iterator[Any], matrix: Matrix, depth: int) -> Iterator[tuple[Rectangle, bool]]:
    """Boxes in user space, and whether each is drawn: thin ones are lines, others have sides."""
    for item in objects:
        kind = pdfium.FPDFPageObj_GetType(item)
        if kind == pdfium.FPDF_PAGEOBJ_PATH:
            yield from _path(item, matrix)
        elif kind == pdfium.FPDF_PAGEOBJ_FORM and depth < _DEEPEST:
            count = pdfium.FPDFFormObj_CountObjects(item)
            if 0 < count <= _MOST_OBJECTS:
                inner = (pdfium.FPDFFormObj_GetObject(item, index) for index in range(count))
                yield from _lines_in(inner, _times(_matrix(item), matrix), depth + 1)


def _path(item: Any, matrix: Matrix) -> Iterator[tuple[Rectangle, bool]]:
    box = _moved(_bounds(item), matrix)
    if min(box[2] - box[0], box[3] - box[1]) <= _THIN:
        yield box, True
        return
    count = pdfium.FPDFPath_CountSegments(item)
    if count <= 1 or count > _MOST_SEGMENTS or (count > 6 and max(box[2] - box[0], box[3] - box[1]) < _SIGN):
        return
    stroked = _is_stroked(item)
    lines = list(_straight_lines(item, count, _times(_matrix(item), matrix)))
    if count <= 6 and len(lines) >= 3:
        yield box, stroked
    elif stroked:
        yield from ((line, True) for line in lines)


def _is_stroked(item: Any) -> bool:
    """Whether a box has sides that can be seen; one that is only filled is a shade behind the text."""
    fill, stroke = ctypes.c_int(), ctypes.c_int()
    return bool(pdfium.FPDFPath_GetDrawMode(item, fill, stroke)) and bool(stroke.value)


def _straight_lines(item: Any, count: int, matrix: Matrix) -> Iterator[Rectangle]:
    """Those straight segments of a path that run along the page."""
    x, y = ctypes.c_float(), ctypes.c_float()
    here: tuple[float, float] | None = None
    begin = here
    for index in range(count):
        segment = pdfium.FPDFPath_GetPathSegment(item, index)
        if not pdfium.FPDFPathSegment_GetPoint(segment, x, y):
            here = None
            continue
        point = _point(x.value, y.value, matrix)
        kind = pdfium.FPDFPathSegment_GetType(segment)
        if kind == pdfium.FPDF_SEGMENT_MOVETO:
            begin = point
        elif kind == pdfium.FPDF_SEGMENT_LINETO and here is not None:
            yield from _along(here, point)
        if pdfium.FPDFPathSegment_GetClose(segment) and begin is not None:
            yield from _along(point, begin)
        here = point


def _along(first: tuple[float, float], second: tuple[float, float]) -> Iterator[Rectangle]:
    (x0, y0), (x1, y1) = first, second
    if min(abs(x1 - x0), abs(y1 - y0)) < 0.5 and max(abs(x1 - x0), abs(y1 - y0)) >= _SHORTEST:
        yield (min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))


def _matrix(item: Any) -> Matrix:
    found = pdfium.FS_MATRIX()
    if not pdfium.FPDFPageObj_GetMatrix(item, found):
        return _IDENTITY
    return (found.a, found.b, found.c, found.d, found.e, found.f)


def _times(first: Matrix, second: Matrix) -> Matrix:
    """`first`, then `second`: as PDF multiplies row vectors (ISO 32000-1, 8.3.4)."""
    a, b, c, d, e, f = first
    p, q, r, s, t, u = second
    return (a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s, e * p + f * r + t, e * q + f * s + u)


def _point(x: float, y: float, matrix: Matrix) -> tuple[float, float]:
    a, b, c, d, e, f = matrix
    return a * x + c * y + e, b * x + d * y + f


def _moved(box: Rectangle, matrix: Matrix) -> Rectangle:
    if matrix == _IDENTITY:
        return box
    corners = [_point(x, y, matrix) for x in (box[0], box[2]) for y in (box[1], box[3])]
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    return (min(xs), min(ys), max(xs), max(ys))
