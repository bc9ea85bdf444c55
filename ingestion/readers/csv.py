"""Comma-, tab- and semicolon-separated values: one line for each row, cells named as in a spreadsheet."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from pathlib import Path

from ingestion.decoding import decode
from ingestion.documents import Document
from ingestion.errors import ReadError
from ingestion.readers.building import DocumentBuilder
from ingestion.table_grid import GridCell

_DELIMITERS = ",\t;|"
_NUMBER = re.compile(r"^[\s¥\\$€+-]*[\d,.]+\s*[%円]?$")
_DATE = re.compile(r"^\d{1,4}[/.\-年]\d{1,2}([/.\-月]\d{1,4}日?)?")
_FIELD_LIMIT = 10_000_000


def read_csv(path: Path) -> Document:
    """A table in text. Its first row, when it names the columns, is kept as such."""
    decoded = decode(path.read_bytes())
    text = decoded.text.replace("\0", "")
    if not text.strip():
        raise ReadError("it holds no text.")
    rows = _rows(text, "\t" if path.suffix.lower() == ".tsv" else sniff_delimiter(text))
    builder = DocumentBuilder("csv", properties={"encoding": decoded.encoding})
    if decoded.warning:
        builder.warnings.append(decoded.warning)
    header = has_header(rows)
    names = [column_name(index) for index in range(max((len(row) for row in rows), default=0))]
    builder.table(
        GridCell(number, index, value, header=header and number == 0, locator=f"{names[index]}{number + 1}")
        for number, row in enumerate(rows)
        for index, value in enumerate(row)
    )
    return builder.build()


def sniff_delimiter(text: str) -> str:
    """The delimiter that cuts the first lines into equally many cells most often; the comma first."""
    lines = [line for line in text.splitlines()[:50] if line.strip()]
    best, best_score = ",", 0.0
    for delimiter in _DELIMITERS:
        widths = [len(row) for row in _rows("\n".join(lines), delimiter) if row]
        usual = max(widths, key=widths.count, default=1)
        score = widths.count(usual) / len(widths) * min(usual, 4) if usual > 1 else 0.0
        if score > best_score:
            best, best_score = delimiter, score
    return best


def has_header(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first row names the columns: all filled, different, no numbers, and there are others."""
    if len(rows) < 2 or len(rows[0]) < 2:
        return False
    names = [name.strip() for name in rows[0]]
    return all(names) and len(set(names)) == len(names) and not any(_is_value(name) for name in names)


def column_name(index: int) -> str:
    """The letters of column `index` (0 is A, 26 is AA)."""
    name = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        name = chr(65 + rest) + name
    return name


def _is_value(text: str) -> bool:
    return bool(_NUMBER.match(text) or _DATE.match(text) or "@" in text or len(text) > 60)


def _rows(text: str, delimiter: str) -> list[list[str]]:
    csv.field_size_limit(_FIELD_LIMIT)
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        unclosed = "unexpected end" in str(error) or "field limit" in str(error)
    if unclosed:  # a stray quote would swallow all rows after it: quotes are ordinary characters then
        return list(csv.reader(text.splitlines(), delimiter=delimiter, quoting=csv.QUOTE_NONE))
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
