"""Which characters of a PDF page nobody sees: white, transparent, drawn invisibly, tiny, or outside the page.

White letters on a dark ground look the same from here, so this is a reason for doubt and never a proof. Where
most of a page is white, or drawn invisibly as the text behind a scan is, that is how the page is made.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ingestion.documents import Offsets, Span
from ingestion.readers.pdf_calls import INVISIBLE, Flags, fill_colors_at, render_modes, text_objects_at
from ingestion.readers.pdf_characters import Characters

_STRIDE = 6
"""Only every sixth character is asked for its colour: an instruction is longer, and asking takes time."""
_WHITE = 245
_TRANSPARENT = 13
_TINY = 2.5  # points
_MOST = 0.5


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
    drawn_by = np.array(text_objects_at(text_page, indices), dtype=np.uint64)
    # Colour and mode are those of the object that draws a run of characters.
    objects, first, which = np.unique(drawn_by, return_index=True, return_inverse=True)
    colors, known = fill_colors_at(text_page, [indices[at] for at in first.tolist()])
    white = known & ((colors[:, :3].min(axis=1) >= _WHITE) | (colors[:, 3] <= _TRANSPARENT))
    invisible = np.array([mode == INVISIBLE for mode in render_modes(objects.tolist())], dtype=np.bool_)
    return white[which], invisible[which]
