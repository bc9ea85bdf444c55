"""A question that names a file, a document, an article or a day lifts the passages that fit, within bounds.

People name the wrong document, and a title may be a common word. So a hint adds little to a score, and lets
at most three passages go before any other: what was among the first `top_k - 3` stays within `top_k`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from assistant.understanding.time_words import TimeWord
from ingestion.articles import Mark, named_articles
from ingestion.dates import dates
from ingestion.periods import FISCAL_MONTH, period
from ingestion.version_names import file_key, name_key, path_date
from ingestion.written_forms import fold

Kind = Literal["file", "title", "article", "date"]

_BONUS: Mapping[Kind, float] = {"file": 0.15, "title": 0.08, "article": 0.12, "date": 0.06}
_ARTICLE_ONLY = 0.06  # the article fits, its paragraph does not
MOST = 0.2
"""Most that hints add to a score in [0, 1]."""
_OVERTAKE = 3
_SHORTEST_TITLE = 4  # 議事録 and 規程 are names of many
_SEPARATORS = re.compile(r"[\s_\-.,()\[\]【】「」『』:;・~〜\"“”]+")
_ENGLISH_PLACE = re.compile(
    r"(?:\b(?:articles?|art\.?|sections?|sec\.?|clauses?)|§)\s*([0-9]+(?:\.[0-9]+)*)(?![0-9])", re.I
)
_ENDING = re.compile(r"\.[a-z0-9]{2,5}$")


class Chunk(Protocol):
    """What of a stored chunk tells whether a hint fits."""

    @property
    def path(self) -> str: ...  # noqa: D102
    @property
    def title(self) -> str: ...  # noqa: D102
    @property
    def heading_path(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def articles(self) -> tuple[Mark, ...]: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Hint:
    """What the question names that a passage fits, and what that adds to its score."""

    kind: Kind
    words: str
    bonus: float


class Hints:
    """What one question (normalised) names."""

    def __init__(
        self, question: str, times: Sequence[TimeWord] = (), fiscal_month: int = FISCAL_MONTH
    ) -> None:
        self._question = fold(question)
        self._compact = _SEPARATORS.sub("", self._question)
        self._words = f" {_SEPARATORS.sub(' ', self._question)} "
        self._articles = tuple(dict.fromkeys(named_articles(question)))
        self._sections = tuple(dict.fromkeys(_ENGLISH_PLACE.findall(question)))
        self._fiscal_month = fiscal_month
        self._periods = _periods(question, times, fiscal_month)

    @property
    def name_places(self) -> bool:
        """Whether the question itself names an article or a day, whatever the documents are."""
        return bool(self._articles or self._sections or self._periods)

    def of(self, chunks: Sequence[Chunk]) -> list[tuple[Hint, ...]]:
        """For each chunk what it fits. A title inside of a longer one that is named too is not meant."""
        named = [self._document(chunk) for chunk in chunks]
        longest = {hint.words for hint in named if hint is not None}
        inner = {one for one in longest for other in longest if one != other and one in other}
        return [
            (*((hint,) if hint is not None and hint.words not in inner else ()), *self._within(chunk))
            for chunk, hint in zip(chunks, named, strict=True)
        ]

    def _document(self, chunk: Chunk) -> Hint | None:
        name = fold(chunk.path.rsplit("/", 1)[-1])
        if _ENDING.search(name) and re.search(rf"(?<![a-z0-9_-]){re.escape(name)}", self._question):
            return Hint("file", name, _BONUS["file"])
        for written, key in ((chunk.title, name_key(chunk.title)), (chunk.path, file_key(chunk.path))):
            if len(key) < _SHORTEST_TITLE or key.isdigit() or key not in self._compact:
                continue
            if not key.isascii() or self._says_words(written):
                return Hint("title", key, _BONUS["title"])
        return None

    def _says_words(self, title: str) -> bool:
        """Whether the question holds an English title of two words or more, word by word."""
        stem = _ENDING.sub("", fold(title.rsplit("/", 1)[-1]))
        words = _SEPARATORS.sub(" ", stem).strip()
        return " " in words and f" {words} " in self._words

    def _within(self, chunk: Chunk) -> list[Hint]:
        found = [hint for name in self._articles if (hint := _article(name, chunk)) is not None]
        found += [
            Hint("article", number, _BONUS["article"])
            for number in self._sections
            if any(_is_section(heading, number) for heading in chunk.heading_path)
        ]
        if self._periods and (words := self._dated(chunk)):
            found.append(Hint("date", words, _BONUS["date"]))
        return sorted(found, key=lambda hint: -hint.bonus)[:2]

    def _dated(self, chunk: Chunk) -> str:
        days = [day] if (day := path_date(chunk.path, self._fiscal_month)) else []
        for heading in chunk.heading_path:
            folded = fold(heading)
            days += [
                period(moment, folded, self._fiscal_month)[0] for moment in dates(folded) if moment.fields[0]
            ]
        return next(
            (words for words, first, last in self._periods if any(first <= day <= last for day in days)), ""
        )


def bonus(hints: Sequence[Hint]) -> float:
    """What hints add to a score together."""
    return min(MOST, sum(hint.bonus for hint in hints))


def lifted(scores: Sequence[float], bonuses: Sequence[float]) -> list[tuple[int, float]]:
    """(position before, score) in the new order, of `scores` that fall; scores fall in the new order too.

    What stood at rank r stands at most at r + min(3, r) then, whatever the bonuses are.
    """
    wanted = [min(1.0, score + more) for score, more in zip(scores, bonuses, strict=True)]
    best_first = sorted(range(len(scores)), key=lambda at: (-wanted[at], at))
    placed: list[tuple[int, float]] = []
    done: set[int] = set()
    waiting = 0  # the first of the old order that has no place yet
    lowest = 1.0
    for place in range(len(scores)):
        while waiting in done:
            waiting += 1
        overdue = waiting + 1 + min(_OVERTAKE, waiting + 1) <= place + 1
        chosen = waiting if overdue else next(at for at in best_first if at not in done)
        done.add(chosen)
        lowest = min(lowest, wanted[chosen])
        placed.append((chosen, lowest))
    return placed


def _article(name: str, chunk: Chunk) -> Hint | None:
    marks = [path for _, path in chunk.articles]
    marks += [path for heading in chunk.heading_path for path in named_articles(heading)]
    if any(_lies_in(mark, name) for mark in marks):
        return Hint("article", name, _BONUS["article"])
    article = re.sub(r"(条(?:の[0-9]+)*).*", r"\1", name)
    if article != name and any(_lies_in(mark, article) for mark in marks):
        return Hint("article", article, _ARTICLE_ONLY)
    return None


def _lies_in(mark: str, name: str) -> bool:
    """Whether `mark` is `name` or a part of it: 第12条第2項 lies in 第12条, 第12条の2 does not."""
    return mark.startswith(name) and not mark[len(name) :].startswith("の")


def _is_section(heading: str, number: str) -> bool:
    folded = fold(heading).strip()
    return number in _ENGLISH_PLACE.findall(folded) or bool(
        re.match(rf"{re.escape(number)}(?:[.)]?\s|[.)]?$)", folded)
    )


def _periods(question: str, times: Sequence[TimeWord], fiscal_month: int) -> list[tuple[str, str, str]]:
    """Words with the first and last day (ISO) that they mean."""
    found = [(word.words, word.first, word.last) for word in times]
    for moment in dates(question):
        if moment.fields[0] is not None and not any(word.start <= moment.start < word.end for word in times):
            words = question[moment.start : moment.end]
            found.append((words, *period(moment, question, fiscal_month)))
    return found
