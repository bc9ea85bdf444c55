"""How a trial went: what readers thought of both sides' answers, and how sure the difference is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from assistant.adapter_rows import AnswerOutcome
from assistant.adapters import Publication
from assistant.evaluation.shares import Share, share_difference


@dataclass(frozen=True, slots=True)
class Trial:
    """A trial that runs or ran: `adapter` against `current`; `until` None while it runs."""

    adapter: str
    share: float
    since: str
    until: str | None
    current: str | None


def last_trial(publication: Publication) -> Trial | None:
    """The trial that runs, or the last one that ran."""
    found: Mapping[str, Any] | None = None
    until: str | None = None
    served: str | None = None
    beside: str | None = None  # what was served besides when it ended; rows are in order, clocks need not be
    for row in publication.history:
        if row["act"] == "trial":
            found, until = row, None
        elif row["act"] == "end_trial" and found is not None and until is None:
            until, beside = row["at"], served
        elif row["act"] in ("publish", "rollback"):
            served = row["adapter"]
    if found is None:
        return None
    current = publication.current if until is None else beside
    return Trial(str(found["adapter"]), float(found["share"]), str(found["at"]), until, current)


def _liked(rows: list[AnswerOutcome]) -> Share:
    """Thumbs up of those that were given."""
    return Share(sum(one.rating == "up" for one in rows), sum(bool(one.rating) for one in rows))


def _abstained(rows: list[AnswerOutcome]) -> Share:
    return Share(sum(one.abstained for one in rows), len(rows))


def _unsupported(rows: list[AnswerOutcome]) -> Share:
    """Of the answers that were given, those with a sentence without ground."""
    given = [one for one in rows if not one.abstained]
    return Share(sum(one.unsupported for one in given), len(given))


_MEASURES: Mapping[str, Callable[[list[AnswerOutcome]], Share]] = {
    "liked": _liked, "abstained": _abstained, "unsupported": _unsupported,
}  # fmt: skip


def outcome(trial: Trial, rows: Iterable[AnswerOutcome]) -> dict[str, Any]:
    """The value of `train trial --json`. Intervals at 95 %; differences are trial less current."""
    found = list(rows)
    sides = {
        "current": [one for one in found if one.adapter == trial.current],
        "trial": [one for one in found if one.adapter == trial.adapter],
    }
    shares = {side: {name: of(rows) for name, of in _MEASURES.items()} for side, rows in sides.items()}
    names = {"current": trial.current, "trial": trial.adapter}
    differences = {
        name: share_difference(shares["trial"][name], shares["current"][name]) for name in _MEASURES
    }
    return {
        "adapter": trial.adapter, "share": trial.share, "running": trial.until is None, "since": trial.since,
        "until": trial.until,
        **{side: _side(names[side], rows, shares[side]) for side, rows in sides.items()},
        "differences": {name: one and one.as_json() for name, one in differences.items()},
    }  # fmt: skip


def _side(adapter: str | None, rows: list[AnswerOutcome], shares: Mapping[str, Share]) -> dict[str, Any]:
    return {
        "adapter": adapter, "answers": len(rows), "conversations": len({one.conversation for one in rows}),
        "up": sum(one.rating == "up" for one in rows), "down": sum(one.rating == "down" for one in rows),
        **{name: share.as_json() for name, share in shares.items()},
    }  # fmt: skip
