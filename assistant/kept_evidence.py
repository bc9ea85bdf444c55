"""A follow-up keeps the sources of the question before, where they still serve: they are not read again.

The model has read their tokens; only what is new is read. Whether they serve is asked of the same selection
as ever: of the few sentences that it would take first some must be among them, and the rest is added.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace

from assistant.answerability import answerability
from assistant.answers import Evidence, Hit, Source, Turn
from assistant.evidence import gather
from assistant.prompting import estimate_tokens, heading_of
from ingestion.documents import Span
from ingestion.settings import EvidenceSettings

_FIRST = 3
"""The sentences asked for are the best third of the budget."""
MOST_BUDGETS = 2
"""Kept and added sources together have at most this many budgets; more than that is read anew."""


class ShownSources:
    """The sources that the last answers were written from, by reader, question and answer; in memory only.

    By reader, because callers may bring the turns before a question: who guesses what another one was told
    must not see by an answer's sources that it was so.
    """

    def __init__(self, most: int = 64) -> None:
        self._most = most
        self._shown: OrderedDict[tuple[str, str, str], tuple[Source, ...]] = OrderedDict()
        self._lock = threading.Lock()

    def remember(self, reader: str, turn: Turn, sources: Sequence[Source]) -> None:
        """`sources` were in the prompt of the answer of `turn`, which `reader` was given."""
        key = (reader, turn.question, turn.answer)
        with self._lock:
            self._shown[key] = tuple(sources)
            self._shown.move_to_end(key)
            while len(self._shown) > self._most:
                self._shown.popitem(last=False)

    def of(self, reader: str, turn: Turn) -> tuple[Source, ...]:
        """The sources of an earlier turn of `reader`, none when they were forgotten."""
        with self._lock:
            return self._shown.get((reader, turn.question, turn.answer), ())


def keep_sources(
    question: str,
    hits: Sequence[Hit],
    fresh: Evidence,
    shown: Sequence[Source],
    settings: EvidenceSettings,
) -> Evidence:
    """The evidence that begins with the sources `shown` before, when these serve `question`; else `fresh`.

    Only sources whose passage is among `hits` are kept, since those may be read now; what follows one that is
    not is lost with it, as the model's memory ends there.
    """
    kept = _still_there(shown, hits)
    if not kept or settings.mode != "selected":
        return fresh
    few = gather(question, hits, settings.model_copy(update={"tokens": max(50, settings.tokens // _FIRST)}))
    wanted = sum(len(source.spans) for source in few.sources)
    added = tuple(lacking for source in few.sources if (lacking := _without(source, kept)) is not None)
    if not wanted or sum(len(source.spans) for source in added) == wanted:
        return fresh
    numbered = tuple(replace(source, number=len(kept) + i) for i, source in enumerate(added, start=1))
    together = (*kept, *numbered)
    if sum(_tokens(source) for source in together) > MOST_BUDGETS * settings.tokens:
        return fresh
    return Evidence(together, answerability(question, together))


def _still_there(shown: Sequence[Source], hits: Sequence[Hit]) -> tuple[Source, ...]:
    kept: list[Source] = []
    for source in shown:
        hit = next((hit for hit in hits if _holds(hit, source)), None)
        if hit is None:
            break
        kept.append(replace(source, hit=hit))
    return tuple(kept)


def _holds(hit: Hit, source: Source) -> bool:
    """Whether `hit` is the source's passage, alone or joined with others than then."""
    if hit.document != source.hit.document or heading_of(hit) != heading_of(source.hit):
        return False
    return all(
        hit.start <= span.start and hit.text[span.start - hit.start : span.end - hit.start] == text
        for span, text in zip(source.spans, source.texts, strict=True)
    )


def _without(source: Source, kept: Sequence[Source]) -> Source | None:
    """`source` without what the model has read already; None when nothing is left."""
    read = [span for one in kept if one.hit.document == source.hit.document for span in one.spans]
    left = [i for i, span in enumerate(source.spans) if not any(_within(span, other) for other in read)]
    if not left:
        return None
    return replace(
        source, spans=tuple(source.spans[i] for i in left), texts=tuple(source.texts[i] for i in left),
        shown=tuple(source.shown[i] for i in left) if source.shown else (),
    )  # fmt: skip


def _within(span: Span, other: Span) -> bool:
    return other.start <= span.start and span.end <= other.end


def _tokens(source: Source) -> int:
    return sum(map(estimate_tokens, source.prompted)) + estimate_tokens(heading_of(source.hit))
