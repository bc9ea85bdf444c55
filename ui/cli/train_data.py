"""`konkyo train data`: examples for tuning, from candidate to export."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any

import typer

from ui.cli.following import follow
from ui.cli.shared import (
    JsonOption,
    WorkspaceOption,
    connect_here,
    console,
    own_name,
    print_json,
    terminal_language,
    translated,
)
from ui.cli.train_data_review import review
from ui.example_texts import one_line, problem_in, words

Json = dict[str, Any]


def say(key: str, **values: object) -> str:
    """A text of the [examples] table in the language of the terminal."""
    return words(terminal_language(), key, **values)


app = typer.Typer(
    help=say("help.data"), no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
    rich_markup_mode=None,
)  # fmt: skip
By = Annotated[str, typer.Option(help=say("options.by"))]
Evaluation = Annotated[
    list[Path] | None, typer.Option("--evaluation", exists=True, help=say("options.evaluation"))
]
ExampleIds = Annotated[list[str], typer.Argument(metavar="ID...", help=say("options.ids"))]


@app.command("build", help=say("help.build"))
def build(
    source: Annotated[
        str, typer.Option("--from", metavar="library|feedback", help=say("options.from"))
    ] = "library",
    limit: Annotated[int, typer.Option(min=1, help=say("options.limit_build"))] = 200,
    unanswerable: Annotated[float, typer.Option(min=0, max=1, help=say("options.unanswerable"))] = 0.25,
    seed: Annotated[int, typer.Option(help=say("options.seed"))] = 0,
    evaluation: Evaluation = None,
    by: By = "",
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Candidates from the library or from feedback."""
    with closing(connect_here(workspace)) as operations:
        report = follow(
            operations.build_examples(
                source=source, limit=limit, unanswerable=unanswerable, seed=seed,
                evaluations=_absolute(evaluation), by=by or own_name(),
            )
        )  # fmt: skip
    if as_json:
        print_json(report)
        return
    console().print(say("say.built", **report))
    for reason, number in report["dropped"].items():
        console().print(say(f"dropped.{reason}", number=number), style="dim")


@app.command("import", help=say("help.import"))
def import_file(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help=say("options.file"))],
    licence: Annotated[str, typer.Option(help=say("options.licence"))] = "",
    find_evidence: Annotated[
        bool, typer.Option("--find-evidence", help=say("options.find_evidence"))
    ] = False,
    evaluation: Evaluation = None,
    by: By = "",
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Candidates from a file."""
    with closing(connect_here(workspace)) as operations:
        report = operations.import_examples(
            file.name, file.read_bytes(), licence=licence, find_evidence=find_evidence,
            evaluations=_absolute(evaluation), by=by or own_name(),
        )  # fmt: skip
    if as_json:
        print_json(report)
        return
    told = {**report, "failed": len(report["failed"]), "form": say(f"forms.{report['form']}")}
    console().print(say("say.imported", **told))
    for one in report["failed"]:
        key = "say.failed_field" if one["field"] else "say.failed_row"
        reason = translated(one["reason"])
        console().print(say(key, row=one["row"], field=one["field"], reason=reason), style="yellow")


@app.command("list", help=say("help.list"))
def list_examples(
    status: Annotated[str | None, typer.Option(help=say("options.status"))] = None,
    origin: Annotated[str | None, typer.Option(help=say("options.origin"))] = None,
    split: Annotated[str | None, typer.Option(help=say("options.split"))] = None,
    kind: Annotated[str | None, typer.Option(help=say("options.kind"))] = None,
    document: Annotated[str | None, typer.Option(help=say("options.document"))] = None,
    assignee: Annotated[str | None, typer.Option(help=say("options.assignee"))] = None,
    problem: Annotated[str | None, typer.Option(help=say("options.problem"))] = None,
    search: Annotated[str, typer.Option(help=say("options.search"))] = "",
    offset: Annotated[int, typer.Option(min=0, help=say("options.offset"))] = 0,
    limit: Annotated[int, typer.Option(min=1, max=500, help=say("options.limit_list"))] = 50,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Examples, oldest first."""
    with closing(connect_here(workspace)) as operations:
        found = operations.examples(
            status=status, origin=origin, split=split, kind=kind, document=document, assignee=assignee,
            problem=problem, search=search, offset=offset, limit=limit,
        )  # fmt: skip
    if as_json:
        print_json(found)
        return
    for one in found["examples"]:
        console().print(
            one_line(terminal_language(), one), style="dim" if one["status"] == "rejected" else ""
        )
        if told := problem_in(terminal_language(), one["set_aside"] or one["problem"]):
            console().print(f"    {told}", style="yellow")
    shown = len(found["examples"])
    console().print(say("say.listed", shown=shown, total=found["total"], offset=offset), style="dim")


@app.command("counts", help=say("help.counts"))
def counts(as_json: JsonOption = False, workspace: WorkspaceOption = None) -> None:
    """How many there are of each sort."""
    with closing(connect_here(workspace)) as operations:
        found = operations.example_counts()
    if as_json:
        print_json(found)
        return
    for name, value in found.items():
        shown = (
            ", ".join(f"{key or '–'} {number}" for key, number in value.items())
            if isinstance(value, dict)
            else value
        )
        console().print(f"{say(f'counts.{name}'):<16} {shown}")


app.command("review", help=say("help.review"))(review)


@app.command("assign", help=say("help.assign"))
def assign(
    examples: ExampleIds,
    to: Annotated[str, typer.Option("--to", help=say("options.to"))],
    by: By = "",
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Who is to look at them."""
    with closing(connect_here(workspace)) as operations:
        done = operations.assign_examples(examples, to, by=by or own_name())
    if as_json:
        print_json(done)
    else:
        console().print(say("say.assigned", number=len(done["ids"]), to=to or "–"))


@app.command("export", help=say("help.export"))
def export(
    file: Annotated[Path, typer.Argument(dir_okay=False, help=say("options.export_file"))],
    form: Annotated[
        str, typer.Option(metavar="konkyo|alpaca|sharegpt|messages", help=say("options.form"))
    ] = "konkyo",
    split: Annotated[str | None, typer.Option(help=say("options.split"))] = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """What may be learnt from now, as JSON Lines."""
    from ingestion.durable import replace_file

    with closing(connect_here(workspace)) as operations:
        found = operations.export_examples(form=form, split=split)
    new = file.with_name(f"{file.name}.new")
    lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in found["rows"])
    file.parent.mkdir(parents=True, exist_ok=True)
    new.write_text("".join(lines), "utf-8", "backslashreplace")
    replace_file(new, file)
    told = {"file": str(file), "form": form, "examples": len(found["rows"]), "left_out": found["left_out"]}
    if as_json:
        print_json({"done": True, **told})
    else:
        console().print(say("say.exported", **told))


@app.command("taught", help=say("help.taught"))
def taught(
    document: Annotated[str, typer.Argument(metavar="DOCUMENT", help=say("options.taught"))],
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """What a document taught."""
    with closing(connect_here(workspace)) as operations:
        found = operations.taught(document)
    if as_json:
        print_json(found)
        return
    state = "say.taught" if found["present"] else "say.taught_removed"
    console().print(say(state, title=found["title"] or document, examples=len(found["examples"]),
                        adapters=len(found["adapters"])))  # fmt: skip
    for one in found["examples"]:
        console().print(f"  {one['id']}  {say('status.' + one['status'])}  {one['split']}  {one['question']}")
    for one in found["adapters"]:
        console().print(f"  {say('say.adapter', **one)}{say('say.published') if one['published'] else ''}")


@app.command("remove", help=say("help.remove"))
def remove(examples: ExampleIds, as_json: JsonOption = False, workspace: WorkspaceOption = None) -> None:
    """Forget examples for good."""
    with closing(connect_here(workspace)) as operations:
        done = operations.remove_examples(examples)
    if as_json:
        print_json(done)
    else:
        console().print(say("say.removed", number=done["removed"]))


def _absolute(paths: list[Path] | None) -> list[str]:
    return [str(path.resolve()) for path in paths or ()]
