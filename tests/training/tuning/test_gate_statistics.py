"""The gate's arithmetic against brute force and figures worked out by hand, and its rules one by one."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import pytest

from assistant.evaluation.bootstrap import Interval
from ingestion.gate_settings import GateSettings
from training.tuning.gate.measuring import metrics_of
from training.tuning.gate.significance import Comparison, compared, mcnemar, slowness
from training.tuning.gate.verdict import FAILING, KEPT, PASSING, Counts, decide

ENOUGH = Counts(50, 20, 200)


@pytest.mark.parametrize(("gained", "lost"), [(0, 0), (1, 0), (6, 0), (0, 6), (5, 2), (4, 4), (9, 1)])
def test_mcnemar_agrees_with_tossing_every_coin(gained: int, lost: int) -> None:
    """Every differing question falls to either side: how often is the outcome as lopsided as this one?"""
    pairs = [(0.0, 1.0)] * gained + [(1.0, 0.0)] * lost + [(1.0, 1.0)] * 3 + [(0.0, 0.0)] * 2
    differing = gained + lost
    tosses = list(itertools.product((0, 1), repeat=differing))
    extreme = [one for one in tosses if abs(2 * sum(one) - differing) >= abs(gained - lost)]
    assert mcnemar(pairs) == pytest.approx(len(extreme) / len(tosses))


def test_mcnemar_of_a_textbook() -> None:
    """Six against none: 2 / 2**6, the fewest that reach 5 %."""
    assert mcnemar([(0.0, 1.0)] * 6) == 0.03125
    assert mcnemar([(0.0, 1.0)] * 5) == 0.0625


def test_mcnemar_of_many_questions_does_not_overflow() -> None:
    assert mcnemar([(0.0, 1.0)] * 2000 + [(1.0, 0.0)] * 1900) == pytest.approx(0.1130, abs=1e-3)


def test_a_comparison_by_hand() -> None:
    base, tuned = [0.0] * 8 + [1.0] * 2, [1.0] * 7 + [0.0] + [1.0] * 2
    found = compared("x", base, tuned)
    assert (found.base, found.tuned, found.n, found.differing) == (0.2, 0.9, 10, 7)
    assert found.difference.mean == pytest.approx(0.7)
    assert found.p == 2 / 2**7
    assert found.verdict == "better"
    assert compared("x", tuned, base).verdict == "worse"
    assert compared("x", base, tuned, higher_is_better=False).verdict == "worse"


def test_five_that_differ_show_nothing_though_the_bootstrap_believes_them() -> None:
    found = compared("x", [0.0] * 5 + [1.0], [1.0] * 6)
    assert found.difference.low > 0
    assert found.verdict == "same"


def test_a_measure_of_shares_has_no_mcnemar() -> None:
    found = compared("f1", [0.1] * 8, [0.5] * 8)
    assert (found.p, found.verdict) == (None, "better")
    assert found.as_json()["ci"] == [0.4, 0.4]


def test_twice_and_half_as_slow_cancel_out() -> None:
    found = slowness([100.0, 100.0], [200.0, 50.0], higher_is_better=False)
    assert found.mean == pytest.approx(1.0)
    assert (found.low, found.high) == (pytest.approx(0.5), pytest.approx(2.0))
    rates = slowness([10.0] * 4, [8.0] * 4, higher_is_better=True)
    assert rates.mean == pytest.approx(1.25)


def test_a_measure_counts_only_where_both_sides_have_it() -> None:
    def row(base: float | None, tuned: float | None) -> dict[str, dict[str, dict[str, float | None]]]:
        return {"base": {"measures": {"x": base}}, "tuned": {"measures": {"x": tuned}}}

    found = metrics_of([row(1.0, 0.0), row(None, 1.0), row(1.0, None), row(0.0, 1.0)])
    assert (found["x"].n, found["x"].base, found["x"].tuned) == (2, 0.5, 0.5)
    assert metrics_of([row(None, None)]) == {}


# --- the rules


def measured(
    name: str, mean: float, half: float = 0.01, *, higher: bool = True, ratio: Interval | None = None
) -> Comparison:
    """A difference that is shown wherever its interval leaves out 0."""
    return Comparison(name, 0.5, 0.5 + mean, Interval(mean, mean - half, mean + half), 100, 50, 0.001,
                      higher, ratio)  # fmt: skip


GOOD = {
    "behaved": measured("behaved", 0.2), "served_behaved": measured("served_behaved", 0.0),
    "general": measured("general", 0.0),
}  # fmt: skip


def codes(*changed: Comparison, counts: Counts = ENOUGH, **settings: float | str) -> tuple[str, ...]:
    metrics = GOOD | {one.name: one for one in changed}
    decision = decide(metrics, counts, GateSettings.model_validate(settings))
    assert decision.passed == (not set(FAILING) & {one.code for one in decision.reasons})
    return tuple(one.code for one in decision.reasons)


def test_what_won_and_lost_nothing_passes() -> None:
    assert codes() == PASSING


@pytest.mark.parametrize(
    ("mean", "half", "code"),
    [
        (0.1, 0.05, "gained"), (0.0999, 0.05, "no_gain"), (0.1, 0.11, "gain_not_shown"),
        (0.0, 0.0, "no_gain"),
        (-0.3, 0.1, "no_gain"),
    ],
)  # fmt: skip
def test_the_gain(mean: float, half: float, code: str) -> None:
    assert codes(measured("behaved", mean, half))[0] == code


def test_a_gain_that_chance_explains_is_not_shown() -> None:
    assert codes(replace(GOOD["behaved"], p=0.05)) == ("gain_not_shown",)


@pytest.mark.parametrize(
    ("mean", "half", "code"),
    [
        (-0.02, 0.04, "general_kept"), (-0.0201, 0.01, "general_lost"), (-0.02, 0.041, "general_unsure"),
        (0.0, 0.061, "general_unsure"), (0.05, 0.02, "general_kept"),
    ],
)  # fmt: skip
def test_general_questions_have_two_bounds(mean: float, half: float, code: str) -> None:
    assert codes(measured("general", mean, half), general_bound=0.06)[-1] == code


def test_four_of_two_hundred_are_two_points() -> None:
    """0.02 as a mean of floats may miss the bound by a hair, and must not."""
    base, tuned = [1.0] * 200, [0.0] * 4 + [1.0] * 196
    assert codes(compared("general", base, tuned), general_bound=0.06) == PASSING
    lost = compared("general", base, [0.0] * 5 + [1.0] * 195)
    assert codes(lost, general_bound=0.06) == ("general_lost",)


@pytest.mark.parametrize(("name", "code"), KEPT.items())
def test_everything_else_may_not_be_lost_significantly(name: str, code: str) -> None:
    higher = "wrongly" not in name
    loss = -0.1 if higher else 0.1
    assert codes(measured(name, loss, 0.05, higher=higher)) == (code,)
    assert codes(measured(name, loss, 0.11, higher=higher)) == PASSING
    assert codes(measured(name, -loss, 0.05, higher=higher)) == PASSING


@pytest.mark.parametrize(
    ("mean", "low", "stopped"), [(1.5, 1.1, False), (1.51, 1.1, True), (1.6, 0.9, False), (0.5, 0.4, False)]
)
def test_speed_is_judged_by_how_many_times_as_slow(mean: float, low: float, stopped: bool) -> None:
    slow = measured("first_token_ms", 100.0, 1.0, higher=False, ratio=Interval(mean, low, 2 * mean))
    assert codes(slow) == (("slower_to_begin",) if stopped else PASSING)


def test_a_few_prompts_show_no_slowness() -> None:
    """Of five prompts the bootstrap believes whatever they agree in."""
    ratio = Interval(1.6, 1.6, 1.6)
    slow = replace(measured("tokens_per_s", -5.0, 0.0, ratio=ratio), n=5)
    assert codes(slow) == PASSING
    assert codes(replace(slow, n=6)) == ("slower_to_write",)


def test_questions_whose_right_source_is_unknown_are_not_counted() -> None:
    assert codes(replace(measured("cited", 0.2), n=29)) == ("too_few_answerable",)
    assert codes(replace(measured("cited", 0.2), n=30)) == PASSING


@pytest.mark.parametrize("kind", ["answerable", "unanswerable", "general"])
def test_each_kind_needs_its_number(kind: str) -> None:
    few = replace(ENOUGH, **{kind: 4})
    assert codes(counts=few) == (f"too_few_{kind}",)
    assert codes(counts=few, **{f"least_{kind}": 4}) == PASSING


def test_what_was_not_measured_is_not_passed() -> None:
    decision = decide({}, ENOUGH, GateSettings())
    assert not decision.passed
    assert [(one.code, one.metric) for one in decision.reasons] == [
        ("not_measured", "behaved"), ("not_measured", "general"),
    ]  # fmt: skip


@pytest.mark.parametrize(("asked", "code"), [(200, "general_unsure"), (1_600, "general_kept")])
def test_the_second_bound_needs_many_questions(asked: int, code: str) -> None:
    """One in 20 gained and one in 20 lost: 1.96 · sqrt(0.1 / n), 4.4 points of 200 and 1.5 of 1,600."""
    some, rest = asked // 20, asked - asked // 10
    base = [1.0] * some + [0.0] * some + [1.0] * rest
    tuned = [0.0] * some + [1.0] * some + [1.0] * rest
    found = compared("general", base, tuned)
    assert found.difference.low == pytest.approx(-1.96 * math.sqrt(0.1 / asked), abs=0.003)
    assert codes(found)[-1] == code
