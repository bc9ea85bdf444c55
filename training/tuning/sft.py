"""Instruction tuning: the adapter learns to give the replies of the examples, by trl's SFTTrainer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from datasets import Dataset
from trl import SFTConfig, SFTTrainer

from training.tuning.encoding import Encoded
from training.tuning.recipes import Recipe
from training.tuning.trainer import RunTrainer, made_ours, settings_of
from training.tuning.weights import Weights


class ReplyTrainer(RunTrainer, SFTTrainer):  # type: ignore[misc]  # trl is not typed for the checker
    """Learns from rows with tokens and labels, as they are."""


def reply_trainer(
    model: Any,
    lora: Any,
    tokenizer: Any,
    train: Sequence[Encoded],
    validation: Sequence[Encoded],
    recipe: Recipe,
    folder: Path,
    *,
    steps: int,
    dtype: Weights,
    callbacks: Sequence[Any] = (),
) -> ReplyTrainer:
    """A trainer that writes checkpoints into `folder`. `lora` None: `model` has its adapter already."""
    settings = settings_of(recipe, folder, steps, dtype, validates=bool(validation))
    trainer = ReplyTrainer(
        model=model, args=SFTConfig(**settings), train_dataset=rows(train), processing_class=tokenizer,
        eval_dataset=rows(validation) if validation else None, peft_config=lora, callbacks=list(callbacks),
    )  # fmt: skip
    made_ours(trainer)
    return trainer


def rows(encoded: Sequence[Any]) -> Dataset:
    """The rows of examples that are encoded, in memory."""
    return Dataset.from_list([one.row() for one in encoded])
