"""One side of the comparison: a chat model behind the whole assistant, asked with an example's own evidence.

The model writes whatever the evidence, so that one answer shows both what it says by itself (its draft) and
what people would be given once the program has decided. Temperature is 0 and the seed fixed on both sides.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from assistant.answering import Assistant
from assistant.answers import Answer, Checked, Claim, Finished, Language, Message
from assistant.evaluation.given_answers import withheld_below
from assistant.generation import Generator, never
from assistant.grounding.verdicts import Checker
from assistant.prompting import build_messages
from assistant.reranking import Reranker
from assistant.task_prompts import TaskPrompts
from assistant.words import detect_language
from ingestion.settings import Settings
from training.tuning.examples import TuningExample
from training.tuning.gate.evidence import EvidenceRetriever, hits_of, sources_of, without_markers
from training.tuning.gate.questions import GeneralQuestion

GENERAL_TOKENS = 96  # a short answer; what rambles on has said it by then or not at all
PROBE_TOKENS = 64
_BRIEFLY: dict[Language, str] = {"ja": "簡潔に答えてください。", "en": "Answer briefly."}


class Recorder:
    """A generator whose replies are the same each time: no temperature, one seed. Keeps and times the last.

    `first_ms` is None while nothing was written; `writing_ms` counts from there, waiting for the reader not.
    """

    def __init__(
        self, generator: Generator, seed: int, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self._generator = generator
        self._seed = seed
        self._clock = clock
        self.text = ""
        self.first_ms: float | None = None
        self.writing_ms = 0.0

    @property
    def name(self) -> str:
        """The model's name."""
        return self._generator.name

    @property
    def context_tokens(self) -> int:
        """As the model has it."""
        return self._generator.context_tokens

    def count_tokens(self, text: str) -> int:
        """As the model counts."""
        return self._generator.count_tokens(text)

    def prepare(self, messages: Sequence[Message]) -> int:
        """As the model's own, where it has one."""
        prepare = getattr(self._generator, "prepare", None)
        return int(prepare(messages)) if prepare else 0

    def generate(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        temperature: float = 0.0,
        seed: int = 0,
        cancelled: Callable[[], bool] = never,
    ) -> Iterator[str]:
        """The model's reply; `temperature` and `seed` are not those of the caller."""
        self.text, self.first_ms, self.writing_ms = "", None, 0.0
        pieces = self._generator.generate(
            messages, max_tokens=max_tokens, temperature=0.0, seed=self._seed, cancelled=cancelled
        )
        began = self._clock()
        for piece in pieces:
            took = (self._clock() - began) * 1000.0
            if self.first_ms is None:
                self.first_ms = took
            else:
                self.writing_ms += took
            self.text += piece
            yield piece
            began = self._clock()

    def reply(self, messages: Sequence[Message], max_tokens: int) -> str:
        """The whole reply."""
        return "".join(self.generate(messages, max_tokens=max_tokens)).strip()

    def tokens_per_second(self) -> float | None:
        """Of the last reply from its second token on; None where there is none."""
        tokens = self.count_tokens(self.text) - 1
        return tokens * 1000.0 / self.writing_ms if tokens > 0 and self.writing_ms > 0 else None


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of an example. `draft` is what the model wrote, with every sentence as it was checked.

    `served` is what people are given. `cited` are the sources that the model named itself.
    """

    draft: Answer
    served: Answer
    cited: frozenset[int]

    @property
    def claims(self) -> tuple[Claim, ...]:
        """The sentences of the draft."""
        return self.draft.claims


class Respondent:
    """Asks one model. `reranker` and `prompts` are those that questions of people meet."""

    def __init__(
        self,
        generator: Generator,
        checker: Checker,
        settings: Settings,
        *,
        prompts: TaskPrompts,
        reranker: Reranker | None = None,
        seed: int = 0,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._recorder = Recorder(generator, seed, clock)
        self._retriever = EvidenceRetriever()
        self._prompts = prompts
        self._reranker = reranker
        self._threshold = settings.answers.answerable_at
        self._assistant = Assistant(
            self._retriever, self._recorder, checker, asking_settings(settings), prompts=prompts
        )

    def prepare(self) -> None:
        """Load the model and let it read what every prompt begins with, as a service does that starts.

        Raises:
            GenerationError: the model cannot be loaded or fails.
        """
        self._assistant.prepare()

    def answer(self, example: TuningExample) -> Reply:
        """The answer to an example, from its own evidence.

        Raises:
            GenerationError, PromptTooLongError: as `Assistant.stream`.
        """
        finished, claims = self._asked(example)
        text, cited = without_markers(self._recorder.text, len(example.evidence))
        written = finished.text if not finished.abstained else finished.draft
        draft = replace(finished, text=written or text, abstained=False, claims=claims, draft="")
        outcome = withheld_below(finished, self._threshold, detect_language(example.question))
        return Reply(draft, outcome.answer, cited)

    def probe(self, example: TuningExample) -> dict[str, float | None]:
        """How quick the model is with an example's prompt, read afresh: `first_token_ms`, `tokens_per_s`."""
        language = detect_language(example.question)
        messages, _ = build_messages(
            example.question, sources_of(example), language, count_tokens=self._recorder.count_tokens,
            context_tokens=self._recorder.context_tokens, max_tokens=PROBE_TOKENS,
            prompt=self._prompts.get("answer", language),
        )  # fmt: skip
        self._recorder.reply(messages, PROBE_TOKENS)
        return {
            "first_token_ms": self._recorder.first_ms, "tokens_per_s": self._recorder.tokens_per_second(),
        }  # fmt: skip

    def general(self, question: GeneralQuestion) -> str:
        """The answer to a general question, without evidence and without the assistant's instructions."""
        asked = f"{question.question.strip()}\n{_BRIEFLY[question.language]}"
        return self._recorder.reply([Message("user", asked)], GENERAL_TOKENS)

    def _asked(self, example: TuningExample) -> tuple[Answer, tuple[Claim, ...]]:
        self._retriever.hits = hits_of(example, self._reranker)
        events = list(self._assistant.stream(example.question, evidence="whole"))
        answer = next(event.answer for event in events if isinstance(event, Finished))
        return answer, tuple(event.claim for event in events if isinstance(event, Checked))


def asking_settings(settings: Settings) -> Settings:
    """With which every example is written to the end, from all of its evidence, and nothing is mended."""
    answers = settings.answers.model_copy(update={"answerable_at": 0.0, "unsupported": "mark"})
    evidence = settings.evidence.model_copy(update={"mode": "whole", "sources": 20})
    return settings.model_copy(update={"answers": answers, "evidence": evidence})


def described() -> dict[str, Any]:
    """What an answer depends on besides settings and prompts."""
    return {"general_tokens": GENERAL_TOKENS, "briefly": _BRIEFLY}
