from __future__ import annotations

import threading
import time

from assistant.fair_lock import FairLock


def test_turns_are_given_in_the_order_of_asking() -> None:
    lock = FairLock()
    served: list[int] = []

    def work(number: int) -> None:
        with lock.turn():
            served.append(number)

    threads = []
    with lock.turn():
        assert lock.ahead == 1
        for number in range(8):
            thread = threading.Thread(target=work, args=(number,))
            thread.start()
            threads.append(thread)
            while lock.waiting <= number:
                time.sleep(0.001)
        assert lock.waiting == 8
        assert lock.ahead == 9
    for thread in threads:
        thread.join()
    assert served == list(range(8))
    assert lock.ahead == 0


def test_an_error_inside_hands_the_lock_on() -> None:
    lock = FairLock()
    try:
        with lock.turn():
            raise KeyError
    except KeyError:
        pass
    with lock.turn():
        assert lock.ahead == 1


def test_one_who_cancels_leaves_the_queue_and_the_next_moves_up() -> None:
    lock = FairLock()
    gone, got = threading.Event(), []

    def work(cancelled: threading.Event) -> None:
        with lock.turn(cancelled.is_set) as mine:
            got.append(mine)

    with lock.turn() as mine:
        assert mine
        first = threading.Thread(target=work, args=(gone,))
        first.start()
        while lock.waiting < 1:
            time.sleep(0.001)
        second = threading.Thread(target=work, args=(threading.Event(),))
        second.start()
        while lock.waiting < 2:
            time.sleep(0.001)
        gone.set()
        first.join(10)
        assert (got, lock.waiting) == ([False], 1)
    second.join(10)
    assert got == [False, True]
    assert lock.ahead == 0
