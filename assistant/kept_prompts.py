"""Prompts that were read, kept with the model's state after them, so that none is read twice.

Knows tokens and bytes, not whose they are, and under which weights they were read: a state is of no use under
others. Those kept for good (instructions) are never dropped; of the
others the one unused for longest goes first when there are too many bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(slots=True)
class KeptPrompt:
    """The state of a model that has read `tokens` under `weights` (the key of an adapter, "" without)."""

    tokens: tuple[int, ...]
    state: bytes
    for_good: bool = False
    weights: str = ""


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

    def keep(self, tokens: Sequence[int], state: bytes, *, for_good: bool = False, weights: str = "") -> None:
        """Keep `state`; what is the beginning of these tokens is not needed any more, unless for good.

        Nothing is added that is itself the beginning of one that is kept.
        """
        added = KeptPrompt(tuple(tokens), state, for_good, weights)
        if not for_good and self.covers(added.tokens, weights):
            return
        self._kept = [
            kept for kept in self._kept
            if kept.weights != weights
            or (
                kept.tokens != added.tokens
                and (kept.for_good or common_length(kept.tokens, added.tokens) < len(kept.tokens))
            )
        ]  # fmt: skip
        self._kept.append(added)
        while self.held_bytes > self._max_bytes:
            self._kept.remove(next(kept for kept in self._kept if not kept.for_good))

    def covers(self, tokens: Sequence[int], weights: str = "") -> bool:
        """Whether all of `tokens` is the beginning of a prompt kept under `weights`."""
        return any(common_length(kept.tokens, tokens) == len(tokens) for kept in self._of(weights))

    def forget(self, weights: str) -> None:
        """Drop all that was read under `weights`, also what was kept for good."""
        self._kept = [kept for kept in self._kept if kept.weights != weights]

    def best(self, prompt: Sequence[int], weights: str = "") -> tuple[KeptPrompt | None, int]:
        """The kept prompt that shares the longest beginning with `prompt`, and how many tokens that is."""
        found: KeptPrompt | None = None
        length = 0
        for kept in self._of(weights):
            if (common := common_length(kept.tokens, prompt)) > length:
                found, length = kept, common
        if found is not None:
            self._kept.remove(found)
            self._kept.append(found)
        return found, length

    def _of(self, weights: str) -> list[KeptPrompt]:
        return [kept for kept in self._kept if kept.weights == weights]


def common_length(first: Sequence[int], second: Sequence[int]) -> int:
    """How many tokens both begin with."""
    pairs = enumerate(zip(first, second, strict=False))
    return next((i for i, (a, b) in pairs if a != b), min(len(first), len(second)))
