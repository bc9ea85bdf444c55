"""What a verdict depends on besides the adapter and the model: it counts only while that is the same."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

from gate_fakes import (
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
from assistant.gate_standing import circumstances, gate_standing
from assistant.task_prompts import TaskPrompts, default_text
from ingestion.settings import Settings
from ingestion.workspace import open_workspace
from training.tuning.gate.evaluation import evaluate_adapter


def evaluated(folder: Path) -> tuple[Any, list[str]]:
    """The report of the better one, in the workspace `folder` that is made once, and which models opened."""
    workspace = open_workspace(folder) if (folder / "konkyo.toml").exists() else planted_workspace(folder)
    model = PlantedModel(better_reply)
    generators = PlantedGenerators(PlantedModel(base_reply, model.clock), model)
    report = evaluate_adapter(
        workspace, "one", EXAMPLES, examiner(), general=EVERYDAY, generators=generators, clock=model.clock
    )
    return report, generators.opened


def test_the_verdict_stands_as_long_as_it_would_be_asked_and_decided_alike(tmp_path: Path) -> None:
    root, report = tmp_path, evaluated(tmp_path)[0]
    manifest, settings = AdapterFolder(root / "adapters").read("one"), open_workspace(root).settings()
    adapter, model = (hashlib.sha256(content).hexdigest() for content in (b"adapter", b"model"))

    def standing(settings: Settings, prompts: Path = root / "prompts") -> str:
        now = circumstances(settings, TaskPrompts(prompts))
        return gate_standing(manifest, adapter_sha256=adapter, base_sha256=model, now=now)

    def changed(section: str, **values: Any) -> Settings:
        return settings.model_copy(update={section: getattr(settings, section).model_copy(update=values)})

    assert report["circumstances"] == circumstances(settings, TaskPrompts(root / "prompts"))
    assert standing(settings) == "passed"
    for harmless in (
        changed("generation", seed=7, temperature=0.5), changed("answers", verified_at=0.5),
        changed("service", port=1), changed("retrieval", top_k=3),
    ):  # fmt: skip
        assert standing(harmless) == "passed"
    for other in (
        changed("gate", gain=0.9), changed("gate", least_general=5), changed("answers", answerable_at=0.9),
        changed("answers", verifier="auto"), changed("generation", max_tokens=20),
        changed("rerank", enabled="on"), changed("models", context_tokens=1024),
    ):  # fmt: skip
        assert standing(other) == "void"
    own = root / "own prompts"
    own.mkdir()
    assert standing(settings, own) == "passed"
    text = default_text("answer", "ja")
    (own / "answer.ja.toml").write_text(text, "utf-8")
    assert standing(settings, own) == "passed"
    (own / "answer.ja.toml").write_text(text.replace('role = "', 'role = "丁寧な'), "utf-8")
    assert standing(settings, own) == "void"
    (own / "answer.ja.toml").write_text("no prompt", "utf-8")
    assert standing(settings, own) == "void"
    untold = replace(manifest, gate={k: v for k, v in report.items() if k != "circumstances"})
    unlike = {"bounds": "x", "asked": "y"}
    found = gate_standing(untold, adapter_sha256=adapter, base_sha256=model, now=unlike)
    assert found == "passed"  # made before they were noted


def test_other_bounds_are_judged_without_asking_again(tmp_path: Path) -> None:
    first, opened = evaluated(tmp_path)
    assert (first["passed"], opened) == (True, ["base", "tuned"])
    workspace = open_workspace(tmp_path)
    text = workspace.settings_path.read_text("utf-8")
    workspace.settings_path.write_text(text + "gain = 0.99\n", "utf-8")
    second, opened = evaluated(tmp_path)
    assert ([one["code"] for one in second["reasons"]], opened) == (["no_gain"], [])
    assert second["circumstances"]["asked"] == first["circumstances"]["asked"]
    assert second["circumstances"]["bounds"] != first["circumstances"]["bounds"]
