"""Rows of examples: nothing is overwritten silently, and a list of changes is made whole or not at all."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from assistant.errors import ExampleConflictError, RecordNotFoundError
from assistant.example_rows import Change, ExampleFilter, ExampleRows, NewExample, Place
from assistant.records import Records


def splits(groups: dict[int, str]) -> dict[int, str]:
    return {number: "test" if "t" in group else "train" for number, group in groups.items()}


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    with closing(Records.open(tmp_path / "records.db")) as opened:
        yield opened


@pytest.fixture
def rows(records: Records) -> ExampleRows:
    return ExampleRows(records.engine, splits)  # type: ignore[arg-type]


def new(id: str, *, group: str = "a", document: str = "d1", question: str = "問？") -> NewExample:
    payload = {"kind": "answer", "question": question, "answer": "答。", "group": group, "origin": "library",
               "type": "fact", "language": "ja", "answerable": True, "split": "train"}  # fmt: skip
    return NewExample(id, payload, (Place(document, 1, 3, "f" * 64),), f"key {id}")


def test_the_same_example_is_stored_once_and_splits_come_from_groups(rows: ExampleRows) -> None:
    assert rows.add([new("a"), new("b", group="t")], by="hanako") == ["a", "b"]
    assert rows.add([new("b"), new("c", document="d2")]) == ["c"]
    assert [(row.id, row.split, row.payload["split"]) for row in rows.rows()] == [
        ("a", "train", "train"), ("b", "test", "test"), ("c", "train", "train"),
    ]  # fmt: skip
    first = rows.get("a")
    assert (first.version, first.created_by, first.places) == (1, "hanako", (Place("d1", 1, 3, "f" * 64),))
    assert rows.made_keys() == {"key a", "key b", "key c"} and rows.documents() == {"d1": 2, "d2": 1}


def test_filters_and_pages(rows: ExampleRows) -> None:
    rows.add([new(f"e{number}", question=f"ＵＳＢの{number}番は？") for number in range(5)])
    rows.change([Change("e1", status="accepted"), Change("e2", assignee="花子", problem="duplicate:e1")])
    rows.add([new("other", document="d2")])

    def ids(**wanted: object) -> list[str]:
        return [row.id for row in rows.rows(ExampleFilter(**wanted))]  # type: ignore[arg-type]

    assert ids(status="accepted") == ["e1"] and ids(assignee="花子") == ["e2"]
    assert ids(document="d2") == ["other"] and ids(search="usbの3") == ["e3"]
    assert ids(problem="duplicate") == ["e2"] and ids(ids=("e4", "e0", "gone")) == ["e0", "e4"]
    assert [row.id for row in rows.rows(offset=1, limit=2)] == ["e1", "e2"]
    assert rows.count(ExampleFilter(document="d1")) == 5
    assert rows.counts()["status"] == {"accepted": 1, "new": 5}
    assert rows.remove(["e0", "gone"]) == 1 and rows.documents() == {"d1": 4, "d2": 1}


def test_an_edit_of_what_somebody_changed_is_refused_and_nothing_of_its_list_is_made(
    rows: ExampleRows,
) -> None:
    rows.add([new("a"), new("b")])
    rows.change([Change("a", 1, "accepted")], by="hanako")
    with pytest.raises(ExampleConflictError, match="hanako"):
        rows.change([Change("b", 1, "rejected"), Change("a", 1, "rejected")], by="taro")
    with pytest.raises(RecordNotFoundError):
        rows.change([Change("b", 1, "rejected"), Change("gone", status="rejected")])
    assert [(row.status, row.version) for row in rows.rows()] == [("accepted", 2), ("new", 1)]


def test_the_first_words_are_kept_beside_edited_ones(rows: ExampleRows) -> None:
    rows.add([new("a")])
    for answer in ("二番目。", "三番目。"):
        row = rows.get("a")
        payload = {**row.payload, "answer": answer, "group": "t"}
        rows.change([Change("a", row.version, "edited", payload=payload)], by="taro")
    row = rows.get("a")
    assert row.original is not None
    assert (row.payload["answer"], row.original["answer"], row.split) == ("三番目。", "答。", "test")
    assert (row.version, row.changed_by) == (3, "taro")


def test_nobody_waits_for_a_division_that_moves_nothing(rows: ExampleRows, records: Records) -> None:
    rows.add([new("a"), new("b", group="t")])
    with closing(records.engine.connect()) as writer:
        writer.exec_driver_sql("BEGIN IMMEDIATE")
        began = time.monotonic()
        rows.resplit()
        assert time.monotonic() - began < 20  # a writer is waited for 30 seconds
        writer.rollback()
    moved = ExampleRows(records.engine, lambda groups: dict.fromkeys(groups, "validation"))
    moved.resplit()
    assert {row.split for row in rows.rows()} == {"validation"}


def test_of_many_writers_at_once_each_change_wins_or_is_told(rows: ExampleRows, tmp_path: Path) -> None:
    rows.add([new(str(number)) for number in range(4)])
    won: list[int] = []
    lost: list[int] = []

    def write(writer: int) -> None:
        with closing(Records.open(tmp_path / "records.db")) as mine:
            own = ExampleRows(mine.engine, splits)  # type: ignore[arg-type]
            own.add([new(f"new {writer}"), new("shared")])
            for number in range(4):
                try:
                    own.change([Change(str(number), 1, "accepted", note=str(writer))], by=str(writer))
                    won.append(number)
                except ExampleConflictError:
                    lost.append(number)

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(won) == [0, 1, 2, 3] and len(lost) == 12
    assert rows.count() == 4 + 4 + 1
    assert all(row.note == row.changed_by for row in rows.rows(ExampleFilter(status="accepted")))
