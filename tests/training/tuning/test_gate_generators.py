"""The gate's two models in the real llama.cpp, over a toy of random weights."""

from __future__ import annotations

import pytest
from serving_toys import CONTEXT, write_adapter, write_model

from assistant.answers import Message
from assistant.errors import AdapterError, GenerationError
from assistant.generation import AdapterFile, Generator, adapter_of
from assistant.llama import LlamaGenerator
from ingestion.settings import Settings
from ingestion.workspace import Workspace, open_workspace
from training.tuning.gate.generators import LlamaGenerators

QUESTION = [Message("system", "Answer from the rules."), Message("user", "How many days of leave?")]
SETTINGS = Settings.model_validate({"models": {"context_tokens": CONTEXT, "threads": 1}})


def written(model: Generator) -> str:
    return "".join(model.generate(QUESTION, max_tokens=24))


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    made = open_workspace(tmp_path_factory.mktemp("ws"), {})
    write_model(made.models / "toy.gguf")
    return made


def generators(workspace: Workspace, adapter: AdapterFile) -> LlamaGenerators:
    return LlamaGenerators(workspace, SETTINGS, "toy", workspace.models / "toy.gguf", adapter)


def test_what_is_measured_is_what_is_served(workspace: Workspace) -> None:
    """The same text as the service writes, which switches adapters on one model."""
    adapter = write_adapter(workspace.root / "one.gguf", seed=1, name="one")
    found = generators(workspace, adapter)
    with found.base() as base:
        plain = written(base)
        assert (base.name, adapter_of(base)) == ("toy", None)
    with found.tuned() as tuned:
        changed = written(tuned)
        assert (tuned.name, adapter_of(tuned), tuned.context_tokens) == ("toy", "one", CONTEXT)
    assert plain != changed
    service = LlamaGenerator(workspace.models / "toy.gguf", context_tokens=CONTEXT, threads=1)
    try:
        served = ["".join(service.generate(QUESTION, max_tokens=24, adapter=one)) for one in (None, adapter)]
    finally:
        service.close()
    assert served == [plain, changed]


def test_an_adapter_that_adds_nothing_writes_as_the_base_model_does(workspace: Workspace) -> None:
    found = generators(workspace, write_adapter(workspace.root / "nothing.gguf", name="nothing", scale=0.0))
    with found.base() as base:
        plain = written(base)
    with found.tuned() as tuned:
        assert written(tuned) == plain


def test_what_cannot_be_loaded_is_named(workspace: Workspace) -> None:
    (workspace.root / "broken.gguf").write_bytes(b"no adapter")
    with (
        generators(workspace, AdapterFile("broken", workspace.root / "broken.gguf", "ff")).tuned() as tuned,
        pytest.raises(AdapterError, match=r"'broken' from .*konkyo train export broken"),
    ):
        written(tuned)
    missing = LlamaGenerators(
        workspace, SETTINGS, "none", workspace.models / "none.gguf", AdapterFile("a", workspace.root, "ff")
    )
    with pytest.raises(GenerationError, match="does not exist"), missing.base():
        pass
