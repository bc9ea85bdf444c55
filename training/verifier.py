"""Trains the verifier: (evidence, claim) becomes supported, contradicted or neither.

Published entailment sets and pairs made from passages, each row on one side of the split; calibrated on our
own held-out rows; written as the folder that `assistant.grounding.verifiers` loads.
"""

from __future__ import annotations

import json
import math
import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from assistant.pairs.encoder import CONFIG_FILE, GRAPH_FILE
from ingestion.model_store import ModelStore
from training.encoder_loop import LoopSettings, Progress, train
from training.encoders import Batches, Pair, PairModel, load_base
from training.entailment_sets import LABELS, english_twins, published, web_variants
from training.pair_graph import write_pair_graph
from training.planting import passages_of, planted

TASK = "verifier"
BASE = "multilingual-e5-small"

_HELD_EACH = 120
_MADE_HELD = 200
_BATCH_PAIRS = 32
_TEMPERATURES = np.linspace(0.6, 3.0, 25)
_THRESHOLDS = np.linspace(0.2, 0.8, 25)

Logits = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Recipe:
    """How long, how fast, and how many pairs of each kind. `frozen` layers, the lowest, are not learnt."""

    minutes: float = 60.0
    epochs: float = 3.0
    rate: float = 2e-4
    max_tokens: int = 224
    frozen: int = 0
    janli: int = 3000
    english: int = 1600
    crossed: int = 300
    web: int = 1400
    made: int = 3600
    seed: int = 7


def training_pairs(data: Path, recipe: Recipe) -> list[Pair]:
    """The pairs that are trained on, by the README of the data: never the fifth that is for testing."""
    by_source: dict[str, list[Pair]] = defaultdict(list)
    for pair in published(data, "train"):
        by_source[pair.source].append(pair)
    twins = english_twins(data)
    pairs = [*by_source["jsick"], *by_source["jnli"], *by_source["jsem"]]
    pairs += _some(by_source["janli"], recipe.janli, recipe.seed)
    pairs += _some([pair for pair in twins if pair.source == "sick_en"], recipe.english, recipe.seed)
    pairs += _some([pair for pair in twins if pair.source != "sick_en"], recipe.crossed, recipe.seed)
    pairs += _some(web_variants(data, recipe.seed), recipe.web, recipe.seed)
    return pairs + planted(*passages_of(data, "train"), recipe.made, recipe.seed)


def held_pairs(data: Path, seed: int) -> list[Pair]:
    """What the run is stopped and calibrated by: rows of our own held-out part, never trained on."""
    by_source: dict[str, list[Pair]] = defaultdict(list)
    for pair in published(data, "held"):
        by_source[pair.source].append(pair)
    pairs = [pair for name in sorted(by_source) for pair in _some(by_source[name], _HELD_EACH, seed)]
    made = planted(*passages_of(data, "held"), _MADE_HELD, seed + 1)
    return pairs + [replace(pair, source="made") for pair in made]


def _some(pairs: Iterable[Pair], count: int, seed: int) -> list[Pair]:
    shuffled = list(pairs)
    random.Random(seed).shuffle(shuffled)
    return shuffled[:count]


def train_verifier(
    data: Path,
    models: Path,
    target: Path,
    recipe: Recipe,
    report: Callable[[Progress], None] = lambda progress: None,
) -> dict[str, Any]:
    """Train on `data` and write the verifier to `target`, its checkpoints below; the value of the command.

    Raises:
        EncoderError: the data cannot be read, or the checkpoint is of another run.
        ModelError: the base encoder is not among the models.
    """
    base = ModelStore(models).path_of(BASE)
    torch.set_num_threads(1)  # each worker of the loop has one
    pairs, held = training_pairs(data, recipe), held_pairs(data, recipe.seed)
    batches = Batches(base, recipe.max_tokens)
    model = load_base(base, {TASK: len(LABELS)}, dropout=0.0, seed=recipe.seed)
    freeze(model, recipe.frozen)
    settings = LoopSettings(
        epochs=recipe.epochs, minutes=recipe.minutes, rate=recipe.rate, seed=recipe.seed,
        max_tokens=recipe.max_tokens,
    )  # fmt: skip

    def evaluate(model: PairModel) -> float:
        return mean_balanced(held, logits_of(model, batches, held), 0.5)

    outcome = train(model, pairs, batches, target / "run", settings, evaluate, report)
    figures = write_verifier(model, batches, held, target, recipe)
    return {
        "folder": str(target), "steps": outcome.steps, "seconds": round(outcome.seconds, 1),
        "examples": len(pairs), "resumed": outcome.resumed, "best_step": outcome.best_step, **figures,
    }  # fmt: skip


def freeze(model: PairModel, layers: int) -> None:
    """Keep the lowest `layers` and all below them as they are."""
    model.bert.embeddings.requires_grad_(layers == 0)
    model.bert.embeddings.word_embeddings.requires_grad_(False)
    for layer in list(model.bert.encoder.layer)[:layers]:
        layer.requires_grad_(False)


def write_verifier(
    model: PairModel, batches: Batches, held: Sequence[Pair], target: Path, recipe: Recipe
) -> dict[str, Any]:
    """Calibrate on `held` and write graph, configuration, card and licence to `target`."""
    model.eval()
    logits = logits_of(model, batches, held)
    temperature, threshold = calibrate(held, logits)
    target.mkdir(parents=True, exist_ok=True)
    write_pair_graph(model, TASK, recipe.max_tokens, target / GRAPH_FILE)
    figures = by_source(held, logits / temperature, threshold)
    config = {
        "name": "konkyo-verifier", "base": BASE, "max_tokens": recipe.max_tokens, "labels": LABELS,
        "temperature": round(temperature, 3), "supported_at": round(threshold, 3),
        "held": {name: round(value, 4) for name, value in figures.items()}, "recipe": asdict(recipe),
    }  # fmt: skip
    (target / CONFIG_FILE).write_text(json.dumps(config, ensure_ascii=False, indent=2) + "\n", "utf-8")
    for name in ("LICENSE", "README.md"):
        source = files("assistant") / "weights" / "verifier" / name
        if source.is_file() and not (target / name).exists():
            (target / name).write_text(source.read_text("utf-8"), "utf-8")
    return {"temperature": temperature, "supported_at": threshold, "balanced_accuracy": figures,
            "bytes": (target / GRAPH_FILE).stat().st_size}  # fmt: skip


def logits_of(model: PairModel, batches: Batches, pairs: Sequence[Pair]) -> Logits:
    """Raw scores `(pairs, 3)`."""
    rows = batches.tokens(pairs)
    order = sorted(range(len(rows)), key=lambda i: len(rows[i].ids))
    found = np.empty((len(rows), len(LABELS)), np.float32)
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        for start in range(0, len(order), _BATCH_PAIRS):
            part = order[start : start + _BATCH_PAIRS]
            found[part] = model(batches.batch([rows[i] for i in part]), TASK).float().numpy()
    return found


def calibrate(pairs: Sequence[Pair], logits: Logits) -> tuple[float, float]:
    """(temperature with the least loss, threshold of "supported" with the best mean over the sets)."""
    temperature = min(_TEMPERATURES, key=lambda t: _loss(pairs, logits / t))
    threshold = max(
        _THRESHOLDS, key=lambda at: (mean_balanced(pairs, logits / temperature, at), -abs(at - 0.5))
    )
    return float(temperature), float(threshold)


def _loss(pairs: Sequence[Pair], logits: Logits) -> float:
    supported = probabilities(logits)[:, 0]
    return float(
        np.mean([
            -math.log(max(one if pair.label == 0 else 1 - one, 1e-6))
            for pair, one in zip(pairs, supported.tolist(), strict=True)
        ])
    )  # fmt: skip


def probabilities(logits: Logits) -> Logits:
    """Softmax of each row."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: Logits = powers / powers.sum(axis=1, keepdims=True)
    return shares


def mean_balanced(pairs: Sequence[Pair], logits: Logits, threshold: float) -> float:
    """Mean over the sets of their balanced accuracy, supported against not."""
    figures = by_source(pairs, logits, threshold)
    return sum(figures.values()) / len(figures)


def by_source(pairs: Sequence[Pair], logits: Logits, threshold: float) -> Mapping[str, float]:
    """Balanced accuracy of each set."""
    right: dict[str, dict[bool, list[bool]]] = defaultdict(lambda: defaultdict(list))
    for pair, one in zip(pairs, probabilities(logits)[:, 0].tolist(), strict=True):
        right[pair.source][pair.label == 0].append((one >= threshold) == (pair.label == 0))
    return {
        name: sum(sum(part) / len(part) for part in both.values()) / len(both)
        for name, both in sorted(right.items())
    }
