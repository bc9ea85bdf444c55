"""The whole report on a workspace's use: this period, the one before, and what they suggest to do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Any

from assistant.adapters import AdapterFolder
from assistant.errors import MonitoringError
from assistant.monitoring.asked_rows import Asked, AskedRows
from assistant.monitoring.counting import (
    by_day,
    by_model,
    latency,
    outcome_counts,
    questions,
    thumbs,
    time_saved,
    verdict_counts,
)
from assistant.monitoring.days import last_days, local_day
from assistant.monitoring.drift import shares
from assistant.monitoring.grouping import Embed
from assistant.monitoring.retraining import last_published, retraining
from assistant.monitoring.topics import topics
from assistant.monitoring.unanswered import Requotes, unanswered
from ingestion.documents import Location
from ingestion.settings import MonitoringSettings

Json = dict[str, Any]

MOST_DAYS = 3650


class Monitor:
    """Reports on one workspace. `places` tells where each document lies, `zone` None is the machine's.

    `embedder` is asked for only when there are questions to compare, and may give None.
    """

    def __init__(
        self,
        rows: AskedRows,
        requoter: Requotes,
        adapters: AdapterFolder,
        settings: MonitoringSettings,
        *,
        places: Callable[[], Mapping[str, Location]] = dict,
        owners: Callable[[Sequence[Json]], list[Json]] = lambda _documents: [],
        embedder: Callable[[], Embed | None] = lambda: None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        zone: tzinfo | None = None,
    ) -> None:
        self._rows = rows
        self._requoter = requoter
        self._adapters = adapters
        self._settings = settings
        self._places = places
        self._owners = owners
        self._embedder = embedder
        self._clock = clock
        self._zone = zone

    def report(self, days: int = 30, *, user: str | None = None, reader: str = "local") -> Json:
        """`days` local days up to today and as many before, of one `user` or of all; keys as in docs/cli.md.

        Figures are of everybody's questions, words only of those of `reader`.

        Raises:
            MonitoringError: so many days cannot be looked at.
            AdapterError: the record of published adapters cannot be read.
        """
        if not 1 <= days <= MOST_DAYS:
            raise MonitoringError(f"{days} days cannot be looked at. Choose 1 to {MOST_DAYS}.")
        period = last_days(local_day(self._clock(), self._zone), days)
        now, before = (
            self._rows.between(*one.bounds(self._zone), user=user) for one in (period, period.before())
        )
        least = self._settings.least_questions
        last = last_published(self._adapters)
        since = last[1] if last else None
        return {
            "days": days, **period.as_json(), "user": user, **outcome_counts(now),
            "by_day": by_day(now, period, self._zone), "latency": latency(now),
            "sentences": verdict_counts(now), "feedback": thumbs(now), "models": by_model(now),
            "shares": shares(now, before, least),
            "before": {**period.before().as_json(), **outcome_counts(before), "latency": latency(before)},
            "topics": topics(questions(now), questions(before), self._places(), least),
            "unanswered": self._unanswered(now, reader),
            "time_saved": time_saved(now, self._settings.minutes_per_answer),
            "retrain": retraining(
                self._rows.said_since(since, user=user), self._rows.reviewed_since(since), last,
                self._settings.retrain_after,
            ),
            "least_questions": least,
        }  # fmt: skip

    def _unanswered(self, now: Sequence[Asked], reader: str) -> Json:
        several = sum(one.outcome == "abstained" for one in now) > 1
        return unanswered(
            now, self._rows.answers, self._requoter, self._owners,
            reader=reader, embed=self._embedder() if several else None,
        )  # fmt: skip
