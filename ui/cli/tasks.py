"""`konkyo summarise`, `compare`, `translate`, `draft` and `extract`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

import typer

from assistant.task_prompts import Task
from ui.cli.shared import (
    JsonOption,
    WorkspaceOption,
    connect_here,
    note,
    print_json,
    progress_console,
    terminal_language,
)
from ui.task_operations import TaskOrder, column_names
from ui.texts import t

if TYPE_CHECKING:
    from collections.abc import Generator

    from ui.operations import Operations

Json = dict[str, Any]


def say(key: str, **values: object) -> str:
    """A text of the [tasks] table in the language of the terminal."""
    return t(terminal_language(), "tasks", key, **values)


Document = Annotated[str, typer.Argument(metavar="DOCUMENT", help=say("options.document"))]
Focus = Annotated[str, typer.Option("--focus", help=say("options.focus"))]
Language = Annotated[Literal["ja", "en"] | None, typer.Option(help=say("options.language"))]
Model = Annotated[str | None, typer.Option(help=say("options.model"))]
Conversation = Annotated[str | None, typer.Option(help=say("options.conversation"))]


def summarise(
    document: Document,
    focus: Focus = "",
    language: Language = None,
    model: Model = None,
    conversation: Conversation = None,
    json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """A document's summary, by parts where it is long."""
    order = TaskOrder(
        "summarise", focus, (document,),
        conversation=conversation, language=language, model=model,
    )  # fmt: skip
    _perform(order, json, workspace)


def compare(
    first: Document,
    second: Document,
    focus: Focus = "",
    language: Language = None,
    model: Model = None,
    conversation: Conversation = None,
    json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """How two documents differ."""
    order = TaskOrder(
        "compare", focus, (first, second),
        conversation=conversation, language=language, model=model,
    )  # fmt: skip
    _perform(order, json, workspace)


def translate(
    text: Annotated[str, typer.Argument(metavar="[TEXT]", help=say("options.text"))] = "",
    document: Annotated[str, typer.Option("--document", help=say("options.document"))] = "",
    to: Annotated[str, typer.Option("--to", help=say("options.to"))] = "",
    language: Language = None,
    model: Model = None,
    conversation: Conversation = None,
    json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """A text or a document in another language, each sentence beside its original."""
    documents = (document,) if document else ()
    order = TaskOrder(
        "translate", text, documents, to,
        conversation=conversation, language=language, model=model,
    )  # fmt: skip
    _perform(order, json, workspace)


def draft(
    inquiry: Annotated[str, typer.Argument(metavar="[INQUIRY]", help=say("options.inquiry"))] = "",
    file: Annotated[
        Path | None, typer.Option("--file", exists=True, dir_okay=False, help=say("options.inquiry_file"))
    ] = None,
    language: Language = None,
    model: Model = None,
    conversation: Conversation = None,
    json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """A reply to an inquiry, from the documents."""
    if file is not None:
        from ingestion.decoding import decode

        inquiry = f"{inquiry}\n{decode(file.read_bytes()).text}".strip()
    order = TaskOrder(
        "draft", inquiry,
        conversation=conversation, language=language, model=model,
    )  # fmt: skip
    _perform(order, json, workspace)


def extract(
    wanted: Annotated[str, typer.Argument(metavar="WANTED", help=say("options.wanted"))],
    columns: Annotated[str, typer.Option("--columns", help=say("options.columns"))],
    document: Annotated[list[str] | None, typer.Option("--document", help=say("options.document"))] = None,
    language: Language = None,
    model: Model = None,
    conversation: Conversation = None,
    json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """A table of what the documents say, row by row with its ground."""
    names = column_names(columns)
    order = TaskOrder(
        "extract", wanted, tuple(document or ()), columns=names,
        conversation=conversation, language=language, model=model,
    )  # fmt: skip
    _perform(order, json, workspace)


def _perform(order: TaskOrder, json: bool, workspace: Path | None) -> None:
    """Follow the task; its documents are given as people call them."""
    with closing(connect_here(workspace)) as operations:
        documents = tuple(document_id(operations, one) for one in order.documents)
        show(operations.perform(replace(order, documents=documents)), json)


def document_id(operations: Operations, wanted: str) -> str:
    """The document with this id, path, file name or title.

    Raises:
        NotFoundError: none, or several, have it.
    """
    from ui.errors import NotFoundError

    known = operations.documents()
    found = [one["id"] for one in known if one["id"] == wanted]
    found = found or [one["id"] for one in known if wanted in _names(one)]
    if len(found) == 1:
        return str(found[0])
    if not found:
        raise NotFoundError(f"there is no document {wanted!r}. See: konkyo documents list")
    raise NotFoundError(f"{len(found)} documents are called {wanted!r}. Give the id: {', '.join(found)}")


def _names(document: Json) -> set[str]:
    names = {document["title"]}
    for place in document["locations"]:
        names |= {place["path"], Path(place["path"]).name, place["shown_as"]}
    return names


def show(events: Iterator[Json], json: bool) -> None:
    """The answer as it comes, or as one JSON value; steps on stderr."""
    from ui.cli.library import show_answer

    with closing(cast("Generator[Json, None, None]", events)) as stream:
        told = _with_progress(stream)
        if json:
            print_json(next(event["answer"] for event in told if event["event"] == "finished"))
        else:
            show_answer(cast("Generator[Json, None, None]", told))


def _with_progress(events: Iterator[Json]) -> Iterator[Json]:
    """The events without the progress, which a bar shows; lines when stderr is no terminal."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns: Sequence[Any] = (
        TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(),
        TimeRemainingColumn(),
    )  # fmt: skip
    screen = progress_console()
    bar = Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal)
    task = bar.add_task("", total=None)
    try:
        for event in events:
            if event["event"] != "progress":
                if event["event"] == "token":
                    bar.stop()
                yield event
                continue
            if screen.is_terminal:
                bar.start()
                bar.update(
                    task, description=event["label"][:40], completed=event["done"], total=event["total"]
                )
            elif event["label"] and not event["text"]:
                note(say("say.step", number=event["done"] + 1, total=event["total"], label=event["label"]))
    finally:
        bar.stop()


NAMES: tuple[Task, ...] = ("summarise", "compare", "translate", "draft", "extract")
