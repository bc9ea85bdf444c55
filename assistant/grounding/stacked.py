"""Cells that hold the values of several things: "0.30g 2.0g 7.0g" beside the names of three substances.

A reader of the page sees by the lines which value belongs to which name; the text of the row does not say it.
So a claim that takes one of the values is not proved by such a row.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from itertools import pairwise

from assistant.grounding.columns import Value
from assistant.grounding.numbers import Fact, Quantity, matches


def undecided(claimed: Sequence[Fact], values: Sequence[Value], elsewhere: Iterable[Fact]) -> Fact | None:
    """The first number of the claim that stands only in cells of which nobody can tell whose it is.

    `values` are the cells of one row, `elsewhere` the facts of what else the claim stands on. A claim that
    repeats all that such a cell holds takes nothing out of it.
    """
    others = list(elsewhere)
    stacks = {id(value): found for value in values if (found := stacked(value, values))}
    plain = [one for value in values if id(value) not in stacks for one in value.facts]
    for fact in claimed:
        if any(matches(fact, one) for one in (*others, *plain)):
            continue
        holding = [found for found in stacks.values() if any(matches(fact, one) for one in found)]
        if holding and not any(_all_told(found, claimed) for found in holding):
            return fact
    return None


def stacked(value: Value, row: Sequence[Value]) -> tuple[Quantity, ...]:
    """The values of a cell that holds several of one unit, with no word between, and not for one name alone.

    Two numbers beside one name (9:00 17:00, 1時間 30分) are parts of one value.
    """
    text = unicodedata.normalize("NFKC", value.text)
    found = [fact for fact in value.facts if isinstance(fact, Quantity)]
    for first, second in pairwise(found):
        if first.unit != second.unit or text[first.end : second.start].strip():
            return ()
    several = len({one.value for one in found}) > 1
    names = max((len(other.text.split()) for other in row if not other.facts), default=0)
    return tuple(found) if several and names >= len(found) else ()


def _all_told(found: Sequence[Quantity], claimed: Sequence[Fact]) -> bool:
    return all(any(matches(fact, one) for fact in claimed) for one in found)
