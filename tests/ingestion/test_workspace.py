"""Where a workspace lies and who may look into it. Settings and lock are tested with what uses them."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest

from ingestion.errors import WorkspaceError
from ingestion.workspace import open_workspace


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_a_new_workspace_is_closed_to_others(tmp_path: Path) -> None:
    workspace = open_workspace(tmp_path / "deep" / "workspace", {})
    assert stat.S_IMODE(workspace.root.stat().st_mode) == 0o700
    workspace.root.chmod(0o750)
    assert stat.S_IMODE(open_workspace(workspace.root, {}).root.stat().st_mode) == 0o750


def test_a_workspace_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    open_workspace(tmp_path, {})
    (tmp_path / "version").write_text("2\n", "utf-8")
    with pytest.raises(WorkspaceError, match="newer Konkyo"):
        open_workspace(tmp_path, {})
