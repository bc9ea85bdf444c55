"""`konkyo train run|estimate|runs`: values, exit codes, and the real process behind them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from test_cli_docs import documented, keys

from training.tuning.runs import RunFolder
from ui.cli.main import main
from ui.cli.train_runs import words
from ui.cli.training_shown import Shown

TOYS = Path(__file__).parents[1] / "training" / "tuning"


@pytest.fixture
def toys(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(TOYS))
    import toy_chat_models

    return toy_chat_models


@pytest.fixture
def konkyo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    monkeypatch.setenv("KONKYO_WORKSPACE", str(tmp_path / "ws"))
    for name in ("LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "C.UTF-8")

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["konkyo", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        return (int(ended.value.code or 0), *capsys.readouterr())

    return run


def recipe(folder: Path, base: Path, more: str = "") -> str:
    path = folder / "toy.toml"
    path.write_text(
        f'[model]\nbase = "{base}"\ndtype = "fp32"\n[data]\nreplay_share = 0\n[training]\nepochs = 1\n'
        f"accumulate = 2\n[limits]\nsave_every = 1\nthreads = 1\n{more}",
        "utf-8",
    )
    return str(path)


@pytest.mark.slow
def test_a_training_from_the_terminal(konkyo: Any, toys: Any, tmp_path: Path) -> None:
    from training.tuning.selecting import write_examples

    base, data = toys.toy_folder(tmp_path / "toy"), tmp_path / "data.jsonl"
    write_examples([*toys.toy_chats(4), toys.toy_chats(5)[4].in_split("validation")], data)
    chosen = recipe(tmp_path, base)
    code, out, err = konkyo("train", "run", chosen, "--data", str(data), "--name", "mine", "--json")
    assert code == 0, err + (tmp_path / "ws" / "runs" / "mine" / "log.txt").read_text("utf-8")
    found = json.loads(out)
    assert keys({**found, "left_out": [{"id": "", "reason": ""}]}) == keys(documented("train run"))
    assert (found["run"], found["adapter"], found["examples"], found["steps"]) == ("mine", "mine", 4, 2)
    assert "step 2/2" in err and "validation" in err
    assert (tmp_path / "ws" / "adapters" / "mine" / "peft" / "adapter_model.safetensors").is_file()

    listed = json.loads(konkyo("train", "runs", "list", "--json")[1])
    assert keys(listed) == keys(documented("train runs list")) and listed[0]["state"] == "done"
    shown = json.loads(konkyo("train", "runs", "show", "mine", "--json")[1])
    assert shown["recipe"]["training"]["accumulate"] == 2 and not shown["interrupted"]
    assert "done" in konkyo("train", "runs", "show", "mine")[1]
    events = [
        json.loads(line) for line in konkyo("train", "runs", "follow", "mine", "--json")[1].splitlines()
    ]
    assert [one["event"] for one in events if one["event"] == "step"] == ["step"] * 2
    for arguments, said in (
        (["train", "run", "--resume", "mine"], "is done"),
        (["train", "runs", "stop", "mine"], "does not run"),
        (["train", "run", chosen, "--data", str(data), "--name", "mine"], "an adapter mine already"),
    ):  # fmt: skip
        code, out, err = konkyo(*arguments)
        assert (code, out) == (1, "") and said in err and len(err.splitlines()) == 1


def test_an_estimate_and_its_refusal(konkyo: Any, toys: Any, tmp_path: Path) -> None:
    from training.tuning.selecting import write_examples

    base, data = toys.toy_folder(tmp_path / "toy"), tmp_path / "data.jsonl"
    write_examples(toys.toy_chats(4), data)
    code, out, err = konkyo("train", "estimate", recipe(tmp_path, base), "--data", str(data), "--json")
    found = json.loads(out)
    assert code == 0 and found["fits"] and found["steps"] == 2, err
    assert keys({**found, "left_out": [{"id": "", "reason": ""}]}) == keys(documented("train estimate"))
    small = recipe(tmp_path, base, "memory_gb = 0.1\n")
    code, out, err = konkyo("train", "estimate", small, "--data", str(data))
    assert code == 3 and "0.1 GB" in err and "data.max_tokens" in err


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["train", "run"], 2, "recipe"),
        (["train", "run", "cpu", "--resume", "x"], 2, "recipe"),
        (["train", "run", "--resume", "x", "--name", "y"], 2, "--name"),
        (["train", "run", "cpu", "--method", "ppo"], 2, "ppo"),
        (["train", "run", "cpu"], 2, "--data"),
        (["train", "run", "nothing", "--data", "x"], 1, "smoke, cpu, gpu"),
        (["train", "run", "--resume", "nothing"], 1, "nothing"),
        (["train", "runs", "show", "nothing"], 1, "nothing"),
        (["train", "runs", "follow", "nothing"], 1, "nothing"),
        (["train", "runs", "stop", "nothing"], 1, "nothing"),
        (["train", "runs", "show", "../x"], 1, "name of a run"),
    ],
)
def test_errors_are_one_line(konkyo: Any, arguments: list[str], code: int, said: str) -> None:
    ended, out, err = konkyo(*arguments)
    assert (ended, out) == (code, "")
    assert said in err and len(err.splitlines()) == 1


def test_there_are_no_runs_yet(konkyo: Any) -> None:
    assert json.loads(konkyo("train", "runs", "list", "--json")[1]) == []
    assert "konkyo train run" in konkyo("train", "runs", "list")[1]


def test_how_other_runs_ended(konkyo: Any, tmp_path: Path) -> None:
    from ingestion.workspace import open_workspace

    runs = RunFolder(open_workspace(tmp_path / "ws", {}).runs)
    run = runs.create("one", "", adapter="one", method="sft", recipe={})
    run.tell("validation", step=0, loss=2.0)
    run.tell("sample", step=0, question="Price?", text="10\nyen")
    run.update(state="refused", reason="the training needs about 9 GB", process=None)
    code, out, _ = konkyo("train", "runs", "show", "one")
    assert code == 0 and "refused" in out and "9 GB" in out and "Price? → 10 yen" in out and "2.0000" in out


def test_every_event_has_its_line() -> None:
    shown = Shown(words)
    step = {"event": "step", "step": 3, "steps": 9, "loss": 0.5, "rate": 0.25, "eta_seconds": 90.0}
    assert shown.line(step) == "step 3/9, loss 0.500, 0.25 examples/s, 1.5 min left"
    assert shown.line({"event": "prepared", "steps": 9, "eta_seconds": 600}) == "9 steps, about 10 min"
    assert shown.line({"event": "resumed", "step": 4}) == "going on after step 4"
    assert shown.line({"event": "failed", "reason": "no memory"}) == "failed: no memory"
    assert shown.line({"event": "done"}) == "done"
