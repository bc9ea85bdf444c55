"""`konkyo train run`, `train estimate` and `train runs`: an adapter for the chat model is learnt here."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ui.cli.shared import (
    JsonOption,
    WorkspaceOption,
    console,
    note,
    open_here,
    print_json,
    print_json_line,
    terminal_language,
    translated,
)
from ui.cli.training_shown import Shown
from ui.errors import UsageError
from ui.local_training import run_json
from ui.texts import t

if TYPE_CHECKING:
    from ingestion.workspace import Workspace
    from training.tuning.examples import TuningExample
    from training.tuning.runs import Run

Json = dict[str, Any]
_NAMED = 3
"""Examples that were left out and are named in a terminal; JSON has them all."""


def words(key: str, **values: object) -> str:
    """A text of the [train_runs] table in the language of the terminal."""
    return t(terminal_language(), "train_runs", key, **values)


DataOption = Annotated[Path | None, typer.Option(dir_okay=False, help=words("data"))]
MethodOption = Annotated[str | None, typer.Option(metavar="METHOD", help=words("method"))]
RunArgument = Annotated[str, typer.Argument(metavar="RUN", help=words("run"))]

runs_app = typer.Typer(
    help=words("help_runs"), no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
    rich_markup_mode=None,
)  # fmt: skip


def register(app: typer.Typer) -> None:
    """Add these commands to `konkyo train`."""
    app.command("run", help=words("help_run"))(run)
    app.command("estimate", help=words("help_estimate"))(estimate)
    app.add_typer(runs_app, name="runs")


def run(
    recipe: Annotated[str | None, typer.Argument(metavar="RECIPE", help=words("recipe"))] = None,
    name: Annotated[str | None, typer.Option(help=words("name"))] = None,
    data: DataOption = None,
    method: MethodOption = None,
    resume: Annotated[str | None, typer.Option(metavar="RUN", help=words("resume"))] = None,
    json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Train in a process of its own, and show how it goes; Ctrl-C stops it so that it can go on later."""
    from training.tuning.starting import read_recipe, resume_run, start_run

    place, before = open_here(workspace), 0
    if (recipe is None) == (resume is None):
        raise UsageError(words("either"))
    if resume is not None:
        if name or data or method:
            raise UsageError(words("as_before"))
        before = _run(workspace, resume).told
        started, _ = resume_run(place, resume)
    else:
        chosen = _method(method)
        _, _, found = read_recipe(str(recipe), chosen)
        examples = _examples(place, data, found.training.method)
        started, _ = start_run(place, str(recipe), examples, name=name, method=chosen)
    try:
        _watch(started, before)
    except KeyboardInterrupt:
        note(words("stopping", run=started.name))
        started.stop()
    value = _result(started)
    if json:
        print_json(value)
    else:
        console().print(words("done", **value))
        _note_left_out(value["left_out"])


def estimate(
    recipe: Annotated[str, typer.Argument(metavar="RECIPE", help=words("recipe"))],
    data: DataOption = None,
    method: MethodOption = None,
    json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """What a training would take; exit code 3 when it cannot fit."""
    from training.errors import TrainingRefusedError
    from training.tuning.starting import read_recipe
    from ui.training_steps import estimated

    place = open_here(workspace)
    _, _, found = read_recipe(recipe, _method(method))
    value = estimated(place, recipe, found, _examples(place, data, found.training.method))
    if json:
        print_json(value)
    else:
        memory, minutes = f"{value['memory']['total'] / 1e9:.1f}", f"{value['seconds'] / 60:.0f}"
        free = f"{value['available_bytes'] / 1e9:.1f}"
        console().print(words("estimate", **{**value, "memory": memory, "minutes": minutes, "free": free}))
        if value["busy"]:
            console().print(words("estimate_busy", minutes=f"{value['quiet_seconds'] / 60:.0f}"))
        _note_left_out(value["left_out"])
    if value["refusal"]:
        raise TrainingRefusedError(value["refusal"])


@runs_app.command("list", help=words("help_list"))
def list_runs(json: JsonOption = False, workspace: WorkspaceOption = None) -> None:
    """All runs, the newest last."""
    from training.tuning.runs import RunFolder

    found = [run_json(one) for one in RunFolder(open_here(workspace).runs).all()]
    if json:
        print_json(found)
        return
    if not found:
        console().print(words("none"))
    for one in found:
        console().print(_line(one))


@runs_app.command("show", help=words("help_show"))
def show(name: RunArgument, json: JsonOption = False, workspace: WorkspaceOption = None) -> None:
    """The whole record of a run."""
    found = _run(workspace, name)
    record = found.record()
    if json:
        print_json(record)
        return
    console().print(_line(run_json(found)))
    if record["reason"]:
        console().print(translated(record["reason"]))
    shown = Shown(words)
    for event in found.events():
        if event["event"] in ("validation", "sample"):
            console().print(shown.line(event))


@runs_app.command("follow", help=words("help_follow"))
def follow(name: RunArgument, json: JsonOption = False, workspace: WorkspaceOption = None) -> None:
    """Watch a run until it ends; Ctrl-C ends the watching only."""
    found = _run(workspace, name)
    found.record()
    if not json:
        _watch(found)
        return
    for event in found.follow():
        print_json_line(event)


@runs_app.command("stop", help=words("help_stop"))
def stop(name: RunArgument, json: JsonOption = False, workspace: WorkspaceOption = None) -> None:
    """Stop a run at its next step; it can go on later."""
    found = _run(workspace, name)
    found.stop()
    value = {"run": found.name, "state": found.record()["state"]}
    if json:
        print_json(value)
    else:
        console().print(words("stopped", run=found.name))


def _note_left_out(found: Sequence[Json]) -> None:
    for one in found[:_NAMED]:
        note(words("left_out", reason=translated(one["reason"])))
    if len(found) > _NAMED:
        note(words("more_left_out", number=len(found) - _NAMED))


def _run(workspace: Path | None, name: str) -> Run:
    from training.tuning.runs import RunFolder

    return RunFolder(open_here(workspace).runs).run(name)


def _method(name: str | None) -> str | None:
    if name not in (None, "sft", "dpo", "continued"):
        raise UsageError(words("no_method", method=name))
    return name


def _examples(place: Workspace, data: Path | None, method: str) -> list[TuningExample]:
    """Those of the file; else the library's documents for `continued`, the accepted ones for the others."""
    from training.tuning.selecting import library_texts, read_examples
    from training.tuning.store import accepted_examples

    if data is not None:
        return read_examples(data)
    if method == "continued":
        from ingestion.library import Library

        with closing(Library.open(place.library_path)) as library:
            return library_texts(library)
    found = accepted_examples(place)
    fitting = [one for one in found if one.kind == "preference" or (method == "sft" and one.kind != "text")]
    if not fitting:
        raise UsageError(words("no_data"))
    return fitting


def _watch(found: Run, start: int = 0) -> None:
    with Shown(words).watching() as show_event:
        for event in found.follow(start):
            show_event(event)


def _line(listed: Json) -> str:
    told = {name: "–" if value is None else value for name, value in listed.items()}
    return words("line", **{**told, "state": words(f"states.{listed['state']}")})


def _result(found: Run) -> Json:
    """The value of `train run`.

    Raises:
        TrainingRefusedError, TuningError: the run has not come to its end; the message says why.
    """
    from training.errors import TrainingRefusedError, TuningError

    record = found.record()
    if record["state"] == "refused":
        raise TrainingRefusedError(record["reason"])
    if record["interrupted"]:
        raise TuningError(record["reason"])
    if record["state"] == "stopped":
        raise TuningError(
            f"the run {found.name} was stopped. Go on with: konkyo train run --resume {found.name}"
        )
    if record["state"] != "done":
        raise TuningError(f"the run {found.name} failed: {record['reason']}")
    return {
        "run": found.name, "adapter": record["adapter"], "train_loss": record["train_loss"],
        "validation_loss": record["validation_loss"],
        "base_validation_loss": record.get("base_validation_loss"), "best_step": record["best_step"],
        "steps": record["step"], "stopped_early": record["stopped_early"], "seconds": record["seconds"],
        "examples": record["data"]["train"], "left_out": record["left_out"], "resumed": record["resumed"],
    }  # fmt: skip
