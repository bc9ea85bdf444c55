"""How long a training says that it will take, before it starts and while it runs."""

from __future__ import annotations

import os
import sys
import threading
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from training.errors import TuningError
from training.tuning.estimating import Load, Times, estimate
from training.tuning.pace import Pace, measured
from training.tuning.recipes import Recipe
from training.tuning.runs import Run
from training.tuning.telling import Sampler, Teller
from training.tuning.weights import Base, Shape

SHAPE = Shape(2, 32, 64, 4, 2, 100, True)
BASE = Base("toy", Path("toy"), "qwen2", "", SHAPE)
PACE = Pace(learning=1000.0, reading=2000.0, writing=10.0)


def times(tokens: int = 20, scored: int = 5, rows: int = 8, held: int = 3, **sections: Any) -> Times:
    row = [Load(tokens, scored)]
    if sections.get("training", {}).get("method") == "dpo":
        row *= 2
    recipe = Recipe.model_validate(
        {"lora": {"rank": 1, "targets": ["q_proj"]}, "validation": {"every": 3}, **sections}
    )
    return estimate(recipe, BASE, "fp32", [row] * rows, [row] * held, available=1, pace=PACE).times


def test_the_time_is_that_of_every_part_by_hand() -> None:
    """8 rows, one to a batch, 2 to a step, 2 epochs: 8 steps, 16 rows; 4 validations, 5 rounds of samples."""
    found = times(training={"epochs": 2, "accumulate": 2}, samples={"every": 2, "count": 2, "tokens": 4})
    block = 32 * 32 * 2 + 2 * 32 * 16 + 3 * 32 * 64  # q, o; k, v; the gated unit
    learnt = 2 * (32 + 32)
    passed = 20 * (2 * block + learnt + 2 * 32 * 20) + 5 * 100 * 32
    assert found.learning == pytest.approx(16 * (2 * passed + 20 * learnt) / 1000)
    assert found.validation == pytest.approx(4 * 3 * passed / 2000)
    prompt = 15 * (2 * block + learnt + 2 * 32 * 15) + 100 * 32
    written = 4 * (2 * block + learnt + 100 * 32)
    assert found.samples == pytest.approx(5 * 2 * (prompt / 2000 + written / 10))
    assert found.loading > 0
    assert times(samples={"every": 0}).samples == 0 == times(training={"method": "continued"}).samples
    once = times(training={"accumulate": 2})
    pairs = times(training={"accumulate": 2, "method": "dpo"})  # two replies, and the reference reads both
    assert pairs.learning == pytest.approx(2 * once.learning + 2 * 16 * passed / 2000)
    assert pairs.validation == pytest.approx(4 * once.validation)
    again = times(training={"accumulate": 2, "recompute": True})
    assert again.learning == pytest.approx(16 * (3 * passed + 20 * learnt) / 1000)


def test_the_pace_is_that_of_a_real_block_and_gives_way() -> None:
    """More work takes more time; nobody's priority but the measurement's own is lowered."""
    wide = replace(SHAPE, hidden=256, inner=1024, heads=8, kv_heads=2)
    recipe = Recipe()
    before = os.nice(0), threading.active_count()
    found = measured(wide, recipe.lora, "fp32", 64, seconds=0.05)
    assert (os.nice(0), threading.active_count()) == before
    assert found.reading > 0 and found.learning > 0
    assert found.writing < found.reading, "one token at a time cannot keep a processor busy"


@pytest.mark.parametrize("name", ["loss", "eval_loss"])
def test_a_loss_that_is_no_number_ends_the_training(name: str, tmp_path: Path) -> None:
    teller = Teller(Run(tmp_path), Recipe())
    with pytest.raises(TuningError, match="no number after step 7"):
        teller.on_log(None, SimpleNamespace(global_step=7, max_steps=9), None, {name: float("nan")})


@pytest.mark.skipif(sys.platform != "linux", reason="only there a thread has a priority of its own")
def test_only_the_thread_that_measures_gives_way() -> None:
    from training.tuning import pace

    seen: list[int] = []

    def give_way() -> None:
        pace._give_way()
        seen.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))

    own = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    thread = threading.Thread(target=give_way)
    thread.start()
    thread.join()
    assert seen == [19] and os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == own


def test_the_time_left_counts_what_stands_between_the_steps(tmp_path: Path) -> None:
    """42 steps, a validation every 10 and at the end, samples every 20 and before the first."""
    run = Run(tmp_path)
    recipe = Recipe.model_validate({"validation": {"every": 10}, "samples": {"every": 20}})
    sampler = Sampler(run, recipe, [], None, 0)
    sampler.seconds = 1000.0
    teller = Teller(run, recipe, sampler=sampler)
    teller._taken = 1.0

    def left(step: int) -> float:
        teller.on_log(None, SimpleNamespace(global_step=step, max_steps=42), None, {"loss": 1.0})
        found: float = run.events()[-1]["eta_seconds"]
        return found

    assert left(1) == 41 + 2 * 1000  # the samples of 20 and 40
    teller.on_log(
        None, SimpleNamespace(global_step=0, max_steps=42), None, {"eval_loss": 1.0, "eval_runtime": 100.0}
    )
    expected = {1: (5, 2), 10: (5, 2), 11: (4, 2), 20: (4, 1), 39: (2, 1), 40: (2, 0), 41: (1, 0), 42: (1, 0)}
    for step, (validations, samples) in expected.items():
        assert left(step) == 42 - step + 100 * validations + 1000 * samples, step
