"""`konkyo train data review`: lists of decisions from files, or one example after another at a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ui.cli.shared import (
    JsonOption,
    WorkspaceOption,
    connect_here,
    console,
    note,
    own_name,
    print_json,
    terminal_language,
    translated,
)
from ui.example_texts import one_line, problem_in, words

if TYPE_CHECKING:
    from ui.operations import Operations

Json = dict[str, Any]
Ask = Callable[[str, str], str]
"""Asks a person for a line; the second text is taken when nothing is typed."""
_KEYS = {"a": "accept", "e": "edit", "r": "reject", "s": "skip", "q": "quit"}


def say(key: str, **values: object) -> str:
    """A text of the [examples] table in the language of the terminal."""
    return words(terminal_language(), key, **values)


Accept = Annotated[
    list[Path] | None, typer.Option(exists=True, dir_okay=False, metavar="FILE", help=say("options.accept"))
]
Reject = Annotated[
    list[Path] | None, typer.Option(exists=True, dir_okay=False, metavar="FILE", help=say("options.reject"))
]
Reopen = Annotated[
    list[Path] | None, typer.Option(exists=True, dir_okay=False, metavar="FILE", help=say("options.reopen"))
]


def review(
    accept: Accept = None,
    reject: Reject = None,
    reopen: Reopen = None,
    assignee: Annotated[str | None, typer.Option(help=say("options.assignee"))] = None,
    document: Annotated[str | None, typer.Option(help=say("options.document"))] = None,
    by: Annotated[str, typer.Option(help=say("options.by"))] = "",
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Accept, edit or reject."""
    who = by or own_name()
    decisions = _decisions(accept, "accept") + _decisions(reject, "reject") + _decisions(reopen, "reopen")
    with closing(connect_here(workspace)) as operations:
        if decisions:
            done = operations.review_examples(decisions, by=who)
            told = _told(done)
        else:
            _require_terminal(bool(accept or reject or reopen))
            told = review_at_terminal(operations, _asked, assignee=assignee, document=document, by=who)
    if as_json:
        print_json(told)
    else:
        console().print(say("say.reviewed", **told))


def review_at_terminal(
    operations: Operations, ask: Ask, *, assignee: str | None, document: str | None, by: str
) -> Json:
    """New examples one after another, until there are none or the person quits: how many became what."""
    from ui.errors import EXPECTED

    counts = {"accepted": 0, "edited": 0, "rejected": 0, "reopened": 0}
    ids: list[str] = []
    skipped = 0
    while True:
        found = operations.examples(
            status="new", assignee=assignee, document=document, offset=skipped, limit=1
        )
        if not found["examples"]:
            break
        one = found["examples"][0]
        _show(one, found["total"] - skipped)
        key = ask(say("say.keys"), "s").strip().lower()[:1]
        act = _KEYS.get(key, "")
        if act == "quit":
            break
        try:
            if act in ("accept", "reject"):
                decision = {"id": one["id"], "act": act, "version": one["version"]}
                operations.review_examples([decision], by=by)
                counts["accepted" if act == "accept" else "rejected"] += 1
            elif act == "edit":
                done = operations.edit_example(one["id"], _changes(one, ask), version=one["version"], by=by)
                counts[str(done["status"])] += 1  # "accepted" where no word was changed
            else:
                skipped += 1
                continue
        except EXPECTED as error:
            note(say("say.not_done", message=translated(str(error))))
            skipped += 1
            continue
        ids.append(one["id"])
    return {"done": True, **counts, "ids": ids}


def _decisions(files: list[Path] | None, act: str) -> list[Json]:
    """What files of ids, or of JSON lines with changes, ask for; each line is checked by the operation."""
    found: list[Json] = []
    for file in files or ():
        from training.tuning.reviewing import read_decisions
        from training.tuning.row_files import text_of

        for one in read_decisions(text_of(file.name, file.read_bytes()), act):  # type: ignore[arg-type]
            found.append(
                {"id": one.id, "act": one.act, "changes": dict(one.changes), "note": one.note,
                 "version": one.version, "line": one.line}
            )  # fmt: skip
    return found


def _told(done: Json) -> Json:
    became = ["reopened" if one == "new" else one for one in done["statuses"]]
    counts = {name: became.count(name) for name in ("accepted", "edited", "rejected", "reopened")}
    return {"done": True, **counts, "ids": done["ids"]}


def _require_terminal(given: bool) -> None:
    from ui.errors import UsageError

    if given:
        raise UsageError("the files name no example: give an id on each line, or JSON lines with an id.")
    if not sys.stdin.isatty():
        raise UsageError("there is no terminal to ask at: give --accept FILE or --reject FILE.")


def _show(one: Json, left: int) -> None:
    screen = console()
    screen.print(f"── {one_line(terminal_language(), one)} ({say('say.left', number=left)})", style="bold")
    for number, source in enumerate(one["evidence"], start=1):
        screen.print(f"[{number}] {source['heading']}", style="dim")
        screen.print(source["text"], style="dim")
    for message in one["messages"]:
        screen.print(f"{message['role']}: {message['content']}")
    if one["question"]:
        screen.print(f"{say('fields.question')}: {one['question']}")
    if one["answer"]:
        screen.print(f"{say('fields.answer')}: {one['answer']}")
    if one["rejected"]:
        screen.print(f"{say('fields.rejected')}: {one['rejected']}")
    if told := problem_in(terminal_language(), one["set_aside"] or one["problem"]):
        screen.print(told, style="yellow")


def _changes(one: Json, ask: Ask) -> Json:
    """What a person words otherwise; an empty line leaves a text as it is."""
    changes: Json = {}
    for name in ("question", "answer", "rejected"):
        if one[name]:
            said = ask(f"{say('fields.' + name)} [{say('say.as_it_is')}]", "")
            if said.strip() and said != one[name]:
                changes[name] = said
    if one["messages"]:
        said = ask(f"{say('fields.reply')} [{say('say.as_it_is')}]", "")
        if said.strip():
            changes["messages"] = [*one["messages"][:-1], {"role": "assistant", "content": said}]
    return changes


def _asked(text: str, otherwise: str) -> str:
    try:
        return str(typer.prompt(text, default=otherwise, show_default=False))
    except typer.Abort:
        return "q"
