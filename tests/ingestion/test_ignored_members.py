"""Files in archives that are left out by their names are counted."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from library_fakes import World

from ingestion.settings import IngestionSettings, Settings

LEFT_OUT = ("Thumbs.db", "a/~$規程.docx", "__MACOSX/規程.txt", "__MACOSX/._規程.txt", "a/.DS_Store")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.close()


def packed(*names: str, **files: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, "文書である。")
        for name, data in files.items():
            archive.writestr(f"{name}.zip", data)
    return buffer.getvalue()


def test_they_are_seen_and_ignored(world: World) -> None:
    inner = packed("x.txt", "Thumbs.db")
    (world.docs / "a.zip").write_bytes(packed("規程.txt", *LEFT_OUT, inner=inner))
    report = world.ingest(parse=None)
    # a.zip, the text, the inner archive, its text; five left out, and one in the inner archive
    assert (report.seen, report.ignored, report.members) == (10, 6, 9)
    assert report.added == 4 and report.failed == []
    assert world.paths() == ["a.zip", "a.zip/inner.zip", "a.zip/inner.zip/x.txt", "a.zip/規程.txt"]


def test_they_take_no_room_of_the_others(world: World) -> None:
    (world.docs / "a.zip").write_bytes(packed(*LEFT_OUT, "1.txt", "2.txt"))
    settings = Settings(ingestion=IngestionSettings(members=2))
    report = world.ingest(parse=None, settings=settings)
    assert (report.added, report.ignored, report.failed) == (3, 5, [])


def test_an_archive_of_nothing_else_is_read(world: World) -> None:
    (world.docs / "a.zip").write_bytes(packed(*LEFT_OUT))
    report = world.ingest(parse=None)
    assert (report.seen, report.added, report.ignored) == (6, 1, 5)
