from __future__ import annotations

import threading
import time

from assistant.llama import FairLock


def test_turns_are_given_in_the_order_of_asking() -> None:
    lock = FairLock()
    served: list[int] = []

    def work(number: int) -> None:
        with lock:
            served.append(number)

    threads = []
    with lock:
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
        with lock:
            raise KeyError
    except KeyError:
        pass
    with lock:
        assert lock.ahead == 1
