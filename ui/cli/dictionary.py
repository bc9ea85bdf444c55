"""`konkyo dictionary`: check, list, add, remove."""

from __future__ import annotations

from contextlib import closing
from typing import Annotated

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

app = new_app("help.dictionary")
Term = Annotated[str, typer.Argument(metavar="TERM", help=say("options.term"))]


@app.command("check", help=say("help.dictionary_check"))
def check(json: JsonOption = False, workspace: WorkspaceOption = None) -> None:
    """What is wrong with the file."""
    with closing(connect_here(workspace)) as operations:
        found = operations.dictionary()
    if json:
        print_json({"ok": found["ok"], "path": found["path"], "entries": len(found["entries"]),
                    "problems": found["problems"]})  # fmt: skip
        return
    for problem in found["problems"]:
        message = translated(problem["message"])
        console().print(say("say.dictionary_problem", **{**problem, "message": message}), style="red")
    if found["ok"]:
        console().print(say("say.dictionary_ok", path=found["path"], entries=len(found["entries"])))


@app.command("list", help=say("help.dictionary_list"))
def list_words(json: JsonOption = False, workspace: WorkspaceOption = None) -> None:
    """The entries that are used."""
    with closing(connect_here(workspace)) as operations:
        found = operations.dictionary()
    if json:
        print_json(found["entries"])
        return
    for entry in found["entries"]:
        reading = f" ({entry['reading']})" if entry["reading"] else ""
        console().print(f"{entry['term']}{reading}: {' | '.join(entry['synonyms'])}")
    if not found["entries"]:
        console().print(say("say.dictionary_empty", path=found["path"]))


@app.command("add", help=say("help.dictionary_add"))
def add(
    term: Term,
    synonyms: Annotated[
        list[str] | None, typer.Argument(metavar="SYNONYM", help=say("options.synonyms"))
    ] = None,
    reading: Annotated[str, typer.Option(help=say("options.reading"))] = "",
    json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Add an entry, or replace that of the term."""
    with closing(connect_here(workspace)) as operations:
        done = operations.put_word(term, reading=reading, synonyms=synonyms or [])
    if json:
        print_json(done)
    else:
        console().print(say("say.done"))


@app.command("remove", help=say("help.dictionary_remove"))
def remove(term: Term, json: JsonOption = False, workspace: WorkspaceOption = None) -> None:
    """Take an entry out."""
    with closing(connect_here(workspace)) as operations:
        done = operations.remove_word(term)
    if json:
        print_json(done)
    else:
        console().print(say("say.done"))
