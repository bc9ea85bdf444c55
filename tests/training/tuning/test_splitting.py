"""Examples of one document, and of documents that one example joins, lie in one split."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.tuning.examples import SPLITS
from training.tuning.splitting import Shares, group_of, split_all, split_of_key

HALVES = Shares(0.3, 0.3)
keys = st.sampled_from([f"d{number}" for number in range(12)])
groups = st.dictionaries(
    st.integers(0, 40), st.lists(keys, max_size=3).map(lambda some: group_of(some)), max_size=25
)


def connected(groups: dict[int, str]) -> list[set[int]]:
    """Examples that share a document, directly or through others: by walking, not by joining sets."""
    left, found = set(groups), []
    while left:
        seen, queue = set(), [left.pop()]
        while queue:
            one = queue.pop()
            seen.add(one)
            mine = set(groups[one].split("+")) - {""}
            beside = {other for other in left if mine & (set(groups[other].split("+")) - {""})}
            left -= beside
            queue += beside
        found.append(seen)
    return found


@given(groups)
def test_what_shares_a_document_shares_a_split(given_groups: dict[int, str]) -> None:
    splits = split_all(given_groups, HALVES)
    assert splits.keys() == given_groups.keys()
    for together in connected(given_groups):
        assert len({splits[one] for one in together}) == 1


@given(groups, st.lists(keys, min_size=1, max_size=3))
def test_another_example_never_makes_a_test_of_what_was_learnt(
    before: dict[int, str], added: list[str]
) -> None:
    first = split_all(before, HALVES)
    then = split_all({**before, 99: group_of(added)}, HALVES)
    assert all(SPLITS.index(then[one]) <= SPLITS.index(first[one]) for one in before)


@given(groups, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(before: dict[int, str], random: object) -> None:
    rows = list(before.items())
    random.shuffle(rows)  # type: ignore[attr-defined]
    assert split_all(dict(rows), HALVES) == split_all(before, HALVES)


def test_shares_are_those_of_the_documents() -> None:
    shares = Shares(0.2, 0.1)
    drawn = [split_of_key(f"document {number}", shares) for number in range(4000)]
    assert drawn.count("test") / 4000 == pytest.approx(0.1, abs=0.02)  # four standard errors
    assert drawn.count("validation") / 4000 == pytest.approx(0.2, abs=0.026)


def test_another_seed_divides_anew_and_bad_shares_are_refused() -> None:
    one = [split_of_key(f"d{number}", HALVES) for number in range(50)]
    assert one != [split_of_key(f"d{number}", Shares(0.3, 0.3, 1)) for number in range(50)]
    with pytest.raises(ValueError, match="nothing to learn"):
        Shares(0.5, 0.5)
