"""OpenDocument text, spreadsheets and presentations (ODF 1.3), zipped or flat.

Comments and notes are taken; tracked deletions, headers, footers and hidden text are not.
"""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from typing import Any

from ingestion.documents import Document
from ingestion.errors import ReadError
from ingestion.readers.building import DocumentBuilder, clean_line
from ingestion.readers.odf_sheets import cell_notes, sheet_rows
from ingestion.readers.odf_text import hidden_names, note_lines, text_of
from ingestion.readers.odf_unlocking import OpenDocumentPackage
from ingestion.readers.safe_xml import local_name, open_package, parse_xml
from ingestion.readers.sheets import add_sheet
from ingestion.reading import DEFAULT_OPTIONS, ReadOptions
from ingestion.table_grid import GridCell

_META = {"title": "title", "creator": "author", "initial-creator": "author", "subject": "subject",
         "keyword": "keywords", "creation-date": "created", "date": "modified"}  # fmt: skip
_FORMATS = {"text": "odt", "spreadsheet": "ods", "presentation": "odp", "drawing": "odg"}
_CONTAINERS = frozenset(
    [
        "section",
        "list",
        "list-item",
        "list-header",
        "index-body",
        "table-of-content",
        "alphabetical-index",
        "illustration-index",
        "table-index",
        "user-index",
        "bibliography",
        "numbered-paragraph",
        "text-box",
        "frame",
        "g",
        "a",
        "page-sequence",
    ]
)
_NESTED = 60
_LENGTH = re.compile(r"(-?[\d.]{1,12})(cm|mm|in|pt)")
_UNITS = {"cm": 1.0, "mm": 0.1, "in": 2.54, "pt": 2.54 / 72}
_ROW_HEIGHT = 0.5
"""Centimetres: shapes whose tops differ by less stand side by side."""


def read_odf(path: Path, options: ReadOptions = DEFAULT_OPTIONS) -> Document:
    """An OpenDocument file.

    Raises:
        ReadError: locked with an unknown password, damaged, of another kind, or without text.
    """
    content, meta, warnings = _parts(path, options)
    body = next((element for element in content.iter() if local_name(element) == "body"), None)
    kind = (
        next((child for child in body if local_name(child) in _FORMATS), None) if body is not None else None
    )
    if kind is None:
        raise ReadError("it is no OpenDocument text, spreadsheet or presentation.")
    name = local_name(kind)
    builder = DocumentBuilder(_FORMATS[name], paged=name != "text", warnings=warnings)
    _add_meta(builder, meta)
    hidden = hidden_names(content)
    if name == "text":
        _Text(builder, hidden).add(kind)
    elif name == "spreadsheet":
        _add_sheets(builder, kind, hidden)
    else:
        _add_slides(builder, kind, hidden)
    return builder.build()


def _parts(path: Path, options: ReadOptions) -> tuple[Any, Any, list[str]]:
    """The roots of content and meta data, which are one in a flat file."""
    with path.open("rb") as file:
        if not zipfile.is_zipfile(file):
            data = path.read_bytes()
            if not data.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<"):
                raise ReadError(
                    "the file is no OpenDocument file, or it is damaged: it is not a ZIP package."
                )
            root, warnings = parse_xml(data)
            return root, root, warnings
        with open_package(file, "OpenDocument") as package:
            parts = OpenDocumentPackage(package, options.passwords)
            content, warnings = parse_xml(parts.part("content.xml"), what="its content")
            meta = parse_xml(parts.part("meta.xml"))[0] if "meta.xml" in package.namelist() else content
            return content, meta, warnings


def _add_meta(builder: DocumentBuilder, root: Any) -> None:
    meta = next((element for element in root.iter() if local_name(element) == "meta"), None)
    for element in meta if meta is not None else ():
        name, text = _META.get(local_name(element)), clean_line("".join(element.itertext()))
        if name == "title":
            builder.title = text or None
        elif name and text:
            builder.properties[name] = text


class _Text:
    """Walks blocks of text into the builder."""

    def __init__(self, builder: DocumentBuilder, hidden: frozenset[str]) -> None:
        self.builder = builder
        self.hidden = hidden
        self.tables = 0

    def add(self, parent: Any, depth: int = 0) -> None:
        """All blocks below `parent`.

        Raises:
            ReadError: they are nested too deeply.
        """
        if depth > _NESTED:
            raise ReadError("its parts are nested too deeply: the file is damaged.")
        for block in parent:
            name = local_name(block)
            if name == "h":
                level = next((v for k, v in block.attrib.items() if k.endswith("}outline-level")), "1")
                self.builder.heading(
                    min(int(level), 9) if level.isdigit() else 1, text_of(block, self.hidden)
                )
                self._asides(block, depth)
            elif name == "p":
                self.builder.line(text_of(block, self.hidden))
                self._asides(block, depth)
            elif name == "table":
                self.table(block)
            elif name in _CONTAINERS or name in ("custom-shape", "rect", "ellipse", "line", "connector"):
                self.add(block, depth + 1)

    def table(self, table: Any) -> None:
        """A table; cells that hold others are read as one."""
        self.tables += 1
        cells = [
            GridCell(
                cell.row, cell.column, cell.text, cell.row_span, cell.column_span, cell.header,
                locator=f"table {self.tables} row {cell.row + 1}",
            )
            for row in sheet_rows(table, "", self.hidden)
            for cell in row
        ]  # fmt: skip
        self.builder.blank()
        self.builder.table(cells)
        self.builder.blank()

    def _asides(self, block: Any, depth: int) -> None:
        """Text boxes that are anchored in a paragraph, then its notes and comments."""
        for element in block.iter():
            if local_name(element) == "text-box":
                self.add(element, depth + 1)
        for line in note_lines(block, self.hidden):
            self.builder.line(line)


def _add_sheets(builder: DocumentBuilder, body: Any, hidden: frozenset[str]) -> None:
    concealed: list[str] = []
    for table in body:
        if local_name(table) != "table":
            continue
        name = _attribute(table, "name") or "Sheet"
        builder.open_page(name)
        builder.heading(1, name)
        add_sheet(builder, sheet_rows(table, name, frozenset()))
        for place, cell in cell_notes(table):
            for line in note_lines(cell, frozenset(), place=place):
                builder.row([(f"{name}!{place}", line)])
        builder.close_page()
        if _attribute(table, "style-name") in hidden:
            concealed.append(name)
    if concealed:
        builder.warnings.append(f"hidden sheets were read too: {', '.join(concealed)}")


def _add_slides(builder: DocumentBuilder, body: Any, hidden: frozenset[str]) -> None:
    concealed: list[str] = []
    number = 0
    for page in body:
        if local_name(page) != "page":
            continue
        number += 1
        builder.open_page(f"slide {number}")
        title = _add_shapes(builder, page, hidden)
        builder.title = builder.title or title
        builder.close_page()
        if _attribute(page, "style-name") in hidden:
            concealed.append(str(number))
    if concealed:
        builder.warnings.append(f"hidden slides were read too: {', '.join(concealed)}")


def _add_shapes(builder: DocumentBuilder, page: Any, hidden: frozenset[str]) -> str | None:
    """Title, shapes and notes of one slide; the title is returned."""
    reader = _Text(builder, hidden)
    title: str | None = None
    notes: list[Any] = []
    for shape in sorted(page, key=_place):
        name = local_name(shape)
        if name == "notes":
            notes.append(shape)
        elif title is None and _attribute(shape, "class") == "title":
            paragraphs = (text_of(element, hidden) for element in shape.iter() if local_name(element) == "p")
            title = clean_line(" ".join(paragraphs)) or None
            builder.heading(1, title or "")
        elif name == "annotation":
            builder.line(next(note_lines(page, hidden, own=shape)))
        elif _attribute(shape, "class") not in ("page-number", "date-time", "footer", "header"):
            reader.add([shape])
    for shape in notes:
        builder.blank()
        for frame in shape:
            if _attribute(frame, "class") == "notes":
                reader.add([frame])
    return title


def _place(shape: Any) -> tuple[float, float]:
    """Row and left edge in centimetres; what has no place comes first."""
    return _length(_attribute(shape, "y")) // _ROW_HEIGHT, _length(_attribute(shape, "x"))


def _length(text: str) -> float:
    match = _LENGTH.fullmatch(text)
    return float(match.group(1)) * _UNITS[match.group(2)] if match else 0.0


def _attribute(element: Any, name: str) -> str:
    return next((value for key, value in element.attrib.items() if key.endswith(f"}}{name}")), "")
