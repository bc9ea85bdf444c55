"""Hits become the sources of one prompt: their best sentences within a budget, or whole chunks.

Why sentences: on two cores a 1.5 B model reads 78 tokens a second, so three whole chunks cost 16 s to the
first token, the 360 tokens chosen here about 8 s with the rest of the prompt (60 tokens a second measured).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from assistant.answerability import article_words
from assistant.answering_model import answerable
from assistant.answers import Evidence, Hit, Source
from assistant.asked import Wanted, wanted_in
from assistant.prompting import estimate_tokens, heading_of
from assistant.rows import Unit, read_row_for, units
from assistant.words import Weights, content_words, coverage
from ingestion.documents import Span
from ingestion.settings import EvidenceSettings

EvidenceMode = Literal["whole", "selected"]

_HITS_LOOKED_AT = 8
_HEADING_TOKENS = 6  # the number and line breaks beside a source's heading
_BACKWARD = re.compile(
    r"^\s*(?:この|その|これ|それ|当該|同項|同条|前項|前条|ただし|但し|なお|また|さらに|上記|"
    r"(?:this|that|these|those|it|they|he|she|such|however|but|in this case|otherwise)\b)",
    re.IGNORECASE,
)
_CELL_MARK = re.compile(r"\t| ?\| ?")


@dataclass(slots=True)
class _Sentence:
    """One sentence or table row of a hit, in offsets of its document; `shown` is what the model reads."""

    hit: int
    index: int
    span: Span
    text: str
    shown: str
    in_table: bool = False
    score: float = 0.0


def gather(
    question: str,
    hits: Sequence[Hit],
    settings: EvidenceSettings,
    *,
    mode: EvidenceMode | None = None,
    earlier: Sequence[Hit] = (),
    room: int = 2048,
) -> Evidence:
    """The sources for `question` and how well they seem to answer it.

    `mode` None takes the settings'. `earlier` are the hits of the question before, in their order. `room` is
    how many tokens whole chunks may take.
    """
    if (mode or settings.mode) == "whole":
        sources = whole_chunks(hits, budget=room, limit=settings.sources, earlier=earlier)
    else:
        sources = selected_sentences(question, order_hits(hits[:_HITS_LOOKED_AT], earlier), settings)
    return Evidence(sources, answerable(question, sources, hits))


def order_hits(hits: Sequence[Hit], earlier: Sequence[Hit] = ()) -> list[Hit]:
    """Hits by rank, but those that an earlier prompt showed first and in its order (prefix cache)."""
    places = {hit.chunk_id: i for i, hit in enumerate(earlier)}
    return sorted(hits, key=lambda hit: (places.get(hit.chunk_id, len(places)), hit.rank))


def whole_chunks(
    hits: Sequence[Hit], *, budget: int, limit: int, earlier: Sequence[Hit] = ()
) -> tuple[Source, ...]:
    """The best `limit` hits as they are, until `budget` tokens are used; always at least one.

    They are chosen by rank and then put into the order of `order_hits`.
    """
    kept: list[Hit] = []
    for hit in hits[:limit]:
        budget -= estimate_tokens(_whole(hit)) + estimate_tokens(heading_of(hit)) + _HEADING_TOKENS
        if budget < 0 and kept:
            break
        kept.append(hit)
    return tuple(
        Source(number, hit, (Span(hit.start, hit.end),), (hit.text,), (_whole(hit),) if hit.context else ())
        for number, hit in enumerate(order_hits(kept, earlier), start=1)
    )


def _whole(hit: Hit) -> str:
    """A chunk as it is, a piece of a table below the names of its columns."""
    return f"{hit.context}\n{hit.text}" if hit.context else hit.text


def selected_sentences(question: str, hits: Sequence[Hit], settings: EvidenceSettings) -> tuple[Source, ...]:
    """The sentences that seem to answer `question`, within `settings.tokens` and `settings.sources`.

    A sentence scores by the weighted share of the question's words in it, in its neighbours and in its
    headings, by what the question wants to know (a number, a date), and by its hit's score. A sentence that
    leans on the one before brings it along. A table's row counts as a sentence, and is shown with the names
    of its columns. Sentences that two overlapping hits share are shown once. Sources keep the order of
    `hits`; sentences keep the document's.
    """
    looked_at = hits[:_HITS_LOOKED_AT]
    sentences = _sentences(question, looked_at)
    if not sentences:
        return ()
    _score(question, looked_at, sentences)
    chosen = _choose(looked_at, sentences, settings)
    return _sources(looked_at, sentences, chosen)


def _sentences(question: str, hits: Sequence[Hit]) -> list[_Sentence]:
    found: list[_Sentence] = []
    taken: dict[str, list[Span]] = {}
    for number, hit in enumerate(hits):
        others = taken.setdefault(hit.document, [])
        own: list[Span] = []
        for unit in _telling(list(units(hit))):
            if not any(unit.span.overlaps(other) for other in others):
                shown = read_row_for(question, unit, hit)
                found.append(_Sentence(number, len(own), unit.span, unit.text, shown, unit.row is not None))
                own.append(unit.span)
        others.extend(own)
    return found


def _telling(found: list[Unit]) -> list[Unit]:
    """Without rows that only name columns: each row below is shown with those names.

    A row that is only judged to name them stays, since it may be the first record.
    """
    told = [unit for unit in found if unit.row is None or not unit.row.only_names]
    return told if any(unit.row is not None for unit in told) else found


def _score(question: str, hits: Sequence[Hit], sentences: list[_Sentence]) -> None:
    words = [
        (*content_words(sentence.shown), *article_words(question, hits[sentence.hit], [sentence.span]))
        for sentence in sentences
    ]
    weights = Weights(words)
    asked = content_words(question)
    wanted: Wanted | None = wanted_in(question)
    headings = [content_words(f"{heading_of(hit)}\n{hit.context}") for hit in hits]
    own = [coverage(asked, found, weights) for found in words]
    for i, sentence in enumerate(sentences):
        beside = max(
            (own[j] for j in (i - 1, i + 1) if 0 <= j < len(own) and sentences[j].hit == sentence.hit),
            default=0,
        )
        with_heading = coverage(asked, (*words[i], *headings[sentence.hit]), weights)
        fits = 1.0 if wanted is not None and wanted.found_in(sentence.text) else 0.0
        sentence.score = (
            0.4 * own[i] + 0.15 * beside + 0.15 * with_heading + 0.1 * fits + 0.2 * hits[sentence.hit].score
        )


def _choose(hits: Sequence[Hit], sentences: list[_Sentence], settings: EvidenceSettings) -> set[int]:
    """Positions in `sentences`: the best ones first, each with what it leans on, while the budget lasts."""
    places = {(sentence.hit, sentence.index): i for i, sentence in enumerate(sentences)}
    chosen: set[int] = set()
    used: set[int] = set()
    left = settings.tokens
    for i in sorted(range(len(sentences)), key=lambda i: -sentences[i].score):
        hit = sentences[i].hit
        if hit not in used and len(used) == settings.sources:
            continue
        group = [j for j in _group(i, sentences, places) if j not in chosen]
        cost = sum(estimate_tokens(sentences[j].shown) for j in group)
        if hit not in used:
            cost += estimate_tokens(heading_of(hits[hit])) + _HEADING_TOKENS
        if cost > left and chosen:
            if cost > settings.tokens // 4:
                continue
            break
        chosen.update(group)
        used.add(hit)
        left -= cost
    return chosen


def _group(i: int, sentences: list[_Sentence], places: Mapping[tuple[int, int], int]) -> list[int]:
    sentence = sentences[i]
    group = [i]
    if (
        _BACKWARD.match(sentence.text)
        and (before := places.get((sentence.hit, sentence.index - 1))) is not None
    ):
        group.append(before)
    cells = 0 if sentence.in_table else len(_CELL_MARK.findall(sentence.text))
    if cells and sentence.index and (head := places.get((sentence.hit, 0))) is not None:
        first_row = next(
            (j for j in range(head, i) if len(_CELL_MARK.findall(sentences[j].text)) == cells), None
        )
        if first_row is not None:
            group.append(first_row)
    return group


def _sources(hits: Sequence[Hit], sentences: list[_Sentence], chosen: set[int]) -> tuple[Source, ...]:
    by_hit: dict[int, list[_Sentence]] = {}
    for i in sorted(chosen):
        by_hit.setdefault(sentences[i].hit, []).append(sentences[i])
    return tuple(
        Source(
            number, hits[hit], tuple(s.span for s in own), tuple(s.text for s in own),
            tuple(s.shown for s in own) if any(s.in_table for s in own) else (),
        )
        for number, (hit, own) in enumerate(sorted(by_hit.items()), start=1)
    )  # fmt: skip
