"""Choose a parameter on one half of the questions and measure it on the other, both ways round.

So no question is measured with a value that was fitted on it, and yet all questions count.
"""

from __future__ import annotations

import hashlib
import math
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
    """The weight nearest `default` that the questions `i` with `chosen(i)` do not tell from the best.

    `scores[weight][i]` is the score of question `i`. A weight is not told from the best one when its mean is
    at most one standard error of their paired difference lower (the one-standard-error rule of Breiman et
    al., 1984): with 80 questions in a half the best mean alone follows chance. Of two weights at the same
    distance the better one wins, then the smaller. `default` when no question is chosen.
    """
    members = [index for index in range(len(next(iter(scores.values()), ()))) if chosen(index)]
    if not members:
        return default
    table = {weight: [values[index] for index in members] for weight, values in scores.items()}
    best = max(table.values(), key=mean)

    def order(weight: float) -> tuple[float, float, float]:
        return (round(abs(weight - default), 9), -round(mean(table[weight]), 9), weight)

    return min((weight for weight in table if _within_one_error(table[weight], best)), key=order)


def _within_one_error(values: Sequence[float], best: Sequence[float]) -> bool:
    differences = [high - low for high, low in zip(best, values, strict=True)]
    centre = mean(differences)
    variance = mean([(difference - centre) ** 2 for difference in differences])
    return centre <= math.sqrt(variance / len(differences)) + 1e-12


def cross_fit(
    scores: Mapping[float, Sequence[float]], halves: Sequence[Half], default: float = 0.5
) -> dict[Half, float]:
    """For each half the weight that `best_weight` chose on the *other* half: the one to measure it with.

    Raises:
        ValueError: `scores` is empty or does not fit `halves`.
    """
    if not scores or any(len(values) != len(halves) for values in scores.values()):
        raise ValueError(f"scores of each weight must have the length of halves, {len(halves)}")
    return {
        "a": best_weight(scores, lambda index: halves[index] == "b", default),
        "b": best_weight(scores, lambda index: halves[index] == "a", default),
    }
