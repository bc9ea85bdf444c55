"""Shares of a period beside those of the period before, each with how sure the difference is.

Too few cases in either period give no difference but say so: "too_few" is a state of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

from assistant.answers import Verdict
from assistant.monitoring.asked_rows import Asked
from assistant.monitoring.counting import questions, without_ground
from assistant.monitoring.intervals import difference_interval, effective_size, share_interval

Json = dict[str, Any]
State = Literal["more", "less", "same", "too_few"]
Pairs = Sequence[tuple[int, int]]
"""For each case (how many had it, how many there are); a case without any is left out."""


def shares(now: Sequence[Asked], before: Sequence[Asked], least: int) -> dict[str, Json]:
    """`abstained`, `unsupported`, `unchecked` and `thumbs_down`, as `share` describes each.

    `abstained` is of questions that were not stopped; `unsupported` of the sentences that were judged;
    `unchecked` of all sentences; `thumbs_down` of all thumbs.
    """
    measures: dict[str, Callable[[Asked], tuple[int, int]]] = {
        "abstained": lambda one: (int(one.outcome == "abstained"), int(one.outcome != "stopped")),
        "unsupported": without_ground,
        "unchecked": lambda one: (
            one.verdicts.get(Verdict.UNCHECKED.value, 0), sum(one.verdicts.values())
        ),
        "thumbs_down": lambda one: (int(one.rating == "down"), int(bool(one.rating))),
    }  # fmt: skip
    later, earlier = questions(now), questions(before)
    return {
        name: share([measure(one) for one in later], [measure(one) for one in earlier], least)
        for name, measure in measures.items()
    }


def share(now: Pairs, before: Pairs, least: int) -> Json:
    """`{share, low, high, count, n, cases, before: {share, count, n, cases}, difference, state}`.

    `low` and `high` are the 95 % interval; `difference` is `{mean, low, high}` of now − before, None while
    either period has fewer than `least` cases. `state` is "more" or "less" when that interval leaves out 0.
    `n` counts what the share is of (questions, sentences, thumbs), `cases` the questions that have any.
    """
    one, other = _counted(now), _counted(before)
    told: Json = {**one, "low": None, "high": None, "before": other, "difference": None, "state": "too_few"}
    if one["n"]:
        interval = share_interval(one["share"], effective_size(now))
        told |= {"low": round(interval.low, 4), "high": round(interval.high, 4)}
    if min(one["cases"], other["cases"]) >= max(least, 1):
        found = difference_interval(one["share"], effective_size(now), other["share"], effective_size(before))
        state: State = "more" if found.low > 0 else "less" if found.high < 0 else "same"
        told |= {"difference": found.as_json(), "state": state}
    return told


def _counted(pairs: Pairs) -> Json:
    count, n = sum(having for having, _ in pairs), sum(size for _, size in pairs)
    cases = sum(size > 0 for _, size in pairs)
    return {"share": count / n if n else None, "count": count, "n": n, "cases": cases}
