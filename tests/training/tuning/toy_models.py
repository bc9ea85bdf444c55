"""Tiny random models of each family, written as GGUF files by a converter of our own, and adapters on them.

The converter is an independent truth for the one of the program: it takes its names from gguf's table and
places the rows of q and k one by one, as llama.cpp's rotation wants them.
"""

from __future__ import annotations

import json
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import torch
import transformers
from peft import LoraConfig, get_peft_model

HEADS, KV_HEADS, BLOCKS, HIDDEN = 4, 2, 2, 64
ALL = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
CHATML = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
WORDS = ("in", "the", "er", "on", "re", "at", "en", "st")
COMMON = {
    "hidden_size": HIDDEN, "intermediate_size": 96, "num_hidden_layers": BLOCKS, "num_attention_heads": HEADS,
    "num_key_value_heads": KV_HEADS, "max_position_embeddings": 4096, "initializer_range": 0.25,
    "attn_implementation": "eager",
}  # fmt: skip
OWN: dict[str, dict[str, Any]] = {
    "qwen2": {"model_type": "qwen2", "tie_word_embeddings": True, "rope_theta": 1e6},
    "llama": {"model_type": "llama", "tie_word_embeddings": False, "rope_theta": 1e4},
    "mistral": {
        "model_type": "mistral",
        "tie_word_embeddings": False,
        "sliding_window": None,
        "head_dim": 16,
    },
    "qwen3": {"model_type": "qwen3", "tie_word_embeddings": True, "head_dim": 128, "rope_theta": 1e6},
    "gemma": {"model_type": "gemma", "head_dim": 16},
    "gemma2": {"model_type": "gemma2", "head_dim": 256, "query_pre_attn_scalar": 256},
    "gemma3": {"model_type": "gemma3_text", "head_dim": 256, "query_pre_attn_scalar": 256},
}
ARCHITECTURE = {"mistral": "llama"}


@dataclass(frozen=True)
class Toy:
    """A model in memory, as a folder of Hugging Face and as a GGUF file; `adapter` is a folder of peft."""

    model: Any
    gguf: Path
    adapter: Path


def bytes_to_letters() -> dict[int, str]:
    """GPT-2's alphabet: a printable letter for each byte."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in plain]
    return {byte: chr(byte) for byte in plain} | {byte: chr(256 + at) for at, byte in enumerate(others)}


def vocabulary() -> tuple[list[str], list[str]]:
    merges, words = [], []
    for word in WORDS:
        for length in range(2, len(word) + 1):
            if word[:length] not in words:
                merges.append(f"{word[: length - 1]} {word[length - 1]}")
                words.append(word[:length])
    return [*bytes_to_letters().values(), *words, *SPECIAL], merges


def toy(folder: Path, family: str, *, seed: int = 0, **lora: Any) -> Toy:
    """A random model of `family` with a random adapter on it."""
    torch.manual_seed(seed)
    tokens, _ = vocabulary()
    settings = {**COMMON, **OWN[family], "vocab_size": len(tokens)}
    ids = {"bos_token_id": None, "eos_token_id": len(tokens) - 1, "pad_token_id": len(tokens) - 3}
    config = transformers.AutoConfig.for_model(settings.pop("model_type"), **settings, **ids)
    model = transformers.AutoModelForCausalLM.from_config(config).float().eval()
    with torch.no_grad():  # biases and norms begin as zeros and ones, which would hide a mistake in them
        for parameter in model.parameters():
            if parameter.ndim == 1:
                parameter += 0.2 * torch.randn_like(parameter)
    path = folder / f"{family}.gguf"
    write_gguf(model, ARCHITECTURE.get(family, family), path)
    chosen = {"r": 4, "lora_alpha": 12, "target_modules": list(ALL), **lora}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # peft asks transformers by an old name
        tuned = get_peft_model(model, LoraConfig(task_type="CAUSAL_LM", **chosen))
    with torch.no_grad():
        for name, parameter in tuned.named_parameters():
            if "lora_B" in name:
                parameter.copy_(0.05 * torch.randn_like(parameter))
    adapter = folder / "peft"
    tuned.save_pretrained(str(adapter))
    return Toy(tuned, path, adapter)


def write_gguf(model: Any, architecture: str, path: Path, template: str = CHATML) -> None:
    """The model as llama.cpp's converter would write it, in 32 bits."""
    config = model.config
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_name("toy")
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    head = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    writer.add_key_length(head)
    writer.add_value_length(head)
    writer.add_rope_dimension_count(head)
    writer.add_rope_freq_base(theta(config))
    writer.add_vocab_size(config.vocab_size)
    if architecture in ("gemma2", "gemma3"):
        writer.add_sliding_window(config.sliding_window)
    if architecture == "gemma2":
        writer.add_attn_logit_softcapping(config.attn_logit_softcapping)
        writer.add_final_logit_softcapping(config.final_logit_softcapping)
    add_tokenizer(writer, template)
    kind = next(key for key, name in gguf.MODEL_ARCH_NAMES.items() if name == architecture)
    names = gguf.get_tensor_name_map(kind, config.num_hidden_layers)
    for name, tensor in model.state_dict().items():
        if name == "lm_head.weight" and config.tie_word_embeddings:
            continue
        values = tensor.float().numpy()
        if architecture.startswith("gemma") and name.endswith("norm.weight"):
            values = values + 1
        if architecture == "llama" and "q_proj" in name:
            values = values[interleaved(HEADS, len(values))]
        if architecture == "llama" and "k_proj" in name:
            values = values[interleaved(KV_HEADS, len(values))]
        stored = names.get_name(name, try_suffixes=(".weight", ".bias"))
        assert stored is not None, name
        writer.add_tensor(stored, np.ascontiguousarray(values, dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def theta(config: Any) -> float:
    rope = config.rope_parameters
    return float(rope.get("full_attention", rope)["rope_theta"])


def interleaved(heads: int, rows: int) -> list[int]:
    """Which row of transformers stands at each row of the file: 0, half, 1, half + 1, … in each head."""
    size = rows // heads
    return [
        head * size + pair + side * (size // 2)
        for head in range(heads) for pair in range(size // 2) for side in (0, 1)
    ]  # fmt: skip


def add_tokenizer(writer: Any, template: str) -> None:
    tokens, merges = vocabulary()
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(tokens)
    writer.add_token_types([gguf.TokenType.NORMAL] * (len(tokens) - 3) + [gguf.TokenType.CONTROL] * 3)
    writer.add_token_merges(merges)
    writer.add_eos_token_id(len(tokens) - 1)
    writer.add_pad_token_id(len(tokens) - 3)
    writer.add_add_bos_token(False)
    writer.add_chat_template(template)


def with_tensors(source: Path, target: Path, change: Any, *, alpha: float | None = None) -> None:
    """A copy of an adapter file in which `change(name, values)` gives each tensor, and alpha is another."""
    reader = gguf.GGUFReader(source)
    writer = gguf.GGUFWriter(target, reader.get_field("general.architecture").contents())
    for name, field in reader.fields.items():
        if name != "general.architecture" and not name.startswith("GGUF."):
            value = alpha if alpha is not None and name == "adapter.lora.alpha" else field.contents()
            writer.add_key_value(name, value, field.types[0])
    for tensor in reader.tensors:
        writer.add_tensor(tensor.name, np.ascontiguousarray(change(tensor.name, np.array(tensor.data))))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def peft_config(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "adapter_config.json").read_text("utf-8"))
    return found
