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
from ingestion.table_grid import GridCell

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
    """The body: cells are gathered until their table ends, everything else is a line or a heading."""
    grid: list[GridCell] = []
    cell: list[str] = []
    rows = column = tables = 0
    for position, piece in _paragraphs(text.stories["main"]):
        properties = text.paragraph_at(position)
        shown = _shown(piece)
        if properties.row_end:
            rows, column = rows + 1, 0
        elif piece.endswith("\x07"):
            name = f"table {tables + 1} row {rows + 1}"
            grid.append(GridCell(rows, column, " ".join([*cell, shown]), locator=name))
            cell.clear()
            column += 1
        elif properties.in_table:
            cell.append(shown)
        else:
            tables += _add_table(builder, grid)
            rows = column = 0
            _add_line(builder, properties.level, shown)
    _add_table(builder, grid)
    if text.hidden:
        builder.warnings.append("hidden text was left out")


def _add_table(builder: DocumentBuilder, grid: list[GridCell]) -> bool:
    """Add what was gathered, and begin anew; whether there was any."""
    if not grid:
        return False
    builder.blank()
    builder.table(grid)
    builder.blank()
    grid.clear()
    return True


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
