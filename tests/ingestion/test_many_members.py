"""Archives in archives: what they multiply to is limited for each file on disk."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from library_fakes import World
from test_members import packed, put, text

from ingestion.settings import IngestionSettings, Settings


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    assert world.indexes.check()["problems"] == []
    world.close()


LIMITED = Settings(ingestion=IngestionSettings(members=30))


def test_places_are_counted_not_only_members(world: World) -> None:
    """Eight copies of an archive of eight files: 8 + 64 places, of which 30 are allowed."""
    inner = packed({f"{number}.txt": text(f"星{number}") for number in range(8)})
    put(world, "outer.zip", {f"copy{number}.zip": inner for number in range(8)})
    world.write("other.txt", "別の文書")
    report = world.ingest(parse=None, settings=LIMITED)
    (failure,) = report.failed
    assert failure[1] == "outer.zip/copy0.zip/2.txt" and "it and 5 others" in failure[2]
    assert "more than 30 files altogether" in failure[2]
    # 8 archives and two files in each of them, the outer one, and the file beside it.
    assert len(world.paths()) == 8 + 16 + 1 + 1
    again = world.ingest(parse=None, settings=LIMITED)
    assert again.failed == [failure] and len(world.paths()) == 26
    assert world.ingest(parse=None, settings=Settings()).failed == []
    assert len(world.paths()) == 8 + 64 + 1 + 1


def test_copies_on_disk_have_room_of_their_own(world: World) -> None:
    files = {f"{number}.txt": text(f"星{number}") for number in range(20)}
    for number in range(3):
        put(world, f"{number}.zip", files)
    assert world.ingest(parse=None, settings=LIMITED).failed == []
    assert len(world.paths()) == 63


def test_a_run_can_be_cancelled_among_the_members(world: World) -> None:
    world.write("same.txt", "同じ文書")
    world.ingest(parse=None)
    path = world.docs / "many.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(500):
            archive.writestr(f"{number}.txt", "同じ文書")
    asked = iter([False, False])  # after reading, and before the first links
    report = world.ingest(parse=None, cancelled=lambda: next(asked, True))
    assert report.cancelled and 1 < len(world.paths()) < 500
    report = world.ingest(parse=None)
    assert not report.failed and len(world.paths()) == 502
