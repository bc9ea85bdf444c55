"""Memory and time of a training before it starts, and the refusal of one that cannot fit.

Memory counts what autograd keeps for the backward pass, layer by layer, for the longest batch (compared with
a real training in NOTES.md). Time counts multiply-adds and divides by what this machine does at the moment.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ingestion.hardware import free_memory, total_memory
from training.errors import TrainingRefusedError
from training.tuning.recipes import Recipe
from training.tuning.weights import BYTES, Base, Shape, Weights

RUNTIME = 700_000_000
"""Python with torch, transformers and trl, before any weights."""
RESERVE = 0.1
"""Of the machine's memory, left to the chat and the system."""
EFFICIENCY = {"bf16": 0.35, "fp32": 0.6}
"""Share of the speed of one large multiplication that a whole step is taken to reach."""
_SPARE = 1.15
_OPTIMISER = 16  # bytes of each learnt weight: itself, its gradient and Adam's two means, 4 each


@dataclass(frozen=True, slots=True)
class Load:
    """One sequence: its tokens, and how many of them are scored."""

    tokens: int
    scored: int


@dataclass(frozen=True, slots=True)
class Estimate:
    """Bytes and seconds. `loading` is the peak while weights are unpacked, before anything else is there."""

    weights: int
    adapter: int
    activations: int
    loading: int
    available: int
    steps: int
    tokens: int
    longest: int
    seconds: float
    learnt_weights: int

    @property
    def total(self) -> int:
        """The most that is needed at one time."""
        return RUNTIME + max(self.loading, self.weights + self.adapter + self.activations)

    @property
    def fits(self) -> bool:
        """Whether that is to be had."""
        return self.total <= self.available

    def as_json(self) -> dict[str, Any]:
        """The value of `train estimate`, as far as it is about sizes."""
        return {
            "steps": self.steps, "tokens": self.tokens, "longest_tokens": self.longest,
            "learnt_weights": self.learnt_weights, "seconds": round(self.seconds, 1),
            "memory": {
                "weights": self.weights, "adapter": self.adapter, "activations": self.activations,
                "loading": self.loading, "runtime": RUNTIME, "total": self.total,
            },
            "available_bytes": self.available, "fits": self.fits,
        }  # fmt: skip


def available_bytes(recipe: Recipe) -> int:
    """Memory that the training may take: the recipe's limit, and no more than is free but a reserve."""
    free = max(0, free_memory() - int(RESERVE * total_memory()))
    return min(free, int(recipe.limits.memory_gb * 1e9)) if recipe.limits.memory_gb else free


def steps_of(recipe: Recipe, rows: int) -> int:
    """Steps of the whole training: those of its epochs, `max_steps` at most."""
    training = recipe.training
    whole = math.ceil(math.ceil(rows / training.batch) / training.accumulate)
    steps = max(1, math.ceil(training.epochs * whole))
    return min(steps, training.max_steps) if training.max_steps else steps


def estimate(
    recipe: Recipe,
    base: Base,
    dtype: Weights,
    train: Sequence[Sequence[Load]],
    validation: Sequence[Sequence[Load]],
    *,
    available: int,
    speed: float,
) -> Estimate:
    """What a training takes. Each row is one sequence, of a preference two.

    `speed` is in multiply-adds a second (`weights.multiplications`), `available` in bytes.
    """
    shape, pairs = base.shape, recipe.training.method == "dpo"
    learnt = adapter_weights(recipe, shape)
    steps = steps_of(recipe, len(train))
    batch = recipe.training.batch
    rows = sorted(train, key=lambda row: -max(one.tokens for one in row))
    heaviest = sum(activations(recipe, shape, dtype, one) for row in rows[:batch] for one in row)
    share = steps * batch * recipe.training.accumulate / max(1, len(train))
    work = share * sum(_work(recipe, shape, learnt, one, 3 if pairs else 2) for row in train for one in row)
    looks = 1 + math.ceil(steps / recipe.validation.every)
    checked = [one for row in validation[: recipe.validation.limit] for one in row]
    work += looks * sum(_passed(shape, learnt, one) * (2 if pairs else 1) for one in checked)
    weights = shape.weights * BYTES[dtype] // (3 if recipe.model.four_bit else 1)
    return Estimate(
        weights, learnt * _OPTIMISER, int(heaviest * _SPARE), loading_bytes(base, dtype), available, steps,
        sum(one.tokens for row in train for one in row), max(one.tokens for row in train for one in row),
        work / (speed * EFFICIENCY[dtype]), learnt,
    )  # fmt: skip


def refuse_what_cannot_fit(found: Estimate) -> None:
    """Nothing, where the training fits.

    Raises:
        TrainingRefusedError: it does not; figures and a way out are named.
    """
    if not found.fits:
        raise TrainingRefusedError(
            f"the training needs about {found.total / 1e9:.1f} GB of memory, but {found.available / 1e9:.1f} "
            f"GB can be had. Lower data.max_tokens (the longest example has {found.longest} tokens) or "
            "training.batch, set training.recompute = true, choose a smaller model, or end other programs."
        )


def adapter_weights(recipe: Recipe, shape: Shape) -> int:
    """Weights that are learnt: a pair of thin matrices for each layer that the recipe names."""
    sides = sum(sum(shape.linear[name]) for name in recipe.lora.targets if name in shape.linear)
    return shape.layers * recipe.lora.rank * sides


def activations(recipe: Recipe, shape: Shape, dtype: Weights, load: Load) -> int:
    """Bytes that one sequence keeps until its backward pass.

    A layer keeps the inputs of its learnt matrices with the mask of their dropout, the parts of attention
    and of the gated unit, and its two norms in 32 bits. With `recompute` only each layer's input stays, and
    one layer at a time the rest. Scored tokens keep the vocabulary's scores three times in 32 bits.
    """
    size = BYTES[dtype]
    inputs = sum(shape.linear[name][0] for name in recipe.lora.targets if name in shape.linear)
    layer = (size + 1) * inputs + 3 * size * shape.inner + 6 * size * shape.hidden + 16 * shape.hidden
    kept = shape.layers * size * shape.hidden + layer if recipe.training.recompute else shape.layers * layer
    return load.tokens * kept + load.scored * shape.vocabulary * 12


def loading_bytes(base: Base, dtype: Weights) -> int:
    """The peak while weights are unpacked: all of them twice, and the largest matrix in 32 bits twice."""
    weights = base.shape.weights * BYTES[dtype]
    return 2 * weights + 8 * base.shape.head_weights if base.is_gguf else weights


def _work(recipe: Recipe, shape: Shape, learnt: int, load: Load, passes: int) -> float:
    """Multiply-adds to learn from one sequence.

    A pass forward, one back to the inputs (`passes` 2), one more of a reference (3); frozen weights have no
    gradient, learnt ones have.
    """
    again = 1 if recipe.training.recompute else 0
    return (passes + again) * _passed(shape, learnt, load) + load.tokens * learnt


def _passed(shape: Shape, learnt: int, load: Load) -> float:
    attention = shape.layers * shape.hidden * load.tokens  # each token looks at half of the others, twice
    return load.tokens * (shape.linear_weights + learnt + attention) + load.scored * shape.head_weights
