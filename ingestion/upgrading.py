"""Migrations of a database, with a way back: a copy of what was there is made before anything is changed."""

from __future__ import annotations

import threading
from contextlib import suppress
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import sqlalchemy as sa

from ingestion.database_care import snapshot
from ingestion.durable import replace_file
from ingestion.errors import BackupError, WorkspaceError
from ingestion.workspace import Workspace

KEPT = 3
"""Copies of one database that are kept."""
MIGRATING = threading.RLock()
"""Alembic keeps what it works on in a global: two databases that are opened at once would be mixed up."""


def upgrade_tables(connection: sa.Connection, path: Path, scripts: Path) -> None:
    """Run the migrations in `scripts` that the database at `path` lacks, on a connection that may write.

    Raises:
        WorkspaceError: the database is at a revision that this program does not know.
        BackupError: no copy of it can be made first; then nothing was changed.
    """
    from alembic import command
    from alembic.config import Config
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    directory = ScriptDirectory.from_config(config)
    head = directory.get_current_head()
    found = MigrationContext.configure(connection).get_current_revision()
    if found is not None and found not in {script.revision for script in directory.walk_revisions()}:
        raise WorkspaceError(
            f"{path} has table version {found!r}, this program knows {head!r}. Use a newer Konkyo."
        )
    if found not in (None, head):
        _keep_copy(path, str(found))
    with MIGRATING:
        command.upgrade(config, "head")


def copies(workspace: Workspace) -> list[Path]:
    """The copies from before upgrades, the oldest first."""
    return sorted(workspace.backups.glob("before-*.db"), key=lambda path: (path.stem.split("-")[-1], path))


def _keep_copy(path: Path, revision: str) -> None:
    """`before-VERSION-DATABASE-REVISION-TIME.db`; VERSION is that of the program that upgrades it."""
    workspace = Workspace(path.parent)
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
    target = workspace.backups / f"before-{version('konkyo')}-{path.stem}-{revision}-{stamp}.db"
    new = target.with_suffix(".new")
    try:
        workspace.backups.mkdir(mode=0o700, exist_ok=True)
        new.touch(mode=0o600)
        snapshot(path, new)
        replace_file(new, target)
        of_this = [copy for copy in copies(workspace) if f"-{path.stem}-" in copy.name]
        for old in of_this[:-KEPT]:
            old.unlink()
    except OSError as error:
        raise BackupError(
            f"{path} is not upgraded, because no copy of it can be made first ({error.strerror})."
        ) from error
    finally:
        with suppress(OSError):  # what went wrong was told above
            new.unlink(missing_ok=True)
