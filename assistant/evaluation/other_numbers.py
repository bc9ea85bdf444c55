"""A number of an answer that stands where its reference has another one.

Only in sentences that are the same but for this number: an answer may tell more than its reference, leave
things out and put them in other words, and then its numbers are about something else.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from assistant.grounding.numbers import Fact, Quantity, conflicts, facts, matches
from assistant.words import content_words
from ingestion.sentences import split_sentences
from ingestion.tokenizing import search_tokens

_SAME = 0.9
"""Dice coefficient of the words from which on two sentences say the same of their numbers.

Of 480 answers that leave out a sentence with a number and tell one that the reference lacks, two had a number
held against them at 0.8 (headings that differ in one word), none at 0.9 (pdf_qa_ja).
"""


@dataclass(frozen=True, slots=True)
class _Told:
    """A sentence: its numbers and dates, and its words without digits."""

    text: str
    facts: Sequence[Fact]
    words: frozenset[str]


def other_number(question: str, answer: str, reference: str, references: Sequence[str] = ()) -> str:
    """The first such number as it is written, "" without one.

    It is neither in the question nor in any other of `references`, its sentence is in none of them, and the
    sentence that it changes is not in the answer.
    """
    others = [text for text in references if text != reference]
    known = [fact for text in (question, *others) for fact in facts(text)]
    asked = facts(question)
    said, wanted = list(_sentences(answer)), list(_sentences(reference))
    accepted = [*wanted, *(one for text in others for one in _sentences(text))]
    unsaid = [one for one in wanted if not any(_holds(one, other) for other in said)]
    for sentence in said:
        if any(_holds(sentence, one) for one in accepted):
            continue
        for one in unsaid:
            if not _alike(sentence, one):
                continue
            own = [fact for fact in sentence.facts if not _any(fact, [*one.facts, *known])]
            missing = [fact for fact in one.facts if not _any(fact, [*sentence.facts, *asked])]
            if len(own) == len(missing) == 1 and _of_one_kind(own[0], missing[0]):
                return sentence.text[own[0].start : own[0].end].strip()
    return ""


def tells_its_numbers(question: str, answer: str, reference: str) -> bool:
    """Whether `reference` is numbers and dates and nothing else, and `answer` tells them and no others.

    No others of their kinds, that is, but for what the question names. "0.03g" is told by "0.03グラム".
    """
    question, answer, reference = (
        unicodedata.normalize("NFKC", one) for one in (question, answer, reference)
    )
    asked, told = facts(question), facts(answer)
    wanted = [fact for fact in facts(reference) if not _any(fact, asked)]
    if not wanted or set(content_words(_without(reference, facts(reference)))) - set(content_words(question)):
        return False
    if not all(_any(fact, told) for fact in wanted):
        return False
    others = [fact for fact in told if not _any(fact, [*wanted, *asked])]
    return not any(_of_one_kind(fact, one) for fact in others for one in wanted)


def _without(text: str, found: Sequence[Fact]) -> str:
    for fact in sorted(found, key=lambda one: -one.start):
        text = f"{text[: fact.start]} {text[fact.end :]}"
    return text


def _sentences(text: str) -> Iterator[_Told]:
    text = unicodedata.normalize("NFKC", text)
    for span in split_sentences(text):
        sentence = text[span.start : span.end]
        if found := [fact for fact in facts(sentence) if not _counts_items(fact, sentence)]:
            words = (word for word in search_tokens(sentence) if not any(map(str.isdigit, word)))
            yield _Told(sentence, found, frozenset(words))


def _counts_items(fact: Fact, sentence: str) -> bool:
    """Whether it is the number of an item: a list may be told in another order."""
    bare = isinstance(fact, Quantity) and not fact.unit
    return bare and not any(map(str.isalnum, sentence[: fact.start]))


def _holds(sentence: _Told, other: _Told) -> bool:
    """Whether `other` says the same, with all numbers of `sentence`."""
    return _alike(sentence, other) and all(_any(fact, other.facts) for fact in sentence.facts)


def _of_one_kind(own: Fact, missing: Fact) -> bool:
    if isinstance(own, Quantity) and isinstance(missing, Quantity):
        return own.unit == missing.unit and not matches(own, missing)
    return conflicts(own, missing)


def _any(fact: Fact, others: Sequence[Fact]) -> bool:
    return any(matches(fact, one) for one in others)


def _alike(one: _Told, two: _Told) -> bool:
    said, wanted = one.words, two.words
    return not said | wanted or 2 * len(said & wanted) / (len(said) + len(wanted)) >= _SAME
