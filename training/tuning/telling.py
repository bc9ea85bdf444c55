"""What happens beside the steps of a training: events, sample answers, the best adapter, the end."""

from __future__ import annotations

import math
import shutil
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from transformers import TrainerCallback

from training.errors import TuningError
from training.tuning.checkpoints import replace_folder
from training.tuning.recipes import Recipe
from training.tuning.runs import Run

_RECENT = 0.3  # weight of the last step in the time that one takes


class StoppedError(TuningError):
    """Somebody asked the training to stop; it can go on from its last checkpoint."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A question of the validation set: what is asked, and the prompt's tokens."""

    question: str
    prompt: Sequence[int]


class Teller(TrainerCallback):  # type: ignore[misc]  # transformers is not typed for the checker
    """Writes losses with rate and time left into the run's events."""

    def __init__(self, run: Run, recipe: Recipe, spent: float = 0.0, sampler: Sampler | None = None) -> None:
        """`spent` are the seconds that earlier parts of the run took. `sampler` knows how long it takes."""
        self._run, self._recipe, self._sampler = run, recipe, sampler
        self._validation = 0.0  # seconds of the last one
        self._examples = recipe.training.batch * recipe.training.accumulate
        self._began = time.monotonic() - spent
        self._last = time.monotonic()
        self._taken: float | None = None

    @property
    def seconds(self) -> float:
        """Of the run so far, all parts of it."""
        return time.monotonic() - self._began

    def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Validations and samples between the steps are not counted to a step."""
        self._last = time.monotonic()

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Follow the speed."""
        taken = time.monotonic() - self._last
        self._taken = taken if self._taken is None else (1 - _RECENT) * self._taken + _RECENT * taken

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any], **_: Any) -> None:
        """One event for each step, and one for each validation.

        Raises:
            TuningError: the loss is no number any more.
        """
        step = state.global_step
        if "eval_loss" in logs:
            _refuse_no_number(float(logs["eval_loss"]), step)
            self._validation = float(logs.get("eval_runtime", 0.0))
            self._run.tell("validation", step=step, loss=round(float(logs["eval_loss"]), 5))
        if "loss" not in logs:
            return
        loss = float(logs["loss"])
        _refuse_no_number(loss, step)
        taken = self._taken or 1e-9
        extra = {"margin": round(float(logs["rewards/margins"]), 5)} if "rewards/margins" in logs else {}
        self._run.tell(
            "step", step=step, steps=state.max_steps, loss=round(loss, 5),
            rate=round(self._examples / taken, 4), **extra,
            eta_seconds=round(self._left(step, state.max_steps, taken), 1),
        )  # fmt: skip

    def _left(self, step: int, steps: int, taken: float) -> float:
        """Seconds to the end: of the steps, and of the validations and samples between them.

        The samples of `step` itself are there when it is told, its validation is not.
        """
        checks, samples = self._recipe.validation.every, self._recipe.samples.every
        looks = math.ceil(steps / checks) - (step - 1) // checks
        told = steps // samples - step // samples if samples else 0
        sampling = self._sampler.seconds if self._sampler is not None else 0.0
        return (steps - step) * taken + looks * self._validation + told * sampling

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Remember how long it took until this checkpoint."""
        self._run.update(step=state.global_step, seconds=round(self.seconds, 1))


class Keeper(TrainerCallback):  # type: ignore[misc]  # as above
    """Keeps the adapter with the lowest validation loss, and ends a training that gains nothing more.

    Without a validation the last adapter is the best one.
    """

    def __init__(self, run: Run, patience: int, history: Sequence[Mapping[str, Any]] = ()) -> None:
        """`history` is that of the checkpoint which a run goes on from."""
        self._run, self._patience = run, patience
        self.best, self.best_step, self._stale = math.inf, 0, 0
        for entry in history:
            if "eval_loss" in entry and entry["step"]:
                self._gains(float(entry["eval_loss"]), int(entry["step"]))

    @property
    def gives_up(self) -> bool:
        """Whether too many validations were without a gain."""
        return self._stale >= self._patience

    def on_evaluate(
        self, args: Any, state: Any, control: Any, metrics: dict[str, float], model: Any, **_: Any
    ) -> None:
        """Compare; what was measured before the first step is the base model and is not kept."""
        if not state.global_step:
            return
        if self._gains(float(metrics["eval_loss"]), state.global_step):
            save_adapter(model, self._run)
        control.should_training_stop = control.should_training_stop or self.gives_up

    def on_step_end(self, args: Any, state: Any, control: Any, model: Any, **_: Any) -> None:
        """Before the last checkpoint: a run that goes on from there must find the adapter."""
        if args.eval_strategy == "no" and state.global_step >= state.max_steps:
            save_adapter(model, self._run)

    def _gains(self, loss: float, step: int) -> bool:
        if loss < self.best:
            self.best, self.best_step, self._stale = loss, step, 0
            return True
        self._stale += 1
        return False


class Sampler(TrainerCallback):  # type: ignore[misc]  # as above
    """Lets the model answer a few questions now and then, for people to see what becomes of it."""

    def __init__(self, run: Run, recipe: Recipe, samples: Sequence[Sample], tokenizer: Any, end: int) -> None:
        self._run, self._recipe = run, recipe.samples
        self._samples, self._tokenizer, self._end = samples, tokenizer, end
        self.seconds = 0.0
        """That the last answers took."""

    def on_train_begin(self, args: Any, state: Any, control: Any, model: Any, **_: Any) -> None:
        """The answers of the base model, to compare with."""
        if not state.global_step and self._recipe.every:
            self._sample(model, 0)

    def on_step_end(self, args: Any, state: Any, control: Any, model: Any, **_: Any) -> None:
        """The answers so far."""
        if self._recipe.every and state.global_step % self._recipe.every == 0:
            self._sample(model, state.global_step)

    def _sample(self, model: Any, step: int) -> None:
        began = time.monotonic()
        for one in self._samples[: self._recipe.count]:
            text = written(model, self._tokenizer, one.prompt, self._recipe.tokens, self._end)
            self._run.tell("sample", step=step, question=one.question, text=text)
        self.seconds = time.monotonic() - began


class Stopper(TrainerCallback):  # type: ignore[misc]  # as above
    """Ends a training that was asked to: with a checkpoint after a step, without one within a step."""

    def __init__(self, asked: threading.Event) -> None:
        self._asked = asked

    def on_substep_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """A step that was not finished is done again later: only so the result is the same.

        Raises:
            StoppedError: somebody asked for it.
        """
        if self._asked.is_set():
            raise StoppedError("it was stopped")

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Save where it is, unless it is at its end."""
        if self._asked.is_set() and state.global_step < state.max_steps:
            control.should_save = True

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """The checkpoint is on the disk.

        Raises:
            StoppedError: as above.
        """
        if self._asked.is_set() and state.global_step < state.max_steps:
            raise StoppedError("it was stopped")


def _refuse_no_number(loss: float, step: int) -> None:
    """Nothing, while the loss is a number: without one no adapter is ever the best."""
    if not math.isfinite(loss):
        raise TuningError(f"the loss is no number after step {step}. Lower training.rate.")


def save_adapter(model: Any, run: Run) -> None:
    """Put the adapter of `model` in the place of the best one so far."""
    new = run.best.with_name("best.new")
    shutil.rmtree(new, ignore_errors=True)
    model.save_pretrained(str(new), selected_adapters=["default"], save_embedding_layers=False)
    (new / "README.md").unlink(missing_ok=True)  # peft's card, an empty form
    replace_folder(new, run.best)


def written(model: Any, tokenizer: Any, prompt: Sequence[int], tokens: int, end: int) -> str:
    """The likeliest reply to a prompt, without sampling; the model is left in the mode it was in."""
    training = model.training
    model.eval()
    ids = torch.tensor([list(prompt)], device=model.device)
    with torch.no_grad():
        found = model.generate(
            input_ids=ids, attention_mask=torch.ones_like(ids), max_new_tokens=tokens, do_sample=False,
            eos_token_id=end, pad_token_id=tokenizer.pad_token_id, temperature=None, top_p=None, top_k=None,
        )  # fmt: skip
    model.train(training)
    return str(tokenizer.decode(found[0, ids.shape[1] :], skip_special_tokens=True)).strip()
