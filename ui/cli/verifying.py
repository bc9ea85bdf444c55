"""`konkyo verify`: whether evidence proves a claim."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ui.cli.shared import JsonOption, WorkspaceOption, console, open_here, print_json, print_json_line
from ui.errors import UsageError
from ui.texts import t

if TYPE_CHECKING:
    from assistant.grounding.entailment import Verifier
    from ingestion.workspace import Workspace

_BATCH = 32


def words(key: str, **values: object) -> str:
    """A text of the [verifying] table in the language of the terminal."""
    from ui.cli.shared import terminal_language

    return t(terminal_language(), "verifying", key, **values)


def verify(
    claim: Annotated[str | None, typer.Argument(metavar="CLAIM", help=words("claim"))] = None,
    evidence: Annotated[Path | None, typer.Option(dir_okay=False, help=words("evidence"))] = None,
    pairs: Annotated[Path | None, typer.Option(dir_okay=False, help=words("pairs"))] = None,
    json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Judge one claim, or each pair of a file; nothing is stored."""
    if pairs is not None and claim is None and evidence is None:
        _verify_file(open_here(workspace), pairs, json)
    elif claim is not None and evidence is not None and pairs is None:
        _verify_one(open_here(workspace), claim, evidence, json)
    else:
        raise UsageError(words("either"))


def open_verifier(workspace: Workspace) -> Verifier:
    """The verifier that the settings name, whether sentences of answers are checked by it or not."""
    from assistant.grounding.verifiers import load_verifier

    settings = workspace.settings()
    return load_verifier(settings.verifier, workspace.models, settings.models.threads)


def _verify_file(workspace: Workspace, path: Path, as_json: bool) -> None:
    from assistant.evaluation.grounding import read_pairs

    rows = read_pairs(path, labelled=False)
    verifier = open_verifier(workspace)
    for start in range(0, len(rows), _BATCH):
        part = rows[start : start + _BATCH]
        for row, found in zip(part, verifier.verify([row.pair for row in part]), strict=True):
            value = {"id": row.id, **found.as_json()}
            if as_json:
                print_json_line(value)
            else:
                console().print(f"{row.id}  {_line(value, row.pair.evidence)}")


def _verify_one(workspace: Workspace, claim: str, path: Path, as_json: bool) -> None:
    from assistant.grounding.entailment import Pair

    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(words("unreadable", path=path, reason=error)) from error
    (found,) = open_verifier(workspace).verify([Pair((text,), claim)])
    value = found.as_json()
    if as_json:
        print_json(value)
    else:
        console().print(_line(value, (text,)))


def _line(value: dict[str, Any], evidence: Sequence[str]) -> str:
    start, end = value["span"]
    quote = evidence[value["index"]][start:end] if evidence else ""
    score = value["scores"][value["verdict"]]
    return f"{words(value['verdict'])} {score:.2f}  {' '.join(quote.split())}"
