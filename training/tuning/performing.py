"""One training from its run folder to an adapter: encode, estimate, load, learn, write down."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from assistant.adapters import MANIFEST, PEFT, AdapterFolder, Manifest
from ingestion.workspace import Workspace
from training.errors import TuningError
from training.tuning import estimating
from training.tuning.checkpoints import history_of, latest, recover_folder, replace_folder, step_of
from training.tuning.examples import TuningExample
from training.tuning.lessons import Lesson, prepare
from training.tuning.recipes import Recipe
from training.tuning.runs import Json, Run
from training.tuning.selecting import read_examples
from training.tuning.store import data_hash, documents_of
from training.tuning.weights import Base, continued_adapter, load_model, lora_config

_PACKAGES = ("torch", "transformers", "peft", "trl", "accelerate", "tokenizers", "gguf", "konkyo")


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
    adapters = AdapterFolder(workspace.adapters)
    _refuse_a_taken_name(run, adapters)
    lesson = prepare(workspace, recipe, examples, record.get("dtype") if checkpoint else None)
    if checkpoint is not None and record.get("rows", lesson.rows_hash) != lesson.rows_hash:
        raise TuningError(
            f"the examples of the run {run.name} are other tokens now than when it began: a prompt, a limit "
            "or the model has changed. Change that back, or start a new run."
        )
    estimate = lesson.estimate()
    run.update(**_known(lesson, examples), estimate=estimate.as_json())
    estimating.refuse_what_cannot_fit(estimate)
    if checkpoint is None:
        estimating.refuse_a_full_disk(estimate, run.folder)
    limit(estimate.available)
    run.tell("prepared", steps=estimate.steps, eta_seconds=round(estimate.seconds, 1))
    if checkpoint is not None or record.get("resumed"):
        run.tell("resumed", step=step_of(checkpoint) if checkpoint else 0)
    recover_folder(run.best)

    model, lora = load_model(lesson.base, lesson.dtype, four_bit=recipe.model.four_bit), None
    parents = _parents(recipe, adapters, lesson.base)
    if parents:
        model = continued_adapter(model, adapters.folder(parents[-1]) / PEFT)
    else:
        lora = lora_config(recipe.lora, lesson.base)
    sampler = _sampler(run, lesson)
    teller = Teller(run, recipe, record.get("seconds", 0.0), sampler)
    history = history_of(checkpoint) if checkpoint else []
    keeper = Keeper(run, recipe.validation.patience, history)
    callbacks = [teller, keeper, sampler, Stopper(asked)]
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


def _refuse_a_taken_name(run: Run, adapters: AdapterFolder) -> None:
    """Nothing, where no other run has made an adapter of this run's name.

    Raises:
        TuningError: one has, while this one was stopped.
    """
    name = run.record()["adapter"]
    if not (adapters.folder(name) / MANIFEST).is_file():
        return
    maker = adapters.read(name).run
    if maker != run.name:
        raise TuningError(
            f"the run {maker} has made an adapter {name} meanwhile, which is not overwritten. Start a new "
            "run with another name."
        )


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
        "rows": lesson.rows_hash,
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
    _refuse_a_taken_name(run, adapters)
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
