"""XML of any kind: titles as headings, running text as lines, records as tables. Workbooks as such.

Attributes are read where an element holds nothing else. Entities that the file defines are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ingestion.decoding import decode
from ingestion.documents import Document
from ingestion.errors import ReadError
from ingestion.readers.building import DocumentBuilder, clean_line
from ingestion.readers.csv import column_name
from ingestion.readers.html import read_html
from ingestion.readers.odf import read_odf
from ingestion.readers.safe_xml import local_name, parse_xml
from ingestion.readers.sheets import Row, add_sheet
from ingestion.table_grid import GridCell

_HEADINGS = re.compile(r"(?:.*title|head|heading|h[1-6]|.*(?:表題|見出し|件名))", re.IGNORECASE)
_RUNNING = re.compile(
    r"(?:p|para|paragraph|.*sentence|text|body|content|description|li|item|td|line)", re.IGNORECASE
)
_RUBY = frozenset(["Rt", "rt", "rp"])
_UNREAD = frozenset(["id", "ID", "class", "style", "schemaLocation", "lang", "space", "type", "href", "nil"])
_DECLARED = re.compile(rb"\A\s*<\?xml[^>]*?encoding\s*=\s*[\"']([\w.:-]+)")
_LABELLED = 80
_MOST_COLUMNS = 40
_DEEPEST = 200
_SPREADSHEET = "urn:schemas-microsoft-com:office:spreadsheet"


def read_xml(path: Path) -> Document:
    """An XML file.

    Raises:
        ReadError: it is not well-formed, nested too deeply, or without text.
    """
    root, warnings = parse_xml(_as_utf8(path.read_bytes()))
    name = local_name(root)
    if name == "html":
        return read_html(path)
    if name == "document" and "opendocument" in root.tag:
        return read_odf(path)
    if root.tag == f"{{{_SPREADSHEET}}}Workbook":
        builder = DocumentBuilder("xls", paged=True, warnings=warnings)
        _add_workbook(builder, root)
    else:
        builder = DocumentBuilder("xml", warnings=warnings)
        _Tree(builder).add(root, 0)
    return builder.build()


def _as_utf8(data: bytes) -> bytes:
    """The bytes in UTF-8: libxml2 does not know all that Japanese systems write as Shift_JIS."""
    stated = _DECLARED.match(data[:300])
    decoded = decode(data, declared=stated.group(1).decode("ascii") if stated else None)
    text = re.sub(r"\A(\s*<\?xml[^>]*?)\s+encoding\s*=\s*[\"'][^\"']*[\"']", r"\1", decoded.text, count=1)
    return text.lstrip().encode("utf-8", "replace")


class _Tree:
    """Walks elements into the builder."""

    def __init__(self, builder: DocumentBuilder) -> None:
        self.builder = builder

    def add(self, element: Any, depth: int) -> None:
        """An element and all below it.

        Raises:
            ReadError: they are nested too deeply.
        """
        if depth > _DEEPEST:
            raise ReadError(f"its elements are nested more than {_DEEPEST} deep: it is damaged.")
        children = [child for child in element if isinstance(child.tag, str)]
        if not children or _is_mixed(element):
            self._leaf(element, depth)
        elif (records := _records(children)) is not None:
            self.builder.blank()
            self.builder.table(records)
            self.builder.blank()
        else:
            self._attributes(element)
            for child in children:
                self.add(child, depth + 1)

    def _leaf(self, element: Any, depth: int) -> None:
        name, text = local_name(element), clean_line(_text(element))
        if not text:
            self._attributes(element)
        elif _HEADINGS.fullmatch(name) and len(text) <= 200:
            self.builder.heading(min(max(depth, 1), 9), text)
            if depth <= 2:
                self.builder.title = self.builder.title or text
        elif len(text) <= _LABELLED and not _RUNNING.fullmatch(name) and text[-1] not in "。.":
            self.builder.line(f"{name}: {text}")
        else:
            self.builder.line(text)

    def _attributes(self, element: Any) -> None:
        """The attributes of an element without text below it."""
        if not clean_line(_text(element)) and (values := _attributes(element)):
            shown = ", ".join(f"{name} {value}" for name, value in values.items())
            self.builder.line(f"{local_name(element)}: {shown}")


def _is_mixed(element: Any) -> bool:
    """Whether text stands beside the elements within, which are then part of a sentence."""
    return bool((element.text or "").strip()) or any((child.tail or "").strip() for child in element)


def _text(element: Any) -> str:
    """All text below, without the reading of rubies."""
    parts = [element.text or ""]
    for child in element:
        if isinstance(child.tag, str) and local_name(child) not in _RUBY:
            parts.append(_text(child))
        parts.append(child.tail or "")
    return "".join(parts)


def _attributes(element: Any) -> dict[str, str]:
    found: dict[str, str] = {}
    for key, value in element.attrib.items():
        name = key.rpartition("}")[2]
        if name not in _UNREAD and clean_line(value):
            found[name] = clean_line(value)
    return found


def _records(elements: Sequence[Any]) -> list[GridCell] | None:
    """The cells of elements that are like records: same name, flat fields; None when they are not."""
    if len(elements) < 2 or len({element.tag for element in elements}) > 1:
        return None
    rows = [_fields(element) for element in elements]
    if any(row is None for row in rows):
        return None
    fields = [row for row in rows if row is not None]
    columns = dict.fromkeys(name for row in fields for name in row)
    if not 1 < len(columns) <= _MOST_COLUMNS or sum(map(len, fields)) < 0.5 * len(columns) * len(fields):
        return None
    places = {name: index for index, name in enumerate(columns)}
    name = local_name(elements[0])
    cells = [GridCell(0, index, column, header=True) for column, index in places.items()]
    for number, row in enumerate(fields, start=1):
        cells += [
            GridCell(number, places[column], text, locator=f"{name}[{number}]/{column}")
            for column, text in row.items()
        ]
    return cells


def _fields(element: Any) -> dict[str, str] | None:
    """The fields of a record, None when it is more than that."""
    if _is_mixed(element):
        return None
    found = _attributes(element)
    for child in element:
        if len(child) or not isinstance(child.tag, str):
            return None
        name = local_name(child)
        text = clean_line(child.text or "")
        found[name] = f"{found[name]}, {text}" if name in found else text
    return {name: text for name, text in found.items() if text}


def _add_workbook(builder: DocumentBuilder, root: Any) -> None:
    """A workbook that Excel 2002 and 2003 saved as XML, as many programs still write it."""
    for sheet in root.iter(f"{{{_SPREADSHEET}}}Worksheet"):
        name = sheet.get(f"{{{_SPREADSHEET}}}Name", "Sheet")
        builder.open_page(name)
        builder.heading(1, name)
        add_sheet(builder, _sheet_rows(sheet, name))
        builder.close_page()


def _sheet_rows(sheet: Any, name: str) -> Iterator[Row]:
    row = -1
    for element in sheet.iter(f"{{{_SPREADSHEET}}}Row"):
        row = _index(element, row)
        cells: Row = []
        column = -1
        for cell in element.iter(f"{{{_SPREADSHEET}}}Cell"):
            column = _index(cell, column)
            data = cell.find(f"{{{_SPREADSHEET}}}Data")
            tall, wide = _number(cell, "MergeDown", 0) + 1, _number(cell, "MergeAcross", 0) + 1
            if data is not None and (text := clean_line("".join(data.itertext()))):
                place = f"{name}!{column_name(column)}{row + 1}"
                cells.append(GridCell(row, column, text, tall, wide, locator=place))
            column += wide - 1
        yield cells


def _index(element: Any, before: int) -> int:
    """The 0-based place of a row or cell, which is stated only where some are left out."""
    return _number(element, "Index", before + 2) - 1


def _number(element: Any, name: str, otherwise: int) -> int:
    value = element.get(f"{{{_SPREADSHEET}}}{name}", "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 8 else otherwise
