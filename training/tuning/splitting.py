"""Which examples are learnt from, which choose among runs, and which only measure.

All examples of a document lie in one split, and so do those of documents that one example joins. A document's
split comes from a hash of its id. Of documents that are joined the one that is learnt from decides, then the
one for validation: so a new example may bring others into training, but nothing that was learnt from ever
becomes a test.
"""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from training.tuning.examples import SPLITS, Split

JOINED = "+"
"""Stands between the keys of a group: "a+b" joins a and b."""
Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Shares:
    """How much is kept for validation and for tests, in [0, 1], together less than 1. `seed` draws anew."""

    validation: float = 0.1
    test: float = 0.1
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse shares that leave nothing to learn from."""
        if not (self.validation >= 0 and self.test >= 0 and self.validation + self.test < 1):
            raise ValueError(f"validation {self.validation} and test {self.test} leave nothing to learn from")


def group_of(keys: Sequence[str]) -> str:
    """The group of an example that stands on all of `keys`, whatever their order."""
    return JOINED.join(sorted({key for key in keys if key}))


def split_of_key(key: str, shares: Shares) -> Split:
    """The split of a document by itself."""
    digest = hashlib.sha256(f"{shares.seed}\0{key}".encode()).digest()
    drawn = int.from_bytes(digest[:8], "big") / 2**64
    if drawn < shares.test:
        return "test"
    return "validation" if drawn < shares.test + shares.validation else "train"


def split_all(groups: Mapping[Key, str], shares: Shares) -> dict[Key, Split]:
    """The split of each example by its group. One without a group is alone."""
    parents: dict[str, str] = {}

    def root(key: str) -> str:
        parents.setdefault(key, key)
        while parents[key] != key:
            parents[key] = parents[parents[key]]
            key = parents[key]
        return key

    keys = {one: _keys(group) or [f"alone:{one}"] for one, group in groups.items()}
    for first, *others in keys.values():
        for other in others:
            parents[root(other)] = root(first)
        root(first)
    found: dict[str, Split] = {}
    for key in parents:
        mine = split_of_key(key, shares)
        top = root(key)
        found[top] = min(found.get(top, mine), mine, key=SPLITS.index)
    return {one: found[root(own[0])] for one, own in keys.items()}


def _keys(group: str) -> list[str]:
    return [key for key in group.split(JOINED) if key]
