from __future__ import annotations

import math

import numpy as np
import pytest

from assistant.evaluation.bootstrap import mean_interval, paired_difference
from assistant.evaluation.cross_fitting import WEIGHTS, Half, best_weight, cross_fit, half_of


def test_interval_agrees_with_the_normal_approximation() -> None:
    values = np.random.default_rng(5).normal(2.0, 3.0, 400).tolist()
    error = float(np.std(values) / math.sqrt(400))
    interval = mean_interval(values)
    assert interval.mean == pytest.approx(np.mean(values))
    assert interval.low == pytest.approx(interval.mean - 1.96 * error, abs=0.02)
    assert interval.high == pytest.approx(interval.mean + 1.96 * error, abs=0.02)


def test_same_seed_same_interval_and_another_seed_another() -> None:
    values = [float(index % 7) for index in range(90)]
    assert mean_interval(values) == mean_interval(values)
    assert mean_interval(values, seed=1) != mean_interval(values)


def test_pairing_removes_the_difference_between_questions() -> None:
    hard = np.random.default_rng(1).normal(0, 10, 200)
    paired = paired_difference((hard + 1).tolist(), hard.tolist())
    assert paired.low == pytest.approx(1.0)
    assert paired.high == pytest.approx(1.0)
    assert mean_interval((hard + 1).tolist()).high - mean_interval((hard + 1).tolist()).low > 2


def test_95_percent_intervals_hold_the_truth_about_95_times_in_100() -> None:
    generator = np.random.default_rng(3)
    holds = 0
    for _ in range(200):
        interval = mean_interval(generator.exponential(1.0, 150).tolist(), resamples=400)
        holds += interval.low <= 1.0 <= interval.high
    assert 0.88 <= holds / 200 <= 0.99


def test_what_cannot_be_paired_is_refused() -> None:
    with pytest.raises(ValueError, match="paired"):
        paired_difference([1.0], [1.0, 2.0])
    with pytest.raises(ValueError, match="0 values"):
        paired_difference([], [])


def test_halves_are_stable_and_about_equal() -> None:
    halves = [half_of(str(index)) for index in range(2000)]
    assert halves == [half_of(str(index)) for index in range(2000)]
    assert 900 < halves.count("a") < 1100


def test_each_half_gets_the_weight_that_was_best_on_the_other() -> None:
    halves: list[Half] = ["a", "a", "b", "b"]
    scores = {0.2: [1.0, 1.0, 0.0, 0.0], 0.5: [0.5, 0.5, 0.5, 0.5], 0.8: [0.0, 0.0, 1.0, 1.0]}
    assert cross_fit(scores, halves) == {"a": 0.8, "b": 0.2}


def test_a_half_is_never_measured_with_a_weight_that_saw_it() -> None:
    generator = np.random.default_rng(0)
    halves = [half_of(str(index)) for index in range(60)]
    scores = {weight: generator.random(60).tolist() for weight in WEIGHTS}
    changed = {
        weight: [0.0 if half == "a" else value for value, half in zip(values, halves, strict=True)]
        for weight, values in scores.items()
    }
    assert cross_fit(scores, halves)["a"] == cross_fit(changed, halves)["a"]


def test_a_weight_moves_from_the_default_only_when_the_questions_tell_the_difference() -> None:
    generator = np.random.default_rng(2)
    base = generator.random(100)
    noise = {weight: (base + generator.normal(0, 0.3, 100)).tolist() for weight in (0.4, 0.6, 0.7)}
    same = noise | {0.5: (base - 0.01).tolist()}
    worse = noise | {0.5: (base - 0.5).tolist()}
    assert best_weight(same, lambda index: True, 0.5) == 0.5
    assert best_weight(worse, lambda index: True, 0.5) != 0.5


def test_ties_go_to_the_weight_nearest_the_default_and_nothing_gives_the_default() -> None:
    flat = {weight: [1.0, 1.0] for weight in WEIGHTS}
    assert best_weight(flat, lambda index: True, 0.5) == 0.5
    assert best_weight({0.4: [1.0], 0.6: [1.0]}, lambda index: True, 0.5) == 0.4
    assert best_weight(flat, lambda index: False, 0.37) == 0.37
    with pytest.raises(ValueError, match="length"):
        cross_fit({0.5: [1.0]}, ["a", "b"])
