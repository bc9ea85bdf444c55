"""A training that is killed at any moment and goes on ends as one that nobody disturbed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

HERE = Path(__file__).parent


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="the toy trainings are forks of one process")
@pytest.mark.parametrize(("method", "kills"), [("sft", 3), ("dpo", 1)])
def test_the_same_adapter_comes_out(method: str, kills: int, tmp_path: Path) -> None:
    seed = os.getpid()
    done = subprocess.run(
        [sys.executable, "-P", str(HERE / "killed_training.py"), str(tmp_path), method, str(kills),
         str(seed)],
        capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE), str(HERE.parents[2])])},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    whole, broken = found["whole"], found["broken"]
    assert whole["state"] == broken["state"] == "done", (broken["reason"], seed)
    assert found["places"], "it was done before anybody killed it"
    for name in ("train_loss", "validation_loss", "best_step", "step"):
        assert whole[name] == broken[name], (name, found["places"], seed)
    assert not whole["resumed"]
    one, other = (
        load_file(tmp_path / "ws" / "adapters" / name / "peft" / "adapter_model.safetensors")
        for name in ("whole", "broken")
    )
    assert one.keys() == other.keys()
    assert all(torch.equal(value, other[name]) for name, value in one.items()), (found["places"], seed)
    for name in ("whole", "broken"):
        left = {path.name for path in (tmp_path / "ws" / "runs" / name).iterdir()}
        assert left == {"recipe.toml", "record.json", "events.jsonl"}
