"""Sources and a question become chat messages that fit the model's context.

Sources stand before the question, so that a second question about the same sources meets a warm prefix cache.
The prompt offers no refusal: a weak model takes it far too often. Whether to withhold is decided in code.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files

from assistant.answers import Hit, Language, Message, Source
from assistant.errors import PromptTooLongError
from assistant.task_prompts import TaskPrompt, default_prompt

CountTokens = Callable[[str], int]

TEMPLATE_TOKENS = 40
"""What chat templates put around two messages."""


@dataclass(frozen=True, slots=True)
class PromptSource:
    """One source as the model reads it: its number and heading in one line, its text below."""

    number: int
    heading: str
    text: str


@cache
def prompt_texts(language: Language) -> Mapping[str, str]:
    """The texts of prompts/<language>.toml."""
    return tomllib.loads((files("assistant") / "prompts" / f"{language}.toml").read_text("utf-8"))


def estimate_tokens(text: str) -> int:
    """Tokens of `text` for a model like Qwen, without loading one: 0.9 a wide character, 1 for 4 others."""
    wide = sum(char > "\u2e7f" for char in text)
    return -(-wide * 9 // 10) - (-(len(text) - wide) // 4)


def build_messages(
    question: str,
    sources: Sequence[Source],
    language: Language,
    *,
    count_tokens: CountTokens = estimate_tokens,
    context_tokens: int = 4096,
    max_tokens: int = 320,
    prompt: TaskPrompt | None = None,
    fields: Mapping[str, str] | None = None,
) -> tuple[list[Message], tuple[Source, ...]]:
    """The messages, and the sources as they stand in them.

    `prompt` None is the default for answers. `fields` fill in what it names beside the question. Sources lose
    their last sentences, the last source first, until prompt and reply fit.

    Raises:
        PromptTooLongError: not even the question alone fits.
    """
    gap = prompt_texts(language)["gap"]
    kept = tuple(sources)
    while True:
        shown = [PromptSource(one.number, heading_of(one.hit), source_text(one, gap)) for one in kept]
        messages = messages_for(question, shown, language, prompt=prompt, fields=fields)
        *before, last = (count_tokens(one.content) for one in messages)
        room = context_tokens - max_tokens - TEMPLATE_TOKENS - sum(before)
        if last <= room:
            return messages, kept
        if not kept:
            raise PromptTooLongError(
                f"the question needs {last} tokens, but the model's context leaves {room}. "
                "Shorten it, or raise models.context_tokens."
            )
        kept = _shorter(kept, last - room, count_tokens)


def messages_for(
    question: str,
    sources: Sequence[PromptSource],
    language: Language,
    *,
    prompt: TaskPrompt | None = None,
    fields: Mapping[str, str] | None = None,
) -> list[Message]:
    """The messages about these sources, however long: what is asked at run time and what is learnt from.

    `prompt` None is the default for answers. `fields` fill in what it names beside the question.
    """
    prompt = prompt or default_prompt("answer", language)
    values = {"language": "", "columns": "", "first": "", "second": "", **(fields or {})}
    request = prompt.request.format_map({**values, "question": question.strip()}).rstrip()
    body = _body(request, sources, prompt_texts(language))
    return [*instructions(prompt, language, values), Message("user", body)]


def instructions(prompt: TaskPrompt, language: Language, fields: Mapping[str, str]) -> list[Message]:
    """What every prompt of a task begins with: its instructions and its examples."""
    texts = prompt_texts(language)
    values = {"question": "", **fields}
    messages = [Message("system", prompt.system.format_map(values))]
    for example in prompt.examples:
        request = prompt.request.format_map({**values, "question": example.question})
        given = [texts["sources"], example.sources.strip(), texts["end"], ""] if example.sources else []
        messages += [
            Message("user", "\n".join([*given, request])),
            Message("assistant", example.reply.strip()),
        ]
    return messages


def beginning(prompt: TaskPrompt, language: Language) -> list[Message]:
    """What all prompts of a task without fields in its instructions have in common, for the prefix cache."""
    fields = {"language": "", "columns": "", "first": "", "second": ""}
    opening = f"{prompt_texts(language)['sources']}\n[1] "
    return [*instructions(prompt, language, fields), Message("user", opening)]


def _shorter(sources: tuple[Source, ...], excess: int, count_tokens: CountTokens) -> tuple[Source, ...]:
    """`sources` without about `excess` tokens at their end, at least one span less."""
    *rest, last = sources
    left = len(last.spans)
    while left and excess > 0:
        left -= 1
        excess -= count_tokens(last.prompted[left])
    if not left:
        return tuple(rest)
    return (
        *rest, replace(last, spans=last.spans[:left], texts=last.texts[:left], shown=last.shown[:left])
    )  # fmt: skip


def _body(request: str, sources: Sequence[PromptSource], texts: Mapping[str, str]) -> str:
    """Sources without which there is no heading for them either, and below them what is asked."""
    if not sources:
        return request
    lines = [texts["sources"]]
    for source in sources:
        lines.append(texts["source"].format(number=source.number, heading=source.heading))
        lines.append(source.text)
    lines += [texts["end"], "", request]
    return "\n".join(lines)


def heading_of(hit: Hit) -> str:
    """Title and headings above a hit, as the model and people are shown them."""
    path = [part for part in hit.heading_path if part != hit.title]
    return " > ".join([hit.title, *path])


def source_text(source: Source, gap: str = "…") -> str:
    """The source's spans as the model reads them, as one text; `gap` stands where sentences were left out."""
    parts: list[str] = []
    for i, (span, text) in enumerate(zip(source.spans, source.prompted, strict=True)):
        if i and span.start > source.spans[i - 1].end + 2:
            parts.append(gap)
        elif i and not parts[-1].endswith("\n") and span.start > source.spans[i - 1].end:
            parts.append("\n")
        parts.append(text)
    return "".join(parts).strip()


def control_pattern(tokens: Iterable[str]) -> re.Pattern[str]:
    """Matches each of a model's control tokens; single characters are left out."""
    longest_first = sorted({token for token in tokens if len(token) > 1}, key=lambda one: (-len(one), one))
    return re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")


def defused(text: str, control: re.Pattern[str]) -> str:
    """`text` without anything that the model would read as the end of a turn (documents are data)."""
    return control.sub(lambda match: f"{match.group()[0]} {match.group()[1:]}", text)
