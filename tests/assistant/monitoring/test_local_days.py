"""Days of people, not of UTC, across time zones and changes of the clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from asked_questions import make_asked
from hypothesis import given
from hypothesis import strategies as st

from assistant.monitoring.counting import by_day
from assistant.monitoring.days import Period, last_days, local_day, midnight

ZONES = ["Asia/Tokyo", "America/New_York", "Europe/Berlin", "America/Sao_Paulo", "Asia/Kathmandu", "UTC"]
TOKYO = ZoneInfo("Asia/Tokyo")


def test_thirty_days_end_today_and_follow_thirty_others() -> None:
    period = last_days(date(2026, 3, 1), 30)
    assert period == Period(date(2026, 1, 31), date(2026, 3, 1)) and period.days == 30
    assert period.before() == Period(date(2026, 1, 1), date(2026, 1, 30))
    assert last_days(date(2026, 3, 1), 1).before() == Period(date(2026, 2, 28), date(2026, 2, 28))


def test_a_morning_in_tokyo_is_the_evening_before_in_utc() -> None:
    at = datetime(2026, 11, 21, 23, 30, tzinfo=UTC)
    assert local_day(at, TOKYO) == date(2026, 11, 22)
    rows = by_day([make_asked(at=at)], last_days(date(2026, 11, 22), 2), TOKYO)
    assert [(row["day"], row["questions"]) for row in rows] == [("2026-11-21", 0), ("2026-11-22", 1)]


@given(
    st.datetimes(datetime(2015, 1, 1), datetime(2026, 12, 1), timezones=st.just(UTC)), st.sampled_from(ZONES)
)
def test_a_moment_lies_between_the_midnights_of_its_day(at: datetime, name: str) -> None:
    zone = ZoneInfo(name)
    first, last = Period(local_day(at, zone), local_day(at, zone)).bounds(zone)
    assert first.astimezone(UTC) <= at < last.astimezone(UTC)
    assert timedelta(hours=22) < last.astimezone(UTC) - first.astimezone(UTC) < timedelta(hours=26)


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/New_York"])
def test_without_a_zone_it_is_the_machines(monkeypatch: pytest.MonkeyPatch, zone: str) -> None:
    import time

    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        day = date(2026, 3, 8)  # the clock changes in New York
        assert midnight(day, None) == midnight(day, ZoneInfo(zone))
        assert local_day(datetime(2026, 3, 9, 3, 30, tzinfo=UTC), None) == local_day(
            datetime(2026, 3, 9, 3, 30, tzinfo=UTC), ZoneInfo(zone)
        )
    finally:
        monkeypatch.undo()
        time.tzset()
