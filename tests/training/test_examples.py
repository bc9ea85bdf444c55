from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.answers import Message
from training.errors import ExampleError
from training.examples import Example, Form, example_from, read_examples, row_of, write_examples

_words = st.text(min_size=1).filter(lambda text: bool(text.strip()))


@st.composite
def examples(draw: st.DrawFn) -> Example:
    messages = [Message("system", draw(_words))] if draw(st.booleans()) else []
    for _ in range(draw(st.integers(1, 3))):
        messages += [Message("user", draw(_words)), Message("assistant", draw(_words))]
    return Example(tuple(messages))


@pytest.mark.parametrize("form", ["alpaca", "sharegpt", "messages"])
@given(example=examples())
def test_writing_and_reading_gives_the_same_example(form: Form, example: Example) -> None:
    assert example_from(row_of(example, form)) == example


def test_the_three_forms_of_one_chat_are_equal() -> None:
    expected = Example(
        (Message("system", "簡潔に"), Message("user", "何日か"), Message("assistant", "10日です。"))
    )
    rows = [
        {"instruction": "何日か", "input": "", "output": "10日です。", "system": "簡潔に"},
        {"system": "簡潔に", "conversations": [
            {"from": "human", "value": "何日か"}, {"from": "gpt", "value": "10日です。"},
        ]},
        {"messages": [
            {"role": "system", "content": "簡潔に"}, {"role": "user", "content": "何日か"},
            {"role": "assistant", "content": "10日です。"},
        ]},
    ]  # fmt: skip
    assert [example_from(row) for row in rows] == [expected] * 3


def test_alpaca_input_follows_the_instruction_and_history_comes_before() -> None:
    row = {"instruction": "要約せよ", "input": "本文", "output": "短文", "history": [["前の問", "前の答"]]}
    contents = [message.content for message in example_from(row).messages]
    assert contents == ["前の問", "前の答", "要約せよ\n\n本文", "短文"]


def test_file_keeps_line_separators_inside_text(tmp_path: Path) -> None:
    path = tmp_path / "examples.jsonl"
    example = Example((Message("user", "a\u2028b\x85c\nd"), Message("assistant", "はい")))
    assert write_examples(path, [example, example], "sharegpt") == 2
    assert list(read_examples(path)) == [example, example]
    assert [entry.name for entry in tmp_path.iterdir()] == ["examples.jsonl"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", "line 2: it is not JSON"),
        ("[]", "line 2: it holds list"),
        ('{"text": "x"}', "line 2: the row has the keys text"),
        ('{"instruction": "x", "output": 3}', "line 2: the field 'output' must be text, not int"),
        ('{"messages": "x"}', "line 2: the field 'messages' must be a list"),
        ('{"messages": [{"role": "robot", "content": "x"}]}', r"messages\[0\]\.role is 'robot'"),
        ('{"messages": [{"role": ["user"], "content": "x"}]}', r"messages\[0\]\.role is \['user'\]"),
        ('{"messages": [{"role": "user"}]}', r"messages\[0\]\.content must be text"),
        ('{"messages": [{"role": "user", "content": "x"}]}', "end with the assistant"),
        (
            '{"conversations": [{"from": "gpt", "value": "x"}, {"from": "human", "value": "y"}]}',
            "out of turn",
        ),
        ('{"instruction": "x", "output": " "}', "blank"),
        ('{"instruction": "x", "output": "y", "history": [["only"]]}', r"history\[0\] must be a pair"),
    ],
)
def test_a_bad_row_is_named_with_its_field(tmp_path: Path, line: str, words: str) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text('{"instruction": "x", "output": "y"}\n' + line + "\n", "utf-8")
    with pytest.raises(ExampleError, match=words):
        list(read_examples(path))
