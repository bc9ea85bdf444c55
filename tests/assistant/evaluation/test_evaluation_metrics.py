from __future__ import annotations

import math
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.evaluation.metrics import (
    hit_at,
    mean,
    ndcg_at,
    percentile,
    recall_at,
    reciprocal_rank,
    unique,
)


def test_a_page_stands_where_its_best_chunk_stood() -> None:
    chunks = [("a.pdf", 3), ("b.pdf", 1), ("a.pdf", 3), ("a.pdf", 4), ("b.pdf", 1)]
    assert unique(chunks) == [("a.pdf", 3), ("b.pdf", 1), ("a.pdf", 4)]


def test_values_worked_out_by_hand() -> None:
    ranking, relevant = ["x", "r1", "y", "r2", "z"], {"r1", "r2", "r3"}
    assert [hit_at(ranking, relevant, k) for k in (1, 2, 5)] == [0.0, 1.0, 1.0]
    assert recall_at(ranking, relevant, 4) == pytest.approx(2 / 3)
    assert reciprocal_rank(ranking, relevant, 10) == 0.5
    assert reciprocal_rank(ranking, relevant, 1) == 0.0
    gain = 1 / math.log2(3) + 1 / math.log2(5)
    ideal = 1 + 1 / math.log2(3) + 1 / math.log2(4)
    assert ndcg_at(ranking, relevant, 10) == pytest.approx(gain / ideal)


def test_no_order_beats_the_ideal_one() -> None:
    relevant = {"r1", "r2"}
    scores = {order: ndcg_at(order, relevant, 3) for order in permutations(["r1", "r2", "x", "y"])}
    assert max(scores.values()) == pytest.approx(1.0)
    assert {set(order[:2]) == relevant for order, score in scores.items() if score > 0.9999} == {True}


@given(st.integers(0, 30), st.integers(1, 12))
def test_with_one_relevant_item_all_measures_follow_from_its_rank(place: int, k: int) -> None:
    ranking = [f"x{index}" for index in range(place)] + ["r"]
    found = place < k
    assert hit_at(ranking, {"r"}, k) == recall_at(ranking, {"r"}, k) == float(found)
    assert reciprocal_rank(ranking, {"r"}, k) == (1 / (place + 1) if found else 0)
    assert ndcg_at(ranking, {"r"}, k) == pytest.approx(1 / math.log2(place + 2) if found else 0)


def test_a_question_without_relevant_items_is_refused() -> None:
    for measure in (recall_at, ndcg_at):
        with pytest.raises(ValueError, match="relevant"):
            measure(["x"], set(), 3)


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=50), st.floats(0, 1))
def test_percentile_is_numpys_nearest_rank(values: list[float], share: float) -> None:
    assert percentile(values, share) == np.quantile(values, share, method="inverted_cdf")


def test_means() -> None:
    assert mean([]) == 0.0
    assert mean([1, 2]) == 1.5
    with pytest.raises(ValueError, match="percentile"):
        percentile([], 0.5)
