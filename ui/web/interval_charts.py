"""Measures with their intervals as Vega-Lite specifications: those of one report, and differences of two."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from assistant.answers import Language
from ui.texts import t
from ui.web.charts import COLOURS, Plot, bars_height, named, shares
from ui.web.reporting import difference_text, interval_text, is_time, measure_name, value_text

Json = dict[str, Any]

_JUDGED = {
    "better": ("#0072B2", "triangle-up"),
    "worse": ("#D55E00", "triangle-down"),
    "same": ("#7b8794", "circle"),
}
_LEGEND = 60


def measures_plot(report: Json, language: Language) -> Plot | None:
    """Every measure in [0, 1] with its interval; None when a report has none."""
    values = [
        {
            "name": measure_name(name, language),
            "mean": one["mean"],
            "low": one["low"],
            "high": one["high"],
            "value": value_text(name, one["mean"], language),
            "interval": interval_text(name, one, language),
        }
        for name, one in report["metrics"].items()
        if not is_time(name)
    ]
    if not values:
        return None
    tip = _tip(language, name="measure", value="mean", interval="interval")
    encoding = {"y": named([value["name"] for value in values])}
    spec = {
        "data": {"values": values},
        "height": bars_height(len(values)),
        "encoding": encoding,
        "layer": [
            {"mark": {"type": "rule", "strokeWidth": 2, "color": COLOURS[0]},
             "encoding": {"x": {"field": "low", **shares("")}, "x2": {"field": "high"}}},
            {"mark": {"type": "point", "filled": True, "size": 90, "color": COLOURS[0], "opacity": 1},
             "encoding": {"x": {"field": "mean", **shares("")}, "tooltip": tip}},
        ],
    }  # fmt: skip
    return Plot(
        "measures",
        t(language, "web", "quality.measures"),
        t(language, "web", "quality.note.measures"),
        spec,
        (),
    )


def comparison_plot(comparison: Json, language: Language) -> Plot | None:
    """The difference of every measure in [0, 1] with its interval; None when there is none."""
    values = [
        {
            "name": measure_name(name, language),
            "verdict": t(language, "quality", f"verdict.{one['verdict']}"),
            "value": difference_text(name, one["difference"]["mean"], language),
            "interval": interval_text(name, one["difference"], language, difference_text),
            **one["difference"],
        }
        for name, one in comparison["metrics"].items()
        if not is_time(name)
    ]
    if not values:
        return None
    spec = differences_plot(values, language)
    return Plot(
        "comparison",
        t(language, "web", "quality.differences"),
        t(language, "web", "quality.note.comparison"),
        spec,
        (),
    )


def differences_plot(values: Sequence[Json], language: Language, *, x: str = "", form: str = "+.2f") -> Json:
    """The specification of differences with their intervals, coloured by what they say.

    A value is `{name, verdict, value, interval, mean, low, high}`: the words of the table, and numbers.
    `x` is the title of the axis of differences, `form` how d3 writes their numbers.
    """
    judged = {t(language, "quality", f"verdict.{name}"): looks for name, looks in _JUDGED.items()}
    legend = {"orient": "bottom", "title": None, "labelLimit": 0}
    field = {"field": "verdict", "type": "nominal", "legend": legend}
    colour = {**field, "scale": {"domain": list(judged), "range": [one[0] for one in judged.values()]}}
    shape = {**field, "scale": {"domain": list(judged), "range": [one[1] for one in judged.values()]}}
    names = named([value["name"] for value in values])
    across = {
        "type": "quantitative",
        "title": x or t(language, "web", "quality.difference"),
        "axis": {"format": form},
    }
    tip = _tip(language, name="measure", verdict="verdict_column", value="difference", interval="interval")
    return {
        "data": {"values": values},
        "height": bars_height(len(values)) + _LEGEND,
        "layer": [
            {"data": {"values": [{"zero": 0}]},
             "mark": {"type": "rule", "strokeDash": [4, 3], "color": "#7b8794"},
             "encoding": {"x": {"field": "zero", **across}}},
            {"mark": {"type": "rule", "strokeWidth": 2},
             "encoding": {"x": {"field": "low", **across}, "x2": {"field": "high"}, "y": names,
                          "color": colour}},
            {"mark": {"type": "point", "filled": True, "size": 120, "opacity": 1},
             "encoding": {"x": {"field": "mean", **across}, "y": names, "color": colour, "shape": shape,
                          "tooltip": tip}},
        ],
    }  # fmt: skip


def _tip(language: Language, **fields: str) -> list[Json]:
    """What stands beside the pointer: fields by the keys of their names, as the table writes their values."""
    return [{"field": field, "title": t(language, "web", f"quality.{key}")} for field, key in fields.items()]
