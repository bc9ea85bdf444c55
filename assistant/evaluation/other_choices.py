"""What an answer takes of what its question offers, where the reference takes the other.

A question that offers both (増加しましたか、それとも減少しましたか, A or B, yes or no) says all words of
either answer, so that likeness cannot tell them apart. Where the choice of one of the two texts is not clear,
nothing is held against the answer.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from assistant.grounding.polarity import denies
from assistant.words import content_words, detect_language
from ingestion.sentences import split_sentences

_YES = re.compile(r"(?:はい|ええ)(?=[、。,.!\s]|$)|yes\b")
_NO = re.compile(r"いいえ|いえ(?=[、。,.!\s]|$)|no(?=[,.!;:\s]|$)(?!\s+(?:one|more|less|later|fewer)\b)")
_POLAR = re.compile(
    r"か[?。\s]*$|^(?:is|are|was|were|do|does|did|can|could|may|must|should|will|would|has|have|had)\b"
)
_ASKS_WHAT = re.compile(
    r"何|誰|いつ|どこ|どの|どれ|どちら|いくつ|いくら|どう|なぜ|それとも|または|\bor\b|"
    r"\b(?:what|which|who|when|where|why|how)\b"
)
_WHICH_JA = re.compile(
    r"(?P<pair>[^。?]+?)(?:とでは|では|のうち|の(?:中|なか)で|の)?、?どちら(?:の(?:ほう|方))?[がをは](?P<how>.*)"
)
_WHICH_EN = re.compile(r"\bwhich\b(?P<how>[^?]*?)[,:]\s*(?P<one>[^,?]+?),?\s+or\s+(?P<two>[^?]+)\?")
_THAN_JA = re.compile(r"^(?P<first>.+?)は、?(?P<second>.+?)より(?:も)?、?(?P<how>.*)$")
_RATHER_JA = re.compile(r"^(?:.*?より(?:も)?、?)?(?P<first>.+?)の?(?:ほう|方)が(?P<how>.*)$")
_THAN_EN = re.compile(r"^(?P<first>.+?)\bthan\b(?P<second>.+)$")

_REPEATED = 0.7
"""Share of a question's words. An answer of fewer, all out of the question, may be one of its words."""
_FEWEST = 4  # fewer may be said of each other for the first time


@dataclass(frozen=True, slots=True)
class _Pair:
    """Two opposites, as patterns."""

    one: re.Pattern[str]
    other: re.Pattern[str]

    def offered(self, text: str) -> bool:
        """Whether `text` says both."""
        return bool(self.one.search(text) and self.other.search(text))

    def side(self, text: str) -> int:
        """1 when `text` says the one alone, -1 for the other alone, 0 for neither or both."""
        return bool(self.one.search(text)) - bool(self.other.search(text))


def other_choice(question: str, answer: str, references: Sequence[str]) -> str:
    """What `answer` says in the place of what `references` say, in folded form; "" where nothing is clear."""
    question, answer, *folded = map(_folded, (question, answer, *references))
    return (
        _other_direction(question, answer, folded)
        or _other_option(question, answer, folded)
        or _other_reply(question, answer, folded)
    )


def repeats(question: str, answer: str) -> bool:
    """Whether `answer` is its question again, which is no answer unless yes or a choice can be meant."""
    question, answer = _folded(question), _folded(answer)
    if _offered(question) or any(pair.offered(question) for pair in _pairs(question)):
        return False
    if _POLAR.search(question) and not _ASKS_WHAT.search(question):
        return False
    asked, said = set(content_words(question)), set(content_words(answer))
    return said <= asked and len(said) >= max(_FEWEST, _REPEATED * len(asked))


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip().lower()


@cache
def _opposites(language: str) -> tuple[_Pair, ...]:
    texts = tomllib.loads((files("assistant") / "evaluation" / "opposites.toml").read_text("utf-8"))
    around = r"\b(?:%s)\b" if language == "english" else "(?:%s)"
    return tuple(
        _Pair(re.compile(around % row["one"]), re.compile(around % row["other"])) for row in texts[language]
    )


def _pairs(text: str) -> tuple[_Pair, ...]:
    return _opposites("japanese" if detect_language(text) == "ja" else "english")


def _other_direction(question: str, answer: str, references: Sequence[str]) -> str:
    """Where the question names both of two opposites."""
    for pair in _pairs(question):
        if not pair.offered(question):
            continue
        wanted = _agreed([_affirmed_side(pair, one) for one in references])
        said = _affirmed_side(pair, answer)
        if wanted and said == -wanted:
            found = (pair.one if said > 0 else pair.other).search(answer)
            return found.group() if found else ""
    return ""


def _affirmed_side(pair: _Pair, text: str) -> int:
    """The side that the sentences of `text` take; 0 when they take both, or when one of them denies."""
    told = [one for one in _sentences(text) if pair.one.search(one) or pair.other.search(one)]
    return 0 if any(map(denies, told)) else pair.side(" ".join(told))


def _other_option(question: str, answer: str, references: Sequence[str]) -> str:
    """Where the question asks which of two things it is."""
    offered = _offered(question)
    if offered is None:
        return ""
    options, asked = offered
    wanted = _agreed([_chosen(one, options, asked) for one in references])
    said = _chosen(answer, options, asked)
    return "" if not wanted or said != -wanted else options[0 if said > 0 else 1]


def _offered(question: str) -> tuple[tuple[str, str], str] | None:
    """The two options, and how they are to be compared ("が多いですか")."""
    if found := _WHICH_EN.search(question):
        return (found["one"], found["two"]), found["how"]
    if not (found := _WHICH_JA.search(question)):
        return None
    parts = re.split(r"と、|(?<=[^ぁ-ん])か、", found["pair"])
    if len(parts) == 1:
        parts = found["pair"].split("と")
    if len(parts) != 2:  # which "と" divides the two is not clear
        return None
    return (parts[0], parts[1]), found["how"]


def _chosen(text: str, options: tuple[str, str], asked: str) -> int:
    """1 when `text` takes the first option, -1 for the second, 0 where that is not clear.

    The last sentence that compares decides; without one, which of the two the text names alone.
    """
    compared = [side for one in _sentences(text) if (side := _compared(one, options, asked))]
    return compared[-1] if compared else _named(text, options)


def _compared(sentence: str, options: tuple[str, str], asked: str) -> int:
    for pattern in (_THAN_JA, _RATHER_JA, _THAN_EN):
        if found := pattern.search(sentence):
            how = found["first"] if pattern is _THAN_EN else found["how"]
            return _named(found["first"], options) * _turned(how, asked)
    return 0


def _turned(how: str, asked: str) -> int:
    """-1 when a comparison is told by the opposite of what was asked (少ない for 多い), else 1."""
    return -1 if any(pair.side(how) * pair.side(asked) < 0 for pair in _pairs(asked)) else 1


def _named(text: str, options: tuple[str, str]) -> int:
    """Which option `text` names by words that the other one lacks."""
    first, second = (set(content_words(one)) for one in options)
    said = set(content_words(text))
    one, two = len(said & (first - second)), len(said & (second - first))
    return 1 if one and not two else -1 if two and not one else 0


def _other_reply(question: str, answer: str, references: Sequence[str]) -> str:
    """Yes for no, and no for yes. That a reference denies without "no" is enough against a yes."""
    if not _POLAR.search(question) or _ASKS_WHAT.search(question) or denies(question):
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
