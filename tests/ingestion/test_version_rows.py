"""Versions in a real library: read once, ordered after each change, gone with their documents."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa
from library_fakes import World

from assistant.answers import Query
from assistant.currency import Currency
from assistant.retrieval import Retriever
from ingestion import library_schema as t
from ingestion.settings import RetrievalSettings
from ingestion.validity import state_on
from ingestion.version_rows import VersionRows

RULE = """旅費規程
第1条(目的) この規程は、役員及び従業員が社命により出張する場合の旅費について、その種類と額及び手続を定める。
第2条(旅費の種類) 旅費は、交通費、日当、宿泊費及び雑費とし、それぞれこの規程の定めるところにより支給する。
第3条(宿泊費) 宿泊費の上限は、一般社員は1泊{amount}円とする。領収書を添えて精算しなければならない。
第4条(精算) 出張から帰った者は、帰社の日から5日以内に、所定の様式により経理部へ精算を申請する。
附則
この規程は、{day}から施行する。
"""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


def states(world: World, day: str = "2026-01-01") -> dict[str, str]:
    known = VersionRows(world.library).all()
    return {
        place.path: state_on(known[summary.id], day)
        for summary in world.library.documents_list()
        for place in summary.locations
    }


def test_an_ingest_puts_versions_in_order_and_a_removal_undoes_it(world: World) -> None:
    world.write("規程/旅費規程_2018.txt", RULE.format(amount="10,000", day="平成30年4月1日"))
    new = world.write("規程/旅費規程_2024.txt", RULE.format(amount="12,000", day="令和6年4月1日"))
    world.write("規程/【廃止】慶弔規程.txt", "慶弔見舞金を支給する。" * 20)
    world.ingest()
    assert states(world) == {
        "規程/旅費規程_2018.txt": "superseded",
        "規程/旅費規程_2024.txt": "in_force",
        "規程/【廃止】慶弔規程.txt": "abolished",
    }
    assert states(world, "2020-01-01")["規程/旅費規程_2018.txt"] == "in_force"
    assert sorted(len(members) for members in VersionRows(world.library).families()) == [1, 2]
    new.unlink()
    world.ingest(allow_empty=True)
    assert states(world)["規程/旅費規程_2018.txt"] == "in_force"


def test_a_document_is_read_once_and_again_when_it_was_stored_anew(world: World) -> None:
    path = world.write("旅費規程.txt", RULE.format(amount="10,000", day="平成30年4月1日"))
    world.ingest()
    rows = VersionRows(world.library)
    assert rows.refresh() == 0
    path.write_text(RULE.format(amount="10,000", day="令和2年4月1日"), "utf-8")
    world.ingest()
    (version,) = rows.all().values()
    assert version.valid_from == "2020-04-01"
    world.ingest(reparse=True)
    assert rows.refresh() == 0 and list(rows.all().values()) == [version]


def test_what_an_earlier_release_has_read_is_read_again(world: World) -> None:
    world.write("旅費規程.txt", RULE.format(amount="10,000", day="平成30年4月1日"))
    world.ingest()
    with world.library.engine.begin() as connection:
        stale = {"facts": '[[], null, "2020-03-31", null, "abolished", []]', "signature": b"x" * 512}
        connection.execute(sa.update(t.versions).values(stale))
        connection.execute(sa.update(t.meta).where(t.meta.c.key == "versions").values(value="1"))
    rows = VersionRows(world.library)
    assert rows.refresh() == 1
    assert states(world) == {"旅費規程.txt": "in_force"}
    assert rows.refresh() == 0


def test_a_move_to_the_old_files_counts_without_reading_anything(world: World) -> None:
    path = world.write("規程/旅費規程.txt", RULE.format(amount="10,000", day="平成30年4月1日"))
    world.write("規程/服務規程.txt", "従業員は会社の指示命令に従う。" * 20)
    world.ingest()
    assert states(world)["規程/旅費規程.txt"] == "in_force"
    (path.parent / "旧版").mkdir()
    path.rename(path.parent / "旧版" / "旅費規程.txt")
    world.ingest(allow_empty=True)
    assert states(world)["規程/旧版/旅費規程.txt"] == "superseded"


def test_search_cites_the_version_in_force(world: World) -> None:
    world.write("規程/旅費規程_2018.txt", RULE.format(amount="10,000", day="平成30年4月1日"))
    world.write("規程/旅費規程_2024.txt", RULE.format(amount="12,000", day="令和6年4月1日"))
    world.ingest()
    currency = Currency(VersionRows(world.library), lambda: date(2026, 1, 1))
    retriever = Retriever(world.library, world.indexes, world.embedder, RetrievalSettings(), None, currency)
    assert {hit.path for hit in retriever.retrieve(Query("宿泊費の上限"))} == {"規程/旅費規程_2024.txt"}
    assert {hit.path for hit in retriever.retrieve(Query("2020年の宿泊費の上限"))} == {
        "規程/旅費規程_2018.txt"
    }
