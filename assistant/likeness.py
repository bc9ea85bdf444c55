"""Whether two sentences speak of the same thing: the words of both, without their numbers and dates.

A word counts when it names something (nouns, names, codes); verbs and light words do not, because the same
thing is said with others. Does not know synonyms: what is named with another word is taken as another thing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from assistant.grounding.numbers import Fact, Quantity, facts
from assistant.words import content_words, kind_weight, same_word

_LIGHT = frozenset(
    "支給 付与 適用 設定 実施 規定 receiv provid pay paid set grant entitl allow".split(" ")  # noqa: SIM905
)
"""Nouns of doing that only carry a sentence: 3,000円を支給する says what 3,000円とする says."""
_PLACES = ("条", "項", "号", "章", "節", "ページ", "版")
"""Units of numbers that say where something is written, not how much it is."""


def amounts(text: str) -> list[Fact]:
    """The numbers and dates of `text` that say something of its subject: 第12条 is only a place."""
    return [fact for fact in facts(text) if not _is_place(fact, text)]


def _is_place(fact: Fact, text: str) -> bool:
    if not isinstance(fact, Quantity):
        return False
    plain = unicodedata.normalize("NFKC", text)
    written = plain[fact.start : fact.end].rstrip()
    first = re.fullmatch(r"\s*[(]?", plain[: fact.start]) is not None and not fact.unit
    if first and re.match(r"[.)、\s]", plain[fact.start + len(written) :]):
        return True  # the number of a paragraph or an item
    return any(written.endswith(unit) for unit in _PLACES)


def frame(text: str) -> str:
    """`text` (NFKC) with a blank for each number and date."""
    plain = unicodedata.normalize("NFKC", text)
    for fact in reversed(facts(plain)):
        plain = f"{plain[: fact.start]} {plain[fact.end :]}"
    return plain


def naming_words(text: str, light: Iterable[str] = _LIGHT) -> tuple[str, ...]:
    """The words of `text` that name something, in order; numbers and dates left out."""
    left_out = frozenset(light)
    return tuple(
        word for word in content_words(frame(text)) if kind_weight(word) >= 1.0 and word not in left_out
    )


def unmatched(words: Iterable[str], others: Iterable[str]) -> list[str]:
    """Those of `words` that are not among `others`, nor part of one of them."""
    there = frozenset(others)
    return [word for word in words if not same_word(word, there)]
