"""A question that an adapter was trained on says nothing of it, though the workspace keeps it back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from gate_fakes import (
    ANSWERABLE,
    EVERYDAY,
    EXAMPLES,
    PlantedGenerators,
    PlantedModel,
    base_reply,
    better_reply,
    examiner,
    planted_workspace,
)

from assistant.adapters import AdapterFolder
from ingestion.workspace import Workspace
from training.errors import GateError
from training.tuning.gate.evaluation import evaluate_adapter
from training.tuning.gate.learnt import learnt_examples
from training.tuning.runs import RunFolder


def trained(workspace: Workspace, name: str, ids: Sequence[str]) -> None:
    run = RunFolder(workspace.runs).run(name)
    run.folder.mkdir(parents=True, exist_ok=True)
    run.update(state="done", examples=list(ids))


def evaluated(workspace: Workspace) -> Any:
    model = PlantedModel(better_reply)
    generators = PlantedGenerators(PlantedModel(base_reply, model.clock), model)
    return evaluate_adapter(
        workspace, "one", EXAMPLES, examiner(), general=EVERYDAY, generators=generators, clock=model.clock
    )


def test_what_it_was_trained_on_is_not_asked(tmp_path: Path) -> None:
    workspace = planted_workspace(tmp_path)
    trained(workspace, "run", [*(one.in_split("train").id for one in EXAMPLES[:3]), "another"])
    report = evaluated(workspace)
    assert (report["n"]["answerable"], report["left_out"]) == (ANSWERABLE - 3, 3)
    assert {one["code"] for one in report["reasons"]} == {"too_few_answerable"}
    assert not {one.question for one in EXAMPLES[:3]} & {row["question"] for row in report["rows"]}


def test_one_that_has_learnt_them_all_cannot_be_measured(tmp_path: Path) -> None:
    workspace = planted_workspace(tmp_path)
    trained(workspace, "run", [one.id for one in EXAMPLES])
    with pytest.raises(GateError, match="was kept back"):
        evaluated(workspace)


def test_what_those_have_learnt_that_it_continues_counts_too(tmp_path: Path) -> None:
    workspace = planted_workspace(tmp_path)
    folder = AdapterFolder(workspace.adapters)
    child = replace(folder.read("one"), name="child", run="child-2", parents=("removed", "one"))
    folder.write(child)
    assert learnt_examples(workspace, child) == frozenset()
    for name, known in (("child-2", "a"), ("run", "b"), ("removed", "c"), ("other", "d")):
        trained(workspace, name, [known])
    assert learnt_examples(workspace, child) == {"a", "b", "c"}
    assert learnt_examples(workspace, replace(child, run="../run", parents=())) == frozenset()
