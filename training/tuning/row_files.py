"""Rows of a file of examples: JSON Lines, a JSON list, CSV or an Excel sheet, each with its number.

Numbers are those that people see: lines of JSON Lines, places in a JSON list from 1 on, rows of a table with
the names of its columns as row 1.
"""

from __future__ import annotations

import csv
import io
import json
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePath
from typing import Any

from ingestion.decoding import decode
from ingestion.errors import ReadError
from training.errors import ExampleError

TABLES = (".csv", ".tsv", ".xlsx", ".xlsm")
NAMES = (".jsonl", ".ndjson", ".json", *TABLES)
_LONGEST_CELL = 1_000_000

Row = tuple[int, dict[str, Any] | ExampleError]
"""A row's number, and its fields or why it could not be read."""
Cells = tuple[int, Sequence[str]]
"""A row of a table."""


def is_table(name: str) -> bool:
    """Whether a file has columns instead of fields."""
    return PurePath(name).suffix.lower() in TABLES


def rows_of(name: str, data: bytes) -> Iterator[Row]:
    """The rows of a file in order; blank ones are left out.

    Raises:
        ExampleError: the file as a whole cannot be read.
    """
    suffix = PurePath(name).suffix.lower()
    if suffix not in NAMES:
        raise ExampleError(f"{name} is no file of examples. Give one of {', '.join(NAMES)}.")
    if suffix in (".xlsx", ".xlsm"):
        yield from _with_columns(name, _sheet(name, suffix, data))
        return
    text = _text(name, data)
    if suffix in (".csv", ".tsv"):
        yield from _with_columns(name, _cells(name, text, suffix))
    elif suffix == ".json":
        yield from _json_list(name, text)
    else:
        yield from _json_lines(text)


def _text(name: str, data: bytes) -> str:
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
                yield number, _object(json.loads(line))
            except json.JSONDecodeError as error:
                yield number, ExampleError(f"it is not JSON ({error.msg} at column {error.colno})")
            except ExampleError as error:
                yield number, error
            except RecursionError:
                yield number, ExampleError("it is nested too deeply")


def _json_list(name: str, text: str) -> Iterator[Row]:
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        if "\n{" in text.strip():
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

    csv.field_size_limit(_LONGEST_CELL)
    delimiter = "\t" if suffix == ".tsv" else sniff_delimiter(text)
    try:
        yield from enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), start=1)
    except csv.Error as error:
        raise ExampleError(f"{name} is no table: {error}") from error


def _sheet(name: str, suffix: str, data: bytes) -> Sequence[Cells]:
    from ingestion.readers.xlsx import first_sheet

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"examples{suffix}"
        path.write_bytes(data)
        try:
            return first_sheet(path)
        except ReadError as error:
            raise ExampleError(f"{name} cannot be read: {error}") from error


def _with_columns(name: str, rows: Iterator[Cells] | Sequence[Cells]) -> Iterator[Row]:
    columns: list[str] = []
    for number, cells in rows:
        if not any(cell.strip() for cell in cells):
            continue
        if not columns:
            columns = [cell.strip() for cell in cells]
            doubled = next((one for one in columns if one and columns.count(one) > 1), None)
            if doubled is not None:
                raise ExampleError(f"{name} has two columns named {doubled!r}.", field=doubled)
        elif len(cells) > len(columns) and any(cell.strip() for cell in cells[len(columns) :]):
            yield number, ExampleError(f"it has {len(cells)} cells below {len(columns)} columns")
        else:
            yield number, {column: cell for column, cell in zip(columns, cells, strict=False) if column}
