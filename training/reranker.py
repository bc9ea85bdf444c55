"""Trains the reranker and writes the folder that `assistant.reranking` loads.

Near misses come from the product's own search over the passages; scores are calibrated on articles that
were kept aside, with the eight-bit graph that is shipped.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import torch

from assistant.evaluation.building import build, configured_embedder
from assistant.evaluation.datasets import load_dataset
from assistant.evaluation.ranking_curves import auroc
from assistant.fusion import weighted_fusion
from assistant.logistic import fit_logistic, sigmoid
from assistant.pairs.encoder import CONFIG_FILE, GRAPH_FILE, PairEncoder
from assistant.pairs.windows import PairWindows
from ingestion.contextual import contextual_text
from ingestion.hardware import available_cores
from ingestion.model_store import ModelStore
from ingestion.workspace import Workspace
from training.encoder_loop import Progress
from training.pair_graph import write_pair_graph
from training.passages import AnsweredQuestion, Passages, load_passages
from training.rerank_groups import holds_answer, without_answer
from training.rerank_loop import TASK, RerankRecipe, train_on

BASE = "multilingual-e5-small"
_NEAR_KEPT = 30
_NEAR_MEASURED = 6
_WEIGHT = 0.5
_NEAR_FILE = "near.json"
_RUN = "run"

Near = Mapping[str, Sequence[str]]


def prepare(
    data: Path, workspace: Workspace, target: Path, searching: Callable[[str, int, int], None]
) -> tuple[Passages, Near]:
    """What is learnt from in `data`, and its near misses by search; these are kept in `target`.

    Raises:
        TrainingDataError: the data cannot be read.
        ModelError: the embedder is not among the models.
    """
    source = load_passages(data)
    return source, near_misses(workspace, data / "jaquad", source, target / _RUN / _NEAR_FILE, searching)


def train_reranker(
    source: Passages,
    near: Near,
    models: Path,
    target: Path,
    recipe: RerankRecipe,
    report: Callable[[Progress], None] = lambda progress: None,
) -> dict[str, Any]:
    """Train and write the reranker to `target`, its checkpoint below; the value of the command.

    Raises:
        EncoderError: the checkpoint is of another run.
        ModelError: the base encoder is not among the models.
    """
    base = ModelStore(models).path_of(BASE)
    torch.set_num_threads(1)  # each worker of the loop has one
    run = target / _RUN
    model, steps, seconds = train_on(source, near, base, run, recipe, report)
    target.mkdir(parents=True, exist_ok=True)
    write_pair_graph(model, TASK, recipe.max_tokens, target / GRAPH_FILE)
    figures = calibrate(source, near, base, target, recipe)
    _write_papers(target)
    return {
        "folder": str(target), "steps": steps, "seconds": round(seconds, 1),
        "examples": len(source.questions), "bytes": (target / GRAPH_FILE).stat().st_size, **figures,
    }  # fmt: skip


def near_misses(
    workspace: Workspace,
    folder: Path,
    source: Passages,
    kept: Path,
    searching: Callable[[str, int, int], None],
) -> Near:
    """For each question the passages that hybrid search finds for it, best first; kept in the file `kept`."""
    questions = (*source.questions, *source.validation)
    if kept.is_file():
        found: dict[str, list[str]] = json.loads(kept.read_text("utf-8"))
        if all(one.id in found for one in questions):
            return found
    built = build(workspace, load_dataset(folder), configured_embedder(workspace), searching)
    try:
        found = {}
        for number, question in enumerate(questions, start=1):
            candidates = built.find(question.text)
            fused = weighted_fusion(
                candidates.dense, candidates.lexical, built.opened.settings.retrieval.dense_weight
            )
            ids = [candidates.items[row][0] for row, _ in fused if row in candidates.items]
            found[question.id] = [one for one in ids if one in source.by_id][:_NEAR_KEPT]
            searching("search", number, len(questions))
    finally:
        built.opened.close()
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text(json.dumps(found), "utf-8")
    return found


def calibrate(source: Passages, near: Near, base: Path, target: Path, recipe: RerankRecipe) -> dict[str, Any]:
    """Fit both probabilities on the validation questions and write `encoder.json`; how well they tell."""
    encoder = PairEncoder(target, base, threads=available_cores())
    tokens = PairWindows(base, recipe.max_tokens)
    logits, kinds = [], []
    for question in source.validation:
        texts = _validation_texts(question, source, near.get(question.id, ()))
        windows = tokens.windows([text for _, text in texts], question.text)
        for (kind, _), pairs in zip(texts, windows, strict=True):
            scores = encoder.logits(pairs)
            logits.append(scores[int(scores.sum(axis=1).argmax())])
            kinds.append(kind)
    rows, labels = np.array(logits, np.float64), np.array([kind == "gold" for kind in kinds])
    missed = np.array([kind != "cut" for kind in kinds])
    fitted = {
        "relevance": fit_logistic(rows[missed], labels[missed]),
        "answering": fit_logistic(rows, labels),
    }
    chances = {name: sigmoid(rows @ np.array(weights) + bias) for name, (weights, bias) in fitted.items()}
    figures = {
        "relevance_auroc": round(auroc(chances["relevance"][missed].tolist(), labels[missed].tolist()), 4),
        "answering_auroc": round(auroc(chances["answering"].tolist(), labels.tolist()), 4),
    }
    config = {
        "name": "konkyo-reranker", "base": BASE, "max_tokens": recipe.max_tokens, "weight": _WEIGHT,
        **{name: _rounded(*one) for name, one in fitted.items()},
        "held": {"questions": len(source.validation), **figures}, "recipe": asdict(recipe),
    }  # fmt: skip
    (target / CONFIG_FILE).write_text(json.dumps(config, ensure_ascii=False, indent=2) + "\n", "utf-8")
    return figures


def _rounded(weights: Sequence[float], bias: float) -> dict[str, Any]:
    return {"weights": [round(weight, 4) for weight in weights], "bias": round(bias, 4)}


def _validation_texts(
    question: AnsweredQuestion, source: Passages, near: Sequence[str]
) -> list[tuple[str, str]]:
    """(kind, text) of the gold passage, of the same without its answer, and of near misses."""
    gold = question.passage
    texts = [("gold", contextual_text(gold.title, (), gold.text))]
    if rest := without_answer(question):
        texts.append(("cut", contextual_text(gold.title, (), rest)))
    misses = [source.by_id[one] for one in near if one in source.by_id and one != gold.id]
    misses = [one for one in misses if not holds_answer(one.text, question)][:_NEAR_MEASURED]
    return texts + [("near", contextual_text(one.title, (), one.text)) for one in misses]


def _write_papers(target: Path) -> None:
    """Card and licence, which belong beside every copy of the weights."""
    for name in ("LICENSE", "README.md"):
        paper = files("assistant") / "weights" / "reranker" / name
        if paper.is_file() and not (target / name).exists():
            (target / name).write_text(paper.read_text("utf-8"), "utf-8")
