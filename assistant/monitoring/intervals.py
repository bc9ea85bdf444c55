"""How sure a share is, and the difference of two shares of different questions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist

from assistant.evaluation.bootstrap import Interval

_Z = NormalDist().inv_cdf(0.975)


def share_interval(share: float, n: float) -> Interval:
    """95 % score interval of a share of `n` cases (Wilson, 1927); `n` may be an effective size.

    Raises:
        ValueError: there are no cases, or `share` is outside [0, 1].
    """
    if n <= 0 or not 0 <= share <= 1:
        raise ValueError(f"no interval for a share of {share} of {n} cases")
    middle = share + _Z**2 / (2 * n)
    half = _Z * math.sqrt(share * (1 - share) / n + _Z**2 / (4 * n**2))
    width = 1 + _Z**2 / n
    return Interval(share, max(0.0, (middle - half) / width), min(1.0, (middle + half) / width))


def difference_interval(now: float, n_now: float, before: float, n_before: float) -> Interval:
    """95 % interval of `now` − `before`, shares of different cases (Newcombe, 1998, method 10).

    Made of both score intervals, so it keeps within [−1, 1] and is no point when a share is 0 or 1.

    Raises:
        ValueError: as `share_interval`.
    """
    one, other = share_interval(now, n_now), share_interval(before, n_before)
    mean = now - before
    low = mean - math.hypot(now - one.low, other.high - before)
    high = mean + math.hypot(one.high - now, before - other.low)
    return Interval(mean, low, high)


def effective_size(clusters: Sequence[tuple[int, int]]) -> float:
    """As how many independent sentences those of some answers count; each is (how many had it, how many).

    Sentences of one answer fare alike, so all together say less than as many of different answers. The
    variance of the ratio (Cochran, 1977, chapter 6) over that of independent sentences is the design effect;
    the number of sentences over it is the effective size (Kish, 1965). Where no sentence or every one has it
    the effect cannot be seen, and each answer counts once. Never more than there are sentences.

    Raises:
        ValueError: there are no sentences.
    """
    told = [(having, size) for having, size in clusters if size]
    total = sum(size for _, size in told)
    if not total:
        raise ValueError("there are no sentences to count")
    share = sum(having for having, _ in told) / total
    if len(told) < 2 or not 0 < share < 1:
        return float(len(told))
    spread = sum((having - share * size) ** 2 for having, size in told)
    variance = len(told) / (len(told) - 1) * spread / total**2
    effect = variance / (share * (1 - share) / (total - 1))  # 1 for answers of one sentence
    return total / max(effect, 1.0)
