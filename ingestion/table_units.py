"""The unit that a table is counted in when it stands over the table, as in (単位:千円).

It is looked for in the caption, in a corner and in the lines above, and put to the names of the columns whose
bare numbers it counts, so that a prompt shows it and a claim is compared with it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import replace

from ingestion.documents import RowCell, Table, TableCell, TableRow

_IN_LABEL = re.compile(r"[(（]\s*(?:単位\s*[:：]?\s*)?([^()（）]{1,20}?)\s*[)）]")
UNITS = re.compile(
    r"^(?:[十百千万億兆]*円|[%％]|ドル|人|名|件|個|台|本|枚|回|点|日|時間|分|秒|か月|ヶ月|年|歳|kg|g|t|km|m|cm|mm|m2|m3|L|mL|V|A|W|kW|kWh|"
    r"[十百千万億]+(?:[人件個台本枚株名]|ドル))$"
)
PLAIN_NUMBER = re.compile(r"^[△▲+\-−]?\d[\d,.]*$")

_LINES_ABOVE = 2
_LONGEST_LINE = 60
_ROWS_LOOKED_AT = 2
_SAID = re.compile(r"(?:単位|\bunits?)\s*[:=は]?\s*([^\s()]+)", re.IGNORECASE)
_BARE = re.compile(r"\(\s*([^()\s]{1,6})\s*\)\s*$")
_SEVERAL = re.compile("[,、・/／;]|および|及び|または|又は")
_MONEY = re.compile("円|ドル")
_NAMES_THINGS = re.compile(r"(?:番号|コード|順位|ID|No\.?|№|電話|内線|郵便)$", re.IGNORECASE)
_COUNTED_OTHERWISE = re.compile("(?:率|比|比率|割合|利回り|倍率|指数|ROE|ROA|[%％])$")
_NOT_MONEY = re.compile("(?:数|人員|人|名|年齢|期間|年数|日数|面積|数量)$")
_A_SHARE = re.compile("(?:1株|一株|1人|一人|1口|単価)")
_YEARS = re.compile(r"(?:^|\s)(?:年|年度|西暦|期|月|日)$")


def label_unit(label: str) -> str:
    """The unit in the name of a column, as in 会費(千円) or 価格(円、税別); "" without one.

    What is counted in one unit by another has that as its unit only where it is money: (円/年), not (km/h).
    """
    found = ""
    for inner in _IN_LABEL.findall(label):
        parts = [part.strip() for part in _SEVERAL.split(inner)]
        units = [part for part in parts if UNITS.match(part)]
        per = "/" in inner or "／" in inner
        if units[:1] == parts[:1] and (len(units) == 1 or (per and _MONEY.search(units[0]))):
            found = units[0] if not per or _MONEY.search(units[0]) else found
    return found


def table_unit(text: str, table: Table, earlier: int = 0) -> str:
    """The unit of all of a table's bare numbers, "" when none or several are said.

    `earlier` is where the table before ends: what stands over that one says nothing about this one.
    """
    above = text[max(earlier, 0) : table.start].rstrip().splitlines()[-_LINES_ABOVE:]
    for line in (table.caption or "", *_corners(text, table.cells), *reversed(above)):
        if len(line) <= 2 * _LONGEST_LINE and (unit := _unit_in(line)):
            return unit
    return ""


def _corners(text: str, cells: Sequence[TableCell]) -> list[str]:
    return [text[cell.start : cell.end] for cell in cells if cell.row < _ROWS_LOOKED_AT]


def _unit_in(line: str) -> str:
    line = unicodedata.normalize("NFKC", " ".join(line.split()))
    if (said := _SAID.search(line)) is None:
        bare = _BARE.search(line)
        return bare[1] if bare and len(line) <= _LONGEST_LINE and _is_caption_unit(bare[1]) else ""
    units = [part for part in _SEVERAL.split(line[said.start(1) :].rstrip(") ")) if UNITS.match(part.strip())]
    return units[0].strip() if len(units) == 1 and said[1].startswith(units[0].strip()) else ""


def _is_caption_unit(unit: str) -> bool:
    """Whether a unit that is not called one is one: (千円) is, (人) and (日) may be anything."""
    return bool(re.fullmatch("[百千万億]+(?:円|ドル)", unit))


def with_table_unit(row: TableRow, text: str, unit: str) -> TableRow:
    """The row whose bare numbers have `unit` in the names of their columns, where that fits them."""
    if not unit or row.header:
        return row
    names = [" ".join(text[cell.start : cell.end].split()) for cell in row.cells if cell.header]
    if not all(_counts(unit, name) for name in (*names, *(part.rsplit(": ", 1)[-1] for part in row.lead))):
        return row
    return replace(row, cells=tuple(_with_unit(cell, text, unit) for cell in row.cells))


def _with_unit(cell: RowCell, text: str, unit: str) -> RowCell:
    said = text[cell.start : cell.end].strip()
    own = label_unit(cell.label)
    if cell.header or own or not cell.label or not PLAIN_NUMBER.match(said) or not _counts(unit, cell.label):
        return cell
    return replace(cell, label=f"{cell.label}({unit})")


def _counts(unit: str, name: str) -> bool:
    """Whether what a row or column is called can be counted in the unit."""
    name = unicodedata.normalize("NFKC", name).strip()
    if own := label_unit(name):
        return own == unit
    bare = re.sub(r"\([^()]*\)$", "", name).strip()
    if _NAMES_THINGS.search(bare) or _YEARS.search(bare):
        return False
    if unit != "%" and _COUNTED_OTHERWISE.search(bare):
        return False
    if _MONEY.search(unit) and _NOT_MONEY.search(bare):
        return False
    return len(unit) < 2 or not _A_SHARE.search(bare)
