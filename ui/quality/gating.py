"""The gate for people: asked for, and its metrics, reasons and values in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.answers import Language
from training.tuning.gate.measuring import SPEEDS, Progress
from ui.texts import t, texts

if TYPE_CHECKING:
    from ingestion.workspace import Workspace
    from training.tuning.examples import TuningExample

Json = dict[str, Any]


def gate_adapter(
    place: Workspace,
    adapter: str,
    language: Language,
    *,
    limit: int | None = None,
    general: int | None = None,
    again: bool = False,
    time_again: bool = False,
    progress: Progress = lambda phase, done, total: None,
) -> tuple[Json, Path]:
    """`train evaluate`: the report, and the page in `language` that was written beside it.

    Raises:
        GateError, AdapterError, ModelError, EvaluationError, GenerationError: as `evaluate_adapter`.
    """
    from assistant.adapters import AdapterFolder
    from training.tuning.gate.evaluation import candidate, evaluate_adapter
    from training.tuning.gate.examiner import open_examiner
    from training.tuning.gate.reports import GateReports
    from ui.quality.gate_page import gate_page

    candidate(place, adapter)  # what cannot be asked is said before models are loaded
    report = evaluate_adapter(
        place, adapter, accepted(place), open_examiner(place), limit=limit, general_limit=general,
        again=again, time_again=time_again, progress=progress,
    )  # fmt: skip
    path = GateReports.of(AdapterFolder(place.adapters), adapter).folder / f"{report['id']}.html"
    path.write_text(gate_page(report, language), "utf-8", "backslashreplace")
    return report, path


def accepted(place: Workspace) -> Sequence[TuningExample]:
    """The workspace's examples that people accepted."""
    from training.tuning.store import accepted_examples

    return accepted_examples(place)


def metric_label(name: str, language: Language) -> str:
    """A metric of the gate as people read it."""
    return str(texts(language)["gate"]["metrics"].get(name, name))


def metric_value(name: str, value: float) -> str:
    """A share in percent, milliseconds and tokens as they are."""
    return f"{value:,.1f}" if name in SPEEDS else f"{value * 100:.1f}\u00a0%"


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
