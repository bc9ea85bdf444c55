from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
from library_fakes import HashingEmbedder, World

from ingestion.errors import IndexMismatchError
from ingestion.indexes import SearchIndexes
from ingestion.library import Library
from ingestion.library_feed import LibraryFeed
from ingestion.library_writing import LibraryWriter
from ingestion.upkeep import reembed, remove_document
from ingestion.vectors import Rows, Vectors
from ingestion.workspace import WriteGate, open_workspace

PLANETS = ["水星", "金星", "地球", "火星", "木星", "土星"]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    for planet in PLANETS:
        world.write(f"{planet}.txt", f"{planet}についての文書。{planet}は太陽系の星である。")
    world.ingest()
    yield world
    world.close()


def consistent(world: World) -> bool:
    """The check is clean, and a rebuilt pair of indexes answers alike."""
    checked = world.indexes.check()
    assert checked["problems"] == []
    fresh = SearchIndexes.open(
        world.root / "fresh", world.library, world.embedder.identity, world.embedder.dimension
    )
    for planet in PLANETS:
        vector = world.embedder.embed_query(planet)
        ours, theirs = dict(world.indexes.dense(vector, 9)), dict(fresh.dense(vector, 9))
        assert ours == pytest.approx(theirs)
        found = [row for row, _ in world.indexes.lexical(planet, 1)]
        assert found == [row for row, _ in fresh.lexical(planet, 1)]
    fresh.close()
    shutil.rmtree(world.root / "fresh")
    return bool(checked["ok"])


def test_check_counts_what_is_there(world: World) -> None:
    checked = world.indexes.check()
    generation = world.library.generation
    assert (checked["ok"], checked["documents"], checked["chunks"], checked["vectors"]) == (True, 6, 6, 6)
    assert checked["generations"] == {"library": generation, "vectors": generation, "lexical": generation}
    assert consistent(world)


def test_indexes_that_were_not_saved_catch_up(world: World) -> None:
    world.indexes.save()
    saved = world.root / "saved"
    shutil.copytree(world.root / "indexes", saved)
    (world.docs / "木星.txt").unlink()
    world.write("月.txt", "月は地球の衛星である。")
    world.ingest()
    world.indexes._lexical.close()
    world.library.engine.dispose()
    shutil.rmtree(world.root / "indexes")
    saved.rename(world.root / "indexes")
    world.open()
    assert consistent(world)
    assert world.found("木星") == [] and world.found("月の衛星")[0] == "月.txt"


def test_an_index_older_than_the_removal_log_is_built_anew(world: World) -> None:
    old = world.root / "old"
    shutil.copytree(world.root / "indexes", old)
    (world.docs / "木星.txt").unlink()
    world.ingest()
    world.close()
    shutil.rmtree(world.root / "indexes")
    old.rename(world.root / "indexes")
    world.open()
    assert LibraryFeed(world.library).removed_since(0).size == 0
    assert consistent(world)


def test_an_index_from_the_future_or_of_another_library_is_built_anew(world: World, tmp_path: Path) -> None:
    world.close()
    other = Library.open(tmp_path / "other.db")
    indexes = SearchIndexes.open(world.root / "indexes", other, "hashing-64", 64)
    assert (indexes.check()["vectors"], indexes.lexical("木星", 3)) == (0, [])
    indexes.close()
    other.close()
    world.open()
    assert consistent(world)


def test_rebuild_needs_no_file(world: World) -> None:
    for path in world.docs.iterdir():
        path.unlink()
    calls: list[tuple[str, int, int]] = []
    world.indexes.rebuild(lambda *call: calls.append(call))
    assert calls == [("vectors", 6, 6), ("lexical", 6, 6)]
    assert consistent(world)


def test_check_names_what_is_wrong(world: World) -> None:
    rows = LibraryFeed(world.library).rows()
    world.indexes._vectors.remove(rows[:1])
    world.indexes._vectors.add(np.array([999]), world.embedder.embed_passages(["x"]))
    checked = world.indexes.check()
    assert not checked["ok"]
    assert checked["problems"] == [
        f"vector index lacks: 1 (rows {rows[0]})", "vector index holds removed: 1 (rows 999)"
    ]  # fmt: skip
    world.indexes.rebuild()
    assert world.indexes.check()["ok"]


def test_filters_limit_both_searches(world: World) -> None:
    ids = {summary.title: summary.id for summary in world.library.documents_list()}
    only = frozenset([ids["木星"], ids["土星"]])
    dense = world.indexes.dense(world.embedder.embed_query("火星"), 5, only)
    chunks = world.library.chunks_by_row([row for row, _ in dense])
    assert {chunk.document for chunk in chunks.values()} == only
    assert {row for row, _ in world.indexes.lexical("太陽系の星", 5, only)} == {row for row, _ in dense}
    assert world.indexes.dense(world.embedder.embed_query("火星"), 5, frozenset()) == []


def test_another_embedder_is_refused_with_the_remedy(world: World) -> None:
    with pytest.raises(IndexMismatchError, match="index reembed"):
        SearchIndexes.open(world.root / "indexes", world.library, "other", 64)


def test_what_goes_while_another_embedder_takes_over_is_gone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, *_ = world.library.documents_list()
    build = LibraryFeed.vectors_since

    def build_and_lose(feed: LibraryFeed, generation: int, identity: str) -> Iterator[tuple[Rows, Vectors]]:
        yield from build(feed, generation, identity)
        LibraryWriter(world.library).remove_document(first.id)

    monkeypatch.setattr(LibraryFeed, "vectors_since", build_and_lose)
    world.embedder = HashingEmbedder("hashing-48", 48)
    reembed(library=world.library, indexes=world.indexes, embedder=world.embedder)
    monkeypatch.undo()
    world.indexes.catch_up()
    assert world.indexes.check()["chunks"] == 5
    assert consistent(world)


def test_growing_turns_the_vectors_approximate(tmp_path: Path) -> None:
    world = World(tmp_path)
    lines = "\n\n".join(f"第{n}条 {n * 7919}番の規程である。" * 20 for n in range(1, 150))
    world.write("long.txt", lines)
    world.ingest()
    world.close()
    library = Library.open(tmp_path / "library.db")
    indexes = SearchIndexes.open(tmp_path / "indexes", library, "hashing-64", 64, ivf_from=50)
    assert indexes._vectors.approximate
    checked = indexes.check()
    assert checked["problems"] == [] and checked["chunks"] >= 50
    indexes.close()
    again = SearchIndexes.open(tmp_path / "indexes", library, "hashing-64", 64, ivf_from=50)
    assert again._vectors.approximate and again.check()["ok"]
    again.close()
    library.close()


def test_searches_go_on_while_documents_come_in(world: World) -> None:
    errors: list[BaseException] = []
    stop = threading.Event()

    def search() -> None:
        embedder = HashingEmbedder()
        try:
            while not stop.is_set():
                rows = [row for row, _ in world.indexes.dense(embedder.embed_query("木星"), 5)]
                assert -1 not in rows
                assert world.found("木星")[0] == "木星.txt"
        except BaseException as error:  # told by the test's own thread
            errors.append(error)

    threads = [threading.Thread(target=search) for _ in range(2)]
    for thread in threads:
        thread.start()
    for number in range(5):
        world.write(f"new{number}.txt", f"新しい文書{number}")
        world.ingest()
    stop.set()
    for thread in threads:
        thread.join()
    assert errors == []


def test_who_may_not_write_catches_up_in_memory_and_touches_no_file(tmp_path: Path) -> None:
    """As `search` does while another process ingests."""
    world = World(tmp_path)
    world.write("a.txt", "合言葉は木星である。")
    world.ingest()
    world.indexes.save()
    world.write("b.txt", "合言葉は土星である。")
    world.ingest()
    folder = tmp_path / "indexes"

    def contents() -> dict[Path, bytes]:
        files = [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock"]
        return {path: path.read_bytes() for path in files}

    before = contents()

    def open_reader(place: Path) -> SearchIndexes:
        identity, dimension = world.embedder.identity, world.embedder.dimension
        return SearchIndexes.open(
            place, world.library, identity, dimension, may_write=lambda: nullcontext(False)
        )

    reader = open_reader(folder)
    (document,) = [d for d in world.library.documents_list() if d.locations[0].path == "a.txt"]
    remove_document(document.id, library=world.library, indexes=reader)
    ((row, score), *_) = reader.dense(world.embedder.embed_query("b\n合言葉は土星である。"), 1)
    assert world.library.chunks_by_row([row])[row].path == "b.txt" and score == pytest.approx(1, abs=0.01)
    assert len(reader.dense(world.embedder.embed_query("合言葉"), 5)) == 1
    assert reader.lexical("土星", 1)[0][0] == row
    reader.close()
    assert contents() == before
    assert open_reader(tmp_path / "nowhere").lexical("土星", 1) == []
    assert not (tmp_path / "nowhere" / "lexical").exists()
    world.indexes.catch_up()
    assert world.indexes.check()["problems"] == []
    world.close()


def test_the_gate_is_open_to_the_holder_of_the_lock_or_when_nobody_holds_it(tmp_path: Path) -> None:
    workspace = open_workspace(tmp_path)
    gate = WriteGate(workspace, owns_lock=False)
    with gate() as allowed, gate() as again:
        assert allowed and again
    script = (
        "import sys; from pathlib import Path; from ingestion.workspace import open_workspace\n"
        "with open_workspace(Path(sys.argv[1])).write_lock():\n    print('held', flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None and other.stdout.readline() == b"held\n"
        with gate() as allowed:
            assert not allowed
        with WriteGate(workspace, owns_lock=True)() as allowed:
            assert allowed
        other.communicate(b"\n")
    with gate() as allowed:
        assert allowed
