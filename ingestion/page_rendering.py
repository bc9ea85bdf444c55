"""Pictures of pages, and where printed characters lie on them. Called in a child process (page_images.py)."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pypdfium2.raw as pdfium
from PIL import Image

from ingestion.errors import ReadError
from ingestion.page_geometry import Rectangle, merge_lines, to_shown
from ingestion.pdfium import open_page, open_pdf, open_text
from ingestion.pictures import PICTURE_SUFFIXES, frame, open_picture

_MOST_PIXELS = 40_000_000


def render_page(path: Path, number: int, scale: float = 1.5, passwords: Sequence[str] = ()) -> bytes:
    """Page `number` (1-based) as PNG; `scale` 1 is 72 dots per inch, lowered for poster-sized pages.

    Raises:
        ReadError: the file cannot be opened or has no such page.
    """
    buffer = io.BytesIO()
    _picture(path, number, scale, passwords).save(buffer, "PNG", compress_level=3)
    return buffer.getvalue()


def render_part(
    path: Path, number: int, box: Rectangle, scale: float, passwords: Sequence[str] = ()
) -> bytes:
    """What lies in `box` (points from the top left, as shown) of page `number`, as PNG.

    Raises:
        ReadError: the file cannot be opened, has no such page, or the box lies outside it.
    """
    image = _picture(path, number, scale, passwords)
    left, top = max(0, int(box[0] * scale)), max(0, int(box[1] * scale))
    right, bottom = min(image.width, round(box[2] * scale)), min(image.height, round(box[3] * scale))
    if right <= left or bottom <= top:
        raise ReadError(f"there is no part {box} on page {number}.")
    buffer = io.BytesIO()
    image.crop((left, top, right, bottom)).save(buffer, "PNG")
    return buffer.getvalue()


def page_size(path: Path, number: int, passwords: Sequence[str] = ()) -> tuple[float, float]:
    """Width and height of page `number` (1-based) as it is shown, in points.

    Raises:
        ReadError: the file cannot be opened or has no such page.
    """
    if _is_picture(path):
        with open_picture(path) as image:
            upright, scale = frame(image, number)
            return upright.width / scale, upright.height / scale
    with open_pdf(path, passwords) as document, open_page(document, _index(document, number)) as page:
        width, height = page.get_size()
        return float(width), float(height)


def line_boxes(
    path: Path, wanted: Sequence[tuple[int, Sequence[int]]], passwords: Sequence[str] = ()
) -> list[tuple[int, Rectangle]]:
    """One box for each printed line of the characters (pdfium's indices) that are `wanted` on each page.

    Raises:
        ReadError: the PDF cannot be opened, or has not as many characters.
    """
    boxes: list[tuple[int, Rectangle]] = []
    with open_pdf(path, passwords) as document:
        for number, indices in wanted:
            with open_page(document, _index(document, number)) as page:
                lines = merge_lines(_character_boxes(page, indices))
            boxes += [(number, line) for line in lines]
    return boxes


def boxes_without(
    path: Path, number: int, known: Sequence[int], passwords: Sequence[str] = ()
) -> list[Rectangle]:
    """One box for each printed line of those characters on page `number` that are not `known`.

    Raises:
        ReadError: the PDF cannot be opened or has no such page.
    """
    if _is_picture(path):
        return []
    with open_pdf(path, passwords) as document, open_page(document, _index(document, number)) as page:
        with open_text(page) as text_page:
            others = [
                index
                for index in sorted(set(range(text_page.count_chars())) - set(known))
                if not chr(pdfium.FPDFText_GetUnicode(text_page.raw, index)).isspace()
            ]
        return merge_lines(_character_boxes(page, others))


def text_within(path: Path, number: int, boxes: Sequence[Rectangle], passwords: Sequence[str] = ()) -> str:
    """The printed characters of page `number` whose middle lies in one of `boxes` (as shown), in file order.

    Raises:
        ReadError: the PDF cannot be opened or has no such page.
    """
    found: list[str] = []
    box = pdfium.FS_RECTF()
    with open_pdf(path, passwords) as document, open_page(document, _index(document, number)) as page:
        page_box, rotation = page.get_bbox(), page.get_rotation()
        with open_text(page) as text_page:
            for index in range(text_page.count_chars()):
                if not pdfium.FPDFText_GetLooseCharBox(text_page.raw, index, box):
                    continue
                shown = to_shown((box.left, box.bottom, box.right, box.top), page_box, rotation)
                if any(_holds_middle(wanted, shown) for wanted in boxes):
                    found.append(chr(pdfium.FPDFText_GetUnicode(text_page.raw, index)))
    return "".join(found)


def _holds_middle(outer: Rectangle, inner: Rectangle) -> bool:
    x, y = (inner[0] + inner[2]) / 2, (inner[1] + inner[3]) / 2
    return outer[0] <= x <= outer[2] and outer[1] <= y <= outer[3]


def _picture(path: Path, number: int, scale: float, passwords: Sequence[str]) -> Image.Image:
    if _is_picture(path):
        with open_picture(path) as image:
            upright, own = frame(image, number)
            factor = _bounded(scale / own, upright.width, upright.height)
            size = (max(1, round(upright.width * factor)), max(1, round(upright.height * factor)))
            return upright.resize(size, Image.Resampling.LANCZOS)
    with open_pdf(path, passwords) as document, open_page(document, _index(document, number)) as page:
        bitmap = page.render(scale=_bounded(scale, *page.get_size()))
        try:
            rendered: Image.Image = bitmap.to_pil().convert("RGB")
            return rendered
        finally:
            bitmap.close()


def _bounded(scale: float, width: float, height: float) -> float:
    return float(min(scale, (_MOST_PIXELS / max(width * height, 1.0)) ** 0.5))


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() in PICTURE_SUFFIXES


def _character_boxes(page: Any, indices: Sequence[int]) -> list[Rectangle]:
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
