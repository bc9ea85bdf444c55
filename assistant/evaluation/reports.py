"""Reports of evaluations, a JSON file each below the workspace's `evaluations/reports`.

A report holds the figures, and a row for each question with its measures, so that two reports over the same
questions can be compared question by question. Its shape is that of docs/cli.md, `eval report`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from assistant.errors import EvaluationError
from assistant.evaluation.bootstrap import mean_interval
from ingestion.durable import replace_file

Json = dict[str, Any]
Kind = Literal["retrieval", "answers", "grounding", "abstention", "samples"]
KINDS: tuple[Kind, ...] = get_args(Kind)

VERSION = 1
"""Grows when a report has another shape than before."""

LOWER_IS_BETTER = frozenset({"false_answer", "false_refusal", "abstained", "first_token_ms", "total_ms"})
_ID = re.compile(r"[0-9A-Za-z-]+")


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True)


class _Data(_Strict):
    name: str


class _Configuration(_Strict):
    data: _Data
    models: Mapping[str, str | None]


class _Metric(_Strict):
    mean: float
    low: float
    high: float
    n: int
    higher_is_better: bool


class _Row(_Strict):
    id: str
    question: str
    type: str
    measures: Mapping[str, float | None]


class _Report(_Strict):
    """What every report has; there is more in some."""

    id: str
    kind: Kind
    created: Annotated[str, AfterValidator(datetime.fromisoformat)]
    konkyo: str
    configuration: _Configuration
    figures: Mapping[str, Any]
    metrics: Mapping[str, _Metric]
    n: int
    rows: Sequence[_Row]


def new_report(
    kind: Kind,
    configuration: Mapping[str, Any],
    figures: Mapping[str, Any],
    rows: Sequence[Json],
    *,
    konkyo: str,
    now: datetime | None = None,
) -> Json:
    """A report of now, still without its id. `konkyo` is the program's version."""
    created = (now or datetime.now(UTC)).astimezone(UTC).replace(microsecond=0)
    return {
        "version": VERSION, "id": "", "kind": kind, "created": created.isoformat(), "konkyo": konkyo,
        "configuration": dict(configuration), "figures": dict(figures), "metrics": metrics_of(rows),
        "n": len(rows), "rows": list(rows),
    }  # fmt: skip


def metrics_of(rows: Sequence[Json]) -> dict[str, Json]:
    """Mean and 95 % interval of every measure over the rows it applies to."""
    found: dict[str, Json] = {}
    for name in dict.fromkeys(name for row in rows for name in row["measures"]):
        values = [row["measures"][name] for row in rows if row["measures"].get(name) is not None]
        if values:
            told = {"n": len(values), "higher_is_better": name not in LOWER_IS_BETTER}
            found[name] = {**mean_interval(values).as_json(), **told}
    return found


class ReportStore:
    """The reports of one workspace."""

    def __init__(self, evaluations: Path) -> None:
        """`evaluations` is the folder of that name in the workspace; it need not be there."""
        self.folder = evaluations / "reports"

    def save(self, report: Mapping[str, Any]) -> Json:
        """Write it under an id of its time and kind, whole or not at all: the report with its id."""
        self.folder.mkdir(parents=True, exist_ok=True)
        created = datetime.fromisoformat(report["created"])
        stem = f"{created:%Y%m%dT%H%M%SZ}-{report['kind']}"
        number = 1
        while True:
            identity = stem if number == 1 else f"{stem}-{number}"
            path = self.folder / f"{identity}.json"
            try:
                path.touch(exist_ok=False)  # takes the name, also from another process
                break
            except FileExistsError:
                number += 1
        saved = {**report, "id": identity}
        work = path.with_suffix(".new")
        work.write_text(json.dumps(saved, ensure_ascii=False, indent=1), "utf-8", "backslashreplace")
        replace_file(work, path)
        return saved

    def all(self, kind: str | None = None) -> list[Json]:
        """Every report without its rows, newest first; files that are none are left out."""
        found = []
        for path in self.folder.glob("*.json"):
            try:
                report = self.read(path.stem)
            except EvaluationError:  # one that is being written, or that somebody edited
                continue
            if kind is None or report["kind"] == kind:
                found.append({name: value for name, value in report.items() if name != "rows"})
        return sorted(found, key=lambda one: (one["created"], one["id"]), reverse=True)

    def read(self, report: str) -> Json:
        """The report with this id.

        Raises:
            EvaluationError: there is none, or it cannot be read.
        """
        # The name of the file, not what stands in it: else a copy would be removed in place of the other.
        return {**read_report(self._path(report)), "id": report}

    def remove(self, report: str) -> None:
        """Delete the report with this id.

        Raises:
            EvaluationError: there is none.
        """
        self._path(report).unlink()

    def _path(self, report: str) -> Path:
        path = self.folder / f"{report}.json"
        if not _ID.fullmatch(report) or not path.is_file():
            raise EvaluationError(f"no report {report!r}. See the ids with: konkyo eval reports")
        return path


def read_report(path: Path) -> Json:
    """A report from its file.

    Raises:
        EvaluationError: it is not one, or of a newer program.
    """
    try:
        report = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise EvaluationError(f"{path} cannot be read as a report: {error}") from error
    version = report.get("version") if isinstance(report, dict) else None
    if not isinstance(version, int):
        raise EvaluationError(f"{path} is no report of an evaluation.")
    if version > VERSION:
        raise EvaluationError(
            f"{path} has the shape {version}, this program knows {VERSION}. Update the program."
        )
    try:
        _Report.model_validate(report)
    except ValidationError as error:
        raise EvaluationError(f"{path} is no report of an evaluation.") from error
    found: Json = report
    return found
