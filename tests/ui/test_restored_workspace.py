"""Backup and restore of real workspaces: another folder, older tables, and what is refused."""

from __future__ import annotations

import json
import shutil
import sqlite3
import sys
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from interface_fakes import LightResources
from test_cli_docs import documented, keys

from assistant.audit.log import AuditLog
from ingestion.database_care import revision
from ingestion.errors import BackupError, WorkspaceError
from ingestion.library_schema import HEAD, open_engine
from ingestion.settings import Settings
from ingestion.upgrading import KEPT, copies
from ingestion.workspace import Workspace, open_workspace
from ui import doctor
from ui.cli.main import main
from ui.local import LocalOperations

Json = dict[str, Any]
TEXT = "# 規程\n\n出張の宿泊費は1泊12,000円までとする。\n"


@pytest.fixture
def konkyo(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    def run(*arguments: str | Path, code: int = 0) -> Any:
        monkeypatch.setattr(sys, "argv", ["konkyo", *map(str, arguments), "--json"])
        with pytest.raises(SystemExit) as ended:
            main()
        told = capsys.readouterr()
        assert (ended.value.code or 0) == code, told.err
        return json.loads(told.out) if told.out else told.err

    return run


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """With an uploaded document, a conversation and its answer."""
    made = open_workspace(tmp_path / "ws", {})
    with closing(LocalOperations(made, resources=LightResources(made, Settings()))) as operations:
        operations.upload("規程.md", TEXT.encode())
        assert list(operations.ingest([str(made.uploads)]))[-1]["report"]["added"] == 1
        key = operations.new_conversation()["id"]
        list(operations.ask("宿泊費は？", conversation=key))
    return made


def test_it_comes_back_at_another_place_with_its_documents_and_conversations(
    workspace: Workspace, tmp_path: Path, konkyo: Any
) -> None:
    file, new = tmp_path / "b.tar.gz", tmp_path / "elsewhere" / "ws"
    written = konkyo("backup", file, "--workspace", workspace.root)
    assert keys(written) == keys(documented("backup"))
    assert keys(konkyo("backup", file, "--list")) >= keys(documented("backup --list")) - {
        ".databases.library.db"
    }
    restored = konkyo("restore", file, "--workspace", new)
    assert keys(restored) == {key for key in keys(documented("restore")) if "[]." not in key}
    assert (restored["workspace"], restored["migrated"], restored["kept_old"]) == (str(new), [], None)
    shutil.rmtree(workspace.root)
    opened = Workspace(new)
    with closing(LocalOperations(opened, resources=LightResources(opened, Settings()))) as operations:
        [document] = operations.documents()
        assert document["locations"][0]["source"] == opened.uploads.as_posix()
        assert operations.original(document["id"]) == ("規程.md", TEXT.encode())
        [conversation] = operations.conversations()
        assert conversation["messages"] == 2
        assert operations.index_check()["ok"]
        assert operations.search("宿泊費")
        report = list(operations.ingest([str(opened.uploads)]))[-1]["report"]
        assert (report["unchanged"], report["removed"]) == (1, 0)


def test_an_existing_workspace_needs_force(workspace: Workspace, tmp_path: Path, konkyo: Any) -> None:
    file = tmp_path / "b.tar.gz"
    konkyo("backup", file, "--workspace", workspace.root)
    assert "--force" in konkyo("restore", file, "--workspace", workspace.root, code=3)
    found = konkyo("restore", file, "--workspace", workspace.root, "--force")
    assert (Path(found["kept_old"]) / "library.db").is_file()
    konkyo("restore", tmp_path / "missing", "--workspace", tmp_path / "new", code=1)
    assert "holds nothing" in konkyo("backup", tmp_path / "x", "--workspace", tmp_path / "typo", code=1)


def older(path: Path) -> None:
    """A library as its second version left it, with a row to look for."""
    from alembic import command
    from alembic.config import Config

    path.unlink()
    import sqlalchemy as sa

    engine = sa.create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        config = Config(attributes={"connection": connection})
        config.set_main_option(
            "script_location", str(Path(sys.modules["ingestion"].__path__[0]) / "migrations")
        )
        config.set_main_option("path_separator", "os")
        command.upgrade(config, "0002")
        connection.execute(
            sa.text("INSERT INTO meta VALUES ('library', 'L'), ('generation', '0'), ('pruned', '0')")
        )
        connection.execute(sa.text("INSERT INTO access VALUES (1, '[]')"))
    engine.dispose()


def test_older_tables_are_migrated_on_their_way_back(
    workspace: Workspace, tmp_path: Path, konkyo: Any
) -> None:
    for left in workspace.root.glob("library.db-*"):
        left.unlink()
    older(workspace.library_path)
    file, new = tmp_path / "b.tar.gz", tmp_path / "new"
    konkyo("backup", file, "--workspace", workspace.root)
    found = konkyo("restore", file, "--workspace", new)
    assert found["migrated"] == [{"database": "library.db", "from": "0002", "to": HEAD}]
    assert revision(new / "library.db") == HEAD


def test_before_an_upgrade_a_copy_is_kept_three_of_each(tmp_path: Path) -> None:
    workspace = open_workspace(tmp_path / "ws", {})
    for _ in range(KEPT + 2):
        workspace.library_path.touch()
        older(workspace.library_path)
        open_engine(workspace.library_path).dispose()
    found = copies(workspace)
    assert len(found) == KEPT
    assert {revision(path) for path in found} == {"0002"} and revision(workspace.library_path) == HEAD
    assert all(path.name.startswith("before-") and "-library-0002-" in path.name for path in found)
    checks = {check["name"]: check for check in doctor.examine(workspace.root)["checks"]}
    assert found[-1].name in checks["copies before upgrades"]["detail"]


def test_without_a_copy_nothing_is_upgraded(tmp_path: Path) -> None:
    workspace = open_workspace(tmp_path / "ws", {})
    workspace.library_path.touch()
    older(workspace.library_path)
    workspace.backups.write_text("a file where the folder should be")
    with pytest.raises(BackupError, match="not upgraded"):
        open_engine(workspace.library_path)
    assert revision(workspace.library_path) == "0002"


@pytest.mark.parametrize("name", ["library.db", "records.db"])
def test_tables_of_a_newer_program_are_refused_with_a_sentence(
    workspace: Workspace, tmp_path: Path, konkyo: Any, name: str
) -> None:
    with closing(sqlite3.connect(workspace.root / name)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    with pytest.raises(WorkspaceError, match=r"9999.*newer Konkyo"):
        if name == "library.db":
            open_engine(workspace.library_path)
        else:
            from assistant.records import Records

            Records.open(workspace.records_path)
    file = tmp_path / "b"
    konkyo("backup", file, "--workspace", workspace.root)
    assert "9999" in konkyo("restore", file, "--workspace", tmp_path / "new", code=1)
    assert not (tmp_path / "new").exists()


def test_damaged_records_are_told_in_a_sentence(tmp_path: Path) -> None:
    from assistant.records import Records

    (tmp_path / "records.db").write_bytes(b"no database" * 1000)
    with pytest.raises(WorkspaceError, match="records of conversations"):
        Records.open(tmp_path / "records.db")


def test_doctor_sees_damage_a_clock_and_an_old_backup(workspace: Workspace) -> None:
    with closing(sqlite3.connect(workspace.records_path)) as connection:
        connection.execute("UPDATE messages SET at = '2999-01-01T00:00:00.000+00:00'")
        connection.commit()
    workspace.backups.mkdir()
    workspace.last_backup_path.write_text('{"at": "2020-01-01T00:00:00+00:00", "file": "/b"}')
    checks = {check["name"]: check for check in doctor.examine(workspace.root)["checks"]}
    assert checks["databases"]["ok"] and "3 sound" in checks["databases"]["detail"]
    for name, told in (("clock", "2999"), ("backups", "/b")):
        assert not checks[name]["ok"] and told in checks[name]["detail"] and checks[name]["remedy"]
    content = bytearray(workspace.library_path.read_bytes())
    content[8192:12288] = b"\xaa" * 4096
    workspace.library_path.write_bytes(content)
    checks = {check["name"]: check for check in doctor.examine(workspace.root)["checks"]}
    assert not checks["databases"]["ok"] and "konkyo restore" in checks["databases"]["remedy"]


def test_the_audit_log_is_whole_after_a_backup_while_it_is_written(
    workspace: Workspace, tmp_path: Path, konkyo: Any
) -> None:
    stop = threading.Event()
    with closing(AuditLog(workspace.audit)) as log:
        log.append("hanako", "act", {"act": "first"})

        def write() -> None:
            while not stop.wait(0.005):
                log.append("hanako", "act", {"act": "more"})

        writer = threading.Thread(target=write)
        writer.start()
        try:
            for number in range(6):
                konkyo("backup", tmp_path / f"{number}.tar.gz", "--workspace", workspace.root)
        finally:
            stop.set()
            writer.join()
        last = log.verify().tip.rows
    for number in range(6):
        new = tmp_path / f"new{number}"
        konkyo("restore", tmp_path / f"{number}.tar.gz", "--workspace", new)
        with closing(AuditLog(open_workspace(new, {}).audit)) as log:
            found = log.verify()
        assert found.ok and 1 <= found.tip.rows <= last
