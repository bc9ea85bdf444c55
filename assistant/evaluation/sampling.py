"""A sample of questions in which every type has its share, the same for the same seed."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from assistant.evaluation.datasets import Question


def stratified(questions: Sequence[Question], limit: int | None, seed: int) -> list[Question]:
    """`limit` of the questions, each type by its size, in the order in which they were drawn.

    Seats go to types by the method of Sainte-Laguë, which has no paradox of growth: the sample of 30 is the
    beginning of the sample of 60, so what was answered for the smaller one counts for the larger. Which
    questions of a type are drawn depends on their ids and the seed alone. None takes all, mixed likewise.
    """
    queues: dict[str, list[Question]] = {}
    for question in sorted(questions, key=lambda one: _draw(one.id, seed)):
        queues.setdefault(question.kind, []).append(question)
    sizes = {kind: len(queue) for kind, queue in queues.items()}
    seats = dict.fromkeys(sizes, 0)
    chosen: list[Question] = []
    for _ in range(min(len(questions), len(questions) if limit is None else limit)):
        # Equal claims go to the larger type, then by name.
        kind = min(
            (kind for kind in seats if seats[kind] < sizes[kind]),
            key=lambda kind: (-sizes[kind] / (2 * seats[kind] + 1), -sizes[kind], kind),
        )
        chosen.append(queues[kind][seats[kind]])
        seats[kind] += 1
    return chosen


def _draw(question_id: str, seed: int) -> bytes:
    return hashlib.sha256(f"{seed}\0{question_id}".encode()).digest()
