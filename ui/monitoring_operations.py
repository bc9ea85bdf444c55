"""The operation that reports on how a workspace is used. Part of `ui.operations.Operations`."""

from __future__ import annotations

from typing import Any, Protocol

Json = dict[str, Any]


class MonitoringOperations(Protocol):
    """Counts over the questions in kept conversations."""

    def monitoring(self, *, days: int = 30, user: str | None = None) -> Json:
        """`days` local days up to today, beside as many before; of one `user`, or of all.

        `{days, from, to, user, questions, answered, verified, abstained, stopped, tasks, by_day, latency,
        sentences, feedback, models, shares, before, topics, unanswered, time_saved, retrain,
        least_questions}`, see `konkyo monitor` in docs/cli.md. What has too few questions to be compared is
        "too_few". Words of documents are those that may be shown now.

        Raises:
            MonitoringError: so many days cannot be looked at.
        """
        ...
