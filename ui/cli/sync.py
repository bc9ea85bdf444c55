"""`konkyo sync`."""

from __future__ import annotations

import os
import signal
import sys
import threading
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from ui.cli import showing
from ui.cli.acting import acting_user
from ui.cli.shared import (
    JsonOption,
    WorkspaceOption,
    connect_here,
    console,
    note,
    open_here,
    print_json,
    print_json_line,
    say,
    terminal_language,
    translated,
)
from ui.reasons import reason_in, with_codes

if TYPE_CHECKING:
    from collections.abc import Generator

    from ui.operations import Operations
    from ui.watching import FolderWatcher

Json = dict[str, Any]
_SHOWN = 20  # paths of each kind in a dry run for people


def sync(
    source: Annotated[str | None, typer.Argument(metavar="SOURCE", help=say("options.source"))] = None,
    watch: Annotated[bool, typer.Option("--watch", help=say("options.watch"))] = False,
    allow_empty: Annotated[bool, typer.Option("--allow-empty", help=say("options.allow_empty"))] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=say("options.dry_run"))] = False,
    forget: Annotated[str | None, typer.Option(metavar="SOURCE", help=say("options.forget"))] = None,
    json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Make the library equal to its sources."""
    from ui.errors import UsageError

    if watch and (dry_run or allow_empty):
        raise UsageError("--watch cannot be combined with --dry-run or --allow-empty.")
    if forget is not None and (watch or dry_run or source is not None):
        raise UsageError("--forget cannot be combined with a source, --watch or --dry-run.")
    if watch:
        _watch(workspace, source, json)
        return
    if forget is not None:
        _forget(workspace, forget, allow_empty, json)
        return
    with closing(connect_here(workspace)) as operations:
        wanted = _name(operations, source)
        if dry_run:
            _show_preview(operations.preview(wanted), json)
            return
        outcomes = _follow(operations, wanted, allow_empty)
        for left in (item for item in operations.syncs() if item["left"]):
            note(say("say.source_left", name=left["name"], documents=left["documents"]))
    if json:
        print_json([with_codes(outcome) for outcome in outcomes])
    else:
        for outcome in outcomes:
            _show(outcome)
    code = _exit_code(outcomes)
    if code:
        raise typer.Exit(code)


def _forget(workspace: Path | None, source: str, allow_empty: bool, json: bool) -> None:
    """Ask whoever sits at a terminal; a script has to say that it means it."""
    from ingestion.errors import UnsafeRemovalError

    with closing(connect_here(workspace)) as operations:
        wanted = _name(operations, source) or source
        try:
            done = operations.forget_source(wanted, allow_empty=allow_empty)
        except UnsafeRemovalError as error:
            if not sys.stdin.isatty() or not typer.confirm(translated(str(error)), err=True):
                raise
            done = operations.forget_source(wanted, allow_empty=True)
    if json:
        print_json(done)
    else:
        console().print(say("say.forgotten", name=done["source"], documents=done["documents"]))


def _name(operations: Operations, source: str | None) -> str | None:
    """A name of the settings comes first; anything else is a folder, seen from where the user stands."""
    if source is None or source in {item["name"] for item in operations.syncs()}:
        return source
    return os.path.abspath(source) if Path(source).exists() or os.sep in source else source


def _follow(operations: Operations, source: str | None, allow_empty: bool) -> list[Json]:
    from ui.cli.following import follow

    events = operations.sync(source, allow_empty=allow_empty)
    with closing(cast("Generator[Json, None, None]", events)):
        found: list[Json] = follow(events)["sources"]
    return found


def _exit_code(outcomes: list[Json]) -> int:
    if any(outcome["error"] is not None and not outcome["refused"] for outcome in outcomes):
        return 1
    return 3 if any(outcome["refused"] for outcome in outcomes) else 0


def _show(outcome: Json) -> None:
    if outcome["error"] is not None:
        key = "say.sync_refused" if outcome["refused"] else "say.sync_failed"
        message = " ".join(reason_in(terminal_language(), outcome["error"]).split())
        note(say(key, name=outcome["name"], message=message))
        return
    console().print(say("say.sync_source", name=outcome["name"]), style="bold")
    for text, style in showing.report_lines(outcome):
        console().print(text, style=style)


def _show_preview(previews: list[Json], json: bool) -> None:
    if json:
        print_json([with_codes(found) for found in previews])
        return
    for found in previews:
        console().print(say("say.sync_source", name=found["name"]), style="bold")
        for text, style in showing.preview_lines(found, _SHOWN):
            console().print(text, style=style)


def _watch(workspace: Path | None, source: str | None, json: bool) -> None:
    """Until Ctrl-C or SIGTERM. Each run is told as it ends; one without any change is not worth a line."""
    from ui.connecting import connect
    from ui.sync_loop import watch_sources

    here, stop, user = open_here(workspace), threading.Event(), acting_user()
    ignore = here.settings().ingestion.ignore

    def make_watcher(sources: list[Json]) -> FolderWatcher:
        from ui.watching import FolderWatcher

        folders = {item["name"]: Path(item["source"]) for item in sources if item["kind"] == "folder"}
        watcher = FolderWatcher(folders, ignore, stop)
        note(say("say.watching", number=len(sources), live=len(watcher.watching)))
        return watcher

    def tell(outcome: Json) -> None:
        if json:
            print_json_line(with_codes(outcome))
        elif outcome["error"] is not None or _changed(outcome):
            _show(outcome)

    with closing(connect_here(workspace)) as operations:
        wanted = _name(operations, source)
    if threading.current_thread() is threading.main_thread() and sys.platform != "win32":
        signal.signal(signal.SIGTERM, lambda *_: stop.set())
    try:
        watch_sources(lambda: connect(here, user=user), wanted, tell, stop, make_watcher)
    except KeyboardInterrupt:
        stop.set()
    note(say("say.watching_ended"))


def _changed(outcome: Json) -> bool:
    return any(outcome[name] for name in ("added", "changed", "moved", "removed"))
