"""`konkyo eval`: how well pages are found, and how well the samples' questions are answered."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ui.cli.measuring import Progress, measuring_app, progress_bar, report, words
from ui.cli.shared import JsonOption, WorkspaceOption, note, open_here

if TYPE_CHECKING:
    from assistant.answers import Mode
    from assistant.evaluation.retrieval import Split
    from assistant.reranking import Reranker
    from ingestion.workspace import Workspace

app = measuring_app("help.eval")


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
    with progress_bar() as progress:
        result = measure_retrieval(
            open_here(workspace), folder, mode=mode.value, split=split.value, limit=limit, progress=progress,
            rerank=not no_rerank,
        )  # fmt: skip
    for name in result.pop("absent"):
        note(words("say.absent", name=name))
    report(result, as_json)


@app.command("samples", help=words("help.eval_samples"))
def samples(
    folder: Annotated[Path, typer.Option(help=words("options.samples"), file_okay=False)] = Path("samples"),
    limit: Annotated[int | None, typer.Option(min=1, help=words("options.limit"))] = None,
    model: Annotated[str | None, typer.Option(help=words("options.model"))] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """The samples' questions."""
    with progress_bar() as progress:
        result = measure_samples(open_here(workspace), folder, limit=limit, model=model, progress=progress)
    report(result, as_json)


@app.command("grounding", help=words("help.eval_grounding"))
def grounding(
    file: Annotated[Path, typer.Argument(metavar="FILE", help=words("options.pairs"), dir_okay=False)],
    limit: Annotated[int | None, typer.Option(min=1, help=words("options.limit"))] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """The verifier on labelled pairs of evidence and claim."""
    from assistant.evaluation.grounding import evaluate_grounding, read_pairs
    from ui.cli.verifying import open_verifier

    rows = read_pairs(file, labelled=True)[:limit]
    verifier = open_verifier(open_here(workspace))
    with progress_bar() as progress:
        result = evaluate_grounding(rows, verifier, lambda done, total: progress("verify", done, total))
    report(result, as_json)


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
    from assistant.evaluation.abstention import evaluate_abstention, read_rows

    rows = read_rows(file)[:limit]
    place = open_here(workspace)
    threshold = place.settings().answers.answerable_at
    with progress_bar() as progress:
        result = evaluate_abstention(
            rows, _reranker(place), threshold, lambda done, total: progress("read", done, total)
        )
    report(result, as_json)


def _reranker(workspace: Workspace) -> Reranker | None:
    """The reranker that searches use; None where they use none."""
    from assistant.wiring import open_rescoring

    rescoring = open_rescoring(workspace, workspace.settings())
    return None if rescoring is None else rescoring.reranker


def measure_retrieval(
    workspace: Workspace,
    folder: Path,
    *,
    mode: Mode,
    split: Split,
    limit: int | None,
    progress: Progress,
    rerank: bool = True,
) -> dict[str, Any]:
    """The value of `eval retrieval`, with `absent`: files that questions name and the set lacks."""
    from assistant.evaluation.building import build, configured_embedder
    from assistant.evaluation.datasets import load_dataset
    from assistant.evaluation.reading import read_best
    from assistant.evaluation.retrieval import collect, evaluate, select

    dataset = load_dataset(folder)
    questions = select(dataset, split, limit)
    built = build(workspace, dataset, configured_embedder(workspace), progress)
    try:
        found = collect(questions, built.find, lambda done, total: progress("search", done, total))
        weight = workspace.settings().retrieval.dense_weight
        reranker = _reranker(workspace) if rerank and mode == "hybrid" else None
        readings = None
        if reranker is not None:
            top = workspace.settings().rerank.top
            readings = read_best(
                questions, found, built.texts, reranker, top, weight,
                lambda done, total: progress("read", done, total),
            )  # fmt: skip
    finally:
        built.opened.close()
    result = evaluate(
        dataset.layout, questions, found, mode=mode, split=split, default_weight=weight, readings=readings
    )
    return {**result, "absent": sorted(set(dataset.absent))}


def measure_samples(
    workspace: Workspace, folder: Path, *, limit: int | None, model: str | None, progress: Progress
) -> dict[str, Any]:
    """The value of `eval samples`: every question put to the whole assistant over the samples alone."""
    from assistant.evaluation.building import QUESTIONS, build_folder, configured_embedder
    from assistant.evaluation.samples import evaluate_samples, load_questions
    from assistant.wiring import build_assistant

    questions = load_questions(folder / QUESTIONS)[:limit]
    built = build_folder(workspace, folder, configured_embedder(workspace), progress)
    try:
        assistant = build_assistant(built.workspace, built.settings, model=model, search=built.search)

        def text_of(document: str) -> str | None:
            stored = built.library.document(document)
            return None if stored is None else stored.document.text

        return evaluate_samples(
            questions, lambda question: assistant.ask(question.text), text_of,
            lambda done, total: progress("ask", done, total),
        )  # fmt: skip
    finally:
        built.close()
