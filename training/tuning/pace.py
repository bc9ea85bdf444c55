"""How fast this machine learns: one block of the model with its matrices, computed for a moment.

One large multiplication says little: what a block does beside it (attention, norms, the thin matrices of the
adapter, copies between kinds of numbers) takes a share that differs by model and machine. The block has
the sizes of the model's and random weights, and is computed as in a training: forward and backward, forward
alone, and one token at a time. It gives way like a training, so that a machine at work shows as one.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from training.tuning.recipes import LoraRecipe
from training.tuning.weights import Shape, Weights

_LOWEST = 19
_MOST_TOKENS = 512  # enough to keep the processor as busy as longer examples do
_VOCABULARY = 8
_LEAST_SHARE = 0.01


@dataclass(frozen=True, slots=True)
class Pace:
    """Multiply-adds a second, of the work as `estimating` counts it.

    `learning` forward and backward, `reading` forward alone, `writing` forward for one token. `share` of the
    processor's time that was asked for was given, in (0, 1]: what else runs here took the rest.
    """

    learning: float
    reading: float
    writing: float
    share: float = 1.0


def measured(
    shape: Shape, lora: LoraRecipe, dtype: Weights, tokens: int, *, threads: int = 0, seconds: float = 1.0
) -> Pace:
    """The pace with examples of `tokens`, at `threads` (0: those of this process), in some `seconds`."""
    with ThreadPoolExecutor(1, initializer=_give_way) as one:  # a thread, because its priority stays low
        return one.submit(
            _measured, shape, lora, dtype, max(1, min(tokens, _MOST_TOKENS)), threads, seconds
        ).result()


def _give_way() -> None:
    """Take the lowest priority for this thread and those that torch starts from it."""
    if sys.platform == "linux":  # elsewhere it would be that of the whole process
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, 0, _LOWEST)


def _measured(
    shape: Shape, lora: LoraRecipe, dtype: Weights, tokens: int, threads: int, seconds: float
) -> Pace:
    import torch

    if threads:
        torch.set_num_threads(threads)
    block, learnt = _block(shape, lora, dtype)
    device = next(block.parameters()).device
    kind = torch.bfloat16 if dtype == "bf16" else torch.float32

    def work(length: int, *, learns: bool) -> Callable[[], None]:
        seen = torch.randn(1, length, shape.hidden, device=device, dtype=kind, requires_grad=learns)

        def once() -> None:
            block.train(learns)
            with (
                torch.autocast(device.type, torch.bfloat16, enabled=dtype == "bf16"),
                torch.set_grad_enabled(learns),
            ):
                told = block(inputs_embeds=seen, use_cache=False).logits
            if learns:
                told.float().sum().backward()
            if device.type == "cuda":
                torch.cuda.synchronize()

        return once

    one = shape.linear_weights / shape.layers + learnt + shape.linear["q_proj"][1] * tokens
    alone = shape.linear_weights / shape.layers + learnt
    used, began = time.process_time(), time.perf_counter()
    learning = _time_of(work(tokens, learns=True), seconds / 2)
    share = (time.process_time() - used) / (time.perf_counter() - began) / torch.get_num_threads()
    return Pace(
        learning=tokens * (2 * one + learnt) / learning,
        reading=tokens * one / _time_of(work(tokens, learns=False), seconds / 4),
        writing=alone / _time_of(work(1, learns=False), seconds / 4),
        share=1.0 if device.type == "cuda" else min(1.0, max(_LEAST_SHARE, share)),
    )


def _block(shape: Shape, lora: LoraRecipe, dtype: Weights) -> tuple[Any, int]:
    """A block with a new adapter, and how many weights that has; a vocabulary of a few words around it.

    Every family that can be tuned has the matrices of Llama.
    """
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, LlamaConfig

    config = LlamaConfig(
        hidden_size=shape.hidden, intermediate_size=shape.inner, num_attention_heads=shape.heads,
        num_key_value_heads=shape.kv_heads, head_dim=shape.linear["q_proj"][1] // shape.heads,
        num_hidden_layers=1, vocab_size=_VOCABULARY, pad_token_id=0,
    )  # fmt: skip
    kind = torch.bfloat16 if dtype == "bf16" else torch.float32
    model = AutoModelForCausalLM.from_config(config, dtype=kind, attn_implementation="sdpa")
    model.requires_grad_(False)
    adapter = LoraConfig(
        r=lora.rank, lora_alpha=lora.alpha, lora_dropout=lora.dropout, target_modules=list(lora.targets),
        task_type="CAUSAL_LM",
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # peft asks transformers by an old name
        tuned = get_peft_model(model, adapter)
    tuned = tuned.to("cuda" if torch.cuda.is_available() else "cpu")
    return tuned, sum(one.numel() for one in tuned.parameters() if one.requires_grad)


def _time_of(once: Callable[[], None], seconds: float) -> float:
    """Seconds that it takes, on average: what else runs here slows some of the rounds."""
    once()  # the first time memory is found and kernels are chosen
    began, rounds = time.perf_counter(), 0
    while rounds < 2 or time.perf_counter() - began < seconds:
        once()
        rounds += 1
    return (time.perf_counter() - began) / rounds
