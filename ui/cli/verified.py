"""`konkyo verified`: answers that an editor confirmed."""

from __future__ import annotations

import re
from contextlib import closing
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ui.cli.shared import (
    JsonOption,
    WorkspaceOption,
    connect_here,
    console,
    new_app,
    own_name,
    print_json,
    say,
)
from ui.editor_operations import citations_to_confirm
from ui.moments import day

if TYPE_CHECKING:
    from ui.operations import Operations

Json = dict[str, Any]
app = new_app("help.verified")
VerifiedId = Annotated[str, typer.Argument(metavar="ID", help=say("options.verified"))]
Editor = Annotated[str, typer.Option(help=say("options.editor"))]
_PLACE = re.compile(r"(?P<document>[^:]+):(?P<start>[0-9]+)-(?P<end>[0-9]+)")


@app.command("list", help=say("help.verified_list"))
def list_verified(json: JsonOption = False, workspace: WorkspaceOption = None) -> None:
    """All of them, each looked at anew."""
    with closing(connect_here(workspace)) as operations:
        found = operations.verified()
    if json:
        print_json(found)
        return
    for item in found:
        console().print(_line(item), style="yellow" if item["flag"] else "")
    if not found:
        console().print(say("say.no_verified"))


@app.command("show", help=say("help.verified_show"))
def show(verified: VerifiedId, json: JsonOption = False, workspace: WorkspaceOption = None) -> None:
    """One of them with its passages."""
    with closing(connect_here(workspace)) as operations:
        found = operations.verified_answer(verified)
    _tell(found, json=json)


@app.command("add", help=say("help.verified_add"))
def add(
    question: Annotated[str, typer.Argument(help=say("options.question"))],
    answer: Annotated[str, typer.Option(help=say("options.answer"))] = "",
    cite: Annotated[
        list[str] | None, typer.Option(metavar="DOCUMENT:START-END", help=say("options.cite"))
    ] = None,
    conversation: Annotated[str | None, typer.Option(help=say("options.from_conversation"))] = None,
    also: Annotated[list[str] | None, typer.Option(help=say("options.also"))] = None,
    editor: Editor = "",
    json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Confirm an answer to a question."""
    places = [_place(text) for text in cite or ()]
    with closing(connect_here(workspace)) as operations:
        if conversation is not None:
            last = _last_answer(operations, conversation)
            answer = answer or last["answer"]
            places = places or citations_to_confirm(last["claims"])
        found = operations.add_verified(
            question, answer, places, editor=editor or own_name(), also=also or []
        )
    _tell(found, json=json)


@app.command("confirm", help=say("help.verified_confirm"))
def confirm(
    verified: VerifiedId, editor: Editor = "", json: JsonOption = False, workspace: WorkspaceOption = None
) -> None:
    """Offer it again."""
    with closing(connect_here(workspace)) as operations:
        found = operations.confirm_verified(verified, editor or own_name())
    _tell(found, json=json)


@app.command("check", help=say("help.verified_check"))
def check(json: JsonOption = False, workspace: WorkspaceOption = None) -> None:
    """Whether their sources still say what they said."""
    with closing(connect_here(workspace)) as operations:
        found = operations.verified()
    flagged = [item for item in found if item["flag"]]
    if json:
        print_json(
            {
                "ok": not flagged, "verified": len(found),
                "flagged": [{key: item[key] for key in ("id", "question", "flag")} for item in flagged],
            }
        )  # fmt: skip
        return
    for item in flagged:
        console().print(_line(item), style="yellow")
    console().print(say("say.verified_checked", number=len(found), flagged=len(flagged)))


@app.command("remove", help=say("help.verified_remove"))
def remove(verified: VerifiedId, json: JsonOption = False, workspace: WorkspaceOption = None) -> None:
    """Take it out."""
    with closing(connect_here(workspace)) as operations:
        done = operations.remove_verified(verified)
    if json:
        print_json(done)
    else:
        console().print(say("say.done"))


def _tell(item: Json, *, json: bool) -> None:
    if json:
        print_json(item)
        return
    console().print(_line(item), style="yellow" if item["flag"] else "bold")
    for other in item["also"]:
        console().print(f"  = {other}", style="dim")
    console().print(item["answer"])
    for one in item["citations"]:
        console().print(f"  {one['shown_as']}: 「{one['quote']}」", style="dim")


def _line(item: Json) -> str:
    line = say("say.verified_line", id=item["id"], question=item["question"], editor=item["editor"],
               date=day(item["confirmed_at"]))  # fmt: skip
    return f"{line} · {say('flags.' + item['flag'])}" if item["flag"] else line


def _place(text: str) -> Json:
    from ui.errors import UsageError

    found = _PLACE.fullmatch(text.strip())
    if found is None:
        raise UsageError(f"{text!r} is no passage. Give DOCUMENT:START-END, as in 9b0f2363ef455051:130-171.")
    return {"document": found["document"], "start": int(found["start"]), "end": int(found["end"])}


def _last_answer(operations: Operations, conversation: str) -> Json:
    from ui.errors import NotFoundError

    answers: list[Json] = [
        message["answer"] for message in operations.conversation(conversation)["messages"]
        if message["answer"] and not message["answer"]["abstained"]
    ]  # fmt: skip
    if not answers:
        raise NotFoundError(f"the conversation {conversation!r} has no answer yet.")
    return answers[-1]
