"""`konkyo sync --watch` as a process of its own, with the real embedder."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.model


class Watching:
    """The running command; `next` is the outcome of its next run."""

    def __init__(self, workspace: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "ui.cli.main", "sync", "--watch", "--json", "--workspace",
             str(workspace)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8",
            env={**os.environ, "LANG": "C.UTF-8"},
        )  # fmt: skip
        self._lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line)

    def next(self) -> Any:
        return json.loads(self._lines.get(timeout=120))

    def until(self, key: str, value: object) -> Any:
        while (outcome := self.next())[key] != value:
            pass
        return outcome


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/first.txt").write_text("第1条 旅費は実費とする。", "utf-8")
    return tmp_path / "docs"


@pytest.fixture
def watching(docs: Path, tmp_path: Path, models_dir: Path) -> Iterator[Watching]:
    (tmp_path / "ws").mkdir()
    (tmp_path / "ws/models").symlink_to(models_dir.resolve())
    settings = f'[sources.rules]\nkind = "folder"\npath = "{docs}"\n'
    (tmp_path / "ws/konkyo.toml").write_text(settings, "utf-8")
    watching = Watching(tmp_path / "ws")
    yield watching
    watching.process.kill()
    watching.process.communicate()


def test_it_follows_the_folder_until_it_is_told_to_stop(watching: Watching, docs: Path) -> None:
    assert watching.next()["added"] == 1
    (docs / "second.txt").write_text("第2条 日当は2000円とする。", "utf-8")
    assert watching.until("added", 1)["unchanged"] == 1
    (docs / "second.txt").rename(docs / "renamed.txt")
    assert watching.until("moved", 1)["chunks"] == 0
    docs.rename(docs.with_name("away"))
    assert watching.until("refused", True)["removed"] == 0
    docs.with_name("away").rename(docs)
    (docs / "third.txt").write_text("第3条 附則。", "utf-8")
    assert watching.until("added", 1)["unchanged"] == 2
    watching.process.send_signal(signal.SIGTERM)
    assert watching.process.wait(60) == 0
