"""Measures of one ranking. Rankings are best first and hold no item twice; `k` counts from 1.

Relevance is binary. Means over questions, and what an item is (a page, a file, a passage), are the
caller's business.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Hashable, Iterable, Sequence
from typing import TypeVar

Item = TypeVar("Item", bound=Hashable)


def unique(items: Iterable[Item]) -> list[Item]:
    """`items` without repetitions; each stands where it was seen first, so a page ranks by its best chunk."""
    return list(dict.fromkeys(items))


def hit_at(ranking: Sequence[Item], relevant: Collection[Item], k: int) -> float:
    """1.0 when a relevant item is among the first `k`, else 0.0."""
    return float(any(item in relevant for item in ranking[:k]))


def recall_at(ranking: Sequence[Item], relevant: Collection[Item], k: int) -> float:
    """Share of the relevant items that is among the first `k`.

    Raises:
        ValueError: nothing is relevant.
    """
    _refuse_empty(relevant)
    return sum(item in relevant for item in ranking[:k]) / len(relevant)


def reciprocal_rank(ranking: Sequence[Item], relevant: Collection[Item], k: int) -> float:
    """1 / rank of the first relevant item, 0.0 when none is among the first `k`."""
    for rank, item in enumerate(ranking[:k], start=1):
        if item in relevant:
            return 1.0 / rank
    return 0.0


def ndcg_at(ranking: Sequence[Item], relevant: Collection[Item], k: int) -> float:
    """Normalised discounted cumulative gain with gain 1 and discount log2(rank + 1).

    (Järvelin & Kekäläinen, 2002.) The ideal ranking has min(k, number relevant) relevant items in front.

    Raises:
        ValueError: nothing is relevant.
    """
    _refuse_empty(relevant)
    gain = sum(1 / math.log2(rank + 1) for rank, item in enumerate(ranking[:k], start=1) if item in relevant)
    ideal = sum(1 / math.log2(rank + 1) for rank in range(1, min(k, len(relevant)) + 1))
    return gain / ideal


def _refuse_empty(relevant: Collection[Item]) -> None:
    if not relevant:
        raise ValueError("a question without a relevant item cannot be measured")


def mean(values: Sequence[float]) -> float:
    """The arithmetic mean; 0.0 of nothing."""
    return sum(values) / len(values) if values else 0.0


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` (0 to 1) of `values` do not exceed (nearest rank).

    Raises:
        ValueError: there are no values, or `share` is outside [0, 1].
    """
    if not values or not 0 <= share <= 1:
        raise ValueError(f"no percentile {share} of {len(values)} values")
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
