"""The one connection of this page to its workspace's service, shared by all tabs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar

import streamlit as st

from ui.errors import ServiceError
from ui.operations import Operations

Answer = TypeVar("Answer")


def _connect() -> Operations:
    # Imported here: connecting reaches the service's code, which the page's tests do without.
    from ingestion.workspace import open_workspace
    from ui.connecting import connect

    return connect(open_workspace(), start_service=True)


connect_with: Callable[[], Operations] = _connect
"""Makes the connection. A test or another program may put its own here before the page runs."""


_opening = threading.Lock()
_opened: list[Operations] = []


def shared() -> Operations:
    """The connection of all tabs; made at the first call. It is used from several threads at once."""
    with _opening:
        if not _opened:
            _opened.append(connect_with())
        return _opened[0]


def asked(call: Callable[[Any], Answer]) -> Answer:
    """What `call` does with the connection of all tabs; once more when the service has started anew.

    Raises:
        ServiceError: it does not answer, or none can be started.
    """
    try:
        return call(shared())
    except ServiceError:
        reconnect()
        return call(shared())


def operations() -> Operations:
    """The connection of this tab: that of whoever is signed in, else the one of all tabs."""
    found: Operations | None = st.session_state.get("signed_in")
    return shared() if found is None else found


def reconnect() -> None:
    """Forget the connection, so that the next call makes a new one (the service was restarted)."""
    with _opening:
        _opened.clear()
