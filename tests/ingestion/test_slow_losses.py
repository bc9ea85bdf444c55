"""A source that loses its files little by little is asked about, as one that loses them at once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from library_fakes import World
from test_mirror import FakeSource, copied

from ingestion import library_schema as t
from ingestion.errors import UnsafeRemovalError
from ingestion.loss_rows import LossRows
from ingestion.settings import IngestionSettings, Settings
from ingestion.sources.mirror import Mirror, Rules

NAMES = [f"f{number}.txt" for number in range(12)]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    for name in NAMES:
        made.write(name, f"規程の{name}は、社員が守るべきことを定める。")
    made.ingest()
    yield made
    made.close()


def lose(world: World, *names: str) -> None:
    for name in names:
        (world.docs / name).unlink()


def age(world: World, days: float) -> None:
    """Let every loss be `days` old."""
    at = (datetime.now(UTC) - timedelta(days=days)).isoformat(timespec="seconds")
    with t.writing(world.library.engine).begin() as connection:
        connection.execute(sa.update(t.losses).values(at=at))


def test_a_quarter_in_each_run_is_refused_from_the_second_run_on(world: World) -> None:
    lose(world, *NAMES[:3])
    assert world.ingest().removed == 3
    lose(world, *NAMES[3:5])  # 2 of the 9 that are left, 5 of the 12 that were agreed to
    for _ in range(2):
        with pytest.raises(UnsafeRemovalError, match=r"5 of 12 files .* 30%"):
            world.ingest()
    assert world.paths() == sorted(NAMES[3:])
    assert world.ingest(allow_empty=True).removed == 2
    lose(world, NAMES[5])  # 1 of the 7 that somebody agreed to
    assert world.ingest().removed == 1


def test_a_run_that_loses_nothing_goes_on_and_files_that_come_back_are_no_losses(world: World) -> None:
    text = (world.docs / NAMES[0]).read_text("utf-8")
    lose(world, *NAMES[:3])
    world.ingest()
    world.write("new.txt", "新しい規程は、社員が読むものである。")
    assert world.ingest().added == 1
    for name in NAMES[:3]:
        world.write(name, text + name)
    assert world.ingest().added == 3
    lose(world, *NAMES[3:6])
    assert world.ingest().removed == 3


@pytest.mark.parametrize(("days", "refused"), [(2.9, True), (3.1, False)])
def test_losses_are_counted_for_some_days(world: World, days: float, refused: bool) -> None:
    lose(world, *NAMES[:3])
    world.ingest()
    age(world, days)
    lose(world, *NAMES[3:5])
    if refused:
        with pytest.raises(UnsafeRemovalError):
            world.ingest()
    else:
        assert world.ingest().removed == 2
        assert LossRows(world.library).since(str(world.docs), "", 9) == set(NAMES[3:5])


def test_without_days_each_run_counts_alone(world: World) -> None:
    settings = Settings(ingestion=IngestionSettings(removal_days=0))
    for first in (0, 3):
        lose(world, *NAMES[first : first + 2])
        assert world.ingest(settings=settings).removed == 2


def test_emptied_files_are_losses_and_moved_ones_are_none(world: World) -> None:
    for name in NAMES[:3]:
        world.write(name, "")
    world.ingest()
    (world.docs / "moved").mkdir()
    for name in NAMES[3:9]:
        (world.docs / name).rename(world.docs / "moved" / name)
    assert world.ingest().moved == 6
    lose(world, NAMES[9])
    with pytest.raises(UnsafeRemovalError, match="4 of 12"):
        world.ingest()


def test_a_copy_of_a_remote_source_is_kept_too(tmp_path: Path) -> None:
    files = {name: b"x" for name in NAMES}
    mirror = Mirror(tmp_path)
    mirror.update(FakeSource(files), Rules())
    held = frozenset(NAMES[3:])
    left = {name: b"x" for name in NAMES[5:]}
    rules = Rules(indexed=held, lost_lately=frozenset(NAMES[:3]))
    with pytest.raises(UnsafeRemovalError, match="5 of 12 files have vanished"):
        mirror.update(FakeSource(left), rules)
    assert copied(mirror) == files
    back = left | {name: b"x" for name in NAMES[:3]}
    assert mirror.update(FakeSource(back), rules).removed == 2
