"""Documents and progress as the JSON values of `ui.operations`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from ingestion.documents import chunk_id
from ui.operations import Json

if TYPE_CHECKING:
    from ingestion.documents import Document, RecognisedLine, Table
    from ingestion.finding_rows import Counts
    from ingestion.library import DocumentSummary, StoredDocument


def summary(document: DocumentSummary, locations: list[Json], found: Counts | None = None) -> Json:
    """One line of `documents list`; `found` is what screening found, None for nothing."""
    return {
        "id": document.id, "title": document.title, "format": document.format, "status": document.status,
        "reason": document.reason, "pages": document.pages, "chunks": document.chunks,
        "bytes": document.bytes, "added_at": document.added_at, "warnings": list(document.warnings),
        "locations": locations,
        "screening": {
            "personal": found.personal if found else 0, "planted": found.planted if found else 0,
            "masked": found is not None and found.masked,
            "quarantined": found is not None and found.quarantined,
        },
    }  # fmt: skip


def whole(stored: StoredDocument, locations: list[Json]) -> Json:
    """The value of `documents show`."""
    document = stored.document
    confidences = _confidences(document)
    return {
        "id": stored.id, "title": stored.title, "format": document.format, "paged": document.paged,
        "status": stored.status, "reason": stored.reason, "added_at": stored.added_at,
        "warnings": list(document.warnings), "properties": dict(document.properties),
        "locations": locations, "text": document.text,
        "pages": [
            {"number": page.number, "label": page.label, "locator": page.locator, "start": page.start,
             "end": page.end, "confidence": confidences.get(page.number)}
            for page in document.pages
        ],
        "chunks": [
            {"chunk_id": chunk_id(stored.id, chunk.start, chunk.end), "start": chunk.start,
             "end": chunk.end, "heading_path": list(chunk.heading_path)}
            for chunk in stored.chunks
        ],
        "cells": [{"start": cell.start, "end": cell.end, "locator": cell.locator} for cell in document.cells],
        "tables": [_table(table) for table in document.tables],
        "figures": [asdict(figure) for figure in document.figures],
        "headings": [
            {"level": heading.level, "start": heading.start, "end": heading.end, "title": heading.title}
            for heading in document.headings
        ],
    }  # fmt: skip


def _table(table: Table) -> Json:
    return {
        "start": table.start, "end": table.end, "caption": table.caption,
        "cells": [
            {"row": cell.row, "column": cell.column, "start": cell.start, "end": cell.end,
             "row_span": cell.row_span, "column_span": cell.column_span, "header": cell.header,
             "locator": cell.locator}
            for cell in table.cells
        ],
    }  # fmt: skip


def _confidences(document: Document) -> dict[int, float]:
    """By page number, how sure text recognition was of the lines that are text of the page.

    Lines that were left out as unreadable are not stored; the page's warning counts them. Pages with text of
    their own are left out.
    """
    from ingestion.readers.recognised_text import mean_confidence

    lines: dict[int, list[RecognisedLine]] = {}
    for line in document.recognised:
        lines.setdefault(line.page, []).append(line)
    return {page: round(mean_confidence(found), 3) for page, found in lines.items()}


def index_progress(done: int, total: int) -> Json:
    """A progress event of work on the indexes, which counts chunks; without its name."""
    return {
        "phase": "index", "done": done, "total": total, "path": "", "chunks_done": done, "rate": 0.0,
        "eta_seconds": None,
    }  # fmt: skip
