"""`konkyo train`: the chat model tuned, and the small encoders that ship with the program trained anew."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ui.cli import train_data, train_export, train_gate, train_publish, train_runs
from ui.cli.measuring import progress_bar, report
from ui.cli.shared import JsonOption, WorkspaceOption, note, open_here, progress_console, terminal_language
from ui.texts import t

if TYPE_CHECKING:
    from training.encoder_loop import Progress

_SECONDS = 20.0  # between lines where there is no terminal


def words(key: str, **values: object) -> str:
    """A text of the [training] table in the language of the terminal."""
    return t(terminal_language(), "training", key, **values)


app = typer.Typer(
    help=words("help"), no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
    rich_markup_mode=None,
)  # fmt: skip
train_runs.register(app)
train_export.register(app)
app.add_typer(train_data.app, name="data")
train_gate.register(app)
train_publish.register(app)


@app.command("verifier", help=words("help_verifier"))
def verifier(
    data: Annotated[Path, typer.Option(exists=True, file_okay=False, help=words("data"))],
    minutes: Annotated[float, typer.Option(min=0.1, help=words("minutes"))] = 60.0,
    out: Annotated[Path | None, typer.Option(file_okay=False, help=words("out"))] = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Train the verifier and write its folder; a run that was stopped goes on."""
    from training.verifier import Recipe, train_verifier

    place = open_here(workspace)
    target = out or place.root / "training" / "verifier"
    with training_bar() as show:
        found = train_verifier(data, place.models, target, Recipe(minutes=minutes), show)
    report(found, json)


@app.command("reranker", help=words("help_reranker"))
def reranker(
    data: Annotated[Path, typer.Option(exists=True, file_okay=False, help=words("data"))],
    minutes: Annotated[float, typer.Option(min=0.1, help=words("minutes"))] = 60.0,
    out: Annotated[Path | None, typer.Option(file_okay=False, help=words("out_reranker"))] = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Train the reranker and write its folder; a run that was stopped goes on."""
    from training.rerank_loop import RerankRecipe
    from training.reranker import prepare, train_reranker

    place = open_here(workspace)
    target = out or place.root / "training" / "reranker"
    with progress_bar() as searching:
        source, near = prepare(data, place, target, searching)
    with training_bar() as show:
        found = train_reranker(source, near, place.models, target, RerankRecipe(minutes=minutes), show)
    report(found, json)


@contextmanager
def training_bar() -> Iterator[Callable[[Progress], None]]:
    """A bar on stderr with loss, rate and time left; a line now and then where stderr is no terminal."""
    from rich.progress import BarColumn, Progress, TextColumn

    shown = progress_console()
    if not shown.is_terminal:
        yield _line_writer()
        return
    with Progress(BarColumn(), TextColumn("{task.percentage:>3.0f}%"), TextColumn("{task.description}"),
                  console=shown) as bars:  # fmt: skip
        task = bars.add_task("", total=1.0)
        yield lambda at: bars.update(task, completed=at.done, description=_said(at))


def _line_writer() -> Callable[[Progress], None]:
    last = -_SECONDS

    def show(at: Progress) -> None:
        nonlocal last
        now = time.monotonic()
        if at.score is not None or at.done >= 1 or now - last >= _SECONDS:
            last = now
            note(f"{at.done:.1%} {_said(at)}")

    return show


def _said(at: Progress) -> str:
    said = words("at", step=at.step, loss=f"{at.loss:.3f}", rate=f"{at.rate:.1f}", left=f"{at.left / 60:.1f}")
    return said if at.score is None else f"{said} {words('score', score=f'{at.score:.4f}')}"
