"""Shared fixtures. Tests without a marker that allows it cannot open a socket."""

from __future__ import annotations

import socket

import pytest

_MAY_CONNECT = ("model", "network", "browser")


@pytest.fixture(autouse=True)
def no_network(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if any(request.node.get_closest_marker(name) for name in _MAY_CONNECT):
        return

    def refuse(self: socket.socket, address: object) -> None:
        raise AssertionError(f"a test without a network marker connects to {address}")

    monkeypatch.setattr(socket.socket, "connect", refuse)
