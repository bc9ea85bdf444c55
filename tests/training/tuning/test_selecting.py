"""Files that a training reads: every text comes back, errors name row and field, and much is read fast."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from assistant.answers import Message
from training.errors import ExampleError
from training.tuning.examples import EvidenceText, TuningExample
from training.tuning.reviewing import read_decisions
from training.tuning.selecting import general_examples, read_examples, selected, write_examples


def chat(number: int) -> TuningExample:
    said = (Message("user", f"{number}番の問い"), Message("assistant", "答え" * 500))
    return TuningExample("chat", "", messages=said)


def test_signs_that_end_a_line_elsewhere_end_none_of_json_lines(tmp_path: Path) -> None:
    """PDF and PowerPoint put U+2028 and U+0085 into texts, and JSON writes them as they are."""
    said = "一行目\u2028二行目\x85三行目\u2029終"
    given = [TuningExample("answer", said, "問？", evidence=(EvidenceText("見出し", said),))]
    file = tmp_path / "data.jsonl"
    write_examples(given, file)
    assert read_examples(file) == given
    (decided,) = read_decisions(json.dumps({"id": "a", "answer": said}, ensure_ascii=False), "accept")
    assert decided.changes == {"answer": said}
    row = json.dumps({"question": "問？", "answer": said}, ensure_ascii=False)
    (tmp_path / "general").mkdir()
    (tmp_path / "general" / "own.jsonl").write_text(row + "\n", "utf-8")
    (one,) = general_examples(str(tmp_path / "general"), 0.5, 1, 0)
    assert one.messages[1].content == said


def test_half_a_character_is_read_as_a_question_mark(tmp_path: Path) -> None:
    file = tmp_path / "data.jsonl"
    write_examples([TuningExample("answer", "答\ud83d", "絵文字の半分？")], file)
    (one,) = read_examples(file)
    assert one.answer == "答?" and len(one.id) == 16


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ('{"kind": "answer", "question": "問", "answer": 5}', "answer"),
        ('{"kind": "text", "answer": "答", "evidence": [{"heading": "h", "text": null}]}', "evidence[0]"),
        ('{"kind": "answer", "question": "問", "answer": "答", "answerable": "no"}', "answerable"),
        ('{"kind": "answer", "question": "問"}', "answer"),
        ('{"kind": "answer", "question": "問", "answer": ' + "9" * 5000 + "}", ""),
        ("[1]", ""),
    ],
)
def test_a_bad_row_of_a_file_to_train_on_is_named_with_its_field(
    tmp_path: Path, row: str, field: str
) -> None:
    file = tmp_path / "data.jsonl"
    file.write_text('{"kind": "answer", "question": "問", "answer": "答"}\n' + row + "\n", "utf-8")
    with pytest.raises(ExampleError, match=r"data\.jsonl: row 2") as failed:
        read_examples(file)
    assert failed.value.field == field


def test_a_list_of_general_examples_in_another_encoding_is_named(tmp_path: Path) -> None:
    (tmp_path / "own.jsonl").write_bytes('{"question": "問", "answer": "答"}'.encode("cp932"))
    with pytest.raises(ExampleError, match=r"own\.jsonl cannot be read"):
        general_examples(str(tmp_path), 0.5, 1, 0)


def test_many_examples_are_divided_in_a_moment() -> None:
    """Comparing each with each took minutes for thousands."""
    many = [chat(number) for number in range(1500)]
    began = time.process_time()
    found = selected(many, 0.1, 0)
    assert (len(found.train), len(found.validation)) == (1350, 150)
    assert time.process_time() - began < 5


def test_a_group_that_holds_most_is_learnt_from() -> None:
    large = [TuningExample("answer", "答", f"{n}？", group="large") for n in range(50)]
    small = [TuningExample("answer", "答", f"{n}！", group=f"small {n // 3}") for n in range(9)]
    for seed in range(8):
        found = selected([*large, *small], 0.02, seed)
        assert {one.group for one in found.train} >= {"large"} and len(found.validation) == 3
