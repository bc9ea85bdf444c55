"""`konkyo feedback`: what readers said of answers."""

from __future__ import annotations

from contextlib import closing
from typing import Annotated, Any, Literal

import typer

from ui.cli.shared import (
    JsonOption,
    WorkspaceOption,
    connect_here,
    console,
    new_app,
    print_json,
    print_json_line,
    say,
)
from ui.cli.showing import one_line
from ui.moments import day

Json = dict[str, Any]
app = new_app("help.feedback")
RatingOption = Annotated[Literal["up", "down"] | None, typer.Option(help=say("options.rating"))]
_LENGTH = 80


@app.command("list", help=say("help.feedback_list"))
def list_feedback(
    rating: RatingOption = None, json: JsonOption = False, workspace: WorkspaceOption = None
) -> None:
    """What was said, oldest first."""
    with closing(connect_here(workspace)) as operations:
        found = operations.feedback(rating=rating)
    if json:
        print_json(found)
        return
    for item in found:
        mark = "+" if item["rating"] == "up" else "-"
        reason = f" [{say('reasons.' + item['reason'])}]" if item["reason"] else ""
        console().print(f"{mark} {day(item['at'])}{reason} {one_line(item['question'], _LENGTH)}")
        for text in (item["comment"], item["corrected"]):
            if text:
                console().print(f"    {one_line(text, 2 * _LENGTH)}", style="dim")
    if not found:
        console().print(say("say.no_feedback"))


@app.command("export", help=say("help.feedback_export"))
def export(rating: RatingOption = None, json: JsonOption = False, workspace: WorkspaceOption = None) -> None:
    """The same as JSON Lines, with or without --json."""
    with closing(connect_here(workspace)) as operations:
        for item in operations.feedback(rating=rating):
            print_json_line(item)
