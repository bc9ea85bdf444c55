"""A report as one page that needs nothing else: figures, charts, and the questions that went wrong."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from assistant.answers import Language
from ui.quality.charts import bar_chart, line_chart
from ui.quality.outcomes import fault_name, is_missed, metric_name, outcome, type_name, verdict_text
from ui.texts import t, texts

Json = dict[str, Any]

_STYLE = """
body { font: 15px/1.6 system-ui, "Hiragino Sans", "Yu Gothic", sans-serif; margin: 2rem auto;
  max-width: 60rem; padding: 0 1rem; color: #1a1a1a; background: #fff; }
table { border-collapse: collapse; margin: .5rem 0 1.5rem; }
th, td { border-bottom: 1px solid #ccc; padding: .3rem .7rem; text-align: left; vertical-align: top; }
td.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
figure { margin: 1rem 0 2rem; max-width: 42rem; } figcaption { font-weight: 600; }
svg { width: 100%; height: auto; } svg text { font-size: 12px; fill: #333; } svg .grid { stroke: #ddd; }
details { margin: 1rem 0; } pre { white-space: pre-wrap; overflow-wrap: anywhere; font-size: 12px; }
"""
# Nothing may be loaded, and no script may run, whatever a question or an answer holds.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_MOST_MISSES = 200
_FIGURES = re.compile(r"[-+]?[0-9][-+0-9.,–% \u00a0]*")


def report_page(report: Mapping[str, Any], language: Language) -> str:
    """The HTML of a report with its `rows` and `curves` (`evaluation_report`)."""

    def say(key: str, **values: object) -> str:
        return t(language, "quality", f"page.{key}", **values)

    title = say("title", kind=say(f"kinds.{report['kind']}"), data=report["configuration"]["data"]["name"])
    body = [
        f"<h1>{escape(title)}</h1>",
        f"<p>{escape(say('made', date=report['created'], version=report['konkyo'], n=report['n']))}</p>",
        _models(report, say("models")), _metrics(report, language), *_charts(report["curves"], language),
        _types(report["curves"].get("by_type", {}), language), _misses(report["rows"], language),
        details(say("figures"), report["figures"]), details(say("configuration"), report["configuration"]),
    ]  # fmt: skip
    return whole_page(title, body, language)


def whole_page(title: str, body: Iterable[str], language: Language) -> str:
    """A page of pieces of HTML that loads nothing and runs nothing."""
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        f'<meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style></head><body>{''.join(body)}</body></html>\n"
    )


def _models(report: Mapping[str, Any], heading: str) -> str:
    models = report["configuration"]["models"]
    rows = [[escape(role), escape(str(name or "–"))] for role, name in models.items()]
    return f"<h2>{escape(heading)}</h2>{table([], rows)}" if rows else ""


def _metrics(report: Mapping[str, Any], language: Language) -> str:
    def say(key: str) -> str:
        return escape(t(language, "quality", f"page.{key}"))

    rows = [
        [escape(metric_name(name, language)), _number(one["mean"]),
         f"{_number(one['low'])} – {_number(one['high'])}", str(one["n"])]
        for name, one in report["metrics"].items()
    ]  # fmt: skip
    head = [say("metric"), say("mean"), say("interval"), say("questions")]
    return f"<h2>{say('figures')}</h2>{table(head, rows)}"


def _charts(curves: Json, language: Language) -> list[str]:
    def say(key: str) -> str:
        return t(language, "quality", f"page.{key}")

    drawn = []
    if "recall_by_k" in curves:
        named = texts(language)["quality"]["page"]["search"]
        series = {named.get(name, name): points for name, points in curves["recall_by_k"].items()}
        last = max((points[-1][0] for points in curves["recall_by_k"].values()), default=2)
        drawn.append(
            line_chart(series, title=say("recall"), x=say("rank"), y=say("share"), x_range=(0, last))
        )
    if "abstention" in curves:
        points = [(one["false_refusals"], one["false_answers"]) for one in curves["abstention"]]
        drawn.append(
            line_chart(
                {say("thresholds"): sorted(points)}, title=say("abstention"), x=say("false_refusals"),
                y=say("false_answers"), x_range=(0, 1),
            )
        )  # fmt: skip
    if any(curves.get("verdicts", {}).values()):
        bars = {t(language, "web", f"verdict.{name}"): n for name, n in curves["verdicts"].items()}
        drawn.append(bar_chart(bars, title=say("verdicts")))
    if any(curves.get("faults", {}).values()):
        bars = {fault_name(name, language): n for name, n in curves["faults"].items()}
        drawn.append(bar_chart(bars, title=say("faults")))
    if any(curves.get("latency", {}).values()):
        series = {
            t(language, "web", f"quality.times.{name}"): [(ms / 1000, share) for ms, share in points]
            for name, points in curves["latency"].items()
        }
        drawn.append(line_chart(series, title=say("latency"), x=say("seconds"), y=say("share"), steps=True))
    return drawn


def _types(kinds: Mapping[str, Json], language: Language) -> str:
    if not kinds:
        return ""
    names = list(dict.fromkeys(name for one in kinds.values() for name in one if name != "n"))
    head = [escape(t(language, "quality", "page.type")), "n"]
    head += [escape(metric_name(name, language)) for name in names]
    rows = [
        [
            escape(type_name(kind, language)),
            str(one["n"]),
            *(_number(one[name]) if name in one else "–" for name in names),
        ]
        for kind, one in kinds.items()
    ]
    return f"<h2>{escape(t(language, 'quality', 'page.by_type'))}</h2>{table(head, rows)}"


def _misses(rows: Sequence[Json], language: Language) -> str:
    def say(key: str) -> str:
        return escape(t(language, "quality", f"page.{key}"))

    missed = [row for row in rows if is_missed(row["measures"])]
    if not missed:
        return ""
    told = []
    for row in missed[:_MOST_MISSES]:
        wanted = " / ".join(row.get("reference", ())) or verdict_text(str(row.get("label") or ""), language)
        told.append(
            [escape(row["id"]), escape(row["question"]), escape(wanted),
             escape(row.get("answer", "")).replace("\n", "<br>"), escape(outcome(row, language))]
        )  # fmt: skip
    head = ["id", say("question"), say("reference"), say("answer"), say("why")]
    summary = f"{say('misses')} ({len(missed)})"
    return f"<details><summary>{summary}</summary>{table(head, told)}</details>"


def details(summary: str, value: Any) -> str:
    """A value as JSON below a fold."""
    text = escape(json.dumps(value, ensure_ascii=False, indent=1))
    return f"<details><summary>{escape(summary)} (JSON)</summary><pre>{text}</pre></details>"


def table(head: Iterable[str], rows: Iterable[Sequence[str]]) -> str:
    """A table whose `head` and `rows` hold HTML."""
    top = "".join(f'<th scope="col">{cell}</th>' for cell in head)
    lines = ["".join(_cell(cell) for cell in row) for row in rows]
    return f"<table>{f'<tr>{top}</tr>' if top else ''}{''.join(f'<tr>{line}</tr>' for line in lines)}</table>"


def _cell(cell: str) -> str:
    number = _FIGURES.fullmatch(cell) is not None
    return f'<td class="number">{cell}</td>' if number else f"<td>{cell}</td>"


def _number(value: float) -> str:
    """Shares with three places, milliseconds without any."""
    return f"{value:,.0f}" if value >= 10 else f"{value:.3f}"
