from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from interface_fakes import LightResources

from ingestion.errors import ModelError
from ingestion.settings import Settings
from ingestion.workspace import open_workspace
from ui.resources import Resources, Search


class Light(LightResources):
    """Its assistants are real ones, whose chat model is never loaded."""

    assistant = Resources.assistant


class Broken(LightResources):
    @property
    def search(self) -> Search:
        raise RuntimeError("the runtime fell over")


@pytest.fixture
def resources(tmp_path: Path) -> Iterator[Resources]:
    with closing(Light(open_workspace(tmp_path / "ws", {}), Settings())) as found:
        yield found


def test_a_model_that_is_not_there_does_not_cost_the_one_in_memory(resources: Resources) -> None:
    first = resources.assistant().generator
    with pytest.raises(ModelError, match="absent"):
        resources.assistant("absent")
    assert resources.assistant().generator is first


def test_a_failed_warm_up_is_told_whatever_it_was(tmp_path: Path) -> None:
    resources = Broken(open_workspace(tmp_path / "ws", {}), Settings())
    resources.warm()
    assert resources.warmth == "failed"
    assert resources.warm_error == "RuntimeError: the runtime fell over"
