"""Table rows of a chunk, packed for the library: labels once, offsets relative to the chunk."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from typing import Any

from ingestion.documents import RowCell, TableRow

_GUESSED = 2
"""Of a row: 0 is none that names columns, 1 one that does, 2 one that is only judged to."""


def pack_rows(rows: Sequence[TableRow], start: int) -> bytes | None:
    """The rows of a chunk that begins at `start`; None without rows."""
    if not rows:
        return None
    labels: dict[str, int] = {}
    packed = [
        [
            row.start - start, row.end - start, row.lead, int(row.header) + int(row.guessed),
            [[cell.start - start, cell.end - start, labels.setdefault(cell.label, len(labels)),
              int(cell.header), cell.locator] for cell in row.cells],
        ]
        for row in rows
    ]  # fmt: skip
    value = {"labels": list(labels), "rows": packed}
    return zlib.compress(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"), 6)


def unpack_rows(packed: bytes | None, start: int) -> tuple[TableRow, ...]:
    """What `pack_rows` packed, in offsets of the document again."""
    if packed is None:
        return ()
    value = json.loads(zlib.decompress(packed))
    return tuple(_row(row, value["labels"], start) for row in value["rows"])


def _row(packed: Sequence[Any], labels: Sequence[str], offset: int) -> TableRow:
    start, end, lead, header, cells = packed
    return TableRow(
        start + offset,
        end + offset,
        tuple(
            RowCell(first + offset, last + offset, labels[label], bool(names), locator)
            for first, last, label, names, locator in cells
        ),
        tuple(lead),
        bool(header),
        header == _GUESSED,
    )
