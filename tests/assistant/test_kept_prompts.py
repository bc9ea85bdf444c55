from __future__ import annotations

from assistant.kept_prompts import KeptPrompts, common_length


def test_the_longest_common_beginning_wins() -> None:
    kept = KeptPrompts(1000)
    kept.keep([1, 2, 3, 9], b"a")
    kept.keep([1, 2, 3, 4, 5, 6], b"b")
    found, length = kept.best([1, 2, 3, 4, 5, 7, 8])
    assert found is not None and (found.state, length) == (b"b", 5)
    assert kept.best([7, 1, 2]) == (None, 0)


def test_a_longer_prompt_takes_the_place_of_its_beginning_but_not_of_one_kept_for_good() -> None:
    kept = KeptPrompts(1000)
    kept.keep([1, 2], b"for good", for_good=True)
    kept.keep([1, 2, 3], b"short")
    kept.keep([1, 2, 3, 4], b"long")
    assert len(kept) == 2
    assert kept.best([1, 2, 9])[1] == 2 and kept.best([1, 2, 3, 9])[1] == 3


def test_the_one_unused_for_longest_is_dropped_first() -> None:
    kept = KeptPrompts(10)
    kept.keep([0], b"x" * 100, for_good=True)
    kept.keep([1], b"x" * 5)
    kept.keep([2], b"x" * 5)
    kept.best([1])
    kept.keep([3], b"x" * 5)
    assert [kept.best([token])[1] for token in (0, 1, 2, 3)] == [1, 1, 0, 1]
    assert kept.held_bytes == 10


def test_what_is_kept_for_good_is_not_displaced_by_itself() -> None:
    kept = KeptPrompts(10)
    kept.keep([1, 2], b"good", for_good=True)
    kept.keep([1, 2], b"again")
    kept.keep([1], b"less")
    kept.keep([5, 6], b"x" * 11)
    assert (len(kept), kept.held_bytes) == (1, 0)
    found, _ = kept.best([1, 2, 3])
    assert found is not None and (found.state, found.for_good) == (b"good", True)
    assert kept.covers([1]) and kept.covers([1, 2]) and not kept.covers([1, 2, 3])


def test_common_length() -> None:
    assert [common_length([1, 2], other) for other in ([], [2], [1], [1, 2], [1, 2, 3])] == [0, 0, 1, 2, 2]


def test_what_was_read_under_other_weights_is_not_there() -> None:
    kept = KeptPrompts(100)
    kept.keep([1, 2, 3], b"base")
    kept.keep([1, 2, 3], b"tuned", weights="a")
    kept.keep([1, 2, 3, 4], b"rules", for_good=True, weights="b")
    found = {weights: kept.best([1, 2, 3, 4], weights)[0] for weights in ("", "a", "b", "c")}
    assert {weights: one and one.state for weights, one in found.items()} == {
        "": b"base", "a": b"tuned", "b": b"rules", "c": None,
    }  # fmt: skip
    assert kept.covers([1, 2], "a") and not kept.covers([1, 2], "c") and not kept.covers([1, 2, 3, 4], "a")
    kept.keep([1, 2, 3, 9], b"longer", weights="a")  # takes the place of its own beginning only
    assert kept.best([1, 2, 3], "")[1] == 3
    assert len(kept) == 3
    kept.forget("b")
    assert kept.best([1, 2, 3, 4], "b") == (None, 0)
    assert len(kept) == 2


def test_all_weights_share_the_room() -> None:
    kept = KeptPrompts(10)
    for number, weights in enumerate(("", "a", "b")):
        kept.keep([number], b"12345", weights=weights)
    assert kept.held_bytes == 10
    assert kept.best([0])[0] is None
