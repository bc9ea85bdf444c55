"""`konkyo eval answers` over a real library with a chat model that writes one sentence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from quality_fakes import OTHER, RULE, Recording, command, data_set, recording, write_rows
from test_cli_docs import documented, keys


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Recording:
    return recording(monkeypatch)


@pytest.fixture
def konkyo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    return command(tmp_path / "ws", monkeypatch, capsys)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return data_set(tmp_path / "set")


def test_answers_are_scored_and_the_keys_are_those_of_the_docs(
    konkyo: Any, model: Recording, data: Path, tmp_path: Path
) -> None:
    code, out, err = konkyo("eval", "answers", str(data), "--json")
    found = json.loads(out)
    assert code == 0 and keys(found) == keys(documented("eval answers"))
    assert (found["n"], found["right"], found["cited_right"]) == (2, 1, 1)
    assert found["faults"]["wrongly_generated"] + found["faults"]["wrongly_refused"] == 1
    (kept,) = (tmp_path / "ws" / "evaluations" / "reports").glob("*-answers.json")
    assert kept.stem in err
    report = json.loads(kept.read_text("utf-8"))
    assert (report["figures"], report["n"], report["metrics"]["right"]["mean"]) == (found, 2, 0.5)
    assert report["configuration"]["options"] == {"gold_page": False, "limit": None, "seed": 0}
    assert report["configuration"]["models"]["chat"] == "fake"


def test_a_killed_run_asks_only_what_is_left(konkyo: Any, model: Recording, data: Path) -> None:
    model.dies_at = 2
    assert konkyo("eval", "answers", str(data))[0] != 0
    assert konkyo("eval", "answers", str(data))[0] == 0
    assert len(model.prompts) == 3  # the second was asked again
    assert konkyo("eval", "answers", str(data), "--limit", "1")[0] == 0
    assert len(model.prompts) == 3
    assert konkyo("eval", "answers", str(data), "--again")[0] == 0
    assert len(model.prompts) == 5


def test_with_the_gold_page_nothing_else_is_read(konkyo: Any, model: Recording, data: Path) -> None:
    assert konkyo("eval", "answers", str(data))[0] == 0
    searched, model.prompts = model.prompts, []
    assert any(RULE in prompt and OTHER in prompt for prompt in searched)
    found = json.loads(konkyo("eval", "answers", str(data), "--gold-page", "--json")[1])
    assert len(model.prompts) == 2 and found["faults"]["not_retrieved"] == found["faults"]["not_read"] == 0
    assert all((RULE in prompt) != (OTHER in prompt) for prompt in model.prompts)


def test_a_set_without_answers_is_refused_in_one_line(konkyo: Any, model: Recording, data: Path) -> None:
    rows = [json.loads(line) for line in (data / "qa.jsonl").read_text("utf-8").splitlines()]
    write_rows(data / "qa.jsonl", *({**row, "target_answer": ""} for row in rows))
    code, out, err = konkyo("eval", "answers", str(data))
    assert (code, out, model.prompts) == (1, "", []) and "has no answer to compare with" in err
    write_rows(data / "qa.jsonl", *({**row, "answers": 7} for row in rows))
    code, _, err = konkyo("eval", "answers", str(data))
    assert code == 1 and "answers must be a string or a list" in err
