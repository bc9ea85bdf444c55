"""The page over a workspace in memory."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from web_fakes import FakeOperations

from ui.web import resources


@pytest.fixture
def operations(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeOperations]:
    made = FakeOperations()
    monkeypatch.setattr(resources, "connect_with", lambda: made)
    resources.reconnect()
    yield made
    resources.reconnect()
