"""`konkyo bench ask`: what a person waits for: sources, the first token, the rest."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.answering import Assistant
from assistant.answers import Answer, Event, Finished, Language, Retrieved, Token, Turn
from assistant.evaluation.building import QUESTIONS, build_folder, configured_embedder
from assistant.evaluation.metrics import percentile
from assistant.evaluation.samples import load_questions
from assistant.wiring import build_assistant
from ingestion.process_memory import PeakMemory
from ingestion.workspace import Workspace

Progress = Callable[[str, int, int], None]


FOLLOW_UPS: Mapping[Language, str] = {
    "ja": "それについて、もう少し詳しく教えてください。",
    "en": "Please explain that in more detail.",
}
"""Asked after each question: they have no topic of their own."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Milliseconds of one answer; `first_token` and `tokens_per_s` are None where nothing was written."""

    sources: float
    first_token: float | None
    tokens_per_s: float | None
    total: float


def bench_ask(
    workspace: Workspace, folder: Path, *, questions: int, model: str | None, progress: Progress
) -> dict[str, Any]:
    """The value of `bench ask`, over the samples' answerable questions, by a model that is loaded and warm.

    Each is followed by one about the same sources, in the same conversation. Figures are medians;
    `tokens_per_s` counts pieces of text after the first, which for llama.cpp are tokens.
    """
    asked = [one for one in load_questions(folder / QUESTIONS) if one.answerable][: questions + 1]
    with PeakMemory() as memory:
        opened = build_folder(workspace, folder, configured_embedder(workspace), progress)
        try:
            assistant = build_assistant(opened.workspace, opened.settings, model=model, search=opened.search)
            try:
                waits, followed = [], []
                for number, question in enumerate(asked):
                    first, second = watch_both(assistant, question.text, FOLLOW_UPS[question.language])
                    waits.append(first)
                    followed.append(second)
                    progress("ask", number + 1, len(asked))
            finally:
                _close(assistant)
        finally:
            opened.close()
    return {
        "model": assistant.generator.name, **summary(waits[1:] or waits),
        **follow_ups(followed[1:] or followed),
        "peak_mb": round(memory.peak_mb, 1),
    }  # fmt: skip


def _close(assistant: Assistant) -> None:
    close = getattr(assistant.generator, "close", None)
    if close is not None:
        close()


def watch_both(assistant: Assistant, question: str, follow_up: str) -> tuple[Waiting, Waiting | None]:
    """Time a question and its follow-up; None where there was no answer to follow."""
    answers: list[Answer] = []

    def kept(events: Iterator[Event]) -> Iterator[Event]:
        for event in events:
            if isinstance(event, Finished):
                answers.append(event.answer)
            yield event

    first = watch(kept(assistant.stream(question)))
    if not answers or answers[0].abstained:
        return first, None
    history = (Turn(question, answers[0].text, answers[0].hits),)
    return first, watch(assistant.stream(follow_up, history=history))


def watch(events: Iterator[Event], clock: Callable[[], float] = time.perf_counter) -> Waiting:
    """Time a stream of answer events; `clock` gives seconds."""
    began = clock()
    sources = total = 0.0
    tokens: list[float] = []
    for event in events:
        now = (clock() - began) * 1000.0
        if isinstance(event, Retrieved):
            sources = now
        elif isinstance(event, Token):
            tokens.append(now)
        elif isinstance(event, Finished):
            total = now
    rate = None
    if len(tokens) > 1 and tokens[-1] > tokens[0]:
        rate = (len(tokens) - 1) / (tokens[-1] - tokens[0]) * 1000.0
    return Waiting(sources, tokens[0] if tokens else None, rate, total)


def summary(waits: list[Waiting]) -> dict[str, Any]:
    """Medians over answers, and the 95th percentile of the time to the first token."""
    first = [wait.first_token for wait in waits if wait.first_token is not None]
    rates = [wait.tokens_per_s for wait in waits if wait.tokens_per_s is not None]
    return {
        "questions": len(waits), "written": len(first),
        "sources_ms": _median([wait.sources for wait in waits]), "first_token_ms": _median(first),
        "first_token_p95_ms": round(percentile(first, 0.95), 1) if first else None,
        "tokens_per_s": _median(rates), "total_ms": _median([wait.total for wait in waits]),
    }  # fmt: skip


def follow_ups(waits: Sequence[Waiting | None]) -> dict[str, Any]:
    """How many follow-ups the model wrote an answer to, and how long their first token took."""
    first = [wait.first_token for wait in waits if wait is not None and wait.first_token is not None]
    return {
        "followed": len(first), "follow_up_ms": _median(first),
        "follow_up_p95_ms": round(percentile(first, 0.95), 1) if first else None,
    }  # fmt: skip


def _median(values: list[float]) -> float | None:
    return round(percentile(values, 0.5), 1) if values else None
