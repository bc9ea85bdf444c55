"""Why a passage was found where it was: ranks and scores of both searches, words, hints, versions, reranker.

A `Trace` is filled on the way and read once the hits are there, so that an explanation tells what was done.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from assistant.answers import Hit
from assistant.fusion import Ranking, min_max
from assistant.understanding.hints import Hint
from assistant.understanding.reading import Reading
from ingestion.contextual import contextual_text
from ingestion.settings import RetrievalSettings
from ingestion.tokenizing import search_tokens
from ingestion.written_forms import date_tokens, fold

TermOrigin = Literal["question", "date", "dictionary", "time"]


@dataclass(slots=True)
class Lookup:
    """What one search for `text` gave. Chunks are named by their public ids."""

    text: str
    reading: Reading | None = None
    rankings: tuple[Ranking, Ranking] = ((), ())
    rows: Mapping[str, int] = field(default_factory=dict)
    hints: Mapping[str, tuple[Hint, ...]] = field(default_factory=dict)
    before_versions: Mapping[str, int] = field(default_factory=dict)
    pieces: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    ranks: Mapping[str, int] = field(default_factory=dict)


class Trace:
    """The searches that one question led to: the whole question, then its parts."""

    def __init__(self) -> None:
        self.lookups: list[Lookup] = []

    def begin(self, text: str) -> None:
        """From here on everything belongs to the search for `text`."""
        self.lookups.append(Lookup(text))

    @property
    def current(self) -> Lookup:
        """The search that is going on."""
        return self.lookups[-1]


@dataclass(frozen=True, slots=True)
class Place:
    """Where one search had the passage: rank from 1, its own score, and the score scaled to [0, 1]."""

    rank: int
    score: float
    scaled: float

    def as_json(self) -> dict[str, Any]:
        """A value of `dense` and `lexical`."""
        return {"rank": self.rank, "score": round(self.score, 4), "scaled": round(self.scaled, 4)}


@dataclass(frozen=True, slots=True)
class Term:
    """A word of the passage that was searched, for which `words` of the question, and where it came from.

    "question": the words themselves; "date": a date in the other calendar; "dictionary": the company's other
    word; "time": what the words mean today.
    """

    term: str
    words: str
    origin: TermOrigin

    def as_json(self) -> dict[str, Any]:
        """A value of `terms`."""
        return {"term": self.term, "for": self.words, "from": self.origin}


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a hit is where it is; see docs/cli.md for its keys."""

    searched: str
    dense: Place | None
    lexical: Place | None
    dense_weight: float
    terms: tuple[Term, ...]
    hints: tuple[Hint, ...]
    fused: float
    relevance: float | None
    answers: float | None
    before_versions: int | None
    state: str | None
    pieces: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """The value of `explain` in `search --explain --json`."""
        rerank = None
        if self.relevance is not None:
            answers = None if self.answers is None else round(self.answers, 4)
            rerank = {"relevance": round(self.relevance, 4), "answers": answers}
        return {
            "searched": self.searched,
            "dense": self.dense.as_json() if self.dense else None,
            "lexical": self.lexical.as_json() if self.lexical else None,
            "dense_weight": self.dense_weight, "fused": round(self.fused, 4),
            "terms": [term.as_json() for term in self.terms],
            "hints": [{"kind": hint.kind, "words": hint.words, "bonus": hint.bonus} for hint in self.hints],
            "rerank": rerank,
            "versions": {"rank_before": self.before_versions, "state": self.state},
            "pieces": list(self.pieces),
        }  # fmt: skip


def explained(
    hits: Sequence[Hit], trace: Trace, settings: RetrievalSettings
) -> list[tuple[Hit, Explanation]]:
    """Each hit with what `trace` tells of it."""
    return [(hit, _explain(hit, trace, settings)) for hit in hits]


def _explain(hit: Hit, trace: Trace, settings: RetrievalSettings) -> Explanation:
    lookup, pieces = _lookup_of(hit, trace)
    row = next((lookup.rows[piece] for piece in pieces if piece in lookup.rows), None)
    dense, lexical = (_place(ranking, row) for ranking in lookup.rankings)
    weight = _weight(lookup.rankings, settings)
    own = [lookup.hints[piece] for piece in pieces if piece in lookup.hints]
    return Explanation(
        searched=lookup.text, dense=dense, lexical=lexical, dense_weight=weight,
        terms=tuple(_terms(hit, lookup.reading)) if lexical else (),
        hints=own[0] if own else (),
        fused=weight * (dense.scaled if dense else 0.0) + (1 - weight) * (lexical.scaled if lexical else 0.0),
        relevance=hit.relevance, answers=hit.answers,
        before_versions=min(
            (rank for piece in pieces if (rank := lookup.before_versions.get(piece))), default=None
        ),
        state=hit.validity.state if hit.validity else None,
        pieces=pieces if len(pieces) > 1 else (),
    )  # fmt: skip


def _lookup_of(hit: Hit, trace: Trace) -> tuple[Lookup, tuple[str, ...]]:
    """The search that had `hit` highest, and the chunks that it is made of, the best one first."""
    found = [lookup for lookup in trace.lookups if hit.chunk_id in lookup.ranks]
    lookup = min(found, key=lambda one: one.ranks[hit.chunk_id], default=trace.lookups[0])
    return lookup, lookup.pieces.get(hit.chunk_id, (hit.chunk_id,))


def _weight(rankings: tuple[Ranking, Ranking], settings: RetrievalSettings) -> float:
    dense, lexical = rankings
    if dense and lexical:
        return settings.dense_weight
    return 1.0 if dense else 0.0


def _place(ranking: Ranking, row: int | None) -> Place | None:
    if row is None:
        return None
    scaled = min_max(ranking)
    return next(
        (Place(rank, score, scaled[row]) for rank, (one, score) in enumerate(ranking, start=1) if one == row),
        None,
    )


def _terms(hit: Hit, reading: Reading | None) -> list[Term]:
    """The words that lexical search had in common with the passage, as its index sees it."""
    if reading is None:
        return []
    there = set(search_tokens(contextual_text(hit.title, hit.heading_path, hit.text, hit.context)))
    dates = set(date_tokens(fold(reading.text)))
    found = [
        Term(token, token, "date" if token in dates and token not in fold(reading.text) else "question")
        for token in dict.fromkeys(search_tokens(reading.text))
        if token in there
    ]
    for extra in reading.extras:
        others = [other for other in extra.others if there.issuperset(search_tokens(other))]
        found += [
            Term(other, extra.words, extra.origin)
            for other in (others[:1] if extra.origin == "time" else others)
        ]
    return found
