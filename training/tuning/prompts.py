"""The prompt of a training example: message for message the one that the model is asked with later.

Evidence that does not fit is left out from its end, source by source, and only where no reply stands on it or
names it: a model that learns an answer without its ground learns to invent. Something is always left to read,
because the model is never asked without a source.
"""

from __future__ import annotations

from collections.abc import Sequence

from assistant.answers import Message
from assistant.grounding.claims import MarkerFilter
from assistant.prompting import TEMPLATE_TOKENS, CountTokens, PromptSource, estimate_tokens, messages_for
from assistant.task_prompts import TaskPrompts
from training.errors import ExampleError
from training.tuning.examples import EvidenceText, TuningExample


def prompt_messages(
    example: TuningExample,
    *,
    count_tokens: CountTokens = estimate_tokens,
    context_tokens: int = 4096,
    prompts: TaskPrompts | None = None,
) -> list[Message]:
    """The messages before the reply, which together with the longest reply fit into `context_tokens`.

    `prompts` are the workspace's own; without them those that come with the program. An example of kind
    `chat` brings its messages: all before its last reply.

    Raises:
        ExampleError: it does not fit, and no evidence may be left out; the message names the example.
    """
    if example.kind == "text":
        raise ExampleError(f"example {example.id} is a piece of a document, which has no prompt")
    if example.kind == "chat":
        return list(example.messages[: last_reply(example)])
    prompt = (prompts or TaskPrompts()).get("answer", example.language)
    reply = max(count_tokens(text) for text in (example.answer, example.rejected))
    room = context_tokens - TEMPLATE_TOKENS - reply
    kept = example.evidence
    while True:
        messages = messages_for(example.question, numbered(kept), example.language, prompt=prompt)
        needed = sum(count_tokens(one.content) for one in messages)
        if needed <= room:
            return messages
        if not _dispensable(example, len(kept)):
            raise too_long(example.id, needed + context_tokens - room, context_tokens)
        kept = kept[:-1]


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
