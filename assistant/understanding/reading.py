"""A query as it is understood before it is searched: its text, and what else its words are searched as."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Literal

from assistant.understanding.time_words import TimeWord, time_words
from ingestion.dictionary import Dictionary
from ingestion.normalizing import normalize_query
from ingestion.periods import FISCAL_MONTH
from ingestion.settings import RetrievalSettings

Origin = Literal["dictionary", "time"]


@dataclass(frozen=True, slots=True)
class Clock:
    """What day it is, and in which month a fiscal year begins."""

    today: Callable[[], date] = date.today
    fiscal_month: int = FISCAL_MONTH


@dataclass(frozen=True, slots=True)
class Extra:
    """Words of the query, and `others` that lexical search takes for the same."""

    words: str
    others: tuple[str, ...]
    origin: Origin


@dataclass(frozen=True, slots=True)
class Reading:
    """`text` is searched for words, `embedded` for its meaning; `times` are the times that it names."""

    text: str
    embedded: str
    extras: tuple[Extra, ...] = ()
    times: tuple[TimeWord, ...] = ()

    @property
    def synonyms(self) -> list[tuple[str, tuple[str, ...]]]:
        """As `ChunkIndexes.lexical` takes them."""
        return [(extra.words, extra.others) for extra in self.extras]


def read(query: str, words: Dictionary, clock: Clock, settings: RetrievalSettings) -> Reading:
    """What is searched for `query`: with the company's words, and with what its words mean today."""
    text = normalize_query(query)
    own = tuple(Extra(found.words, found.others, "dictionary") for found in words.expansions(text))
    times = time_words(text, clock.today(), clock.fiscal_month) if settings.time_words else ()
    meant = tuple(Extra(word.words, word.searched, "time") for word in times)
    return Reading(text, words.annotated(text), own + meant, times)
