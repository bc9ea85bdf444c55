"""PDF files: text and places from pdfium, reasons of encryption and form fields from pypdf.

The raw text of a page is pdfium's list of characters, so that `Document.origins` are pdfium's indices and
the boxes of any span can be asked for again. Text in pictures is not read here.
"""

from __future__ import annotations

import ctypes
import logging
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pypdfium2.raw as pdfium

from ingestion.documents import NO_ORIGIN, Document, Heading, Offsets, Page
from ingestion.errors import ReadError
from ingestion.normalizing import normalize
from ingestion.page_geometry import Rectangle, to_shown
from ingestion.pdfium import PdfLockedError, open_page, open_pdf, open_text
from ingestion.readers.building import clean_line
from ingestion.readers.pdf_extras import encryption_reason, form_values
from ingestion.readers.pdf_lines import Line, joined

logger = logging.getLogger(__name__)

_MOST_HEADINGS = 3000
_LINE = re.compile("[^\r\n]+")
_ODD = re.compile(
    "[\x00-\x08\x0e-\x1f\x80-\x9f\u0180-\u036f\u03cf-\u03ff\u0460-\u052f\ue000-\uf8ff\ufff0-\uffff\U000f0000-\U0010ffff]"
)
_NOTHING = "\x00"
"""Stands for a character of pdfium's list that says nothing; normalising drops it."""
_SURROGATES = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_CONTENTS = re.compile(r"^(目\s*次|もくじ|索\s*引|contents|index)$", re.IGNORECASE)
_JUNK_TITLE = re.compile(
    r"^(untitled|無題|microsoft|powerpoint|プレゼンテーション|スライド ?\d|文書)|^<[0-9a-f]+>$"
    r"|\.(docx?|xlsx?|pptx?|indd|ai|jtd|pdf)$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _PageText:
    """A page's normalised text with its map, and its lines with their font sizes."""

    text: str
    origins: Offsets
    lines: tuple[Line, ...]


def read_pdf(path: Path) -> Document:
    """A PDF file; each page is a page, and `origins` are character indices of pdfium.

    Raises:
        ReadError: encrypted, damaged, or without any text layer.
    """
    try:
        with open_pdf(path) as document:
            return _read(document, path)
    except PdfLockedError as error:
        raise ReadError(encryption_reason(path)) from error


def _read(document: Any, path: Path) -> Document:
    texts: list[_PageText] = []
    unreadable: list[int] = []
    has_form = document.get_formtype() != 0
    for index in range(len(document)):
        try:
            texts.append(_read_page(document, index))
        except ReadError as error:
            logger.warning("%s", error)
            unreadable.append(index + 1)
            texts.append(_PageText("", np.zeros(0, dtype=np.int32), ()))
    warnings: list[str] = []
    if has_form:
        values, warning = form_values(path, len(texts))
        texts = [_with_form(text, lines) for text, lines in zip(texts, values, strict=True)]
        warnings += [warning] if warning else []
    if not any(text.text.strip() for text in texts):
        pictures = "its only page is a picture" if len(texts) == 1 else f"its {len(texts)} pages are pictures"
        raise ReadError(f"the PDF has no text layer: {pictures} or blank. Run text recognition (OCR) first.")
    return _assemble(document, texts, warnings + _warnings(texts, unreadable))


def _assemble(document: Any, texts: list[_PageText], warnings: list[str]) -> Document:
    pages: list[Page] = []
    start = 0
    for index, page in enumerate(texts):
        label = _decoded(document.get_page_label, index)
        pages.append(Page(index + 1, start, start + len(page.text), label or None))
        start += len(page.text)
    headings = _outline_headings(document, pages, texts) or _printed_headings(pages, texts)
    title = _decoded(document.get_metadata_value, "Title")
    properties = {
        key.lower(): _decoded(document.get_metadata_value, key) for key in ("Author", "CreationDate")
    }
    attached = [
        _decoded(document.get_attachment(index).get_name) or "?"
        for index in range(document.count_attachments())
    ]
    if attached:
        warnings = [*warnings, f"attached files were not read: {', '.join(attached)}"]
    return Document(
        text="".join(page.text for page in texts),
        format="pdf",
        pages=tuple(pages),
        headings=headings,
        origins=np.concatenate([page.origins for page in texts]),
        paged=True,
        title=title if title and not _JUNK_TITLE.search(title) and not _ODD.search(title) else None,
        properties={key: value for key, value in properties.items() if value},
        warnings=tuple(warnings),
    )


def _decoded(read: Callable[..., str], *arguments: object) -> str:
    """What `read` gives, on one line; "" for a broken name, which is no reason to lose the text."""
    try:
        return clean_line(read(*arguments))
    except UnicodeDecodeError:
        return ""


def _read_page(document: Any, index: int) -> _PageText:
    with open_page(document, index) as page, open_text(page) as text_page:
        raw = page_characters(text_page)
        box, rotation = page.get_bbox(), page.get_rotation()
        lines = tuple(_lines(text_page, raw, box, rotation))
    text, places = joined(lines)
    normal = normalize(text)
    return _PageText(normal.text, places[normal.origins], lines)


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
    get, handle = pdfium.FPDFText_GetUnicode, text_page.raw
    codes = (get(handle, i) for i in range(count))
    characters = "".join(chr(code) if 0 < code < 0x110000 else _NOTHING for code in codes)
    return _SURROGATES.sub(lambda pair: _whole(pair.group()) + _NOTHING, characters)


def _whole(pair: str) -> str:
    return pair.encode("utf-16-le", "surrogatepass").decode("utf-16-le")


def _lines(text_page: Any, raw: str, page_box: Rectangle, rotation: int) -> Iterator[Line]:
    box = pdfium.FS_RECTF()
    handle = text_page.raw

    def shown(index: int) -> Rectangle:
        if not pdfium.FPDFText_GetLooseCharBox(handle, index, box):
            return (0.0, 0.0, 0.0, 0.0)
        return to_shown((box.left, box.bottom, box.right, box.top), page_box, rotation)

    for match in _LINE.finditer(raw):
        text = match.group()
        visible = text.strip()
        if not visible:
            continue
        first = match.start() + len(text) - len(text.lstrip())
        x0, y0, _, y1 = shown(first)
        _, end_y0, x1, end_y1 = shown(first + len(visible) - 1)
        yield Line(match.start(), match.end(), text, x0, y0, x1, y1 - y0, end_y0, end_y1 - end_y0)


def _with_form(page: _PageText, values: list[str]) -> _PageText:
    """The page with the values of its form fields in lines below its text."""
    added = normalize("".join(f"{value}\n" for value in values)).text
    origins = np.full(len(added), NO_ORIGIN, dtype=np.int32)
    return _PageText(page.text + added, np.concatenate([page.origins, origins]), page.lines)


def _outline_headings(document: Any, pages: list[Page], texts: list[_PageText]) -> tuple[Heading, ...]:
    """The file's bookmarks, at their words on the page; at its start when they are not printed there."""
    headings: list[Heading] = []
    for bookmark in document.get_toc():
        destination = bookmark.get_dest()
        index = destination.get_index() if destination else None
        title = _decoded(bookmark.get_title)
        if index is None or not 0 <= index < len(pages) or not title:
            continue
        start, end = _find_title(texts[index].text, title)
        base = pages[index].start
        headings.append(Heading(bookmark.level + 1, base + start, base + end, title))
        if len(headings) >= _MOST_HEADINGS:
            break
    return tuple(sorted(headings, key=lambda heading: (heading.start, heading.level)))


def _find_title(text: str, title: str) -> tuple[int, int]:
    match = re.search(r"\s*".join(map(re.escape, title.replace(" ", ""))), text)
    return match.span() if match else (0, 0)


def _printed_headings(pages: list[Page], texts: list[_PageText]) -> tuple[Heading, ...]:
    """Short lines in a larger font than most of the text; the larger, the higher (three levels)."""
    sizes: Counter[float] = Counter()
    for page in texts:
        for line in page.lines:
            sizes[round(line.size * 2) / 2] += len(line.text)
    if not sizes:
        return ()
    body = sizes.most_common(1)[0][0]
    larger = sorted((size for size in sizes if size >= 1.2 * body), reverse=True)
    headings: list[Heading] = []
    for place, text in zip(pages, texts, strict=True):
        for line in text.lines:
            size = round(line.size * 2) / 2
            if size >= 1.2 * body and _could_be_title(line.text):
                start, end = _place_of(text, line)
                title = text.text[start:end].strip()
                if title and _stands_alone(text.text, start, end):
                    level = 1 + min(2, larger.index(size) * 3 // len(larger))
                    headings.append(Heading(level, place.start + start, place.start + end, title))
    return tuple(headings[:_MOST_HEADINGS])


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Whether [start, end) is a whole line, and no part of a paragraph in large letters."""
    return text[start - 1 : start] in ("", "\n") and text[end : end + 1] in ("", "\n")


def _could_be_title(text: str) -> bool:
    text = text.strip()
    if _CONTENTS.match(text) or text[:1] in "・●○■□◆◇▶※→⇒":
        return False
    return (
        2 <= len(text) <= 60
        and not re.search("[。、,]$", text)
        and len(re.findall(r"[^\W\d_]", text)) * 2 >= len(text)
    )


def _place_of(page: _PageText, line: Line) -> tuple[int, int]:
    inside = np.flatnonzero((page.origins >= line.start) & (page.origins < line.end))
    if not len(inside):
        return 0, 0
    return int(inside[0]), int(inside[-1]) + 1


def _warnings(texts: list[_PageText], unreadable: list[int]) -> list[str]:
    empty = [n for n, page in enumerate(texts, 1) if not page.text.strip() and n not in unreadable]
    garbled = [n for n, page in enumerate(texts, 1) if looks_garbled(page.text)]
    found = []
    if unreadable:
        found.append(f"{_ranges(unreadable)} cannot be loaded")
    if empty:
        found.append(f"{_ranges(empty)} {'has' if len(empty) == 1 else 'have'} no text layer")
    if garbled:
        found.append(f"the text of {_ranges(garbled)} looks garbled: the fonts name their characters wrongly")
    return found


def looks_garbled(text: str) -> bool:
    """Whether a page is mostly private-use, replacement or oddly mixed characters."""
    visible = len(re.sub(r"\s", "", text))
    return visible >= 20 and len(_ODD.findall(text)) * 4 > visible


def _ranges(numbers: list[int]) -> str:
    """As in: page 3; pages 1-4, 7."""
    parts: list[list[int]] = []
    for number in numbers:
        if parts and number == parts[-1][-1] + 1:
            parts[-1].append(number)
        else:
            parts.append([number])
    names = ", ".join(str(p[0]) if len(p) == 1 else f"{p[0]}-{p[-1]}" for p in parts)
    return f"page {names}" if len(numbers) == 1 else f"pages {names}"
