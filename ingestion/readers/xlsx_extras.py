"""What openpyxl leaves out of a sheet read cell by cell: notes, text boxes, charts, unsaved formulas."""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Iterator
from typing import Any, BinaryIO

from ingestion.readers.building import DocumentBuilder, clean_line
from ingestion.readers.drawing_parts import add_chart, shape_lines
from ingestion.readers.safe_xml import local_name, parse_xml, part

_SPREADSHEET_DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing}"
_FORMULA = re.compile(
    rb"<(?:\w+:)?c\s[^>]*?r=[\"']([A-Z]{1,3}\d{1,7})[\"'][^>]*>\s*<(?:\w+:)?f(?:\s[^>]*)?"
    rb"(?:/>|>[^<]*</(?:\w+:)?f>)\s*(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v>\s*</(?:\w+:)?v>)?\s*</(?:\w+:)?c>"
)
_PIECE = 1 << 20
_LONGEST_CELL = 20_000
_MOST_PLACES = 100_000


def add_extras(builder: DocumentBuilder, archive: zipfile.ZipFile, sheet: str, title: str) -> None:
    """Add text boxes, titles of charts and notes of the sheet in the part `sheet`, named `title`."""
    parts = list(_related(archive, sheet))
    for kind, name in parts:
        if kind == "drawing":
            _add_drawing(builder, archive, name)
    threads = [name for kind, name in parts if kind == "threadedComment"]
    notes = threads or [name for kind, name in parts if kind == "comments"]
    people = _people(archive) if threads else {}
    for name in notes:
        root, _ = parse_xml(part(archive, name))
        for place, author, text in _threads(root, people) if threads else _notes(root):
            by = f"{author}, {place}" if author else place
            builder.row([(f"{title}!{place}", f"Comment ({by}): {text}")])


def unsaved_formulas(source: BinaryIO) -> list[str]:
    """Places ("B3") of formulas for which the workbook holds no value, at most 100,000 of them."""
    found: dict[str, None] = {}
    rest = b""
    while piece := source.read(_PIECE):
        text = rest + piece
        last = 0
        if b"<f" in text or b":f" in text:
            for match in _FORMULA.finditer(text):
                last = match.end()
                if len(found) < _MOST_PLACES:
                    found.setdefault(match.group(1).decode())
        rest = text[max(last, len(text) - _LONGEST_CELL) :]
    return list(found)


def _related(archive: zipfile.ZipFile, name: str) -> Iterator[tuple[str, str]]:
    """(kind, part) of what a part refers to within the package."""
    folder, file = posixpath.split(name.lstrip("/"))
    listing = f"{folder}/_rels/{file}.rels"
    names = set(archive.namelist())
    if listing not in names:
        return
    root, _ = parse_xml(part(archive, listing))
    for relation in root:
        target = relation.get("Target", "")
        full = target.lstrip("/") if target.startswith("/") else posixpath.normpath(f"{folder}/{target}")
        if relation.get("TargetMode") != "External" and full in names:
            yield relation.get("Type", "").rpartition("/")[2], full


def _add_drawing(builder: DocumentBuilder, archive: zipfile.ZipFile, name: str) -> None:
    root, _ = parse_xml(part(archive, name))
    for shape in root.iter(f"{_SPREADSHEET_DRAWING}sp"):
        for line in shape_lines(shape):
            builder.line(line)
    for kind, target in _related(archive, name):
        if kind == "chart":
            add_chart(builder, parse_xml(part(archive, target))[0], values=False)
        elif kind == "diagramData":
            for line in shape_lines(parse_xml(part(archive, target))[0]):
                builder.line(line)


def _notes(root: Any) -> Iterator[tuple[str, str, str]]:
    """(place, author, text) of each note; Excel repeats the author's name at the start of the text."""
    authors = [clean_line(element.text or "") for element in root.iter() if local_name(element) == "author"]
    for comment in root.iter():
        if local_name(comment) != "comment":
            continue
        text = clean_line("".join(run.text or "" for run in comment.iter() if local_name(run) == "t"))
        index = comment.get("authorId", "")
        author = authors[int(index)] if index.isdigit() and int(index) < len(authors) else ""
        text = text.removeprefix(f"{author}:").strip() if author else text
        if text:
            yield comment.get("ref", ""), author, text


def _threads(root: Any, people: dict[str, str]) -> Iterator[tuple[str, str, str]]:
    for comment in root:
        text = clean_line("".join(run.text or "" for run in comment.iter() if local_name(run) == "text"))
        if local_name(comment) == "threadedComment" and text:
            yield comment.get("ref", ""), people.get(comment.get("personId", ""), ""), text


def _people(archive: zipfile.ZipFile) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in archive.namelist():
        if name.startswith("xl/persons/") and name.endswith(".xml"):
            for person in parse_xml(part(archive, name))[0]:
                found[person.get("id", "")] = person.get("displayName", "")
    return found
