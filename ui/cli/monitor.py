"""`konkyo monitor`: how the workspace is used, and what that suggests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Annotated, Any

import typer

from ui.cli.shared import (
    JsonOption,
    WorkspaceOption,
    connect_here,
    console,
    print_json,
    terminal_language,
)
from ui.cli.showing import one_line
from ui.texts import t

Json = dict[str, Any]
_LENGTH = 80


def words(key: str, **values: object) -> str:
    """A text of the [monitoring] table in the language of the terminal."""
    return t(terminal_language(), "monitoring", key, **values)


def monitor(
    days: Annotated[int, typer.Option(min=1, max=3650, help=words("days"))] = 30,
    json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Counts over the questions of the last days, beside those of as many days before."""
    with closing(connect_here(workspace)) as operations:
        report = operations.monitoring(days=days)
    if json:
        print_json(report)
        return
    for line in _lines(report):
        console().print(line)


def _lines(report: Json) -> Iterator[str]:
    yield words("period", first=report["from"], last=report["to"], days=report["days"])
    if not report["questions"] and not report["before"]["questions"]:
        yield words("empty")
        return
    yield words("counts", **{key: report[key] for key in _COUNTED}, before=report["before"]["questions"])
    for name in ("first_token_ms", "total_ms"):
        one = report["latency"][name]
        if one["n"]:
            yield words(name, median=_seconds(one["median"]), p95=_seconds(one["p95"]))
    yield ""
    yield words("shares")
    for name, share in report["shares"].items():
        yield f"  {share_line(name, share, report['least_questions'])}"
    topics = report["topics"]
    yield f"  {words('topics')}: {words('topic.' + topics['state'], least=report['least_questions'])}"
    yield ""
    yield from _unanswered(report["unanswered"])
    saved = report["time_saved"]
    yield words("saved", **{**saved, "hours": f"{saved['minutes'] / 60:.1f}"})
    retrain = report["retrain"]
    since = words("since", adapter=retrain["adapter"]) if retrain["adapter"] else words("since_ever")
    told = {key: retrain[key] for key in ("reviewed", "corrected", "pairs", "needed")}
    yield words(f"retrain.{retrain['state']}", **told, since=since)
    yield from (f"  {command}" for command in retrain["commands"])


_COUNTED = ("questions", "answered", "verified", "abstained", "stopped", "tasks")


def share_line(name: str, share: Json, least: int) -> str:
    """One share, with what it was and whether that is a difference."""
    if share["share"] is None:
        return f"{words('share.' + name)}: –"
    told = f"{words('share.' + name)}: {share['share']:.1%} ({share['count']}/{share['n']})"
    if share["difference"] is None:
        return f"{told} · {words('state.too_few', least=least)}"
    change = {key: f"{100 * share['difference'][key]:+.1f}" for key in ("mean", "low", "high")}
    return f"{told} · {words('state.' + share['state'])} {words('difference', **change)}"


def _unanswered(found: Json) -> Iterator[str]:
    if not found["n"]:
        yield words("none_unanswered")
        return
    yield words("unanswered", number=found["n"])
    for group in found["groups"]:
        first = group["questions"][0]["question"] if group["questions"] else words("of_others")
        yield f"  {group['n']} × {one_line(first, _LENGTH)}"
        if group["documents"]:
            yield f"      {words('closest', documents=', '.join(one['title'] for one in group['documents']))}"
        if group["owners"]:
            yield f"      {words('owners', owners=', '.join(one['owner'] for one in group['owners']))}"
    if found["left_out"]:
        yield f"  {words('left_out', number=found['left_out'])}"
    yield ""


def _seconds(milliseconds: float) -> str:
    return f"{milliseconds / 1000:.1f}"
