"""Intervals beside figures that others published and beside formulas in another form."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.monitoring.drift import share
from assistant.monitoring.intervals import difference_interval, effective_size, share_interval

# Newcombe, Statistics in Medicine 17 (1998) 873-890, table II, method 10.
PUBLISHED = [
    (56, 70, 48, 80, 0.0524, 0.3339),
    (9, 10, 3, 10, 0.1705, 0.8090),
    (6, 7, 2, 7, 0.0582, 0.8062),
    (5, 56, 0, 29, -0.0381, 0.1926),
    (0, 10, 0, 20, -0.1611, 0.2775),
    (0, 10, 0, 10, -0.2775, 0.2775),
    (10, 10, 0, 20, 0.6791, 1.0),
    (10, 10, 0, 10, 0.6075, 1.0),
]


@pytest.mark.parametrize(("a", "m", "b", "n", "low", "high"), PUBLISHED)
def test_differences_are_those_that_newcombe_published(
    a: int, m: int, b: int, n: int, low: float, high: float
) -> None:
    found = difference_interval(a / m, m, b / n, n)
    assert (found.low, found.high) == (pytest.approx(low, abs=6e-5), pytest.approx(high, abs=6e-5))
    turned = difference_interval(b / n, n, a / m, m)
    assert (turned.low, turned.high) == (pytest.approx(-high, abs=6e-5), pytest.approx(-low, abs=6e-5))


@given(st.integers(0, 400), st.integers(1, 400))
def test_the_score_interval_solves_its_equation(count: int, n: int) -> None:
    """Its ends are where |share − p| is 1.96 standard errors of p itself, found here by halving."""
    count = min(count, n)
    found = share_interval(count / n, n)

    def distance(p: float) -> float:
        return abs(count / n - p) - 1.959963984540054 * math.sqrt(p * (1 - p) / n)

    def end(inner: float, outer: float) -> float:
        if distance(outer) <= 0:
            return outer
        for _ in range(60):
            middle = (inner + outer) / 2
            inner, outer = (middle, outer) if distance(middle) <= 0 else (inner, middle)
        return inner

    assert found.low == pytest.approx(end(count / n, 0.0), abs=1e-9)
    assert found.high == pytest.approx(end(count / n, 1.0), abs=1e-9)


@pytest.mark.parametrize(("share_of", "n"), [(0.5, 0), (1.2, 3), (-0.1, 3)])
def test_there_is_no_interval_of_nothing(share_of: float, n: float) -> None:
    with pytest.raises(ValueError, match="no interval"):
        share_interval(share_of, n)


def test_sentences_that_fare_alike_count_as_one_answer_each() -> None:
    """Ten answers of five sentences, five answers all without ground: ten things are known, not fifty."""
    alike = [(5, 5)] * 5 + [(0, 5)] * 5
    # By hand: Σ(k − 2.5)² = 62.5, times 10/9, over 50² is 1/36; independent ones have 0.25/49.
    assert effective_size(alike) == pytest.approx(50 / ((1 / 36) / (0.25 / 49)))
    assert 9 < effective_size(alike) < 10


def test_the_effective_size_is_that_of_the_spread_of_shares_drawn_anew() -> None:
    """The variance of the ratio beside a bootstrap over answers, which knows nothing of the formula."""
    generator = np.random.default_rng(3)
    sizes = generator.integers(1, 9, 400)
    having = np.array([generator.binomial(size, generator.choice([0.02, 0.6])) for size in sizes])
    rows = generator.integers(0, 400, (4000, 400))
    drawn = having[rows].sum(axis=1) / sizes[rows].sum(axis=1)
    p = having.sum() / sizes.sum()
    found = effective_size(list(zip(having.tolist(), sizes.tolist(), strict=True)))
    assert p * (1 - p) / found == pytest.approx(drawn.var(), rel=0.1)
    assert found < sizes.sum()


def test_what_no_sentence_has_is_known_of_answers_only() -> None:
    assert effective_size([(0, 4), (0, 6), (0, 0)]) == 2.0
    assert effective_size([(3, 3)]) == 1.0
    assert effective_size([(1, 2)]) == 1.0
    assert effective_size([(1, 1), (0, 1)] * 20) == 40.0  # one sentence each: as many as there are
    with pytest.raises(ValueError, match="no sentences"):
        effective_size([(0, 0)])


def test_a_share_beside_the_one_before() -> None:
    found = share([(1, 1)] * 56 + [(0, 1)] * 14, [(1, 1)] * 48 + [(0, 1)] * 32, 30)
    assert found["share"] == 0.8 and found["before"] == {"share": 0.6, "count": 48, "n": 80, "cases": 80}
    assert found["difference"] == {"mean": 0.2, "low": 0.0524, "high": 0.3339}
    assert found["state"] == "more"
    assert share([(0, 1)] * 40, [(1, 1)] * 40, 30)["state"] == "less"
    assert share([(0, 1)] * 40, [(0, 1)] * 40, 30)["state"] == "same"


@pytest.mark.parametrize("pairs", [[], [(0, 0)] * 50, [(1, 1)] * 29])
def test_too_few_cases_are_said_to_be_too_few(pairs: list[tuple[int, int]]) -> None:
    enough = [(1, 1)] * 50
    for found in (share(pairs, enough, 30), share(enough, pairs, 30)):
        assert (found["state"], found["difference"]) == ("too_few", None)
    if not sum(n for _, n in pairs):
        nothing = share(pairs, pairs, 1)
        assert (nothing["share"], nothing["low"], nothing["high"]) == (None, None, None)
