"""The operations of `ui.training_operations` done in this process. Part of `ui.local.LocalOperations`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ingestion.workspace import Workspace
from ui.errors import UsageError
from ui.jobs import Jobs, Work
from ui.training_operations import STEPS, Json

if TYPE_CHECKING:
    from assistant.answers import Language
    from assistant.example_rows import ExampleRows
    from training.tuning.runs import Run
    from training.tuning.sources import Sources


class LocalTraining(ABC):
    """Implements `TrainingOperations` for a class that has what is declared here.

    What needs torch or llama.cpp's scores is done in processes of its own: their memory is given back, and a
    crash costs the step only.
    """

    workspace: Workspace
    _jobs: Jobs

    @property
    @abstractmethod
    def _example_rows(self) -> ExampleRows: ...

    @abstractmethod
    def _sources_now(self) -> Sources: ...

    def recipes(self) -> list[Json]:
        """See `TrainingOperations.recipes`."""
        from training.tuning.recipes import BUILT_IN, find_recipe, parse_recipe

        found = []
        for name in BUILT_IN:
            _, text = find_recipe(name)
            fields = parse_recipe(text, name).model_dump(mode="json")
            found.append({"name": name, "about": text.partition("\n")[0].lstrip("# "), "fields": fields})
        return found

    def estimate_training(
        self, recipe: str, *, method: str | None = None, changes: Mapping[str, Any] | None = None
    ) -> Json:
        """See `TrainingOperations.estimate_training`."""
        wanted = {"recipe": _recipe(recipe), "method": _method(method), "changes": dict(changes or {})}
        return self._step("estimate", wanted) or {}

    def start_training(
        self,
        recipe: str,
        *,
        name: str | None = None,
        method: str | None = None,
        changes: Mapping[str, Any] | None = None,
    ) -> Json:
        """See `TrainingOperations.start_training`."""
        from training.tuning.starting import read_recipe, start_run
        from ui.training_steps import learnable

        wanted, chosen = _recipe(recipe), _method(method)
        _, _, found = read_recipe(wanted, chosen, changes)
        examples = learnable(self.workspace, found.training.method)
        run, _ = start_run(
            self.workspace, wanted, examples, name=name or None, method=chosen, changes=changes
        )
        return run_json(run)

    def training_runs(self) -> list[Json]:
        """See `TrainingOperations.training_runs`."""
        from training.tuning.runs import RunFolder

        return [run_json(run) for run in reversed(RunFolder(self.workspace.runs).all())]

    def training_run(self, run: str, *, after: int = 0) -> Json:
        """See `TrainingOperations.training_run`."""
        found = self._run(run)
        told, events = run_json(found), found.events()
        return {**told, "record": found.record(), "events": events[max(0, after) :], "total": len(events)}

    def stop_training(self, run: str) -> Json:
        """See `TrainingOperations.stop_training`."""
        found = self._run(run)
        found.stop()
        return run_json(found)

    def resume_training(self, run: str) -> Json:
        """See `TrainingOperations.resume_training`."""
        from training.tuning.starting import resume_run

        found, _ = resume_run(self.workspace, run)
        return run_json(found)

    def start_adapter_step(
        self, adapter: str, step: str, *, language: Language = "en", time_again: bool = False
    ) -> Json:
        """See `TrainingOperations.start_adapter_step`."""
        from assistant.adapters import AdapterFolder

        if step not in STEPS:
            raise UsageError(f"{step!r} is nothing to do with an adapter. Choose one of {', '.join(STEPS)}.")
        AdapterFolder(self.workspace.adapters).read(adapter)
        arguments: Json = {"adapter": adapter}
        if step == "evaluate":
            arguments |= {"language": language, "time_again": time_again}
        return self._jobs.start([], self._work(step, arguments), kind=step, about=adapter).as_json()

    def gate_report(self, adapter: str, report: str | None = None) -> Json:
        """See `TrainingOperations.gate_report`."""
        from assistant.adapters import AdapterFolder
        from training.errors import GateError
        from training.tuning.gate.reports import GateReports

        folder = AdapterFolder(self.workspace.adapters)
        folder.read(adapter)
        reports = GateReports.of(folder, adapter)
        ids = reports.ids()
        if not ids:
            raise GateError(
                f"adapter {adapter!r} was not evaluated yet. Run: konkyo train evaluate {adapter}"
            )
        found = reports.read(report or ids[0])
        return {**found, "rows": self._shown_rows(found["rows"]), "ids": ids}

    def _shown_rows(self, rows: list[Json]) -> list[Json]:
        """Words that were made of a document may be shown as long as the document may."""
        from assistant.example_rows import ExampleFilter

        asked = tuple(row["id"] for row in rows if row["part"] == "domain")
        known = self._example_rows.rows(ExampleFilter(ids=asked)) if asked else []
        sources = self._sources_now()
        shown = {row.id for row in known if not sources.problem(row.places)}
        return [
            {**row, "gone": False} if row["part"] != "domain" or row["id"] in shown else _without_words(row)
            for row in rows
        ]

    def _run(self, name: str) -> Run:
        from training.tuning.runs import RunFolder

        return RunFolder(self.workspace.runs).run(name)

    def _step(
        self,
        step: str,
        arguments: Json,
        progress: Callable[[Json], None] = lambda event: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Json | None:
        from ui.training_process import command, followed

        started = command(step, self.workspace.root, arguments)
        return followed(started, self.workspace.logs / "training.log", progress, cancelled)

    def _work(self, step: str, arguments: Json) -> Work:
        def work(progress: Callable[[Json], None], cancelled: Callable[[], bool]) -> Json:
            return self._step(step, arguments, progress, cancelled) or {"stopped": True}

        return work


def run_json(run: Run) -> Json:
    """One of `TrainingOperations.training_runs`."""
    record = run.record()
    return {
        "run": run.name, "adapter": record["adapter"], "state": record["state"], "reason": record["reason"],
        "method": record["method"], "base": record.get("base", {}).get("model"),
        "created_at": record["created_at"], "step": record.get("step", 0),
        "steps": record.get("estimate", {}).get("steps"), "train_loss": record.get("train_loss"),
        "validation_loss": record.get("validation_loss"), "seconds": record.get("seconds", 0.0),
    }  # fmt: skip


def _recipe(name: str) -> str:
    from training.tuning.recipes import BUILT_IN

    if name not in BUILT_IN and not Path(name).is_absolute():
        raise UsageError(f"{name!r} is no recipe. Choose one of {', '.join(BUILT_IN)}, or give a whole path.")
    return name


def _method(name: str | None) -> str | None:
    if name not in (None, "sft", "dpo", "continued"):
        raise UsageError(f"{name!r} is no method of training. Choose one of sft, dpo, continued.")
    return name


def _without_words(row: Json) -> Json:
    """A row without what was made of its document: texts empty, measures as they were."""
    sides = {side: {**row[side], "answer": "", "served": ""} for side in ("base", "tuned")}
    return {**row, **sides, "question": "", "reference": "", "accepted": [], "evidence": [], "gone": True}
