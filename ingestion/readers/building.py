"""Puts a Document together piece by piece, normalising each piece and keeping offsets right."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from ingestion.documents import Cell, Document, Heading, Page, Span, Table, TableCell
from ingestion.errors import ReadError
from ingestion.normalizing import normalize
from ingestion.table_grid import GridCell, by_row, settled
from ingestion.table_headers import with_headers

CELL_SEPARATOR = " | "


@dataclass
class DocumentBuilder:
    """Text grows by `line`, `heading` and `row`; `open_page` and `close_page` bracket sheets and slides."""

    format: str
    paged: bool = False
    title: str | None = None
    properties: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    _parts: list[str] = field(default_factory=list)
    _length: int = 0
    _pages: list[Page] = field(default_factory=list)
    _headings: list[Heading] = field(default_factory=list)
    _cells: list[Cell] = field(default_factory=list)
    _tables: list[Table] = field(default_factory=list)
    _open: tuple[int, str | None] | None = None

    @property
    def length(self) -> int:
        """How long the text is so far."""
        return self._length

    @property
    def page(self) -> int:
        """The number of the page that is open, or of the only one."""
        return len(self._pages) + 1

    def open_page(self, locator: str | None = None) -> None:
        """Begin the next page; the one before must be closed."""
        self._open = (self._length, clean_line(locator) if locator else None)

    def close_page(self) -> Span:
        """End the page and return where it lies. A page without text is kept, so that numbers stay right."""
        if self._open is None:
            raise ValueError("no page is open")
        start, locator = self._open
        self._pages.append(Page(len(self._pages) + 1, start, self._length, None, locator))
        self._open = None
        return Span(start, self._length)

    def line(self, text: str) -> Span:
        """Add `text` as it is, with a line end after it. Blank text adds nothing."""
        normal = normalize(text).text.rstrip()
        if not normal.strip():
            return Span(self._length, self._length)
        span = self._append(normal)
        self._append("\n")
        return span

    def blank(self) -> None:
        """Separate paragraphs by an empty line, once."""
        if self._parts and not self._ends_blank():
            self._append("\n")

    def heading(self, level: int, text: str) -> None:
        """Add a heading on a line of its own."""
        title = clean_line(text)
        if not title:
            return
        self.blank()
        span = self._append(title)
        self._append("\n")
        self._headings.append(Heading(level, span.start, span.end, title))

    def row(self, cells: Iterable[tuple[str, str]], *, header_level: int | None = None) -> None:
        """Add one table row of (locator, value). Empty cells keep their place but get no locator.

        With `header_level` the row also stands as a heading over the rows that follow.
        """
        values = [(locator, clean_line(value)) for locator, value in cells]
        while values and not values[-1][1]:
            values.pop()
        if not any(value for _, value in values):
            return
        start = self._length
        for index, (locator, value) in enumerate(values):
            if index:
                self._append(CELL_SEPARATOR)
            span = self._append(value)
            if value:
                self._cells.append(Cell(span.start, span.end, locator))
        if header_level is not None:
            title = CELL_SEPARATOR.join(value for _, value in values)
            self._headings.append(Heading(header_level, start, self._length, title))
        self._append("\n")

    def table(self, cells: Iterable[GridCell], *, caption: str | None = None, judge: bool = True) -> Span:
        """Add a table, a line for each row, and return where it lies; merged cells have their text once.

        `judge` looks for the names of columns and rows where the file does not say them. The caption is text
        that was added before, and only named here.
        """
        clean = [_with_text(cell, clean_line(cell.text)) for cell in cells]
        grid = with_headers(clean) if judge else settled(clean)
        width = max((cell.column + cell.column_span for cell in grid), default=0)
        placed = [found for row in by_row(grid).values() for found in self._table_row(row, width)]
        if not placed:
            return Span(self._length, self._length)
        span = Span(placed[0].start, self._length - 1)
        self._tables.append(Table(span.start, span.end, tuple(placed), clean_line(caption or "") or None))
        return span

    def _table_row(self, row: Sequence[GridCell], width: int) -> list[TableCell]:
        """One line; the places of empty cells are kept where most of the row is filled."""
        sparse = sum(cell.column_span for cell in row) < 0.5 * width
        placed: list[TableCell] = []
        column = row[0].column if sparse else 0
        for cell in row:
            gaps = 0 if sparse else cell.column - column
            self._append(CELL_SEPARATOR * (gaps + bool(placed)) if placed or gaps else "")
            span = self._append(cell.text)
            column = cell.column + cell.column_span
            placed.append(
                TableCell(
                    cell.row, cell.column, span.start, span.end, cell.row_span, cell.column_span,
                    cell.header, cell.locator, cell.guessed,
                )
            )  # fmt: skip
            if cell.locator is not None:
                self._cells.append(Cell(span.start, span.end, cell.locator))
        self._append("\n")
        return placed

    def mark_heading(self, level: int, span: Span, title: str) -> None:
        """Say that text added before is a heading."""
        self._headings.append(Heading(level, span.start, span.end, title))

    def build(self) -> Document:
        """The document.

        Raises:
            ReadError: there is no text in it.
        """
        text = "".join(self._parts)
        if not text.strip():
            raise ReadError("it holds no text.")
        pages: Sequence[Page] = self._pages or [Page(1, 0, len(text))]
        return Document(
            text=text,
            format=self.format,
            pages=tuple(pages),
            headings=tuple(sorted(self._headings, key=lambda heading: (heading.start, heading.level))),
            cells=tuple(self._cells),
            tables=tuple(self._tables),
            paged=self.paged,
            title=(clean_line(self.title) or None) if self.title else None,
            properties=self.properties,
            warnings=tuple(self.warnings),
        )

    def _append(self, text: str) -> Span:
        start = self._length
        if text:
            self._parts.append(text)
            self._length += len(text)
        return Span(start, self._length)

    def _ends_blank(self) -> bool:
        return self._parts[-1].endswith("\n\n") or (
            len(self._parts) > 1 and self._parts[-1] == "\n" and self._parts[-2].endswith("\n")
        )


def _with_text(cell: GridCell, text: str) -> GridCell:
    return cell if cell.text == text else replace(cell, text=text)


def clean_line(text: str) -> str:
    """Normalised text on one line, without spaces at its ends."""
    return " ".join(normalize(text).text.split())
