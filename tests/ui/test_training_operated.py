"""Trainings and reports of the gate through the operations: what is started, followed, stopped and shown."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from interface_fakes import LightResources

from assistant.adapters import AdapterFolder, Manifest
from assistant.errors import AdapterError
from ingestion.settings import Settings
from ingestion.workspace import Workspace, open_workspace
from training.errors import GateError, RecipeError, TuningError
from training.tuning.gate.reports import GateReports
from training.tuning.recipes import BUILT_IN, recipe_keys
from training.tuning.runs import RunFolder
from ui.errors import UsageError
from ui.local import LocalOperations

Json = dict[str, Any]
RULES = "第3条（在宅勤務）\n在宅勤務手当として、1日につき200円を支給する。申請書は総務部に提出する。\n"


class Operated(LocalOperations):
    """Whose steps are done by `does` instead of another process."""

    does: Callable[..., Json | None] = staticmethod(lambda *_: {"done": True})

    def _step(self, step: str, arguments: Json, *rest: Any) -> Json | None:
        return self.does(step, arguments)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return open_workspace(tmp_path / "ws", {})


@pytest.fixture
def operations(workspace: Workspace, tmp_path: Path) -> Iterator[Operated]:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "rules.txt").write_text(RULES, "utf-8")
    with closing(Operated(workspace, resources=LightResources(workspace, Settings()))) as made:
        assert list(made.ingest([str(docs)]))[-1]["event"] == "report"
        yield made


def accepted(operations: LocalOperations) -> Json:
    """One accepted example of the library."""
    list(operations.build_examples(unanswerable=0))
    one: Json = operations.examples()["examples"][0]
    operations.review_examples([{"id": one["id"], "act": "accept"}])
    return one


def adapter(workspace: Workspace, name: str = "ours") -> AdapterFolder:
    folder = AdapterFolder(workspace.adapters)
    folder.write(
        Manifest(name, "2026-11-22T00:00:00+00:00", {"model": "m", "sha256": "x"}, "sft", {}, name, {}, 0, {})
    )
    return folder


def test_recipes_come_with_every_field(operations: Operated) -> None:
    found = {one["name"]: one for one in operations.recipes()}
    assert tuple(found) == BUILT_IN
    keys = [f"{section}.{key}" for section, keys in found["gpu"]["fields"].items() for key in keys]
    assert keys == recipe_keys() and found["gpu"]["fields"]["lora"]["rank"] == 32
    assert found["smoke"]["about"].startswith("A few steps")


def test_what_cannot_be_started_says_why(operations: Operated) -> None:
    with pytest.raises(UsageError, match="no recipe"):
        operations.start_training("my.toml")
    with pytest.raises(UsageError, match="no method"):
        operations.estimate_training("cpu", method="rl")
    with pytest.raises(RecipeError, match=r"unknown key lora\.rang\. Did you mean lora\.rank"):
        operations.start_training("cpu", changes={"lora.rang": 4})
    with pytest.raises(TuningError, match="nothing to learn from by the method sft"):
        operations.start_training("cpu")
    accepted(operations)
    with pytest.raises(TuningError, match="nothing to learn from by the method dpo"):
        operations.start_training("cpu", method="dpo")
    assert operations.training_runs() == []


def test_a_training_is_another_process_from_the_first_moment_and_stops_alone(
    operations: Operated, workspace: Workspace
) -> None:
    accepted(operations)
    begun = operations.start_training("smoke", name="ours", changes={"lora.rank": 4})
    run = RunFolder(workspace.runs).run(begun["run"])
    record = run.record()
    assert record["process"]["pid"] != os.getpid() and record["recipe"]["lora"]["rank"] == 4
    assert (begun["state"], begun["adapter"], begun["method"]) == ("running", "ours", "sft")
    stopped = operations.stop_training("ours")
    assert stopped["state"] == "stopped"
    assert [one["run"] for one in operations.training_runs()] == ["ours"]
    with pytest.raises(TuningError, match="does not run"):
        operations.stop_training("ours")


def test_events_are_read_from_where_one_was(operations: Operated, workspace: Workspace) -> None:
    run = RunFolder(workspace.runs).create("one", "", adapter="one", recipe={}, method="sft")
    for step in (1, 2, 3):
        run.tell("step", step=step, steps=3)
    found = operations.training_run("one", after=2)
    assert ([one["step"] for one in found["events"]], found["total"]) == ([3], 3)
    assert found["record"]["adapter"] == "one" and found["state"] == "running"
    with pytest.raises(TuningError, match="no run two"):
        operations.training_run("two")


def test_an_estimate_is_asked_of_the_step(operations: Operated) -> None:
    asked: list[Any] = []
    operations.does = lambda step, arguments: asked.append((step, arguments)) or {"fits": True}
    assert operations.estimate_training("cpu", changes={"lora.rank": 4}) == {"fits": True}
    assert asked == [("estimate", {"recipe": "cpu", "method": None, "changes": {"lora.rank": 4}})]


def test_steps_of_an_adapter_are_jobs_that_say_what_they_are(
    operations: Operated, workspace: Workspace
) -> None:
    asked: list[Any] = []
    operations.does = lambda step, arguments: asked.append((step, arguments)) or {"passed": True}
    with pytest.raises(AdapterError, match="no adapter"):
        operations.start_adapter_step("ours", "export")
    adapter(workspace)
    with pytest.raises(UsageError, match="nothing to do with an adapter"):
        operations.start_adapter_step("ours", "publish")
    for step in ("parity", "evaluate"):
        begun = operations.start_adapter_step("ours", step, language="ja", time_again=True)
        assert (begun["kind"], begun["about"]) == (step, "ours")
        job = operations._jobs.last
        assert job is not None
        job.join(20)
        assert job.as_json()["state"] == "done" and job.as_json()["report"] == {"passed": True}
    told = {"adapter": "ours", "language": "ja", "time_again": True}
    assert asked == [("parity", {"adapter": "ours"}), ("evaluate", told)]


def row(identity: str, part: str = "domain") -> Json:
    side = {"answer": "秘密", "served": "秘密", "measures": {"right": 1.0}}
    return {
        "id": identity, "part": part, "question": "秘密？", "reference": "秘密", "accepted": ["秘密"],
        "evidence": [{"heading": "h", "text": "秘密"}], "base": side, "tuned": side,
    }  # fmt: skip


def test_a_report_shows_the_words_of_documents_as_long_as_they_may_be_shown(
    operations: Operated, workspace: Workspace
) -> None:
    one = accepted(operations)
    folder = adapter(workspace)
    with pytest.raises(GateError, match="was not evaluated yet"):
        operations.gate_report("ours")
    rows = [row(one["id"]), row("not an example any more"), row("g", "general")]
    kept = {"created_at": "2026-11-22T00:00:00+00:00", "passed": True, "rows": rows}
    saved = GateReports.of(folder, "ours").save(kept)
    found = operations.gate_report("ours")
    assert found["ids"] == [saved["id"]] and [one["gone"] for one in found["rows"]] == [False, True, False]
    assert "秘密" not in str(found["rows"][1]) and found["rows"][1]["base"]["measures"] == {"right": 1.0}
    document = operations.documents()[0]["id"]
    operations.remove_document(document)
    rows = operations.gate_report("ours", saved["id"])["rows"]
    assert [one["gone"] for one in rows] == [True, True, False]
    with pytest.raises(GateError, match="no report"):
        operations.gate_report("ours", "other")
