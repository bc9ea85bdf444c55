from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from toy_chat_models import toy_model

from training.errors import TrainingRefusedError
from training.tuning.estimating import (
    RUNTIME,
    Load,
    activations,
    adapter_weights,
    available_bytes,
    estimate,
    refuse_what_cannot_fit,
    steps_of,
)
from training.tuning.pace import Pace, measured
from training.tuning.recipes import Recipe
from training.tuning.weights import Base, Shape

QWEN = Shape(24, 896, 4864, 14, 2, 151_936, True)
"""Qwen2.5 0.5B, whose card states 0.49 B weights, 0.36 B without the words'."""
BASE = Base("qwen", Path("toy"), "qwen2", "", QWEN)


def recipe(**sections: Any) -> Recipe:
    return Recipe.model_validate(sections)


def found(chosen: Recipe, tokens: int = 500, rows: int = 16, **more: Any) -> Any:
    train = [[Load(tokens, 50)] * (2 if chosen.training.method == "dpo" else 1)] * rows
    given = {"available": 16_000_000_000, "pace": Pace(50e9, 50e9, 1e9), **more}
    return estimate(chosen, BASE, "bf16", train, [], **given)


def test_weights_are_those_that_its_card_states() -> None:
    assert QWEN.weights == pytest.approx(0.494e9, rel=0.01)
    assert QWEN.linear_weights == pytest.approx(0.358e9, rel=0.01)


@pytest.mark.filterwarnings("ignore:.*gradient_checkpointing.* is deprecated:FutureWarning")
def test_the_weights_that_are_learnt_are_those_of_peft() -> None:
    from peft import get_peft_model

    from training.tuning.weights import lora_config

    base = Base("toy", Path("toy"), "qwen2", "", Shape(2, 32, 64, 4, 2, 265, True))
    for targets in (("q_proj",), ("k_proj", "down_proj"), recipe().lora.targets):
        chosen = recipe(lora={"rank": 5, "targets": targets})
        model = get_peft_model(toy_model(), lora_config(chosen.lora, base))
        assert adapter_weights(chosen, base.shape) == sum(
            one.numel() for one in model.parameters() if one.requires_grad
        )


def test_steps_by_hand() -> None:
    def steps(rows: int, **training: Any) -> int:
        return steps_of(recipe(training=training), rows)

    assert steps(16, epochs=1, batch=1, accumulate=8) == 2
    assert steps(17, epochs=2, batch=2, accumulate=4) == 6  # 9 batches, 3 steps, twice
    assert steps(3, epochs=1, batch=1, accumulate=8) == 1
    assert steps(16, epochs=0.5, batch=1, accumulate=2) == 4
    assert steps(16, epochs=9, batch=1, accumulate=2, max_steps=7) == 7


def test_more_of_anything_takes_more() -> None:
    least = found(recipe())
    assert found(recipe(), tokens=600).activations > least.activations
    assert found(recipe(), tokens=600).seconds > least.seconds
    assert found(recipe(training={"batch": 2})).activations > least.activations
    assert found(recipe(lora={"rank": 32})).adapter == 2 * least.adapter
    twice = found(recipe(training={"epochs": 4})).times
    assert twice.learning == pytest.approx(2 * least.times.learning) and twice.loading == least.times.loading
    pairs = found(recipe(training={"method": "dpo"}))
    assert pairs.activations > 1.9 * least.activations and pairs.times.learning > 2.9 * least.times.learning
    less = found(recipe(training={"recompute": True}))
    assert less.activations < least.activations / 3 and less.times.learning > 1.3 * least.times.learning
    faster = found(recipe(), pace=Pace(100e9, 50e9, 1e9)).times
    assert faster.learning == pytest.approx(least.times.learning / 2)
    full = Load(500, 500)
    assert activations(recipe(), QWEN, "fp32", full) > activations(recipe(), QWEN, "bf16", full)
    only = recipe(lora={"targets": ("q_proj",)})
    assert activations(only, QWEN, "bf16", full) < activations(recipe(), QWEN, "bf16", full)


def test_the_total_is_what_is_needed_at_one_time() -> None:
    one = found(recipe())
    together = one.weights + one.adapter + one.activations
    assert one.total == RUNTIME + max(together, one.loading)
    assert replace(one, loading=10**12).total == RUNTIME + 10**12
    assert one.weights == 2 * QWEN.weights


def test_what_cannot_fit_is_refused_with_figures_and_a_way_out() -> None:
    refuse_what_cannot_fit(found(recipe()))
    with pytest.raises(
        TrainingRefusedError, match=r"about \d+\.\d GB .*, but 2\.0 GB .*data\.max_tokens.*500"
    ):
        refuse_what_cannot_fit(found(recipe(), available=2_000_000_000))


def test_the_limit_of_the_recipe_is_kept_and_no_more_is_promised_than_there_is() -> None:
    assert available_bytes(recipe(limits={"memory_gb": 0.001})) == 1_000_000
    free = available_bytes(recipe())
    assert available_bytes(recipe(limits={"memory_gb": 10**6})) == pytest.approx(free, rel=0.3)


def test_what_a_busy_machine_would_take_when_it_is_quiet() -> None:
    """At half of the processor's time all but the loading takes twice as long as it would."""
    alone, beside = found(recipe()), found(recipe(), pace=Pace(25e9, 25e9, 0.5e9, share=0.5))
    assert alone.as_json()["busy"] is False and alone.quiet_seconds == alone.seconds
    assert beside.as_json()["busy"] is True
    assert beside.seconds > alone.seconds
    assert beside.quiet_seconds == pytest.approx(alone.seconds)


def test_the_share_of_the_processor_is_measured() -> None:
    """One thread on a core of its own gets much of it, and never more than all."""
    shape = Shape(2, 32, 64, 4, 2, 265, True)
    pace = measured(shape, recipe().lora, "fp32", 16, threads=1, seconds=0.05)
    assert 0 < pace.share <= 1
