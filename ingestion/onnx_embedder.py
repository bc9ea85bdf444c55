"""The default embedder on onnxruntime: no torch, no transformers, small memory, quick single queries.

Measured against sentence-transformers on the CPU: see NOTES.md. While the chat model keeps the cores busy, a
query through torch takes hundreds of milliseconds and one through onnxruntime tens: hence this second path.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime
from onnxruntime.capi.onnxruntime_pybind11_state import Fail, InvalidGraph, InvalidProtobuf, NoSuchFile
from tokenizers import Tokenizer

from ingestion.embedding import Vector, Vectors, prefixes_of
from ingestion.errors import ModelError
from ingestion.model_files import ONNX_FILE

_MAX_TOKENS = 512
_TOKENS_PER_BATCH = 2048
_PAD = 1


class OnnxEmbedder:
    """Token ids to unit vectors through one ONNX graph (see onnx_graph.py). Safe with threads."""

    def __init__(self, folder: Path, *, identity: str, threads: int) -> None:
        """Load the graph and the tokenizer of `folder`.

        Raises:
            ModelError: either does not load.
        """
        self.identity = identity
        self._query_prefix, self._passage_prefix = prefixes_of(folder)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = False  # the arena keeps the largest batch ever seen
        # Spinning threads would take the cores from the chat model between two batches.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        path = folder / ONNX_FILE
        try:
            self._session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        except (Fail, InvalidGraph, InvalidProtobuf, NoSuchFile) as error:
            raise ModelError(f"{path} does not load ({error}). Delete {folder} and pull it again.") from error
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(_MAX_TOKENS)
        self._tokenizer.no_padding()
        self.dimension = int(self._session.get_outputs()[0].shape[1])

    def embed_query(self, text: str) -> Vector:
        """The vector of a question, float32 `(dimension,)`."""
        vector: Vector = self._embed([self._query_prefix + text])[0]
        return vector

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """The vectors of passages, float32 `(n, dimension)`, in the order of `texts`."""
        return self._embed([self._passage_prefix + text for text in texts])

    def _embed(self, texts: list[str]) -> Vectors:
        vectors = np.empty((len(texts), self.dimension), np.float32)
        if not texts:
            return vectors
        ids = [encoding.ids for encoding in self._tokenizer.encode_batch_fast(texts)]
        for rows in batches_by_length([len(tokens) for tokens in ids]):
            vectors[rows] = self._run([ids[row] for row in rows])
        return vectors

    def _run(self, ids: list[list[int]]) -> Vectors:
        longest = max(len(tokens) for tokens in ids)
        tokens = np.full((len(ids), longest), _PAD, np.int32)
        mask: npt.NDArray[np.int32] = np.zeros((len(ids), longest), np.int32)
        for row, own in enumerate(ids):
            tokens[row, : len(own)] = own
            mask[row, : len(own)] = 1
        (vectors,) = self._session.run(None, {"input_ids": tokens, "attention_mask": mask})
        return np.asarray(vectors, np.float32)


def batches_by_length(lengths: Sequence[int], budget: int = _TOKENS_PER_BATCH) -> Iterator[list[int]]:
    """Rows in batches of similar length, longest first; rows times longest stays within `budget` tokens.

    A batch is never empty, so that one text longer than the budget is a batch of its own.
    """
    order = sorted(range(len(lengths)), key=lambda row: -lengths[row])
    start = 0
    while start < len(order):
        count = max(1, budget // max(1, lengths[order[start]]))
        yield order[start : start + count]
        start += count
