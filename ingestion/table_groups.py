"""How far the name of a group reaches over the finer names below it, where its cells are not merged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from itertools import pairwise


def reaches(
    groups: Sequence[int], finer: Mapping[int, str], gaps: Set[int], *, corner: bool
) -> dict[int, tuple[int, int]]:
    """For the columns of group names the first column and the number of columns that each covers.

    `finer` has the names below by their columns, `gaps` the columns of those above which nothing stands;
    `corner` says that nothing stands over the names of the rows. Names stand at the left of their group, or
    in its middle; where neither can be told, no name covers more than its own column, as a value under the
    wrong group is worse than one under none.
    """
    rightward = {column: (column, _run(column, gaps, 1)) for column in groups}
    left = _run(groups[0], gaps, -1) - 1
    if not left:
        return rightward
    own = {column: (column, 1) for column in groups}
    if len(groups) == 1:
        whole = rightward[groups[0]][1] + left
        if corner:
            return {groups[0]: (groups[0] - left, whole)} if whole == 2 * left + 1 else own
        return rightward
    apart = {after - before for before, after in pairwise(groups)}
    if len(apart) > 1:
        return own if corner else rightward
    wide = apart.pop()
    missing = wide - rightward[groups[-1]][1]
    if missing <= 0:
        return rightward
    # Behind the last name are fewer columns than between the names: they may stand in the middle.
    if missing <= left and _repeat([_names(finer, column - missing, wide) for column in groups]):
        return {column: (column - missing, wide) for column in groups}
    same = wide - missing
    return rightward if _repeat([_names(finer, column, same) for column in groups]) else own


def _run(column: int, gaps: Set[int], step: int) -> int:
    """A column and the gaps that follow it."""
    length = 1
    while column + step * length in gaps:
        length += 1
    return length


def _names(finer: Mapping[int, str], first: int, wide: int) -> tuple[str | None, ...]:
    return tuple(finer.get(column) for column in range(first, first + wide))


def _repeat(blocks: Sequence[tuple[str | None, ...]]) -> bool:
    return None not in blocks[0] and len(set(blocks)) == 1
