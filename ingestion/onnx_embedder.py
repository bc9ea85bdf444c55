"""The default embedder on onnxruntime: no torch, no transformers, small memory, quick single queries.

While the chat model keeps the cores busy, a query through torch takes hundreds of milliseconds and one
through onnxruntime tens: hence this second path beside sentence-transformers.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnxruntime
from onnxruntime.capi.onnxruntime_pybind11_state import Fail, InvalidGraph, InvalidProtobuf, NoSuchFile
from tokenizers import Tokenizer

from ingestion.embedding import Vector, Vectors, prefixes_of
from ingestion.errors import ModelError
from ingestion.model_files import ONNX_FILE

_MAX_TOKENS = 512


class OnnxEmbedder:
    """Token ids to unit vectors through one ONNX graph (see onnx_graph.py). Safe with threads.

    Each text runs on one thread, several texts at once: two threads do more on two texts than on one, and a
    query does not wait for a second core that the chat model holds.
    """

    def __init__(self, folder: Path, *, identity: str, threads: int) -> None:
        """Load the graph and the tokenizer of `folder`.

        Raises:
            ModelError: either does not load.
        """
        self.identity = identity
        self._query_prefix, self._passage_prefix = prefixes_of(folder)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = False  # the arena keeps the memory of the longest text ever seen
        path = folder / ONNX_FILE
        try:
            self._session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        except (Fail, InvalidGraph, InvalidProtobuf, NoSuchFile) as error:
            raise ModelError(f"{path} does not load ({error}). Delete {folder} and pull it again.") from error
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(_MAX_TOKENS)
        self._tokenizer.no_padding()
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="embed")
        self.dimension = int(self._session.get_outputs()[0].shape[1])

    @property
    def max_tokens(self) -> int:
        """How many tokens of a text are read."""
        return _MAX_TOKENS

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """The tokens of each text as a passage."""
        encodings = self._tokenizer.encode_batch([self._passage_prefix + text for text in texts])
        return [len(one.ids) + sum(len(rest.ids) for rest in one.overflowing) for one in encodings]

    def embed_query(self, text: str) -> Vector:
        """The vector of a question, float32 `(dimension,)`."""
        return self._run(self._tokenizer.encode(self._query_prefix + text).ids)

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """The vectors of passages, float32 `(n, dimension)`, in the order of `texts`."""
        vectors = np.empty((len(texts), self.dimension), np.float32)
        encodings = self._tokenizer.encode_batch_fast([self._passage_prefix + text for text in texts])
        ids = [encoding.ids for encoding in encodings]
        longest_first = sorted(range(len(ids)), key=lambda row: -len(ids[row]))  # threads end together
        found = self._threads.map(lambda row: self._run(ids[row]), longest_first)
        for row, vector in zip(longest_first, found, strict=True):
            vectors[row] = vector
        return vectors

    def _run(self, ids: list[int]) -> Vector:
        (vectors,) = self._session.run(None, {"input_ids": np.array([ids], np.int32)})
        vector: Vector = vectors[0]
        return vector
