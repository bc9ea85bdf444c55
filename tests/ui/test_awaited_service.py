"""Where systemd starts the service, the page starts none of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingestion.workspace import open_workspace
from ui import connecting
from ui.errors import ServiceError


def test_a_service_that_another_program_starts_is_only_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = open_workspace(tmp_path / "ws", {})
    monkeypatch.setenv(connecting.WAIT, "1")
    monkeypatch.setattr(connecting, "READY_SECONDS", 0.3)
    with pytest.raises(ServiceError, match=connecting.WAIT):
        connecting.connect(workspace, start_service=True)
    assert not (workspace.logs / "service.log").exists()  # which the first thing that is started makes
    with workspace.write_lock():
        pass
