"""Lets the chat model write one text from sources, checked sentence by sentence as it comes."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from types import GeneratorType

from assistant.answers import Event, Language, Message, Source, Timings
from assistant.drafting import Draft
from assistant.generation import Generator as ChatModel
from assistant.generation import never
from assistant.grounding.verdicts import Checker, TimedChecker
from assistant.prompting import build_messages
from assistant.task_prompts import TaskPrompt
from ingestion.settings import GenerationSettings

CHECK_SECONDS = 5.0  # for all sentences of one text; what is overdue is UNCHECKED

Drafting = Generator[Event, None, Draft]


class Clock:
    """Milliseconds since the question came in."""

    def __init__(self) -> None:
        self._began = time.perf_counter()
        self.retrieved = 0.0
        self.first_token: float | None = None
        self.tokens = 0

    def now(self) -> float:
        """Milliseconds until now."""
        return (time.perf_counter() - self._began) * 1000.0

    def timings(self) -> Timings:
        """What an answer says of them."""
        return Timings(self.retrieved, self.first_token, self.now(), self.tokens)


class Writer:
    """The chat model with its settings and the checks of what it writes."""

    def __init__(
        self,
        generator: ChatModel,
        checker: Checker,
        settings: GenerationSettings,
        most_tokens: int | None = None,
    ) -> None:
        """`most_tokens` bounds each text, whatever its task allows; None: as the task allows."""
        self.generator = generator
        self.checker = checker
        self.most_tokens = most_tokens
        self._settings = settings

    def prepare(self) -> None:
        """Let the checker load its models: their loading must not take the time that its checks have."""
        prepare = getattr(self.checker, "prepare", None)
        if prepare is not None:
            prepare()

    def max_tokens(self, prompt: TaskPrompt) -> int:
        """How long a text of this task may become."""
        allowed = prompt.max_tokens or self._settings.max_tokens
        return allowed if self.most_tokens is None else min(allowed, self.most_tokens)

    def draft(
        self,
        question: str,
        sources: Sequence[Source],
        language: Language,
        prompt: TaskPrompt,
        clock: Clock,
        *,
        fields: Mapping[str, str] | None = None,
        cancelled: Callable[[], bool] = never,
    ) -> Drafting:
        """Token and Checked as they come; the whole draft at the end. Stops when the reader does.

        Raises:
            GenerationError, PromptTooLongError: as `Generator.generate` and `build_messages`.
        """
        messages, shown = self.messages(question, sources, language, prompt, fields)
        self.prepare()
        draft = Draft(TimedChecker(self.checker, CHECK_SECONDS), shown, question)
        with contextlib.closing(self.pieces(messages, prompt, cancelled)) as pieces:
            for piece in pieces:
                clock.first_token = clock.first_token or clock.now()
                clock.tokens += 1
                yield from draft.add(piece)
                if draft.repeating or cancelled():
                    break
        yield from draft.finish()
        return draft

    def messages(
        self,
        question: str,
        sources: Sequence[Source],
        language: Language,
        prompt: TaskPrompt,
        fields: Mapping[str, str] | None = None,
    ) -> tuple[list[Message], tuple[Source, ...]]:
        """The prompt that fits into the context, and the sources as they stand in it."""
        return build_messages(
            question, sources, language, count_tokens=self.generator.count_tokens,
            context_tokens=self.generator.context_tokens, max_tokens=self.max_tokens(prompt), prompt=prompt,
            fields=fields,
        )  # fmt: skip

    def pieces(
        self, messages: Sequence[Message], prompt: TaskPrompt, cancelled: Callable[[], bool] = never
    ) -> Generator[str, None, None]:
        """What the model writes; closing the iterator stops it."""
        settings = self._settings
        temperature = settings.temperature if prompt.temperature is None else prompt.temperature
        written = self.generator.generate(
            messages, max_tokens=self.max_tokens(prompt), temperature=temperature, seed=settings.seed,
            cancelled=cancelled,
        )  # fmt: skip
        with _closing(written) as pieces:
            yield from pieces


@contextlib.contextmanager
def _closing(pieces: Iterator[str]) -> Iterator[Iterator[str]]:
    """Closes a generator however the block is left, so that the model stops; other iterators have no end."""
    try:
        yield pieces
    finally:
        if isinstance(pieces, GeneratorType):
            pieces.close()
