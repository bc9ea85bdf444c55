"""Which place of one document belongs to which of another, and which sentences differ between them, by words.

Two places belong together when each is the other's nearest by the words they share. Meaning is not compared:
a rule that was written anew in other words is found as left out here and added there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assistant.answers import Hit, Source
from assistant.repetition import letters
from assistant.rows import Unit, units
from assistant.words import Weights, content_words, coverage

_TOGETHER = 0.3  # share of the words of both that two places must have in common


@dataclass(frozen=True, slots=True)
class Difference:
    """What two documents say differently at one place. A side is None where it says nothing like it."""

    first: Source | None
    second: Source | None


def differences(first: Sequence[Hit], second: Sequence[Hit]) -> list[Difference]:
    """Where the documents differ, in the order of the first; what only the second has comes last.

    The sources hold the sentences and rows that the other side does not have, numbered 1 and 2.
    """
    pairs = _pairs(first, second)
    in_second = {letters(unit.text) for hit in second for unit in units(hit)}
    in_first = {letters(unit.text) for hit in first for unit in units(hit)}
    found: list[Difference] = []
    for i, hit in enumerate(first):
        here = _own(hit, 1, in_second)
        there = None if i not in pairs else _own(second[pairs[i]], 2, in_first)
        if here or there:
            found.append(Difference(here, there))
    paired = set(pairs.values())
    rest = [_own(hit, 2, in_first) for j, hit in enumerate(second) if j not in paired]
    return found + [Difference(None, source) for source in rest if source]


def _own(hit: Hit, number: int, elsewhere: set[str]) -> Source | None:
    """The sentences of `hit` that the other document has nowhere."""
    kept: list[Unit] = [unit for unit in units(hit) if (said := letters(unit.text)) and said not in elsewhere]
    if not kept:
        return None
    spans, texts = tuple(unit.span for unit in kept), tuple(unit.text for unit in kept)
    return Source(number, hit, spans, texts, tuple(unit.read for unit in kept))


def _pairs(first: Sequence[Hit], second: Sequence[Hit]) -> dict[int, int]:
    """Mutually nearest places, as positions."""
    words = [[content_words(hit.text) for hit in hits] for hits in (first, second)]
    weights = Weights([*words[0], *words[1]])
    likeness = [[(coverage(a, b, weights) + coverage(b, a, weights)) / 2 for b in words[1]] for a in words[0]]
    if not first or not second:
        return {}
    best_of_second = [max(range(len(first)), key=lambda i: likeness[i][j]) for j in range(len(second))]
    pairs = {}
    for i, row in enumerate(likeness):
        j = max(range(len(row)), key=row.__getitem__)
        if row[j] >= _TOGETHER and best_of_second[j] == i:
            pairs[i] = j
    return pairs
