"""`konkyo ingest`, `search`, `ask` and `chat`."""

from __future__ import annotations

import os
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

import typer

from ui.cli import showing
from ui.cli.shared import (
    JsonOption,
    WorkspaceOption,
    connect_here,
    console,
    note,
    print_json,
    say,
    translated,
)
from ui.reasons import with_codes

if TYPE_CHECKING:
    from collections.abc import Generator

    from ui.operations import Operations

Json = dict[str, Any]
DocumentScope = Annotated[list[str] | None, typer.Option("--document", help=say("options.document_scope"))]
FolderScope = Annotated[Path | None, typer.Option("--folder", help=say("options.folder_scope"))]
Evidence = Annotated[Literal["whole", "selected"] | None, typer.Option(help=say("options.evidence"))]
Model = Annotated[str | None, typer.Option(help=say("options.model"))]
NoVerified = Annotated[bool, typer.Option("--no-verified", help=say("options.no_verified"))]
AnswerLanguage = Annotated[Literal["ja", "en"] | None, typer.Option(help=say("options.language"))]


def ingest(
    paths: Annotated[list[str], typer.Argument(metavar="PATH...", help=say("options.paths"))],
    group: Annotated[list[str] | None, typer.Option(help=say("options.group"))] = None,
    allow_empty: Annotated[bool, typer.Option("--allow-empty", help=say("options.allow_empty"))] = False,
    reparse: Annotated[bool, typer.Option("--reparse", help=say("options.reparse"))] = False,
    ocr: Annotated[Literal["off", "auto", "always"] | None, typer.Option(help=say("options.ocr"))] = None,
    json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Read files or folders."""
    from ui.cli.following import follow

    wanted = [os.path.abspath(path) for path in paths]
    with closing(connect_here(workspace)) as operations:
        events = operations.ingest(
            wanted, groups=group or [], allow_empty=allow_empty, reparse=reparse, ocr=ocr
        )
        with closing(cast("Generator[Json, None, None]", events)):
            report = follow(events)
    if json:
        print_json(with_codes(report))
        return
    for text, style in showing.report_lines(report):
        console().print(text, style=style)


def search(
    query: Annotated[str, typer.Argument(help=say("options.query"))],
    top_k: Annotated[int | None, typer.Option("--top-k", min=1, max=1000, help=say("options.top_k"))] = None,
    mode: Annotated[
        Literal["hybrid", "dense", "lexical"] | None, typer.Option(help=say("options.mode"))
    ] = None,
    no_rerank: Annotated[bool, typer.Option("--no-rerank", help=say("options.no_rerank"))] = False,
    explain: Annotated[bool, typer.Option("--explain", help=say("options.explain"))] = False,
    document: DocumentScope = None,
    folder: FolderScope = None,
    json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Find passages."""
    with closing(connect_here(workspace)) as operations:
        hits = operations.search(
            query, top_k=top_k, mode=mode, scope=_scope(operations, document, folder), rerank=not no_rerank,
            explain=explain,
        )  # fmt: skip
    if json:
        print_json(hits)
        return
    if not hits:
        console().print(say("say.no_hits"))
    for text, style in showing.hit_lines(hits, texts=True):
        console().print(text, style=style)


def ask(
    question: Annotated[str, typer.Argument(help=say("options.question"))],
    evidence: Evidence = None,
    model: Model = None,
    language: AnswerLanguage = None,
    conversation: Annotated[str | None, typer.Option(help=say("options.conversation"))] = None,
    document: DocumentScope = None,
    folder: FolderScope = None,
    no_verified: NoVerified = False,
    json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Answer a question with its grounds."""
    with closing(connect_here(workspace)) as operations:
        events = operations.ask(
            question, conversation=conversation, scope=_scope(operations, document, folder),
            language=language, evidence=evidence, model=model, verified=not no_verified,
        )  # fmt: skip
        with closing(cast("Generator[Json, None, None]", events)):
            if json:
                print_json(next(event["answer"] for event in events if event["event"] == "finished"))
            else:
                show_answer(cast("Generator[Json, None, None]", events))


def chat(
    evidence: Evidence = None,
    model: Model = None,
    language: AnswerLanguage = None,
    conversation: Annotated[str | None, typer.Option(help=say("options.conversation"))] = None,
    document: DocumentScope = None,
    folder: FolderScope = None,
    no_verified: NoVerified = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Ask one question after another."""
    with suppress(ImportError):  # Windows has none: its console edits lines itself
        import readline  # noqa: F401
    with closing(connect_here(workspace)) as operations:
        scope = _scope(operations, document, folder)
        note(say("say.chat_hello"))
        while (question := _question()) is not None:
            if question == "/new":
                conversation = None
            elif question:
                conversation = conversation or operations.new_conversation()["id"]
                events = operations.ask(
                    question, conversation=conversation, scope=scope, language=language, evidence=evidence,
                    model=model, verified=not no_verified,
                )  # fmt: skip
                with closing(cast("Generator[Json, None, None]", events)):
                    _show_or_stop(cast("Generator[Json, None, None]", events))


def show_answer(events: Generator[Json, None, None]) -> None:
    """Sources first, then the text as it comes, then sentence by sentence."""
    screen, streamed = console(), False
    for event in events:
        match event["event"]:
            case "waiting":
                note(say("say.waiting", ahead=event["ahead"]))
            case "retrieved":
                screen.print(say("say.sources"), style="bold")
                for text, style in showing.hit_lines(event["hits"], texts=False):
                    screen.print(text, style=style)
                screen.print()
            case "token":
                streamed = True
                screen.print(event["text"], end="")
            case "mending":
                screen.print("\n")
                screen.print(say("say.mending"), style="yellow")
            case "finished":
                _show_finished(event["answer"], streamed=streamed)


def _show_finished(answer: Json, *, streamed: bool) -> None:
    screen = console()
    if streamed:
        screen.print("\n")
    for text, style in showing.note_lines(answer):
        screen.print(text, style=style)
    if answer["abstained"]:
        screen.print(say("say.withheld" if streamed else "say.abstained"), style="yellow")
        screen.print(answer["answer"])
    elif answer["claims"]:
        screen.print(say("say.checked"), style="bold")
        for text, style in showing.claim_lines(answer["claims"]):
            screen.print(text, style=style)
        screen.print(showing.grounding_line(answer))
    for warning in answer.get("warnings", ()):
        screen.print(say("say.warning", message=warning), style="yellow")
    screen.print(showing.timing_line(answer), style="dim")


def _show_or_stop(events: Generator[Json, None, None]) -> None:
    """Ctrl-C stops the answer, not the chat."""
    from ui.errors import EXPECTED

    try:
        show_answer(events)
    except KeyboardInterrupt:
        events.close()
        note("\n" + say("say.chat_stopped"))
    except EXPECTED as error:
        note(say("say.error", message=translated(str(error))))


def _question() -> str | None:
    """The next line, None at the end."""
    try:
        line = input(say("say.chat_prompt")).strip()
    except (EOFError, KeyboardInterrupt):
        note("")
        return None
    return None if line in ("/quit", "/exit") else line


def _scope(operations: Operations, documents: list[str] | None, folder: Path | None) -> Json | None:
    """The scope of the options; a folder is looked up among the sources that were ingested."""
    if not documents and folder is None:
        return None
    place = None if folder is None else _folder(operations, Path(os.path.realpath(folder)).as_posix())
    return {"documents": documents or None, "folder": place}


def _folder(operations: Operations, folder: str) -> Json:
    from ui.errors import NotFoundError

    known = [str(item["source"]) for item in operations.sources()]
    holding = [source for source in known if folder == source or folder.startswith(f"{source}/")]
    if not holding:
        raise NotFoundError(
            f"nothing was ingested from {folder}. Known folders: {', '.join(known) or 'none'}."
        )
    source = max(holding, key=len)
    return {"source": source, "path": folder[len(source) :].lstrip("/")}
