"""RTF: paragraphs, headings, tables, notes and comments, in the code pages that its fonts name.

Pictures and objects are not read; hidden text and tracked deletions are left out; headers and footers are
properties.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from ingestion.documents import Document
from ingestion.errors import ReadError
from ingestion.readers.building import DocumentBuilder, clean_line
from ingestion.readers.rtf_tokens import Token, decode_run, tokens
from ingestion.table_grid import GridCell

_DEEPEST = 1000
_HEADING = re.compile(r"(?:heading|見出し) ?([1-9])", re.IGNORECASE)
_LONGEST_HEADING = 200

_SKIPPED = frozenset(
    (
        "atndate", "atnid", "atnparent", "atnref", "atntime", "atrfend", "atrfstart", "bkmkend", "bkmkstart",
        "category", "colorschememapping", "colortbl", "company", "datafield", "datastore", "do", "doccomm",
        "filetbl", "fldinst", "generator", "hlinkbase", "htmltag", "latentstyles", "listoverridetable",
        "listtable", "manager", "mhtmltag", "mmathPr", "nonshppict", "objclass", "objdata", "objname",
        "operator", "pgptbl", "pict", "private", "revtbl", "rsidtbl", "rxe", "shprslt", "sp", "tc",
        "template", "themedata", "txe", "upr", "xe", "xmlnstbl",
    )
)  # fmt: skip
_RUNNING = ("header", "headerl", "headerr", "headerf", "footer", "footerl", "footerr", "footerf")
_ASIDE = {"footnote": "note", "annotation": "comment", "atnauthor": "author"}
_ASIDE |= dict.fromkeys(_RUNNING, "running")
_INFO = frozenset(["title", "author", "subject", "keywords"])
_READ_AFTER_STAR = frozenset(["shpinst", "shptxt", "ud", "annotation", "atnauthor", "footnote", "pn"])
_SIGNS: Mapping[str, str] = {
    "tab": "\t", "line": "\n", "emdash": "—", "endash": "–", "bullet": "•", "lquote": "‘", "rquote": "’",
    "ldblquote": "“", "rdblquote": "”", "emspace": " ", "enspace": " ", "qmspace": " ", "softline": "\n",
}  # fmt: skip
_SYMBOLS = {"~": " ", "_": "-", "\\": "\\", "{": "{", "}": "}", "\n": "\n", "\r": "\n"}


@dataclass(frozen=True, slots=True)
class _State:
    """What a group inherits from the one around it."""

    into: str = "text"  # text, skip, fonts, styles, info:*, note, comment, author, running
    font: int = 0
    hidden: bool = False
    deleted: bool = False
    fallback: int = 1  # how many characters after \u a reader without Unicode would show


@dataclass(slots=True)
class _Paragraph:
    level: int | None = None
    style: int | None = None
    in_table: bool = False


@dataclass
class _Reader:
    """Walks the tokens, and gathers bytes until it is known in which code page they are."""

    builder: DocumentBuilder
    state: _State = field(default_factory=_State)
    stack: list[_State] = field(default_factory=list)
    code_page: str = "cp1252"
    default_font: int = 0
    charsets: dict[int, int] = field(default_factory=dict)
    levels: dict[int, int] = field(default_factory=dict)
    paragraph: _Paragraph = field(default_factory=_Paragraph)
    pending: bytearray = field(default_factory=bytearray)
    texts: dict[str, list[str]] = field(default_factory=dict)
    row: list[str] = field(default_factory=list)
    grid: list[GridCell] = field(default_factory=list)
    asides: list[str] = field(default_factory=list)
    running: dict[str, None] = field(default_factory=dict)
    tables: int = 0
    rows: int = 0
    to_skip: int = 0
    starred: bool = False
    fresh: bool = False

    def read(self, data: bytes) -> None:
        """Take everything into the builder."""
        for token in tokens(data):
            self._take(token)
        self._flush_bytes()
        self._end_paragraph()
        self._end_table()
        for line in self.asides:
            self.builder.line(line)
        if self.running:
            self.builder.properties["header and footer"] = " / ".join(self.running)[:500]

    def _take(self, token: Token) -> None:
        if token.kind == "open":
            self._flush_bytes()
            if len(self.stack) >= _DEEPEST:
                raise ReadError(f"its groups are nested more than {_DEEPEST} deep: the file is damaged.")
            self.stack.append(self.state)
            self.fresh, self.starred, self.to_skip = True, False, 0
        elif token.kind == "close":
            self._flush_bytes()
            self._close()
        elif token.kind == "bytes":
            self._bytes(token.data)
        elif token.kind == "symbol":
            if token.text == "*":
                self.starred = True
            elif token.text in _SYMBOLS:
                self._sign(_SYMBOLS[token.text])
        else:
            self._word(token.text, token.number)
        if token.kind != "open" and not (token.kind == "symbol" and token.text == "*"):
            self.fresh, self.starred = False, False

    def _bytes(self, data: bytes) -> None:
        if self.to_skip:
            skipped = min(self.to_skip, len(data))
            self.to_skip -= skipped
            data = data[skipped:]
        self.pending += data

    def _sign(self, text: str) -> None:
        """A character that stands for itself; between the bytes of a two-byte letter it is one of them."""
        if self.to_skip:
            self.to_skip -= 1
        elif text.isascii():
            self.pending += text.encode("ascii")
        else:
            self._flush_bytes()
            self._text(text)

    def _word(self, word: str, number: int | None) -> None:
        if word in _SIGNS:
            self._sign(_SIGNS[word])
            return
        self._flush_bytes()
        if self.fresh and self._destination(word):
            return
        if word == "u" and number is not None:
            self._text(chr(number & 0xFFFF))
            self.to_skip = self.state.fallback
        elif handler := _WORDS.get(word):
            handler(self, number)

    def _destination(self, word: str) -> bool:
        """Enter the destination that the first word of a group names; whether it was one."""
        into = self._into(word)
        if into is None:
            return False
        self.state = replace(self.state, into=into if self.state.into != "skip" else "skip")
        return True

    def _into(self, word: str) -> str | None:
        if word in _SKIPPED:
            return "skip"
        if word in _ASIDE:
            return _ASIDE[word]
        if word in ("fonttbl", "stylesheet"):
            return {"fonttbl": "fonts", "stylesheet": "styles"}[word]
        if word in _INFO and self.state.into in ("info", "text"):
            return f"info:{word}"
        if word == "info":
            return "info"
        if word in ("shptxt", "ud") and self.starred | (word == "shptxt"):
            self.state = replace(self.state, into="text")
            return "text"
        if self.starred and word not in _READ_AFTER_STAR:
            return "skip"
        return None

    def _close(self) -> None:
        closed = self.state
        self.to_skip = 0
        if not self.stack:
            return
        self.state = self.stack.pop()
        if closed.into == self.state.into:
            return
        text = _joined(self.texts.pop(closed.into, [])).strip()
        if closed.into.startswith("info:") and text:
            name = closed.into.removeprefix("info:")
            if name == "title":
                self.builder.title = self.builder.title or text
            else:
                self.builder.properties[name] = clean_line(text)
        elif closed.into == "running" and len(clean_line(text)) > 1:
            self.running.setdefault(clean_line(text))
        elif closed.into == "note" and text:
            self.asides.append(text)
        elif closed.into == "comment" and text:
            author = clean_line(_joined(self.texts.pop("author", [])))
            self.asides.append(f"Comment{f' ({author})' if author else ''}: {clean_line(text)}")

    def _flush_bytes(self) -> None:
        if self.pending:
            data = bytes(self.pending)
            self.pending.clear()
            self._text(decode_run(data, self.charsets.get(self.state.font, 0), self.code_page))

    def _text(self, text: str) -> None:
        state = self.state
        if state.into == "styles":
            self._style(text)
        elif state.into not in ("skip", "fonts", "info") and not state.hidden and not state.deleted:
            self.texts.setdefault(state.into, []).append(text)

    def _style(self, name: str) -> None:
        if (match := _HEADING.match(name)) and self.paragraph.style is not None:
            self.levels.setdefault(self.paragraph.style, int(match.group(1)))
        if ";" in name:
            self.paragraph = _Paragraph()

    def end_paragraph(self, _: int | None = None) -> None:
        """par: a line, in a table cell or in a note only a break."""
        if self.state.into != "text":
            self._text("\n")
        elif self.paragraph.in_table:
            self._text(" ")
        else:
            self._end_paragraph()

    def _end_paragraph(self) -> None:
        text = _joined(self.texts.pop("text", []))
        if not text.strip():
            return
        self._end_table()
        style = self.paragraph.style
        level = self.paragraph.level or (self.levels.get(style) if style is not None else None)
        if level and len(text) <= _LONGEST_HEADING:
            self.builder.heading(level, text)
        else:
            self.builder.line(text)

    def end_cell(self, _: int | None = None) -> None:
        """`cell`."""
        if self.state.into == "text":
            self.row.append(_joined(self.texts.pop("text", [])))

    def end_row(self, _: int | None = None) -> None:
        """`row`."""
        if self.row:
            self.rows += 1
            name = f"table {self.tables + 1} row {self.rows}"
            self.grid += [
                GridCell(self.rows - 1, column, text, locator=name) for column, text in enumerate(self.row)
            ]
            self.row.clear()

    def _end_table(self) -> None:
        self.end_row()
        if self.grid:
            self.tables += 1
            self.builder.blank()
            self.builder.table(self.grid)
            self.builder.blank()
            self.grid.clear()
            self.rows = 0

    def reset_paragraph(self, _: int | None = None) -> None:
        """`pard`."""
        self.paragraph = _Paragraph()

    def mark_table(self, _: int | None = None) -> None:
        """`intbl`."""
        self.paragraph.in_table = True

    def set_level(self, number: int | None) -> None:
        """`outlinelevelN`, counted from 0; 9 is body text."""
        level = number + 1 if number is not None and number < 9 else None
        if self.state.into != "styles":
            self.paragraph.level = level
        elif self.paragraph.style is not None and level is not None:
            self.levels[self.paragraph.style] = level

    def set_style(self, number: int | None) -> None:
        """`sN`."""
        self.paragraph.style = number

    def set_font(self, number: int | None) -> None:
        """`fN`: in the font table the font that is described, else the one of what follows."""
        self.state = replace(self.state, font=number or 0)

    def set_charset(self, number: int | None) -> None:
        """`fcharsetN` of the font being described."""
        if self.state.into == "fonts":
            self.charsets[self.state.font] = number or 0

    def set_code_page(self, number: int | None) -> None:
        """`ansicpgN`."""
        self.code_page = "utf-8" if number == 65001 else f"cp{number or 1252}"

    def set_default_font(self, number: int | None) -> None:
        """`deffN`."""
        self.default_font = number or 0
        self.state = replace(self.state, font=self.default_font)

    def plain(self, _: int | None = None) -> None:
        """`plain`: back to the default font, neither hidden nor deleted."""
        self.state = replace(self.state, font=self.default_font, hidden=False, deleted=False)

    def set_hidden(self, number: int | None) -> None:
        """`v` and `v0`."""
        self.state = replace(self.state, hidden=number != 0)

    def set_deleted(self, number: int | None) -> None:
        """`deleted`, by a tracked change."""
        self.state = replace(self.state, deleted=number != 0)

    def set_fallback(self, number: int | None) -> None:
        """`ucN`."""
        self.state = replace(self.state, fallback=max(number if number is not None else 1, 0))


def _joined(parts: list[str]) -> str:
    """The parts as one text; `u` gives letters beyond the basic plane in two halves."""
    text = "".join(parts)
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


_WORDS: Mapping[str, Callable[[_Reader, int | None], None]] = {
    "par": _Reader.end_paragraph, "sect": _Reader.end_paragraph, "page": _Reader.end_paragraph,
    "cell": _Reader.end_cell, "nestcell": _Reader.end_cell, "row": _Reader.end_row,
    "nestrow": _Reader.end_row, "pard": _Reader.reset_paragraph, "intbl": _Reader.mark_table,
    "outlinelevel": _Reader.set_level, "s": _Reader.set_style, "f": _Reader.set_font,
    "fcharset": _Reader.set_charset, "ansicpg": _Reader.set_code_page, "deff": _Reader.set_default_font,
    "plain": _Reader.plain, "v": _Reader.set_hidden, "deleted": _Reader.set_deleted,
    "uc": _Reader.set_fallback,
}  # fmt: skip


def read_rtf(path: Path) -> Document:
    """An RTF file.

    Raises:
        ReadError: it is no RTF, nested too deeply, or without text.
    """
    data = path.read_bytes()
    if not data.lstrip().startswith(b"{\\rtf"):
        raise ReadError("it is no RTF file: it does not begin with {\\rtf.")
    builder = DocumentBuilder("rtf")
    add_rtf(builder, data)
    return builder.build()


def add_rtf(builder: DocumentBuilder, data: bytes) -> None:
    """Add the text of RTF data to `builder`, and its title when none is set."""
    _Reader(builder).read(data)
