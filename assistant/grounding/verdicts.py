"""One claim against the sources: similarity finds the passage, rules judge it, a verdict comes out."""

from __future__ import annotations

import re
import time
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from assistant.answers import Citation, Source, Verdict
from assistant.grounding.cells import doubt, named_rows, stands
from assistant.grounding.columns import cited_cell, statements, values_of, wrong_column
from assistant.grounding.lacking import lacking
from assistant.grounding.numbers import Fact, Quantity, as_said, conflicts, facts, matches, stretches
from assistant.grounding.polarity import clauses, opposed
from assistant.grounding.stacked import undecided
from assistant.grounding.support import Passage, PassageEmbedder, Support, SupportMeasure
from assistant.words import content_words, detect_language, same_word
from ingestion.documents import Span
from ingestion.settings import AnswerSettings

_SECOND_GAIN = 0.15  # a second passage is cited when it adds as much of the claim as this
_NEARLY = 0.12  # passages this close to the best one may be preferred for their numbers
_FURTHER = 0.35  # as far behind it may be one with numbers that the best one has otherwise
_CLEARLY = 0.1  # by how much the words of another number must fit a claim better
_CELLS = re.compile(r"\t| \| |^\|")
_OTHER_ROW = 0.15  # by how much the words of the question must fit another row better
_CONTEXT_AT = 0.5  # how much of a claim's words must lie in a passage for its other number to contradict


@dataclass(frozen=True, slots=True)
class Check:
    """What was found about one claim. `reasons` are names of failed rules with the values they failed on."""

    verdict: Verdict
    score: float
    citations: tuple[Citation, ...] = ()
    reasons: tuple[str, ...] = ()


UNCHECKED = Check(Verdict.UNCHECKED, 0.0, (), ("not_checked",))


class Checker(Protocol):
    """Judges claims. Similarity with rules does so here; an entailment model may."""

    def check(
        self, claim: str, sources: Sequence[Source], *, question: str = "", hints: Sequence[int] = ()
    ) -> Check:
        """The verdict on one sentence. `hints` are the source numbers that the model itself gave."""
        ...


class RuleChecker:
    """Similarity decides which passage and how well, rules may only make the verdict worse."""

    def __init__(self, settings: AnswerSettings, embedder: PassageEmbedder | None = None) -> None:
        self._settings = settings
        self._embedder = embedder
        self._measured: tuple[tuple[Source, ...], SupportMeasure] | None = None

    def check(
        self, claim: str, sources: Sequence[Source], *, question: str = "", hints: Sequence[int] = ()
    ) -> Check:
        """The verdict on `claim`, and the passages it stands on: one, or two where it joins two."""
        claim = unicodedata.normalize("NFKC", claim)  # what the offsets of its facts count
        measure = self._measure(tuple(sources))
        ranked = measure.rank(claim, question, hints)
        if not ranked or ranked[0].score <= 0:
            return Check(Verdict.UNSUPPORTED, 0.0, (), ("no_passage",))
        claimed = facts(claim)
        best = _best(ranked, claimed)
        chosen, score = self._with_second(claim, claimed, best, ranked, question, measure)
        verdict, reasons = self._judge(claim, claimed, chosen, score, question, measure)
        if verdict in (Verdict.SUPPORTED, Verdict.PARTLY):
            verdict, reasons = _in_its_cells(claim, claimed, chosen, question, measure, verdict, reasons)
            lost = lacking(claim, claimed, chosen, question, measure)
            verdict = Verdict.PARTLY if lost and verdict is Verdict.SUPPORTED else verdict
            reasons = (*reasons, *lost)
        if (
            verdict is Verdict.PARTLY
            and not reasons
            and _is_its_cell(claim, claimed, best, question, measure)
        ):
            verdict, score = Verdict.SUPPORTED, max(score, self._settings.supported_at)
        shown = chosen if verdict is not Verdict.UNSUPPORTED else ()
        return Check(
            verdict,
            score,
            tuple(cite(support, claim, claimed, question, sources) for support in shown),
            reasons,
        )

    def _measure(self, sources: tuple[Source, ...]) -> SupportMeasure:
        """Words of the sources are counted once an answer, not once a claim."""
        kept = self._measured
        if kept is None or kept[0] != sources:
            kept = (sources, SupportMeasure(sources, self._embedder))
            self._measured = kept
        return kept[1]

    def _with_second(
        self,
        claim: str,
        claimed: Sequence[Fact],
        best: Support,
        ranked: Sequence[Support],
        question: str,
        measure: SupportMeasure,
    ) -> tuple[tuple[Support, ...], float]:
        """The best passage and, when it leaves much of the claim open, one more."""
        if best.score >= 0.8 and not _open(claimed, best):
            return (best,), best.score
        before = measure.overlap(claim, best.passage.read)
        gained: tuple[float, Support] | None = None
        others = _other_rows(claim, question, best, measure)
        for other in ranked[:12]:
            if other.passage.span.overlaps(best.passage.span) and other.passage.number == best.passage.number:
                continue
            if other.passage.row is not None and other.passage.row.start in others:
                continue
            gain = measure.overlap(claim, best.passage.read + "\n" + other.passage.read) - before
            gain += 0.2 * (len(_open(claimed, best)) - len(_open(_open(claimed, best), other)))
            if gain >= _SECOND_GAIN and (gained is None or gain > gained[0]):
                gained = (gain, other)
        if gained is None:
            return (best,), best.score
        return (best, gained[1]), min(1.0, best.score + 0.8 * gained[0])

    def _judge(
        self,
        claim: str,
        claimed: Sequence[Fact],
        chosen: Sequence[Support],
        score: float,
        question: str,
        measure: SupportMeasure,
    ) -> tuple[Verdict, tuple[str, ...]]:
        best = chosen[0]
        context = measure.overlap(claim, best.passage.read + "\n" + best.passage.heading)
        given = [fact for support in chosen for fact in facts(support.passage.read)]
        heading = facts(best.passage.heading)
        lost = [fact for fact in claimed if not any(matches(fact, other) for other in (*given, *heading))]
        reasons = [f"number_not_found:{as_said(fact, claim)}" for fact in lost]
        first = facts(best.passage.read)
        swapped = [
            fact for fact in claimed
            if not any(matches(fact, other) for other in first)
            and any(conflicts(fact, other) for other in first)
        ]  # fmt: skip
        if swapped and context >= _CONTEXT_AT and (lost or best.score >= self._settings.partly_at):
            if any(fact in lost for fact in swapped):
                return Verdict.CONTRADICTED, tuple(reasons)
            return Verdict.PARTLY, tuple(f"number_elsewhere:{as_said(fact, claim)}" for fact in swapped)
        if claimed and measure.needs_question(claim) and _in_other_row(claimed, best, question, measure):
            return Verdict.CONTRADICTED, (*reasons, f"number_of_another:{as_said(claimed[0], claim)}")
        if wrong_fact := _in_other_column(claim, claimed, best.passage, question):
            return Verdict.CONTRADICTED, (*reasons, f"number_of_another:{as_said(wrong_fact, claim)}")
        if context >= _CONTEXT_AT and (wrong := _of_another(claim, claimed, best, measure)):
            return Verdict.CONTRADICTED, (*reasons, f"number_of_another:{wrong}")
        said = f"{question} {claim}" if measure.needs_question(claim) else claim
        said = (clauses(said) or [said])[-1]  # the clause whose end says yes or no
        told = _statements(best.passage)
        ending = facts((clauses(claim) or [claim])[-1])
        overlaps = _of_its_numbers(ending, told, [measure.overlap(said, part) for part in clauses(told)])
        if context >= _CONTEXT_AT and opposed(claim, told, overlaps):
            return Verdict.CONTRADICTED, (*reasons, "negation")
        return self._by_score(score, bool(lost)), tuple(reasons)

    def _by_score(self, score: float, lost: bool) -> Verdict:
        if score >= self._settings.supported_at:
            return Verdict.PARTLY if lost else Verdict.SUPPORTED
        return Verdict.PARTLY if score >= self._settings.partly_at and not lost else Verdict.UNSUPPORTED


def _of_its_numbers(claimed: Sequence[Fact], told: str, overlaps: list[float]) -> list[float]:
    """`overlaps` of the clauses that have the claim's numbers, where only some do; the others do not count.

    勤続3年以上に支給する。3年未満には支給しない: whoever speaks of 3年未満 is told by the second clause.
    """
    has = [all(_has_as_bounded(fact, facts(part)) for fact in claimed) for part in clauses(told)]
    if not claimed or not any(has) or all(has):
        return overlaps
    return [overlap if its else -1.0 for overlap, its in zip(overlaps, has, strict=True)]


def _has_as_bounded(fact: Fact, given: Sequence[Fact]) -> bool:
    return any(matches(fact, one) and _bound(fact) == _bound(one) for one in given)


def _bound(fact: Fact) -> int:
    return fact.bound if isinstance(fact, Quantity) else 0


def _other_rows(claim: str, question: str, best: Support, measure: SupportMeasure) -> frozenset[int]:
    """Where rows of the same table begin that the claim does not speak of: they must not complete it."""
    rows = measure.table(best.passage)
    named = named_rows(claim, question, rows)
    return frozenset(row.row.start for i, row in enumerate(rows) if named and i not in named)


def _in_its_cells(
    claim: str,
    claimed: Sequence[Fact],
    chosen: Sequence[Support],
    question: str,
    measure: SupportMeasure,
    verdict: Verdict,
    reasons: tuple[str, ...],
) -> tuple[Verdict, tuple[str, ...]]:
    """The verdict, made worse where the claim takes a cell of another row or column than it speaks of."""
    row = next((support.passage for support in chosen if support.passage.row is not None), None)
    if row is None or row.row is None:
        return verdict, reasons
    said = [fact for support in chosen if support.passage.row is None for fact in facts(support.passage.read)]
    if (of_several := undecided(claimed, values_of(row.row, row.text), said)) is not None:
        return Verdict.PARTLY, (*reasons, f"cell_of_several:{as_said(of_several, claim)}")
    bare = measure.needs_question(claim)
    found = doubt(claim, claimed, question, measure.table(row), said, bare=bare)
    if found is None:
        return verdict, reasons
    if not found.another:
        return Verdict.PARTLY, (*reasons, f"cell_of_another:{found.text}")
    return Verdict.CONTRADICTED, (*reasons, f"number_of_another:{found.text}")


def _is_its_cell(
    claim: str, claimed: Sequence[Fact], best: Support, question: str, measure: SupportMeasure
) -> bool:
    """Whether row and column prove the claim, whose other words are the table's or repeat the question.

    A short sentence on a wide row shares few of its words, however exactly it tells a cell.
    """
    row = best.passage.row
    if row is None or not stands(claim, claimed, question, measure.table(best.passage), row):
        return False
    known = frozenset(content_words(f"{best.passage.read}\n{best.passage.heading}\n{question}"))
    return all(same_word(word, known) for word in content_words(claim))


def cite(
    support: Support, claim: str, claimed: Sequence[Fact], question: str, sources: Sequence[Source]
) -> Citation:
    """The passage as a citation; of a table's row also the cell that holds what the claim says."""
    passage = support.passage
    hit = next(source.hit for source in sources if source.number == passage.number)
    cell = None
    if passage.row is not None:
        cell = cited_cell(claim, claimed, question, values_of(passage.row, passage.text))
    locator = (cell.locator if cell else None) or (_row_locator(passage) if passage.row else None)
    return Citation(
        document=hit.document, source=hit.source, path=hit.path, page=hit.page, page_label=hit.page_label,
        locator=locator or hit.locator,
        start=passage.span.start, end=passage.span.end, quote=passage.text, score=min(support.score, 1.0),
        number=passage.number, title=hit.title, format=hit.format,
        cell=Span(cell.start, cell.end) if cell else None,
        article=hit.article_at(passage.span.start, passage.span.end), validity=hit.validity,
    )  # fmt: skip


def _row_locator(passage: Passage) -> str | None:
    return next((cell.locator for cell in passage.row.cells if cell.locator), None) if passage.row else None


def _statements(passage: Passage) -> str:
    return statements(passage.row, passage.text) if passage.row is not None else passage.read


def _in_other_column(claim: str, claimed: Sequence[Fact], passage: Passage, question: str) -> Fact | None:
    if passage.row is None or not claimed:
        return None
    return wrong_column(claim, claimed, question, values_of(passage.row, passage.text))


def _best(ranked: Sequence[Support], claimed: Sequence[Fact]) -> Support:
    """The best passage; among those nearly as good, the one that holds most of the claim's numbers.

    Where the best one has other numbers instead, one further back that holds those is preferred.
    """
    if not claimed:
        return ranked[0]
    near = [support for support in ranked if support.score >= ranked[0].score - _NEARLY]
    best = min(near, key=lambda support: (len(_open(claimed, support)), -support.score))
    given = facts(best.passage.read)
    open_here = _open(claimed, best)
    swapped = [fact for fact in open_here if any(conflicts(fact, other) for other in given)]
    if not swapped or best.passage.row is not None:
        return best  # another row has the numbers of another thing
    further = (support for support in ranked if support.score >= ranked[0].score - _FURTHER)
    return next((support for support in further if not _open(swapped, support)), best)


def _open(claimed: Sequence[Fact], support: Support) -> list[Fact]:
    given = facts(support.passage.read)
    return [fact for fact in claimed if not any(matches(fact, other) for other in given)]


def _of_another(claim: str, claimed: Sequence[Fact], best: Support, measure: SupportMeasure) -> str:
    """A number of the claim that the passage gives to something else, "" without one (Japanese only)."""
    if detect_language(best.passage.read) != "ja" or best.passage.row or _CELLS.search(best.passage.read):
        return ""  # the columns of a table are told apart in columns.py
    for fact in claimed:
        if _repeats(fact, claimed, facts(best.passage.read)):
            continue
        near = [
            one for one in stretches(fact, best.passage.read)
            if matches(fact, one[0]) or not any(matches(also, one[0]) for also in claimed)
        ]  # fmt: skip
        if any(matches(fact, other) and not words for other, words in near):
            continue  # nothing tells whose it is
        rest = claim[: fact.start] + claim[fact.end :]
        if _leads_alone(rest, fact, near):
            continue
        right = [measure.overlap(rest, words) for other, words in near if matches(fact, other)]
        wrong = [measure.overlap(rest, words) for other, words in near if not matches(fact, other)]
        if right and wrong and len(near) > 1 and max(wrong) > max(right) + _CLEARLY:
            return as_said(fact, claim)
    return ""


def _leads_alone(rest: str, fact: Fact, near: Sequence[tuple[Fact, str]]) -> bool:
    """Whether a word of the claim leads to its number, and to no other one (前年度の8.5%から当年度は6.2%)."""
    right = {word for other, text in near if matches(fact, other) for word in content_words(text)}
    wrong = {word for other, text in near if not matches(fact, other) for word in content_words(text)}
    return bool(set(content_words(rest)) & right - wrong)


def _repeats(fact: Fact, claimed: Sequence[Fact], given: Sequence[Fact]) -> bool:
    """Whether the claim tells all of the passage's numbers of this kind in their order, as a range does."""
    own = [one for one in claimed if one == fact or conflicts(fact, one) or matches(fact, one)]
    theirs = [one for one in given if conflicts(fact, one) or matches(fact, one)]
    return len(own) == len(theirs) > 1 and all(matches(a, b) for a, b in zip(own, theirs, strict=True))


def _in_other_row(claimed: Sequence[Fact], best: Support, question: str, measure: SupportMeasure) -> bool:
    """Whether another row fits the question clearly better than the one with the number of a bare answer.

    "16,000円" to a question about section chiefs stands in the row of the directors.
    """
    right: list[float] = []
    wrong: list[float] = []
    for passage in measure.passages:
        if passage.heading != best.passage.heading or "\n" in passage.read:
            continue
        given = facts(passage.read)
        if any(matches(fact, one) for fact in claimed for one in given):
            right.append(measure.overlap(question, passage.read))
        elif any(conflicts(fact, one) for fact in claimed for one in given):
            wrong.append(measure.overlap(question, passage.read))
    return bool(right and wrong) and max(wrong) > max(right) + _OTHER_ROW


class TimedChecker:
    """Gives up on a whole answer's checks after `seconds`: what is overdue is UNCHECKED, never support."""

    def __init__(self, checker: Checker, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._checker = checker
        self._seconds = seconds
        self._clock = clock
        self._spent = 0.0

    def check(
        self, claim: str, sources: Sequence[Source], *, question: str = "", hints: Sequence[int] = ()
    ) -> Check:
        """As the checker within, while there is time."""
        if self._spent >= self._seconds:
            return UNCHECKED
        began = self._clock()
        found = self._checker.check(claim, sources, question=question, hints=hints)
        self._spent += self._clock() - began
        return found if self._spent <= 2 * self._seconds else UNCHECKED
