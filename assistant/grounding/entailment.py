"""Whether evidence proves a claim, contradicts it, or does neither: the verifier.

Our own small encoder reads claim and evidence together. Of long evidence it reads the sentences that share
most with the claim, in their order. Rules on numbers, dates and negation outrank it: where one of them fails,
the claim is not supported, whatever the model says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from assistant.grounding.entailment_rules import failed_rule, shares
from assistant.pairs.tokens import TokenPair
from ingestion.documents import Span
from ingestion.sentences import split_sentences

Label = Literal["supported", "contradicted", "neither"]
LABELS: tuple[Label, ...] = ("supported", "contradicted", "neither")

_CLAIM_TOKENS = 96
_RULED_OUT = 0.02  # what is left of "supported" where a rule fails


@dataclass(frozen=True, slots=True)
class Pair:
    """A claim and its evidence: one text, or several, of which any may hold the proof."""

    evidence: tuple[str, ...]
    claim: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """What was found. `scores` are probabilities in the order of `LABELS`.

    `evidence[index][span.start:span.end]` is the part of the evidence nearest to the claim. `rule` names a
    rule that failed, "" where none did.
    """

    verdict: Label
    scores: tuple[float, float, float]
    span: Span
    index: int
    rule: str = ""

    @property
    def supported(self) -> float:
        """The probability that the evidence proves the claim."""
        return self.scores[0]

    def as_json(self) -> dict[str, Any]:
        """The value of `verify --json`, without its id."""
        return {
            "verdict": self.verdict,
            "scores": {label: round(score, 4) for label, score in zip(LABELS, self.scores, strict=True)},
            "span": [self.span.start, self.span.end], "index": self.index, "rule": self.rule or None,
        }  # fmt: skip


class Verifier(Protocol):
    """Judges claims by their evidence, many at once."""

    @property
    def name(self) -> str:
        """Which model it is, as shown in reports."""
        ...

    def verify(self, pairs: Sequence[Pair]) -> list[Judgement]:
        """One judgement for each pair, in order."""
        ...


class Encoder(Protocol):
    """Raw scores of token pairs, float32 `(pairs, 3)`, in the order of `LABELS`."""

    def logits(self, pairs: Sequence[TokenPair]) -> npt.NDArray[np.float32]: ...  # noqa: D102


class Counter(Protocol):
    """How many tokens texts have, and how many a pair may have."""

    max_tokens: int

    def count(self, texts: Sequence[str]) -> list[int]: ...  # noqa: D102


class Tokens(Counter, Protocol):
    """Tokens of pairs (`assistant.pairs.tokens`)."""

    def encode(self, pairs: Sequence[tuple[str, str]]) -> list[TokenPair]: ...  # noqa: D102


class EncoderVerifier:
    """The verifier that is shipped. Safe with threads."""

    def __init__(
        self, encoder: Encoder, tokens: Tokens, *, name: str, temperature: float, supported_at: float
    ) -> None:
        """`temperature` divides the raw scores; from `supported_at` on a claim counts as supported."""
        self.name = name
        self._encoder, self._tokens = encoder, tokens
        self._temperature, self._supported_at = temperature, supported_at

    def verify(self, pairs: Sequence[Pair]) -> list[Judgement]:
        """One judgement for each pair, in order."""
        if not pairs:
            return []
        read = [selected(pair, self._tokens) for pair in pairs]
        texts = [("\n".join(one.texts), pair.claim) for one, pair in zip(read, pairs, strict=True)]
        logits = self._encoder.logits(self._tokens.encode(texts)) / self._temperature
        return [
            judged(pair, one, _softmax(row), self._supported_at)
            for pair, one, row in zip(pairs, read, logits, strict=True)
        ]


@dataclass(frozen=True, slots=True)
class Selected:
    """The sentences of the evidence that are read, in order; where the one nearest to the claim is."""

    texts: tuple[str, ...]
    index: int
    span: Span


def judged(pair: Pair, read: Selected, probabilities: Sequence[float], supported_at: float) -> Judgement:
    """A verdict out of probabilities, after the rules."""
    supported, contradicted, neither = probabilities
    nearest = pair.evidence[read.index][read.span.start : read.span.end] if pair.evidence else ""
    rule = failed_rule(pair.claim, pair.evidence, nearest)
    if rule is not None and supported > _RULED_OUT:
        rest = supported - _RULED_OUT
        supported = _RULED_OUT
        contradicted, neither = (
            (contradicted + rest, neither) if rule.contradicts else (contradicted, neither + rest)
        )
    verdict: Label = "contradicted" if contradicted >= neither else "neither"
    if rule is None and supported >= supported_at:
        verdict = "supported"
    return Judgement(
        verdict, (supported, contradicted, neither), read.span, read.index, rule.name if rule else ""
    )


def selected(pair: Pair, tokens: Counter) -> Selected:
    """The sentences to read beside the claim: all when they fit, else those that share most with it."""
    parts = [
        (index, span, text[span.start : span.end])
        for index, text in enumerate(pair.evidence)
        for span in split_sentences(text)
    ]
    if not parts:
        return Selected(("",), 0, Span(0, 0))
    likeness = shares(pair.claim, [text for _, _, text in parts])
    best = max(range(len(parts)), key=lambda i: likeness[i])
    room = tokens.max_tokens - min(tokens.count([pair.claim])[0], _CLAIM_TOKENS) - 4
    sizes = [size + 1 for size in tokens.count([text for _, _, text in parts])]
    kept: list[int] = []
    for i in sorted(range(len(parts)), key=lambda i: (-likeness[i], i)):
        if not kept or sum(sizes[k] for k in kept) + sizes[i] <= room:
            kept.append(i)
    index, span, _ = parts[best]
    return Selected(tuple(parts[i][2] for i in sorted(kept)), index, span)


def _softmax(row: npt.NDArray[np.float32]) -> list[float]:
    powers = np.exp(row - row.max())
    return [float(value) for value in powers / powers.sum()]
