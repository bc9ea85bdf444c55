"""Checkpoints that are whole or not there, and the adapter that did best.

A checkpoint is written beside its place, brought to the disk and moved there in one step, so a process that
is killed at any moment leaves the last whole one.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

_WHOLE = re.compile(r"step-(\d+)")
PARTIAL = "partial"
KEPT = 2


def latest(folder: Path) -> Path | None:
    """The last whole checkpoint, None without one."""
    found = _all(folder)
    return found[-1] if found else None


def step_of(checkpoint: Path) -> int:
    """After how many steps it was written."""
    found = _WHOLE.fullmatch(checkpoint.name)
    assert found is not None
    return int(found[1])


def history_of(checkpoint: Path) -> list[dict[str, Any]]:
    """Losses and validations up to the checkpoint, as transformers logs them."""
    state = json.loads((checkpoint / "trainer_state.json").read_text("utf-8"))
    found: list[dict[str, Any]] = state["log_history"]
    return found


def take_in(written: Path, folder: Path, step: int) -> Path:
    """Move the finished `written` to its place in `folder`; older ones but the last go."""
    sync_tree(written)
    place = folder / f"step-{step}"
    shutil.rmtree(place, ignore_errors=True)
    os.replace(written, place)
    sync_tree(folder, files=False)
    for old in _all(folder)[:-KEPT]:
        shutil.rmtree(old, ignore_errors=True)
    return place


def replace_folder(new: Path, place: Path) -> None:
    """Put the finished folder `new` in the place of another; readers meet the old one or the new one."""
    sync_tree(new)
    old = place.with_name(f"{place.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if place.exists():
        os.replace(place, old)
    os.replace(new, place)
    shutil.rmtree(old, ignore_errors=True)


def recover_folder(place: Path) -> None:
    """Bring back what stood at `place`, where a process was killed within `replace_folder`.

    What was to take its place is made again: the checkpoint that one goes on from is older.
    """
    old = place.with_name(f"{place.name}.old")
    if not place.exists() and old.exists():
        os.replace(old, place)


def sync_tree(folder: Path, *, files: bool = True) -> None:
    """Bring a folder, and with `files` all below it, to the disk."""
    for path in [*(folder.rglob("*") if files else ()), folder]:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _all(folder: Path) -> list[Path]:
    found = [path for path in folder.glob("step-*") if _WHOLE.fullmatch(path.name)]
    return sorted(found, key=step_of)
