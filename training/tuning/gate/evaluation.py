"""`train evaluate`: asks both sides, decides, and writes the verdict into the adapter's manifest."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from assistant.adapter_serving import proven_on
from assistant.adapters import GGUF, AdapterFolder, Manifest
from assistant.evaluation import answer_log
from assistant.evaluation.scoring import SCORING
from assistant.gate_standing import circumstances
from assistant.generation import AdapterFile
from assistant.refusing import wordings
from assistant.task_prompts import LANGUAGES, TaskPrompts
from ingestion.model_files import sha256_of
from ingestion.model_store import ModelStore
from ingestion.settings import Settings
from ingestion.workspace import Workspace
from training.errors import GateError
from training.tuning.examples import TuningExample
from training.tuning.gate.examiner import Examiner
from training.tuning.gate.generators import LlamaGenerators, TunedGenerators
from training.tuning.gate.learnt import learnt_examples
from training.tuning.gate.measuring import (
    Logs,
    Progress,
    Questions,
    measure,
    metrics_of,
    side_by_side,
    speeds,
)
from training.tuning.gate.questions import (
    GeneralQuestion,
    digest,
    drawn_examples,
    drawn_general,
    held_out,
    shipped_general,
    taught_refusals,
)
from training.tuning.gate.reports import GateReports
from training.tuning.gate.respondent import Respondent, asking_settings, described
from training.tuning.gate.significance import Comparison
from training.tuning.gate.verdict import Decision, decide

Json = dict[str, Any]
VERSION = 2
"""Grows when the same answer gets other measures than before: answers are then asked for anew."""
SEED = 0
_MATTERS = ("answers", "generation", "rerank", "verifier")


@dataclass(frozen=True, slots=True)
class Candidate:
    """An adapter that can be asked: its manifest, its file, and the base model by name and file."""

    manifest: Manifest
    adapter: AdapterFile
    base: str
    model: Path
    base_sha256: str


def candidate(workspace: Workspace, name: str) -> Candidate:
    """The adapter `name` with its base model.

    Raises:
        AdapterError: there is no such adapter.
        ModelError: its base model is not there.
        GateError: it was not exported, or neither the model of that name is what it was learnt on nor the
            chat model what parity was proven on.
    """
    folder = AdapterFolder(workspace.adapters)
    manifest = folder.read(name)
    adapter = folder.folder(name) / GGUF
    if not adapter.is_file():
        raise GateError(f"adapter {name!r} has no {GGUF} yet. Export it: konkyo train export {name}")
    base, model = _base_of(workspace, manifest)
    found = sha256_of(model)
    if found not in (manifest.base["sha256"], proven_on(manifest)):
        raise GateError(
            f"adapter {name!r} was learnt on another file than the {base} that is here (SHA-256 {found}). "
            "Train it again on this one, or bring the other back."
        )
    return Candidate(manifest, AdapterFile(name, adapter, sha256_of(adapter)), base, model, found)


def _base_of(workspace: Workspace, manifest: Manifest) -> tuple[str, Path]:
    """The model that an adapter was learnt on; the chat model where it was proven for another form of it."""
    proven = proven_on(manifest)
    elsewhere = proven not in ("", manifest.base["sha256"])
    name = workspace.settings().models.chat if elsewhere else str(manifest.base["model"])
    return name, ModelStore(workspace.models).path_of(name)


def evaluate_adapter(
    workspace: Workspace,
    name: str,
    examples: Sequence[TuningExample],
    examiner: Examiner,
    *,
    general: Sequence[GeneralQuestion] | None = None,
    generators: TunedGenerators | None = None,
    limit: int | None = None,
    general_limit: int | None = None,
    again: bool = False,
    time_again: bool = False,
    progress: Progress = lambda phase, done, total: None,
    clock: Callable[[], float] = time.perf_counter,
) -> Json:
    """The report of an adapter against its base model, kept; the verdict stands in its manifest then.

    `examples` are all accepted ones, of which those kept back are asked that it has not learnt. `general`
    None are those that come with the program, `generators` None llama.cpp. What is known is not asked
    again, unless `again`; with `time_again` only the speed is measured again.

    Raises:
        GateError: nothing was kept back to ask, or as `candidate`.
        AdapterError, ModelError: as `candidate`.
        EvaluationError: another run is asking the same.
        GenerationError: a model cannot be loaded or fails.
    """
    settings = workspace.settings()
    asked = candidate(workspace, name)
    all_kept_back, learnt = held_out(examples), learnt_examples(workspace, asked.manifest)
    kept_back = [one for one in all_kept_back if one.id not in learnt]
    if not kept_back:
        raise GateError(
            "no question with evidence was kept back for measuring. Accept more examples: "
            "konkyo train data review"
        )
    everyday = shipped_general() if general is None else list(general)
    questions = Questions(
        drawn_examples(kept_back, limit, SEED),
        drawn_general(everyday, general_limit, SEED),
        taught_refusals(all_kept_back),
    )
    prompts = TaskPrompts(workspace.prompts)
    about = circumstances(settings, prompts)  # those of the beginning: a run takes hours
    opened = generators or LlamaGenerators(workspace, settings, asked.base, asked.model, asked.adapter)
    with ExitStack() as closed:
        depends = _depends(asked, settings, prompts, examiner, questions)
        logs = _logs(workspace, closed, depends, asked.adapter.sha256, again=again)
        measure(
            questions, opened,
            lambda generator: Respondent(
                generator, examiner.checker, settings, prompts=prompts, reranker=examiner.reranker, seed=SEED,
                clock=clock,
            ),
            examiner.checker, logs, progress, time_again=time_again,
        )  # fmt: skip
        rows, timed = side_by_side(questions, logs), speeds(questions, logs)
    metrics = metrics_of([*rows, *timed])
    decision = decide(metrics, questions.counts, settings.gate)
    more = {"circumstances": about, "left_out": len(all_kept_back) - len(kept_back)}
    return _kept(workspace, asked, questions, settings, metrics, decision, rows, more)


def _depends(
    asked: Candidate, settings: Settings, prompts: TaskPrompts, examiner: Examiner, questions: Questions
) -> Json:
    """All that the base model's answers and their measures depend on."""
    told = asking_settings(settings).model_dump(mode="json")
    return {
        "gate": VERSION, "konkyo": version("konkyo"), "scoring": SCORING, "seed": SEED,
        "model": asked.base_sha256, "context_tokens": settings.models.context_tokens,
        "threshold": settings.answers.answerable_at, "checks": examiner.identity,
        "reranker": examiner.reranker.name if examiner.reranker else None,
        "settings": {section: told[section] for section in _MATTERS}, "asking": described(),
        "refusals": sorted(questions.refusals), "wordings": _plain(wordings()),
        "prompts": {
            language: prompts.get("answer", language).model_dump(mode="json") for language in LANGUAGES
        },
    }  # fmt: skip


def _logs(workspace: Workspace, closed: ExitStack, depends: Json, adapter: str, *, again: bool) -> Logs:
    """The files of both sides; that of the base model serves every adapter of it."""
    folder = workspace.root / "evaluations"
    base, tuned = (
        closed.enter_context(answer_log.opened(folder, {**depends, "adapter": one}, again=again))
        for one in ("", adapter)
    )
    return Logs(base, tuned)


def _kept(
    workspace: Workspace,
    asked: Candidate,
    questions: Questions,
    settings: Settings,
    metrics: dict[str, Comparison],
    decision: Decision,
    rows: Sequence[Json],
    more: Mapping[str, Any],
) -> Json:
    folder = AdapterFolder(workspace.adapters)
    name = asked.manifest.name
    verdict = {
        "passed": decision.passed, "reasons": [one.as_json() for one in decision.reasons],
        "metrics": {name: one.as_json() for name, one in metrics.items()},
        "n": questions.counts.as_json(), "adapter": name, "base": asked.manifest.base["model"],
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "adapter_sha256": asked.adapter.sha256, "base_sha256": asked.base_sha256,
        "data": {"test": digest(questions.examples), "general": digest(questions.general),
                 "trained": _plain(asked.manifest.data)},
        "settings": settings.gate.model_dump(mode="json"), "seed": SEED, "konkyo": version("konkyo"), **more,
    }  # fmt: skip
    # Read again: something else may have been found about the adapter while its answers were written, or it
    # was removed, and nothing of it may come back then.
    folder.read(name)
    saved = GateReports.of(folder, name).save({**verdict, "rows": list(rows)})
    now = folder.read(name)
    folder.write(replace(now, gate={**verdict, "report": saved["id"]}))
    return saved


def _plain(value: Any) -> str:
    told = json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(told.encode()).hexdigest()[:16]
