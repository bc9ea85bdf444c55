"""The operations on trainings of the chat model and on what proves an adapter. Part of `ui.operations`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Protocol, get_args

from assistant.answers import Language

Json = dict[str, Any]
Step = Literal["export", "parity", "evaluate"]
STEPS: tuple[Step, ...] = get_args(Step)
"""What is done with a trained adapter before it may be published, in this order."""


class TrainingOperations(Protocol):
    """Recipes, estimates, runs, and the steps from a trained adapter to one that may be published.

    `recipe` is "smoke", "cpu", "gpu" or the absolute path of a TOML file; `changes` are its fields with
    other values, by `section.key` ("training.epochs").
    """

    def recipes(self) -> list[Json]:
        """Those that come with the program: `[{name, about, fields: {section: {key: value}}}]`.

        `about` is the comment at the head of the file, in English.
        """
        ...

    def estimate_training(
        self, recipe: str, *, method: str | None = None, changes: Mapping[str, Any] | None = None
    ) -> Json:
        """What a training on what may be learnt from now would take; nothing is trained.

        `{recipe, method, base, dtype, examples, validation, replayed, left_out: [{id, reason}], steps,
        tokens, longest_tokens, learnt_weights, seconds, memory: {weights, adapter, activations, loading,
        runtime, total}, available_bytes, fits, refusal: str|None}`; `refusal` says why it cannot be started.

        Raises:
            RecipeError, TuningError, ExampleError, ModelError: it cannot be done at all.
        """
        ...

    def start_training(
        self,
        recipe: str,
        *,
        name: str | None = None,
        method: str | None = None,
        changes: Mapping[str, Any] | None = None,
    ) -> Json:
        """Start a training in a process of its own, which outlives this one: as one of `training_runs`.

        `name` is that of the adapter to be. What cannot fit is refused by the run itself, see its `state`.

        Raises:
            RecipeError, TuningError, AdapterError: recipe or name cannot be used, nothing may be learnt
                from, or another training runs.
        """
        ...

    def training_runs(self) -> list[Json]:
        """The newest first.

        `[{run, adapter, state: "running"|"done"|"failed"|"stopped"|"refused", reason, method, base,
        created_at, step, steps, train_loss, validation_loss, seconds}]`; what is not known yet is None.
        """
        ...

    def training_run(self, run: str, *, after: int = 0) -> Json:
        """As one of `training_runs`, and `{record, events, total}`: events from the number `after` on.

        `total` is how many there are. They get fewer when a run goes on from a checkpoint.

        Raises:
            TuningError: there is no such run.
        """
        ...

    def stop_training(self, run: str) -> Json:
        """End it at its next step, waiting for that: as one of `training_runs`; it can go on later.

        Raises:
            TuningError: it does not run.
        """
        ...

    def resume_training(self, run: str) -> Json:
        """Let it go on from its last checkpoint: as one of `training_runs`.

        Raises:
            TuningError: it runs, or is done; or another training runs.
        """
        ...

    def start_adapter_step(
        self, adapter: str, step: str, *, language: Language = "en", time_again: bool = False
    ) -> Json:
        """Export it, prove it, or hold it against its base model, in the background: as `Operations.job`.

        `kind` of the job is the step and `about` the adapter; `Operations.cancel_ingest` stops it. An
        evaluation goes on where one before was stopped; `language` is that of the page it writes, and
        `time_again` measures the speed anew. The report is that of the command.

        Raises:
            AdapterError: there is no such adapter.
            JobRunningError: something else is running.
        """
        ...

    def gate_report(self, adapter: str, report: str | None = None) -> Json:
        """A report of `konkyo train evaluate` with its rows, the newest by default; `ids` are all there are.

        A row whose example may not be shown any more (its document has gone or says something else) has
        `gone` True and none of its words.

        Raises:
            AdapterError: there is no such adapter.
            GateError: it was never evaluated, or there is no such report.
        """
        ...
