"""Backups of a workspace in use, with people's own databases in it, and archives whose words are traps."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import shutil
import sqlite3
import tarfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from backup_workspaces import PASSWORD, count_rows, make_workspace

from ingestion.backups.layout import Parts, databases_of, kept_files
from ingestion.backups.manifest import decode
from ingestion.backups.reading import read_manifest
from ingestion.backups.restoring import restore_backup
from ingestion.backups.writing import write_backup
from ingestion.errors import BackupError
from ingestion.workspace import Workspace, open_workspace

MANIFEST: dict[str, Any] = {
    "format": 1, "konkyo": "0.0.1", "layout": 1, "created_at": "2026", "workspace": "/old", "models": False,
    "indexes": False, "left_out": [], "databases": {},
    "files": [{"path": "a", "bytes": 1, "sha256": hashlib.sha256(b"x").hexdigest(), "mtime_ns": 0}],
}  # fmt: skip


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return make_workspace(tmp_path / "ws")


@pytest.mark.parametrize("folder", ["uploads", "sources/cloud"])
def test_peoples_own_databases_are_files_like_others(
    workspace: Workspace, tmp_path: Path, folder: str
) -> None:
    """Windows leaves a Thumbs.db in each folder of pictures, which is no database of SQLite."""
    place = workspace.root / folder
    place.mkdir(parents=True, exist_ok=True)
    (place / "Thumbs.db").write_bytes(b"\xd0\xcf\x11\xe0" + bytes(3000))
    with closing(sqlite3.connect(place / "stock.sqlite")) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("CREATE TABLE parts (name)")
        database.commit()
    before = {path.name: path.read_bytes() for path in place.iterdir()}
    write_backup(workspace, tmp_path / "b")
    assert set(read_manifest(tmp_path / "b").databases) == {"library.db", "records.db", "audit/chain.db"}
    restore_backup(tmp_path / "b", tmp_path / "new", lambda new, found: [])
    restored = tmp_path / "new" / folder
    for name in ("Thumbs.db", "stock.sqlite"):
        assert (restored / name).read_bytes() == before[name] == (place / name).read_bytes()


def test_copies_of_the_settings_are_left_out_as_their_secrets_are(
    workspace: Workspace, tmp_path: Path
) -> None:
    for name in ("konkyo.toml~", "konkyo.toml.bak"):
        shutil.copy(workspace.settings_path, workspace.root / name)
    write_backup(workspace, tmp_path / "b")
    assert PASSWORD.encode() not in gzip.decompress((tmp_path / "b").read_bytes())
    assert {"konkyo.toml~", "konkyo.toml.bak"} <= set(read_manifest(tmp_path / "b").left_out)


def test_files_that_vanish_while_they_are_listed_are_left_out(workspace: Workspace) -> None:
    deep = workspace.uploads / "z" / "y"
    deep.mkdir(parents=True)
    (deep / "a.txt").write_text("a")
    listed = kept_files(workspace, Parts())
    first = next(listed)
    shutil.rmtree(workspace.uploads)
    workspace.library_path.unlink()
    rest = list(listed)
    assert databases_of(workspace, [first, *rest, workspace.library_path]) >= {workspace.records_path}


def test_a_large_file_that_vanishes_is_told_as_one_that_was_changed(
    workspace: Workspace, tmp_path: Path
) -> None:
    large = workspace.uploads / "large.pdf"
    large.write_bytes(bytes(1_500_000))

    def tell(phase: str, done: int, total: int, name: str) -> None:
        if phase == "pack":
            large.unlink(missing_ok=True)

    with pytest.raises(BackupError, match=r"large\.pdf was changed while it was copied"):
        write_backup(workspace, tmp_path / "b", tell=tell)


def decoded(change: Callable[[dict[str, Any]], object]) -> Callable[[], object]:
    value = json.loads(json.dumps(MANIFEST))
    change(value)
    return lambda: decode(json.dumps(value).encode(), "0.1.0")


def extended(size: int, content: bytes = b"") -> bytes:
    """An extended header of tar; a size below 0 is written as GNU tar does."""
    entry = tarfile.TarInfo("x")
    entry.type, entry.size = tarfile.XHDTYPE, size
    return entry.tobuf(tarfile.GNU_FORMAT) + content + bytes(-len(content) % 512)


LONG = b"5013 size=" + b"9" * 5002 + b"\n"
TRAPS = {
    "a database elsewhere": (decoded(lambda value: value.update(databases={"../../x.db": "1"})), "x.db"),
    "a database that is not in it": (decoded(lambda value: value.update(databases={"b": None})), "b is not"),
    "databases of no kind": (decoded(lambda value: value.update(databases=["a"])), "manifest"),
    "a version of no kind": (decoded(lambda value: value.update(databases={"a": [1]})), "manifest"),
    "left out of no kind": (decoded(lambda value: value.update(left_out=[1])), "manifest"),
    "a version without end": (decoded(lambda value: value.update(konkyo="9" * 5000)), "manifest"),
    "a form without end": (lambda: decode(b'{"format":1e999,"konkyo":"1"}', "0.1.0"), "manifest"),
    "brackets without end": (lambda: decode(b"[" * 200_000, "0.1.0"), "manifest"),
}


@pytest.mark.parametrize("name", TRAPS)
def test_traps_in_a_manifest_are_told(name: str) -> None:
    read, message = TRAPS[name]
    with pytest.raises(BackupError, match=message):
        read()


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (extended(-5), "too long"),
        (extended(len(LONG), LONG) + tarfile.TarInfo("manifest.json").tobuf(), "manifest"),
        (extended(6000, b"9" * 5990 + b" " + b"x" * 9), "manifest"),
    ],
    ids=["a size below nothing", "a size without end", "a length without end"],
)
def test_traps_in_a_header_are_told(tmp_path: Path, header: bytes, message: str) -> None:
    file = tmp_path / "archive"
    file.write_bytes(gzip.compress(header + bytes(1 << 20)))
    with pytest.raises(BackupError, match=message):
        read_manifest(file)


def test_a_database_elsewhere_is_not_touched_by_a_restore(tmp_path: Path) -> None:
    """Opening it would fold its journal into it."""
    other = tmp_path / "other.db"
    keeping = sqlite3.connect(other)
    keeping.execute("PRAGMA journal_mode = WAL")
    keeping.execute("CREATE TABLE x (a)")
    keeping.commit()
    manifest = json.dumps({**MANIFEST, "databases": {"../../other.db": None}}).encode()
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w:gz") as tar:
        for name, content in (("manifest.json", manifest), ("a", b"x")):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    (tmp_path / "archive").write_bytes(raw.getvalue())
    with pytest.raises(BackupError):
        restore_backup(tmp_path / "archive", tmp_path / "new" / "ws", lambda new, found: [])
    keeping.close()


def test_a_workspace_that_was_made_during_a_restore_is_kept(workspace: Workspace, tmp_path: Path) -> None:
    write_backup(workspace, tmp_path / "b")
    root = tmp_path / "new"

    def prepare(_new: object, _found: object) -> list[dict[str, Any]]:
        (open_workspace(root, {}).uploads / "only-here.txt").write_text("work")
        return []

    report = restore_backup(tmp_path / "b", root, prepare)
    assert report.kept_old is not None and count_rows(root / "library.db") == 50
    assert (Path(report.kept_old) / "uploads" / "only-here.txt").read_text() == "work"


def test_nobody_waits_at_the_lock_while_a_large_log_is_copied(workspace: Workspace, tmp_path: Path) -> None:
    """The head is taken with the state that the database has then; rows that come later are not in it."""
    from filelock import FileLock

    lock, chain = workspace.root / "audit" / "lock", workspace.root / "audit" / "chain.db"
    lock.touch()
    head = workspace.root / "audit" / "head.json"
    head.write_text("50")
    waited: list[float] = []

    def tell(phase: str, done: int, total: int, name: str) -> None:
        if phase == "copy" and name == "audit/chain.db" and not waited:
            began = time.monotonic()
            with FileLock(lock, timeout=5), closing(sqlite3.connect(chain)) as database:
                database.execute("INSERT INTO rows (text) VALUES ('later')")
                database.commit()
                head.write_text("51")
            waited.append(time.monotonic() - began)

    write_backup(workspace, tmp_path / "b", tell=tell)
    assert waited and waited[0] < 5 and count_rows(chain) == 51
    restore_backup(tmp_path / "b", tmp_path / "new", lambda new, found: [])
    assert count_rows(tmp_path / "new" / "audit" / "chain.db") == 50
    assert (tmp_path / "new" / "audit" / "head.json").read_text() == "50"
