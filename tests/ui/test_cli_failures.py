"""`konkyo documents failures` over a real library: listed, tried again, taken as read."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from interface_fakes import LightResources
from test_cli_docs import documented, keys

from ingestion.settings import Settings
from ingestion.workspace import open_workspace
from ui.cli import failures
from ui.cli.main import main
from ui.local import LocalOperations

Run = Callable[..., tuple[str, str]]


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    made = tmp_path / "docs"
    (made / "a").mkdir(parents=True)
    (made / "b").mkdir()
    for path in ("a/plan.pdf", "b/plan.pdf", "report.pdf"):
        (made / path).write_bytes(b"%PDF-1.7 broken" + path.encode())
    return made


@pytest.fixture
def run(
    tmp_path: Path, docs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    workspace = open_workspace(tmp_path / "ws", {})

    def connect(_: object) -> LocalOperations:
        return LocalOperations(workspace, resources=LightResources(workspace, Settings()))

    with closing(connect(None)) as operations:
        list(operations.ingest([str(docs)]))
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setattr(failures, "connect_here", connect)

    def call(*arguments: str, code: int | None = None) -> tuple[str, str]:
        command = ["konkyo", "documents", "failures", *arguments, "--workspace", str(workspace.root)]
        monkeypatch.setattr(sys, "argv", command)
        with pytest.raises(SystemExit) as ended:
            main()
        told = capsys.readouterr()
        assert (ended.value.code or None) == code, told
        return told.out, " ".join(told.err.split())

    return call


def test_failures_are_listed_and_taken_as_read(run: Run) -> None:
    listed = json.loads(run("--json")[0])
    assert [one["path"] for one in listed] == ["a/plan.pdf", "b/plan.pdf", "report.pdf"]
    assert keys(listed) == keys(documented("documents failures"))
    found = json.loads(run("--ignore", "report.pdf", "--ignore", listed[0]["shown_as"], "--json")[0])
    assert [one["ignored"] for one in found] == [True, False, True]
    found = json.loads(run("--unignore", "report.pdf", "--json")[0])
    assert [one["ignored"] for one in found] == [True, False, False]
    assert "ignored:" in run()[0]


def test_a_mended_file_is_tried_again_and_waited_for(run: Run, docs: Path) -> None:
    (docs / "report.pdf").unlink()
    (docs / "report.pdf").write_text("", "utf-8")
    found = json.loads(run("--retry", "report.pdf", "--json")[0])
    assert "empty" in next(one["reason"] for one in found if one["path"] == "report.pdf")
    for path in docs.rglob("*.pdf"):
        path.unlink()
    assert len(json.loads(run("--retry-all", "--json")[0])) == 3  # nobody knows yet that they are gone


def test_a_name_must_be_one_that_failed_and_only_one(run: Run) -> None:
    assert "2 files" in run("--ignore", "plan.pdf", code=2)[1]
    assert "has not failed" in run("--retry", "other.pdf", code=1)[1]
    run("--retry", "report.pdf", "--retry-all", code=2)
    assert json.loads(run("--ignore", "b/plan.pdf", "--json")[0])[1]["ignored"]
