"""Rights from the folder itself, through whole runs: changed, moved and failing files, those in others."""

from __future__ import annotations

import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from library_fakes import World, read_plain

from ingestion.documents import Document, Page, User
from ingestion.errors import IngestionError, ReadError
from ingestion.rights.names import NOBODY
from ingestion.settings import Settings

HR = User("h", frozenset({"hr", "everybody"}), ungrouped=True)
STAFF = User("s", frozenset({"staff", "everybody"}), ungrouped=True)

as_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files to other groups"
)


@pytest.fixture
def world() -> Iterator[World]:
    folder = Path(tempfile.mkdtemp(prefix="konkyo-rights-"))  # unlike those of pytest, others may enter it
    folder.chmod(0o755)
    made = World(folder)
    yield made
    assert made.indexes.check()["problems"] == []
    made.close()
    shutil.rmtree(folder)


def settings(world: World, **more: object) -> Settings:
    return Settings.model_validate({"sources": {str(world.docs): more}})


def by_file(world: World) -> Settings:
    return settings(world, rights="file")


def seen(world: World, user: User) -> set[str]:
    return {place.path for one in world.library.documents_list(user) for place in one.locations}


def carried(world: World) -> dict[str, set[str]]:
    return {p.path: set(p.groups) for one in world.library.documents_list() for p in one.locations}


def rights(world: World, *rows: str) -> None:
    world.write("rights.csv", "\n".join(["path,groups", *rows, ""]))


def test_rights_change_without_reading_anything_again(world: World) -> None:
    world.write("hr/a.txt", "土星の文書")
    world.write("b.txt", "木星の文書")
    rights(world, ".,staff", "hr,hr")
    assert not world.ingest(settings=by_file(world)).failed
    assert carried(world) == {"hr/a.txt": {"hr"}, "b.txt": {"staff"}}
    assert (seen(world, HR), seen(world, STAFF)) == ({"hr/a.txt"}, {"b.txt"})

    read: list[str] = []

    def parse(path: Path) -> Document:
        read.append(path.name)
        return read_plain(path)

    rights(world, ".,staff")
    embedded = len(world.embedder.texts)
    report = world.ingest(settings=by_file(world), parse=parse)
    assert (report.changed, report.unchanged, report.ignored, read) == (0, 2, 1, [])
    assert len(world.embedder.texts) == embedded
    assert (seen(world, HR), seen(world, STAFF)) == (set(), {"hr/a.txt", "b.txt"})
    generation = world.library.generation
    world.ingest(settings=by_file(world), parse=parse)
    assert world.library.generation == generation


@pytest.mark.parametrize("damage", ["wrong row", "gone", "link", "no encoding"])
def test_a_wrong_file_of_rights_is_nobody_and_a_failure(world: World, damage: str) -> None:
    world.write("a.txt", "木星の文書")
    world.write("c.txt", "金星の文書")
    rights(world, ".,everybody")
    world.ingest(settings=by_file(world))
    assert seen(world, HR) == {"a.txt", "c.txt"}
    world.write("new.txt", "土星の文書")
    file = world.docs / "rights.csv"
    if damage == "wrong row":
        rights(world, ".,everybody", "hr,(x)")
    elif damage == "no encoding":
        file.write_bytes(b"path,groups\n\x81,hr\n")
    else:
        file.unlink()
        if damage == "link":
            file.symlink_to(world.root / "elsewhere.csv")
    for _ in range(2):  # it stays listed
        report = world.ingest(settings=by_file(world))
        assert seen(world, HR) == seen(world, STAFF) == set()
        (failed,) = report.failed
        assert failed[1] == "rights.csv" and failed[2].endswith(
            "so nobody but admins may read what lies here"
        )
        assert ("line 3" in failed[2]) == (damage == "wrong row")
        assert [one.path for one in world.library.failures()] == ["rights.csv"]
        assert len(report.warnings) == (damage == "link")  # that it is one
    file.unlink(missing_ok=True)
    rights(world, ".,everybody")
    assert world.ingest(settings=by_file(world)).failed == [] and world.library.failures() == []
    assert seen(world, HR) == {"a.txt", "c.txt", "new.txt"}


def test_a_file_that_cannot_be_read_any_more_gets_its_new_rights_all_the_same(world: World) -> None:
    world.write("a.txt", "木星の文書")
    rights(world, ".,everybody")
    world.ingest(settings=by_file(world))

    def parse(path: Path) -> Document:
        raise ReadError("it is broken.")

    rights(world, ".,hr")
    world.ingest(settings=by_file(world), parse=parse, reparse=True)
    assert "a.txt" in carried(world) and seen(world, STAFF) == set()


def test_a_document_that_became_the_file_of_rights_is_for_nobody(world: World) -> None:
    world.write("a.txt", "木星の文書")
    rights(world, ".,staff")
    world.ingest(groups=frozenset({"hr"}))
    assert seen(world, HR) == {"a.txt", "rights.csv"}
    world.ingest(settings=by_file(world))
    assert carried(world) == {"a.txt": {"staff"}, "rights.csv": {NOBODY}}


def test_moved_files_get_the_rights_of_their_new_place(world: World) -> None:
    world.write("open/a.txt", "木星の文書")
    world.write("open/b.txt", "火星の文書")
    rights(world, "open,everybody", "hr,hr")
    world.ingest(settings=by_file(world))
    (world.docs / "hr").mkdir()
    (world.docs / "open/a.txt").rename(world.docs / "hr/a.txt")
    report = world.ingest(settings=by_file(world))
    assert report.moved == 1 and carried(world)["hr/a.txt"] == {"hr"}
    (world.docs / "hr/a.txt").rename(world.docs / "away.txt")
    world.ingest(settings=by_file(world))
    assert carried(world)["away.txt"] == {NOBODY}


def test_a_copy_is_read_through_its_own_place_only(world: World) -> None:
    world.write("hr/a.txt", "同じ文書")
    world.write("open/a.txt", "同じ文書")
    rights(world, "open,staff", "hr,hr")
    world.ingest(settings=by_file(world))
    assert (seen(world, HR), seen(world, STAFF)) == ({"hr/a.txt"}, {"open/a.txt"})


def test_single_files_and_folders_are_under_the_same_rules(world: World) -> None:
    world.write("hr/a.txt", "木星の文書")
    world.write("hr/b.txt", "火星の文書")
    rights(world, "hr,hr")
    world.ingest(world.docs / "hr/a.txt", settings=by_file(world))
    assert carried(world)["a.txt"] == {"hr"}  # a source of its own, below the folder of the settings
    world.ingest(world.docs / "hr", settings=by_file(world))
    assert set(map(frozenset, carried(world).values())) == {frozenset({"hr"})}
    with pytest.raises(IngestionError, match="told by the folder itself"):
        world.ingest(world.docs / "hr", settings=by_file(world), groups=frozenset({"staff"}))
    with pytest.raises(IngestionError, match="told by the folder itself"):
        world.ingest(settings=by_file(world), groups=frozenset({""}))


def test_groups_of_a_folder_around_leave_it_alone(world: World) -> None:
    world.write("shared/hr/a.txt", "木星の文書")
    world.write("b.txt", "火星の文書")
    (world.docs / "shared/rights.csv").write_text("path,groups\nhr,hr\n", "utf-8")
    inner = Settings.model_validate({"sources": {str(world.docs / "shared"): {"rights": "file"}}})
    for _ in range(2):
        world.ingest(settings=inner, groups=frozenset({"staff"}))
        assert carried(world) == {"shared/hr/a.txt": {"hr"}, "b.txt": {"staff"}}
    (world.docs / "shared/rights.csv").write_text("what\n", "utf-8")
    report = world.ingest(settings=inner)
    assert [path for _, path, _ in report.failed] == ["shared/rights.csv"]
    assert carried(world)["shared/hr/a.txt"] == {NOBODY}
    above = Settings.model_validate({"sources": {
        str(world.docs): {"rights": "file"}, str(world.docs / "shared"): {"rights": "settings"},
    }})  # fmt: skip
    rights(world, ".,everybody")
    world.ingest(settings=above)
    assert carried(world)["b.txt"] == {"everybody"} and carried(world)["shared/hr/a.txt"] == {NOBODY}


def read_zip(path: Path) -> Document:
    if path.suffix != ".zip":
        return read_plain(path)
    with zipfile.ZipFile(path) as archive:
        names = tuple(archive.namelist())
    return Document("中身", "zip", (Page(1, 0, 2),), members=names)


def test_files_inside_others_have_the_rights_of_the_file_on_disk(world: World) -> None:
    (world.docs / "hr").mkdir()
    with zipfile.ZipFile(world.docs / "hr/box.zip", "w") as archive:
        archive.writestr("rights.csv", "path,groups\n.,everybody\n")
        archive.writestr("a.txt", "木星の文書")
    rights(world, "hr,hr", "hr/box.zip/a.txt,everybody")
    world.ingest(settings=by_file(world), parse=read_zip)
    inside = {path: groups for path, groups in carried(world).items() if path.startswith("hr/box.zip")}
    assert len(inside) == 3 and set(map(frozenset, inside.values())) == {frozenset({"hr"})}
    rights(world, "hr,staff")
    world.ingest(settings=by_file(world), parse=read_zip)
    assert {path for path in seen(world, STAFF)} == set(inside)
    assert seen(world, HR) == set()


def test_a_file_system_that_keeps_no_rights_is_nobody_and_a_warning(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    import psutil

    world.write("a.txt", "木星の文書")
    world.write("b.txt", "火星の文書")
    part = type(psutil.disk_partitions(all=True)[0])
    monkeypatch.setattr(
        psutil, "disk_partitions", lambda all: [part("//server/share", str(world.docs), "cifs", "rw")]
    )
    report = world.ingest(settings=settings(world, rights="posix"))
    assert set(map(frozenset, carried(world).values())) == {frozenset({NOBODY})}
    assert seen(world, HR) == set()
    ((_, _, told),) = report.warnings  # once, and not for each file
    assert "cifs" in told or "type" in told


@as_root
def test_bits_and_owners_of_the_folder(world: World) -> None:
    mapped = {"group:6001": ["hr"], "group:6002": ["staff"]}
    posix = settings(world, rights="posix", rights_map=mapped)
    for name in ("hr/a.txt", "hr/open.txt", "b.txt", "all.txt", "hr/日本.txt"):
        file = world.write(name, f"{name}の文書")
        os.chown(file, 0, 6002)
        file.chmod(0o640)
    (world.docs / "all.txt").chmod(0o644)
    (world.docs / "hr/open.txt").chmod(0o644)
    os.chown(world.docs / "hr", 0, 6001)
    (world.docs / "hr").chmod(0o750)
    world.ingest(settings=posix)
    assert carried(world) == {
        "hr/a.txt": {"hr&staff"}, "hr/日本.txt": {"hr&staff"}, "hr/open.txt": {"hr"},
        "b.txt": {"staff"}, "all.txt": {"everybody"},
    }  # fmt: skip
    embedded = len(world.embedder.texts)
    (world.docs / "hr").chmod(0o755)
    (world.docs / "all.txt").chmod(0o600)
    report = world.ingest(settings=posix, parse=lambda path: pytest.fail(f"{path} was read again"))
    assert report.unchanged == 5 and len(world.embedder.texts) == embedded
    assert carried(world) == {
        "hr/a.txt": {"staff"}, "hr/日本.txt": {"staff"}, "hr/open.txt": {"everybody"},
        "b.txt": {"staff"}, "all.txt": {NOBODY},
    }  # fmt: skip
    world.root.chmod(0o700)  # a folder above the source
    world.ingest(settings=posix)
    assert set(map(frozenset, carried(world).values())) == {frozenset({NOBODY})}


@as_root
def test_a_name_in_an_old_encoding_is_found_on_disk(world: World) -> None:
    raw = os.fsencode(world.docs) + "/規程.txt".encode("cp932")
    with open(raw, "w", encoding="utf-8") as file:
        file.write("木星の文書")
    os.chown(raw, 0, 6001)
    os.chmod(raw, 0o640)
    world.ingest(settings=settings(world, rights="posix", rights_map={"group:6001": ["hr"]}))
    assert carried(world) == {"規程.txt": {"hr"}}
