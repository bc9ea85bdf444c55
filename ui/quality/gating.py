"""A verdict of the gate in words: its metrics, its reasons and their values as people read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assistant.answers import Language
from training.tuning.gate.measuring import SPEEDS
from ui.texts import t, texts

Json = dict[str, Any]


def metric_label(name: str, language: Language) -> str:
    """A metric of the gate as people read it."""
    return str(texts(language)["gate"]["metrics"].get(name, name))


def metric_value(name: str, value: float) -> str:
    """A share in percent, milliseconds and tokens as they are."""
    return f"{value:,.1f}" if name in SPEEDS else f"{value * 100:.1f} %"


def difference_value(name: str, value: float) -> str:
    """A difference with its sign: in points, or in the unit of the metric."""
    return f"{value:+,.1f}" if name in SPEEDS else f"{value * 100:+.1f}"


def reason_text(reason: Mapping[str, Any], language: Language) -> str:
    """What a reason says. Shares are told in points, how many times as slow as a factor."""
    metric, values = reason["metric"], reason["values"]
    told: Json = {"metric": metric_label(metric, language)}
    for name, value in values.items():
        if name in ("n", "needed"):
            told[name] = f"{value:g}"
        elif name == "ratio" or metric in SPEEDS:
            told[name] = f"{value:.2f}"
        elif name in ("base", "tuned"):
            told[name] = metric_value(metric, value)
        elif name == "bound":
            told[name] = f"{value * 100:g}"
        else:
            told[name] = difference_value(metric, value)
    return t(language, "gate", f"reasons.{reason['code']}", **told)


def with_texts(report: Mapping[str, Any], language: Language) -> Json:
    """The report whose reasons have a `text` each, and without its rows: what the command prints."""
    reasons = [{**reason, "text": reason_text(reason, language)} for reason in report["reasons"]]
    return {**{name: value for name, value in report.items() if name != "rows"}, "reasons": reasons}
