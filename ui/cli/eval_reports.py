"""`konkyo eval reports|report|compare|run`: what was measured, shown, compared, and repeated by a job."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ui.cli.measuring import progress_bar, quality, words
from ui.cli.shared import (
    JsonOption,
    WorkspaceOption,
    console,
    note,
    open_here,
    print_json,
    terminal_language,
)

if TYPE_CHECKING:
    from assistant.answers import Language
    from assistant.evaluation.reports import ReportStore
    from ingestion.workspace import Workspace

Json = dict[str, Any]
ReportId = Annotated[str, typer.Argument(metavar="ID", help=quality("options.report"))]
_STYLES = {"better": "green", "worse": "red", "same": ""}


def reports(
    kind: Annotated[str | None, typer.Option(help=quality("options.kind"))] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """The reports, newest first."""
    from assistant.evaluation.reports import KINDS
    from ui.errors import UsageError

    if kind is not None and kind not in KINDS:
        raise UsageError(f"{kind!r} is no kind of report. Choose one of {', '.join(KINDS)}.")
    found = _store(open_here(workspace)).all(kind)
    if as_json:
        print_json(found)
        return
    for one in found:
        shown = [
            f"{name} {metric['mean']:.3f}" for name, metric in one["metrics"].items()
            if not name.endswith("_ms")
        ]  # fmt: skip
        console().print(f"{one['id']}  {one['configuration']['data']['name']}  n={one['n']}", style="bold")
        console().print(f"    {', '.join(shown[:5])}", style="dim")
    if not found:
        console().print(quality("say.no_reports"))


def report(
    report: ReportId,
    out: Annotated[Path | None, typer.Option(dir_okay=False, help=quality("options.out"))] = None,
    language: Annotated[str | None, typer.Option(help=quality("options.language"))] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """One report, on the terminal or as a page."""
    from assistant.evaluation.curves import curves_of
    from ui.errors import UsageError
    from ui.quality.outcomes import metric_name
    from ui.quality.page import report_page

    if language not in (None, "ja", "en"):
        raise UsageError(f"{language!r} is no language of reports. Choose ja or en.")
    spoken: Language = "ja" if (language or terminal_language()) == "ja" else "en"
    found = find_report(open_here(workspace), report)
    found = {**found, "curves": curves_of(found)}
    if out is not None:
        try:
            out.write_text(report_page(found, spoken), "utf-8", "backslashreplace")
        except OSError as error:
            raise UsageError(f"{out} cannot be written ({error.strerror}).") from error
        note(quality("say.written", path=out))
    if as_json:
        print_json(found)
    elif out is None:
        for name, one in found["metrics"].items():
            bounds = f"[{one['low']:.4f}, {one['high']:.4f}]"
            console().print(f"{metric_name(name, spoken):<32} {one['mean']:.4f} {bounds} n={one['n']}")


def compare(
    first: Annotated[str, typer.Argument(metavar="FIRST", help=quality("options.first"))],
    second: Annotated[str, typer.Argument(metavar="SECOND", help=quality("options.second"))],
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Two reports, question by question."""
    from assistant.evaluation.report_comparison import compare_reports

    place = open_here(workspace)
    found = compare_reports(find_report(place, first), find_report(place, second))
    if as_json:
        print_json(found)
    else:
        show_comparison(found)


def run(
    plan: Annotated[Path, typer.Argument(metavar="PLAN", help=quality("options.plan"), exists=True)],
    baseline: Annotated[
        list[str] | None, typer.Option(metavar="ID", help=quality("options.baseline"))
    ] = None,
    fail_below: Annotated[
        list[str] | None, typer.Option(metavar="METRIC=VALUE", help=quality("options.fail_below"))
    ] = None,
    fail_above: Annotated[
        list[str] | None, typer.Option(metavar="METRIC=VALUE", help=quality("options.fail_above"))
    ] = None,
    fail_on_drop: Annotated[
        bool, typer.Option("--fail-on-drop", help=quality("options.fail_on_drop"))
    ] = False,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Several evaluations; exit code 1 when one is out of bounds or has got worse."""
    from ui.errors import UsageError
    from ui.quality import running
    from ui.quality.measuring import keep

    place = open_here(workspace)
    bounds = [running.read_bound(text, below=True) for text in fail_below or ()]
    bounds += [running.read_bound(text, below=False) for text in fail_above or ()]
    if fail_on_drop and not baseline:
        raise UsageError("--fail-on-drop needs a --baseline to compare with.")
    baselines = [find_report(place, one) for one in baseline or ()]
    evaluations = running.read_plan(plan)
    running.check_run(evaluations, bounds, baselines)
    kept = []
    for planned in evaluations:
        note(quality("say.running", kind=planned.kind, data=planned.data.name))
        with progress_bar() as progress:
            measured = planned.run(place, progress)
        for name in measured.absent:
            note(words("say.absent", name=name))
        kept.append(keep(place, measured))
        note(quality("say.kept", report=kept[-1]["id"]))
    comparisons = running.compared(kept, baselines)
    failures = running.failures_of(kept, bounds, comparisons, on_drop=fail_on_drop)
    told = [{"id": one["id"], "kind": one["kind"], "figures": one["figures"]} for one in kept]
    if as_json:
        print_json(
            {"passed": not failures, "reports": told, "comparisons": comparisons, "failures": failures}
        )
    else:
        for comparison in comparisons:
            show_comparison(comparison)
    for failure in failures:
        note(failure_line(failure))
    note(quality("say.failed" if failures else "say.passed", number=len(failures)))
    if failures:
        sys.exit(1)


def failure_line(failure: Json) -> str:
    """What failed, with its values."""
    values: Json = {
        "kind": failure["kind"], "metric": failure["metric"], "value": f"{failure['value']:.4g}",
        "bound": f"{failure['bound']:.4g}", "baseline": failure["baseline"],
    }  # fmt: skip
    if failure["difference"] is not None:
        values |= {name: f"{value:+.4g}" for name, value in failure["difference"].items()}
    return quality(f"say.fails_{failure['why']}", **values)


def show_comparison(found: Json) -> None:
    """A line for each metric: both values, the difference with its interval, and what it says."""
    console().print(quality("say.compared", **{name: found[name] for name in ("first", "second", "n")}))
    for name, one in found["metrics"].items():
        interval = one["difference"]
        line = (
            f"{name:<20} {one['first']:.4g} → {one['second']:.4g}  {interval['mean']:+.4g} "
            f"[{interval['low']:+.4g}, {interval['high']:+.4g}]  {quality('verdict.' + one['verdict'])}"
        )
        console().print(line, style=_STYLES[one["verdict"]])
    if found["left_out"]:
        console().print(quality("say.left_out", number=found["left_out"]), style="dim")


def find_report(workspace: Workspace, name: str) -> Json:
    """The report with this id, or in the JSON file of this path.

    Raises:
        EvaluationError: there is none.
    """
    from assistant.evaluation.reports import read_report

    if name.endswith(".json"):
        return read_report(Path(name))
    return _store(workspace).read(name)


def _store(workspace: Workspace) -> ReportStore:
    from assistant.evaluation.reports import ReportStore
    from ui.quality.measuring import evaluations_folder

    return ReportStore(evaluations_folder(workspace))
