"""Preference tuning: of two replies the better becomes likelier, by trl's DPOTrainer.

The reference is the model with the adapter off; for an adapter that is continued, that adapter as it was.
The margin alone may be widened by making both replies unlikely, until the model writes neither; the better
reply's own loss is added against that (RPO, Pang et al. 2024, arXiv:2404.19733, with its weight of 1).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from datasets import Dataset
from trl import DPOConfig, DPOTrainer

from training.tuning.encoding import EncodedPair
from training.tuning.recipes import Recipe
from training.tuning.sft import rows
from training.tuning.trainer import RunTrainer, made_ours, settings_of
from training.tuning.weights import Weights


class PairTrainer(RunTrainer, DPOTrainer):  # type: ignore[misc]  # trl is not typed for the checker
    """Learns from pairs that are tokens already."""

    def _prepare_dataset(self, dataset: Dataset, *_: Any, **__: Any) -> Dataset:
        return dataset


def pair_trainer(
    model: Any,
    lora: Any,
    tokenizer: Any,
    train: Sequence[EncodedPair],
    validation: Sequence[EncodedPair],
    recipe: Recipe,
    folder: Path,
    *,
    steps: int,
    dtype: Weights,
    callbacks: Sequence[Any] = (),
) -> PairTrainer:
    """A trainer that writes checkpoints into `folder`. `lora` None: `model` has its adapter already."""
    settings = settings_of(recipe, folder, steps, dtype, validates=bool(validation))
    weight = recipe.training.sft_weight
    losses = {"loss_type": ["sigmoid", "sft"], "loss_weights": [1.0, weight]} if weight else {}
    trainer = PairTrainer(
        model=model, args=DPOConfig(**settings, **losses, beta=recipe.training.beta),
        train_dataset=rows(train), eval_dataset=rows(validation) if validation else None,
        processing_class=tokenizer, peft_config=lora, callbacks=list(callbacks),
    )  # fmt: skip
    made_ours(trainer)
    return trainer
