"""Files that a newer parser cannot read any more: what they had stays, and they are not tried without end."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from library_fakes import World, read_plain

from ingestion import deriving
from ingestion.documents import Document
from ingestion.errors import ReadError
from ingestion.settings import ChunkingSettings, IngestionSettings, Settings
from ingestion.source_settings import SourceSettings
from ingestion.sources.configured import Source
from ingestion.sources.preview import Preview, preview


class Parser:
    """Reads plain files but for those in `broken`, and remembers what it was given."""

    def __init__(self, *broken: str) -> None:
        self.broken = broken
        self.read: list[str] = []

    def __call__(self, path: Path) -> Document:
        self.read.append(path.name)
        if path.name in self.broken:
            raise ReadError("the new parser cannot read it.")
        return read_plain(path)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    for name in ("a.txt", "b.txt", "c.txt"):
        world.write(name, f"{name}の合言葉は木星である。")
    world.ingest()
    yield world
    assert world.indexes.check()["problems"] == []
    world.close()


@pytest.fixture
def newer(world: World, monkeypatch: pytest.MonkeyPatch) -> Parser:
    """A newer parser, which has failed on a.txt in a run of its own."""
    monkeypatch.setattr(deriving, "PARSER_VERSION", "newer")
    parser = Parser("a.txt")
    report = world.ingest(parse=parser)
    assert (report.unchanged, report.reparsed, len(report.failed)) == (2, 2, 1)
    parser.read.clear()
    return parser


def failed(world: World, parser: Parser, **options: object) -> list[str]:
    """What a run lists as failed; `parser` remembers what it tried."""
    parser.read.clear()
    report = world.ingest(parse=parser, **options)
    assert (report.seen, report.removed) == (3, 0)
    assert [f.path for f in world.library.failures()] == [path for _, path, _ in report.failed]
    return [path for _, path, _ in report.failed]


def test_it_is_not_tried_again_keeps_its_document_and_stays_listed(world: World, newer: Parser) -> None:
    for _ in range(2):
        assert failed(world, newer) == ["a.txt"] and newer.read == []
        assert world.paths() == ["a.txt", "b.txt", "c.txt"]
        assert "a.txt" in world.found("合言葉は木星")


def test_it_does_not_count_as_lost(world: World, newer: Parser) -> None:
    settings = Settings(ingestion=IngestionSettings(removal_limit=0))
    world.ingest(parse=newer, settings=settings)
    assert failed(world, newer, settings=settings) == ["a.txt"]


def test_it_is_tried_again_when_the_file_changes(world: World, newer: Parser) -> None:
    os.utime(world.docs / "a.txt", (1, 1))
    assert failed(world, newer) == ["a.txt"] and newer.read == ["a.txt"]
    assert failed(world, newer) == ["a.txt"] and newer.read == []
    newer.broken = ()
    world.write("a.txt", "新しい文書。")
    assert failed(world, newer) == [] and newer.read == ["a.txt"]


def test_it_is_tried_again_when_the_parser_changes(
    world: World, newer: Parser, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer.broken = ()
    assert failed(world, newer) == ["a.txt"] and newer.read == []
    monkeypatch.setattr(deriving, "PARSER_VERSION", "newest")
    assert failed(world, newer) == [] and sorted(newer.read) == ["a.txt", "b.txt", "c.txt"]


@pytest.mark.parametrize(
    "settings",
    [
        Settings(ingestion=IngestionSettings(passwords=("sesame",))),
        Settings(ingestion=IngestionSettings(memory_mb_per_file=8192)),
    ],
)
def test_it_is_tried_again_when_the_settings_change(settings: Settings, world: World, newer: Parser) -> None:
    newer.broken = ()
    assert failed(world, newer, settings=settings) == [] and newer.read == ["a.txt"]
    assert failed(world, newer, settings=settings) == [] and newer.read == []


def test_a_file_that_fails_when_everything_is_read_anew_stays_listed(world: World) -> None:
    parser = Parser("a.txt")
    assert failed(world, parser, reparse=True) == ["a.txt"]
    assert failed(world, parser) == ["a.txt"] and parser.read == []
    assert world.paths() == ["a.txt", "b.txt", "c.txt"]


def test_one_that_moves_keeps_its_document_too(world: World, newer: Parser) -> None:
    newer.broken = ("moved.txt",)
    (world.docs / "a.txt").rename(world.docs / "moved.txt")
    assert failed(world, newer) == ["moved.txt"] and newer.read == ["moved.txt"]
    assert world.paths() == ["b.txt", "c.txt", "moved.txt"]
    assert failed(world, newer) == ["moved.txt"] and newer.read == []


def test_a_file_whose_bytes_cannot_be_had_is_looked_at_in_each_run(world: World) -> None:
    """A text that becomes readable again without a change of its time or size."""
    new = world.write("new.txt", "新しい文書。")
    state = new.stat()
    new.unlink()
    new.symlink_to(world.root / "nowhere")  # hashing it fails as on a share that is gone
    new.unlink()
    os.mkfifo(new)
    assert world.ingest().failed[0][1:] == ("new.txt", "it is not a regular file")
    new.unlink()
    world.write("new.txt", "新しい文書。")
    os.utime(new, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert world.ingest().added == 1


def test_members_of_archives_are_not_tried_again_either(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the real reader: the newer one is not given the password any more."""
    import pyzipper

    with pyzipper.AESZipFile(world.docs / "a.zip", "w", encryption=pyzipper.WZ_AES) as archive:
        archive.setpassword(b"sesame")
        archive.writestr("x.txt", "合言葉は土星である。")
    with zipfile.ZipFile(world.docs / "b.zip", "w") as archive:
        archive.writestr("y.txt", "合言葉は金星である。")
    opened = Settings(ingestion=IngestionSettings(passwords=("sesame",)))
    assert world.ingest(parse=None, settings=opened).added == 4
    monkeypatch.setattr(deriving, "PARSER_VERSION", "newer")
    closed = Settings()
    for reparsed in (5, 0, 0):
        report = world.ingest(parse=None, settings=closed)
        assert [path for _, path, _ in report.failed] == ["a.zip/x.txt"]
        assert (report.seen, report.unchanged, report.members, report.reparsed) == (7, 6, 2, reparsed + (
            reparsed > 0
        ))  # fmt: skip
    assert world.found("合言葉は土星", 1) == ["a.zip/x.txt"]


def looked_at(world: World, settings: Settings | None = None) -> Preview:
    source = Source("rules", "folder", world.docs, SourceSettings(kind="folder"))
    return preview(source, world.library, settings or Settings())


def test_a_preview_says_what_would_be_read_again(world: World, newer: Parser) -> None:
    world.write("new.txt", "新しい文書。")
    found = looked_at(world)
    assert (found.added, found.reread, found.unchanged) == (["new.txt"], [], 2)
    assert found.failed == [("a.txt", "the new parser cannot read it.")]
    found = looked_at(world, Settings(chunking=ChunkingSettings(target=50, maximum=60)))
    assert found.reread == ["a.txt", "b.txt", "c.txt"] and found.unchanged == 3


def test_a_preview_names_failures_that_would_be_tried_again(world: World) -> None:
    world.write("broken.txt", "BROKEN")
    world.ingest()
    assert looked_at(world).reread == []
    other = Settings(ingestion=IngestionSettings(passwords=("sesame",)))
    found = looked_at(world, other)
    assert found.reread == ["broken.txt"] and found.failed == [("broken.txt", "it is broken.")]
    assert (found.added, found.changed, found.unchanged) == ([], [], 3)
