"""`konkyo eval make` and `konkyo eval questions`: questions made from the own library, and their review."""

from __future__ import annotations

import getpass
import json
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any

import typer

from ui.cli.measuring import quality
from ui.cli.shared import JsonOption, WorkspaceOption, connect_here, console, print_json

Json = dict[str, Any]
app = typer.Typer(
    help=quality("help.questions"), no_args_is_help=True, add_completion=False,
    pretty_exceptions_enable=False, rich_markup_mode=None,
)  # fmt: skip
QuestionIds = Annotated[list[str], typer.Argument(metavar="ID...", help=quality("options.questions"))]
By = Annotated[str, typer.Option(help=quality("options.by"))]
_MARKS = {"draft": "?", "accepted": "✓", "rejected": "✗"}


def make(
    count: Annotated[int, typer.Option(min=1, help=quality("options.count"))] = 20,
    seed: Annotated[int, typer.Option(help=quality("options.seed"))] = 0,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Drafts of questions from the library."""
    with closing(connect_here(workspace)) as operations:
        found = operations.make_questions(count, seed)
    if as_json:
        print_json(found)
    else:
        console().print(quality("say.made", **found))


@app.command("list", help=quality("help.questions_list"))
def list_questions(
    status: Annotated[str | None, typer.Option(help=quality("options.status"))] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Made questions, drafts first."""
    with closing(connect_here(workspace)) as operations:
        found = operations.made_questions(status=status)
    if as_json:
        print_json(found)
        return
    for one in found:
        _show(one)
    if not found:
        console().print(quality("say.no_questions"))


@app.command("accept", help=quality("help.questions_accept"))
def accept(
    questions: QuestionIds, by: By = "", workspace: WorkspaceOption = None, as_json: JsonOption = False
) -> None:
    """Into the set."""
    _review(questions, "accepted", by, workspace, as_json)


@app.command("reject", help=quality("help.questions_reject"))
def reject(
    questions: QuestionIds, by: By = "", workspace: WorkspaceOption = None, as_json: JsonOption = False
) -> None:
    """Out of the set."""
    _review(questions, "rejected", by, workspace, as_json)


@app.command("edit", help=quality("help.questions_edit"))
def edit(
    question: Annotated[str, typer.Argument(metavar="ID", help=quality("options.questions"))],
    text: Annotated[str | None, typer.Option(help=quality("options.text"))] = None,
    answer: Annotated[list[str] | None, typer.Option(help=quality("options.answer"))] = None,
    by: By = "",
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Other words."""
    from ui.errors import UsageError

    if text is None and not answer:
        raise UsageError("nothing to change: give --text or --answer.")
    with closing(connect_here(workspace)) as operations:
        found = operations.edit_question(
            question, text=text, answers=answer or None, by=by or getpass.getuser()
        )
    if as_json:
        print_json(found)
    else:
        _show(found)


@app.command("export", help=quality("help.questions_export"))
def export(
    folder: Annotated[Path, typer.Argument(help=quality("options.set_folder"), file_okay=False)],
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """The accepted ones as a data set."""
    from ui.errors import UsageError

    with closing(connect_here(workspace)) as operations:
        rows = operations.question_set()
    if not rows:
        raise UsageError("no question was accepted yet. Accept some with: konkyo eval questions accept ID")
    if any((folder / name).exists() for name in ("corpus.jsonl", "pdf")):
        raise UsageError(f"{folder} holds a data set with documents of its own. Choose another folder.")
    folder.mkdir(parents=True, exist_ok=True)
    lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (folder / "qa.jsonl").write_text("".join(lines), "utf-8", "backslashreplace")
    if as_json:
        print_json({"done": True, "folder": str(folder), "questions": len(rows)})
    else:
        console().print(quality("say.exported", number=len(rows), folder=folder))


def _review(questions: list[str], status: str, by: str, workspace: Path | None, as_json: bool) -> None:
    with closing(connect_here(workspace)) as operations:
        found = [operations.review_question(one, status, by=by or getpass.getuser()) for one in questions]
    if as_json:
        print_json(found)
        return
    for one in found:
        _show(one)


def _show(one: Json) -> None:
    console().print(f"{_MARKS[one['status']]} {one['id']}  {one['question']}", style="bold")
    answers = f"{' / '.join(one['answers'])}  ← {one['shown_as']}: 「{one['quote']}」"
    console().print(f"    {answers if one['present'] else quality('say.gone')}", style="dim")
