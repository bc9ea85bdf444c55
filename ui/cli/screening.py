"""`konkyo screening`: scan, report, show, release."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any

import typer

from ui.cli.documents import DocumentId
from ui.cli.shared import (
    JsonOption,
    WorkspaceOption,
    connect_here,
    console,
    new_app,
    open_here,
    print_json,
    print_json_line,
    say,
)

Json = dict[str, Any]

app = new_app("help.screening")


@app.command("scan", help=say("help.screening_scan"))
def scan(
    file: Annotated[Path, typer.Argument(metavar="FILE", help=say("options.scanned"))],
    json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Look for personal data and planted instructions in texts; nothing is stored."""
    from ui.scanning import scanned

    for found in scanned(file, lambda: open_here(workspace).settings().ingestion):
        if json:
            print_json_line(found.as_json())
        else:
            for line in _lines(found.as_json(), found.text):
                console().print(line)


@app.command("report", help=say("help.screening_report"))
def report(json: JsonOption = False, workspace: WorkspaceOption = None) -> None:
    """What lies in which folder."""
    with closing(connect_here(workspace)) as operations:
        found = operations.screening()
    if json:
        print_json(found)
        return
    for folder in found["folders"]:
        console().print(folder["shown_as"] or folder["source"], style="bold")
        kinds = ", ".join(f"{name} {count}" for name, count in folder["personal"].items()) or "–"
        console().print(say("say.screening_folder", kinds=kinds, **_counts(folder)))
    for kept in found["quarantined"]:
        console().print(
            say("say.quarantined", document=kept["document"], where=kept["shown_as"]), style="red"
        )


@app.command("show", help=say("help.screening_show"))
def show(document: DocumentId, json: JsonOption = False, workspace: WorkspaceOption = None) -> None:
    """What was found in one document."""
    with closing(connect_here(workspace)) as operations:
        found = operations.findings(document)
    if json:
        print_json(found)
        return
    for one in found["findings"]:
        page = say("say.page", page=one["page"]) if one["page"] else f"{one['start']}-{one['end']}"
        console().print(f"{one['type']:<12}{one['confidence']:.2f}  {page}  {' '.join(one['text'].split())}")
    if found["quarantined"]:
        console().print(say("say.is_quarantined", document=document), style="red")
    if found["released"]:
        console().print(say("say.is_released", **found["released"]))


@app.command("release", help=say("help.screening_release"))
def release(
    document: DocumentId,
    reason: Annotated[str, typer.Option("--reason", help=say("options.reason"))] = "",
    withdraw: Annotated[bool, typer.Option("--withdraw", help=say("options.withdraw"))] = False,
    json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Let a document out of quarantine, or take that back."""
    with closing(connect_here(workspace)) as operations:
        done = operations.withdraw_release(document) if withdraw else operations.release(document, reason)
    if json:
        print_json(done)
        return
    said = ("withdrawn" if withdraw else "released") if done["done"] else "nothing_to_release"
    console().print(say(f"say.{said}", document=document))


def _counts(folder: Json) -> Json:
    names = ("documents", "planted", "masked", "quarantined", "released", "refused")
    return {name: folder[name] for name in names}


def _lines(found: Json, text: str) -> Iterator[str]:
    for entity in found["entities"]:
        part = " ".join(text[entity["start"] : entity["end"]].split())
        yield f"{found['id']}  {entity['type']:<12}{entity['confidence']:.2f}  {part}"
    if found["planted"]:
        yield f"{found['id']}  {say('say.planted')}  {found['score']:.2f}"
