"""Follows long work: a progress bar on stderr, the report at the end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ui.cli.shared import progress_console, say
from ui.errors import error_from_json

Json = dict[str, Any]


def follow(events: Iterator[Json]) -> Json:
    """Show the progress events and return the report.

    Raises:
        Exception: the error that ended the work.
    """
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"), TimeRemainingColumn(), TextColumn("{task.fields[path]}"),
    )  # fmt: skip
    screen = progress_console()
    with Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal) as bar:
        tasks: dict[str, Any] = {}
        for event in events:
            if event["event"] == "report":
                report: Json = event["report"]
                return report
            if event["event"] == "error":
                raise error_from_json(event)
            phase = event["phase"]
            if phase not in tasks:
                tasks[phase] = bar.add_task(say(f"say.phase.{phase}"), rate="", path="", total=None)
            rate = say("say.rate", rate=f"{event['rate']:.1f}") if event["rate"] else ""
            done, total = event["done"], event["total"] or None
            bar.update(tasks[phase], completed=done, total=total, path=_tail(event["path"]), rate=rate)
    raise AssertionError("a stream of progress ended without a report")


def _tail(path: str | None) -> str:
    """The end of a path: its beginning is the same for all files. Brackets would be markup."""
    return (path or "")[-40:].replace("[", "(")
