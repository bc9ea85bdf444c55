"""What llama.cpp thinks of given texts: how likely each of their tokens is, with and without an adapter.

A probe is a chat model of its own, loaded for a comparison and closed after it, so that the one that answers
people is never disturbed. It reads prompts with the template, the special tokens and the layouts of weights
that answers are written with.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from assistant.answers import Message
from assistant.errors import AdapterError, GenerationError, PromptTooLongError
from assistant.llama import LlamaGenerator
from assistant.llama_state import forget_after
from ingestion.settings import GenerationSettings

_BATCH = 64  # the scores of a batch are held at once: 39 MB for a vocabulary of 150,000


@dataclass(frozen=True, slots=True)
class Scores:
    """One value for each scored token: `chosen` its log-probability (natural), `best` the likeliest there."""

    chosen: npt.NDArray[np.float64]
    best: npt.NDArray[np.int64]


class LlamaProbe(LlamaGenerator):
    """A GGUF chat model whose scores can be read."""

    def __init__(
        self, path: Path, *, context_tokens: int = 2048, threads: int = 0, layouts: Path | None = None
    ) -> None:
        """Load `path` on the processor; see LlamaGenerator.

        Raises:
            GenerationError: the file is missing or llama.cpp cannot load it.
        """
        super().__init__(
            path, context_tokens=context_tokens, threads=threads, gpu_layers=0, layouts=layouts,
            settings=GenerationSettings(kept_prompts_mb=0),
        )  # fmt: skip
        self._probed: dict[Path, Any] = {}

    @property
    def template(self) -> str:
        """The chat template that prompts are formatted with."""
        return str(self._format.template)

    def served_tokens(self, messages: Sequence[Message]) -> list[int]:
        """The tokens that are read when these messages are to be answered."""
        return self._tokens(messages)

    def text_tokens(self, text: str) -> list[int]:
        """The tokens of `text` alone, where nothing in it counts as a control token."""
        found = self._model.tokenize(text.encode("utf-8"), add_bos=False, special=False)
        return [int(one) for one in found]

    def token_text(self, token: int) -> str:
        """How a token is written, control tokens too; a part of a character as its byte in hex."""
        return str(self._model.detokenize([token], special=True).decode("utf-8", "backslashreplace"))

    def use(self, adapter: Path | None) -> None:
        """Score with the adapter in the GGUF file `adapter` from now on; None: with the base model alone.

        Raises:
            AdapterError: llama.cpp cannot load it, or it is for another model.
        """
        import llama_cpp

        chosen = [] if adapter is None else [self._loaded_adapter(adapter)]
        adapters = (llama_cpp.llama_adapter_lora_p_ctypes * 1)(*chosen)
        scales = (ctypes.c_float * 1)(1.0)
        if llama_cpp.llama_set_adapters_lora(self._model.ctx, adapters, len(chosen), scales) != 0:
            raise AdapterError(f"{adapter} cannot be used by llama.cpp. Export the adapter again.")

    def score(self, tokens: Sequence[int], start: int) -> Scores:
        """The scores of `tokens[start:]`, each seen after all tokens before it. `start` is at least 1.

        Raises:
            GenerationError: llama.cpp fails.
            PromptTooLongError: there are more tokens than the context has room for.
        """
        if len(tokens) > self.context_tokens:
            raise PromptTooLongError(
                f"{len(tokens)} tokens are to be scored, but the context is {self.context_tokens}. "
                "Give it more."
            )
        chosen, best = [], []
        with self._lock.turn():
            forget_after(self._model, 0)
            for begin in range(0, len(tokens) - 1, _BATCH):
                batch = tokens[begin : min(begin + _BATCH, len(tokens) - 1)]
                wanted = range(max(start - 1 - begin, 0), len(batch))
                self._decode(batch, begin, wanted)
                for at in wanted:
                    row = self._row(at)
                    top = float(row.max())
                    total = top + float(np.log(np.exp(row - top).sum()))
                    chosen.append(float(row[tokens[begin + at + 1]]) - total)
                    best.append(int(row.argmax()))
            forget_after(self._model, 0)
        return Scores(np.array(chosen, np.float64), np.array(best, np.int64))

    def _loaded_adapter(self, path: Path) -> Any:
        import llama_cpp

        if path not in self._probed:
            found = llama_cpp.llama_adapter_lora_init(self._model.model, str(path).encode("utf-8"))
            if not found:
                raise AdapterError(
                    f"{path} cannot be loaded by llama.cpp: it is missing, damaged, or for another model "
                    f"than {self.name}. Export the adapter again."
                )
            self._probed[path] = found
        return self._probed[path]

    def _decode(self, tokens: Sequence[int], begin: int, wanted: range) -> None:
        import llama_cpp

        batch = llama_cpp.llama_batch_init(len(tokens), 0, 1)
        try:
            batch.n_tokens = len(tokens)
            for at, token in enumerate(tokens):
                batch.token[at] = token
                batch.pos[at] = begin + at
                batch.n_seq_id[at] = 1
                batch.seq_id[at][0] = 0
                batch.logits[at] = at in wanted
            failed = llama_cpp.llama_decode(self._model.ctx, batch)
        finally:
            llama_cpp.llama_batch_free(batch)
        if failed:
            error = f"llama_decode returned {failed}"
            raise GenerationError(f"{self.name} failed while reading: {error}.")

    def _row(self, at: int) -> npt.NDArray[np.float64]:
        import llama_cpp

        found = llama_cpp.llama_get_logits_ith(self._model.ctx, at)
        return np.ctypeslib.as_array(found, shape=(self._model.n_vocab(),)).astype(np.float64)
