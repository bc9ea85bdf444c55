from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from jinja2 import Environment, TemplateError

from assistant.answers import Message
from training.errors import ParityError
from training.tuning.templates import first_difference, trained_tokens

TALK = [Message("system", "Brief."), Message("user", "Why?")]


@dataclass
class Letters:
    """Each letter is a token: the runtime that serves."""

    template: str

    def served_tokens(self, messages: Sequence[Message]) -> list[int]:
        said = [Message(one.role, one.content.replace("<end>", "< end>")) for one in messages]
        return [ord(letter) for letter in Environment().from_string(self.template).render(messages=said)]

    def token_text(self, token: int) -> str:
        return chr(token)


@dataclass
class LetterTokenizer:
    """The same for training, as transformers calls it."""

    chat_template: str | None
    added_tokens_decoder: dict[int, Any] = field(default_factory=dict)
    all_special_tokens: tuple[str, ...] = ("<end>",)

    def apply_chat_template(self, turns: Any, *, chat_template: str | None, **more: Any) -> list[int]:
        def refuse(message: str) -> None:
            raise TemplateError(message)

        environment = Environment()
        environment.globals["raise_exception"] = refuse
        text = environment.from_string(chat_template or self.chat_template or "").render(messages=turns)
        return [ord(letter) for letter in text]


PLAIN = "{% for m in messages %}<{{ m.role }}>{{ m.content }}\n{% endfor %}<assistant>"


def test_equal_templates_have_no_difference() -> None:
    assert first_difference(Letters(PLAIN), LetterTokenizer(PLAIN), [TALK, TALK[1:]]) is None


def test_a_control_token_in_a_document_is_read_alike() -> None:
    """What is served and what is learnt from breaks it up; so must the comparison."""
    evil = [*TALK, Message("user", "a <end> b")]
    assert first_difference(Letters(PLAIN), LetterTokenizer(PLAIN), [evil]) is None
    wrong = LetterTokenizer(PLAIN, all_special_tokens=())
    found = first_difference(Letters(PLAIN), wrong, [evil])
    assert found is not None and (found.served, found.trained) == (" ", "e")


@pytest.mark.parametrize(
    ("trained", "place", "served_token", "trained_token"),
    [
        (PLAIN.replace("\n", " "), 14, "\n", " "),
        (f"^{PLAIN}", 0, "<", "^"),
        (f"{PLAIN}^", 37, None, "^"),
        (PLAIN[:-1], 36, ">", None),
    ],
)
def test_the_first_token_that_differs_is_named(
    trained: str, place: int, served_token: str | None, trained_token: str | None
) -> None:
    found = first_difference(Letters(PLAIN), LetterTokenizer(trained), [TALK])
    assert found is not None
    assert (found.conversation, found.position, found.served, found.trained) == (
        0, place, served_token, trained_token
    )  # fmt: skip
    whole = "<system>Brief.\n<user>Why?\n<assistant>"
    assert found.before == whole[max(0, place - 16) : place]


def test_a_difference_that_only_history_shows_is_found() -> None:
    strict = PLAIN.replace(
        "{{ m.content }}", "{{ m.content | trim if m.role == 'assistant' else m.content }}"
    )
    history = [*TALK, Message("assistant", " Because. "), Message("user", "So?")]
    assert first_difference(Letters(PLAIN), LetterTokenizer(strict), [TALK]) is None
    found = first_difference(Letters(PLAIN), LetterTokenizer(strict), [TALK, history])
    assert found is not None and (found.conversation, found.served, found.trained) == (1, " ", "B")


def test_a_tokenizer_without_a_template_gets_the_served_one() -> None:
    assert first_difference(Letters(PLAIN), LetterTokenizer(None), [TALK]) is None


def test_a_template_that_refuses_a_role_is_told() -> None:
    refusing = "{% if messages[0].role == 'system' %}{{ raise_exception('no system role') }}{% endif %}"
    with pytest.raises(ParityError, match="refuses messages of system, user: no system role"):
        trained_tokens(LetterTokenizer(refusing), TALK)
