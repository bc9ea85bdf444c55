"""A document's text, structure and map to its original characters, packed for the library."""

from __future__ import annotations

import json
import zlib
from dataclasses import astuple
from typing import Any

import numpy as np
import sqlalchemy as sa

from ingestion import library_schema as t
from ingestion.documents import (
    Cell,
    Document,
    Figure,
    Heading,
    Offsets,
    Page,
    RecognisedLine,
    Span,
    Table,
    TableCell,
)


def store(connection: sa.Connection, document_id: str, document: Document) -> None:
    """Write the body and pages of a document that has none yet."""
    structure = {
        "title": document.title,
        "headings": [[h.level, h.start, h.end, h.title] for h in document.headings],
        "cells": [[c.start, c.end, c.locator] for c in document.cells],
        "properties": document.properties,
        "tables": [_packed(table) for table in document.tables],
        "recognised": [astuple(line) for line in document.recognised],
        "figures": [astuple(figure) for figure in document.figures],
        "members": document.members,
        "hidden": [astuple(span) for span in document.hidden],
    }
    connection.execute(
        sa.insert(t.bodies),
        {
            "document": document_id,
            "text": zlib.compress(document.text.encode("utf-8", "surrogatepass"), 6),
            "structure": zlib.compress(json.dumps(structure).encode(), 6),
            "origins": None if document.origins is None else _pack(document.origins),
        },
    )
    pages = [
        {"document": document_id, "number": page.number, "start": page.start, "end": page.end,
         "label": page.label, "locator": page.locator}
        for page in document.pages
    ]  # fmt: skip
    if pages:
        connection.execute(sa.insert(t.pages), pages)


def load(connection: sa.Connection, document_id: str, generation: int) -> Document | None:
    """The document as its reader made it, or None when it is not there, or not of this generation."""
    query = (
        sa.select(t.bodies, t.documents.c.format, t.documents.c.paged, t.documents.c.warnings)
        .join(t.documents, t.documents.c.id == t.bodies.c.document)
        .where(t.bodies.c.document == document_id, t.documents.c.generation == generation)
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    pages = connection.execute(
        sa.select(t.pages).where(t.pages.c.document == document_id).order_by(t.pages.c.number)
    ).all()
    structure: dict[str, Any] = json.loads(zlib.decompress(row.structure))
    return Document(
        text=zlib.decompress(row.text).decode("utf-8", "surrogatepass"),
        format=row.format,
        pages=tuple(Page(page.number, page.start, page.end, page.label, page.locator) for page in pages),
        headings=tuple(Heading(*heading) for heading in structure["headings"]),
        cells=tuple(Cell(*cell) for cell in structure["cells"]),
        origins=None if row.origins is None else _unpack(row.origins),
        paged=bool(row.paged),
        title=structure["title"],
        properties=structure["properties"],
        warnings=tuple(json.loads(row.warnings)),
        tables=tuple(_table(*table) for table in structure.get("tables", ())),
        recognised=tuple(RecognisedLine(*line) for line in structure.get("recognised", ())),
        figures=tuple(Figure(*figure) for figure in structure.get("figures", ())),
        members=tuple(structure.get("members", ())),
        hidden=tuple(Span(*span) for span in structure.get("hidden", ())),
    )


def load_text(connection: sa.Connection, document_id: str, generation: int) -> str | None:
    """`load`'s text alone, which takes a tenth of its time."""
    query = (
        sa.select(t.bodies.c.text)
        .join(t.documents, t.documents.c.id == t.bodies.c.document)
        .where(t.bodies.c.document == document_id, t.documents.c.generation == generation)
    )
    packed = connection.execute(query).scalar()
    return None if packed is None else zlib.decompress(packed).decode("utf-8", "surrogatepass")


def _packed(table: Table) -> list[Any]:
    """As `astuple` gives it, which copies each value and takes seconds for a large sheet."""
    cells = [
        (c.row, c.column, c.start, c.end, c.row_span, c.column_span, c.header, c.locator, c.guessed)
        for c in table.cells
    ]
    return [table.start, table.end, cells, table.caption]


def _table(start: int, end: int, cells: list[list[Any]], caption: str | None) -> Table:
    return Table(start, end, tuple(TableCell(*cell) for cell in cells), caption)


def _pack(origins: Offsets) -> bytes:
    """Differences compress far better than offsets: nearly all of them are 1."""
    return zlib.compress(np.diff(origins, prepend=np.int32(0)).astype("<i4").tobytes(), 1)


def _unpack(packed: bytes) -> Offsets:
    return np.cumsum(np.frombuffer(zlib.decompress(packed), "<i4"), dtype=np.int32)
