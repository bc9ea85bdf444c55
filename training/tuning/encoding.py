"""Examples become tokens: the prompt as it is served, the reply, and the token that ends a turn.

Only the reply and its end carry loss. What is too long is refused by name or loses evidence; no reply is cut.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from assistant.answers import Message
from assistant.prompting import control_pattern, defused
from assistant.task_prompts import TaskPrompts
from training.errors import ExampleError, TuningError
from training.tuning.examples import TuningExample
from training.tuning.prompts import ServedLimits, prompt_messages, too_long

IGNORED = -100
"""The label of a token that carries no loss, as torch's cross entropy has it."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """Tokens of one example. The first `prompt` of them carry no loss."""

    id: str
    ids: tuple[int, ...]
    prompt: int

    @property
    def labels(self) -> list[int]:
        """The tokens to be told, in place; IGNORED where there is no loss."""
        return [IGNORED] * self.prompt + list(self.ids[self.prompt :])

    def row(self) -> dict[str, list[int]]:
        """As the trainer takes it."""
        return {"input_ids": list(self.ids), "labels": self.labels}


@dataclass(frozen=True, slots=True)
class EncodedPair:
    """Tokens of one preference: a prompt and two replies, each with its end."""

    id: str
    prompt: tuple[int, ...]
    chosen: tuple[int, ...]
    rejected: tuple[int, ...]

    def row(self) -> dict[str, list[int]]:
        """As the trainer takes it."""
        return {
            "prompt_ids": list(self.prompt), "chosen_ids": list(self.chosen),
            "rejected_ids": list(self.rejected),
        }  # fmt: skip

    @property
    def longest(self) -> int:
        """Tokens of the prompt with the longer reply."""
        return len(self.prompt) + max(len(self.chosen), len(self.rejected))


class Encoder:
    """The tokenizer of one model, at one limit, with the prompts of one workspace."""

    def __init__(
        self,
        tokenizer: Any,
        *,
        max_tokens: int,
        prompts: TaskPrompts | None = None,
        served: ServedLimits | None = None,
    ) -> None:
        """`served` are the limits of answers; without them only `max_tokens` counts."""
        self._tokenizer = tokenizer
        self._max_tokens = max_tokens
        self._prompts = prompts
        self._served = served
        self._control = control_pattern(control_tokens(tokenizer))
        self.end = end_of_turn(tokenizer)

    def count_tokens(self, text: str) -> int:
        """Tokens of `text` alone."""
        return len(self._ids(defused(text, self._control)))

    def prompt(self, messages: Sequence[Message]) -> list[int]:
        """The prompt as llama.cpp gets it: the template's text, with control tokens in contents defused."""
        return self._ids(self._prompt_text(messages))

    def encode(self, example: TuningExample) -> list[Encoded]:
        """An answer as one row; a chat as one for each of its replies, with all that was said before.

        Raises:
            ExampleError: it does not fit, or has nothing to learn; the message names it.
        """
        if example.kind == "text":
            raise ExampleError(f"example {example.id} is a piece of a document: use the method continued")
        return [self._row(example.id, messages, reply) for messages, reply in self._turns(example)]

    def encode_pair(self, example: TuningExample) -> EncodedPair:
        """A preference.

        Raises:
            ExampleError: it is none, or does not fit.
        """
        if example.kind != "preference":
            raise ExampleError(f"example {example.id} is no preference, which the method dpo needs")
        text = self._prompt_text(self.messages(example))
        prompt = self._ids(text)
        chosen, rejected = (self._reply(text, prompt, reply) for reply in (example.answer, example.rejected))
        pair = EncodedPair(example.id, tuple(prompt), tuple(chosen), tuple(rejected))
        if pair.longest > self._max_tokens:
            raise too_long(example.id, pair.longest, self._max_tokens)
        return pair

    def messages(self, example: TuningExample) -> list[Message]:
        """The prompt of an example, without the evidence that does not fit."""
        return prompt_messages(
            example, count_tokens=self.count_tokens, context_tokens=self._max_tokens, prompts=self._prompts,
            served=self._served,
        )  # fmt: skip

    def blocks(self, texts: Iterable[tuple[str, str]], size: int) -> Iterator[Encoded]:
        """Documents `(id, text)` one behind the other, in blocks of `size` tokens; every token carries loss.

        Each document ends with the end of a text. A rest of one token has nothing to tell and is left out.
        """
        ids: list[int] = []
        names: list[str] = []
        for name, text in texts:
            names.append(name)
            ids += [*self._ids(defused(text, self._control)), self._separator()]
            while len(ids) >= size:
                yield Encoded("+".join(names), tuple(ids[:size]), 0)
                ids, names = ids[size:], names[-1:]
        if len(ids) > 1:
            yield Encoded("+".join(names), tuple(ids), 0)

    def _turns(self, example: TuningExample) -> Iterator[tuple[Sequence[Message], str]]:
        if example.kind != "chat":
            yield self.messages(example), example.answer
            return
        for place, message in enumerate(example.messages):
            if message.role == "assistant" and place:
                yield example.messages[:place], message.content

    def _row(self, name: str, messages: Sequence[Message], reply: str) -> Encoded:
        text = self._prompt_text(messages)
        prompt = self._ids(text)
        ids = (*prompt, *self._reply(text, prompt, reply))
        if len(ids) > self._max_tokens:
            raise too_long(name, len(ids), self._max_tokens)
        return Encoded(name, ids, len(prompt))

    def _reply(self, text: str, prompt: list[int], reply: str) -> list[int]:
        """The reply's tokens behind the prompt's, which stay as they are: the model is asked with those."""
        plain = defused(reply.strip(), self._control)
        whole = self._ids(text + plain)
        kept = whole[: len(prompt)] == prompt
        return [*(whole[len(prompt) :] if kept else self._ids(plain)), self.end]

    def _prompt_text(self, messages: Sequence[Message]) -> str:
        turns = [{"role": one.role, "content": defused(one.content, self._control)} for one in messages]
        return rendered(self._tokenizer, turns)

    def _ids(self, text: str) -> list[int]:
        return list(self._tokenizer(text, add_special_tokens=False)["input_ids"])

    def _separator(self) -> int:
        """What stands between texts in the data that models are first trained on."""
        known = self._tokenizer.get_vocab()
        return int(known.get("<|endoftext|>", self._tokenizer.eos_token_id))


def rendered(tokenizer: Any, turns: Sequence[dict[str, str]], *, prompt: bool = True) -> str:
    """The template's text; with `prompt` up to where the reply begins.

    Raises:
        TuningError: the template refuses these messages, as some do a system's.
    """
    from jinja2 import TemplateError

    try:
        return str(tokenizer.apply_chat_template(list(turns), tokenize=False, add_generation_prompt=prompt))
    except TemplateError as error:
        roles = ", ".join(one["role"] for one in turns)
        raise TuningError(f"the chat template refuses messages of {roles}: {error}.") from error


def control_tokens(tokenizer: Any) -> list[str]:
    """Every string that stands for a control token."""
    added = [token.content for token in tokenizer.added_tokens_decoder.values() if token.special]
    return [*added, *tokenizer.all_special_tokens]


def end_of_turn(tokenizer: Any) -> int:
    """The token with which the template ends a reply; else the one that ends a text."""
    word = "konkyo"
    turns = [{"role": "user", "content": "?"}, {"role": "assistant", "content": word}]
    _, _, tail = rendered(tokenizer, turns, prompt=False).rpartition(word)
    ids = tokenizer(tail, add_special_tokens=False)["input_ids"]
    control = {tokenizer.convert_tokens_to_ids(token) for token in control_tokens(tokenizer)}
    return int(next((one for one in ids[:1] if one in control), tokenizer.eos_token_id))
