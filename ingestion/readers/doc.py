"""Word files of the binary format (Word 6 to 2003): paragraphs, headings, tables, notes, comments.

Pictures and automatic numbers are not read. Hidden text and tracked deletions are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from ingestion.documents import Document
from ingestion.errors import ReadError
from ingestion.readers.building import DocumentBuilder, clean_line
from ingestion.readers.doc_text import DELETION, WordText, read_word_text
from ingestion.readers.docx import read_docx
from ingestion.readers.libreoffice import converted
from ingestion.readers.ole import opened_streams
from ingestion.readers.unlocking import unlocked_or_plain
from ingestion.reading import DEFAULT_OPTIONS, ReadOptions

_FIELD_MARKS = re.compile("[\x13\x14\x15]")
_CONTROLS = re.compile("[\x00-\x06\x08\x0e-\x1d\x1f]")
_PARAGRAPHS = re.compile("[^\r\x07\x0c]*[\r\x07\x0c]|[^\r\x07\x0c]+\\Z")
_LONGEST_HEADING = 200


def read_doc(path: Path, options: ReadOptions = DEFAULT_OPTIONS) -> Document:
    """A Word file of the old format. LibreOffice is asked where it is installed and we cannot read the file.

    Raises:
        ReadError: locked, damaged, without text, or of a version that only LibreOffice can read.
    """
    content = unlocked_or_plain(path, options)
    try:
        with opened_streams(content) as streams:
            builder = DocumentBuilder("doc", properties=streams.properties())
            text = read_word_text(streams)
    except ReadError as error:
        with converted(content, ".doc", "docx", error) as newer:
            return read_docx(newer)
    builder.title = builder.properties.pop("title", None)
    _add_main(builder, text)
    _add_notes(builder, text)
    return builder.build()


def _add_main(builder: DocumentBuilder, text: WordText) -> None:
    """The body: rows are gathered until their end mark, everything else is a line or a heading."""
    row: list[str] = []
    cell: list[str] = []
    rows = tables = 0
    for position, piece in _paragraphs(text.stories["main"]):
        properties = text.paragraph_at(position)
        shown = _shown(piece)
        if piece.endswith("\x07") and not properties.row_end:
            row.append(" ".join([*cell, shown]))
            cell.clear()
        elif properties.row_end or (row and not properties.in_table):
            tables += rows == 0
            rows += 1
            builder.row((f"table {tables} row {rows}", value) for value in row)
            row.clear()
            if not properties.in_table and not properties.row_end:
                rows = 0
                _add_line(builder, properties.level, shown)
        elif properties.in_table:
            cell.append(shown)
        else:
            rows = 0
            _add_line(builder, properties.level, shown)
    if row:
        builder.row((f"table {tables + 1} row 1", value) for value in row)
    if text.hidden:
        builder.warnings.append("hidden text was left out")


def _add_line(builder: DocumentBuilder, level: int | None, text: str) -> None:
    if level and len(text) <= _LONGEST_HEADING:
        builder.heading(level, text)
    else:
        builder.line(text)


def _add_notes(builder: DocumentBuilder, text: WordText) -> None:
    """Text boxes, notes and comments behind the body; headers and footers among the properties."""
    for story in ("boxes", "footnotes", "endnotes"):
        for _, piece in _paragraphs(text.stories.get(story, "")):
            builder.line(_shown(piece))
    for _, piece in _paragraphs(text.stories.get("comments", "")):
        if shown := clean_line(_shown(piece)):
            builder.line(f"Comment: {shown}")
    lines = (clean_line(_shown(piece)) for _, piece in _paragraphs(text.stories.get("headers", "")))
    if running := " / ".join(dict.fromkeys(line for line in lines if len(line) > 1)):
        builder.properties["header and footer"] = running[:500]


def _paragraphs(story: str) -> Iterator[tuple[int, str]]:
    """(position of the end mark, text with it) of each paragraph, field codes taken out."""
    without_codes = _hide_field_codes(story)
    for match in _PARAGRAPHS.finditer(without_codes):
        yield match.end() - 1, match.group()


def _hide_field_codes(story: str) -> str:
    """The story with what stands between a field's begin and its result replaced, so that positions hold."""
    begun: list[int] = []
    hidden: list[tuple[int, int]] = []
    for mark in _FIELD_MARKS.finditer(story):
        if mark.group() == "\x13":
            begun.append(mark.start())
        elif begun and mark.group() == "\x14":
            hidden.append((begun[-1], mark.end()))
            begun[-1] = mark.start()
        elif begun:
            start = begun.pop()
            if story[start] == "\x13":  # a field without a result
                hidden.append((start, mark.end()))
    parts: list[str] = []
    at = 0
    for start, end in sorted(hidden):
        if start >= at:
            parts += [story[at:start], DELETION * (end - start)]
            at = end
    return "".join([*parts, story[at:]])


def _shown(piece: str) -> str:
    """A paragraph without its end mark and control characters."""
    text = piece.rstrip("\r\x07\x0c").replace("\x0b", "\n").replace("\x1e", "-")
    return _CONTROLS.sub("", text).strip()
