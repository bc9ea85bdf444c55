"""`konkyo documents failures`: files that could not be read; try them again, or take them as read."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from ui.cli.shared import (
    JsonOption,
    WorkspaceOption,
    connect_here,
    console,
    print_json,
    say,
    terminal_language,
)
from ui.errors import NotFoundError, UsageError
from ui.reasons import reason_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ui.operations import Operations

Json = dict[str, Any]
_POLL_SECONDS = 0.2


def failures(
    retry: Annotated[list[str] | None, typer.Option(metavar="PATH", help=say("options.retry"))] = None,
    retry_all: Annotated[bool, typer.Option("--retry-all", help=say("options.retry_all"))] = False,
    ignore: Annotated[list[str] | None, typer.Option(metavar="PATH", help=say("options.ignore"))] = None,
    unignore: Annotated[list[str] | None, typer.Option(metavar="PATH", help=say("options.unignore"))] = None,
    json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """List failures after what was asked for was done with them."""
    if retry and retry_all:
        raise UsageError("--retry-all cannot be combined with --retry.")
    with closing(connect_here(workspace)) as operations:
        listed = operations.failures()
        again, quiet, loud = (_chosen(listed, paths or ()) for paths in (retry, ignore, unignore))
        for chosen, ignored in ((quiet, True), (loud, False)):
            for file in chosen:
                operations.ignore_failure(file["source"], file["path"], ignored=ignored)
        if again or (retry_all and listed):
            _retry(operations, again)
        listed = operations.failures()
    if json:
        print_json(listed)
        return
    if not listed:
        console().print(say("say.no_failures"))
    for failure in listed:
        reason = reason_in(terminal_language(), failure["reason"])
        key = "say.ignored_file" if failure["ignored"] else "say.failed_file"
        text = say(key, path=failure["shown_as"], reason=reason)
        console().print(text, style="dim" if failure["ignored"] else "red")


def _chosen(listed: Sequence[Json], wanted: Sequence[str]) -> list[Json]:
    """The failures of these paths: as they are shown, or below their source, or the end of either.

    Raises:
        NotFoundError: nothing there has failed.
        UsageError: several have that name.
    """
    found = []
    for name in wanted:
        fitting = [one for one in listed if name in (one["shown_as"], one["path"], _full(one))]
        fitting = fitting or [one for one in listed if _full(one).endswith(f"/{name}")]
        if not fitting:
            raise NotFoundError(f"{name} has not failed. See: konkyo documents failures")
        if len(fitting) > 1:
            raise UsageError(f"{name} is the name of {len(fitting)} files that failed. Give the whole path.")
        found += fitting
    return found


def _full(failure: Json) -> str:
    return f"{failure['source'].rstrip('/')}/{failure['path']}"


def _retry(operations: Operations, files: Sequence[Json]) -> None:
    """Wait for the job: a command that has ended takes its work with it."""
    import time

    places = [{"source": file["source"], "path": file["path"]} for file in files]
    job: Json | None = operations.retry_failures(places)
    started = cast(Json, job)["id"]
    while job is not None and job["id"] == started and job["state"] == "running":
        time.sleep(_POLL_SECONDS)
        job = operations.job()
    if job is not None and job["id"] == started and job["state"] in ("failed", "refused"):
        from ui.errors import ServiceError

        raise ServiceError(str(job["message"]))
