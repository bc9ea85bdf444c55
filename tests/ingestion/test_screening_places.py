"""The same bytes in several places: the strictest of them decides, in whatever order they come."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from library_fakes import World

from ingestion.member_files import forget_members
from ingestion.screening.policy import FolderScreening, ScreeningSettings
from ingestion.settings import IngestionSettings, Settings

STAFF = "名簿\n\n連絡先は山田 花子、電話は03-3581-4111です。\n"
MASKED = STAFF.replace("山田 花子", "■" * 5).replace("03-3581-4111", "■" * 12)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


def masking(world: World, folder: str) -> Settings:
    own = {str(world.docs / folder): FolderScreening(personal="mask")}
    return Settings.model_validate({"screening": ScreeningSettings(folders=own)})


def pack(world: World, name: str, files: dict[str, bytes]) -> None:
    path = world.docs / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(packed(files))


def packed(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def texts_at(world: World, path: str) -> list[str]:
    stored = [world.library.document(summary.id) for summary in world.library.documents_list()]
    return [one.document.text for one in stored if one and any(place.path == path for place in one.locations)]


@pytest.mark.parametrize(("masked", "opened"), [("a", "b"), ("b", "a")])
def test_bytes_in_a_masked_folder_and_in_an_open_archive_are_masked_in_one_run(
    world: World, masked: str, opened: str
) -> None:
    world.write(f"{masked}/staff.txt", STAFF)
    pack(world, f"{opened}/all.zip", {"staff.txt": STAFF.encode()})
    world.ingest(settings=masking(world, masked), parse=None)
    assert texts_at(world, f"{opened}/all.zip/staff.txt") == [MASKED]
    assert texts_at(world, f"{masked}/staff.txt") == [MASKED]
    assert world.found("山田") == []


def test_a_waiting_archive_is_cut_again_when_a_stricter_place_came_meanwhile(world: World) -> None:
    """The open archive waits for its large member, while the same archive in the masked folder is done."""
    listed = {"山田 花子 03-3581-4111.txt": b"x", "one.txt": "一つ目の文書。".encode()}
    pack(world, "a/z.zip", {"in.zip": packed(listed), "two.txt": "二つ目の文書。".encode()})
    pack(world, "b/in.zip", listed)
    world.ingest(settings=masking(world, "b"), parse=None)
    (text,) = texts_at(world, "a/z.zip/in.zip")
    assert "one.txt" in text and "3581" not in text


def test_a_folder_of_the_settings_may_be_named_through_a_link(world: World) -> None:
    world.write("hr/staff.txt", STAFF)
    link = world.root / "share"
    link.symlink_to(world.docs)
    own = {f"{link}/hr/": FolderScreening(personal="mask")}
    world.ingest(link, settings=Settings.model_validate({"screening": ScreeningSettings(folders=own)}))
    assert texts_at(world, "hr/staff.txt") == [MASKED]


def test_a_relative_folder_of_the_settings_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="docs/hr is not an absolute path"):
        ScreeningSettings(folders={"docs/hr": FolderScreening(personal="mask")})
    with pytest.raises(ValueError, match="scans is not an absolute path"):
        IngestionSettings(ocr_folders={"scans": "off"})
    ScreeningSettings(folders={"C:\\share\\hr": FolderScreening(personal="mask")})


def test_what_a_killed_process_took_out_of_an_archive_goes_with_the_next_run(world: World) -> None:
    members = world.library.members
    for name in ("taken-old", "taken-new"):
        (members / name).mkdir(parents=True)
        (members / name / "staff.txt").write_text(STAFF, "utf-8")
    os.utime(members / "taken-old", (0, 0))
    forget_members(world.library)
    assert [path.name for path in members.iterdir()] == ["taken-new"]
