"""Trains a toy in processes that are killed at random moments and go on, and once undisturbed.

`python killed_training.py FOLDER METHOD KILLS SEED` prints the records of both as one JSON line. One process
imports everything and each training is a fork of it: the imports take most of the time.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import threading
import time
import warnings
from pathlib import Path
from typing import Any

import torch
from toy_chat_models import toy_chats, toy_folder, toy_pairs

from ingestion.workspace import Workspace, open_workspace
from training.tuning import child, dpo, performing, sft, telling  # noqa: F401  # imported before the forks
from training.tuning.checkpoints import latest
from training.tuning.recipes import Recipe
from training.tuning.runs import Run, RunFolder, this_process
from training.tuning.selecting import write_examples


def started(workspace: Workspace, base: Path, method: str, name: str) -> Run:
    recipe = Recipe.model_validate(
        {
            "model": {"base": str(base), "dtype": "fp32"},
            "lora": {"rank": 4, "dropout": 0.2},
            "data": {"max_tokens": 900, "replay_share": 0},
            "training": {
                "method": method, "epochs": 2 if method == "dpo" else 3, "accumulate": 2, "rate": 0.01
            },
            "validation": {"every": 3, "patience": 9}, "samples": {"every": 0},
            "limits": {"save_every": 2, "threads": 1},
        }
    )  # fmt: skip
    run = RunFolder(workspace.runs).create(
        name, "", adapter=name, recipe=recipe.model_dump(mode="json"), method=method
    )
    examples = toy_pairs(8) if method == "dpo" else toy_chats(8)
    write_examples([*examples[:6], *(one.in_split("validation") for one in examples[6:])], run.data)
    return run


def forked(run: Run, workspace: Workspace) -> int:
    pid = os.fork()
    if pid:
        return pid
    run.update(state="running", process=this_process())
    state = child.train(run, workspace, threading.Event())
    os._exit(0 if state == "done" else 1)


def killed(run: Run, workspace: Workspace, kills: int, chance: random.Random) -> list[Any]:
    """Kill it after a random number of further events, `kills` times; the last checkpoint at each."""
    places: list[Any] = []
    for _ in range(kills):
        wanted = len(run.events()) + chance.randint(2, 6)
        pid = forked(run, workspace)
        while len(run.events()) < wanted and not os.waitpid(pid, os.WNOHANG)[0]:
            time.sleep(0.01)
        time.sleep(chance.random() * 0.1)
        if run.record()["state"] == "done":
            break
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        assert run.record()["state"] == "stopped" and run.record()["interrupted"]
        found = latest(run.checkpoints)
        places.append(found.name if found else None)
    return places


def main() -> None:
    warnings.simplefilter("ignore")
    folder, method, kills, seed = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    torch.set_num_threads(1)
    workspace = open_workspace(folder / "ws", {})
    base = toy_folder(folder / "toy")
    whole, broken = (started(workspace, base, method, name) for name in ("whole", "broken"))
    os.waitpid(forked(whole, workspace), 0)
    places = killed(broken, workspace, kills, random.Random(seed))
    os.waitpid(forked(broken, workspace), 0)
    print(json.dumps({"whole": whole.record(), "broken": broken.record(), "places": places}))


if __name__ == "__main__":
    main()
