from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.fusion import min_max, reciprocal_rank_fusion, weighted_fusion

scores = st.dictionaries(st.integers(0, 50), st.floats(-5, 5, allow_nan=False), max_size=20)


def ranking(values: dict[int, float]) -> list[tuple[int, float]]:
    return sorted(values.items(), key=lambda item: -item[1])


def test_weighted_sum_by_hand() -> None:
    dense = [(1, 0.9), (2, 0.8), (3, 0.7)]
    lexical = [(2, 10.0), (4, 5.0), (3, 0.0)]
    # scaled: dense 1, .5, 0; lexical 2: 1, 4: .5, 3: 0
    fused = weighted_fusion(dense, lexical, 0.6)
    assert [row for row, _ in fused] == [2, 1, 4, 3]
    assert [score for _, score in fused] == pytest.approx([0.7, 0.6, 0.2, 0.0])


def test_a_row_of_one_list_gets_the_others_minimum() -> None:
    fused = dict(weighted_fusion([(1, 0.9), (2, 0.1)], [(2, 3.0), (3, 1.0)], 0.5))
    assert fused[1] == pytest.approx(0.5 * 1.0 + 0.5 * 0.0)


def test_an_empty_list_leaves_the_other_alone() -> None:
    assert weighted_fusion([], [(7, 4.0), (8, 2.0)], 0.9) == [(7, 1.0), (8, 0.0)]
    assert weighted_fusion([(7, 0.4)], [], 0.1) == [(7, 1.0)]
    assert weighted_fusion([], [], 0.5) == []


def test_ties_go_to_the_better_lexical_score_then_the_smaller_row() -> None:
    fused = weighted_fusion([(5, 1.0), (9, 0.0)], [(6, 1.0), (9, 0.0)], 0.5)
    assert [row for row, _ in fused] == [6, 5, 9]
    assert [row for row, _ in weighted_fusion([(4, 1.0), (3, 1.0)], [], 0.5)] == [3, 4]


@given(scores, scores, st.floats(0, 1))
def test_every_row_once_in_order_and_within_bounds(
    dense: dict[int, float], lexical: dict[int, float], weight: float
) -> None:
    fused = weighted_fusion(ranking(dense), ranking(lexical), weight)
    assert sorted(row for row, _ in fused) == sorted(dense.keys() | lexical.keys())
    values = [score for _, score in fused]
    assert values == sorted(values, reverse=True)
    assert all(-1e-9 <= value <= 1 + 1e-9 for value in values)


def test_equal_scores_scale_to_one() -> None:
    assert min_max([(1, 0.3), (2, 0.3)]) == {1: 1.0, 2: 1.0}


def test_reciprocal_ranks_by_hand() -> None:
    fused = reciprocal_rank_fusion([[(1, 9.0), (2, 8.0)], [(2, 3.0), (3, 2.0)]], k=60)
    assert [row for row, _ in fused] == [2, 1, 3]
    assert fused[0][1] == pytest.approx((1 / 62 + 1 / 61) / (2 / 61))
    assert reciprocal_rank_fusion([[(4, 1.0)], [(4, 2.0)]])[0] == (4, pytest.approx(1.0))
