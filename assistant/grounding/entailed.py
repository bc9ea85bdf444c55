"""Claims checked by the rules first and then by the verifier, which reads what the rules cannot.

A rule that failed stays failed. Where none did, the verifier may lower a verdict (the words are there, the
statement is not) or lift one (other words, the same statement).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from assistant.answers import Citation, Source, Verdict
from assistant.grounding.entailment import Judgement, Pair, Verifier
from assistant.grounding.support import SupportMeasure
from assistant.grounding.verdicts import Check, Checker
from assistant.words import detect_language

_DOUBTED = 0.12  # supported is lowered to partly below this probability
_DENIED = 0.9  # and to contradicted from this one of contradiction on
_SURE = 0.85  # partly is lifted to supported from here on
_VERY_SURE = 0.95  # unsupported is lifted to partly from here on
_LIFTED_FROM = 0.25  # unless the words share less than this with the passage
_SIMILARITY_ONLY = ("no_passage",)


@dataclass(frozen=True, slots=True)
class _Place:
    """A text of a source, and where it begins in the document."""

    source: Source
    start: int
    text: str


class EntailmentChecker:
    """Asks `checker` first and then the verifier, which is loaded by `prepare` or at the first claim."""

    def __init__(self, checker: Checker, load: Callable[[], Verifier]) -> None:
        self._checker = checker
        self._load = load
        self._verifier: Verifier | None = None
        self._measure = SupportMeasure(())

    def prepare(self) -> None:
        """Load the verifier now, so that no check that is timed has to."""
        self._loaded()

    def check(
        self, claim: str, sources: Sequence[Source], *, question: str = "", hints: Sequence[int] = ()
    ) -> Check:
        """The verdict of the rules, corrected by the verifier where no rule failed.

        Left to the rules are claims of a few words, which only the question explains, and rows of tables.
        """
        found = self._checker.check(claim, sources, question=question, hints=hints)
        if not sources or not _open(found) or self._measure.needs_question(claim) or _tabular(found):
            return found
        if any(detect_language(text) != detect_language(claim) for one in sources for text in one.texts):
            return found  # it was hardly trained on claims in another language than their evidence
        judgement, place = self._judge(claim, found, sources)
        return corrected(found, judgement, _citation(judgement, place))

    def _judge(self, claim: str, found: Check, sources: Sequence[Source]) -> tuple[Judgement, _Place]:
        cited = {citation.number for citation in found.citations}
        chosen = [source for source in sources if source.number in cited] or list(sources)
        places = [
            _Place(source, span.start, text)
            for source in chosen
            for span, text in zip(source.spans, source.texts, strict=True)
        ]
        (judgement,) = self._loaded().verify([Pair(tuple(place.text for place in places), claim)])
        return judgement, places[judgement.index]

    def _loaded(self) -> Verifier:
        if self._verifier is None:
            self._verifier = self._load()
        return self._verifier


def _open(found: Check) -> bool:
    """Whether the rules left the matter to similarity."""
    if any(reason not in _SIMILARITY_ONLY for reason in found.reasons):
        return False
    return found.verdict in (Verdict.SUPPORTED, Verdict.PARTLY, Verdict.UNSUPPORTED)


def _tabular(found: Check) -> bool:
    """Whether the passage is a row of a table, which the rules read by its columns."""
    return any(citation.cell is not None or "\t" in citation.quote for citation in found.citations)


def corrected(found: Check, judgement: Judgement, nearest: Citation) -> Check:
    """`found` with what the verifier says; `nearest` is cited where the rules cited nothing."""
    supported, contradicted, _ = judgement.scores
    if found.verdict is Verdict.SUPPORTED and not judgement.rule:
        if contradicted >= _DENIED:
            return replace(found, verdict=Verdict.CONTRADICTED, reasons=("verifier_contradicts",))
        if supported < _DOUBTED:
            return replace(found, verdict=Verdict.PARTLY, reasons=("verifier_doubts",))
    if found.verdict is Verdict.PARTLY:
        if supported >= _SURE:
            return replace(found, verdict=Verdict.SUPPORTED, score=max(found.score, supported))
        if contradicted >= _DENIED and not judgement.rule:
            return replace(found, verdict=Verdict.CONTRADICTED, reasons=("verifier_contradicts",))
        if supported < _DOUBTED:
            return replace(found, verdict=Verdict.UNSUPPORTED, citations=(), reasons=("verifier_doubts",))
    if found.verdict is Verdict.UNSUPPORTED and supported >= _VERY_SURE and found.score >= _LIFTED_FROM:
        return replace(found, verdict=Verdict.PARTLY, citations=(nearest,))
    return found


def _citation(judgement: Judgement, place: _Place) -> Citation:
    """The sentence nearest to the claim, as a citation."""
    hit = place.source.hit
    span = judgement.span
    start, end = place.start + span.start, place.start + span.end
    return Citation(
        document=hit.document, source=hit.source, path=hit.path, page=hit.page, page_label=hit.page_label,
        locator=hit.locator, start=start, end=end, quote=place.text[span.start : span.end],
        score=judgement.supported, number=place.source.number, title=hit.title, format=hit.format,
        article=hit.article_at(start, end), validity=hit.validity,
    )  # fmt: skip
