"""Makes the default embedder's folder out of the two files of the package index."""

from __future__ import annotations

from pathlib import Path

from ingestion.e5_weights import read_packed, write_sentence_transformer
from ingestion.model_files import ONNX_FILE
from ingestion.onnx_graph import write_onnx


def build_e5(packed: Path, tokenizer: Path, folder: Path) -> None:
    """Write the sentence-transformers folder and the ONNX graph into `folder`, then delete `packed`.

    Raises:
        ModelError: `packed` is not the expected kind of file.
    """
    encoder = read_packed(packed)
    write_sentence_transformer(encoder, tokenizer, folder)
    write_onnx(encoder, folder / ONNX_FILE)
    packed.unlink()
