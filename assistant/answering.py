"""From a question to a grounded answer, as a stream of events."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from types import GeneratorType

from assistant.answers import (
    Answer,
    Checked,
    Claim,
    Event,
    Evidence,
    Finished,
    Hit,
    Language,
    Message,
    Query,
    Retrieved,
    Source,
    Timings,
    Token,
    Turn,
    Verdict,
)
from assistant.asked import tells
from assistant.conversation import standalone
from assistant.currency import warnings_of
from assistant.errors import AssistantError
from assistant.evidence import EvidenceMode, gather
from assistant.generation import Generator, never
from assistant.grounding.claims import ClaimSplitter, MarkerFilter
from assistant.grounding.verdicts import UNCHECKED, Check, Checker, TimedChecker
from assistant.prompting import build_messages, prompt_texts
from assistant.repetition import RepetitionGuard
from assistant.retrieval import Retriever
from assistant.words import detect_language
from ingestion.dictionary import DictionaryFile
from ingestion.documents import EVERYTHING, LOCAL_USER, Scope, Span, User
from ingestion.errors import IngestionError
from ingestion.settings import Settings

logger = logging.getLogger(__name__)

_CHECK_SECONDS = 5.0  # for all sentences of one answer; what is overdue is UNCHECKED
_CLOSEST = 3
_GROUNDED = (Verdict.SUPPORTED, Verdict.UNCHECKED)  # what is at most partly proven alone answers nothing


class _Clock:
    """Milliseconds since the question came in."""

    def __init__(self) -> None:
        self._began = time.perf_counter()
        self.retrieved = 0.0
        self.first_token: float | None = None
        self.tokens = 0

    def now(self) -> float:
        return (time.perf_counter() - self._began) * 1000.0

    def timings(self) -> Timings:
        return Timings(self.retrieved, self.first_token, self.now(), self.tokens)


class Assistant:
    """Answers questions from the library."""

    def __init__(
        self,
        retriever: Retriever,
        generator: Generator,
        checker: Checker,
        settings: Settings,
        dictionary: DictionaryFile | None = None,
    ) -> None:
        self.retriever = retriever
        self._dictionary = dictionary
        self.generator = generator
        self._checker = checker
        self._settings = settings

    def ask(
        self,
        question: str,
        *,
        history: Sequence[Turn] = (),
        scope: Scope = EVERYTHING,
        user: User = LOCAL_USER,
        language: Language | None = None,
        evidence: EvidenceMode | None = None,
    ) -> Answer:
        """The whole answer. Raises as `stream`."""
        events = self.stream(
            question, history=history, scope=scope, user=user, language=language, evidence=evidence
        )
        return next(event.answer for event in events if isinstance(event, Finished))

    def stream(
        self,
        question: str,
        *,
        history: Sequence[Turn] = (),
        scope: Scope = EVERYTHING,
        user: User = LOCAL_USER,
        language: Language | None = None,
        evidence: EvidenceMode | None = None,
        cancelled: Callable[[], bool] = never,
    ) -> Iterator[Event]:
        """Retrieved, Token…, Checked as each sentence ends, Finished.

        Closing the iterator stops the generation. So does `cancelled` when it returns True, also while the
        model waits for its turn or reads the prompt; then the answer so far follows, with `stopped`. When
        the evidence does not seem to hold the answer, the model is not asked at all.

        Raises:
            GenerationError: the chat model cannot be loaded, reached, or fails.
            PromptTooLongError: the question alone does not fit into the context.
        """
        clock = _Clock()
        asked = standalone(question, history)
        language = language or detect_language(question)
        hits = self._retrieve(asked, scope, user)
        clock.retrieved = clock.now()
        yield Retrieved(tuple(hits), asked, getattr(self.generator, "waiting", 0))
        worded = self._in_their_words(asked, hits)
        found = self._gather(worded, hits, history, evidence)
        if found.answerability < self._settings.answers.answerable_at:
            yield Finished(self._withheld(asked, hits, language, clock))
            return
        yield from self._write(asked, worded, hits, found, language, clock, cancelled)

    def _retrieve(self, asked: str, scope: Scope, user: User) -> list[Hit]:
        settings = self._settings.retrieval
        return self.retriever.retrieve(Query(asked, settings.top_k, settings.mode, scope), user)

    def _in_their_words(self, asked: str, hits: Sequence[Hit]) -> str:
        """The question with the documents' word where the company's dictionary knows it by another."""
        if self._dictionary is None:
            return asked
        return self._dictionary.current().reworded(asked, [f"{hit.title}\n{hit.text}" for hit in hits])

    def _gather(
        self, asked: str, hits: Sequence[Hit], history: Sequence[Turn], mode: EvidenceMode | None
    ) -> Evidence:
        room = self._settings.models.context_tokens - self._settings.answers.max_tokens - 400
        earlier = history[-1].hits if history else ()
        return gather(asked, hits, self._settings.evidence, mode=mode, earlier=earlier, room=max(room, 200))

    def _write(
        self,
        asked: str,
        worded: str,
        hits: Sequence[Hit],
        found: Evidence,
        language: Language,
        clock: _Clock,
        cancelled: Callable[[], bool],
    ) -> Iterator[Event]:
        settings = self._settings.answers
        messages, sources = build_messages(
            worded, found.sources, language, count_tokens=self.generator.count_tokens,
            context_tokens=self.generator.context_tokens, max_tokens=settings.max_tokens,
        )  # fmt: skip
        draft = _Draft(TimedChecker(self._checker, _CHECK_SECONDS), sources, worded)
        with _closing(self._pieces(messages, cancelled)) as pieces:
            for piece in pieces:
                clock.first_token = clock.first_token or clock.now()
                clock.tokens += 1
                yield from draft.add(piece)
                if draft.repeating or cancelled():
                    break
        stopped = cancelled()
        yield from draft.finish()
        yield Finished(self._finished(asked, hits, draft, language, clock, stopped))

    def _pieces(self, messages: Sequence[Message], cancelled: Callable[[], bool]) -> Iterator[str]:
        settings = self._settings.answers
        return self.generator.generate(
            messages, max_tokens=settings.max_tokens, temperature=settings.temperature, seed=settings.seed,
            cancelled=cancelled,
        )  # fmt: skip

    def _finished(
        self, asked: str, hits: Sequence[Hit], draft: _Draft, language: Language, clock: _Clock, stopped: bool
    ) -> Answer:
        # Whoever stops in the first sentence is not told that the documents hold no answer.
        grounded = [claim.text for claim in draft.claims if claim.verdict in _GROUNDED]
        if not stopped and not (grounded and tells(asked, grounded)):
            return replace(self._withheld(asked, hits, language, clock), draft=draft.text)
        return Answer(
            text=draft.text, abstained=False, claims=tuple(draft.claims), hits=tuple(hits),
            model=self.generator.name, adapter=None, timings=clock.timings(), question=asked, stopped=stopped,
            warnings=warnings_of((one for claim in draft.claims for one in claim.citations), language),
        )  # fmt: skip

    def _withheld(self, asked: str, hits: Sequence[Hit], language: Language, clock: _Clock) -> Answer:
        return Answer(
            text=abstention(hits, language), abstained=True, claims=(), hits=tuple(hits),
            model=self.generator.name, adapter=None, timings=clock.timings(), question=asked,
        )  # fmt: skip


@contextlib.contextmanager
def _closing(pieces: Iterator[str]) -> Iterator[Iterator[str]]:
    """Closes a generator however the block is left, so that the model stops; other iterators have no end."""
    try:
        yield pieces
    finally:
        if isinstance(pieces, GeneratorType):
            pieces.close()


class _Draft:
    """The answer while it is being written: clean text, and the claims that were checked."""

    def __init__(self, checker: Checker, sources: Sequence[Source], question: str) -> None:
        self.claims: list[Claim] = []
        self._checker = checker
        self._sources = sources
        self._question = question
        self._markers = MarkerFilter(len(sources))
        self._guard = RepetitionGuard()
        self._splitter = ClaimSplitter()

    @property
    def repeating(self) -> bool:
        """Whether the model only says again what it said: it should be stopped."""
        return self._guard.repeating

    @property
    def text(self) -> str:
        return self._splitter.text

    def add(self, piece: str) -> Iterator[Event]:
        """Between two tokens the generator rests, so a check has the cores for itself."""
        clean = self._markers.feed(piece)
        if not self.text:
            clean = clean.lstrip()
            self._markers.length = len(clean)
        if fresh := self._guard.feed(clean):
            yield Token(fresh)
            yield from self._check(self._splitter.feed(fresh))

    def finish(self) -> Iterator[Event]:
        rest = (self._guard.feed(self._markers.finish()) + self._guard.finish()).rstrip()
        if rest:
            yield Token(rest)
        yield from self._check(self._splitter.feed(rest) + self._splitter.finish())

    def _check(self, spans: Sequence[Span]) -> Iterator[Event]:
        for span in spans:
            text = self.text[span.start : span.end]
            hints = [hint.number for hint in self._markers.hints if span.start < hint.at <= span.end]
            found = self._judged(text, hints)
            claim = Claim(
                span.start, span.end, text, found.verdict, found.score, found.citations, found.reasons
            )
            self.claims.append(claim)
            yield Checked(claim)

    def _judged(self, text: str, hints: Sequence[int]) -> Check:
        try:
            return self._checker.check(text, self._sources, question=self._question, hints=hints)
        except (AssistantError, IngestionError, RuntimeError) as error:  # a failed check is not a verdict
            logger.warning("a sentence could not be checked: %s", error)
            return UNCHECKED


def abstention(hits: Sequence[Hit], language: Language) -> str:
    """What is said instead of an answer: that the documents do not hold it, and which come closest."""
    texts = prompt_texts(language)
    if not hits:
        return str(texts["nothing"])
    places: dict[str, None] = {}
    for hit in hits:
        shown = (
            texts["place"].format(title=hit.title, page=hit.page_label or hit.page) if hit.page else hit.title
        )
        places[shown] = None
    closest = texts["separator"].join(list(places)[:_CLOSEST])
    return f"{texts['abstained']}\n{texts['closest'].format(documents=closest)}"
