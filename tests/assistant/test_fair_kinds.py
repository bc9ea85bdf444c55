"""The queue before the chat model, where a change of adapter costs what was read: held by brute force."""

from __future__ import annotations

import random
import threading
import time

import pytest

from assistant.fair_lock import FairLock


def served_after(first: str, kinds: list[str], in_a_row: int) -> list[int]:
    """In which order those are served who ask one after another while `first` holds the lock."""
    lock, served, threads = FairLock(in_a_row), [], []

    def work(number: int) -> None:
        with lock.turn(kind=kinds[number]):
            served.append(number)

    with lock.turn(kind=first):
        for number in range(len(kinds)):
            threads.append(threading.Thread(target=work, args=(number,)))
            threads[-1].start()
            while lock.waiting <= number:
                time.sleep(0.0005)
    for thread in threads:
        thread.join(10)
    return served


@pytest.mark.parametrize(
    ("first", "kinds", "in_a_row", "expected"),
    [
        ("a", "bbb", 3, [0, 1, 2]),
        ("a", "baaaa", 3, [1, 2, 3, 0, 4]),  # worked out by hand: three of a, then b, then the last a
        ("a", "baaaa", 1, [1, 0, 2, 3, 4]),
        ("a", "baca", 2, [1, 3, 0, 2]),
        ("a", "bacbbb", 1, [1, 0, 2, 3, 4, 5]),
        ("b", "abab", 9, [1, 3, 0, 2]),
    ],
)
def test_those_alike_go_together_within_the_bound(
    first: str, kinds: str, in_a_row: int, expected: list[int]
) -> None:
    assert served_after(first, list(kinds), in_a_row) == expected


@pytest.mark.parametrize("seed", range(24))
def test_the_bound_holds_for_any_queue(seed: int) -> None:
    drawn = random.Random(seed)
    kinds = drawn.choices("aaabbc"[: drawn.randint(2, 6)], k=drawn.randint(2, 30))
    in_a_row, first = drawn.randint(1, 4), drawn.choice("abc")
    served = served_after(first, kinds, in_a_row)
    assert sorted(served) == list(range(len(kinds)))
    for kind in set(kinds):
        alike = [number for number in served if kinds[number] == kind]
        assert alike == sorted(alike)
    for start in range(len(served) - in_a_row):
        row, others = served[start : start + in_a_row + 1], set("abc") - {kinds[served[start]]}
        waited = [number for number in served[start + in_a_row + 1 :] if kinds[number] in others]
        assert not (waited and len({kinds[number] for number in row}) == 1), (kinds, served)
    for place, number in enumerate(served):
        overtakers = [other for other in served[:place] if other > number]
        assert len(overtakers) <= in_a_row * (number + 1), (kinds, served)


def test_many_threads_that_come_and_go_never_hold_it_together_and_none_is_forgotten() -> None:
    lock, inside, most, done, refused = FairLock(), [0], [0], [], []
    drawn = random.Random(5)
    plans = [[(drawn.choice("abc"), drawn.random() < 0.2) for _ in range(12)] for _ in range(16)]

    def work(plan: list[tuple[str, bool]]) -> None:
        for kind, gives_up in plan:
            with lock.turn((lambda: True) if gives_up else (lambda: False), kind) as mine:
                if not mine:
                    refused.append(kind)
                    continue
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                time.sleep(0.0002)
                inside[0] -= 1
                done.append(kind)

    threads = [threading.Thread(target=work, args=(plan,)) for plan in plans]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert most == [1]
    assert len(done) + len(refused) == 16 * 12
    assert (lock.ahead, lock.waiting) == (0, 0)


def test_one_who_gives_up_does_not_count_as_waiting_for_another_kind() -> None:
    lock, gone, served = FairLock(in_a_row=1), threading.Event(), []

    def work(kind: str, cancelled: threading.Event) -> None:
        with lock.turn(cancelled.is_set, kind) as mine:
            served.append(kind if mine else f"not {kind}")

    threads = []
    with lock.turn(kind="a"):
        for place, (kind, event) in enumerate(
            [("b", gone), ("a", threading.Event()), ("a", threading.Event())]
        ):
            threads.append(threading.Thread(target=work, args=(kind, event)))
            threads[-1].start()
            while lock.waiting <= place:
                time.sleep(0.0005)
        gone.set()
        threads[0].join(10)
    for thread in threads:
        thread.join(10)
    assert served == ["not b", "a", "a"]
