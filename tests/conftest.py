"""Shared fixtures. Tests without a marker that allows it cannot open a socket."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Speed is measured by commands: a busy machine must not fail a property that holds.
settings.register_profile("konkyo", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("konkyo")

_MAY_CONNECT = ("model", "network", "browser")


@pytest.fixture(autouse=True)
def no_network(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if any(request.node.get_closest_marker(name) for name in _MAY_CONNECT):
        return

    def refuse(self: socket.socket, address: object) -> None:
        raise AssertionError(f"a test without a network marker connects to {address}")

    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.fixture(scope="session")
def models_dir() -> Path:
    """A folder with the default embedder and a tiny chat model, pulled as the product pulls them.

    It is kept in the clone, so that only the first run downloads. KONKYO_TEST_MODELS names another one.
    """
    from ingestion.model_store import ModelStore

    folder = Path(os.environ.get("KONKYO_TEST_MODELS") or Path(__file__).parent.parent / ".models")
    store = ModelStore(folder)
    for name in ("multilingual-e5-small", "smollm2-135m-instruct"):
        store.pull(name)
    return folder


@pytest.fixture(scope="session")
def default_models_dir(models_dir: Path) -> Path:
    """`models_dir` with the default chat model too, a download of 1.1 GB."""
    from ingestion.model_store import ModelStore

    ModelStore(models_dir).pull("qwen2.5-coder-1.5b-instruct")
    return models_dir
