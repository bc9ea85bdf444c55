"""`konkyo index`: check, rebuild, reembed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from ui.cli.shared import (
    JsonOption,
    WorkspaceOption,
    connect_here,
    console,
    new_app,
    print_json,
    say,
    translated,
)

if TYPE_CHECKING:
    from collections.abc import Generator

app = new_app("help.index")


@app.command("check", help=say("help.index_check"))
def check(json: JsonOption = False, workspace: WorkspaceOption = None) -> None:
    """Compare the indexes with the library."""
    with closing(connect_here(workspace)) as operations:
        found = operations.index_check()
    if json:
        print_json(found)
        return
    if found["ok"]:
        console().print(say("say.index_ok", **found))
        return
    for problem in found["problems"]:
        console().print(translated(str(problem)), style="red")
    console().print(say("say.index_bad"))


@app.command("rebuild", help=say("help.index_rebuild"))
def rebuild(json: JsonOption = False, workspace: WorkspaceOption = None) -> None:
    """Build the indexes again."""
    with closing(connect_here(workspace)) as operations:
        _finish(operations.index_rebuild(), json=json)


@app.command("reembed", help=say("help.index_reembed"))
def reembed(
    model: Annotated[str | None, typer.Option(help=say("options.embedder"))] = None,
    json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Embed every passage again."""
    with closing(connect_here(workspace)) as operations:
        _finish(operations.index_reembed(model), json=json)


def _finish(events: Iterator[dict[str, Any]], *, json: bool) -> None:
    from ui.cli.following import follow

    with closing(cast("Generator[dict[str, Any], None, None]", events)):
        report = follow(events)
    if json:
        print_json(report)
    else:
        console().print(say("say.done"))
