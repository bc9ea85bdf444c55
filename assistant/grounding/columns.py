"""Which cell of a table's row a claim stands on, and whether it takes the number of another column.

Compares what the claim says around a number with the names of the columns that hold such numbers. Where the
claim names no column, the question's words decide; where neither does, nothing is held against the claim.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from assistant.grounding.numbers import Fact, facts, matches, names_a_time
from assistant.grounding.polarity import denies
from assistant.rows import cell_text, with_unit
from assistant.words import content_words, detect_language, same_word
from ingestion.documents import RowCell, TableRow

LISTS = re.compile("[・、,/／]")
"""What lies between several things that share a column or row."""
_CLEARLY = 0.3
_ENDS = re.compile(r"[。;；\n]+")
_MARKS = {mark: "可" for mark in "○◯〇●◎"} | {mark: "不可" for mark in "×✕✗✘"}
_NOTHING = "-−–—―"


@dataclass(frozen=True, slots=True)
class Value:
    """A cell of a row as a claim may speak of it."""

    cell: RowCell
    text: str
    facts: tuple[Fact, ...]


def values_of(row: TableRow, text: str) -> list[Value]:
    """The cells of a row whose text is `text`; bare numbers with the units of their columns."""
    found = []
    for cell in row.cells:
        said = with_unit(cell_text(cell, text, row.start), cell.label)
        found.append(Value(cell, said, tuple(facts(said))))
    return found


def statements(row: TableRow, text: str) -> str:
    """The row as sentences, one a cell, each with the row's names, and ○ and × in words.

    So what a cell affirms or denies can be told from what the others do. A name that is a sentence of its own
    (over the exceptions: "the rule does not apply.") stays a name: it denies nothing that a cell says. A row
    whose name denies (減額の禁止) says so by itself, whatever its cells go on to say.
    """
    values = values_of(row, text)
    told = [value for value in values if not value.cell.header] or values
    names = " ".join(
        _name(one)
        for one in (*row.lead, *(value.text for value in values if value.cell.header and value not in told))
    )
    lines = []
    if denies(names):
        lines, names = [names], ""
    for value in told:
        said = _MARKS.get(value.text, value.text)
        if said and said not in _NOTHING:
            label = _name(value.cell.label)
            lines.append(f"{names} {label}は{said}".strip() if label else f"{names} {said}".strip())
    return "。".join(lines)


def _name(text: str) -> str:
    return _ENDS.sub(" ", text)


def wrong_column(claim: str, claimed: Sequence[Fact], question: str, values: Sequence[Value]) -> Fact | None:
    """The number of the claim that belongs to another column than the one it speaks of."""
    named = [value for value in values if value.cell.header]
    told = [
        fact for fact in claimed
        if not names_a_time(fact)
        and any(_holds(value, fact) for value in values)
        and not any(_holds(value, fact) for value in named)
    ]  # fmt: skip
    for fact in told:
        right = [value for value in values if _holds(value, fact)]
        wrong = [
            value for value in values if value.facts and not _holds(value, fact) and not value.cell.header
        ]
        if not wrong or any(not value.cell.label for value in (*right, *wrong)):
            continue
        shared = frozenset.intersection(*(_terms(value.cell.label) for value in (*right, *wrong)))
        for about in (_around(claim, fact, told), claim, question):
            fits = [max(_fit(value, about, shared) for value in some) for some in (right, wrong)]
            if fits[1] > fits[0] + _CLEARLY:
                return fact
            if fits[0] > fits[1] + _CLEARLY:
                break
    return None


def cited_cell(claim: str, claimed: Sequence[Fact], question: str, values: Sequence[Value]) -> RowCell | None:
    """The cell that holds the claim's number, or else the most of its words; None when no cell does."""
    holding = [value for value in values if any(_holds(value, fact) for fact in claimed)]
    named = [value for value in holding if not value.cell.header] or holding
    if named:
        said = f"{claim} {question}"
        return max(named, key=lambda value: _fit(value, said, frozenset())).cell
    words = frozenset(content_words(claim))
    best: tuple[float, Value] | None = None
    for value in values:
        own = content_words(value.text)
        share = sum(same_word(word, words) for word in own) / len(own) if own else 0.0
        if not value.cell.header and share >= 0.5 and (best is None or share > best[0]):
            best = (share, value)
    return best[1].cell if best else None


def _holds(value: Value, fact: Fact) -> bool:
    return any(matches(fact, other) for other in value.facts)


def _around(claim: str, fact: Fact, told: Sequence[Fact]) -> str:
    """What the claim says of one of its numbers: in Japanese what stands before it, behind the last one."""
    if len(told) < 2 or detect_language(claim) == "en":
        return claim
    before = max((other.end for other in told if other.end <= fact.start), default=0)
    return claim[before : fact.start]


def _terms(label: str) -> frozenset[str]:
    return frozenset(content_words(label)) | frozenset(_key(label, fact) for fact in facts(label))


def _key(text: str, fact: Fact) -> str:
    return unicodedata.normalize("NFKC", text)[fact.start : fact.end].strip()


def _fit(value: Value, about: str, shared: frozenset[str]) -> float:
    """Share of the terms in the column's name that `about` holds; `shared` ones do not count.

    A name that lists several things (東京・大阪) fits as well as the one of them that fits best.
    """
    label = value.cell.label
    listed = [part for part in LISTS.split(label) if len(part.strip()) > 1] if LISTS.search(label) else []
    return max(_share(name, about, shared) for name in (label, *listed))


def _share(name: str, about: str, shared: frozenset[str]) -> float:
    words = [word for word in content_words(name) if word not in shared]
    numbers = [fact for fact in facts(name) if _key(name, fact) not in shared]
    if not words and not numbers:
        return 0.0
    there, said = frozenset(content_words(about)), facts(about)
    found = sum(same_word(word, there) for word in words)
    found += sum(any(matches(one, fact) for one in said) for fact in numbers)
    return found / (len(words) + len(numbers))
