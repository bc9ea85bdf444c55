"""`konkyo train evaluate`: an adapter held against its base model."""

from __future__ import annotations

from typing import Annotated, Any

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
    time_again: Annotated[bool, typer.Option("--time-again", help=words("time_again"))] = False,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask both sides, decide, and keep the verdict; a run that was stopped goes on."""
    from ui.quality.gating import gate_adapter, with_texts

    language = terminal_language()
    with progress_bar() as progress:
        report, page = gate_adapter(
            open_here(workspace), adapter, language, limit=limit, general=general, again=again,
            time_again=time_again, progress=progress,
        )  # fmt: skip
    note(words("kept", path=page))
    told = with_texts(report, language)
    if as_json:
        print_json(told)
    else:
        _show(told)


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
