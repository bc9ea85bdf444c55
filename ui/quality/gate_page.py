"""A report of the gate as one page that needs nothing else: verdict, measures, and both sides' answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from assistant.answers import Language
from training.tuning.gate.measuring import LOWER_IS_BETTER, SIDES, SPEEDS
from ui.quality.charts import interval_chart
from ui.quality.gating import difference_value, metric_label, metric_value, reason_text
from ui.quality.page import details, table, whole_page
from ui.texts import t

Json = dict[str, Any]
_MOST = 300
_SHOWN = ("right", "cited", "refused", "wrongly_refused", "general")
"""Measures that tell what came of a question."""


def gate_page(report: Mapping[str, Any], language: Language) -> str:
    """The HTML of a report with its `rows`."""

    def say(key: str, **values: object) -> str:
        return t(language, "gate", key, **values)

    title = say("page.title", adapter=report["adapter"], base=report["base"])
    made = say("page.made", date=report["created_at"], version=report["konkyo"], **report["n"])
    reasons = "".join(f"<li>{escape(reason_text(one, language))}</li>" for one in report["reasons"])
    lower = ", ".join(metric_label(name, language) for name in sorted(LOWER_IS_BETTER))
    rest = {
        name: value for name, value in report.items() if name not in ("rows", "metrics", "reasons")
    }  # fmt: skip
    body = [
        f"<h1>{escape(title)}</h1>", f"<p>{escape(made)}</p>",
        f"<p><strong>{escape(say('passed' if report['passed'] else 'failed'))}</strong></p>",
        f"<h2>{escape(say('page.why'))}</h2><ul>{reasons}</ul>", _measures(report["metrics"], language),
        f"<p>{escape(say('page.note', lower=lower))}</p>", _chart(report["metrics"], language),
        f"<h2>{escape(say('page.side_by_side'))}</h2>", *_answers(report["rows"], language),
        details(say("page.settings"), rest),
    ]  # fmt: skip
    return whole_page(title, body, language)


def _measures(metrics: Mapping[str, Json], language: Language) -> str:
    def say(key: str) -> str:
        return escape(t(language, "gate", key))

    rows = []
    for name, one in metrics.items():
        low, high = (difference_value(name, end) for end in one["ci"])
        verdict = t(language, "quality", f"verdict.{one['verdict']}")
        rows.append(
            [escape(metric_label(name, language)), metric_value(name, one["base"]),
             metric_value(name, one["tuned"]), difference_value(name, one["difference"]),
             f"{low} – {high}", "–" if one["p"] is None else f"{one['p']:.3f}", str(one["n"]),
             escape(verdict)]
        )  # fmt: skip
    head = [
        say("page.measure"), say("base"), say("tuned"), say("page.difference"), say("page.interval"),
        say("page.p"), say("page.questions"), "",
    ]  # fmt: skip
    return f"<h2>{say('page.measures')}</h2>{table(head, rows)}"


def _chart(metrics: Mapping[str, Json], language: Language) -> str:
    drawn = {
        metric_label(name, language): (one["difference"] * 100, one["ci"][0] * 100, one["ci"][1] * 100)
        for name, one in metrics.items()
        if name not in SPEEDS
    }
    title, points = (t(language, "gate", f"page.{key}") for key in ("differences", "points"))
    verdicts = {metric_label(name, language): str(one["verdict"]) for name, one in metrics.items()}
    return interval_chart(drawn, verdicts, title=title, x=points) if drawn else ""


def _answers(rows: Sequence[Json], language: Language) -> list[str]:
    """First the questions of which something else came, then the others below a fold."""
    other = [row for row in rows if _outcome(row["base"]) != _outcome(row["tuned"])]
    same = [row for row in rows if _outcome(row["base"]) == _outcome(row["tuned"])]
    found = []
    for key, chosen, fold in (("differing", other, " open"), ("others", same, "")):
        summary = f"{escape(t(language, 'gate', f'page.{key}'))} ({len(chosen)})"
        found.append(
            f"<details{fold}><summary>{summary}</summary>{_both_sides(chosen[:_MOST], language)}</details>"
        )
    return found


def _both_sides(rows: Sequence[Json], language: Language) -> str:
    head = [escape(t(language, "gate", key)) for key in ("page.question", "page.reference", *SIDES)]
    return table(head, [_row(row, language) for row in rows])


def _row(row: Json, language: Language) -> list[str]:
    wanted = row["reference"] or " / ".join(row["accepted"])
    told = [escape(row["question"]), escape(wanted).replace("\n", "<br>")]
    for side in SIDES:
        came = ", ".join(metric_label(name, language) for name in _outcome(row[side])) or "–"
        text = escape(row[side]["answer"]).replace("\n", "<br>")
        told.append(f"{text}<br><em>{escape(came)}</em>")
    return told


def _outcome(side: Json) -> tuple[str, ...]:
    return tuple(name for name in _SHOWN if side["measures"].get(name) == 1.0)
