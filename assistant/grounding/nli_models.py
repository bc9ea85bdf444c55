"""Any NLI model or cross-encoder on transformers as the verifier, from a folder or, once, from a hub.

The names of its labels are mapped onto ours: by the settings, else by what they begin with. A model with one
score (a cross-encoder) says only how well the evidence supports.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer
from transformers.utils import logging as transformers_logging

from assistant.grounding.entailment import LABELS, Judgement, Label, Pair, judged, selected
from ingestion.catalog import HubSource
from ingestion.downloading import Hub
from ingestion.errors import ModelError
from ingestion.model_files import swap_in, write_manifest
from ingestion.progress import Meter, silent

_MAX_TOKENS = 384
_BATCH = 16
_BEGINNINGS: Mapping[str, Label] = {
    "entail": "supported", "support": "supported", "yes": "supported", "true": "supported",
    "contra": "contradicted", "refut": "contradicted", "no_": "contradicted", "false": "contradicted",
    "neutral": "neither", "neither": "neither", "not": "neither", "unknown": "neither", "non": "neither",
}  # fmt: skip


class NliVerifier:
    """Evidence as the premise, the claim as the hypothesis. Safe with threads."""

    def __init__(
        self, folder: Path, *, name: str, threads: int, labels: Mapping[str, str], supported_at: float
    ) -> None:
        """Load the model. `labels` maps its label names to ours, where they do not tell themselves.

        Raises:
            ModelError: the folder does not load, or a label is not known.
        """
        transformers_logging.disable_progress_bar()
        torch.set_num_threads(threads)
        self.name = name
        self._supported_at = supported_at
        self._lock = threading.Lock()
        try:
            tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
            model = AutoModelForSequenceClassification.from_pretrained(
                folder, local_files_only=True, trust_remote_code=False
            )
        except (OSError, ValueError, ImportError, KeyError, RuntimeError) as error:
            raise ModelError(
                f"{folder} does not load as an NLI model: {error}. Choose another one."
            ) from error
        self._tokenizer: Any = tokenizer
        self._model = model.eval()
        self._columns = columns(model.config.id2label, labels) if model.config.num_labels > 1 else ()
        self.max_tokens = min(_MAX_TOKENS, int(getattr(model.config, "max_position_embeddings", _MAX_TOKENS)))

    def verify(self, pairs: Sequence[Pair]) -> list[Judgement]:
        """One judgement for each pair, in order."""
        found: list[Judgement] = []
        for start in range(0, len(pairs), _BATCH):
            part = pairs[start : start + _BATCH]
            read = [selected(pair, self) for pair in part]
            scores = self._scores(["\n".join(one.texts) for one in read], [pair.claim for pair in part])
            found += [
                judged(pair, one, row, self._supported_at)
                for pair, one, row in zip(part, read, scores, strict=True)
            ]
        return found

    def count(self, texts: Sequence[str]) -> list[int]:
        """How many tokens each text has."""
        return [len(ids) for ids in self._tokenizer(list(texts), add_special_tokens=False)["input_ids"]]

    def _scores(self, evidence: list[str], claims: list[str]) -> list[list[float]]:
        with self._lock, torch.inference_mode():
            encoded = self._tokenizer(
                evidence, claims, padding=True, truncation="only_first", max_length=self.max_tokens,
                return_tensors="pt",
            )  # fmt: skip
            logits = self._model(**encoded).logits.float()
        if not self._columns:
            supported = torch.sigmoid(logits[:, 0]).tolist()
            return [[one, 0.0, 1.0 - one] for one in supported]
        rows: list[list[float]] = torch.softmax(logits, dim=-1).tolist()
        return [
            [sum(row[i] for i, own in enumerate(self._columns) if own == label) for label in LABELS]
            for row in rows
        ]


def columns(names: Mapping[int, str], chosen: Mapping[str, str]) -> tuple[Label, ...]:
    """Our label for each class of a model, in its order.

    Raises:
        ModelError: a name is not known and not among `chosen`, or none means "supported".
    """
    found: list[Label] = []
    for i in range(len(names)):
        name = str(names[i])
        label = chosen.get(name) or next(
            (ours for start, ours in _BEGINNINGS.items() if name.lower().startswith(start)), None
        )
        if label not in LABELS:
            raise ModelError(
                f"the label {name!r} is not known. Map it in konkyo.toml, for example "
                f'[verifier.labels] {name} = "supported" (or "contradicted", "neither").'
            )
        found.append(label)
    if "supported" not in found:
        raise ModelError(
            f"none of the labels {', '.join(map(str, names.values()))} means that evidence supports."
        )
    return tuple(found)


def fetched(repository: str, models: Path, environ: Mapping[str, str] = os.environ) -> Path:
    """Fetch a model from the hub into the folder of models, checked by its checksums; once.

    Raises:
        ModelError: it is no repository name, or the hub cannot be reached or refuses.
    """
    if repository.count("/") != 1 or repository.startswith(("/", ".", "~")):
        raise ModelError(
            f"the verifier {repository!r} is neither a folder with a config.json nor a name like "
            "organisation/model. Correct [verifier] model in konkyo.toml, or leave it empty."
        )
    source = HubSource(kind="hub", repository=repository)
    name = repository.replace("/", "--")
    work = models / ".partial" / name
    work.mkdir(parents=True, exist_ok=True)
    with Hub(environ) as hub:
        commit, listed = hub.files(source)
        meter = Meter(silent, sum(file.bytes for file in listed))
        for file in listed:
            hub.fetch(source, commit, file, work / file.path, meter)
    write_manifest(work, name=name, role="verifier", licence="unknown", source=f"hub {repository}@{commit}")
    swap_in(work, models / name)
    return models / name
