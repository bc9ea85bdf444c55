"""The chat models of `toy_chat_models` as GGUF files, as llama.cpp's converter writes them, in 32 bits."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from gguf import GGUFWriter, TokenType
from toy_chat_models import MERGES, SPECIAL, TEMPLATE, toy_vocabulary

NAMES = {
    "model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output",
    "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm", "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down",
}  # fmt: skip


def tensors(model: Any, family: str) -> Iterator[tuple[str, torch.Tensor]]:
    """As llama.cpp's converter writes them; for llama the rows of q and k stand in another order."""
    for name, value in model.state_dict().items():
        place, _, kind = name.rpartition(".")
        block = ""
        if place.startswith("model.layers."):
            _, _, number, place = place.split(".", 3)
            block = f"blk.{number}."
        if family == "llama" and place in ("self_attn.q_proj", "self_attn.k_proj"):
            heads = 4 if "q_proj" in place else 2
            value = (
                value.reshape(heads, 2, value.shape[0] // heads // 2, -1).swapaxes(1, 2).reshape(value.shape)
            )
        yield f"{block}{NAMES[place]}.{kind}", value


def write_gguf(path: Path, model: Any, family: str, *, template: str | None = TEMPLATE) -> Path:
    writer = GGUFWriter(path, family)
    writer.add_name("toy")
    writer.add_license("mit")
    writer.add_block_count(2)
    writer.add_context_length(1024)
    writer.add_embedding_length(32)
    writer.add_feed_forward_length(64)
    writer.add_head_count(4)
    writer.add_head_count_kv(2)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_rope_freq_base(10000.0)
    vocabulary = toy_vocabulary()
    writer.add_vocab_size(len(vocabulary))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(vocabulary)
    writer.add_token_types(
        [TokenType.CONTROL if token in SPECIAL else TokenType.NORMAL for token in vocabulary]
    )
    writer.add_token_merges([" ".join(pair) for pair in MERGES])
    writer.add_bos_token_id(len(vocabulary) - 3)
    writer.add_pad_token_id(len(vocabulary) - 3)
    writer.add_eos_token_id(len(vocabulary) - 1)
    if template:
        writer.add_chat_template(template)
    for name, value in tensors(model, family):
        if name != "output.weight" or not model.config.tie_word_embeddings:
            writer.add_tensor(name, value.numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path
