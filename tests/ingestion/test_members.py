"""Files inside files from the first run to the last, with the real readers in their child process."""

from __future__ import annotations

import io
import os
import shutil
import zipfile
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
from library_fakes import World

from ingestion.documents import User
from ingestion.errors import UnsafeRemovalError
from ingestion.ingest_report import IngestReport
from ingestion.settings import IngestionSettings, Settings
from ingestion.upkeep import remove_document


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    assert world.indexes.check()["problems"] == []
    assert not (tmp_path / "unpacked").exists()
    world.close()


def run(world: World, *paths: Path, **options: object) -> dict[str, int]:
    """What the report counts, without zeros; checks that it adds up."""
    report = world.ingest(*paths, parse=None, **options)
    return counts(report)


def counts(report: IngestReport) -> dict[str, int]:
    names = ("added", "changed", "moved", "removed", "unchanged", "ignored", "empty", "members", "reparsed")
    found = {name: getattr(report, name) for name in names} | {"failed": len(report.failed)}
    assert report.seen == sum(found[n] for n in names[:3] + names[4:7]) + found["failed"]
    return {name: number for name, number in found.items() if number}


def text(word: str) -> bytes:
    return f"合言葉は{word}である。".encode()


def packed(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def put(world: World, name: str, files: dict[str, bytes]) -> Path:
    path = world.docs / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(packed(files))
    return path


def mail_with(name: str, data: bytes) -> bytes:
    mail = EmailMessage()
    mail["Subject"] = "送付"
    mail.set_content("添付をご覧ください。")
    mail.add_attachment(data, maintype="application", subtype="octet-stream", filename=name)
    return mail.as_bytes()


def test_members_are_documents_with_their_parent_named(world: World) -> None:
    put(world, "a.zip", {"規程/休暇.txt": text("木星"), "m.eml": mail_with("見積.txt", text("土星"))})
    assert run(world) == {"added": 4, "members": 3}
    paths = ["a.zip", "a.zip/m.eml", "a.zip/m.eml/見積.txt", "a.zip/規程/休暇.txt"]
    assert world.paths() == paths
    parents = {p.path: p.parent for d in world.library.documents_list() for p in d.locations}
    assert parents == dict(zip(paths, (None, "a.zip", "a.zip/m.eml", "a.zip"), strict=True))
    assert world.found("合言葉は木星", 1) == ["a.zip/規程/休暇.txt"]
    assert run(world) == {"unchanged": 4, "members": 3}
    os.utime(world.docs / "a.zip", (1, 1))
    assert run(world) == {"unchanged": 4, "members": 3}
    assert run(world) == {"unchanged": 4, "members": 3}


def test_the_bytes_of_a_member_are_taken_out_again(world: World) -> None:
    path = put(world, "a.zip", {"b.zip": packed({"c.txt": text("金星")})})
    run(world)
    (member,) = [d for d in world.library.documents_list() if d.locations[0].path.endswith("c.txt")]
    file = world.library.file_of(member.id)
    assert file is not None and file.read_bytes() == text("金星")
    assert file.stat().st_mode & 0o077 == 0
    kept = file.stat().st_ino
    assert world.library.file_of(member.id) == file and file.stat().st_ino == kept
    file.write_bytes(b"something else")
    assert world.library.file_of(member.id) == file and file.read_bytes() == text("金星")
    path.unlink()
    world.write("a.txt", "別の文書。")
    assert run(world, allow_empty=True) == {"added": 1, "removed": 3}
    assert not file.exists()
    assert world.library.file_of(member.id) is None


def test_the_bytes_of_a_member_that_can_no_longer_be_had(world: World) -> None:
    path = put(world, "a.zip", {"c.txt": text("金星")})
    run(world)
    (member,) = [d for d in world.library.documents_list() if d.locations[0].path.endswith("c.txt")]
    put(world, "a.zip", {"c.txt": text("火星")})
    assert world.library.file_of(member.id) is None
    path.write_bytes(b"broken")
    assert world.library.file_of(member.id) is None
    path.unlink()
    assert world.library.file_of(member.id) is None


def test_removing_the_document_of_an_archive_removes_what_lies_inside(world: World) -> None:
    put(world, "a.zip", {"n.zip": packed({"c.txt": text("金星")}), "b.xyz": b"?"})
    world.write("a.zipped.txt", "隣の文書。")
    run(world)
    (archive,) = [d for d in world.library.documents_list() if d.locations[0].path == "a.zip"]
    assert remove_document(archive.id, library=world.library, indexes=world.indexes)["done"]
    assert world.paths() == ["a.zipped.txt"]
    assert world.library.failures() == []


def test_members_come_change_and_go_with_their_parent(world: World) -> None:
    world.write("other.txt", "別の文書。")
    for number in range(4):
        world.write(f"{number}.txt", f"{number}番。")
    put(world, "a.zip", {"x.txt": text("一"), "y.txt": text("二"), "n.zip": packed({"z.txt": text("三")})})
    assert run(world) == {"added": 10, "members": 4}
    put(world, "a.zip", {"x.txt": text("一"), "y.txt": text("変更"), "n.zip": packed({"w.txt": text("四")})})
    # a.zip and n.zip and y changed, x is as it was, w is new, z gone
    assert run(world) == {"unchanged": 6, "changed": 3, "added": 1, "removed": 1, "members": 4}
    assert "a.zip/n.zip/z.txt" not in world.paths() and "a.zip/n.zip/w.txt" in world.paths()
    (world.docs / "a.zip").unlink()
    assert run(world) == {"unchanged": 5, "removed": 5}
    assert [path for path in world.paths() if "zip" in path] == []


def test_a_moved_parent_takes_its_members_along_without_work(world: World) -> None:
    put(
        world,
        "a.zip",
        {"x.txt": text("一"), "n.zip": packed({"z.txt": text("三"), "e.xyz": b"?"}), "0.txt": b""},
    )
    assert run(world) == {"added": 4, "empty": 1, "failed": 1, "members": 5}
    embedded = len(world.embedder.texts)
    (world.docs / "sub").mkdir()
    (world.docs / "a.zip").rename(world.docs / "sub" / "b.zip")
    assert run(world) == {"moved": 4, "empty": 1, "failed": 1, "members": 5}
    assert world.paths() == ["sub/b.zip", "sub/b.zip/n.zip", "sub/b.zip/n.zip/z.txt", "sub/b.zip/x.txt"]
    assert [(f.path, f.reason) for f in world.library.failures()] == [
        ("sub/b.zip/0.txt", "the file is empty (0 bytes)."),
        ("sub/b.zip/n.zip/e.xyz", "unsupported format .xyz"),
    ]
    assert len(world.embedder.texts) == embedded
    assert run(world) == {"unchanged": 4, "empty": 1, "failed": 1, "members": 5}


def test_a_copy_of_an_archive_has_members_of_its_own(world: World) -> None:
    path = put(world, "a.zip", {"x.txt": text("一")})
    run(world)
    embedded = len(world.embedder.texts)
    shutil.copy(path, world.docs / "b.zip")
    assert run(world) == {"unchanged": 2, "added": 2, "members": 2}
    assert world.paths() == ["a.zip", "a.zip/x.txt", "b.zip", "b.zip/x.txt"]
    assert world.embedder.texts[embedded:] == ["b\nx.txt"]  # the list of names, by its new title
    path.unlink()
    assert run(world, allow_empty=True) == {"unchanged": 2, "removed": 2, "members": 1}
    assert world.found("合言葉は一", 1) == ["b.zip/x.txt"]


def test_a_failed_member_is_listed_under_its_own_path_and_tried_again_with_a_password(world: World) -> None:
    import pyzipper

    with pyzipper.AESZipFile(world.docs / "a.zip", "w", encryption=pyzipper.WZ_AES) as archive:
        archive.setpassword(b"sesame")
        archive.writestr("x.txt", text("秘密"))
    assert run(world) == {"added": 1, "failed": 1, "members": 1}
    (failure,) = world.library.failures()
    assert failure.path == "a.zip/x.txt" and "Add its password" in failure.reason
    assert run(world) == {"unchanged": 1, "failed": 1, "members": 1}
    settings = Settings(ingestion=IngestionSettings(passwords=("sesame",)))
    assert run(world, settings=settings) == {"unchanged": 1, "added": 1, "members": 1}
    assert world.library.failures() == []
    assert world.found("合言葉は秘密", 1) == ["a.zip/x.txt"]


def test_what_breaks_takes_its_members_along(world: World) -> None:
    for number in range(6):
        world.write(f"{number}.txt", f"{number}番。")
    path = put(world, "a.zip", {"x.txt": text("一")})
    assert run(world) == {"added": 8, "members": 1}
    path.write_bytes(path.read_bytes()[:40])
    assert run(world) == {"unchanged": 6, "removed": 1, "failed": 1}
    assert [failure.path for failure in world.library.failures()] == ["a.zip"]
    put(world, "a.zip", {"x.txt": text("二")})
    assert run(world) == {"unchanged": 6, "added": 2, "members": 1}
    path.write_bytes(b"")
    assert run(world) == {"unchanged": 6, "removed": 1, "empty": 1}
    assert len(world.paths()) == 6


def test_nesting_and_what_it_unpacks_to_are_limited_for_the_whole_file(world: World) -> None:
    inner = packed({"deep.txt": text("深い")})
    for depth in range(4, 0, -1):
        inner = packed({f"{depth}.zip": inner})
    (world.docs / "a.zip").write_bytes(inner)
    bomb = packed({f"{n}.zip": packed({"b.txt": bytes(700_000)}) for n in range(3)})
    (world.docs / "bomb.zip").write_bytes(bomb)
    settings = Settings(ingestion=IngestionSettings(members_mb=1))
    report = world.ingest(parse=None, settings=settings)
    reasons = {path: reason for _, path, reason in report.failed}
    assert "more than 3 files" in reasons["a.zip/1.zip/2.zip/3.zip/4.zip"]
    refused = [path for path, reason in reasons.items() if "unpacks to more than 1 MB" in reason]
    assert len(refused) == 2 and all(path.startswith("bomb.zip/") for path in refused)


def test_a_member_that_hangs_the_parser_costs_itself(world: World, tmp_path: Path) -> None:
    """A sheet of a gigabyte of blanks: the limits hold for each member."""
    sheet = packed({"xl/workbook.xml": b"<x>" * 3_000_000})
    put(world, "a.zip", {"bad.xlsx": sheet, "good.txt": text("良い")})
    settings = Settings(ingestion=IngestionSettings(seconds_per_file=20, memory_mb_per_file=600))
    report = world.ingest(parse=None, settings=settings)
    assert [path for _, path, _ in report.failed] == ["a.zip/bad.xlsx"]
    assert world.found("合言葉は良い", 1) == ["a.zip/good.txt"]


def test_rights_of_members_are_those_of_their_file(world: World) -> None:
    put(world, "open/a.zip", {"x.txt": text("公開")})
    put(world, "closed/b.zip", {"y.txt": text("秘密")})
    run(world, world.docs)
    run(world, world.docs / "closed", groups=frozenset(["hr"]))
    assert visible(world) == ["open/a.zip", "open/a.zip/x.txt"]
    put(world, "closed/b.zip", {"y.txt": text("秘密"), "new.txt": text("新しい")})
    run(world)
    assert visible(world) == ["open/a.zip", "open/a.zip/x.txt"]
    (world.docs / "closed" / "b.zip").rename(world.docs / "open" / "c.zip")
    run(world)
    assert visible(world) == ["open/a.zip", "open/a.zip/x.txt"]


def test_new_files_in_a_renamed_folder_are_as_restricted_as_the_folder_was(world: World) -> None:
    world.write("closed/a.txt", "人事の文書。")
    world.write("closed/deep/b.txt", "人事の奥の文書。")
    world.write("open/c.txt", "皆の文書。")
    run(world)
    run(world, world.docs / "closed", groups=frozenset(["hr"]))
    (world.docs / "closed").rename(world.docs / "personnel")
    world.write("personnel/deep/new.txt", "新しい人事の文書。")
    assert run(world) == {"moved": 2, "added": 1, "unchanged": 1}
    assert visible(world) == ["open/c.txt"]
    world.write("personnel/later.txt", "後の人事の文書。")
    run(world)
    assert visible(world) == ["open/c.txt"]


def test_a_restricted_file_in_a_new_folder_does_not_close_it(world: World) -> None:
    world.write("closed/a.txt", "人事の文書。")
    world.write("closed/b.txt", "残る文書。")
    run(world)
    run(world, world.docs / "closed", groups=frozenset(["hr"]))
    (world.docs / "fresh").mkdir()
    (world.docs / "closed" / "a.txt").rename(world.docs / "fresh" / "a.txt")
    world.write("fresh/c.txt", "皆の文書。")
    run(world)
    assert visible(world) == ["fresh/c.txt"]


def visible(world: World) -> list[str]:
    """Paths that somebody without groups sees."""
    documents = world.library.documents_list(User("guest", frozenset(), ungrouped=True))
    return sorted(place.path for document in documents for place in document.locations)


@pytest.mark.parametrize("lost", ["emptied", "vanished"])
def test_files_that_became_empty_count_as_lost(world: World, lost: str) -> None:
    for number in range(10):
        world.write(f"{number}.txt", f"{number}番の文書。")
    put(world, "a.zip", {f"{number}.txt": text(str(number)) for number in range(20)})
    run(world)
    for number in range(5):
        path = world.docs / f"{number}.txt"
        path.unlink() if lost == "vanished" else path.write_bytes(b"")
    with pytest.raises(UnsafeRemovalError, match="5 of 11"):
        run(world)
    assert len(world.paths()) == 31


def test_removing_one_archive_of_many_files_is_no_unsafe_removal(world: World) -> None:
    for number in range(4):
        world.write(f"{number}.txt", f"{number}番の文書。")
    path = put(world, "a.zip", {f"{number}.txt": text(str(number)) for number in range(20)})
    run(world)
    path.unlink()
    assert run(world) == {"unchanged": 4, "removed": 21}


def test_a_run_that_is_stopped_within_an_archive_goes_on_with_it(world: World) -> None:
    put(world, "a.zip", {f"{n}.txt": (f"{n}番の文書。" * 80).encode() for n in range(40)})
    stop = 2

    def cancelled() -> bool:
        return len(world.paths()) >= stop

    assert world.ingest(parse=None, cancelled=cancelled).cancelled
    before = world.paths()
    assert "a.zip" not in before and len(before) >= stop
    found = run(world)
    assert found == {"unchanged": len(before), "added": 41 - len(before), "members": 40}
    assert len(world.paths()) == 41


def test_two_processes_read_all_that_one_reads(world: World) -> None:
    for number in range(12):
        world.write(f"{number}.txt", f"{number}番の文書。")
    put(world, "a.zip", {f"{n}.txt": text(f"番号{n}") for n in range(12)})
    settings = Settings(ingestion=IngestionSettings(processes=2))
    assert run(world, settings=settings) == {"added": 25, "members": 12}
    assert world.found("合言葉は番号7", 1) == ["a.zip/7.txt"]
    assert run(world) == {"unchanged": 25, "members": 12}


def test_a_thousand_members_are_taken_and_known_again(world: World) -> None:
    put(world, "a.zip", {f"{n % 7}/{n}.txt": f"{n}".encode() for n in range(1000)})
    assert run(world) == {"added": 1001, "members": 1000}
    assert run(world) == {"unchanged": 1001, "members": 1000}


def test_an_archive_that_was_unpacked_into_a_folder_of_its_own_name(world: World) -> None:
    for number in range(4):
        world.write(f"keep{number}.txt", f"第{number}の文書")
    put(world, "a.zip", {"x.txt": text("木星"), "y.txt": text("土星")})
    run(world)
    (world.docs / "a.zip").unlink()
    for name, word in (("x", "木星"), ("z", "金星")):
        world.write(f"a.zip/{name}.txt", text(word).decode())
    run(world)
    assert [path for path in world.paths() if "keep" not in path] == ["a.zip/x.txt", "a.zip/z.txt"]
    assert world.found("木星")[0] == "a.zip/x.txt"
    assert run(world) == {"unchanged": 6}


def test_what_moves_between_two_sources_in_one_run_keeps_its_rights(world: World) -> None:
    hr, everybody = world.docs / "hr", world.docs / "all"
    put(world, "hr/a.zip", {"x.txt": text("木星"), "no.xyz": b"?"})
    world.write("hr/secret.txt", "秘密の文書")
    for number in range(6):
        world.write(f"hr/keep{number}.txt", f"残る文書{number}")
    world.write("all/z.txt", "みんなの文書")
    run(world, hr, groups=frozenset({"hr"}))
    run(world, everybody)
    for name in ("a.zip", "secret.txt"):
        (hr / name).rename(everybody / name)
    found = run(world, everybody, hr)
    assert found == {"moved": 3, "unchanged": 7, "members": 2, "failed": 1}
    rights = {
        place.path: place.groups
        for summary in world.library.documents_list(User("root", frozenset({"hr"}), ungrouped=True))
        for place in summary.locations if place.source == str(everybody)
    }  # fmt: skip
    hidden = frozenset({"hr"})
    assert rights == {
        "z.txt": frozenset(), "a.zip": hidden, "a.zip/x.txt": hidden, "secret.txt": hidden
    }  # fmt: skip
    assert [failure.path for failure in world.library.failures()] == ["a.zip/no.xyz"]
    assert run(world, everybody, hr) == {"unchanged": 10, "members": 2, "failed": 1}


def test_a_removed_member_comes_back_with_the_next_run(world: World) -> None:
    inner = packed({"x.txt": text("木星"), "y.txt": text("土星")})
    put(world, "a.zip", {"inner.zip": inner, "z.txt": text("金星")})
    run(world)
    (id,) = (
        summary.id for summary in world.library.documents_list()
        if "a.zip/inner.zip/y.txt" in [place.path for place in summary.locations]
    )  # fmt: skip
    remove_document(id, library=world.library, indexes=world.indexes)
    assert "a.zip/inner.zip/y.txt" not in world.paths() and not world.found("土星")
    run(world)
    assert "a.zip/inner.zip/y.txt" in world.paths() and world.found("土星")
