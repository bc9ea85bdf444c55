"""One training from its run folder to an adapter: encode, estimate, load, learn, write down."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from assistant.adapters import PEFT, AdapterFolder, Manifest
from assistant.task_prompts import TaskPrompts
from ingestion.hardware import available_cores
from ingestion.model_store import ModelStore
from ingestion.workspace import Workspace
from training.errors import ExampleError, TuningError
from training.tuning import estimating
from training.tuning.checkpoints import history_of, latest, replace_folder, step_of
from training.tuning.continued import document_blocks
from training.tuning.encoding import Encoded, EncodedPair, Encoder
from training.tuning.estimating import Estimate, Load
from training.tuning.examples import TuningExample
from training.tuning.recipes import Recipe
from training.tuning.runs import Json, Run
from training.tuning.selecting import Selection, general_examples, read_examples, selected
from training.tuning.store import data_hash, documents_of
from training.tuning.weights import (
    Base,
    Weights,
    chosen_dtype,
    continued_adapter,
    find_base,
    load_model,
    load_tokenizer,
    lora_config,
    multiplications,
)

_PACKAGES = ("torch", "transformers", "peft", "trl", "accelerate", "tokenizers", "gguf", "konkyo")
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

    def estimate(self) -> Estimate:
        """What it takes."""
        return estimating.estimate(
            self.recipe, self.base, self.dtype, [_loads(row) for row in self.train],
            [_loads(row) for row in self.validation], available=estimating.available_bytes(self.recipe),
            speed=multiplications(self.dtype, self.base.shape),
        )  # fmt: skip


def prepare(
    workspace: Workspace, recipe: Recipe, examples: Sequence[TuningExample], dtype: Weights | None = None
) -> Lesson:
    """Read tokenizer and sizes of the base, and turn the examples into tokens. `dtype` as it was before.

    Raises:
        ModelError, RecipeError, TuningError, ExampleError: something is missing or does not fit.
    """
    torch.set_num_threads(recipe.limits.threads or available_cores())
    store = ModelStore(workspace.models)
    base = find_base(recipe.model.base or workspace.settings().models.chat, store)
    lora_config(recipe.lora, base)
    training = recipe.training
    selection = selected(examples, recipe.data.validation_share, training.seed)
    if not selection.train:
        raise TuningError("there are no examples to train on. Accept some: konkyo train data list")
    tokenizer = load_tokenizer(base)
    encoder = Encoder(tokenizer, max_tokens=recipe.data.max_tokens, prompts=TaskPrompts(workspace.prompts))
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


def perform(
    run: Run, workspace: Workspace, asked: threading.Event, limit: Callable[[int], None] = lambda size: None
) -> None:
    """Train from the start or from the last checkpoint, and write adapter, manifest and record.

    `limit` is told how many bytes may be taken, once it is clear that they should do.

    Raises:
        TuningError, ExampleError, RecipeError, ModelError: as the record's reason will say.
        TrainingRefusedError: it cannot fit.
        StoppedError: `asked` was set.
    """
    from training.tuning.telling import Keeper, Stopper, Teller

    record = run.record()
    recipe = Recipe.model_validate(record["recipe"])
    examples = read_examples(run.data)
    checkpoint = latest(run.checkpoints)
    lesson = prepare(workspace, recipe, examples, record.get("dtype") if checkpoint else None)
    estimate = lesson.estimate()
    run.update(**_known(lesson, examples), estimate=estimate.as_json())
    estimating.refuse_what_cannot_fit(estimate)
    limit(estimate.available)
    run.tell("prepared", steps=estimate.steps, eta_seconds=round(estimate.seconds, 1))
    if checkpoint is not None:
        run.tell("resumed", step=step_of(checkpoint))

    adapters = AdapterFolder(workspace.adapters)
    model, lora = load_model(lesson.base, lesson.dtype, four_bit=recipe.model.four_bit), None
    parents = _parents(recipe, adapters, lesson.base)
    if parents:
        model = continued_adapter(model, adapters.folder(parents[-1]) / PEFT)
    else:
        lora = lora_config(recipe.lora, lesson.base)
    teller = Teller(run, recipe, record.get("seconds", 0.0))
    history = history_of(checkpoint) if checkpoint else []
    keeper = Keeper(run, recipe.validation.patience, history)
    callbacks = [teller, keeper, _sampler(run, lesson), Stopper(asked)]
    trainer = _trainer(lesson, model, lora, run.checkpoints, estimate.steps, callbacks)
    if checkpoint is None and lesson.validation:
        run.update(base_validation_loss=round(trainer.evaluate()["eval_loss"], 5))
    step = step_of(checkpoint) if checkpoint else 0
    if step < estimate.steps and not keeper.gives_up:  # else it was killed between its end and its adapter
        trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
        history, step = trainer.state.log_history, trainer.state.global_step
    result = {
        "train_loss": round(final_loss(history), 5),
        "validation_loss": round(keeper.best, 5) if lesson.validation else None,
        "best_step": keeper.best_step or step, "step": step, "stopped_early": step < estimate.steps,
        "seconds": round(teller.seconds, 1), "resumed": bool(checkpoint or record.get("resumed")),
    }  # fmt: skip
    _finish(run, adapters, lesson, parents, result)


def final_loss(history: Sequence[Json]) -> float:
    """The mean loss of the last epoch's steps: one step's alone is that of a few examples."""
    steps = [entry for entry in history if "loss" in entry]
    last = steps[-1]["epoch"]
    recent = [float(entry["loss"]) for entry in steps if entry["epoch"] > last - 1]
    return sum(recent) / len(recent)


def _sampler(run: Run, lesson: Lesson) -> Any:
    from training.tuning.telling import Sample, Sampler

    both = (*lesson.selection.validation, *lesson.selection.train)
    asked = [one for one in both if one.kind in ("answer", "preference")][: lesson.recipe.samples.count]
    encoder = lesson.encoder
    samples = [Sample(one.question, encoder.prompt(encoder.messages(one))) for one in asked]
    return Sampler(run, lesson.recipe, samples, lesson.tokenizer, encoder.end)


def _trainer(
    lesson: Lesson, model: Any, lora: Any, folder: Path, steps: int, callbacks: Sequence[Any]
) -> Any:
    from training.tuning.dpo import pair_trainer
    from training.tuning.sft import reply_trainer

    make: Any = pair_trainer if lesson.recipe.training.method == "dpo" else reply_trainer
    return make(
        model, lora, lesson.tokenizer, lesson.train, lesson.validation, lesson.recipe, folder, steps=steps,
        dtype=lesson.dtype, callbacks=callbacks,
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


def _loads(row: Encoded | EncodedPair) -> list[Load]:
    if isinstance(row, Encoded):
        return [Load(len(row.ids), len(row.ids) - row.prompt)]
    return [Load(len(row.prompt) + len(one), len(one)) for one in (row.chosen, row.rejected)]


def _parents(recipe: Recipe, adapters: AdapterFolder, base: Base) -> tuple[str, ...]:
    """The adapter that is continued behind all that it continues itself.

    Raises:
        TuningError: it was learnt on another model.
        AdapterError: there is none.
    """
    if not recipe.model.adapter:
        return ()
    parent = adapters.read(recipe.model.adapter)
    if parent.base["model"] != base.model:
        raise TuningError(
            f"the adapter {parent.name} was trained on {parent.base['model']}, not on {base.model}. "
            "Set model.base to its model."
        )
    return (*parent.parents, parent.name)


def _known(lesson: Lesson, examples: Sequence[TuningExample]) -> Json:
    """What the record says before the first step."""
    used = (*lesson.selection.train, *lesson.selection.validation)
    return {
        "recipe": lesson.recipe.model_dump(mode="json"), "dtype": lesson.dtype,
        "method": lesson.recipe.training.method, "seed": lesson.recipe.training.seed,
        "base": {
            "model": lesson.base.model, "sha256": lesson.base.sha256(), "family": lesson.base.family,
            "licence": lesson.base.licence,
        },
        "data": {
            "hash": data_hash(examples), "train": len(lesson.selection.train),
            "validation": len(lesson.selection.validation), "replayed": len(lesson.replayed),
            "documents": documents_of(used),
            "licences": sorted({one.licence for one in (*used, *lesson.replayed) if one.licence}),
        },
        "examples": [one.id for one in used], "left_out": list(lesson.left_out),
        "versions": {name: version(name) for name in _PACKAGES},
    }  # fmt: skip


def _finish(
    run: Run, adapters: AdapterFolder, lesson: Lesson, parents: tuple[str, ...], result: Json
) -> None:
    """The adapter's folder first, then the record: a run that is done has its adapter."""
    record = run.record()
    place = adapters.folder(record["adapter"])
    work = place / f"{PEFT}.new"
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(run.best, work)
    config = work / "adapter_config.json"
    named = {**json.loads(config.read_text("utf-8")), "base_model_name_or_path": lesson.base.model}
    config.write_text(json.dumps(named, indent=2), "utf-8")
    replace_folder(work, place / PEFT)
    adapters.write(
        Manifest(
            name=record["adapter"], created_at=datetime.now(UTC).isoformat(timespec="milliseconds"),
            base={name: record["base"][name] for name in ("model", "sha256", "family", "licence")},
            method=lesson.recipe.training.method, recipe=record["recipe"], run=run.name, data=record["data"],
            seed=record["seed"], versions=record["versions"], parents=parents,
        )
    )  # fmt: skip
    run.update(state="done", process=None, **result)
    run.tell("done", adapter=record["adapter"], **result)
    for folder in (run.checkpoints, run.best):
        shutil.rmtree(folder, ignore_errors=True)
    run.data.unlink(missing_ok=True)
