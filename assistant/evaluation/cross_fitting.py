"""Choose a parameter on one half of the questions and measure it on the other, both ways round.

So no question is measured with a value that was fitted on it, and yet all questions count.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from assistant.evaluation.metrics import mean

Half = Literal["a", "b"]

WEIGHTS: tuple[float, ...] = tuple(round(0.05 * step, 2) for step in range(21))
"""Dense weights that are tried, 0 (only lexical) to 1 (only dense)."""


def half_of(question_id: str) -> Half:
    """The half a question belongs to. It depends on its id only, so it survives changes of the data set."""
    return "a" if hashlib.sha256(question_id.encode()).digest()[0] % 2 == 0 else "b"


def best_weight(
    scores: Mapping[float, Sequence[float]], chosen: Callable[[int], bool], default: float
) -> float:
    """The weight with the highest mean score over the questions `i` with `chosen(i)`.

    `scores[weight][i]` is the score of question `i`. Among equal means the weight nearest `default` wins,
    then the smaller one. `default` when no question is chosen.
    """
    members = [index for index in range(len(next(iter(scores.values()), ()))) if chosen(index)]
    if not members:
        return default

    def order(weight: float) -> tuple[float, float, float]:
        score = mean([scores[weight][index] for index in members])
        return (-round(score, 9), abs(weight - default), weight)

    return min(scores, key=order)


def cross_fit(
    scores: Mapping[float, Sequence[float]], halves: Sequence[Half], default: float = 0.5
) -> dict[Half, float]:
    """For each half the weight that was best on the *other* half: the one to measure this half with.

    Raises:
        ValueError: `scores` is empty or does not fit `halves`.
    """
    if not scores or any(len(values) != len(halves) for values in scores.values()):
        raise ValueError(f"scores of each weight must have the length of halves, {len(halves)}")
    return {
        "a": best_weight(scores, lambda index: halves[index] == "b", default),
        "b": best_weight(scores, lambda index: halves[index] == "a", default),
    }
