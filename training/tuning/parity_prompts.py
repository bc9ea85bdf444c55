"""What both runtimes are given to score: examples that the adapter was not trained on, and fixed prompts."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from assistant.adapters import Manifest
from assistant.answers import Message
from assistant.task_prompts import TaskPrompts
from ingestion.workspace import Workspace
from training.errors import ExampleError
from training.tuning.examples import TuningExample
from training.tuning.prompts import ServedLimits, prompt_messages
from training.tuning.store import accepted_examples

ENOUGH = 12
"""Prompts that are enough: some 400 tokens of replies."""


@dataclass(frozen=True, slots=True)
class ParityPrompt:
    """Chat messages, and the reply whose tokens are scored."""

    messages: tuple[Message, ...]
    reply: str


@cache
def fixed_prompts() -> tuple[ParityPrompt, ...]:
    """Four in Japanese and four in English, with sources and without."""
    found = tomllib.loads((files("training.tuning") / "parity_prompts.toml").read_text("utf-8"))
    return tuple(
        ParityPrompt(
            (Message("system", one["system"]), Message("user", one["user"].strip())), one["reply"]
        )
        for one in found["prompts"]
    )  # fmt: skip


def prompts_for(workspace: Workspace, manifest: Manifest) -> tuple[ParityPrompt, ...]:
    """Examples of the workspace that the adapter was not trained on, and fixed ones where these are few."""
    tokens = int(manifest.recipe.get("data", {}).get("max_tokens", 1024))
    own, served = TaskPrompts(workspace.prompts), ServedLimits.of(workspace.settings())

    def messages_of(example: TuningExample) -> Sequence[Message]:
        return prompt_messages(example, context_tokens=tokens, prompts=own, served=served)

    return enough(example_prompts(accepted_examples(workspace), messages_of))


def enough(found: Sequence[ParityPrompt]) -> tuple[ParityPrompt, ...]:
    """`found`, and fixed prompts where these are few.

    A few tokens prove little: by chance a wrong adapter passes on them, or a right one does not.
    """
    return (*found, *fixed_prompts()[: max(0, ENOUGH - len(found))])


def example_prompts(
    examples: Sequence[TuningExample],
    messages_of: Callable[[TuningExample], Sequence[Message]],
    limit: int = ENOUGH,
) -> tuple[ParityPrompt, ...]:
    """Prompts of at most `limit` examples of the validation and test splits, evenly spread over them.

    `messages_of` makes the messages of a prompt as they were trained on, without the reply; those that it
    refuses because they do not fit were not learnt from either.
    """
    held = [one for one in examples if one.split != "train" and one.kind in ("answer", "preference")]
    held.sort(key=lambda one: one.id)
    chosen = [held[at * len(held) // min(limit, len(held))] for at in range(min(limit, len(held)))]
    found = []
    for one in chosen:
        with suppress(ExampleError):
            found.append(ParityPrompt(tuple(messages_of(one)), one.answer))
    return tuple(found)


def conversations(prompts: Sequence[ParityPrompt]) -> list[tuple[Message, ...]]:
    """What the chat template is compared on: the prompts, and a follow-up, where replies are history."""
    first = prompts[0]
    turns = (
        Message("assistant", first.reply),
        Message("user", "つまり、2025年4月1日から  何日ですか？\n\n- 100%\n- it's 3,000"),
    )
    return [*(one.messages for one in prompts), (*first.messages, *turns)]
