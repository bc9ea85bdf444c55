"""Pages of a PDF that hold no usable text are rendered and read from the picture."""

from __future__ import annotations

from typing import Any

from PIL import Image

from ingestion.ocr import all_lines
from ingestion.pdfium import open_page
from ingestion.readers.recognised_text import RecognisedPage, page_of_lines
from ingestion.reading import OcrMode

_DOTS_PER_INCH = 200
_LONGEST_SIDE = 2600
_FEW_CHARACTERS = 20


def needs_recognition(text: str, *, garbled: bool, mode: OcrMode) -> bool:
    """Whether a page with this text layer is worth reading from its picture.

    In mode "auto" that is a page with (nearly) no text, such as a scan that carries only a page number, and
    one whose fonts name their characters wrongly.
    """
    if mode == "off":
        return False
    return mode == "always" or garbled or len("".join(text.split())) < _FEW_CHARACTERS


def recognise(document: Any, index: int, *, threads: int = 0) -> RecognisedPage:
    """Page `index` (0-based) of an open `pypdfium2.PdfDocument`, read from its picture.

    Raises:
        ReadError: the page cannot be loaded.
    """
    with open_page(document, index) as page:
        width, height = page.get_size()
        scale = min(_DOTS_PER_INCH / 72, _LONGEST_SIDE / max(width, height, 1.0))
        image = _rendered(page, scale)
    return page_of_lines(all_lines(image, threads=threads), index + 1, scale)


def _rendered(page: Any, scale: float) -> Image.Image:
    bitmap = page.render(scale=scale)
    try:
        image: Image.Image = bitmap.to_pil().convert("RGB")
        return image
    finally:
        bitmap.close()
