"""Earlier questions and answers that a caller brings along, where the conversation is not kept here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from assistant.answers import Turn
from ui.errors import UsageError

Json = dict[str, Any]
MOST_TURNS = 8
"""Later ones count; what a question refers to lies at most a few turns back."""


def turns_from_json(history: Sequence[Json], conversation: str | None) -> list[Turn]:
    """The last of `[{question, answer}]`, oldest first.

    They are the caller's words: they help to understand the question, and nothing in them is evidence.

    Raises:
        UsageError: they have another form, or there is a conversation, too, which has its own.
    """
    if history and conversation is not None:
        raise UsageError("a conversation has its own earlier turns: give one or the other.")
    try:
        return [Turn(str(one["question"]), str(one["answer"])) for one in history[-MOST_TURNS:]]
    except (TypeError, KeyError) as error:
        raise UsageError("earlier turns are not understood: give question and answer of each.") from error
