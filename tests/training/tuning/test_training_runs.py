"""Run folders as the page and the terminal read them, and the process that writes them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from filelock import FileLock
from toy_chat_models import toy_chats, toy_examples, toy_folder

from assistant.adapters import AdapterFolder
from ingestion.workspace import Workspace, open_workspace
from training.errors import ExampleError, TrainingError, TuningError
from training.tuning import child
from training.tuning.checkpoints import latest, replace_folder, take_in
from training.tuning.examples import TuningExample
from training.tuning.performing import final_loss
from training.tuning.recipes import Recipe
from training.tuning.runs import Run, RunFolder, this_process
from training.tuning.selecting import (
    general_examples,
    read_examples,
    selected,
    write_examples,
)
from training.tuning.starting import resume_run, start_run
from training.tuning.store import data_hash

WARNED = pytest.mark.filterwarnings("ignore:.*gradient_checkpointing.* is deprecated:FutureWarning")


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    found = open_workspace(tmp_path / "ws", {})
    found.runs.mkdir()
    return found


def made(workspace: Workspace, **sections: Any) -> Run:
    recipe = Recipe.model_validate(
        {"model": {"base": str(workspace.root / "toy"), "dtype": "fp32"}, "lora": {"rank": 2},
         "data": {"replay_share": 0}, "training": {"epochs": 1, "accumulate": 2, "warmup": 0, "rate": 0.01},
         "samples": {"every": 0}, "limits": {"save_every": 1, "threads": 1}} | sections
    )  # fmt: skip
    method = recipe.training.method
    return RunFolder(workspace.runs).create(
        "one", "# mine", adapter="one", recipe=recipe.model_dump(mode="json"), method=method
    )


def trained(run: Run, workspace: Workspace, examples: Any, asked: threading.Event | None = None) -> str:
    write_examples(examples, run.data)
    return child.train(run, workspace, asked or threading.Event())


def test_events_are_read_as_they_come_and_once_the_run_has_ended(workspace: Workspace) -> None:
    run = made(workspace)
    seen: list[dict[str, Any]] = []
    reader = threading.Thread(target=lambda: seen.extend(run.follow()))
    reader.start()
    run.tell("step", step=1, loss=2.0)
    with (run.folder / "events.jsonl").open("ab") as file:
        file.write(b'{"event": "step", "st')
        file.flush()
        time.sleep(0.5)
        file.write(b'ep": 2}\n')
    run.update(state="done", process=None)
    run.tell("done")
    reader.join(10)
    assert [one["event"] for one in seen] == ["step", "step", "done"] and seen[1] == {
        "event": "step",
        "step": 2,
    }


def test_how_it_ended_before_is_no_news_when_it_goes_on(workspace: Workspace) -> None:
    run = made(workspace)
    run.tell("failed", reason="no memory")
    before = run.told
    run.tell("resumed", step=2)
    run.update(state="done", process=None)
    run.tell("done")
    assert [one["event"] for one in run.follow(before)] == ["resumed", "done"]
    assert [one["event"] for one in run.follow()] == ["failed", "resumed", "done"]


def test_what_came_after_the_checkpoint_is_gone_once_it_goes_on(workspace: Workspace) -> None:
    run = made(workspace)
    run.tell("prepared", steps=4)
    for step in (1, 2, 3):
        run.tell("step", step=step)
    with (run.folder / "events.jsonl").open("ab") as file:
        file.write(b'{"event": "st')
    run.repaired()
    run.tell("resumed", step=2)
    run.tell("step", step=3)
    assert [(one["event"], one.get("step")) for one in run.events()] == [
        ("prepared", None), ("step", 1), ("step", 2), ("resumed", 2), ("step", 3)
    ]  # fmt: skip


def test_a_run_whose_process_is_gone_is_stopped(workspace: Workspace) -> None:
    run = made(workspace)
    assert (run.record()["state"], run.record()["interrupted"]) == ("running", False)
    ended = subprocess.Popen([sys.executable, "-c", ""])
    told = {"pid": ended.pid, "started": psutil.Process(ended.pid).create_time()}
    ended.wait()
    run.update(process=told)
    assert (run.record()["state"], run.record()["interrupted"]) == ("stopped", True)
    assert "--resume one" in run.record()["reason"]
    run.update(process={**this_process(), "started": 1.0})  # its number belongs to another one now
    assert run.record()["interrupted"]
    with pytest.raises(TuningError, match="does not run: it is stopped"):
        run.stop()


def test_stop_asks_first_and_kills_then(workspace: Workspace) -> None:
    run = made(workspace)
    deaf = "import signal, time; signal.signal(15, signal.SIG_IGN); print(1, flush=True); time.sleep(99)"
    process = subprocess.Popen([sys.executable, "-c", deaf], stdout=subprocess.PIPE)
    assert process.stdout is not None and process.stdout.readline()
    run.update(process={"pid": process.pid, "started": psutil.Process(process.pid).create_time()})
    run.stop(0.2)
    process.wait(10)
    process.stdout.close()
    assert not psutil.pid_exists(process.pid)
    assert run.record()["state"] == "stopped"


def test_names(workspace: Workspace) -> None:
    runs = RunFolder(workspace.runs)
    with pytest.raises(TuningError, match="name of a run"):
        runs.run("../x")
    with pytest.raises(TuningError, match="no run two"):
        runs.run("two").record()
    assert [made(workspace).name, made(workspace).name] == ["one", "one-2"]
    assert [run.name for run in runs.all()] == ["one", "one-2"]
    (runs.run("one").folder / "record.json").write_text("{", "utf-8")
    with pytest.raises(TuningError, match="cannot be read"):
        runs.run("one").record()


def test_a_checkpoint_is_whole_or_not_there(tmp_path: Path) -> None:
    for step in (2, 4, 10):
        work = tmp_path / "partial" / f"checkpoint-{step}"
        work.mkdir(parents=True)
        (work / "x").write_text(str(step))
        take_in(work, tmp_path, step)
    (tmp_path / "partial" / "checkpoint-11").mkdir()  # where a process was killed
    found = latest(tmp_path)
    assert found is not None and found.name == "step-10" and (found / "x").read_text() == "10"
    assert sorted(path.name for path in tmp_path.glob("step-*")) == ["step-10", "step-4"]
    assert latest(tmp_path / "nothing") is None
    (tmp_path / "new").mkdir()
    replace_folder(tmp_path / "new", tmp_path / "step-4")
    assert list((tmp_path / "step-4").iterdir()) == [] and not (tmp_path / "new").exists()


@WARNED
def test_a_training_writes_adapter_manifest_and_record(workspace: Workspace) -> None:
    toy_folder(workspace.root / "toy")
    run = made(workspace, validation={"every": 2}, samples={"every": 1, "count": 1, "tokens": 3})
    held = [one.in_split("validation") for one in toy_examples(6)[4:]]
    test = toy_examples(7)[6].in_split("test")
    assert trained(run, workspace, [*toy_examples(4), *held, test]) == "done", run.record()["reason"]
    record, events = run.record(), run.events()
    assert (record["state"], record["step"], record["resumed"]) == ("done", 2, False)
    assert record["validation_loss"] < record["base_validation_loss"] and record["peak_bytes"] >= 0
    assert (record["data"]["train"], record["data"]["validation"]) == (4, 2)
    assert record["data"]["documents"] == ["d1", "d2", "d3", "d4", "d5", "d6"]
    assert record["data"]["licences"] == ["CC0-1.0"] and test.id not in record["examples"]
    steps = [one for one in events if one["event"] == "step"]
    assert [one["step"] for one in steps] == [1, 2]
    assert all({"steps", "loss", "rate", "eta_seconds", "at"} <= one.keys() for one in steps)
    assert [one["step"] for one in events if one["event"] == "sample"] == [0, 1, 2]
    assert [one["step"] for one in events if one["event"] == "validation"] == [0, 2]
    assert events[-1]["event"] == "done" and events[-1]["adapter"] == "one"
    manifest = AdapterFolder(workspace.adapters).read("one")
    assert (manifest.method, manifest.run, manifest.parents, manifest.seed) == ("sft", "one", (), 0)
    assert manifest.base["family"] == "qwen2" and len(manifest.base["sha256"]) == 64
    assert manifest.data["hash"] == data_hash([*toy_examples(4), *held, test])
    assert manifest.versions["trl"] == "1.16.0" and manifest.recipe["lora"]["rank"] == 2
    config = json.loads((workspace.adapters / "one" / "peft" / "adapter_config.json").read_text("utf-8"))
    assert config["base_model_name_or_path"] == "toy" and config["r"] == 2
    assert {path.name for path in run.folder.iterdir()} == {"recipe.toml", "record.json", "events.jsonl"}


@WARNED
def test_an_adapter_is_continued_and_named_as_parent(workspace: Workspace) -> None:
    toy_folder(workspace.root / "toy")
    assert trained(made(workspace), workspace, toy_chats(2)) == "done"
    model = {"base": str(workspace.root / "toy"), "dtype": "fp32", "adapter": "one"}
    run = made(workspace, model=model)
    run.update(adapter="two")
    assert trained(run, workspace, toy_chats(2)) == "done", run.record()["reason"]
    assert AdapterFolder(workspace.adapters).read("two").parents == ("one",)
    other = made(workspace, model={**model, "base": str(toy_folder(workspace.root / "other"))})
    assert trained(other, workspace, toy_chats(2)) == "failed"
    assert "the run one has made an adapter one meanwhile" in other.record()["reason"]
    other.update(adapter="three")
    assert trained(other, workspace, toy_chats(2)) == "failed"
    assert "was trained on toy, not on other" in other.record()["reason"]


@WARNED
def test_a_run_that_was_asked_to_stop_keeps_its_place_and_no_adapter(workspace: Workspace) -> None:
    toy_folder(workspace.root / "toy")
    run, asked = made(workspace, training={"epochs": 2, "accumulate": 1}), threading.Event()
    told = run.tell

    def stop_at_the_second(event: str, **values: Any) -> None:
        told(event, **values)
        if event == "step" and values["step"] == 2:
            asked.set()

    watched = Watched(run.folder, stop_at_the_second)
    assert trained(watched, workspace, toy_chats(4), asked) == "stopped"
    found = latest(run.checkpoints)
    assert found is not None and found.name == "step-2" and run.data.is_file()
    assert not (workspace.adapters / "one").exists()
    assert trained(run, workspace, toy_chats(4)) == "done", run.record()["reason"]
    assert [one["step"] for one in run.events() if one["event"] == "step"] == list(range(1, 9))


class Watched(Run):
    """A run whose events somebody sees first."""

    def __init__(self, folder: Path, tell: Any) -> None:
        super().__init__(folder)
        object.__setattr__(self, "seen", tell)

    def tell(self, event: str, **values: Any) -> None:
        self.seen(event, **values)  # type: ignore[attr-defined]


def test_what_cannot_be_trained_says_why(workspace: Workspace) -> None:
    toy_folder(workspace.root / "toy")
    cases: list[tuple[dict[str, Any], list[TuningExample], str, str]] = [
        ({"limits": {"memory_gb": 0.5, "threads": 1}}, toy_chats(2), "refused", "GB of memory, but 0.5 GB"),
        ({}, [], "failed", "no examples to train on"),
        ({"data": {"max_tokens": 32}}, toy_examples(1), "failed", "no example fits: example"),
        ({"training": {"method": "dpo"}}, toy_examples(1), "failed", "no preference"),
        ({"training": {"method": "continued"}}, toy_examples(1), "failed", "learns from documents"),
        ({"model": {"base": "nothing"}}, toy_chats(1), "failed", "nothing"),
        ({"lora": {"targets": ["nothing"]}}, toy_chats(1), "failed", "lora.targets names nothing"),
    ]
    for sections, examples, state, reason in cases:
        run = made(workspace, **sections)
        assert trained(run, workspace, examples) == state
        assert run.record()["state"] == state and reason in run.record()["reason"]
        assert run.events()[-1]["event"] == state
    assert not list(workspace.adapters.iterdir())


def test_one_training_at_a_time(workspace: Workspace) -> None:
    run = made(workspace)
    with FileLock(RunFolder(workspace.runs).lock):
        assert trained(run, workspace, toy_chats(1)) == "failed"
        assert "another training runs" in run.record()["reason"]
        with pytest.raises(TuningError, match="another training runs"):
            start_run(workspace, "smoke", toy_chats(1))
    with pytest.raises(TuningError, match="no run two"):
        resume_run(workspace, "two")
    run.update(state="done")
    with pytest.raises(TuningError, match="is done, so it cannot go on"):
        resume_run(workspace, "one")
    (workspace.adapters / "mine").mkdir()
    with pytest.raises(TuningError, match="an adapter mine already"):
        start_run(workspace, "smoke", toy_chats(1), name="mine")


def test_a_process_that_takes_too_much_memory_ends(workspace: Workspace) -> None:
    run = made(workspace)
    code = (
        "import sys, time; from pathlib import Path; from training.tuning import child\n"
        "from training.tuning.runs import Run\n"
        f"with child.MemoryWatch(Run(Path({str(run.folder)!r}))) as watch:\n"
        "    watch.limit(1000)\n    time.sleep(30)"
    )
    done = subprocess.run([sys.executable, "-c", code], env={**os.environ}, timeout=60, check=False)
    assert done.returncode == 1
    assert run.record()["state"] == "failed" and "were allowed" in run.record()["reason"]


def test_held_out_are_whole_groups_and_never_the_test() -> None:
    examples = [
        TuningExample("chat", "", messages=one.messages, group=f"g{i % 5}")
        for i, one in enumerate(toy_chats(20))
    ]
    found = selected(examples, 0.2, 0)
    assert len(found.train) + len(found.validation) == 20 and len(found.validation) == 4
    assert not {one.group for one in found.train} & {one.group for one in found.validation}
    assert found == selected(examples, 0.2, 0)
    marked = [examples[0].in_split("validation"), examples[1].in_split("test"), *examples[2:]]
    assert (
        selected(marked, 0.2, 0).validation == (marked[0],)
        and marked[1] not in selected(marked, 0.2, 0).train
    )
    assert selected(examples[:9], 0.2, 0).validation == ()


def test_general_examples_are_the_wished_share(tmp_path: Path) -> None:
    rows = [{"question": f"{i}?", "answer": f"{i}!"} for i in range(30)]
    text = "\n".join(json.dumps(row) for row in rows)
    (tmp_path / "a.jsonl").write_text(text, "utf-8")
    (tmp_path / "b.jsonl").write_text(json.dumps(toy_chats(1)[0].as_json()), "utf-8")
    found = general_examples(str(tmp_path), 0.2, 40, 1)
    assert len(found) == 10 and found == general_examples(str(tmp_path), 0.2, 40, 1)
    assert found != general_examples(str(tmp_path), 0.2, 40, 2)
    assert len(general_examples(str(tmp_path), 0.5, 100, 1)) == 31
    assert general_examples(str(tmp_path), 0, 100, 1) == []
    own = general_examples("", 0.5, 1000, 1)
    assert all(one.kind == "chat" and one.messages[-1].role == "assistant" for one in own)
    (tmp_path / "b.jsonl").write_text('{"question": "x"}', "utf-8")
    with pytest.raises(ExampleError, match=r"b.jsonl: row 1 has no question with an answer"):
        general_examples(str(tmp_path), 0.2, 40, 1)
    with pytest.raises(ExampleError, match="not a folder"):
        general_examples(str(tmp_path / "none"), 0.2, 40, 1)


def test_examples_are_read_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    write_examples([*toy_examples(3), *toy_chats(2)], path)
    assert read_examples(path) == [*toy_examples(3), *toy_chats(2)]
    for text, said in (("{", "row 1: it is not JSON"), ('\n{"kind": "answer"}', "row 2"), ("[1]", "row 1")):
        path.write_text(text, "utf-8")
        with pytest.raises(TrainingError, match=said):
            read_examples(path)


def test_the_final_loss_is_the_mean_of_the_last_epoch() -> None:
    history = [{"loss": 9.0, "epoch": 1.0}, {"loss": 2.0, "epoch": 1.5}, {"eval_loss": 7.0, "epoch": 2.0},
               {"loss": 1.0, "epoch": 2.0}, {"train_loss": 5.0, "epoch": 2.0}]  # fmt: skip
    assert final_loss(history) == 1.5
