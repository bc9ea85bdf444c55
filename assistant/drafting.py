"""An answer while it is being written: its clean text, and the sentences that were checked so far."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence

from assistant.answers import Checked, Claim, Event, Source, Token
from assistant.errors import AssistantError
from assistant.grounding.claims import ClaimSplitter, MarkerFilter
from assistant.grounding.verdicts import UNCHECKED, Check, Checker
from assistant.repetition import RepetitionGuard
from ingestion.documents import Span
from ingestion.errors import IngestionError

logger = logging.getLogger(__name__)


class Draft:
    """The answer while it is being written: clean text, and the claims that were checked."""

    def __init__(self, checker: Checker, sources: Sequence[Source], question: str) -> None:
        self.claims: list[Claim] = []
        self._checker = checker
        self.sources = tuple(sources)
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
        """What was written so far, without source markers."""
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
        """What was held back, and the checks of the last sentences."""
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
            return self._checker.check(text, self.sources, question=self._question, hints=hints)
        except (AssistantError, IngestionError, RuntimeError) as error:  # a failed check is not a verdict
            logger.warning("a sentence could not be checked: %s", error)
            return UNCHECKED
