"""What is done to an unpacked workspace before it takes its place: migrations, its new folder, a check.

Backups and restores are acts of the audit log: the one carries everybody's words away, the other takes the
log itself back to the day of the backup, and is the only act that could hide others.
"""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path
from typing import Any

from assistant.audit.chain import ERASE, Row
from assistant.audit.log import AuditLog
from assistant.audit.rows import Selection
from assistant.errors import AuditError
from ingestion.backups.manifest import Manifest
from ingestion.database_care import problems, revision
from ingestion.documents import LOCAL_USER
from ingestion.errors import BackupError, IngestionError
from ingestion.relocating import relocate
from ingestion.workspace import Workspace, open_workspace

Json = dict[str, Any]
_RANGES = 300
"""So many runs of rows are erased at once."""


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

    What was erased there since the backup was made is erased again: a restore must not bring it back.

    Raises:
        AuditError: it cannot be written.
    """
    said: Json = {"file": str(file), "of": manifest.created_at, "by": by, "replaced": None}
    with closing(AuditLog(new.audit)) as log:
        erasures: list[Row] = []
        if (root / new.audit.name / "log.db").exists():
            try:
                with closing(AuditLog(Workspace(root).audit)) as old:
                    last = next(old.entries(newest_first=True), None)
                    said["replaced"] = None if last is None else f"{last[0].seq}:{last[0].hash}"
                    erasures = _erased_since(old, log)
            except AuditError as error:  # a damaged workspace is what restores are for
                said["replaced"] = str(error)
        log.append(LOCAL_USER.name, "act", {"act": "restore", "arguments": said})
        for row in erasures:
            _erase_again(log, row)


def _erased_since(old: AuditLog, restored: AuditLog) -> list[Row]:
    """Rows of `old` that erased words after the last one of `restored` was written, in their order."""
    last = next(restored.entries(newest_first=True), None)
    if last is None or next(old.entries(Selection(row=last[0].seq)), last)[0].hash != last[0].hash:
        return []  # the backup is not of this workspace
    since = Selection(kind="act", act=ERASE, after=last[0].seq)
    return [row for row, _ in old.entries(since) if row.unchanged]


def _erase_again(log: AuditLog, row: Row) -> None:
    facts = row.readable
    named = [(int(first), int(last)) for first, last in facts["rows"]]
    for start in range(0, len(named), _RANGES):
        some = Selection(ranges=named[start : start + _RANGES])
        log.erase(some, user=LOCAL_USER.name, by=str(facts["by"]), reason=str(facts["reason"]))


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
