from __future__ import annotations

import os
import shutil
import time
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest
from library_fakes import World, read_plain

from ingestion import deriving
from ingestion.deriving import derivation
from ingestion.documents import Document, User
from ingestion.errors import IngestionError, ReadError, UnsafeRemovalError
from ingestion.ingest_report import IngestProgress, IngestReport
from ingestion.settings import ChunkingSettings, IngestionSettings, Settings
from ingestion.upkeep import reembed, remove_document


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    for number in range(10):
        world.write(f"sub/f{number}.txt", f"第{number}号の文書。合言葉は木星{number * 7919}番。")
    yield world
    assert world.indexes.check()["problems"] == []
    world.close()


def counts(report: IngestReport) -> dict[str, int]:
    value = report.as_json()
    names = ("added", "changed", "moved", "removed", "unchanged", "ignored", "empty")
    kept = {name: value[name] for name in names if value[name]} | (
        {"failed": len(value["failed"])} if value["failed"] else {}
    )
    assert value["seen"] == sum(kept.values()) - kept.get("removed", 0)
    return kept


def test_first_second_and_third_run(world: World) -> None:
    report = world.ingest()
    assert counts(report) == {"added": 10}
    assert (report.pages, report.chunks, report.by_format) == (10, 10, {"txt": 10})
    embedded, generation = len(world.embedder.texts), world.library.generation
    assert counts(world.ingest()) == {"unchanged": 10}
    assert len(world.embedder.texts) == embedded and world.library.generation == generation
    assert world.found("木星 23757")[0] == "sub/f3.txt"


def test_changed_moved_copied_touched_swapped_and_removed_files(world: World) -> None:
    world.ingest()
    embedded = len(world.embedder.texts)
    sub = world.docs / "sub"
    (sub / "f0.txt").rename(world.write("other/x.txt", "") and world.docs / "other/moved.txt")
    (world.docs / "other/x.txt").unlink()
    shutil.copy(sub / "f1.txt", sub / "copy.txt")
    os.utime(sub / "f2.txt", ns=(1, 1))
    world.write("sub/f3.txt", "土星の新しい文書。")
    (sub / "f4.txt").unlink()
    (sub / "f5.txt").rename(sub / "spare")
    (sub / "f6.txt").rename(sub / "f5.txt")
    (sub / "spare").rename(sub / "f6.txt")
    report = world.ingest()
    assert counts(report) == {"moved": 1, "added": 1, "unchanged": 5, "changed": 3, "removed": 1}
    assert [text.splitlines()[-1] for text in world.embedder.texts[embedded:]] == ["土星の新しい文書。"]
    assert world.paths() == sorted(
        [*(f"sub/f{n}.txt" for n in (1, 2, 3, 5, 6, 7, 8, 9)), "sub/copy.txt", "other/moved.txt"]
    )
    assert world.found("土星")[0] == "sub/f3.txt"
    assert world.found("木星 39595")[0] == "sub/f6.txt"
    assert counts(world.ingest()) == {"unchanged": 10}


def test_a_renamed_folder_is_moved_without_any_work(world: World) -> None:
    world.ingest()
    embedded = len(world.embedder.texts)
    (world.docs / "sub").rename(world.docs / "renamed")
    assert counts(world.ingest()) == {"moved": 10}
    assert len(world.embedder.texts) == embedded


def test_a_file_goes_from_one_folder_to_another_in_the_same_run(world: World) -> None:
    first, second = world.docs / "sub", world.docs / "other"
    world.write("other/a.txt", "月の文書")
    world.ingest(first, second)
    embedded = len(world.embedder.texts)
    (first / "f0.txt").rename(second / "f0.txt")
    assert counts(world.ingest(first, second)) == {"moved": 1, "unchanged": 10}
    assert len(world.embedder.texts) == embedded
    assert world.found("木星 0")[0] == "f0.txt" and len(world.paths()) == 11


def test_one_bad_file_is_listed_until_it_is_mended(world: World) -> None:
    bad = world.write("bad.txt", "BROKEN")
    report = world.ingest()
    assert counts(report) == {"added": 10, "failed": 1}
    assert report.as_json()["failed"] == [
        {"path": "bad.txt", "reason": "it is broken.", "source": str(world.docs)}
    ]
    tried: list[Path] = []

    def parse(path: Path) -> Document:
        tried.append(path)
        return read_plain(path)

    assert counts(world.ingest(parse=parse)) == {"unchanged": 10, "failed": 1}
    assert tried == []
    assert [(f.path, f.reason) for f in world.library.failures()] == [("bad.txt", "it is broken.")]
    bad.write_text("直った文書。", "utf-8")
    assert counts(world.ingest()) == {"unchanged": 10, "added": 1}
    assert world.library.failures() == []
    bad.write_text("BROKEN again", "utf-8")
    assert counts(world.ingest()) == {"unchanged": 10, "failed": 1}
    assert world.found("直った") == []
    bad.unlink()
    assert counts(world.ingest()) == {"unchanged": 10}
    assert world.library.failures() == []


def test_unsupported_empty_ignored_and_linked_files(world: World, tmp_path: Path) -> None:
    world.write("picture.xyz", "…")
    world.write("nothing.txt", "")
    world.write("blank.txt", " \n ")
    world.write("~$draft.txt", "…")
    world.write(".git/config.txt", "…")
    (tmp_path / "outside.txt").write_text("外の文書", "utf-8")
    (world.docs / "link.txt").symlink_to(tmp_path / "outside.txt")
    (world.docs / "loop").symlink_to(world.docs)
    for _ in range(2):
        report = world.ingest()
        kept = counts(report)
        assert (kept["failed"], kept["empty"], kept["ignored"]) == (1, 2, 3)
        assert report.as_json()["failed"][0]["reason"] == "unsupported format .xyz"
        assert "link.txt" in {path for _, path, _ in report.warnings}
    assert {summary.status for summary in world.library.documents_list()} == {"ready", "empty"}
    assert "外" not in "".join(world.embedder.texts)


@pytest.mark.parametrize("loss", ["missing", "empty", "4 of 10"])
def test_a_folder_that_lost_much_is_refused_and_nothing_changes(world: World, loss: str) -> None:
    world.ingest()
    if loss == "4 of 10":
        for number in range(4):
            (world.docs / f"sub/f{number}.txt").unlink()
    else:
        shutil.rmtree(world.docs)
        if loss == "empty":
            world.docs.mkdir()
    with pytest.raises(UnsafeRemovalError, match="allow-empty"):
        world.ingest()
    assert len(world.paths()) == 10
    report = world.ingest(allow_empty=True)
    assert report.removed == (4 if loss == "4 of 10" else 10)
    assert len(world.paths()) == (6 if loss == "4 of 10" else 0)


def test_three_of_ten_may_vanish(world: World) -> None:
    world.ingest()
    for number in range(3):
        (world.docs / f"sub/f{number}.txt").unlink()
    assert counts(world.ingest()) == {"unchanged": 7, "removed": 3}


def test_a_file_never_removes_and_belongs_to_the_source_that_holds_it(world: World) -> None:
    world.ingest()
    (world.docs / "sub/f0.txt").unlink()
    world.write("sub/f1.txt", "土星の文書")
    assert counts(world.ingest(world.docs / "sub/f1.txt")) == {"changed": 1}
    assert len(world.paths()) == 10
    assert world.library.sources() == [(str(world.docs), 10)]
    with pytest.raises(IngestionError, match="does not exist"):
        world.ingest(world.docs / "sub/f0.txt", allow_empty=True)
    assert len(world.paths()) == 10


def test_a_subfolder_looks_only_at_itself(world: World) -> None:
    world.write("other/a.txt", "月の文書")
    world.ingest()
    (world.docs / "other/a.txt").unlink()
    (world.docs / "sub/f0.txt").unlink()
    assert counts(world.ingest(world.docs / "sub")) == {"unchanged": 9, "removed": 1}
    assert "other/a.txt" in world.paths()
    assert world.library.sources() == [(str(world.docs), 10)]


def test_a_file_first_and_its_folder_later_are_one_source(world: World) -> None:
    world.ingest(world.docs / "sub/f0.txt")
    assert world.library.sources() == [(str(world.docs / "sub"), 1)]
    assert counts(world.ingest()) == {"added": 9, "unchanged": 1}
    assert world.library.sources() == [(str(world.docs), 10)]


def test_a_source_in_an_ignored_folder_is_not_swallowed(world: World) -> None:
    """As the uploads of a workspace in ~/.local when the home folder is ingested."""
    world.write(".local/uploads/a.txt", "持ち込んだ文書")
    uploads = world.docs / ".local/uploads"
    world.ingest(uploads)
    assert counts(world.ingest()) == {"added": 10}
    assert counts(world.ingest(uploads)) == {"unchanged": 1}
    assert counts(world.ingest()) == {"unchanged": 10}
    assert world.library.sources() == [(str(world.docs), 10), (str(uploads), 1)]


def test_a_folder_that_holds_the_workspace_is_refused(world: World) -> None:
    for folder in (world.root, world.root.parent):
        with pytest.raises(IngestionError, match="holds the workspace"):
            world.ingest(folder)
    assert world.library.sources() == []


def test_names_are_shown_in_nfc_and_found_on_disk(world: World) -> None:
    name = unicodedata.normalize("NFD", "就業規則がある.txt")
    (world.docs / name).write_text("海王星の文書", "utf-8")
    (world.docs / os.fsdecode("旧名.txt".encode("cp932"))).write_text("冥王星の文書", "utf-8")
    assert counts(world.ingest()) == {"added": 12}
    assert {"就業規則がある.txt", "旧名.txt"} <= set(world.paths())
    for summary in world.library.documents_list():
        path = world.library.file_of(summary.id)
        assert path is not None and path.exists()
    assert counts(world.ingest()) == {"unchanged": 12}


def test_a_folder_that_cannot_be_listed_keeps_its_documents(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Permissions do not bind root, so the refusal is played."""
    world.ingest()
    listing = os.scandir

    def refuse(path: str | Path) -> object:
        if str(path).endswith("sub"):
            raise PermissionError(13, "Permission denied")
        return listing(path)

    monkeypatch.setattr(os, "scandir", refuse)
    report = world.ingest()
    assert counts(report) == {"failed": 1}
    assert len(world.paths()) == 10
    monkeypatch.undo()
    assert counts(world.ingest()) == {"unchanged": 10}
    assert world.library.failures() == []


def test_a_file_that_could_not_be_looked_at_for_a_while_is_no_failure_after(world: World) -> None:
    world.ingest()
    path, kept = world.docs / "sub/f0.txt", world.root / "kept"
    path.rename(kept)
    os.mkfifo(path)
    for _ in range(2):
        assert counts(world.ingest()) == {"unchanged": 9, "failed": 1}
        assert len(world.paths()) == 10 and len(world.library.failures()) == 1
    kept.replace(path)
    assert counts(world.ingest()) == {"unchanged": 10}
    assert world.library.failures() == []


def test_groups_are_given_kept_and_inherited(world: World) -> None:
    world.ingest(groups=frozenset({"hr"}))
    world.write("late.txt", "遅れた文書")
    world.ingest()
    nobody, hr = User("n", frozenset()), User("h", frozenset({"hr"}))
    assert world.library.readable_documents(nobody) == frozenset()
    assert len(world.library.readable_documents(hr) or ()) == 11
    world.ingest(world.docs / "sub/f0.txt", groups=frozenset({"sales"}))
    assert len(world.library.readable_documents(hr) or ()) == 10


def test_rights_of_a_folder_outlive_its_parent_becoming_the_source(world: World) -> None:
    world.ingest(world.docs / "sub", groups=frozenset({"hr"}))
    world.write("open.txt", "公開の文書")
    world.write("sub/secret.txt", "秘密の文書")
    world.ingest()
    world.write("sub/late.txt", "遅れた秘密の文書")
    world.ingest()
    readable = world.library.documents_list(User("n", frozenset(), ungrouped=True))
    assert [summary.title for summary in readable] == ["open"]


def readable_by_nobody_else(world: World) -> list[str]:
    """Titles of what somebody in no group may read."""
    return [summary.title for summary in world.library.documents_list(User("n", frozenset(), ungrouped=True))]


def test_a_restricted_file_stays_so_when_it_breaks_and_is_mended(world: World) -> None:
    path = world.write("pay.txt", "BROKEN")
    world.ingest(path, groups=frozenset({"hr"}))
    path.write_text("給与", "utf-8")
    for text in ("給与", "BROKEN", "直った給与", ""):
        path.write_text(text, "utf-8")
        world.ingest()
        assert "pay" not in readable_by_nobody_else(world)


def test_rights_of_a_moved_file(world: World) -> None:
    world.write("hr/a.txt", "人事")
    world.ingest()
    world.ingest(world.docs / "hr", groups=frozenset({"hr"}))
    (world.docs / "sub/f0.txt").rename(world.docs / "hr/f0.txt")
    (world.docs / "hr/a.txt").rename(world.docs / "sub/a.txt")
    assert counts(world.ingest()) == {"moved": 2, "unchanged": 9}
    assert readable_by_nobody_else(world) == [f"f{n}" for n in range(1, 10)]
    for text in ("BROKEN", "直った人事"):
        world.write("sub/a.txt", text)
        world.ingest()
    assert readable_by_nobody_else(world) == [f"f{n}" for n in range(1, 10)]


def test_rights_of_a_folder_replace_those_below_it(world: World) -> None:
    world.ingest(world.docs / "sub", groups=frozenset({""}))
    world.ingest(groups=frozenset({"hr"}))
    world.write("sub/late.txt", "遅れた文書")
    world.ingest()
    assert readable_by_nobody_else(world) == []
    world.ingest(groups=frozenset({""}))
    assert len(readable_by_nobody_else(world)) == 11


@pytest.mark.parametrize("name", [unicodedata.normalize("NFD", "がぎ").encode(), "旧".encode("cp932")])
def test_rights_of_a_folder_with_an_odd_name(world: World, name: bytes) -> None:
    world.ingest()
    folder = world.docs / os.fsdecode(name)
    folder.mkdir()
    (folder / "a.txt").write_text("人事", "utf-8")
    world.ingest(folder, groups=frozenset({"hr"}))
    (folder / "b.txt").write_text("遅れた人事", "utf-8")
    assert counts(world.ingest()) == {"added": 1, "unchanged": 11}
    assert readable_by_nobody_else(world) == [f"f{n}" for n in range(10)]


def test_stopping_keeps_what_is_committed_and_the_next_run_goes_on(world: World) -> None:
    for number in range(100):
        world.write(f"many/{number}.txt", f"{number}番の文書。")
    turns: list[int] = []
    report = world.ingest(wait_turn=lambda: turns.append(1), cancelled=lambda: len(turns) > 5)
    assert report.cancelled and 0 < report.added < 110
    assert world.indexes.check()["ok"]
    done = report.added
    assert counts(world.ingest()) == {"unchanged": done, "added": 110 - done}


def test_an_interrupt_keeps_what_is_committed(world: World) -> None:
    for number in range(100):
        world.write(f"many/{number}.txt", f"{number}番の文書。")

    def interrupt() -> None:
        if len(world.embedder.texts) > 70:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        world.ingest(wait_turn=interrupt)
    world.close()
    world.open()
    checked = world.indexes.check()
    assert checked["ok"] and 60 <= checked["documents"] < 110
    assert world.ingest().added == 110 - checked["documents"]


def test_progress_counts_up_to_all(world: World) -> None:
    seen: list[IngestProgress] = []
    world.ingest(progress=seen.append)
    assert [p.done for p in seen if p.phase == "scan"] == list(range(1, 11))
    assert (seen[-1].phase, seen[-1].done, seen[-1].total, seen[-1].chunks_done) == ("index", 10, 10, 10)
    assert seen[-1].eta_seconds == 0 and seen[-1].rate > 0


def test_a_file_that_changes_while_it_is_read_waits_for_the_next_run(world: World) -> None:
    def parse(path: Path) -> Document:
        document = read_plain(path)
        if path.name == "f0.txt" and "書き足し" not in document.text:
            path.write_text(document.text + "書き足し", "utf-8")
        return document

    report = world.ingest(parse=parse)
    assert counts(report) == {"added": 9, "failed": 1}
    assert counts(world.ingest(parse=parse)) == {"unchanged": 9, "added": 1}
    assert world.found("書き足し")[0] == "sub/f0.txt"


def test_reparse_embeds_only_what_reads_otherwise(world: World) -> None:
    world.ingest()
    embedded = len(world.embedder.texts)
    report = world.ingest(reparse=True)
    assert counts(report) == {"unchanged": 10} and report.reparsed == 10
    assert len(world.embedder.texts) == embedded
    assert world.indexes.check()["ok"]

    def parse(path: Path) -> Document:
        text = path.read_text("utf-8").replace("木星0番", "土星0番")
        return Document(text, "txt", ())

    world.ingest(reparse=True, parse=parse)
    assert len(world.embedder.texts) == embedded + 1
    assert world.found("土星")[0] == "sub/f0.txt"


def test_reparse_keeps_a_document_that_cannot_be_read_again(world: World) -> None:
    world.ingest()

    def parse(path: Path) -> Document:
        if path.name in ("f0.txt", "f1.txt"):
            raise ReadError("reading it takes more than 300 seconds.")
        return read_plain(path)

    world.write("sub/f1.txt", "変わった文書")
    assert counts(world.ingest(reparse=True, parse=parse)) == {"unchanged": 8, "failed": 2}
    assert [failure.path for failure in world.library.failures()] == ["sub/f0.txt", "sub/f1.txt"]
    assert world.paths() == [f"sub/f{n}.txt" for n in range(10) if n != 1]


def test_other_limits_give_a_failed_file_another_try(world: World) -> None:
    world.write("slow.txt", "BROKEN")
    world.ingest()

    def parse(path: Path) -> Document:
        return Document("遅い文書", "txt", ())

    assert counts(world.ingest(parse=parse)) == {"unchanged": 10, "failed": 1}
    patient = Settings(ingestion=IngestionSettings(seconds_per_file=900))
    assert counts(world.ingest(parse=parse, settings=patient)) == {"unchanged": 10, "added": 1}


def test_new_chunk_sizes_are_taken_up_by_the_next_run(world: World) -> None:
    world.write("long.txt", "届け出は前日までに人事部に書面で行うものとする。\n" * 60)
    world.ingest()
    settings = Settings(chunking=ChunkingSettings(target=50, maximum=60))
    embedded, before = len(world.embedder.texts), chunks_of(world, "long.txt")
    report = world.ingest(settings=settings)
    assert counts(report) == {"unchanged": 11} and report.reparsed == 11
    assert list(world.indexes.check()["derived_by"]) == [derivation(50, 60)]
    assert chunks_of(world, "long.txt") > before
    # The ten short files read as before and keep their vectors.
    assert not [text for text in world.embedder.texts[embedded:] if "合言葉" in text]
    report = world.ingest(settings=settings)
    assert counts(report) == {"unchanged": 11} and report.reparsed == 0


def test_a_new_parser_reads_moved_and_copied_files_again_too(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.ingest()
    (world.docs / "sub/f0.txt").rename(world.docs / "moved.txt")
    world.write("copy.txt", (world.docs / "sub/f1.txt").read_text("utf-8"))
    monkeypatch.setattr(deriving, "PARSER_VERSION", "new")

    def parse(path: Path) -> Document:
        return Document(path.read_text("utf-8").replace("木星", "土星"), "txt", ())

    report = world.ingest(parse=parse)
    assert counts(report) == {"unchanged": 9, "moved": 1, "added": 1}
    assert len(world.found("土星", 20)) == 10 and world.found("木星") == []


def chunks_of(world: World, path: str) -> int:
    (summary,) = (
        item for item in world.library.documents_list() if path in [place.path for place in item.locations]
    )
    stored = world.library.document(summary.id)
    assert stored is not None
    return len(stored.chunks)


def test_removing_a_document(world: World) -> None:
    world.ingest()
    (id,) = [s.id for s in world.library.documents_list() if s.title == "f3"]
    done = remove_document(id, library=world.library, indexes=world.indexes)
    assert done["locations"] == [{"source": str(world.docs), "path": "sub/f3.txt"}] and done["done"]
    assert "sub/f3.txt" not in world.found("木星 23757")
    assert remove_document(id, library=world.library, indexes=world.indexes)["done"] is False


def test_a_document_removed_during_a_run_comes_back_for_a_new_copy(world: World) -> None:
    world.ingest()
    shutil.copy(world.docs / "sub/f3.txt", world.docs / "sub/copy.txt")
    late = world.root / "late"
    late.mkdir()
    (late / "a.txt").write_text("遅れた文書", "utf-8")
    (id,) = [s.id for s in world.library.documents_list() if s.title == "f3"]

    def remove(state: IngestProgress) -> None:
        if (state.phase, state.path) == ("scan", "a.txt"):  # the first folder's plan is made
            remove_document(id, library=world.library, indexes=world.indexes)

    assert counts(world.ingest(world.docs, late, progress=remove)) == {"unchanged": 10, "added": 2}
    assert world.found("木星 23757")[0] == "sub/copy.txt"


def test_a_source_whose_name_is_not_utf8_is_refused_with_a_remedy(world: World) -> None:
    folder = world.docs / os.fsdecode("旧".encode("cp932"))
    folder.mkdir()
    (folder / "a.txt").write_text("冥王星の文書", "utf-8")
    with pytest.raises(IngestionError, match=r"docs/旧 is not in UTF-8.*the folder above"):
        world.ingest(folder)
    assert counts(world.ingest()) == {"added": 11}


def test_reembedding_can_be_stopped_and_serves_the_old_vectors_until_the_end(world: World) -> None:
    from library_fakes import HashingEmbedder

    for number in range(40):
        world.write(f"more/{number}.txt", f"{number}番の文書。")
    world.ingest()
    before = world.indexes.dense(world.embedder.embed_query("木星"), 3)
    new = HashingEmbedder("hashing-48", 48)
    kit = {"library": world.library, "indexes": world.indexes, "embedder": new}
    assert reembed(**kit, cancelled=lambda: len(new.texts) > 20)["done"] is False  # type: ignore[arg-type]
    assert world.indexes.dense(world.embedder.embed_query("木星"), 3) == before
    world.write("late.txt", "遅れた文書。")
    world.ingest()
    assert reembed(**kit)["done"] is True  # type: ignore[arg-type]
    assert len(new.texts) == 51 and len(set(new.texts)) == 51
    world.embedder = new
    assert world.indexes.check()["problems"] == []
    world.close()
    world.open()
    (row, score), *_ = world.indexes.dense(new.embed_query("late\n遅れた文書。"), 1)
    assert world.library.chunks_by_row([row])[row].path == "late.txt"
    assert score == pytest.approx(1, abs=0.01)
    assert counts(world.ingest()) == {"unchanged": 51}


def test_a_crashing_reader_is_a_failure_like_any_other(world: World) -> None:
    def parse(path: Path) -> Document:
        if path.name == "f1.txt":
            raise ReadError("the parser crashed on it (signal 11).")
        return read_plain(path)

    assert counts(world.ingest(parse=parse)) == {"added": 9, "failed": 1}


def test_the_real_readers_in_their_child(world: World) -> None:
    from ingestion.pipeline import ingest

    world.write("page.md", "# 休暇\n\n年次有給休暇は二十日とする。")
    report = ingest(
        [world.docs], library=world.library, indexes=world.indexes, embedder=world.embedder,
        settings=Settings(),
    )  # fmt: skip
    assert counts(report) == {"added": 11}
    assert world.found("有給休暇")[0] == "page.md"


@pytest.mark.slow
def test_a_thousand_unchanged_files_take_no_time(tmp_path: Path) -> None:
    world = World(tmp_path)
    for number in range(1000):
        world.write(f"{number % 10}/{number}.txt", f"{number}")
    world.ingest()
    start = time.monotonic()
    assert counts(world.ingest()) == {"unchanged": 1000}
    assert time.monotonic() - start < 5
    world.close()
