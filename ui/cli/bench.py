"""`konkyo bench`: speed and memory on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ingestion.reading import OcrMode
from ui.cli.measuring import measuring_app, progress_bar, report, words
from ui.cli.shared import JsonOption, WorkspaceOption, open_here

app = measuring_app("help.bench")

CompareOption = Annotated[bool, typer.Option("--compare", help=words("options.compare"))]
SamplesOption = Annotated[Path, typer.Option("--samples", help=words("options.samples"), file_okay=False)]


@app.command("ingest", help=words("help.bench_ingest"))
def ingest(
    path: Annotated[Path, typer.Argument(help=words("options.path"), exists=True)],
    parse_only: Annotated[bool, typer.Option("--parse-only", help=words("options.parse_only"))] = False,
    processes: Annotated[int | None, typer.Option(min=1, max=64, help=words("options.processes"))] = None,
    ocr: Annotated[OcrMode | None, typer.Option(help=words("options.ocr"))] = None,
    compare: CompareOption = False,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Pages and passages a second."""
    from ui.benchmarks.ingesting import bench_ingest

    with progress_bar() as progress:
        result = bench_ingest(
            open_here(workspace), path, parse_only=parse_only, compare=compare, progress=progress,
            processes=processes, ocr=ocr,
        )  # fmt: skip
    report(result, as_json)


@app.command("search", help=words("help.bench_search"))
def search(
    chunks: Annotated[int, typer.Option(min=1, help=words("options.chunks"))] = 10_000,
    queries: Annotated[int, typer.Option(min=1, help=words("options.queries"))] = 200,
    while_generating: Annotated[
        bool, typer.Option("--while-generating", help=words("options.while_generating"))
    ] = False,
    samples: SamplesOption = Path("samples"),
    compare: CompareOption = False,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Time of a search over many chunks."""
    from ui.benchmarks.searching import bench_search

    with progress_bar() as progress:
        result = bench_search(
            open_here(workspace), chunks=chunks, queries=queries, texts=_texts(samples),
            while_generating=while_generating, compare=compare, progress=progress,
        )  # fmt: skip
    report(result, as_json)


@app.command("ask", help=words("help.bench_ask"))
def ask(
    questions: Annotated[int, typer.Option(min=1, help=words("options.questions"))] = 8,
    model: Annotated[str | None, typer.Option(help=words("options.model"))] = None,
    samples: SamplesOption = Path("samples"),
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Time to sources, to the first token, and tokens a second."""
    from ui.benchmarks.asking import bench_ask

    with progress_bar() as progress:
        result = bench_ask(open_here(workspace), samples, questions=questions, model=model, progress=progress)
    report(result, as_json)


def _texts(folder: Path) -> list[str]:
    """The texts of the samples; none where the folder is absent, then built-in sentences serve alone."""
    from ingestion.errors import ReadError
    from ingestion.readers import read, supported

    texts = []
    for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
        if path.is_file() and supported(path):
            try:
                texts.append(read(path).text)
            except ReadError:
                continue  # a benchmark of search needs words, not this file
    return texts
