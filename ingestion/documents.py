"""Plain, frozen data of the library: documents, their pages, chunks and locations.

Offsets everywhere are half-open and count code points of the document's normalised text.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ingestion.rights.names import parts

Offsets = npt.NDArray[np.int32]

NO_ORIGIN = -1
"""Value in `Document.origins` of a character that the reader put in itself (a line break, a separator)."""


@dataclass(frozen=True, slots=True)
class Span:
    """Characters `start` (included) to `end` (excluded) of a document's normalised text."""

    start: int
    end: int

    def overlaps(self, other: Span) -> bool:
        """Whether the two spans share at least one character."""
        return self.start < other.end and other.start < self.end


@dataclass(frozen=True, slots=True)
class Page:
    """A page, sheet or slide: `document.text[start:end]`.

    `number` is 1-based. `label` is what is printed on the page ("iv"), None when the file names none.
    `locator` is the name of a sheet or slide where pages are such, else None.
    """

    number: int
    start: int
    end: int
    label: str | None = None
    locator: str | None = None


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading or article title at `document.text[start:end]`. `level` 1 is the outermost."""

    level: int
    start: int
    end: int
    title: str


@dataclass(frozen=True, slots=True)
class Cell:
    """A table cell or other named place at `document.text[start:end]`; `locator` as in "Sheet1!B3"."""

    start: int
    end: int
    locator: str


@dataclass(frozen=True, slots=True)
class TableCell:
    """A cell at `document.text[start:end]`, in row and column (0-based) of its table's grid.

    Merged cells have their text once and span more rows or columns. `header` says that the cell names a row
    or a column. `locator` is its place in the file ("Sheet1!B3"), None where the file has none. A `guessed`
    header is none that the file states: it was judged to be one.
    """

    row: int
    column: int
    start: int
    end: int
    row_span: int = 1
    column_span: int = 1
    header: bool = False
    locator: str | None = None
    guessed: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table at `document.text[start:end]`, a line for each row; empty cells are left out."""

    start: int
    end: int
    cells: tuple[TableCell, ...]
    caption: str | None = None


@dataclass(frozen=True, slots=True)
class RowCell:
    """A cell of a table's row at `document.text[start:end]`, and the names of its column, outermost first.

    `header` says that it names the row itself. `locator` as in TableCell.
    """

    start: int
    end: int
    label: str = ""
    header: bool = False
    locator: str | None = None


@dataclass(frozen=True, slots=True)
class TableRow:
    """A row of a table at `document.text[start:end]`, with all that its reader would look up elsewhere.

    `lead` are the texts of cells and section lines above it that count for it too ("区分: 正会員").
    `cells` are in reading order. `header` rows only name columns; a `guessed` one may be a record after all.
    """

    start: int
    end: int
    cells: tuple[RowCell, ...]
    lead: tuple[str, ...] = ()
    header: bool = False
    guessed: bool = False

    @property
    def only_names(self) -> bool:
        """Whether the row surely says nothing that is not shown with each row below it."""
        return self.header and not self.guessed


@dataclass(frozen=True, slots=True)
class RecognisedLine:
    """A line that was read from a picture: `document.text[start:end]` on page `page` (1-based).

    The box is in points from the top left corner of the page as it is shown. `confidence` is in [0, 1].
    """

    start: int
    end: int
    page: int
    x0: float
    y0: float
    x1: float
    y1: float
    confidence: float
    vertical: bool = False


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture, chart or drawing on page `page` (1-based), and its caption at `document.text[start:end]`.

    The box is as in RecognisedLine, all zero where the format has no pages to show; `name` then says which
    part of the file it is. A figure without caption has `start == end`, where it stands in the text.
    What a model said of it stands at `document.text[described_start:described_end]`, empty where none did.
    """

    page: int
    start: int
    end: int
    x0: float = 0.0
    y0: float = 0.0
    x1: float = 0.0
    y1: float = 0.0
    name: str = ""
    described_start: int = 0
    described_end: int = 0


@dataclass(frozen=True, slots=True)
class Document:
    """What a reader makes of one file.

    `text` is normalised (see normalizing.py). `origins[i]` is the index, within the raw text of its own page,
    of the raw character that `text[i]` came from, or NO_ORIGIN; None when the reader keeps no map.
    `pages` cover the text in order without overlap. `paged` says whether page numbers mean something to
    people (pdf, pptx, xlsx), or the text is one run (txt, html, docx). `title` is the document's own title
    or None. `properties` are facts from the file's head (author, date, mail subject, encoding).
    `warnings` are for people. `members` are the files inside this one (of an archive, attached to a mail or a
    PDF), by the names with which `containers.py` takes them out. `hidden` are parts of the text that the page
    does not show to people: without colour or size, outside of the page, or marked as hidden.
    """

    text: str
    format: str
    pages: tuple[Page, ...]
    headings: tuple[Heading, ...] = ()
    cells: tuple[Cell, ...] = ()
    origins: Offsets | None = None
    paged: bool = False
    title: str | None = None
    properties: dict[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    recognised: tuple[RecognisedLine, ...] = ()
    figures: tuple[Figure, ...] = ()
    members: tuple[str, ...] = ()
    hidden: tuple[Span, ...] = ()

    def __post_init__(self) -> None:
        """Refuse pages that do not lie in the text, and a map of another length."""
        end = 0
        for page in self.pages:
            if not end <= page.start <= page.end <= len(self.text):
                raise ValueError(f"page {page.number} [{page.start}:{page.end}] overlaps or leaves the text")
            end = page.end
        if self.origins is not None and len(self.origins) != len(self.text):
            raise ValueError(f"{len(self.origins)} origins for {len(self.text)} characters")

    def page_at(self, offset: int) -> Page | None:
        """The page that holds the character at `offset`, or the last one before it."""
        found = None
        for page in self.pages:
            if page.start > offset:
                break
            found = page
        return found


@dataclass(frozen=True, slots=True)
class Chunk:
    """A slice of one document: `document.text[start:end] == text`, always.

    `heading_path` holds the titles above the chunk, outermost first. They stand beside the text and are
    joined to it only for embedding and prompting. So is `context`: what a piece of a table is read with, its
    caption and column names. `rows` are the table rows in the chunk, in offsets of the document.
    """

    start: int
    end: int
    text: str
    heading_path: tuple[str, ...] = ()
    context: str = ""
    rows: tuple[TableRow, ...] = ()


def slice_chunk(
    document: Document,
    start: int,
    end: int,
    heading_path: tuple[str, ...] = (),
    context: str = "",
    rows: tuple[TableRow, ...] = (),
) -> Chunk:
    """The one door that makes a chunk.

    Raises:
        ValueError: `start` and `end` do not lie in the document's text, or the slice is empty.
    """
    if not 0 <= start < end <= len(document.text):
        raise ValueError(f"chunk [{start}:{end}] is outside the document (length {len(document.text)})")
    return Chunk(start, end, document.text[start:end], heading_path, context, rows)


@dataclass(frozen=True, slots=True)
class Location:
    """Where a document's bytes lie: `path` is relative to the root of `source`, in NFC, with "/".

    `groups` may read it; where there are none, `User.ungrouped` says who. `parent` is the path of the file
    that it lies in, of an archive or a mail, None for a file on disk.
    """

    source: str
    path: str
    groups: frozenset[str] = frozenset()
    parent: str | None = None


@dataclass(frozen=True, slots=True)
class User:
    """Who asks. `groups` None means that every document is readable.

    `ungrouped` says whether what carries no groups is, too: nobody has said who may read it.
    """

    name: str
    groups: frozenset[str] | None
    ungrouped: bool = False

    def may_read(self, groups: AbstractSet[str]) -> bool:
        """Whether a location that carries these groups is readable; "a&b" is for who is in both."""
        if self.groups is None:
            return True
        return any(parts(name) <= self.groups for name in groups) if groups else self.ungrouped


LOCAL_USER = User("local", None)
"""The only user before accounts exist: reads everything."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What a search is limited to: document ids, and a folder as (source, path prefix). None is no limit."""

    documents: frozenset[str] | None = None
    folder: tuple[str, str] | None = None


EVERYTHING = Scope()


def document_id(content: bytes) -> str:
    """Same bytes, same id: ingesting a file twice changes nothing."""
    return hashlib.sha256(content).hexdigest()[:16]


def chunk_id(document: str, start: int, end: int) -> str:
    """The public id of a chunk; it depends on content only, so that it survives a rebuild."""
    return f"{document}:{start}-{end}"


def normal_path(path: str) -> str:
    """A path in NFC with forward slashes, so that names written by macOS equal those of others."""
    return unicodedata.normalize("NFC", path.replace("\\", "/"))
