"""Charts as inline SVG, drawn by hand: a page that shows them loads nothing from anywhere."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

Points = Sequence[tuple[float, float]]

# Okabe & Ito (2008): told apart also by people who do not see red and green. Dashes tell them in print.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")
_DASHES = ("", "7 3", "2 3", "9 3 2 3", "4 4", "1 4")
_JUDGED = {"better": _COLOURS[2], "worse": _COLOURS[1]}
_WIDTH, _HEIGHT = 620, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 16, 16, 48
_BAR = 26


def line_chart(
    series: Mapping[str, Points],
    *,
    title: str,
    x: str,
    y: str,
    x_range: tuple[float, float] | None = None,
    y_range: tuple[float, float] = (0.0, 1.0),
    steps: bool = False,
) -> str:
    """Lines over two named axes, each series with a name in the legend below.

    Without `x_range` the axis begins at 0 and ends at a round number above the largest x. `steps` draws a
    distribution, which rises only where a value is.
    """
    drawn = {name: list(points) for name, points in series.items() if points}
    largest = max((point[0] for points in drawn.values() for point in points), default=1.0)
    low_x, high_x = x_range or (0.0, round_above(largest))
    low_y, high_y = y_range

    def place(point: tuple[float, float]) -> tuple[float, float]:
        across = (point[0] - low_x) / ((high_x - low_x) or 1.0)
        up = (point[1] - low_y) / ((high_y - low_y) or 1.0)
        return (
            _LEFT + across * (_WIDTH - _LEFT - _RIGHT), _HEIGHT - _BOTTOM - up * (_HEIGHT - _TOP - _BOTTOM),
        )  # fmt: skip

    parts = _axes((low_x, high_x), (low_y, high_y), x, y)
    for number, points in enumerate(drawn.values()):
        if steps:
            points = _stairs(points, low_x)
        path = " ".join(f"{a:.1f},{b:.1f}" for a, b in map(place, points))
        parts.append(
            f'<polyline points="{path}" fill="none" stroke="{_COLOURS[number % len(_COLOURS)]}" '
            f'stroke-width="2" stroke-dasharray="{_DASHES[number % len(_DASHES)]}"/>'
        )
    height = _HEIGHT + 22 * len(drawn)
    for number, name in enumerate(drawn):
        at = _HEIGHT + 8 + 22 * number
        parts.append(
            f'<line x1="{_LEFT}" x2="{_LEFT + 34}" y1="{at}" y2="{at}" '
            f'stroke="{_COLOURS[number % len(_COLOURS)]}" stroke-width="2" '
            f'stroke-dasharray="{_DASHES[number % len(_DASHES)]}"/>'
        )
        parts.append(_text(_LEFT + 42, at + 4, name))
    return _svg(title, height, parts)


def bar_chart(bars: Mapping[str, float], *, title: str) -> str:
    """Bars across, one below the other, each with its name and its number."""
    largest = max(bars.values(), default=0.0) or 1.0
    left, parts = 190, []
    for number, (name, value) in enumerate(bars.items()):
        at = _TOP + number * _BAR
        wide = (_WIDTH - left - 70) * value / largest
        parts.append(_text(left - 8, at + 14, name, anchor="end"))
        parts.append(
            f'<rect x="{left}" y="{at}" width="{wide:.1f}" height="{_BAR - 8}" fill="{_COLOURS[0]}"/>'
        )
        parts.append(_text(left + wide + 6, at + 14, f"{value:g}"))
    return _svg(title, _TOP + _BAR * len(bars) + 8, parts)


def interval_chart(
    intervals: Mapping[str, tuple[float, float, float]],
    verdicts: Mapping[str, str],
    *,
    title: str,
    x: str,
) -> str:
    """A line from low to high with a point at the mean for each (mean, low, high), around a rule at 0.

    A verdict of "better" or "worse" gives it a colour of its own.
    """
    ends = [abs(end) for _, low, high in intervals.values() for end in (low, high)]
    reach = round_above(max(ends, default=1.0))
    left, right = 300, _WIDTH - 40
    bottom = _TOP + _BAR * len(intervals)

    def across(value: float) -> float:
        return left + (value + reach) / (2 * reach) * (right - left)

    parts = []
    for step in range(5):
        value = -reach + step * reach / 2
        at = across(value)
        parts.append(f'<line class="grid" x1="{at:.1f}" x2="{at:.1f}" y1="{_TOP}" y2="{bottom}"/>')
        parts.append(_text(at, bottom + 14, f"{value:+g}" if value else "0", anchor="middle"))
    parts.append(
        f'<line x1="{across(0):.1f}" x2="{across(0):.1f}" y1="{_TOP}" y2="{bottom}" stroke="#7b8794"/>'
    )
    for number, (name, (mean, low, high)) in enumerate(intervals.items()):
        at = _TOP + number * _BAR + _BAR / 2
        colour = _JUDGED.get(verdicts.get(name, ""), _COLOURS[0])
        parts.append(_text(left - 10, at + 4, name, anchor="end"))
        parts.append(
            f'<line x1="{across(low):.1f}" x2="{across(high):.1f}" y1="{at}" y2="{at}" stroke="{colour}" '
            f'stroke-width="2"/>'
        )
        parts.append(f'<circle cx="{across(mean):.1f}" cy="{at}" r="4" fill="{colour}"/>')
    parts.append(_text((left + right) / 2, bottom + 32, x, anchor="middle"))
    return _svg(title, bottom + 40, parts)


def round_above(value: float) -> float:
    """The least of 1, 2, 5 times a power of ten that is not below `value`; 1 for nothing."""
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1.0, 2.0, 5.0, 10.0) if step * power >= value * (1 - 1e-9))


def _stairs(points: Points, low: float) -> list[tuple[float, float]]:
    drawn, height = [(low, 0.0)], 0.0
    for across, up in points:
        drawn += [(across, height), (across, up)]
        height = up
    return drawn


def _axes(x_range: tuple[float, float], y_range: tuple[float, float], x: str, y: str) -> list[str]:
    parts = []
    width, height = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM
    for step in range(6):
        share = step / 5
        across, down = _LEFT + share * width, _HEIGHT - _BOTTOM - share * height
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{down}" y2="{down}"/>')
        told_x = x_range[0] + share * (x_range[1] - x_range[0])
        told_y = y_range[0] + share * (y_range[1] - y_range[0])
        parts.append(_text(across, _HEIGHT - _BOTTOM + 16, f"{told_x:g}", anchor="middle"))
        parts.append(_text(_LEFT - 8, down + 4, f"{told_y:.2g}", anchor="end"))
    parts.append(_text(_LEFT + width / 2, _HEIGHT - _BOTTOM + 36, x, anchor="middle"))
    middle = _TOP + height / 2
    turned = f'text-anchor="middle" transform="rotate(-90 14 {middle})"'
    parts.append(f'<text x="14" y="{middle}" {turned}>{escape(y)}</text>')
    return parts


def _text(x: float, y: float, text: str, *, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _svg(title: str, height: float, parts: Sequence[str]) -> str:
    return (
        f'<figure><figcaption>{escape(title)}</figcaption><svg viewBox="0 0 {_WIDTH} {height:.0f}" '
        f'role="img" aria-label="{escape(title)}">{"".join(parts)}</svg></figure>'
    )
