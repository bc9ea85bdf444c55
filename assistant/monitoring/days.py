"""Local days: a question asked at 8 in the morning in Tokyo belongs to that day, whatever UTC says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo


@dataclass(frozen=True, slots=True)
class Period:
    """Whole local days from `first` to `last`, both included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """How many days."""
        return (self.last - self.first).days + 1

    def before(self) -> Period:
        """As many days, right before this period."""
        return Period(self.first - timedelta(days=self.days), self.first - timedelta(days=1))

    def bounds(self, zone: tzinfo | None) -> tuple[datetime, datetime]:
        """The moments when it begins and when the next one does."""
        return midnight(self.first, zone), midnight(self.last + timedelta(days=1), zone)

    def __iter__(self) -> Iterator[date]:
        """Its days in order."""
        return (self.first + timedelta(days=number) for number in range(self.days))

    def as_json(self) -> dict[str, str]:
        """Both ends, as ISO days."""
        return {"from": self.first.isoformat(), "to": self.last.isoformat()}


def last_days(today: date, days: int) -> Period:
    """`days` days of which `today` is the last."""
    return Period(today - timedelta(days=days - 1), today)


def midnight(day: date, zone: tzinfo | None) -> datetime:
    """The moment when `day` begins in `zone`; None is the zone of this machine."""
    naive = datetime.combine(day, time())
    return naive.astimezone() if zone is None else naive.replace(tzinfo=zone)


def local_day(at: datetime, zone: tzinfo | None) -> date:
    """The day that it was in `zone`; None is the zone of this machine."""
    return at.astimezone(zone).date()
