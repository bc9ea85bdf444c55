"""The commands with real models, without a service and with one: the same values, the documented keys."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from test_cli_docs import documented, keys

from ingestion.workspace import Workspace, open_workspace

pytestmark = pytest.mark.model
RULES = "第1条 会社は有給休暇を20日与える。\n\n第2条 私物のUSBメモリは使用してはならない。\n"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory, models_dir: Path) -> Workspace:
    made = open_workspace(tmp_path_factory.mktemp("ws"), {})
    made.models.rmdir()
    made.models.symlink_to(models_dir)
    settings = (
        '[models]\nchat = "smollm2-135m-instruct"\n[answers]\nanswerable_at = 0.0\n'
        "[generation]\nmax_tokens = 24\n"
    )
    made.settings_path.write_text(settings, "utf-8")
    folder = made.root / "docs"
    folder.mkdir()
    (folder / "就業規則.txt").write_text(RULES, "cp932")
    return made


def konkyo(workspace: Workspace, *arguments: str) -> Any:
    command = [sys.executable, "-m", "ui.cli.main", *arguments, "--workspace", str(workspace.root)]
    done = subprocess.run(
        command, capture_output=True, timeout=300, check=True, env={**os.environ, "LANG": "ja_JP.UTF-8"}
    )
    text = done.stdout.decode("utf-8")
    return json.loads(text) if "--json" in arguments else text


def test_a_folder_becomes_an_answer_with_and_without_a_service(workspace: Workspace) -> None:
    report = konkyo(workspace, "ingest", str(workspace.root / "docs"), "--json")
    assert (report["added"], report["failed"]) == (1, [])
    alone = konkyo(workspace, "search", "USBメモリ", "--json")
    assert "USBメモリ" in alone[0]["text"] and keys(alone) == keys(documented("search"))
    answer = konkyo(workspace, "ask", "私物のUSBメモリは使えますか？", "--json")
    assert keys(answer) <= keys(documented("ask"))
    assert [hit["chunk_id"] for hit in answer["hits"]] == [
        hit["chunk_id"] for hit in konkyo(workspace, "search", answer["question"], "--json")
    ]

    from ui.connecting import connect

    service = connect(workspace, start_service=True)
    try:
        assert konkyo(workspace, "search", "USBメモリ", "--json") == alone
        served = konkyo(workspace, "ask", "私物のUSBメモリは使えますか？", "--json")
        assert (served["answer"], served["claims"]) == (answer["answer"], answer["claims"])
        assert "出典" in konkyo(workspace, "ask", "私物のUSBメモリは使えますか？")
        again = konkyo(workspace, "ingest", str(workspace.root / "docs"), "--json")
        assert (again["unchanged"], again["chunks"]) == (1, 0)
        reembedded = konkyo(workspace, "index", "reembed", "--json")
        assert keys(reembedded) == keys(documented("index reembed"))
        assert konkyo(workspace, "index", "check", "--json")["ok"]
    finally:
        service.close()
        assert konkyo(workspace, "stop", "--json")["done"]
