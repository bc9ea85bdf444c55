"""Word files: paragraphs and tables in the order of the body, headings by style or outline level.

Text boxes, charts, notes and comments are added where the package has them. Tracked deletions and hidden text
are left out; headers and footers are properties.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import docx
from docx.oxml.ns import qn

from ingestion.documents import Document
from ingestion.readers.building import DocumentBuilder, clean_line
from ingestion.readers.docx_tables import grid_of
from ingestion.readers.embedded import embedded_files
from ingestion.readers.office import core_properties, opened
from ingestion.readers.office_asides import add_word_asides
from ingestion.readers.office_figures import Pictures, is_caption, pictures_in
from ingestion.reading import DEFAULT_OPTIONS, ReadOptions

_HEADING_STYLE = re.compile(r"^(?:heading|見出し)\s*([1-9])", re.IGNORECASE)
_TEXT, _TAB, _BREAK, _CARRIAGE, _HYPHEN, _RUN, _VANISH = (
    qn(name) for name in ("w:t", "w:tab", "w:br", "w:cr", "w:noBreakHyphen", "w:r", "w:vanish")
)
_FORMULA_TEXT = "{http://schemas.openxmlformats.org/officeDocument/2006/math}t"
_PARAGRAPH, _TABLE, _ROW, _CELL = (qn(name) for name in ("w:p", "w:tbl", "w:tr", "w:tc"))
_WRAPPERS = frozenset(
    qn(name) for name in ("w:sdt", "w:sdtContent", "w:ins", "w:smartTag", "w:customXml", "w:hyperlink")
)
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_SKIPPED = frozenset(
    [*map(qn, ("w:del", "w:moveFrom", "w:rt", "w:txbxContent", "w:pPr", "w:instrText")), _FALLBACK]
)


def read_docx(path: Path, options: ReadOptions = DEFAULT_OPTIONS) -> Document:
    """A Word file in the current format.

    Raises:
        ReadError: encrypted, damaged, or without text.
    """
    with opened(path, docx.Document, "Word", options) as word:
        builder = DocumentBuilder("docx", title=word.core_properties.title or None)
        builder.properties.update(core_properties(word.core_properties))
        pictures = Pictures(builder)
        body = _Body(builder, word, pictures)
        body.add(word.element.body)
        _add_notes(builder, word)
        add_word_asides(builder, word.part, _text_of)
        embedded = embedded_files(path, options)
        embedded.add_to(builder)
        embedded.warn(builder)
        if any(_is_hidden(run) and run.find(_TEXT) is not None for run in word.element.body.iter(_RUN)):
            builder.warnings.append("hidden text was left out")
    builder.title = builder.title or body.title
    pictures.warn()
    return replace(pictures.into(builder.build()), members=embedded.names)


class _Body:
    """Walks the body's blocks into the builder."""

    def __init__(self, builder: DocumentBuilder, word: Any, pictures: Pictures) -> None:
        self.builder = builder
        self.part = word.part
        self.styles = _heading_styles(word)
        self.caption_styles = _caption_styles(word)
        self.pictures = pictures
        self.tables = 0
        self.title: str | None = None

    def add(self, parent: Any) -> None:
        for block in parent:
            if block.tag == _PARAGRAPH:
                self._paragraph(block)
            elif block.tag == _TABLE:
                self._table(block)
            elif block.tag in _WRAPPERS:
                self.add(block)

    def _paragraph(self, block: Any) -> None:
        text = _text_of(block)
        level = self._level(block)
        if level == 0 and text.strip():
            self.title = self.title or clean_line(text)
            self.builder.line(text)
        elif level and len(text) <= 200:
            self.builder.heading(level, text)
        else:
            self.builder.line(text)
        for picture in pictures_in(block):
            if next(picture.iterancestors(_PARAGRAPH)) is block and not _is_hidden_picture(picture):
                self.pictures.add(picture, self.part, self._captions(block))
        for box in block.iter(qn("w:txbxContent")):
            if not _inside_fallback(box):
                self.add(box)

    def _level(self, block: Any) -> int | None:
        """The heading level, 0 for the document's title, None for a plain paragraph."""
        properties = block.find(qn("w:pPr"))
        if properties is None:
            return None
        outline = properties.find(qn("w:outlineLvl"))
        if outline is not None:
            return _outline_level(outline)
        style = properties.find(qn("w:pStyle"))
        return self.styles.get(style.get(qn("w:val"))) if style is not None else None

    def _captions(self, block: Any) -> list[str]:
        """What may be the caption of a picture in a paragraph: itself, the next with text, the one before."""
        beside = (block, _neighbour(block, following=True), _neighbour(block, following=False))
        return [
            text
            for paragraph in beside
            if paragraph is not None
            and is_caption(text := _text_of(paragraph), styled=_style_of(paragraph) in self.caption_styles)
        ]

    def _table(self, table: Any) -> None:
        self.tables += 1
        self.builder.blank()
        self.builder.table(grid_of(table, f"table {self.tables}", _cell_text))
        for picture in pictures_in(table):
            cell = next(picture.iterancestors(_CELL), None)
            words = _cell_text(cell) if cell is not None else ""
            if not _is_hidden_picture(picture):
                self.pictures.add(picture, self.part, [words] if is_caption(words, styled=True) else [])
        self.builder.blank()


def _children(parent: Any, tag: str) -> Iterator[Any]:
    for child in parent:
        if child.tag == tag:
            yield child
        elif child.tag in _WRAPPERS:
            yield from _children(child, tag)


def _cell_text(cell: Any) -> str:
    return " ".join(
        _text_of(paragraph) for paragraph in cell.iter(_PARAGRAPH) if not _inside_fallback(paragraph)
    )


def _text_of(block: Any) -> str:
    """The text of one paragraph as shown: insertions in, deletions, rubies and text boxes out."""
    parts: list[str] = []
    _collect(block, parts)
    return "".join(parts)


def _collect(element: Any, parts: list[str]) -> None:
    for child in element:
        tag = child.tag
        if tag in _SKIPPED or (tag == _RUN and _is_hidden(child)):
            continue
        if tag in (_TEXT, _FORMULA_TEXT):
            parts.append(child.text or "")
        elif tag == _TAB:
            parts.append("\t")
        elif tag in (_BREAK, _CARRIAGE):
            parts.append("\n")
        elif tag == _HYPHEN:
            parts.append("-")
        else:
            _collect(child, parts)


def _neighbour(block: Any, *, following: bool) -> Any | None:
    """The next paragraph with text within three blocks, None when a table comes first."""
    for _ in range(3):
        block = block.getnext() if following else block.getprevious()
        if block is None or block.tag != _PARAGRAPH:
            return None
        if _text_of(block).strip():
            return block
    return None


def _is_hidden_picture(picture: Any) -> bool:
    return any(_is_hidden(run) for run in picture.iterancestors(_RUN))


def _is_hidden(run: Any) -> bool:
    vanish = run.find(f"{qn('w:rPr')}/{_VANISH}")
    return vanish is not None and vanish.get(qn("w:val"), "1") not in ("0", "false", "off")


def _inside_fallback(element: Any) -> bool:
    return any(above.tag == _FALLBACK for above in element.iterancestors())


def _heading_styles(word: Any) -> dict[str, int]:
    """Heading level by style id, through names, outline levels and the styles that a style is based on."""
    levels: dict[str, int] = {}
    elements = {style.get(qn("w:styleId")): style for style in word.styles.element.iter(qn("w:style"))}
    for style_id in elements:
        if (level := _style_level(elements, style_id)) is not None:
            levels[style_id] = level
    return levels


def _outline_level(outline: Any) -> int | None:
    """The heading level of a w:outlineLvl; None for body text (9) and for a value that is no level."""
    value = str(outline.get(qn("w:val"), "9"))
    return int(value) + 1 if re.fullmatch("[0-8]", value) else None


def _style_of(block: Any) -> str:
    style = block.find(f"{qn('w:pPr')}/{qn('w:pStyle')}")
    return str(style.get(qn("w:val"), "")) if style is not None else ""


def _caption_styles(word: Any) -> frozenset[str]:
    """Ids of the styles in which Word sets captions."""
    found = {
        str(style.get(qn("w:styleId"))): name.get(qn("w:val"), "").lower()
        for style in word.styles.element.iter(qn("w:style"))
        if (name := style.find(qn("w:name"))) is not None
    }
    return frozenset(id for id, name in found.items() if name in ("caption", "図表番号"))


def _style_level(elements: dict[str, Any], style_id: str) -> int | None:
    for _ in range(20):  # styles can be based on one another in a circle
        style = elements.get(style_id)
        if style is None:
            return None
        name = style.find(qn("w:name"))
        shown = name.get(qn("w:val"), "") if name is not None else ""
        if match := _HEADING_STYLE.match(shown):
            return int(match.group(1))
        if shown.lower() in ("title", "表題"):
            return 0
        outline = style.find(f"{qn('w:pPr')}/{qn('w:outlineLvl')}")
        if outline is not None:
            return _outline_level(outline)
        based = style.find(qn("w:basedOn"))
        if based is None:
            return None
        style_id = based.get(qn("w:val"))
    return None


def _add_notes(builder: DocumentBuilder, word: Any) -> None:
    """Footnotes and endnotes, which python-docx does not show, at the end of the text."""
    for relation in word.part.rels.values():
        if relation.is_external or not relation.reltype.endswith(("/footnotes", "/endnotes")):
            continue
        root = docx.oxml.parse_xml(relation.target_part.blob)
        for note in root:
            if note.get(qn("w:type")) in ("separator", "continuationSeparator", "continuationNotice"):
                continue
            for paragraph in note.iter(_PARAGRAPH):
                builder.line(_text_of(paragraph))
