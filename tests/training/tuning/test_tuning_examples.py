from __future__ import annotations

import json
from typing import Any

import pytest

from assistant.answers import Message
from training.errors import ExampleError
from training.tuning.examples import EvidenceText, TuningExample

EXAMPLE = TuningExample(
    "preference", "12,000円です。", "会食の上限は。", "わかりません。",
    evidence=(EvidenceText("規程", "12,000円まで", "d", 3, 9, 1),),
    accepted=("12,000円",), documents=("d",), group="d", type="number",
)  # fmt: skip


def test_an_example_survives_json() -> None:
    chat = TuningExample("chat", "", messages=(Message("user", "hi"), Message("assistant", "hello")))
    for example in (EXAMPLE, chat):
        assert TuningExample.from_json(json.loads(json.dumps(example.as_json()))) == example


def test_the_id_is_what_is_learnt_and_nothing_else() -> None:
    assert EXAMPLE.in_split("test").id == EXAMPLE.id
    other = TuningExample.from_json({**EXAMPLE.as_json(), "answer": "13,000円です。"})
    assert other.id != EXAMPLE.id


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"answer": " "}, "answer"), ({"question": ""}, "question"), ({"rejected": ""}, "rejected"),
        ({"rejected": " 12,000円です。"}, "rejected"),
        ({"kind": "other"}, "kind"), ({"split": "all"}, "split"),
        ({"colour": 1}, "colour"), ({"evidence": [{"head": ""}]}, "head"), ({"kind": "chat"}, "messages"),
        ({"answer": 3}, "another form"),
    ],
)  # fmt: skip
def test_a_bad_row_names_its_field(change: dict[str, Any], names: str) -> None:
    with pytest.raises(ExampleError, match=names):
        TuningExample.from_json({**EXAMPLE.as_json(), **change})
