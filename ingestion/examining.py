"""A document that was read is looked through before it is cut, embedded and stored.

What screening finds is kept beside the document. Personal data is masked, or the file refused, where the
settings say so. Text that holds a planted instruction stays in the document and is kept out of evidence by
the library's join; what would carry it there by another way (title, headings, names of columns) goes here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from ingestion.documents import Document, Heading, Span, Table, TableCell
from ingestion.errors import ReadError
from ingestion.screening.findings import REPORTED_AT, Finding, without_overlaps
from ingestion.screening.labelled_cells import find_in_tables
from ingestion.screening.masking import beside_text, mask, name_and_cell
from ingestion.screening.personal import find_personal
from ingestion.screening.planted import find_planted, planted_score
from ingestion.screening.policy import Policy
from ingestion.table_rows import cells_with_headers

QUARANTINE_WARNING = (
    "it seems to hold instructions planted for a language model; they are kept out of answers"
)


REFUSED = "it holds personal data"
"""How the reason of a refused file begins."""


class RefusedError(ReadError):
    """The file holds what its folder refuses; what the library had of it must go."""


@dataclass(frozen=True, slots=True)
class Examined:
    """A document as it may be stored, its title, and what was found in it and done about it."""

    document: Document
    title: str
    findings: tuple[Finding, ...]
    masked: bool
    quarantined: bool

    def keeps_out(self, heading: Heading) -> bool:
        """Whether a heading, also one that only the text shows, must not stand above other text."""
        if not self.quarantined:
            return False
        return _touches(heading, [Span(one.start, one.end) for one in self.findings if one.kind == "planted"])


def examine(document: Document, title: str, path: str, policy: Policy) -> Examined:
    """Look through a document; `path` is its file's, for a title when its own must go.

    Raises:
        RefusedError: it holds personal data, and `policy` refuses such files.
    """
    personal = _personal(document) if policy.personal != "off" else []
    meant = [finding for finding in personal if policy.meant(finding)]
    if policy.personal == "refuse" and meant:
        raise RefusedError(f"{REFUSED} ({_counted(meant)}), which its folder refuses.")
    planted = _planted(document, title, path) if policy.planted != "off" else []
    masked = policy.personal == "mask" and bool(meant)
    if policy.personal == "mask":  # also when only the file's name, which is its title, says something
        document, title = mask(document, title, meant, policy)
    quarantined = policy.planted == "quarantine" and bool(planted)
    if quarantined:
        document, title = _defused(document, title, path, planted)
    return Examined(document, title, tuple(personal + planted), masked, quarantined)


def find_all(document: Document) -> list[Finding]:
    """Everything that screening finds in a document, personal data first."""
    return _personal(document) + _planted(document, document.title or "", "")


def _personal(document: Document) -> list[Finding]:
    found = find_personal(document.text)
    if document.tables:
        found = without_overlaps([*found, *find_in_tables(document)])
    beside: dict[str, Finding] = {}
    for one in (one for text in beside_text(document) for one in find_personal(text)):
        if one.type not in beside or one.confidence > beside[one.type].confidence:
            beside[one.type] = replace(one, start=0, end=0)  # it has no place in the text
    return found + list(beside.values())


def _planted(document: Document, title: str, path: str) -> list[Finding]:
    found = find_planted(document.text, [(span.start, span.end) for span in document.hidden])
    # Names of sheets and files, bookmarks and captions reach people and models beside the text, too.
    beside = [title, *document.properties.values(), *beside_text(document), PurePosixPath(path).name]
    score = max((planted_score(text) for text in beside), default=0.0)
    if score >= REPORTED_AT:
        found.append(Finding("planted", "metadata", 0, 0, score))
    return found


def _counted(findings: Sequence[Finding]) -> str:
    counts = Counter(finding.type for finding in findings)
    return ", ".join(f"{count} {type}" for type, count in sorted(counts.items()))


def _defused(document: Document, title: str, path: str, planted: Sequence[Finding]) -> tuple[Document, str]:
    """Without planted text in what is put in front of other chunks."""
    places = [Span(finding.start, finding.end) for finding in planted if finding.end]
    names = _PlaceNames()
    document = replace(
        document,
        headings=tuple(heading for heading in document.headings if not _touches(heading, places)),
        tables=tuple(
            _with_plain_places(_without_planted(document.text, table, places), names)
            for table in document.tables
        ),
        pages=tuple(
            replace(
                page,
                locator=None if page.locator is None else names.plain(page.locator),
                label=None if page.label is None else names.plain(page.label),
            )
            for page in document.pages
        ),
        cells=tuple(replace(cell, locator=names.plain(cell.locator)) for cell in document.cells),
        warnings=(*document.warnings, QUARANTINE_WARNING),
    )
    if planted_score(title) >= REPORTED_AT:
        name = path.rsplit("/", 1)[-1].rsplit(".", 1)[0]
        title = document.format if planted_score(name) >= REPORTED_AT else name
        document = replace(document, title=None)
    return document, title


def _touches(heading: Heading, places: Sequence[Span]) -> bool:
    span = Span(heading.start, heading.end)
    return any(place.overlaps(span) for place in places) or planted_score(heading.title) >= REPORTED_AT


def _without_planted(text: str, table: Table, places: Sequence[Span]) -> Table:
    """Cells with planted text stay text; as cells they could become the names of columns.

    Those that name columns or rows stay as empty ones, or the next row would be taken for the names.
    """
    cells = table.cells
    if any(_within(cell, places) for cell in cells):
        cells = tuple(
            replace(cell, end=cell.start) if _within(cell, places) else cell
            for cell in cells_with_headers(text, table)
            if cell.header or not _within(cell, places)
        )
    caption = table.caption
    if caption is not None and planted_score(caption) >= REPORTED_AT:
        caption = None
    return replace(table, cells=cells, caption=caption)


class _PlaceNames:
    """Names of sheets, slides and pages; one that holds planted text becomes a number."""

    def __init__(self) -> None:
        self._plain: dict[str, str] = {}  # a sheet's name comes with every one of its cells

    def plain(self, locator: str) -> str:
        """The name of a place, also before a cell as in "Sheet1!B3"."""
        name, cell = name_and_cell(locator)
        if name not in self._plain:
            is_planted = planted_score(name) >= REPORTED_AT
            self._plain[name] = f"({len(self._plain) + 1})" if is_planted else name
        return self._plain[name] + cell


def _with_plain_places(table: Table, names: _PlaceNames) -> Table:
    return replace(
        table,
        cells=tuple(
            cell if cell.locator is None else replace(cell, locator=names.plain(cell.locator))
            for cell in table.cells
        ),
    )


def _within(cell: TableCell, places: Sequence[Span]) -> bool:
    return any(place.overlaps(Span(cell.start, cell.end)) for place in places)
