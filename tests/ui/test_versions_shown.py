"""`konkyo documents versions` and its operation, over a real library."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from interface_fakes import LightResources
from test_cli_docs import documented, keys

from ingestion.settings import Settings
from ingestion.workspace import open_workspace
from ui.cli.main import main
from ui.local import LocalOperations

RULE = (
    "第1条 この規程は、{n}円を上限とする宿泊費の支給について定める。"
    + "領収書を添えて経理部へ申請すること。" * 12
)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("ws")
    docs = tmp_path_factory.mktemp("docs")
    (docs / "旅費規程_第1版.md").write_text(RULE.format(n=10_000), "utf-8")
    (docs / "旅費規程_第2版.md").write_text(RULE.format(n=12_000), "utf-8")
    (docs / "旅費規程_第2版.txt").write_text(RULE.format(n=12_000) + "\n", "utf-8")
    (docs / "服務規程.md").write_text("会社の指示命令に従い、職場の秩序を保つこと。" * 10, "utf-8")
    workspace = open_workspace(made, {})
    with closing(LocalOperations(workspace, resources=LightResources(workspace, Settings()))) as operations:
        assert [event["event"] for event in operations.ingest([str(docs)])][-1] == "report"
    return made


@pytest.fixture
def operations(root: Path) -> Iterator[LocalOperations]:
    workspace = open_workspace(root, {})
    with closing(LocalOperations(workspace, resources=LightResources(workspace, Settings()))) as opened:
        yield opened


def test_families_are_listed_in_order_with_copies(operations: LocalOperations) -> None:
    (family,) = operations.versions()
    found = [(one["locations"][0]["path"], one["state"], one["version"]) for one in family["documents"]]
    assert found[0] == ("旅費規程_第1版.md", "superseded", "1")
    assert {state for _, state, _ in found[1:]} == {"in_force"}
    copies = [one for one in family["documents"] if one["copy_of"]]
    assert [one["copy_of"] in {other["document"] for other in family["documents"]} for one in copies] == [
        True
    ]
    told = {key for key in keys(documented("documents versions")) if ".rulings[]" not in key}
    assert keys([family]) == told  # nobody has said anything of them


def test_the_command_prints_them(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LC_ALL", "C.UTF-8")

    def run(*arguments: str) -> str:
        command = ["konkyo", "documents", "versions", "--workspace", str(root), *arguments]
        monkeypatch.setattr(sys, "argv", command)
        with pytest.raises(SystemExit) as ended:
            main()
        assert not ended.value.code
        return capsys.readouterr().out

    value: Any = json.loads(run("--json"))
    assert len(value) == 1
    lines = run().splitlines()
    assert any("superseded" in line and "第1版" in line for line in lines)
    assert any("copy" in line and "第2版" in line for line in lines)
