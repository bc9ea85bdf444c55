"""Plain counts over questions: by day, by model, times, verdicts, thumbs."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import tzinfo
from typing import Any

from assistant.answers import Verdict
from assistant.evaluation.metrics import percentile
from assistant.mending import WITHOUT_GROUND
from assistant.monitoring.asked_rows import OUTCOMES, Asked
from assistant.monitoring.days import Period, local_day

Json = dict[str, Any]


def questions(asked: Iterable[Asked]) -> list[Asked]:
    """Without tasks."""
    return [one for one in asked if one.outcome != "task"]


def outcome_counts(asked: Iterable[Asked]) -> Json:
    """`{questions, answered, verified, abstained, stopped, tasks}`; the middle four add up to the first."""
    counts = Counter(one.outcome for one in asked)
    told: Json = {outcome: counts[outcome] for outcome in OUTCOMES if outcome != "task"}
    return {"questions": sum(told.values()), **told, "tasks": counts["task"]}


def by_day(asked: Iterable[Asked], period: Period, zone: tzinfo | None) -> list[Json]:
    """One row for each local day, days without questions too; `total_ms` is that day's median, or None."""
    days: dict[str, list[Asked]] = {day.isoformat(): [] for day in period}
    for one in asked:
        day = local_day(one.at, zone).isoformat()
        if day in days:
            days[day].append(one)
    return [
        {"day": day, **outcome_counts(found), "total_ms": latency(found)["total_ms"]["median"]}
        for day, found in days.items()
    ]


def latency(asked: Sequence[Asked]) -> Json:
    """`{first_token_ms, total_ms}`, each `{n, median, p95}` by nearest rank; None where `n` is 0.

    Of answers that the model wrote to their end: others have no first token, or were not waited for.
    """
    written = [one for one in asked if one.written]
    first = [one.first_token_ms for one in written if one.first_token_ms is not None]
    return {"first_token_ms": _quantiles(first), "total_ms": _quantiles([one.total_ms for one in written])}


def _quantiles(values: Sequence[float]) -> Json:
    if not values:
        return {"n": 0, "median": None, "p95": None}
    return {"n": len(values), "median": percentile(values, 0.5), "p95": percentile(values, 0.95)}


def verdict_counts(asked: Iterable[Asked]) -> Json:
    """How many sentences have each verdict, every verdict named."""
    total: Counter[str] = Counter()
    for one in questions(asked):
        total.update(one.verdicts)
    return {verdict.value: total[verdict.value] for verdict in Verdict}


def without_ground(one: Asked) -> tuple[int, int]:
    """Sentences without ground, or against it, and all that were judged: what was not checked is neither."""
    judged = sum(one.verdicts.values()) - one.verdicts.get(Verdict.UNCHECKED.value, 0)
    return sum(one.verdicts.get(verdict.value, 0) for verdict in WITHOUT_GROUND), judged


def thumbs(asked: Iterable[Asked]) -> Json:
    """`{up, down, reasons}` of questions and tasks; `reasons` counts those that were named with a down."""
    rated = [one for one in asked if one.rating]
    reasons = Counter(one.reason for one in rated if one.rating == "down" and one.reason)
    up = sum(one.rating == "up" for one in rated)
    return {"up": up, "down": len(rated) - up, "reasons": dict(reasons.most_common())}


def by_model(asked: Iterable[Asked]) -> list[Json]:
    """A row for each model with its adapter, the most asked first; editors' answers have no model."""
    groups: defaultdict[tuple[str, str | None], list[Asked]] = defaultdict(list)
    for one in questions(asked):
        if one.model:
            groups[one.model, one.adapter].append(one)
    rows = [_model_row(model, adapter, found) for (model, adapter), found in groups.items()]
    return sorted(rows, key=lambda row: (-row["questions"], row["model"], row["adapter"] or ""))


def _model_row(model: str, adapter: str | None, found: Sequence[Asked]) -> Json:
    counts, rated = outcome_counts(found), thumbs(found)
    pairs = [without_ground(one) for one in found]
    return {
        "model": model, "adapter": adapter,
        **{key: counts[key] for key in ("questions", "answered", "abstained", "stopped")},
        "judged": sum(judged for _, judged in pairs), "unsupported": sum(having for having, _ in pairs),
        "up": rated["up"], "down": rated["down"], "latency": latency(found),
    }  # fmt: skip


def time_saved(asked: Iterable[Asked], minutes_per_answer: float) -> Json:
    """Minutes saved: those of each answer that helped, less the minutes that people waited for all answers.

    An answer helped when it was not withheld, stopped or marked with a thumb down. How many minutes one
    spares is an assumption of the settings, so this is an estimate.
    """
    found = questions(asked)
    helped = sum(one.outcome in ("answered", "verified") and one.rating != "down" for one in found)
    waited = sum(one.total_ms for one in found) / 60_000
    return {
        "minutes_per_answer": minutes_per_answer, "answers": helped, "waited_minutes": round(waited, 1),
        "minutes": round(helped * minutes_per_answer - waited, 1),
    }  # fmt: skip
