"""Recipes: how an adapter is learnt, as TOML files. Those that come with the program, or a person's own.

Unknown keys are errors. docs/en/tuning.md explains every field.
"""

from __future__ import annotations

import difflib
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from training.errors import RecipeError

Schedule = Literal["cosine", "linear", "constant"]
Dtype = Literal["auto", "bf16", "fp32"]
BUILT_IN = ("smoke", "cpu", "gpu")


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class BaseModelRecipe(_Section):
    """Which weights are learnt on."""

    base: str = Field("", description="name among the models, or a folder; empty: the chat model")
    adapter: str = Field("", description="adapter of the workspace that is continued; empty: a new one")
    dtype: Dtype = Field("auto", description="of the frozen weights; auto: what is faster here")
    four_bit: bool = Field(False, description="QLoRA by bitsandbytes, on a GPU and on a folder only")


class LoraRecipe(_Section):
    """The matrices that are learnt."""

    rank: int = Field(16, ge=1, le=256)
    alpha: float = Field(32.0, gt=0)
    dropout: float = Field(0.05, ge=0, lt=1)
    targets: tuple[str, ...] = Field(
        ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"), min_length=1
    )


class DataRecipe(_Section):
    """What is learnt from."""

    max_tokens: int = Field(1024, ge=32, description="of one example, prompt and reply")
    block_tokens: int = Field(512, ge=16, description="of a block of documents, continued only")
    validation_share: float = Field(0.1, ge=0, lt=1, description="held out where no row is marked so")
    replay_share: float = Field(0.15, ge=0, lt=1, description="general examples among all; not for dpo")
    replay_folder: str = Field("", description="*.jsonl of {question, answer}; empty: the program's own")


class TrainingRecipe(_Section):
    """How long and how fast."""

    method: Literal["sft", "dpo", "continued"] = "sft"
    epochs: float = Field(2.0, gt=0)
    max_steps: int = Field(0, ge=0, description="0: as many as the epochs have")
    batch: int = Field(1, ge=1, description="examples computed at once")
    accumulate: int = Field(8, ge=1, description="such batches to a step")
    rate: float = Field(0.0, ge=0, lt=1, description="0: 1e-4, for dpo 1e-5")
    rate_times: float = Field(1.0, gt=0, le=100, description="times that, where a few steps must show")
    schedule: Schedule = "cosine"
    warmup: float = Field(0.05, ge=0, lt=1, description="share of the steps")
    weight_decay: float = Field(0.0, ge=0)
    clip: float = Field(1.0, gt=0, description="norm of the gradient at most")
    beta: float = Field(0.1, gt=0, description="dpo only: how near to the reference")
    sft_weight: float = Field(1.0, ge=0, description="dpo only: weight of the better reply's own loss")
    seed: int = Field(0, ge=0)
    recompute: bool = Field(False, description="activations anew in the backward pass: less memory, slower")

    @property
    def learning_rate(self) -> float:
        """`rate`, or what suits the method, `rate_times`."""
        return self.rate_times * (self.rate or (1e-5 if self.method == "dpo" else 1e-4))


class ValidationRecipe(_Section):
    """When the adapter is measured, and when to give up."""

    every: int = Field(10, ge=1, description="steps")
    limit: int = Field(40, ge=1, description="examples at most")
    patience: int = Field(4, ge=1, description="validations without a gain before the end")


class SampleRecipe(_Section):
    """Answers that are written in the course of the training, to be looked at."""

    every: int = Field(20, ge=0, description="steps; 0: never")
    count: int = Field(2, ge=1)
    tokens: int = Field(64, ge=1)


class LimitRecipe(_Section):
    """What the training may take of the machine."""

    save_every: int = Field(10, ge=1, description="steps between checkpoints")
    memory_gb: float = Field(0.0, ge=0, description="0: what is free at the start, less a reserve")
    threads: int = Field(0, ge=0, description="0: all cores that this process may use")


class Recipe(_Section):
    """A recipe, every field with its default."""

    model: BaseModelRecipe = BaseModelRecipe()
    lora: LoraRecipe = LoraRecipe()
    data: DataRecipe = DataRecipe()
    training: TrainingRecipe = TrainingRecipe()
    validation: ValidationRecipe = ValidationRecipe()
    samples: SampleRecipe = SampleRecipe()
    limits: LimitRecipe = LimitRecipe()

    @model_validator(mode="after")
    def _blocks_fit(self) -> Recipe:
        if self.training.method == "continued" and self.data.block_tokens > self.data.max_tokens:
            raise ValueError(
                f"data.block_tokens = {self.data.block_tokens} is more than data.max_tokens = "
                f"{self.data.max_tokens}"
            )
        return self


def find_recipe(name: str) -> tuple[str, str]:
    """The name and the text of a recipe: one that comes with the program, or the path of a file.

    Raises:
        RecipeError: it is neither, or cannot be read.
    """
    if name in BUILT_IN:
        return name, (files("training.tuning") / "recipes" / f"{name}.toml").read_text("utf-8")
    path = Path(name).expanduser()
    if not path.is_file():
        raise RecipeError(
            f"there is no recipe {name}. Give one of {', '.join(BUILT_IN)}, or the path of a TOML file."
        )
    try:
        return path.stem, path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"{path} cannot be read as UTF-8: {error}.") from error


def parse_recipe(text: str, name: str) -> Recipe:
    """The recipe of a file's text.

    Raises:
        RecipeError: it is not TOML, or keys or values are not valid; each is named.
    """
    try:
        return Recipe.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"{name} is not valid TOML: {error}. Mend the line it names.") from error
    except ValidationError as error:
        raise RecipeError("; ".join(explained(name, dict(one)) for one in error.errors())) from error


def recipe_keys() -> list[str]:
    """Every key, as `section.key`."""
    return [
        f"{section}.{key}"
        for section, field in Recipe.model_fields.items()
        for key in getattr(field.annotation, "model_fields", {})
    ]


def explained(name: str, error: dict[str, Any]) -> str:
    """One of pydantic's errors about the recipe `name` as a sentence."""
    key = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        near = difflib.get_close_matches(key, [*recipe_keys(), *Recipe.model_fields], n=1, cutoff=0.4)
        return f"{name}: unknown key {key}." + (f" Did you mean {near[0]}?" if near else "")
    if error["type"] == "value_error":
        return f"{name}: {str(error['msg']).removeprefix('Value error, ')}."
    return f"{name}: {key} = {error['input']!r}: {error['msg']}."
