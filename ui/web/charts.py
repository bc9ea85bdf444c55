"""The plots of a report as Vega-Lite specifications, which Streamlit draws in the browser without a network.

A plot is also a table: `Plot.rows` are the numbers that it shows. Series differ in colour, dash and shape.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assistant.answers import Language
from ui.texts import t, texts
from ui.web.grounds import ICONS
from ui.web.reporting import measure_name

Json = dict[str, Any]
Points = Sequence[tuple[float, float]]

# Okabe & Ito (2008): told apart also by people who do not see red and green.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")
_DASHES: Sequence[Sequence[int]] = ([1, 0], [7, 3], [2, 3], [9, 3, 2, 3], [4, 4], [1, 4])
_SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down")
_VERDICTCOLOURS = {
    "supported": "#1c6b3c", "partly": "#b07a1e", "contradicted": "#9b2c20", "unsupported": "#6a3d86",
    "unchecked": "#7b8794",
}  # fmt: skip
_STEP = 30
_HEIGHT = 300


@dataclass(frozen=True, slots=True)
class Plot:
    """`name` is its key, `title` and `note` are for people; `rows` are its numbers, keys names of columns."""

    name: str
    title: str
    note: str
    spec: Json
    rows: Sequence[Json]


def plots(report: Json, language: Language) -> Iterator[Plot]:
    """What can be drawn of a report with its `curves`, most telling first."""
    curves = report["curves"]
    if "recall_by_k" in curves:
        yield recall_plot(curves["recall_by_k"], language)
    if curves.get("abstention"):
        yield abstention_plot(curves["abstention"], report["figures"].get("threshold"), language)
    if any(curves.get("verdicts", {}).values()):
        yield verdict_plot(curves["verdicts"], language)
    if any(curves.get("faults", {}).values()):
        yield fault_plot(curves["faults"], language)
    if any(curves.get("latency", {}).values()):
        yield latency_plot(curves["latency"], language)


def recall_plot(curves: Mapping[str, Points], language: Language) -> Plot:
    """The share of questions whose right place is among the first k, a line for each way of searching."""
    names = {name: _known(language, "search", name) for name in curves}
    ranks = list(dict.fromkeys(rank for points in curves.values() for rank, _ in points))
    ticks = [rank for rank in ranks if rank == 1 or rank % 5 == 0]
    values = [
        {"series": names[name], "x": rank, "y": share}
        for name, points in curves.items()
        for rank, share in points
    ]
    spec = _lines(
        values, list(names.values()), x=_axis(_page(language, "rank"), ticks=ticks),
        y=shares(_page(language, "share")),
    )  # fmt: skip
    by_rank = {name: dict(points) for name, points in curves.items()}
    rows = [
        {_page(language, "rank"): rank} | {names[name]: _percent(by_rank[name].get(rank)) for name in curves}
        for rank in ranks
    ]
    return Plot("recall", _page(language, "recall"), _note(language, "recall"), spec, rows)


def abstention_plot(curve: Sequence[Json], threshold: float | None, language: Language) -> Plot:
    """False answers against false refusals, a point for each threshold; the one in force is marked."""
    wrong, refused = _page(language, "false_answers"), _page(language, "false_refusals")
    values = [
        {"x": one["false_refusals"], "y": one["false_answers"], "threshold": one["threshold"]}
        for one in curve
    ]
    tip = [
        {"field": "threshold", "title": _say(language, "threshold")},
        {"field": "x", "title": refused, "format": ".1%"},
        {"field": "y", "title": wrong, "format": ".1%"},
    ]
    place = {"x": {"field": "x", **shares(refused)}, "y": {"field": "y", **shares(wrong)}, "tooltip": tip}
    layers: list[Json] = [
        {"mark": {"type": "line", "color": COLOURS[0]},
         "encoding": {**place, "order": {"field": "threshold", "type": "quantitative"}}},
        {"mark": {"type": "point", "filled": True, "size": 45, "color": COLOURS[0]}, "encoding": place},
    ]  # fmt: skip
    used = None if threshold is None else min(values, key=lambda one: abs(one["threshold"] - threshold))
    if used is not None:
        told = t(language, "web", "quality.threshold_used", value=f"{threshold:g}")
        layers += _marked({**used, "label": told}, place)
    rows = [
        {_say(language, "threshold"): f"{one['threshold']:g}", wrong: _percent(one["false_answers"]),
         refused: _percent(one["false_refusals"])}
        for one in curve
    ]  # fmt: skip
    spec = {"data": {"values": values}, "layer": layers, "height": _HEIGHT}
    return Plot("abstention", _page(language, "abstention"), _note(language, "abstention"), spec, rows)


def _marked(point: Json, place: Json) -> list[Json]:
    """A point that stands out, with its words beside it, on the side that has room."""
    right = point["x"] < 0.6
    looks = {"type": "point", "shape": "diamond", "filled": True, "size": 170, "color": COLOURS[1]}
    words = {"type": "text", "align": "left" if right else "right", "dx": 10 if right else -10, "dy": -10}
    return [
        {"data": {"values": [point]}, "mark": looks, "encoding": place},
        {"data": {"values": [point]}, "mark": words,
         "encoding": {"x": place["x"], "y": place["y"], "text": {"field": "label"}}},
    ]  # fmt: skip


def latency_plot(curves: Mapping[str, Points], language: Language) -> Plot:
    """The share of answers that began, and that were whole, within a time."""
    names = {name: measure_name(name, language) for name, points in curves.items() if points}
    values = [
        {"series": names[name], "x": ms / 1000, "y": share}
        for name in names
        for ms, share in [(0.0, 0.0), *curves[name]]
    ]
    spec = _lines(
        values, list(names.values()), x=_axis(_page(language, "seconds")),
        y=shares(_page(language, "share")), steps=True,
    )  # fmt: skip
    quantiles = {
        share: t(language, "web", "quality.within", share=f"{share:.0%}") for share in (0.5, 0.9, 1.0)
    }
    rows = [
        {_page(language, "metric"): names[name]}
        | {label: f"{_within(curves[name], share) / 1000:,.1f}" for share, label in quantiles.items()}
        for name in names
    ]
    return Plot("latency", _page(language, "latency"), _note(language, "latency"), spec, rows)


def _within(points: Points, share: float) -> float:
    """The least time within which this share of the answers came; `points` rise to 1."""
    return next((ms for ms, reached in points if reached >= share - 1e-9), points[-1][0])


def verdict_plot(counts: Mapping[str, int], language: Language) -> Plot:
    """How many sentences of the answers have which verdict."""
    bars = [
        (f"{ICONS.get(name, '')} {t(language, 'web', f'verdict.{name}')}", counts[name], colour)
        for name, colour in _VERDICTCOLOURS.items()
        if name in counts
    ]
    return _bars("verdicts", bars, _say(language, "sentences"), language)


def fault_plot(counts: Mapping[str, int], language: Language) -> Plot:
    """How many misses have which fault."""
    bars = [(_known(language, "fault", name), number, COLOURS[0]) for name, number in counts.items()]
    return _bars("faults", bars, _page(language, "questions"), language)


# --- parts


def _lines(values: Sequence[Json], names: Sequence[str], *, x: Json, y: Json, steps: bool = False) -> Json:
    legend = {"orient": "bottom", "title": None, "labelLimit": 0, "symbolSize": 80}
    if steps:  # a line long enough to show its dashes
        legend |= {"symbolType": "stroke", "symbolSize": 900}
    series = {"field": "series", "type": "nominal", "legend": legend}
    looks: dict[str, Json] = {
        "color": {**series, "scale": {"domain": names, "range": list(COLOURS[: len(names)])}},
        "strokeDash": {**series, "scale": {"domain": names, "range": list(_DASHES[: len(names)])}},
    }
    mark: Json = {"type": "line", "strokeWidth": 2}
    if steps:
        mark["interpolate"] = "step-after"
    tip = [{"field": "series", "title": " "}, {"field": "x", "title": x["title"]},
           {"field": "y", "title": y["title"], "format": ".1%"}]  # fmt: skip
    place = {"x": {"field": "x", **x}, "y": {"field": "y", **y}, "tooltip": tip}
    layers: list[Json] = [{"mark": mark, "encoding": {**place, **looks}}]
    if not steps:
        shape = {**series, "scale": {"domain": names, "range": list(_SHAPES[: len(names)])}}
        looks["strokeDash"]["legend"] = None  # else the outlines of the shapes are dashed there
        layers.append(
            {"mark": {"type": "point", "filled": True, "size": 40},
             "encoding": {**place, "color": looks["color"], "shape": shape}}
        )  # fmt: skip
    return {"data": {"values": list(values)}, "layer": layers, "height": _HEIGHT}


def _bars(key: str, bars: Sequence[tuple[str, int, str]], unit: str, language: Language) -> Plot:
    values = [{"name": name, "value": value, "colour": colour} for name, value, colour in bars]
    most = max(value for _, value, _ in bars)
    across = {
        "field": "value", "type": "quantitative", "title": unit, "axis": {"tickMinStep": 1, "format": "d"},
        "scale": {"domain": [0, 1.15 * most], "nice": False},  # room for the numbers behind the bars
    }  # fmt: skip
    spec = {
        "data": {"values": values},
        "height": bars_height(len(values)),
        "encoding": {"y": named([name for name, _, _ in bars]), "x": across},
        "layer": [
            {"mark": {"type": "bar", "height": {"band": 0.6}},
             "encoding": {"color": {"field": "colour", "type": "nominal", "scale": None}}},
            {"mark": {"type": "text", "align": "left", "dx": 5}, "encoding": {"text": {"field": "value"}}},
        ],
    }  # fmt: skip
    total = sum(value for _, value, _ in bars)
    rows = [
        {_page(language, key): name, unit: value, _page(language, "share"): _percent(value / total)}
        for name, value, _ in bars
    ]
    return Plot(key, _page(language, key), _note(language, key), spec, rows)


def bars_height(bars: int) -> int:
    """Pixels for so many bars and the axis below: Streamlit fits plots into a box, which steps ignore."""
    return _STEP * bars + 50


def named(names: Sequence[str]) -> Json:
    """The axis of names across, in the given order; the field is "name"."""
    axis = {"labelLimit": 0, "labelFlush": False, "title": None, "ticks": False, "domain": False}
    return {"field": "name", "type": "nominal", "sort": list(names), "axis": axis}


def _axis(title: str, *, ticks: Sequence[float] = ()) -> Json:
    axis = {"values": list(ticks)} if ticks else {}
    return {"type": "quantitative", "title": title, "axis": axis, "scale": {"nice": False}}


def shares(title: str) -> Json:
    """An axis from 0 to 100 %, without a title when it is empty."""
    return {
        "type": "quantitative", "title": title or None, "axis": {"format": ".0%"},
        "scale": {"domain": [0, 1]},
    }  # fmt: skip


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.1%}"


def _known(language: Language, table: str, name: str) -> str:
    return str(texts(language)["quality"]["page"][table].get(name, name))


def _page(language: Language, key: str) -> str:
    return t(language, "quality", f"page.{key}")


def _say(language: Language, key: str) -> str:
    return t(language, "web", f"quality.{key}")


def _note(language: Language, key: str) -> str:
    return _say(language, f"note.{key}")
