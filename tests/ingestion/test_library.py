from __future__ import annotations

import sqlite3
import threading
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from library_fakes import World

import ingestion
from ingestion import library_schema
from ingestion.documents import LOCAL_USER, Cell, Document, Heading, Location, Page, Scope, User, slice_chunk
from ingestion.errors import IndexMismatchError, WorkspaceError
from ingestion.library import Library
from ingestion.library_feed import LibraryFeed
from ingestion.library_writing import Derived, LibraryWriter
from ingestion.location_rows import FileState

SOURCE = "/srv/docs"
ANN = User("ann", frozenset({"hr"}), ungrouped=True)
BOB = User("bob", frozenset({"sales"}), ungrouped=True)


@pytest.fixture
def library(tmp_path: Path) -> Library:
    library = Library.open(tmp_path / "library.db")
    LibraryWriter(library).add_source(SOURCE, synced=True)
    return library


def derived(id: str, *texts: str, embedder: str = "e") -> Derived:
    text = "".join(texts)
    document = Document(text, "txt", (Page(1, 0, len(text)),))
    ends = np.cumsum([len(part) for part in texts]).tolist()
    chunks = [slice_chunk(document, end - len(part), end) for part, end in zip(texts, ends, strict=True)]
    vectors = np.eye(4, dtype=np.float32)[: len(texts)]
    return Derived(id, document, f"title {id}", chunks, vectors, embedder, "1/400/600")


def file(path: str, size: int = 10) -> FileState:
    return FileState(SOURCE, path, 1, size)


def test_migrations_make_the_tables_that_the_code_knows(library: Library) -> None:
    with library.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), library_schema.metadata) == []
    folder = Path(ingestion.__file__).with_name("migrations")
    assert ScriptDirectory(str(folder)).get_current_head() == library_schema.HEAD


def test_a_newer_library_and_a_file_that_is_none_are_refused(tmp_path: Path) -> None:
    Library.open(tmp_path / "library.db").close()
    with sqlite3.connect(tmp_path / "library.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(WorkspaceError, match="newer Konkyo"):
        Library.open(tmp_path / "library.db")
    (tmp_path / "other.db").write_bytes(b"not a database at all" * 100)
    with pytest.raises(WorkspaceError, match="backup"):
        Library.open(tmp_path / "other.db")


def test_a_document_comes_back_as_it_was(library: Library) -> None:
    text = "表題\n一行目😀\n二行目"
    document = Document(
        text, "xlsx", (Page(1, 0, 3, None, "一覧"), Page(2, 3, len(text), "ii", "Sheet2")),
        headings=(Heading(1, 0, 2, "表題"),), cells=(Cell(3, 6, "一覧!A1"), Cell(8, 11, "一覧!B2")),
        origins=np.array([0, 1, -1, *range(len(text) - 3)], dtype=np.int32), paged=True, title="表題",
        properties={"author": "山田"}, warnings=("文字が怪しい",),
    )  # fmt: skip
    chunk = slice_chunk(document, 3, len(text), ("表題",))
    vectors = np.ones((1, 4), dtype=np.float32) / 2
    LibraryWriter(library).put(Derived("d", document, "表題", [chunk], vectors, "e", "k"), [file("a")], None)
    stored = library.document("d")
    assert stored is not None
    assert stored.document.origins is not None and document.origins is not None
    assert stored.document.origins.tolist() == document.origins.tolist()
    for field in ("text", "format", "pages", "headings", "cells", "paged", "title", "properties", "warnings"):
        assert getattr(stored.document, field) == getattr(document, field)
    assert stored.chunks == (chunk,)
    assert stored.locations == (Location(SOURCE, "a"),)
    (found,) = library.chunks_by_row([1]).values()
    assert (found.page, found.page_label, found.locator) == (2, "ii", "一覧!A1:B2")
    assert found.chunk_id == f"d:3-{len(text)}"
    assert library.text_slice("d", 3, 6) == "一行目"


def test_same_bytes_at_two_paths_are_one_document_that_lives_while_one_path_does(library: Library) -> None:
    writer = LibraryWriter(library)
    writer.put(derived("d", "あ", "い"), [file("a"), file("b")], None)
    assert [len(summary.locations) for summary in library.documents_list()] == [2]
    writer.relink([], [(SOURCE, "a")])
    assert sorted(library.chunks_by_row([1, 2])) == [1, 2]
    writer.relink([], [(SOURCE, "b")])
    assert library.documents_list() == [] and library.chunks_by_row([1, 2]) == {}
    assert LibraryFeed(library).vector_rows("e").size == 0


def test_row_numbers_never_come_back(library: Library) -> None:
    writer = LibraryWriter(library)
    writer.put(derived("d", "あ", "い"), [file("a")], None)
    writer.remove_document("d")
    writer.put(derived("d", "あ", "い"), [file("a")], None)
    assert LibraryFeed(library).rows().tolist() == [3, 4]
    assert LibraryFeed(library).removed_since(0).tolist() == [1, 2]


def test_two_files_that_swap_their_names_lose_nothing(library: Library) -> None:
    writer = LibraryWriter(library)
    writer.put(derived("d", "あ"), [file("a")], None)
    writer.put(derived("e", "い"), [file("b")], None)
    writer.relink([(file("a"), "e"), (file("b"), "d")])
    assert {s.id: s.locations[0].path for s in library.documents_list()} == {"d": "b", "e": "a"}


def test_a_transaction_that_fails_changes_nothing(library: Library) -> None:
    writer = LibraryWriter(library)
    writer.put(derived("d", "あ", "い"), [file("a")], None)
    before = library.generation
    bad = derived("f", "う", "え", "お")
    with pytest.raises(ValueError, match="1 vectors for 3"):
        writer.put(Derived("f", bad.document, "t", bad.chunks, bad.vectors[:1], "e", "k"), [file("a")], None)
    assert library.generation == before
    assert [summary.id for summary in library.documents_list()] == ["d"]
    assert sorted(library.chunks_by_row(range(10))) == [1, 2]


def test_rights_show_only_readable_locations_and_change_at_once(library: Library) -> None:
    writer = LibraryWriter(library)
    writer.put(derived("d", "あ"), [file("hr/a")], frozenset({"hr"}))
    writer.relink([(file("sales/a"), "d")], groups=frozenset({"sales"}))
    writer.put(derived("e", "い"), [file("hr/b")], frozenset({"hr"}))
    writer.put(derived("f", "う"), [file("all/c")], frozenset())
    assert {c.path for c in library.chunks_by_row([1, 2, 3], ANN).values()} == {"hr/a", "hr/b", "all/c"}
    assert {c.path for c in library.chunks_by_row([1, 2, 3], BOB).values()} == {"sales/a", "all/c"}
    assert library.readable_documents(BOB) == {"d", "f"}
    assert library.readable_documents(User("nobody", frozenset(), ungrouped=True)) == {"f"}
    assert library.readable_documents(User("nobody", frozenset())) == frozenset()
    assert library.readable_documents(User("bob", frozenset({"sales"}))) == {"d"}
    assert library.readable_documents(LOCAL_USER) is None
    assert library.document("e", BOB) is None
    assert [place.path for place in library.document("d", BOB).locations] == ["sales/a"]  # type: ignore[union-attr]
    writer.grant([file("hr/b")], frozenset({"sales"}))
    assert library.readable_documents(BOB) == {"d", "e", "f"}
    assert library.readable_documents(ANN) == {"d", "f"}


def test_scopes_limit_by_document_and_folder(library: Library) -> None:
    writer = LibraryWriter(library)
    for id, path in (("d", "a/x"), ("e", "a-b/x"), ("f", "a/deep/y"), ("g", "a")):
        writer.put(derived(id, id), [file(path)], None)
    assert library.readable_documents(LOCAL_USER, Scope(folder=(SOURCE, "a"))) == {"d", "f", "g"}
    assert library.readable_documents(LOCAL_USER, Scope(folder=(SOURCE, ""))) == {"d", "e", "f", "g"}
    assert library.readable_documents(LOCAL_USER, Scope(frozenset("de"), (SOURCE, "a/"))) == {"d"}
    assert library.readable_documents(LOCAL_USER, Scope(folder=("/elsewhere", ""))) == frozenset()
    assert sorted(library.chunks_by_row([1, 2, 3, 4], scope=Scope(frozenset("ef")))) == [2, 3]


def test_a_parent_folder_takes_its_subfolders_sources_in(library: Library) -> None:
    writer = LibraryWriter(library)
    name = unicodedata.normalize("NFD", "が.txt").encode()
    place = FileState(f"{SOURCE}/sub", "が.txt", 1, 2, name)
    writer.add_source(f"{SOURCE}/sub", synced=True)
    writer.put(derived("d", "あ"), [place], None)
    writer.add_source(SOURCE, synced=True)
    assert library.sources() == [(SOURCE, 1)]
    known = writer.known_files(SOURCE)["sub/が.txt"]
    assert known.state == FileState(SOURCE, "sub/が.txt", 1, 2, b"sub/" + name)


def test_neighbours_are_in_reading_order(library: Library) -> None:
    LibraryWriter(library).put(derived("d", "あ", "い", "う", "え"), [file("a")], None)
    assert library.neighbours(2, before=1, after=1) == [1, 2, 3]
    assert library.neighbours(1, before=3, after=0) == [1]
    assert library.neighbours(99) == []


def test_another_dimension_for_the_same_embedder_is_refused(library: Library) -> None:
    writer = LibraryWriter(library)
    writer.put(derived("d", "あ"), [file("a")], None)
    with pytest.raises(IndexMismatchError, match="models check"):
        writer.add_vectors("e", [1], np.ones((1, 8), dtype=np.float32))


def test_file_of_gives_only_a_file_with_these_bytes(tmp_path: Path) -> None:
    world = World(tmp_path)
    first, second = world.write("a.txt", "木星の話"), world.write("b.txt", "木星の話")
    world.ingest()
    (summary,) = world.library.documents_list()
    assert world.library.file_of(summary.id) == first
    first.write_text("土星の話", "utf-8")
    assert world.library.file_of(summary.id) == second
    second.unlink()
    assert world.library.file_of(summary.id) is None
    world.close()


def test_threads_read_while_one_writes(library: Library) -> None:
    """A reader sees a document with all its chunks or not at all."""
    writer = LibraryWriter(library)
    torn: list[str] = []
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            for summary in library.documents_list():
                stored = library.document(summary.id)
                if stored is None:
                    continue
                parts = [stored.document.text[chunk.start : chunk.end] for chunk in stored.chunks]
                if len(parts) != 4 or parts != [chunk.text for chunk in stored.chunks]:
                    torn.append(summary.id)

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for number in range(1, 31):
        writer.put(derived(f"d{number}", "あ", "い", "う", "え"), [file(f"f{number % 5}")], None)
        writer.put(derived(f"d{number}", "お" * number, "か", "き", "く"), [file(f"f{number % 5}")], None)
    stop.set()
    for thread in threads:
        thread.join()
    assert torn == []
    assert len(library.documents_list()) == 5
