"""What the chat model was told and what it wrote for one answer, and how many tokens that was."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from assistant.answers import Message

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Measured:
    """Of all that the model was asked for one answer; one that it was not asked for has none of both."""

    prompts: list[Sequence[Message]] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)

    def usage(self, count_tokens: Callable[[str], int]) -> Json:
        """`{prompt_tokens, completion_tokens}`, as `count_tokens` counts.

        The prompts' texts, without what the model's template puts between them, and all that it wrote, also
        what was not kept.
        """
        read = sum(count_tokens(message.content) for prompt in self.prompts for message in prompt)
        return {
            "prompt_tokens": read,
            "completion_tokens": count_tokens("".join(self.pieces)) if self.pieces else 0,
        }
