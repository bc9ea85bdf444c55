"""What an answer takes of what its question offers, where the reference takes the other.

A question that offers both (増加しましたか、それとも減少しましたか, A or B, yes or no) says all words of
either answer, so that likeness cannot tell them apart. Where the choice of one of the two texts is not clear,
nothing is held against the answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from assistant.grounding.polarity import denies
from assistant.offered import Opposites, asks_yes_or_no, folded, opposites_in, options_of, single_letters
from assistant.words import content_words
from ingestion.sentences import split_sentences

_YES = re.compile(r"(?:はい|ええ)(?=[、。,.!\s]|$)|yes\b")
_NO = re.compile(r"いいえ|いえ(?=[、。,.!\s]|$)|no(?=[,.!;:\s]|$)(?!\s+(?:one|more|less|later|fewer)\b)")
_THAN_JA = re.compile(r"^(?P<first>.+?)は、?(?P<second>.+?)より(?:も)?、?(?P<how>.*)$")
_RATHER_JA = re.compile(r"^(?:.*?より(?:も)?、?)?(?P<first>.+?)の?(?:ほう|方)が(?P<how>.*)$")
_THAN_EN = re.compile(r"^(?P<first>.+?)\bthan\b(?P<second>.+)$")


def other_choice(question: str, answer: str, references: Sequence[str]) -> str:
    """What `answer` says in the place of what `references` say, in folded form; "" where nothing is clear."""
    question, answer, *wanted = map(folded, (question, answer, *references))
    return (
        _other_direction(question, answer, wanted)
        or _other_option(question, answer, wanted)
        or _other_reply(question, answer, wanted)
    )


def _other_direction(question: str, answer: str, references: Sequence[str]) -> str:
    """Where the question names both of two opposites."""
    for pair in opposites_in(question):
        if not pair.offered(question):
            continue
        wanted = _agreed([_affirmed_side(pair, one) for one in references])
        said = _affirmed_side(pair, answer)
        if wanted and said == -wanted:
            found = (pair.one if said > 0 else pair.other).search(answer)
            return found.group() if found else ""
    return ""


def _affirmed_side(pair: Opposites, text: str) -> int:
    """The side that the sentences of `text` take; 0 when they take both, or when one of them denies."""
    told = [one for one in _sentences(text) if pair.one.search(one) or pair.other.search(one)]
    return 0 if any(map(denies, told)) else pair.side(" ".join(told))


def _other_option(question: str, answer: str, references: Sequence[str]) -> str:
    """Where the question asks which of two things it is."""
    offered = options_of(question)
    if offered is None:
        return ""
    options, asked = offered
    wanted = _agreed([_chosen(one, options, asked) for one in references])
    said = _chosen(answer, options, asked)
    return "" if not wanted or said != -wanted else options[0 if said > 0 else 1]


def _chosen(text: str, options: tuple[str, str], asked: str) -> int:
    """1 when `text` takes the first option, -1 for the second, 0 where that is not clear.

    The last sentence that compares decides; without one, which of the two the text names alone.
    """
    compared = [side for one in _sentences(text) if (side := _compared(one, options, asked)) is not None]
    return compared[-1] if compared else _named(text, options)


def _compared(sentence: str, options: tuple[str, str], asked: str) -> int | None:
    """The option that a sentence puts first, 0 where that is not clear; None when it compares nothing."""
    for pattern in (_THAN_JA, _RATHER_JA, _THAN_EN):
        if found := pattern.search(sentence):
            if denies(sentence.replace("少ない", "少い")):  # which denies nothing
                return 0
            how = found["first"] if pattern is _THAN_EN else found["how"]
            return _named(found["first"], options) * _turned(how, asked)
    return None


def _turned(how: str, asked: str) -> int:
    """1 when a comparison has the word that was asked for, -1 for its opposite (少ない for 多い), else 0."""
    if any(pair.side(how) * pair.side(asked) < 0 for pair in opposites_in(asked)):
        return -1
    alike = any(pair.side(how) * pair.side(asked) > 0 for pair in opposites_in(asked))
    return 1 if alike or set(content_words(how)) & set(content_words(asked)) else 0


def _named(text: str, options: tuple[str, str]) -> int:
    """Which option `text` names by more than twice the share of the words that the other one lacks."""
    first, second = (_words(one) for one in options)
    said = _words(text)
    one, two = (len(said & own) / max(1, len(own)) for own in (first - second, second - first))
    return 1 if one > 2 * two else -1 if two > 2 * one else 0


def _words(text: str) -> set[str]:
    """Content words, and the letters by which A案 and B案 differ."""
    return {*content_words(text), *single_letters(text)}


def _other_reply(question: str, answer: str, references: Sequence[str]) -> str:
    """Yes for no, and no for yes. That a reference denies without "no" is enough against a yes."""
    if not asks_yes_or_no(question) or denies(question):
        return ""
    first = next(_sentences(answer), "")
    if (found := _YES.match(first)) and not denies(first[found.end() :]):
        against = any(_NO.match(one) for one in references) or all(map(_refuses, references))
        return found.group() if against and not any(_YES.match(one) for one in references) else ""
    if found := _NO.match(first):
        affirmed = any(_YES.match(one) for one in references)
        return found.group() if affirmed and not any(_NO.match(one) for one in references) else ""
    return ""


def _refuses(reference: str) -> bool:
    return denies(next(_sentences(reference), reference))


def _agreed(sides: Sequence[int]) -> int:
    """The side that all which take one share; 0 without one."""
    taken = {side for side in sides if side}
    return taken.pop() if len(taken) == 1 else 0


def _sentences(text: str) -> Iterator[str]:
    return (text[span.start : span.end].strip() for span in split_sentences(text))
