"""Signs of life: a reader whose work goes on page by page says so, and gets more time than one that hangs."""

from __future__ import annotations

from collections.abc import Callable

_listeners: list[Callable[[], None]] = []


def beat() -> None:
    """Tell that another page is done. Costs nothing where nobody listens."""
    for listener in _listeners:
        listener()


def listen(listener: Callable[[], None]) -> None:
    """Call `listener` at each beat, from now on."""
    _listeners.append(listener)
