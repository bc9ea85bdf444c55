"""`konkyo eval`: how well pages are found, questions answered, and claims and gaps told."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ui.cli import eval_questions, eval_reports
from ui.cli.measuring import measuring_app, progress_bar, quality, report, words
from ui.cli.shared import JsonOption, WorkspaceOption, note, open_here

if TYPE_CHECKING:
    from ingestion.workspace import Workspace
    from ui.quality.measuring import Measured

app = measuring_app("help.eval")
for _name in ("reports", "report", "compare", "run"):
    app.command(_name, help=quality(f"help.{_name}"))(getattr(eval_reports, _name))
app.command("make", help=quality("help.make"))(eval_questions.make)
app.add_typer(eval_questions.app, name="questions")


class ModeName(StrEnum):
    """The three searches."""

    hybrid = "hybrid"
    dense = "dense"
    lexical = "lexical"


class SplitName(StrEnum):
    """All questions, or one half of them."""

    all = "all"
    a = "a"
    b = "b"


@app.command("retrieval", help=words("help.eval_retrieval"))
def retrieval(
    folder: Annotated[Path, typer.Argument(help=words("options.dataset"), file_okay=False, exists=True)],
    mode: Annotated[ModeName, typer.Option(help=words("options.mode"))] = ModeName.hybrid,
    split: Annotated[SplitName, typer.Option(help=words("options.split"))] = SplitName.all,
    limit: Annotated[int | None, typer.Option(min=1, help=words("options.limit"))] = None,
    no_rerank: Annotated[bool, typer.Option("--no-rerank", help=words("options.no_rerank"))] = False,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Retrieval on a data set, in one mode; hybrid also compares itself with the others."""
    from ui.quality.measuring import measure_retrieval

    place = open_here(workspace)
    with progress_bar() as progress:
        found = measure_retrieval(
            place, folder, mode=mode.value, split=split.value, limit=limit, rerank=not no_rerank,
            progress=progress,
        )  # fmt: skip
    tell(place, found, as_json)


@app.command("answers", help=quality("help.answers"))
def answers(
    data: Annotated[Path, typer.Argument(metavar="DATA", help=quality("options.asked"), exists=True)],
    gold_page: Annotated[bool, typer.Option("--gold-page", help=quality("options.gold_page"))] = False,
    bare: Annotated[bool, typer.Option("--bare", help=quality("options.bare"))] = False,
    limit: Annotated[int | None, typer.Option(min=1, help=quality("options.limit"))] = None,
    seed: Annotated[int, typer.Option(help=quality("options.seed"))] = 0,
    model: Annotated[str | None, typer.Option(help=words("options.model"))] = None,
    again: Annotated[bool, typer.Option("--again", help=quality("options.again"))] = False,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """The whole assistant on a data set's questions."""
    from ui.quality.measuring import AskOptions, measure_answers

    place = open_here(workspace)
    options = AskOptions(gold_page, bare, limit, seed, model, again)
    with progress_bar() as progress:
        found = measure_answers(place, data, options, progress=progress)
    tell(place, found, as_json)


@app.command("samples", help=words("help.eval_samples"))
def samples(
    folder: Annotated[Path, typer.Option(help=words("options.samples"), file_okay=False)] = Path("samples"),
    limit: Annotated[int | None, typer.Option(min=1, help=words("options.limit"))] = None,
    model: Annotated[str | None, typer.Option(help=words("options.model"))] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """The samples' questions."""
    from ui.quality.measuring import measure_samples

    place = open_here(workspace)
    with progress_bar() as progress:
        found = measure_samples(place, folder, limit=limit, model=model, progress=progress)
    tell(place, found, as_json)


@app.command("grounding", help=words("help.eval_grounding"))
def grounding(
    file: Annotated[Path, typer.Argument(metavar="FILE", help=words("options.pairs"), dir_okay=False)],
    judge: Annotated[
        Literal["verifier", "rules", "similarity", "chat"], typer.Option(help=words("options.judge"))
    ] = "verifier",
    limit: Annotated[int | None, typer.Option(min=1, help=words("options.limit"))] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """The verifier on labelled pairs of evidence and claim."""
    from ui.quality.measuring import measure_grounding

    place = open_here(workspace)
    with progress_bar() as progress:
        found = measure_grounding(place, file, judge=judge, limit=limit, progress=progress)
    tell(place, found, as_json)


@app.command("abstention", help=words("help.eval_abstention"))
def abstention(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help=words("options.questions_file"), dir_okay=False)
    ],
    limit: Annotated[int | None, typer.Option(min=1, help=words("options.limit"))] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Questions with passages that answer them or do not."""
    from ui.quality.measuring import measure_abstention

    place = open_here(workspace)
    with progress_bar() as progress:
        found = measure_abstention(place, file, limit=limit, progress=progress)
    tell(place, found, as_json)


@app.command("citations", help=quality("help.citations"))
def citations(
    data: Annotated[
        Path | None, typer.Argument(metavar="[DATA]", help=quality("options.kept"), exists=True)
    ] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Every stored quote, held against its document and its page."""
    from ui.quality.citations import check_citations

    place = open_here(workspace)
    with progress_bar() as progress:
        found = check_citations(place, data, progress=progress)
    report(found, as_json)
    if not as_json:
        for one in found["wrong"]:
            note(quality("say.wrong_quote", **one))


def tell(workspace: Workspace, measured: Measured, as_json: bool) -> None:
    """Keep the report, and show its figures."""
    from ui.quality.measuring import keep

    for name in measured.absent:
        note(words("say.absent", name=name))
    kept = keep(workspace, measured)
    note(quality("say.kept", report=kept["id"]))
    report(measured.figures, as_json)
