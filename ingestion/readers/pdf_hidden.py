"""Which characters of a PDF page nobody sees: white, transparent, drawn invisibly, tiny, or outside the page.

White letters on a dark ground look the same from here, so this is a reason for doubt and never a proof. Where
most of a page is white, or drawn invisibly as the text behind a scan is, that is how the page is made.
"""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
import numpy.typing as npt
import pypdfium2.raw as pdfium

from ingestion.documents import Offsets, Span
from ingestion.readers.pdf_characters import Characters

_STRIDE = 6
"""Only every sixth character is asked for its colour: an instruction is longer, and asking takes time."""
_WHITE = 245
_TRANSPARENT = 13
_TINY = 2.5  # points
_INVISIBLE = pdfium.FPDF_TEXTRENDERMODE_INVISIBLE
_MOST = 0.5

Flags = npt.NDArray[np.bool_]


def hidden_characters(text_page: Any, characters: Characters) -> Flags:
    """(n,) flags of the page's characters."""
    count = len(characters.text)
    hidden = np.zeros(count, dtype=np.bool_)
    if not count:
        return hidden
    boxes = characters.boxes
    known = boxes[:, 2] > boxes[:, 0]
    height = boxes[:, 3] - boxes[:, 1]
    hidden |= known & (height < _TINY) & (boxes[:, 2] - boxes[:, 0] < _TINY)
    outside = (boxes[:, 2] <= 0) | (boxes[:, 3] <= 0)
    outside |= (boxes[:, 0] >= characters.width) | (boxes[:, 1] >= characters.height)
    hidden |= known & outside
    sample = np.flatnonzero(known)[::_STRIDE]
    white, invisible = _sampled(text_page, sample.tolist())
    for flags in (white, invisible):
        if flags.any() and flags.mean() <= _MOST:
            for index in sample[flags].tolist():
                hidden[max(0, index - _STRIDE) : index + _STRIDE] = True
    return hidden


def hidden_spans(origins: Offsets, hidden: Flags, start: int) -> list[Span]:
    """Runs of hidden characters in a page's text that begins at `start` of the document."""
    shown = np.zeros(len(origins) + 2, dtype=np.int8)
    inside = (origins >= 0) & (origins < len(hidden))
    shown[1:-1][inside] = hidden[origins[inside]]
    edges = np.flatnonzero(np.diff(shown))
    return [
        Span(start + first, start + last)
        for first, last in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
    ]


def _sampled(text_page: Any, indices: list[int]) -> tuple[Flags, Flags]:
    """Of each character: whether its colour is white or transparent, whether it is drawn invisibly."""
    parts = [ctypes.c_uint() for _ in range(4)]
    red, green, blue, alpha = parts
    white = np.zeros(len(indices), dtype=np.bool_)
    invisible = np.zeros(len(indices), dtype=np.bool_)
    for at, index in enumerate(indices):
        if pdfium.FPDFText_GetFillColor(text_page.raw, index, *parts):
            light = min(red.value, green.value, blue.value) >= _WHITE
            white[at] = light or alpha.value <= _TRANSPARENT
        drawn = pdfium.FPDFText_GetTextObject(text_page.raw, index)
        invisible[at] = bool(drawn) and pdfium.FPDFTextObj_GetTextRenderMode(drawn) == _INVISIBLE
    return white, invisible
