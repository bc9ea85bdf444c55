"""Questions made from sentences by rule: a date, a counted number or a name gives way to its question word.

They share most words with the passage, as questions of people do not, so they teach one thing only: whether
the value that is asked for stands in the sentence. Few are put among the questions that people wrote.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ingestion.sentences import split_sentences

_SHORTEST, _LONGEST = 18, 90
_COUNTERS = (
    "人|名|個|台|時間|分|年間|か月|ヶ月|週間|日間|歳|割|%|パーセント|メートル|m|km|キロ|トン|円|ドル|回|戦|校|社|"
    "本|種類"
)
_DATE = re.compile(
    r"(?:明治|大正|昭和|平成|令和)?[0-9]{1,4}年(?:[（(][^）)]{2,12}[）)])?"
    r"(?:[0-9]{1,2}月(?:[0-9]{1,2}日)?)?(?!間|代|度|生)"
)
_COUNT = re.compile(rf"(?:約|およそ)?[0-9][0-9,.]*[万億千百]*(?P<unit>{_COUNTERS})(?![一-龥])")
_ASKED = ((_DATE, "いつ"), (_COUNT, "何{unit}"))
_ENDINGS = (
    (re.compile(r"(?:である|であった|だった|だ)$"), "ですか?"),
    (re.compile(r"(?<=た)$"), "か?"),
    (re.compile(r"(?:している|する|される|れる|いる|ある|なる)$"), None),
)
_ALONE = re.compile(r"^(?:また|なお|そして|しかし|ただし|この|その|これ|それ|同|当時|さらに|彼|ここ)")


@dataclass(frozen=True, slots=True)
class MadeQuestion:
    """A question about the value at `text[start:end]` of the passage it was made from."""

    text: str
    start: int
    end: int


def make_questions(text: str) -> Iterator[MadeQuestion]:
    """At most one question for each sentence of `text` that stands alone and holds one such value."""
    for span in split_sentences(text):
        sentence = text[span.start : span.end]
        if not _SHORTEST <= len(sentence) <= _LONGEST or _ALONE.match(sentence) or "\n" in sentence:
            continue
        if (made := _made(sentence)) is not None:
            question, start, end = made
            yield MadeQuestion(question, span.start + start, span.start + end)


def _made(sentence: str) -> tuple[str, int, int] | None:
    if not sentence.endswith("。"):
        return None
    for pattern, word in _ASKED:
        found = list(pattern.finditer(sentence))
        if len(found) != 1:
            continue
        match = found[0]
        asked = word.format(**match.groupdict())
        body = _shortened(sentence[: match.start()] + asked + sentence[match.end() : -1], asked)
        ended = _ended(body)
        if ended is not None:
            return ended, match.start(), match.end()
    return None


def _shortened(sentence: str, asked: str) -> str:
    """Without the clauses between the first one, that of the question word, and the last one."""
    clauses = sentence.split("、")
    kept = [
        clause for number, clause in enumerate(clauses) if number in (0, len(clauses) - 1) or asked in clause
    ]
    return "、".join(kept).replace("いつに", "いつ")


def _ended(body: str) -> str | None:
    for pattern, ending in _ENDINGS:
        if pattern.search(body):
            return body + "のですか?" if ending is None else pattern.sub(ending, body)
    return None
