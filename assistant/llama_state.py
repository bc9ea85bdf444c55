"""What a llama.cpp context has read, taken out as bytes and put back: milliseconds instead of reading again.

One token is some 28 KB for a model of 1.5 B weights (keys and values of every layer, 16 bits each).
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

_SEQUENCE = 0


def can_be_kept(model: Any) -> bool:
    """Whether the beginning of what was read can be kept alone: not in models that carry one state along."""
    import llama_cpp

    return not (
        llama_cpp.llama_model_is_recurrent(model.model) or llama_cpp.llama_model_is_hybrid(model.model)
    )


def taken_state(model: Any, tokens: int) -> bytes:
    """The state after the first `tokens` of what the context has read; the rest is forgotten."""
    import llama_cpp

    forget_after(model, tokens)
    size = llama_cpp.llama_state_seq_get_size(model.ctx, _SEQUENCE)
    buffer = (ctypes.c_uint8 * size)()
    written = llama_cpp.llama_state_seq_get_data(model.ctx, buffer, size, _SEQUENCE)
    return bytes(memoryview(buffer)[:written])


def put_state(model: Any, tokens: Sequence[int], state: bytes) -> bool:
    """Make `model` what it was when it had read `tokens`; False when llama.cpp refuses, then it is empty.

    The last token counts as unread: what follows it was not kept and is computed again with it.
    """
    import llama_cpp

    forget_after(model, 0)
    buffer = (ctypes.c_uint8 * len(state)).from_buffer_copy(state)
    if llama_cpp.llama_state_seq_set_data(model.ctx, buffer, len(state), _SEQUENCE) == 0:
        model.reset()
        return False
    model.input_ids[: len(tokens)] = tokens
    forget_after(model, len(tokens) - 1)
    return True


def next_logits(model: Any, tokens: Sequence[int]) -> list[float]:
    """The raw scores of `tokens` as the next one after what the context has read last."""
    import llama_cpp

    scores = llama_cpp.llama_get_logits_ith(model.ctx, -1)
    return [float(scores[token]) for token in tokens]


def forget_after(model: Any, tokens: int) -> None:
    """Let the context hold its first `tokens` only."""
    import llama_cpp

    llama_cpp.llama_memory_seq_rm(llama_cpp.llama_get_memory(model.ctx), _SEQUENCE, tokens, -1)
    model.n_tokens = tokens
