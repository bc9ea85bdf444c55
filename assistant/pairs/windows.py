"""A long text beside a short one, in windows of tokens that overlap: nothing of it goes unread."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from assistant.pairs.tokens import PairTokenizer, TokenPair

_OVERLAP = 32
_SHORTEST = 48


class PairWindows(PairTokenizer):
    """Pairs of at most `max_tokens`, in the layout of `PairTokenizer`, as many as the first text needs."""

    def __init__(self, folder: Path, max_tokens: int, second_tokens: int = 96) -> None:
        """`folder` as for `PairTokenizer`; a second text longer than `second_tokens` loses its middle."""
        super().__init__(folder, max_tokens)
        self._second_tokens = min(second_tokens, max_tokens - _SHORTEST)

    def windows(self, firsts: Sequence[str], second: str) -> list[list[TokenPair]]:
        """For each of `firsts` its windows beside `second`, at least one."""
        found = [one.ids for one in self._encoded([second, *firsts])]
        beside = _without_middle(found[0], self._second_tokens)
        room = self.max_tokens - len(self._joined([], beside).ids)
        return [
            [self._joined(list(part), beside) for part in slices(ids, room, _OVERLAP)] for ids in found[1:]
        ]


def _without_middle(ids: list[int], most: int) -> list[int]:
    """Both ends: long questions say at one of them what is asked for."""
    half = most // 2
    return ids if len(ids) <= most else ids[:half] + ids[-(most - half) :]


def slices(ids: Sequence[int], room: int, overlap: int) -> list[Sequence[int]]:
    """`ids` in as few windows of `room` as hold them all while neighbours share at least `overlap`.

    They lie evenly, so neighbours may share more. One window when all fit.
    """
    if len(ids) <= room:
        return [ids]
    step = max(room - overlap, 1)
    gaps = -(-(len(ids) - room) // step)
    return [ids[start : start + room] for start in (i * (len(ids) - room) // gaps for i in range(gaps + 1))]
