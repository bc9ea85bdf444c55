"""Functions of pdfium by address, for what is asked of each character or drawing of a page.

The generated bindings build objects for every argument and result, which takes longer than most of these
calls. Here handles are integers, results come in lists, and pdfium writes into arrays. All of it counts only
while the page or text page that it came from is open.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from itertools import repeat
from typing import Any

import numpy as np
import numpy.typing as npt
import pypdfium2.raw as pdfium

Flags = npt.NDArray[np.bool_]
Floats32 = npt.NDArray[np.float32]

TEXT: int = pdfium.FPDF_PAGEOBJ_TEXT
PATH: int = pdfium.FPDF_PAGEOBJ_PATH
IMAGE: int = pdfium.FPDF_PAGEOBJ_IMAGE
FORM: int = pdfium.FPDF_PAGEOBJ_FORM
LINE_TO: int = pdfium.FPDF_SEGMENT_LINETO
MOVE_TO: int = pdfium.FPDF_SEGMENT_MOVETO
INVISIBLE: int = pdfium.FPDF_TEXTRENDERMODE_INVISIBLE

_INT, _POINTER = ctypes.c_int, ctypes.c_void_p


def _at(function: Any, result: Any, *arguments: Any) -> Callable[..., Any]:
    address = ctypes.cast(function, ctypes.c_void_p).value or 0
    return ctypes.PYFUNCTYPE(result, *arguments)(address)


_loose_box = _at(pdfium.FPDFText_GetLooseCharBox, _INT, _POINTER, _INT, _POINTER)
_unicode = _at(pdfium.FPDFText_GetUnicode, ctypes.c_uint, _POINTER, _INT)
_angle = _at(pdfium.FPDFText_GetCharAngle, ctypes.c_float, _POINTER, _INT)
_text_object = _at(pdfium.FPDFText_GetTextObject, _POINTER, _POINTER, _INT)
_fill_color = _at(pdfium.FPDFText_GetFillColor, _INT, _POINTER, _INT, *[_POINTER] * 4)
_render_mode = _at(pdfium.FPDFTextObj_GetTextRenderMode, _INT, _POINTER)
_count_objects = _at(pdfium.FPDFPage_CountObjects, _INT, _POINTER)
_object = _at(pdfium.FPDFPage_GetObject, _POINTER, _POINTER, _INT)
_count_inner = _at(pdfium.FPDFFormObj_CountObjects, _INT, _POINTER)
_inner = _at(pdfium.FPDFFormObj_GetObject, _POINTER, _POINTER, ctypes.c_ulong)
_kind = _at(pdfium.FPDFPageObj_GetType, _INT, _POINTER)
_bounds = _at(pdfium.FPDFPageObj_GetBounds, _INT, _POINTER, *[_POINTER] * 4)
_matrix = _at(pdfium.FPDFPageObj_GetMatrix, _INT, _POINTER, _POINTER)
_draw_mode = _at(pdfium.FPDFPath_GetDrawMode, _INT, _POINTER, _POINTER, _POINTER)
_count_segments = _at(pdfium.FPDFPath_CountSegments, _INT, _POINTER)
_segment = _at(pdfium.FPDFPath_GetPathSegment, _POINTER, _POINTER, _INT)
_point = _at(pdfium.FPDFPathSegment_GetPoint, _INT, _POINTER, _POINTER, _POINTER)
_segment_kind = _at(pdfium.FPDFPathSegment_GetType, _INT, _POINTER)
_closes = _at(pdfium.FPDFPathSegment_GetClose, _INT, _POINTER)


def handle_of(opened: Any) -> int:
    """The address of an open page or text page of pypdfium2."""
    return ctypes.cast(opened.raw, ctypes.c_void_p).value or 0


def loose_boxes(text_page: Any, count: int) -> Floats32:
    """(count, 4): left, top, right, bottom of the first characters in user space; zero where unknown."""
    boxes = np.zeros((count, 4), dtype=np.float32)
    list(map(_loose_box, repeat(handle_of(text_page)), range(count), _places(boxes, 0)))
    return boxes


def code_points(text_page: Any, count: int) -> list[int]:
    """The Unicode values of the first characters; 0 where a font names none."""
    return list(map(_unicode, repeat(handle_of(text_page)), range(count)))


def angles_at(text_page: Any, indices: Sequence[int]) -> list[float]:
    """The turns of characters in radians; below zero where unknown."""
    return list(map(_angle, repeat(handle_of(text_page)), indices))


def text_objects_at(text_page: Any, indices: Sequence[int]) -> list[int]:
    """For each character the text object that draws it; 0 for those that pdfium put in."""
    return [found or 0 for found in map(_text_object, repeat(handle_of(text_page)), indices)]


def fill_colors_at(text_page: Any, indices: Sequence[int]) -> tuple[npt.NDArray[np.uint32], Flags]:
    """(n, 4): red, green, blue, alpha of characters, in 0 to 255; and whether each is known."""
    colors = np.zeros((len(indices), 4), dtype=np.uint32)
    places = (_places(colors, part) for part in range(4))
    known = list(map(_fill_color, repeat(handle_of(text_page)), indices, *places))
    return colors, np.array(known, dtype=np.bool_)


def render_modes(text_objects: Sequence[int]) -> list[int]:
    """How text objects are drawn (PDF's Tr)."""
    return list(map(_render_mode, text_objects))


def count_objects(page: Any) -> int:
    """How many objects a page has, those inside of forms not counted."""
    return int(_count_objects(handle_of(page)))


def objects_of(page: Any, count: int) -> list[int]:
    """The first objects of a page."""
    return list(map(_object, repeat(handle_of(page)), range(count)))


def inner_objects(form: int, most: int) -> list[int]:
    """The objects of a form; none when there are more than `most`."""
    count = _count_inner(form)
    return list(map(_inner, repeat(form), range(count))) if 0 < count <= most else []


def kinds_of(objects: Sequence[int]) -> list[int]:
    """TEXT, PATH, IMAGE, FORM or something else, for each object."""
    return list(map(_kind, objects))


def bounds_of(objects: Sequence[int]) -> tuple[Floats32, Flags]:
    """(n, 4): left, bottom, right, top of objects, zero where unknown; and whether each is known."""
    boxes = np.zeros((len(objects), 4), dtype=np.float32)
    known = list(map(_bounds, objects, *(_places(boxes, side) for side in range(4))))
    return boxes, np.array(known, dtype=np.bool_)


def matrices_of(objects: Sequence[int]) -> Floats32:
    """(n, 6): the matrices of objects, the identity where unknown."""
    found = np.zeros((len(objects), 6), dtype=np.float32)
    found[:, [0, 3]] = 1
    list(map(_matrix, objects, _places(found, 0)))
    return found


def are_stroked(paths: Sequence[int]) -> Flags:
    """Whether the outline of each path is drawn."""
    modes = np.zeros((len(paths), 2), dtype=np.int32)
    list(map(_draw_mode, paths, _places(modes, 0), _places(modes, 1)))
    stroked: Flags = modes[:, 1] != 0
    return stroked


def segment_counts(paths: Sequence[int]) -> list[int]:
    """How many segments each path has."""
    return list(map(_count_segments, paths))


def segments_of(paths: Sequence[int], counts: Sequence[int]) -> list[int]:
    """The first `counts[i]` segments of each path, one after the other."""
    found: list[int] = []
    for path, count in zip(paths, counts, strict=True):
        found += map(_segment, repeat(path), range(count))
    return found


def points_of(segments: Sequence[int]) -> tuple[Floats32, Flags]:
    """(n, 2): where segments end, before the matrix of their path; and whether each is known."""
    points = np.zeros((len(segments), 2), dtype=np.float32)
    known = list(map(_point, segments, _places(points, 0), _places(points, 1)))
    return points, np.array(known, dtype=np.bool_)


def segment_kinds(segments: Sequence[int]) -> tuple[npt.NDArray[np.int32], Flags]:
    """MOVE_TO, LINE_TO or something else for each segment; and whether it closes its figure."""
    kinds = np.array(list(map(_segment_kind, segments)), dtype=np.int32)
    return kinds, np.array(list(map(_closes, segments)), dtype=np.bool_)


def _places(array: npt.NDArray[Any], column: int) -> range:
    """The addresses of a column of a two-dimensional array, row by row."""
    first = array.ctypes.data + column * array.itemsize
    step = array.shape[1] * array.itemsize
    return range(first, first + len(array) * step, step)
