"""The word vectors of the default embedder, read in place: rows are taken from the file, nothing is loaded.

The small encoders keep no word vectors of their own, which are nine tenths of such a model.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ingestion.errors import ModelError

WORDS = "embeddings.word_embeddings.weight"

Floats = npt.NDArray[np.float32]


class WordVectors:
    """Rows of the word embedding in the `model.safetensors` of a sentence-transformers folder."""

    def __init__(self, folder: Path) -> None:
        """Open the file of `folder`.

        Raises:
            ModelError: it is absent, or holds no word embedding in float32.
        """
        path = folder / "model.safetensors"
        try:
            start, entry = _entry(path)
        except (OSError, ValueError, KeyError, struct.error) as error:
            raise ModelError(
                f"{path} holds no word vectors ({error}). "
                f"Pull the model again: konkyo models pull {folder.name}"
            ) from error
        if entry["dtype"] != "F32":
            raise ModelError(
                f"the word vectors in {path} are {entry['dtype']}, not F32. Pull the model again."
            )
        rows, columns = entry["shape"]
        self.dimension = int(columns)
        self._rows: Floats = np.memmap(
            path, np.float32, "r", offset=start + entry["data_offsets"][0], shape=(rows, columns)
        )

    def __call__(self, ids: Sequence[int]) -> Floats:
        """The vectors of token ids, float32 `(tokens, dimension)`."""
        return self._rows[np.asarray(ids, np.int64)]


def _entry(path: Path) -> tuple[int, dict[str, Any]]:
    """Where the tensors begin, and the header's entry of the word embedding."""
    with path.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
    return 8 + length, header[WORDS]
