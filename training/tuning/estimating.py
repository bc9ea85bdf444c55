"""Memory and time of a training before it starts, and the refusal of one that cannot fit.

Memory counts what autograd keeps for the backward pass, layer by layer, for the longest batch (compared with
a real training in NOTES.md). Time counts multiply-adds and divides by what this machine does at the moment
(`pace`); beside learning itself it counts what stands between the steps.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ingestion.hardware import free_memory, total_memory
from training.errors import TrainingRefusedError
from training.tuning.checkpoints import KEPT
from training.tuning.pace import Pace
from training.tuning.recipes import Recipe
from training.tuning.weights import BYTES, Base, Shape, Weights

RUNTIME = 700_000_000
"""Python with torch, transformers and trl, before any weights."""
RESERVE = 0.1
"""Of the machine's memory, left to the chat and the system."""
_BUSY = 0.7
"""Share of the processor's time. Below, others take so much of it that people should know."""
_STARTING = 15.0  # seconds until libraries are there
_UNPACKING = 80e-9  # seconds for each weight of a GGUF file, single-threaded
_READING = 5e-9  # seconds for each weight of a folder
_SPARE = 1.15
_KEPT = 4 * (3 * (KEPT + 1) + 3)
"""Bytes on the disk for each learnt weight: itself and Adam's means in a checkpoint more than are kept, and
the best adapter with what takes its place, and the adapter that comes of it."""
_LITTLE = 50_000_000  # all files beside weights
_OPTIMISER = 16  # bytes of each learnt weight: itself, its gradient and Adam's two means, 4 each


@dataclass(frozen=True, slots=True)
class Load:
    """One sequence: its tokens, and how many of them are scored."""

    tokens: int
    scored: int


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds of a whole training, by what they go into."""

    loading: float
    learning: float
    validation: float
    samples: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """Bytes and seconds. `loading` is the peak while weights are unpacked, before anything else is there.

    `share` is how much of the processor's time a training would get now.
    """

    weights: int
    adapter: int
    activations: int
    loading: int
    available: int
    steps: int
    tokens: int
    longest: int
    times: Times
    learnt_weights: int
    share: float = 1.0

    @property
    def seconds(self) -> float:
        """From now to the adapter, where nothing stops it early."""
        return float(sum(asdict(self.times).values()))

    @property
    def quiet_seconds(self) -> float:
        """The same on this machine while nothing else runs on it."""
        return self.times.loading + (self.seconds - self.times.loading) * self.share

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
            "quiet_seconds": round(self.quiet_seconds, 1), "busy": self.share < _BUSY,
            "times": {name: round(value, 1) for name, value in asdict(self.times).items()},
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
    pace: Pace,
) -> Estimate:
    """What a training takes. Each row is one sequence, of a preference two.

    `available` is in bytes.
    """
    shape = base.shape
    learnt = adapter_weights(recipe, shape)
    steps = steps_of(recipe, len(train))
    batch = recipe.training.batch
    rows = sorted(train, key=lambda row: -max(one.tokens for one in row))
    heaviest = sum(activations(recipe, shape, dtype, one) for row in rows[:batch] for one in row)
    looks = looks_of(steps, recipe.validation.every)
    times = Times(
        _loading_seconds(base), steps * _step_seconds(recipe, shape, learnt, train, pace),
        looks * _validation_seconds(recipe, shape, learnt, validation, pace),
        _samples_seconds(recipe, shape, learnt, [*validation, *train], steps, pace),
    )  # fmt: skip
    weights = shape.weights * BYTES[dtype] // (3 if recipe.model.four_bit else 1)
    return Estimate(
        weights, learnt * _OPTIMISER, int(heaviest * _SPARE), loading_bytes(base, dtype), available, steps,
        sum(one.tokens for row in train for one in row), max(one.tokens for row in train for one in row),
        times, learnt, pace.share,
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


def refuse_a_full_disk(found: Estimate, folder: Path, free: int | None = None) -> None:
    """Nothing, where the checkpoints fit onto the disk of `folder`, which has `free` bytes; None: ask it.

    Raises:
        TrainingRefusedError: they do not.
    """
    needed = found.learnt_weights * _KEPT + _LITTLE
    left = shutil.disk_usage(folder).free if free is None else free
    if needed > left:
        raise TrainingRefusedError(
            f"the training needs about {needed / 1e9:.1f} GB on the disk of {folder}, but "
            f"{left / 1e9:.1f} GB are free. Free some, or lower lora.rank."
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


def looks_of(steps: int, every: int) -> int:
    """Validations of so many steps: before the first, after each `every`, and at the end."""
    return 1 + math.ceil(steps / every)


def _loading_seconds(base: Base) -> float:
    return _STARTING + base.shape.weights * (_UNPACKING if base.is_gguf else _READING)


def _step_seconds(
    recipe: Recipe, shape: Shape, learnt: int, train: Sequence[Sequence[Load]], pace: Pace
) -> float:
    """Of a step with examples as long as those of `train` are on average; a preference reads a reference."""
    loads = [one for row in train for one in row]
    rows = recipe.training.batch * recipe.training.accumulate / len(train)
    learning = sum(_work(recipe, shape, learnt, one) for one in loads)
    pairs = recipe.training.method == "dpo"
    reading = sum(_passed(shape, learnt, one) for one in loads) if pairs else 0
    return rows * (learning / pace.learning + reading / pace.reading)


def _validation_seconds(
    recipe: Recipe, shape: Shape, learnt: int, validation: Sequence[Sequence[Load]], pace: Pace
) -> float:
    """Of one look."""
    loads = [one for row in validation[: recipe.validation.limit] for one in row]
    passes = 2 if recipe.training.method == "dpo" else 1
    return passes * sum(_passed(shape, learnt, one) for one in loads) / pace.reading


def _samples_seconds(
    recipe: Recipe, shape: Shape, learnt: int, rows: Sequence[Sequence[Load]], steps: int, pace: Pace
) -> float:
    """Of all sample answers, before the first step and after each `samples.every`; a text asks none."""
    settings = recipe.samples
    if not settings.every or recipe.training.method == "continued":
        return 0.0
    asked = [row[0] for row in rows[: settings.count]]
    reading = sum(_passed(shape, learnt, Load(one.tokens - one.scored, 1)) for one in asked)
    written = sum(min(one.scored, settings.tokens) for one in asked)
    each = shape.linear_weights + learnt + shape.head_weights
    return (1 + steps // settings.every) * (reading / pace.reading + written * each / pace.writing)


def _work(recipe: Recipe, shape: Shape, learnt: int, load: Load) -> float:
    """Multiply-adds to learn from one sequence.

    A pass forward, one back to the inputs; frozen weights have no gradient, learnt ones have.
    """
    passes = 3 if recipe.training.recompute else 2
    return passes * _passed(shape, learnt, load) + load.tokens * learnt


def _passed(shape: Shape, learnt: int, load: Load) -> float:
    # Each token looks at half of the others, twice.
    attention = shape.layers * shape.linear["q_proj"][1] * load.tokens
    return load.tokens * (shape.linear_weights + learnt + attention) + load.scored * shape.head_weights
