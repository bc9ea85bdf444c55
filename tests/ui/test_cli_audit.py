"""`konkyo audit` at the terminal: its JSON is what docs/cli.md shows, its lines are for people."""

from __future__ import annotations

import json
import stat
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from audit_logs import fill, quick_folder, tamper
from interface_fakes import LightResources
from test_cli_docs import documented, keys

from ingestion.settings import Settings
from ingestion.workspace import Workspace, open_workspace
from ui.cli.main import main
from ui.local import LocalOperations
from ui.texts import texts


@pytest.fixture
def workspace() -> Iterator[Workspace]:
    with quick_folder() as folder:
        made = open_workspace(folder / "ws", {})
        with closing(LocalOperations(made, resources=LightResources(made, Settings()))) as operations:
            list(operations.ask("期限は？"))
        yield made


@pytest.fixture
def konkyo(workspace: Workspace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    monkeypatch.setenv("KONKYO_WORKSPACE", str(workspace.root))
    monkeypatch.setenv("LC_ALL", "ja_JP.UTF-8")

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["konkyo", "audit", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0), *capsys.readouterr()

    return run


def fixed(found: set[str]) -> set[str]:
    """Without the settings, whose keys docs/en/admin.md has."""
    return {key for key in found if ".settings.values" not in key}


def test_a_whole_log_and_a_changed_one(konkyo: Any, workspace: Workspace) -> None:
    code, out, err = konkyo("verify", "--json")
    found = json.loads(out)
    assert (code, err, found["ok"], found["rows"], found["first_bad"]) == (0, "", True, 2, None)
    assert konkyo("verify", "--anchor", found["head"])[0] == 0
    assert konkyo("verify", "--anchor", "2:" + "0" * 64)[0] == 1
    assert konkyo("verify", "--anchor", "x")[0] == 2
    tamper(workspace.audit, lambda database: database.execute("UPDATE log SET user = 'x' WHERE seq = 2"))
    code, out, _ = konkyo("verify", "--json")
    found = json.loads(out)
    assert (code, found["ok"], found["first_bad"]) == (1, False, 2)
    assert found["reasons"][0] == {"row": 2, "code": "changed", "reason": "the row was changed", "detail": ""}
    assert keys(found) == keys(documented("audit verify"))
    assert "2行目：行が変えられています" in konkyo("verify")[1]


def test_every_reason_has_its_words() -> None:
    import re

    code = (Path(__file__).parents[2] / "assistant" / "audit" / "verifying.py").read_text("utf-8")
    head = (Path(__file__).parents[2] / "assistant" / "audit" / "head.py").read_text("utf-8")
    said = set(re.findall(r'(?:yield|Problem\([^"]*?)\s*"([a-z_]+)"', code))
    said |= set(re.findall(r'"([a-z]+_(?:missing|changed))"', head))
    assert len(said) == 16
    for language in ("ja", "en"):
        assert said == set(texts(language)["audit"]["reason"])  # type: ignore[arg-type]


def test_rows_are_listed_and_an_answer_is_replayed(konkyo: Any) -> None:
    found = json.loads(konkyo("list", "--json")[1])
    assert keys(found) == keys(documented("audit list"))
    code, out, _ = konkyo("list", "--kind", "question", "--words", "期限", "--limit", "1")
    assert code == 0 and "質問  期限は？" in out
    code, out, err = konkyo("replay", "2", "--json")
    told = json.loads(out)
    assert (code, err, told["question"]) == (0, "", "期限は？")
    assert fixed(keys(told)) == fixed(keys(documented("audit replay")))
    out = konkyo("replay", "2")[1]
    assert "質問：期限は？" in out and "90日です。" in out and "文書がなくなりました" in out
    assert konkyo("replay", "1")[1].splitlines()[1] == "setup"
    assert konkyo("replay", "99")[0] == 1


def test_an_export_is_a_new_file_for_its_owner(konkyo: Any, tmp_path: Path) -> None:
    file = tmp_path / "監査.csv"
    code, out, _ = konkyo("export", str(file), "--form", "csv", "--json")
    assert (code, keys(json.loads(out))) == (0, keys(documented("audit export")))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_bytes().startswith(b'\xef\xbb\xbf"id"') and "期限は？" in file.read_text("utf-8")
    assert konkyo("export", str(file))[0] == 2  # never over another file


def test_words_are_erased(konkyo: Any) -> None:
    assert konkyo("erase", "--row", "2", "--reason", "")[0] == 2
    code, out, _ = konkyo("erase", "--row", "2", "--reason", "本人の求め", "--by", "佐藤", "--json")
    assert (code, json.loads(out)) == (0, {"done": True, "erased": 1, "rows": [[2, 2]]})
    assert keys(json.loads(out)) == keys(documented("audit erase"))
    out = konkyo("replay", "2")[1]
    assert "佐藤" in out and "本人の求め" in out and "期限" not in out
    assert "1行の言葉は消去済み" in konkyo("verify")[1]


def test_changes_of_prompts_are_rows(
    konkyo: Any, workspace: Workspace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for command in ("edit-copy", "reset"):
        monkeypatch.setattr(sys, "argv", ["konkyo", "prompts", command, "answer"])
        with pytest.raises(SystemExit):
            main()
    capsys.readouterr()
    found = json.loads(konkyo("list", "--kind", "act", "--json")[1])["rows"]
    assert [row["act"] for row in found][:2] == ["prompt_reset", "prompt_copied"]


def test_a_log_without_a_workspace_of_today_is_verified_too(konkyo: Any, workspace: Workspace) -> None:
    """One that was carried here, with its head and key."""
    import shutil

    shutil.rmtree(workspace.audit)
    fill(workspace.audit)
    assert json.loads(konkyo("verify", "--json")[1])["rows"] == 8
