"""Documents and progress as the JSON values of `ui.operations`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ingestion.documents import chunk_id
from ui.operations import Json

if TYPE_CHECKING:
    from ingestion.library import DocumentSummary, StoredDocument


def summary(document: DocumentSummary, locations: list[Json]) -> Json:
    """One line of `documents list`."""
    return {
        "id": document.id, "title": document.title, "format": document.format, "status": document.status,
        "reason": document.reason, "pages": document.pages, "chunks": document.chunks,
        "bytes": document.bytes, "added_at": document.added_at, "warnings": list(document.warnings),
        "locations": locations,
    }  # fmt: skip


def whole(stored: StoredDocument, locations: list[Json]) -> Json:
    """The value of `documents show`."""
    document = stored.document
    return {
        "id": stored.id, "title": stored.title, "format": document.format, "paged": document.paged,
        "status": stored.status, "reason": stored.reason, "added_at": stored.added_at,
        "warnings": list(document.warnings), "properties": dict(document.properties),
        "locations": locations, "text": document.text,
        "pages": [
            {"number": page.number, "label": page.label, "locator": page.locator, "start": page.start,
             "end": page.end}
            for page in document.pages
        ],
        "chunks": [
            {"chunk_id": chunk_id(stored.id, chunk.start, chunk.end), "start": chunk.start,
             "end": chunk.end, "heading_path": list(chunk.heading_path)}
            for chunk in stored.chunks
        ],
        "cells": [{"start": cell.start, "end": cell.end, "locator": cell.locator} for cell in document.cells],
        "headings": [
            {"level": heading.level, "start": heading.start, "end": heading.end, "title": heading.title}
            for heading in document.headings
        ],
    }  # fmt: skip


def index_progress(done: int, total: int) -> Json:
    """A progress event of work on the indexes, which counts chunks; without its name."""
    return {
        "phase": "index", "done": done, "total": total, "path": "", "chunks_done": done, "rate": 0.0,
        "eta_seconds": None,
    }  # fmt: skip
