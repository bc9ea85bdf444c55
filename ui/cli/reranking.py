"""`konkyo rerank`: how relevant passages are to their questions, and whether they answer them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ui.cli.shared import (
    JsonOption,
    WorkspaceOption,
    console,
    open_here,
    print_json_line,
    terminal_language,
)
from ui.errors import UsageError
from ui.texts import t

if TYPE_CHECKING:
    from assistant.reranking import Reranker
    from ingestion.workspace import Workspace

_DIGITS = 4


def words(key: str, **values: object) -> str:
    """A text of the [reranking] table in the language of the terminal."""
    return t(terminal_language(), "reranking", key, **values)


def rerank(
    pairs: Annotated[Path, typer.Option(dir_okay=False, help=words("pairs"))],
    json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Read each pair of a file; nothing is stored."""
    for value in _judged(pairs, open_reranker(open_here(workspace))):
        if json:
            print_json_line(value)
        else:
            answers = value["answerable"]
            shown = "–" if answers is None else f"{answers:.2f}"
            console().print(f"{value['id']}  {value['score']:.2f}  {words('answers', score=shown)}")


def open_reranker(workspace: Workspace) -> Reranker:
    """The reranker that the settings name, whether searches use it or not."""
    from assistant.reranking import load_reranker

    settings = workspace.settings()
    return load_reranker(settings.rerank, workspace.models, settings.models.threads)


def _judged(path: Path, reranker: Reranker) -> Iterator[dict[str, Any]]:
    """Neighbouring lines of one query are read together: its words are looked up once."""
    from assistant.evaluation.datasets import read_jsonl

    rows = [_checked(row, f"{path}:{number}") for number, row in enumerate(read_jsonl(path), start=1)]
    for query, group in groupby(rows, key=lambda row: row["query"]):
        part = list(group)
        found = reranker.rerank(query, [row["passage"] for row in part])
        for row, one in zip(part, found, strict=True):
            answers = None if one.answers is None else round(one.answers, _DIGITS)
            yield {"id": row.get("id"), "score": round(one.score, _DIGITS), "answerable": answers}


def _checked(row: dict[str, Any], place: str) -> dict[str, Any]:
    for name in ("query", "passage"):
        if not isinstance(row.get(name), str):
            raise UsageError(words("needs", place=place, name=name))
    return row
