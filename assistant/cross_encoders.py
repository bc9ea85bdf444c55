"""Any cross-encoder on transformers as the reranker, from a folder or, once, from a hub."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer
from transformers.utils import logging as transformers_logging

from assistant.grounding import nli_models
from assistant.reranking import Relevance
from ingestion.errors import ModelError

_MAX_TOKENS = 512
_BATCH = 8


class CrossEncoderReranker:
    """Question and passage through a model with one score, or with "relevant" as its last class.

    It is not calibrated here: its own sigmoid or softmax is taken, which is monotone. Safe with threads.
    """

    def __init__(self, folder: Path, *, name: str, threads: int, weight: float) -> None:
        """Load the model of `folder`.

        Raises:
            ModelError: the folder does not load as a cross-encoder.
        """
        transformers_logging.disable_progress_bar()
        torch.set_num_threads(threads)
        self.name = name
        self.weight = weight
        self._lock = threading.Lock()  # torch modules and the tokenizer's padding state are shared
        try:
            self._tokenizer: Any = AutoTokenizer.from_pretrained(
                folder, local_files_only=True, trust_remote_code=False
            )
            self._model: Any = AutoModelForSequenceClassification.from_pretrained(
                folder, local_files_only=True, trust_remote_code=False
            ).eval()
        except (OSError, ValueError, ImportError, KeyError, RuntimeError) as error:
            raise ModelError(
                f"{folder} does not load as a cross-encoder: {error}. Choose another one, or leave "
                "[rerank] model in konkyo.toml empty."
            ) from error
        longest = int(getattr(self._model.config, "max_position_embeddings", _MAX_TOKENS))
        self._max_tokens = min(_MAX_TOKENS, longest)

    def rerank(self, query: str, passages: Sequence[str]) -> list[Relevance]:
        """See `assistant.reranking.Reranker.rerank`; the end of a long passage is not read."""
        order = sorted(range(len(passages)), key=lambda i: len(passages[i]))
        scores = [0.0] * len(passages)
        for first in range(0, len(order), _BATCH):
            part = order[first : first + _BATCH]
            for i, score in zip(part, self._scores(query, [passages[i] for i in part]), strict=True):
                scores[i] = score
        return [Relevance(score, None) for score in scores]

    def _scores(self, query: str, passages: list[str]) -> list[float]:
        with self._lock, torch.inference_mode():
            encoded = self._tokenizer(
                [query] * len(passages), passages, padding=True, truncation="only_second",
                max_length=self._max_tokens, return_tensors="pt",
            )  # fmt: skip
            logits = self._model(**encoded).logits.float()
        chances = torch.sigmoid(logits[:, 0]) if logits.shape[1] == 1 else logits.softmax(-1)[:, -1]
        found: list[float] = chances.tolist()
        return found


def fetched(repository: str, models: Path) -> Path:
    """Fetch a model from the hub into the folder of models, checked by its checksums; once.

    Raises:
        ModelError: it is no repository name, or the hub cannot be reached or refuses.
    """
    if repository.count("/") != 1 or repository.startswith(("/", ".", "~")):
        raise ModelError(
            f"the reranker {repository!r} is neither a folder with a config.json nor a name like "
            "organisation/model. Correct [rerank] model in konkyo.toml, or leave it empty."
        )
    return nli_models.fetched(repository, models)
