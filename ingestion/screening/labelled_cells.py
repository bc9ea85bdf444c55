"""Personal data in tables, where the label stands over a column: a list of staff says 生年月日 once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from ingestion.documents import Document, RowCell
from ingestion.screening.findings import Finding, personal
from ingestion.screening.personal import find_personal
from ingestion.table_rows import read_tables

_STAFF = re.compile(
    r"(?:社員|職員|従業員|スタッフ)(?:番号|ID|コード|No\.?|№)$|employee ?(?:id|no\.?|number)$", re.IGNORECASE
)
_STAFF_VALUE = re.compile(r"[A-Z]{0,3}-?\d{3,10}$", re.IGNORECASE)
_POSTAL = re.compile("郵便番号|〒|zip|postal", re.IGNORECASE)
_POSTAL_VALUE = re.compile(r"\d{3}-?\d{4}$")
_LONGEST = 120


def find_in_tables(document: Document) -> Iterator[Finding]:
    """Personal data in cells that need their column's name to be understood."""
    for table in read_tables(document):
        for row in table.rows:
            for cell in row.cells:
                if cell.label and not row.header and cell.end - cell.start <= _LONGEST:
                    yield from _in_cell(document.text, cell)


def _in_cell(text: str, cell: RowCell) -> Iterator[Finding]:
    label, value = cell.label.rsplit("\n", 1)[-1].strip(), text[cell.start : cell.end]
    if _STAFF.search(label) and _STAFF_VALUE.match(value.strip()):
        yield personal("EMPLOYEE_ID", cell.start, cell.end, 0.9)
        return
    if _POSTAL.search(label) and _POSTAL_VALUE.match(value.strip()):
        yield personal("POSTAL", cell.start, cell.end, 0.9)
        return
    shift = cell.start - len(label) - 1
    for finding in find_personal(f"{label}:{value}"):
        if finding.end > len(label) + 1:
            start = max(finding.start + shift, cell.start)
            yield replace(finding, start=start, end=finding.end + shift)
