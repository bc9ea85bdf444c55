"""JSON and JSON Lines: a line "path: value" for each value, and a table for each list of like records."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ingestion.decoding import Decoded, decode
from ingestion.documents import Document
from ingestion.errors import ReadError
from ingestion.readers.building import DocumentBuilder
from ingestion.table_grid import GridCell

_MOST_COLUMNS = 40
_SHORT_LIST = 200
_SHOWN_LINES = 5


def read_json(path: Path) -> Document:
    """A JSON file; one that holds a value in each line is read as JSON Lines.

    Raises:
        ReadError: it is no JSON.
    """
    decoded = decode(path.read_bytes())
    builder = _builder("json", decoded)
    try:
        value = _loads(decoded.text)
    except json.JSONDecodeError as error:
        if error.msg != "Extra data":
            raise ReadError(
                f"it is no JSON: {error.msg} in line {error.lineno}, column {error.colno}."
            ) from error
        return _lines(builder, decoded.text)
    _add(builder, "", value)
    return builder.build()


def read_json_lines(path: Path) -> Document:
    """A file with a JSON value in each line. Lines that are none are left out, with a warning.

    Raises:
        ReadError: no line is JSON.
    """
    decoded = decode(path.read_bytes())
    return _lines(_builder("jsonl", decoded), decoded.text)


def _builder(format: str, decoded: Decoded) -> DocumentBuilder:
    builder = DocumentBuilder(format, properties={"encoding": decoded.encoding})
    if decoded.warning:
        builder.warnings.append(decoded.warning)
    return builder


def _lines(builder: DocumentBuilder, text: str) -> Document:
    values: list[tuple[int, Any]] = []
    broken: list[int] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            try:
                values.append((number, _loads(line)))
            except json.JSONDecodeError:
                broken.append(number)
    if not values:
        raise ReadError(f"it is no JSON: none of its {len(broken)} lines is a JSON value.")
    if broken:
        shown = ", ".join(map(str, broken[:_SHOWN_LINES])) + (", …" if len(broken) > _SHOWN_LINES else "")
        builder.warnings.append(f"{len(broken)} lines that are no JSON were left out: {shown}")
    records = [value for _, value in values]
    if _is_table(records):
        _add_table(builder, [f"line {number}" for number, _ in values], records)
    else:
        for number, value in values:
            builder.blank()
            _add(builder, f"[{number}]" if not isinstance(value, Mapping) else "", value)
    return builder.build()


def _loads(text: str) -> Any:
    """The value with its numbers as they are written, and with every one of several equal keys."""
    return json.loads(
        text, parse_float=str, parse_int=str, parse_constant=str, object_pairs_hook=_object, strict=False
    )


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        name, number = key, 2
        while name in found:
            name, number = f"{key} ({number})", number + 1
        found[name] = value
    return found


def _add(builder: DocumentBuilder, path: str, value: Any) -> None:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            _add(builder, f"{path}.{key}" if path else str(key), inner)
    elif not isinstance(value, list):
        text = _shown(value)
        if text.strip():
            builder.row([(path, f"{path}: {text}" if path else text)])
    elif _is_table(value):
        builder.blank()
        if path:
            builder.line(path)
        _add_table(builder, [f"{path}[{index}]" for index in range(len(value))], value, path)
        builder.blank()
    elif all(_is_scalar(item) for item in value) and sum(len(_shown(item)) for item in value) <= _SHORT_LIST:
        _add(builder, path, ", ".join(text for item in value if (text := _shown(item))))
    else:
        for index, item in enumerate(value):
            _add(builder, f"{path}[{index}]", item)


def _is_table(values: Sequence[Any]) -> bool:
    """Whether the values are two or more flat records that share most of their keys."""
    if len(values) < 2 or not all(isinstance(value, Mapping) and value for value in values):
        return False
    keys = {key for value in values for key in value}
    filled = sum(len(value) for value in values)
    return (
        1 < len(keys) <= _MOST_COLUMNS
        and filled >= 0.5 * len(keys) * len(values)
        and all(_is_cell(item) for value in values for item in value.values())
    )


def _add_table(
    builder: DocumentBuilder, places: Sequence[str], records: Sequence[Any], name: str = ""
) -> None:
    columns = {
        key: index for index, key in enumerate(dict.fromkeys(key for record in records for key in record))
    }
    cells = [GridCell(0, index, key, header=True) for key, index in columns.items()]
    for row, (place, record) in enumerate(zip(places, records, strict=True), start=1):
        cells += [
            GridCell(row, columns[key], text, locator=f"{place}.{key}")
            for key, value in record.items()
            if (text := _cell(value))
        ]
    builder.table(cells, caption=name or None)


def _cell(value: Any) -> str:
    return ", ".join(_shown(item) for item in value) if isinstance(value, list) else _shown(value)


def _is_cell(value: Any) -> bool:
    return _is_scalar(value) or (isinstance(value, list) and all(_is_scalar(item) for item in value))


def _is_scalar(value: Any) -> bool:
    return not isinstance(value, Mapping | list)


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
