"""The whole way with a real llama.cpp: library, search, a toy chat model, adapters published while it runs.

The toy writes random letters, so that every answer is withheld; what it wrote is kept as the draft.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from adapter_files import PASSED, add
from interface_fakes import LightResources
from serving_toys import CONTEXT, write_adapter, write_model

from assistant.adapters import GGUF, AdapterFolder
from assistant.errors import AdapterError
from ingestion.model_files import sha256_of
from ingestion.settings import Settings
from ingestion.workspace import Workspace, open_workspace
from ui.local import LocalOperations
from ui.resources import Resources

QUESTION = "有給休暇は何日もらえますか？"
RULES = "# 休暇\n\n有給休暇は、入社から6か月後に10日を与える。\n"
SETTINGS = Settings.model_validate(
    {
        "models": {"chat": "toy", "context_tokens": CONTEXT},
        "answers": {"answerable_at": 0.0},
        "evidence": {"tokens": 60},
        "generation": {"max_tokens": 40},
    }
)


class ToyResources(LightResources):
    """Everything real but the embedder."""

    assistant = Resources.assistant


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    made = open_workspace(tmp_path_factory.mktemp("ws"), {})
    model = write_model(made.models / "toy.gguf")
    base = {"model": "toy", "sha256": sha256_of(model), "family": "llama"}
    folder = AdapterFolder(made.adapters)
    for seed, name in enumerate(("one", "two"), start=1):
        file = write_adapter(made.root / f"{name}.gguf", seed=seed, name=name)
        add(folder, name, content=file.path.read_bytes(), base=base, parity=PASSED)
    docs = made.root.parent / "docs"
    docs.mkdir()
    (docs / "休暇.md").write_text(RULES, "utf-8")
    with closing(LocalOperations(made, resources=LightResources(made, SETTINGS))) as operations:
        assert list(operations.ingest([str(docs)]))[-1]["event"] == "report"
    return made


@pytest.fixture
def operations(workspace: Workspace) -> Iterator[LocalOperations]:
    (workspace.adapters / "published.json").unlink(missing_ok=True)
    with closing(LocalOperations(workspace, resources=ToyResources(workspace, SETTINGS))) as found:
        yield found


def drafted(events: Any) -> tuple[str | None, str]:
    answer = list(events)[-1]["answer"]
    return answer["adapter"], answer["draft"]


def test_publishing_while_it_runs_changes_the_next_answer_and_a_rollback_brings_back_the_same(
    operations: LocalOperations,
) -> None:
    base = drafted(operations.ask(QUESTION))
    operations.publish_adapter("one", by="a")
    one = drafted(operations.ask(QUESTION))
    operations.publish_adapter("two", by="a")
    two = drafted(operations.ask(QUESTION))
    assert [base[0], one[0], two[0]] == [None, "one", "two"]
    assert len({base[1], one[1], two[1]}) == 3 and all((base[1], one[1], two[1]))
    operations.roll_back_adapter(by="a")
    assert drafted(operations.ask(QUESTION)) == one
    operations.roll_back_adapter(by="a", to="base")
    assert drafted(operations.ask(QUESTION)) == base


def test_an_answer_that_is_being_written_ends_with_the_adapter_it_began_with(
    operations: LocalOperations,
) -> None:
    operations.publish_adapter("one", by="a")
    alone = drafted(operations.ask(QUESTION))
    stream = operations.ask(QUESTION)
    while next(stream)["event"] != "token":
        pass
    operations.publish_adapter("two", by="a")
    assert drafted(stream) == alone
    assert drafted(operations.ask(QUESTION))[0] == "two"


def test_conversations_side_by_side_keep_their_own_adapters(operations: LocalOperations) -> None:
    chosen = {name: operations.new_conversation()["id"] for name in ("base", "one", "two")}
    for name, key in chosen.items():
        operations.choose_adapter(key, name)
    first = {name: drafted(operations.ask(QUESTION, conversation=key)) for name, key in chosen.items()}
    assert [adapter for adapter, _ in first.values()] == [None, "one", "two"]
    for name in ("two", "base", "one"):
        key = operations.new_conversation()["id"]
        operations.choose_adapter(key, name)
        assert drafted(operations.ask(QUESTION, conversation=key)) == first[name]
    stored = operations.conversation(chosen["two"])["messages"][1]["answer"]
    assert (stored["adapter"], stored["draft"]) == first["two"]


def test_the_start_reads_the_instructions_under_what_is_published(operations: LocalOperations) -> None:
    operations.publish_adapter("one", by="a")
    operations.resources.warm()
    assert operations.resources.warmth == "ready"
    assert drafted(operations.ask(QUESTION))[0] == "one"


def test_a_file_that_llama_cpp_refuses_is_an_error_and_not_an_answer_of_the_base_model(
    operations: LocalOperations, workspace: Workspace
) -> None:
    """Its digest is right, so only llama.cpp can tell: weights of another shape."""
    folder = AdapterFolder(workspace.adapters)
    other = write_adapter(workspace.root / "other.gguf", architecture="qwen2", name="other")
    add(folder, "other", content=other.path.read_bytes(), base=folder.read("one").base)
    operations.publish_adapter("other", by="a")
    try:
        with pytest.raises(AdapterError, match=r"llama\.cpp cannot load adapter 'other'"):
            list(operations.ask(QUESTION))
        operations.roll_back_adapter(by="a")
        assert drafted(operations.ask(QUESTION))[0] is None
    finally:
        shutil.rmtree(folder.folder("other"))


def test_a_damaged_file_is_told_with_the_base_models_answer(
    operations: LocalOperations, workspace: Workspace
) -> None:
    operations.publish_adapter("one", by="a")
    path = workspace.adapters / "one" / GGUF
    whole = path.read_bytes()
    try:
        path.write_bytes(whole[:-100])
        answer = list(operations.ask(QUESTION))[-1]["answer"]
    finally:
        path.write_bytes(whole)
    assert answer["adapter"] is None
    assert "one" in answer["warnings"][0] and "SHA-256" in answer["warnings"][0]
    assert drafted(operations.ask(QUESTION))[0] == "one"
