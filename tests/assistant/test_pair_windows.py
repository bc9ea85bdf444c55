from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from assistant.pairs.encoder import pooling
from assistant.pairs.windows import slices


@given(st.integers(0, 900), st.integers(33, 256), st.integers(0, 32))
def test_windows_hold_every_token_are_equally_long_and_share_enough(
    count: int, room: int, overlap: int
) -> None:
    ids = list(range(count))
    windows = slices(ids, room, overlap)
    assert sorted({one for window in windows for one in window}) == ids
    assert {len(window) for window in windows} == {min(count, room)}
    shared = [len(set(a) & set(b)) for a, b in pairwise(windows)]
    assert all(one >= overlap for one in shared)
    if count > room:  # one window less could not hold all and still share that much
        assert (len(windows) - 1) * room - (len(windows) - 2) * overlap < count


def test_pooling_averages_each_text() -> None:
    rows = pooling(5, 2)
    assert rows.tolist() == [[[0.5, 0.5, 0.0, 0.0, 0.0], [0.0, 0.0, *[rows[0, 1, 4]] * 3]]]
    assert abs(float(rows[0, 1].sum()) - 1) < 1e-6
