"""Backup and restore over real SQLite files: what is kept, what is not, and what the archive says of it."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import sqlite3
import stat
import tarfile
import threading
from pathlib import Path

import pytest
from backup_workspaces import PASSWORD, TOKEN, count_rows, digests, make_workspace

from ingestion.backups.layout import Parts
from ingestion.backups.reading import read_manifest
from ingestion.backups.restoring import restore_backup
from ingestion.backups.secrets import without_secrets
from ingestion.backups.writing import write_backup
from ingestion.errors import BackupError, RestoreRefusedError, WorkspaceBusyError
from ingestion.workspace import Workspace, open_workspace

KEPT = {
    "konkyo.toml", "version", "library.db", "records.db", "audit/chain.db", "uploads/規程 (2).new",
    "adapters/published.json", "adapters/faq/adapter.gguf", "prompts/answer.toml", "dictionary.csv",
    "evaluations/reports/a.json", "evaluations/questions.jsonl", "runs/r/record.json",
}  # fmt: skip


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return make_workspace(tmp_path / "ws")


@pytest.fixture
def archive(workspace: Workspace, tmp_path: Path) -> Path:
    file = tmp_path / "backup.tar.gz"
    write_backup(workspace, file)
    return file


def restore(file: Path, root: Path, *, force: bool = False) -> Path | None:
    kept = restore_backup(file, root, lambda new, manifest: [], force=force).kept_old
    return None if kept is None else Path(kept)


def test_everything_is_kept_but_secrets_and_what_is_derived(
    workspace: Workspace, archive: Path, tmp_path: Path
) -> None:
    """tarfile and hashlib, which the reader does not use for this, say the same as the manifest."""
    with tarfile.open(archive) as tar:
        found = {
            entry.name: hashlib.sha256(tar.extractfile(entry).read()).hexdigest()  # type: ignore[union-attr]
            for entry in tar
        }
    manifest = read_manifest(archive)
    del found["manifest.json"]
    assert found == {file.path: file.sha256 for file in manifest.files}
    assert set(found) == KEPT
    assert (manifest.left_out, manifest.workspace) == (("ingestion.passwords",), str(workspace.root))
    assert manifest.databases == dict.fromkeys(("library.db", "records.db", "audit/chain.db"), "0001")
    assert stat.S_IMODE(archive.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_no_secret_is_in_any_byte_of_it(archive: Path) -> None:
    content = gzip.decompress(archive.read_bytes())
    assert PASSWORD.encode() not in content and TOKEN.encode() not in content
    assert b'ocr = "off"' in content


def test_models_and_indexes_when_asked_for(workspace: Workspace, tmp_path: Path) -> None:
    file = tmp_path / "all.tar.gz"
    report = write_backup(workspace, file, parts=Parts(models=True, indexes=True))
    names = {kept.path for kept in read_manifest(file).files}
    assert names - KEPT == {"models/m/model.gguf", "indexes/lexical/meta.json"}
    assert (report.sha256, report.bytes) == (
        hashlib.sha256(file.read_bytes()).hexdigest(),
        file.stat().st_size,
    )


def test_a_workspace_comes_back_byte_for_byte(workspace: Workspace, archive: Path, tmp_path: Path) -> None:
    times = {name: (workspace.root / name).stat().st_mtime_ns for name in KEPT}
    assert restore(archive, tmp_path / "new" / "ws") is None
    new = tmp_path / "new" / "ws"
    files = {file.path: file.sha256 for file in read_manifest(archive).files}
    assert digests(new) == files
    assert {name: (new / name).stat().st_mtime_ns for name in KEPT} == times
    assert count_rows(new / "records.db") == 50
    assert os.listdir(new.parent) == ["ws"] or set(os.listdir(new.parent)) == {"ws", ".ws.restore.lock"}


def test_rows_of_an_open_transaction_are_not_in_it_and_committed_ones_of_the_log_are(
    workspace: Workspace, tmp_path: Path
) -> None:
    committed = sqlite3.connect(workspace.records_path)
    committed.execute("INSERT INTO rows (text) VALUES ('kept')")
    committed.commit()  # in the write-ahead log only, as long as the connection is open
    other = sqlite3.connect(workspace.library_path)
    other.execute("INSERT INTO rows (text) VALUES ('never')")
    write_backup(workspace, tmp_path / "b")
    restore(tmp_path / "b", tmp_path / "new")
    assert count_rows(tmp_path / "new" / "records.db") == 51
    assert count_rows(tmp_path / "new" / "library.db") == 50
    committed.close()
    other.close()


def test_writers_go_on_and_no_row_is_seen_whose_document_came_later(
    workspace: Workspace, tmp_path: Path
) -> None:
    """As an ingest and an answer write: first the document, then a record of it. Each pair is one number."""
    stop = threading.Event()
    written = threading.Semaphore(0)

    def write() -> None:
        library, records = (
            sqlite3.connect(path) for path in (workspace.library_path, workspace.records_path)
        )
        number = 1000
        while not stop.is_set():
            for database in (library, records):
                database.execute("INSERT INTO rows VALUES (?, 'pair')", (number,))
                database.commit()
            number += 1
            written.release()
        library.close()
        records.close()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(3):
            assert written.acquire(timeout=60)
        for turn in range(3):
            write_backup(workspace, tmp_path / f"{turn}")
    finally:
        stop.set()
        writer.join()
    for turn in range(3):
        restore(tmp_path / f"{turn}", tmp_path / f"ws{turn}")
        numbers = []
        for name in ("library.db", "records.db"):
            connection = sqlite3.connect(tmp_path / f"ws{turn}" / name)
            numbers.append({row[0] for row in connection.execute("SELECT id FROM rows WHERE text = 'pair'")})
            connection.close()
        assert numbers[1] and numbers[1] <= numbers[0]


def test_an_existing_workspace_is_kept_and_only_when_told(
    workspace: Workspace, archive: Path, tmp_path: Path
) -> None:
    before = digests(workspace.root)
    with pytest.raises(RestoreRefusedError, match="--force"):
        restore(archive, workspace.root)
    assert digests(workspace.root).keys() - {"workspace.lock"} == before.keys()
    kept = restore(archive, workspace.root, force=True)
    assert kept is not None and kept.name.startswith("ws.before-restore-")
    assert {name: found for name, found in digests(kept).items() if name in before} == before
    assert PASSWORD not in (workspace.root / "konkyo.toml").read_text("utf-8")
    model = Path("models/m/model.gguf")  # not in the archive, and shared with the old one
    assert (workspace.root / model).samefile(kept / model)


def test_a_workspace_in_use_is_not_exchanged(workspace: Workspace, archive: Path) -> None:
    with workspace.write_lock():
        other = threading.Thread(target=lambda: errors.append(_error(archive, workspace.root)))
        errors: list[Exception | None] = []
        other.start()
        other.join()
    assert isinstance(errors[0], WorkspaceBusyError)


def _error(archive: Path, root: Path) -> Exception | None:
    try:
        restore(archive, root, force=True)
    except Exception as error:  # handed to the thread that asks
        return error
    return None


def test_a_workspace_without_data_gives_way(archive: Path, tmp_path: Path) -> None:
    empty = open_workspace(tmp_path / "empty", {})
    assert restore(archive, empty.root) is None
    assert count_rows(empty.library_path) == 50
    assert not list(tmp_path.glob("empty.before*"))


@pytest.mark.parametrize("place", ["ws/inside.tar.gz", "ws/uploads/x", "missing/x", "ws"])
def test_places_that_would_not_outlive_it_are_refused(
    workspace: Workspace, tmp_path: Path, place: str
) -> None:
    with pytest.raises(BackupError):
        write_backup(workspace, tmp_path / place)


def test_another_file_is_left_alone_and_an_older_backup_replaced(
    workspace: Workspace, archive: Path, tmp_path: Path
) -> None:
    other = tmp_path / "thesis.docx"
    other.write_bytes(b"years of work")
    with pytest.raises(BackupError, match="left alone"):
        write_backup(workspace, other)
    assert other.read_bytes() == b"years of work"
    write_backup(workspace, archive)
    assert read_manifest(archive).files


def forged(*entries: tuple[str, bytes, bytes], manifest: bytes) -> bytes:
    """An archive with this manifest and entries (name, type, content), written by tarfile."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w:gz") as tar:
        for name, kind, content in (("manifest.json", tarfile.REGTYPE, manifest), *entries):
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = kind, "/etc/passwd"
            entry.size = len(content) if kind == tarfile.REGTYPE else 0
            tar.addfile(entry, io.BytesIO(content))
    return raw.getvalue()


def manifest_of(*files: tuple[str, bytes, int | None], program: str = "0.0.1", form: int = 1) -> bytes:
    from ingestion.backups.manifest import KeptFile, Manifest

    kept = tuple(
        KeptFile(name, len(content) if size is None else size, hashlib.sha256(content).hexdigest(), 0)
        for name, content, size in files
    )
    return Manifest(form, program, 1, "2026", "/old", False, False, (), {}, kept).encoded()


PLAIN = tarfile.REGTYPE
BAD = {
    "a path out": ([("../evil", PLAIN, b"x")], manifest_of(("../evil", b"x", None)), "leads out"),
    "an absolute path": ([("/evil", PLAIN, b"x")], manifest_of(("/evil", b"x", None)), "leads out"),
    "a path of Windows": ([("x", PLAIN, b"x")], manifest_of(("a\\..\\..\\b", b"x", None)), "leads out"),
    "a drive": ([("C:/x", PLAIN, b"x")], manifest_of(("C:/x", b"x", None)), "leads out"),
    "another name": ([("b", PLAIN, b"x")], manifest_of(("a", b"x", None)), "not what its manifest says"),
    "other bytes": ([("a", PLAIN, b"y")], manifest_of(("a", b"x", None)), "not what its manifest says"),
    "more bytes": ([("a", PLAIN, b"x" * 9)], manifest_of(("a", b"x", None)), "not what its manifest says"),
    "a link": ([("a", tarfile.SYMTYPE, b"")], manifest_of(("a", b"", None)), "no plain file"),
    "a hard link": ([("a", tarfile.LNKTYPE, b"")], manifest_of(("a", b"", None)), "no plain file"),
    "a device": ([("a", tarfile.CHRTYPE, b"")], manifest_of(("a", b"", None)), "no plain file"),
    "one too few": ([], manifest_of(("a", b"x", None)), "damaged|cut off|no plain"),
    "one too many": ([("a", PLAIN, b"x"), ("b", PLAIN, b"x")], manifest_of(("a", b"x", None)), "end after"),
    "a bomb": ([("a", PLAIN, b"x")], manifest_of(("a", b"x", 2**62)), "unpacks to"),
    "one twice": ([("a", PLAIN, b"x")] * 2, manifest_of(("a", b"x", None), ("a", b"x", None)), "twice"),
    "a newer program": ([], manifest_of(program="99.1"), "Konkyo 99.1"),
    "a newer form": ([], manifest_of(form=2), "newer"),
    "no manifest": ([], b"[]", "manifest"),
    "a manifest of nonsense": ([], b"{\"format\": 1, \"konkyo\": \"0.0.1\", \"files\": 3}", "manifest"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_archives_that_mean_harm_are_refused_and_leave_nothing(tmp_path: Path, name: str) -> None:
    entries, manifest, message = BAD[name]
    file = tmp_path / "archive"
    file.write_bytes(forged(*entries, manifest=manifest))
    with pytest.raises(BackupError, match=message):
        restore(file, tmp_path / "inner" / "ws")
    assert not (tmp_path / "evil").exists() and not (tmp_path / "inner" / "ws").exists()
    assert list((tmp_path / "inner").glob(".*.restoring")) == []


def test_a_long_header_is_not_read_into_memory(tmp_path: Path) -> None:
    entry = tarfile.TarInfo("././@PaxHeader")
    entry.type, entry.size = tarfile.XHDTYPE, 8_000_000_000
    file = tmp_path / "archive"
    file.write_bytes(gzip.compress(entry.tobuf(tarfile.USTAR_FORMAT) + b"\0" * 4096))
    with pytest.raises(BackupError, match="too long"):
        restore(file, tmp_path / "ws")


def test_every_cut_is_noticed_and_no_flipped_bit_changes_a_file(archive: Path, tmp_path: Path) -> None:
    """In a run of equal bytes a flip of the packed ones can give the same run, which is no harm."""
    whole = archive.read_bytes()
    bad, right = tmp_path / "bad", {file.path: file.sha256 for file in read_manifest(archive).files}
    noticed = 0
    places = [0, 1, 5, 30, *range(100, len(whole), max(1, len(whole) // 40)), len(whole) - 9, len(whole) - 1]
    for place in places:
        bad.write_bytes(whole[:place])
        with pytest.raises(BackupError):
            restore(bad, tmp_path / "cut")
        bad.write_bytes(whole[:place] + bytes([whole[place] ^ 0x20]) + whole[place + 1 :])
        try:
            restore(bad, tmp_path / f"flipped{place}")
        except BackupError:
            noticed += 1
            assert not (tmp_path / f"flipped{place}").exists()
        else:
            assert digests(tmp_path / f"flipped{place}") == right
    assert noticed > 10 and not (tmp_path / "cut").exists()


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ('[ingestion]\npasswords = ["aa11"]  # two\nocr = "off"\n', {"ingestion": {"ocr": "off"}}),
        ('ingestion.passwords = ["""aa11""",\n # no\n "b]b22"]\n', {}),
        ('[server]\nbase_url = "http://u:secret@h/v1"\nmodel = "m"\n', {"server": {"model": "m"}}),
        ('[ingestion]\nocr = "off"\n', {"ingestion": {"ocr": "off"}}),
    ],
)
def test_settings_read_the_same_without_their_secrets(text: str, rest: object) -> None:
    import tomllib

    found, _ = without_secrets(text)
    assert tomllib.loads(found) == rest
    assert not any(secret in found for secret in ("aa11", "b22", "secret"))


@pytest.mark.parametrize(
    "text",
    ['ingestion = { passwords = ["aa11"], ocr = "off" }\n', '# aa11\n[ingestion]\npasswords = ["aa11"]\n'],
)
def test_a_secret_that_cannot_be_taken_out_ends_the_backup(text: str) -> None:
    with pytest.raises(BackupError, match="lines of its own"):
        without_secrets(text)
