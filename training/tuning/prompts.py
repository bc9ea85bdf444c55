"""The prompt of a training example: message for message the one that the model is asked with later.

Evidence that does not fit is left out from its end, source by source, and only where no reply stands on it or
names it: a model that learns an answer without its ground learns to invent. Something is always left to read,
because the model is never asked without a source. What no served prompt would hold, or no served reply would
come to the end of, is not learnt.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from assistant.answers import Message
from assistant.grounding.claims import MarkerFilter
from assistant.kept_evidence import MOST_BUDGETS
from assistant.prompting import TEMPLATE_TOKENS, CountTokens, PromptSource, estimate_tokens, messages_for
from assistant.served_evidence import room_for_chunks
from assistant.task_prompts import TaskPrompts
from ingestion.settings import Settings
from training.errors import ExampleError
from training.tuning.examples import EvidenceText, TuningExample

_PER_SOURCE = 6  # tokens of the number and line breaks beside a heading, as `assistant.evidence` counts them
_JOINED = 1.05  # line breaks and gaps between sentences, which the choice of sentences does not count


@dataclass(frozen=True, slots=True)
class ServedLimits:
    """What answers are asked and written with, in tokens; those of evidence as `estimate_tokens` counts.

    `reply` is for prompts that name no length of their own. A question is asked with `evidence`, a follow-up,
    which keeps sources of the question before, with `most_evidence` at most; a single source may be longer.
    """

    context: int
    reply: int
    evidence: int
    most_evidence: int

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Those of a workspace."""
        context, reply = settings.models.context_tokens, settings.generation.max_tokens
        if settings.evidence.mode == "whole":
            room = room_for_chunks(settings)
            return cls(context, reply, room, room)
        budget = settings.evidence.tokens
        return cls(context, reply, budget, MOST_BUDGETS * budget)


def prompt_messages(
    example: TuningExample,
    *,
    count_tokens: CountTokens = estimate_tokens,
    context_tokens: int = 4096,
    prompts: TaskPrompts | None = None,
    served: ServedLimits | None = None,
) -> list[Message]:
    """The messages before the reply, which together with the longest reply fit into `context_tokens`.

    `prompts` are the workspace's own; without them those that come with the program. `served` are the limits
    of what is served, where they count. An example of kind `chat` brings its messages: all before its last
    reply.

    Raises:
        ExampleError: it does not fit, and no evidence may be left out, or it would not be served so; the
            message names the example.
    """
    if example.kind == "text":
        raise ExampleError(f"example {example.id} is a piece of a document, which has no prompt")
    if example.kind == "chat":
        return list(example.messages[: last_reply(example)])
    prompt = (prompts or TaskPrompts()).get("answer", example.language)
    reply = max(count_tokens(text) for text in (example.answer, example.rejected))
    room = context_tokens - TEMPLATE_TOKENS - reply
    if served is not None:
        longest = prompt.max_tokens or served.reply
        _refuse_a_cut_reply(example, count_tokens(example.answer), longest)
        room = min(room, served.context - TEMPLATE_TOKENS - longest)
    kept = example.evidence
    while True:
        messages = messages_for(example.question, numbered(kept), example.language, prompt=prompt)
        needed = sum(count_tokens(one.content) for one in messages)
        shown = _evidence_tokens(kept) if served is not None and len(kept) > 1 else 0
        if needed <= room and (served is None or shown <= _JOINED * served.evidence):
            return messages
        if _dispensable(example, len(kept)):
            kept = kept[:-1]
            continue
        if needed > room:
            raise too_long(example.id, needed + context_tokens - room, context_tokens)
        if served is not None and shown > _JOINED * served.most_evidence:
            raise _too_much_evidence(example.id, shown, served)
        return messages


def numbered(evidence: Sequence[EvidenceText]) -> list[PromptSource]:
    """Sources as they are numbered in a prompt, from 1; without space around them, like `source_text`'s."""
    return [PromptSource(i, one.heading, one.text.strip()) for i, one in enumerate(evidence, start=1)]


def last_reply(example: TuningExample) -> int:
    """Where the last reply of a `chat` stands among its messages.

    Raises:
        ExampleError: nobody replies.
    """
    replies = [i for i, one in enumerate(example.messages) if one.role == "assistant"]
    if not replies or not replies[-1]:
        raise ExampleError(f"example {example.id} has no reply to a message")
    return replies[-1]


def too_long(name: str, tokens: int, limit: int) -> ExampleError:
    """The error for an example that would have to lose a part of what it teaches."""
    return ExampleError(
        f"example {name} has {tokens} tokens, and data.max_tokens is {limit}. Shorten it, or raise the limit."
    )


def _refuse_a_cut_reply(example: TuningExample, tokens: int, longest: int) -> None:
    """Nothing, where the reply is served whole: else what is learnt would end in the middle."""
    if tokens > longest:
        raise ExampleError(
            f"the reply of example {example.id} has {tokens} tokens, and an answer is cut after {longest}. "
            "Shorten it, or raise generation.max_tokens or max_tokens in the prompt of answers."
        )


def _too_much_evidence(name: str, tokens: int, served: ServedLimits) -> ExampleError:
    return ExampleError(
        f"example {name} stands on {tokens} tokens of evidence, and no answer is asked with more than "
        f"{served.most_evidence}. Shorten its evidence, or raise evidence.tokens."
    )


def _evidence_tokens(evidence: Sequence[EvidenceText]) -> int:
    return sum(
        estimate_tokens(one.text) + estimate_tokens(one.heading) + _PER_SOURCE for one in evidence
    )  # fmt: skip


def _dispensable(example: TuningExample, sources: int) -> bool:
    """Whether the replies stand without the last of so many sources."""
    if sources < 2:
        return False
    cited = _cited(example)
    if not cited:  # nobody knows what an answer without marks stands on; a refusal stands on nothing
        return not example.answerable
    return max(cited) < sources


def _cited(example: TuningExample) -> set[int]:
    """The numbers of sources that the replies name, in every form that is read as such in an answer."""
    found = set()
    for text in (example.answer, example.rejected):
        marks = MarkerFilter(len(example.evidence))
        marks.feed(text)
        marks.finish()
        found |= {hint.number for hint in marks.hints}
    return found
