"""Chat models of random weights with their tokenizer, small enough to train in a test."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    AutoModelForCausalLM,
    LlamaConfig,
    PreTrainedTokenizerFast,
    Qwen2Config,
)

from assistant.answers import Message
from training.tuning.examples import EvidenceText, TuningExample

SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
MERGES = [("t", "h"), ("th", "e"), ("Ġ", "a"), ("i", "n"), ("ã", "ģ"), ("Ċ", "Ċ")]
TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n"
    "{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def toy_vocabulary() -> list[str]:
    return [*sorted(pre_tokenizers.ByteLevel.alphabet()), *("".join(pair) for pair in MERGES), *SPECIAL]


def toy_tokenizer() -> Any:
    vocabulary = {token: i for i, token in enumerate(toy_vocabulary())}
    inner = Tokenizer(models.BPE(vocab=vocabulary, merges=MERGES))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    inner.add_special_tokens(SPECIAL)
    return PreTrainedTokenizerFast(
        tokenizer_object=inner, bos_token=SPECIAL[0], pad_token=SPECIAL[0], eos_token=SPECIAL[2],
        chat_template=TEMPLATE,
    )  # fmt: skip


def toy_model(family: str = "qwen2", seed: int = 0, *, tied: bool = True) -> Any:
    size = len(toy_vocabulary())
    sizes = {
        "vocab_size": size, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2,
        "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 1024,
        "tie_word_embeddings": tied, "eos_token_id": size - 1, "bos_token_id": size - 3,
        "pad_token_id": size - 3, "initializer_range": 0.2,
    }  # fmt: skip
    torch.manual_seed(seed)
    config = Qwen2Config(**sizes) if family == "qwen2" else LlamaConfig(**sizes)
    return AutoModelForCausalLM.from_config(config)


def toy_folder(folder: Path, family: str = "qwen2", **more: Any) -> Path:
    toy_model(family, **more).save_pretrained(folder)
    toy_tokenizer().save_pretrained(folder)
    return folder


def toy_examples(count: int = 6, **more: Any) -> list[TuningExample]:
    return [
        TuningExample(
            "answer", f"{10 * i} yen. [1]", question=f"What does {i} cost?", language="en",
            evidence=(EvidenceText("prices", f"item {i}: {10 * i} yen", f"d{i}"),), documents=(f"d{i}",),
            licence="CC0-1.0", **more,
        )
        for i in range(1, count + 1)
    ]  # fmt: skip


def toy_chats(count: int = 4) -> list[TuningExample]:
    """Short ones, which train fast."""
    return [
        TuningExample("chat", "", messages=(Message("user", f"{i}?"), Message("assistant", f"{i * 11}!")))
        for i in range(1, count + 1)
    ]


def toy_pairs(count: int = 4) -> list[TuningExample]:
    return [
        TuningExample(
            "preference", f"{i} yen. [1]", question=f"Price of {i}?", language="en",
            rejected="I do not know.",
            evidence=(EvidenceText("prices", f"{i}: {i} yen"),),
        )
        for i in range(1, count + 1)
    ]  # fmt: skip
