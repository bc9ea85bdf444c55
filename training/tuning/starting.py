"""Starts a training in a process of its own, or lets one go on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import psutil
from filelock import FileLock, Timeout
from pydantic import ValidationError

from assistant.adapters import AdapterFolder
from ingestion.workspace import Workspace
from training.errors import RecipeError, TuningError
from training.tuning.examples import TuningExample
from training.tuning.recipes import Recipe, explained, find_recipe, parse_recipe
from training.tuning.runs import Run, RunFolder
from training.tuning.selecting import write_examples

QUIET = {
    "HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1", "DO_NOT_TRACK": "1", "TOKENIZERS_PARALLELISM": "false",
    "OMP_WAIT_POLICY": "passive",  # threads that spin would take the cores from the chat
}  # fmt: skip
"""Environment of the process: nothing is asked of a network, threads sleep when they wait."""


def read_recipe(
    name: str, method: str | None = None, changes: Mapping[str, Any] | None = None
) -> tuple[str, str, Recipe]:
    """Its name, its text, and the recipe with another method and `changes` (by `section.key`) where given.

    Raises:
        RecipeError: as `find_recipe` and `parse_recipe`; a change names no field, or its value is not valid.
    """
    stem, text = find_recipe(name)
    recipe = parse_recipe(text, name)
    wanted = {**(changes or {}), **({"training.method": method} if method else {})}
    if wanted:
        recipe = _changed(recipe, wanted, stem)
    return stem, text, recipe


def _changed(recipe: Recipe, changes: Mapping[str, Any], name: str) -> Recipe:
    told = recipe.model_dump()
    for path, value in changes.items():
        section, _, key = path.partition(".")
        told.setdefault(section, {})[key] = value
    try:
        return Recipe.model_validate(told)
    except ValidationError as error:
        raise RecipeError("; ".join(explained(name, dict(one)) for one in error.errors())) from error


def start_run(
    workspace: Workspace,
    recipe: str,
    examples: Sequence[TuningExample],
    *,
    name: str | None = None,
    method: str | None = None,
    changes: Mapping[str, Any] | None = None,
) -> tuple[Run, subprocess.Popen[bytes]]:
    """A new run and its process. `name` is that of the adapter to be; default: recipe and day.

    `method` and `changes` are as for `read_recipe`.

    Raises:
        RecipeError, TuningError, AdapterError: recipe or name cannot be used, or another training runs.
    """
    stem, text, found = read_recipe(recipe, method, changes)
    adapters, runs = AdapterFolder(workspace.adapters), RunFolder(workspace.runs)
    runs.root.mkdir(exist_ok=True)
    _refuse_a_second(runs)
    adapter = _adapter_name(adapters, name or f"{_plain(stem)}-{found.training.method}-{date.today():%Y%m%d}",
                            given=name is not None)  # fmt: skip
    # Nobody's until its process is there: who stops it must never end us.
    run = runs.create(
        adapter, text, adapter=adapter, recipe=found.model_dump(mode="json"), method=found.training.method,
        process=None,
    )  # fmt: skip
    write_examples(examples, run.data)
    return run, _child(run, workspace)


def resume_run(workspace: Workspace, name: str) -> tuple[Run, subprocess.Popen[bytes]]:
    """A run that was stopped, killed or failed, and the process in which it goes on.

    Raises:
        TuningError: there is none, it runs, or it is done.
    """
    runs = RunFolder(workspace.runs)
    run = runs.run(name)
    state = run.record()["state"]
    if state in ("running", "done"):
        raise TuningError(f"the run {name} is {state}, so it cannot go on. Start a new one without --resume.")
    _refuse_a_second(runs)
    run.update(state="running", reason="", resumed=True, process=None)
    return run, _child(run, workspace)


def _child(run: Run, workspace: Workspace) -> subprocess.Popen[bytes]:
    with run.log.open("ab") as log:
        child = subprocess.Popen(
            # -P: the folder that we happen to run in is no place to import from.
            [sys.executable, "-P", "-m", "training.tuning.child", str(run.folder), str(workspace.root)],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=quiet_environment(),
            start_new_session=True,  # Ctrl-C and a closed terminal are for those who watch
        )  # fmt: skip
    run.update(process=_starting(child.pid))
    threading.Thread(target=_wait, args=(child, run), name="training-end", daemon=True).start()
    return child


def _starting(pid: int) -> dict[str, Any]:
    """What tells the process `pid`, which has not spoken for itself yet; see `runs.this_process`."""
    return {"pid": pid, "started": psutil.Process(pid).create_time(), "starting": True}


def _wait(child: subprocess.Popen[bytes], run: Run) -> None:
    """Note the end of a process that ended before it could speak: nobody else would say why."""
    child.wait()
    record = run.record()
    told = record.get("process") or {}
    if not told.get("starting") or told["pid"] != child.pid:
        return
    if child.returncode == -signal.SIGTERM:
        run.update(state="stopped", reason="it was stopped", process=None)
    else:
        run.update(state="failed", reason=f"its process could not start. See {run.log}", process=None)


def quiet_environment() -> dict[str, Any]:
    """The environment of a process of ours that works with models: this one's, and no network."""
    return {**os.environ, **QUIET, "PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry)}


def _refuse_a_second(runs: RunFolder) -> None:
    try:
        with FileLock(runs.lock, timeout=0):
            return
    except Timeout:
        raise TuningError(
            "another training runs. Wait until it ends, or stop it: konkyo train runs stop NAME"
        ) from None


def _adapter_name(adapters: AdapterFolder, name: str, *, given: bool) -> str:
    """`name`, with a number where a name of our own making is taken.

    Raises:
        TuningError: the name that was given is taken.
    """
    number, chosen = 1, name
    while adapters.folder(chosen).exists():
        if given:
            raise TuningError(f"there is an adapter {name} already. Choose another name with --name.")
        number += 1
        chosen = f"{name}-{number}"
    return chosen


def _plain(name: str) -> str:
    kept = "".join(sign if sign.isascii() and sign.isalnum() else "-" for sign in name.lower()).strip("-")
    return kept[:30] or "adapter"
