"""A document that nothing was prepared for costs itself, never the run it came with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from library_fakes import World

from ingestion import deriving, library_writing
from ingestion.dates import small_kanji_number

ODD = "合言葉は土星。"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    for number in range(4):
        world.write(f"f{number}.txt", f"第{number}号の文書。合言葉は木星{number * 7919}番。")
    world.write("f2_odd.txt", f"{ODD}これだけが扱えない。")
    yield world
    assert world.indexes.check()["problems"] == []
    world.close()


@pytest.mark.parametrize("line", ["(十二三)名とする。", "十二三、四五名を要する。", "第二三十条(休暇)\n略"])
def test_numerals_that_are_none_are_taken_in_as_words(world: World, line: str) -> None:
    world.write("rules.txt", f"第5条(休暇)\n会社は次を与える。\n{line}\n第6条(略)\nその他は別に定める。\n")
    report = world.ingest()
    assert (report.failed, report.added) == ([], 6)
    assert world.found("その他は別に定める", 1) == ["rules.txt"]


@pytest.mark.parametrize(
    ("numeral", "number"),
    [("十", 10), ("十二", 12), ("二十", 20), ("九十九", 99), ("二三", 23), ("二〇", 20), ("元", 1), ("07", 7),
     ("十二三", None), ("二三十", None), ("十十", None), ("〇十", None), ("", None), ("9" * 5000, None)],
)  # fmt: skip
def test_numerals(numeral: str, number: int | None) -> None:
    assert small_kanji_number(numeral) == number


def test_a_bug_in_cutting_is_listed_with_its_document(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    cut = deriving.chunk_document

    def faulty(document: Any, **sizes: Any) -> Any:
        if document.text.startswith(ODD):
            raise KeyError("土")
        return cut(document, **sizes)

    monkeypatch.setattr(deriving, "chunk_document", faulty)
    check(world, "it was read, but could not be cut (KeyError: '土').")
    monkeypatch.undo()


def test_a_bug_in_storing_is_listed_with_its_document(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    insert = library_writing._insert_chunks

    def faulty(connection: Any, derived: Any, *others: Any) -> None:
        insert(connection, derived, *others)
        if derived.document.text.startswith(ODD):
            raise ValueError("a column\nthat is none")

    monkeypatch.setattr(library_writing, "_insert_chunks", faulty)
    check(world, "it was read, but could not be stored (ValueError: a column that is none).")


def check(world: World, reason: str) -> None:
    report = world.ingest()
    odd = "f2_odd.txt"
    assert report.added == 4
    assert [(path, why) for _, path, why in report.failed] == [(odd, reason)]
    assert odd not in world.paths() and len(world.paths()) == 4
    assert world.found("木星23757番", 1) == ["f3.txt"]
    assert odd not in world.found("土星")


def test_what_would_meet_every_document_still_ends_the_run(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*given: Any) -> None:
        raise sa.exc.OperationalError("INSERT", {}, Exception("database or disk is full"))

    monkeypatch.setattr(library_writing, "_insert_chunks", full)
    with pytest.raises(sa.exc.OperationalError, match="disk is full"):
        world.ingest()
