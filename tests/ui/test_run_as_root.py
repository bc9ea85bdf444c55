"""Commands that an administrator runs as root leave nothing that the service's user cannot use."""

from __future__ import annotations

import os
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from assistant.audit.log import AuditLog
from ingestion.backups.restoring import restore_backup
from ingestion.backups.writing import write_backup
from ingestion.workspace import Workspace, open_workspace
from ui.cli.main import main

OWNER = 54_321
"""Of a user that there need not be."""
pytestmark = pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() != 0, reason="only root can give files away"
)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    made = open_workspace(tmp_path / "var" / "ws", {})
    (made.uploads / "a.txt").write_text("a")
    for path in (tmp_path / "var", made.root, *made.root.rglob("*")):
        os.chown(path, OWNER, OWNER)
    return made


def owners(root: Path) -> dict[str, int]:
    return {path.relative_to(root).as_posix(): path.lstat().st_uid for path in (root, *root.rglob("*"))}


def test_a_backup_leaves_an_audit_log_that_the_service_can_use(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setenv("KONKYO_WORKSPACE", str(workspace.root))
    for number in range(2):
        monkeypatch.setattr(sys, "argv", ["konkyo", "backup", str(tmp_path / f"{number}")])
        with pytest.raises(SystemExit) as ended:
            main()
        assert not ended.value.code, capsys.readouterr()
    found = owners(workspace.audit)
    assert {"log.db", "head.json", "key", "lock", "."} <= set(found) and set(found.values()) == {OWNER}
    with closing(AuditLog(workspace.audit)) as log:
        assert log.verify().ok and log.verify().tip.rows == 2


@pytest.mark.parametrize("place", ["ws", "new"])
def test_what_root_restores_belongs_to_whom_the_place_belongs(
    workspace: Workspace, tmp_path: Path, place: str
) -> None:
    write_backup(workspace, tmp_path / "b")
    root = tmp_path / "var" / place
    restore_backup(tmp_path / "b", root, lambda new, found: [], force=True)
    found = owners(root)
    assert "uploads/a.txt" in found and set(found.values()) == {OWNER}
