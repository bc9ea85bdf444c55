"""Prompts that were read, kept with the model's state after them, so that none is read twice.

Knows tokens and bytes, not whose they are. Those kept for good (instructions) are never dropped; of the
others the one unused for longest goes first when there are too many bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(slots=True)
class KeptPrompt:
    """The state of a model that has read `tokens`."""

    tokens: tuple[int, ...]
    state: bytes
    for_good: bool = False


class KeptPrompts:
    """Kept prompts of at most `max_bytes`, those kept for good not counted."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._kept: list[KeptPrompt] = []  # the one used last stands last

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def held_bytes(self) -> int:
        """Of all that may be dropped."""
        return sum(len(kept.state) for kept in self._kept if not kept.for_good)

    def keep(self, tokens: Sequence[int], state: bytes, *, for_good: bool = False) -> None:
        """Keep `state`; what is the beginning of these tokens is not needed any more, unless for good.

        Nothing is added that is itself the beginning of one that is kept.
        """
        added = KeptPrompt(tuple(tokens), state, for_good)
        if not for_good and self.covers(added.tokens):
            return
        self._kept = [
            kept for kept in self._kept
            if kept.tokens != added.tokens
            and (kept.for_good or common_length(kept.tokens, added.tokens) < len(kept.tokens))
        ]  # fmt: skip
        self._kept.append(added)
        while self.held_bytes > self._max_bytes:
            self._kept.remove(next(kept for kept in self._kept if not kept.for_good))

    def covers(self, tokens: Sequence[int]) -> bool:
        """Whether all of `tokens` is the beginning of a kept prompt."""
        return any(common_length(kept.tokens, tokens) == len(tokens) for kept in self._kept)

    def best(self, prompt: Sequence[int]) -> tuple[KeptPrompt | None, int]:
        """The kept prompt that shares the longest beginning with `prompt`, and how many tokens that is."""
        found: KeptPrompt | None = None
        length = 0
        for kept in self._kept:
            if (common := common_length(kept.tokens, prompt)) > length:
                found, length = kept, common
        if found is not None:
            self._kept.remove(found)
            self._kept.append(found)
        return found, length


def common_length(first: Sequence[int], second: Sequence[int]) -> int:
    """How many tokens both begin with."""
    pairs = enumerate(zip(first, second, strict=False))
    return next((i for i, (a, b) in pairs if a != b), min(len(first), len(second)))
