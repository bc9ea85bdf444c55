"""Stored times are read where the people are, not in UTC."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from test_web_grounds import final

from ui.moments import day, moment
from ui.web.grounds import verified_note

EVENING = "2026-11-20T20:30:00+00:00"


@pytest.fixture
def tokyo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as changed:
        changed.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.parametrize(
    ("at", "told"),
    [(EVENING, "2026-11-21"), ("2026-11-20T14:59:59.999Z", "2026-11-20"), ("2026-11-20", "2026-11-20"),
     ("some day", "some day"), ("", "")],
)  # fmt: skip
@pytest.mark.usefixtures("tokyo")
def test_the_day_is_that_of_the_clock_on_the_wall(at: str, told: str) -> None:
    assert day(at) == told


@pytest.mark.usefixtures("tokyo")
def test_who_confirmed_an_answer_early_in_the_morning_did_so_that_day() -> None:
    verified = {"id": "v1", "question": "q", "editor": "佐藤", "at": EVENING}
    assert "2026-11-21" in verified_note(final("休暇は？", verified=verified), "ja")


def test_what_is_no_time_is_none() -> None:
    assert moment("yesterday") is None
