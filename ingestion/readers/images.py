"""Image files (png, jpg, tiff, bmp, webp): each frame is a page, whose text is read from the picture."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from ingestion.documents import Document, Page, RecognisedLine
from ingestion.errors import ReadError
from ingestion.heartbeat import beat
from ingestion.ocr import all_lines
from ingestion.pictures import PICTURE_SUFFIXES, frame, frame_count, open_picture
from ingestion.readers.recognised_text import (
    RecognisedPage,
    low_confidence_warning,
    page_of_lines,
    shifted,
)
from ingestion.reading import DEFAULT_OPTIONS, ReadOptions

_LONGEST_SIDE = 2600


def read_image(path: Path, options: ReadOptions = DEFAULT_OPTIONS) -> Document:
    """A picture of text. Its place in the library is that of a PDF: pages with a picture and boxes.

    Raises:
        ReadError: it is damaged, text recognition is off, or there is no text on it.
    """
    if options.ocr == "off":
        raise ReadError("it is a picture, and text recognition is off for it (setting ingestion.ocr).")
    with open_picture(path) as image:
        count = frame_count(image)
        read = []
        for number in range(1, count + 1):
            read.append(_read_frame(image, number, options.threads))
            beat()
    if not any(page.text.strip() for page in read):
        raise ReadError("no text was found on the picture.")
    pages: list[Page] = []
    lines: list[RecognisedLine] = []
    start = 0
    for number, page in enumerate(read, start=1):
        pages.append(Page(number, start, start + len(page.text)))
        lines += shifted(page.lines, start)
        start += len(page.text)
    warning = low_confidence_warning(dict(enumerate(read, start=1)))
    return Document(
        text="".join(page.text for page in read),
        format=PICTURE_SUFFIXES.get(path.suffix.lower(), "png"),
        pages=tuple(pages),
        paged=True,
        warnings=(warning,) if warning else (),
        recognised=tuple(lines),
    )


def _read_frame(image: Image.Image, number: int, threads: int) -> RecognisedPage:
    picture, scale = frame(image, number)
    smaller = min(1.0, _LONGEST_SIDE / max(picture.size))
    if smaller < 1:
        picture = picture.resize((round(picture.width * smaller), round(picture.height * smaller)))
    return page_of_lines(all_lines(picture, threads=threads), number, scale * smaller)
