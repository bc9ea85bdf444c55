"""`konkyo eval run`: several evaluations after one another, held against bounds and earlier reports."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assistant.evaluation.report_comparison import compare_reports
from assistant.evaluation.reports import KINDS, Kind
from ingestion.workspace import Workspace
from ui.errors import UsageError
from ui.quality import measuring
from ui.quality.measuring import AskOptions, Measured, Progress

Json = dict[str, Any]

_OPTIONS: Mapping[Kind, Mapping[str, type]] = {
    "retrieval": {"mode": str, "split": str, "limit": int, "rerank": bool},
    "answers": {"gold_page": bool, "bare": bool, "limit": int, "seed": int, "model": str},
    "samples": {"limit": int, "model": str},
    "grounding": {"limit": int},
    "abstention": {"limit": int},
}
_CHOICES = {"mode": ("hybrid", "dense", "lexical"), "split": ("all", "a", "b")}


def _measure_answers(workspace: Workspace, data: Path, *, progress: Progress, **options: Any) -> Measured:
    return measuring.measure_answers(workspace, data, AskOptions(**options), progress=progress)


_MEASURE: Mapping[Kind, Callable[..., Measured]] = {
    "retrieval": measuring.measure_retrieval, "answers": _measure_answers,
    "samples": measuring.measure_samples, "grounding": measuring.measure_grounding,
    "abstention": measuring.measure_abstention,
}  # fmt: skip
UNGATED = frozenset({"first_token_ms", "total_ms", "contains", "abstained"})
"""Measures that fail no run: times depend on what else the machine does, the others say little alone."""


@dataclass(frozen=True, slots=True)
class Planned:
    """One evaluation to run."""

    kind: Kind
    data: Path
    options: Json = field(default_factory=dict)

    def run(self, workspace: Workspace, progress: Progress) -> Measured:
        """Run it. Raises as its command."""
        return _MEASURE[self.kind](workspace, self.data, progress=progress, **self.options)


@dataclass(frozen=True, slots=True)
class Bound:
    """`metric` of reports of `kind` (None: of all that have it) must not be below, or above, `value`."""

    kind: str | None
    metric: str
    value: float
    below: bool

    @property
    def name(self) -> str:
        """As it was given."""
        return f"{self.kind}.{self.metric}" if self.kind else self.metric


def read_plan(path: Path) -> list[Planned]:
    """The evaluations that a TOML file names as `[[evaluation]]`; of a data set those that fit its layout.

    Raises:
        UsageError: the file cannot be read, or names what does not exist; nothing in the folder is known.
    """
    if path.is_file():
        return _read_toml(path)
    if (path / "qa.jsonl").is_file():
        return [Planned("retrieval", path), Planned("answers", path)]
    if (path / "questions.jsonl").is_file():
        return [Planned("samples", path)]
    raise UsageError(f"{path} is neither a TOML file nor a folder with qa.jsonl or questions.jsonl.")


def _read_toml(path: Path) -> list[Planned]:
    try:
        tables = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read as TOML: {error}") from error
    rows = tables.pop("evaluation", None)
    if tables or not isinstance(rows, list) or not rows:
        raise UsageError(f"{path} must hold tables [[evaluation]] with kind and data, and nothing else.")
    return [_planned(row, path, number) for number, row in enumerate(rows, start=1)]


def _planned(row: Json, path: Path, number: int) -> Planned:
    place = f"{path}, evaluation {number}"
    kind = next((known for known in KINDS if row.get("kind") == known), None)
    if kind is None or not isinstance(row.get("data"), str):
        raise UsageError(f"{place} needs data, and a kind out of {', '.join(KINDS)}.")
    options = {name: value for name, value in row.items() if name not in ("kind", "data")}
    for name, value in options.items():
        wanted = _OPTIONS[kind].get(name)
        if wanted is None:
            raise UsageError(f"{place}: {kind} has no option {name!r}. It has {', '.join(_OPTIONS[kind])}.")
        if type(value) is not wanted or value not in _CHOICES.get(name, (value,)):
            raise UsageError(f"{place}: {name} cannot be {value!r}.")
        if name == "limit" and row["limit"] < 1:
            raise UsageError(f"{place}: limit must be at least 1.")
    return Planned(kind, (path.parent / row["data"]).resolve(), options)


def read_bound(text: str, *, below: bool) -> Bound:
    """A bound of the command line, METRIC=VALUE or KIND.METRIC=VALUE.

    Raises:
        UsageError: it is something else.
    """
    name, mark, number = text.partition("=")
    try:
        value = float(number)
    except ValueError:
        value = math.nan
    kind, dot, metric = name.strip().partition(".")
    if not mark or math.isnan(value) or not (metric if dot else kind) or (dot and kind not in KINDS):
        raise UsageError(f"{text!r} is no bound. Give METRIC=VALUE, as in answers.right=0.5.")
    return Bound(kind, metric, value, below) if dot else Bound(None, kind, value, below)


def check_run(plan: Sequence[Planned], bounds: Sequence[Bound], baselines: Sequence[Json]) -> None:
    """Say what cannot be before anything is run: evaluations take hours.

    Raises:
        UsageError: data are not there, or a bound or a baseline is of a kind that is not run.
    """
    kinds = {planned.kind for planned in plan}
    for planned in plan:
        if not planned.data.exists():
            raise UsageError(f"{planned.data} does not exist; the plan names it for {planned.kind}.")
    for bound in bounds:
        if bound.kind is not None and bound.kind not in kinds:
            raise UsageError(f"{bound.name} bounds nothing: the plan runs no {bound.kind}.")
    for baseline in baselines:
        if baseline["kind"] not in kinds:
            raise UsageError(f"{baseline['id']} is about {baseline['kind']}, which is not run.")


def _likeness(one: Json, other: Json) -> tuple[bool, bool]:
    """Whether two reports are about the same data, and with the same options."""
    first, second = one["configuration"], other["configuration"]
    return first["data"]["name"] == second["data"]["name"], first["options"] == second["options"]


def baseline_for(report: Json, reports: Sequence[Json], baselines: Sequence[Json]) -> Json | None:
    """The baseline of its kind that is most like `report`, unless another of `reports` is more like it."""
    same = [one for one in baselines if one["kind"] == report["kind"]]
    best = max(same, key=lambda one: _likeness(one, report), default=None)
    if best is None:
        return None
    others = [_likeness(best, one) for one in reports if one["kind"] == report["kind"]]
    return best if _likeness(best, report) == max(others) else None


def value_of(report: Json, metric: str) -> float | None:
    """A metric of a report: the mean of a measure, else a figure that is a number."""
    if metric in report["metrics"]:
        return float(report["metrics"][metric]["mean"])
    figure = report["figures"].get(metric)
    return float(figure) if isinstance(figure, int | float) and not isinstance(figure, bool) else None


def failures_of(
    reports: Sequence[Json], bounds: Sequence[Bound], comparisons: Sequence[Json], *, on_drop: bool
) -> list[Json]:
    """What is out of bounds, and with `on_drop` what has got worse, each as a JSON value.

    Raises:
        UsageError: a bound names a metric that no report has.
    """
    found: list[Json] = []
    for bound in bounds:
        values = [
            (report, value)
            for report in reports
            if bound.kind in (None, report["kind"]) and (value := value_of(report, bound.metric)) is not None
        ]
        if not values:
            known = sorted({name for report in reports for name in report["metrics"]})
            raise UsageError(f"no report has a metric {bound.name!r}. There are {', '.join(known)}.")
        found += [
            {"why": "below" if bound.below else "above", "report": report["id"], "kind": report["kind"],
             "metric": bound.metric, "value": value, "bound": bound.value, "baseline": None,
             "difference": None}
            for report, value in values
            if (value < bound.value if bound.below else value > bound.value)
        ]  # fmt: skip
    if on_drop:
        found += [
            {"why": "drop", "report": comparison["second"], "kind": comparison["kind"], "metric": metric,
             "value": one["second"], "bound": one["first"], "baseline": comparison["first"],
             "difference": one["difference"]}
            for comparison in comparisons
            for metric, one in comparison["metrics"].items()
            if one["verdict"] == "worse" and metric not in UNGATED
        ]  # fmt: skip
    return found


def compared(reports: Sequence[Json], baselines: Sequence[Json]) -> list[Json]:
    """Each report against its baseline, where it has one.

    Raises:
        EvaluationError: they have no question in common.
    """
    pairs = [(baseline_for(report, reports, baselines), report) for report in reports]
    return [compare_reports(baseline, report) for baseline, report in pairs if baseline is not None]
