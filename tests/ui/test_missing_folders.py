"""Folders of the settings that are not there are named by a run and by `doctor`."""

from __future__ import annotations

from pathlib import Path

from library_fakes import World

from ingestion.missing_folders import missing_folders
from ingestion.settings import IngestionSettings, Settings
from ingestion.workspace import open_workspace
from ui.doctor import examine


def settings_for(here: Path, gone: Path) -> Settings:
    screening = {"folders": {str(gone): {"personal": "mask"}, str(here): {"personal": "mask"}}}
    return Settings(
        ingestion=IngestionSettings(ocr_folders={str(gone): "off", str(here): "off"}),
        screening=screening,  # type: ignore[arg-type]
    )


def test_only_those_that_are_not_there_are_found(tmp_path: Path) -> None:
    gone = str(tmp_path / "gone")
    found = missing_folders(settings_for(tmp_path, tmp_path / "gone"))
    assert found == [("ingestion.ocr_folders", gone), ("screening.folders", gone)]
    assert missing_folders(Settings()) == []


def test_a_folder_that_cannot_even_be_looked_for_is_told_too(tmp_path: Path) -> None:
    name = str(tmp_path / ("a" * 300))  # no file system knows names as long
    assert {folder for _, folder in missing_folders(settings_for(tmp_path, Path(name)))} == {name}


def test_a_run_warns_of_them(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.write("a.txt", "文書である。")
    report = world.ingest(settings=settings_for(world.docs, tmp_path / "gone"))
    assert [(key, str(tmp_path / "gone") in text) for _, key, text in report.warnings] == [
        ("ingestion.ocr_folders", True), ("screening.folders", True)
    ]  # fmt: skip
    assert (report.seen, report.added) == (1, 1)
    assert world.ingest().warnings == []
    world.close()


def test_doctor_names_them(tmp_path: Path) -> None:
    workspace = open_workspace(tmp_path / "workspace")
    workspace.settings_path.write_text('[screening.folders."/nowhere/at/all"]\npersonal = "mask"\n', "utf-8")
    (check,) = [check for check in examine(workspace.root)["checks"] if check["name"] == "folders"]
    assert not check["ok"] and "/nowhere/at/all (screening.folders)" in check["detail"] and check["remedy"]
