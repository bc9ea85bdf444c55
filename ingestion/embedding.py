"""Texts become unit vectors: on onnxruntime (the default model) or sentence-transformers (any other).

Does not know about chunks or indexes, and never opens a socket: models lie in a local folder.
"""

from __future__ import annotations

import hashlib
import json
import logging
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from ingestion.errors import ModelError
from ingestion.hardware import available_cores
from ingestion.model_files import ONNX_FILE, read_manifest, weights_digest
from ingestion.model_store import ModelStore

Vector = npt.NDArray[np.float32]
"""Shape `(dimension,)`, unit length."""

Vectors = npt.NDArray[np.float32]
"""Shape `(n, dimension)`, each row of unit length."""

logger = logging.getLogger(__name__)

_QUERY_NAMES = ("query", "search_query", "retrieval_query")
_PASSAGE_NAMES = ("passage", "document", "search_document", "retrieval_document", "corpus")


class Embedder(Protocol):
    """Turns text into unit vectors whose dot product is the cosine similarity."""

    @property
    def identity(self) -> str:
        """Weights, pooling and prefixes; vectors of different identities must not be compared."""
        ...

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        ...

    @property
    def max_tokens(self) -> int:
        """How many tokens of a text are read; what comes after them leaves no trace in the vector."""
        ...

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """The tokens of each text as a passage, those included that the model puts around it."""
        ...

    def embed_query(self, text: str) -> Vector:
        """The vector of a question, float32 `(dimension,)`."""
        ...

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """The vectors of passages, float32 `(n, dimension)`, in the order of `texts`."""
        ...


def load_embedder(name: str, models: Path, threads: int = 0) -> Embedder:
    """Load the embedder `name` from the folder of models. `threads` 0: as many as there are cores.

    Raises:
        ModelError: it is absent (the message names the ways to get it), damaged, or not an embedder.
    """
    folder = ModelStore(models).path_of(name)
    if not (folder / "modules.json").is_file():
        raise ModelError(
            f"{name} at {folder} is not a sentence-transformers folder (modules.json is missing). "
            "Choose an embedder with `konkyo models list`."
        )
    count = threads or available_cores()
    if (folder / ONNX_FILE).is_file():
        from ingestion.onnx_embedder import OnnxEmbedder

        return OnnxEmbedder(folder, identity=identity_of(name, folder), threads=count)
    return SentenceTransformerEmbedder(folder, identity=identity_of(name, folder), threads=count)


def identity_of(name: str, folder: Path) -> str:
    """`name:digest` over the weights, the pooling and the prefixes of a sentence-transformers folder."""
    digest = hashlib.sha256(weights_digest(folder).encode())
    for part in sorted(folder.glob("*/config.json")):
        digest.update(part.read_bytes())
    for prefix in prefixes_of(folder):
        digest.update(prefix.encode() + b"\0")
    return f"{name}:{digest.hexdigest()[:12]}"


def prefixes_of(folder: Path) -> tuple[str, str]:
    """What is put before a query and before a passage.

    From the model's own config_sentence_transformers.json, else from the manifest written when it was
    fetched (some models name their prefixes only in their documentation), else nothing.
    """
    own = _prompts(folder / "config_sentence_transformers.json")
    noted = read_manifest(folder).get("prompts", {})
    return _first(own, _QUERY_NAMES, noted.get("query", "")), _first(
        own, _PASSAGE_NAMES, noted.get("passage", "")
    )


def _prompts(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    try:
        values = json.loads(path.read_text("utf-8"))
    except (ValueError, UnicodeDecodeError) as error:
        raise ModelError(f"{path} is not JSON ({error}). Fetch or import the model again.") from error
    prompts = values.get("prompts") or {}
    return {str(key): str(value) for key, value in prompts.items()}


def _first(prompts: Mapping[str, str], names: Sequence[str], otherwise: str) -> str:
    for name in names:
        if prompts.get(name):
            return prompts[name]
    return otherwise


class SentenceTransformerEmbedder:
    """Any sentence-transformers folder, on the GPU where torch finds one."""

    def __init__(self, folder: Path, *, identity: str, threads: int, batch: int = 32) -> None:
        """Load the model. `threads` are those of torch on the CPU.

        Raises:
            ModelError: the folder does not load.
        """
        import torch
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging as transformers_logging

        transformers_logging.disable_progress_bar()
        torch.set_num_threads(threads)
        self.identity = identity
        self._batch = batch
        self._lock = threading.Lock()  # torch modules and the tokenizer's padding state are shared
        self._query_prefix, self._passage_prefix = prefixes_of(folder)
        try:
            self._model = SentenceTransformer(
                str(folder), local_files_only=True, trust_remote_code=False, device=_device()
            )
        except (OSError, ValueError, ImportError, KeyError, RuntimeError) as error:
            raise ModelError(
                f"{folder} does not load as a sentence-transformers model: {error}. "
                "Import it again, or choose another one with `konkyo models list`."
            ) from error
        self.dimension = int(self._model.encode(["a"], show_progress_bar=False).shape[1])

    @property
    def max_tokens(self) -> int:
        """How many tokens of a text are read."""
        return int(self._model.max_seq_length)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """The tokens of each text as a passage."""
        with self._lock:
            found = self._model.tokenizer([self._passage_prefix + text for text in texts], truncation=False)
        return [len(ids) for ids in found["input_ids"]]

    def embed_query(self, text: str) -> Vector:
        """The vector of a question, float32 `(dimension,)`."""
        vector: Vector = self._embed([self._query_prefix + text])[0]
        return vector

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """The vectors of passages, float32 `(n, dimension)`, in the order of `texts`."""
        return self._embed([self._passage_prefix + text for text in texts])

    def _embed(self, texts: list[str]) -> Vectors:
        if not texts:
            return np.empty((0, self.dimension), np.float32)
        with self._lock:
            vectors: Any = self._model.encode(
                texts,
                prompt="",
                batch_size=self._batch,
                normalize_embeddings=True,
                convert_to_numpy=True,
                show_progress_bar=False,
            )
        result: Vectors = np.asarray(vectors, np.float32)
        return result


def _device() -> str:
    import torch

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"
