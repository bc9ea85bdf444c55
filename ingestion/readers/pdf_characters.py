"""The characters of a PDF page and their boxes, in pdfium's order."""

from __future__ import annotations

import ctypes
import math
import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pypdfium2.raw as pdfium

from ingestion.page_geometry import Rectangle, boxes_to_shown
from ingestion.readers.pdf_calls import angles_at, code_points, loose_boxes

Boxes = npt.NDArray[np.float32]
"""(n, 4): x0, y0, x1, y1 in points from the top left of the page, turned so that its text stands upright."""

_NOTHING = "\x00"
"""Stands for a character of pdfium's list that says nothing; normalising drops it."""
_SURROGATES = re.compile("[\ud800-\udbff][\udc00-\udfff]")

_SAMPLE = 40


@dataclass(frozen=True, slots=True)
class Characters:
    """`text[i]` is pdfium's character `i`, at `boxes[i]`; an unknown box is all zero.

    The page is `width` times `height` points large after turning it `rotation` degrees clockwise, by which
    most of its text stands upright; that is how it is shown, unless it shows its text lying on its side.
    """

    text: str
    boxes: Boxes
    width: float
    height: float
    rotation: int


def read_characters(page: Any, text_page: Any) -> Characters:
    """All characters of an open page; spaces and line ends that pdfium puts in have boxes without width."""
    text = page_characters(text_page)
    page_box = page.get_bbox()
    rotation = _rotation(text_page, text) if text.strip() else page.get_rotation()
    boxes = _turned(loose_boxes(text_page, len(text)), page_box, rotation)
    width, height = page_box[2] - page_box[0], page_box[3] - page_box[1]
    if rotation in (90, 270):
        width, height = height, width
    return Characters(text, boxes, float(width), float(height), rotation)


def _rotation(text_page: Any, text: str) -> int:
    """The turn, in degrees clockwise, after which most of a sample of the characters stand upright."""
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    visible = np.flatnonzero(codes > ord(" "))
    sample = visible[:: max(1, len(visible) // _SAMPLE)]
    angles = angles_at(text_page, sample.tolist())
    turns = Counter(round(-angle / (math.pi / 2)) % 4 * 90 for angle in angles if angle >= 0)
    return turns.most_common(1)[0][0] if turns else 0


def _turned(boxes: Boxes, page_box: Rectangle, rotation: int) -> Boxes:
    """Pdfium's boxes (left, top, right, bottom) on the page turned by `rotation`, as `to_shown` has it."""
    known = (boxes[:, 0] != 0) | (boxes[:, 2] != 0)
    turned = boxes_to_shown(boxes[:, [0, 3, 2, 1]], page_box, rotation)
    result: Boxes = np.where(known[:, None], turned, np.float32(0))
    return result


def page_characters(text_page: Any) -> str:
    """The page's characters: `result[i]` is pdfium's character `i`, whose box can be asked for."""
    count: int = text_page.count_chars()
    if count <= 0:
        return ""
    buffer = ctypes.create_string_buffer(2 * (count + 1))
    units = pdfium.FPDFText_GetText(
        text_page.raw, 0, count, ctypes.cast(buffer, ctypes.POINTER(ctypes.c_ushort))
    )
    text = buffer.raw[: 2 * max(units - 1, 0)].decode("utf-16-le", errors="surrogatepass")
    if len(text) == count == units - 1:
        return text
    # pdfium leaves out characters without a Unicode value and writes rare ones as two units.
    codes = code_points(text_page, count)
    characters = "".join(chr(code) if 0 < code < 0x110000 else _NOTHING for code in codes)
    return _SURROGATES.sub(lambda pair: _whole(pair.group()) + _NOTHING, characters)


def _whole(pair: str) -> str:
    return pair.encode("utf-16-le", "surrogatepass").decode("utf-16-le")


def nameless_letters(text_page: Any) -> int:
    """How many glyphs of a page have no Unicode value, or only a control character for one."""
    codes = code_points(text_page, text_page.count_chars())
    return sum(code < 0x20 and code not in (0x09, 0x0A, 0x0D) for code in codes)
