"""llama.cpp as a Generator, and its dangers.

A context is not thread-safe, so one answer at a time runs on it: first come first served, but those with the
same adapter together within bounds, since each change of adapter drops what was read. The beginning that a
prompt shares with the one before, or with one that was kept under the same adapter, is not read again.
Streaming never splits a character: llama.cpp's tokens are bytes, and one Japanese character often comes as
two or three of them.
"""

from __future__ import annotations

import codecs
import contextlib
import ctypes
import logging
import math
import os
import re
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import psutil

from assistant.answers import Message
from assistant.errors import GenerationError, PromptTooLongError
from assistant.fair_lock import LOOK_SECONDS, FairLock
from assistant.generation import AdapterFile, never
from assistant.kept_prompts import KeptPrompts, common_length
from assistant.llama_adapters import LlamaAdapters, key_of
from assistant.llama_layouts import safe_layouts
from assistant.llama_state import can_be_kept, forget_after, next_logits, put_state, taken_state
from assistant.prompting import control_pattern, defused
from ingestion.hardware import available_cores
from ingestion.settings import GenerationSettings

logger = logging.getLogger(__name__)

_BATCH = 512
_ERROR = 4  # of ggml_log_level
_WORTH = 16  # tokens from which putting a kept state back is quicker than reading
_DEFAULTS = GenerationSettings()
CHATML = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n"
    "{% endfor %}"
    "<|im_start|>assistant\n"
)


class LlamaGenerator:
    """A GGUF chat model in this process."""

    takes_adapters = True

    def __init__(
        self,
        path: Path,
        *,
        name: str = "",
        context_tokens: int = 4096,
        threads: int = 0,
        gpu_layers: int = -1,
        settings: GenerationSettings = _DEFAULTS,
        layouts: Path | None = None,
        adapter: Path | None = None,
    ) -> None:
        """Load `path`; this takes seconds and the file's size in memory, and more for earlier prompts.

        `layouts` is a file for what `llama_layouts` found out about this machine, `adapter` a LoRA in GGUF.

        Raises:
            GenerationError: the file is missing or llama.cpp cannot load it.
        """
        if not path.is_file():
            raise GenerationError(f"{path} does not exist. Get a chat model with: konkyo models pull")
        self._lock = FairLock()
        self._name = name or path.stem
        self._model = _load(path, context_tokens, threads or usable_cores(), gpu_layers, layouts, adapter)
        self._context_tokens = int(self._model.n_ctx())
        self._abort = _abort_flag(self._model)
        self._format = _chat_format(self._model)
        self._control = _control_tokens(self._model)
        self._settings = settings
        self._adapters = LlamaAdapters(self._model)
        self._kept = KeptPrompts(settings.kept_prompts_mb << 20)
        self._keeps = settings.kept_prompts_mb > 0 and can_be_kept(self._model)
        self._read: list[int] = []  # the prompt that the context begins with
        self.prompt_tokens = 0
        self.reused_tokens = 0

    @property
    def name(self) -> str:
        """The model's name."""
        return self._name

    @property
    def context_tokens(self) -> int:
        """Prompt and reply together."""
        return self._context_tokens

    @property
    def waiting(self) -> int:
        """How many answers would be written before one that is asked for now."""
        return self._lock.ahead

    def count_tokens(self, text: str) -> int:
        """Tokens of `text` alone."""
        return len(self._model.tokenize(text.encode("utf-8"), add_bos=False, special=False))

    def generate(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        temperature: float = 0.0,
        seed: int = 0,
        cancelled: Callable[[], bool] = never,
        adapter: AdapterFile | None = None,
    ) -> Iterator[str]:
        """Yield the reply in whole characters. Waits for its turn; closing the iterator gives the turn away.

        `cancelled` takes effect in the queue and while the prompt is read, within about 0.1 s. `adapter`
        counts for this reply only; it is loaded by its first use, and none takes effect within a reply.

        Raises:
            AdapterError: the adapter cannot be loaded.
            GenerationError: llama.cpp fails.
            PromptTooLongError: prompt and `max_tokens` exceed the context.
        """
        prompt = self._prompt(messages, max_tokens)
        with self._lock.turn(cancelled, key_of(adapter)) as mine:
            if mine:
                self._put_on(adapter)
                yield from self._pieces(prompt, max_tokens, temperature, seed, cancelled)

    def prepare(self, messages: Sequence[Message], adapter: AdapterFile | None = None) -> int:
        """Read what prompts share that begin like `messages`, and keep it for good; how many tokens that is.

        The last message may go on in the prompts to come. What an adapter reads is kept while it is loaded.

        Raises:
            AdapterError: the adapter cannot be loaded.
            GenerationError: llama.cpp fails.
        """
        *before, last = messages
        first, second = (
            self._tokens([*before, Message(last.role, last.content + more)]) for more in ("\nA", "\n1")
        )
        shared = first[: common_length(first, second)]
        with self._lock.turn(kind=key_of(adapter)):
            self._put_on(adapter)
            if self._keeps and 1 < len(shared) < self._context_tokens:
                self._bring_back(shared)
                try:
                    self._model.eval(shared[self._model.n_tokens :])
                except (RuntimeError, ValueError) as error:
                    self._model.reset()
                    raise GenerationError(f"{self._name} failed while reading: {error}.") from error
                self._read = shared
                state = taken_state(self._model, len(shared))
                self._kept.keep(shared, state, for_good=True, weights=self._adapters.on)
        return len(shared)

    def chances(self, messages: Sequence[Message], replies: Sequence[str]) -> list[float]:
        """How likely the reply begins like each of `replies`, among these alone: they add up to 1.

        Only the first token of each counts, so no two may begin alike.

        Raises:
            GenerationError: llama.cpp fails.
            PromptTooLongError: the prompt exceeds the context.
        """
        prompt = self._prompt(messages, 1)
        firsts = [self._model.tokenize(text.encode("utf-8"), add_bos=False)[0] for text in replies]
        with self._lock.turn():
            self._put_on(None)
            forget_after(self._model, min(self._bring_back(prompt), len(prompt) - 1))
            try:
                self._model.eval(prompt[self._model.n_tokens :])
            except (RuntimeError, ValueError) as error:
                self._model.reset()
                raise GenerationError(f"{self._name} failed while reading: {error}.") from error
            self._read = prompt
            logits = next_logits(self._model, firsts)
        powers = [math.exp(one - max(logits)) for one in logits]
        return [power / sum(powers) for power in powers]

    def close(self) -> None:
        """Free the model, after the answer that is being written."""
        with self._lock.turn():
            self._model.close()

    def _pieces(
        self,
        prompt: list[int],
        max_tokens: int,
        temperature: float,
        seed: int,
        cancelled: Callable[[], bool],
    ) -> Iterator[str]:
        decoder = codecs.getincrementaldecoder("utf-8")(errors="ignore")
        self.prompt_tokens, self.reused_tokens = len(prompt), self._bring_back(prompt)
        self._read = prompt
        self._model.set_seed(seed)
        written: list[int] = []
        try:
            settings = self._settings
            tokens = self._model.generate(
                prompt, temp=temperature, top_k=settings.top_k, top_p=settings.top_p, min_p=settings.min_p,
                repeat_penalty=settings.repeat_penalty,
            )  # fmt: skip
            with contextlib.closing(tokens), self._watched(cancelled):
                for token in tokens:
                    if self._ends(token):
                        break
                    piece = decoder.decode(self._model.detokenize([token], prev_tokens=prompt + written))
                    written.append(token)
                    if piece:
                        yield piece
                    if len(written) >= max_tokens:
                        break
        except (RuntimeError, ValueError) as error:
            if cancelled():
                return  # the batches that were read stay in the cache: the next prompt may begin like this
            self._model.reset()
            raise GenerationError(f"{self._name} failed while writing: {error}. Ask again.") from error

    def _put_on(self, adapter: AdapterFile | None) -> None:
        """Compute with `adapter` from now on; what was read under the last one is kept for its next turn."""
        if key_of(adapter) == self._adapters.on:
            return
        self._keep_read(0)
        dropped = self._adapters.put_on(adapter)
        self._read = []
        for weights in dropped:
            self._kept.forget(weights)

    @contextlib.contextmanager
    def _watched(self, cancelled: Callable[[], bool]) -> Iterator[None]:
        """Make llama.cpp give up what it computes soon after `cancelled` returns True."""
        if cancelled is never:
            yield
            return
        ended = threading.Event()

        def watch() -> None:
            while not ended.wait(LOOK_SECONDS):
                if cancelled():
                    self._abort[0] = b"\1"
                    return

        watcher = threading.Thread(target=watch, name="konkyo-cancel", daemon=True)
        watcher.start()
        try:
            yield
        finally:
            ended.set()
            watcher.join()
            self._abort[0] = b"\0"

    def _ends(self, token: int) -> bool:
        import llama_cpp

        vocabulary = llama_cpp.llama_model_get_vocab(self._model.model)
        return bool(llama_cpp.llama_vocab_is_eog(vocabulary, token))

    def _bring_back(self, prompt: Sequence[int]) -> int:
        """Let the context begin like `prompt` as far as any prompt did before; how many tokens it then has.

        What the context holds is kept first, where the new prompt leaves it.
        """
        common = self._shared(prompt)
        if not self._keeps:
            return common
        kept, length = self._kept.best(prompt, self._adapters.on)
        self._keep_read(common)
        if kept is not None and length > common + _WORTH:
            put_state(self._model, kept.tokens, kept.state)
        common = min(self._shared(prompt), len(prompt) - 1)
        forget_after(self._model, common)
        return common

    def _keep_read(self, common: int) -> None:
        """Keep the prompt that the context holds, unless the next one begins with nearly all of it."""
        read, weights = self._read[: self._model.n_tokens], self._adapters.on
        if self._keeps and len(read) - common > _WORTH and not self._kept.covers(read, weights):
            self._kept.keep(read, taken_state(self._model, len(read)), weights=weights)

    def _prompt(self, messages: Sequence[Message], max_tokens: int) -> list[int]:
        prompt = self._tokens(messages)
        if len(prompt) + max_tokens > self._context_tokens:
            raise PromptTooLongError(
                f"the prompt has {len(prompt)} tokens and {max_tokens} may follow, but the context is "
                f"{self._context_tokens}. Lower evidence.tokens or raise models.context_tokens."
            )
        return prompt

    def _shared(self, prompt: Sequence[int]) -> int:
        return common_length(self._model.input_ids[: self._model.n_tokens].tolist(), prompt)

    def _tokens(self, messages: Sequence[Message]) -> list[int]:
        turns = [
            {"role": message.role, "content": defused(message.content, self._control)} for message in messages
        ]
        formatted = self._format(messages=turns)
        tokens: list[int] = self._model.tokenize(
            formatted.prompt.encode("utf-8"), add_bos=not formatted.added_special, special=True
        )
        return tokens


def usable_cores() -> int:
    """Physical cores that this process may use; hyper-threads slow generation down."""
    allowed = available_cores()
    return max(1, min(allowed, psutil.cpu_count(logical=False) or allowed))


def _load(
    path: Path,
    context_tokens: int,
    threads: int,
    gpu_layers: int,
    layouts: Path | None,
    adapter: Path | None,
) -> Any:
    # OpenMP's threads spin while they wait for each other, which ruins both sides when another process keeps
    # the cores busy: on two loaded cores a cold prompt took 64 s, with sleeping threads 23 s. Read at import.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    import llama_cpp

    llama_cpp.llama_log_set(_SILENT, ctypes.c_void_p(0))
    layers = gpu_layers if llama_cpp.llama_supports_gpu_offload() else 0
    try:
        with safe_layouts(path, layouts):
            return llama_cpp.Llama(
                model_path=str(path), n_ctx=context_tokens, n_batch=_BATCH, n_threads=threads,
                n_threads_batch=threads, n_gpu_layers=layers, verbose=False,
                lora_path=None if adapter is None else str(adapter),
            )  # fmt: skip
    except (ValueError, RuntimeError, OSError) as error:
        raise GenerationError(
            f"{path} cannot be loaded ({error}). Check it: konkyo models check. Or choose a smaller model."
        ) from error


def _log(level: int, text: bytes, _: object) -> None:
    """llama.cpp's own log: stderr belongs to our messages; errors go to our log."""
    if level == _ERROR:
        logger.warning("llama.cpp: %s", text.decode("utf-8", "replace").strip())


_SILENT = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p)(_log)
"""Kept here because C holds no reference to it."""


def _abort_flag(model: Any) -> ctypes.Array[ctypes.c_char]:
    """Two bytes: llama.cpp gives up a computation while the first is not zero.

    It asks at every node of its graph, thousands of times a token. A Python function would wait for the
    interpreter's lock each time, so C's strlen is asked: 0 for an empty string, which is false, else 1.
    """
    import llama_cpp

    flag = ctypes.create_string_buffer(2)
    library = ctypes.CDLL("msvcrt" if sys.platform == "win32" else None)
    callback = ctypes.cast(library.strlen, llama_cpp.ggml_abort_callback)
    llama_cpp.llama_set_abort_callback(model.ctx, callback, ctypes.cast(flag, ctypes.c_void_p))
    return flag


def _chat_format(model: Any) -> Any:
    """The template that the file brings, else ChatML."""
    from llama_cpp.llama_chat_format import Jinja2ChatFormatter

    def text_of(token: int) -> str:
        return "" if token < 0 else model.detokenize([token], special=True).decode("utf-8", "ignore")

    template = model.metadata.get("tokenizer.chat_template") or CHATML
    return Jinja2ChatFormatter(
        template, eos_token=text_of(model.token_eos()), bos_token=text_of(model.token_bos())
    )


def _control_tokens(model: Any) -> re.Pattern[str]:
    """Matches every string that stands for a control token in this vocabulary."""
    import llama_cpp

    vocabulary = llama_cpp.llama_model_get_vocab(model.model)
    texts = []
    for token in range(model.n_vocab()):
        if llama_cpp.llama_vocab_is_control(vocabulary, token):
            text = (llama_cpp.llama_vocab_get_text(vocabulary, token) or b"").decode("utf-8", "ignore")
            texts.append(text)
    return control_pattern(texts)
