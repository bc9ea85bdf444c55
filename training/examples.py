"""Training examples and the three JSON Lines forms in which people keep them.

- Alpaca: `{"instruction", "input", "output"}`, `history` as pairs, `system`
- ShareGPT: `{"conversations": [{"from": "system|human|gpt", "value"}]}`, `system`
- messages, as chat services take them: `{"messages": [{"role": "system|user|assistant", "content"}]}`

Every form is read into the same `Example`, and written from it. Other keys of a row are not kept.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from assistant.answers import Message
from training.errors import ExampleError

Form = Literal["alpaca", "sharegpt", "messages"]

_ROLES: Mapping[str, Literal["system", "user", "assistant"]] = {
    "system": "system", "user": "user", "human": "user", "assistant": "assistant", "gpt": "assistant",
}  # fmt: skip
_SHAREGPT_NAMES = {"system": "system", "user": "human", "assistant": "gpt"}


@dataclass(frozen=True, slots=True)
class Example:
    """A chat that ends with the reply to be learnt.

    `messages` are an optional system message, then user and assistant in turn, the assistant last; no
    content is blank.
    """

    messages: tuple[Message, ...]

    def __post_init__(self) -> None:
        """Refuse a chat that has another order, or a blank message."""
        turns = self.messages[1:] if self.messages and self.messages[0].role == "system" else self.messages
        if not turns or len(turns) % 2:
            raise ExampleError("a chat must hold user and assistant in turn and end with the assistant")
        for index, message in enumerate(turns):
            if message.role != ("user", "assistant")[index % 2]:
                raise ExampleError(f"message {index + 1} of the chat is from {message.role!r}, out of turn")
        for message in self.messages:
            if not message.content.strip():
                raise ExampleError(f"a message from {message.role!r} is blank")

    @property
    def system(self) -> str:
        """The system message, "" without one."""
        return self.messages[0].content if self.messages[0].role == "system" else ""

    @property
    def reply(self) -> str:
        """The text to be learnt."""
        return self.messages[-1].content


def form_of(row: Mapping[str, Any]) -> Form:
    """The form of a row, told by its keys.

    Raises:
        ExampleError: it has the keys of none.
    """
    if "messages" in row:
        return "messages"
    if "conversations" in row:
        return "sharegpt"
    if "instruction" in row:
        return "alpaca"
    keys = ", ".join(sorted(map(str, row))) or "none"
    raise ExampleError(
        f"the row has the keys {keys}; a training example has 'messages', 'conversations' or 'instruction'"
    )


def example_from(row: Mapping[str, Any], form: Form | None = None) -> Example:
    """Read one row of `form`, or of the form that its keys tell.

    Raises:
        ExampleError: a field is missing, of another type, or the chat is out of order.
    """
    return _READERS[form or form_of(row)](row)


def row_of(example: Example, form: Form) -> dict[str, Any]:
    """Write `example` as a row of `form`; reading it again gives an equal example."""
    return _WRITERS[form](example)


def read_examples(path: Path) -> Iterator[Example]:
    """Read a JSON Lines file, whose rows may differ in form; blank lines are skipped.

    Raises:
        ExampleError: a line cannot be read; the message names file, line and field.
    """
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ExampleError(f"{path} cannot be read as UTF-8 text: {error}") from error
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            try:
                yield example_from(_parse(line))
            except ExampleError as error:
                raise ExampleError(f"{path}, line {number}: {error}") from error


def write_examples(path: Path, examples: Iterable[Example], form: Form = "messages") -> int:
    """Write JSON Lines to `path`, whole or not at all; returns how many examples."""
    lines = [json.dumps(row_of(example, form), ensure_ascii=False) for example in examples]
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    temporary.replace(path)
    return len(lines)


def _parse(line: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise ExampleError(f"it is not JSON ({error.msg} at column {error.colno})") from error
    if not isinstance(row, dict):
        raise ExampleError(f"it holds {type(row).__name__}, not an object")
    return row


def _text(row: Mapping[str, Any], name: str, *, required: bool = True) -> str:
    value = row.get(name)
    if value is None and not required:
        return ""
    if not isinstance(value, str):
        raise ExampleError(f"the field {name!r} must be text, not {type(value).__name__}", field=name)
    return value


def _list(row: Mapping[str, Any], name: str) -> list[Any]:
    value = row.get(name)
    if not isinstance(value, list):
        raise ExampleError(f"the field {name!r} must be a list, not {type(value).__name__}", field=name)
    return value


def _turns(row: Mapping[str, Any], name: str, speaker: str, words: str) -> Example:
    messages = []
    for index, item in enumerate(_list(row, name)):
        place = f"{name}[{index}]"
        if not isinstance(item, dict):
            raise ExampleError(f"{place} must be an object, not {type(item).__name__}", field=place)
        role = item.get(speaker)
        if not isinstance(role, str) or role not in _ROLES:
            raise ExampleError(
                f"{place}.{speaker} is {role!r}; known are {', '.join(_ROLES)}", field=f"{place}.{speaker}"
            )
        content = item.get(words)
        if not isinstance(content, str):
            raise ExampleError(
                f"{place}.{words} must be text, not {type(content).__name__}", field=f"{place}.{words}"
            )
        messages.append(Message(_ROLES[role], content))
    system = _text(row, "system", required=False)
    if system and not (messages and messages[0].role == "system"):
        messages.insert(0, Message("system", system))
    return Example(tuple(messages))


def _from_messages(row: Mapping[str, Any]) -> Example:
    return _turns(row, "messages", "role", "content")


def _from_sharegpt(row: Mapping[str, Any]) -> Example:
    return _turns(row, "conversations", "from", "value")


def _from_alpaca(row: Mapping[str, Any]) -> Example:
    instruction, extra = _text(row, "instruction"), _text(row, "input", required=False)
    messages = []
    if system := _text(row, "system", required=False):
        messages.append(Message("system", system))
    for index, pair in enumerate(_list(row, "history") if row.get("history") else []):
        if not isinstance(pair, list) or len(pair) != 2 or not all(isinstance(text, str) for text in pair):
            raise ExampleError(f"history[{index}] must be a pair of texts", field=f"history[{index}]")
        messages += [Message("user", pair[0]), Message("assistant", pair[1])]
    messages.append(Message("user", f"{instruction}\n\n{extra}" if extra.strip() else instruction))
    messages.append(Message("assistant", _text(row, "output")))
    return Example(tuple(messages))


def _to_messages(example: Example) -> dict[str, Any]:
    return {"messages": [{"role": turn.role, "content": turn.content} for turn in example.messages]}


def _to_sharegpt(example: Example) -> dict[str, Any]:
    return {
        "conversations": [
            {"from": _SHAREGPT_NAMES[turn.role], "value": turn.content} for turn in example.messages
        ]
    }


def _to_alpaca(example: Example) -> dict[str, Any]:
    turns = example.messages[1:] if example.system else example.messages
    pairs = [[turns[i].content, turns[i + 1].content] for i in range(0, len(turns) - 2, 2)]
    row: dict[str, Any] = {"instruction": turns[-2].content, "input": "", "output": example.reply}
    return (
        row | ({"system": example.system} if example.system else {}) | ({"history": pairs} if pairs else {})
    )


_READERS: Mapping[Form, Callable[[Mapping[str, Any]], Example]] = {
    "alpaca": _from_alpaca, "sharegpt": _from_sharegpt, "messages": _from_messages,
}  # fmt: skip
_WRITERS: Mapping[Form, Callable[[Example], dict[str, Any]]] = {
    "alpaca": _to_alpaca, "sharegpt": _to_sharegpt, "messages": _to_messages,
}  # fmt: skip
