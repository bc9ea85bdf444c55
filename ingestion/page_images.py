"""Pictures of pages and the boxes of a span on them, for PDFs and image files.

Files are opened in a child process with limits (page_rendering.py): one that crashes or hangs the library
which draws it costs its own picture, not the process that asks.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from ingestion.documents import NO_ORIGIN, Document, Page, RecognisedLine, Span
from ingestion.errors import ReadError
from ingestion.page_geometry import Rectangle
from ingestion.parsing import ParserProcess
from ingestion.pictures import PICTURE_FORMATS
from ingestion.settings import IngestionSettings

PAGE_FORMATS = PICTURE_FORMATS | {"pdf"}
"""Formats of documents whose pages have pictures."""

_RENDERING = "ingestion.page_rendering"
FIGURE_IMAGE = "ingestion.figure_images:figure_image"
PAGE_PART = f"{_RENDERING}:render_part"
_SECONDS = 60.0
_MEGABYTES = 2048


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on page `page` (1-based) as it is shown, in points from its top left corner."""

    page: int
    x0: float
    y0: float
    x1: float
    y1: float


class PageImages:
    """Draws pages in a child process, which is started by the first call and again after it was killed."""

    def __init__(self, settings: IngestionSettings) -> None:
        limits = {
            "seconds_per_file": min(_SECONDS, settings.seconds_per_file),
            "memory_mb_per_file": min(_MEGABYTES, settings.memory_mb_per_file),
        }
        self._passwords = tuple(settings.passwords)
        self._child = ParserProcess(settings.model_copy(update=limits))

    def render(self, path: Path, number: int, *, scale: float = 1.5) -> bytes:
        """Page `number` (1-based) as PNG; `scale` 1 is 72 dots per inch, lowered for poster-sized pages.

        Raises:
            ReadError: the file cannot be opened, has no such page, or takes too much time or memory.
        """
        return cast(bytes, self._call(f"{_RENDERING}:render_page", path, number, scale, self._passwords))

    def part(self, path: Path, number: int, box: Rectangle, *, scale: float = 2.0) -> bytes:
        """What lies in `box` (points from the top left, as shown) of page `number`, as PNG.

        Raises:
            ReadError: as `render`, or the box lies outside the page.
        """
        return cast(bytes, self._call(PAGE_PART, path, number, box, scale, self._passwords))

    def figure(self, path: Path, name: str) -> bytes:
        """The picture in part `name` of an Office file, as PNG.

        Raises:
            ReadError: the file cannot be opened, has no such part, or it cannot be shown.
        """
        return cast(bytes, self._call(FIGURE_IMAGE, path, name, self._passwords))

    def size(self, path: Path, number: int) -> tuple[float, float]:
        """Width and height of page `number` (1-based) as it is shown, in points.

        Raises:
            ReadError: as `render`.
        """
        return cast(
            "tuple[float, float]", self._call(f"{_RENDERING}:page_size", path, number, self._passwords)
        )

    def boxes(self, path: Path, document: Document, span: Span) -> list[Box]:
        """One box for each line of `span`, page by page; empty for documents without places on pages.

        Raises:
            ReadError: the PDF cannot be opened, or is not the file that `document` was read from.
        """
        if document.format not in PAGE_FORMATS:
            return []
        printed = [(page.number, indices) for page in _pages_of(document, span)
                   if (indices := _indices(document, page, span))]  # fmt: skip
        found = [
            Box(number, *(round(value, 2) for value in box))
            for number, box in (
                self._call(f"{_RENDERING}:line_boxes", path, printed, self._passwords) if printed else []
            )
        ]
        found += [box for line in document.recognised if (box := line_part(document, line, span))]
        return sorted(found, key=lambda box: box.page)

    def printed_in(self, path: Path, boxes: Sequence[Box]) -> str:
        """The characters that are printed in `boxes`, page by page, as the PDF itself has them.

        Raises:
            ReadError: as `boxes`.
        """
        pages: dict[int, list[Rectangle]] = {}
        for box in boxes:
            pages.setdefault(box.page, []).append((box.x0, box.y0, box.x1, box.y1))
        return "".join(
            self._call(f"{_RENDERING}:text_within", path, number, found, self._passwords)
            for number, found in sorted(pages.items())
        )

    def unread_boxes(self, path: Path, document: Document, number: int) -> list[Box]:
        """Boxes of what is printed on page `number` and has no place in the text: running heads, ruby.

        Raises:
            ReadError: as `boxes`.
        """
        page = next((page for page in document.pages if page.number == number), None)
        if page is None or document.format != "pdf":
            return []
        known = _indices(document, page, Span(page.start, page.end))
        found = self._call(f"{_RENDERING}:boxes_without", path, number, known, self._passwords)
        return [Box(number, *(round(value, 2) for value in box)) for box in found]

    def close(self) -> None:
        """End the child; a call that waits for it gets a ReadError."""
        self._child.close()

    def _call(self, function: str, path: Path, *arguments: object) -> Any:
        try:
            return self._child.call(function, path, *arguments)
        except ReadError as error:
            raise ReadError(f"the page cannot be shown: {error}") from error


def line_part(document: Document, line: RecognisedLine, span: Span) -> Box | None:
    """The part of a line read from a picture that `span` covers, None when it covers none of it.

    Where each character stands is not known: they are taken to be as wide as Japanese print sets them.
    """
    start, end = max(span.start, line.start), min(span.end, line.end)
    if start >= end:
        return None
    before = _width(document.text[line.start : start])
    inside = _width(document.text[start:end])
    whole = before + inside + _width(document.text[end : line.end])
    first, last = before / whole, (before + inside) / whole
    x0, y0, x1, y1 = line.x0, line.y0, line.x1, line.y1
    if line.vertical:
        y0, y1 = y0 + (y1 - y0) * first, y0 + (y1 - y0) * last
    elif x1 - x0 >= y1 - y0:
        x0, x1 = x0 + (x1 - x0) * first, x0 + (x1 - x0) * last
    return Box(line.page, round(x0, 2), round(y0, 2), round(x1, 2), round(y1, 2))


def _width(text: str) -> float:
    return sum(1.0 if unicodedata.east_asian_width(character) in "WFA" else 0.55 for character in text)


def _indices(document: Document, page: Page, span: Span) -> list[int]:
    if document.origins is None:
        return []
    part = document.origins[max(span.start, page.start) : min(span.end, page.end)]
    return sorted({int(origin) for origin in part if origin != NO_ORIGIN})


def _pages_of(document: Document, span: Span) -> Iterator[Page]:
    first = max(bisect_right(document.pages, span.start, key=lambda page: page.start) - 1, 0)
    for page in document.pages[first:]:
        if page.start >= span.end:
            break
        if page.end > span.start:
            yield page
