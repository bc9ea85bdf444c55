"""Changes of real folders, as the kernel tells them."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ui.watching import FolderWatcher

IGNORE = ("~$*", ".*", "Thumbs.db")


@pytest.fixture
def folders(tmp_path: Path) -> dict[str, Path]:
    found = {name: tmp_path / name for name in ("a", "b")}
    for folder in found.values():
        (folder / "sub").mkdir(parents=True)
        (folder / "sub/old.txt").write_text("old")
    return found


@pytest.fixture
def stop() -> threading.Event:
    return threading.Event()


@pytest.fixture
def watcher(folders: dict[str, Path], stop: threading.Event) -> Iterator[FolderWatcher]:
    made = FolderWatcher(folders, IGNORE, stop, wake_ms=50)
    assert made.watching == {"a", "b"}
    assert made.wait(1.2) == set()
    yield made
    made.close()


def test_each_kind_of_change_is_told_with_its_source(
    folders: dict[str, Path], watcher: FolderWatcher
) -> None:
    (folders["a"] / "sub/new.txt").write_text("new")
    assert watcher.wait(10) == {"a"}
    (folders["b"] / "sub/old.txt").write_text("changed")
    assert watcher.wait(10) == {"b"}
    (folders["a"] / "sub/new.txt").rename(folders["b"] / "moved.txt")
    assert watcher.wait(10) == {"a", "b"}
    (folders["b"] / "moved.txt").unlink()
    assert watcher.wait(10) == {"b"}
    (folders["a"] / "later/deep").mkdir(parents=True)
    watcher.wait(3)
    (folders["a"] / "later/deep/x.txt").write_text("in a folder that was not there at the start")
    assert watcher.wait(10) == {"a"}


def test_what_happens_between_two_waits_is_not_lost(folders: dict[str, Path], watcher: FolderWatcher) -> None:
    (folders["b"] / "x.txt").write_text("1")
    time.sleep(1)
    assert watcher.wait(10) == {"b"}


def test_ignored_names_are_not_told(folders: dict[str, Path], watcher: FolderWatcher) -> None:
    (folders["a"] / "~$規程.docx").write_text("x")
    (folders["a"] / ".git").mkdir()
    (folders["a"] / ".git/index").write_text("x")
    (folders["a"] / "Thumbs.db").write_text("x")
    assert watcher.wait(2) == set()


def test_a_burst_is_told_once(folders: dict[str, Path], watcher: FolderWatcher) -> None:
    def write() -> None:
        for number in range(30):
            (folders["a"] / f"n{number}.txt").write_text("x")
            time.sleep(0.05)

    writer = threading.Thread(target=write)
    writer.start()
    assert watcher.wait(20) == {"a"}
    writer.join()
    assert watcher.wait(1.5) == set()


def test_a_folder_that_goes_and_comes_back_is_watched_again(
    folders: dict[str, Path], watcher: FolderWatcher
) -> None:
    shutil.rmtree(folders["a"])
    told = watcher.wait(10)
    while not told >= {"a"}:
        told |= watcher.wait(10)
    while watcher.wait(1.5):
        pass
    folders["a"].mkdir()
    assert watcher.wait(10) == {"a"}
    while watcher.wait(1.5):
        pass
    (folders["a"] / "again.txt").write_text("x")
    assert watcher.wait(10) == {"a"}


def test_without_any_folder_it_waits_for_one(tmp_path: Path, stop: threading.Event) -> None:
    watcher = FolderWatcher({"a": tmp_path / "a"}, IGNORE, stop, wake_ms=50)
    assert watcher.watching == set() and watcher.wait(0.2) == set()
    (tmp_path / "a").mkdir()
    assert watcher.wait(10) == {"a"} and watcher.watching == {"a"}
    watcher.close()


def test_a_stop_ends_the_wait(watcher: FolderWatcher, stop: threading.Event) -> None:
    begin = time.monotonic()
    threading.Timer(0.3, stop.set).start()
    assert watcher.wait(60) == set()
    assert time.monotonic() - begin < 10
