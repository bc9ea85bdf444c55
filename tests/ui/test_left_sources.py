"""Sources that were taken out of the settings: told, kept, and removed with their documents after consent."""

from __future__ import annotations

import io
import json
import sys
from contextlib import closing
from pathlib import Path

import pytest
from interface_fakes import LightResources
from test_cli_docs import documented, keys

from ingestion.errors import UnsafeRemovalError
from ingestion.settings import Settings, SourceSettings
from ingestion.sources.configured import folder_name
from ingestion.workspace import Workspace, open_workspace
from ui.cli.main import main
from ui.errors import NotFoundError, UsageError
from ui.local import LocalOperations

CLOUD = SourceSettings(kind="webdav", url="https://127.0.0.1:9/dav", user="u")


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return open_workspace(tmp_path / "ws", {})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "docs"
    made.mkdir()
    for number in range(3):
        (made / f"f{number}.txt").write_text(f"第{number}条 旅費は{number}000円とする。", "utf-8")
    return made


def opened(workspace: Workspace, **sources: SourceSettings) -> LocalOperations:
    return LocalOperations(workspace, resources=LightResources(workspace, Settings(sources=sources)))


def fill_copy(workspace: Workspace) -> Path:
    """The copy of the remote source "クラウド", as a run leaves it, taken into the library."""
    copy = workspace.mirrors / folder_name("クラウド") / "files"
    copy.mkdir(parents=True)
    (copy / "a.txt").write_text("赴任手当は三万円とする。", "utf-8")
    with closing(opened(workspace, クラウド=CLOUD)) as operations:
        list(operations.ingest([str(copy)]))
        assert [item["left"] for item in operations.syncs()] == [False]
    return copy


def test_a_folder_taken_out_of_the_settings_is_told_and_goes_when_somebody_agrees(
    workspace: Workspace, folder: Path
) -> None:
    rules = SourceSettings(kind="folder", path=str(folder))
    with closing(opened(workspace, rules=rules)) as operations:
        list(operations.sync("rules"))
        with pytest.raises(UsageError, match="Remove it from"):
            operations.forget_source("rules", allow_empty=True)
        assert [(item["name"], item["left"]) for item in operations.syncs()] == [("rules", False)]
    with closing(opened(workspace)) as operations:
        (left,) = operations.syncs()
        assert (left["name"], left["left"], left["documents"]) == (str(folder), True, 3)
        with pytest.raises(UnsafeRemovalError, match="3 documents"):
            operations.forget_source(str(folder))
        assert len(operations.documents()) == 3
        assert operations.forget_source(str(folder), allow_empty=True)["documents"] == 3
        assert operations.documents() == [] and operations.search("旅費") == [] and operations.syncs() == []
        assert (folder / "f0.txt").exists()
        with pytest.raises(NotFoundError):
            operations.forget_source(str(folder), allow_empty=True)
        list(operations.ingest([str(folder)]))
        assert [(item["left"], item["documents"]) for item in operations.syncs()] == [(False, 3)]


def test_what_another_place_holds_too_stays(workspace: Workspace, folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "same.txt").write_text((folder / "f0.txt").read_text("utf-8"), "utf-8")
    with closing(opened(workspace)) as operations:
        list(operations.ingest([str(folder), str(other)]))
        operations.forget_source(str(folder), allow_empty=True)
        (kept,) = operations.documents()
        assert [place["path"] for place in kept["locations"]] == ["same.txt"]


def test_the_copy_of_a_remote_source_is_told_and_deleted(workspace: Workspace) -> None:
    copy = fill_copy(workspace)
    with closing(opened(workspace)) as operations:
        (left,) = operations.syncs()
        assert (left["state"], left["left"], left["documents"]) == ("left", True, 1)
        done = operations.forget_source(left["name"], allow_empty=True)
        assert done["documents"] == 1 and operations.documents() == [] and operations.syncs() == []
        assert not copy.parent.exists()


@pytest.mark.parametrize("below", ["", "クラウド"])
def test_forgetting_what_was_ingested_among_the_copies_deletes_no_copy(
    workspace: Workspace, below: str
) -> None:
    copy = fill_copy(workspace)
    with closing(opened(workspace, クラウド=CLOUD)) as operations:
        folder = workspace.mirrors / folder_name(below) if below else workspace.mirrors
        list(operations.ingest([str(folder)]))
        (left,) = [item for item in operations.syncs() if item["left"]]
        assert left["name"] == str(folder)
        operations.forget_source(left["name"], allow_empty=True)
        assert (copy / "a.txt").is_file() and workspace.library_path.is_file()


def test_the_command_warns_asks_and_removes(
    workspace: Workspace, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setattr("sys.stdin", io.StringIO())  # a script, nobody to ask
    rules = SourceSettings(kind="folder", path=str(folder))
    with closing(opened(workspace, rules=rules)) as operations:
        list(operations.sync("rules"))

    def run(*arguments: str, code: int | None = None) -> tuple[str, str]:
        monkeypatch.setattr(sys, "argv", ["konkyo", "sync", *arguments, "--workspace", str(workspace.root)])
        with pytest.raises(SystemExit) as ended:
            main()
        assert (ended.value.code or None) == code
        told = capsys.readouterr()
        return told.out, " ".join(told.err.split())

    assert "3 documents" in run("--forget", str(folder), code=3)[1]
    run("--forget", str(folder), "--dry-run", code=2)
    value = json.loads(run("--forget", str(folder), "--allow-empty", "--json")[0])
    assert keys(value) == keys(documented("sync --forget")) and value["documents"] == 3
    run("--forget", str(folder), code=1)
