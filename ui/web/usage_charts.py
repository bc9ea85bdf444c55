"""The plots of the page on use as Vega-Lite specifications; each is a table, too (`Plot.rows`)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from assistant.answers import Language
from ui.web.charts import COLOURS, Plot, bars_height, named, shares, verdict_plot
from ui.web.usage import percent, say, seconds, topic_name

Json = dict[str, Any]

_OUTCOMES = {
    "answered": COLOURS[0], "verified": COLOURS[2], "abstained": COLOURS[1], "stopped": "#7b8794"
}  # fmt: skip
_DAYS_HEIGHT = 220
_LEGEND_HEIGHT = 60
_GREY = "#7b8794"
_LEGEND = {"orient": "bottom", "title": None, "labelLimit": 0}


def small_plots(report: Json, language: Language) -> Iterator[Plot]:
    """What can be drawn beside each other, where there is something to draw."""
    if any(one["share"] is not None for one in report["shares"].values()):
        yield shares_plot(report, language)
    if any(report["sentences"].values()):
        yield verdict_plot(report["sentences"], language)
    if any(row["total_ms"] is not None for row in report["by_day"]):
        yield time_plot(report, language)
    if report["topics"]["folders"]:
        yield topics_plot(report, language)


def days_plot(report: Json, language: Language) -> Plot:
    """Questions for each day, stacked by what became of them."""
    names = {name: say(language, f"outcome.{name}") for name in _OUTCOMES}
    values = [
        {"day": row["day"], "at": _at(row["day"]), "outcome": names[name], "number": row[name],
         "order": order}
        for row in report["by_day"]
        for order, name in enumerate(_OUTCOMES)
    ]  # fmt: skip
    colours = {"domain": list(names.values()), "range": list(_OUTCOMES.values())}
    spec = {
        "data": {"values": values},
        "height": _DAYS_HEIGHT + _LEGEND_HEIGHT,
        "mark": {"type": "bar"},
        "encoding": {
            "x": _days(),
            "y": {"field": "number", "type": "quantitative", "stack": "zero",
                  "title": say(language, "questions"), "axis": {"tickMinStep": 1, "format": "d"}},
            "color": {"field": "outcome", "type": "nominal", "legend": _LEGEND, "scale": colours},
            "order": {"field": "order", "type": "quantitative"},
            "tooltip": [
                {"field": "day", "title": say(language, "day")},
                {"field": "outcome", "title": " "},
                {"field": "number", "title": say(language, "questions")},
            ],
        },
    }  # fmt: skip
    rows = [
        {say(language, "day"): row["day"], say(language, "questions"): row["questions"]}
        | {names[name]: row[name] for name in _OUTCOMES}
        for row in reversed(report["by_day"])
    ]
    return Plot(
        "usage_days", say(language, "questions_by_day"), say(language, "questions_note"), spec, rows
    )  # fmt: skip


def time_plot(report: Json, language: Language) -> Plot:
    """The median time to a whole answer on each day that has one."""
    found = [row for row in report["by_day"] if row["total_ms"] is not None]
    values = [
        {"day": row["day"], "at": _at(row["day"]), "seconds": row["total_ms"] / 1000} for row in found
    ]  # fmt: skip
    y = {"field": "seconds", "type": "quantitative", "title": say(language, "seconds_axis"),
         "scale": {"zero": True}}  # fmt: skip
    tip = [{"field": "day", "title": say(language, "day")},
           {"field": "seconds", "title": say(language, "seconds_axis"), "format": ".1f"}]  # fmt: skip
    spec = {
        "data": {"values": values},
        "height": _DAYS_HEIGHT,
        "mark": {"type": "line", "point": True, "color": COLOURS[0]},
        "encoding": {"x": _days(), "y": y, "tooltip": tip},
    }
    rows = [
        {say(language, "day"): row["day"], say(language, "seconds_axis"): seconds(row["total_ms"])}
        for row in reversed(found)
    ]
    return Plot("usage_times", say(language, "time_by_day"), say(language, "time_note"), spec, rows)


def shares_plot(report: Json, language: Language) -> Plot:
    """Each share with its interval, and what it was before as a ring."""
    values = [
        {
            "name": say(language, f"measure.{name}"), "share": one["share"], "low": one["low"],
            "high": one["high"], "before": one["before"]["share"], "now_text": percent(one["share"]),
            "before_text": percent(one["before"]["share"]),
        }
        for name, one in report["shares"].items()
        if one["share"] is not None
    ]  # fmt: skip
    tip = [
        {"field": "name", "title": say(language, "share")},
        {"field": "now_text", "title": say(language, "share_now")},
        {"field": "before_text", "title": say(language, "share_before")},
    ]
    known = [value for value in values if value["before"] is not None]
    spec = {
        "data": {"values": values},
        "height": bars_height(len(values)),
        "encoding": {"y": named([value["name"] for value in values])},
        "layer": [
            {"mark": {"type": "rule", "strokeWidth": 2, "color": COLOURS[0]},
             "encoding": {"x": {"field": "low", **shares("")}, "x2": {"field": "high"}}},
            {"data": {"values": known},
             "mark": {"type": "point", "filled": False, "size": 130, "color": _GREY, "strokeWidth": 2},
             "encoding": {"x": {"field": "before", **shares("")}, "tooltip": tip}},
            {"mark": {"type": "point", "filled": True, "size": 90, "color": COLOURS[0], "opacity": 1},
             "encoding": {"x": {"field": "share", **shares("")}, "tooltip": tip}},
        ],
    }  # fmt: skip
    return Plot("usage_shares", say(language, "shares"), say(language, "shares_note"), spec, ())


def topics_plot(report: Json, language: Language) -> Plot:
    """The share of questions by folder, now and before."""
    periods = {"share": say(language, "now"), "before_share": say(language, "before")}
    folders = report["topics"]["folders"]
    names = [topic_name(one, language) for one in folders]
    values = [
        {"name": name, "period": periods[key], "share": one[key], "text": percent(one[key])}
        for name, one in zip(names, folders, strict=True)
        for key in periods
        if one[key] is not None
    ]
    series = {
        "field": "period", "type": "nominal", "legend": _LEGEND,
        "scale": {"domain": list(periods.values()), "range": [COLOURS[0], "#b9c4cf"]},
    }  # fmt: skip
    spec = {
        "data": {"values": values},
        "height": 2 * bars_height(len(names)) + _LEGEND_HEIGHT,
        "mark": {"type": "bar"},
        "encoding": {
            "y": named(names),
            "yOffset": {"field": "period", "type": "nominal", "sort": list(periods.values())},
            "x": {"field": "share", **shares("")},
            "color": series,
            "tooltip": [{"field": "name", "title": say(language, "folder")},
                        {"field": "period", "title": " "},
                        {"field": "text", "title": say(language, "share")}],
        },
    }  # fmt: skip
    rows = [
        {say(language, "folder"): name, periods["share"]: one["count"],
         f"{periods['share']} (%)": percent(one["share"]), periods["before_share"]: one["before_count"],
         f"{periods['before_share']} (%)": percent(one["before_share"])}
        for name, one in zip(names, folders, strict=True)
    ]  # fmt: skip
    return Plot("usage_topics", say(language, "topics"), say(language, "topics_note"), spec, rows)


def _at(day: str) -> str:
    """A day as the browser reads it: with an hour, because without one it takes it for midnight in UTC."""
    return f"{day}T00:00:00"


def _days() -> Json:
    axis = {"format": "%m-%d", "title": None, "labelOverlap": True}
    return {"field": "at", "type": "temporal", "timeUnit": "yearmonthdate", "axis": axis}
