"""Whether an answer says what a reference answer says, without a model that judges.

Four measures, each in [0, 1]: the reference's words contained as they are, the F1 of tokens, the share of its
numbers and dates, and the share of its sentences that the answer proves. They do not know style, and a right
answer in quite other words is told from a wrong one only as far as the checker of claims does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from assistant.answers import Hit, Source, Verdict
from assistant.evaluation.containing import contains
from assistant.evaluation.other_choices import other_choice
from assistant.evaluation.other_numbers import other_number, tells_its_numbers
from assistant.grounding.claims import split_claims
from assistant.grounding.numbers import facts, matches
from assistant.grounding.verdicts import Checker
from assistant.offered import repeats
from ingestion.documents import Span
from ingestion.tokenizing import search_tokens

SCORING = 6
"""Grows when the same answer gets other scores than before: kept answers are then scored or asked anew."""

_NUMBERS_AT = 0.5
_CLAIMS_AT = 0.5
_F1_AT = 0.75


@dataclass(frozen=True, slots=True)
class Score:
    """How an answer compares with one reference. `numbers` is None when the reference brings none.

    `contains` is 0 where the answer takes the other one of what the question offers. `other` is what it has
    in the place of the reference's, "" without it: a number, or that choice.
    `only_numbers`: the reference is nothing but numbers, and the answer tells these and no others.
    """

    contains: float
    f1: float
    numbers: float | None
    claims: float
    proven: int = 0
    contradicted: int = 0
    other: str = ""
    only_numbers: bool = False

    @property
    def right(self) -> bool:
        """Contained, or all its numbers where it is these alone; or nothing fails and most is said.

        A number fails that matters and lacks, is another, or is contradicted; a choice that is another. Most:
        half of the reference's sentences are proven by the answer, one of them wholly, or three quarters of
        the tokens agree.
        """
        if self.contains or self.only_numbers:
            return True
        if self.contradicted or self.other or (self.numbers is not None and self.numbers < _NUMBERS_AT):
            return False
        return (self.proven > 0 and self.claims >= _CLAIMS_AT) or self.f1 >= _F1_AT


def silence(question: str, references: Sequence[str]) -> Score:
    """The score of no answer: nothing is said, of numbers none where the references bring one."""
    brought = [number_recall(question, "", reference) for reference in references]
    return Score(0.0, 0.0, None if None in brought else 0.0, 0.0)


def score_answer(question: str, answer: str, references: Sequence[str], checker: Checker) -> Score:
    """The score by the reference that fits best: a right one first, then by claims and F1.

    An answer that only repeats its question says nothing.

    Raises:
        ValueError: there is no reference.
    """
    if not references:
        raise ValueError(f"no reference answer to {question!r}")
    if repeats(question, answer) and not any(contains(answer, one) for one in references):
        return silence(question, references)
    choice = other_choice(question, answer, references)
    scores = [_against(question, answer, reference, references, choice, checker) for reference in references]
    return max(scores, key=lambda one: (one.right, one.contains, one.claims, one.f1))


def _against(
    question: str, answer: str, reference: str, references: Sequence[str], choice: str, checker: Checker
) -> Score:
    verdicts = claim_verdicts(question, answer, reference, checker)
    return Score(
        float(not choice and contains(answer, reference)), token_f1(answer, reference),
        number_recall(question, answer, reference), claim_recall(verdicts),
        verdicts.count(Verdict.SUPPORTED), verdicts.count(Verdict.CONTRADICTED),
        choice or other_number(question, answer, reference, references),
        tells_its_numbers(question, answer, reference),
    )  # fmt: skip


def token_f1(answer: str, reference: str) -> float:
    """Harmonic mean of the precision and recall of tokens, counted with repetitions.

    (Rajpurkar et al., 2016, with the tokens of lexical search: normalised morphemes without particles.)
    0 when either has no token.
    """
    said, wanted = Counter(search_tokens(answer)), Counter(search_tokens(reference))
    common = (said & wanted).total()
    if not common:
        return 0.0
    return 2 * common / (said.total() + wanted.total())


def number_recall(question: str, answer: str, reference: str) -> float | None:
    """Share of the reference's numbers and dates that the answer says, in whatever spelling.

    What the question says itself is not counted. None when nothing is left.
    """
    given, asked = facts(answer), facts(question)
    wanted = [fact for fact in facts(reference) if not any(matches(fact, one) for one in asked)]
    if not wanted:
        return None
    return sum(any(matches(fact, one) for one in given) for fact in wanted) / len(wanted)


def claim_verdicts(question: str, answer: str, reference: str, checker: Checker) -> list[Verdict]:
    """Whether `answer` proves each sentence of the reference. It stands below its question as a heading."""
    claims = [reference[span.start : span.end] for span in split_claims(reference)] or [reference]
    source = as_source(question, answer)
    return [checker.check(claim, [source], question=question).verdict for claim in claims]


def claim_recall(verdicts: Sequence[Verdict]) -> float:
    """Share of the sentences that are proven; what is proven in part counts half."""
    worth = {Verdict.SUPPORTED: 1.0, Verdict.PARTLY: 0.5}
    return sum(worth.get(verdict, 0.0) for verdict in verdicts) / len(verdicts)


def as_source(question: str, answer: str) -> Source:
    """An answer in the place of evidence."""
    hit = Hit(
        rank=1, document="answer", source="", path="answer", title="", format="txt", page=None,
        page_label=None, locator=None, chunk_id="answer", start=0, end=len(answer), score=1.0, text=answer,
        heading_path=(question,),
    )  # fmt: skip
    return Source(1, hit, (Span(0, len(answer)),), (answer,))
