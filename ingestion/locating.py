"""Where in its file a passage stands, in the words people use: a page, a slide, a cell, a heading."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass

from ingestion.documents import Document


@dataclass(frozen=True, slots=True)
class Place:
    """`page` is 1-based, None where pages mean nothing; `locator` is a cell, slide or heading path."""

    page: int | None
    page_label: str | None
    locator: str | None


def place_of(document: Document, start: int, end: int, heading_path: tuple[str, ...] = ()) -> Place:
    """The place of `document.text[start:end]`: of its first page, and of its first to last cell."""
    page = document.page_at(start)
    number = page.number if page and document.paged else None
    label = page.label if page and document.paged else None
    locator = _cells(document, start, end) or (page.locator if page else None)
    if locator is None and not document.paged and heading_path:
        locator = " > ".join(heading_path)
    return Place(number, label, locator)


def _cells(document: Document, start: int, end: int) -> str | None:
    """One cell as Sheet1!B3, several as Sheet1!B3:D9; None without cells."""
    cells = document.cells
    first = bisect_left(cells, start, key=lambda cell: cell.end - 1)
    last = bisect_left(cells, end, key=lambda cell: cell.start) - 1
    if last < first or first >= len(cells):
        return None
    here, there = cells[first].locator, cells[last].locator
    if here == there:
        return here
    sheet, mark, cell = there.rpartition("!")
    return f"{here}:{cell}" if mark and here.startswith(f"{sheet}!") else here
