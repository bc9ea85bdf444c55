"""A log that was tampered with is still looked into: listed, exported, replayed, and never as true."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from audit_logs import quick_folder, tamper
from interface_fakes import LightResources

from ingestion.settings import Settings
from ingestion.workspace import Workspace, open_workspace
from ui.cli.main import main
from ui.errors import UsageError
from ui.local import LocalOperations

Json = dict[str, Any]


@pytest.fixture(scope="module")
def made() -> Iterator[Path]:
    """Row 1 is the setup, row 2 a question."""
    with quick_folder() as folder:
        workspace = open_workspace(folder / "ws", {})
        with closing(opened(workspace)) as operations:
            list(operations.ask("期限は？"))
        yield folder / "ws"


@pytest.fixture
def workspace(made: Path) -> Iterator[Workspace]:
    import shutil

    with quick_folder() as folder:
        shutil.copytree(made, folder / "ws")
        yield open_workspace(folder / "ws", {})


def opened(workspace: Workspace) -> LocalOperations:
    return LocalOperations(workspace, resources=LightResources(workspace, Settings()))


def change(workspace: Workspace, statement: str) -> None:
    tamper(workspace.audit, lambda database: database.execute(statement))


def exported(operations: LocalOperations, form: str) -> str:
    return "".join(one["text"] for one in operations.audit_export(form=form) if one["event"] == "lines")


def test_an_answer_that_was_put_in_the_place_of_another_is_not_replayed_as_true(workspace: Workspace) -> None:
    with closing(opened(workspace)) as operations:
        told = operations.audit_replay(2)
        assert told["intact"] and told["answer"] == "90日です。"
    change(workspace, "UPDATE contents SET text = replace(text, '90日', '10日') WHERE name = 'answer'")
    with closing(opened(workspace)) as operations:
        told = operations.audit_replay(2)
    assert told["intact"] is False and "claims" not in told
    assert told["words"]["answer"]["answer"] == "10日です。"


def test_an_answer_without_its_words_and_without_an_erasure_is_not_intact(workspace: Workspace) -> None:
    change(workspace, "DELETE FROM contents WHERE name = 'answer'")
    with closing(opened(workspace)) as operations:
        told = operations.audit_replay(2)
    assert (told["intact"], told["erased"]) == (False, None)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE log SET payload = 'x' WHERE seq = 2",
        "UPDATE log SET payload = '[1]' WHERE seq = 2",
        "UPDATE log SET payload = replace(hex(zeroblob(50000)), '0', '[') WHERE seq = 2",
        'UPDATE log SET payload = \'{"claims":3,"contents":3,"model":{}}\' WHERE seq = 2',
        "UPDATE log SET kind = 'what', user = x'00' WHERE seq = 2",
        "UPDATE contents SET text = '{' WHERE seq = 2",
        "UPDATE log SET payload = substr(payload, 1, 40) WHERE seq = 1",
    ],
)
def test_changed_rows_are_listed_exported_and_replayed(
    workspace: Workspace, statement: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    change(workspace, statement)
    with closing(opened(workspace)) as operations:
        assert [row["id"] for row in operations.audit_list()["rows"]][-2:] == [2, 1]
        assert len(list(csv.reader(io.StringIO(exported(operations, "csv"))))) >= 1 + 4
        assert [json.loads(line)["seq"] for line in exported(operations, "jsonl").splitlines()][:2] == [1, 2]
        changed = 1 if "seq = 1" in statement else 2
        assert operations.audit_replay(changed)["intact"] is False
        assert not operations.audit_verify()["ok"]
        list(operations.ask("期限は？"))  # and what goes on is written down
    monkeypatch.setenv("KONKYO_WORKSPACE", str(workspace.root))
    for arguments in (["list"], ["replay", "2"], ["replay", "1"]):
        monkeypatch.setattr(sys, "argv", ["konkyo", "audit", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        assert not ended.value.code, capsys.readouterr()


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_days_at_the_ends_of_time_are_days_or_told(workspace: Workspace, day: str) -> None:
    with closing(opened(workspace)) as operations:
        for limits in ({"since": day}, {"until": day}):
            try:
                operations.audit_list(**limits)  # type: ignore[arg-type]
            except UsageError as error:
                assert day in str(error)
