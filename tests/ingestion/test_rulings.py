"""What people say of versions outranks what was found, survives being read again, and can be taken back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from library_fakes import World

from assistant.currency import wanted_day
from ingestion.errors import RulingError
from ingestion.periods import fiscal_year
from ingestion.ruling_rows import RulingRows
from ingestion.rulings import Ruling, What, checked
from ingestion.settings import IngestionSettings, Settings
from ingestion.validity import Version, state_on
from ingestion.version_rows import VersionRows

TODAY = "2026-01-15"
RULE = (
    "旅費規程。宿泊費の上限は、一般社員は一泊{n}円とする。出張は事前に上長の承認を得る。"
    "日当は二千五百円を支給し、日帰りの出張には支給しない。領収書を添えて経理部に申請する。"
    "交通費は実費とし、特急料金は百キロメートルを超える場合に限り支給するものと定める。"
)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    for number in (1, 2, 3):
        made.write(f"旅費規程_第{number}版.txt", RULE.format(n=number * 1000))
    made.write("慶弔規程.txt", "慶弔見舞金は、社員の申請によって人事部が支給するものとする。" * 8)
    made.ingest()
    yield made
    made.close()


def ids(world: World) -> dict[str, str]:
    return {
        place.path.removesuffix(".txt"): summary.id
        for summary in world.library.documents_list()
        for place in summary.locations
    }


def say(world: World, name: str, **said: str) -> None:
    known = ids(world)
    own, every = known[name], known.values()
    rulings = [checked(own, what, known.get(value, value), every) for what, value in said.items()]
    RulingRows(world.library).put(own, rulings, "佐藤")
    VersionRows(world.library).refresh()


def version(world: World, name: str) -> Version:
    return VersionRows(world.library).all()[ids(world)[name]]


def states(world: World) -> list[str]:
    return [state_on(version(world, f"旅費規程_第{number}版"), TODAY) for number in (1, 2, 3)]


def test_the_official_one_counts_whatever_the_numbers_say(world: World) -> None:
    assert states(world) == ["superseded", "superseded", "in_force"]
    say(world, "旅費規程_第2版", official="")
    assert states(world) == ["superseded", "in_force", "superseded"]
    world.ingest(reparse=True)
    assert states(world) == ["superseded", "in_force", "superseded"]
    (ruling,) = RulingRows(world.library).all()[ids(world)["旅費規程_第2版"]].values()
    assert (ruling.what, ruling.by, ruling.at[:2]) == ("official", "佐藤", "20")
    assert RulingRows(world.library).undo(ids(world)["旅費規程_第2版"], ["official"]) == 1
    VersionRows(world.library).refresh()
    assert states(world) == ["superseded", "superseded", "in_force"]


def test_what_was_said_holds_when_the_file_comes_back(world: World) -> None:
    say(world, "旅費規程_第2版", official="")
    path = world.docs / "旅費規程_第2版.txt"
    text = path.read_text("utf-8")
    path.unlink()
    world.ingest()
    assert state_on(version(world, "旅費規程_第3版"), TODAY) == "in_force"
    path.write_text(text, "utf-8")
    world.ingest()
    assert states(world) == ["superseded", "in_force", "superseded"]


def test_a_document_of_another_name_can_supersede(world: World) -> None:
    say(world, "旅費規程_第3版", superseded_by="慶弔規程")
    assert state_on(version(world, "旅費規程_第3版"), TODAY) == "superseded"
    assert version(world, "慶弔規程").family == version(world, "旅費規程_第3版").family
    assert state_on(version(world, "慶弔規程"), TODAY) == "in_force"


def test_days_are_set_and_cleared(world: World) -> None:
    say(world, "慶弔規程", valid_from="2027-04-01")
    assert state_on(version(world, "慶弔規程"), TODAY) == "future"
    say(world, "慶弔規程", valid_from="", valid_to="2025-03-31")
    found = version(world, "慶弔規程")
    assert (found.valid_from, state_on(found, TODAY)) == (None, "expired")
    say(world, "慶弔規程", valid_to="")
    assert state_on(version(world, "慶弔規程"), TODAY) == "in_force"


def test_one_that_is_taken_out_of_its_family_supersedes_nothing(world: World) -> None:
    say(world, "旅費規程_第3版", apart="")
    assert states(world) == ["superseded", "in_force", "in_force"]
    alone = version(world, "旅費規程_第3版")
    assert alone.family == alone.id
    listed = [[one.id for one in members] for members in VersionRows(world.library).families()]
    assert [alone.id] in listed  # so that it can be undone


@pytest.mark.parametrize(
    ("what", "value", "reason"),
    [
        ("superseded_by", "a", "by itself"),
        ("superseded_by", "x", "no document 'x'"),
        ("valid_from", "2025-02-30", "is no day"),
        ("better", "", "cannot be said"),
    ],
)
def test_what_cannot_be_is_refused(what: str, value: str, reason: str) -> None:
    with pytest.raises(RulingError, match=reason):
        checked("a", what, value, ["a", "b"])


def test_documents_cannot_supersede_each_other_in_a_circle() -> None:
    said: dict[str, dict[What, Ruling]] = {
        one: {"superseded_by": Ruling("superseded_by", newer)} for one, newer in (("a", "b"), ("b", "c"))
    }
    for newer in ("a", "b"):
        with pytest.raises(RulingError, match=f"{newer} is itself superseded by c"):
            checked("c", "superseded_by", newer, "abcd", said)
    assert checked("b", "superseded_by", "d", "abcd", said).value == "d"


def test_of_two_that_contradict_the_last_one_counts(world: World) -> None:
    say(world, "慶弔規程", valid_to="2025-03-31")
    say(world, "慶弔規程", valid_to="2028-03-31")
    said: dict[What, Ruling] = RulingRows(world.library).all()[ids(world)["慶弔規程"]]
    assert [one.value for one in said.values()] == ["2028-03-31"]


def test_a_fiscal_year_begins_in_the_month_that_is_set(tmp_path: Path) -> None:
    assert fiscal_year(2024, 10) == ("2024-10-01", "2025-09-30")
    assert fiscal_year(2024, 1) == ("2024-01-01", "2024-12-31")
    assert fiscal_year(2023, 3) == ("2023-03-01", "2024-02-29")
    today = date(2026, 1, 15)
    assert wanted_day("2024年度の上限はいくらですか?", today) == "2025-03-31"
    assert wanted_day("2024年度の上限はいくらですか?", today, 10) == "2025-09-30"
    assert wanted_day("What was the limit in fiscal year 2024?", today, 7) == "2025-06-30"
    made = World(tmp_path)
    for year in (2024, 2025):
        made.write(f"価格表_{year}年度.txt", RULE.format(n=year))
    for month, begin in ((4, "2025-04-01"), (10, "2025-10-01")):
        made.ingest(settings=Settings(ingestion=IngestionSettings(fiscal_month=month)))
        assert version(made, "価格表_2025年度").valid_from == begin
        assert version(made, "価格表_2024年度").superseded_from == begin
    made.close()


def test_texts_are_read_again_when_the_fiscal_year_changes(tmp_path: Path) -> None:
    made = World(tmp_path)
    made.write("規程.txt", "この規程は、2024年度から施行する。" + "社員はこれを守るものとする。" * 10)
    for month, begin in ((4, "2024-04-01"), (10, "2024-10-01")):
        made.ingest(settings=Settings(ingestion=IngestionSettings(fiscal_month=month)))
        assert version(made, "規程").valid_from == begin
    made.close()
