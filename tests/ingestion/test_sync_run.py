"""Synchronisation of a source into a real library: what is recorded, and that failures change nothing."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from library_fakes import World, read_plain
from test_mirror import FakeSource

from ingestion.documents import Document
from ingestion.errors import FetchError, SourceError, WorkspaceBusyError
from ingestion.ingest_report import IngestReport
from ingestion.settings import Settings, SourceSettings
from ingestion.sources.configured import Source
from ingestion.sources.preview import preview
from ingestion.sources.run import Outcome, synchronise
from ingestion.sync_rows import SyncRows
from ingestion.workspace import mounts_below


class Remote(Source):
    """A remote source whose other end is a fake; None cannot be reached."""

    end: FakeSource | None = None

    def open_remote(self) -> Any:
        if Remote.end is None:
            raise SourceError("there is nobody")
        return Remote.end


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    assert world.indexes.check()["problems"] == []
    world.close()


@pytest.fixture
def folder(world: World) -> Source:
    for number in range(10):
        world.write(f"f{number}.txt", f"第{number}条 合言葉は木星{number * 7919}番。")
    return Source("rules", "folder", world.docs, SourceSettings(kind="folder"))


@pytest.fixture
def remote(world: World) -> Remote:
    Remote.end = FakeSource({f"f{number}.txt": f"文書{number}".encode() for number in range(10)})
    settings = SourceSettings(kind="webdav", url="https://x", groups=("hr",))
    return Remote("cloud", "webdav", world.root / "sources/cloud/files", settings)


def run(world: World, source: Source, **options: Any) -> Outcome:
    parse = options.pop("parse", read_plain)

    def ingest(folder: Path, *, groups: frozenset[str], allow_empty: bool) -> IngestReport:
        return world.ingest(folder, groups=groups, allow_empty=allow_empty, parse=parse)

    return synchronise(source, ingest, library=world.library, settings=Settings(), **options)


def failures(world: World) -> dict[str, str]:
    return {failure.path: failure.reason for failure in world.library.failures()}


def test_a_good_run_is_recorded(world: World, folder: Source) -> None:
    value = run(world, folder).as_json()
    assert (value["name"], value["source"], value["added"], value["error"]) == (
        "rules",
        str(world.docs),
        10,
        None,
    )
    row = SyncRows(world.library).runs()["rules"]
    assert (row.ok_at, row.error, row.refused, row.attempts) == (row.at, None, False, 0)
    assert (row.report["added"], row.report["failed"], row.report["seen"]) == (10, 0, 10)


def test_a_missing_folder_changes_nothing_and_is_recorded(world: World, folder: Source) -> None:
    run(world, folder)
    good, paths = SyncRows(world.library).runs()["rules"], world.paths()
    world.docs.rename(world.root / "away")
    for attempt in (1, 2):
        outcome = run(world, folder)
        assert outcome.refused and outcome.error is not None and "is missing" in outcome.error
        row = SyncRows(world.library).runs()["rules"]
        assert (row.ok_at, row.refused, row.attempts) == (good.at, True, attempt)
        assert row.report == good.report and world.paths() == paths
    (world.root / "away").rename(world.docs)
    assert run(world, folder).report.unchanged == 10
    assert SyncRows(world.library).runs()["rules"].attempts == 0


def test_a_file_in_the_place_of_the_folder_changes_nothing(world: World, folder: Source) -> None:
    run(world, folder)
    world.docs.rename(world.root / "away")
    world.docs.write_text("not a folder")
    outcome = run(world, folder)
    assert outcome.error is not None and "is a file, not a folder" in outcome.error
    assert len(world.paths()) == 10 and failures(world) == {}


def test_a_share_that_is_not_mounted_any_more_is_no_empty_folder(world: World, folder: Source) -> None:
    """Of ten files one vanishes, far less than the limit; that its file system is gone is what tells."""
    share = str(world.docs / "share")
    world.write("share/only.txt", "共有の文書")
    run(world, folder, mounts=lambda _: [share])
    (world.docs / "share/only.txt").unlink()
    outcome = run(world, folder, mounts=lambda _: [])
    assert outcome.refused and outcome.error is not None and f"{share} was mounted" in outcome.error
    assert "share/only.txt" in world.paths()
    assert run(world, folder, mounts=lambda _: [share, "/new"]).report.removed == 1
    assert run(world, folder, mounts=lambda _: []).refused
    assert run(world, folder, mounts=lambda _: [], allow_empty=True).error is None
    assert run(world, folder, mounts=lambda _: []).error is None


def test_mounts_are_those_of_the_system(tmp_path: Path) -> None:
    assert mounts_below(tmp_path / "nothing is mounted here") == []
    told = {line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()}
    assert "/proc" in mounts_below(Path("/")) and set(mounts_below(Path("/"))) <= told


def test_another_writer_is_no_fault_of_the_source(world: World, folder: Source) -> None:
    def busy(folder: Path, *, groups: frozenset[str], allow_empty: bool) -> IngestReport:
        raise WorkspaceBusyError("another process is writing")

    with pytest.raises(WorkspaceBusyError):
        synchronise(folder, busy, library=world.library, settings=Settings())
    assert SyncRows(world.library).runs() == {}


def test_a_remote_source_is_copied_and_ingested_for_its_groups(world: World, remote: Remote) -> None:
    outcome = run(world, remote)
    assert (outcome.fetched, outcome.report.added) == (10, 10)
    assert world.paths() == sorted(f"f{number}.txt" for number in range(10))
    from ingestion.documents import User

    assert len(world.library.documents_list(User("ann", frozenset({"hr"})))) == 10
    assert world.library.documents_list(User("bob", frozenset({"sales"}))) == []
    embedded = len(world.embedder.texts)
    assert run(world, remote).report.unchanged == 10
    assert len(world.embedder.texts) == embedded


def test_moves_at_the_source_need_no_embedding(world: World, remote: Remote) -> None:
    run(world, remote)
    embedded = len(world.embedder.texts)
    assert Remote.end is not None
    Remote.end.files = {f"人事/{name}": data for name, data in Remote.end.files.items()}
    outcome = run(world, remote, allow_empty=True)
    assert (outcome.report.moved, outcome.report.added, len(world.embedder.texts)) == (10, 0, embedded)


def test_a_source_that_cannot_be_reached_changes_nothing(world: World, remote: Remote) -> None:
    run(world, remote)
    generation, end = world.library.generation, Remote.end
    Remote.end = None
    outcome = run(world, remote)
    assert (outcome.error, outcome.refused) == ("there is nobody", False)
    assert world.library.generation == generation and len(world.paths()) == 10
    assert SyncRows(world.library).runs()["cloud"].error == "there is nobody"
    assert end is not None
    end.files = {}
    Remote.end = end
    outcome = run(world, remote)
    assert outcome.refused and len(world.paths()) == 10
    assert run(world, remote, allow_empty=True).report.removed == 10
    assert world.paths() == []


def test_an_empty_source_is_no_error_while_nothing_is_known(world: World, remote: Remote) -> None:
    Remote.end = FakeSource({})
    outcome = run(world, remote)
    assert (outcome.error, outcome.report.seen) == (None, 0)


def test_what_the_source_does_not_give_is_listed_until_it_does(world: World, remote: Remote) -> None:
    assert Remote.end is not None
    Remote.end.broken = {"f3.txt": FetchError("it is locked")}
    Remote.end.files |= {"film.mp4": b"x", "~$f1.docx": b"x"}
    outcome = run(world, remote)
    reasons = {"f3.txt": "it could not be fetched: it is locked", "film.mp4": "unsupported format .mp4"}
    assert failures(world) == reasons and "film.mp4" not in Remote.end.fetched
    assert {path: reason for _, path, reason in outcome.report.failed} == reasons
    value = outcome.as_json()
    assert (value["added"], value["ignored"], len(value["failed"]), value["seen"]) == (9, 1, 2, 12)
    assert failures(world) == reasons
    Remote.end.broken = {}
    assert run(world, remote).report.added == 1
    assert failures(world) == {"film.mp4": "unsupported format .mp4"}


def test_a_changed_file_that_cannot_be_fetched_keeps_its_document(world: World, remote: Remote) -> None:
    run(world, remote)
    assert Remote.end is not None
    Remote.end.files["f3.txt"] = "新しい文書".encode()
    Remote.end.broken = {"f3.txt": FetchError("it is locked")}
    run(world, remote)
    assert len(world.paths()) == 10 and list(failures(world)) == ["f3.txt"]
    Remote.end.broken = {}
    assert run(world, remote).report.changed == 1
    assert failures(world) == {} and world.found("新しい文書")[0] == "f3.txt"


def test_a_preview_says_what_the_run_then_does(world: World, folder: Source) -> None:
    library, settings = world.library, Settings()
    first = preview(folder, library, settings).as_json()
    assert first["added"] == [f"f{number}.txt" for number in range(10)] and world.paths() == []
    run(world, folder)
    (world.docs / "f0.txt").unlink()
    world.write("f1.txt", "別の文")
    (world.docs / "f2.txt").rename(world.docs / "g2.txt")
    world.write("new.txt", "新しい文")
    world.write("空.txt", "")
    world.write("~$x.docx", "")
    world.write("film.mp4", "x")
    world.write("broken.txt", "BROKEN")
    found = preview(folder, library, settings).as_json()
    assert (found["added"], found["changed"], found["removed"]) == (
        ["broken.txt", "new.txt"],
        ["f1.txt"],
        ["f0.txt"],
    )
    assert found["moved"] == [{"from": "f2.txt", "to": "g2.txt"}]
    assert (found["unchanged"], found["ignored"], found["empty"], found["refused"]) == (7, 1, 1, None)
    report = run(world, folder).as_json()
    assert [report[name] for name in ("added", "changed", "moved", "removed", "unchanged")] == [1, 1, 1, 1, 7]
    again = preview(folder, library, settings).as_json()
    assert [item["path"] for item in again["failed"]] == ["broken.txt", "film.mp4"]
    assert (again["added"], again["changed"], again["unchanged"]) == ([], [], 10)


def test_a_preview_names_what_will_be_refused_or_cannot_be_reached(
    world: World, folder: Source, remote: Remote
) -> None:
    run(world, folder)
    run(world, remote)
    for number in range(5):
        (world.docs / f"f{number}.txt").unlink()
    found = preview(folder, world.library, Settings())
    assert found.refused is not None and "5 of 10 files" in found.refused and len(found.removed) == 5
    assert Remote.end is not None
    Remote.end.files = {**Remote.end.files, "f0.txt": b"changed", "x.txt": b"x"}
    del Remote.end.files["f1.txt"]
    seen = preview(remote, world.library, Settings())
    assert (seen.added, seen.changed, seen.removed, seen.unchanged) == (["x.txt"], ["f0.txt"], ["f1.txt"], 8)
    assert Remote.end.fetched.count("x.txt") == 0
    Remote.end = None
    assert preview(remote, world.library, Settings()).error == "there is nobody"


def test_ignored_failures_come_back_when_the_file_changes(world: World, folder: Source) -> None:
    world.write("broken.txt", "BROKEN")
    run(world, folder)
    rows, source = SyncRows(world.library), str(world.docs)
    assert not rows.ignore(source, "f1.txt")
    assert rows.ignore(source, "broken.txt") and rows.ignored() == {(source, "broken.txt")}
    run(world, folder)
    assert rows.ignored() == {(source, "broken.txt")}
    assert rows.ignore(source, "broken.txt", ignored=False) and rows.ignored() == set()
    rows.ignore(source, "broken.txt")
    world.write("broken.txt", "BROKEN in another way")
    run(world, folder)
    assert rows.ignored() == set() and list(failures(world)) == ["broken.txt"]


def test_a_failure_is_tried_again_when_asked(world: World, folder: Source) -> None:
    world.write("broken.txt", "BROKEN")
    run(world, folder)
    rows, tried = SyncRows(world.library), []

    def parse(path: Path) -> Document:
        tried.append(path.name)
        return Document("読めた", "txt", read_plain(world.docs / "f1.txt").pages[:0])

    run(world, folder, parse=parse)
    assert tried == []
    assert rows.mark_for_retry([(str(world.docs), "broken.txt"), ("/no", "x")]) == [
        (str(world.docs), "broken.txt")
    ]
    run(world, folder, parse=parse)
    assert tried == ["broken.txt"] and failures(world) == {}


@pytest.fixture
def open_world() -> Iterator[World]:
    """A world in a folder that everybody may enter: permission bits do not bind root."""
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)
        world = World(Path(name))
        yield world
        world.close()


@contextmanager
def as_nobody(root: Path) -> Iterator[None]:
    """Work without the rights of root, for whom no file is closed."""
    if os.geteuid() != 0:
        yield
        return
    for place in (root, *root.rglob("*")):
        os.chown(place, 65534, 65534)
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.skipif(os.name != "posix", reason="permission bits are those of POSIX")
def test_what_may_not_be_read_keeps_its_documents(open_world: World) -> None:
    """Errors of the file system itself: a folder that cannot be listed, a file that cannot be opened."""
    world, docs = open_world, open_world.docs
    for number in range(5):
        world.write(f"closed/c{number}.txt", f"閉じた文書{number}")
        world.write(f"f{number}.txt", f"開いた文書{number}")
    folder = Source("rules", "folder", docs, SourceSettings(kind="folder"))
    run(world, folder)
    paths = world.paths()
    world.write("f1.txt", "変わった文書")
    with as_nobody(world.root):
        (docs / "f1.txt").chmod(0)
        (docs / "closed").chmod(0)
        outcome = run(world, folder)
        assert {path: reason for _, path, reason in outcome.report.failed} == {
            "closed": "it cannot be read (Permission denied)",
            "f1.txt": "it cannot be read (Permission denied)",
        }  # fmt: skip
        assert world.paths() == paths and outcome.report.removed == 0
        docs.chmod(0)
        outcome = run(world, folder)
        assert outcome.error == f"{docs} cannot be read (Permission denied)." and not outcome.refused
        docs.chmod(0o755)
        (docs / "closed").chmod(0o755)
        (docs / "f1.txt").chmod(0o644)
        outcome = run(world, folder)
    assert (outcome.report.changed, outcome.report.unchanged, failures(world)) == (1, 9, {})


def test_files_that_vanish_while_they_are_read(world: World, folder: Source) -> None:
    def parse(path: Path) -> Document:
        if path.name == "f3.txt":
            for other in ("f3.txt", "f4.txt", "f9.txt"):
                (world.docs / other).unlink(missing_ok=True)
        return read_plain(path)

    outcome = run(world, folder, parse=parse)
    assert outcome.error is None
    gone = {path for _, path, _ in outcome.report.failed}
    assert gone <= {"f3.txt", "f4.txt", "f9.txt"} and gone
    assert set(world.paths()) | gone == {f"f{number}.txt" for number in range(10)}
    outcome = run(world, folder, allow_empty=True)
    assert set(world.paths()) == {path.name for path in world.docs.iterdir()} and failures(world) == {}


def test_runs_that_were_cancelled_or_broke_are_recorded_with_their_time(world: World, folder: Source) -> None:
    run(world, folder)
    rows = SyncRows(world.library)
    old = "2026-01-01T00:00:00+00:00"
    rows.record_good("rules", old, 1.0, {"added": 10})

    def cancelled(place: Path, *, groups: frozenset[str], allow_empty: bool) -> IngestReport:
        return IngestReport(cancelled=True)

    def broken(place: Path, *, groups: frozenset[str], allow_empty: bool) -> IngestReport:
        raise OSError("disk full")

    synchronise(folder, cancelled, library=world.library, settings=Settings())
    row = rows.runs()["rules"]
    assert row.at > old and (row.ok_at, row.error, row.attempts) == (old, None, 0)
    assert row.report == {"added": 10}
    with pytest.raises(OSError, match="disk full"):
        synchronise(folder, broken, library=world.library, settings=Settings())
    row = rows.runs()["rules"]
    assert row.ok_at == old and row.error is not None and "OSError: disk full" in row.error
    assert row.attempts == 1
    fresh = Source("fresh", "folder", world.docs, SourceSettings(kind="folder"))
    synchronise(fresh, cancelled, library=world.library, settings=Settings())
    assert rows.runs()["fresh"].ok_at is None and rows.runs()["fresh"].error is None
