"""Damaged databases, full disks and kills: nothing is lost, and nothing half stands under a final name."""

from __future__ import annotations

import errno
import io
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO

import pytest
from backup_workspaces import count_rows, digests, make_workspace, write_rows

from ingestion.backups.reading import read_archive, read_manifest
from ingestion.backups.restoring import restore_backup
from ingestion.backups.swapping import recover, swap
from ingestion.backups.writing import create, write_backup
from ingestion.database_care import problems
from ingestion.errors import BackupError
from ingestion.workspace import Workspace

CHILD = Path(__file__).with_name("killed_backup.py")


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return make_workspace(tmp_path / "ws")


class FullAt(io.RawIOBase):
    """A file whose disk is full at the write of number `left`, counted over all files of one test."""

    left = 0
    count = 0

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        type(self).count += bool(data)  # the packer often has nothing to write yet
        if data and type(self).count == type(self).left:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return self._file.write(data)  # type: ignore[arg-type]

    def fileno(self) -> int:
        return self._file.fileno()

    def close(self) -> None:
        self._file.close()
        super().close()


def full_at(number: int) -> Callable[[Path], IO[bytes]]:
    FullAt.left, FullAt.count = number, 0
    return lambda path: FullAt(create(path))  # type: ignore[return-value]


def test_a_disk_that_is_full_at_any_write_leaves_the_older_backup(
    workspace: Workspace, tmp_path: Path
) -> None:
    file = tmp_path / "b"
    write_backup(workspace, file)
    before = file.read_bytes()
    write_backup(workspace, tmp_path / "count", open_new=full_at(0))
    assert FullAt.count > 3
    for number in range(1, FullAt.count + 1):
        with pytest.raises(BackupError, match="No space left"):
            write_backup(workspace, file, open_new=full_at(number))
        assert file.read_bytes() == before
        assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".b")] == []


def test_a_disk_that_is_full_at_any_write_of_a_restore_leaves_the_old_workspace(
    workspace: Workspace, tmp_path: Path
) -> None:
    file = tmp_path / "b"
    write_backup(workspace, file)
    restore_backup(file, tmp_path / "count", lambda new, found: [], open_new=full_at(0))
    before = digests(workspace.root) | {"workspace.lock": digests(workspace.root).get("workspace.lock", "")}
    for number in range(1, FullAt.count + 1):
        with pytest.raises(BackupError, match="is as it was"):
            restore_backup(file, workspace.root, lambda new, found: [], force=True, open_new=full_at(number))
        assert digests(workspace.root).keys() | {"workspace.lock"} == before.keys()
    assert list(tmp_path.glob("ws.before*")) == [] and list(tmp_path.glob(".*.restoring")) == []


@pytest.mark.parametrize("name", ["library.db", "records.db", "audit/chain.db"])
@pytest.mark.parametrize("harm", ["page", "half", "empty", "head"])
def test_a_damaged_database_is_told_and_an_older_backup_stays(
    workspace: Workspace, tmp_path: Path, name: str, harm: str
) -> None:
    file = tmp_path / "b"
    write_backup(workspace, file)
    good, path = file.read_bytes(), workspace.root / name
    content = bytearray(path.read_bytes())
    if harm == "page":
        content[4096:8192] = os.urandom(4096)
    path.write_bytes(
        {"half": content[: len(content) // 2], "empty": b"", "head": b"x" * 999}.get(harm, content)
    )
    assert problems(path)
    with pytest.raises(BackupError, match=r"damaged|cannot be copied"):
        write_backup(workspace, file)
    assert file.read_bytes() == good


def test_a_place_that_cannot_be_written_is_told(workspace: Workspace) -> None:
    if not Path("/sys/kernel").is_dir():
        pytest.skip("no folder that nobody can write to")
    with pytest.raises(BackupError, match="cannot be written"):
        write_backup(workspace, Path("/sys/kernel/konkyo.tar.gz"))


def test_a_swap_that_was_cut_off_at_any_step_is_finished(tmp_path: Path) -> None:
    """Each step of the two renames as a killed process leaves it behind."""
    for step in range(4):
        base = tmp_path / str(step)
        root, new, aside = base / "ws", base / ".ws.1.restoring", base / "ws.before-restore-1"
        for folder, text in ((root, "old"), (new, "new")):
            folder.mkdir(parents=True)
            (folder / "which").write_text(text)
        if step:
            (base / ".ws.restore.json").write_text('{"new": ".ws.1.restoring", "old": "ws.before-restore-1"}')
        if step > 1:
            root.rename(aside)
        if step > 2:
            new.rename(root)
        recover(root)
        assert (root / "which").read_text() == ("old" if step < 2 else "new")
        assert not (base / ".ws.restore.json").exists()
        if step > 1:
            assert (aside / "which").read_text() == "old"


def test_a_swap_that_fails_puts_the_old_folder_back(tmp_path: Path) -> None:
    root = tmp_path / "ws"
    root.mkdir()
    with pytest.raises(OSError):
        swap(tmp_path / "missing", root, tmp_path / "aside")
    assert root.is_dir() and not (tmp_path / "aside").exists()


def run_child(task: str, *arguments: Path) -> str:
    command = [sys.executable, str(CHILD), task, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the children are forked")
def test_a_killed_backup_leaves_the_older_one_or_the_new_one(tmp_path: Path) -> None:
    workspace, file = make_workspace(tmp_path / "ws", 1000), tmp_path / "b"
    write_backup(workspace, file)
    assert run_child("backup", workspace.root, file).split()[-1] == "20"
    read_archive(file, lambda kept, pieces: [None for _ in pieces] and None)  # type: ignore[func-returns-value]
    write_backup(workspace, file)
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".b")] == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the children are forked")
def test_a_killed_restore_leaves_the_old_workspace_or_the_new_one(tmp_path: Path) -> None:
    """The child looks after each of its kills: old and new tell themselves apart by their rows."""
    workspace, file = make_workspace(tmp_path / "ws", 10), tmp_path / "b"
    other = make_workspace(tmp_path / "other", 3000)
    write_backup(other, file)
    output = run_child("restore", workspace.root, file).split()
    assert output[-1] == "20"
    assert count_rows(workspace.library_path) in (10, 3000)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the limit is one of a child")
def test_a_limit_on_the_size_of_files_is_told_at_every_height(tmp_path: Path) -> None:
    """RLIMIT_FSIZE stops SQLite's own writes, too, which no fake reaches."""
    workspace, file = make_workspace(tmp_path / "ws", 500), tmp_path / "b"
    write_backup(workspace, file)
    size = max(kept.bytes for kept in read_manifest(file).files)
    before = file.read_bytes()
    output = run_child("limits", workspace.root, file).split()
    assert output[-1] == "10" and size > 100_000
    assert file.read_bytes() == before
    write_rows(tmp_path / "after.db", 1)
