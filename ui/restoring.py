"""What is done to an unpacked workspace before it takes its place: migrations, its new folder, a check."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path
from typing import Any

from ingestion.backups.manifest import Manifest
from ingestion.database_care import problems, revision
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
