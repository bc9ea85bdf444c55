"""`konkyo audit`: who asked what and was told what, who changed what, and whether the log of it is whole."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from ui.cli.audit_showing import entry_lines, row_line, words
from ui.cli.shared import JsonOption, WorkspaceOption, connect_here, console, own_name, print_json

Json = dict[str, Any]
app = typer.Typer(
    help=words("help.audit"), no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
    rich_markup_mode=None,
)  # fmt: skip
Kind = Literal["question", "task", "feedback", "act"]
UserOption = Annotated[str | None, typer.Option("--user", metavar="NAME", help=words("options.user"))]
KindOption = Annotated[Kind | None, typer.Option("--kind", help=words("options.kind"))]
FromOption = Annotated[str | None, typer.Option("--from", metavar="DAY", help=words("options.from"))]
ToOption = Annotated[str | None, typer.Option("--to", metavar="DAY", help=words("options.to"))]


@app.command("verify", help=words("help.verify"))
def verify(
    anchor: Annotated[
        str | None, typer.Option("--anchor", metavar="HEAD", help=words("options.anchor"))
    ] = None,
    json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Hold the whole log against its chain; exit code 1 when something was changed."""
    with closing(connect_here(workspace)) as operations:
        found = operations.audit_verify(anchor=anchor)
    if json:
        print_json(found)
    else:
        for one in found["reasons"]:
            row = "" if one["row"] is None else words("say.row", row=one["row"])
            detail = f" ({one['detail']})" if one["detail"] else ""
            console().print(f"{row}{words('reason.' + one['code'])}{detail}", style="red")
        key = "say.whole" if found["ok"] else "say.broken"
        console().print(words(key, rows=found["rows"], erased=found["erased"]))
        console().print(words("say.head", head=found["head"]), style="dim")
    if not found["ok"]:
        raise typer.Exit(1)


@app.command("list", help=words("help.list"))
def list_rows(
    user: UserOption = None,
    kind: KindOption = None,
    since: FromOption = None,
    until: ToOption = None,
    held: Annotated[str, typer.Option("--words", metavar="TEXT", help=words("options.words"))] = "",
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help=words("options.limit"))] = 50,
    below: Annotated[int | None, typer.Option("--below", metavar="ID", help=words("options.below"))] = None,
    json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """One page of rows, the newest first."""
    with closing(connect_here(workspace)) as operations:
        found = operations.audit_list(
            user=user, kind=kind, since=since, until=until, words=held, limit=limit, below=below
        )
    if json:
        print_json(found)
        return
    for row in found["rows"]:
        console().print(row_line(row), style="dim" if row["erased"] else "")
    if not found["rows"]:
        console().print(words("say.none"))
    if found["next"] is not None:
        console().print(words("say.more", below=found["next"]), style="dim")


@app.command("replay", help=words("help.replay"))
def replay(
    row: Annotated[int, typer.Argument(metavar="ID", help=words("options.row"))],
    json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """An answer as it was given, each quote held against the library of today."""
    with closing(connect_here(workspace)) as operations:
        found = operations.audit_replay(row)
    if json:
        print_json(found)
        return
    for line, style in entry_lines(found):
        console().print(line, style=style)


@app.command("export", help=words("help.export"))
def export(
    file: Annotated[Path, typer.Argument(metavar="FILE", dir_okay=False, help=words("options.file"))],
    form: Annotated[Literal["csv", "jsonl"], typer.Option("--form", help=words("options.form"))] = "jsonl",
    user: UserOption = None,
    kind: KindOption = None,
    since: FromOption = None,
    until: ToOption = None,
    json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """The rows as a file that only its owner can read."""
    from ui.errors import UsageError

    try:
        opened = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise UsageError(f"{file} cannot be made ({error.strerror}). Name a new file.") from error
    report: Json = {}
    try:
        with (
            os.fdopen(opened, "w", encoding="utf-8", newline="") as written,
            closing(connect_here(workspace)) as operations,
        ):
            for event in operations.audit_export(form=form, user=user, kind=kind, since=since, until=until):
                if event["event"] == "lines":
                    written.write(event["text"])
                else:
                    report = event["report"]
    except BaseException:  # also Ctrl-C: half an export looks like a whole one
        file.unlink(missing_ok=True)
        raise
    if json:
        print_json({"done": True, "file": str(file), **report})
    else:
        console().print(words("say.exported", rows=report["rows"], file=file))


@app.command("erase", help=words("help.erase"))
def erase(
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help=words("options.reason"))],
    user: Annotated[str | None, typer.Option("--user", metavar="NAME", help=words("options.of_user"))] = None,
    before: Annotated[
        str | None, typer.Option("--before", metavar="DAY", help=words("options.before"))
    ] = None,
    row: Annotated[int | None, typer.Option("--row", metavar="ID", help=words("options.of_row"))] = None,
    by: Annotated[str, typer.Option("--by", metavar="NAME", help=words("options.by"))] = "",
    json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Erase the words of rows; the rows stay and tell it."""
    with closing(connect_here(workspace)) as operations:
        found = operations.audit_erase(by=by or own_name(), reason=reason, user=user, before=before, row=row)
    if json:
        print_json(found)
    else:
        console().print(words("say.erased", number=found["erased"]))
