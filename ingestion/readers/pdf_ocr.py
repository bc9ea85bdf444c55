"""Pages of a PDF that hold no usable text are rendered and read from the picture."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pypdfium2.raw as pdfium
from PIL import Image

from ingestion.ocr import read_picture
from ingestion.pdfium import open_page
from ingestion.readers.recognised_text import RecognisedPage, page_of_lines
from ingestion.reading import OcrMode

_DOTS_PER_INCH = 200
_LONGEST_SIDE = 2600
_FEW_CHARACTERS = 20
_LARGE_SHARE = 0.3


def needs_recognition(
    text: str, *, garbled: bool, mode: OcrMode, pictured: Callable[[], bool] = lambda: False
) -> bool:
    """Whether a page with this text layer is read from its picture.

    In mode "auto" that is a page without text, one whose fonts name their characters wrongly, and one with a
    few characters over a picture (`pictured`), such as a scan that carries a page number.
    """
    if mode == "off":
        return False
    visible = len("".join(text.split()))
    if mode == "always" or garbled or not visible:
        return True
    return visible < _FEW_CHARACTERS and pictured()


def is_pictured(document: Any, index: int) -> bool:
    """Whether pictures cover a good part of page `index` (0-based).

    Raises:
        ReadError: the page cannot be loaded.
    """
    with open_page(document, index) as page:
        width, height = page.get_size()
        covered = 0.0
        for item in page.get_objects(filter=(pdfium.FPDF_PAGEOBJ_IMAGE,), max_depth=3):
            left, bottom, right, top = item.get_bounds()
            covered += max(0.0, right - left) * max(0.0, top - bottom)
    return bool(covered > _LARGE_SHARE * width * height)


def recognise(document: Any, index: int, *, threads: int = 0) -> RecognisedPage:
    """Page `index` (0-based) of an open `pypdfium2.PdfDocument`, read from its picture.

    Raises:
        ReadError: the page cannot be loaded.
    """
    with open_page(document, index) as page:
        width, height = page.get_size()
        scale = min(_DOTS_PER_INCH / 72, _LONGEST_SIDE / max(width, height, 1.0))
        image = _rendered(page, scale)
    return page_of_lines(read_picture(image, threads=threads), index + 1, scale)


def _rendered(page: Any, scale: float) -> Image.Image:
    bitmap = page.render(scale=scale)
    try:
        image: Image.Image = bitmap.to_pil().convert("RGB")
        return image
    finally:
        bitmap.close()
