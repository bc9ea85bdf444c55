"""`konkyo eval` and `konkyo bench` print the JSON keys that docs/cli.md shows for them."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from interface_fakes import LetterEmbedder
from test_cli_docs import documented, keys

import assistant.evaluation.building
import assistant.wiring
from assistant.answers import Message
from assistant.generation import never
from ui.cli.main import main

RULE = "宿泊費の上限は、一般社員は1泊12,000円とする。"
QUESTION = "宿泊費の上限はいくらですか？"


class OneSentence:
    """Writes the rule, whatever is asked."""

    name, context_tokens = "fake", 4096

    def count_tokens(self, text: str) -> int:
        return len(text)

    def generate(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        temperature: float = 0.0,
        seed: int = 0,
        cancelled: Callable[[], bool] = never,
    ) -> Iterator[str]:
        yield from RULE


@pytest.fixture
def measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    monkeypatch.setenv("KONKYO_WORKSPACE", str(tmp_path / "ws"))
    monkeypatch.setattr(assistant.evaluation.building, "load_embedder", lambda *_: LetterEmbedder())
    monkeypatch.setattr(assistant.wiring, "open_generator", lambda *_: OneSentence())

    def run(*arguments: str) -> Any:
        monkeypatch.setattr(sys, "argv", ["konkyo", *arguments, "--json"])
        with pytest.raises(SystemExit) as ended:
            main()
        assert not ended.value.code
        return json.loads(capsys.readouterr().out)

    return run


def write_rows(path: Path, *rows: dict[str, Any]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")


@pytest.fixture
def samples(tmp_path: Path) -> Path:
    folder = tmp_path / "samples"
    folder.mkdir()
    (folder / "rules.txt").write_text(RULE, "utf-8")
    question = {"question": QUESTION, "language": "ja", "answers": ["12,000円"], "document": "rules.txt"}
    write_rows(
        folder / "questions.jsonl",
        {"id": "1", "answerable": True, **question},
        {"id": "2", "answerable": False, "question": "社長は誰ですか？", "language": "ja"},
    )
    return folder


def test_passages(measured: Any, tmp_path: Path) -> None:
    write_rows(tmp_path / "corpus.jsonl", *({"doc_id": f"p{i}", "text": f"{RULE}{i}"} for i in range(4)))
    write_rows(tmp_path / "qa.jsonl", *({"id": i, "question": QUESTION, "doc_id": f"p{i}"} for i in range(4)))
    found = measured("eval", "retrieval", str(tmp_path))
    assert keys(found) == keys(documented("eval retrieval passages"))
    assert set(found["comparisons"]) == {"dense", "lexical"}
    alone = measured("eval", "retrieval", str(tmp_path), "--mode", "lexical")
    assert keys(found) - keys(alone) == {".ci", ".comparisons"}


def test_files(measured: Any, tmp_path: Path) -> None:
    (tmp_path / "pdf").mkdir()
    (tmp_path / "pdf" / "rules.txt").write_text(RULE, "utf-8")
    row = {"question": QUESTION, "target_file_name": "rules.txt", "target_page_no": 1, "type": "text"}
    write_rows(tmp_path / "qa.jsonl", *({"id": i, **row} for i in range(4)))
    found = measured("eval", "retrieval", str(tmp_path))
    expected = documented("eval retrieval")
    assert keys(found) == keys(expected)
    kinds = [next(iter(value["by_type"].values())) for value in (found, expected)]
    assert set(kinds[0]) == set(kinds[1]) == set(found["all"])
    assert found["all"]["page_hit@1"] == 1.0


def test_samples(measured: Any, samples: Path) -> None:
    found = measured("eval", "samples", "--folder", str(samples))
    assert keys(found) == keys(documented("eval samples"))
    counted = {name: found[name] for name in ("n", "right", "cited_right", "abstained_right", "slices_exact")}
    assert counted == {"n": 2, "right": 1, "cited_right": 1, "abstained_right": 1, "slices_exact": True}


def test_ingest(measured: Any, samples: Path) -> None:
    whole = measured("bench", "ingest", str(samples / "rules.txt"))
    assert keys(whole) == keys(documented("bench ingest"))
    parsed = measured("bench", "ingest", str(samples / "rules.txt"), "--parse-only")
    assert keys(parsed) == keys(documented("bench ingest --parse-only"))


def test_search(measured: Any, samples: Path) -> None:
    found = measured("bench", "search", "--chunks", "20", "--queries", "2", "--samples", str(samples))
    assert keys(found) == keys(documented("bench search"))


def test_ask(measured: Any, samples: Path) -> None:
    found = measured("bench", "ask", "--questions", "1", "--samples", str(samples))
    assert keys(found) == keys(documented("bench ask"))
    assert found["written"] == found["questions"] == 1
