"""What a verifier is measured against: likeness alone, the rules alone, and the chat model asked yes or no.

Each only scores how far the evidence proves the claim. From which score on it counts as supported is fitted
on one half of the rows and measured on the other, both ways round, so that none has an advantage of ours.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from typing import Literal, Protocol, runtime_checkable

import numpy as np

from assistant.answers import Message
from assistant.errors import PromptTooLongError
from assistant.evaluation.grounding import PairRow, balanced_accuracy
from assistant.grounding.entailment import Judgement, Label, Pair
from assistant.grounding.entailment_rules import failed_rule, shares
from assistant.words import detect_language
from ingestion.documents import Span
from ingestion.embedding import Embedder
from ingestion.sentences import split_sentences

JudgeName = Literal["verifier", "rules", "similarity", "chat"]
Report = Callable[[int, int], None]

_BATCH = 32
_ASKED = {
    "ja": (
        "資料は主張を裏付けていますか。「はい」か「いいえ」だけで答えてください。",
        "資料:\n{evidence}\n\n主張: {claim}",
        ("はい", "いいえ"),
    ),
    "en": (
        'Does the source prove the claim? Answer only "Yes" or "No".',
        "Source:\n{evidence}\n\nClaim: {claim}",
        ("Yes", "No"),
    ),
}


class Judge(Protocol):
    """Scores how far evidence proves a claim; higher is more."""

    name: str

    def scores(self, pairs: Sequence[Pair]) -> list[float]:
        """One score for each pair, in order."""
        ...


@runtime_checkable
class Chooser(Protocol):
    """A chat model that tells how likely it begins its reply in each of some ways."""

    @property
    def name(self) -> str: ...  # noqa: D102

    def chances(self, messages: Sequence[Message], replies: Sequence[str]) -> list[float]: ...  # noqa: D102


class Likeness:
    """The cosine of the claim and the sentence of the evidence that is nearest to it."""

    def __init__(self, embedder: Embedder) -> None:
        self.name = f"similarity ({embedder.identity})"
        self._embedder = embedder

    def scores(self, pairs: Sequence[Pair]) -> list[float]:
        """One cosine for each pair; 0 without evidence."""
        parts = [[text[s.start : s.end] for text in p.evidence for s in split_sentences(text)] for p in pairs]
        vectors = self._embedder.embed_passages([
            *(pair.claim for pair in pairs), *(text for some in parts for text in some)
        ])  # fmt: skip
        found, at = [], len(pairs)
        for claim, some in zip(vectors, parts, strict=False):
            found.append(float(np.max(vectors[at : at + len(some)] @ claim)) if some else 0.0)
            at += len(some)
        return found


class RulesAlone:
    """1 where no rule on numbers, dates and negation fails, else 0."""

    name = "rules"

    def scores(self, pairs: Sequence[Pair]) -> list[float]:
        """One score for each pair."""
        return [float(failed_rule(pair.claim, pair.evidence, _nearest(pair)) is None) for pair in pairs]


class YesOrNo:
    """The chance that a chat model says yes when it is asked whether the source proves the claim."""

    def __init__(self, model: Chooser) -> None:
        self.name = model.name
        self._model = model

    def scores(self, pairs: Sequence[Pair]) -> list[float]:
        """One chance for each pair; 0 for one that is longer than the model can read."""
        return [self._score(pair) for pair in pairs]

    def _score(self, pair: Pair) -> float:
        instruction, asked, replies = _ASKED[detect_language(pair.claim)]
        question = asked.format(evidence="\n".join(pair.evidence), claim=pair.claim)
        try:
            return self._model.chances([Message("system", instruction), Message("user", question)], replies)[
                0
            ]
        except PromptTooLongError:
            return 0.0


def judged_by(
    rows: Sequence[PairRow], judge: Judge, progress: Report = lambda done, total: None
) -> tuple[list[Judgement], float]:
    """As `grounding.judge`, by another judge: what it says of each pair, and the seconds it took."""
    scores: list[float] = []
    began = time.perf_counter()
    for start in range(0, len(rows), _BATCH):
        scores += judge.scores([row.pair for row in rows[start : start + _BATCH]])
        progress(len(scores), len(rows))
    seconds = time.perf_counter() - began
    proven = [row.label == "supported" for row in rows]
    halves = _halves(len(rows))
    thresholds = [_threshold([proven[i] for i in half], [scores[i] for i in half]) for half in halves]
    fitted = {
        i: threshold for half, threshold in zip(halves, reversed(thresholds), strict=True) for i in half
    }
    return [_judgement(score, fitted[i]) for i, score in enumerate(scores)], seconds


def _halves(count: int) -> tuple[list[int], list[int]]:
    """Two halves by lot, the same each time: files often have supported and changed claims in turn."""
    order = list(range(count))
    random.Random(0).shuffle(order)
    return order[: count // 2], order[count // 2 :]


def _judgement(score: float, threshold: float) -> Judgement:
    verdict: Label = "supported" if score >= threshold else "neither"
    return Judgement(verdict, (score, 0.0, 1.0 - score), Span(0, 0), 0)


def _threshold(proven: Sequence[bool], scores: Sequence[float]) -> float:
    """The score from which on "supported" is right most often, of those that occur; the lowest of equals."""
    labels = ["supported" if one else "neither" for one in proven]

    def right(threshold: float) -> float:
        return balanced_accuracy(labels, ["supported" if s >= threshold else "neither" for s in scores])

    return max(sorted(set(scores)), key=right, default=0.5)


def _nearest(pair: Pair) -> str:
    parts = [text[s.start : s.end] for text in pair.evidence for s in split_sentences(text)]
    likeness = shares(pair.claim, parts)
    return parts[max(range(len(parts)), key=lambda i: likeness[i])] if parts else ""
