"""Rules that outrank the verifier's model: numbers, dates and negation of a claim against its evidence."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from assistant.grounding.numbers import Fact, Quantity, conflicts, facts, matches
from assistant.grounding.polarity import clauses, opposed

_ALIKE = 0.75  # how much of the claim the nearest sentence must hold for its "not" to count


@dataclass(frozen=True, slots=True)
class FailedRule:
    """Which rule failed, with what; `contradicts` when the evidence says otherwise, not only nothing."""

    name: str
    contradicts: bool


def failed_rule(claim: str, evidence: Sequence[str], nearest: str) -> FailedRule | None:
    """The first rule that fails, None when all hold. `nearest` is the sentence most like the claim.

    A number of the claim must be in the evidence, unless it is a small one and nothing of its kind is there:
    "two children" may be told of a boy and a girl.
    """
    claimed = facts(claim)
    given = [fact for text in evidence for fact in facts(text)] if claimed else []
    for fact in claimed:
        if any(matches(fact, other) for other in given):
            continue
        if any(conflicts(fact, other) for other in given):
            return FailedRule(f"number_not_found:{_text(fact, claim)}", contradicts=True)
        if _precise(fact):
            return FailedRule(f"number_not_found:{_text(fact, claim)}", contradicts=False)
    parts = clauses(nearest)
    fits = shares(claim, parts)
    if fits and sum(shares(claim, [nearest])) >= _ALIKE and opposed(claim, nearest, fits):
        return FailedRule("negation", contradicts=True)
    return None


def shares(claim: str, texts: Sequence[str]) -> list[float]:
    """For each text the share of the claim's character pairs that it holds, rare ones counting more."""
    own = _pairs(claim)
    held = [own & _pairs(text) for text in texts]
    counts: dict[str, int] = {}
    for pairs in held:
        for pair in pairs:
            counts[pair] = counts.get(pair, 0) + 1
    weights = {pair: math.log1p((len(texts) + 1) / (1 + counts.get(pair, 0))) for pair in sorted(own)}
    total = sum(weights.values()) or 1.0
    return [sum(weights[pair] for pair in sorted(pairs)) / total for pairs in held]


def _pairs(text: str) -> frozenset[str]:
    plain = "".join(char for char in text.casefold() if char.isalnum())
    size = 4 if plain.isascii() else 2  # letters say less than kanji
    return frozenset(plain[i : i + size] for i in range(len(plain) - size + 1))


def _precise(fact: Fact) -> bool:
    """Whether a number is one that must be written: a date, or more than a handful."""
    return not isinstance(fact, Quantity) or abs(fact.value) > 10


def _text(fact: Fact, claim: str) -> str:
    return claim[fact.start : fact.end].strip() or str(fact)
