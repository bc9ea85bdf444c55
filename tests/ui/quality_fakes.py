"""What tests of evaluations share: a chat model that writes one sentence, a small data set, the command."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from interface_fakes import LetterEmbedder

import assistant.evaluation.building
import assistant.wiring
from assistant.answers import Message
from ui.cli.main import main

RULE = "宿泊費の上限は、一般社員は1泊12,000円とする。"
OTHER = "宿泊費の上限は、海外では1泊30,000円とする。"
Ran = tuple[int, str, str]


class Recording:
    """Writes the rule whatever is asked, and remembers its prompts.

    At prompt number `dies_at` it ends the process, so to speak.
    """

    name, context_tokens = "fake", 4096

    def __init__(self) -> None:
        self.prompts: list[str] = []
        self.dies_at = 0

    def count_tokens(self, text: str) -> int:
        return len(text)

    def generate(self, messages: Sequence[Message], **named: Any) -> Iterator[str]:
        self.prompts.append("\n".join(message.content for message in messages))
        if len(self.prompts) == self.dies_at:
            raise KeyboardInterrupt
        yield from RULE


def recording(monkeypatch: pytest.MonkeyPatch) -> Recording:
    """The chat model of every evaluation from now on, beside an embedder that costs nothing."""
    made = Recording()
    monkeypatch.setattr(assistant.evaluation.building, "load_embedder", lambda *_: LetterEmbedder())
    monkeypatch.setattr(assistant.wiring, "open_generator", lambda *_: made)
    return made


def command(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Ran]:
    """Runs `konkyo` with arguments: (exit code, stdout, stderr)."""
    monkeypatch.setenv("KONKYO_WORKSPACE", str(workspace))
    monkeypatch.setenv("LC_ALL", "C.UTF-8")

    def run(*arguments: str) -> Ran:
        monkeypatch.setattr(sys, "argv", ["konkyo", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0), *capsys.readouterr()

    return run


def write_rows(path: Path, *rows: dict[str, Any]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")


def data_set(folder: Path) -> Path:
    """Two files with a question each; the model's one sentence answers the first."""
    (folder / "pdf").mkdir(parents=True)
    (folder / "pdf" / "rules.txt").write_text(RULE, "utf-8")
    (folder / "pdf" / "abroad.txt").write_text(OTHER, "utf-8")
    rows = [
        {"id": "home", "question": "宿泊費の上限はいくらですか？", "target_answer": "12,000円",
         "target_file_name": "rules.txt"},
        {"id": "abroad", "question": "海外の宿泊費の上限はいくらですか？", "target_answer": "30,000円",
         "target_file_name": "abroad.txt"},
    ]  # fmt: skip
    write_rows(folder / "qa.jsonl", *({**row, "target_page_no": 1, "type": "text"} for row in rows))
    return folder
