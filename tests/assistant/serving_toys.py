"""A chat model and LoRA adapters of random weights as GGUF: a few kilobytes, loaded in milliseconds."""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np

from assistant.generation import AdapterFile
from ingestion.model_files import sha256_of

WIDTH, LAYERS, HEADS, FORWARD, CONTEXT, RANK = 32, 2, 4, 48, 1024, 4
_SPECIAL = ("<unk>", "<s>", "</s>")
VOCABULARY = len(_SPECIAL) + 256
_SHOWN = range(len(_SPECIAL) + 0x20, len(_SPECIAL) + 0x7F)
"""Tokens of printable ASCII: only these are ever written, so that every difference shows in the text."""


def write_model(path: Path, *, seed: int = 0, architecture: str = "llama") -> Path:
    """A byte-level model of the llama family that writes printable ASCII without an end."""
    random = np.random.default_rng(seed)
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_name(f"toy-{seed}")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(FORWARD)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(VOCABULARY)
    _add_vocabulary(writer)
    output = np.zeros((VOCABULARY, WIDTH), dtype=np.float32)
    output[_SHOWN] = random.normal(size=(len(_SHOWN), WIDTH))
    tensors = {
        "token_embd.weight": random.normal(size=(VOCABULARY, WIDTH)),
        "output_norm.weight": np.ones(WIDTH),
        "output.weight": output,
    }
    for layer in range(LAYERS):
        for name, shape in _shapes().items():
            tensors[f"blk.{layer}.{name}.weight"] = random.normal(scale=WIDTH**-0.5, size=shape)
        for name in ("attn_norm", "ffn_norm"):
            tensors[f"blk.{layer}.{name}.weight"] = np.ones(WIDTH)
    _write(writer, tensors)
    return path


def write_adapter(
    path: Path, *, seed: int = 1, name: str = "toy", scale: float = 1.0, architecture: str = "llama"
) -> AdapterFile:
    """A LoRA over every linear layer of `write_model`; alpha equals the rank. `scale` 0 changes nothing."""
    random = np.random.default_rng(seed)
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_type(gguf.GGUFType.ADAPTER)
    writer.add_string(gguf.Keys.Adapter.TYPE, "lora")
    writer.add_float32(gguf.Keys.Adapter.LORA_ALPHA, float(RANK))
    tensors = {}
    for layer in range(LAYERS):
        for tensor, (out, into) in _shapes().items():
            at = f"blk.{layer}.{tensor}.weight"
            tensors[f"{at}.lora_a"] = random.normal(scale=into**-0.5, size=(RANK, into))
            tensors[f"{at}.lora_b"] = scale * random.normal(size=(out, RANK))
    _write(writer, tensors)
    return AdapterFile(name, path, sha256_of(path))


def _shapes() -> dict[str, tuple[int, int]]:
    """(out, in) of the linear layers of a block."""
    square = (WIDTH, WIDTH)
    return {
        "attn_q": square, "attn_k": square, "attn_v": square, "attn_output": square,
        "ffn_gate": (FORWARD, WIDTH), "ffn_up": (FORWARD, WIDTH), "ffn_down": (WIDTH, FORWARD),
    }  # fmt: skip


def _add_vocabulary(writer: gguf.GGUFWriter) -> None:
    kinds = gguf.TokenType
    writer.add_tokenizer_model("llama")
    writer.add_token_list([*_SPECIAL, *(f"<0x{byte:02X}>" for byte in range(256))])
    writer.add_token_scores([0.0] * VOCABULARY)
    writer.add_token_types([kinds.UNKNOWN, kinds.CONTROL, kinds.CONTROL, *[kinds.BYTE] * 256])
    writer.add_unk_token_id(0)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_add_bos_token(True)
    writer.add_add_eos_token(False)
    writer.add_add_space_prefix(False)


def _write(writer: gguf.GGUFWriter, tensors: dict[str, np.ndarray]) -> None:
    for name, values in tensors.items():
        writer.add_tensor(name, np.ascontiguousarray(values, dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
