"""Runs that were killed, failed or overtaken: nothing is overwritten, and nobody else is stopped."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from assistant.adapters import AdapterFolder, Manifest
from ingestion.workspace import Workspace, open_workspace
from training.errors import TrainingRefusedError, TuningError
from training.tuning.checkpoints import recover_folder, replace_folder
from training.tuning.child import DISK_FULL, is_full
from training.tuning.estimating import Estimate, Times, refuse_a_full_disk
from training.tuning.examples import TuningExample
from training.tuning.performing import _refuse_a_taken_name
from training.tuning.runs import Run, RunFolder
from training.tuning.starting import resume_run, start_run


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return open_workspace(tmp_path / "ws", {})


def made(workspace: Workspace, name: str = "one", **record: Any) -> Run:
    return RunFolder(workspace.runs).create(name, "", **{"adapter": name, "method": "sft", **record})


def test_an_adapter_that_another_run_made_is_not_overwritten(workspace: Workspace) -> None:
    """Stopped, then overtaken by a run with the same name for its adapter, then resumed."""
    first, second = made(workspace), made(workspace)
    assert (first.name, second.name) == ("one", "one-2")
    adapters = AdapterFolder(workspace.adapters)
    for run in (first, second):
        _refuse_a_taken_name(run, adapters)
    (workspace.adapters / "one").mkdir(parents=True, exist_ok=True)  # killed before it had a manifest
    _refuse_a_taken_name(first, adapters)
    adapters.write(Manifest("one", "2026-01-01", {"model": "toy"}, "sft", {}, second.name, {}, 0, {}))
    _refuse_a_taken_name(second, adapters)
    with pytest.raises(TuningError, match="the run one-2 has made an adapter one meanwhile"):
        _refuse_a_taken_name(first, adapters)


class Unreadable(list[TuningExample]):
    """Examples that a full disk lets nobody write."""

    def __iter__(self) -> Iterator[TuningExample]:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_run_whose_process_could_not_be_started_is_nobodys(workspace: Workspace) -> None:
    """Else stopping it would end whoever wanted to start it: the service."""
    with pytest.raises(OSError, match="No space"):
        start_run(workspace, "smoke", Unreadable(), name="one")
    (run,) = RunFolder(workspace.runs).all()
    for _ in range(2):
        assert (run.record()["state"], run.record()["process"]) == ("stopped", None)
        with pytest.raises(TuningError, match="does not run"):
            run.stop()
        run.log.mkdir(exist_ok=True)
        with pytest.raises(IsADirectoryError):
            resume_run(workspace, run.name)


def test_what_was_told_before_a_beginning_anew_holds_no_more(workspace: Workspace) -> None:
    """Killed before the first checkpoint: every step is told again."""
    run = made(workspace)
    for _ in range(2):
        run.tell("prepared", steps=2)
        if run.told > 200:
            run.tell("resumed", step=0)
        run.tell("validation", step=0, loss=3.0)
        run.tell("step", step=1)
    run.tell("done")
    found = [one["event"] for one in run.events()]
    assert found == ["prepared", "prepared", "resumed", "validation", "step", "done"]


@pytest.mark.parametrize("moment", ["before", "between", "after"])
def test_the_best_adapter_survives_a_kill_within_its_replacement(moment: str, tmp_path: Path) -> None:
    best, new = tmp_path / "best", tmp_path / "best.new"
    for folder, text in ((best, "step 10"), (new, "step 20")):
        folder.mkdir()
        (folder / "x").write_text(text)
    if moment == "between":
        best.rename(tmp_path / "best.old")
    if moment == "after":
        replace_folder(new, best)
    recover_folder(best)
    assert (best / "x").read_text() == ("step 20" if moment == "after" else "step 10")
    assert not (tmp_path / "best.old").exists()


def test_a_full_disk_is_refused_before_and_named_after(tmp_path: Path) -> None:
    found = Estimate(0, 0, 0, 0, 0, 1, 1, 1, Times(0, 0, 0, 0), learnt_weights=10_000_000)
    # 12 bytes a weight in each of three checkpoints, 4 in the best adapter, its successor and the result.
    needed = 480_000_000 + 50_000_000
    refuse_a_full_disk(found, tmp_path, needed)
    refuse_a_full_disk(replace(found, learnt_weights=1), tmp_path)
    with pytest.raises(TrainingRefusedError, match=r"about 0\.5 GB on the disk of .*, but 0\.0 GB are free"):
        refuse_a_full_disk(found, tmp_path, 1000)
    with pytest.raises(TrainingRefusedError):
        refuse_a_full_disk(found, tmp_path, needed - 1)
    assert is_full(OSError(errno.ENOSPC, "x")) and "disk is full" in DISK_FULL
    told = RuntimeError("I/O error: No space left on device (os error 28)")
    assert is_full(told) and not is_full(RuntimeError("x")) and not is_full(OSError(errno.EACCES, "x"))
    try:
        try:
            raise OSError(errno.ENOSPC, "x")
        except OSError:
            raise RuntimeError("unexpected pos 64 vs 0") from None
    except RuntimeError as error:
        assert is_full(error)
