"""The rules of a mirror, with a source that does as it is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.errors import FetchError, SourceError, UnsafeRemovalError
from ingestion.sources.mirror import Mirror, Rules
from ingestion.sources.names import path_of
from ingestion.sources.remote import Listing, RemoteFile


@dataclass
class FakeSource:
    """Holds path → bytes; the version is the bytes themselves. Remembers what was fetched."""

    files: dict[str, bytes]
    broken: dict[str, Exception] = field(default_factory=dict)
    unlisted: dict[str, str] = field(default_factory=dict)
    fetched: list[str] = field(default_factory=list)

    def listing(self, check: Callable[[int], None] = lambda entries: None) -> Listing:
        check(len(self.files))
        found = [RemoteFile(path, path, data.hex(), len(data)) for path, data in self.files.items()]
        return Listing(found, dict(self.unlisted))

    def fetch(self, file: RemoteFile, write: Callable[[bytes], None]) -> None:
        self.fetched.append(file.path)
        for at in range(0, len(self.files[file.path]), 4):
            write(self.files[file.path][at : at + 4])
        if file.path in self.broken:
            raise self.broken[file.path]

    def close(self) -> None:
        pass


def copied(mirror: Mirror) -> dict[str, bytes]:
    return {
        path.relative_to(mirror.files).as_posix(): path.read_bytes()
        for path in mirror.files.rglob("*") if path.is_file()
    }  # fmt: skip


NAMES = st.lists(st.sampled_from("ab"), min_size=1, max_size=3).map("/".join)


def without_conflicts(files: dict[str, bytes]) -> dict[str, bytes]:
    """A path is a file or a folder, never both."""
    return {
        path: data for path, data in files.items()
        if not any(other.startswith(f"{path}/") for other in files)
    }  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(st.dictionaries(NAMES, st.binary(max_size=9)).map(without_conflicts), min_size=1, max_size=5))
def test_after_each_run_the_copy_equals_the_source(
    tmp_path_factory: pytest.TempPathFactory, states: list[dict[str, bytes]]
) -> None:
    mirror = Mirror(tmp_path_factory.mktemp("mirror"))
    before: dict[str, bytes] = {}
    for files in states:
        source = FakeSource(files)
        done = mirror.update(source, Rules())
        assert copied(mirror) == files
        assert set(source.fetched) == {path for path in files if before.get(path) != files[path]}
        assert done.removed == len(set(before) - set(files))
        before = files


def test_a_run_that_ends_in_the_middle_leaves_whole_files(tmp_path: Path) -> None:
    old = {"a": b"old a", "b": b"old b", "gone": b"x"}
    mirror = Mirror(tmp_path)
    mirror.update(FakeSource(old), Rules())
    source = FakeSource({"a": b"new a", "b": b"new b"}, broken={"b": KeyboardInterrupt()})
    with pytest.raises(KeyboardInterrupt):
        mirror.update(source, Rules())
    assert copied(mirror) == {"a": b"new a", "b": b"old b", "gone": b"x"}
    source = FakeSource({"a": b"new a", "b": b"new b"})
    mirror.update(source, Rules())
    assert source.fetched == ["b"] and copied(mirror) == source.files


def test_cancelling_stops_in_the_middle_of_a_file_and_removes_nothing(tmp_path: Path) -> None:
    mirror = Mirror(tmp_path)
    mirror.update(FakeSource({"gone": b"x"}), Rules())
    source = FakeSource({"large": bytes(100), "next": b"n"})
    asked = iter([False, False, True])
    done = mirror.update(source, Rules(), cancelled=lambda: next(asked))
    assert done.cancelled and source.fetched == ["large"]
    assert copied(mirror) == {"gone": b"x"}


def test_a_failed_file_keeps_its_old_copy(tmp_path: Path) -> None:
    mirror = Mirror(tmp_path)
    mirror.update(FakeSource({"a": b"old"}), Rules())
    done = mirror.update(FakeSource({"a": b"new"}, broken={"a": FetchError("it is locked")}), Rules())
    assert done.failed == {"a": "it could not be fetched: it is locked"}
    assert copied(mirror) == {"a": b"old"}


def test_many_broken_files_do_not_count_as_a_broken_connection(tmp_path: Path) -> None:
    files = {f"f{number}": b"x" for number in range(10)}
    mirror = Mirror(tmp_path)
    broken: dict[str, Exception] = {name: FetchError("no") for name in files if name != "f9"}
    assert len(mirror.update(FakeSource(files, broken), Rules()).failed) == 9
    assert copied(mirror) == {"f9": b"x"}
    broken = {name: FetchError("reset", connection=True) for name in files}
    source = FakeSource({name: b"yy" for name in files}, broken)
    with pytest.raises(SourceError, match="broke 3 times in a row: reset"):
        mirror.update(source, Rules())
    assert len(source.fetched) == 3


def test_a_file_that_takes_too_long_or_grows_too_large_is_given_up(tmp_path: Path) -> None:
    mirror = Mirror(tmp_path)
    assert "longer than 0 seconds" in mirror.update(
        FakeSource({"a": b"12345"}), Rules(seconds_per_file=0.0)
    ).failed["a"]  # fmt: skip
    source = FakeSource({"a": bytes(5000)})
    source.listing = lambda check=None: Listing([RemoteFile("a", "a", "1", None)])  # type: ignore[method-assign]
    assert "larger than" in mirror.update(source, Rules(max_bytes=1000)).failed["a"]
    assert copied(mirror) == {}


def test_what_may_vanish_is_counted_in_documents(tmp_path: Path) -> None:
    files = {f"f{number}.txt": b"x" for number in range(6)} | {f"p{number}.png": b"x" for number in range(90)}
    mirror = Mirror(tmp_path)
    mirror.update(FakeSource(files), Rules())
    rules = Rules(indexed=frozenset(name for name in files if name.endswith("txt")))
    less = {name: data for name, data in files.items() if name not in ("f0.txt", "f1.txt")}
    with pytest.raises(UnsafeRemovalError, match="2 of 6 files have vanished"):
        mirror.update(FakeSource(less), rules)
    assert copied(mirror) == files
    less = {name: data for name, data in files.items() if name != "f0.txt" and not name.endswith("png")}
    assert mirror.update(FakeSource(less), rules).removed == 91


@pytest.mark.parametrize(
    ("names", "path"),
    [
        (["人事", "規程.pdf"], "人事/規程.pdf"),
        (["カ\u3099.txt"], "ガ.txt"),
        (["a\\b"], "a＼b"),
        ([".."], "holds the name '..'"),
        (["a", "", "b"], "holds the name ''"),
        (["a/b"], "no file name may hold"),
        (["a\x00b"], "no file name may hold"),
        (["a\nb"], "no file name may hold"),
        (["\udc80"], "no file name may hold"),
        (["あ" * 86], "longer than 255 bytes"),
        (["a" * 200] * 20, "longer than 3000 bytes"),
    ],
)
def test_names_become_paths_or_are_refused(names: list[str], path: str) -> None:
    try:
        assert path_of(names) == path
    except ValueError as error:
        assert path in str(error)


@given(st.lists(st.text(max_size=8), min_size=1, max_size=4))
def test_no_name_leads_out_of_the_folder(names: list[str]) -> None:
    try:
        path = path_of(names)
    except ValueError:
        return
    place = Path("/srv/folder", path)
    assert place.resolve().is_relative_to("/srv/folder") and path.count("/") == len(names) - 1


def test_a_file_that_the_source_only_names_is_kept_and_listed(tmp_path: Path) -> None:
    """A server may answer with status 403 for one file of a folder; it is there, only nobody may read it."""
    files = {f"f{number}.txt": b"x" for number in range(6)}
    mirror = Mirror(tmp_path)
    mirror.update(FakeSource(files), Rules(indexed=frozenset(files)))
    locked = FakeSource({name: data for name, data in files.items() if name != "f0.txt"})
    locked.unlisted = {"f0.txt": "the server does not tell what it is"}
    done = mirror.update(locked, Rules(indexed=frozenset(files)))
    assert (done.removed, done.failed) == (0, locked.unlisted)
    assert copied(mirror) == files


def test_a_listing_can_be_cancelled_and_ends(tmp_path: Path) -> None:
    mirror, files = Mirror(tmp_path), {f"f{number}": b"x" for number in range(5)}
    mirror.update(FakeSource(files), Rules())
    assert mirror.update(FakeSource({"new": b"n"}), Rules(), cancelled=lambda: True).cancelled
    with pytest.raises(SourceError, match="lists more than 4 files"):
        mirror.update(FakeSource(files), Rules(most_entries=4))
    with pytest.raises(SourceError, match="takes longer than 0 seconds"):
        mirror.update(FakeSource(files), Rules(seconds_to_list=0.0))
    assert copied(mirror) == files
