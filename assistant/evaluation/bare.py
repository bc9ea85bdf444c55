"""The bare chat model over given chunks, to show what search for evidence, checks and refusals gain.

It reads whole chunks, best first by search, as many as its context holds; nothing that it writes is checked.
It may refuse by itself: its prompt, which bare.toml holds, allows it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Protocol

from assistant.answers import Answer, Hit, Language, Mode, Query, Source
from assistant.evaluation.given import GivenChunk
from assistant.generation import adapter_of
from assistant.refusing import refuses as refuses
from assistant.refusing import wordings
from assistant.task_prompts import LANGUAGES, TaskPrompt
from assistant.words import detect_language
from assistant.writing import Clock, Writer
from ingestion.documents import Scope, Span
from ingestion.sentences import split_sentences

_EVERY_CHUNK = 200  # hits, so that each document of a question is among them


class Finder(Protocol):
    """Finds passages, best first."""

    def retrieve(self, query: Query) -> list[Hit]:
        """The hits of a query."""
        ...


@cache
def bare_prompt(language: Language) -> TaskPrompt:
    """What the bare model is told."""
    return TaskPrompt(**_texts()[language])


def bare_texts() -> dict[str, Any]:
    """All that decides what the bare model says, and what of it is a refusal."""
    return {language: {**_texts()[language], **wordings()[language]} for language in LANGUAGES}


@cache
def _texts() -> Mapping[str, Mapping[str, Any]]:
    return tomllib.loads((files("assistant") / "evaluation" / "bare.toml").read_text("utf-8"))


@dataclass(frozen=True, slots=True)
class BareModel:
    """The chat model of `writer`; `finder` orders the chunks."""

    writer: Writer
    finder: Finder
    mode: Mode = "hybrid"

    def ask(self, question: str, chunks: Mapping[str, GivenChunk]) -> Answer:
        """What the model writes from `chunks`, given by the ids of their documents.

        Raises:
            GenerationError, PromptTooLongError: as `Writer.draft`.
        """
        language, clock = detect_language(question), Clock()
        scope = Scope(documents=frozenset(chunks))
        hits = self.finder.retrieve(Query(question, _EVERY_CHUNK, self.mode, scope))
        clock.retrieved = clock.now()
        order = dict.fromkeys([*(hit.document for hit in hits), *sorted(chunks)])
        sources = [
            whole_source(number, document, chunks[document]) for number, document in enumerate(order, start=1)
        ]
        prompt = bare_prompt(language)
        messages, shown = self.writer.messages(question, sources, language, prompt)
        written = ""
        for piece in self.writer.pieces(messages, prompt):
            clock.first_token = clock.first_token or clock.now()
            clock.tokens += 1
            written += piece
        return Answer(
            text=written.strip(), abstained=False, claims=(), hits=tuple(hits),
            model=self.writer.generator.name, adapter=adapter_of(self.writer.generator),
            timings=clock.timings(), question=question, sources=shown,
        )  # fmt: skip


def whole_source(number: int, document: str, chunk: GivenChunk) -> Source:
    """A chunk as it was given, sentence by sentence without a gap, so that its end can be cut off."""
    spans = _stretches(chunk.text)
    hit = Hit(
        rank=number, document=document, source="", path="", title=chunk.title, format="txt", page=None,
        page_label=None, locator=None, chunk_id=document, start=0, end=len(chunk.text), score=1.0,
        text=chunk.text,
    )  # fmt: skip
    return Source(number, hit, tuple(spans), tuple(chunk.text[one.start : one.end] for one in spans))


def _stretches(text: str) -> Sequence[Span]:
    starts = [0, *(one.start for one in split_sentences(text)[1:])]
    return [Span(start, end) for start, end in zip(starts, [*starts[1:], len(text)], strict=True)]
