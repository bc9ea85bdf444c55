"""Hits in the order of fusion and reranker together.

The score of a hit that was read is `(1 - w) * fused + w * relevance`, that of all others `(1 - w) * fused`:
it stays in [0, 1], and a hit that was not read never overtakes one that was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from assistant.answers import Hit
from assistant.reranking import Relevance, Reranker
from ingestion.contextual import contextual_text


class Rescoring:
    """Reads the best `top` hits with a reranker."""

    def __init__(self, reranker: Reranker, top: int) -> None:
        self.reranker = reranker
        self.top = top

    def rescored(self, question: str, hits: Sequence[Hit]) -> list[Hit]:
        """All `hits` with their new scores, best first, ranks counted anew. Ties keep the fusion's order."""
        read = self.reranker.rerank(question, [text_of(hit) for hit in hits[: self.top]])
        scored = [mixed(hit, found, self.reranker.weight) for hit, found in zip(hits, read, strict=False)]
        scored += [mixed(hit, None, self.reranker.weight) for hit in hits[len(read) :]]
        scored.sort(key=lambda hit: -hit.score)
        return [replace(hit, rank=rank) for rank, hit in enumerate(scored, start=1)]


def text_of(hit: Hit) -> str:
    """What the reranker reads of a hit: title and headings, then the chunk."""
    return contextual_text(hit.title, hit.heading_path, hit.text, hit.context)


def mixed(hit: Hit, read: Relevance | None, weight: float) -> Hit:
    """`hit` with the score of fusion and reranker, and with both beside it."""
    relevance = read.score if read else 0.0
    score = (1.0 - weight) * hit.score + weight * relevance
    if read is None:
        return replace(hit, score=score, fused=hit.score)
    return replace(hit, score=score, fused=hit.score, relevance=read.score, answers=read.answers)
