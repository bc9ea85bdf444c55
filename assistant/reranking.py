"""A model that reads question and passage together says how relevant the passage is, and whether it answers.

The one that is shipped runs on onnxruntime. Any cross-encoder from a folder or a hub can take its place
(`assistant/cross_encoders.py`); it says nothing about answering.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from assistant.logistic import sigmoid
from assistant.pairs.encoder import GRAPH_FILE, PairEncoder, read_config
from assistant.pairs.windows import PairWindows
from ingestion.errors import ModelError
from ingestion.hardware import available_cores
from ingestion.model_store import ModelStore
from ingestion.settings import RerankSettings


@dataclass(frozen=True, slots=True)
class Relevance:
    """What a reranker says of one passage: `score`, and that it `answers`, both calibrated and in [0, 1].

    `answers` is None where the model cannot tell.
    """

    score: float
    answers: float | None


class Reranker(Protocol):
    """Reads a question with passages."""

    @property
    def name(self) -> str:
        """As shown to people."""
        ...

    @property
    def weight(self) -> float:
        """The share of the reranker in the score of a hit, as was measured."""
        ...

    def rerank(self, query: str, passages: Sequence[str]) -> list[Relevance]:
        """What it says of each passage, in their order. A long passage counts by its best window."""
        ...


@dataclass(frozen=True, slots=True)
class Calibration:
    """Logistic weights over the encoder's two raw scores, and a bias."""

    weights: tuple[float, float]
    bias: float

    def __call__(self, logits: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        """Probabilities `(n,)` of raw scores `(n, 2)`."""
        return sigmoid(logits.astype(np.float64) @ np.array(self.weights) + self.bias)


class EncoderReranker:
    """The small encoder that is trained with this program. Safe with threads."""

    def __init__(
        self, encoder: PairEncoder, tokens: PairWindows, *, name: str, weight: float,
        relevance: Calibration, answering: Calibration,
    ) -> None:  # fmt: skip
        self._encoder = encoder
        self._tokens = tokens
        self.name = name
        self.weight = weight
        self._relevance = relevance
        self._answering = answering

    def rerank(self, query: str, passages: Sequence[str]) -> list[Relevance]:
        """See `Reranker.rerank`."""
        if not passages:
            return []
        windows = self._tokens.windows(passages, query)
        logits = self._encoder.logits([pair for pairs in windows for pair in pairs])
        relevance, answering = self._relevance(logits), self._answering(logits)
        found, first = [], 0
        for pairs in windows:
            last = first + len(pairs)
            found.append(Relevance(float(relevance[first:last].max()), float(answering[first:last].max())))
            first = last
        return found


class LazyReranker:
    """The reranker of the settings, loaded by its first use. Safe with threads."""

    def __init__(self, settings: RerankSettings, models: Path, threads: int) -> None:
        self._settings, self._models, self._count = settings, models, threads
        self._lock = threading.Lock()
        self._loaded: Reranker | None = None

    @property
    def name(self) -> str:
        """See `Reranker.name`; loads it."""
        return self._reranker.name

    @property
    def weight(self) -> float:
        """See `Reranker.weight`; loads it."""
        return self._reranker.weight

    def rerank(self, query: str, passages: Sequence[str]) -> list[Relevance]:
        """See `Reranker.rerank`."""
        return self._reranker.rerank(query, passages)

    @property
    def _reranker(self) -> Reranker:
        with self._lock:
            if self._loaded is None:
                self._loaded = load_reranker(self._settings, self._models, self._count)
            return self._loaded


def shipped_reranker() -> Path:
    """The folder of the reranker that comes with the program; it may hold no weights."""
    return Path(str(files("assistant") / "weights" / "reranker"))


def has_reranker(settings: RerankSettings, models: Path) -> bool:
    """Whether a reranker can be loaded now, without fetching anything."""
    if settings.model:
        return local_folder(settings.model, models) is not None
    folder = shipped_reranker()
    if not (folder / GRAPH_FILE).is_file():
        return False
    return (models / str(read_config(folder)["base"]) / "tokenizer.json").is_file()


def load_reranker(settings: RerankSettings, models: Path, threads: int = 0) -> Reranker:
    """Load the reranker of `settings`; a model of a hub is fetched once. `threads` 0: one a core.

    Raises:
        ModelError: it is not there, cannot be fetched, or does not load.
    """
    count = threads or available_cores()
    if not settings.model:
        return encoder_reranker(shipped_reranker(), models, count, weight=settings.weight)
    folder = local_folder(settings.model, models)
    if folder is not None and (folder / GRAPH_FILE).is_file():
        return encoder_reranker(folder, models, count, weight=settings.weight)
    from assistant.cross_encoders import CrossEncoderReranker, fetched

    return CrossEncoderReranker(
        folder or fetched(settings.model, models), name=settings.model, threads=count,
        weight=settings.weight or 0.5,
    )  # fmt: skip


def encoder_reranker(folder: Path, models: Path, threads: int, *, weight: float = 0.0) -> EncoderReranker:
    """The reranker in `folder`, as `konkyo train reranker` writes it. `weight` 0: as was measured.

    Raises:
        ModelError: it or its base is not there or does not load.
    """
    config = read_config(folder)
    base = ModelStore(models).path_of(str(config["base"]))
    try:
        relevance, answering = (_calibration(config[name]) for name in ("relevance", "answering"))
        measured = float(config["weight"])
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(
            f"{folder} is no reranker ({error!r} in its encoder.json). Install it again."
        ) from error
    return EncoderReranker(
        PairEncoder(folder, base, threads=threads), PairWindows(base, int(config["max_tokens"])),
        name=str(config.get("name", folder.name)), weight=weight or measured, relevance=relevance,
        answering=answering,
    )  # fmt: skip


def _calibration(value: Any) -> Calibration:
    first, second = value["weights"]
    return Calibration((float(first), float(second)), float(value["bias"]))


def local_folder(model: str, models: Path) -> Path | None:
    """The folder that `model` names: a path, or a name among the models."""
    for folder in (Path(model).expanduser(), models / model.replace("/", "--")):
        if (folder / "config.json").is_file() or (folder / GRAPH_FILE).is_file():
            return folder
    return None
