"""Pairs of texts become raw scores through a small encoder that reads both at once, on onnxruntime.

Its folder holds `encoder.onnx` (eight bits, without word vectors), `encoder.json`, the card and the licence.
Tokenizer and word vectors are the default embedder's, which must lie among the models.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from assistant.pairs.tokens import TokenPair
from assistant.pairs.words import WordVectors
from ingestion.errors import ModelError

GRAPH_FILE = "encoder.onnx"
CONFIG_FILE = "encoder.json"

Logits = npt.NDArray[np.float32]
"""Shape `(pairs, classes)`."""


class PairEncoder:
    """The graph with the word vectors of its base. Safe with threads.

    Each pair runs on one thread, several pairs at once, as in the embedder: no padding, and a pair's scores
    never depend on its neighbours.
    """

    def __init__(self, folder: Path, base: Path, *, threads: int) -> None:
        """Load the encoder of `folder` on the word vectors of the embedder in `base`.

        Raises:
            ModelError: either is not there or does not load.
        """
        import onnxruntime
        from onnxruntime.capi.onnxruntime_pybind11_state import (
            Fail,
            InvalidGraph,
            InvalidProtobuf,
            NoSuchFile,
        )

        self._words = WordVectors(base)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = False  # the arena keeps the memory of the longest text ever seen
        path = folder / GRAPH_FILE
        try:
            self._session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        except (Fail, InvalidGraph, InvalidProtobuf, NoSuchFile) as error:
            raise ModelError(f"{path} does not load ({error}). Install Konkyo again.") from error
        self.classes = int(self._session.get_outputs()[0].shape[1])
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="pairs")

    def logits(self, pairs: Sequence[TokenPair]) -> Logits:
        """Raw scores of each pair, float32 `(pairs, classes)`, in the order of `pairs`."""
        scores = np.empty((len(pairs), self.classes), np.float32)
        longest_first = sorted(
            range(len(pairs)), key=lambda row: -len(pairs[row].ids)
        )  # threads end together
        for row, found in zip(
            longest_first, self._threads.map(lambda row: self._run(pairs[row]), longest_first), strict=True
        ):
            scores[row] = found
        return scores

    def _run(self, pair: TokenPair) -> npt.NDArray[np.float32]:
        words = self._words(pair.ids)[None]
        (logits,) = self._session.run(None, {"words": words, "pooling": pooling(len(pair.ids), pair.second)})
        row: npt.NDArray[np.float32] = logits[0]
        return row


def pooling(tokens: int, second: int) -> npt.NDArray[np.float32]:
    """Two rows that average the tokens before `second` and those from it on: float32 `(1, 2, tokens)`."""
    rows = np.zeros((1, 2, tokens), np.float32)
    rows[0, 0, :second] = 1 / second
    rows[0, 1, second:] = 1 / (tokens - second)
    return rows


def read_config(folder: Path) -> dict[str, Any]:
    """`encoder.json` of an encoder's folder.

    Raises:
        ModelError: there is none, or it is damaged.
    """
    path = folder / CONFIG_FILE
    try:
        config = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} cannot be read ({error}). Install Konkyo again.") from error
    if not isinstance(config, dict) or not {"base", "max_tokens"} <= config.keys():
        raise ModelError(f"{path} lacks 'base' or 'max_tokens'. Install Konkyo again.")
    return config
