"""`konkyo eval citations` over answers that the program itself gave and kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from interface_fakes import LetterEmbedder
from quality_fakes import RULE, command, data_set, recording
from test_cli_docs import documented

import ingestion.embedding
from assistant.records import Records
from tests.ingestion.pdf_writer import PageSpec, TextAt, write_pdf


@pytest.fixture
def konkyo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    recording(monkeypatch)
    return command(tmp_path / "ws", monkeypatch, capsys)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """One of the two files is a PDF with the rule on its page."""
    folder = data_set(tmp_path / "set")
    (folder / "pdf" / "rules.txt").unlink()
    (folder / "pdf" / "rules.pdf").write_bytes(write_pdf([PageSpec([TextAt(60, 500, RULE, 10)])]))
    rows = (folder / "qa.jsonl").read_text("utf-8").replace("rules.txt", "rules.pdf")
    (folder / "qa.jsonl").write_text(rows, "utf-8")
    return folder


def test_kept_answers_slice_and_stand_in_their_boxes(konkyo: Any, data: Path, tmp_path: Path) -> None:
    assert konkyo("eval", "answers", str(data), "--json")[0] == 0
    code, out, _ = konkyo("eval", "citations", str(data), "--json")
    found = json.loads(out)
    assert code == 0 and set(found) == set(documented("eval citations"))
    assert found["n"] == found["slices"] > 0 and found["wrong"] == []
    assert found["printed"] == found["boxes_right"] > 0
    assert found["least_overlap"] == 1.0


def test_a_quote_that_was_tampered_with_is_named(konkyo: Any, data: Path, tmp_path: Path) -> None:
    assert konkyo("eval", "answers", str(data), "--json")[0] == 0
    (log,) = (tmp_path / "ws" / "evaluations" / "answers").glob("*.jsonl")
    rows = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
    changed = next(one for row in rows for one in row["citations"])
    changed["quote"] = changed["quote"].replace("12", "21")
    whole = "".join(json.dumps(row) + "\n" for row in rows) + '{"id": "half'
    log.write_text(whole, "utf-8")
    code, out, err = konkyo("eval", "citations", str(data))
    assert code == 0 and "slices" in out
    assert changed["document"] in err and log.stem in err
    assert log.read_text("utf-8") == whole  # looking changes nothing, not even what a killed run left


def test_conversations_are_looked_through(
    konkyo: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingestion.embedding, "load_embedder", lambda *_: LetterEmbedder())
    rules = tmp_path / "rules.txt"
    rules.write_text(RULE, "utf-8")
    assert konkyo("ingest", str(rules), "--json")[0] == 0
    document = json.loads(konkyo("documents", "list", "--json")[1])[0]["id"]
    records = Records.open(tmp_path / "ws" / "records.db")
    citation = {"document": document, "start": 0, "end": len(RULE), "quote": RULE}
    gone = {**citation, "document": "gone"}
    answer = {"answer": RULE, "claims": [{"text": RULE, "citations": [citation, gone]}]}
    records.append_turn(records.create()["id"], "宿泊費は？", answer)
    found = json.loads(konkyo("eval", "citations", "--json")[1])
    assert (found["n"], found["slices"], found["gone"], found["printed"]) == (2, 1, 1, 0)
