"""The commands themselves: what goes to stdout and stderr, and exit codes. No model is needed."""

from __future__ import annotations

import json
import socket
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from test_cli_docs import documented, keys

from assistant.answers import Answer, Timings
from ingestion.model_store import ModelStore
from ingestion.workspace import open_workspace
from ui.cli import showing
from ui.cli.main import main

ANSWER = Answer("", False, (), (), "m", None, Timings(1, None, 2)).as_json()


class Ran(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def konkyo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    monkeypatch.setenv("KONKYO_WORKSPACE", str(tmp_path / "ws"))
    for name in ("LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "C.UTF-8")

    def run(*arguments: str) -> Ran:
        monkeypatch.setattr(sys, "argv", ["konkyo", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        return Ran(int(ended.value.code or 0), *capsys.readouterr())

    return run


@pytest.mark.parametrize("command", ["documents list", "index check", "models list", "models check"])
def test_json_alone_is_on_stdout(konkyo: Any, command: str) -> None:
    ran = konkyo(*command.split(), "--json")
    assert (ran.code, ran.err) == (0, "")
    assert isinstance(ran.json, dict | list)


def test_the_workspace_is_the_option_before_the_environment(konkyo: Any, tmp_path: Path) -> None:
    assert konkyo("documents", "list", "--workspace", str(tmp_path / "other")).code == 0
    assert (tmp_path / "other" / "konkyo.toml").exists() and not (tmp_path / "ws").exists()


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["documents", "show", "nothing"], 1),
        (["documents", "remove", "nothing"], 1),
        (["models", "pull", "nothing"], 1),
        (["models", "import", "/nothing"], 1),
        (["search", "", "--json"], 2),
        (["search", "x", "--folder", "/nowhere"], 1),
        (["search"], 2),
        (["search", "x", "--mode", "magic"], 2),
        (["nothing"], 2),
    ],
)
def test_errors_are_told_on_stderr_without_a_traceback(konkyo: Any, arguments: list[str], code: int) -> None:
    ran = konkyo(*arguments)
    assert (ran.code, ran.out) == (code, "")
    assert ran.err and "Traceback" not in ran.err
    if code == 1:
        assert len(ran.err.splitlines()) == 1


def test_a_missing_model_names_the_ways_to_get_one(konkyo: Any, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a", "utf-8")
    ran = konkyo("ingest", str(tmp_path / "a.txt"), "--json")
    assert (ran.code, ran.out) == (1, "")
    assert "konkyo models pull" in ran.err and "konkyo models import" in ran.err


def test_an_unknown_setting_is_named_with_its_neighbour(konkyo: Any, tmp_path: Path) -> None:
    workspace = open_workspace(tmp_path / "ws", {})
    workspace.settings_path.write_text('[models]\nchta = "x"\n', "utf-8")
    ran = konkyo("documents", "list")
    assert ran.code == 1 and "models.chta" in ran.err and "models.chat" in ran.err


def test_keys_of_values_that_need_no_model(konkyo: Any) -> None:
    for command in ("models list", "models recommend", "doctor", "stop"):
        found, expected = konkyo(*command.split(), "--json").json, documented(command)
        if command == "models recommend":
            found["gpu"] = None
        assert keys(found) == keys(expected), command


def test_the_language_is_that_of_the_terminal(konkyo: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "no documents" in konkyo("documents", "list").out
    monkeypatch.setenv("LANG", "ja_JP.UTF-8")
    assert "文書がまだありません" in konkyo("documents", "list").out


def test_doctor_finds_what_is_wrong(konkyo: Any, tmp_path: Path) -> None:
    workspace = open_workspace(tmp_path / "ws", {})
    workspace.settings_path.write_text('[service]\nhost = "0.0.0.0"\n', "utf-8")
    found = konkyo("doctor", "--json").json
    checks = {check["name"]: check for check in found["checks"]}
    assert found["ok"] is False
    assert not checks["listening"]["ok"] and "service.host" in checks["listening"]["remedy"]
    assert not checks["embedder"]["ok"] and "konkyo models pull" in checks["embedder"]["detail"]
    assert checks["indexes"]["ok"] and checks["write access"]["ok"] and checks["cores"]["detail"].isdigit()
    workspace.settings_path.write_text("[models\n", "utf-8")
    [only] = konkyo("doctor", "--json").json["checks"]
    assert not only["ok"] and "not valid TOML" in only["detail"]


def test_doctor_sees_a_damaged_model(konkyo: Any, tmp_path: Path) -> None:
    workspace = open_workspace(tmp_path / "ws", {})
    folder = tmp_path / "given"
    (folder / "1_Pooling").mkdir(parents=True)
    (folder / "modules.json").write_text("[]", "utf-8")
    (folder / "config.json").write_text('{"model_type": "bert"}', "utf-8")
    ModelStore(workspace.models).import_(folder, "mine")
    (workspace.models / "mine" / "config.json").write_text("{}", "utf-8")
    checks = {check["name"]: check for check in konkyo("doctor", "--json").json["checks"]}
    assert not checks["model files"]["ok"] and "config.json has changed" in checks["model files"]["detail"]


def test_version(konkyo: Any) -> None:
    from importlib.metadata import version

    assert konkyo("--version").out == version("konkyo") + "\n"


def test_a_sentence_is_shown_with_mark_words_and_quote() -> None:
    claim = {
        "text": "90日です。", "verdict": "contradicted", "reasons": ["90 ≠ 60"],
        "citations": [{"path": "a.pdf", "shown_as": r"\\s\a.pdf", "page": 3, "page_label": "iii",
                       "locator": None, "quote": "60日\nです。"}],
    }  # fmt: skip
    lines = [text for text, _ in showing.claim_lines([claim])]
    assert lines[0].startswith("✗ ") and lines[0].endswith(": 90日です。")
    assert r"\\s\a.pdf" in lines[1] and "iii" in lines[1] and "60日 です。" in lines[1]
    assert "60日" in lines[-2] and lines[-1].strip() == "90 ≠ 60"
    proved = [text for text, _ in showing.claim_lines([{**claim, "verdict": "supported", "reasons": []}])]
    assert len(proved) == 2  # its quote lacks nothing that the whole passage has


@pytest.mark.parametrize(
    ("locale", "told"),
    [("en_US.UTF-8", "“90日” is not in the passages found."),
     ("ja_JP.UTF-8", "「90日」は見つかった箇所にありません。")],
)  # fmt: skip
def test_why_a_sentence_is_doubted_is_told_in_words(
    monkeypatch: pytest.MonkeyPatch, locale: str, told: str
) -> None:
    monkeypatch.setenv("LC_ALL", locale)
    claim = {"text": "90日です。", "verdict": "partly", "reasons": ["number_not_found:90日"], "citations": []}
    assert [text.strip() for text, _ in showing.claim_lines([claim])][1:] == [told]


def test_an_answer_without_tokens_has_no_first_one() -> None:
    assert "–" in showing.timing_line(ANSWER)


@pytest.mark.network
def test_another_program_on_the_port_is_not_taken_for_the_page(konkyo: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        ran = konkyo("ui", "--no-browser", "--port", str(other.getsockname()[1]))
    assert (ran.code, ran.out) == (1, "")
    assert "--port" in ran.err
