"""What `konkyo eval` and `konkyo bench` share: their texts, progress on stderr, a table for people."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import typer

from ui.cli.shared import console, note, print_json, progress_console, terminal_language
from ui.texts import t

Progress = Callable[[str, int, int], None]


def words(key: str, **values: object) -> str:
    """A text of the [measuring] table in the language of the terminal."""
    return t(terminal_language(), "measuring", key, **values)


def quality(key: str, **values: object) -> str:
    """A text of the [quality] table in the language of the terminal."""
    return t(terminal_language(), "quality", key, **values)


def measuring_app(help_key: str) -> typer.Typer:
    """A group of commands without completion and without decorated tracebacks."""
    return typer.Typer(
        help=words(help_key),
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """A bar on stderr: call it with (phase, done, total). A phase that is new starts a bar of its own.

    Where stderr is no terminal, a line now and then instead: these runs are long, and often in a log.
    """
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    shown = progress_console()
    if not shown.is_terminal:
        yield _line_writer()
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=shown) as bars:
        tasks: dict[str, Any] = {}

        def show(phase: str, done: int, total: int) -> None:
            if phase not in tasks:
                tasks[phase] = bars.add_task(words(f"phases.{phase}"), total=total)
            bars.update(tasks[phase], completed=done, total=total)

        yield show


def _line_writer(seconds: float = 20.0) -> Progress:
    last: dict[str, float] = {}
    first: dict[str, tuple[float, int]] = {}

    def show(phase: str, done: int, total: int) -> None:
        now = time.monotonic()
        began, known = first.setdefault(phase, (now, done))
        if done >= total or now - last.get(phase, float("-inf")) >= seconds:
            last[phase] = now
            left = (now - began) / (done - known) * (total - done) if done > known else 0.0
            ahead = quality("say.left", minutes=round(left / 60)) if left >= 60 else ""
            note(f"{words(f'phases.{phase}')} {done}/{total} {ahead}".rstrip())

    return show


def report(value: Mapping[str, Any], as_json: bool) -> None:
    """The JSON value, or its figures as lines `name  value` on stdout; lists are left to the JSON."""
    if as_json:
        print_json(value)
        return
    for name, figure in _figures(value):
        console().print(f"{name:<32} {figure}")


def _figures(value: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, part in value.items():
        if isinstance(part, Mapping) and set(part) == {"mean", "low", "high"}:
            yield f"{prefix}{name}", f"{part['mean']:.4f} [{part['low']:.4f}, {part['high']:.4f}]"
        elif isinstance(part, Mapping):
            yield from _figures(part, f"{prefix}{name} ")
        elif not isinstance(part, list):
            yield f"{prefix}{name}", str(part)
