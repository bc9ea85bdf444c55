"""What fails because of the machine, a full disk or a silent share, is tried again by the next run."""

from __future__ import annotations

import errno
import os
import resource
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from library_fakes import World, read_plain

from ingestion import deriving
from ingestion.containers import UnpackLimits, unpack
from ingestion.documents import Document
from ingestion.errors import PassingError, ReadError
from ingestion.parsing import ParserProcess
from ingestion.reading import DEFAULT_OPTIONS
from ingestion.settings import IngestionSettings


class Share:
    """Reads plain files, those in `lost` only when its disk answers."""

    def __init__(self, *lost: str) -> None:
        self.lost = lost

    def __call__(self, path: Path) -> Document:
        if path.name in self.lost:
            raise OSError(errno.EIO, os.strerror(errno.EIO), str(path))
        return read_plain(path)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    world.write("a.txt", "合言葉は木星である。")
    yield world
    assert world.indexes.check()["problems"] == []
    world.close()


def test_a_new_file_is_tried_again(world: World) -> None:
    report = world.ingest(parse=Share("a.txt"))
    assert [(path, "Input/output error" in reason) for _, path, reason in report.failed] == [("a.txt", True)]
    report = world.ingest(parse=Share())
    assert (report.added, report.failed, world.library.failures()) == (1, [], [])


def test_one_that_is_read_anew_keeps_its_document_and_is_tried_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.ingest(parse=Share())
    monkeypatch.setattr(deriving, "PARSER_VERSION", "newer")
    report = world.ingest(parse=Share("a.txt"))
    assert (len(report.failed), report.reparsed, world.paths()) == (1, 0, ["a.txt"])
    report = world.ingest(parse=Share())
    assert (report.reparsed, report.failed, world.library.failures()) == (1, [], [])


def test_a_full_disk_is_no_fault_of_the_archive(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("small.txt", b"a")
        archive.writestr("large.txt", b"a" * 1_000_000)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(PassingError, match="File too large"):
            unpack(tmp_path / "a.zip", tmp_path / "out", UnpackLimits(10, 10**9, ()), DEFAULT_OPTIONS)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_the_parser_tells_the_machine_from_the_file(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"a" * 10_000)
    with ParserProcess(IngestionSettings()) as parser:
        with pytest.raises(PassingError, match="No space left on device"):
            parser.call("shutil:copyfile", str(tmp_path / "a"), "/dev/full")
        with pytest.raises(ReadError, match="FileNotFoundError") as failed:
            parser.call("os:stat", str(tmp_path / "none"))
    assert not isinstance(failed.value, PassingError)
