"""`konkyo backup` and `konkyo restore`."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from assistant.errors import AuditError
from ui.cli.shared import JsonOption, WorkspaceOption, console, note, open_here, own_name, print_json
from ui.texts import t

if TYPE_CHECKING:
    from collections.abc import Generator

    from ingestion.backups.manifest import Manifest
    from ingestion.backups.writing import Tell
    from ingestion.workspace import Workspace

Json = dict[str, Any]


def words(key: str, **values: object) -> str:
    """A text of the [backup] table in the language of the terminal."""
    from ui.cli.shared import terminal_language

    return t(terminal_language(), "backup", key, **values)


Archive = Annotated[Path, typer.Argument(metavar="FILE", dir_okay=False, help=words("file"))]


def backup(
    file: Archive,
    list_only: Annotated[bool, typer.Option("--list", help=words("list"))] = False,
    with_models: Annotated[bool, typer.Option("--with-models", help=words("with_models"))] = False,
    with_indexes: Annotated[bool, typer.Option("--with-indexes", help=words("with_indexes"))] = False,
    json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Write one archive of the workspace, or tell what one holds."""
    from ingestion.backups.layout import Parts
    from ingestion.backups.reading import read_manifest
    from ingestion.backups.writing import write_backup
    from ui.restoring import note_backup

    if list_only:
        _show(read_manifest(file), json=json)
        return
    here, parts = open_here(workspace), Parts(with_models, with_indexes)
    report = _followed(lambda tell: write_backup(here, file, parts=parts, tell=tell).as_json())
    try:
        note_backup(here, report, by=own_name())
    except AuditError as error:  # the disk may be full, which is when a backup is needed most
        note(words("not_noted", reason=error))
    if json:
        print_json(report)
    else:
        console().print(words("written", **report))


def restore(
    file: Archive,
    force: Annotated[bool, typer.Option("--force", help=words("force"))] = False,
    json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Make a workspace of an archive."""
    from ingestion.backups.restoring import restore_backup
    from ingestion.workspace import workspace_root
    from ui.restoring import note_restore, prepared

    root = workspace_root(workspace)

    def prepare(new: Workspace, manifest: Manifest) -> list[Json]:
        migrated = prepared(new, manifest, root)
        note_restore(new, root, manifest, file, by=own_name())
        return migrated

    report = _followed(lambda tell: restore_backup(file, root, prepare, force=force, tell=tell).as_json())
    if json:
        print_json(report)
        return
    console().print(words("restored", **report))
    if report["kept_old"]:
        console().print(words("kept_old", folder=report["kept_old"]))
    if report["left_out"]:
        note(words("left_out", names=", ".join(report["left_out"])))


def _followed(work: Callable[[Tell], Json]) -> Json:
    """Do the work in a thread, with a bar in megabytes. Ctrl-C ends it at its next step."""
    from ingestion.errors import BackupError
    from ui.cli.following import follow
    from ui.jobs import Jobs

    def job(progress: Callable[[Json], None], cancelled: Callable[[], bool]) -> Json:
        def tell(phase: str, done: int, total: int, name: str) -> None:
            if cancelled():
                raise BackupError("it was stopped. Nothing was changed.")
            progress(
                {"phase": phase, "done": done // 10**6, "total": -(-total // 10**6), "path": name, "rate": 0}
            )

        return work(tell)

    events = Jobs().run([], job, kind="backup")
    with closing(cast("Generator[Json, None, None]", events)):
        return follow(events)


def _show(manifest: Manifest, *, json: bool) -> None:
    if json:
        print_json(manifest.as_json())
        return
    megabytes = f"{manifest.size / 1e6:.1f}"
    console().print(
        words(
            "holds", files=len(manifest.files), megabytes=megabytes, at=manifest.created_at,
            version=manifest.konkyo, workspace=manifest.workspace,
        )
    )  # fmt: skip
    for name, found in manifest.databases.items():
        console().print(words("database", name=name, version=found or "-"))
    if manifest.left_out:
        console().print(words("left_out", names=", ".join(manifest.left_out)))
    for file in manifest.files:
        console().print(f"{file.bytes:>12}  {file.sha256[:12]}  {file.path}")
