"""`konkyo documents rule`: what a person says of a document's version."""

from __future__ import annotations

from contextlib import closing
from typing import Annotated, Any

import typer

from ui.cli.shared import JsonOption, WorkspaceOption, connect_here, console, own_name, print_json, say
from ui.errors import UsageError
from ui.moments import day

Json = dict[str, Any]
_ALL = ("official", "superseded_by", "valid_from", "valid_to", "apart")
_NO_DAY = "none"


def rule(
    document: Annotated[str, typer.Argument(metavar="ID", help=say("options.document"))],
    official: Annotated[bool, typer.Option("--official", help=say("options.official"))] = False,
    superseded_by: Annotated[str | None, typer.Option(help=say("options.superseded_by"))] = None,
    valid_from: Annotated[str | None, typer.Option(help=say("options.valid_from"))] = None,
    valid_to: Annotated[str | None, typer.Option(help=say("options.valid_to"))] = None,
    apart: Annotated[bool, typer.Option("--apart", help=say("options.apart"))] = False,
    undo: Annotated[list[str] | None, typer.Option(help=say("options.undo_ruling"))] = None,
    by: Annotated[str | None, typer.Option(help=say("options.ruled_by"))] = None,
    json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Say what a version is, or take that back."""
    said: Json = {what: None for what in (_ALL if "all" in (undo or ()) else undo or ())}
    said |= {"official": True} if official else {}
    said |= {"apart": True} if apart else {}
    named = {"superseded_by": superseded_by, "valid_from": valid_from, "valid_to": valid_to}
    said |= {what: "" if value == _NO_DAY else value for what, value in named.items() if value is not None}
    if not said:
        raise UsageError("say what the version is: --official, --superseded-by, --valid-from, … or --undo.")
    with closing(connect_here(workspace)) as operations:
        done = operations.rule_version(document, said, by=own_name() if by is None else by)
    if json:
        print_json(done)
        return
    if not done["rulings"]:
        console().print(say("say.no_rulings", document=document))
    for ruling in done["rulings"]:
        console().print(ruling_line(ruling))


def ruling_line(ruling: Json) -> str:
    """What was said, by whom and when: "official (sato, 2025-04-01)"."""
    value = "" if ruling["what"] in ("official", "apart") else f": {ruling['value'] or say('say.no_day')}"
    who = ", ".join(part for part in (ruling["by"], day(ruling["at"])) if part)
    return f"{say('rulings.' + ruling['what'])}{value} ({who})"
