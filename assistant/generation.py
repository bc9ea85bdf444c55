"""The seam behind which chat models stand, and a chat model with a tuned adapter over it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from assistant.answers import Message


def never() -> bool:
    """For callers that do not cancel."""
    return False


class Generator(Protocol):
    """Writes the reply to chat messages, piece by piece."""

    @property
    def name(self) -> str:
        """The model's name as shown to people."""
        ...

    @property
    def context_tokens(self) -> int:
        """How many tokens prompt and reply may have together."""
        ...

    def count_tokens(self, text: str) -> int:
        """Tokens of `text` (an estimate where the model is not on this machine)."""
        ...

    def generate(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        temperature: float = 0.0,
        seed: int = 0,
        cancelled: Callable[[], bool] = never,
    ) -> Iterator[str]:
        """Yield the reply's pieces. Closing the iterator stops the generation.

        Once `cancelled` returns True the pieces end, also while nothing was written yet: a closed iterator
        is noticed only at its next piece. It is asked from other threads.

        Raises:
            GenerationError: the model cannot be reached or fails.
            PromptTooLongError: the messages and `max_tokens` exceed the context.
        """
        ...


@dataclass(frozen=True, slots=True)
class AdapterFile:
    """A LoRA adapter as GGUF; `sha256` of the file tells it from an earlier one of the same name."""

    name: str
    path: Path
    sha256: str


class AdaptableGenerator(Generator, Protocol):
    """A chat model that takes another adapter with each reply."""

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
        """As `Generator.generate`, with `adapter` over the weights for this reply.

        Raises:
            AdapterError: it cannot be loaded, does not fit, or this model takes none.
        """
        ...

    def prepare(self, messages: Sequence[Message], adapter: AdapterFile | None = None) -> int:
        """Read what prompts begin with; how many tokens that is, 0 where nothing is kept."""
        ...


class AdaptedGenerator:
    """A chat model that writes everything with one adapter. Costs nothing: the model is shared."""

    def __init__(self, model: AdaptableGenerator, adapter: AdapterFile) -> None:
        self._model = model
        self._adapter = adapter

    @property
    def name(self) -> str:
        """The base model's name."""
        return self._model.name

    @property
    def adapter(self) -> str:
        """The adapter's name."""
        return self._adapter.name

    @property
    def text_identity(self) -> str:
        """What its texts depend on besides their prompts: another file of the same name is another model."""
        return f"{self._model.name}+{self._adapter.name}@{self._adapter.sha256}"

    @property
    def context_tokens(self) -> int:
        """As the model has it."""
        return self._model.context_tokens

    @property
    def waiting(self) -> int:
        """How many answers would be written before one that is asked for now."""
        return int(getattr(self._model, "waiting", 0))

    def count_tokens(self, text: str) -> int:
        """As the model counts."""
        return self._model.count_tokens(text)

    def generate(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        temperature: float = 0.0,
        seed: int = 0,
        cancelled: Callable[[], bool] = never,
    ) -> Iterator[str]:
        """As `AdaptableGenerator.generate` with this adapter."""
        return self._model.generate(
            messages, max_tokens=max_tokens, temperature=temperature, seed=seed, cancelled=cancelled,
            adapter=self._adapter,
        )  # fmt: skip

    def prepare(self, messages: Sequence[Message]) -> int:
        """As the model's own, with this adapter."""
        return self._model.prepare(messages, self._adapter)


def untold(piece: str) -> None:
    """For callers that need not know what the model writes."""


class HeardGenerator:
    """A chat model whose prompts are told to `heard` before it reads them; all else is the model's own.

    Each piece that it writes is told to `written`, as it comes from the model.
    """

    def __init__(
        self,
        model: Generator,
        heard: Callable[[Sequence[Message]], object],
        written: Callable[[str], object] = untold,
    ) -> None:
        self._model = model
        self._heard = heard
        self._written = written

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    @property
    def name(self) -> str:
        """As the model has it."""
        return self._model.name

    @property
    def context_tokens(self) -> int:
        """As the model has it."""
        return self._model.context_tokens

    def count_tokens(self, text: str) -> int:
        """As the model counts."""
        return self._model.count_tokens(text)

    def generate(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        temperature: float = 0.0,
        seed: int = 0,
        cancelled: Callable[[], bool] = never,
    ) -> Iterator[str]:
        """As `Generator.generate`."""
        self._heard(tuple(messages))
        return self._told(
            self._model.generate(
                messages, max_tokens=max_tokens, temperature=temperature, seed=seed, cancelled=cancelled
            )
        )

    def _told(self, pieces: Iterator[str]) -> Iterator[str]:
        try:
            for piece in pieces:
                self._written(piece)
                yield piece
        finally:  # whoever closes this one means the model
            close = getattr(pieces, "close", None)
            if close is not None:
                close()


def adapter_of(generator: Generator) -> str | None:
    """The name of the adapter that `generator` writes with, None for a base model."""
    return getattr(generator, "adapter", None)


def text_identity(generator: Generator) -> str:
    """What names the texts of `generator`, for those that are kept."""
    return str(getattr(generator, "text_identity", generator.name))
