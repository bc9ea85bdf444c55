"""Rows of tables as a reader takes them in: each value with its column's name, what stands above it first.

What is made here is shown to the model and compared with its claims. It is never a quote: those are slices of
the document, the row as it stands there.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from assistant.answers import Hit
from assistant.prompting import estimate_tokens
from assistant.words import content_words, same_word
from ingestion.documents import RowCell, Span, TableRow
from ingestion.sentences import split_sentences
from ingestion.table_units import PLAIN_NUMBER, label_unit

_BETWEEN = " | "
_LEFT_OUT = "…"
_NOTHING = "| \t\n"
_WIDE = 120
"""Tokens above which a row is shown without the cells that have nothing to do with the question."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A stretch of a hit that is chosen as a whole: a sentence, or a row of a table.

    `document.text[span] == text`. `read` is the text with all that its reader sees beside it.
    """

    span: Span
    text: str
    read: str
    row: TableRow | None = None


def units(hit: Hit) -> Iterator[Unit]:
    """The sentences and rows of a hit in order."""
    return units_of(hit.text, hit.start, hit.rows)


def units_of(text: str, start: int, rows: Sequence[TableRow]) -> Iterator[Unit]:
    """The sentences and rows of `text`, which begins at `start` of its document."""
    end = start + len(text)
    at = start
    for row in rows:
        if row.start < at or row.end > end:
            continue
        yield from _sentences(text, start, at, row.start)
        own = text[row.start - start : row.end - start]
        yield Unit(Span(row.start, row.end), own, read_row(row, text, start), row)
        at = row.end
    yield from _sentences(text, start, at, end)


def _sentences(text: str, start: int, first: int, last: int) -> Iterator[Unit]:
    part = text[first - start : last - start]
    if not part.strip(_NOTHING):
        return  # marks of empty cells before a row
    for span in split_sentences(part):
        own = part[span.start : span.end]
        yield Unit(Span(first + span.start, first + span.end), own, own)


def read_row(row: TableRow, text: str, start: int) -> str:
    """The row with its names: 区分: 正会員 | 会員種別: 法人会員 | 年会費 2024年度: 120,000円."""
    return _BETWEEN.join([*row.lead, *(shown for _, shown in _shown_cells(row, text, start))])


def read_row_for(question: str, unit: Unit, hit: Hit) -> str:
    """`unit.read`, of a very wide row only what names it and what the question asks for."""
    if unit.row is None or estimate_tokens(unit.read) <= _WIDE:
        return unit.read
    asked = frozenset(content_words(question)) | numerals(question)
    shown = list(_shown_cells(unit.row, hit.text, hit.start))
    left = _WIDE - sum(estimate_tokens(part) for part in unit.row.lead)
    fits = [_fit(asked, cell, text) for cell, text in shown]
    kept: set[int] = set()
    for place in sorted(range(len(shown)), key=lambda place: (-fits[place], place)):
        cost = estimate_tokens(shown[place][1]) + 1
        if cost <= left:
            kept.add(place)
            left -= cost
    parts = list(unit.row.lead)
    for place, (_, text) in enumerate(shown):
        if place in kept:
            parts.append(text)
        elif parts[-1:] != [_LEFT_OUT]:
            parts.append(_LEFT_OUT)
    return _BETWEEN.join(parts)


def _fit(asked: frozenset[str], cell: RowCell, text: str) -> float:
    """How much a cell has to do with the question; cells that name the row always come first."""
    own = frozenset(content_words(text)) | numerals(text)
    return (10.0 if cell.header else 0.0) + sum(same_word(word, own) for word in asked)


def numerals(text: str) -> frozenset[str]:
    """The runs of digits in a text, which the words of a text leave out: years, classes, sizes."""
    return frozenset(re.findall(r"\d+", unicodedata.normalize("NFKC", text)))


def _shown_cells(row: TableRow, text: str, start: int) -> Iterator[tuple[RowCell, str]]:
    for place, cell in enumerate(row.cells):
        said = cell_text(cell, text, start)
        following = row.cells[place + 1] if place + 1 < len(row.cells) else None
        if cell.header and not cell.label and following is not None and following.label == said:
            continue  # a name in a form, which the value behind it is shown with
        if said:
            yield cell, f"{cell.label}: {with_unit(said, cell.label)}" if cell.label else said


def cell_text(cell: RowCell, text: str, start: int) -> str:
    """A cell's text on one line; `text` begins at `start` of the document."""
    return " ".join(text[max(cell.start - start, 0) : cell.end - start].split())


def with_unit(value: str, label: str) -> str:
    """A bare number with the unit that the name of its column gives, as in 会費(千円): 120."""
    unit = label_unit(label)
    return value + unit if unit and PLAIN_NUMBER.match(value) else value
