"""`konkyo documents`: list, show, versions, boxes, remove."""

from __future__ import annotations

from contextlib import closing
from typing import Annotated

import typer

from ui.cli import failures, rulings
from ui.cli.shared import (
    JsonOption,
    WorkspaceOption,
    connect_here,
    console,
    new_app,
    print_json,
    say,
    terminal_language,
)
from ui.example_texts import words
from ui.reasons import reason_in

app = new_app("help.documents")
DocumentId = Annotated[str, typer.Argument(metavar="ID", help=say("options.document"))]


@app.command("list", help=say("help.documents_list"))
def list_documents(json: JsonOption = False, workspace: WorkspaceOption = None) -> None:
    """Documents and the files that failed."""
    with closing(connect_here(workspace)) as operations:
        documents, failures = operations.documents(), operations.failures()
    if json:
        print_json(documents)
        return
    if not documents and not failures:
        console().print(say("say.nothing_here"))
    for document in documents:
        where = document["locations"][0]["shown_as"]
        counts = f"{document['pages']:>6}{document['chunks']:>6}"
        facts = f"{document['format']:<5}{counts}  {document['status']:<6}"
        console().print(f"{document['id']}  {facts} {where}")
    for failure in failures:
        reason = reason_in(terminal_language(), failure["reason"])
        text = say("say.failed_file", path=failure["shown_as"], reason=reason)
        console().print(text, style="red")


@app.command("show", help=say("help.documents_show"))
def show_document(document: DocumentId, json: JsonOption = False, workspace: WorkspaceOption = None) -> None:
    """One document with its text."""
    with closing(connect_here(workspace)) as operations:
        found = operations.document(document)
    if json:
        print_json(found)
        return
    screen = console()
    screen.print(found["title"], style="bold")
    for location in found["locations"]:
        screen.print(location["shown_as"], style="dim")
    for page in found["pages"]:
        name = page["locator"] or say("say.page", page=page["label"] or page["number"])
        screen.print(f"── {name}", style="dim")
        screen.print(found["text"][page["start"] : page["end"]])


@app.command("versions", help=say("help.documents_versions"))
def list_versions(json: JsonOption = False, workspace: WorkspaceOption = None) -> None:
    """Documents that have versions or copies, or do not count."""
    with closing(connect_here(workspace)) as operations:
        families = operations.versions()
    if json:
        print_json(families)
        return
    if not families:
        console().print(say("say.no_versions"))
    for family in families:
        console().print(f"── {family['documents'][-1]['title']}", style="dim")
        for one in family["documents"]:
            state = say("say.copy" if one["copy_of"] else f"states.{one['state']}")
            days = f"{one['valid_from'] or ''}–{one['superseded_from'] or one['valid_to'] or ''}".strip("–")
            where = one["locations"][0]["shown_as"]
            style = "" if one["state"] == "in_force" else "dim"
            console().print(f"{one['document']}  {state}  {days}  {where}", style=style)
            for ruling in one["rulings"]:
                console().print(f"    {rulings.ruling_line(ruling)}", style="dim")


app.command("rule", help=say("help.documents_rule"))(rulings.rule)
app.command("failures", help=say("help.documents_failures"))(failures.failures)


@app.command("boxes", help=say("help.documents_boxes"))
def show_boxes(
    document: DocumentId,
    start: Annotated[int, typer.Argument(help=say("options.start"))],
    end: Annotated[int, typer.Argument(help=say("options.end"))],
    json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Boxes of a span on the pages of a PDF."""
    with closing(connect_here(workspace)) as operations:
        boxes = operations.boxes(document, start, end)
    if json:
        print_json(boxes)
        return
    for box in boxes:
        corners = f"{box['x0']:.1f} {box['y0']:.1f} {box['x1']:.1f} {box['y1']:.1f}"
        console().print(f"{say('say.page', page=box['page'])}  {corners}")


@app.command("remove", help=say("help.documents_remove"))
def remove_document(
    document: DocumentId, json: JsonOption = False, workspace: WorkspaceOption = None
) -> None:
    """Take a document out of the library."""
    with closing(connect_here(workspace)) as operations:
        done = operations.remove_document(document)
    if json:
        print_json(done)
        return
    console().print(say("say.removed", document=document))
    taught, language = done["taught"], terminal_language()
    if taught["examples"]:
        console().print(words(language, "say.document_taught", document=document, **taught), style="yellow")
    if taught["adapters"]:
        names = ", ".join(taught["adapters"])
        console().print(words(language, "say.document_adapters", adapters=names), style="yellow")
