"""An application on a real socket, in a thread of this process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ui.account_files import AccountFiles
from ui.api.acting import Gate, of_request
from ui.api.guard import Guard, allowed_hosts
from ui.api.service import create_app
from ui.api.serving import Server, _address, _config, _listen
from ui.api.token import ServiceAddress
from ui.local import LocalOperations


def until(condition: Callable[[], bool], seconds: float = 60.0) -> bool:
    """Whether it came true in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return False


@contextmanager
def served(operations: LocalOperations, accounts: AccountFiles | None = None) -> Iterator[ServiceAddress]:
    """The service of these operations; with `accounts`, for those who are in them."""
    with _listen("127.0.0.1", 0) as listener:
        address = _address("127.0.0.1", listener)
        app = create_app(
            operations if accounts is None else of_request(), workspace="/ws", shut_down=lambda: None,
            accounts=accounts,
        )  # fmt: skip
        guard = Guard(
            app, token=address.token, hosts=allowed_hosts("127.0.0.1"),
            gate=None if accounts is None else Gate(operations, accounts),
        )  # fmt: skip
        ready = threading.Event()
        server = Server(_config(guard), ready.set)
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            assert ready.wait(60)
            yield address
        finally:
            server.should_exit = True
            thread.join(60)
