"""What is done to an unpacked workspace before it takes its place: migrations, its new folder, a check.

Backups and restores are acts of the audit log: the one carries everybody's words away, the other takes the
log itself back to the day of the backup, and is the only act that could hide others.
"""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path
from typing import Any

from assistant.audit.log import AuditLog
from assistant.errors import AuditError
from ingestion.backups.manifest import Manifest
from ingestion.database_care import problems, revision
from ingestion.documents import LOCAL_USER
from ingestion.errors import BackupError, IngestionError
from ingestion.relocating import relocate
from ingestion.workspace import Workspace, open_workspace

Json = dict[str, Any]


def prepared(workspace: Workspace, manifest: Manifest, root: Path) -> list[Json]:
    """Make the unpacked `workspace` one that `root` may become; what was migrated.

    Raises:
        BackupError: a database is damaged, or the indexes cannot be made of the library.
        WorkspaceError: tables or layout are newer than this program.
        SettingsError: its settings cannot be read.
    """
    for name in manifest.databases:
        if found := problems(workspace.root / name):
            raise BackupError(f"{name} in the archive is damaged ({found[0]}). Take another archive.")
    open_workspace(workspace.root)
    workspace.settings()
    if workspace.library_path.exists() and Path(manifest.workspace) != root:
        relocate(workspace.library_path, Path(manifest.workspace), root)
    _check(workspace)
    after = {name: revision(workspace.root / name) for name in manifest.databases}
    return [
        {"database": name, "from": before, "to": after[name]}
        for name, before in manifest.databases.items()
        if before != after[name]
    ]


def note_backup(workspace: Workspace, report: Json, *, by: str) -> None:
    """Write down that everything was copied, and how that copy is known again.

    Raises:
        AuditError: it cannot be written.
    """
    said = {key: report[key] for key in ("file", "bytes", "sha256", "files")}
    with closing(AuditLog(workspace.audit)) as log:
        log.append(LOCAL_USER.name, "act", {"act": "backup", "arguments": {**said, "by": by}})


def note_restore(new: Workspace, root: Path, manifest: Manifest, file: Path, *, by: str) -> None:
    """Write into the log of `new` that it takes the place of the one at `root`, and how that one ended.

    Raises:
        AuditError: it cannot be written.
    """
    said = {"file": str(file), "of": manifest.created_at, "by": by, "replaced": _head(Workspace(root))}
    with closing(AuditLog(new.audit)) as log:
        log.append(LOCAL_USER.name, "act", {"act": "restore", "arguments": said})


def _head(workspace: Workspace) -> str | None:
    """The end of a log as `konkyo audit verify` tells it; None where there is no log."""
    if not (workspace.audit / "log.db").exists():
        return None
    try:
        with closing(AuditLog(workspace.audit)) as log:
            last = next(log.entries(newest_first=True), None)
    except AuditError as error:  # a damaged workspace is what restores are for
        return str(error)
    return None if last is None else f"{last[0].seq}:{last[0].hash}"


def _check(workspace: Workspace) -> None:
    """What `konkyo index check` tells; indexes that were copied while they changed are made anew."""
    try:
        found = _index_problems(workspace)
    except IngestionError as error:
        found = [str(error)]
    if found:
        shutil.rmtree(workspace.indexes)
        workspace.indexes.mkdir()
        found = _index_problems(workspace)
    if found:
        raise BackupError(f"the library in the archive is damaged: {found[0]}")


def _index_problems(workspace: Workspace) -> list[str]:
    from ui.local import LocalOperations

    with closing(LocalOperations(workspace)) as operations:
        assert operations.resources.records is not None  # opening them runs their migrations
        return [str(problem) for problem in operations.index_check()["problems"]]
