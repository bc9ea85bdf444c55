"""`konkyo rights`: why somebody may read a document, and what somebody may read."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Annotated, Any

import typer

from ui.cli.accounts import opened, words
from ui.cli.shared import JsonOption, WorkspaceOption, console, open_here, print_json, translated

Json = dict[str, Any]
app = typer.Typer(
    help=words("help.rights"), no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
    rich_markup_mode=None,
)  # fmt: skip
UserOption = Annotated[str, typer.Option("--user", metavar="NAME", help=words("options.whose"))]


@app.command("explain", help=words("help.rights_explain"))
def explain(
    user: UserOption,
    document: Annotated[str, typer.Option("--document", metavar="ID", help=words("options.document"))],
    json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Why a user may read a document, or may not."""
    from ingestion.rights.rules import RightsRules
    from ui import rights

    rules = RightsRules(open_here(workspace).settings().sources, open_here(workspace).mirrors)
    found = _asked(
        workspace, lambda accounts, library: rights.explain(accounts, library, rules, user, document)
    )
    if json:
        print_json(found)
        return
    key = "say.may_read" if found["may_read"] else "say.may_not_read"
    console().print(words(key, user=found["user"], because=translated(found["because"])))
    for place in found["locations"]:
        for line in _where_from(place):
            console().print(line)


def _where_from(place: Json) -> list[str]:
    """What a place carries, and by what."""
    told = place["from"]
    if told["problem"] is not None:
        said = translated(told["problem"])
    elif told["rights"] == "posix":
        steps = [f"{step['path']} ({', '.join(step['lets']) or '-'})" for step in told["steps"]]
        said = words("say.rights_posix", steps="; ".join(steps) or "-")
    elif told["rights"] == "file":
        none = told["line"] is None
        said = words("say.rights_no_line") if none else words("say.rights_line", line=told["line"])
    else:
        said = words("say.rights_settings")
    lines = [
        words("say.rights_from", path=place["path"], groups=", ".join(place["groups"]) or "-", said=said)
    ]
    return [*lines, words("say.rights_changed")] if told["changed"] else lines


@app.command("list", help=words("help.rights_list"))
def list_readable(user: UserOption, json: JsonOption = False, workspace: WorkspaceOption = None) -> None:
    """What a user may read."""
    from ui import rights

    found = _asked(workspace, lambda accounts, library: rights.readable(accounts, library, user))
    if json:
        print_json(found)
        return
    for one in found["documents"]:
        place = one["locations"][0]
        console().print(f"{one['id']} {place['source']}/{place['path']}")
    console().print(words("say.readable", user=found["user"], number=len(found["documents"])))


def _asked(workspace: Path | None, ask: Any) -> Json:
    from assistant.errors import AccountError
    from ingestion.library import Library

    here = open_here(workspace)
    with opened(workspace) as accounts, closing(Library.open(here.library_path)) as library:
        if accounts is None:
            raise AccountError("there are no accounts here: the only user reads everything.")
        found: Json = ask(accounts, library)
        return found
