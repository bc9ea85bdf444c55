"""What a training needs but the weights: its base, its examples as tokens, what was left out and why."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from assistant.task_prompts import TaskPrompts
from ingestion.hardware import available_cores
from ingestion.model_store import ModelStore
from ingestion.workspace import Workspace
from training.errors import ExampleError, TuningError
from training.tuning import estimating
from training.tuning.continued import document_blocks
from training.tuning.encoding import Encoded, EncodedPair, Encoder
from training.tuning.estimating import Estimate, Load
from training.tuning.examples import TuningExample
from training.tuning.pace import measured
from training.tuning.prompts import ServedLimits
from training.tuning.recipes import Recipe
from training.tuning.runs import Json
from training.tuning.selecting import Selection, general_examples, selected
from training.tuning.weights import (
    Base,
    Weights,
    chosen_dtype,
    find_base,
    load_tokenizer,
    lora_config,
)

Rows = list[Encoded] | list[EncodedPair]


@dataclass(frozen=True, slots=True)
class Lesson:
    """All that a training needs but the weights. `selection` is without what was `left_out`."""

    base: Base
    recipe: Recipe
    dtype: Weights
    tokenizer: Any
    encoder: Encoder
    selection: Selection
    train: Rows
    validation: Rows
    left_out: tuple[Json, ...]
    replayed: tuple[TuningExample, ...]

    @property
    def rows_hash(self) -> str:
        """A hash of all tokens that are learnt: a training that goes on must go on with the same."""
        told = hashlib.sha256()
        for row in self.train:
            told.update(json.dumps(row.row()).encode("utf-8"))
        return told.hexdigest()

    def estimate(self) -> Estimate:
        """What it takes."""
        return estimating.estimate(
            self.recipe, self.base, self.dtype, [_loads(row) for row in self.train],
            [_loads(row) for row in self.validation], available=estimating.available_bytes(self.recipe),
            pace=measured(
                self.base.shape, self.recipe.lora, self.dtype, _mean_tokens(self.train),
                threads=torch.get_num_threads(),
            ),
        )  # fmt: skip


def prepare(
    workspace: Workspace, recipe: Recipe, examples: Sequence[TuningExample], dtype: Weights | None = None
) -> Lesson:
    """Read tokenizer and sizes of the base, and turn the examples into tokens. `dtype` as it was before.

    Raises:
        ModelError, RecipeError, TuningError, ExampleError: something is missing or does not fit.
    """
    torch.set_num_threads(recipe.limits.threads or available_cores())
    settings = workspace.settings()
    base = find_base(recipe.model.base or settings.models.chat, ModelStore(workspace.models))
    lora_config(recipe.lora, base)
    training = recipe.training
    selection = selected(examples, recipe.data.validation_share, training.seed)
    if not selection.train:
        raise TuningError("there are no examples to train on. Accept some: konkyo train data list")
    tokenizer = load_tokenizer(base)
    encoder = Encoder(
        tokenizer, max_tokens=recipe.data.max_tokens, prompts=TaskPrompts(workspace.prompts),
        served=ServedLimits.of(settings),
    )  # fmt: skip
    replayed: list[TuningExample] = []
    if training.method != "dpo":
        replayed = general_examples(
            recipe.data.replay_folder, recipe.data.replay_share, len(selection.train), training.seed
        )
    left_out: list[Json] = []
    train = _encoded(selection.train, encoder, recipe, left_out)
    validation = _encoded(selection.validation, encoder, recipe, left_out)[: recipe.validation.limit]
    if not train:
        raise TuningError(f"no example fits: {left_out[0]['reason']}")
    missing = {one["id"] for one in left_out}
    train = [*train, *(row for one in replayed for row in _rows(one, encoder, left_out))]
    return Lesson(
        base, recipe, dtype or chosen_dtype(recipe.model, base.shape), tokenizer, encoder,
        selection.without(missing), train, validation, tuple(left_out), tuple(replayed),
    )  # fmt: skip


def _encoded(
    examples: Sequence[TuningExample], encoder: Encoder, recipe: Recipe, left_out: list[Json]
) -> Rows:
    """What is learnt from, by method; what does not fit is put into `left_out` with its reason."""
    if recipe.training.method == "continued":
        return document_blocks(examples, encoder, recipe.data.block_tokens)
    if recipe.training.method == "sft":
        return [row for one in examples for row in _rows(one, encoder, left_out)]
    pairs = []
    for one in examples:
        try:
            pairs.append(encoder.encode_pair(one))
        except ExampleError as error:
            left_out.append({"id": one.id, "reason": str(error)})
    return pairs


def _rows(example: TuningExample, encoder: Encoder, left_out: list[Json]) -> list[Encoded]:
    try:
        return encoder.encode(example)
    except ExampleError as error:
        left_out.append({"id": example.id, "reason": str(error)})
        return []


def _mean_tokens(rows: Rows) -> int:
    loads = [one for row in rows for one in _loads(row)]
    return round(sum(one.tokens for one in loads) / len(loads))


def _loads(row: Encoded | EncodedPair) -> list[Load]:
    if isinstance(row, Encoded):
        return [Load(len(row.ids), len(row.ids) - row.prompt)]
    return [Load(len(row.prompt) + len(one), len(one)) for one in (row.chosen, row.rejected)]
