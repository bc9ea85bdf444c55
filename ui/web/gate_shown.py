"""A report of the gate as rows, words and a picture. Knows no Streamlit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from assistant.answers import Language
from ui.moments import moment
from ui.quality.gating import difference_value, metric_label, metric_value, reason_text
from ui.texts import t
from ui.web.charts import Plot
from ui.web.comparing import judged_text
from ui.web.interval_charts import differences_plot

Json = dict[str, Any]

_SPEEDS = ("first_token_ms", "tokens_per_s")
_OUTCOMES = ("right", "cited", "refused", "wrongly_refused", "general")
"""Measures of yes or no that tell what came of a question."""


def reasons(report: Json, language: Language) -> list[str]:
    """Why an adapter passed or did not."""
    return [reason_text(reason, language) for reason in report["reasons"]]


def about_line(report: Json, language: Language) -> str:
    """When, with how many questions of each kind."""
    at = moment(report["created_at"])
    date = f"{at:%Y-%m-%d %H:%M}" if at else report["created_at"]
    return t(language, "gate", "page.made", date=date, version=report["konkyo"], **report["n"])


def metric_rows(report: Json, language: Language) -> list[Json]:
    """Every measure on both sides, their difference with its interval, and what that says."""
    return [
        {
            "measure": metric_label(name, language),
            "base": metric_value(name, one["base"]),
            "tuned": metric_value(name, one["tuned"]),
            "difference": difference_value(name, one["difference"]),
            "interval": " – ".join(difference_value(name, end) for end in one["ci"]),
            "n": one["n"],
            "verdict": judged_text(one["verdict"], language),
        }
        for name, one in report["metrics"].items()
    ]


def metrics_plot(report: Json, language: Language) -> Plot | None:
    """The differences of all shares with their intervals; None when there is none."""
    values = []
    for name, one in report["metrics"].items():
        if name in _SPEEDS:
            continue
        low, high = one["ci"]
        values.append(
            {
                "name": metric_label(name, language),
                "verdict": t(language, "quality", f"verdict.{one['verdict']}"),
                "value": difference_value(name, one["difference"]),
                "interval": f"{difference_value(name, low)} – {difference_value(name, high)}",
                "mean": 100 * one["difference"], "low": 100 * low, "high": 100 * high,
            }
        )  # fmt: skip
    if not values:
        return None
    spec = differences_plot(values, language, x=t(language, "gate", "page.points"), form="+.0f")
    title = t(language, "gate", "page.differences")
    return Plot("gate", title, t(language, "web", "training.gate_note"), spec, ())


def outcome(side: Json, language: Language) -> str:
    """What came of a question on one side, in a few words."""
    told = [metric_label(name, language) for name in _OUTCOMES if side["measures"].get(name) == 1.0]
    return ", ".join(told) or "–"


def differs(row: Json) -> bool:
    """Whether the two sides said something else, or something else came of it."""
    base, tuned = row["base"], row["tuned"]
    return bool(base["answer"] != tuned["answer"]) or _came(base) != _came(tuned)


def turned(row: Json) -> bool:
    """Whether something else came of the question with the adapter."""
    return _came(row["base"]) != _came(row["tuned"])


def _came(side: Json) -> tuple[bool, ...]:
    return tuple(side["measures"].get(name) == 1.0 for name in _OUTCOMES)


def question_rows(rows: Sequence[Json], language: Language) -> list[Json]:
    """A line for each question: what was asked, and what came of it on both sides."""
    return [
        {
            "question": " ".join(row["question"].split()) or t(language, "web", "training.row_gone"),
            "part": t(language, "web", f"training.parts.{row['part']}"),
            "base": outcome(row["base"], language),
            "tuned": outcome(row["tuned"], language),
        }
        for row in rows
    ]
