"""The part of `FakeOperations` that reports on use: planted reports with the keys of the real one."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]

LATENCY = {
    "first_token_ms": {"n": 100, "median": 1400.0, "p95": 5100.0},
    "total_ms": {"n": 100, "median": 5200.0, "p95": 14000.0},
}
NO_LATENCY = {name: {"n": 0, "median": None, "p95": None} for name in LATENCY}
_SHARES = ("abstained", "unsupported", "unchecked", "thumbs_down")
_COUNTS = ("questions", "answered", "verified", "abstained", "stopped", "tasks")


def make_day(day: str, answered: int = 0, abstained: int = 0) -> Json:
    counts = dict.fromkeys(_COUNTS, 0) | {"answered": answered, "abstained": abstained}
    counts["questions"] = answered + abstained
    return {"day": day, **counts, "total_ms": 5200.0 if answered else None}


def make_share(share: float | None, state: str = "too_few", **more: Any) -> Json:
    known = share is not None
    return {
        "share": share, "low": 0.1 if known else None, "high": 0.3 if known else None,
        "count": 23 if known else 0, "n": 115 if known else 0, "cases": 115 if known else 0,
        "before": {"share": 0.1 if known else None, "count": 9, "n": 90, "cases": 90},
        "difference": {"mean": 0.1, "low": 0.02, "high": 0.18} if state != "too_few" else None,
        "state": state, **more,
    }  # fmt: skip


def make_question(number: int, question: str, conversation: str = "c1") -> Json:
    return {
        "question": question, "at": "2026-11-20T01:00:00.000+00:00", "conversation": conversation,
        "message": number,
    }  # fmt: skip


def empty_usage(days: int = 30) -> Json:
    """A report on a workspace in which nothing was asked."""
    return {
        "days": days, "from": "2026-10-24", "to": "2026-11-22", "user": None, **dict.fromkeys(_COUNTS, 0),
        "by_day": [make_day(f"2026-11-{day}") for day in (21, 22)], "latency": NO_LATENCY,
        "sentences": dict.fromkeys(("supported", "partly", "contradicted", "unsupported", "unchecked"), 0),
        "feedback": {"up": 0, "down": 0, "reasons": {}}, "models": [],
        "shares": {name: make_share(None) for name in _SHARES},
        "before": {"from": "2026-09-24", "to": "2026-10-23", **dict.fromkeys(_COUNTS, 0),
                   "latency": NO_LATENCY},
        "topics": {"state": "too_few", "psi": None, "p": None, "folders": [], "documents": []},
        "unanswered": {"n": 0, "left_out": 0, "by": "vectors", "groups": []},
        "time_saved": {"minutes_per_answer": 5.0, "answers": 0, "waited_minutes": 0.0, "minutes": 0.0},
        "retrain": {"state": "wait", "suggested": False, "adapter": None, "since": None, "reviewed": 0,
                    "corrected": 0, "pairs": 0, "found": 0, "needed": 50, "commands": []},
        "least_questions": 30,
    }  # fmt: skip


def make_usage(**more: Any) -> Json:
    """A report on a busy month, unless `more` says otherwise."""
    place = {"document": "rules", "title": "就業規則", "source": "/srv", "path": "hr/rules.pdf",
             "shown_as": "/srv/hr/rules.pdf"}  # fmt: skip
    return empty_usage() | {
        "questions": 120, "answered": 87, "verified": 5, "abstained": 23, "stopped": 5, "tasks": 3,
        "by_day": [make_day("2026-11-21", 40, 10), make_day("2026-11-22", 52, 13)], "latency": LATENCY,
        "sentences": {"supported": 200, "partly": 20, "contradicted": 2, "unsupported": 12, "unchecked": 6},
        "feedback": {"up": 30, "down": 6, "reasons": {"incomplete": 4, "wrong": 1}},
        "models": [{"model": "m.gguf", "adapter": "tuned-1", "questions": 115, "answered": 87,
                    "abstained": 23, "stopped": 5, "judged": 234, "unsupported": 14, "up": 30, "down": 6,
                    "latency": LATENCY}],
        "shares": {"abstained": make_share(0.2, "more"), "unsupported": make_share(0.06, "same"),
                   "unchecked": make_share(0.025, "less"), "thumbs_down": make_share(None)},
        "before": empty_usage()["before"] | {"questions": 92},
        "topics": {
            "state": "changed", "psi": 0.31, "p": 0.0012,
            "folders": [
                {"kind": "folder", "source": "/srv", "folder": "hr", "shown_as": "/srv/hr", "count": 90,
                 "share": 0.75, "before_count": 40, "before_share": 0.43},
                {"kind": "gone", "source": "", "folder": "", "shown_as": "", "count": 30, "share": 0.25,
                 "before_count": 52, "before_share": None},
            ],
            "documents": [{**place, "count": 22, "before_count": 18}],
        },
        "unanswered": {
            "n": 23, "left_out": 17, "by": "vectors",
            "groups": [
                {"n": 5,
                 "questions": [make_question(12, "駐車場の*料金*は？"), make_question(14, "駐車場は？")],
                 "documents": [{**place, "n": 2}], "owners": [{"owner": "総務部", "documents": []}]},
                {"n": 1, "questions": [], "documents": [], "owners": []},
            ],
        },
        "time_saved": {"minutes_per_answer": 5.0, "answers": 88, "waited_minutes": 20.0, "minutes": 420.0},
        **more,
    }  # fmt: skip


class FakeMonitoring:
    """`usage` is what the next report says, `asked_days` how many days were asked for."""

    def __init__(self) -> None:
        self.usage: Json = empty_usage()
        self.asked_days: list[int] = []

    def monitoring(self, *, days: int = 30, user: str | None = None) -> Json:
        self.asked_days.append(days)
        return self.usage | {"days": days, "user": user}
