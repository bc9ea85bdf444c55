"""Pictures of PDF pages, and where a span of text lies on them. pdfium runs behind one lock."""

from __future__ import annotations

import io
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pypdfium2.raw as pdfium

from ingestion.documents import NO_ORIGIN, Document, Page, Span
from ingestion.errors import ReadError
from ingestion.page_geometry import Rectangle, merge_lines, to_shown
from ingestion.pdfium import open_page, open_pdf, open_text

_MOST_PIXELS = 40_000_000


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on page `page` (1-based) as it is shown, in PDF points from its top left corner."""

    page: int
    x0: float
    y0: float
    x1: float
    y1: float


def render_page(path: Path, number: int, *, scale: float = 1.5) -> bytes:
    """Page `number` (1-based) as PNG; `scale` 1 is 72 dots per inch, lowered for poster-sized pages.

    Raises:
        ReadError: the PDF cannot be opened or has no such page.
    """
    with open_pdf(path) as document, open_page(document, _index(document, number)) as page:
        width, height = page.get_size()
        scale = min(scale, (_MOST_PIXELS / max(width * height, 1.0)) ** 0.5)
        bitmap = page.render(scale=scale)
        try:
            image = bitmap.to_pil().convert("RGB")
        finally:
            bitmap.close()
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=3)
    return buffer.getvalue()


def page_size(path: Path, number: int) -> tuple[float, float]:
    """Width and height of page `number` (1-based) as it is shown, in points.

    Raises:
        ReadError: the PDF cannot be opened or has no such page.
    """
    with open_pdf(path) as document, open_page(document, _index(document, number)) as page:
        width, height = page.get_size()
        return float(width), float(height)


def span_boxes(path: Path, document: Document, span: Span) -> list[Box]:
    """One box for each printed line of `span`, page by page; empty for documents without a map to pages.

    Raises:
        ReadError: the PDF cannot be opened, or is not the file that `document` was read from.
    """
    if document.format != "pdf" or document.origins is None:
        return []
    boxes: list[Box] = []
    with open_pdf(path) as pdf:
        for page in _pages_of(document, span):
            part = document.origins[max(span.start, page.start) : min(span.end, page.end)]
            indices = sorted({int(origin) for origin in part if origin != NO_ORIGIN})
            with open_page(pdf, _index(pdf, page.number)) as pdf_page:
                lines = merge_lines(_character_boxes(pdf_page, indices))
            boxes += [Box(page.number, *(round(value, 2) for value in line)) for line in lines]
    return boxes


def _pages_of(document: Document, span: Span) -> Iterator[Page]:
    first = max(bisect_right(document.pages, span.start, key=lambda page: page.start) - 1, 0)
    for page in document.pages[first:]:
        if page.start >= span.end:
            break
        if page.end > span.start:
            yield page


def _character_boxes(page: Any, indices: list[int]) -> list[Rectangle]:
    """The boxes, as shown, of the page's printed characters with these indices."""
    page_box, rotation = page.get_bbox(), page.get_rotation()
    box = pdfium.FS_RECTF()
    found: list[Rectangle] = []
    with open_text(page) as text_page:
        count = text_page.count_chars()
        for index in indices:
            if index >= count:
                raise ReadError("the file is not the one that was read: it has changed. Ingest it again.")
            if pdfium.FPDFText_IsGenerated(text_page.raw, index) == 1:
                continue
            if not pdfium.FPDFText_GetLooseCharBox(text_page.raw, index, box):
                continue
            if box.right > box.left and box.top > box.bottom:
                found.append(to_shown((box.left, box.bottom, box.right, box.top), page_box, rotation))
    return found


def _index(document: Any, number: int) -> int:
    if not 1 <= number <= len(document):
        raise ReadError(f"there is no page {number}: the PDF has {len(document)} pages.")
    return number - 1
