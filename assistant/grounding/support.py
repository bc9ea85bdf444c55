"""Which passage of the sources supports a claim best, and how well, by similarity.

The measure is containment: the share of the claim's weighted words and character pairs that the passage
holds. Where an embedder is given, cosine similarity helps where words alone do not decide, and takes over
when claim and passage are in different languages. Does not see negation or numbers; rules do (verdicts.py).
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from assistant.answers import Source
from assistant.grounding.cells import Row, rows_of
from assistant.prompting import heading_of
from assistant.rows import units_of
from assistant.words import Weights, content_words, coverage, detect_language
from ingestion.documents import Span, TableRow

_HEADING_SHARE = 0.6  # what a word found only in the headings above a passage counts
_WORD_SHARE = 0.65  # words against character pairs in containment
_COSINE_FROM, _COSINE_TO = (
    0.80,
    0.92,
)  # multilingual-e5: unrelated sentences lie near 0.78, paraphrases above 0.9
_COSINE_SHARE = 0.35
_EMBEDDED = 4
_FEW_WORDS = 2
_NOT_PAIRS = re.compile(r"[\W_]+")


class PassageEmbedder(Protocol):
    """Unit vectors of shape (n, dim), float32."""

    def embed_passages(self, texts: Sequence[str]) -> npt.NDArray[np.float32]: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Passage:
    """A sentence or table row, or two sentences that follow each other: `document.text[span] == text`.

    It is of source `number`. `read` is what a reader takes from it: a row's cells with their columns' names.
    """

    number: int
    span: Span
    text: str
    heading: str
    read: str
    row: TableRow | None = None


@dataclass(frozen=True, slots=True)
class Support:
    """A passage and how well it supports the claim, in [0, 1]."""

    passage: Passage
    score: float


def passages(sources: Sequence[Source]) -> list[Passage]:
    """Every sentence and table row of the sources, and every two sentences that touch."""
    found: list[Passage] = []
    for source in sources:
        heading = "\n".join(part for part in (heading_of(source.hit), source.hit.context) if part)
        rows = source.hit.rows
        single = [
            Passage(source.number, unit.span, unit.text, heading, unit.read, unit.row)
            for span, text in zip(source.spans, source.texts, strict=True)
            for unit in units_of(text, span.start, [row for row in rows if row.start >= span.start])
            if unit.row is None or not unit.row.only_names
        ]
        found += single
        found += [pair for a, b in itertools.pairwise(single) if (pair := _joined(source, a, b)) is not None]
    return found


def _joined(source: Source, first: Passage, second: Passage) -> Passage | None:
    """The two as one passage when nothing but what the source shows lies between them.

    Rows stay alone: two of them hold the numbers of two things.
    """
    if first.row is not None or second.row is not None:
        return None
    whole = Span(first.span.start, second.span.end)
    for span, text in zip(source.spans, source.texts, strict=True):
        if span.start <= whole.start and whole.end <= span.end:
            inner = text[whole.start - span.start : whole.end - span.start]
            return Passage(source.number, whole, inner, first.heading, inner)
    if second.span.start == first.span.end:
        text = first.text + second.text
        return Passage(source.number, whole, text, first.heading, text)
    return None


def _table_rows(sources: Sequence[Source]) -> list[tuple[str, Row]]:
    """The rows in all of the sources' hits, each once, with their documents."""
    found: dict[tuple[str, int], Row] = {}
    table = 0
    for source in sources:
        hit = source.hit
        for row in rows_of(hit.text, hit.start, hit.rows, table):
            found.setdefault((hit.document, row.row.start), row)
            table = row.table
        table += 1
    return [(document, row) for (document, _), row in found.items()]


def _labels(row: Row) -> frozenset[str]:
    return frozenset(value.cell.label for value in row.values if value.cell.label and not value.cell.header)


class SupportMeasure:
    """Scores passages for claims about one set of sources."""

    def __init__(self, sources: Sequence[Source], embedder: PassageEmbedder | None = None) -> None:
        self.passages = passages(sources)
        self._documents = {source.number: source.hit.document for source in sources}
        self._texts = {source.number: source.hit.text for source in sources}
        self._rows = _table_rows(sources)
        self._embedder = embedder
        self._words = [content_words(passage.read) for passage in self.passages]
        self._headings = [content_words(passage.heading) for passage in self.passages]
        self._pairs = [_pairs(passage.read) for passage in self.passages]
        self._weights = Weights(self._words)

    def whole(self, passage: Passage) -> str:
        """The text of the hit that the passage is of, also what was not shown of it."""
        return self._texts[passage.number]

    def table(self, passage: Passage) -> list[Row]:
        """The rows of the table that the passage is a row of, also those that were not shown."""
        document, row = self._documents[passage.number], passage.row
        own = next(
            (one for key, one in self._rows if row and key == document and one.row.start == row.start), None
        )
        if own is None:
            return []
        return [
            one for key, one in self._rows
            if key == document and (one.table == own.table or _labels(one) & _labels(own))
        ]  # fmt: skip

    def rank(self, claim: str, question: str = "", hints: Sequence[int] = ()) -> list[Support]:
        """Passages with their scores, best first.

        A claim of a few words ("10日です。") is read together with the question. `hints`, the sources the
        model named, decide between passages that score the same, as does the shorter passage.
        """
        scores = [self._containment(i, claim, question) for i in range(len(self.passages))]
        if self._embedder is not None and self.passages:
            scores = self._with_cosine(claim, scores)
        order = sorted(
            range(len(scores)),
            key=lambda i: (
                -round(scores[i], 2), self.passages[i].number not in hints, len(self.passages[i].text), i
            ),
        )  # fmt: skip
        return [Support(self.passages[i], scores[i]) for i in order]

    def needs_question(self, claim: str) -> bool:
        """Whether a claim has so few words ("10日です。") that only the question tells what it is about."""
        return len(content_words(claim)) <= _FEW_WORDS

    def overlap(self, claim: str, text: str) -> float:
        """Share of the claim's weighted words that `text` holds."""
        return coverage(content_words(claim), content_words(text), self._weights)

    def _containment(self, i: int, claim: str, question: str) -> float:
        words = content_words(claim)
        by_words = self._word_share(words, i)
        pairs = _pairs(claim)
        by_pairs = len(pairs & self._pairs[i]) / len(pairs) if pairs else 0.0
        score = _WORD_SHARE * by_words + (1 - _WORD_SHARE) * by_pairs if words else by_pairs
        asked = content_words(question)
        if asked and self.needs_question(claim):
            return 0.5 * score + 0.5 * self._word_share(asked, i)
        return score

    def _word_share(self, words: Sequence[str], i: int) -> float:
        bare = coverage(words, self._words[i], self._weights)
        headed = coverage(words, (*self._words[i], *self._headings[i]), self._weights)
        return bare + _HEADING_SHARE * (headed - bare)

    def _with_cosine(self, claim: str, scores: list[float]) -> list[float]:
        assert self._embedder is not None
        language = detect_language(claim)
        foreign = [detect_language(passage.read) != language for passage in self.passages]
        near = sorted(range(len(scores)), key=lambda i: -scores[i])[:_EMBEDDED]
        chosen = sorted({*near, *(i for i, other in enumerate(foreign) if other)})[: 4 * _EMBEDDED]
        if max(scores) >= 0.85 and not any(foreign):
            return scores
        vectors = self._embedder.embed_passages([claim, *(self.passages[i].read for i in chosen)])
        cosines = vectors[1:] @ vectors[0]
        mixed = list(scores)
        for i, cosine in zip(chosen, cosines, strict=True):
            scaled = min(max((float(cosine) - _COSINE_FROM) / (_COSINE_TO - _COSINE_FROM), 0.0), 1.0)
            if foreign[i]:
                mixed[i] = max(scores[i], scaled)
            else:
                mixed[i] = max(scores[i], (1 - _COSINE_SHARE) * scores[i] + _COSINE_SHARE * scaled)
        return mixed


def _pairs(text: str) -> frozenset[str]:
    """Pairs of neighbouring characters, without punctuation and spaces, in one case and width."""
    plain = _NOT_PAIRS.sub("", unicodedata.normalize("NFKC", text).casefold())
    return frozenset(plain[i : i + 2] for i in range(len(plain) - 1))
