"""`konkyo train list|show|publish|rollback|trial|remove` and what is behind them, over small files."""

from __future__ import annotations

import json
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from adapter_files import WEIGHTS, add
from interface_fakes import LightResources
from test_cli_docs import documented, keys

from assistant.adapters import GGUF, MANIFEST, AdapterFolder
from assistant.errors import AdapterError, AdapterRefusedError, RecordNotFoundError
from ingestion.settings import Settings
from ingestion.workspace import Workspace, open_workspace
from ui.cli.main import main
from ui.local import LocalOperations

FAILED = {
    "passed": False,
    "reasons": [{"code": "too_few_general", "metric": "", "values": {"n": 10, "needed": 200}}],
}


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    made = open_workspace(tmp_path / "ws", {})
    (made.models / f"{Settings().models.chat}.gguf").write_bytes(WEIGHTS)
    return made


@pytest.fixture
def folder(workspace: Workspace) -> AdapterFolder:
    found = AdapterFolder(workspace.adapters)
    add(found, "one")
    add(found, "two", created_at="2026-02-02T00:00:00.000+00:00", gate=FAILED, parents=("one",))
    return found


@pytest.fixture
def konkyo(workspace: Workspace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    monkeypatch.setenv("KONKYO_WORKSPACE", str(workspace.root))
    monkeypatch.setenv("LC_ALL", "C.UTF-8")

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["konkyo", "train", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0), *capsys.readouterr()

    return run


def opened(workspace: Workspace) -> LocalOperations:
    return LocalOperations(workspace, resources=LightResources(workspace, Settings()))


def test_adapters_are_listed_with_what_they_passed_and_where_they_come_from(
    konkyo: Any, folder: AdapterFolder
) -> None:
    add(folder, "raw", created_at="2026-03-03T00:00:00.000+00:00", gguf=None, parity=None, gate=None)
    (folder.folder("raw") / GGUF).unlink()
    (folder.root / "broken").mkdir()
    (folder.root / "broken" / MANIFEST).write_text("{", "utf-8")
    code, out, _ = konkyo("list", "--json")
    found = json.loads(out)
    assert code == 0
    assert keys(found) == keys(documented("train list"))
    assert [one["name"] for one in found] == ["one", "two", "raw", "broken"]
    assert [(one["gate"], one["parity"], one["exported"]) for one in found] == [
        (True, True, True), (False, True, True), (None, None, False), (None, None, False),
    ]  # fmt: skip
    assert found[1]["lineage"] == {"parents": ["one"], "run": "r1", "data": "cd", "documents": ["d1", "d2"]}
    assert "cannot be read" in found[3]["problem"]
    shown = konkyo("list")[1]
    assert "two" in shown and "gate ✗" in shown and "gate –" in shown and "Train the adapter again" in shown


def test_publishing_trying_and_going_back(konkyo: Any, folder: AdapterFolder) -> None:
    code, out, _ = konkyo("publish", "one", "--by", "佐藤", "--json")
    done = json.loads(out)
    assert code == 0
    assert keys(done) == keys(documented("train publish"))
    assert (done["current"], done["changed"], done["forced"], done["trial"]) == ("one", True, False, None)
    assert json.loads(konkyo("publish", "one", "--json")[1])["changed"] is False
    forced = ("publish", "two", "--trial", "0.25", "--force", "--reason", "急ぎ")
    code, out, _ = konkyo(*forced)
    assert code == 0
    assert "On trial: two for 25%" in out and "The gate did not pass" in out
    shown = konkyo("show", "two")[1]
    assert "10 general questions" in shown and "急ぎ" in shown and "on trial for 25%" in shown
    code, out, _ = konkyo("rollback", "--json")
    back = json.loads(out)
    assert keys(back) == keys(documented("train rollback"))
    assert (back["current"], back["trial"]) == ("one", None)
    assert "answers: base model" in konkyo("rollback", "--to", "base", "--reason", "worse")[1]
    assert [row["act"] for row in folder.publication().history] == [
        "publish",
        "trial",
        "end_trial",
        "rollback",
    ]
    assert folder.publication().history[0]["by"] == "佐藤"
    assert folder.publication().history[-1]["reason"] == "worse"


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["publish", "two"], 3, "did not pass its gate"),
        (["publish", "two", "--force"], 3, "the reason"),
        (["publish", "none"], 1, "no adapter 'none'"),
        (["publish", "one", "--trial", "1.5"], 1, "no share of a trial"),
        (["rollback"], 3, "base model answers"),
        (["rollback", "--to", "two"], 3, "never published"),
        (["show", "none"], 1, "no adapter 'none'"),
        (["remove", "none"], 1, "no adapter 'none'"),
        (["trial"], 1, "no trial yet"),
    ],
)
def test_what_is_refused_is_said_in_one_line(
    konkyo: Any, folder: AdapterFolder, arguments: list[str], code: int, message: str
) -> None:
    found, out, err = konkyo(*arguments)
    assert found == code
    assert message in err and err.count("\n") == 1 and out == ""
    assert folder.publication().history == ()


def test_a_verdict_on_another_file_counts_no_more(konkyo: Any, folder: AdapterFolder) -> None:
    add(folder, "one", gate={"passed": True, "reasons": [], "adapter_sha256": "ff"})
    assert json.loads(konkyo("list", "--json")[1])[0]["gate"] is None
    assert json.loads(konkyo("show", "one", "--json")[1])["gate"] == "void"
    assert "does not count" in konkyo("show", "one")[1]
    code, _, err = konkyo("publish", "one")
    assert code == 3 and "as another file, on another model" in err and "allow-empty" not in err


def test_without_parity_nothing_helps(konkyo: Any, folder: AdapterFolder) -> None:
    add(folder, "one", parity=FAILED)
    code, _, err = konkyo("publish", "one", "--force", "--reason", "we need it")
    assert code == 3 and "did not pass parity" in err


def test_one_that_answers_is_not_removed(konkyo: Any, folder: AdapterFolder) -> None:
    konkyo("publish", "one")
    assert konkyo("remove", "one")[0] == 3
    konkyo("rollback")
    code, out, _ = konkyo("remove", "one", "--json")
    assert (code, json.loads(out)) == (0, {"done": True, "adapter": "one"})
    assert keys(json.loads(out)) == keys(documented("train remove"))
    assert folder.names() == ["two"]


def test_one_adapter_is_shown_with_its_manifest_and_history(konkyo: Any, folder: AdapterFolder) -> None:
    konkyo("publish", "one", "--by", "佐藤")
    found = json.loads(konkyo("show", "one", "--json")[1])
    example = documented("train show")
    assert found.keys() == example.keys()
    assert found["manifest"].keys() == example["manifest"].keys()
    assert keys(found["history"]) == keys(example["history"])
    assert (found["published"], found["trial"], found["problem"]) == (True, None, None)
    shown = konkyo("show", "one")[1]
    assert "3 examples (1 to validate) from 2 documents" in shown and "published one (佐藤)" in shown


def test_a_trial_is_counted_from_what_readers_said(
    konkyo: Any, workspace: Workspace, folder: AdapterFolder
) -> None:
    konkyo("publish", "two", "--trial", "0.5", "--force", "--reason", "test")
    with closing(opened(workspace)) as operations:
        given = {None: 0, "two": 0}
        while min(given.values()) < 2:
            key = operations.new_conversation()["id"]
            adapter = list(operations.ask("期限は？", conversation=key))[-1]["answer"]["adapter"]
            given[adapter] += 1
            message = operations.conversation(key)["messages"][1]["id"]
            operations.give_feedback(key, message, rating="up" if adapter else "down")
    code, out, _ = konkyo("trial", "--json")
    found = json.loads(out)
    assert code == 0
    assert keys(found) == keys(documented("train trial"))
    assert (found["trial"]["answers"], found["current"]["answers"]) == (given["two"], given[None])
    assert (found["trial"]["up"], found["current"]["down"]) == (given["two"], given[None])
    assert found["differences"]["liked"]["mean"] == 1.0
    shown = konkyo("trial")[1]
    assert "two on trial for 50%" in shown and "Difference, thumbs up of those given: +100.0%" in shown
    konkyo("rollback")
    assert json.loads(konkyo("trial", "--json")[1])["running"] is False


def test_a_conversation_takes_only_what_can_answer(workspace: Workspace, folder: AdapterFolder) -> None:
    (folder.folder("two") / GGUF).write_bytes(b"damaged")
    with closing(opened(workspace)) as operations:
        key = operations.new_conversation()["id"]
        assert operations.choose_adapter(key, "one") == {"done": True, "adapter": "one"}
        assert operations.conversation(key)["adapter"] == "one"
        for wrong, message in (("two", "not the one that was exported"), ("none", "no adapter 'none'")):
            with pytest.raises(AdapterError, match=message):
                operations.choose_adapter(key, wrong)
        assert operations.conversation(key)["adapter"] == "one"
        assert list(operations.ask("期限は？", conversation=key))[-1]["answer"]["adapter"] == "one"
        assert operations.choose_adapter(key, None)["adapter"] is None
        with pytest.raises(RecordNotFoundError):
            operations.choose_adapter("nothing", "one")


def test_where_a_server_answers_nothing_is_published(workspace: Workspace, folder: AdapterFolder) -> None:
    settings = Settings.model_validate({"server": {"base_url": "http://127.0.0.1:9", "model": "m"}})
    with closing(LocalOperations(workspace, resources=LightResources(workspace, settings))) as operations:
        with pytest.raises(AdapterRefusedError, match="takes no adapters"):
            operations.publish_adapter("one", by="a")
        assert "takes no adapters" in operations.adapters()[0]["problem"]


def test_without_the_base_model_the_list_says_so(workspace: Workspace, folder: AdapterFolder) -> None:
    (workspace.models / f"{Settings().models.chat}.gguf").unlink()
    with closing(opened(workspace)) as operations:
        found = operations.adapters()
    assert all("Three ways to get it" in one["problem"] for one in found)
