"""Examples written in the forms in which other programs read them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, get_args

from assistant.answers import Message
from assistant.prompting import prompt_texts
from training.errors import ExampleError
from training.examples import Example, row_of
from training.tuning.examples import TuningExample
from training.tuning.prompts import numbered

Form = Literal["konkyo", "alpaca", "sharegpt", "messages"]
FORMS: tuple[Form, ...] = get_args(Form)


def export_rows(examples: Iterable[TuningExample], form: Form) -> tuple[list[dict[str, Any]], int]:
    """The rows, and how many examples the form cannot hold (pieces of text fit into our own alone).

    In the other forms an answer's sources stand in front of its question, as the model is shown them, and a
    preference has `prompt`, `chosen` and `rejected`: texts in Alpaca, lists of messages otherwise.
    """
    rows: list[dict[str, Any]] = []
    left_out = 0
    for one in examples:
        row = one.as_json() if form == "konkyo" else _row(one, form)
        if row is None:
            left_out += 1
        else:
            rows.append(row)
    return rows, left_out


def asked_with_sources(example: TuningExample) -> str:
    """The question below its sources."""
    if not example.evidence:
        return example.question
    texts = prompt_texts(example.language)
    lines = [texts["sources"]]
    for source in numbered(example.evidence):
        lines += [texts["source"].format(number=source.number, heading=source.heading), source.text]
    return "\n".join([*lines, texts["end"], "", example.question])


def _row(example: TuningExample, form: Literal["alpaca", "sharegpt", "messages"]) -> dict[str, Any] | None:
    if example.kind == "text":
        return None
    if example.kind == "preference":
        return _preference(example, texts=form == "alpaca")
    messages = example.messages or (
        Message("user", asked_with_sources(example)), Message("assistant", example.answer)
    )  # fmt: skip
    try:
        return row_of(Example(messages), form)
    except ExampleError:
        return None


def _preference(example: TuningExample, *, texts: bool) -> dict[str, Any]:
    prompt = asked_with_sources(example)
    if texts:
        return {"prompt": prompt, "chosen": example.answer, "rejected": example.rejected}
    before = [{"role": one.role, "content": one.content} for one in example.messages[:-1]]
    return {
        "prompt": [*before, {"role": "user", "content": prompt}],
        "chosen": [{"role": "assistant", "content": example.answer}],
        "rejected": [{"role": "assistant", "content": example.rejected}],
    }
