"""`konkyo documents rule` and its operation, over a real library and through the service's addresses."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from interface_fakes import FakeOperations, LightResources
from test_cli_docs import documented, keys
from test_versions_shown import RULE

from ingestion.errors import RulingError
from ingestion.settings import Settings
from ingestion.workspace import open_workspace
from ui.api.service import create_app
from ui.cli.main import main
from ui.errors import NotFoundError, error_from_json, error_json
from ui.local import LocalOperations


@pytest.fixture
def root(tmp_path: Path) -> Path:
    docs = tmp_path / "docs"
    docs.mkdir()
    for number in (1, 2):
        text = RULE.format(n=number * 1000)
        (docs / f"旅費規程_第{number}版.md").write_text(text, "utf-8")
    workspace = open_workspace(tmp_path / "ws", {})
    with closing(LocalOperations(workspace, resources=LightResources(workspace, Settings()))) as operations:
        list(operations.ingest([str(docs)]))
    return tmp_path / "ws"


@pytest.fixture
def operations(root: Path) -> Iterator[LocalOperations]:
    workspace = open_workspace(root, {})
    with closing(LocalOperations(workspace, resources=LightResources(workspace, Settings()))) as opened:
        yield opened


def states(operations: LocalOperations) -> dict[str, str]:
    (family,) = operations.versions()
    return {one["locations"][0]["path"][5:8]: one["state"] for one in family["documents"]}


def test_what_is_said_counts_at_once_and_is_listed(operations: LocalOperations) -> None:
    assert states(operations) == {"第1版": "superseded", "第2版": "in_force"}
    old = next(d["id"] for d in operations.documents() if "第1版" in d["locations"][0]["path"])
    done = operations.rule_version(old, {"official": True, "valid_to": "2031-03-31"}, by=" sato ")
    assert {(one["what"], one["value"], one["by"]) for one in done["rulings"]} == {
        ("official", "yes", "sato"), ("valid_to", "2031-03-31", "sato"),
    }  # fmt: skip
    assert states(operations) == {"第1版": "in_force", "第2版": "superseded"}
    assert keys(operations.versions()) == keys(documented("documents versions"))
    assert operations.rule_version(old, {"official": None, "valid_to": None})["rulings"] == []
    assert states(operations) == {"第1版": "superseded", "第2版": "in_force"}


def test_what_cannot_be_changes_nothing(operations: LocalOperations) -> None:
    one = operations.documents()[0]["id"]
    with pytest.raises(RulingError) as refused:
        operations.rule_version(one, {"official": True, "valid_from": "someday"})
    assert isinstance(error_from_json(error_json(refused.value)), RulingError)
    with pytest.raises(RulingError, match="cannot be said"):
        operations.rule_version(one, {"better": None})
    with pytest.raises(NotFoundError):
        operations.rule_version("nothing", {"official": True})
    assert [found["rulings"] for found in operations.versions()[0]["documents"]] == [[], []]


def test_the_command_says_and_takes_back(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LC_ALL", "C.UTF-8")

    def run(*arguments: str, code: int | None = None) -> str:
        monkeypatch.setattr(sys, "argv", ["konkyo", "documents", *arguments, "--workspace", str(root)])
        with pytest.raises(SystemExit) as ended:
            main()
        assert (ended.value.code or None) == code
        return capsys.readouterr().out

    families = json.loads(run("versions", "--json"))
    old, new = (one["document"] for one in families[0]["documents"])
    value = json.loads(run("rule", new, "--superseded-by", old, "--by", "sato", "--json"))
    assert keys(value) == keys(documented("documents rule"))
    assert f"superseded by: {old} (sato, 20" in run("versions")
    run("rule", new, "--valid-to", "none")
    assert "valid until: none" in run("versions")
    assert "Nothing is said" in run("rule", new, "--undo", "all")
    run("rule", new, code=2)


def test_the_service_hands_it_on() -> None:
    operations = FakeOperations()
    app = create_app(operations, workspace="/ws", shut_down=lambda: None)
    body = {"document": "a", "said": {"apart": True}, "by": "sato"}
    assert TestClient(app).post("/versions", json=body).json()["named"] == {"by": "sato"}
    assert operations.calls[-1] == ("rule_version", ("a", {"apart": True}), {"by": "sato"})
