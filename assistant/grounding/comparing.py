"""A claim and the quote it stands on side by side: what both say, and which numbers agree or differ.

Works on the texts as they are: every part is a slice, and the parts of a text joined again are that text.
Does not judge; the verdict is made elsewhere.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from assistant.grounding.numbers import Fact, conflicts, facts, matches, stretches
from assistant.words import stem

Kind = Literal["", "same", "number_same", "number_differs", "number_missing"]
"""Of a part: said by both; a number both say; one that the other text gives another value; one it lacks."""

_RUN = 2  # characters that must be the same in a row, in scripts without spaces
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9'’-]*")
_ONLY_KANA = re.compile(r"[\u3041-\u309f、。・,.0-9\s]+")


@dataclass(frozen=True, slots=True)
class Part:
    """A slice of one of the two texts."""

    text: str
    kind: Kind = ""

    def as_json(self) -> dict[str, Any]:
        """`{text, kind}`."""
        return {"text": self.text, "kind": self.kind}


@dataclass(frozen=True, slots=True)
class Comparison:
    """Both texts in parts."""

    claim: tuple[Part, ...]
    quote: tuple[Part, ...]

    def as_json(self) -> dict[str, Any]:
        """`{claim: [part], quote: [part]}`."""
        return {
            "claim": [part.as_json() for part in self.claim],
            "quote": [part.as_json() for part in self.quote],
        }


def comparing(claim: str, quote: str, *, proved: bool = False) -> Comparison:
    """The parts of both texts. A number counts as said when the other text says it in any form (1万2千円).

    Where the whole check `proved` the claim, no number differs or lacks: what the quote itself does not say
    stands in what belongs to it, as the unit in the name of its column.
    """
    one, other = _Folded(claim), _Folded(quote)
    claimed, given = facts(one.text), facts(other.text)
    pairs = [] if proved else _differing(claimed, given, one.text, other.text)
    kinds_one: list[Kind] = [""] * len(one.text)
    kinds_other: list[Kind] = [""] * len(other.text)
    _mark_words(one.text, other.text, kinds_one)
    _mark_words(other.text, one.text, kinds_other)
    _mark_numbers(
        claimed, given, [mine for mine, _ in pairs], kinds_one, lone="" if proved else "number_missing"
    )
    _mark_numbers(given, claimed, [theirs for _, theirs in pairs], kinds_other, lone="")
    return Comparison(one.parts(kinds_one), other.parts(kinds_other))


def differing_numbers(claim: str, quote: str) -> list[tuple[str, str]]:
    """The numbers of `claim` that `quote` gives another value, with those values."""
    one, other = _Folded(claim).text, _Folded(quote).text
    pairs = _differing(facts(one), facts(other), one, other)
    return [(_slice(one, mine), _slice(other, theirs)) for mine, theirs in pairs]


def _differing(
    claimed: Sequence[Fact], given: Sequence[Fact], claim: str, quote: str
) -> list[tuple[Fact, Fact]]:
    """Each number of the claim that the quote lacks, with the quote's number that stands in its place.

    Of several of its kind that is the one whose words before it are most like the claim.
    """
    pairs = []
    for fact in claimed:
        if any(matches(fact, there) for there in given):
            continue
        near = [(there, words) for there, words in stretches(fact, quote) if conflicts(fact, there)]
        free = [pair for pair in near if not any(matches(mine, pair[0]) for mine in claimed)] or near
        if free:
            pairs.append((fact, max(free, key=lambda pair: _likeness(pair[1], claim))[0]))
    return pairs


def _likeness(words: str, claim: str) -> float:
    """The share of the pairs of characters of `words` that stand in `claim`."""
    found = [words[i : i + 2] for i in range(len(words) - 1)]
    return sum(pair in claim for pair in found) / len(found) if found else 0.0


def _slice(text: str, fact: Fact) -> str:
    return text[fact.start : fact.end].strip()


def _mark_numbers(
    own: Sequence[Fact], others: Sequence[Fact], differing: Sequence[Fact], kinds: list[Kind], *, lone: Kind
) -> None:
    for fact in own:
        kind: Kind = lone
        if any(matches(fact, other) or matches(other, fact) for other in others):
            kind = "number_same"
        elif fact in differing:
            kind = "number_differs"
        for at in range(fact.start, min(fact.end, len(kinds))):
            kinds[at] = kind


def _mark_words(text: str, other: str, kinds: list[Kind]) -> None:
    there = {stem(word.group().lower()) for word in _WORD.finditer(other)}
    latin: set[int] = set()
    for word in _WORD.finditer(text):
        latin.update(range(*word.span()))
        if stem(word.group().lower()) in there and len(word.group()) > 1:
            _fill(kinds, range(*word.span()))
    at = 0
    while at < len(text):
        length = 0 if at in latin or text[at].isspace() else _run(text, at, other, latin)
        if length >= _RUN and not _ONLY_KANA.fullmatch(text[at : at + length]):
            _fill(kinds, range(at, at + length))
        at += max(length, 1)


def _run(text: str, at: int, other: str, latin: set[int]) -> int:
    """How many characters from `at` on stand in `other` too, in a row."""
    length = 0
    while (
        at + length < len(text)
        and at + length not in latin
        and text[at : at + length + 1] in other
        and text[at + length] not in "、。\n"
    ):
        length += 1
    return length


def _fill(kinds: list[Kind], places: Iterable[int]) -> None:
    for at in places:
        kinds[at] = "same"


class _Folded:
    """A text in NFKC, and for each of its characters the place in the original."""

    def __init__(self, original: str) -> None:
        self.original = original
        pieces: list[str] = []
        self._places: list[int] = []
        start = 0
        for end in range(1, len(original) + 1):
            if end < len(original) and _joins(original[end]):
                continue
            piece = unicodedata.normalize("NFKC", original[start:end])
            pieces.append(piece)
            self._places += [start] * len(piece)
            start = end
        self.text = "".join(pieces)
        self._places.append(len(original))

    def parts(self, kinds: Sequence[Kind]) -> tuple[Part, ...]:
        """The original in slices of one kind each."""
        of_original: list[Kind] = [""] * len(self.original)
        for at, kind in enumerate(kinds):
            for place in range(self._places[at], max(self._places[at + 1], self._places[at] + 1)):
                of_original[place] = kind
        parts: list[Part] = []
        start = 0
        for end in range(1, len(of_original) + 1):
            if end == len(of_original) or of_original[end] != of_original[start]:
                parts.append(Part(self.original[start:end], of_original[start]))
                start = end
        return tuple(parts)


def _joins(char: str) -> bool:
    """Whether a character is composed with the one before it: ﾞ, ﾟ and combining marks."""
    return unicodedata.combining(char) != 0 or char in "ﾞﾟ"
