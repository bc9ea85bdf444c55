"""The chat template, token by token: what training teaches must be what answers are asked with.

One difference at one place (a missing newline, a second BOS, digits cut otherwise) makes every served prompt
one that the adapter has never seen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import zip_longest
from typing import Any, Protocol

from assistant.answers import Message
from assistant.prompting import control_pattern, defused
from training.errors import ParityError
from training.tuning.encoding import control_tokens

_BEFORE = 16  # tokens shown in front of a difference


class ServedPrompts(Protocol):
    """How the runtime that answers reads chat messages."""

    @property
    def template(self) -> str:
        """The chat template in Jinja."""
        ...

    def served_tokens(self, messages: Sequence[Message]) -> list[int]:
        """The tokens that are read when these messages are to be answered."""
        ...

    def token_text(self, token: int) -> str:
        """How a token is written."""
        ...


@dataclass(frozen=True, slots=True)
class TemplateDifference:
    """The first token that differs: in which conversation and where in it, both from 0; None past an end."""

    conversation: int
    position: int
    served: str | None
    trained: str | None
    before: str

    def as_json(self) -> dict[str, Any]:
        """The difference as reports hold it."""
        return asdict(self)


def trained_tokens(tokenizer: Any, messages: Sequence[Message], template: str | None = None) -> list[int]:
    """The tokens of a prompt as transformers makes them, up to where the reply begins.

    Control tokens in what the messages say are defused, as where they are served. `template` is taken where
    the tokenizer brings none.

    Raises:
        ParityError: the template refuses these messages.
    """
    from jinja2 import TemplateError

    control = control_pattern(control_tokens(tokenizer))
    turns = [{"role": one.role, "content": defused(one.content, control)} for one in messages]
    chosen = None if tokenizer.chat_template else template
    try:
        found = tokenizer.apply_chat_template(
            turns, chat_template=chosen, tokenize=True, add_generation_prompt=True, return_dict=False
        )
    except TemplateError as error:
        roles = ", ".join(one.role for one in messages)
        raise ParityError(f"the chat template refuses messages of {roles}: {error}.") from error
    return [int(one) for one in found]


def first_difference(
    served: ServedPrompts, tokenizer: Any, conversations: Sequence[Sequence[Message]]
) -> TemplateDifference | None:
    """The first token in `conversations` that training and serving read differently; None: all are equal.

    Raises:
        ParityError: the template refuses a conversation.
    """
    for number, messages in enumerate(conversations):
        found = _difference(
            served.served_tokens(messages),
            trained_tokens(tokenizer, messages, served.template),
            served.token_text,
        )
        if found is not None:
            position, first, second, before = found
            return TemplateDifference(number, position, first, second, before)
    return None


def _difference(
    served: Sequence[int], trained: Sequence[int], text: Callable[[int], str]
) -> tuple[int, str | None, str | None, str] | None:
    def shown(token: int | None) -> str | None:
        return None if token is None else text(token)

    for at, (first, second) in enumerate(zip_longest(served, trained)):
        if first != second:
            return at, shown(first), shown(second), "".join(map(text, served[max(0, at - _BEFORE) : at]))
    return None
