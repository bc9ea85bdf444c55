"""`konkyo train evaluate`: an adapter held against its base model."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ui.cli.measuring import progress_bar
from ui.cli.shared import (
    JsonOption,
    WorkspaceOption,
    console,
    note,
    open_here,
    print_json,
    terminal_language,
)
from ui.texts import t

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ingestion.workspace import Workspace
    from training.tuning.examples import TuningExample

Json = dict[str, Any]
_STYLES = {"better": "green", "worse": "red", "same": ""}


def words(key: str, **values: object) -> str:
    """A text of the [gate] table in the language of the terminal."""
    return t(terminal_language(), "gate", key, **values)


def register(app: typer.Typer) -> None:
    """Add the command to `konkyo train`."""
    app.command("evaluate", help=words("help"))(evaluate)


def evaluate(
    adapter: Annotated[str, typer.Argument(metavar="ADAPTER", help=words("adapter"))],
    limit: Annotated[int | None, typer.Option(min=1, help=words("limit"))] = None,
    general: Annotated[int | None, typer.Option(min=1, help=words("general"))] = None,
    again: Annotated[bool, typer.Option("--again", help=words("again"))] = False,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask both sides, decide, and keep the verdict; a run that was stopped goes on."""
    from training.tuning.gate.evaluation import candidate, evaluate_adapter
    from training.tuning.gate.examiner import open_examiner
    from ui.quality.gating import with_texts

    place = open_here(workspace)
    candidate(place, adapter)  # what cannot be asked is said before models are loaded
    examples = _accepted(place)
    with progress_bar() as progress:
        report = evaluate_adapter(
            place, adapter, examples, open_examiner(place), limit=limit, general_limit=general, again=again,
            progress=progress,
        )  # fmt: skip
    note(words("kept", path=_page(place, adapter, report)))
    told = with_texts(report, terminal_language())
    if as_json:
        print_json(told)
    else:
        _show(told)


def _accepted(place: Workspace) -> Sequence[TuningExample]:
    """The workspace's examples that people accepted."""
    found: Sequence[TuningExample] = import_module("training.tuning.store").accepted_examples(place)
    return found


def _page(place: Workspace, adapter: str, report: Json) -> Path:
    """Write the report as a page beside its JSON."""
    from assistant.adapters import AdapterFolder
    from training.tuning.gate.reports import GateReports
    from ui.quality.gate_page import gate_page

    path = GateReports.of(AdapterFolder(place.adapters), adapter).folder / f"{report['id']}.html"
    path.write_text(gate_page(report, terminal_language()), "utf-8", "backslashreplace")
    return path


def _show(told: Json) -> None:
    from ui.quality.gating import difference_value, metric_label, metric_value

    language = terminal_language()
    for name, one in told["metrics"].items():
        low, high = (difference_value(name, end) for end in one["ci"])
        line = (
            f"{metric_label(name, language)}: {metric_value(name, one['base'])} → "
            f"{metric_value(name, one['tuned'])}  {difference_value(name, one['difference'])} [{low}, {high}]"
            f"  n={one['n']}"
        )
        console().print(line, style=_STYLES[one["verdict"]])
    for reason in told["reasons"]:
        console().print(reason["text"])
    console().print(words("passed" if told["passed"] else "failed"), style="bold")
