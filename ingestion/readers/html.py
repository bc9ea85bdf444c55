"""Web pages: their text block by block, headings, tables; without scripts, navigation and hidden parts."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path

from bs4 import BeautifulSoup
from bs4.element import NavigableString, PreformattedString, Tag

from ingestion.decoding import Decoded, decode
from ingestion.documents import Document
from ingestion.errors import ReadError
from ingestion.readers.building import DocumentBuilder, clean_line
from ingestion.table_grid import GridCell

_CHARSET = re.compile(rb"<(?:meta[^>]+?charset|\?xml[^>]+?encoding)\s*=\s*[\"']?\s*([\w.:-]+)", re.IGNORECASE)
_DROPPED = frozenset(
    [
        "script",
        "style",
        "noscript",
        "template",
        "svg",
        "annotation",
        "annotation-xml",
        "iframe",
        "object",
        "head",
        "nav",
        "select",
        "button",
        "input",
        "textarea",
        "audio",
        "video",
        "canvas",
        "rt",
        "rp",
    ]
)
_BLOCKS = frozenset(
    [
        "p",
        "div",
        "section",
        "article",
        "main",
        "header",
        "footer",
        "aside",
        "li",
        "dt",
        "dd",
        "ul",
        "ol",
        "dl",
        "blockquote",
        "pre",
        "figure",
        "figcaption",
        "address",
        "form",
        "fieldset",
        "details",
        "summary",
        "body",
        "html",
        "center",
        "caption",
        "hgroup",
        "search",
        "tr",
        "td",
        "th",
        "tbody",
        "thead",
        "tfoot",
    ]
)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_NOISE_ROLES = frozenset(["navigation", "search", "menu", "menubar", "banner", "contentinfo"])
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_DEEPEST = 400
_WIDEST_SPAN = 1000  # as browsers have it
_MOST_COVERED = 500_000
"""Places that the cells of one table may cover; spans beyond that are nonsense, and are cut to one place."""
_BETWEEN = {"mfrac": "/", "msup": "^", "msub": "_"}


def read_html(path: Path) -> Document:
    """An HTML file; its encoding is what it states, where that fits its bytes."""
    data = path.read_bytes()
    stated = _CHARSET.search(data[:4096])
    decoded = decode(data, declared=stated.group(1).decode("ascii") if stated else None)
    builder = DocumentBuilder("html", properties={"encoding": decoded.encoding})
    if decoded.warning:
        builder.warnings.append(decoded.warning)
    add_html(builder, decoded)
    return builder.build()


def add_html(builder: DocumentBuilder, decoded: Decoded) -> None:
    """Add the text of a page to `builder`, and its title when none is set."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about XML given to an HTML parser, which serves here
        soup = BeautifulSoup(decoded.text, "lxml")
    if builder.title is None and soup.title is not None:
        builder.title = clean_line(soup.title.get_text()) or None
    for name in ("author", "date", "description"):
        meta = soup.find("meta", attrs={"name": name})
        if isinstance(meta, Tag) and (content := clean_line(str(meta.get("content") or ""))):
            builder.properties[name] = content
    _Page(builder).add(soup.body or soup)


class _Page:
    """Walks a page's blocks into the builder, gathering inline text in between."""

    def __init__(self, builder: DocumentBuilder) -> None:
        self.builder = builder
        self.inline: list[str] = []
        self.tables = 0

    def add(self, root: Tag) -> None:
        self._walk(root, 0)
        self._end_line()

    def _walk(self, tag: Tag, depth: int) -> None:
        if depth > _DEEPEST:
            raise ReadError(f"its elements are nested more than {_DEEPEST} deep: it is damaged.")
        for child in tag.children:
            if isinstance(child, NavigableString):
                if not isinstance(child, PreformattedString):
                    self.inline.append(str(child) if tag.name == "pre" else re.sub(r"\s+", " ", str(child)))
            elif isinstance(child, Tag):
                if not _is_noise(child):
                    self._tag(child, depth)
                elif child.get("role") == "banner" and not _is_hidden(child):
                    self._headings_of(child)

    def _headings_of(self, banner: Tag) -> None:
        """Of a banner only its headings: there stands the title of many pages, among links and logos."""
        for heading in banner.find_all(list(_HEADINGS)):
            around = [heading, *takewhile(lambda above: above is not banner, heading.parents)]
            if text := _inline_text(heading) if not any(map(_is_noise, around)) else "":
                self._end_line()
                self.builder.heading(_HEADINGS[heading.name], text)

    def _tag(self, tag: Tag, depth: int) -> None:
        if tag.name == "br":
            self._end_line()
        elif tag.name in _HEADINGS:
            self._end_line()
            self.builder.heading(_HEADINGS[tag.name], _inline_text(tag))
        elif tag.name == "math":
            self.inline.append(_math_text(tag, 0))
        elif tag.name == "table" and _is_data_table(tag):
            self._end_line()
            self._table(tag)
        elif tag.name in _BLOCKS or tag.name in ("table", "hr"):
            self._end_line()
            if tag.name == "li":
                self.inline.append("・")
            self._walk(tag, depth + 1)
            self._end_line()
        else:
            self._walk(tag, depth + 1)

    def _end_line(self) -> None:
        text = "".join(self.inline).strip()
        if text.strip("・ "):
            self.builder.line(text)
        self.inline.clear()

    def _table(self, table: Tag) -> None:
        self.tables += 1
        self.builder.blank()
        caption = table.find("caption")
        named = _inline_text(caption) if caption is not None else None
        if named:
            self.builder.line(named)
        self.builder.table(_grid(table, f"table {self.tables}"), caption=named)
        self.builder.blank()


def _grid(table: Tag, name: str) -> Iterator[GridCell]:
    """The cells in their places: one that spans rows pushes the cells of those rows to the right."""
    taken: set[tuple[int, int]] = set()
    rows = _rows(table)
    left = _MOST_COVERED
    for number, row in enumerate(rows):
        column = 0
        head = row.find_parent(["thead", "table"])
        for cell in row.find_all(["td", "th"], recursive=False):
            while (number, column) in taken:
                column += 1
            wide = _span(cell, "colspan") or 1
            high = min(_span(cell, "rowspan") or len(rows), len(rows) - number)
            if wide * high > left:
                wide = high = 1
            left -= wide * high
            taken.update((number + down, column + right) for down in range(high) for right in range(wide))
            named = cell.name == "th" or (head is not None and head.name == "thead")
            text = "" if _is_noise(cell) else _inline_text(cell)
            yield GridCell(
                number, column, text, high, wide, named, _is_bold(cell), f"{name} row {number + 1}"
            )
            column += wide


def _rows(table: Tag) -> list[Tag]:
    """The table's own rows; tables inside of tables are no data tables and never come here."""
    return [row for row in table.find_all("tr") if not _is_noise(row)]


def _span(cell: Tag, name: str) -> int:
    """How far a cell reaches; 0 stands for all the rows that are left."""
    found = re.match(r"\s*(\d{1,6})", str(cell.get(name) or "1"))
    return min(int(found.group(1)), _WIDEST_SPAN) if found else 1


def _is_bold(cell: Tag) -> bool:
    return cell.find(["b", "strong"]) is not None


def _is_data_table(table: Tag) -> bool:
    """Whether the table holds data; those that lay out a page hold headings, lists or other tables."""
    return (
        table.find(["table", "h1", "h2", "h3", "ul", "ol", "form"]) is None and table.find("tr") is not None
    )


def _is_noise(tag: Tag) -> bool:
    if _is_hidden(tag):
        return True
    if tag.get("role") in _NOISE_ROLES:
        return True
    if tag.name == "footer":
        return tag.find_parent(["article", "main", "section"]) is None
    return False


def _is_hidden(tag: Tag) -> bool:
    if tag.name in _DROPPED or tag.has_attr("hidden") or tag.get("aria-hidden") == "true":
        return True
    return bool(_HIDDEN.search(str(tag.get("style") or "")))


def _inline_text(tag: Tag) -> str:
    parts: list[str] = []
    _collect(tag, parts, 0)
    return " ".join("".join(parts).split())


def _collect(tag: Tag, parts: list[str], depth: int) -> None:
    for child in tag.children:
        if isinstance(child, NavigableString):
            if not isinstance(child, PreformattedString):
                parts.append(str(child))
        elif isinstance(child, Tag) and not _is_noise(child) and depth < _DEEPEST:
            if child.name in _BLOCKS or child.name == "br":
                parts.append(" ")
            if child.name == "math":
                parts.append(_math_text(child, depth))
                continue
            _collect(child, parts, depth + 1)


def _math_text(tag: Tag, depth: int) -> str:
    """A formula in one line: fractions as a/b, powers as a^b; what it says of itself where it is empty."""
    parts: list[str] = []
    for child in tag.children:
        if isinstance(child, NavigableString) and not isinstance(child, PreformattedString):
            parts.append("".join(str(child).split()) if tag.name != "mtext" else str(child))
        elif isinstance(child, Tag) and not _is_noise(child) and depth < _DEEPEST:
            parts.append(_math_text(child, depth + 1))
    shown = [part for part in parts if part]
    if tag.name in _BETWEEN and len(shown) == 2:
        ends = (f"({part})" if len(part) > 1 and not part.isdigit() else part for part in shown)
        return _BETWEEN[tag.name].join(ends)
    text = "".join(shown)
    if tag.name == "msqrt":
        return f"√({text})"
    return text or (str(tag.get("alttext") or "") if tag.name == "math" else "")
