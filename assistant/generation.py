"""The seam behind which chat models stand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

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
