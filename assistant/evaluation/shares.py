"""Shares of counted things with their intervals, also where there are few or the share is 0 or 1."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

from assistant.evaluation.bootstrap import Interval


@dataclass(frozen=True, slots=True)
class Share:
    """`count` of `total`."""

    count: int
    total: int

    def interval(self, level: float = 0.95) -> Interval | None:
        """The share with Wilson's score interval (Wilson, 1927); None of nothing.

        Unlike the usual interval it says something of 0 of 5, and stays within [0, 1].
        """
        if not self.total:
            return None
        z = NormalDist().inv_cdf(0.5 + level / 2)
        share, spread = self.count / self.total, z * z / self.total
        middle = (share + spread / 2) / (1 + spread)
        half = z / (1 + spread) * math.sqrt(share * (1 - share) / self.total + spread / self.total / 4)
        return Interval(share, max(0.0, middle - half), min(1.0, middle + half))

    def as_json(self) -> dict[str, Any]:
        """`{count, of, share, low, high}`; the last three are None of nothing."""
        found = self.interval()
        ends: dict[str, float | None] = {"share": None, "low": None, "high": None}
        if found is not None:
            ends = {name: round(value, 4) for name, value in
                    (("share", found.mean), ("low", found.low), ("high", found.high))}  # fmt: skip
        return {"count": self.count, "of": self.total, **ends}


def share_difference(first: Share, second: Share, level: float = 0.95) -> Interval | None:
    """Interval of first − second of independent samples (Newcombe, 1998, method 10), None without both."""
    one, other = first.interval(level), second.interval(level)
    if one is None or other is None:
        return None
    difference = one.mean - other.mean
    low = difference - math.hypot(one.mean - one.low, other.high - other.mean)
    high = difference + math.hypot(one.high - one.mean, other.mean - other.low)
    return Interval(difference, low, high)
