"""PDF files: text and places from pdfium, reasons of encryption and form fields from pypdf.

The raw text of a page is pdfium's list of characters, so that `Document.origins` are pdfium's indices and
the boxes of any span can be asked for again. Headers, footers and page numbers are no part of the text; they
are kept in `Document.properties`. Pages without usable text are read from their picture (pdf_ocr.py).
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from ingestion.documents import NO_ORIGIN, Document, Page, RecognisedLine, Table
from ingestion.errors import ReadError
from ingestion.heartbeat import beat
from ingestion.normalizing import normalize
from ingestion.pdfium import PdfLockedError, open_page, open_pdf, open_text
from ingestion.readers.pdf_calls import Flags
from ingestion.readers.pdf_characters import nameless_letters, read_characters
from ingestion.readers.pdf_extras import attachment_names, encryption_reason, form_values
from ingestion.readers.pdf_figures import Picture, figures_of, pictures_on
from ingestion.readers.pdf_garbled import looks_garbled
from ingestion.readers.pdf_headings import body_size, decoded, headings_of
from ingestion.readers.pdf_hidden import hidden_characters, hidden_spans
from ingestion.readers.pdf_layout import Layout, layout_of
from ingestion.readers.pdf_objects import read_objects
from ingestion.readers.pdf_ocr import needs_recognition, recognise
from ingestion.readers.pdf_pages import PageText, compose
from ingestion.readers.pdf_rules import drawn_share, ruling_lines
from ingestion.readers.pdf_running import EdgePage, Running, find_running, wordings_of
from ingestion.readers.pdf_stacked import unstacked
from ingestion.readers.pdf_tables import Grid, cells_of, find_tables
from ingestion.readers.recognised_text import RecognisedPage, low_confidence_warning, shifted
from ingestion.reading import DEFAULT_OPTIONS, ReadOptions

__all__ = ["looks_garbled", "read_pdf"]

logger = logging.getLogger(__name__)

_ODD_TITLE = re.compile("[\x00-\x08\x0e-\x1f\x80-\x9f\u0180-\u036f\u03cf-\u03ff\ue000-\uf8ff\ufff0-\uffff]")
_JUNK_TITLE = re.compile(
    r"^(untitled|無題|microsoft|powerpoint|プレゼンテーション|スライド ?\d|文書)|^<[0-9a-f]+>$"
    r"|\.(docx?|xlsx?|pptx?|indd|ai|jtd|pdf)$",
    re.IGNORECASE,
)
_LONGEST_RUNNING = 300
_PICTURE = 0.1
"""Share of a page with next to no text that pictures cover before it is worth looking for text on them."""

_NAMELESS = 20
"""So many letters that no font names are worth reading from the picture."""


@dataclass(frozen=True, slots=True)
class _Sheet:
    """What is printed on a page, before it is known what all pages have at their edges."""

    layout: Layout
    grids: tuple[Grid, ...]
    height: float
    hidden: Flags
    pictures: tuple[Picture, ...] = ()


_BLANK = _Sheet(Layout((), False, 0.0), (), 0.0, np.zeros(0, dtype=np.bool_))


@dataclass(slots=True)
class _Pages:
    """The text of all pages, with what was noticed on the way; page numbers are 1-based."""

    texts: list[PageText]
    running: list[Running] = field(default_factory=list)
    edges: list[EdgePage] = field(default_factory=list)
    hidden: list[Flags] = field(default_factory=list)
    pictures: list[tuple[Picture, ...]] = field(default_factory=list)
    recognised: dict[int, RecognisedPage] = field(default_factory=dict)
    unreadable: list[int] = field(default_factory=list)
    garbled: list[int] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def read_pdf(path: Path, options: ReadOptions = DEFAULT_OPTIONS) -> Document:
    """A PDF file; each page is a page, and `origins` are character indices of pdfium.

    Raises:
        ReadError: locked, damaged, or without any text.
    """
    try:
        with open_pdf(path, options.passwords) as document:
            return _read(document, path, options)
    except PdfLockedError as error:
        raise ReadError(encryption_reason(path, len(options.passwords))) from error


def _read(document: Any, path: Path, options: ReadOptions) -> Document:
    pages = _printed(document)
    _recognise(document, pages, options)
    if document.get_formtype() != 0 and not document.mended:
        values, warning = form_values(path, len(pages.texts), document.password)
        pages.texts = [_with_form(text, lines) for text, lines in zip(pages.texts, values, strict=True)]
        pages.warnings += [warning] if warning else []
    if document.mended:
        pages.warnings.insert(0, "the file is damaged and was mended for reading: parts may be missing")
    if not any(text.text.strip() for text in pages.texts):
        raise ReadError(_no_text(len(pages.texts), options))
    members: list[str] = []
    if document.count_attachments() > 0 and not document.mended:
        try:
            members = attachment_names(path, options)
        except ReadError as error:
            pages.warnings.append(str(error).rstrip("."))
    return _assemble(document, pages, tuple(members))


def _no_text(count: int, options: ReadOptions) -> str:
    pictures = "its only page is a picture" if count == 1 else f"its {count} pages are pictures"
    if options.ocr == "off":
        return f"the PDF has no text layer: {pictures} or blank. Run text recognition (OCR) first."
    return f"the PDF has no text layer: {pictures} or blank, and text recognition (OCR) found none on them."


def _printed(document: Any) -> _Pages:
    """The text layer of all pages, without what runs along their edges."""
    sheets: list[_Sheet] = []
    unreadable: list[int] = []
    for index in range(len(document)):
        try:
            sheets.append(_sheet(document, index))
        except ReadError as error:
            logger.warning("%s", error)
            unreadable.append(index + 1)
            sheets.append(_BLANK)
        beat()
    edges = [_edge_page(sheet) for sheet in sheets]
    body = body_size([line for sheet in sheets for line in sheet.layout.lines])
    running = find_running(edges, body)
    texts = [
        compose(sheet.layout, sheet.grids, found.lines) for sheet, found in zip(sheets, running, strict=True)
    ]
    hidden, pictures = [sheet.hidden for sheet in sheets], [sheet.pictures for sheet in sheets]
    return _Pages(texts, running, edges, hidden, pictures, unreadable=unreadable)


def _sheet(document: Any, index: int) -> _Sheet:
    with open_page(document, index) as page, open_text(page) as text_page:
        characters = read_characters(page, text_page)
        objects = read_objects(page)
        drawn = ruling_lines(objects, page.get_bbox(), characters.rotation) if characters.text else None
        hidden = hidden_characters(text_page, characters)
        pictures = pictures_on(page, text_page, objects)
    grids = find_tables(drawn, characters) if drawn else []
    layout = layout_of(characters, cells_of(grids, characters) if grids else None)
    cut = unstacked(grids, layout.lines) if grids else None
    if cut is not None:
        grids = cut
        layout = layout_of(characters, cells_of(grids, characters) if grids else None)
    return _Sheet(layout, tuple(grids), characters.height, hidden, pictures)


def _edge_page(sheet: _Sheet) -> EdgePage:
    boxes = {cell.number: grid.box for grid in sheet.grids for cell in grid.cells}
    layout = sheet.layout
    return EdgePage(layout.width, sheet.height, layout.lines, boxes)


def _recognise(document: Any, pages: _Pages, options: ReadOptions) -> None:
    """Read pages without usable text from their pictures; what is found takes the place of their text."""
    for index, text in enumerate(pages.texts):
        number = index + 1
        if number in pages.unreadable:
            continue
        garbled = looks_garbled(text.text)
        pages.garbled += [number] if garbled else []
        if not needs_recognition(text.text, garbled=garbled, mode=options.ocr):
            continue
        if not garbled and options.ocr == "auto" and not may_show_text(document, index):
            continue
        found = recognise(document, index, threads=options.threads)
        beat()
        if garbled or len("".join(found.text.split())) > len("".join(text.text.split())):
            _take(pages, number, found)


def may_show_text(document: Any, index: int) -> bool:
    """Whether a page (0-based) with next to no text shows pictures, drawings or letters without names."""
    with open_page(document, index) as page:
        if drawn_share(read_objects(page), *page.get_size()) >= _PICTURE:
            return True
        with open_text(page) as text_page:
            return nameless_letters(text_page) >= _NAMELESS


def _take(pages: _Pages, number: int, found: RecognisedPage) -> None:
    if not found.text.strip():
        return
    pages.recognised[number] = found
    pages.texts[number - 1] = PageText(found.text, np.full(len(found.text), NO_ORIGIN, dtype=np.int32))
    if number in pages.garbled:
        pages.garbled.remove(number)


def _with_form(page: PageText, values: list[str]) -> PageText:
    """The page with the values of its form fields in lines below its text."""
    added = normalize("".join(f"{value}\n" for value in values)).text
    origins = np.full(len(added), NO_ORIGIN, dtype=np.int32)
    return replace(page, text=page.text + added, origins=np.concatenate([page.origins, origins]))


def _assemble(document: Any, pages: _Pages, members: tuple[str, ...]) -> Document:
    starts = np.cumsum([0, *(len(text.text) for text in pages.texts)]).tolist()
    labels = _labels(document, pages)
    placed = tuple(
        Page(number, start, end, label)
        for number, (start, end, label) in enumerate(zip(starts, starts[1:], labels, strict=False), start=1)
    )
    title = decoded(document.get_metadata_value, "Title")
    whole = "".join(page.text for page in pages.texts)
    return Document(
        text=whole,
        format="pdf",
        pages=placed,
        headings=headings_of(document, placed, pages.texts),
        origins=np.concatenate([page.origins for page in pages.texts]),
        paged=True,
        title=title if title and not _JUNK_TITLE.search(title) and not _ODD_TITLE.search(title) else None,
        properties=_properties(document, pages),
        warnings=tuple(_warnings(pages)),
        tables=_tables(pages.texts, starts),
        recognised=_recognised_lines(pages, starts),
        figures=figures_of(pages.pictures, placed, whole),
        members=members,
        hidden=tuple(
            span
            for text, flags, start in zip(pages.texts, pages.hidden, starts, strict=False)
            for span in hidden_spans(text.origins, flags, start)
        ),
    )


def _labels(document: Any, pages: _Pages) -> list[str | None]:
    """What the file calls its pages, else the numbers printed on them where these are others."""
    named: list[str | None] = [
        decoded(document.get_page_label, index) or None for index in range(len(pages.texts))
    ]
    if any(named):
        return named
    printed = [found.label for found in pages.running]
    return [label if label != str(number) else None for number, label in enumerate(printed, start=1)]


def _tables(texts: Sequence[PageText], starts: Sequence[int]) -> tuple[Table, ...]:
    found = []
    for text, start in zip(texts, starts, strict=False):
        for table in text.tables:
            cells = tuple(
                replace(cell, start=cell.start + start, end=cell.end + start) for cell in table.cells
            )
            found.append(replace(table, start=table.start + start, end=table.end + start, cells=cells))
    return tuple(found)


def _recognised_lines(pages: _Pages, starts: Sequence[int]) -> tuple[RecognisedLine, ...]:
    return tuple(
        line
        for number, page in sorted(pages.recognised.items())
        for line in shifted(page.lines, starts[number - 1])
    )


def _properties(document: Any, pages: _Pages) -> dict[str, str]:
    found = {key.lower(): decoded(document.get_metadata_value, key) for key in ("Author", "CreationDate")}
    lines = wordings_of(pages.running, pages.edges) if pages.edges else []
    found["running"] = normalize(" / ".join(lines)).text[:_LONGEST_RUNNING]
    return {key: value for key, value in found.items() if value}


def _warnings(pages: _Pages) -> list[str]:
    empty = [
        number
        for number, (text, edge) in enumerate(zip(pages.texts, pages.edges, strict=True), start=1)
        if not text.text.strip() and not edge.lines and number not in pages.unreadable
    ]
    found = list(pages.warnings)
    if pages.unreadable:
        found.append(f"{_ranges(pages.unreadable)} cannot be loaded")
    if empty:
        found.append(f"{_ranges(empty)} {'has' if len(empty) == 1 else 'have'} no text layer")
    if pages.garbled:
        found.append(
            f"the text of {_ranges(pages.garbled)} looks garbled: the fonts name their characters wrongly"
        )
    low = low_confidence_warning(pages.recognised)
    return [*found, low] if low else found


def _ranges(numbers: Sequence[int]) -> str:
    """As in: page 3; pages 1-4, 7."""
    parts: list[list[int]] = []
    for number in numbers:
        if parts and number == parts[-1][-1] + 1:
            parts[-1].append(number)
        else:
            parts.append([number])
    names = ", ".join(str(p[0]) if len(p) == 1 else f"{p[0]}-{p[-1]}" for p in parts)
    return f"page {names}" if len(numbers) == 1 else f"pages {names}"
