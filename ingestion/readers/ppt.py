"""PowerPoint files of the binary format (97 to 2003): a page for each slide, with notes and comments."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ingestion.documents import Document
from ingestion.errors import ReadError
from ingestion.readers.building import DocumentBuilder, clean_line
from ingestion.readers.libreoffice import converted
from ingestion.readers.ole import opened_streams
from ingestion.readers.ppt_records import Record, Show, SlideEntry
from ingestion.readers.pptx import read_pptx
from ingestion.readers.unlocking import unlocked_or_plain
from ingestion.reading import DEFAULT_OPTIONS, ReadOptions

_HEADER, _UNICODE, _BYTES, _OUTLINE_REF = 0x0F9F, 0x0FA0, 0x0FA8, 0x0F9E
_NOTES_ATOM, _SHOW_INFO, _COMMENT, _STRING, _DRAWING = 0x03F1, 0x03F9, 0x2EE0, 0x0FBA, 0x040C
_GROUP, _SHAPE, _ANCHOR, _TEXT_BOX, _CLIENT_DATA, _PLACEHOLDER = (
    0xF003,
    0xF004,
    0xF010,
    0xF00D,
    0xF011,
    0x0BC3,
)
_TITLES = (0, 6)
_RUNNING = frozenset([0x07, 0x08, 0x09, 0x0A])
"""Placeholders of date, slide number, footer and header."""
_ROW_HEIGHT = 115
"""Master units (0.5 cm, 576 to the inch): shapes whose tops differ by less stand side by side."""
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1f]")


@dataclass(frozen=True, slots=True)
class _Text:
    kind: int
    text: str
    top: int
    left: int


def read_ppt(path: Path, options: ReadOptions = DEFAULT_OPTIONS) -> Document:
    """A presentation of the old format; hidden slides are read too, and named in a warning.

    Raises:
        ReadError: locked, damaged, without text, or older than PowerPoint 97.
    """
    content = unlocked_or_plain(path, options)
    try:
        with opened_streams(content) as streams:
            builder = DocumentBuilder("ppt", paged=True, properties=streams.properties())
            show = Show(streams)
            _add_slides(builder, show)
    except ReadError as error:
        with converted(content, ".ppt", "pptx", error) as newer:
            return read_pptx(newer)
    return builder.build()


def _add_slides(builder: DocumentBuilder, show: Show) -> None:
    notes = _notes(show)
    hidden: list[str] = []
    builder.title = builder.properties.pop("title", None)
    if clean_line(builder.title or "").lower() in (
        "powerpoint presentation",
        "powerpoint プレゼンテーション",
        "スライド 1",
    ):
        builder.title = None
    for number, entry in enumerate(show.entries(0), start=1):
        builder.open_page(f"slide {number}")
        texts = list(_texts(entry))
        title = next((text for text in texts if text.kind in _TITLES and text.text.strip()), None)
        if title is not None:
            builder.heading(1, title.text)
            builder.title = builder.title or clean_line(title.text)
        for text in sorted(texts, key=lambda text: (text.top // _ROW_HEIGHT, text.left)):
            if text is not title:
                builder.line(text.text)
        for comment in _comments(entry.record):
            builder.line(comment)
        if spoken := notes.get(entry.id):
            builder.blank()
            builder.line(spoken)
        builder.close_page()
        if entry.record is not None and _is_hidden(entry.record):
            hidden.append(str(number))
    if hidden:
        builder.warnings.append(f"hidden slides were read too: {', '.join(hidden)}")


def _texts(entry: SlideEntry) -> Iterator[_Text]:
    """The texts of a slide: those in its shapes, and those of the outline that no shape refers to."""
    outline = list(_runs(entry.outline))
    used: set[int] = set()
    drawing = entry.record.find(_DRAWING) if entry.record is not None else None
    for shape, top, left in _shapes(drawing) if drawing is not None else ():
        box = next((record for record in shape.walk() if record.kind == _TEXT_BOX), None)
        if box is None or _is_running(shape):
            continue
        inside = Record(box.kind, box.instance, True, box.data)
        for record in inside.children():
            if record.kind == _OUTLINE_REF and len(record.data) >= 4:
                (index,) = struct.unpack_from("<I", record.data)
                if index < len(outline) and index not in used:
                    used.add(index)
                    kind, text = outline[index]
                    yield _Text(kind, text, top, left)
        for kind, text in _runs(inside.children()):
            yield _Text(kind, text, top, left)
    for index, (kind, text) in enumerate(outline):
        if index not in used:
            yield _Text(kind, text, 0, 0)


def _runs(records: Iterable[Record]) -> Iterator[tuple[int, str]]:
    """(kind of text, text) for each text among the records."""
    kind = 4
    for record in records:
        if record.kind == _HEADER and len(record.data) >= 4:
            (kind,) = struct.unpack_from("<I", record.data)
        elif record.kind in (_UNICODE, _BYTES):
            text = record.data.decode("utf-16-le" if record.kind == _UNICODE else "latin-1", "replace")
            yield kind, "" if text.strip() == "*" else _cleaned(text)  # "*" stands for the date or the number


def _shapes(drawing: Record) -> Iterator[tuple[Record, int, int]]:
    """Each shape with the place of the outermost group that holds it."""
    for record in drawing.children():
        if record.kind == _GROUP:
            yield from _grouped(record, None, 0)
        elif record.container and record.kind != _SHAPE:
            yield from _shapes(record)


def _grouped(group: Record, place: tuple[int, int] | None, depth: int) -> Iterator[tuple[Record, int, int]]:
    """The shapes of a group. The outermost group is the slide, whose members have places of their own."""
    if depth > 40:
        raise ReadError("the PowerPoint file is damaged: its groups are nested too deeply.")
    for record in group.children():
        if record.kind == _SHAPE:
            top, left = place or _place(record) or (0, 0)
            yield record, top, left
        elif record.kind == _GROUP:
            first = record.find(_SHAPE)
            own = place or (_place(first) if first is not None else None)
            yield from _grouped(record, own, depth + 1)


def _place(shape: Record) -> tuple[int, int] | None:
    anchor = shape.find(_ANCHOR)
    if anchor is None or len(anchor.data) < 8:
        return None
    form = "<4i" if len(anchor.data) >= 16 else "<4h"
    top, left, _, _ = struct.unpack_from(form, anchor.data)
    return top, left


def _is_running(shape: Record) -> bool:
    """Whether the shape shows the date, the number, the footer or the header of each slide."""
    for record in shape.walk():
        if record.kind == _PLACEHOLDER and len(record.data) >= 5:
            return record.data[4] in _RUNNING
    return False


def _notes(show: Show) -> dict[int, str]:
    """Speaker notes by the id of their slide."""
    found: dict[int, str] = {}
    for entry in show.entries(2):
        atom = entry.record.find(_NOTES_ATOM) if entry.record is not None else None
        if atom is None or len(atom.data) < 4:
            continue
        (slide,) = struct.unpack_from("<I", atom.data)
        lines = [text.text for text in _texts(entry) if text.kind == 2 and text.text.strip()]
        if lines:
            found[slide] = "\n".join(lines)
    return found


def _comments(slide: Record | None) -> Iterator[str]:
    for record in slide.walk() if slide is not None else ():
        if record.kind == _COMMENT:
            parts = {
                child.instance: child.data.decode("utf-16-le", "replace")
                for child in record.children()
                if child.kind == _STRING
            }
            if parts.get(1, "").strip():
                yield f"Comment ({parts.get(0, '').strip()}): {clean_line(parts[1])}"


def _is_hidden(slide: Record) -> bool:
    info = slide.find(_SHOW_INFO)
    return info is not None and len(info.data) >= 12 and bool(info.data[10] & 4)


def _cleaned(text: str) -> str:
    return _CONTROLS.sub("", text.replace("\r", "\n").replace("\v", "\n"))
