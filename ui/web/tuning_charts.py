"""The course of a training as Vega-Lite specifications; each plot is a table, too (`Plot.rows`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from assistant.answers import Language
from ui.web.charts import COLOURS, Plot
from ui.web.tuning import say

Json = dict[str, Any]

_HEIGHT = 260
_SMALL = 150


def run_plots(events: Sequence[Json], language: Language) -> Iterator[Plot]:
    """What can be drawn of a training so far."""
    steps = [one for one in events if one["event"] == "step"]
    checks = [one for one in events if one["event"] == "validation"]
    if steps or checks:
        yield loss_plot(steps, checks, language)
    if len(steps) > 1:
        yield rate_plot(steps, language)


def loss_plot(steps: Sequence[Json], checks: Sequence[Json], language: Language) -> Plot:
    """The loss after each step as a line, and each validation as a point on a line of its own."""
    names = {"train": say(language, "train_loss"), "validation": say(language, "validation_loss")}
    values = [
        {"step": one["step"], "loss": one["loss"], "series": names[series]}
        for series, found in (("train", steps), ("validation", checks))
        for one in found
    ]
    looks = {"domain": list(names.values()), "range": list(COLOURS[:2])}
    series = {
        "field": "series", "type": "nominal", "scale": looks,
        "legend": {"orient": "bottom", "title": None, "labelLimit": 0},
    }  # fmt: skip
    spec = {
        "data": {"values": values},
        "height": _HEIGHT,
        "encoding": {
            "x": _steps(language),
            "y": {"field": "loss", "type": "quantitative", "title": say(language, "loss"),
                  "scale": {"zero": False}},
            "color": series,
            "tooltip": [{"field": "series", "title": " "},
                        {"field": "step", "title": say(language, "steps_axis")},
                        {"field": "loss", "title": say(language, "loss"), "format": ".4f"}],
        },
        "layer": [
            {"mark": {"type": "line", "strokeWidth": 2}},
            {"transform": [{"filter": {"field": "series", "equal": names["validation"]}}],
             "mark": {"type": "point", "filled": True, "size": 70, "shape": "square", "opacity": 1}},
        ],
    }  # fmt: skip
    known = {one["step"]: one["loss"] for one in checks}
    losses = {one["step"]: one["loss"] for one in steps}
    rows = [
        {say(language, "steps_axis"): step, names["train"]: _number(losses.get(step)),
         names["validation"]: _number(known.get(step))}
        for step in sorted({*known, *losses})
    ]  # fmt: skip
    return Plot("training_loss", say(language, "loss_title"), say(language, "loss_note"), spec, rows)


def rate_plot(steps: Sequence[Json], language: Language) -> Plot:
    """Examples a second at each step."""
    values = [{"step": one["step"], "rate": one["rate"]} for one in steps]
    spec = {
        "data": {"values": values},
        "height": _SMALL,
        "mark": {"type": "line", "color": COLOURS[0]},
        "encoding": {
            "x": _steps(language),
            "y": {"field": "rate", "type": "quantitative", "title": say(language, "rate"),
                  "scale": {"zero": True}},
        },
    }  # fmt: skip
    return Plot("training_rate", say(language, "rate_title"), say(language, "rate_note"), spec, ())


def _steps(language: Language) -> Json:
    axis = {"tickMinStep": 1, "format": "d"}
    return {"field": "step", "type": "quantitative", "title": say(language, "steps_axis"), "axis": axis}


def _number(loss: float | None) -> str:
    return "" if loss is None else f"{loss:.4f}"
