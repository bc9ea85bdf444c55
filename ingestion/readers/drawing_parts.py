"""Text in the drawings of Office packages: shapes, and charts with the values that were saved with them."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ingestion.readers.building import DocumentBuilder, clean_line
from ingestion.table_grid import GridCell

DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
CHART = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
_MOST_POINTS = 5000
_DATE_FORMAT = re.compile("y|m/d|d/m", re.IGNORECASE)
_DAY_ZERO = datetime.date(1899, 12, 30)


@dataclass(frozen=True, slots=True)
class Chart:
    """Titles of a chart and its axes, and its values with a row for each category."""

    titles: tuple[str, ...]
    cells: tuple[GridCell, ...]


def shape_lines(root: Any) -> Iterator[str]:
    """The text of each paragraph in the shapes below `root`."""
    for paragraph in root.iter(f"{DRAWING}p"):
        text = "".join(
            "\n" if run.tag == f"{DRAWING}br" else run.text or ""
            for run in paragraph.iter(f"{DRAWING}t", f"{DRAWING}br")
        )
        if text.strip():
            yield text


def read_chart(root: Any) -> Chart:
    """What a chart's part says."""
    titles = [clean_line(" ".join(shape_lines(title))) for title in root.iter(f"{CHART}title")]
    cells: dict[tuple[int, int], GridCell] = {}
    rows: dict[str, int] = {}
    for column, series in enumerate(root.iter(f"{CHART}ser"), start=1):
        name = " ".join(text for _, text in _points(series, "tx"))
        names = dict(_points(series, "cat") or _points(series, "xVal"))
        if name:
            cells[0, column] = GridCell(0, column, clean_line(name), header=True)
        for index, value in _points(series, "val") or _points(series, "yVal"):
            label = clean_line(names.get(index, str(index + 1)))
            row = rows.setdefault(label, len(rows) + 1)
            cells.setdefault((row, 0), GridCell(row, 0, label, header=True))
            cells[row, column] = GridCell(row, column, value)
    return Chart(tuple(title for title in titles if title), tuple(cells.values()))


def add_chart(builder: DocumentBuilder, root: Any, *, values: bool = True) -> None:
    """Add the titles of a chart, and with `values` its data as a table."""
    chart = read_chart(root)
    for title in chart.titles:
        builder.line(title)
    if values and chart.cells:
        builder.blank()
        builder.table(chart.cells, caption=chart.titles[0] if chart.titles else None, judge=False)
        builder.blank()


def _points(series: Any, name: str) -> list[tuple[int, str]]:
    """(index, value) of what was saved for a part of a series, in order."""
    part = series.find(f"{CHART}{name}")
    if part is None:
        return []
    found: dict[int, str] = {}
    dated = any(_DATE_FORMAT.search(code.text or "") for code in part.iter(f"{CHART}formatCode"))
    for point in part.iter(f"{CHART}pt"):
        index = point.get("idx", "")
        value = clean_line("".join(v.text or "" for v in point.iter(f"{CHART}v")))
        if index.isascii() and index.isdigit() and value and len(found) < _MOST_POINTS:
            number = int(index)
            value = _as_date(value) if dated else value.removesuffix(".0")
            found[number] = f"{found[number]} {value}" if number in found else value  # levels of categories
    return sorted(found.items())


def _as_date(value: str) -> str:
    """A number of days as a date; anything else as it is."""
    try:
        return (_DAY_ZERO + datetime.timedelta(days=int(float(value)))).isoformat()
    except (ValueError, OverflowError):
        return value
