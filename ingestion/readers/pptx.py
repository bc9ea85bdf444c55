"""PowerPoint files: a page for each slide, with its shapes from top to bottom, tables and notes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pptx
from pptx.enum.shapes import MSO_SHAPE_TYPE, PP_PLACEHOLDER
from pptx.shapes.group import GroupShape

from ingestion.documents import Document
from ingestion.readers.building import DocumentBuilder, clean_line
from ingestion.readers.embedded import EmbeddedFiles, embedded_files
from ingestion.readers.office import core_properties, opened
from ingestion.readers.office_asides import add_chart_of, add_slide_comments, comment_authors
from ingestion.readers.office_figures import Pictures, is_caption, pictures_in
from ingestion.reading import DEFAULT_OPTIONS, ReadOptions
from ingestion.table_grid import GridCell

_ROW_HEIGHT = 180_000
"""EMU (0.5 cm): shapes whose tops differ by less stand side by side."""
_NEAR = 400_000
"""EMU (1.1 cm): how far from a picture its caption stands."""
_DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_LAYOUT_PLACEHOLDERS = (PP_PLACEHOLDER.DATE, PP_PLACEHOLDER.FOOTER, PP_PLACEHOLDER.SLIDE_NUMBER)


def read_pptx(path: Path, options: ReadOptions = DEFAULT_OPTIONS) -> Document:
    """A presentation; hidden slides are read too, and named in a warning.

    Raises:
        ReadError: encrypted, damaged, or without text.
    """
    with opened(path, pptx.Presentation, "PowerPoint", options) as show:
        builder = DocumentBuilder("pptx", paged=True, title=show.core_properties.title or None)
        builder.properties.update(core_properties(show.core_properties))
        hidden: list[str] = []
        pictures = Pictures(builder)
        authors = comment_authors(show.part)
        embedded = embedded_files(path, options)
        embedded.warn(builder)
        for number, slide in enumerate(show.slides, start=1):
            _add_slide(builder, slide, number, authors, pictures, embedded)
            if slide.element.get("show") == "0":
                hidden.append(str(number))
        if hidden:
            builder.warnings.append(f"hidden slides were read too: {', '.join(hidden)}")
        if clean_line(builder.title or "").lower() in (
            "",
            "powerpoint presentation",
            "powerpoint プレゼンテーション",
        ):
            builder.title = _title_of(show.slides[0]) if len(show.slides) else None
    pictures.warn()
    return replace(pictures.into(builder.build()), members=embedded.names)


def _add_slide(
    builder: DocumentBuilder, slide: Any, number: int, authors: dict[str, str], pictures: Pictures,
    embedded: EmbeddedFiles,
) -> None:  # fmt: skip
    title = _title_of(slide)
    builder.open_page(f"slide {number}")
    title_shape = slide.shapes.title
    if title:
        builder.heading(1, title)
    shapes = _in_reading_order(_flat(slide.shapes))
    for shape in shapes:
        if title and title_shape is not None and shape.shape_id == title_shape.shape_id:
            continue
        _add_shape(builder, shape, number)
        for picture in pictures_in(shape.element):
            pictures.add(picture, slide.part, _captions(shape, shapes))
    embedded.add_to(builder, str(slide.part.partname))
    add_slide_comments(builder, slide.part, authors)
    if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
        notes = slide.notes_slide.notes_text_frame.text
        if notes.strip():
            builder.blank()
            builder.line(notes)
    builder.close_page()


def _title_of(slide: Any) -> str | None:
    title = slide.shapes.title
    if title is None or not title.has_text_frame:
        return None
    return clean_line(_frame_text(title.text_frame)) or None


def _flat(shapes: Any) -> Iterator[Any]:
    for shape in shapes:
        if isinstance(shape, GroupShape):  # asking for `shape_type` raises where a shape has no outline
            yield from _flat(shape.shapes)
        else:
            yield shape


def _in_reading_order(shapes: Iterator[Any]) -> list[Any]:
    placed = list(shapes)
    return sorted(placed, key=lambda shape: ((shape.top or 0) // _ROW_HEIGHT, shape.left or 0))


def _captions(picture: Any, shapes: list[Any]) -> list[str]:
    """Texts close below or above a picture on its slide: those that begin as captions first."""
    found = []
    left, right = picture.left or 0, (picture.left or 0) + (picture.width or 0)
    top, bottom = picture.top or 0, (picture.top or 0) + (picture.height or 0)
    for shape in shapes:
        if shape is picture or not shape.has_text_frame or shape.left is None:
            continue
        text = _frame_text(shape.text_frame)
        below, above = abs((shape.top or 0) - bottom), abs((shape.top or 0) + (shape.height or 0) - top)
        beside = shape.left < right and shape.left + (shape.width or 0) > left
        if (
            beside
            and min(below, above) <= _NEAR
            and is_caption(text, styled=True)
            and "\n" not in text.strip()
        ):
            found.append((not is_caption(text), above < below, min(below, above), text))
    return [text for *_, text in sorted(found)]


def _add_shape(builder: DocumentBuilder, shape: Any, number: int) -> None:
    if shape.is_placeholder and shape.placeholder_format.type in _LAYOUT_PLACEHOLDERS:
        return
    if shape.has_text_frame:
        builder.line(_frame_text(shape.text_frame))
    elif getattr(shape, "has_table", False) and shape.has_table:
        builder.blank()
        builder.table(_grid(shape.table, f"slide {number}"))
        builder.blank()
    elif shape.shape_type in (MSO_SHAPE_TYPE.PICTURE, MSO_SHAPE_TYPE.MEDIA):
        return
    elif not add_chart_of(builder, shape):
        _add_diagram(builder, shape)


def _grid(table: Any, name: str) -> Iterator[GridCell]:
    """The table's cells; a first row that the slide's author set apart names the columns."""
    head = bool(table.first_row) and len(table.rows) > 1
    for row, line in enumerate(table.rows):
        for column, cell in enumerate(line.cells):
            if not cell.is_spanned:
                high, wide = (cell.span_height, cell.span_width) if cell.is_merge_origin else (1, 1)
                yield GridCell(
                    row, column, _frame_text(cell.text_frame), high, wide, strong=head and row == 0,
                    locator=f"{name} row {row + 1}",
                )  # fmt: skip


def _add_diagram(builder: DocumentBuilder, shape: Any) -> None:
    """Text of SmartArt, which lies in a part of its own."""
    for relation_id in _diagram_relations(shape):
        part = shape.part.related_part(relation_id)
        root = pptx.oxml.parse_xml(part.blob)
        for paragraph in root.iter(f"{_DRAWING}p"):
            builder.line("".join(run.text or "" for run in paragraph.iter(f"{_DRAWING}t")))


def _diagram_relations(shape: Any) -> Iterator[str]:
    for element in shape.element.iter("{http://schemas.openxmlformats.org/drawingml/2006/diagram}relIds"):
        value = element.get("{http://schemas.openxmlformats.org/officeDocument/2006/relationships}dm")
        if value:
            yield value


def _frame_text(frame: Any) -> str:
    return "\n".join(paragraph.text.replace("\v", "\n") for paragraph in frame.paragraphs)
