"""A measure of two models on the same questions: both means, the difference and whether it is shown."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from assistant.evaluation.bootstrap import Interval, paired_difference
from assistant.evaluation.report_comparison import Judged, judged

LEVEL = 0.05


@dataclass(frozen=True, slots=True)
class Comparison:
    """One measure of `n` questions. `difference` is tuned − base with its paired 95 % bootstrap interval.

    `p` is the exact probability of McNemar's test for a measure that is 0 or 1, else None. `ratio` is how
    many times as slow the tuned model is (geometric mean, with its interval), for measures of speed only.
    """

    name: str
    base: float
    tuned: float
    difference: Interval
    n: int
    differing: int
    p: float | None
    higher_is_better: bool = True
    ratio: Interval | None = None

    @property
    def verdict(self) -> Judged:
        """Same, unless the interval leaves out 0, enough questions differ and McNemar's test agrees."""
        if self.p is not None and self.p >= LEVEL:
            return "same"
        return judged(self.difference, self.differing, higher_is_better=self.higher_is_better)

    def with_ratio(self, ratio: Interval) -> Comparison:
        """The same with `ratio`."""
        return replace(self, ratio=ratio)

    def as_json(self) -> dict[str, Any]:
        """`{base, tuned, ci: [low, high], difference, n, differing, p, higher_is_better, verdict, ratio}`."""
        interval = self.difference.as_json()
        return {
            "base": round(self.base, 4), "tuned": round(self.tuned, 4),
            "ci": [interval["low"], interval["high"]], "difference": interval["mean"], "n": self.n,
            "differing": self.differing, "p": None if self.p is None else round(self.p, 6),
            "higher_is_better": self.higher_is_better, "verdict": self.verdict,
            "ratio": None if self.ratio is None else self.ratio.as_json(),
        }  # fmt: skip


def compared(
    name: str, base: Sequence[float], tuned: Sequence[float], *, higher_is_better: bool = True
) -> Comparison:
    """`base[i]` and `tuned[i]` belong to one question.

    Raises:
        ValueError: the lengths differ or are 0.
    """
    difference = paired_difference(tuned, base)
    binary = {*base, *tuned} <= {0.0, 1.0}
    pairs = list(zip(base, tuned, strict=True))
    return Comparison(
        name, sum(base) / len(base), sum(tuned) / len(tuned), difference, len(pairs),
        sum(a != b for a, b in pairs), mcnemar(pairs) if binary else None, higher_is_better,
    )  # fmt: skip


def slowness(base: Sequence[float], tuned: Sequence[float], *, higher_is_better: bool) -> Interval:
    """How many times as slow the second is: the geometric mean of the questions' ratios with its interval.

    All values are above 0. Ratios are averaged as logarithms, so that twice and half as slow cancel out.
    """
    slower = (base, tuned) if higher_is_better else (tuned, base)
    first, second = ([math.log(value) for value in side] for side in slower)
    found = paired_difference(first, second)
    return Interval(math.exp(found.mean), math.exp(found.low), math.exp(found.high))


def mcnemar(pairs: Sequence[tuple[float, float]]) -> float:
    """Exact two-sided probability of McNemar's test (1947; exact form: Fagerland et al., 2013).

    Of the questions that one side alone got right, either side is as likely to be the one: a sign test.
    """
    gained = sum(b > a for a, b in pairs)
    lost = sum(b < a for a, b in pairs)
    differing = gained + lost
    tail = sum(math.comb(differing, k) for k in range(min(gained, lost) + 1))
    return min(1.0, float(2 * tail / 2**differing))
