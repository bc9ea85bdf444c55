"""What was masked in a document's text is painted over on the pictures of its pages."""

from __future__ import annotations

import io
from collections.abc import Sequence

from PIL import Image, ImageDraw

from ingestion.documents import Document, Span
from ingestion.page_images import Box

_MARGIN = 1.0  # points around each box: letters reach over their boxes


def recognised_boxes(document: Document, span: Span) -> list[Box]:
    """The whole boxes of lines read from a picture that `span` touches.

    Where in such a line a character stands is only an estimate, so nothing of the line is left.
    """
    return [
        Box(line.page, line.x0, line.y0, line.x1, line.y1)
        for line in document.recognised
        if span.overlaps(Span(line.start, line.end))
    ]


def blacken(image: bytes, boxes: Sequence[Box], width: float) -> bytes:
    """The PNG `image` of a page `width` points wide, with `boxes` painted black."""
    with Image.open(io.BytesIO(image)) as opened:
        picture = opened.convert("RGB")
    scale = picture.width / width
    draw = ImageDraw.Draw(picture)
    for box in boxes:
        left, top = (box.x0 - _MARGIN) * scale, (box.y0 - _MARGIN) * scale
        right, bottom = (box.x1 + _MARGIN) * scale, (box.y1 + _MARGIN) * scale
        draw.rectangle((left, top, max(left, right), max(top, bottom)), fill=(0, 0, 0))
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", compress_level=3)
    return buffer.getvalue()
