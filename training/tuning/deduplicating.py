"""Examples that say nearly the same as others: found by character 3-grams, told apart by numbers and denials.

Words would not do for Japanese, and questions are too short for longer n-grams. Candidates come from banded
MinHash signatures (Broder, 1997; datasketch), the decision from the exact Jaccard similarity of the n-grams.
Two questions that differ in a number, or of which one denies, are two questions however alike they look.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections import defaultdict
from collections.abc import Iterator
from functools import lru_cache
from typing import Literal

from datasketch import MinHash, MinHashLSH

from assistant.likeness import naming_words, unmatched
from assistant.matching import DENIAL, same_matter
from ingestion.written_forms import fold, plain_numbers
from training.tuning.examples import TuningExample

GRAM = 3
ALIKE = 0.8
"""Jaccard similarity of two questions that ask the same in nearly the same words."""
_RELATED = 0.5
"""And of two that may ask the same in other words."""
_PERMUTATIONS = 128
_BANDS, _ROWS = 42, 3
"""Texts with a similarity of 0.5 share a band with a probability of 0.996, those of 0.8 nearly always."""
_NOT_SAID = re.compile(r"[\W_]+")
_NUMBER = re.compile(r"\d+")
_MARKER = re.compile(r"\[\d+\]")
_KEPT = 8192
"""Texts of which numbers and denials are kept: each is compared with many."""

Found = Literal["duplicate", "conflict"]


def grams(text: str) -> frozenset[str]:
    """The character 3-grams of what `text` says: width, case, white space and signs do not count."""
    plain = _NOT_SAID.sub("", fold(text))
    if len(plain) <= GRAM:
        return frozenset({plain} if plain else ())
    return frozenset(plain[at : at + GRAM] for at in range(len(plain) - GRAM + 1))


def jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    """Shared n-grams over all n-grams, in [0, 1]; 0 where one has none."""
    return len(one & other) / len(one | other) if one and other else 0.0


def alike(one: str, other: str) -> bool:
    """Whether both say nearly the same with the same numbers, and affirm alike."""
    return jaccard(grams(one), grams(other)) >= ALIKE and _same_sense(one, other)


def _same_sense(one: str, other: str) -> bool:
    return _numbers(one) == _numbers(other) and _denials(one) == _denials(other)


@lru_cache(maxsize=_KEPT)
def _numbers(text: str) -> tuple[str, ...]:
    """12,000 and 12000 are one number."""
    return tuple(sorted(_NUMBER.findall(plain_numbers(fold(_MARKER.sub("", text))))))


@lru_cache(maxsize=_KEPT)
def _denials(text: str) -> int:
    return len(DENIAL.findall(unicodedata.normalize("NFKC", text))) % 2


class NearTexts:
    """Finds texts that share many n-grams with another."""

    def __init__(self) -> None:
        self._index = MinHashLSH(num_perm=_PERMUTATIONS, params=(_BANDS, _ROWS))
        self._texts: dict[str, tuple[str, frozenset[str]]] = {}

    def add(self, key: str, text: str) -> None:
        """Remember `text` under `key`; one without any n-gram is never found."""
        found = grams(text)
        if found and key not in self._texts:
            self._texts[key] = (text, found)
            self._index.insert(key, _signature(found))

    def near(self, text: str, at: float = _RELATED) -> Iterator[tuple[str, str, float]]:
        """(key, text, similarity) of those at least as similar as `at`, the most similar first."""
        own = grams(text)
        if not own:
            return
        keys = self._index.query(_signature(own))
        found = [(jaccard(own, self._texts[key][1]), key) for key in keys]
        for similarity, key in sorted(found, key=lambda one: (-one[0], one[1])):
            if similarity >= at:
                yield key, self._texts[key][0], similarity


def same_question(one: str, other: str, similarity: float) -> bool:
    """Whether two texts of this similarity ask the same."""
    if similarity >= ALIKE:
        return _same_sense(one, other)
    return similarity >= _RELATED and same_matter(one, other)


class Duplicates:
    """The examples so far, asked whether one says what another says already."""

    def __init__(self) -> None:
        self._asked: dict[tuple[str, bool], NearTexts] = defaultdict(NearTexts)
        self._chats = NearTexts()
        self._known: dict[str, TuningExample] = {}

    def add(self, id: str, example: TuningExample) -> None:
        """Remember an example under the id of its row."""
        self._asked[_sort(example)].add(id, asked_by(example))
        if example.kind == "chat":
            self._chats.add(id, asked_last(example))
        self._known[id] = example

    def asking_same(self, example: TuningExample) -> TuningExample | None:
        """An example of any sort that asks the same, whatever it answers; None without one."""
        asked = asked_last(example)
        asking = [near for (kind, _), near in self._asked.items() if kind in ("answer", "preference")]
        for near in (*asking, self._chats):
            for id, text, similarity in near.near(asked):
                if same_question(asked, text, similarity):
                    return self._known[id]
        return None

    def find(self, example: TuningExample) -> tuple[Found, str] | None:
        """The example that says the same, or that answers the same question otherwise; None without one."""
        conflict: str | None = None
        asked = asked_by(example)
        for id, text, similarity in self._asked[_sort(example)].near(asked):
            if not same_question(asked, text, similarity):
                continue
            if self._answer_alike(example, self._known[id]):
                return "duplicate", id
            conflict = conflict or id
        return None if conflict is None or example.kind != "answer" else ("conflict", conflict)

    def _answer_alike(self, one: TuningExample, other: TuningExample) -> bool:
        if one.kind in ("chat", "text") or not one.answerable:
            return True
        if one.kind == "preference":
            return alike(one.answer, other.answer) and alike(one.rejected, other.rejected)
        return alike(one.answer, other.answer) or _within(one.answer, other.answer)


def asked_by(example: TuningExample) -> str:
    """What stands for an example when it is compared with others."""
    if example.kind == "chat":
        return "\n".join(one.content for one in example.messages if one.role != "system")
    return example.answer if example.kind == "text" else example.question


def _within(one: str, other: str) -> bool:
    """Whether both say the same, one of them shortly and one in a whole sentence."""
    words = sorted((naming_words(_MARKER.sub("", text)) for text in (one, other)), key=len)
    return bool(words[0]) and not unmatched(words[0], words[1]) and _same_sense(one, other)


def asked_last(example: TuningExample) -> str:
    """The question that the reply to be learnt answers; "" where there is none."""
    if example.kind != "chat":
        return example.question
    return next((one.content for one in reversed(example.messages) if one.role == "user"), "")


def _sort(example: TuningExample) -> tuple[str, bool]:
    """Only one sort is compared: one question with and without its passage teaches two things."""
    return example.kind, example.answerable


def _signature(found: frozenset[str]) -> MinHash:
    signature = MinHash(num_perm=_PERMUTATIONS, hashfunc=zlib.crc32, scheme="affine32")
    signature.update_batch([one.encode("utf-8", "replace") for one in sorted(found)])
    return signature
