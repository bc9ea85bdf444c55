"""`konkyo train list|show|publish|rollback|trial|remove`: which tuned adapter answers."""

from __future__ import annotations

from contextlib import closing
from typing import Annotated, Any

import typer

from ui.cli.shared import (
    JsonOption,
    WorkspaceOption,
    connect_here,
    console,
    own_name,
    print_json,
    terminal_language,
    translated,
)
from ui.moments import day
from ui.texts import t

Json = dict[str, Any]
_SIDES = ("current", "trial")
_MEASURES = ("liked", "abstained", "unsupported")


def words(key: str, **values: object) -> str:
    """A text of the [adapters] table in the language of the terminal."""
    return t(terminal_language(), "adapters", key, **values)


Adapter = Annotated[str, typer.Argument(help=words("adapter"))]
By = Annotated[str, typer.Option(help=words("by"))]
Reason = Annotated[str, typer.Option(help=words("reason"))]


def register(app: typer.Typer) -> None:
    """Put the commands beside the others of `konkyo train`."""
    app.command("list", help=words("help_list"))(list_adapters)
    for command in (show, publish, rollback, trial, remove):
        app.command(command.__name__, help=words(f"help_{command.__name__}"))(command)


def list_adapters(json: JsonOption = False, workspace: WorkspaceOption = None) -> None:
    """The adapters, the oldest first."""
    with closing(connect_here(workspace)) as operations:
        found = operations.adapters()
    if json:
        print_json(found)
        return
    for item in found:
        console().print(_line(item), style="bold" if item["published"] else "")
        if item["problem"]:
            console().print(f"    {translated(item['problem'])}", style="yellow")
    if not found:
        console().print(words("none"))


def show(adapter: Adapter, json: JsonOption = False, workspace: WorkspaceOption = None) -> None:
    """One adapter with its manifest."""
    with closing(connect_here(workspace)) as operations:
        found = operations.adapter(adapter)
    if json:
        print_json(found)
        return
    manifest = found["manifest"]
    data, gguf = manifest["data"], manifest["gguf"] or {}
    facts = {
        "created": day(manifest["created_at"]), "base": manifest["base"].get("model"),
        "method": manifest["method"], "run": manifest["run"], "parents": ", ".join(manifest["parents"]),
        "data": words("data_line", hash=data.get("hash"), train=data.get("train"),
                      validation=data.get("validation"), documents=len(data.get("documents", ()))),
        "file": words("file_line", bytes=gguf["bytes"], sha256=gguf["sha256"][:12]) if gguf else "",
        "parity": _passed(manifest["parity"]), "gate": _passed(manifest["gate"]), "state": _state(found),
    }  # fmt: skip
    console().print(manifest["name"], style="bold")
    for key, value in facts.items():
        if value:
            console().print(f"  {words(key)}: {value}")
    for reason in (manifest["gate"] or {}).get("reasons", ()):
        console().print(f"    {reason}", style="dim")
    _print_history(found["history"])
    if found["problem"]:
        console().print(translated(found["problem"]), style="yellow")


def publish(
    adapter: Adapter,
    trial: Annotated[
        float | None, typer.Option("--trial", metavar="SHARE", help=words("trial_share"))
    ] = None,
    force: Annotated[bool, typer.Option("--force", help=words("force"))] = False,
    reason: Reason = "",
    by: By = "",
    json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Let an adapter answer, all or a share of the users."""
    with closing(connect_here(workspace)) as operations:
        done = operations.publish_adapter(
            adapter, by=by or own_name(), trial=trial, force=force, reason=reason
        )
    _tell(done, json=json)


def rollback(
    to: Annotated[str | None, typer.Option("--to", metavar="ADAPTER", help=words("to"))] = None,
    reason: Reason = "",
    by: By = "",
    json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Take back the last change, or serve what was served before."""
    with closing(connect_here(workspace)) as operations:
        done = operations.roll_back_adapter(by=by or own_name(), to=to, reason=reason)
    _tell(done, json=json)


def trial(json: JsonOption = False, workspace: WorkspaceOption = None) -> None:
    """How the trial goes, or went."""
    with closing(connect_here(workspace)) as operations:
        found = operations.adapter_trial()
    if json:
        print_json(found)
        return
    console().print(_trial_line(found), style="bold")
    for side in _SIDES:
        one = found[side]
        counts = words("counts", answers=one["answers"], conversations=one["conversations"], up=one["up"],
                       down=one["down"])  # fmt: skip
        console().print(f"{words('side_' + side)} {one['adapter'] or words('base_model')}: {counts}")
        for measure in _MEASURES:
            console().print(f"  {words(measure)}: {_share(one[measure])}")
    for measure in _MEASURES:
        if (difference := found["differences"][measure]) is not None:
            console().print(words("difference", measure=words(measure), **_percents(difference, "mean")))


def remove(adapter: Adapter, json: JsonOption = False, workspace: WorkspaceOption = None) -> None:
    """Delete an adapter that does not answer."""
    with closing(connect_here(workspace)) as operations:
        done = operations.remove_adapter(adapter)
    if json:
        print_json(done)
    else:
        console().print(words("removed", adapter=adapter))


def _tell(done: Json, *, json: bool) -> None:
    if json:
        print_json(done)
        return
    now = done["current"] or words("base_model")
    console().print(words("now" if done["changed"] else "unchanged", adapter=now))
    if done["trial"]:
        share = f"{done['trial']['share']:.0%}"
        console().print(words("tries", adapter=done["trial"]["adapter"], share=share))
    if done.get("forced"):
        console().print(words("forced"), style="yellow")


def _line(item: Json) -> str:
    if item["created"] is None:
        return str(item["name"])
    checks = " ".join(f"{words(name)} {_mark(item[name])}" for name in ("parity", "gate"))
    parts = (item["name"], item["base"], day(item["created"]), checks, _state(item))
    return " · ".join(str(part) for part in parts if part)


def _state(item: Json) -> str:
    if item["published"]:
        return words("published")
    return words("on_trial", share=f"{item['trial']:.0%}") if item["trial"] else ""


def _mark(passed: bool | None) -> str:
    return {True: "✓", False: "✗", None: "–"}[passed]


def _passed(report: Json | None) -> str:
    return words("not_done") if report is None else words("passed" if report.get("passed") else "failed")


def _print_history(rows: list[Json]) -> None:
    for row in rows:
        act = words("acts." + row["act"], adapter=row["adapter"] or words("base_model"))
        notes = [row["by"], words("was_forced") if row["forced"] else "", row["reason"]]
        said = " · ".join(note for note in notes if note)
        console().print(f"  {day(row['at'])} {act}{f' ({said})' if said else ''}", style="dim")


def _trial_line(found: Json) -> str:
    key = "trial_runs" if found["running"] else "trial_ran"
    until = "" if found["running"] else day(found["until"])
    return words(key, adapter=found["adapter"], share=f"{found['share']:.0%}", since=day(found["since"]),
                 until=until)  # fmt: skip


def _share(one: Json) -> str:
    if one["share"] is None:
        return words("nothing")
    return words("share", count=one["count"], of=one["of"], **_percents(one, "share"))


def _percents(one: Json, middle: str) -> dict[str, str]:
    signs = "+.1%" if middle == "mean" else ".0%"
    return {
        "share": f"{one[middle]:{signs}}",
        "low": f"{one['low']:{signs}}",
        "high": f"{one['high']:{signs}}",
    }
