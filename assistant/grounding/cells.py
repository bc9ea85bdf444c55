"""Whether what a claim repeats of a table lies in the row and the column that the claim speaks of.

The names that a claim repeats decide its rows and columns; where it repeats none, those of the question do.
Where neither says which row or column is meant, nothing is held against the claim.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from assistant.grounding.columns import LISTS, Value, values_of
from assistant.grounding.numbers import Fact, Quantity, facts, matches, names_a_time
from assistant.words import content_words, same_word
from ingestion.dates import Moment
from ingestion.documents import TableRow

_ASIDE = re.compile(r"[(（][^()（）]*[)）]")
_NO_WORDS = re.compile(r"[^\w]*")
_Key = TypeVar("_Key", int, str)
_LONGEST = 40
_LEAST = 0.3  # what share of a name must be said for it to be meant


@dataclass(frozen=True, slots=True)
class Row:
    """A row with its table's other rows told apart by `table`; `names` are what the row is called by."""

    table: int
    row: TableRow
    names: tuple[str, ...]
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Doubt:
    """What of a claim does not stand where the claim says; `another` when that place holds other numbers."""

    text: str
    another: bool


@dataclass(frozen=True, slots=True)
class _Item:
    start: int
    end: int
    text: str
    fact: Fact | None


@dataclass(frozen=True, slots=True)
class _Mention:
    start: int
    end: int
    text: str


def rows_of(text: str, start: int, rows: Iterable[TableRow], first_table: int) -> list[Row]:
    """The rows that name no columns, of a text that begins at `start`; rows that touch are of one table."""
    found: list[Row] = []
    table = first_table
    reach: int | None = None
    for row in rows:
        if reach is not None and not _NO_WORDS.fullmatch(text[reach - start : row.start - start]):
            table += 1
        reach = row.end
        if row.header:
            continue
        values = tuple(values_of(row, text[row.start - start : row.end - start]))
        found.append(Row(table, row, _names(row, values), values))
    return found


def _names(row: TableRow, values: Sequence[Value]) -> tuple[str, ...]:
    lead = [part.rsplit(": ", 1)[-1] for part in row.lead]
    own = [_plain(value.text) for value in values if value.cell.header]
    if not own and values and content_words(values[0].text):
        own = [_plain(values[0].text)]
    return tuple(name for name in (*map(_plain, lead), *own) if name)


def _plain(text: str) -> str:
    text = unicodedata.normalize("NFKC", text).casefold()
    return (_ASIDE.sub("", text).strip() or text).strip()


def named_rows(claim: str, question: str, rows: Sequence[Row]) -> frozenset[int]:
    """Places in `rows` of those that the claim names, or the question when the claim names none."""
    names = [row.names for row in rows]
    return _named(names, claim) or _named(names, question)


def doubt(
    claim: str,
    claimed: Sequence[Fact],
    question: str,
    rows: Sequence[Row],
    elsewhere: Sequence[Fact],
    *,
    bare: bool,
) -> Doubt | None:
    """The first thing the claim takes from another row or column of the table than it speaks of.

    `elsewhere` are facts of what else the claim stands on. `bare` says that the claim only answers
    to the question; a longer one that names no row may speak of another than the question does.
    """
    told = _plain_claim(claim)
    names = [row.names for row in rows]
    by_claim = _named(names, told)
    meant = by_claim or _named(names, question)
    labels = list(dict.fromkeys(value.cell.label for row in rows for value in _told(row) if value.cell.label))
    parts = [_parts(label) for label in labels]
    columns = {labels[i] for i in _named(parts, told) or _named(parts, question)}
    mentions = _mentions(told, {*_all(names), *_all(parts)}, {_plain(v.text) for r in rows for v in _told(r)})
    items = _items(told, claimed, mentions, rows, elsewhere)
    if not items:
        return None
    row_names = [m for m in mentions if any(m.text in names[i] for i in meant) and not _is_item(m, items)]
    heads = [
        m for m in mentions if any(m.text in _parts(label) for label in columns) and not _is_item(m, items)
    ]
    if meant and not _in_turn(items, row_names, [rows[i] for i in sorted(meant)]):
        for item in items:
            places = _nearest(item, row_names, {i: names[i] for i in meant})
            if not any(_holds(value, item) for i in places for value in rows[i].values):
                sure = item.fact is not None and (bare or bool(by_claim))
                return Doubt(item.text, sure and _tells(rows, places, item, columns))
    if not columns:
        return None
    right = [rows[i] for i in sorted(meant)] if meant else list(rows)
    placed = [(item, _nearest(item, heads, {label: _parts(label) for label in columns})) for item in items]
    if _columns_in_turn(items, heads, columns, right):
        return None
    for item, mine in placed:
        if _in_columns(item, mine, right):
            continue
        if not any(
            other is not item and own == mine and _in_columns(other, own, right) for other, own in placed
        ):
            return Doubt(item.text, False)
    return None


def stands(claim: str, claimed: Sequence[Fact], question: str, rows: Sequence[Row], own: TableRow) -> bool:
    """Whether `own` is the one row that is named, and its cells in the named columns hold all of `claimed`.

    What the claim names counts first, then the question.
    """
    told = _plain_claim(claim)
    names = [row.names for row in rows]
    meant = _named(names, told) or _named(names, question)
    row = next((rows[i] for i in meant if rows[i].row.start == own.start), None)
    if len(meant) != 1 or row is None:
        return False
    labels = list(dict.fromkeys(value.cell.label for value in _told(row) if value.cell.label))
    parts = [_parts(label) for label in labels]
    columns = {labels[i] for i in _named(parts, told) or _named(parts, question)}
    given = [fact for value in _told(row) if value.cell.label in columns for fact in value.facts]
    return bool(claimed) and all(any(matches(fact, one) for one in given) for fact in claimed)


def _plain_claim(text: str) -> str:
    # Same length as the NFKC text that the offsets of facts count in, as long as letters keep their number.
    text = unicodedata.normalize("NFKC", text)
    lowered = text.casefold()
    return lowered if len(lowered) == len(text) else text


def _told(row: Row) -> list[Value]:
    return [value for value in row.values if not value.cell.header]


def _parts(label: str) -> tuple[str, ...]:
    """The names in a column's label, of one that lists several things (東京・大阪) also each of them."""
    parts = [part for part in _plain(label).split(" ") if part]
    listed = [one for part in parts if LISTS.search(part) for one in LISTS.split(part) if len(one) > 1]
    return tuple(dict.fromkeys((*parts, *listed)))


def _all(parts: Iterable[Sequence[str]]) -> set[str]:
    return {part for some in parts for part in some}


def _named(names: Sequence[Sequence[str]], text: str) -> frozenset[int]:
    """Places of the names that `text` says most of; none when it says none."""
    text = _plain_claim(text)
    shared = set.intersection(*(set(some) for some in names)) if len(names) > 1 else set()
    mentions = _mentions(text, _all(names), set())
    rest = list(text)
    for mention in mentions:
        rest[mention.start : mention.end] = " " * (mention.end - mention.start)
    literal = {mention.text for mention in mentions}
    words, said = frozenset(content_words("".join(rest))), facts(text)
    common = _common([part for some in names for part in some if part not in shared])
    scores = [
        sum(
            1.0 if part in literal else _share(part, words, said, common)
            for part in dict.fromkeys(some) if part not in shared
        )
        for some in names
    ]  # fmt: skip
    most = max(scores, default=0.0)
    if most < _LEAST:
        return frozenset()
    return frozenset(i for i, score in enumerate(scores) if score >= most - 0.01)


def _common(parts: Sequence[str]) -> frozenset[str]:
    """Words that every one of the names has, as 会員 in 個人会員 and 法人会員."""
    kinds = [frozenset(content_words(part)) for part in dict.fromkeys(parts)]
    return frozenset.intersection(*kinds) if len(kinds) > 1 else frozenset()


def _share(part: str, words: frozenset[str], said: Sequence[Fact], common: frozenset[str]) -> float:
    own = [word for word in content_words(part) if word not in common]
    numbers = [fact for fact in facts(part) if isinstance(fact, Moment) or fact.unit]
    if numbers:
        return float(all(any(matches(one, other) for other in said) for one in numbers))
    return sum(same_word(word, words) for word in own) / len(own) if own else 0.0


def _mentions(text: str, names: set[str], cells: set[str]) -> list[_Mention]:
    """Where `text` has one of the names or cells as it stands, without those inside of a longer one."""
    found: list[_Mention] = []
    for name in names | {cell for cell in cells if len(cell) > 1}:
        if not name or len(name) > _LONGEST or not any(char.isalnum() for char in name):
            continue
        at = text.find(name)
        while at >= 0:
            end = at + len(name)
            if not _runs_on(text, at, end):
                found.append(_Mention(at, end, name))
            at = text.find(name, at + 1)
    found.sort(key=lambda mention: (mention.start, -mention.end))
    kept: list[_Mention] = []
    for mention in found:
        if not kept or mention.end > kept[-1].end:
            kept.append(mention)
    return kept


def _runs_on(text: str, start: int, end: int) -> bool:
    """Whether digits or Latin letters go on beyond the edges, as 10 does in 2010, or a unit follows one."""
    for inner, outer in ((text[start], text[start - 1 : start]), (text[end - 1], text[end : end + 1])):
        if outer.isascii() and outer.isalnum() and inner.isascii() and inner.isalnum():
            return True
    return end - start == 1 and text[start - 1 : start].isdigit()


def _items(
    told: str,
    claimed: Sequence[Fact],
    mentions: Sequence[_Mention],
    rows: Sequence[Row],
    elsewhere: Sequence[Fact],
) -> list[_Item]:
    """What the claim `told` repeats of the table's values: numbers, and words as they stand in a cell."""
    names = {name for row in rows for name in row.names}
    heads = {part for row in rows for value in row.values for part in _parts(value.cell.label)}
    texts = {_plain(value.text) for row in rows for value in _told(row)}
    given = [fact for row in rows for value in _told(row) for fact in value.facts]
    found: list[_Item] = []
    named = False
    titles: list[_Mention] = []
    for mention in mentions:
        is_name = mention.text in names and not (named and mention.text in texts)
        named = named or is_name
        if is_name or mention.text in heads:
            titles.append(mention)
        elif mention.text in texts and not facts(mention.text):
            found.append(_Item(mention.start, mention.end, mention.text, None))
    for fact in claimed:
        if any(title.start < fact.end and fact.start < title.end for title in titles):
            continue
        if any(matches(fact, one) for one in elsewhere) or not any(matches(fact, one) for one in given):
            continue
        a_time = isinstance(fact, Moment) or names_a_time(fact)
        if a_time and any(matches(fact, one) for head in heads for one in facts(head)):
            continue  # a year or quarter that names a column in other words
        text = fact.text if isinstance(fact, Quantity) else told[fact.start : fact.end]
        found.append(_Item(fact.start, fact.end, text, fact))
    return sorted(found, key=lambda item: item.start)


def _is_item(mention: _Mention, items: Sequence[_Item]) -> bool:
    return any(item.start == mention.start and item.fact is None for item in items)


def _holds(value: Value, item: _Item) -> bool:
    if item.fact is not None:
        return any(matches(item.fact, one) for one in value.facts)
    return not value.cell.header and item.text in _plain(value.text)


def _nearest(
    item: _Item, mentions: Sequence[_Mention], meant: Mapping[_Key, Sequence[str]]
) -> frozenset[_Key]:
    """Of what is meant, what is named last before the item; all of it when nothing is."""
    last: dict[_Key, int] = {}
    for mention in mentions:
        if mention.end <= item.start:
            last.update({key: mention.end for key, names in meant.items() if mention.text in names})
    if not last:
        return frozenset(meant)
    return frozenset(key for key, end in last.items() if end == max(last.values()))


def _in_turn(items: Sequence[_Item], mentions: Sequence[_Mention], rows: Sequence[Row]) -> bool:
    """Whether the claim names as many rows as it tells values, and each has its own."""
    order = list(dict.fromkeys(mention.text for mention in mentions))
    if len(order) != len(items) or len(items) < 2:
        return False
    return all(
        any(name in row.names and any(_holds(value, item) for value in row.values) for row in rows)
        for name, item in zip(order, items, strict=True)
    )


def _columns_in_turn(
    items: Sequence[_Item], mentions: Sequence[_Mention], columns: set[str], rows: Sequence[Row]
) -> bool:
    order = list(dict.fromkeys(mention.text for mention in mentions))
    if len(order) != len(items) or len(items) < 2:
        return False
    return all(
        _in_columns(item, {label for label in columns if name in _parts(label)}, rows)
        for name, item in zip(order, items, strict=True)
    )


def _in_columns(item: _Item, labels: Iterable[str], rows: Sequence[Row]) -> bool:
    there = set(labels)
    return any(
        _holds(value, item) and value.cell.label in {*there, ""} for row in rows for value in row.values
    )


def _tells(rows: Sequence[Row], mine: Iterable[int], item: _Item, columns: set[str]) -> bool:
    """Whether the row that is meant has another number where the other row has the claim's."""
    there = {value.cell.label for row in rows for value in _told(row) if _holds(value, item)}
    there = there & columns or there
    return any(value.facts and value.cell.label in there for i in mine for value in _told(rows[i]))
