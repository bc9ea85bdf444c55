"""Lets a reranker read the best rows of each question of an evaluation, and times it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

from assistant.evaluation.datasets import Question
from assistant.evaluation.retrieval import Candidates, Readings
from assistant.fusion import weighted_fusion
from assistant.reranking import Reranker


def read_best(
    questions: Sequence[Question],
    candidates: Sequence[Candidates],
    texts: Callable[[Sequence[int]], Mapping[int, str]],
    reranker: Reranker,
    top: int,
    dense_weight: float,
    progress: Callable[[int, int], None],
) -> Readings:
    """What `reranker` says of the best `top` rows of the fusion; the first question warms it up untimed."""
    relevance: list[Mapping[int, float]] = []
    times: list[float] = []
    for number, (question, found) in enumerate(zip(questions, candidates, strict=True), start=1):
        rows = [row for row, _ in weighted_fusion(found.dense, found.lexical, dense_weight)[:top]]
        shown = texts(rows)
        kept = [row for row in rows if row in shown]
        if number == 1:
            reranker.rerank(question.text, [shown[row] for row in kept])
        began = time.perf_counter()
        read = reranker.rerank(question.text, [shown[row] for row in kept])
        times.append((time.perf_counter() - began) * 1000)
        relevance.append({row: one.score for row, one in zip(kept, read, strict=True)})
        progress(number, len(questions))
    return Readings(reranker.name, top, reranker.weight, relevance, times)
