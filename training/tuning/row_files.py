"""Rows of a file of examples: JSON Lines, a JSON list, CSV or an Excel sheet, each with its number.

Numbers are those that people see: lines of JSON Lines, places in a JSON list from 1 on, rows of a table with
the names of its columns as row 1.
"""

from __future__ import annotations

import csv
import io
import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePath
from typing import Any

from ingestion.decoding import decode
from ingestion.errors import ReadError
from training.errors import ExampleError

TABLES = (".csv", ".tsv", ".xlsx", ".xlsm")
NAMES = (".jsonl", ".ndjson", ".json", *TABLES)
_ABOVE = 20
"""Rows among which the names of the columns are looked for: people put titles and notes above a table."""

Row = tuple[int, dict[str, Any] | ExampleError]
"""A row's number, and its fields or why it could not be read."""
Cells = tuple[int, Sequence[str] | ExampleError]
"""A row of a table, or why it could not be read."""
IsHeader = Callable[[Sequence[str]], bool]
"""Whether cells are the names of the columns that are looked for."""


def is_table(name: str) -> bool:
    """Whether a file has columns instead of fields."""
    return PurePath(name).suffix.lower() in TABLES


def rows_of(name: str, data: bytes, is_header: IsHeader) -> Iterator[Row]:
    """The rows of a file in order; blank ones are left out, and those of a table above its columns' names.

    Without a row that `is_header`, the first one names the columns.

    Raises:
        ExampleError: the file as a whole cannot be read.
    """
    suffix = PurePath(name).suffix.lower()
    if suffix not in NAMES:
        raise ExampleError(f"{name} is no file of examples. Give one of {', '.join(NAMES)}.")
    if suffix in (".xlsx", ".xlsm"):
        yield from _with_columns(name, _sheet(name, suffix, data), is_header)
        return
    text = text_of(name, data)
    if suffix in (".csv", ".tsv"):
        yield from _with_columns(name, _cells(name, text, suffix), is_header)
    elif suffix == ".json":
        yield from _json_list(name, text)
    else:
        yield from _json_lines(text)


def text_of(name: str, data: bytes) -> str:
    """The text of a file in UTF-8, or in the encoding that its bytes tell.

    Raises:
        ExampleError: it is no text.
    """
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    try:
        return decode(data).text
    except ReadError as error:
        raise ExampleError(f"{name} cannot be read as text: {error}") from error


def _json_lines(text: str) -> Iterator[Row]:
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            try:
                yield number, object_of(line)
            except ExampleError as error:
                yield number, error


def object_of(line: str) -> dict[str, Any]:
    """The object of a line of JSON Lines; halves of surrogate pairs, which no database takes, are "?".

    Raises:
        ExampleError: it is none.
    """
    try:
        return _object(_encodable(json.loads(line)) if "\\u" in line else json.loads(line))
    except json.JSONDecodeError as error:
        raise ExampleError(f"it is not JSON ({error.msg} at column {error.colno})") from error
    except RecursionError as error:
        raise ExampleError("it is nested too deeply") from error
    except ValueError as error:
        raise ExampleError("it holds a number of more digits than can be read") from error


def _encodable(value: Any) -> Any:
    text = json.dumps(value, ensure_ascii=False)
    plain = text.encode("utf-8", "replace").decode("utf-8")
    return value if plain == text else json.loads(plain)


def _json_list(name: str, text: str) -> Iterator[Row]:
    try:
        found = _encodable(json.loads(text)) if "\\u" in text else json.loads(text)
    except ValueError as error:  # also numbers of 4,301 digits
        if "\n{" in text.strip() and isinstance(error, json.JSONDecodeError):
            yield from _json_lines(text)  # JSON Lines by another name
            return
        raise ExampleError(f"{name} is not JSON: {error}") from error
    except RecursionError as error:
        raise ExampleError(f"{name} is nested too deeply.") from error
    for number, value in enumerate(found if isinstance(found, list) else [found], start=1):
        try:
            yield number, _object(value)
        except ExampleError as error:
            yield number, error


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ExampleError(f"it holds {type(value).__name__}, not an object")
    return value


def _cells(name: str, text: str, suffix: str) -> Iterator[Cells]:
    from ingestion.readers.csv import sniff_delimiter

    delimiter = "\t" if suffix == ".tsv" else sniff_delimiter(text)
    csv.field_size_limit(max(len(text), csv.field_size_limit()))
    lines = list(io.StringIO(text, newline=""))
    number = begin = 0
    while begin < len(lines):
        reader, first = csv.reader(lines[begin:], delimiter=delimiter), begin
        try:
            for cells in reader:
                number += 1
                if begin + reader.line_num == len(lines) and _unclosed(lines[first:], delimiter):
                    yield number, ExampleError("a quotation mark in it is never closed")
                    break
                yield number, cells
                first = begin + reader.line_num
        except csv.Error as error:
            raise ExampleError(f"{name} is no table: {error}") from error
        begin = first + 1  # the rows that the open quotation would have swallowed


def _unclosed(lines: Sequence[str], delimiter: str) -> bool:
    """Whether the last row of a table ends inside of quotation marks."""
    try:
        list(csv.reader(lines, delimiter=delimiter, strict=True))
    except csv.Error as error:
        return "unexpected end" in str(error)
    return False


def _sheet(name: str, suffix: str, data: bytes) -> Sequence[Cells]:
    from ingestion.readers.xlsx import first_sheet

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"examples{suffix}"
        path.write_bytes(data)
        try:
            return first_sheet(path)
        except ReadError as error:
            raise ExampleError(f"{name} cannot be read: {error}") from error


def _with_columns(name: str, rows: Iterator[Cells] | Sequence[Cells], is_header: IsHeader) -> Iterator[Row]:
    told = [
        (number, cells) for number, cells in rows
        if isinstance(cells, ExampleError) or any(cell.strip() for cell in cells)
    ]  # fmt: skip
    place = next((place for place, (_, cells) in enumerate(told[:_ABOVE]) if _names(cells, is_header)), 0)
    columns: list[str] = []
    for number, cells in told[place:]:
        if isinstance(cells, ExampleError):
            yield number, cells
        elif not columns:
            columns = [cell.strip() for cell in cells]
            doubled = next((one for one in columns if one and columns.count(one) > 1), None)
            if doubled is not None:
                raise ExampleError(f"{name} has two columns named {doubled!r}.", field=doubled)
        elif len(cells) > len(columns) and any(cell.strip() for cell in cells[len(columns) :]):
            yield number, ExampleError(f"it has {len(cells)} cells below {len(columns)} columns")
        else:
            yield number, {column: cell for column, cell in zip(columns, cells, strict=False) if column}


def _names(cells: Sequence[str] | ExampleError, is_header: IsHeader) -> bool:
    return not isinstance(cells, ExampleError) and is_header([cell.strip() for cell in cells])
