"""The binary side of Word 97 to 2003 files: pieces of text, and what paragraphs and deleted runs are.

Offsets and record numbers are those of [MS-DOC] (2.4.1 "Retrieving Text", 2.9.33 FKP, 2.6 sprms).
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field

from ingestion.decoding import decode
from ingestion.errors import ReadError
from ingestion.readers.ole import Streams

_WORD_97 = 0xC1
_ENCRYPTED, _COMPLEX, _TABLE_1 = 0x0100, 0x0004, 0x0200
_PAGE = 512
_CLX, _CHARACTERS, _PARAGRAPHS = 33, 12, 13  # places in the FIB's list of (offset, length)
_STORIES = ("main", "footnotes", "headers", "macros", "comments", "endnotes", "boxes", "header_boxes")
_DELETED, _VANISHED = 0x0800, 0x083C
_IN_TABLE, _ROW_END, _OUTLINE = 0x2416, 0x2417, 0x2640
DELETION = "\x18"
"""Stands for a character that a tracked change deleted, or that is hidden; no text of Word has it."""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Properties of one paragraph: `level` 1 to 9 of a heading or None, and its part in a table."""

    level: int | None = None
    in_table: bool = False
    row_end: bool = False


_PLAIN = Paragraph()


@dataclass(frozen=True, slots=True)
class _Piece:
    start: int
    end: int
    offset: int
    compressed: bool


@dataclass(slots=True)
class WordText:
    """The text of each story ("main", "footnotes", "comments", …) with Word's control characters in it."""

    stories: dict[str, str]
    hidden: bool = False
    _ends: list[int] = field(default_factory=list)
    _paragraphs: list[Paragraph] = field(default_factory=list)
    _pieces: list[_Piece] = field(default_factory=list)

    def paragraph_at(self, position: int) -> Paragraph:
        """Properties of the paragraph with the main text's character `position` in it."""
        index = bisect_right(self._pieces, position, key=lambda piece: piece.start) - 1
        if index < 0:
            return _PLAIN
        piece = self._pieces[index]
        offset = piece.offset + (position - piece.start) * (1 if piece.compressed else 2)
        place = bisect_right(self._ends, offset)
        return self._paragraphs[place] if place < len(self._paragraphs) else _PLAIN


def read_word_text(streams: Streams) -> WordText:
    """The text of the file.

    Raises:
        ReadError: the streams are damaged, locked, or of a version that is not understood.
    """
    main = streams.read("WordDocument") or b""
    try:
        version, flags = struct.unpack_from("<H", main, 2)[0], struct.unpack_from("<H", main, 10)[0]
        if flags & _ENCRYPTED:
            raise ReadError("the Word file is locked with a password.")
        if version < _WORD_97:
            return _word_95(main, complex_=bool(flags & _COMPLEX))
        table = streams.read("1Table" if flags & _TABLE_1 else "0Table")
        return _word_97(main, table or b"")
    except struct.error as error:
        raise ReadError(f"the Word file is damaged: its records end too early ({error}).") from error


def _word_95(main: bytes, *, complex_: bool) -> WordText:
    """Word 6 and 95: one run of text in the code page of the machine that wrote it."""
    start, end = struct.unpack_from("<2I", main, 0x18)
    if complex_ or not start < end <= len(main):
        raise ReadError("it was saved in pieces by Word 6 or 95. Save it as .docx with a newer Word.")
    (length,) = struct.unpack_from("<I", main, 0x34)
    text = decode(main[start : start + min(length, end - start)].replace(b"\0", b"")).text
    return WordText({"main": text})


def _word_97(main: bytes, table: bytes) -> WordText:
    counts = struct.unpack_from("<8I", main, 0x4C)
    pieces = list(_pieces(_listed(main, table, _CLX)))
    if not pieces:
        raise ReadError("the Word file is damaged: it has no list of its pieces.")
    removed = _removed_runs(main, table)
    whole = "".join(_piece_text(main, piece, removed) for piece in pieces)
    stories: dict[str, str] = {}
    at = 0
    for name, count in zip(_STORIES, counts, strict=True):
        stories[name] = whole[at : at + count].replace(DELETION, "") if name != "main" else whole[:count]
        at += count
    text = WordText(stories, hidden=any(kind == _VANISHED for _, _, kind in removed), _pieces=pieces)
    for end, paragraph in sorted(_paragraphs(main, table), key=lambda item: item[0]):
        text._ends.append(end)
        text._paragraphs.append(paragraph)
    return text


def _listed(main: bytes, table: bytes, index: int) -> bytes:
    offset, length = struct.unpack_from("<2I", main, 154 + index * 8)
    return table[offset : offset + length]


def _pieces(clx: bytes) -> Iterator[_Piece]:
    at = 0
    while at < len(clx) and clx[at] == 1:  # property lists that pieces refer to
        at += 3 + struct.unpack_from("<H", clx, at + 1)[0]
    if at >= len(clx) or clx[at] != 2:
        return
    plc = clx[at + 5 : at + 5 + struct.unpack_from("<I", clx, at + 1)[0]]
    count = (len(plc) - 4) // 12
    bounds = struct.unpack_from(f"<{count + 1}I", plc)
    for index in range(count):
        (place,) = struct.unpack_from("<I", plc, (count + 1) * 4 + index * 8 + 2)
        compressed = bool(place & 0x40000000)
        offset = (place & 0x3FFFFFFF) // 2 if compressed else place & 0x3FFFFFFF
        if bounds[index] < bounds[index + 1]:
            yield _Piece(bounds[index], bounds[index + 1], offset, compressed)


def _piece_text(main: bytes, piece: _Piece, removed: list[tuple[int, int, int]]) -> str:
    """The piece's text, with deleted and hidden characters replaced, so that positions hold."""
    width = 1 if piece.compressed else 2
    data = main[piece.offset : piece.offset + (piece.end - piece.start) * width]
    if len(data) < (piece.end - piece.start) * width:
        raise ReadError("the Word file is damaged: a piece of its text lies outside of it.")
    text = data.decode("cp1252", "replace") if piece.compressed else _utf16(data)
    last = piece.offset + len(data)
    for start, end, _ in removed:
        if start < last and end > piece.offset:
            first = (max(start, piece.offset) - piece.offset) // width
            after = (min(end, last) - piece.offset) // width
            text = text[:first] + DELETION * (after - first) + text[after:]
    return text


def _utf16(data: bytes) -> str:
    """One character for each code unit; a pair of surrogates becomes its letter and a filler behind it."""
    text = data.decode("utf-16-le", "replace")
    if len(text) * 2 == len(data):
        return text
    return "".join(letter + DELETION if ord(letter) > 0xFFFF else letter for letter in text)


def _removed_runs(main: bytes, table: bytes) -> list[tuple[int, int, int]]:
    """Byte ranges of runs that a tracked change deleted or that are hidden, with which of the two it is."""
    runs = []
    for start, end, page, index, count in _entries(main, _listed(main, table, _CHARACTERS)):
        place = page[(count + 1) * 4 + index] * 2
        if place == 0 or place >= _PAGE - 1:
            continue
        for kind, operand in _sprms(page[place + 1 : place + 1 + page[place]]):
            if kind in (_DELETED, _VANISHED) and operand[:1] in (b"\x01", b"\x81"):
                runs.append((start, end, kind))
    return runs


def _paragraphs(main: bytes, table: bytes) -> Iterator[tuple[int, Paragraph]]:
    """(end offset in bytes, properties) of each paragraph."""
    for _, end, page, index, count in _entries(main, _listed(main, table, _PARAGRAPHS)):
        place = page[(count + 1) * 4 + index * 13] * 2
        if place == 0 or place + 3 >= _PAGE:
            yield end, _PLAIN
            continue
        size = page[place] * 2 - 1 if page[place] else page[place + 1] * 2
        first = place + 1 if page[place] else place + 2
        (style,) = struct.unpack_from("<H", page, first)
        found = dict(_sprms(page[first + 2 : first + size]))
        level = style if 1 <= style <= 9 else None  # the first styles are always "heading 1" to "heading 9"
        if (outline := found.get(_OUTLINE)) and outline[0] <= 9:
            level = outline[0] + 1 if outline[0] < 9 else None
        yield (
            end,
            Paragraph(level, found.get(_IN_TABLE, b"\0")[:1] == b"\x01", found.get(_ROW_END) == b"\x01"),
        )


def _entries(main: bytes, plc: bytes) -> Iterator[tuple[int, int, bytes, int, int]]:
    """Each entry of the 512-byte pages that a PLC names: byte range, its page, its index, entries there."""
    count = (len(plc) - 4) // 8
    for number in range(max(count, 0)):
        (place,) = struct.unpack_from("<I", plc, (count + 1) * 4 + number * 4)
        start = (place & 0x3FFFFF) * _PAGE
        page = main[start : start + _PAGE]
        if len(page) < _PAGE or (page[-1] + 1) * 4 > _PAGE:
            continue  # formatting that cannot be found costs headings, not the text
        bounds = struct.unpack_from(f"<{page[-1] + 1}I", page)
        for index in range(page[-1]):
            yield bounds[index], bounds[index + 1], page, index, page[-1]


def _sprms(data: bytes) -> Iterator[tuple[int, bytes]]:
    """(number, operand) of each property change; the operand's size is coded in the number (2.6.1)."""
    at = 0
    while at + 2 <= len(data):
        (number,) = struct.unpack_from("<H", data, at)
        at += 2
        size = (1, 1, 2, 4, 2, 2, 0, 3)[number >> 13]
        if size == 0:
            if at >= len(data):
                return
            size = 1 + data[at]
            if number == 0xD608 and at + 2 <= len(data):  # sprmTDefTable counts in two bytes
                size = 1 + struct.unpack_from("<H", data, at)[0]
        yield number, data[at : at + size]
        at += size
